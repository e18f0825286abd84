"""A table's schema: columns with declared types, key, and the bilingual data dictionary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.languages import default_language, languages
from portal.names import Names
from portal.vocabulary import FREQUENCIES, STATUSES

# Longer codelists are only in the data dictionary that is published as a file.
MOST_CODES = 40

# The key in a column's `info` that holds the checksum of the loaded release: the one place that
# both the action API and the database can read and write, and that is dropped with the table.
CHECKSUM_KEY = "release_sha256"

ColumnType = Literal["text", "float8"]
Infos = Mapping[str, Mapping[str, Any]]  # of columns by name, as CKAN keeps them


@dataclass(frozen=True)
class DataStoreColumn:
    """A column: its name, its PostgreSQL type, and what CKAN keeps as its `info`."""

    name: str
    type: ColumnType
    info: Mapping[str, Any]


@dataclass(frozen=True)
class TableSchema:
    """Columns in order, and those that identify a row."""

    columns: tuple[DataStoreColumn, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def arrow(self) -> pa.Schema:
        """The columns as an Arrow schema."""
        types = {"text": pa.string(), "float8": pa.float64()}
        return pa.schema([(column.name, types[column.type]) for column in self.columns])

    def has_dictionary(self, infos: Infos) -> bool:
        """Return whether the dictionary is this schema's, but for the recorded checksum."""
        return all(
            {key: value for key, value in infos.get(column.name, {}).items() if key != CHECKSUM_KEY}
            == column.info
            for column in self.columns
        )

    def fields(self, sha256: str | None) -> list[dict[str, Any]]:
        """Return the `fields` of datastore_create, with the release's checksum if given."""
        return [
            {"id": column.name, "type": column.type, "info": info}
            for column, info in zip(self.columns, self.infos(sha256), strict=True)
        ]

    def infos(self, sha256: str | None) -> list[dict[str, Any]]:
        """Return each column's `info`; the first one holds the release's checksum."""
        infos = [dict(column.info) for column in self.columns]
        if sha256:
            infos[0][CHECKSUM_KEY] = sha256
        return infos


def table_schema_of(
    dataset: Dataset, registries: Registries, columns: Sequence[str] | None = None
) -> TableSchema:
    """Return the schema of a dataset's table, from its declaration alone: nothing is inferred.

    `registries` name the codes; `columns` are those of a release, by default all that the `dataset`
    publishes.
    """
    names = Names(dataset, registries)
    chosen = dataset.published_columns if columns is None else columns
    return TableSchema(tuple(_column(names, name) for name in chosen), dataset.key)


def recorded_sha256(infos: Infos) -> str | None:
    """Return the checksum of the loaded release, None where none is recorded."""
    return next((str(i[CHECKSUM_KEY]) for i in infos.values() if i.get(CHECKSUM_KEY)), None)


def _column(names: Names, name: str) -> DataStoreColumn:
    column = names.column(name)
    codes = list(_codes(names, name))
    labels = {language: column.title.get(language) for language in languages()}
    notes = {language: column.description.get(language) for language in languages()}
    if codes:
        for language in languages():  # a list in Markdown begins after an empty line
            lines = (f"- `{code}`: {names.label(name, code, language)}" for code in codes)
            notes[language] = "\n".join([notes[language], "", *lines])
    return DataStoreColumn(
        name=name,
        type="float8" if column.number else "text",
        info={
            # CKAN shows `label` and `notes`, or, where there is one, the reader's language of
            # `label_translated` and `notes_translated` (h.get_translated).
            "label": labels[default_language()], "label_translated": labels,
            "notes": notes[default_language()], "notes_translated": notes,
        },
    )


def _codes(names: Names, column: str) -> Iterable[str]:
    """Return the codes that a column's notes explain."""
    dataset, registries = names.dataset, names.registries
    if column == "indicator":
        return dataset.indicators
    if column == "footnotes":
        return dataset.footnotes
    if column == "freq":
        return FREQUENCIES
    if column == "obs_status":
        return STATUSES
    if column == "unit_measure":
        units = {indicator.unit for indicator in dataset.indicators.values()}
        return sorted(units & set(registries.units))
    if column in dataset.dimensions:
        codelist = registries.codelists.get(dataset.dimensions[column].codelist or "")
        if codelist and len(codelist.entries) <= MOST_CODES:
            return [entry.code for entry in codelist.entries]
    return ()
