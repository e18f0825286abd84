"""Series that have another year's or another series' values of the last release."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.release.common import CommonObservationsCheck
from expectations.checks.sql import columns
from model.records.validation import Severity
from model.util.sql import identifier
from model.util.text import LocalizedText


class MovedSeries(CommonObservationsCheck):
    """A `share` of a series' changed values are another's of before, or its own a period away."""

    type: ClassVar = "expect_series_to_stay_in_place"
    text: ClassVar = LocalizedText(
        vi="không chuỗi nào mang số liệu của năm khác hay chuỗi khác ở lần phát hành trước",
        en="no series has the values that another year or series had in the last release",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "series_in_place"

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
