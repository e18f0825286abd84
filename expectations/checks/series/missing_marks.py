"""Markers for a missing figure that were read as values."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import SeriesCheck, Severity
from expectations.checks.prefilter import MayFind, any_series
from expectations.checks.sql import points
from model.util.text import Bilingual


class SeriesMissingMarks(SeriesCheck):
    """0, -1, -9999, 9999 … as a value: alone, after proper values, and far from all of them."""

    type: ClassVar = "expect_series_values_to_be_no_missing_marks"
    text: ClassVar = Bilingual(
        vi="không giá trị nào là ký hiệu của số liệu thiếu (0, -1, 9999…)",
        en="no value is a marker for a missing figure (0, -1, 9999 …)",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "series_without_missing_marks"

    marks: list[int | float] = [
        0, -1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999, 9999999,
    ]
    min_periods: int = 6
    max_share: float = 0.15
    away: float = 0.3
    times_highest: float = 5

    def _far(self, v: str, low: str, high: str, middle: str) -> str:
        """Return the condition that a marker is far from the proper values of its series."""
        return (
            f"CASE WHEN {v} < 0 THEN {low} >= 0 WHEN {v} = 0 THEN {low} >= {self.away} * {middle}"
            f" ELSE {low} >= 0 AND {v} >= {self.times_highest} * {high} END"
        )

    def may_find(self) -> MayFind:
        """Return that a marker is the lowest or the highest value of a series, far from others."""
        values = ", ".join(map(repr, self.marks))
        proper = f"list_filter(vs, lambda x: x NOT IN ({values}))"
        others = (f"list_min({proper})", f"list_max({proper})", f"list_median({proper})")
        extreme = " OR ".join(
            f"CASE WHEN {v} IN ({values}) THEN {self._far(v, *others)} END" for v in ("low", "high")
        )
        return any_series(f"n >= {self.min_periods} AND ({extreme})")

    def query(self) -> str:
        values = ", ".join(map(repr, self.marks))
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
candidate AS (
  SELECT series, median(v) FILTER (v NOT IN ({values})) AS expected,
    min(v) FILTER (v NOT IN ({values})) AS low, max(v) FILTER (v NOT IN ({values})) AS high,
    min(t) FILTER (v NOT IN ({values})) AS first
  FROM point SEMI JOIN (SELECT series FROM point WHERE v IN ({values})) USING (series)
  GROUP BY series
  HAVING count(*) FILTER (v IN ({values})) BETWEEN 1 AND {self.max_share} * count(*)
    AND count(*) >= {self.min_periods}
    AND count(DISTINCT v) >= greatest({self.min_periods - 1}, 0.5 * count(*))
)
SELECT _id, v AS observed, expected, v / nullif(expected, 0) AS factor
FROM point JOIN candidate USING (series)
WHERE v IN ({values}) AND t > first AND {self._far("v", "low", "high", "expected")}"""
