"""Indicators that were revised in most of their observations."""

from expectations.checks.revisions.common import GrossRevisionCheck


class MostlyRevised(GrossRevisionCheck):
    """More than a `share` of an indicator's observations revised by more than `revision`.

    At least `min_cells`. Powers of ten are left to their own check. Values of other places are
    counted: a column that was sorted by itself has nothing else.
    """

    type = "expect_most_values_to_stay"
    vi = "không chỉ tiêu nào bị hiệu chỉnh đáng kể ở phần lớn số liệu so với lần phát hành trước"
    en = "no indicator has most of its values revised considerably since the last release"
    automatic = "mostly_unrevised"

    share: float = 0.5
    revision: float = 0.05
    min_cells: int = 5

    def query(self) -> str:
        return f"""{self._pairs()},
rated AS (
  SELECT *, abs(v - v0) > {self.revision} * abs(v0) AS revised,
    v IN (SELECT v FROM before) AS elsewhere,
    coalesce(abs(power - round(power)) <= 5e-4, false) AS scaled
  FROM (SELECT *, log10(nullif(abs(v / nullif(v0, 0)), 0)) AS power FROM pair)
),
counted AS (
  SELECT indicator, count(*) AS common, count(*) FILTER (revised) AS cells,
    count(*) FILTER (revised AND scaled) AS named,
    count(*) FILTER (revised AND elsewhere) AS moved,
    median(v / nullif(v0, 0)) FILTER (revised) AS factor
  FROM rated GROUP BY indicator
)
SELECT -cells AS place, indicator,
  indicator || ': ' || cells || '/' || common || ' > {self.revision:.0%}'
    || CASE WHEN moved >= 0.8 * cells THEN ', ' || moved || ' ↔'
       ELSE coalesce(', ×' || printf('%.4g', factor), '') END AS observed,
  '≤ {self.share:.0%}' AS expected
FROM counted
WHERE cells > {self.share} * common AND common >= {self.min_cells} AND named < 0.8 * cells"""
