"""Totals that are not the sum of their parts."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.sql import text
from expectations.checks.totals.common import PartsCheck
from model.util.sql import identifier
from model.util.text import Bilingual


class PartsAddUp(PartsCheck):
    """A total that is not the sum of its parts, where every part is given.

    Off by more than `tolerance` of the total or its largest part. The total is the row at fault.
    """

    type: ClassVar = "expect_parts_to_add_up_to_total"
    text: ClassVar = Bilingual(
        vi="các phần cộng lại bằng tổng số{only}", en="the parts add up to their total{only}"
    )

    total: str
    parts: list[str]
    tolerance: float = 0.01

    def query(self) -> str:
        column, others = identifier(self.column), self.others()
        return f"""
WITH point AS ({self.points()}),
part AS (
  SELECT {others}, sum(obs_value) AS expected, max(abs(obs_value)) AS largest
  FROM point WHERE {self.is_part()} GROUP BY ALL
  HAVING count(DISTINCT {column}) = {len(self.parts)}
)
SELECT _id, obs_value AS observed, expected, obs_value / nullif(expected, 0) AS factor,
  {text(" + ".join(self.parts))} AS reference
FROM point JOIN part USING ({others})
WHERE {column} = {text(self.total)}
  AND abs(obs_value - expected) > {self.tolerance} * greatest(abs(obs_value), largest)"""
