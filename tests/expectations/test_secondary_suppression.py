"""Small cells: what is withheld can never be worked out from what is published."""

from __future__ import annotations

from itertools import product
from typing import Any

import duckdb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from expectations.disclosure_control import secondary_suppression
from expectations.disclosure_control.secondary_suppression import protect
from expectations.disclosure_control.small_cells import Suppression, suppress, with_suppression
from expectations.suites.suite import implied_expectations
from model.records.validation import CheckResult, QualityRecord
from model.util.text import LocalizedText
from tests.fixtures import expectations as factory

AREAS, SEXES = ["VN", "A", "B", "C"], ["T", "F", "M"]


def people(action: str = "suppress", totals: dict[str, str] | None = None, threshold: int = 10):
    declared = {"threshold": threshold, "action": action,
                "totals": {"ref_area": "VN", "sex": "T"} if totals is None else totals}
    indicator = {"name": factory.words("Cases"), "unit": "number", "small_cells": declared}
    return factory.dataset(indicators={"CASES": indicator})


def table(counts: dict[tuple[str, str], int], period: str = "2020") -> duckdb.DuckDBPyConnection:
    """A table of the inner cells, with all totals."""
    full = dict(counts)
    for area in AREAS[1:]:
        full[area, "T"] = sum(counts[area, sex] for sex in SEXES[1:])
    for sex in SEXES:
        full["VN", sex] = sum(full[area, sex] for area in AREAS[1:])
    return factory.table([
        factory.row(indicator="CASES", ref_area=area, sex=sex, obs_value=float(value),
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


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 15), min_size=len(INNER), max_size=len(INNER)))
def test_no_small_count_is_shown_nor_bounded(values):
    counts = dict(zip(INNER, values, strict=True))
    con = table(counts)
    before = published(con)
    done = suppress(con, "observation", people())
    shown = published(con)
    assert not [value for value in shown.values() if value is not None and 0 < value < 10]
    assert all(value in (None, before[cell]) for cell, value in shown.items())
    hidden = [cell for cell, value in shown.items() if value is None]
    small = sum(0 < value < 10 for value in before.values())
    assert (done.small, done.beside, done.problem) == (small, len(hidden) - small, None)
    for cell in hidden:
        low, high = bounds(before, hidden, lines(), cell)
        assert high - low >= 10 - 1e-6, f"{cell} is within {low} and {high}"


def bounds(values, hidden, sums, cell):
    """Return the least and the most that a cell can be.

    Independent of the code under test: whole figures instead of differences, dense, by the simplex
    method instead of HiGHS' choice, with the equations written as the reader of a table has them.
    """
    place = {name: i for i, name in enumerate(hidden)}
    rows, right = [], []
    for total, parts in sums:
        row = np.zeros(len(hidden))
        rest = 0.0
        for name, sign in [(total, -1.0), *((part, 1.0) for part in parts)]:
            if name in place:
                row[place[name]] += sign
            else:
                rest -= sign * values[name]
        rows.append(row)
        right.append(rest)
    found = []
    for sign in (1, -1):
        costs = np.zeros(len(hidden))
        costs[place[cell]] = sign
        answer = linprog(costs, A_eq=np.array(rows), b_eq=right, method="highs-ds")
        found.append(float(answer.x[place[cell]]) if answer.status == 0 else np.inf)
        assert answer.status in (0, 3, 4), "0 solved, 3 unbounded"
    return found[0], found[1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=4, max_size=4), st.integers(2, 4))
def test_every_table_that_could_be_meant_is_tried(values, threshold):
    """By brute force over whole tables of two by two: no linear programming at all."""
    inner = list(product("AB", "FM"))
    truth = with_totals(dict(zip(inner, map(float, values), strict=True)), "TT")
    small = {cell for cell, value in truth.items() if 0 < value < threshold}
    hidden = protect(truth, small, sums_of(truth, "TT"), threshold).cells
    top = int(sum(values)) + threshold
    guesses = np.indices([top + 1] * 4, dtype=np.int16).reshape(4, -1)
    meant = with_totals(dict(zip(inner, guesses, strict=True)), "TT")
    possible = np.ones(guesses.shape[1], dtype=bool)
    for cell in truth.keys() - hidden:
        possible &= meant[cell] == truth[cell]
    for cell in hidden:
        assert meant[cell][possible].max() - meant[cell][possible].min() >= threshold


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=12, max_size=12))
def test_three_dimensions(values):
    inner = list(product("AB", "FM", "xyz"))
    truth = with_totals(dict(zip(inner, map(float, values), strict=True)), "TTT")
    sums = sums_of(truth, "TTT")
    small = {cell for cell, value in truth.items() if 0 < value < 10}
    found = protect(truth, small, sums, 10)
    assert small <= found.cells and found.narrowest >= 10 - 1e-6
    for cell in found.cells:
        low, high = bounds(truth, sorted(found.cells), sums, cell)
        assert high - low >= 10 - 1e-6, f"{cell} is within {low} and {high}"


def with_totals(inner: dict[tuple[str, ...], Any], totals: str) -> dict[tuple[str, ...], Any]:
    full = dict(inner)
    for place, total in enumerate(totals):
        for cell, value in list(full.items()):
            if cell[place] != total:
                above = (*cell[:place], total, *cell[place + 1:])
                full[above] = full.get(above, 0.0) + value
    return full


def sums_of(cells, totals: str):
    """Each total with its parts, one column after the other."""
    found = []
    for place, total in enumerate(totals):
        for cell in cells:
            if cell[place] == total:
                parts = tuple(
                    c for c in cells if c[place] != total
                    and (*c[:place], *c[place + 1:]) == (*cell[:place], *cell[place + 1:])
                )
                found.append((cell, parts))
    return found


def test_one_small_cell_takes_others_with_it_and_no_more_than_needed():
    con = table({("A", "F"): 3, ("A", "M"): 30, ("B", "F"): 50, ("B", "M"): 60, ("C", "F"): 70,
                 ("C", "M"): 80})
    done = suppress(con, "observation", people())
    assert (done.small, done.beside, done.narrowest) == (1, 3, 3.3)
    hidden = {cell for cell, value in published(con).items() if value is None}
    assert hidden == {("A", "F"), ("A", "M"), ("B", "F"), ("B", "M")}


def test_without_totals_only_the_small_cell_goes():
    con = table(dict.fromkeys(INNER, 50) | {("A", "F"): 3})
    assert suppress(con, "observation", people(totals={})) == Suppression(small=1)


def test_a_cell_that_the_source_suppressed_is_protected_too():
    con = table(dict.fromkeys(INNER, 50) | {("B", "F"): 4})
    con.execute("UPDATE observation SET obs_value = NULL, obs_status = 'Q'"
                " WHERE ref_area = 'A' AND sex = 'F'")
    suppress(con, "observation", people())
    hidden = {cell for cell, value in published(con).items() if value is None}
    truth = published(table(dict.fromkeys(INNER, 50) | {("B", "F"): 4}))
    for cell in hidden:
        low, high = bounds(truth, sorted(hidden), lines(), cell)
        assert high - low >= 10 - 1e-6


def test_two_small_counts_beside_each_other_are_not_enough():
    """3 and 4 that make a published 57 with 50: each is known to be at most 7."""
    truth = {("T",): 57.0, ("a",): 3.0, ("b",): 4.0, ("c",): 50.0, ("d",): 0.0}
    sums = [(("T",), (("a",), ("b",), ("c",), ("d",)))]
    found = protect(truth, {("a",), ("b",)}, sums, 10)
    assert found.cells == {("a",), ("b",), ("c",)}  # rather than the zero that everybody knows
    assert found.narrowest == 10


def test_two_holes_in_every_line_are_not_enough():
    """Two rings of holes with one cell between them: that one follows from the sums."""
    sums = [
        (("t1",), (("a",), ("b",))), (("t2",), (("a",), ("b",), ("x",))),
        (("t3",), (("c",), ("d",), ("x",))), (("t4",), (("c",), ("d",))),
    ]
    hidden = {("a",), ("b",), ("c",), ("d",), ("x",)}
    truth = {("t1",): 20.0, ("t2",): 23.0, ("t3",): 33.0, ("t4",): 30.0, ("a",): 10.0,
             ("b",): 10.0, ("c",): 15.0, ("d",): 15.0, ("x",): 3.0}
    assert bounds(truth, sorted(hidden), sums, ("x",)) == (3, 3)
    found = protect(truth, hidden, sums, 10).cells
    low, high = bounds(truth, sorted(found), sums, ("x",))
    assert high - low >= 10


def test_a_cell_that_the_source_does_not_have_protects_nothing():
    truth = {("T",): 100.0, ("a",): 3.0, ("b",): 97.0}  # ("c",) is missing
    sums = [(("T",), (("a",), ("b",), ("c",)))]
    assert protect(truth, {("a",)}, sums, 10).cells == {("a",), ("b",)}


def test_totals_that_are_not_their_parts_sum_give_nothing_away():
    truth = {("T",): 100.0, ("a",): 3.0, ("b",): 30.0, ("c",): 60.0}
    sums = [(("T",), (("a",), ("b",), ("c",)))]
    assert protect(truth, {("a",)}, sums, 10).cells == {("a",), ("b",)}


def test_an_audit_that_cannot_be_completed_blocks_the_release():
    """The source withheld `a` of a total that its other parts exceed."""
    con = table(dict.fromkeys(INNER, 50) | {("B", "F"): 4})
    con.execute("UPDATE observation SET obs_value = NULL, obs_status = 'Q'"
                " WHERE ref_area = 'A' AND sex IN ('F')")
    con.execute("UPDATE observation SET obs_value = 10 WHERE ref_area = 'A' AND sex = 'T'")
    done = suppress(con, "observation", people())
    assert done.problem is not None and "contradict" in done.problem
    blockers = with_suppression(record(), done)
    assert blockers.blockers is not None
    [blocker] = blockers.blockers
    assert (blocker.kind, blocker.error) == ("disclosure_unknown", done.problem)
    assert [check.outcome for check in blockers.checks] == ["failed"]


def test_a_table_too_large_to_be_audited_blocks_the_release(monkeypatch):
    monkeypatch.setattr(secondary_suppression, "CELLS", 5)
    con = table(dict.fromkeys(INNER, 50) | {("A", "F"): 3})
    done = suppress(con, "observation", people())
    assert done.problem is not None and "too large" in done.problem
    assert published(con)["A", "F"] is None


def test_the_record_counts_suppressed_cells_and_names_none():
    con = table(dict.fromkeys(INNER, 50) | {("A", "F"): 3})
    found = with_suppression(record(), suppress(con, "observation", people()))
    assert found.blockers is None
    assert found.checks[0].observed == {
        "withheld": {"small": 1, "beside": 3, "intervals at least, in thresholds": 5.3}
    }
    assert with_suppression(record(), Suppression()) == record()


def record() -> QualityRecord:
    check = CheckResult(
        name="small_cells_withheld", expectation="expect_small_cells_to_be_withheld", kwargs={},
        severity="critical", level="table", title=LocalizedText(vi="x", en="x"), outcome="passed",
        evaluated=12, unexpected=0,
    )
    return QualityRecord(
        dataset="health/beds", suite_sha256="0" * 64, versions={}, rows_read=12, rows_released=12,
        rows_quarantined=0, tolerance=0.01, checks=(check,),
    )


def test_regions_are_totals_of_their_own():
    con = factory.table([
        factory.row(indicator="CASES", ref_area=area, obs_value=value)
        for area, value in {"VN": 200.0, "R1": 83.0, "R2": 117.0, "A": 3.0, "B": 80.0, "C": 57.0,
                            "D": 60.0}.items()
    ])
    parents = {"A": "R1", "B": "R1", "C": "R2", "D": "R2", "R1": "VN", "R2": "VN"}
    suppress(con, "observation", people(totals={"ref_area": "VN"}), parents)
    hidden = {area for (area, _), value in published(con).items() if value is None}
    assert hidden == {"A", "B"}


def test_a_small_count_blocks_what_does_not_withhold_it():
    declared = people(action="stop")
    con = table(dict.fromkeys(INNER, 50) | {("A", "F"): 3})
    assert suppress(con, "observation", declared) == Suppression()
    check = next(item for item in implied_expectations(declared, factory.registries())
                 if item.name == "small_cells_withheld")
    assert (check.severity, check.level) == ("critical", "table")
    query = str(check.check.query()).format(batch="observation")
    assert con.execute(query).fetchall() == [("CASES", "A", 1, "2020 … 2020")]
    suppress(con, "observation", people())
    assert con.execute(query).fetchall() == []


def test_what_counts_no_people_has_no_such_check():
    names = {item.name for item in implied_expectations(factory.dataset(), factory.registries())}
    assert "small_cells_withheld" not in names
    assert "no_personal_data" in names
