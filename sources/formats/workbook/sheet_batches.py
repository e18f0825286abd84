"""A sheet with one row of names and the rows below it, column by column: no row becomes a list."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sources.formats.tabular.batches import text_array, text_schema
from sources.formats.tabular.tables import TableExtent, as_table, fitted
from sources.formats.workbook.sheets import Sheet
from sources.limits import BATCH_ROWS


def sheet_batches(
    sheet: Sheet, part: str, extent: TableExtent, where: str
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a `sheet`, named `where`, of a `part` as batches of text.

    They have POSITION_FIELDS. The rows are those of `as_table` with an `extent`, and so are the
    errors.

    Raises:
        ReadError: names file and row.
    """
    filled = np.flatnonzero(sheet.filled)
    filled = filled[filled >= extent.header - 1]
    header = [(int(row) + 1, sheet.row(int(row))) for row in filled[:1] if extent.header]
    columns = as_table(header, replace(extent, skip_rows=0, footer=0), where).columns
    first = (header[0][0] if header else 0) + extent.skip_rows  # from 0
    filled = filled[: len(filled) - extent.footer]
    filled = filled[filled >= first]
    _check_width(sheet, filled, len(columns), where)
    arrays = [
        text_array(_taken(column, filled), f"{where}, column {name!r}")
        for name, column in zip(columns, sheet.columns, strict=False)
    ]
    positions = (pa.repeat(pa.scalar(part), len(filled)), pa.array(filled + 1, pa.int64()))
    schema = text_schema(columns)
    arrays = arrays if len(filled) else [pa.array([], pa.string())] * len(columns)
    whole = pa.RecordBatch.from_arrays([*arrays, *positions], schema=schema)
    for start in range(0, max(1, len(filled)), BATCH_ROWS):
        yield whole.slice(start, BATCH_ROWS)


def _check_width(sheet: Sheet, rows: npt.NDArray[np.int64], width: int, where: str) -> None:
    """Raise the error of the first row that does not fit the header."""
    misfits = rows[:1] if len(sheet.columns) < width else rows[sheet.filled_from(width)[rows]][:1]
    for row in misfits:
        fitted(sheet.row(int(row)), width, f"{where}:{row + 1}")


def _taken(column: pa.Array, rows: npt.NDArray[np.int64]) -> pa.Array:
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return column.slice(int(rows[0]), len(rows))
    return column.take(pa.array(rows))
