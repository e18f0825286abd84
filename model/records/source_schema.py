"""The source schema: columns, types, units and codes of a snapshot, and drift between two.

Here are the types only; `warehouse.cleaning` observes and compares them.
"""

from typing import Literal

from model.records.unread import UnreadContent
from model.util.text import Frozen, LocalizedText


class Drift(Frozen):
    """One difference between a snapshot's schema and the one released last, in words."""

    kind: Literal["column", "type", "unit", "code", "part", "title"]
    stops: bool  # whether it blocks the release
    what: LocalizedText
    todo: LocalizedText


# The check that every dataset has, about its source's schema; no suite may use its name.
SOURCE_SCHEMA_CHECK = "source_schema"


ColumnKind = Literal["number", "number as text", "date", "text", "other", "mixed", "empty"]


class ColumnSchema(Frozen):
    """A column as a reader gave it."""

    type: str  # DuckDB's name
    kind: ColumnKind
    sketch: tuple[str, ...]  # checksums of a few of its values: it is known by them if renamed


class SourceSchema(Frozen):
    """What a snapshot looks like to its declaration: `source_schema.json`."""

    read_by: str  # checksum of how the declaration reads the source
    parts: tuple[str, ...]  # names of files and pages, digits as "#"
    columns: dict[str, ColumnSchema]  # without those that are named by a period
    units: dict[str, tuple[str, ...]]  # "column, indicator's label" -> units that it comes in
    codes: dict[str, dict[str, str | None]]  # concept -> label -> code, None where unknown
    drift: tuple[Drift, ...] = ()  # how it differs from the snapshot released before
    unread: tuple[UnreadContent, ...] = ()  # what is in the snapshot and was not read
