"""Values that another dataset has otherwise."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Check
from expectations.checks.sql import text, where
from model.util.sql import identifier
from model.util.text import Bilingual


class AgreementWithDataset(Check):
    """An observation that differs from another dataset's of the same area and period.

    `indicators` maps this dataset's codes to the other's; off by more than `tolerance` of theirs.
    """

    type: ClassVar = "expect_values_to_agree_with_dataset"
    text: ClassVar = Bilingual(
        vi="giá trị khớp với bộ dữ liệu khác có cùng chỉ tiêu",
        en="the values agree with another dataset that has the same indicator",
    )

    dataset: str
    indicators: dict[str, str]
    where: dict[str, str] = {}
    their_where: dict[str, str] = {}
    tolerance: float = 0.01

    def relations(self) -> frozenset[str]:
        return frozenset({self.dataset})

    def query(self) -> str:
        pairs = ", ".join(
            f"({text(own)}, {text(other)})" for own, other in self.indicators.items()
        )
        return f"""
WITH same(own, theirs) AS (VALUES {pairs}),
other AS (
  SELECT own AS indicator, ref_area, time_period, obs_value AS expected
  FROM {identifier(self.dataset)} AS o JOIN same ON o.indicator = same.theirs
  WHERE isfinite(obs_value) AND {where(self.their_where, "o")}
)
SELECT b._id, b.obs_value AS observed, expected, b.obs_value / nullif(expected, 0) AS factor,
  {text(self.dataset)} AS reference
FROM {{batch}} AS b JOIN other USING (indicator, ref_area, time_period)
WHERE isfinite(b.obs_value) AND {where(self.where, "b")}
  AND abs(b.obs_value - expected) > {self.tolerance} * greatest(abs(expected), 1e-300)"""
