"""Values that stand a row or a period beside their place."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.revisions.common import GrossRevisionCheck
from model.util.text import LocalizedText


class ShiftedValues(GrossRevisionCheck):
    """A `share` of an indicator's changed values are those of another period, or of the next row.

    Rows are areas in the order of the last release's source, or of their codes. At most two rows or
    periods away.
    """

    type: ClassVar = "expect_no_values_shifted"
    text: ClassVar = LocalizedText(
        vi="không chỉ tiêu nào có số liệu bị lệch dòng hoặc lệch kỳ so với lần phát hành trước",
        en="no indicator's values are shifted by a row or a period since the last release",
    )
    automatic: ClassVar = "not_shifted"

    share: float = 0.7
    min_cells: int = 4

    def query(self) -> str:
        series, rest = self._others("t"), self._others("ref_area")
        return f"""{self._pairs()},
changed AS (FROM pair WHERE v <> v0),
size AS (SELECT indicator, count(*) AS n FROM changed GROUP BY indicator),
ranked AS (
  SELECT ref_area, row_number() OVER (ORDER BY min(place), ref_area) AS r
  FROM before GROUP BY ref_area
),
moved AS (
  SELECT a.indicator, 'kỳ/period' AS unit, a.t - b.t AS shift, a.v
  FROM changed AS a JOIN before AS b USING ({series})
  WHERE a.v = b.v AND a.t <> b.t AND abs(a.t - b.t) <= 2
  UNION ALL
  SELECT a.indicator, 'dòng/row', x.r - y.r, a.v
  FROM changed AS a JOIN before AS b USING ({rest})
  JOIN ranked AS x ON x.ref_area = a.ref_area JOIN ranked AS y ON y.ref_area = b.ref_area
  WHERE a.v = b.v AND x.r <> y.r AND abs(x.r - y.r) <= 2
),
shifted AS (
  SELECT indicator, unit, shift, count(*) AS cells FROM moved
  GROUP BY ALL HAVING count(DISTINCT v) >= {self.min_cells}
)
SELECT -cells AS place, indicator,
  indicator || ': ' || printf('%+d', shift::BIGINT) || ' ' || unit || ', ' || cells || '/' || n
    AS observed,
  '0' AS expected
FROM shifted JOIN size USING (indicator) WHERE cells >= {self.share} * n"""
