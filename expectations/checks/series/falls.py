"""Cumulative figures that fall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from expectations.checks.base import Implied, SeriesCheck, Severity
from expectations.checks.sql import points
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import Bilingual


class CumulativeFalls(SeriesCheck):
    """A cumulative figure lower than the one before, `within` the same year or `always`."""

    type: ClassVar = "expect_cumulative_series_to_not_fall"
    text: ClassVar = Bilingual(vi="số lũy kế không giảm", en="cumulative figures do not fall")
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "cumulative_series_do_not_fall"

    within: Literal["year", "always"] = "year"

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check, of figures of the year to date."""
        return [Implied(cls.automatic, cls.severity)] if dataset.frequency == "YTD" else []

    def query(self) -> str:
        within = {"year": ", left(period, 4)", "always": ""}[self.within]
        return f"""
WITH point AS ({points(self.series, self.frequency)})
SELECT _id, observed, expected, observed / nullif(expected, 0) AS factor, reference FROM (
  SELECT _id, v AS observed, lag(v) OVER past AS expected, lag(period) OVER past AS reference
  FROM point WINDOW past AS (PARTITION BY series{within} ORDER BY t)
) WHERE observed < expected"""
