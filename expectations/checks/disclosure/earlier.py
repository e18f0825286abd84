"""Counts that are withheld in one release and published in another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from expectations.checks.base import EARLIER_RELEASES, Implied, Level, Severity
from expectations.checks.disclosure.cells import PUBLISHED, WITHHELD, WithheldCellsCheck, withheld
from expectations.disclosure_control.small_cells import suppressed
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.sql import identifier
from model.util.text import Bilingual


class WithheldBefore(WithheldCellsCheck):
    """How many counts are withheld now and were published in an earlier release, or the reverse.

    Both tell by difference: of what was published once, and of what was withheld beside it.
    """

    type: ClassVar = "expect_withheld_counts_to_stay_withheld"
    text: ClassVar = Bilingual(
        vi="số bị che vẫn bị che ở mọi lần phát hành, để so sánh các lần không làm lộ",
        en="what is withheld is withheld in every release: comparing them gives nothing away",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "withheld_in_every_release"

    relation: str = EARLIER_RELEASES

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check, where counts are withheld."""
        given = withheld(dataset)
        return [Implied(cls.automatic, cls.severity, given)] if suppressed(dataset) else []

    def relations(self) -> frozenset[str]:
        return frozenset({self.relation})

    def query(self) -> str:
        earlier = identifier(self.relation)
        pairs = [
            ("withheld now, published in an earlier release", WITHHELD, PUBLISHED),
            ("published now, withheld in an earlier release", PUBLISHED, WITHHELD),
        ]
        return " UNION ALL ".join(
            f"""
SELECT indicator, count(*) AS affected, '{words}' AS reference
FROM ({self.cells("{batch}", now)})
WHERE cell IN (SELECT cell FROM ({self.cells(earlier, then)}))
GROUP BY indicator"""
            for words, now, then in pairs
        )
