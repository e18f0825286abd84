"""What the project's readers make of a real file, and how it is compared with another library."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from pipelines.cli.corpus import read_table
from sources.inspect.finding import RecognisedTable
from sources.inspect.recognise import recognise
from tests.fixtures.datasets import SHARED

POSITION = ("_part", "_row")


def tables(name: str) -> Iterator[tuple[RecognisedTable, pa.Table]]:
    """Read all tables of a file by what recognition finds, hidden rows and columns too."""
    path = SHARED / name
    hidden = {"hidden": "read"} if path.suffix in (".xls", ".xlsx") else {}
    for found in recognise(path, name):
        if isinstance(found, RecognisedTable):
            options = found.options | (hidden if found.protocol == "files" else {})
            yield found, pa.Table.from_batches(
                read_table(path, name, replace(found, options=options))
            )


def number(cell: Any) -> float | None:
    """Return a cell as a number, None where it is none."""
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, (int, float)):
        return float(cell)
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def same(ours: Any, theirs: Any) -> bool:
    """Say whether two cells agree: numbers as numbers, text in NFC."""
    one, other = number(ours), number(theirs)
    if one is not None and other is not None:
        return one == other or (math.isnan(one) and math.isnan(other))
    texts = (unicodedata.normalize("NFC", "" if c is None else str(c)) for c in (ours, theirs))
    return len(set(texts)) == 1


def agree(where: str, column: str, ours: Sequence[Any], theirs: Sequence[Any]) -> int:
    """Compare two columns cell by cell, and return on how many cells they agree.

    Raises:
        AssertionError: names file, row and column of the first cell that differs.
    """
    assert len(ours) == len(theirs), f"{where}: {len(ours)} rows here, {len(theirs)} there"
    if list(ours) == list(theirs):
        return len(ours)
    for row, (one, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        assert same(one, other), f"{where}, row {row}, column {column!r}: {one!r} is not {other!r}"
    return len(ours)
