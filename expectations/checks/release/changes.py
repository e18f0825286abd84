"""Observations that the table and the last release have in common: revisions, moved series."""


from expectations.checks.base import ReleaseCheck, SeriesCheck
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import columns, points
from model.util.sql import identifier


class CommonObservationsCheck(ReleaseCheck, SeriesCheck):
    """A check of how far observations are from those of the last release."""

    finds_when = MayFind("release", "changed > 0")

    def _both(self) -> str:
        """Return common table expressions: `point`, `before`, and `common` of both."""
        series, frequency = self.series, self.frequency
        return f"""
WITH point AS ({points(series, frequency, also=", indicator")}),
before AS ({points(series, frequency, identifier(self.relation))}),
common AS (
  SELECT point.*, before.v AS v0, abs(point.v - before.v) <= 1e-9 * abs(before.v) AS same,
    CASE WHEN sign(point.v) = sign(before.v) AND before.v <> 0
      THEN least(abs(ln(point.v / before.v)), 99) ELSE 99 * (point.v <> before.v)::INTEGER END AS d
  FROM point JOIN before USING (series, t)
)"""


class UnusualRevisions(CommonObservationsCheck):
    """A revision above `min_factor`, and `times_usual` what nine in ten are revised by.

    The latter at most a factor of two.
    """

    type = "expect_revisions_to_be_usual"
    vi = "không giá trị nào được hiệu chỉnh quá mức thường thấy so với lần phát hành trước"
    en = "no value is revised more than is usual since the last release"
    severity = "warning"
    automatic = "revisions_usual"

    min_factor: float = 1.05
    times_usual: float = 5

    def query(self) -> str:
        return f"""{self._both()},
habit AS (
  SELECT indicator, quantile_cont(d, 0.9) AS usual FROM common GROUP BY indicator
)
SELECT _id, v AS observed, v0 AS expected, v / nullif(v0, 0) AS factor, period AS reference
FROM common JOIN habit USING (indicator)
WHERE d > greatest(ln({self.min_factor}), least({self.times_usual} * usual, ln(2)))"""


class MovedSeries(CommonObservationsCheck):
    """A `share` of a series' changed values are another's of before, or its own a period away."""

    type = "expect_series_to_stay_in_place"
    vi = "không chuỗi nào mang số liệu của năm khác hay chuỗi khác ở lần phát hành trước"
    en = "no series has the values that another year or series had in the last release"
    severity = "warning"
    automatic = "series_in_place"

    share: float = 0.7
    min_periods: int = 4

    def query(self) -> str:
        least = self.min_periods
        return f"""{self._both()},
other AS (
  SELECT series, count(*) FILTER (NOT same) AS n, min(t) FILTER (NOT same) AS t
  FROM common GROUP BY series HAVING n >= greatest({least}, 0.4 * count(*))
),
changed AS (SELECT point.* FROM common point SEMI JOIN other USING (series) WHERE NOT same),
shifted AS (
  SELECT a.series, a.series AS source, a.t - b.t AS shift, count(*) AS matches
  FROM changed a JOIN before b ON a.series = b.series AND b.t BETWEEN a.t - 2 AND a.t + 2
  WHERE a.v = b.v AND a.t <> b.t GROUP BY ALL HAVING count(DISTINCT a.v) >= {least}
),
taken AS (
  SELECT a.series, b.series AS source, 0 AS shift, count(*) AS matches
  FROM changed a JOIN before b ON a.t = b.t AND a.v = b.v AND a.series <> b.series
  GROUP BY ALL HAVING count(DISTINCT a.v) >= {least}
),
best AS (
  SELECT * FROM (FROM shifted UNION ALL FROM taken) JOIN other USING (series)
  WHERE matches >= {self.share} * n
  QUALIFY row_number() OVER (PARTITION BY series ORDER BY matches DESC, abs(shift), source) = 1
),
named AS (
  SELECT hash({columns(self.series)}) AS source,
    any_value(concat_ws(' ', {columns(self.series)})) AS name
  FROM {identifier(self.relation)} WHERE source IN (SELECT source FROM best) GROUP BY source
)
SELECT _id, v AS observed, v0 AS expected, matches AS periods, shift, name AS reference
FROM common JOIN best USING (series, t) JOIN named USING (source)"""
