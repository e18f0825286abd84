"""A sheet with one row of names and the rows below it, read column by column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.errors import ReadError
from sources.formats.tabular.batches import text_schema
from sources.formats.tabular.tables import TableExtent, checked_names, fitted, joined_names
from sources.formats.workbook.sheets import Sheet
from sources.limits import BATCH_ROWS, MAX_CELL_CHARS


def sheet_batches(
    sheet: Sheet, part: str, extent: TableExtent, where: str
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a sheet as batches of text with POSITION_FIELDS.

    The rows are those of `sources.formats.tabular.tables.as_table`, and so are the errors.

    Args:
        sheet: the sheet.
        part: the name of the part.
        extent: where the table stands in the sheet.
        where: its name, for messages.

    Raises:
        ReadError: names file and row.
    """
    height = len(sheet.columns[0]) if sheet.columns else 0
    lengths = [pc.binary_length(column).to_numpy(zero_copy_only=False) for column in sheet.columns]
    filled = np.flatnonzero(np.sum([np.zeros(height), *lengths], axis=0))
    filled = filled[filled >= extent.header - 1]
    columns = extent.names
    if extent.header:
        if not len(filled):
            raise ReadError(
                "has no row of column names", where=f"{where}:{extent.header}",
                todo="check `header`, the row that holds the names",
            )
        names, filled = int(filled[0]), filled[1:]
        found = joined_names([_cells(sheet, names)])
        columns = checked_names(found, extent.names, f"{where}:{names + 1}")
    filled = filled[extent.skip_rows : len(filled) - extent.footer]
    width = len(columns)
    beyond = [row for length in lengths[width:] for row in filled[length[filled] > 0][:1]]
    misfits = filled if len(sheet.columns) < width else beyond
    if len(misfits):
        fitted(_cells(sheet, int(min(misfits))), width, f"{where}:{min(misfits) + 1}")
    longest = max((int(length[filled].max(initial=0)) for length in lengths[:width]), default=0)
    if longest > MAX_CELL_CHARS:
        raise ReadError(f"a cell has more than {MAX_CELL_CHARS} characters", where=where)
    arrays = [_taken(column, filled) for column in sheet.columns[:width]]
    positions = (pa.repeat(pa.scalar(part), len(filled)), pa.array(filled + 1, pa.int64()))
    whole = pa.RecordBatch.from_arrays([*arrays, *positions], schema=text_schema(columns))
    for start in range(0, max(1, len(filled)), BATCH_ROWS):
        yield whole.slice(start, BATCH_ROWS)


def _cells(sheet: Sheet, row: int) -> list[str]:
    return [column[row].as_py() for column in sheet.columns]


def _taken(column: pa.Array, rows: np.ndarray) -> pa.Array:
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return column.slice(int(rows[0]), len(rows))
    return column.take(pa.array(rows))
