"""Totals that are a mean of their parts, such as rates and indices."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Level
from expectations.checks.sql import text
from expectations.checks.totals.common import PartsCheck
from model.util.sql import identifier
from model.util.text import Bilingual


class TotalBetweenParts(PartsCheck):
    """A rate or index of the whole that is not between the lowest and the highest of its parts.

    By more than `within`, in the indicator's unit.
    """

    type: ClassVar = "expect_total_between_parts"
    text: ClassVar = Bilingual(
        vi="{column}: số chung nằm giữa số thấp nhất và cao nhất của các phần{only}",
        en="{column}: the whole lies between the lowest and the highest of its parts{only}",
    )
    level: ClassVar[Level] = "table"

    within: float = 0

    def query(self) -> str:
        column, others = identifier(self.column), self.others()
        return f"""
WITH point AS ({self.points()}),
part AS (
  SELECT {others}, min(obs_value) AS low, max(obs_value) AS high
  FROM point WHERE {self.is_part()} GROUP BY ALL HAVING count(DISTINCT {column}) > 1
)
SELECT {others}, obs_value AS observed, low || ' … ' || high AS reference
FROM point JOIN part USING ({others})
WHERE {column} = {text(self.total)}
  AND obs_value NOT BETWEEN low - {self.within} AND high + {self.within}"""
