"""Revisions larger than the release's others."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.release.common import CommonObservationsCheck
from model.records.validation import Severity
from model.util.text import LocalizedText


class UnusualRevisions(CommonObservationsCheck):
    """A revision above `min_factor`, and `times_usual` what nine in ten are revised by.

    The latter at most a factor of two.
    """

    type: ClassVar = "expect_revisions_to_be_usual"
    text: ClassVar = LocalizedText(
        vi="không giá trị nào được hiệu chỉnh quá mức thường thấy so với lần phát hành trước",
        en="no value is revised more than is usual since the last release",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "revisions_usual"

    min_factor: float = 1.05
    times_usual: float = 5

    def query(self) -> str:
        return f"""{self._both()},
habit AS (
  SELECT indicator, quantile_cont(d, 0.9) AS usual FROM common GROUP BY indicator
)
SELECT _id, v AS observed, v0 AS expected, v / nullif(v0, 0) AS factor, period AS reference
FROM common JOIN habit USING (indicator)
WHERE d > greatest(ln({self.min_factor}), least({self.times_usual} * usual, ln(2)))"""
