"""Small counts of people: found, or withheld so that no published total gives them away.

Primary suppression withholds a count from 1 to below the threshold. Where a total and all of its
other parts are published, the withheld one is their difference, and near it where the others that
are withheld are small: `secondary_suppression` withholds more, until each of them could be anything
within a range as wide as the threshold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from expectations.checks.sql import columns
from expectations.disclosure_control.secondary_suppression import (
    Cell,
    Sum,
    UnprotectedError,
    protect,
)
from model.declarations.dataset import BOUNDS, Dataset, SmallCells
from model.records.validation import QualityRecord, ReleaseBlocker
from model.reference.personal_data import SMALL_COUNTS
from model.util.sql import identifier

if TYPE_CHECKING:  # the check of small cells is imported by every command, DuckDB is not
    import duckdb

SUPPRESSED = "Q"  # SDMX CL_OBS_STATUS


@dataclass(frozen=True)
class Suppression:
    """What was withheld of a table; it tells of no cell why it was.

    `narrowest`: no withheld count can be bounded more closely than by this many times the
    threshold; None where none can be bounded at all.
    """

    small: int = 0
    beside: int = 0
    narrowest: float | None = None
    problem: str | None = None  # why what the published figures give away is unknown

    def and_also(self, other: Suppression) -> Suppression:
        """Return both together."""
        widths = [each.narrowest for each in (self, other) if each.narrowest is not None]
        return Suppression(
            self.small + other.small, self.beside + other.beside, min(widths, default=None),
            self.problem or other.problem,
        )


def suppress(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset,
    parents: Mapping[str, str] | None = None,
) -> Suppression:
    """Withhold small counts in a table, and what would give them away.

    Args:
        con: the connection.
        relation: a table with the dataset's columns and `_id`; changed in place.
        dataset: its indicators say whether to suppress (`small_cells: {action: suppress}`).
        parents: area -> the area whose total it is a part of, where the codelist says so; else
            every other area is a part of the total that `small_cells.totals` names.
    """
    done = Suppression()
    for code, rule in suppressed(dataset).items():
        for table in _tables(con, relation, dataset, code, rule):
            found = table.withhold(rule, parents or {})
            ids = [i for i, cell in zip(table.ids, table.cells, strict=True) if cell in found.cells]
            bounds = "".join(f", {name} = NULL" for name in BOUNDS if name in dataset.columns)
            con.execute(
                f"UPDATE {identifier(relation)} SET obs_value = NULL{bounds},"
                f" obs_status = '{SUPPRESSED}'"
                " WHERE _id IN (SELECT unnest(?))", [ids],
            )
            done = done.and_also(found.suppression)
    return done


def with_suppression(quality: QualityRecord, done: Suppression) -> QualityRecord:
    """Return a record that says how much was withheld, and that stops where it is not enough."""
    if not done.small:
        return quality
    found: dict[str, Any] = {
        "observed": {"withheld": {
            "small": done.small, "beside": done.beside,
            "intervals at least, in thresholds": done.narrowest and round(done.narrowest, 2),
        }},
    }
    if done.problem:
        found |= {"outcome": "failed", "error": done.problem}
    checks = tuple(
        check.model_copy(update=found) if check.expectation == SMALL_COUNTS else check
        for check in quality.checks
    )
    blockers = quality.blockers
    if done.problem:
        unknown = ReleaseBlocker(kind="disclosure_unknown", error=done.problem)
        blockers = (unknown, *(blockers or ()))
    return quality.model_copy(update={"checks": checks, "blockers": blockers})


def suppressed(dataset: Dataset) -> dict[str, SmallCells]:
    """Return the rule of each indicator whose small counts are withheld."""
    return {
        code: indicator.small_cells for code, indicator in dataset.indicators.items()
        if indicator.small_cells and indicator.small_cells.action == "suppress"
    }


@dataclass(frozen=True)
class _Withheld:
    cells: frozenset[Cell]
    suppression: Suppression


@dataclass(frozen=True)
class _Table:
    """The cells of an indicator that can be parts of the same sums, e.g. those of one period."""

    ids: list[int]
    cells: list[Cell]
    values: list[float | None]
    statuses: list[str | None]

    def withhold(self, rule: SmallCells, parents: Mapping[str, str]) -> _Withheld:
        """Return the cells to withhold, of those that have a value."""
        known = {cell: value for cell, value in zip(self.cells, self.values, strict=True)
                 if value is not None}
        already = {cell for cell, status in zip(self.cells, self.statuses, strict=True)
                   if status == SUPPRESSED and cell not in known}
        small = {cell for cell, value in known.items() if 0 < value < rule.threshold}
        sums = list(_sums(self.cells, list(rule.totals.items()), parents))
        try:
            found = protect(known, small | already, sums, rule.threshold)
        except UnprotectedError as error:
            return _Withheld(frozenset(small), Suppression(len(small), problem=str(error)))
        narrowest = found.narrowest / rule.threshold if isfinite(found.narrowest) else None
        beside = len(found.cells) - len(small) - len(already)
        return _Withheld(found.cells, Suppression(len(small), beside, narrowest))


def _tables(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, code: str, rule: SmallCells
) -> list[_Table]:
    """Return the tables of an indicator that have a small count."""
    crossed = list(rule.totals)
    fixed = [name for name in dataset.key if name not in crossed]
    crossing = f"[{columns(crossed)}]" if crossed else "[]::VARCHAR[]"
    rows = con.execute(
        f"""SELECT list(_id ORDER BY _id), list({crossing} ORDER BY _id),
                   list(obs_value ORDER BY _id), list(obs_status ORDER BY _id)
            FROM {identifier(relation)} WHERE indicator = ?
            GROUP BY {columns(fixed)}
            HAVING count(*) FILTER (obs_value > 0 AND obs_value < {rule.threshold}) > 0
            ORDER BY min(_id)""", [code],
    ).fetchall()
    return [
        _Table(ids, [tuple(cell) for cell in crossings], values, statuses)
        for ids, crossings, values, statuses in rows
    ]


def _sums(
    cells: Sequence[Cell], totals: Sequence[tuple[str, str]], parents: Mapping[str, str]
) -> Iterator[Sum]:
    """Yield every total that the codes show, with the parts that there are."""
    for place, (column, total) in enumerate(totals):
        lines: dict[Cell, list[Cell]] = defaultdict(list)
        for cell in cells:
            lines[(*cell[:place], *cell[place + 1:])].append(cell)
        for line in lines.values():
            by_code = {cell[place]: cell for cell in line}
            families: dict[str, list[Cell]] = defaultdict(list)
            for code, cell in by_code.items():
                parent = parents.get(code, total) if column == "ref_area" else total
                if code != total and parent in by_code:
                    families[parent].append(cell)
            for parent, parts in families.items():
                yield by_code[parent], tuple(parts)
