"""Reading cubes, in JSON-stat or PX, into batches: what both versions of PX-Web have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from model.errors import ReadError
from sources.base import StoredPart
from sources.formats.cube.cube import Cube


def cube_batches(
    parts: list[StoredPart], load: Callable[[StoredPart], Cube]
) -> Iterator[pa.RecordBatch]:
    """Read cubes of the same dimensions, one in memory at a time.

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
                where=part.name, todo="read tables of different shape as datasets of their own",
            )
        yield from cube.batches(part.name)
