"""Values revised by a power of ten: another unit, or a misread decimal mark."""

from expectations.checks.revisions.common import GrossRevisionCheck


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
