"""Rows of text into Arrow record batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from model.errors import ReadError
from sources.limits import BATCH_ROWS, MAX_CELL_CHARS, MAX_ROWS

# Every table that a reader yields has the source's own columns and these two, the place of a row:
# the part of the snapshot, and the line (text) or row (sheets) in it, from 1; for JSON the number
# of the record, from 1.
POSITION_FIELDS = (pa.field("_part", pa.string()), pa.field("_row", pa.int64()))


class Row(NamedTuple):
    """One row of a part: its place, and its values in the order of the columns."""

    part: str
    number: int
    values: Sequence[str | None]


def text_schema(columns: Sequence[str]) -> pa.Schema:
    """Return the schema of a table of text, with the position fields.

    Raises:
        ReadError: a name is no Unicode text.
    """
    try:
        fields = [pa.field(name, pa.string()) for name in columns]
    except UnicodeEncodeError as error:
        raise ReadError("a column's name is no Unicode text", where=ascii(error.object)) from error
    return pa.schema([*fields, *POSITION_FIELDS])


def text_batches(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    """Yield `rows` as batches of one schema with these `columns`, at least one (it may be empty).

    Raises:
        ReadError: a cell or the whole is too large, or is no Unicode text.
    """
    schema = text_schema(columns)
    source = iter(rows)
    total = 0
    while True:
        chunk = list(islice(source, BATCH_ROWS))
        if chunk or not total:
            yield _batch(schema, chunk)
        total += len(chunk)
        if total > MAX_ROWS:
            raise ReadError(f"has more than {MAX_ROWS} rows", where=chunk[-1].part)
        if len(chunk) < BATCH_ROWS:
            return


def text_array(values: Sequence[str | None] | pa.Array, where: str) -> pa.Array:
    """Return texts (`values`) as an Arrow array; `where` names their place in errors.

    Raises:
        ReadError: one is too long, or is no Unicode text.
    """
    try:
        array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid) as error:
        raise ReadError("a text is no Unicode text", where=where) from error
    if (pc.max(pc.binary_length(array)).as_py() or 0) > MAX_CELL_CHARS:
        raise ReadError(f"a text has more than {MAX_CELL_CHARS} bytes", where=where)
    return array


def column_batch(
    names: Sequence[str], part: str, first: int, columns: Sequence[Sequence[str | None]]
) -> pa.RecordBatch:
    """Return `columns` of text as a batch with `names`, of a `part` from the row number `first` on.

    Raises:
        ReadError: as `text_array`.
    """
    arrays = [
        text_array(column, f"{part}, column {name!r}")
        for name, column in zip(names, columns, strict=True)
    ]
    numbers = pa.array(range(first, first + len(columns[0])), pa.int64())
    parts = pa.repeat(pa.scalar(part), len(numbers))
    return pa.RecordBatch.from_arrays([*arrays, parts, numbers], schema=text_schema(names))


def _batch(schema: pa.Schema, chunk: list[Row]) -> pa.RecordBatch:
    width = len(schema) - len(POSITION_FIELDS)
    columns = list(zip(*(row.values for row in chunk), strict=True)) or [()] * width
    try:
        arrays = [pa.array(column, pa.string()) for column in columns]
    except (UnicodeEncodeError, pa.ArrowInvalid) as error:
        _explain_cell(schema, chunk)
        raise ReadError(f"a cell cannot be stored: {error}", where=chunk[0].part) from error
    for array in arrays:
        if (pc.max(pc.utf8_length(array)).as_py() or 0) > MAX_CELL_CHARS:
            _explain_cell(schema, chunk)
    positions = (
        pa.array([row.part for row in chunk], pa.string()),
        pa.array([row.number for row in chunk], pa.int64()),
    )
    return pa.RecordBatch.from_arrays([*arrays, *positions], schema=schema)


def _explain_cell(schema: pa.Schema, chunk: list[Row]) -> None:
    """Raise the error of the first cell that is too large or no text."""
    for row in chunk:
        for name, value in zip(schema.names, row.values, strict=False):
            if value is None or (value.isascii() and len(value) <= MAX_CELL_CHARS):
                continue
            where = f"{row.part}:{row.number}, column {name!r}"
            if len(value) > MAX_CELL_CHARS:
                raise ReadError(
                    f"a cell has {len(value)} characters; {MAX_CELL_CHARS} are allowed",
                    where=where, todo="look for a quote that is never closed",
                )
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise ReadError("a cell is no Unicode text", where=where) from error
