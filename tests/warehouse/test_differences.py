"""One definition of added, revised and withdrawn, and a summary that says by what factor."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.cli.compare.diff import factor_text, sentence
from warehouse.differences import compare_tables

KEY = ("indicator", "ref_area", "time_period")
COLUMNS = (*KEY, "obs_value", "obs_status", "unit_measure")


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def put(con, name, values, status="A"):
    """Make a table of {(area, year): value}."""
    con.execute(
        f"CREATE TABLE {name} (indicator VARCHAR, ref_area VARCHAR, time_period VARCHAR,"
        " obs_value DOUBLE, obs_status VARCHAR, unit_measure VARCHAR)"
    )
    con.executemany(
        f"INSERT INTO {name} VALUES ('X', ?, ?, ?, ?, 'number')",
        [(area, year, value, status) for (area, year), value in values.items()],
    )


def part(found, code):
    [one] = [item for item in found.parts if item.code == code]
    return one.counts


def test_one_area_of_two_is_in_thousands(con):
    old = {(area, str(year)): 7.0 + year for area in ("48", "46") for year in range(2000, 2012)}
    put(con, "old", old)
    put(con, "new", {key: v * 1000 if key[0] == "48" else v for key, v in old.items()})
    found = compare_tables(con, KEY, COLUMNS, "new", "old")
    assert sentence(found.total) == "12 of 24 revised (all ×1000)"
    assert sentence(part(found, "48")) == "12 of 12 revised (all ×1000)"
    assert [item.code for item in found.parts if item.column == "ref_area"] == ["48"]
    assert len(found.rows) == 12 and found.rows[0]["old_value"] == 2007.0


def test_every_kind_of_change_is_counted_once(con):
    put(con, "old", {("48", "1"): 1.0, ("48", "2"): 2.0, ("48", "3"): 3.0, ("48", "4"): None,
                     ("48", "5"): 0.1 + 0.2})
    put(con, "new", {("48", "1"): 1.0, ("48", "2"): 4.0, ("48", "4"): 5.0, ("48", "5"): 0.3,
                     ("48", "6"): 9.0})
    total = compare_tables(con, KEY, COLUMNS, "new", "old").total
    assert (total.common, total.added, total.revised, total.withdrawn) == (4, 1, 3, 1)
    assert (total.representation, total.moved, total.factor) == (1, 2, 2.0)


def test_a_status_alone_is_a_revision_without_a_factor(con):
    put(con, "old", {("48", "1"): 1.0})
    put(con, "new", {("48", "1"): 1.0}, status="E")
    total = compare_tables(con, KEY, COLUMNS, "new", "old").total
    assert (total.revised, total.other_columns, total.moved, total.factor) == (1, 1, 0, None)


def test_empty_tables_have_no_difference(con):
    put(con, "old", {("48", "1"): 1.0})
    con.execute("DELETE FROM old")
    con.execute("CREATE TABLE new AS FROM old")
    found = compare_tables(con, KEY, COLUMNS, "new", "old")
    assert not found.rows and found.total.common == 0


@pytest.mark.parametrize(
    ("factor", "words"),
    [(1000, "×1000"), (0.001, "÷1000"), (1.05, "×1.05"), (0.95, "×0.95"), (1e9, "×1000000000"),
     (-1, "×-1"), (0, "×0"), (0.5, "÷2")],
)
def test_a_factor_in_words(factor, words):
    assert factor_text(factor) == words
