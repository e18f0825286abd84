"""Areas far from all others, in their level or in steps of their short series; geography breaks."""

from typing import ClassVar

from expectations.checks.areas.coverage import group_codes
from expectations.checks.base import FREQUENCIES, Arguments, SeriesCheck
from expectations.checks.prefilter import MayFind, any_series, having
from expectations.checks.sql import (
    DIGIT,
    beyond_counting,
    columns,
    points,
    sheet,
    texts,
    usual_of_sheet,
    where,
)
from model.declarations.dataset import Dataset
from model.records.validation import Severity
from model.reference.registries import Registries


def log(sql: str) -> str:
    """Return SQL for a logarithm, NULL for what has none: DuckDB may compute it of any row."""
    return f"ln(nullif(greatest({sql}, 0), 0))"


def sheet_points(series: list[str], frequency: str) -> str:
    """Return `points` of series and frequency, with `area` and `sheet`, a hash of other codes."""
    return points(series, frequency, also=f", {sheet(series)}, indicator, ref_area AS area")


class AreasApartCheck(SeriesCheck):
    """A check that compares the areas of a sheet; groups of areas (`apart`) are left out."""

    severity: ClassVar[Severity] = "warning"

    min_areas: int
    min_factor: float
    times_usual: float = 1.5
    apart: list[str] = []

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments | None:
        return {"apart": group_codes(dataset, registries)}

    def _single(self) -> str:
        """Return the condition that an area is one among others, no group of them."""
        return f"area NOT IN ({texts(self.apart)})" if self.apart else "true"

    def _points(self) -> str:
        return f"SELECT * FROM ({sheet_points(self.series, self.frequency)}) WHERE {self._single()}"

    def _far(self, value: str) -> tuple[str, str]:
        """Return columns over the areas of a group, and the condition that one is far off."""
        names = f"""count(*) AS areas, median({value}) AS middle,
    max({value}, 2) AS top, min({value}, 2) AS bottom,
    arg_max(area, {value}, 2)[2] AS next_below, arg_min(area, {value}, 2)[2] AS next_above,
    greatest(ln({self.min_factor}), {self.times_usual} *
      (quantile_cont({value}, 0.75) - quantile_cont({value}, 0.25))) AS least"""
        return names, (
            f"count(*) >= {self.min_areas}"
            " AND (top[1] - top[2] >= least OR bottom[2] - bottom[1] >= least)"
        )


def _is_far(value: str) -> str:
    """Return the condition that a value is the one that is far off."""
    return (
        f"({value} = top[1] AND top[1] - top[2] >= least"
        f" OR {value} = bottom[1] AND bottom[2] - bottom[1] >= least)"
    )


class AreaLevels(AreasApartCheck):
    """The first observation of each series whose median is far from that of any other area.

    Of `indicators`; automatic for shares and rates, since the amounts of a large city and a poor
    district differ as they may. `reference` is the area that comes next.
    """

    type = "expect_levels_to_be_usual_across_areas"
    vi = "không khu vực nào có mức của chỉ tiêu cách xa mọi khu vực khác"
    en = "no area has a level of an indicator that is far from all other areas"
    automatic = "levels_usual_across_areas"

    min_areas: int = 20
    min_factor: float = 4
    indicators: list[str] = []

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments | None:
        rates = [
            code for code, indicator in dataset.indicators.items()
            if indicator.unit.startswith("percent") or "per_" in indicator.unit
            or indicator.unit in ("ratio", "index")
        ]
        apart = super().automatic_arguments(dataset, registries) or {}
        return {**apart, "indicators": rates} if rates else None

    def may_find(self) -> MayFind:
        return MayFind("series", f"""(SELECT count(*) FROM (
  SELECT max(typical, 2) AS top, min(typical, 2) AS bottom FROM series
  WHERE low >= 0 AND typical > 0 AND {self._single()} GROUP BY sheet
  HAVING count(*) >= {self.min_areas}
    AND greatest(top[1] / top[2], bottom[2] / bottom[1]) >= 0.999 * {self.min_factor}
)) > 0""")

    def query(self) -> str:
        names, far = self._far("level")
        return f"""
WITH point AS ({self._points()} AND {where({}, indicators=self.indicators)}),
series AS (
  SELECT series, any_value(sheet) AS sheet, any_value(area) AS area, min(t) AS t,
    count(*) AS periods, {log('list_median(list(v))')} AS level
  FROM point GROUP BY series HAVING min(v) >= 0
),
far AS (
  SELECT sheet, {names} FROM series WHERE level IS NOT NULL GROUP BY sheet HAVING {far}
),
found AS (SELECT * FROM series JOIN far USING (sheet) WHERE {_is_far("level")})
SELECT _id, exp(level) AS observed, exp(middle) AS expected, exp(level - middle) AS factor,
  CASE WHEN level > middle THEN next_below ELSE next_above END AS reference, periods, areas
FROM point JOIN found USING (series, t)"""


class AreaSteps(AreasApartCheck):
    """A step of a series of `min_periods` to `max_periods` that is far from all other areas'.

    A long series shows by itself what is usual for it; of a short one only the others can. Of the
    two observations that make a step, that one is named which is farther from the series' level.
    Usual are steps that a share `common` of all reach in other periods, and those of small counts
    (`deviations` of a Poisson count). `reference` is the period that it is compared with.
    """

    type = "expect_steps_to_be_usual_across_areas"
    vi = "không chuỗi ngắn nào thay đổi khác hẳn mọi khu vực khác trong cùng kỳ"
    en = "no short series changes as no other area does in the same period"
    severity = "info"
    automatic = "steps_usual_across_areas"
    frequencies = tuple(name for name in FREQUENCIES if name != "YTD")

    min_areas: int = 10
    min_periods: int = 4
    max_periods: int = 7
    min_factor: float = 5
    common: float = 0.02
    deviations: float = 6

    def candidate(self) -> str:
        return (
            f"n BETWEEN {self.min_periods} AND {self.max_periods} AND positive"
            f" AND high >= {self.min_factor} * low_positive"
        )

    def may_find(self) -> MayFind:
        return any_series(self.candidate())

    def query(self) -> str:
        names, far = self._far("d")
        level = f", any_value(sheet) AS sheet, median({log('v')}) AS level, {DIGIT}"
        return f"""
WITH point AS ({self._points()}),
short AS ({having(self.candidate(), level)}),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(period) OVER past AS p0, lag(_id) OVER past AS id0,
    t - lag(t) OVER past AS apart, {log('v / v0')} AS d
  FROM point SEMI JOIN short USING (sheet) WHERE v > 0
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (SELECT * FROM pair WHERE apart <= 3),
far AS (SELECT sheet, t, {names} FROM step GROUP BY sheet, t HAVING {far}),
found AS (
  SELECT *, abs(ln(v0) - level) > abs(ln(v) - level) + 1e-9 AS earlier
  FROM step JOIN short USING (series, sheet) JOIN far USING (sheet, t) WHERE {_is_far("d")}
    AND {beyond_counting("v", "v0", self.deviations)}
),
elsewhere AS ({usual_of_sheet(
    "SELECT sheet, abs(d) AS size FROM step SEMI JOIN found USING (sheet)", self.common)}
)
SELECT DISTINCT ON (_id) _id, observed, expected, observed / expected AS factor, reference, areas
FROM (
  SELECT CASE WHEN earlier THEN id0 ELSE _id END AS _id, areas, t,
    CASE WHEN earlier THEN v0 ELSE v END AS observed,
    CASE WHEN earlier THEN v / exp(middle) ELSE v0 * exp(middle) END AS expected,
    CASE WHEN earlier THEN period ELSE p0 END AS reference
  FROM found LEFT JOIN elsewhere USING (sheet) WHERE abs(d) > 1.25 * coalesce(common, 0)
) ORDER BY _id, t"""


class GeographyBreaks(SeriesCheck):
    """The first observation under other borders, off by more than `min_factor`."""

    type = "expect_levels_to_hold_across_geography_breaks"
    vi = "mức của chuỗi không thay đổi khi địa giới thay đổi"
    en = "the level of a series holds where the borders change"
    severity = "warning"
    automatic = "levels_hold_across_borders"
    finds_when = MayFind("table", "coalesce(min(geo_vintage) < max(geo_vintage), false)")

    min_factor: float = 1.2

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
