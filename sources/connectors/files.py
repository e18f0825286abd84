"""Files of any publisher: CSV, JSON, JSON lines, Parquet, Arrow, workbooks; also zip and gzip.

The format is declared or follows from the file's ending, never from its content: what a file of
unknown kind is, `sources.inspect` finds out when a dataset is declared.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pyarrow as pa

from model.errors import ReadError
from model.records.unread import UnreadContent, unread_batch
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.files import FileFormat, FilesOptions
from sources.connectors.options.shared import UrlOptions
from sources.fetch.part_files import part_name
from sources.formats.arrow_files import arrow_batches, parquet_batches
from sources.formats.csv_text import csv_batches, read_csv
from sources.formats.json_text import (
    document_records,
    line_records,
    record_batches,
)
from sources.formats.payload import check_payload, is_gzip, is_zip, quoted, ungzipped, unpacked
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.layered import read_layout
from sources.formats.tabular.layout import TableLayout, positions
from sources.formats.tabular.tables import RawRow, as_table
from sources.formats.tabular.unread import RowWatch, titles, unread_of_sheet
from sources.formats.workbook.cells import column_letters
from sources.formats.workbook.legacy_fonts import in_unicode
from sources.formats.workbook.sheet_batches import sheet_batches
from sources.formats.workbook.sheets import Merged, Sheet, open_sheet
from sources.limits import MAX_JSON_BYTES

version = 1

_BY_SUFFIX: dict[str, FileFormat] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json",
    ".geojson": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xlsx", ".ods": "xlsx",
}


Options = FilesOptions


def fetch(options: UrlOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request every URL."""
    taken: set[str] = set()
    for url in options.urls:
        yield get(part_name(urlsplit(url).path, taken), Request(url))


def read(parts: list[SourceFile], options: FilesOptions) -> Iterator[pa.RecordBatch]:
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


def _read_part(part: SourceFile, options: FilesOptions) -> Iterator[pa.RecordBatch]:
    with ExitStack() as stack:
        path, where, kind = _unpacked(part, options, stack)
        if kind == "parquet":
            yield from parquet_batches(part.name, path, where)
        elif kind == "arrow":
            yield from arrow_batches(part.name, path, where)
        elif kind == "jsonl":
            yield from record_batches([part], lambda _: line_records(path, where), where)
        elif kind == "json":
            yield from record_batches([part], lambda _: document_records(
                path, where, options.path, options.records
            ), where)
        elif kind == "xlsx":
            yield from _sheet(part.name, path, where, options)
        else:
            yield from _text(part.name, path, where, kind, options)


def _unpacked(
    part: SourceFile, options: FilesOptions, stack: ExitStack
) -> tuple[Path, str, FileFormat]:
    """Return the file to read, unpacked, its name for messages, and its format."""
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
            "has an ending of no known format", where=where,
            todo=f"declare `format`: {', '.join(get_args(FileFormat))}",
        )
    return path, where, kind


def _expected(format: FileFormat | None, suffix: str) -> str:
    return (format or suffix.removeprefix(".") or "data").upper()


def _sheet(part: str, path: Path, where: str, options: FilesOptions) -> Iterator[pa.RecordBatch]:
    hidden = options.hidden == "read"
    sheet = open_sheet(path, where, options.sheet, hidden=hidden, survey=True)
    unread = list(unread_of_sheet(sheet, where, positions(options.use_columns), hidden=hidden))
    if options.legacy_text is not None:
        sheet = in_unicode(sheet, path, options.legacy_text, options.legacy_columns, where)
    layout = options.layout
    watch = RowWatch()
    above = watch.passing(takewhile(lambda row: row[0] < layout.first_row, sheet.records()))
    unread += titles(above, where)
    watch.settle(())
    if sheet.hidden_columns and not hidden:
        layout = _visible(layout, sheet, where)
    if layout.is_plain and not (layout.skip_rows or layout.footer):
        for batch in sheet_batches(sheet, part, options.extent, where):
            yield batch
        if left := [*unread, *watch.unread(where)]:
            yield unread_batch(batch.schema, left)
        return
    records = sheet.records(layout.first_row)
    yield from _watched(part, records, layout, options, where, watch, sheet.merged, unread)


def _visible(layout: TableLayout, sheet: Sheet, where: str) -> TableLayout:
    """Return the layout without the hidden columns."""
    declared = layout.places or tuple(range(len(sheet.columns)))
    places = tuple(place for place in declared if place not in sheet.hidden_columns)
    labels = set(positions(layout.labels.columns)) if layout.labels else set()
    if not places or not labels <= set(places):
        letters = ", ".join(column_letters(place + 1) for place in sheet.hidden_columns)
        raise ReadError(
            f"declared columns are hidden ({letters})", where=where,
            todo="look whether they are to be read, then declare `hidden: read`",
        )
    return replace(layout, places=places)


def _text(
    part: str, path: Path, where: str, kind: FileFormat, options: FilesOptions
) -> Iterator[pa.RecordBatch]:
    if options.legacy_text is not None:
        raise ReadError(
            "is no workbook; `legacy_text` applies to workbooks", where=where,
            todo="declare the file's `encoding`",
        )
    layout = options.layout
    if layout.tables and path.stat().st_size > MAX_JSON_BYTES:  # they are kept in memory
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    delimiter = options.delimiter or ("\t" if kind == "tsv" else ",")
    unread: list[UnreadContent] = []
    if layout.first_row > 1:
        with suppress(ReadError):  # above the table anything may stand
            rows = read_csv(path, where, encoding=options.encoding, delimiter=delimiter)
            unread += titles(takewhile(lambda row: row[0] < layout.first_row, rows), where)
    is_plain = layout.is_plain and not (layout.skip_rows or layout.footer)
    if is_plain and options.encoding == "utf-8":
        for batch in csv_batches(path, where, part, delimiter, options.extent):
            yield batch
        if unread:
            yield unread_batch(batch.schema, unread)
        return
    records = read_csv(
        path, where, encoding=options.encoding, first_line=layout.first_row, delimiter=delimiter
    )
    if is_plain:
        table = as_table(records, options.extent, where)
        for batch in text_batches(table.columns, (Row(part, *record) for record in table.rows)):
            yield batch
        if unread:
            yield unread_batch(batch.schema, unread)
        return
    yield from _watched(part, records, layout, options, where, RowWatch(), unread=unread)


def _watched(
    part: str, records: Iterator[RawRow], layout: TableLayout, options: FilesOptions, where: str,
    watch: RowWatch, merged: Merged = (), unread: Sequence[UnreadContent] = (),
) -> Iterator[pa.RecordBatch]:
    """Yield the table's rows and, last, what of the file is not read."""
    records = watch.passing(records)
    table = (
        as_table(records, options.extent, where) if layout.is_plain
        else read_layout(records, layout, where, merged)
    )
    for batch in text_batches(table.columns, (Row(part, *record) for record in table.rows)):
        yield batch
        if batch.num_rows:
            read = {*layout.header, *batch.column("_row").to_pylist()}
            watch.settle(read, max(read))
    with suppress(ReadError):  # below the table's end anything may stand
        deque(records, maxlen=0)
    watch.settle(layout.header)
    if left := [*unread, *watch.unread(where)]:
        yield unread_batch(batch.schema, left)
