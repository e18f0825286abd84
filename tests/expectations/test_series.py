"""Checks of time series: each finds its fault, says against what, and leaves a sound series be."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import pytest

from expectations.checks.base import EARLIER_RELEASES, PREVIOUS_RELEASE, SeriesCheck
from expectations.checks.registry import all_checks
from tests.fixtures.expectations import dataset, registries

Point = tuple[str, str, float | None]  # area, period, value


def table(points: list[Point]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    lay(con, points, "observation")
    return con


def lay(con: duckdb.DuckDBPyConnection, points: list[Point], name: str, **columns: str) -> None:
    given = {"indicator": "BEDS", "geo_vintage": "ISO", "sex": "T", **columns}
    con.execute(
        f"CREATE TABLE {name} (_id BIGINT, indicator VARCHAR, ref_area VARCHAR,"
        " geo_vintage VARCHAR, sex VARCHAR, time_period VARCHAR, obs_value DOUBLE,"
        " obs_status VARCHAR, obs_note VARCHAR)"
    )
    for i, (area, period, value) in enumerate(points):
        con.execute(
            f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, ?, ?, 'A', NULL)",
            [i, given["indicator"], area, given["geo_vintage"], given["sex"], period, value],
        )


def found(con: duckdb.DuckDBPyConnection, kind: str, frequency: str = "A", **kwargs: Any) -> list:
    check = all_checks()[kind].of(kwargs, dataset(frequency=frequency), registries())
    query = str(check.query()).format(batch="(SELECT * FROM observation)")
    answer = con.execute(f"SELECT * FROM ({query}) ORDER BY ALL")
    names = [item[0] for item in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def years(values: list[float | None], area: str = "VN", first: int = 2000) -> list[Point]:
    return [(area, str(first + i), value) for i, value in enumerate(values)]


def grown(count: int = 20, start: float = 100.0, area: str = "VN") -> list[Point]:
    """A series that grows by about 3% a year, and trembles."""
    return years([start * 1.03**i * (1 + 0.01 * math.sin(5 * i)) for i in range(count)], area)


def changed(points: list[Point], places: list[int], change: Any) -> list[Point]:
    return [(a, t, change(v) if i in places else v) for i, (a, t, v) in enumerate(points)]


SOUND = [
    kind for kind, cls in all_checks().items()
    if issubclass(cls, SeriesCheck) and cls.automatic and "A" in cls.frequencies
]


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_series_is_left_alone(kind):
    con = table([*grown(), *grown(start=7000, area="LA")])
    con.execute(f"CREATE TABLE {PREVIOUS_RELEASE} AS FROM observation")
    con.execute(f"CREATE TABLE {EARLIER_RELEASES} AS FROM observation")
    assert found(con, kind) == []


@pytest.mark.parametrize("kind", SOUND)
def test_an_empty_table_and_rows_without_value_are_no_error(kind):
    for points in ([], years([None, math.nan, math.inf, 1.0]), [("VN", "no period", 1.0)]):
        con = table(points)
        con.execute(f"CREATE TABLE {PREVIOUS_RELEASE} AS FROM observation")
        con.execute(f"CREATE TABLE {EARLIER_RELEASES} AS FROM observation")
        assert found(con, kind) == []


@pytest.mark.parametrize(("places", "factor", "named"), [
    ([10], 1000, 10), ([17, 18, 19], 1000, 17), ([18, 19], 1e-3, 18), ([0], 1e6, 0),
    ([8, 9, 10], 1000, 8), ([19], 0.01, 19),
])
def test_a_unit_slip_is_named_with_its_factor(places, factor, named):
    con = table(changed(grown(), places, lambda v: v * factor))
    rows = found(con, "expect_series_values_to_keep_their_unit")
    assert [row["_id"] for row in rows] == [named]
    assert rows[0]["factor"] == pytest.approx(factor, rel=0.2)
    assert rows[0]["periods"] == len(places)
    assert rows[0]["reference"] == str(2000 + (named - 1 if named else 1))


def test_a_slip_is_no_jump_of_a_series_that_jumps_anyway():
    wild = years([10.0 ** (i * 7 % 4) for i in range(20)])
    con = table(wild)
    assert found(con, "expect_series_values_to_keep_their_unit") == []
    assert found(con, "expect_series_values_to_not_jump") == []


def test_a_jump_says_what_was_expected():
    con = table(changed(grown(), [12], lambda v: v * 5))
    rows = found(con, "expect_series_values_to_not_jump")
    assert [row["_id"] for row in rows] == [12]
    assert rows[0]["expected"] == pytest.approx(100 * 1.03**12, rel=0.05)


def test_what_all_areas_do_together_is_no_jump():
    areas = [f"A{i}" for i in range(10)]
    points = [p for a in areas for p in changed(grown(area=a), [15], lambda v: v / 6)]
    assert found(table(points), "expect_series_values_to_not_jump") == []
    alone = [p for i, a in enumerate(areas)
             for p in (changed(grown(area=a), [15], lambda v: v / 6) if i == 0 else grown(area=a))]
    assert len(found(table(alone), "expect_series_values_to_not_jump")) == 1


def test_a_factor_of_a_hundred_is_only_reported_for_shares():
    con = table(changed(grown(), [10], lambda v: v / 100))
    kind = "expect_series_values_to_keep_their_unit"
    assert [r["_id"] for r in found(con, kind, shares=["BEDS"])] == [10]
    assert found(con, kind, shares=["SHARE"]) == []


def test_a_series_of_zeros_has_too_few_values_to_jump():
    few = years([0.0] * 13 + [10.0, 11.0, 10.0, 12.0, 11.0, 10.0, 900.0])
    assert found(table(few), "expect_series_values_to_not_jump") == []
    rows = found(table([*few[13:], *years([10.0, 11.0], first=1998)]),
                 "expect_series_values_to_not_jump")
    assert [row["observed"] for row in rows] == [900]


def test_where_all_take_their_largest_step_only_ten_times_is_a_jump():
    """A pandemic: all fall, a few of them far."""
    calm = [p for n in range(40) for p in years(
        [(100 + n) * 1.12**i * (1 + 0.01 * math.sin(5 * i + n)) for i in range(20)], f"A{n}")]
    ends = [20 * n + 19 for n in range(40)]
    kind = "expect_series_values_to_not_jump"
    three = changed(calm, ends[:3], lambda v: v / 4)
    assert [r["_id"] for r in found(table(three), kind)] == ends[:3]
    fallen = changed(three, ends[3:], lambda v: v / 1.2)
    assert found(table(fallen), kind) == []
    assert [r["_id"] for r in found(table(changed(fallen, ends[:1], lambda v: v / 10)), kind)
            ] == ends[:1]


@pytest.mark.parametrize("kind", ["jump", "spike"])
def test_what_other_areas_do_in_other_years_is_no_jump_and_no_spike(kind):
    """Burnt forest: nothing for years, then a dry summer, each year in another province."""
    calm = [p for n in range(20) for p in grown(area=f"A{n}")]
    name = f"expect_series_values_to_not_{kind}"
    once = changed(calm, [9], lambda v: v * 9)
    assert [r["_id"] for r in found(table(once), name)] == [9]
    wild = changed(once, [20 * n + 3 + (7 * n) % 14 for n in range(1, 12)], lambda v: v * 9)
    assert found(table(wild), name) == []


@pytest.mark.parametrize(("factor", "place"), [(10, 9), (0.1, 9), (1000, 5), (0.1, 19), (10, 19)])
def test_a_value_that_fits_as_a_power_of_ten_is_named_with_it(factor, place):
    con = table([*changed(grown(), [place], lambda v: v * factor), *grown(area="LA")])
    (row,) = found(con, "expect_series_values_to_fit_as_written")
    assert row["_id"] == place and row["multiplied_by"] == pytest.approx(1 / factor)
    assert row["digits_exchanged"] is None and row["factor"] == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize(("digits", "as_written", "right"), [(0, 21762, 12762), (1, 217.6, 127.6)])
def test_a_value_that_fits_with_two_digits_exchanged_is_named_with_the_other(
    digits, as_written, right
):
    start = {0: 10_000, 1: 100}[digits]
    points = [(a, t, round(v, digits)) for a, t, v in grown(start=start)]
    (row,) = found(table(changed(points, [8], lambda v: as_written)),
                   "expect_series_values_to_fit_as_written")
    assert row["digits_exchanged"] == pytest.approx(right) and row["multiplied_by"] is None
    assert row["_id"] == 8 and row["observed"] == as_written


@pytest.mark.parametrize("change", [
    lambda v: v * 5,  # no power of ten, and no digits to exchange
    lambda v: v * 1.02,
])
def test_a_value_that_no_repair_makes_fit_is_not_offered_one(change):
    con = table(changed(grown(), [9], change))
    assert found(con, "expect_series_values_to_fit_as_written") == []


def test_what_many_areas_have_in_the_same_year_is_no_decimal_mistake():
    areas = [changed(grown(area=f"{i:02d}"), [19], lambda v: v / 10) for i in range(12)]
    assert found(table([p for own in areas for p in own]),
                 "expect_series_values_to_fit_as_written") == []


def test_areas_of_the_same_size_say_what_is_usual_for_small_ones():
    large = [p for i in range(60) for p in grown(area=f"L{i}", start=1e7)]
    leaping = [
        p for i in range(10)
        for p in changed(grown(area=f"S{i}", start=30.5), [4 + i], lambda v: v * 7)
    ]
    wrong = changed(grown(area="W", start=1e7), [7], lambda v: v * 7)
    spikes = found(table([*large, *leaping, *wrong]), "expect_series_values_to_not_spike")
    assert [row["_id"] for row in spikes] == [(60 + 10) * 20 + 7]


def test_a_growth_rate_that_is_near_zero_once_is_no_spike():
    rates = years([5.0, 5.2, 4.9, 5.1, 5.3, 5.0, 5.2, 0.4, 5.1, 5.2, 5.0, 5.3])
    falls = [p for i in range(3) for p in years([3.0, -2, 4, 1, -1, 2, 3, 2, 1, 4, 3, 2], f"A{i}")]
    assert found(table(rates), "expect_series_values_to_not_spike")
    assert found(table([*rates, *falls]), "expect_series_values_to_not_spike") == []


def test_a_series_that_starts_from_nothing_and_grows_on_is_no_unit_slip():
    flat = [0.0085, 0.8757, 0.8676, 0.85, 0.87, 0.86, 0.88, 0.87, 0.86]
    grows = [0.0011, 1.1, 2.8, 4.2, 5.1, 5.6, 5.9, 6.1, 6.2]
    kind = "expect_series_values_to_keep_their_unit"
    assert found(table(years(flat)), kind, powers=[2, 3, 6])
    assert found(table(years(grows)), kind, powers=[2, 3, 6]) == []


def test_a_rate_of_two_digits_may_stay():
    before = [12.5, 14.75, 11.25, 9.5, 13.0, 16.25, 10.75]
    kind = "expect_series_to_not_stand_still"
    assert found(table(years([*before, 13.25, 13.25, 13.25, 13.25])), kind)
    assert found(table(years([*before, 20.0, 20.0, 20.0, 20.0])), kind) == []


def test_small_counts_leap_without_being_wrong():
    few = years([2, 3, 2, 2, 3, 2, 3, 2, 2, 9, 2, 3, 2, 3, 2, 2])
    thousands = [(a, t, 1000 * v + i) for i, (a, t, v) in enumerate(few)]
    kind = "expect_series_values_to_not_jump"
    assert found(table(few), kind, times_usual=2) == []
    assert [r["_id"] for r in found(table(thousands), kind, times_usual=2)] == [9]


def test_a_return_to_the_level_before_a_shock_is_no_jump():
    shock = changed(grown(), [12], lambda v: v / 2)
    assert found(table(shock), "expect_series_values_to_not_jump", min_factor=1.5) != []
    after = changed(shock, range(13, 20), lambda v: v * 2.2)
    rows = found(table(after), "expect_series_values_to_not_jump", min_factor=3)
    assert rows == []


def test_where_many_areas_change_their_sign_it_is_no_error():
    kind = "expect_series_values_to_keep_their_sign"
    flipped = changed(grown(), [7], lambda v: -v)
    calm = [p for n in range(9) for p in grown(area=f"A{n}")]
    assert [r["_id"] for r in found(table([*flipped, *calm]), kind)] == [7]
    migration = [p for n in range(9) for p in changed(grown(area=f"A{n}"), [n], lambda v: -v)]
    assert found(table([*flipped, *migration]), kind) == []


def test_a_few_units_less_than_a_small_figure_is_no_mark():
    low = years([0.1, 0.4, 0.2, 0.3, 0.2, 0.5, 0.0, 0.3])
    kind = "expect_series_values_to_be_no_missing_marks"
    assert found(table(low), kind, away=0.1) == []
    high = [(a, t, 100 * v) for a, t, v in low]
    assert [r["observed"] for r in found(table(high), kind, away=0.1)] == []


def test_a_count_that_hardly_moves_does_not_stand_still():
    schools = years([130, 137, 141, 147, 143, 145, 148, 148, 148, 148])
    pupils = years([13000, 13711, 14123, 14788, 14301, 14521, 14844, 14844, 14844, 14844])
    kind = "expect_series_to_not_stand_still"
    assert found(table(schools), kind) == []
    assert [row["_id"] for row in found(table(pupils), kind)] == [9]


def months(values: list[float]) -> list[Point]:
    return [("VN", f"{2010 + i // 12}-{i % 12 + 1:02d}", value) for i, value in enumerate(values)]


def test_a_season_is_no_jump_and_its_absence_is():
    season = [1, 1, 1, 1, 2, 5, 9, 6, 2, 1, 1, 1]
    values = [100 * season[i % 12] * (1 + 0.01 * math.sin(i)) for i in range(96)]
    assert found(table(months(values)), "expect_series_values_to_not_jump", "M") == []
    values[54] /= 9  # July as if it were January
    rows = found(table(months(values)), "expect_series_values_to_not_jump", "M")
    assert [row["_id"] for row in rows] == [54]


def test_months_added_up_since_january_are_found():
    values = [100.0 + i % 7 for i in range(72)]
    assert found(table(months(values)), "expect_series_to_not_be_cumulated", "M") == []
    for i in range(36, 48):
        values[i] = sum(100.0 + j % 7 for j in range(36, i + 1))
    rows = found(table(months(values)), "expect_series_to_not_be_cumulated", "M")
    assert [row["_id"] for row in rows] == [47]


def test_figures_of_the_year_to_date_do_not_fall_but_start_anew():
    points = [("VN", f"{year}-01-01/P{month}M", 10.0 * month) for year in (2020, 2021)
              for month in range(1, 13)]
    con = table(points)
    assert found(con, "expect_cumulative_series_to_not_fall", "YTD") == []
    assert found(con, "expect_series_to_have_no_gaps", "YTD") == []
    con.execute("UPDATE observation SET obs_value = 5 WHERE time_period = '2021-01-01/P8M'")
    rows = found(con, "expect_cumulative_series_to_not_fall", "YTD")
    assert [(row["observed"], row["expected"]) for row in rows] == [(5, 70)]


@pytest.mark.parametrize(("frequency", "periods"), [
    ("A", ["2001", "2002", "2004", "2005", "2006", "2007"]),
    ("Q", ["2001-Q2", "2001-Q3", "2002-Q1", "2002-Q2", "2002-Q3", "2002-Q4"]),
    ("M", ["2001-09", "2001-10", "2001-12", "2002-01", "2002-02", "2002-03"]),
    ("W", ["2020-W51", "2020-W52", "2021-W01", "2021-W02", "2021-W03", "2021-W04"]),
    ("D", ["2020-02-27", "2020-02-28", "2020-03-01", "2020-03-02", "2020-03-03", "2020-03-04"]),
    ("S", ["2001-S1", "2001-S2", "2002-S2", "2003-S1", "2003-S2", "2004-S1"]),
])
def test_a_gap_is_found_in_every_frequency(frequency, periods):
    con = table([("VN", period, float(i)) for i, period in enumerate(periods)])
    rows = found(con, "expect_series_to_have_no_gaps", frequency)
    assert [(row["_id"], row["missing"], row["reference"]) for row in rows] == [(2, 1, periods[1])]


def test_gaps_are_nothing_where_most_series_have_them():
    sparse = [p for n in range(8) for p in grown(area=f"A{n}") if int(p[1]) % 3]
    assert found(table(sparse), "expect_series_to_have_no_gaps") == []


def test_a_year_that_most_areas_lost_is_one_finding():
    points = [p for n in range(8) for p in grown(area=f"A{n}") if p[1] != "2010"]
    rows = found(table(points), "expect_periods_to_be_complete")
    assert [(r["time_period"], r["series_without"], r["series"]) for r in rows] == [("2011", 8, 8)]


def test_a_year_that_a_table_of_one_area_lost_is_found():
    """Each indicator has one series: they are looked at together."""
    con = table([])
    for n in range(6):
        lay(con, [p for p in grown(start=100 + n) if p[1] != "2010"], f"i{n}", indicator=f"I{n}")
        con.execute(f"INSERT INTO observation FROM i{n}")
    rows = found(con, "expect_periods_to_be_complete")
    assert [(r["indicator"], r["time_period"], r["missing"], r["reference"]) for r in rows] == [
        (f"I{n}", "2011", 1, "2009") for n in range(6)]
    assert found(con, "expect_periods_to_be_complete", min_series=7) == []


def test_surveys_of_different_years_are_no_lost_year():
    areas = range(9)
    points = [p for n in areas for p in grown(area=f"A{n}")
              if p[1] not in [str(year) for year in range(2009 - n, 2011)]]
    assert found(table(points), "expect_periods_to_be_complete") == []


def test_a_flipped_sign_and_a_missing_mark_are_found():
    con = table(changed(grown(), [7], lambda v: -v))
    assert [r["_id"] for r in found(con, "expect_series_values_to_keep_their_sign")] == [7]
    for mark in (0, -1, -9999, 9999):
        con = table(changed(grown(), [7], lambda v, mark=mark: mark))
        rows = found(con, "expect_series_values_to_be_no_missing_marks")
        assert [(r["_id"], r["observed"]) for r in rows] == [(7, mark)]


def test_a_series_that_ends_in_one_value_is_found():
    rows = found(table(changed(grown(), [16, 17, 18, 19], lambda v: 170.4)),
                 "expect_series_to_not_stand_still")
    assert [(r["_id"], r["periods"], r["reference"]) for r in rows] == [(19, 4, "2016")]


@pytest.mark.parametrize("value", [170.0, 17.0, 0.17])
def test_a_series_that_ends_in_one_value_of_two_digits_is_left_alone(value):
    con = table(changed(grown(), [16, 17, 18, 19], lambda v: value))
    assert found(con, "expect_series_to_not_stand_still") == []


def test_a_period_that_repeats_the_one_before_is_found():
    points = []
    for n in range(8):
        own = grown(start=100 + 13 * n, area=f"A{n}")
        points += [*own[:-1], (own[-1][0], own[-1][1], own[-2][2])]
    rows = found(table(points), "expect_periods_to_not_repeat_the_last")
    assert len(rows) == 8
    assert {row["reference"] for row in rows} == {"2018"}


def repeated(own: list[Point]) -> list[Point]:
    """The last value is the one before."""
    return [*own[:-1], (*own[-1][:2], own[-2][2])]


def test_a_repeated_period_is_found_beside_series_that_never_move():
    still = [p for n in range(8) for p in years([50.0 + n] * 20, f"B{n}")]
    moving = [p for n in range(8) for p in repeated(grown(start=100 + 13 * n, area=f"A{n}"))]
    rows = found(table([*still, *moving]), "expect_periods_to_not_repeat_the_last")
    assert {row["_id"] for row in rows} == {len(still) + 20 * n + 19 for n in range(8)}
    assert {(row["share"], row["series"]) for row in rows} == {(1, 8)}
    mostly = [p for n in range(60) for p in years([50.0 + n] * 20, f"C{n}")]
    assert found(table([*mostly, *moving]), "expect_periods_to_not_repeat_the_last") == []


def test_a_repeated_period_is_found_in_a_table_of_one_area():
    con = table([])
    for n in range(6):
        lay(con, repeated(grown(start=100 + n)), f"i{n}", indicator=f"I{n}")
        con.execute(f"INSERT INTO observation FROM i{n}")
    rows = found(con, "expect_periods_to_not_repeat_the_last")
    assert [(r["_id"], r["reference"], r["series"]) for r in rows] == [(19, "2018", 6)] * 6


def test_a_value_that_leaves_its_series_for_one_period_is_found():
    kind = "expect_series_values_to_not_spike"
    [spike] = found(table(changed(grown(), [9], lambda v: v * 10)), kind)
    assert spike["reference"] == "2008" and 9 < spike["factor"] < 11
    step = [(a, t, v * (10 if i > 9 else 1)) for i, (a, t, v) in enumerate(grown())]
    assert found(table(step), kind) == []  # a level that stays is no spike
    all_do = [p for n in range(12) for p in changed(grown(area=f"A{n}"), [9], lambda v: v * 10)]
    assert found(table(all_do), kind) == []


def test_a_year_in_another_century_is_found():
    kind = "expect_no_stray_periods"
    points = [*grown(), *grown(area="LA")]
    strays = [(a, {"2004": "2904", "2007": "1007"}.get(t, t) if a == "VN" else t, v)
              for a, t, v in points]
    assert {item["observed"] for item in found(table(strays), kind)} == {"1007", "2904"}
    censuses = [(a, str(2000 - 10 * n), 5.0) for a in ("VN", "LA") for n in range(1, 6)]
    assert found(table([*points, *censuses]), kind) == []


def test_a_gap_is_found_where_only_this_indicator_is_complete():
    kind = "expect_series_to_have_no_gaps"
    con = table([p for n in range(12) for p in grown(area=f"A{n:02d}") if p[1:2] != ("2007",) or n])
    lay(con, [p for n in range(12) for p in grown(area=f"A{n:02d}") if int(p[1]) % 3], "surveys",
        indicator="SURVEYS")
    con.execute("INSERT INTO observation SELECT _id + 1000, * EXCLUDE (_id) FROM surveys")
    assert [item["reference"] for item in found(con, kind)] == ["2006"]


def test_series_of_one_area_that_are_the_same_by_definition_are_left_alone():
    kind = "expect_series_to_differ_from_each_other"
    con = table(grown(start=112.7))
    lay(con, grown(start=112.7), "parts", sex="F")
    con.execute("INSERT INTO observation SELECT _id + 1000, * EXCLUDE (_id) FROM parts")
    assert found(con, kind) == []
    con.execute("UPDATE observation SET obs_value = obs_value * 1.1"
                " WHERE sex = 'F' AND time_period < '2008'")
    assert len(found(con, kind)) == 2  # from 2008 on one was filled from the other


def test_two_series_with_the_same_values_are_found():
    points = [*grown(), *grown(start=7000, area="LA"), *grown(start=310, area="KH")]
    copied = [*points[:30], *((a, t, points[i - 20][2]) for i, (a, t, _) in
                              enumerate(points[30:40], 30)), *points[40:]]
    rows = found(table(copied), "expect_series_to_differ_from_each_other")
    assert {(row["_id"], row["reference"]) for row in rows} == {
        (10, "BEDS LA ISO T"), (30, "BEDS VN ISO T")}
    assert found(table(copied), "expect_series_to_differ_from_each_other", apart=["LA"]) == []


def test_a_level_that_the_borders_changed_is_found():
    con = table(grown(15))
    con.execute("UPDATE observation SET geo_vintage = 'NEW', obs_value = obs_value * 2.3"
                " WHERE time_period >= '2010'")
    rows = found(con, "expect_levels_to_hold_across_geography_breaks")
    assert [(r["_id"], r["reference"]) for r in rows] == [(10, "2009 (ISO)")]
    assert rows[0]["factor"] == pytest.approx(2.3, rel=0.1)


# Against the other areas.


def beside(count: int, own: list[float], spread: float = 1.1) -> list[Point]:
    """The values of VN, and as many of other areas, each `spread` times the one before."""
    others = [p for n in range(count)
              for p in years([10 * spread**n * 1.02**i for i in range(len(own))], f"A{n:02d}")]
    return [*years(own), *others]


def test_a_level_far_from_all_other_areas_is_found():
    kind = "expect_levels_to_be_usual_across_areas"
    rows = found(table(beside(25, [20_000.0, 21_000.0, 22_000.0])), kind)
    assert [(r["_id"], r["observed"], r["reference"], r["areas"]) for r in rows] == [
        (0, pytest.approx(21_000), "A24", 26)]
    assert rows[0]["factor"] == pytest.approx(rows[0]["observed"] / rows[0]["expected"])
    assert [r["reference"] for r in found(table(beside(25, [0.1, 0.1])), kind)] == ["A00"]


@pytest.mark.parametrize(("points", "kwargs"), [
    (beside(25, [300.0, 310.0]), {}),  # the largest, but not far from the next
    (beside(15, [20_000.0, 21_000.0]), {}),  # too few to tell
    (beside(25, [20_000.0, 21_000.0], spread=1.6), {}),  # areas differ by as much
    (beside(25, [20_000.0, 21_000.0]), {"apart": ["VN"]}),  # the sum of the others
    (beside(25, [-20_000.0, -21_000.0]), {}), (beside(25, [0.0, 0.0, 0.0]), {}),
])
def test_a_level_that_is_usual_is_left_alone(points, kwargs):
    assert found(table(points), "expect_levels_to_be_usual_across_areas", **kwargs) == []


@pytest.mark.parametrize(("own", "named", "reference"), [
    ([30.0, 31.0, 32_000.0, 32.0], [2], "2001"), ([30.0, 31.0, 32.0, 0.033], [3], "2002"),
    ([30_000.0, 31.0, 32.0, 33.0], [0], "2001"), ([30.0, 31_000.0], [1], "2000"),
])
def test_a_step_of_a_short_series_that_no_other_area_makes_is_found(own, named, reference):
    rows = found(table(beside(12, own)), "expect_steps_to_be_usual_across_areas", min_periods=2)
    assert [(r["_id"], r["reference"]) for r in rows] == [(i, reference) for i in named]
    assert rows[0]["factor"] == pytest.approx(rows[0]["observed"] / rows[0]["expected"])
    assert 25 < rows[0]["expected"] < 35


def test_a_step_that_others_make_or_a_long_series_makes_is_not_found():
    kind = "expect_steps_to_be_usual_across_areas"
    fallen = beside(12, [30.0, 31.0, 3.0, 3.0])
    both = changed(fallen, [i for i, p in enumerate(fallen) if p[0] == "A05" and p[1] >= "2002"],
                   lambda v: v / 12)
    assert found(table(both), kind) == []
    assert len(found(table(fallen), kind)) == 1
    assert found(table(beside(12, [30.0, 31.0, 3.0])), kind) == []  # too short by itself
    assert found(table(beside(8, [30.0, 31.0, 3.0, 3.0])), kind) == []
    assert found(table(beside(12, [30.0] * 7 + [3.0])), kind) == []
    assert found(table(fallen), kind, apart=["VN"]) == []


def test_an_area_that_nearly_complete_indicators_miss_is_found():
    con = duckdb.connect()
    points = beside(39, [1.0, 2.0])
    lay(con, [p for p in points if p[0] != "A07"], "observation")
    lay(con, [p for p in points if p[0] < "A20"], "half", indicator="HALF")
    con.execute("INSERT INTO observation FROM half")
    due = ["VN", *(f"A{n:02d}" for n in range(39))]
    rows = found(con, "expect_areas_to_be_complete", areas=due)
    assert [(r["indicator"], r["ref_area"], r["present"], r["areas"]) for r in rows] == [
        ("BEDS", "A07", 39, 40)]
    con.execute("UPDATE observation SET obs_value = NULL WHERE ref_area IN ('A08', 'A09')")
    assert found(con, "expect_areas_to_be_complete", areas=due) == []  # 37 of 40: not nearly all


# Against the last release.


def compared(now: list[Point], before: list[Point]) -> duckdb.DuckDBPyConnection:
    con = table(now)
    lay(con, before, PREVIOUS_RELEASE)
    return con


BOTH = [*grown(), *grown(start=7000, area="LA")]


def test_a_lost_area_a_lost_period_and_lost_rows_are_found():
    con = compared(grown(), BOTH)
    rows = found(con, "expect_all_areas_of_last_release")
    assert [(r["ref_area"], r["expected"], r["reference"]) for r in rows] == [
        ("LA", 20, "2000 … 2019")]
    assert found(con, "expect_most_rows_of_last_release") == []
    con = compared(grown(9), BOTH)
    assert [(r["observed"], r["expected"]) for r in found(
        con, "expect_most_rows_of_last_release")] == [(9, 40)]
    con = compared([p for p in BOTH if p[1] != "2010"], BOTH)
    rows = found(con, "expect_all_periods_of_last_release")
    assert [(r["time_period"], r["observed"]) for r in rows] == [("2010", 0)]


def test_withdrawn_observations_are_reported_by_series():
    kept = [p for p in BOTH if p[0] == "VN" or p[1] not in ("2003", "2004")]
    rows = found(compared(kept, BOTH), "expect_no_observation_to_be_withdrawn")
    assert [(r["ref_area"], r["missing"], r["reference"]) for r in rows] == [
        ("LA", 2, "2003 … 2004")]
    assert found(compared(grown(), BOTH), "expect_no_observation_to_be_withdrawn") == []


def test_a_revision_beyond_the_others_is_found():
    revised = changed(BOTH, [18, 19, 38, 39], lambda v: v * 1.01)
    assert found(compared(revised, BOTH), "expect_revisions_to_be_usual") == []
    con = compared(changed(revised, [5], lambda v: v * 1.3), BOTH)
    rows = found(con, "expect_revisions_to_be_usual")
    assert [row["_id"] for row in rows] == [5]
    assert rows[0]["factor"] == pytest.approx(1.3)


def test_shifted_and_exchanged_series_are_found():
    shifted = [("VN", t, BOTH[i - 1][2] if i else None) for i, (_, t, _) in enumerate(BOTH[:20])]
    rows = found(compared([*shifted, *BOTH[20:]], BOTH), "expect_series_to_stay_in_place")
    assert [(r["_id"], r["shift"], r["reference"]) for r in rows] == [(1, 1, "BEDS VN ISO T")]
    swapped = [(area, t, BOTH[(i + 20) % 40][2]) for i, (area, t, _) in enumerate(BOTH)]
    rows = found(compared(swapped, BOTH), "expect_series_to_stay_in_place")
    assert [(r["_id"], r["reference"]) for r in rows] == [
        (0, "BEDS LA ISO T"), (20, "BEDS VN ISO T")]


# Totals, shares, other datasets.


def test_a_total_that_is_not_its_parts_is_found():
    con = duckdb.connect()
    lay(con, years([10.0, 10.0]), "f", sex="F")
    lay(con, years([11.0, 11.0]), "m", sex="M")
    lay(con, years([21.0, 25.0, 99.0]), "t", sex="T")  # of 2002 there are no parts
    con.execute("CREATE TABLE observation AS FROM f UNION ALL FROM m UNION ALL FROM t")
    rows = found(con, "expect_parts_to_add_up_to_total", column="sex", total="T", parts=["F", "M"])
    assert [(r["observed"], r["expected"], r["reference"]) for r in rows] == [(25, 21, "F + M")]


def test_shares_that_do_not_make_100_are_found():
    con = duckdb.connect()
    lay(con, years([40.0, 40.0]), "f", sex="F")
    lay(con, years([60.2, 70.0]), "m", sex="M")
    con.execute("CREATE TABLE observation AS FROM f UNION ALL FROM m")
    rows = found(con, "expect_shares_to_add_up", column="sex", parts=["F", "M"])
    assert [(row["observed"], row["total"]) for row in rows] == [(40, 110), (70, 110)]


def test_another_dataset_that_disagrees_is_found():
    con = table(years([100.0, 100.0, 100.0]))
    lay(con, years([100.5, 130.0]), '"who/beds"', indicator="THEIRS")
    rows = found(con, "expect_values_to_agree_with_dataset", dataset="who/beds",
                 indicators={"BEDS": "THEIRS"})
    assert [(r["_id"], r["expected"], r["reference"]) for r in rows] == [(1, 130, "who/beds")]


def test_a_rate_that_is_not_its_counts_is_found():
    con = table(years([2.0, 3.0]))
    con.execute("UPDATE observation SET indicator = 'SHARE'")
    lay(con, years([200.0, 200.0]), "beds")
    lay(con, years([100_000.0, 100_000.0]), '"x/people"', indicator="PEOPLE")
    con.execute("INSERT INTO observation SELECT * FROM beds")
    rows = found(
        con, "expect_rates_to_agree_with_counts", indicator="SHARE", per=1000,
        numerator={"indicator": "BEDS"},
        denominator={"indicator": "PEOPLE", "dataset": "x/people"},
    )
    assert [(row["observed"], row["expected"]) for row in rows] == [(3, 2)]
