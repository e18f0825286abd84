"""The observations that the table and the last release have in common."""

from expectations.checks.base import ReleaseCheck, SeriesCheck
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import points
from model.util.sql import identifier


class CommonObservationsCheck(ReleaseCheck, SeriesCheck):
    """A check of how far observations are from those of the last release."""

    def may_find(self) -> MayFind:
        return MayFind("release", "changed > 0")

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
