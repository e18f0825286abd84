"""Values that have lost digits: a file that was saved as it was shown."""


from expectations.checks.revisions.common import GrossRevisionCheck


class RoundedRevision(GrossRevisionCheck):
    """A `share` of an indicator's changed values, `min_cells` at least, are the earlier, rounded.

    Only a warning: a publisher may decide to publish fewer digits. Single precision is no rounding.
    """

    type = "expect_values_to_keep_their_digits"
    vi = "không chỉ tiêu nào chỉ còn là số liệu đã làm tròn của lần phát hành trước"
    en = "no indicator has the values of the last release, rounded"
    severity = "warning"
    automatic = "digits_kept"

    share: float = 0.9
    min_cells: int = 5

    def query(self) -> str:
        return f"""{self._pairs()},
digits AS (
  SELECT indicator, v, v0,
    list_filter(range(-12, 10), lambda d: abs(round(v, d::INTEGER) - v) <= 1e-12 * abs(v))[1] AS d
  FROM pair WHERE v <> v0
),
counted AS (
  SELECT indicator, count(*) AS n,
    count(*) FILTER (v <> 0 AND abs(v - v0) > 1e-6 * abs(v0)
      AND abs(round(v0, d::INTEGER) - v) <= 1e-9 * abs(v)) AS cells
  FROM digits GROUP BY indicator
)
SELECT -cells AS place, indicator, indicator || ': ' || cells || '/' || n || ' ≈' AS observed,
  '0' AS expected
FROM counted WHERE cells >= {self.min_cells} AND cells >= {self.share} * n"""
