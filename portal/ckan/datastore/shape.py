"""What a table looks like: columns with declared types, key, and the bilingual dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import LANGUAGES, Bilingual
from portal.vocabulary import COLUMNS, FREQUENCIES, STATUSES

# Longer codelists are in the dictionary that is published as a file of its own.
CODES_SHOWN = 40

# The key in a column's `info` where the checksum of the loaded release stands: the one place that
# both the action API and the database can read and write, and that goes away with the table.
RECORD = "release_sha256"

Type = Literal["text", "float8"]


@dataclass(frozen=True)
class Column:
    """A column: its name, its PostgreSQL type, and what CKAN keeps as its `info`."""

    name: str
    type: Type
    info: Mapping[str, Any]


@dataclass(frozen=True)
class TableSchema:
    """Columns in order, and those that identify a row."""

    columns: tuple[Column, ...]
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

    def fields(self, record: str | None) -> list[dict[str, Any]]:
        """Return the `fields` of datastore_create; with what is to be recorded."""
        return [
            {"id": column.name, "type": column.type, "info": info}
            for column, info in zip(self.columns, self.infos(record), strict=True)
        ]

    def infos(self, record: str | None) -> list[dict[str, Any]]:
        """Return each column's `info`; the first one holds what is to be recorded."""
        infos = [dict(column.info) for column in self.columns]
        if record:
            infos[0][RECORD] = record
        return infos


def table_schema_of(dataset: Dataset, registries: Registries) -> TableSchema:
    """Return the shape of a dataset's table, from its declaration alone: nothing is guessed."""
    columns = tuple(_column(dataset, registries, name) for name in dataset.columns)
    return TableSchema(columns, dataset.key)


def without_record(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return an `info` as the dictionary has it, without the recorded checksum."""
    return {key: value for key, value in info.items() if key != RECORD}


def _column(dataset: Dataset, registries: Registries, name: str) -> Column:
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
    return Column(
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
