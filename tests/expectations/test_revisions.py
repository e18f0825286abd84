"""Gross revisions: each is named for what it is, and ordinary revisions block nothing."""

from __future__ import annotations

import math

import duckdb
import pytest

from expectations.checks.base import EARLIER_RELEASES, PREVIOUS_RELEASE
from expectations.checks.registry import all_checks
from tests.fixtures.expectations import dataset, registries

AREAS = ("48", "46", "49", "51", "52", "54")
YEARS = tuple(range(2012, 2020))
KINDS = {
    "scaled": "expect_no_revision_by_power_of_ten", "exchanged": "expect_no_codes_exchanged",
    "shifted": "expect_no_values_shifted", "mostly": "expect_most_values_to_stay",
    "cut": "expect_file_not_cut_short", "earlier": "expect_no_earlier_values_again",
    "rounded": "expect_values_to_keep_their_digits",
    "statuses": "expect_all_statuses_of_last_release",
    "gaps": "expect_gaps_of_last_release_to_not_become_zero",
}


def figures(areas=AREAS, years=YEARS):
    """Return {(indicator, area, year): value} of two indicators; no two values are equal."""
    return {
        (indicator, area, year): start * (1 + 0.31 * i) * 1.037**j * (1 + 0.01 * math.sin(5 * j))
        for indicator, start in (("BEDS", 123.0), ("SHARE", 7.7))
        for i, area in enumerate(areas) for j, year in enumerate(years)
    }


def lay(con, name, values, preliminary=()):
    con.execute(
        f"CREATE TABLE {name} (_id BIGINT, indicator VARCHAR, ref_area VARCHAR,"
        " geo_vintage VARCHAR, sex VARCHAR, time_period VARCHAR, obs_value DOUBLE,"
        " obs_status VARCHAR, source_part VARCHAR, source_row BIGINT)"
    )
    con.executemany(
        f"INSERT INTO {name} VALUES (?, ?, ?, 'ISO', 'T', ?, ?, ?, 'beds.csv', ?)",
        [(i, indicator, area, str(year), value, "P" if year in preliminary else "A", i + 2)
         for i, ((indicator, area, year), value) in enumerate(values.items())],
    )


def found(new, old, oldest=None, preliminary=((), ())):
    """Return what each check observed, by the short name of its kind.

    `oldest` is the release before `old`; `preliminary` has the years with the status P, in the
    table and in the last release.
    """
    con = duckdb.connect()
    lay(con, "observation", new, preliminary[0])
    lay(con, PREVIOUS_RELEASE, old, preliminary[1])
    lay(con, "oldest", oldest or old)
    con.execute(f"CREATE VIEW {EARLIER_RELEASES} AS FROM oldest UNION ALL FROM {PREVIOUS_RELEASE}")
    observed = {}
    for short, kind in KINDS.items():
        check = all_checks()[kind].of({}, dataset(), registries())
        query = str(check.query()).format(batch="observation")
        rows = con.execute(f"SELECT * FROM ({query}) ORDER BY ALL").fetchall()
        names = [item[0] for item in con.description]
        if rows:
            observed[short] = [str(dict(zip(names, row, strict=True))["observed"]) for row in rows]
    con.close()
    return observed


def edited(old, change):
    return {key: change(*key, value) for key, value in old.items()}


@pytest.mark.parametrize(("factor", "named"), [(1000, "×1000"), (0.001, "÷1000"), (100, "×100")])
def test_an_indicator_in_another_unit(factor, named):
    old = figures()
    new = edited(old, lambda i, a, y, v: v * factor if i == "BEDS" else v)
    assert found(new, old) == {"scaled": [f"{named}: 48/48 (BEDS)"]}


def test_a_locale_misread_in_part():
    old = figures()
    new = edited(old, lambda i, a, y, v: v / 1000 if (i, a) == ("BEDS", "48") and y > 2015 else v)
    assert found(new, old) == {"scaled": ["÷1000: 4/48 (BEDS, 48)"]}


def test_figures_rounded_in_the_new_unit():
    old = figures()
    new = edited(old, lambda i, a, y, v: round(v * 1000) if i == "BEDS" else v)
    assert list(found(new, old)) == ["scaled"]


def test_two_indicators_exchanged():
    old = figures()
    other = {"BEDS": "SHARE", "SHARE": "BEDS"}
    new = {key: old[(other[key[0]], *key[1:])] for key in old}
    assert found(new, old)["exchanged"] == ["BEDS ⇄ SHARE: 48/48"]
    assert found(new, old)["mostly"][0] == "BEDS: 48/48 > 5%, 48 ↔"


def test_two_areas_exchanged():
    old = figures()
    other = {"48": "51", "51": "48"}
    new = {key: old[(key[0], other.get(key[1], key[1]), key[2])] for key in old}
    assert found(new, old)["exchanged"] == ["48 ⇄ 51: 16/16"]


def test_two_periods_exchanged():
    old = figures()
    other = {2012: 2019, 2019: 2012}
    new = {key: old[(*key[:2], other.get(key[2], key[2]))] for key in old}
    assert found(new, old)["exchanged"] == ["2012 ⇄ 2019: 12/12"]


def test_two_columns_of_a_wide_table_exchanged():
    """One indicator's first year and the other's last: no single code is exchanged."""
    old = figures()
    other = {("BEDS", 2012): ("SHARE", 2019), ("SHARE", 2019): ("BEDS", 2012)}
    new = {}
    for indicator, area, year in old:
        to, then = other.get((indicator, year), (indicator, year))
        new[(indicator, area, year)] = old[(to, area, then)]
    assert found(new, old)["exchanged"] == ["BEDS, T, 2012 ⇄ SHARE, T, 2019: 6/6"]


def test_an_earlier_edition_again():
    oldest = figures()
    old = edited(oldest, lambda i, a, y, v: v * 1.01 if y > 2015 else v)
    assert found(oldest, old, oldest) == {"earlier": ["48/48 = bản cũ/earlier release"]}
    newer = edited(old, lambda i, a, y, v: v * 1.01)
    assert found(newer, old, oldest) == {}


def test_figures_that_lost_their_digits():
    old = figures()
    new = edited(old, lambda i, a, y, v: round(v, 1) if i == "BEDS" else v)
    assert list(found(new, old)) == ["rounded"]
    single = edited(old, lambda i, a, y, v: float(f"{v:.7g}"))  # as single precision is printed
    assert found(single, old) == {}


def test_statuses_that_are_gone():
    old = figures()
    lost = {"statuses": ["P → A: 12/12"]}
    assert found(old, old, preliminary=((), (2019,))) == lost
    grown = {**old, **{(i, a, 2020): v for (i, a, y), v in old.items() if y == 2018}}
    assert found(grown, old, preliminary=((2020,), (2019,))) == {}
    final = edited(old, lambda i, a, y, v: v * 1.01 if y == 2019 else v)
    assert found(final, old, preliminary=((), (2019,))) == {}


def test_gaps_that_become_zero():
    new = figures()
    old = {key: value for key, value in new.items() if key[0] != "BEDS" or key[2] > 2012}
    zeros = {key: value if key in old else 0.0 for key, value in new.items()}
    assert found(zeros, old) == {"gaps": ["– → 0: 6/6 (BEDS)"]}
    assert found(new, old) == {}  # filled with figures


@pytest.mark.parametrize("years", [YEARS, (2019,)])
def test_values_shifted_by_a_row(years):
    old = figures(years=years)
    after = dict(zip(AREAS[1:], AREAS, strict=False))
    new = {key: old[(key[0], after.get(key[1], key[1]), key[2])] for key in old}
    rows = found(new, old)["shifted"]
    n = 5 * len(years)
    assert rows == [f"BEDS: +1 dòng/row, {n}/{n}", f"SHARE: +1 dòng/row, {n}/{n}"]


def test_values_shifted_by_a_period():
    old = figures()
    new = {key: old.get((*key[:2], key[2] - 1), value) for key, value in old.items()}
    assert found(new, old)["shifted"][0] == "BEDS: +1 kỳ/period, 42/42"


def test_most_of_an_indicator_revised():
    old = figures()
    new = edited(old, lambda i, a, y, v: v * (1.2 + 0.01 * (y % 3)) if i == "BEDS" else v)
    assert found(new, old) == {"mostly": ["BEDS: 48/48 > 5%, ×1.21"]}


def test_a_file_cut_short():
    old = figures()
    kept = dict(list(old.items())[:80])
    assert found(kept, old) == {"cut": ["80 (-16, 82 …)"]}
    window = {key: value for key, value in old.items() if key[2] > 2012}
    assert found(window, old) == {}  # the oldest year went, from everywhere in the file


@pytest.mark.parametrize("change", [
    lambda i, a, y, v: v * 1.02,  # all, a little
    lambda i, a, y, v: v * 1.3 if y >= 2017 else v,  # the last three of eight years
    lambda i, a, y, v: v * 10 if (a, y) == ("48", 2019) else v,  # one figure
    lambda i, a, y, v: v * (1 + 1e-9),
    lambda i, a, y, v: v,
])
def test_an_ordinary_revision_is_none_of_them(change):
    old = figures()
    new = {**edited(old, change), ("BEDS", "48", 2020): 5.5}
    assert found(new, old) == {}
