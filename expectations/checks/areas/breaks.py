"""Levels that change where borders change."""


from expectations.checks.base import SeriesCheck
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import columns, points


class GeographyBreaks(SeriesCheck):
    """The first observation under other borders, off by more than `min_factor`."""

    type = "expect_levels_to_hold_across_geography_breaks"
    vi = "mức của chuỗi không thay đổi khi địa giới thay đổi"
    en = "the level of a series holds where the borders change"
    severity = "warning"
    automatic = "levels_hold_across_borders"

    min_factor: float = 1.2

    def may_find(self) -> MayFind:
        return MayFind("table", "coalesce(min(geo_vintage) < max(geo_vintage), false)")

    def query(self) -> str:
        area = [name for name in self.series if name != "geo_vintage"]
        return f"""
WITH candidate AS (
  SELECT hash({columns(area)}) AS series FROM {{batch}}
  GROUP BY series HAVING count(DISTINCT geo_vintage) > 1
),
point AS ({points(area, self.frequency, also=", geo_vintage AS vintage")}),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(vintage) OVER past AS vintage0, lag(period) OVER past AS p0
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t, vintage)
)
SELECT _id, v AS observed, v0 AS expected, v / v0 AS factor,
  p0 || ' (' || vintage0 || ')' AS reference
FROM pair WHERE vintage <> vintage0 AND v0 > 0 AND v > 0
  AND abs(ln(v / v0)) > ln({self.min_factor})"""
