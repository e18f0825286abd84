"""Small cells: what is withheld can never be worked out from what is published."""

from __future__ import annotations

from itertools import product

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.automatic import automatic_expectations
from expectations.cells import closed, recoverable, suppress
from expectations.custom import CUSTOM
from tests.unit import expectations_world as world

AREAS, SEXES = ["VN", "A", "B", "C"], ["T", "F", "M"]


def people(action: str = "suppress", totals: dict[str, str] | None = None, threshold: int = 10):
    declared = {"threshold": threshold, "action": action,
                "totals": {"ref_area": "VN", "sex": "T"} if totals is None else totals}
    indicator = {"name": world.words("Cases"), "unit": "number", "small_cells": declared}
    return world.dataset(indicators={"CASES": indicator})


def table(counts: dict[tuple[str, str], int], period: str = "2020") -> duckdb.DuckDBPyConnection:
    """A table of the inner cells, with all totals."""
    full = dict(counts)
    for area in AREAS[1:]:
        full[area, "T"] = sum(counts[area, sex] for sex in SEXES[1:])
    for sex in SEXES:
        full["VN", sex] = sum(full[area, sex] for area in AREAS[1:])
    return world.table([
        world.row(indicator="CASES", ref_area=area, sex=sex, obs_value=float(value),
                  time_period=period)
        for (area, sex), value in full.items()
    ])


def published(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], float | None]:
    rows = con.execute("SELECT ref_area, sex, obs_value, obs_status FROM observation").fetchall()
    assert all((value is None) == (status == "Q") for _, _, value, status in rows)
    return {(area, sex): value for area, sex, value, _ in rows}


INNER = list(product(AREAS[1:], SEXES[1:]))


def lines() -> list[tuple[tuple[str, str], list[tuple[str, str]]]]:
    return [
        *((("VN", sex), [(area, sex) for area in AREAS[1:]]) for sex in SEXES),
        *(((area, "T"), [(area, sex) for sex in SEXES[1:]]) for area in AREAS),
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=len(INNER), max_size=len(INNER)))
def test_no_small_count_can_be_worked_out(values):
    counts = dict(zip(INNER, values, strict=True))
    con = table(counts)
    suppress(con, "observation", people())
    shown = published(con)
    assert not [value for value in shown.values() if value is not None and 0 < value < 10]
    # Another table with all the same published figures, in which each withheld cell differs.
    hidden = [cell for cell, value in shown.items() if value is None]
    for target in hidden:
        assert _another(hidden, target), f"{target} follows from the totals"


def _another(hidden: list[tuple[str, str]], target: tuple[str, str]) -> bool:
    """Say whether the target can change while every sum of the table stays true.

    Independent of the code under test: DuckDB has no part in it, and floating-point elimination
    replaces fractions.
    """
    import numpy as np

    place = {cell: i for i, cell in enumerate(hidden)}
    rows = []
    for total, parts in lines():
        row = [0.0] * len(hidden)
        for cell in parts:
            if cell in place:
                row[place[cell]] = 1.0
        if total in place:
            row[place[total]] = -1.0
        if any(row):
            rows.append(row)
    if not rows:
        return True
    matrix = np.array(rows)
    unit = np.eye(len(hidden))[place[target]]
    with_unit = np.vstack([matrix, unit])
    return bool(np.linalg.matrix_rank(with_unit) > np.linalg.matrix_rank(matrix))


def test_one_small_cell_takes_others_with_it_and_no_more_than_needed():
    con = table({("A", "F"): 3, ("A", "M"): 30, ("B", "F"): 50, ("B", "M"): 60, ("C", "F"): 70,
                 ("C", "M"): 80})
    assert suppress(con, "observation", people()) == 4
    hidden = {cell for cell, value in published(con).items() if value is None}
    assert hidden == {("A", "F"), ("A", "M"), ("B", "F"), ("B", "M")}


def test_without_totals_only_the_small_cell_goes():
    con = table(dict.fromkeys(INNER, 50) | {("A", "F"): 3})
    assert suppress(con, "observation", people(totals={})) == 1


def test_a_cell_that_the_source_withheld_is_kept_secret_too():
    con = table(dict.fromkeys(INNER, 50) | {("B", "F"): 4})
    con.execute("UPDATE observation SET obs_value = NULL, obs_status = 'Q'"
                " WHERE ref_area = 'A' AND sex = 'F'")
    suppress(con, "observation", people())
    hidden = {cell for cell, value in published(con).items() if value is None}
    assert recoverable(hidden, [(t, tuple(p)) for t, p in lines()]) == set()


def test_two_holes_in_every_line_are_not_enough():
    """Two rings of holes with one cell between them: that one follows from the sums."""
    sums = [
        (("t1",), (("a",), ("b",))), (("t2",), (("a",), ("b",), ("x",))),
        (("t3",), (("c",), ("d",), ("x",))), (("t4",), (("c",), ("d",))),
    ]
    hidden = {("a",), ("b",), ("c",), ("d",), ("x",)}
    assert recoverable(hidden, sums) == {("x",)}
    known = {("t1",): 20.0, ("t2",): 23.0, ("t3",): 33.0, ("t4",): 30.0}
    assert recoverable(closed(known, hidden, sums), sums) == set()


def test_regions_are_totals_of_their_own():
    con = world.table([
        world.row(indicator="CASES", ref_area=area, obs_value=value)
        for area, value in {"VN": 200.0, "R1": 83.0, "R2": 117.0, "A": 3.0, "B": 80.0, "C": 57.0,
                            "D": 60.0}.items()
    ])
    parents = {"A": "R1", "B": "R1", "C": "R2", "D": "R2", "R1": "VN", "R2": "VN"}
    suppress(con, "observation", people(totals={"ref_area": "VN"}), parents)
    hidden = {area for (area, _), value in published(con).items() if value is None}
    assert hidden == {"A", "B"}


def test_a_small_count_stops_what_does_not_withhold_it():
    declared = people(action="stop")
    con = table(dict.fromkeys(INNER, 50) | {("A", "F"): 3})
    assert suppress(con, "observation", declared) == 0
    check = next(item for item in automatic_expectations(declared, world.registries())
                 if item.name == "small_cells_withheld")
    assert (check.severity, check.level) == ("critical", "table")
    query = CUSTOM[check.type].query(check.kwargs).format(batch="observation")
    assert con.execute(query).fetchall() == [("CASES", "A", 1, "2020 … 2020")]
    suppress(con, "observation", people())
    assert con.execute(query).fetchall() == []


def test_what_counts_no_people_has_no_such_check():
    names = {item.name for item in automatic_expectations(world.dataset(), world.registries())}
    assert "small_cells_withheld" not in names
    assert "no_personal_data" in names
