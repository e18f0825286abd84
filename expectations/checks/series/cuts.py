"""Series cut by an unusual step (jumps, values in another unit), and series that are copies."""

from abc import abstractmethod

from expectations.checks.areas.coverage import group_codes
from expectations.checks.base import FREQUENCIES, Arguments, SeriesCheck
from expectations.checks.prefilter import MayFind, any_series, having
from expectations.checks.sql import (
    DIGIT,
    SEASONS,
    THREE_DIGITS,
    beyond_counting,
    columns,
    elsewhere,
    points,
    sheet,
    texts,
)
from model.declarations.dataset import Dataset
from model.reference.registries import Registries


class CutSeriesCheck(SeriesCheck):
    """A check that names the pieces of a series which are not on the level of the longest."""

    frequencies = tuple(name for name in FREQUENCIES if name != "YTD")

    min_periods: int

    @abstractmethod
    def candidate(self) -> str:
        """Return the condition that a series is looked at, over the names of `SERIES`."""

    @abstractmethod
    def unusual(self, step: str) -> str:
        """Return the condition that a step is not usual for its series."""

    def may_find(self) -> MayFind:
        # What is usual for a season is not known before the query.
        step = "true" if self.frequency in SEASONS else f"({self.unusual('largest')})"
        return any_series(f"{self.candidate()} AND {step}")

    def _found(self) -> str:
        """Return common table expressions that end in `found`, the first point of each piece.

        A step is the change to the observation before, in logarithms where no value is negative (0
        has no logarithm and is passed over), else plain; without what is usual for the season, and
        without the series' median step. `usual` is the third largest of them: a value that is wrong
        alone makes two. Where a step is unusual the series is cut. Suspect is each piece that is
        not on the level of the longest.
        """
        seasons = SEASONS.get(self.frequency)
        season = (
            " - CASE WHEN count(*) OVER season >= 4 THEN median(change) OVER season ELSE 0 END"
            if seasons else ""
        )
        window = f" WINDOW season AS (PARTITION BY series, t % {seasons})" if seasons else ""
        return f"""
WITH point AS ({points(self.series, self.frequency, also=f", indicator, {sheet(self.series)}")}),
candidate AS (
  {having(self.candidate(), f", {DIGIT}")}
),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(period) OVER past AS p0, t - lag(t) OVER past AS apart,
    lead(v) OVER past AS v2, lead(v, 2) OVER past AS v3, lead(period) OVER past AS p2,
    CASE WHEN positive THEN ln(v) - ln(v0) ELSE v - v0 END AS change
  FROM point JOIN candidate USING (series) WHERE v > 0 OR NOT positive
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (SELECT *, change{season} AS d FROM pair{window}),
middle AS (SELECT series, median(d) AS mid FROM step GROUP BY series),
habit AS (
  SELECT series, any_value(mid) AS mid, max(abs(d - mid), 3)[3] AS usual,
    max(abs(d - mid)) AS largest
  FROM step JOIN middle USING (series) GROUP BY series
),
cut AS (
  SELECT *, coalesce(apart <= 3 AND {self.unusual("abs(d - mid)")}, false) AS cuts,
    lag(d - mid) OVER (PARTITION BY series ORDER BY t) AS earlier
  FROM step JOIN habit USING (series)
),
level AS (
  SELECT *, count(*) FILTER (cuts) OVER past AS piece,
    coalesce(sum(d - mid) FILTER (cuts) OVER past, 0) AS height
  FROM cut WINDOW past AS (PARTITION BY series ORDER BY t)
),
piece AS (
  SELECT series, piece, any_value(height) AS height, count(*) AS periods,
    min(t) AS first, max(t) AS last, min(abs(d - mid)) FILTER (cuts) AS least
  FROM level GROUP BY series, piece
),
suspect AS (
  SELECT *, CASE WHEN piece = 0 THEN last ELSE first END AS t FROM (
    SELECT *, min(least) OVER (PARTITION BY series) AS smallest,
      first_value(height) OVER (PARTITION BY series ORDER BY periods DESC, piece) AS ground
    FROM piece
  ) WHERE abs(height - ground) > 0.6 * smallest
),
found AS (
  SELECT _id, series, indicator, sheet, t, v AS observed, periods, usual, positive, digit,
    CASE WHEN piece > 0 THEN abs(d - mid + earlier) END AS two_steps,
    piece = 0 AND v2 > v AS beginning, v3 > 1.5 * v2 AS goes_on,
    CASE WHEN piece = 0 THEN p2 ELSE p0 END AS reference,
    CASE
      WHEN NOT positive THEN CASE WHEN piece = 0 THEN v2 - mid ELSE v0 + mid END
      WHEN piece = 0 THEN v2 / exp(mid) ELSE v0 * exp(mid)
    END AS expected,
    v / nullif(expected, 0) AS factor
  FROM level JOIN suspect USING (series, piece, t)
)"""


class SeriesJumps(CutSeriesCheck):
    """A step of `min_factor` that is also `times_usual` times the third largest of the series.

    By season where monthly or quarterly. It is none where it returns to the level before the last
    value, where other areas take steps of four fifths of it (a share `common` of all, or `alike` of
    those of the same order of magnitude), where small counts do so by chance (`deviations` of a
    Poisson count), and where more than a share `turning` of the areas have values below 0. Where a
    share `shared` of the
    indicator's series does it in the same period it is none; where a share `event` takes the
    largest step of its history there (a pandemic), only what is off by ten is one. Where a series
    begins far below what follows, it was new then.
    """

    type = "expect_series_values_to_not_jump"
    vi = "không giá trị nào nhảy vọt quá mức mà chính chuỗi đó từng có"
    en = "no value jumps beyond what its own series has ever done"
    severity = "warning"
    automatic = "series_without_jumps"

    min_periods: int = 8
    min_factor: float = 3
    times_usual: float = 5
    shared: float = 0.1
    event: float = 0.3
    common: float = 0.02
    alike: float = 0.01
    turning: float = 0.2
    deviations: float = 8

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments:
        # A fortnight of days says nothing of what is usual for the weather.
        return {"min_periods": 60} if dataset.frequency in ("D", "W") else {}

    def candidate(self) -> str:
        return (
            f"n >= {self.min_periods} AND (NOT positive OR n_positive >= {self.min_periods}"
            f" AND high >= {self.min_factor} * low_positive)"
        )

    def unusual(self, step: str) -> str:
        return (
            f"CASE WHEN positive"
            f" THEN {step} > greatest({self.times_usual} * usual, ln({self.min_factor}))"
            f" ELSE {step} > {2 * self.times_usual} * usual END"
        )

    def query(self) -> str:
        return f"""{self._found()},
beside AS (
  SELECT indicator, t, count(*) AS present,
    count(*) FILTER (abs(d - mid) = largest) >= greatest(3, {self.event} * present) AS event
  FROM cut SEMI JOIN (SELECT DISTINCT indicator, t FROM found) USING (indicator, t)
  GROUP BY indicator, t
),
{elsewhere("(SELECT * FROM cut WHERE positive)", "abs(d - mid)", self.common, self.alike)}
SELECT _id, observed, expected, factor, reference, periods, exp(common) AS usual_elsewhere FROM (
  SELECT *, count(*) OVER (PARTITION BY indicator, t) AS together FROM found
) JOIN beside USING (indicator, t) LEFT JOIN elsewhere USING (series)
WHERE NOT beginning AND (NOT positive OR {beyond_counting("observed", "expected", self.deviations)}
    AND abs(ln(factor)) > 1.25 * coalesce(common, 0) AND turning <= {self.turning}
    AND coalesce({self.unusual("two_steps")}, true))
  AND (together < 3 OR together < {self.shared} * present)
  AND (NOT event OR factor NOT BETWEEN 0.1 AND 10)"""


class SeriesUnitSlips(CutSeriesCheck):
    """A point, a stretch or a tail that is off by one of the `powers` of ten, to `within` of it.

    A hundred is only found in `shares`, where these are named: what is a percentage or a share is
    published as the other by mistake, other figures are not. A series that begins far below what
    follows, and goes on growing, was new then.
    """

    type = "expect_series_values_to_keep_their_unit"
    vi = "không giá trị nào lệch 100, 1.000 hay 1.000.000 lần so với các kỳ bên cạnh"
    en = "no value is off by 100, 1,000 or 1,000,000 against the periods beside it"
    within_series = True
    severity = "warning"
    automatic = "series_keep_unit"

    min_periods: int = 5
    powers: list[int] = [2, 3, 6]
    shares: list[str] = []
    within: float = 0.15
    times_usual: float = 3

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments:
        shares = [
            code for code, indicator in dataset.indicators.items()
            if indicator.unit.startswith("percent") or indicator.unit in ("ratio", "index")
        ]
        return {"powers": [2, 3, 6] if shares else [3, 6], "shares": shares}

    def candidate(self) -> str:
        return (
            f"n >= {self.min_periods} AND positive AND n_positive >= {self.min_periods}"
            f" AND high >= {0.5 * 10 ** min(self.powers)} * low_positive"
        )

    def unusual(self, step: str) -> str:
        least = f"ln({0.4 * 10 ** min(self.powers)})"
        return f"{step} > greatest({self.times_usual} * usual, {least})"

    def query(self) -> str:
        power = "round(log10(factor))"
        listed = ", ".join(map(str, sorted(self.powers)))
        only = ""
        if self.shares:
            only = f" AND (abs({power}) <> 2 OR indicator IN ({texts(self.shares)}))"
        return f"""{self._found()}
SELECT _id, observed, expected, factor, reference, periods FROM found
WHERE abs({power}) IN ({listed}){only} AND NOT coalesce(beginning AND goes_on, false)
  AND abs(log10(factor) - {power}) <= 0.05 + least({self.within}, usual / ln(10))"""


class SeriesCopies(SeriesCheck):
    """The first observation of each stretch that two series share, where hardly any others do.

    No more than information: members of a union are the same by right (one bank, one airline), and
    of a series that became another's since the last release others warn. Values of two digits
    coincide by chance and are not counted; nor are the areas `apart`, such as groups of countries
    that have the same members, nor series of one area that are the same throughout: those are so by
    definition, as a total with one part. A stretch of `periods` has a period whose number `periods`
    divides: only those are compared at first, and only the series that meet there are looked at
    again.
    """

    type = "expect_series_to_differ_from_each_other"
    vi = "không chuỗi nào trùng với chuỗi khác trong nhiều kỳ"
    en = "no series is the same as another over many periods"
    severity = "info"
    automatic = "series_differ"

    periods: int = 5
    usual_share: float = 0.01
    apart: list[str] = []

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments:
        return {"apart": group_codes(dataset, registries)}

    def _pairs(self, every: str) -> str:
        """Return a SELECT of the pairs of series that meet; `every` selects the points."""
        return f"""
  SELECT DISTINCT min(series) AS one, max(series) AS other FROM ({every})
  WHERE t % {self.periods} = 0 AND v <> 0 GROUP BY t, v HAVING count(*) = 2 AND one <> other"""

    def may_find(self) -> MayFind:
        single = f" WHERE area NOT IN ({texts(self.apart)})" if self.apart else ""
        pairs = self._pairs(f"SELECT * FROM point{single}")
        return MayFind("series", f"(SELECT count(*) FROM ({pairs} LIMIT 1)) > 0")

    def query(self) -> str:
        but = f" AND ref_area NOT IN ({texts(self.apart)})" if self.apart else ""
        every = points(self.series, self.frequency, also=", ref_area") + but
        return f"""
WITH pair AS ({self._pairs(every)}
),
point AS (
  SELECT * FROM ({every})
  SEMI JOIN (SELECT one AS series FROM pair UNION SELECT other FROM pair) USING (series)
),
common AS (
  SELECT pair.one, pair.other, a.t, a.v, a.v = b.v AND a.v <> 0 AS same, a.v = b.v AS same_or_0,
    a.ref_area = b.ref_area AS of_one_area
  FROM pair JOIN point a ON a.series = pair.one
  JOIN point b ON b.series = pair.other AND b.t = a.t
),
stretch AS (
  SELECT one, other, count(*) FILTER (same) AS periods, min(t) FILTER (same) AS t FROM common
  GROUP BY one, other
  HAVING count(DISTINCT v) FILTER (same AND {THREE_DIGITS}) >= {self.periods}
    AND NOT bool_and(of_one_area AND same_or_0)
),
usual AS (
  SELECT (SELECT count(*) FROM stretch) <= greatest(1, {self.usual_share} *
    (SELECT count(DISTINCT series) FROM ({every}))) AS unusual
),
both_sides AS (
  SELECT one AS series, other AS copy, t, periods FROM stretch, usual WHERE unusual
  UNION ALL SELECT other, one, t, periods FROM stretch, usual WHERE unusual
),
named AS (
  SELECT hash({columns(self.series)}) AS copy,
    any_value(concat_ws(' ', {columns(self.series)})) AS reference
  FROM {{batch}} WHERE copy IN (SELECT copy FROM both_sides) GROUP BY copy
)
SELECT _id, v AS observed, reference, periods
FROM point JOIN both_sides USING (series, t) JOIN named USING (copy)"""
