"""Files of any publisher: CSV, JSON, JSON lines, Parquet, workbooks, and zips of these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.dataset import ColumnRule
from model.errors import ReadError
from model.text import Frozen, Text, did_you_mean
from sources.answers import check_payload, message_in, quoted
from sources.archives import is_zip, unpacked
from sources.base import POSITION_FIELDS, Answer, Get, Request, StoredPart
from sources.batches import Row, text_batches
from sources.csv_text import read_csv
from sources.json_text import as_text, load_json, parse_json
from sources.limits import BATCH_ROWS, MAX_COLUMNS, MAX_JSON_BYTES, MAX_TEXT_BYTES
from sources.options import Files, Url, checked_encoding, exactly_one
from sources.recorded import part_name, recorded_answers
from sources.sheets import column_letters, read_sheet
from sources.tables import Record, Shape, as_table
from sources.urls import host_of
from sources.vietnamese import VietnameseEncoding, decoded_cell

name = "files"
columns: Mapping[str, ColumnRule] = {}

Format = Literal["csv", "tsv", "json", "jsonl", "parquet", "xlsx"]
_BY_SUFFIX: dict[str, Format] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json",
    ".geojson": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xlsx",
}


def _sheet_column(letters: str) -> str:
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError("is no column of a sheet; columns are A, B, ... AA")
    return letters


class Options(Frozen):
    """Which files, and how they are laid out.

    format: by the file's ending unless given.
    header: the row that holds the names, from 1; 0 when none does (then give `names`).
    skip_rows: rows between the names and the figures, e.g. of units.
    footer: filled rows at the end that are no figures.
    names: the columns' names instead of the header's.
    sheet: of a workbook; the first one by default.
    member: of a zip, a glob; its only file by default.
    path: where the list of records stands in a JSON document, e.g. "data.items".
    legacy_text: the encoding of a sheet's text whose font gives the characters their meaning; a
        reader gets no fonts, so it is declared, for all columns or those of `legacy_columns`.
    """

    files: Files = ()
    urls: tuple[Url, ...] = ()
    format: Format | None = None
    encoding: Annotated[str, AfterValidator(checked_encoding)] = "utf-8"
    delimiter: Annotated[str, StringConstraints(pattern=r"^[,;|\t :^~]$")] | None = None
    header: Annotated[int, Field(ge=0, le=1_000)] = 1
    skip_rows: Annotated[int, Field(ge=0, le=1_000)] = 0
    footer: Annotated[int, Field(ge=0, le=1_000)] = 0
    names: tuple[Text, ...] = ()
    sheet: Text | None = None
    member: Text = "*"
    path: Text | None = None
    legacy_text: VietnameseEncoding | None = None
    legacy_columns: tuple[Annotated[str, AfterValidator(_sheet_column)], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        exactly_one(files=self.files, urls=self.urls)
        if self.header == 0 and not self.names:
            raise ValueError("without a header, `names` must name the columns")
        if len(set(self.names)) != len(self.names):
            raise ValueError("`names` has a name twice")
        if self.legacy_columns and self.legacy_text is None:
            raise ValueError("`legacy_columns` says where; `legacy_text` must say which encoding")
        return self

    @property
    def shape(self) -> Shape:
        """Where the table stands in the file."""
        return Shape(self.header, self.skip_rows, self.footer, self.names)


def host(options: Options) -> str:
    """Return the host of the first URL, "" for files of a folder."""
    return host_of(options.urls[0]) if options.urls else ""


def fetch(options: Options, get: Get) -> Iterator[Answer]:
    """Ask for every file."""
    if options.files:
        yield from recorded_answers(options.files, get)
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
        path, where, suffix = part.path, part.name, Path(part.name).suffix.lower()
        head = check_payload(path, where, _expected(options.format, suffix))
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
                todo="declare `format`: csv, tsv, json, jsonl, parquet or xlsx",
            )
        if kind == "parquet":
            yield from _parquet(part.name, path, where)
        elif kind in ("json", "jsonl"):
            yield from _json(part.name, path, where, kind, options.path)
        else:
            table = as_table(_records(path, where, kind, options), options.shape, where)
            rows = (Row(part.name, number, cells) for number, cells in table.rows)
            yield from text_batches(table.columns, rows)


def _expected(format: Format | None, suffix: str) -> str:
    return (format or suffix.removeprefix(".") or "data").upper()


def _records(path: Path, where: str, kind: Format, options: Options) -> Iterator[Record]:
    first = max(1, options.header)
    if kind == "xlsx":
        records = read_sheet(path, where, options.sheet, first)
        if options.legacy_text is None:
            return records
        return _in_unicode(records, options.legacy_text, options.legacy_columns, where)
    if options.legacy_text is not None:
        raise ReadError(
            "is no workbook, and `legacy_text` is of workbooks", where=where,
            todo="declare the file's `encoding`",
        )
    return read_csv(
        path, where, encoding=options.encoding, first_line=first,
        delimiter=options.delimiter or ("\t" if kind == "tsv" else ","),
    )


def _in_unicode(
    records: Iterator[Record], encoding: VietnameseEncoding, columns: tuple[str, ...], where: str
) -> Iterator[Record]:
    for number, cells in records:
        texts = list(cells)
        for position, cell in enumerate(cells):
            letters = column_letters(position + 1)
            if columns and letters not in columns:
                continue
            try:
                texts[position] = decoded_cell(cell, encoding)
            except UnicodeError as error:
                raise ReadError(
                    f"a cell is not {encoding}: {error}", where=f"{where}:{number}, {letters}",
                    todo="name the columns whose text is, as `legacy_columns`",
                ) from error
        yield number, texts


def _parquet(part: str, path: Path, where: str) -> Iterator[pa.RecordBatch]:
    row = 0
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > MAX_TEXT_BYTES:
            raise ReadError(f"would unpack to more than {MAX_TEXT_BYTES} bytes", where=where)
        schema = pa.schema([*file.schema_arrow.remove_metadata(), *POSITION_FIELDS])
        if len(set(schema.names)) != len(schema.names):
            raise ReadError("has two columns of one name", where=where, todo="rename one")
        nothing = iter([pa.RecordBatch.from_pylist([], file.schema_arrow)])
        batches = file.iter_batches(BATCH_ROWS) if file.metadata.num_rows else nothing
        for batch in batches:
            count = batch.num_rows
            numbers = pa.array(range(row + 1, row + count + 1), pa.int64())
            parts = pa.array([part] * count, pa.string())
            yield pa.RecordBatch.from_arrays([*batch.columns, parts, numbers], schema=schema)
            row += count
    except (pa.ArrowException, OSError) as error:
        raise ReadError(
            f"is no Parquet file that can be read: {quoted(str(error))}",
            where=f"{where}:{row + 1}" if row else where, todo="fetch it again",
        ) from error


def _json(
    part: str, path: Path, where: str, kind: Format, inner: str | None
) -> Iterator[pa.RecordBatch]:
    if kind == "json":
        numbered = enumerate(_list_at(load_json(path, where), inner, where), start=1)
        records = [(n, _object(each, f"{where}:{n}")) for n, each in numbered]
    else:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
        lines = path.read_bytes().decode("utf-8-sig", "surrogateescape").split("\n")
        filled = ((n, line) for n, line in enumerate(lines, start=1) if line.strip("\r \t\0"))
        records = [(n, _object(parse_json(t, where, n), f"{where}:{n}")) for n, t in filled]
    names = tuple(dict.fromkeys(chain.from_iterable(record for _, record in records)))
    if len(names) > MAX_COLUMNS:
        raise ReadError(f"its records have more than {MAX_COLUMNS} fields", where=where)
    if not {"_part", "_row"}.isdisjoint(names):
        raise ReadError("a field is named `_part` or `_row`", where=where, todo="rename it")
    rows = (
        Row(part, n, tuple(as_text(record.get(key), f"{where}:{n}") for key in names))
        for n, record in records
    )
    named = tuple(key or f"column_{position}" for position, key in enumerate(names, start=1))
    yield from text_batches(named, rows)


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ReadError(
            "the record is no object with names", where=where, todo="check `path`"
        )
    return value


def _list_at(body: Any, inner: str | None, where: str) -> list[Any]:
    found = body
    for key in inner.split(".") if inner else []:
        if not isinstance(found, dict) or key not in found:
            said = message_in(body)
            known = set(found) if isinstance(found, dict) else set()
            raise ReadError(
                f"has no {key!r} of the path {inner!r}" + (f"; it says: {said}" if said else ""),
                where=where, todo=did_you_mean(key, known) or "check `path`",
            )
        found = found[key]
    if isinstance(found, list):
        return found
    said = message_in(body)
    lists = {key for key, each in found.items() if isinstance(each, list)} if isinstance(
        found, dict) else set()
    raise ReadError(
        "is no list of records" + (f"; it says: {said}" if said else ""), where=where,
        todo=f"declare `path`: {', '.join(sorted(lists)[:5])}" if lists else "check `path`",
    )
