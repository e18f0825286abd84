"""Projections: honest intervals, in the right direction, and none where they would be a guess."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.targets.backtest import Errors, coverage, errors_of, quantiles
from portal.targets.figures import YearFigure
from portal.targets.projection import HORIZON, LEAST, calibration, consecutive, project


def series(values: list[float], first: int = 2015) -> list[YearFigure]:
    return [YearFigure(year=first + at, value=value) for at, value in enumerate(values)]


@given(st.lists(st.floats(0.5, 1e4), min_size=LEAST, max_size=20), st.integers(1, HORIZON))
def test_intervals_hold_the_point_and_widen(values: list[float], years: int) -> None:
    known = series(values)
    found = project(known, known[-1].year + years)
    assert [each.year for each in found] == [known[-1].year + at + 1 for at in range(years)]
    for each in found:
        assert 0 < each.low <= each.value <= each.high
    widths = [each.high / each.low for each in found]
    assert all(after > before * (1 - 1e-9) for before, after in pairwise(widths))


@given(st.lists(st.floats(-1e4, 1e4), min_size=LEAST, max_size=20))
def test_another_unit_scales_the_projection(values: list[float]) -> None:
    one = project(series(values), 2015 + len(values) + 2)
    two = project(series([10 * value for value in values]), 2015 + len(values) + 2)
    for each, other in zip(one, two, strict=True):
        scale = max(map(abs, values)) + abs(each.high) + abs(each.low)
        assert other.value == pytest.approx(10 * each.value, rel=1e-6, abs=1e-6 * scale)


def test_what_rises_is_projected_higher_and_a_share_ends_at_100() -> None:
    found = project(series([80, 86, 92, 97]), 2025, maximum=100)
    assert found[-1].value > 97
    assert max(each.high for each in found) == 100


@pytest.mark.parametrize("values", [[], [1], [1, 2, 3]])
def test_no_projection_of_too_few_figures(values: list[float]) -> None:
    assert project(series(values), 2020) == ()


def test_no_projection_beyond_ten_years_nor_backwards() -> None:
    known = series([1, 2, 3, 4, 5])
    assert project(known, known[-1].year + HORIZON + 1) == ()
    assert project(known, known[-1].year) == ()


def test_only_years_in_a_row_count() -> None:
    known = [YearFigure(year=year, value=1) for year in (2010, 2011, 2014, 2015, 2016)]
    assert [each.year for each in consecutive(known)] == [2014, 2015, 2016]


def test_the_published_intervals_hold_85_to_95_percent() -> None:
    """What the back-test found on series that the widths were not made from."""
    found = calibration()
    tested = [*found["halves"], *([found["corpus"]] if "corpus" in found else [])]
    for each in tested:
        assert 0.85 <= each["all"] <= 0.95
    assert found["textbook"] < 0.85, "the plain interval would have served"


def test_widths_of_one_half_hold_on_the_other() -> None:
    """On random walks, as well as on the quantiles' own series."""
    generator = np.random.default_rng(7)

    def walks(name: str) -> Errors:
        steps = generator.normal(0.02, 0.05, size=(150, 18))
        return errors_of(name, list(100 * np.exp(np.cumsum(steps, axis=1))))

    found = coverage([walks("two")], quantiles([walks("one")]))
    assert 0.85 <= found["all"] <= 0.95
    assert set(found["by_horizon"]) == {str(at) for at in range(1, HORIZON + 1)}


def test_the_backtest_reads_no_future() -> None:
    """The errors at a cut are the same whatever the scale was chosen by later."""
    rising = np.array([1.0, 2, 3, 4, 5, -6])
    found = errors_of("x", [rising])
    assert np.isinf(found.errors).any(), "logarithms were chosen before the fall below zero"
