"""Areas whose level is far from that of any other."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.areas.apart import AreasApartCheck, is_far, log
from expectations.checks.prefilter import MayFind
from model.util.text import Bilingual


class AreaLevels(AreasApartCheck):
    """The first observation of each series whose median is far from that of any other area.

    `reference` is the area that comes next.
    """

    type: ClassVar = "expect_levels_to_be_usual_across_areas"
    text: ClassVar = Bilingual(
        vi="không khu vực nào có mức của chỉ tiêu cách xa mọi khu vực khác",
        en="no area has a level of an indicator that is far from all other areas",
    )
    automatic: ClassVar = "levels_usual_across_areas"

    min_areas: int = 20
    min_factor: float = 4

    def may_find(self) -> MayFind:
        return MayFind("series", f"""(SELECT count(*) FROM (
  SELECT max(typical, 2) AS top, min(typical, 2) AS bottom FROM series
  WHERE low >= 0 AND typical > 0 AND {self._single()} GROUP BY sheet
  HAVING count(*) >= {self.min_areas}
    AND greatest(top[1] / top[2], bottom[2] / bottom[1]) >= 0.999 * {self.min_factor}
)) > 0""")

    def query(self) -> str:
        names, far = self._far("level")
        return f"""
WITH point AS ({self._points()}),
series AS (
  SELECT series, any_value(sheet) AS sheet, any_value(area) AS area, min(t) AS t,
    count(*) AS periods, {log('list_median(list(v))')} AS level
  FROM point GROUP BY series HAVING min(v) >= 0
),
far AS (
  SELECT sheet, {names} FROM series WHERE level IS NOT NULL GROUP BY sheet HAVING {far}
),
found AS (SELECT * FROM series JOIN far USING (sheet) WHERE {is_far("level")})
SELECT _id, exp(level) AS observed, exp(middle) AS expected, exp(level - middle) AS factor,
  CASE WHEN level > middle THEN next_below ELSE next_above END AS reference, periods, areas
FROM point JOIN found USING (series, t)"""
