"""Totals and parts of a table that fits as a whole or blocks the release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from expectations.checks.base import Level
from expectations.checks.sql import text
from expectations.checks.totals.common import PartsCheck
from expectations.checks.wording import Wording
from model.util.sql import identifier
from model.util.text import Bilingual


class PartsWithinTotal(PartsCheck):
    """Parts that exceed their total, together or (`rule: each`) one alone; or do not make it.

    `rule: equal` also finds parts that fall short. Off by more than `tolerance` of the total, or by
    more than `within` in the indicator's unit. A part that is not there counts as 0.
    """

    type: ClassVar = "expect_parts_within_total"
    text: ClassVar = Bilingual(
        vi="{column}: {rule} {total}{margin}{only}", en="{column}: {rule} {total}{margin}{only}"
    )
    level: ClassVar[Level] = "table"

    rule: Literal["sum", "each", "equal"] = "sum"
    tolerance: float = 0.001
    within: float = 0

    def words(self, wording: Wording) -> Mapping[str, str]:
        said = dict(super().words(wording))
        said["rule"] = wording.say(*{
            "sum": ("các phần cộng lại không vượt", "the parts together do not exceed"),
            "each": ("không phần nào vượt", "no part exceeds"),
            "equal": ("các phần cộng lại bằng", "the parts add up to"),
        }[self.rule])
        said["total"] = said["total"] or wording.say("tổng số", "the total")
        margin = wording.value(self.within) if self.within else wording.percent(self.tolerance)
        said["margin"] = wording.say(f" (sai lệch tối đa {margin})", f" (to within {margin})")
        return said

    def query(self) -> str:
        column, others = identifier(self.column), self.others()
        aggregate = "max" if self.rule == "each" else "sum"
        off = "abs(observed - expected)" if self.rule == "equal" else "observed - expected"
        margin = self.within or f"{self.tolerance} * abs(expected)"
        return f"""
WITH point AS ({self.points()}),
part AS (
  SELECT {others}, {aggregate}(obs_value) AS observed FROM point WHERE {self.is_part()} GROUP BY ALL
),
total AS (
  SELECT {others}, max(obs_value) AS expected
  FROM point WHERE {column} = {text(self.total)} GROUP BY ALL
)
SELECT *, observed / nullif(expected, 0) AS factor FROM part JOIN total USING ({others})
WHERE {off} > {margin}"""
