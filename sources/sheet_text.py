"""The cells of a sheet, as calamine gives them, as columns of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ROWS = 4_096  # at once: their objects stay in the processor's cache
_NUMBERS = {float, int}
# Between these, Arrow writes an exponent, and people do not; at the end, doubles skip fractions.
_LONG, _EXPONENT = 1e10, 1e15


def text_columns(rows: Iterator[Sequence[Any]]) -> list[pa.Array]:
    """Return the columns of rows, which all have as many cells; see `column_text`."""
    pieces = []
    while piece := list(islice(rows, _ROWS)):
        pieces.append([column_text(cells) for cells in zip(*piece, strict=True)])
    return [pa.concat_arrays(parts) for parts in zip(*pieces, strict=True)]


def column_text(cells: Sequence[Any]) -> pa.Array:
    """Return the text of cells, see `sources.sheets.open_sheet`."""
    kinds = set(map(type, cells))
    if kinds <= {str}:
        return _as_strings(cells)
    if kinds <= _NUMBERS:
        return _numbers(cells)
    others = kinds - _NUMBERS - {str}
    texts = [
        cell if type(cell) is str else _text(cell) if type(cell) in others else None
        for cell in cells
    ]
    if kinds.isdisjoint(_NUMBERS):
        return _as_strings(texts)
    numbers = [cell if type(cell) in _NUMBERS else None for cell in cells]
    return pc.coalesce(_as_strings(texts), _numbers(numbers))


def _numbers(cells: Sequence[float | None]) -> pa.Array:
    """Return numbers as text that no locale reads as another number.

    "1.234" is 1234 in Vietnamese: such a number gets a further decimal, and is refused there.
    """
    numbers = pa.array(cells, pa.float64())
    values = numbers.to_numpy(zero_copy_only=False)  # NaN where there is none
    size = np.abs(values)
    whole = (values == np.rint(values)) & (size < _EXPONENT)
    if whole.all():
        return pa.array(values.astype(np.int64)).cast(pa.string())
    texts = numbers.cast(pa.string())
    long = (size >= _LONG) & (size < _EXPONENT)
    if long.any():
        plain = [np.format_float_positional(value, trim="-") for value in values[long]]
        texts = pc.replace_with_mask(texts, pa.array(long), pa.array(plain, pa.string()))
    thousandths = np.where(size < 1000, values, 0.5) * 1000
    near = ~whole & (size < 1000) & (np.abs(thousandths - np.rint(thousandths)) < 1e-6)
    if near.any():
        some = texts.filter(pa.array(near))
        alike = pc.match_substring_regex(some, r"^-?\d{1,3}\.\d{3}$")
        longer = pc.if_else(alike, pc.binary_join_element_wise(some, "0", ""), some)
        texts = pc.replace_with_mask(texts, pa.array(near), longer)
    return texts


def _as_strings(cells: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:  # half of a surrogate pair, which is no text
        return pa.array([c and c.encode("utf-8", "replace").decode() for c in cells], pa.string())


def _text(cell: Any) -> str:
    """Return the text of a cell that holds neither text nor a number."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        is_day = cell.time() == time()
        return cell.date().isoformat() if is_day else cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)  # a duration
