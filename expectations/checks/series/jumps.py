"""Values that leave what their series has ever done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from expectations.checks.base import Implied, Severity
from expectations.checks.series.cuts import CutSeriesCheck
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import Bilingual


class SeriesJumps(CutSeriesCheck):
    """A step of `min_factor` that is also `times_usual` times the third largest of the series.

    By season where monthly or quarterly. Where a share `shared` of the indicator's series does it
    in the same period it is none; where a share `event` takes the largest step of its history there
    (a pandemic), only what is off by ten is one. Where a series begins far below what follows, it
    was new then.
    """

    type: ClassVar = "expect_series_values_to_not_jump"
    text: ClassVar = Bilingual(
        vi="không giá trị nào nhảy vọt quá mức mà chính chuỗi đó từng có",
        en="no value jumps beyond what its own series has ever done",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "series_without_jumps"

    min_periods: int = 8
    min_factor: float = 3
    times_usual: float = 5
    shared: float = 0.1
    event: float = 0.3

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check; a fortnight of days says nothing of what is usual for the weather."""
        days = {"min_periods": 60} if dataset.frequency in ("D", "W") else {}
        return [Implied(cls.automatic, cls.severity, days)]

    def candidate(self) -> str:
        return (
            f"n >= {self.min_periods} AND (NOT positive OR n_positive >= {self.min_periods}"
            f" AND high >= {self.min_factor} * low_positive)"
        )

    def unusual(self, step: str) -> str:
        return (
            f"CASE WHEN positive"
            f" THEN {step} > greatest({self.times_usual} * usual, ln({self.min_factor}))"
            f" ELSE {step} > {2 * self.times_usual} * usual END"
        )

    def query(self) -> str:
        return f"""{self._found()},
beside AS (
  SELECT indicator, t, count(*) AS present,
    count(*) FILTER (abs(d - mid) = largest) >= greatest(3, {self.event} * present) AS event
  FROM cut SEMI JOIN (SELECT DISTINCT indicator, t FROM found) USING (indicator, t)
  GROUP BY indicator, t
)
SELECT _id, observed, expected, factor, reference, periods FROM (
  SELECT *, count(*) OVER (PARTITION BY indicator, t) AS together FROM found
) JOIN beside USING (indicator, t)
WHERE NOT beginning AND (together < 3 OR together < {self.shared} * present)
  AND (NOT event OR factor NOT BETWEEN 0.1 AND 10)"""
