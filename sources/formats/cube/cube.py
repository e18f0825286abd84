"""A cube of figures: what JSON-stat and PX files have in common.

Values stand in row-major order over the sizes of the dimensions, the last one running fastest.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from model.errors import ReadError
from model.util.text import nfc, slug
from sources.base import SourceFile
from sources.formats.json_text import as_text
from sources.formats.tabular.batches import text_array, text_schema
from sources.limits import BATCH_ROWS, MAX_DATA_CELLS

_OWN_COLUMNS = ("value", "status")


@dataclass(frozen=True)
class CubeDimension:
    """A dimension of a cube: the name of its column, and code and label of each category."""

    column: str
    categories: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cube:
    """A dataset.

    values, statuses: by position, as a list or sparse; a single status holds for all cells.
    only_listed: yield only the cells in `values`, instead of all others as empty ones.
    """

    dimensions: tuple[CubeDimension, ...]
    values: Sequence[Any] | dict[int, Any]
    statuses: Sequence[Any] | dict[int, Any] | str | None
    where: str
    only_listed: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names: two for each dimension, then value and status."""
        pairs = ((each.column, f"{each.column}_code") for each in self.dimensions)
        return (*(column for pair in pairs for column in pair), *_OWN_COLUMNS)

    def batches(self, part: str) -> Iterator[pa.RecordBatch]:
        """Yield the cells as batches of text; `_row` is the number of the cell, from 1."""
        sizes = [len(each.categories) for each in self.dimensions]
        total = math.prod(sizes)
        schema = text_schema(self.columns)
        texts = [
            (self._array([label for _, label in each.categories]),
             self._array([code for code, _ in each.categories]))
            for each in self.dimensions
        ]
        for start in range(0, max(1, total), BATCH_ROWS):
            numbers = range(start, min(total, start + BATCH_ROWS))
            listed = [n for n in numbers if n in self.values] if self.only_listed else numbers
            positions = np.asarray(listed, np.int64)
            sides = np.unravel_index(positions, sizes) if sizes else ()
            arrays = [
                array.take(pa.array(side))
                for pair, side in zip(texts, sides, strict=True) for array in pair
            ]
            arrays.append(self._array([_at(self.values, n) for n in listed]))
            arrays.append(self._array(self._statuses(listed)))
            place = (pa.repeat(pa.scalar(part), len(positions)), pa.array(positions + 1))
            yield pa.RecordBatch.from_arrays([*arrays, *place], schema=schema)

    def _statuses(self, positions: Sequence[int]) -> list[Any]:
        if self.statuses is None or isinstance(self.statuses, str):
            return [self.statuses] * len(positions)
        return [_at(self.statuses, position) for position in positions]

    def _array(self, values: Sequence[Any]) -> pa.Array:
        texts = [
            value if value is None or isinstance(value, str) else as_text(value, self.where)
            for value in values
        ]
        return text_array(texts, self.where)


def _at(values: Sequence[Any] | dict[int, Any], position: int) -> Any:
    if isinstance(values, dict):
        return values.get(position)
    return values[position] if position < len(values) else None


def dimension(name: str, categories: Sequence[tuple[str, str]], where: str) -> CubeDimension:
    """Return a dimension from its `name`, and code and label of each of its `categories`.

    `where` names the file in errors.

    Raises:
        ReadError: the name has no letter.
    """
    column = slug(name).replace("-", "_")
    if not column:
        raise ReadError("has a name without a letter", where=where)
    return CubeDimension(column, tuple((code, clean(label)) for code, label in categories))


def clean(label: str) -> str:
    """Return a label in NFC without stray blanks."""
    return " ".join(nfc(label).split())


def cells_of(sizes: Sequence[int], where: str) -> int:
    """Return the number of cells of a cube with these `sizes`; `where` names the file in errors.

    Raises:
        ReadError: too many.
    """
    total = math.prod(sizes)
    if total > MAX_DATA_CELLS:
        raise ReadError(
            f"has {total} cells; {MAX_DATA_CELLS} are allowed", where=where,
            todo="ask for less in one query",
        )
    return total


def check_names(dimensions: tuple[CubeDimension, ...], where: str) -> None:
    """Check that the names of all columns of `dimensions` differ; `where` names the file in errors.

    Raises:
        ReadError: two have the same name.
    """
    taken = set(_OWN_COLUMNS)
    for each in dimensions:
        for column in (each.column, f"{each.column}_code"):
            if column in taken:
                raise ReadError(
                    f"two columns would be named {column!r}", where=where,
                    todo="ask for a table whose dimensions have different names",
                )
            taken.add(column)


def cube_batches(
    parts: list[SourceFile], load: Callable[[SourceFile], Cube]
) -> Iterator[pa.RecordBatch]:
    """Read cubes of the same dimensions from `parts` with `load`, one in memory at a time.

    For each dimension its label and `<dimension>_code`; then `value` and `status`. `_row` is the
    number of the cell in the cube, from 1, the last dimension running fastest.

    Raises:
        ReadError: a cube cannot be read, or has other dimensions than the first.
    """
    names: tuple[str, ...] | None = None
    for part in parts:
        cube = load(part)
        if names is None:
            names = cube.columns
        if cube.columns != names:
            raise ReadError(
                f"has the columns {', '.join(cube.columns)}; {parts[0].name} has"
                f" {', '.join(names)}",
                where=part.name, todo="read tables with different columns as separate datasets",
            )
        yield from cube.batches(part.name)
