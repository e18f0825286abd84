"""Values that do not fit their own series: markers, signs, standstills, cumulated figures."""

from typing import Literal

from expectations.checks.base import Arguments, SeriesCheck
from expectations.checks.prefilter import MayFind, any_series, having
from expectations.checks.sql import (
    DIGIT,
    SEASONS,
    THREE_DIGITS,
    beyond_counting,
    elsewhere,
    points,
    sheet,
    where,
)
from model.declarations.dataset import Dataset
from model.reference.registries import Registries


class SeriesMissingMarks(SeriesCheck):
    """0, -1, -9999, 9999 … as a value: alone, after proper values, and far from all of them.

    A 0 beside figures of fewer than twenty of the last decimal is a small figure.
    """

    type = "expect_series_values_to_be_no_missing_marks"
    vi = "không giá trị nào là ký hiệu của số liệu thiếu (0, -1, 9999…)"
    en = "no value is a marker for a missing figure (0, -1, 9999 …)"
    within_series = True
    severity = "warning"
    automatic = "series_without_missing_marks"

    marks: list[int | float] = [0, -1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999, 9999999]
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
        others = ("list_min(p)", "list_max(p)", "list_median(p)")
        extreme = " OR ".join(
            f"CASE WHEN {v} IN ({values}) THEN {self._far(v, *others)} END" for v in ("low", "high")
        )
        # A list of one list, so that the proper values are looked for once.
        proper = f"[list_filter(vs, lambda x: x NOT IN ({values}))]"
        return any_series(
            f"CASE WHEN n >= {self.min_periods} AND (low IN ({values}) OR high IN ({values}))"
            f" THEN list_transform({proper}, lambda p: {extreme})[1] END"
        )

    def query(self) -> str:
        values = ", ".join(map(repr, self.marks))
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
candidate AS (
  SELECT series, {DIGIT}, median(v) FILTER (v NOT IN ({values})) AS expected,
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
WHERE v IN ({values}) AND t > first AND {self._far("v", "low", "high", "expected")}
  AND (v <> 0 OR low >= 20 * digit)"""


class SeriesSpikes(SeriesCheck):
    """A value far above or below both of its neighbours, which are alike.

    By a factor of `min_factor` and `times_usual` the fourth largest such deviation of the series,
    or, in a series of ten, half of that factor and three times as unusual. The spike test of
    oceanography (IOOS QARTOD, test 6), in logarithms: a single wrong value is an additive outlier,
    whatever level and trend are. Where a share `shared` of the indicator's series has one in the
    same period it is none; nor where other areas have some of four fifths of its size (a share
    `common` of all, or `alike` of those of the same order of magnitude), where small counts do so
    by chance (`deviations` of a Poisson count), or where more than a share `turning` of the areas
    have values below 0.
    """

    type = "expect_series_values_to_not_spike"
    vi = "không giá trị nào vọt lên hay tụt xuống riêng một kỳ rồi trở lại như cũ"
    en = "no value leaves its series for one period and comes back"
    severity = "warning"
    automatic = "series_without_spikes"
    frequencies = ("A", "S", "Q", "M")

    min_periods: int = 7
    min_factor: float = 4
    times_usual: float = 3
    back: float = 0.25
    shared: float = 0.1
    common: float = 0.02
    alike: float = 0.01
    turning: float = 0.2
    deviations: float = 8

    def candidate(self) -> str:
        return (
            f"n_positive >= {self.min_periods} AND positive"
            f" AND high >= {self.min_factor / 2} * low_positive"
        )

    def may_find(self) -> MayFind:
        # What is usual is only known of a series without holes: beside them nothing is a spike.
        usual = "CASE WHEN holed OR n > n_positive THEN 0 ELSE bend[4] END"
        far = f"bend[1] > greatest({self.times_usual} * {usual}, ln({self.min_factor / 2}))"
        return any_series(f"{self.candidate()} AND {far}")

    def query(self) -> str:
        factor, times = self.min_factor, self.times_usual
        return f"""
WITH point AS ({points(self.series, self.frequency, also=f", indicator, {sheet(self.series)}")}),
candidate AS ({having(self.candidate(), f", {DIGIT}")}),
near AS (
  SELECT *, lag(v) OVER past AS v0, lead(v) OVER past AS v2, lag(period) OVER past AS reference,
    t - lag(t) OVER past <= 2 AND lead(t) OVER past - t <= 2 AS beside
  FROM point JOIN candidate USING (series) WHERE v > 0
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
spike AS (SELECT *, ln(v) - (ln(v0) + ln(v2)) / 2 AS d FROM near WHERE beside),
habit AS (
  SELECT series, max(abs(d), 4)[4] AS usual, count(*) AS periods FROM spike GROUP BY series
),
found AS (
  SELECT *, count(*) OVER (PARTITION BY indicator, t) AS together
  FROM spike JOIN habit USING (series)
  WHERE abs(ln(v2 / v0)) <= {self.back} * abs(d) AND (
    abs(d) > greatest({times} * usual, ln({factor}))
    OR periods >= 10 AND abs(d) > greatest({3 * times} * usual, ln({factor / 2})))
),
beside AS (
  SELECT indicator, t, count(*) AS present FROM point
  SEMI JOIN (SELECT DISTINCT indicator, t FROM found) USING (indicator, t) GROUP BY indicator, t
),
{elsewhere("spike", "abs(d)", self.common, self.alike)}
SELECT _id, v AS observed, sqrt(v0 * v2) AS expected, exp(d) AS factor, reference, periods,
  exp(common) AS usual_elsewhere
FROM found JOIN beside USING (indicator, t) JOIN elsewhere USING (series)
WHERE (together < 3 OR together < {self.shared} * present) AND abs(d) > 1.25 * coalesce(common, 0)
  AND turning <= {self.turning}
  AND {beyond_counting("v", "sqrt(v0 * v2)", self.deviations)}"""


class SeriesSigns(SeriesCheck):
    """The other sign, in a series that keeps `away` of its median from 0.

    Where more than a share `usual_share` of the other areas' series have both signs it is none.
    """

    type = "expect_series_values_to_keep_their_sign"
    vi = "không giá trị nào đổi dấu trong một chuỗi luôn cách xa số 0"
    en = "no value changes its sign in a series that keeps well away from 0"
    severity = "warning"
    automatic = "series_keep_sign"

    min_periods: int = 6
    max_share: float = 0.34
    away: float = 0.5
    usual_share: float = 0.05

    def candidate(self) -> str:
        return f"n >= {self.min_periods} AND low < 0 AND high > 0"

    def may_find(self) -> MayFind:
        return any_series(self.candidate())

    def query(self) -> str:
        candidate = f"""{self.candidate()}
    AND least(count(*) FILTER (v < 0), count(*) FILTER (v > 0)) <= {self.max_share} * count(*)
    AND min(abs(v)) >= {self.away} * median(abs(v)) AND median(abs(v)) > 0"""
        return f"""
WITH point AS ({points(self.series, self.frequency, also=f", {sheet(self.series)}")}),
candidate AS (
  {having(candidate, ", median(v) AS expected, any_value(sheet) AS sheet")}
),
elsewhere AS (
  SELECT sheet, count(*) FILTER (turns) - 1 AS turning, count(*) - 1 AS others FROM (
    SELECT sheet, series, min(v) < 0 AND max(v) > 0 AS turns
    FROM point SEMI JOIN candidate USING (sheet) GROUP BY ALL
  ) GROUP BY sheet
)
SELECT _id, v AS observed, expected, v / expected AS factor
FROM point JOIN candidate USING (series, sheet) JOIN elsewhere USING (sheet)
WHERE sign(v) <> sign(expected) AND turning <= greatest(1, {self.usual_share} * others)"""


class SeriesStandstill(SeriesCheck):
    """The last `periods` values are the same, where no two were before.

    The step that is usual for the series is `least_step` of its last decimal at least, and the
    value has more than two digits: few units more or less are none by chance, and a rate that
    somebody sets stays. Of a table more than a share `usual_share` of which stands still nothing is
    found.
    """

    type = "expect_series_to_not_stand_still"
    vi = "không chuỗi nào lặp lại mãi một giá trị ở cuối, khi trước đó kỳ nào cũng đổi"
    en = "no series ends in one repeated value, where it changed in every period before"
    severity = "warning"
    automatic = "series_move"

    min_periods: int = 8
    periods: int = 4
    min_varied: int = 6
    usual_share: float = 0.02
    least_step: float = 10

    def candidate(self) -> str:
        return (
            f"n >= {self.min_periods} AND varied >= {self.min_varied}"
            f" AND varied <= n - {self.periods - 1}"
        )

    def may_find(self) -> MayFind:
        return any_series(self.candidate())

    def query(self) -> str:
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
candidate AS ({having(self.candidate(), f", {DIGIT}")}),
pair AS (
  SELECT *, coalesce(v = lag(v) OVER past, false) AS still, abs(v - lag(v) OVER past) AS step
  FROM point JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
run AS (
  SELECT *, sum((NOT still)::INTEGER) OVER (PARTITION BY series ORDER BY t) AS run FROM pair
),
long AS (
  SELECT series, run, count(*) AS periods, max(t) AS t, min(period) AS reference,
    sum(count(*) - 1) OVER (PARTITION BY series) - (count(*) - 1) AS other_still,
    max(t) = max(max(t)) OVER (PARTITION BY series) AS ends
  FROM run GROUP BY series, run
),
habit AS (
  SELECT series FROM pair WHERE NOT still GROUP BY series
  HAVING median(step) >= {self.least_step} * any_value(digit)
),
standstill AS (
  SELECT * FROM long SEMI JOIN habit USING (series)
  WHERE periods >= {self.periods} AND other_still = 0 AND ends
),
usual AS (SELECT count(DISTINCT series) AS series FROM point)
SELECT _id, v AS observed, standstill.periods, standstill.reference
FROM point JOIN standstill USING (series, t), usual
WHERE {THREE_DIGITS} AND (SELECT count(*) FROM standstill)
  <= greatest(1, {self.usual_share} * usual.series)"""


class SeriesCumulated(SeriesCheck):
    """The last observation of a year that adds up from its start, where other years do not."""

    type = "expect_series_to_not_be_cumulated"
    vi = "không năm nào có số lũy kế từ đầu năm thay cho số của từng kỳ"
    en = "no year has figures added up since January in place of each period's own"
    within_series = True
    severity = "warning"
    automatic = "series_not_cumulated"
    frequencies = ("Q", "M")

    max_share: float = 0.3

    def query(self) -> str:
        seasons = SEASONS[self.frequency]
        return f"""
WITH point AS ({points(self.series, self.frequency)}),
pair AS (
  SELECT *, t // {seasons} AS year, lag(v) OVER past AS v0, lead(v) OVER past AS v2
  FROM point WINDOW past AS (PARTITION BY series ORDER BY t)
),
year AS (
  SELECT series, year, count(*) AS n, max(t) AS t, min(v) AS low, max(v) AS high,
    bool_and(t % {seasons} = 0 OR v > v0) AS rises, arg_min(v0, t) AS before,
    arg_min(v, t) AS first, arg_max(v2, t) AS after
  FROM pair GROUP BY series, year
),
suspect AS (
  SELECT *, rises AND n = {seasons} AND low > 0 AND high >= {seasons / 2} * low
    AND (before IS NULL OR before >= 1.5 * first OR after <= 0.5 * high) AS cumulated FROM year
)
SELECT _id, v AS observed, low AS reference FROM point JOIN (
  SELECT *, avg(cumulated::INTEGER) OVER (PARTITION BY series) AS share FROM suspect
) USING (series, t) WHERE cumulated AND share <= {self.max_share}"""


class CumulativeFalls(SeriesCheck):
    """A cumulative figure lower than the one before, `within` the same year or `always`.

    `indicators` are those that cumulate (all by default): rates and averages of the year to date
    may fall.
    """

    type = "expect_cumulative_series_to_not_fall"
    vi = "số lũy kế không giảm"
    en = "cumulative figures do not fall"
    within_series = True
    severity = "warning"
    automatic = "cumulative_series_do_not_fall"

    within: Literal["year", "always"] = "year"
    indicators: list[str] = []

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments | None:
        return {} if dataset.frequency == "YTD" else None

    def query(self) -> str:
        within = {"year": ", left(period, 4)", "always": ""}[self.within]
        only = where({}, indicators=self.indicators)
        return f"""
WITH point AS ({points(self.series, self.frequency)} AND {only})
SELECT _id, observed, expected, observed / nullif(expected, 0) AS factor, reference FROM (
  SELECT _id, v AS observed, lag(v) OVER past AS expected, lag(period) OVER past AS reference
  FROM point WINDOW past AS (PARTITION BY series{within} ORDER BY t)
) WHERE observed < expected"""
