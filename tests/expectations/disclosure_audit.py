"""Audit suppressed tables with OR-Tools' CP-SAT: what an attacker can derive of whole counts.

`python -m tests.expectations.disclosure_audit --tables 1000` (or `make audit-disclosure`). The
product audits by linear programming over real numbers (HiGHS); this one knows nothing of it, uses
another solver, and takes counts for what they are: whole and not negative.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Collection, Mapping, Sequence
from itertools import product

from ortools.sat.python import cp_model

from expectations.disclosure_control.secondary_suppression import UnprotectedError, protect

Cell = tuple[str, ...]
Sum = tuple[Cell, tuple[Cell, ...]]
SHAPES = (("abc", "xyz"), ("abcd", "xyz"), ("ab", "xy", "pqr"), ("abc", "xy", "pq"))
TOTAL, THRESHOLDS = "T", (3, 5, 10)


def derived(
    known: Mapping[Cell, int], hidden: Collection[Cell], sums: Sequence[Sum], cell: Cell, most: int
) -> tuple[int, int]:
    """Return the smallest and the largest whole number that a suppressed cell can be.

    Args:
        known: the published counts.
        hidden: the suppressed cells.
        sums: each total with its parts.
        cell: the one to derive.
        most: no count is larger than this; large enough that it never decides.

    Raises:
        AssertionError: no table agrees with what is published, or the solver gave up.
    """
    found = []
    for sense in (1, -1):
        model = cp_model.CpModel()
        count = {one: model.new_int_var(0, most, str(one)) for one in sorted(hidden)}
        for total, parts in sums:
            model.add(sum(count[p] if p in count else known[p] for p in parts)
                      == (count[total] if total in count else known[total]))
        model.minimize(sense * count[cell])
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        assert solver.solve(model) == cp_model.OPTIMAL, f"{cell}: not solved"
        found.append(solver.value(count[cell]))
    return found[0], found[1]


def random_table(rng: random.Random) -> tuple[dict[Cell, int], list[Sum]]:
    """Return counts with all totals, many of them small or 0, and which total has which parts."""
    shape = rng.choice(SHAPES)
    high = rng.choice((6, 15, 40))
    cells = {cell: rng.choice((0, rng.randint(0, high))) for cell in product(*shape)}
    for place in range(len(shape)):
        for cell, count in list(cells.items()):
            if cell[place] != TOTAL:
                above = (*cell[:place], TOTAL, *cell[place + 1:])
                cells[above] = cells.get(above, 0) + count
    sums = [
        (cell, tuple((*cell[:place], code, *cell[place + 1:]) for code in shape[place]))
        for cell in cells for place in range(len(shape)) if cell[place] == TOTAL
    ]
    return cells, sums


def audit(tables: int, seed: int) -> tuple[int, int, list[str]]:
    """Suppress random tables and derive every suppressed cell.

    Returns:
        How many cells were derived, how many tables could not be protected (and would not be
        published), and each cell whose interval is narrower than the threshold.
    """
    rng = random.Random(seed)
    tried, refused, narrow = 0, 0, []
    for number in range(tables):
        cells, sums = random_table(rng)
        threshold = rng.choice(THRESHOLDS)
        small = {cell for cell, count in cells.items() if 0 < count < threshold}
        try:
            hidden = protect({c: float(n) for c, n in cells.items()}, small, sums, threshold).cells
        except UnprotectedError:
            refused += 1
            continue
        assert small <= hidden
        for cell in sorted(hidden):
            low, high = derived(cells, hidden, sums, cell, 10 * sum(cells.values()) + 100)
            tried += 1
            if high - low < threshold:
                narrow.append(f"table {number}: {cell} is within {low} and {high}, not {threshold}")
    return tried, refused, narrow


def main() -> None:
    """Print what was derived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tried, refused, narrow = audit(options.tables, options.seed)
    print(f"{tried:,} suppressed cells of {options.tables:,} tables, {refused} not published;"
          f" {len(narrow)} derived within their protection level")
    print("\n".join(narrow))


if __name__ == "__main__":
    main()
