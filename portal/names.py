"""What a dataset's columns and codes are called: its declaration, and the registries."""

from __future__ import annotations

from dataclasses import dataclass

from model.declarations.dataset import Dataset
from model.reference.codelist import vintage_in_words
from model.reference.registries import Registries
from model.util.text import Bilingual
from portal.metadata.vocabulary import CHANGES, COLUMNS, FINDINGS, FREQUENCIES, STATUSES, Column


@dataclass(frozen=True)
class Names:
    """The words for a dataset's columns and codes."""

    dataset: Dataset
    registries: Registries

    def column(self, name: str) -> Column:
        """Return what a column is, for people; one that nobody knows is called by its name."""
        if name in self.dataset.dimensions:
            title = self.dataset.dimensions[name].name
            return Column(title, title)
        known = COLUMNS.get(name) or FINDINGS.get(name)
        return known or Column(Bilingual(vi=name, en=name), Bilingual(vi=name, en=name))

    def name_of(self, column: str, code: str) -> Bilingual | None:
        """Return the name of a code in a column, or None where it has none."""
        if column == "indicator":
            indicator = self.dataset.indicators.get(code)
            return indicator.name if indicator else None
        if column == "unit_measure":
            unit = self.registries.units.get(code)
            return unit.name if unit else None
        if column in ("obs_status", "old_status", "new_status"):
            return STATUSES.get(code)
        if column == "freq":
            return FREQUENCIES.get(code)
        if column == "change":
            return CHANGES.get(code)
        codelist = self.registries.codelists.get(self._codelist_of(column))
        entry = codelist.codes.get(code) if codelist else None
        return entry.name if entry else None

    def label(self, column: str, code: str, language: str) -> str:
        """Return the name of a code in a language, or the code where it has none."""
        name = self.name_of(column, code)
        return name.get(language) if name else code

    def borders(self, vintage: str, language: str) -> str:
        """Return in words of which list and day the codes of areas are."""
        return vintage_in_words(vintage).get(language)

    def _codelist_of(self, column: str) -> str:
        if column == "ref_area":
            return self.dataset.geography.codelist
        dimension = self.dataset.dimensions.get(column)
        return (dimension.codelist or "") if dimension else ""
