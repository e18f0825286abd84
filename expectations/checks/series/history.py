"""What a series says against its own history: jumps, unit slips, signs, marks, standstill."""

from __future__ import annotations

from typing import Any

from expectations.checks.series.points import SEASONS, columns, points
from expectations.checks.sql import in_template, literal

Kwargs = dict[str, Any]


def _steps(kwargs: Kwargs, candidate: str, unusual: str) -> str:
    """Return the common table expressions that cut series where a step is not usual for them.

    A step is the change to the observation before, in logarithms where no value is negative (0 has
    no logarithm and is passed over), else plain; without what is usual for the season, and without
    the series' median step. `usual` is the third largest of them: a value that is wrong alone
    makes two. Where `unusual` holds the series is cut. Suspect is each piece that is not on the
    level of the longest.

    Args:
        kwargs: `series`, `frequency`, `min_periods`.
        candidate: what a series must fulfil to be looked at, over its points (`v`).
        unusual: when a step cuts, over `d`, `mid`, `usual`, `positive`.
    """
    seasons = SEASONS.get(kwargs["frequency"])
    season = (
        " - CASE WHEN count(*) OVER season >= 4 THEN median(change) OVER season ELSE 0 END"
        if seasons else ""
    )
    window = f" WINDOW season AS (PARTITION BY series, t % {seasons})" if seasons else ""
    point = points(kwargs["series"], kwargs["frequency"], also=", indicator")
    return f"""
WITH point AS ({point}),
candidate AS (
  SELECT series, min(v) >= 0 AS positive FROM point GROUP BY series
  HAVING count(*) FILTER (v > 0) >= CASE WHEN min(v) < 0 THEN 0 ELSE {kwargs["min_periods"]} END
    AND count(*) >= {kwargs["min_periods"]} AND ({candidate})
),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(period) OVER past AS p0, t - lag(t) OVER past AS apart,
    lead(v) OVER past AS v2, lead(period) OVER past AS p2,
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
  SELECT *, coalesce(apart <= 3 AND {unusual}, false) AS cuts
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
  SELECT _id, indicator, t, v AS observed, periods, usual,
    piece = 0 AND v2 > v AS beginning,
    CASE WHEN piece = 0 THEN p2 ELSE p0 END AS reference,
    CASE
      WHEN NOT positive THEN CASE WHEN piece = 0 THEN v2 - mid ELSE v0 + mid END
      WHEN piece = 0 THEN v2 / exp(mid) ELSE v0 * exp(mid)
    END AS expected,
    v / nullif(expected, 0) AS factor
  FROM level JOIN suspect USING (series, piece, t)
)"""


def jumps(kwargs: Kwargs) -> str:
    """Observations that leave what their series has ever done, where others do not do the same.

    Where many series of an indicator jump in one period, or take the largest step of their history,
    something has happened (a pandemic): only what is off by ten then counts. Where one begins far
    below what follows, it was new then.
    """
    low = kwargs["min_factor"]
    steps = _steps(
        kwargs,
        f"min(v) < 0 OR max(v) >= {low} * coalesce(min(v) FILTER (v > 0), 1)",
        jump(kwargs, "abs(d - mid)"),
    )
    return f"""{steps},
beside AS (
  SELECT indicator, t, count(*) AS present,
    count(*) FILTER (abs(d - mid) = largest) >= greatest(3, {kwargs["event"]} * present) AS event
  FROM cut SEMI JOIN (SELECT DISTINCT indicator, t FROM found) USING (indicator, t)
  GROUP BY indicator, t
)
SELECT _id, observed, expected, factor, reference, periods FROM (
  SELECT *, count(*) OVER (PARTITION BY indicator, t) AS together FROM found
) JOIN beside USING (indicator, t)
WHERE NOT beginning AND (together < 3 OR together < {kwargs["shared"]} * present)
  AND (NOT event OR factor NOT BETWEEN 0.1 AND 10)"""


def jump(kwargs: Kwargs, step: str) -> str:
    """Return the condition on a step that is a jump, beside `usual`, of a `positive` series."""
    low, times = kwargs["min_factor"], kwargs["times_usual"]
    return (f"CASE WHEN positive THEN {step} > greatest({times} * usual, ln({low}))"
            f" ELSE {step} > {2 * times} * usual END")


def unit_slips(kwargs: Kwargs) -> str:
    """Observations that are a power of ten away from their neighbours.

    A hundred is only told of `shares`, where these are named: what is a percentage or a share is
    published as the other by mistake, other figures are not.
    """
    least = min(kwargs["powers"])
    powers = ", ".join(str(power) for power in sorted(kwargs["powers"]))
    steps = _steps(
        kwargs,
        f"min(v) >= 0 AND max(v) >= {0.5 * 10**least} * coalesce(min(v) FILTER (v > 0), 1)",
        unit_slip(kwargs, "abs(d - mid)"),
    )
    power = "round(log10(factor))"
    shares = ", ".join(in_template(literal(code)) for code in kwargs["shares"])
    only = f" AND (abs({power}) <> 2 OR indicator IN ({shares}))" if shares else ""
    return f"""{steps}
SELECT _id, observed, expected, factor, reference, periods FROM found
WHERE abs({power}) IN ({powers}){only}
  AND abs(log10(factor) - {power}) <= 0.05 + least({kwargs["within"]}, usual / ln(10))"""


def unit_slip(kwargs: Kwargs, step: str) -> str:
    """Return the condition on a step that may be a power of ten, beside `usual`."""
    return (f"{step} > greatest({kwargs['times_usual']} * usual,"
            f" ln({0.4 * 10 ** min(kwargs['powers'])}))")


def gaps(kwargs: Kwargs) -> str:
    """Observations before which a period is missing, where the dataset hardly misses any.

    A dataset of surveys has gaps everywhere, and says so by that; in one that is complete
    otherwise, a gap is a loss.
    """
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"])}),
span AS (
  SELECT series, max(t) - min(t) + 1 AS due, max(t) - min(t) + 1 - count(DISTINCT t) AS missing
  FROM point GROUP BY series HAVING count(*) >= {kwargs["min_periods"]}
),
usual AS (SELECT sum(due) AS due, sum(missing) AS missing, count(*) AS series FROM span),
candidate AS (
  SELECT span.series FROM span, usual WHERE span.missing > 0 AND
    CASE WHEN usual.series > 1
      THEN usual.missing - span.missing <= {kwargs["usual_share"]} * (usual.due - span.due)
        AND span.missing <= {kwargs["max_share"]} * span.due
      ELSE span.missing <= {kwargs["max_share"]} * span.due END
),
pair AS (
  SELECT *, lag(t) OVER past AS t0, lag(period) OVER past AS p0
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t)
)
SELECT _id, t - t0 - 1 AS missing, p0 AS reference FROM pair WHERE t - t0 > 1"""


def signs(kwargs: Kwargs) -> str:
    """Observations with the other sign, in a series that keeps well away from 0."""
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"], also=", indicator")}),
candidate AS (
  SELECT series, median(v) AS expected FROM point GROUP BY series
  HAVING min(v) < 0 AND max(v) > 0 AND count(*) >= {kwargs["min_periods"]}
    AND least(count(*) FILTER (v < 0), count(*) FILTER (v > 0)) <= {kwargs["max_share"]} * count(*)
    AND min(abs(v)) >= {kwargs["away"]} * median(abs(v)) AND median(abs(v)) > 0
)
SELECT _id, v AS observed, expected, v / expected AS factor
FROM point JOIN candidate USING (series) WHERE sign(v) <> sign(expected)"""


def marks(kwargs: Kwargs) -> str:
    """Observations that are a mark for "no value" (0, -1, 9999 …) rather than a value.

    They stand alone, after proper values, and far from all of them.
    """
    values = ", ".join(repr(value) for value in kwargs["marks"])
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"])}),
candidate AS (
  SELECT series, median(v) FILTER (v NOT IN ({values})) AS expected,
    min(v) FILTER (v NOT IN ({values})) AS low, max(v) FILTER (v NOT IN ({values})) AS high,
    min(t) FILTER (v NOT IN ({values})) AS first
  FROM point SEMI JOIN (SELECT series FROM point WHERE v IN ({values})) USING (series)
  GROUP BY series
  HAVING count(*) FILTER (v IN ({values})) BETWEEN 1 AND {kwargs["max_share"]} * count(*)
    AND count(*) >= {kwargs["min_periods"]}
    AND count(DISTINCT v) >= greatest({kwargs["min_periods"] - 1}, 0.5 * count(*))
)
SELECT _id, v AS observed, expected, v / nullif(expected, 0) AS factor
FROM point JOIN candidate USING (series)
WHERE v IN ({values}) AND t > first AND
  CASE WHEN v < 0 THEN low >= 0 WHEN v = 0 THEN low >= {kwargs["away"]} * expected
    ELSE low >= 0 AND v >= {kwargs["times_highest"]} * high END"""


def frozen(kwargs: Kwargs) -> str:
    """The last observation of each series that ends in a standstill, and else always changes."""
    periods = kwargs["periods"]
    return f"""
WITH point AS ({points(kwargs["series"], kwargs["frequency"])}),
candidate AS (
  SELECT series FROM point GROUP BY series
  HAVING count(*) >= {kwargs["min_periods"]} AND count(DISTINCT v) <= count(*) - {periods - 1}
    AND count(DISTINCT v) >= {kwargs["min_varied"]}
),
pair AS (
  SELECT *, coalesce(v = lag(v) OVER past, false) AS still
  FROM point SEMI JOIN candidate USING (series)
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
standstill AS (SELECT * FROM long WHERE periods >= {periods} AND other_still = 0 AND ends),
usual AS (SELECT count(DISTINCT series) AS series FROM point)
SELECT _id, v AS observed, standstill.periods, standstill.reference
FROM point JOIN standstill USING (series, t), usual
WHERE v <> 0 AND (SELECT count(*) FROM standstill)
  <= greatest(1, {kwargs["usual_share"]} * usual.series)"""


def cumulated(kwargs: Kwargs) -> str:
    """The last observation of each year that adds up from its start, where other years do not."""
    seasons = SEASONS[kwargs["frequency"]]
    point = points(kwargs["series"], kwargs["frequency"])
    return f"""
WITH point AS ({point}),
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
) USING (series, t) WHERE cumulated AND share <= {kwargs["max_share"]}"""


def falls(kwargs: Kwargs) -> str:
    """Observations of a cumulative series that are lower than the one before in the same year."""
    point = points(kwargs["series"], kwargs["frequency"])
    within = {"year": ", left(period, 4)", "always": ""}[kwargs["within"]]
    return f"""
WITH point AS ({point})
SELECT _id, observed, expected, observed / nullif(expected, 0) AS factor, reference FROM (
  SELECT _id, v AS observed, lag(v) OVER past AS expected, lag(period) OVER past AS reference
  FROM point WINDOW past AS (PARTITION BY series{within} ORDER BY t)
) WHERE observed < expected"""


def breaks(kwargs: Kwargs) -> str:
    """The first observation after the borders changed, where the level changed with them."""
    area = [name for name in kwargs["series"] if name != "geo_vintage"]
    point = points(area, kwargs["frequency"], also=", geo_vintage AS vintage")
    return f"""
WITH candidate AS (
  SELECT hash({columns(area)}) AS series FROM {{batch}}
  GROUP BY series HAVING count(DISTINCT geo_vintage) > 1
),
point AS ({point}),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(vintage) OVER past AS vintage0, lag(period) OVER past AS p0
  FROM point SEMI JOIN candidate USING (series)
  WINDOW past AS (PARTITION BY series ORDER BY t, vintage)
)
SELECT _id, v AS observed, v0 AS expected, v / v0 AS factor,
  p0 || ' (' || vintage0 || ')' AS reference
FROM pair WHERE vintage <> vintage0 AND v0 > 0 AND v > 0
  AND abs(ln(v / v0)) > ln({kwargs["min_factor"]})"""
