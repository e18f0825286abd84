"""The observations that the table and the last release have in common, with every key column."""

from typing import ClassVar

from expectations.checks.base import Level, ReleaseCheck, SeriesCheck, Severity
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import columns, number
from model.util.sql import identifier


class GrossRevisionCheck(ReleaseCheck, SeriesCheck):
    """A check of all revisions of an indicator together; it blocks the release."""

    finds_when = MayFind("release", "changed > 0")

    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "critical"

    def _pairs(self) -> str:
        """Return common table expressions.

        `before` has the finite values of the last release (the series, `t`, `v`, `place`: the row
        in the source, or NULL), `pair` those of the table with the earlier value `v0`.
        """
        series, t = columns(self.series), number(self.frequency)
        return f"""
WITH stored AS (
  SELECT * FROM (SELECT NULL::BIGINT AS source_row WHERE false)
  UNION ALL BY NAME SELECT * FROM {identifier(self.relation)}
),
before AS (
  SELECT {series}, {t} AS t, obs_value AS v, source_row AS place FROM stored
  WHERE isfinite(obs_value) AND {t} IS NOT NULL
),
pair AS (
  SELECT now.*, before.v AS v0 FROM (
    SELECT {series}, {t} AS t, time_period, obs_value AS v FROM {{batch}}
    WHERE isfinite(obs_value) AND {t} IS NOT NULL
  ) AS now JOIN before USING ({series}, t)
)"""

    def _others(self, *names: str) -> str:
        """Return the key columns besides some, for USING."""
        return columns([name for name in (*self.series, "t") if name not in names])
