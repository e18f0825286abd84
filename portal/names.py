"""Names of a dataset's columns and codes, from its declaration and the registries."""

from dataclasses import dataclass

from model.declarations.dataset import FOOTNOTES, Dataset
from model.reference.codelist import vintage_in_words
from model.reference.registries import Registries
from model.util.text import LocalizedText, joined, localized
from portal.vocabulary import CHANGES, COLUMNS, FINDINGS, FREQUENCIES, STATUSES, ColumnWords

_CODES = {
    "obs_status": STATUSES, "old_status": STATUSES, "new_status": STATUSES, "freq": FREQUENCIES,
    "change": CHANGES,
}


@dataclass(frozen=True)
class Names:
    """The names of a dataset's columns and codes."""

    dataset: Dataset
    registries: Registries

    def column(self, name: str) -> ColumnWords:
        """Return the title and description of a column; an unknown one is titled by its name."""
        dimension = self.dataset.dimensions.get(name)
        if dimension is None and name in COLUMNS:
            return COLUMNS[name]
        title = dimension.name if dimension else FINDINGS.get(name) or localized(lambda _: name)
        return ColumnWords(title=title, description=title)

    def name_of(self, column: str, code: str) -> LocalizedText | None:
        """Return the name of a code in a column, None where it has none."""
        if column == "indicator":
            indicator = self.dataset.indicators.get(code)
            return indicator.name if indicator else None
        if column == "unit_measure":
            unit = self.registries.units.get(code)
            return unit.name if unit else None
        if column in _CODES:
            return _CODES[column].get(code)
        if column == FOOTNOTES:
            return self._footnotes(code)
        if column == "geo_vintage":
            return vintage_in_words(code)
        codelist = self.registries.codelists.get(self._codelist_of(column))
        entry = codelist.codes.get(code) if codelist else None
        return entry.name if entry else None

    def label(self, column: str, code: str, language: str) -> str:
        """Return the name of a column's code in a language, or the code where it has none."""
        name = self.name_of(column, code)
        return name.get(language) if name else code

    def _footnotes(self, ids: str) -> LocalizedText | None:
        """Return the texts of the footnotes that a cell refers to, by ids between blanks."""
        known = self.dataset.footnotes
        notes = [known[each] for each in ids.split() if each in known]
        if not notes:
            return None
        return joined(notes, " ")

    def _codelist_of(self, column: str) -> str:
        if column == "ref_area":
            return self.dataset.geography.codelist
        dimension = self.dataset.dimensions.get(column)
        return (dimension.codelist or "") if dimension else ""
