"""Rates that are not their numerator by their denominator."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Check
from expectations.checks.sql import text, where
from model.util.sql import identifier
from model.util.text import Bilingual, Frozen


class Count(Frozen):
    """An indicator of this table, or of the dataset that is named."""

    indicator: str
    dataset: str | None = None
    where: dict[str, str] = {}

    def sql(self) -> str:
        """Return its values by area and period."""
        table = identifier(self.dataset) if self.dataset else "{batch}"
        return (
            f"SELECT ref_area, time_period, obs_value AS v FROM {table} AS o"
            f" WHERE isfinite(obs_value) AND indicator = {text(self.indicator)}"
            f" AND {where(self.where, 'o')}"
        )


class RatesAgree(Check):
    """A rate that is not its numerator by its denominator, times `per`, to `tolerance`."""

    type: ClassVar = "expect_rates_to_agree_with_counts"
    text: ClassVar = Bilingual(
        vi="tỷ lệ khớp với tử số và mẫu số của nó",
        en="the rate agrees with its numerator and denominator",
    )

    indicator: str
    numerator: Count
    denominator: Count
    where: dict[str, str] = {}
    per: float = 1
    tolerance: float = 0.02

    def relations(self) -> frozenset[str]:
        return frozenset(
            side.dataset for side in (self.numerator, self.denominator) if side.dataset
        )

    def query(self) -> str:
        return f"""
WITH above AS ({self.numerator.sql()}), below AS ({self.denominator.sql()})
SELECT b._id, b.obs_value AS observed, above.v / below.v * {self.per} AS expected,
  b.obs_value / nullif(expected, 0) AS factor, above.v || ' / ' || below.v AS reference
FROM {{batch}} AS b JOIN above USING (ref_area, time_period)
  JOIN below USING (ref_area, time_period)
WHERE below.v > 0 AND isfinite(b.obs_value)
  AND b.indicator = {text(self.indicator)} AND {where(self.where, "b")}
  AND abs(observed - expected) > {self.tolerance} * greatest(abs(expected), 1e-300)"""
