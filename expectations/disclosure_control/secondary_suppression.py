"""Secondary suppression: what is withheld beside small counts, so that nobody can bound them.

Who reads a table with holes knows its sums, and that counts are not negative: between the least and
the most that a withheld cell can be under all of that lies its feasibility interval, found by
linear programming (the attacker's problem). The rule is that of a sliding protection level as wide
as the threshold, for every withheld cell alike: nobody can then tell the small ones from those
beside them. Where an interval is narrower, another program finds the cells to withhold besides:
those over which the cell can move far enough at the least loss.

Whole numbers are not asked for, as is usual; over two dimensions that makes no difference.
Handbook on Statistical Disclosure Control (Eurostat), chapter 4; the R packages sdcTable (`attack`,
`SPL`) and GaussSuppression (`ComputeIntervals`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Cell = tuple[str, ...]  # a code for each column that has totals
Sum = tuple[Cell, tuple[Cell, ...]]  # a total and its parts

# Cells of one table, and withheld ones among them: a minute on two processors. Beyond, it grows
# faster than they do.
CELLS, WITHHELD = 5_000, 1_000
_EXACT = 1e-6


class UnprotectedError(Exception):
    """The withheld cells of a table cannot be protected, or whether they are is unknown."""


@dataclass(frozen=True)
class Protected:
    """The withheld cells of a table, each with an interval as wide as the threshold."""

    cells: frozenset[Cell]
    narrowest: float  # no interval is narrower than this; infinite where none is bounded


def protect(
    known: Mapping[Cell, float], withheld: Collection[Cell], sums: Sequence[Sum], threshold: int
) -> Protected:
    """Withhold as many cells beside those that must be as give each an interval wide enough.

    Args:
        known: the values of all cells that have one.
        withheld: the cells that must not be known; one without a value was withheld by the source.
        sums: each total with its parts.
        threshold: how wide each interval must be at least.

    Raises:
        UnprotectedError: the table is too large, the published figures contradict each other, or
            there is nothing left that could be withheld.
    """
    table = _Table(known, withheld, sums, threshold)
    while narrow := [cell for cell in sorted(table.hidden) if table.is_narrow(cell)]:
        table.check_size()
        table.look_at_all()
        for cell in narrow:
            if table.is_narrow(cell):
                table.look_at(cell)
            if table.is_narrow(cell):
                table.withhold_beside(cell)
    widths = (table.width(cell) for cell in table.hidden)
    return Protected(frozenset(table.hidden), min(widths, default=math.inf))


class _Table:
    """A table with holes, and what is found out of each: `low` and `high`, so far.

    A cell that is withheld besides leaves the others more room: what was found stays true.
    """

    def __init__(
        self, known: Mapping[Cell, float], withheld: Collection[Cell], sums: Sequence[Sum],
        threshold: int,
    ) -> None:
        self.known, self.hidden, self.threshold = known, set(withheld), threshold
        self.sums = [item for item in sums if item[0] in known or item[0] in self.hidden]
        self.of: dict[Cell, list[Sum]] = defaultdict(list)
        for item in self.sums:
            for cell in (item[0], *item[1]):
                self.of[cell].append(item)
        self._last: _Program | None = None
        self.low: dict[Cell, float] = {}
        self.high: dict[Cell, float] = {}

    @cached_property
    def _whole(self) -> _Program:
        # A cell that the source does not have at all is no way out: many know why it is missing.
        return _Program(self, sorted(c for c in self.of if c in self.known or c in self.hidden))

    def width(self, cell: Cell) -> float:
        """Return how wide a cell's interval is at least; what is in no sum has no bounds."""
        if cell not in self.of:
            return math.inf
        return self.high.get(cell, 0.0) - self.low.get(cell, 0.0)

    def is_narrow(self, cell: Cell) -> bool:
        """Say whether a cell was not found to have an interval as wide as the threshold."""
        return self.width(cell) < self.threshold - _EXACT

    def check_size(self) -> None:
        """Raise UnprotectedError where this would take too long."""
        if len(self.of) > CELLS or len(self.hidden) > WITHHELD:
            raise UnprotectedError(
                f"a table of {len(self.of):,} counts with {len(self.hidden):,} withheld is too"
                f" large to tell what its totals give away (at most {CELLS:,} and {WITHHELD:,})"
            )

    def look_at_all(self) -> None:
        """Move many cells at once, which shows of most that they can move far enough."""
        cells = sorted(cell for cell in self.hidden if cell in self.of)
        program = _Program(self, cells)
        for step in (1, 2, 3):
            for sign in (1.0, -1.0):
                objective = {c: sign if (i // step) % 2 else -sign for i, c in enumerate(cells)}
                self._seen(cells, program.solve(objective))

    def look_at(self, cell: Cell) -> None:
        """Find the least and the most that a cell can be, until they are far enough apart."""
        block = self._linked(cell)
        if self._last is None or self._last.cells != block:
            self._last = _Program(self, block)
        program = self._last
        for sign in (1.0, -1.0):
            if self.is_narrow(cell):
                self._seen(block, program.solve({cell: sign}))

    def withhold_beside(self, cell: Cell) -> None:
        """Withhold what lets a cell grow far enough, at the least loss.

        Everything may move; what is published costs by how much it moves, and a little more the
        larger it is, so that few and small cells are moved. Zeros, which often everybody knows,
        cost most.
        """
        zero = 2 + 2 * math.log1p(max(self.known.values(), default=0.0))
        costs = {
            c: 1 + math.log1p(value) if value > 0 else zero
            for c, value in self.known.items() if c not in self.hidden
        }
        cells = self._whole.cells
        values = self._whole.moved(costs, {cell: self.low[cell] + self.threshold})
        moved = zip(cells, values, strict=True)
        self.hidden |= {c for c, v in moved if abs(v - self.known.get(c, v)) > _EXACT}
        self._seen(cells, values)

    def _linked(self, cell: Cell) -> list[Cell]:
        """Return the hidden cells that hang together with one by sums."""
        found, todo = {cell}, [cell]
        while todo:
            for total, parts in self.of[todo.pop()]:
                new = [c for c in (total, *parts) if c in self.hidden and c not in found]
                found.update(new)
                todo += new
        return sorted(found)

    def _seen(self, cells: Iterable[Cell], values: Iterable[float]) -> None:
        for cell, value in zip(cells, values, strict=True):
            self.low[cell] = min(self.low.get(cell, value), value)
            self.high[cell] = max(self.high.get(cell, value), value)


class _Program:
    """The sums of a table, as a linear program over those of its cells that may move.

    A variable says how far a cell is from its true value, or from 0 where the source withheld it.
    Where a published total is not the sum of its parts, nobody who does not know all of them can
    tell by how much: the sums hold for the differences.
    """

    def __init__(self, table: _Table, cells: Sequence[Cell]) -> None:
        self.cells = list(cells)
        self.place = {cell: i for i, cell in enumerate(cells)}
        self.base = [table.known.get(cell, 0.0) for cell in cells]
        self.equal: list[tuple[dict[int, float], float]] = []
        self.at_most: list[tuple[dict[int, float], float]] = []
        for total, parts in dict.fromkeys(item for cell in cells for item in table.of[cell]):
            row = {self.place[c]: 1.0 for c in parts if c in self.place}
            if total in self.place:
                row[self.place[total]] = -1.0
            unknown = any(cells[i] not in table.known and cells[i] in table.hidden for i in row)
            missing = any(c not in table.known and c not in table.hidden for c in parts)
            rest = 0.0
            if unknown:
                rest = table.known.get(total, 0.0) - sum(table.known.get(c, 0.0) for c in parts)
            (self.at_most if unknown and missing else self.equal).append((row, rest))
        # A detour over the others is never longer than all of them; huge bounds cost exactness.
        self.reach = table.threshold * (len(cells) + 1) + sum(abs(r) for _, r in self.equal)

    def solve(self, objective: Mapping[Cell, float]) -> list[float]:
        """Return possible values of the cells that make the objective least."""
        costs = [objective.get(cell, 0.0) for cell in self.cells]
        bounds = [(min(0.0, -value), self.reach) for value in self.base]  # counts are at least 0
        return self._values(_least(costs, self._limits, bounds))

    def moved(self, costs: Mapping[Cell, float], least: Mapping[Cell, float]) -> list[float]:
        """Return possible values, some of them at `least` so much, moved at the lowest `costs`.

        Each variable is split in two: up and down.
        """
        both = [costs.get(cell, 0.0) for cell in self.cells]
        up = [
            (max(0.0, least[cell] - base) if cell in least else 0.0, self.reach)
            for cell, base in zip(self.cells, self.base, strict=True)
        ]
        down = [
            (0.0, 0.0 if cell in least else max(0.0, base))
            for cell, base in zip(self.cells, self.base, strict=True)
        ]
        found = _least([*both, *both], self._split, [*up, *down])
        half = len(both)
        return self._values(
            [plus - minus for plus, minus in zip(found[:half], found[half:], strict=True)]
        )

    def _values(self, moved: Sequence[float]) -> list[float]:
        return [base + move for base, move in zip(self.base, moved, strict=True)]

    @cached_property
    def _limits(self) -> dict[str, Any]:
        """The sums, as arguments of scipy's `linprog`; without those of which there are none."""
        limits: dict[str, Any] = {}
        for name, rows in (("eq", self.equal), ("ub", self.at_most)):
            if rows:
                limits[f"A_{name}"] = self._matrix(rows)
                limits[f"b_{name}"] = [rest for _, rest in rows]
        return limits

    @cached_property
    def _split(self) -> dict[str, Any]:
        """The sums over twice as many variables: up, and down."""
        from scipy.sparse import hstack  # noqa: PLC0415

        return {
            name: hstack([limit, -limit]) if name.startswith("A") else limit
            for name, limit in self._limits.items()
        }

    def _matrix(self, rows: Sequence[tuple[dict[int, float], float]]) -> Any:
        from scipy.sparse import csr_array  # noqa: PLC0415

        entries = [(y, x, value) for y, (row, _) in enumerate(rows) for x, value in row.items()]
        ys, xs, values = zip(*entries, strict=True)
        return csr_array((values, (ys, xs)), shape=(len(rows), len(self.base)))


def _least(
    costs: Sequence[float], limits: Mapping[str, Any], bounds: Sequence[tuple[float, float]]
) -> list[float]:
    # Half a second to import: only where there is something to withhold.
    from scipy.optimize import linprog  # noqa: PLC0415

    found = linprog(costs, **limits, bounds=bounds, method="highs")
    if found.x is None:
        raise UnprotectedError(
            "it cannot be told what the totals of small counts give away, because they contradict"
            " the figures that the source itself withheld"
        )
    return [float(value) for value in found.x]
