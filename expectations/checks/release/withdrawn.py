"""Observations that are gone from series that are still there."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Level, ReleaseCheck, SeriesCheck, Severity
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import columns
from model.util.sql import identifier
from model.util.text import LocalizedText


class WithdrawnObservations(ReleaseCheck, SeriesCheck):
    """A series that is still there, without observations that the last release had."""

    type: ClassVar = "expect_no_observation_to_be_withdrawn"
    text: ClassVar = LocalizedText(
        vi="chuỗi nào còn thì vẫn giữ mọi quan sát của lần phát hành trước",
        en="each series that is still there has every observation of the last release",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "observations_of_last_release"

    def may_find(self) -> MayFind:
        return MayFind("release", "lost > 0")

    def query(self) -> str:
        series = columns(self.series)
        return f"""
WITH before AS (
  SELECT {series}, time_period FROM {identifier(self.relation)} WHERE obs_value IS NOT NULL
),
now AS (SELECT {series}, time_period FROM {{batch}} WHERE obs_value IS NOT NULL),
lost AS (FROM before ANTI JOIN now USING ({series}, time_period))
SELECT {series}, count(*) AS missing, min(time_period) AS time_period,
  min(time_period) || ' … ' || max(time_period) AS reference
FROM lost SEMI JOIN now USING ({series}) GROUP BY {series}"""
