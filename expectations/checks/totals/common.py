"""What checks of totals share: the rows that they are about, and the columns that tie them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from expectations.checks.base import ArgumentProblem, SeriesCheck
from expectations.checks.sql import columns, text, texts, where
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.sql import identifier

TOTAL = "_T"  # the code of a total in SDMX's codelists


class PartsCheck(SeriesCheck):
    """A check of a column's codes against their total, in rows that are else of the same key."""

    column: str
    total: str = TOTAL
    parts: list[str] = []  # none: every other code
    indicators: list[str] = []
    where: dict[str, str] = {}

    def others(self) -> str:
        """Return the columns that a total and its parts have in common."""
        names = [name for name in (*self.series, "time_period") if name != self.column]
        return columns(names)

    def points(self) -> str:
        """Return a SELECT of the rows that the check is about."""
        only = where(self.where, indicators=self.indicators)
        return f"SELECT * FROM {{batch}} WHERE isfinite(obs_value) AND {only}"

    def is_part(self) -> str:
        """Return the condition that a row is a part."""
        column = identifier(self.column)
        listed = f"{column} IN ({texts(self.parts)})" if self.parts else "true"
        return f"{column} <> {text(self.total)} AND {listed}"

    def words(self, wording: Wording) -> Mapping[str, str]:
        of_indicators = self.column == "indicator"
        return {
            "column": wording.column(self.column),
            "total": wording.code(self.column, self.total) if self.total != TOTAL else "",
            "parts": wording.listed([wording.code(self.column, part) for part in self.parts]),
            "only": wording.narrowed([] if of_indicators else self.indicators, self.where),
        }

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        yield from super().problems(dataset, registries)
        codes: Any = [self.total, *self.parts] if self.column == "indicator" else []
        for code in codes:
            if code not in dataset.indicators:
                yield ArgumentProblem(("column",), f"{dataset.id} has no indicator {code!r}")
