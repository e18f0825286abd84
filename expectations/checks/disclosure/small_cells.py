"""Small counts of people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from expectations.checks.base import Check, Implied, Level
from expectations.checks.sql import text
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import Bilingual


class SmallCellsWithheld(Check):
    """How many counts are from 1 to below their threshold, by indicator and area."""

    type: ClassVar = "expect_small_cells_to_be_withheld"
    text: ClassVar = Bilingual(
        vi="không công bố số người quá nhỏ, có thể làm lộ một cá nhân",
        en="no count of people is published that is so small that it could tell who is meant",
    )
    level: ClassVar[Level] = "table"
    automatic: ClassVar = "small_cells_withheld"
    protects_persons: ClassVar = True
    acceptable: ClassVar = False

    thresholds: dict[str, int]

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check, where an indicator counts people."""
        thresholds = {
            code: indicator.small_cells.threshold
            for code, indicator in dataset.indicators.items() if indicator.small_cells
        }
        given = {"thresholds": thresholds}
        return [Implied(cls.automatic, cls.severity, given)] if thresholds else []

    def query(self) -> str:
        below = " OR ".join(
            f"(indicator = {text(code)} AND obs_value > 0 AND obs_value < {least})"
            for code, least in self.thresholds.items()
        )
        return f"""
SELECT indicator, ref_area, count(*) AS affected,
  min(time_period) || ' … ' || max(time_period) AS reference
FROM {{batch}} WHERE {below} GROUP BY ALL"""
