"""What a chart draws, and where."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reference.periods import missing_before
from portal.charts.chart import (
    NARROW,
    WIDE,
    Axes,
    label_width,
    lay_out_lines,
    nice_ticks,
    sparkline,
    spread,
    time_ticks,
)
from portal.charts.series import MAX_BARS, MAX_LINES, MAX_POINTS, Point, moment, plots, thinned
from portal.content import Content
from portal.scope import city_figures, with_gaps
from portal.site.figure import figure
from portal.site.site import Site
from tests.fixtures.computed import NEW, OLD
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row


def content(folder: Path, rows: list[dict[str, Any]], **changes: Any) -> Content:
    return Content.of(make_release(folder, dataset(**changes), rows), registries())


def years(area: str, **values: Any) -> list[dict[str, Any]]:
    return [
        row(ref_area=area, time_period=str(year), obs_value=float(year), **values)
        for year in range(2015, 2020)
    ]


def test_the_declared_areas_are_drawn_in_their_order(tmp_path: Path) -> None:
    rows = [*years("01"), *years("48"), *years("79")]
    chart = {"indicator": "ROOMS", "areas": ["79", "01"]}
    [plot] = plots(content(tmp_path / "r", rows, chart=chart))
    assert [series.code for series in plot.series] == ["79", "01"]


def test_da_nang_comes_first_and_lines_are_few(tmp_path: Path) -> None:
    rows = [item for area in range(1, 60) for item in years(f"{area:02d}")]
    [plot] = plots(content(tmp_path / "r", rows))
    assert plot.series[0].code == "48"
    assert len(plot.series) == MAX_LINES


def test_vintages_are_never_joined(tmp_path: Path) -> None:
    old = years("48")
    new = [{**item, "geo_vintage": "VN:2025-07-01"} for item in years("48")]
    made = content(tmp_path / "r", [*old[:3], *new[3:]])
    [plot] = plots(made)
    assert figure(made, plot, "en")["labels"] == [
        "Da Nang (borders of 1 August 2008)", "Da Nang (borders of 1 July 2025)"
    ]
    assert [(s.code, s.vintage, len(s.points)) for s in plot.series] == [
        ("48", "VN:2008-08-01", 3), ("48", "VN:2025-07-01", 2),
    ]


def test_one_area_is_drawn_by_its_dimension_and_totals_are_held_fixed(tmp_path: Path) -> None:
    names = {"vi": "Giới tính", "en": "Sex"}
    dimensions = {"sex": {"name": names, "codelist": "sex"}}
    rows = [item for sex in ("M", "F", "_T") for item in years("48", sex=sex)]
    [plot] = plots(content(tmp_path / "a", rows, dimensions=dimensions))
    assert plot.column == "sex"
    assert len(plot.series) == 3
    rows += [item for sex in ("M", "F", "_T") for item in years("01", sex=sex)]
    [plot] = plots(content(tmp_path / "b", rows, dimensions=dimensions))
    assert plot.column == "ref_area"
    assert plot.fixed == {"sex": "_T"}


def test_a_single_period_is_drawn_as_bars(tmp_path: Path) -> None:
    rows = [row(ref_area=area, obs_value=float(area)) for area in ("01", "48", "79")]
    [plot] = plots(content(tmp_path / "r", rows))
    assert plot.bars
    assert [series.code for series in plot.series] == ["79", "48", "01"]


def test_an_indicator_without_a_figure_has_no_chart(tmp_path: Path) -> None:
    assert plots(content(tmp_path / "a", [row(obs_value=None, obs_status="O")])) == []
    assert plots(content(tmp_path / "b", [])) == []


def test_a_missing_value_breaks_the_line_and_a_lone_point_is_seen(tmp_path: Path) -> None:
    rows = years("48")
    rows[1] = {**rows[1], "obs_value": None, "obs_status": "O"}
    rows[4] = {**rows[4], "obs_status": "P"}
    [plot] = plots(content(tmp_path / "r", rows))
    [line] = lay_out_lines(plot, WIDE, lambda s: s.code, "vi", 0).lines
    assert line.path.count("M") == 2
    assert [mark.hollow for mark in line.markers] == [False, False, False, True]


def test_missing_years_are_a_gap_in_line_table_and_sparkline(tmp_path: Path) -> None:
    rows = [item for item in years("48") if item["time_period"] not in ("2017", "2018")]
    rows += [row(ref_area="48", time_period="2020", obs_value=5.0, obs_status="B")]
    made = content(tmp_path / "r", rows)
    [plot] = plots(made)
    assert [point.joined for point in plot.series[0].points] == [False, True, False, False]
    shown = figure(made, plot, "en")
    site = Site(tmp_path / "site", registries())
    site.apply([made.files])
    page = (site.folder / "en" / f"{made.dataset.id}.html").read_text(encoding="utf-8")
    assert "2017 – 2018" in page and "no figure" in page
    assert [each["period"] for each in shown["table"]] == [
        "2020", "2019", "2017 – 2018", "2016", "2015"
    ]
    assert shown["table"][2]["cells"] == [] and shown["breaks"] == ["2020"]
    assert with_gaps([("2015", 1.0, "A"), ("2018", 2.0, "A")]) == (1.0, None, None, 2.0)
    assert with_gaps([("2015", 1.0, "B"), ("2016", 2.0, "B")]) == (1.0, None, 2.0)


@pytest.mark.parametrize(("periods", "missing"), [
    (["1989", "1999", "2009", "2019"], [0, 0, 0, 0]),  # a census has a rhythm
    (["2008", "2012", "2016", "2019"], [0, 3, 3, 2]),
    (["2023-11", "2023-12", "2024-02"], [0, 0, 1]),
    (["2023-12-31", "2024-01-01", "2024-01-03"], [0, 0, 1]),
    (["2024-03-07", "2024-03-08", "2024-03-11", "2024-03-13"], [0, 0, 0, 0]),  # a Friday, a Monday
    (["2023-Q3", "2024-Q1"], [0, 1]), (["2020", "2021-Q1"], [0, 0]), ([], []),
])
def test_missing_periods_are_counted(periods: list[str], missing: list[int]) -> None:
    assert missing_before(periods) == missing


def test_the_day_the_borders_changed_is_marked(tmp_path: Path) -> None:
    rows = [row(ref_area="48", time_period=str(year), obs_value=1.0) for year in (2023, 2024, 2025)]
    before, reaching = (content(tmp_path / str(n), rows[:n]) for n in (2, 3))
    assert plots(before)[0].borders is None
    [plot] = plots(reaching)
    assert plot.borders == date(2025, 7, 1)
    drawn = lay_out_lines(plot, WIDE, lambda s: s.code, "vi", 0)
    assert drawn.borders and drawn.lines[0].markers[-1].x < drawn.borders <= drawn.right
    shown = figure(reaching, plot, "en")
    assert shown["former"] == {True} and [each["former"] for each in shown["table"]] == [
        True, False, False
    ]
    assert [each.former for each in city_figures(reaching)] == [plot.borders]


def test_a_year_to_date_restarts_each_january(tmp_path: Path) -> None:
    rows = [
        row(freq="YTD", time_period=f"{year}-01-01/P{month}M", obs_value=float(month))
        for year in (2022, 2023)
        for month in (1, 6, 12)
    ]
    [plot] = plots(content(tmp_path / "r", rows, frequency="YTD"))
    [line] = lay_out_lines(plot, WIDE, lambda s: s.code, "vi", 0).lines
    assert line.path.count("M") == 2
    assert moment("2023-01-01/P12M") > moment("2023-01-01/P6M")


@given(
    st.dictionaries(st.integers(0, 2000).map(lambda day: 2020 + day / 365),
                    st.sampled_from(["2024", "11/2024", "9 tháng đầu năm 2023"]), min_size=1),
    st.sampled_from([WIDE, NARROW]),
)
def test_texts_of_the_time_axis_have_room(texts: dict[float, str], width: int) -> None:
    axes = Axes.around([0.0, 1.0], sorted(texts), width, "vi", 0)
    ticks = time_ticks(texts, axes)
    assert ticks[-1] == time_ticks({max(texts): texts[max(texts)]}, axes)[0]  # the newest is there
    edges = [(each.middle - label_width(each.text) / 2, each.middle + label_width(each.text) / 2)
             for each in ticks]
    assert all(low >= -0.1 and high <= width + 0.1 for low, high in edges)
    assert all(before < after for (_, before), (after, _) in pairwise(edges))


@given(
    st.floats(-1e12, 1e12, allow_nan=False), st.floats(1e-6, 1e12, allow_nan=False),
    st.integers(3, 8),
)
def test_ticks_cover_the_values(low: float, span: float, count: int) -> None:
    high = low + max(span, abs(low) * 1e-9)  # what a float can distinguish
    ticks = nice_ticks(low, high, count)
    slack = (ticks[-1] - ticks[0]) * 1e-6
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert 2 <= len(ticks) <= count + 3


@given(st.lists(st.floats(0, 300), min_size=1, max_size=6))
def test_labels_do_not_touch(wanted: list[float]) -> None:
    placed = sorted(spread(wanted, 16, 0, 300))
    assert all(b - a >= 15.9 for a, b in pairwise(placed))


def test_a_long_line_is_thinned_and_keeps_its_extremes() -> None:
    points = [Point(float(i), str(i), float(i % 7), "A") for i in range(10_000)]
    points[4321] = Point(4321.0, "4321", 99.0, "A")
    found = thinned(points)
    assert len(found) <= MAX_POINTS
    assert max(p.value or 0 for p in found) == 99.0
    assert [p.at for p in found] == sorted(p.at for p in found)


@pytest.mark.parametrize("values", [
    [], [1.0], [None] * 5, [None, 1.0, 2.0, 3.0], [1.0, None, 2.0, None, 3.0, None, 4.0],
])
def test_a_sparkline_needs_a_few_points(values: list[float | None]) -> None:
    assert sparkline(values) == ""


def test_a_sparkline_breaks_where_a_value_is_missing() -> None:
    assert sparkline([1.0, 2.0, None, 3.0, 4.0]).count("M") == 2


def test_bars_leave_out_the_country_and_say_where_others_are_left_out(tmp_path: Path) -> None:
    areas = registries().codelists["vn_province_2008"]
    rows = [
        row(ref_area=code, obs_value=1e6 if group else 100.0 - int(code))
        for code, group in areas.areas_grouped
    ]
    made = content(tmp_path / "r", rows)
    [plot] = plots(made)
    assert len(plot.series) == MAX_BARS
    assert max(series.points[-1].value for series in plot.series) < 100
    assert plot.series[plot.gaps[0]].code == "48" and len(plot.gaps) == 2
    drawn = figure(made, plot, "en")["wide"]
    steps = [round(two.y - one.y) for one, two in pairwise(drawn.bars)]
    wider = [at for at, step in enumerate(steps, 1) if step == max(steps) > min(steps)]
    assert wider == [*plot.gaps]
    assert drawn.height > drawn.bars[-1].y + drawn.bar_height


def test_bars_compare_groups_where_there_is_nothing_else(tmp_path: Path) -> None:
    areas = registries().codelists["vn_province_2008"]
    groups = [code for code, group in areas.areas_grouped if group]
    [plot] = plots(content(tmp_path / "r", [row(ref_area=code) for code in groups]))
    assert {series.code for series in plot.series} == {*groups}


def test_what_distinguishes_two_lines_is_not_cut_off(tmp_path: Path) -> None:
    rows = [
        row(ref_area="48", time_period=year, geo_vintage=vintage)
        for vintage in (OLD, NEW) for year in ("2023", "2024", "2025")
    ]
    made = content(tmp_path / "r", rows)
    [plot] = plots(made)
    for language, labels in (
        ("vi", ["Đà Nẵng (trước 01/07/2025)", "Đà Nẵng (từ 01/07/2025)"]),
        ("en", ["Da Nang (before 1 July 2025)", "Da Nang (since 1 July 2025)"]),
    ):
        assert [line.label for line in figure(made, plot, language)["wide"].lines] == labels
    long = lay_out_lines(plot, WIDE, lambda s: f"{'Bà Rịa - Vũng Tàu ' * 3}({s.vintage})", "vi", 0)
    assert [line.label[-17:] for line in long.lines] == [f"… ({OLD})", f"… ({NEW})"]
