"""Steps of short series that no other area makes."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.areas.apart import AreasApartCheck, is_far, log
from expectations.checks.base import FREQUENCIES
from expectations.checks.prefilter import MayFind, any_series, having
from model.util.text import Bilingual


class AreaSteps(AreasApartCheck):
    """A step of a series of `min_periods` to `max_periods` that is far from all other areas'.

    A long series shows by itself what is usual for it; of a short one only the others can. Of the
    two observations that make a step, that one is named which is farther from the series' level.
    `reference` is the period that it is compared with.
    """

    type: ClassVar = "expect_steps_to_be_usual_across_areas"
    text: ClassVar = Bilingual(
        vi="không chuỗi ngắn nào thay đổi khác hẳn mọi khu vực khác trong cùng kỳ",
        en="no short series changes as no other area does in the same period",
    )
    automatic: ClassVar = "steps_usual_across_areas"
    frequencies: ClassVar = tuple(name for name in FREQUENCIES if name != "YTD")

    min_areas: int = 10
    min_periods: int = 4
    max_periods: int = 7
    min_factor: float = 5

    def candidate(self) -> str:
        return (
            f"n BETWEEN {self.min_periods} AND {self.max_periods} AND positive"
            f" AND high >= {self.min_factor} * low_positive"
        )

    def may_find(self) -> MayFind:
        return any_series(self.candidate())

    def query(self) -> str:
        names, far = self._far("d")
        level = f", any_value(sheet) AS sheet, median({log('v')}) AS level"
        return f"""
WITH point AS ({self._points()}),
short AS ({having(self.candidate(), level)}),
pair AS (
  SELECT *, lag(v) OVER past AS v0, lag(period) OVER past AS p0, lag(_id) OVER past AS id0,
    t - lag(t) OVER past AS apart, {log('v / v0')} AS d
  FROM point SEMI JOIN short USING (sheet) WHERE v > 0
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
step AS (SELECT * FROM pair WHERE apart <= 3),
far AS (SELECT sheet, t, {names} FROM step GROUP BY sheet, t HAVING {far}),
found AS (
  SELECT *, abs(ln(v0) - level) > abs(ln(v) - level) + 1e-9 AS earlier
  FROM step JOIN short USING (series, sheet) JOIN far USING (sheet, t) WHERE {is_far("d")}
)
SELECT DISTINCT ON (_id) _id, observed, expected, observed / expected AS factor, reference, areas
FROM (
  SELECT CASE WHEN earlier THEN id0 ELSE _id END AS _id, areas, t,
    CASE WHEN earlier THEN v0 ELSE v END AS observed,
    CASE WHEN earlier THEN v / exp(middle) ELSE v0 * exp(middle) END AS expected,
    CASE WHEN earlier THEN period ELSE p0 END AS reference
  FROM found
) ORDER BY _id, t"""
