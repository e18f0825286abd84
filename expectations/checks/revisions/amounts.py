"""Indicators revised in most of their observations, by a power of ten, or by rounding."""

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


class ScaledRevision(GrossRevisionCheck):
    """A `share` of an indicator revised by one power of ten, or `min_cells` of it exactly so.

    Exactly: to nine digits, which no revision of a figure with two significant digits or more is
    by chance. The share allows for figures that were rounded in the new unit. One or two figures
    are named only from a factor of a hundred on: a count of 1 can become 10.
    """

    type = "expect_no_revision_by_power_of_ten"
    vi = "không chỉ tiêu nào được hiệu chỉnh theo bội số của mười so với lần phát hành trước"
    en = "no indicator is revised by a power of ten since the last release"
    automatic = "not_scaled"

    share: float = 0.8
    min_cells: int = 3

    def query(self) -> str:
        return f"""{self._pairs()},
rated AS (
  SELECT indicator, ref_area, v / v0 AS factor,
    round(log10(nullif(abs(v / v0), 0)))::INTEGER AS power,
    abs(v0) / pow(10, floor(log10(nullif(abs(v0), 0)))) AS digits
  FROM pair WHERE v <> 0 AND sign(v) = sign(v0)
),
size AS (SELECT indicator, count(*) AS common FROM rated GROUP BY indicator),
scaled AS (
  SELECT indicator, power, count(DISTINCT ref_area) AS areas, min(ref_area) AS area,
    count(*) FILTER (abs(factor / pow(10, power) - 1) <= 1e-3) AS near,
    count(*) FILTER (abs(factor / pow(10, power) - 1) <= 1e-9
      AND abs(digits - round(digits)) > 1e-9) AS exact
  FROM rated WHERE power <> 0 AND abs(factor / pow(10, power) - 1) <= 1e-3
  GROUP BY indicator, power
)
SELECT -near AS place, indicator,
  CASE WHEN power > 0 THEN '×' ELSE '÷' END || pow(10, abs(power))::DECIMAL(38, 0)
    || ': ' || near || '/' || common || ' (' || indicator
    || CASE WHEN areas = 1 THEN ', ' || area ELSE '' END || ')' AS observed,
  '×1' AS expected
FROM scaled JOIN size USING (indicator)
WHERE (near >= {self.share} * common AND (near >= {self.min_cells} OR abs(power) > 1))
  OR exact >= greatest({self.min_cells}, 0.002 * common)"""


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
