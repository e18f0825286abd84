"""Shares that do not make a whole."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import SeriesCheck
from expectations.checks.sql import columns, texts, where
from model.util.sql import identifier
from model.util.text import Bilingual


class SharesAddUp(SeriesCheck):
    """Shares that do not add up to `whole`, to `tolerance`, where every share is given."""

    type: ClassVar = "expect_shares_to_add_up"
    text: ClassVar = Bilingual(
        vi="các tỷ trọng cộng lại bằng 100 %", en="the shares add up to 100%"
    )

    column: str
    parts: list[str]
    indicators: list[str] = []
    where: dict[str, str] = {}
    whole: float = 100
    tolerance: float = 0.5

    def query(self) -> str:
        column = identifier(self.column)
        names = [name for name in (*self.series, "time_period") if name != self.column]
        only = where(self.where, indicators=self.indicators)
        return f"""
WITH point AS (
  SELECT * FROM {{batch}}
  WHERE isfinite(obs_value) AND {only} AND {column} IN ({texts(self.parts)})
),
whole AS (
  SELECT {columns(names)}, sum(obs_value) AS total FROM point
  GROUP BY ALL HAVING count(DISTINCT {column}) = {len(self.parts)}
)
SELECT _id, obs_value AS observed, total, {self.whole} AS expected
FROM point JOIN whole USING ({columns(names)})
WHERE abs(total - {self.whole}) > {self.tolerance}"""
