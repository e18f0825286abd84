"""Values with the other sign."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import SeriesCheck, Severity
from expectations.checks.prefilter import MayFind, any_series, having
from expectations.checks.sql import points
from model.util.text import Bilingual


class SeriesSigns(SeriesCheck):
    """The other sign, in a series that keeps `away` of its median from 0."""

    type: ClassVar = "expect_series_values_to_keep_their_sign"
    text: ClassVar = Bilingual(
        vi="không giá trị nào đổi dấu trong một chuỗi luôn cách xa số 0",
        en="no value changes its sign in a series that keeps well away from 0",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "series_keep_sign"

    min_periods: int = 6
    max_share: float = 0.34
    away: float = 0.5

    def candidate(self) -> str:
        return f"n >= {self.min_periods} AND low < 0 AND high > 0"

    def may_find(self) -> MayFind:
        return any_series(self.candidate())

    def query(self) -> str:
        candidate = f"""{self.candidate()}
    AND least(count(*) FILTER (v < 0), count(*) FILTER (v > 0)) <= {self.max_share} * count(*)
    AND min(abs(v)) >= {self.away} * median(abs(v)) AND median(abs(v)) > 0"""
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
candidate AS (
  {having(candidate, ", median(v) AS expected")}
)
SELECT _id, v AS observed, expected, v / expected AS factor
FROM point JOIN candidate USING (series) WHERE sign(v) <> sign(expected)"""
