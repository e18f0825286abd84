"""Areas that are gone since the last release."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Level, QualityDimension, ReleaseCheck, Severity
from expectations.checks.prefilter import MayFind
from model.util.sql import identifier
from model.util.text import LocalizedText


class LostAreas(ReleaseCheck):
    """Indicator and area that the last release had, and the table has not at all."""

    type: ClassVar = "expect_all_areas_of_last_release"
    text: ClassVar = LocalizedText(
        vi="khu vực nào có trong lần phát hành trước thì vẫn còn, ở từng chỉ tiêu",
        en="each area of the last release is still there, in each indicator",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    dimension: ClassVar[QualityDimension] = "completeness"
    automatic: ClassVar = "areas_of_last_release"

    def may_find(self) -> MayFind:
        return MayFind("release", "lost > 0")

    def query(self) -> str:
        return f"""
WITH before AS (
  SELECT indicator, ref_area, geo_vintage, count(*) AS expected,
    min(time_period) || ' … ' || max(time_period) AS reference
  FROM {identifier(self.relation)} WHERE obs_value IS NOT NULL GROUP BY ALL
),
now AS (SELECT DISTINCT indicator, ref_area, geo_vintage FROM {{batch}} WHERE obs_value IS NOT NULL)
SELECT indicator, ref_area, geo_vintage, 0 AS observed, expected, reference
FROM before ANTI JOIN now USING (indicator, ref_area, geo_vintage)"""
