"""The cells of a sheet, as its reader returns them, as columns of text."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import groupby, islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_CELLS = 40_000  # at once: their objects stay in the processor's cache
_FIRST_ROWS = 64  # names are there, figures below: cells of one type are faster
_NUMBERS = {float, int}
# From _LONG on Arrow writes an exponent; from _EXPONENT on we let it.
_LONG, _EXPONENT = 1e10, 1e15


def text_columns(rows: Iterator[Sequence[Any]]) -> list[pa.Array]:
    """Return the columns of rows, all of as many cells, as text, written as by `open_sheet`."""
    pieces = []
    count = _FIRST_ROWS
    while piece := list(islice(rows, count)):
        pieces.append([_arrow(cells) for cells in zip(*piece, strict=True)])
        count = max(_FIRST_ROWS, _CELLS // max(1, len(piece[0])))
    return [_joined(parts) for parts in zip(*pieces, strict=True)]


def _joined(parts: Iterable[pa.Array]) -> pa.Array:
    runs = (pa.concat_arrays(run) for _, run in groupby(parts, key=lambda part: part.type))
    return pa.concat_arrays(_number_text(run) if run.type == pa.float64() else run for run in runs)


def _arrow(cells: Sequence[Any]) -> pa.Array:
    """Return cells as numbers, where all of them are, and as text otherwise."""
    if type(cells[0]) is str:
        try:
            return pa.array(cells, pa.string())
        except (pa.ArrowTypeError, UnicodeEncodeError):  # not all are text
            pass
    kinds = set(map(type, cells))
    if kinds <= _NUMBERS:  # Arrow itself would take booleans for numbers
        return pa.array(cells, pa.float64())
    others = kinds - _NUMBERS - {str}
    texts = [
        cell if type(cell) is str else _text(cell) if type(cell) in others else None
        for cell in cells
    ]
    numbers = [cell if type(cell) in _NUMBERS else None for cell in cells]
    return pc.coalesce(_as_strings(texts), _number_text(pa.array(numbers, pa.float64())))


def _number_text(numbers: pa.Array) -> pa.Array:
    """Return numbers as text that no locale reads as another number.

    "1.234" is 1234 in Vietnamese: such a number gets a further decimal, and is refused there.
    """
    values = numbers.to_numpy(zero_copy_only=False)  # NaN where there is none
    size = np.abs(values)
    if (values == np.rint(values)).all() and size.max(initial=0) < _EXPONENT:
        return pa.array(values.astype(np.int64)).cast(pa.string())
    texts = numbers.cast(pa.string())
    long = (size >= _LONG) & (size < _EXPONENT)
    if long.any():
        plain = [np.format_float_positional(value, trim="-") for value in values[long]]
        texts = pc.replace_with_mask(texts, pa.array(long), pa.array(plain, pa.string()))
    with np.errstate(over="ignore", invalid="ignore"):  # numbers beyond 1e305, infinite ones
        thousandths = values * 1000
        near = np.abs(thousandths - np.rint(thousandths)) < 1e-6
    near &= size < 1000
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
