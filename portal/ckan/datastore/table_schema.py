"""A table's schema: columns with declared types, key, and the bilingual data dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import LANGUAGES, Bilingual
from portal.vocabulary import COLUMNS, FREQUENCIES, STATUSES

# Longer codelists are only in the data dictionary that is published as a file.
CODES_SHOWN = 40

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


def table_schema_of(dataset: Dataset, registries: Registries) -> TableSchema:
    """Return the schema of a dataset's table, from its declaration alone: nothing is inferred."""
    columns = tuple(_column(dataset, registries, name) for name in dataset.columns)
    return TableSchema(columns, dataset.key)


def recorded_sha256(infos: Infos) -> str | None:
    """Return the checksum of the loaded release, None where none is recorded."""
    return next((str(i[CHECKSUM_KEY]) for i in infos.values() if i.get(CHECKSUM_KEY)), None)


def _column(dataset: Dataset, registries: Registries, name: str) -> DataStoreColumn:
    if name in dataset.dimensions:
        title = description = dataset.dimensions[name].name
    else:
        title, description = COLUMNS[name].title, COLUMNS[name].description
    number = name in COLUMNS and COLUMNS[name].number
    codes = list(_codes(dataset, registries, name))
    notes = {
        language: "\n".join(
            [description.get(language), *_code_lines(codes, language)]
        )
        for language in LANGUAGES
    }
    labels = {language: title.get(language) for language in LANGUAGES}
    return DataStoreColumn(
        name=name,
        type="float8" if number else "text",
        info={
            # CKAN shows `label` and `notes`, or, where there is one, the reader's language of
            # `label_translated` and `notes_translated` (h.get_translated).
            "label": labels["vi"], "label_translated": labels,
            "notes": notes["vi"], "notes_translated": notes,
        },
    )


def _code_lines(codes: list[tuple[str, Bilingual]], language: str) -> Iterable[str]:
    if codes:
        yield ""  # a list in Markdown begins after an empty line
    for code, name in codes:
        yield f"- `{code}`: {name.get(language)}"


def _codes(
    dataset: Dataset, registries: Registries, name: str
) -> Iterable[tuple[str, Bilingual]]:
    if name == "indicator":
        return ((code, indicator.name) for code, indicator in dataset.indicators.items())
    if name == "freq":
        return FREQUENCIES.items()
    if name == "obs_status":
        return STATUSES.items()
    if name == "unit_measure":
        used = sorted({indicator.unit for indicator in dataset.indicators.values()})
        return ((unit, registries.units[unit].name) for unit in used if unit in registries.units)
    if name in dataset.dimensions:
        codelist = registries.codelists.get(dataset.dimensions[name].codelist or "")
        if codelist and len(codelist.entries) <= CODES_SHOWN:
            return ((entry.code, entry.name) for entry in codelist.entries)
    return ()
