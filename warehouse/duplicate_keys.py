"""Why observations share a key: what, in the source's rows, tells them apart.

The working table no longer has what the declaration does not read: the rows in question are read
from the snapshot again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from model.records.validation import DuplicateCause, SourcePlace
from model.util.sql import identifier
from warehouse.cleaning.schema_inspection import names_a_unit

_GROUPS = 500  # of observations with one key that are looked at
_MOSTLY = 0.9  # share of them that a cause explains


@dataclass(frozen=True)
class _Row:
    """An observation, and the cells of the source's row that it stands in."""

    place: SourcePlace
    value: float | None
    cells: Mapping[str, str]


_Group = Sequence[_Row]  # of observations with one key


def duplicate_cause(
    con: duckdb.DuckDBPyConnection, relation: str, key: Sequence[str],
    batches: Callable[[], Iterable[pa.RecordBatch]], read: Collection[str], value: str | None,
) -> DuplicateCause | None:
    """Return the likely cause of repeated keys; None where none is found.

    Args:
        con: has the table.
        relation: its name; with `_part`, `_row` and `_column`.
        key: the columns of the key.
        batches: reads the snapshot again, with the source's own columns.
        read: the source's columns that the declaration reads.
        value: the one of them that holds the figures, if it is one.
    """
    groups = _with_cells(_groups(con, relation, key), batches)
    if not groups:
        return None
    first = groups[0]
    if _most(groups, lambda rows: len({(x.place.part, x.place.row) for x in rows}) == 1):
        return _cause("columns", "", first)
    columns = list(dict.fromkeys(name for rows in groups for row in rows for name in row.cells))
    unread = [name for name in columns if name not in read and _is_like_a_dimension(groups, name)]
    telling = sorted(
        (name for name in unread if _tells_apart(groups, name)),
        key=lambda name: len(_texts(groups, name)),
    )
    if telling:
        kind = "unit" if names_a_unit(telling[0]) else "dimension"
        return _cause("total" if _has_total(groups) else kind, telling[0], first)
    labels = [name for name in columns if name in read and name != value]
    label = next((name for name in labels if _tells_apart(groups, name)), None)
    if label is not None:
        return _cause("total" if _has_total(groups) else "label", label, first)
    same = _most(groups, lambda rows: len({row.value for row in rows}) == 1)
    if _most(groups, lambda rows: len({row.place.part for row in rows}) == len(rows)):
        return _cause("same_file" if same else "files", "", first)
    return _cause("repeated" if same else "figures", "", first)


def _cause(kind: Any, column: str, rows: _Group) -> DuplicateCause:
    return DuplicateCause(kind=kind, column=column, rows=tuple(row.place for row in rows[:2]))


def _groups(
    con: duckdb.DuckDBPyConnection, relation: str, key: Sequence[str]
) -> list[list[tuple[Any, ...]]]:
    columns = ", ".join(map(identifier, key))
    found = con.execute(
        "SELECT list((_part, _row, _column, obs_value) ORDER BY _id) FROM"
        f" {identifier(relation)} WHERE _reject IS NULL GROUP BY {columns}"
        f" HAVING count(*) > 1 ORDER BY min(_id) LIMIT {_GROUPS}"
    ).fetchall()
    return [rows for (rows,) in found]


def _with_cells(
    groups: list[list[tuple[Any, ...]]], batches: Callable[[], Iterable[pa.RecordBatch]]
) -> list[_Group]:
    """Return the observations with the cells of their rows, those without a place left out."""
    wanted = {(part, row) for rows in groups for part, row, *_ in rows if row is not None}
    numbers = pa.array(sorted({row for _, row in wanted}), pa.int64())
    cells: dict[tuple[str, int], dict[str, str]] = {}
    for batch in batches() if wanted else ():
        for row in batch.filter(pc.is_in(batch.column("_row"), numbers)).to_pylist():
            place = row.pop("_part"), row.pop("_row")
            if place in wanted:
                cells[place] = {name: "" if x is None else str(x) for name, x in row.items()}
    return [
        [
            _Row(SourcePlace(part=part, row=row, column=column or ""), value, cells[part, row])
            for part, row, column, value in rows
        ]
        for rows in groups if all((part, row) in cells for part, row, *_ in rows)
    ]


def _most(groups: Sequence[_Group], holds: Callable[[_Group], bool]) -> bool:
    return sum(map(holds, groups)) >= _MOSTLY * len(groups)


def _tells_apart(groups: Sequence[_Group], name: str) -> bool:
    return _most(groups, lambda rows: len({row.cells.get(name) for row in rows}) == len(rows))


def _texts(groups: Sequence[_Group], name: str) -> set[str | None]:
    return {row.cells.get(name) for rows in groups for row in rows}


def _is_like_a_dimension(groups: Sequence[_Group], name: str) -> bool:
    """Say whether a column repeats its texts: a number of the row or a figure hardly does."""
    count = sum(map(len, groups))
    return len(_texts(groups, name)) <= max(*map(len, groups), 2, count / 2)


def _has_total(groups: Sequence[_Group]) -> bool:
    """Say whether one figure of each key is the sum of the others, of which there are several."""
    def holds(rows: _Group) -> bool:
        values = [row.value for row in rows if row.value is not None]
        return len(values) > 2 and isclose(2 * max(values), sum(values), rel_tol=1e-6)

    return _most(groups, holds)
