"""Gaps of the last release that are filled with 0."""

from typing import ClassVar

from expectations.checks.base import Level, ReleaseCheck, SeriesCheck, Severity
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import columns, number
from model.util.sql import identifier
from model.util.text import LocalizedText


class ZeroesForGaps(ReleaseCheck, SeriesCheck):
    """A `share` of the values that an indicator has where the last release had none are 0.

    `min_cells` at least, in series that it had and up to its last period: a program that knows no
    missing values writes 0 for them.
    """

    type: ClassVar = "expect_gaps_of_last_release_to_not_become_zero"
    text: ClassVar = LocalizedText(
        vi="ô không có số liệu trong lần phát hành trước không trở thành số 0",
        en="what had no value in the last release does not become 0",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "gaps_of_last_release"
    finds_when = MayFind("release", "now_rows > before_rows OR zeroed > 0")

    share: float = 0.8
    min_cells: int = 5

    def query(self) -> str:
        series, t = columns(self.series), number(self.frequency)
        return f"""
WITH before AS (
  SELECT {series}, {t} AS t FROM {identifier(self.relation)} WHERE obs_value IS NOT NULL
),
now AS (
  SELECT {series}, {t} AS t, time_period, obs_value AS v FROM {{batch}}
  WHERE obs_value IS NOT NULL AND {t} <= (SELECT max(t) FROM before)
),
added AS (
  SELECT * FROM now SEMI JOIN (SELECT DISTINCT {series} FROM before) USING ({series})
  ANTI JOIN before USING ({series}, t)
),
counted AS (
  SELECT indicator, count(*) AS n, count(*) FILTER (v = 0) AS cells,
    min(time_period) || ' … ' || max(time_period) AS reference
  FROM added GROUP BY indicator
)
SELECT indicator, '– → 0: ' || cells || '/' || n || ' (' || indicator || ')' AS observed,
  '–' AS expected, reference
FROM counted WHERE cells >= greatest({self.min_cells}, {self.share} * n)"""
