"""Files of any publisher: CSV, JSON, JSON lines, Parquet, Arrow, workbooks; also zip and gzip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

import pyarrow as pa
from pydantic import AfterValidator, StringConstraints, model_validator

from model.declarations.source import ColumnRule
from model.errors import ReadError
from model.util.text import Frozen, Text
from sources.base import FetchedPart, FetchPart, Request, StoredPart
from sources.connectors.options import Files, Url, checked_encoding, exactly_one
from sources.fetch.recorded_files import part_name, recorded_files
from sources.fetch.urls import host_of
from sources.formats.archives import is_gzip, is_zip, ungzipped, unpacked
from sources.formats.arrow_files import arrow_batches, parquet_batches
from sources.formats.csv_blocks import csv_batches
from sources.formats.csv_text import read_csv
from sources.formats.json_records import Form, json_batches
from sources.formats.payload import check_payload, quoted
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.layered import read_layout
from sources.formats.tabular.layout import (
    Columns,
    HeaderRows,
    Heading,
    Labels,
    Layout,
    RowNumber,
    RowPattern,
    StackedTables,
    positions,
)
from sources.formats.tabular.tables import Table, TableExtent, as_table
from sources.formats.workbook.legacy_fonts import LegacyText, in_unicode
from sources.formats.workbook.sheet_batches import sheet_batches
from sources.formats.workbook.sheets import open_sheet
from sources.limits import MAX_JSON_BYTES

name = "files"
version = 1
columns: Mapping[str, ColumnRule] = {}

Format = Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow", "xlsx"]
_BY_SUFFIX: dict[str, Format] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json",
    ".geojson": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xlsx", ".ods": "xlsx",
}


def _sheet_column(letters: str) -> str:
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError("is no column of a sheet; columns are A, B, ... AA")
    return letters


class Options(Frozen):
    """Which files, and how they are laid out.

    format: by the file's ending unless given.
    header: the row that holds the names, from 1; 0 when none does (then give `names`); several
        rows are joined from above, with `header_separator` in between.
    header_across: in all header rows but the last, blank cells have the name to their left.
    skip_rows: rows between the names and the figures, e.g. of units.
    footer: filled rows at the end that are no figures.
    names: the columns' names instead of the header's.
    skip_matching: rows to leave out, by their first filled cell.
    end_matching: the row that ends the table, by its first filled cell.
    labels: labels that stand in one of several columns, by their level.
    carry_down: columns whose blank cells have the value above.
    headings: rows that are headings of the rows below.
    tables: tables that stand below each other, each with a header of its own.
    use_columns: by their letters, as a sheet shows them; all by default.
    sheet: of a workbook; the first one by default.
    member: of a zip, a glob; its only file by default.
    path: where the list of records stands in a JSON document, e.g. "data.items".
    records: how they are written in a JSON document, see `sources.formats.json_records`.
    legacy_text: the encoding of a sheet's text whose font gives the characters their meaning; a
        `by-font` takes each cell's; for all columns or those of `legacy_columns`.
    """

    files: Files = ()
    urls: tuple[Url, ...] = ()
    format: Format | None = None
    encoding: Annotated[str, AfterValidator(checked_encoding)] = "utf-8"
    delimiter: Annotated[str, StringConstraints(pattern=r"^[,;|\t :^~]$")] | None = None
    header: RowNumber | HeaderRows = 1
    header_separator: Annotated[str, StringConstraints(max_length=10)] = " "
    header_across: bool = False
    skip_rows: RowNumber = 0
    footer: RowNumber = 0
    names: tuple[Text, ...] = ()
    skip_matching: RowPattern | None = None
    end_matching: RowPattern | None = None
    labels: Labels | None = None
    carry_down: tuple[Text, ...] = ()
    headings: tuple[Heading, ...] = ()
    tables: StackedTables | None = None
    sheet: Text | None = None
    member: Text = "*"
    path: Text | None = None
    records: Form = "objects"
    use_columns: tuple[Columns, ...] = ()
    legacy_text: LegacyText | None = None
    legacy_columns: tuple[Annotated[str, AfterValidator(_sheet_column)], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        exactly_one(files=self.files, urls=self.urls)
        if self.header == 0 and not self.names:
            raise ValueError("without a header, `names` must name the columns")
        if self.tables and self.model_fields_set & {"header", "names"}:
            raise ValueError("`tables` says where the headers are; leave out `header` and `names`")
        if len(set(self.names)) != len(self.names):
            raise ValueError("`names` has a name twice")
        if self.legacy_columns and self.legacy_text is None:
            raise ValueError("`legacy_columns` says where; `legacy_text` must say which encoding")
        labels = set(positions(self.labels.columns if self.labels else ()))
        if self.use_columns and not labels <= set(positions(self.use_columns)):
            raise ValueError("`labels` has columns that `use_columns` leaves out")
        return self

    @property
    def shape(self) -> TableExtent:
        """Where a plain table stands in the file: one row of names, and the rows below."""
        header = self.layout.header
        return TableExtent(header[0] if header else 0, self.skip_rows, self.footer, self.names)

    @property
    def layout(self) -> Layout:
        """Where the table stands in the file, and what its rows are."""
        header = self.header if isinstance(self.header, tuple) else (self.header,)
        return Layout(
            header=() if header == (0,) else header,
            separator=self.header_separator, across=self.header_across,
            skip_rows=self.skip_rows, footer=self.footer, names=self.names,
            skip=self.skip_matching, end=self.end_matching, carry_down=self.carry_down,
            headings=self.headings, tables=self.tables, places=positions(self.use_columns),
            labels=self.labels,
        )


def host(options: Options) -> str:
    """Return the host of the first URL, "" for files of a folder."""
    return host_of(options.urls[0]) if options.urls else ""


def fetch(options: Options, get: FetchPart) -> Iterator[FetchedPart]:
    """Ask for every file."""
    if options.files:
        yield from recorded_files(options.files, get)
        return
    taken: set[str] = set()
    for url in options.urls:
        yield get(part_name(urlsplit(url).path, taken), Request(url))


def read(parts: list[StoredPart], options: Options) -> Iterator[pa.RecordBatch]:
    """Read the files, which must all have the same columns.

    Text, JSON and sheets give strings, with numbers as they were written; Parquet keeps types.

    Raises:
        ReadError: names file, line and column.
    """
    first: pa.Schema | None = None
    for part in parts:
        for batch in _read_part(part, options):
            if first is None:
                first = batch.schema
            yield _conformed(batch, first, parts[0].name, part.name)


def _conformed(batch: pa.RecordBatch, schema: pa.Schema, first: str, where: str) -> pa.RecordBatch:
    if batch.schema.equals(schema):
        return batch
    if set(batch.schema.names) != set(schema.names):
        missing = [n for n in schema.names if n not in batch.schema.names]
        extra = [n for n in batch.schema.names if n not in schema.names]
        raise ReadError(
            f"has other columns than {first}"
            + (f"; it lacks {_listed(missing)}" if missing else "")
            + (f"; it adds {_listed(extra)}" if extra else ""),
            where=where, todo="name the columns with `names`, or declare another dataset for it",
        )
    try:
        return batch.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ReadError(f"has other types than {first}: {error}", where=where) from error


def _listed(names: list[str]) -> str:
    return ", ".join(repr(quoted(each, 40)) for each in names[:10])


def _read_part(part: StoredPart, options: Options) -> Iterator[pa.RecordBatch]:
    with ExitStack() as stack:
        path, where, kind = _unpacked(part, options, stack)
        if kind == "parquet":
            yield from parquet_batches(part.name, path, where)
        elif kind == "arrow":
            yield from arrow_batches(part.name, path, where)
        elif kind in ("json", "jsonl"):
            yield from json_batches(part.name, path, where, kind, options.path, options.records)
        elif kind == "xlsx":
            yield from _sheet(part.name, path, where, options)
        else:
            yield from _text(part.name, path, where, kind, options)


def _unpacked(
    part: StoredPart, options: Options, stack: ExitStack
) -> tuple[Path, str, Format]:
    """Return the file to read, taken out of its archive, its name for messages, and its format."""
    path, where, name = part.path, part.name, Path(part.name)
    suffix = name.suffix.lower()
    head = check_payload(path, where, _expected(options.format, suffix))
    if suffix == ".gz":  # the transport may have unpacked it already
        suffix = Path(name.stem).suffix.lower()
    if is_gzip(head):
        path = stack.enter_context(ungzipped(path, where, suffix))
        head = check_payload(path, where, "data")
    kind = options.format or _BY_SUFFIX.get(suffix)
    if is_zip(head) and (suffix == ".zip" or kind != "xlsx"):
        path, where = stack.enter_context(unpacked(path, where, options.member))
        check_payload(path, where, "data")
        kind = options.format or _BY_SUFFIX.get(path.suffix)
    elif suffix == ".zip":
        raise ReadError("is no zip archive", where=where, todo="fetch it again")
    if kind is None:
        raise ReadError(
            "has an ending that tells no format", where=where,
            todo=f"declare `format`: {', '.join(get_args(Format))}",
        )
    return path, where, kind


def _expected(format: Format | None, suffix: str) -> str:
    return (format or suffix.removeprefix(".") or "data").upper()


def _sheet(
    part: str, path: Path, where: str, options: Options
) -> Iterator[pa.RecordBatch]:
    sheet = open_sheet(path, where, options.sheet)
    if options.legacy_text is not None:
        sheet = in_unicode(sheet, path, options.legacy_text, options.legacy_columns, where)
    layout = options.layout
    if layout.is_plain:
        yield from sheet_batches(sheet, part, options.shape, where)
    else:
        records = sheet.records(layout.first_row)
        yield from _batches(part, read_layout(records, layout, where, sheet.merged))


def _text(
    part: str, path: Path, where: str, kind: Format, options: Options
) -> Iterator[pa.RecordBatch]:
    if options.legacy_text is not None:
        raise ReadError(
            "is no workbook, and `legacy_text` is of workbooks", where=where,
            todo="declare the file's `encoding`",
        )
    layout = options.layout
    if layout.tables and path.stat().st_size > MAX_JSON_BYTES:  # they are kept in memory
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    delimiter = options.delimiter or ("\t" if kind == "tsv" else ",")
    if layout.is_plain and not layout.footer and options.encoding == "utf-8":
        yield from csv_batches(path, where, part, delimiter, options.shape)
        return
    records = read_csv(
        path, where, encoding=options.encoding, first_line=layout.first_row, delimiter=delimiter
    )
    if layout.is_plain:
        yield from _batches(part, as_table(records, options.shape, where))
    else:
        yield from _batches(part, read_layout(records, layout, where))


def _batches(part: str, table: Table) -> Iterator[pa.RecordBatch]:
    rows = (Row(part, number, cells) for number, cells in table.rows)
    yield from text_batches(table.columns, rows)
