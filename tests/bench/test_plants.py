"""Planted faults are faults, and are named as checks name them."""

from __future__ import annotations

import random

import duckdb

from bench.plants import KINDS, Plot
from tests.fixtures import expectations as factory


def plot(values: dict[str, list[float]]) -> Plot:
    con = factory.table([
        factory.row(ref_area=area, time_period=str(2000 + i), obs_value=value)
        for area, own in values.items() for i, value in enumerate(own)
    ])
    return Plot(con, factory.dataset(), random.Random(1))


def values(con: duckdb.DuckDBPyConnection) -> list[float]:
    return [row[0] for row in con.execute(
        "SELECT obs_value FROM observation ORDER BY _id").fetchall()]


def test_removed_observations_are_named_with_their_followers():
    field = plot({"VN": [float(i + 1) for i in range(10)], "LA": [float(i) for i in range(10)]})
    touched = KINDS["lost year"](field)
    gone, after = touched[:2], touched[2:]
    assert len({item["time_period"] for item in gone}) == 1
    assert {item["ref_area"] for item in after} == {"VN", "LA"}
    assert {int(item["time_period"]) for item in after} == {int(gone[0]["time_period"]) + 1}
    assert len(values(field.con)) == 18


def test_a_stale_copy_is_planted_only_where_it_changes_five_series():
    moving = {f"A{n}": [float(n + i) for i in range(9)] for n in range(5)}
    still = {"B": [7.0] * 9}
    field = plot({**moving, **still})
    before = values(field.con)
    touched = KINDS["stale copy of a period"](field)
    assert len(touched) == 6
    assert sum(a != b for a, b in zip(before, values(field.con), strict=True)) == 5
    del moving["A0"]
    assert KINDS["stale copy of a period"](plot({**moving, **still})) is None


def test_a_short_series_is_short():
    field = plot({"VN": [float(i + 1) for i in range(10)], "LA": [3.0, 4.0, 5.0]})
    touched = KINDS["unit x1,000, short series"](field)
    assert [item["ref_area"] for item in touched] == ["LA"]
    assert max(values(field.con)[10:]) in (3000, 4000, 5000)
