"""Counts that are withheld here and published by another dataset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from expectations.checks.base import Implied, Level
from expectations.checks.disclosure.cells import PUBLISHED, WITHHELD, WithheldCellsCheck, withheld
from expectations.checks.sql import text
from expectations.disclosure_control.small_cells import suppressed
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.sql import identifier
from model.util.text import Bilingual


class WithheldElsewhere(WithheldCellsCheck):
    """How many counts another dataset publishes of those that are withheld here, by indicator."""

    type: ClassVar = "expect_withheld_counts_to_be_withheld_elsewhere"
    text: ClassVar = Bilingual(
        vi="số bị che ở đây không được công bố ở bộ dữ liệu khác có cùng chỉ tiêu",
        en="no count that is withheld here is published by another dataset with the indicator",
    )
    level: ClassVar[Level] = "table"
    automatic: ClassVar = "withheld_elsewhere"
    protects_persons: ClassVar = True
    acceptable: ClassVar = False

    dataset: str

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check for each dataset that has the same indicator."""
        others = sorted({name for rule in suppressed(dataset).values() for name in rule.also_in})
        return [
            Implied(
                cls.automatic if number == 1 else f"{cls.automatic}_{number}", cls.severity,
                {"dataset": other, **withheld(dataset, other)},
            )
            for number, other in enumerate(others, start=1)
        ]

    def relations(self) -> frozenset[str]:
        return frozenset({self.dataset})

    def query(self) -> str:
        theirs = identifier(self.dataset)
        return f"""
SELECT indicator, count(*) AS affected, {text(self.dataset)} AS reference
FROM ({self.cells("{batch}", WITHHELD)})
WHERE cell IN (SELECT cell FROM ({self.cells(theirs, PUBLISHED)}))
GROUP BY indicator"""
