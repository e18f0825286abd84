"""Small counts of people: found, or withheld so that no published total gives them away.

Primary suppression withholds a count from 1 to below the threshold. Where a total and all of its
other parts are published, the withheld one is their difference: secondary suppression withholds
more, the smallest first, until no withheld cell follows from what is published. It is decided by
linear algebra over all sums at once, not line by line: two lines with two holes each can still
give one of them away.

Statistical disclosure control, e.g. SDC Practice Guide, "Secondary cell suppression".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import duckdb

from expectations.series.points import columns
from expectations.sql import identifier, in_template, literal
from model.dataset import Dataset, SmallCells

SUPPRESSED = "Q"  # SDMX CL_OBS_STATUS
Cell = tuple[str, ...]  # a code for each column that has totals
Sum = tuple[Cell, tuple[Cell, ...]]  # a total and its parts


def small_cells(kwargs: dict[str, Any]) -> str:
    """How many counts are small, by indicator and area; their values are not told."""
    below = " OR ".join(
        f"(indicator = {in_template(literal(code))} AND obs_value > 0 AND obs_value < {least})"
        for code, least in kwargs["thresholds"].items()
    )
    return f"""
SELECT indicator, ref_area, count(*) AS affected, min(time_period) || ' … ' || max(time_period)
  AS reference FROM {{batch}} WHERE {below} GROUP BY ALL"""


def thresholds(dataset: Dataset) -> dict[str, int]:
    """Return the threshold of each indicator that counts people."""
    return {
        code: indicator.small_cells.threshold
        for code, indicator in dataset.indicators.items() if indicator.small_cells
    }


def suppress(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset,
    parents: Mapping[str, str] | None = None,
) -> int:
    """Withhold small counts in a table, and what would give them away; returns how many cells.

    Args:
        con: the connection.
        relation: a table with the dataset's columns and `_id`; changed in place.
        dataset: its indicators say whether to suppress (`small_cells: {action: suppress}`).
        parents: area -> the area whose total it is a part of, where the codelist says so; else
            every other area is a part of the total that `small_cells.totals` names.
    """
    withheld: list[int] = []
    for code, indicator in dataset.indicators.items():
        rule = indicator.small_cells
        if rule is not None and rule.action == "suppress":
            withheld += _withheld(con, relation, dataset, code, rule, parents or {})
    if withheld:
        con.execute(
            f"UPDATE {identifier(relation)} SET obs_value = NULL, obs_status = '{SUPPRESSED}'"
            " WHERE _id IN (SELECT unnest(?))", [withheld],
        )
    return len(withheld)


def _withheld(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, code: str, rule: SmallCells,
    parents: Mapping[str, str],
) -> list[int]:
    """Return the `_id` of each cell of an indicator that must be withheld and is not yet."""
    crossed = list(rule.totals)
    fixed = [name for name in dataset.key if name not in crossed]
    crossing = f"[{columns(crossed)}]" if crossed else "[]::VARCHAR[]"
    tables = con.execute(
        f"""SELECT list(_id), list({crossing}), list(obs_value), list(obs_status)
            FROM {identifier(relation)} WHERE indicator = ?
            GROUP BY {columns(fixed)}
            HAVING count(*) FILTER (obs_value > 0 AND obs_value < {rule.threshold}) > 0""", [code],
    ).fetchall()
    found = []
    for ids, crossings, values, statuses in tables:
        cells = [tuple(item) for item in crossings]
        known = {cell: value for cell, value in zip(cells, values, strict=True)
                 if value is not None}
        withheld = {cell for cell, status in zip(cells, statuses, strict=True)
                    if status == SUPPRESSED}
        withheld |= {cell for cell, value in known.items() if 0 < value < rule.threshold}
        withheld = closed(known, withheld, list(_sums(cells, list(rule.totals.items()), parents)))
        found += [i for i, cell in zip(ids, cells, strict=True)
                  if cell in withheld and cell in known]
    return found


def _sums(
    cells: Sequence[Cell], totals: Sequence[tuple[str, str]], parents: Mapping[str, str]
) -> Iterator[Sum]:
    """Yield every total that can be told from the codes, with the parts that there are."""
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


def closed(
    known: Mapping[Cell, float], withheld: set[Cell], sums: Sequence[Sum]
) -> set[Cell]:
    """Return the withheld cells with as many others as keep them from being worked out.

    Args:
        known: the values of all cells that have one.
        withheld: the cells that must not be known.
        sums: each total with its parts.
    """
    hidden = set(withheld)
    totals = {total for total, _ in sums}
    while True:
        given_away = recoverable(hidden, sums)
        if not given_away:
            return hidden
        beside = {
            cell for total, parts in sums if given_away & {total, *parts}
            for cell in (total, *parts) if cell not in hidden and cell in known
        }
        if not beside:  # all of it is hidden: it can be told from zeros that are not there
            return hidden
        hidden.add(min(beside, key=lambda c: (
            c in totals, -_holes(c, sums, hidden), known[c] == 0, known[c], c
        )))


def _holes(cell: Cell, sums: Sequence[Sum], hidden: set[Cell]) -> int:
    """Return in how many of its sums beside others that are hidden a cell stands."""
    return sum(cell in (total, *parts) and bool(hidden & {total, *parts}) for total, parts in sums)


def recoverable(hidden: set[Cell], sums: Sequence[Sum]) -> set[Cell]:
    """Return the hidden cells that follow from the sums and all cells that are not hidden."""
    order = {cell: place for place, cell in enumerate(sorted(hidden))}
    rows: list[dict[int, Fraction]] = []
    for total, parts in sums:
        row = {order[cell]: Fraction(1) for cell in parts if cell in order}
        if total in order:
            row[order[total]] = Fraction(-1)
        if row:
            rows.append(row)
    told = _solved(rows)
    return {cell for cell, place in order.items() if place in told}


def _solved(rows: list[dict[int, Fraction]]) -> set[int]:
    """Return the unknowns that have one value only, by Gauss-Jordan elimination."""
    pivots: dict[int, dict[int, Fraction]] = {}
    for start in rows:
        row = dict(start)
        for place in list(row):
            if place in pivots and place in row:
                _subtract(row, pivots[place], row[place])
        if not row:
            continue
        pivot = min(row)
        scale = row[pivot]
        row = {place: value / scale for place, value in row.items()}
        for other in pivots.values():
            if pivot in other:
                _subtract(other, row, other[pivot])
        pivots[pivot] = row
    return {place for place, row in pivots.items() if len(row) == 1}


def _subtract(row: dict[int, Fraction], other: Mapping[int, Fraction], times: Fraction) -> None:
    for place, value in other.items():
        left = row.get(place, Fraction(0)) - times * value
        if left:
            row[place] = left
        else:
            row.pop(place, None)

