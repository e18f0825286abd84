"""Parquet and Arrow IPC files (file, stream, Feather 2): batches that keep their types."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import ReadError
from sources.formats.payload import quoted
from sources.formats.tabular.batches import POSITION_FIELDS
from sources.limits import BATCH_ROWS, MAX_TEXT_BYTES

_IPC_FILE = b"ARROW1"
_DAMAGED = (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError)  # the last: names


def parquet_batches(part: str, path: Path, where: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a `part`: the Parquet file `path` (named `where`), verified.

    Raises:
        ReadError: damaged, too large, or two columns of one name.
    """
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > MAX_TEXT_BYTES:
            raise ReadError(f"would unpack to more than {MAX_TEXT_BYTES} bytes", where=where)
        batches = _checked(file.iter_batches(BATCH_ROWS), where)
        yield from _positioned(batches, file.schema_arrow, part, where)
    except _DAMAGED as error:
        raise _unreadable("Parquet", where, error) from error


def arrow_batches(part: str, path: Path, where: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an Arrow IPC file or stream; arguments and errors as `parquet_batches`.

    These are `part`, its `path`, and `where` it is named in errors.
    """
    try:
        with pa.OSFile(str(path)) as file:
            is_file = file.read(len(_IPC_FILE)) == _IPC_FILE
            file.seek(0)
            if is_file:
                reader = pa.ipc.open_file(file)
                whole = (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                reader = pa.ipc.open_stream(file)
                whole = iter(reader)
            yield from _positioned(_checked(whole, where), reader.schema, part, where)
    except _DAMAGED as error:
        raise _unreadable("Arrow", where, error) from error


def _checked(batches: Iterable[pa.RecordBatch], where: str) -> Iterator[pa.RecordBatch]:
    total = 0
    for batch in batches:
        batch.validate(full=True)  # offsets and text come from the file unchecked
        total += batch.nbytes
        if total > MAX_TEXT_BYTES:
            raise ReadError(f"would unpack to more than {MAX_TEXT_BYTES} bytes", where=where)
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


def _positioned(
    batches: Iterable[pa.RecordBatch], columns: pa.Schema, part: str, where: str
) -> Iterator[pa.RecordBatch]:
    """Add the part and the number of each row; yield one batch at least."""
    schema = pa.schema([*columns.remove_metadata(), *POSITION_FIELDS])
    if len(set(schema.names)) != len(schema.names):
        raise ReadError("has two columns of one name", where=where, todo="rename one")
    row = 0
    for batch in batches:
        count = batch.num_rows
        numbers = pa.array(range(row + 1, row + count + 1), pa.int64())
        parts = pa.repeat(pa.scalar(part, pa.string()), count)
        yield pa.RecordBatch.from_arrays([*batch.columns, parts, numbers], schema=schema)
        row += count
    if not row:
        yield pa.RecordBatch.from_pylist([], schema)


def _unreadable(kind: str, where: str, error: Exception) -> ReadError:
    return ReadError(
        f"is no {kind} file that can be read: {quoted(str(error))}", where=where,
        todo="fetch it again",
    )
