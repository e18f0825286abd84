"""Statuses that are gone since the last release."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import Level, ReleaseCheck, SeriesCheck, Severity
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import columns
from model.util.sql import identifier
from model.util.text import LocalizedText


class LostStatuses(ReleaseCheck, SeriesCheck):
    """A status that no observation has any more, though a `share` of its values are unchanged.

    Figures that become final are revised, or others become preliminary after them. `min_cells` at
    least.
    """

    type: ClassVar = "expect_all_statuses_of_last_release"
    text: ClassVar = LocalizedText(
        vi="trạng thái số liệu (sơ bộ, ước tính…) của lần phát hành trước vẫn còn",
        en="the statuses of the last release (preliminary, estimated …) are still there",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "statuses_of_last_release"

    share: float = 0.9
    min_cells: int = 3

    def may_find(self) -> MayFind:
        return MayFind("release", "unmarked > 0")

    def query(self) -> str:
        key = columns([*self.series, "time_period"])
        return f"""
WITH pair AS (
  SELECT before.obs_status AS status, before.time_period, now.obs_status = 'A' AS is_lost,
    now.obs_value = before.obs_value AS is_same
  FROM {identifier(self.relation)} AS before JOIN {{batch}} AS now USING ({key})
  WHERE before.obs_status <> 'A' AND now.obs_value IS NOT NULL
),
counted AS (
  SELECT status, count(*) AS n, count(*) FILTER (is_lost AND is_same) AS cells,
    min(time_period) || ' … ' || max(time_period) AS reference
  FROM pair WHERE status NOT IN (SELECT DISTINCT obs_status FROM {{batch}}) GROUP BY status
)
SELECT status || ' → A: ' || cells || '/' || n AS observed, status AS expected, reference
FROM counted WHERE cells >= greatest({self.min_cells}, {self.share} * n)"""
