"""The published measure of progress: its worked cases, its directions, and where verdicts turn."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.targets.figures import YearFigure
from portal.targets.progress import ACCELERATE, ON_TRACK, Goal, Progress, Reason, growth, measure


def figures(values: dict[int, float]) -> list[YearFigure]:
    return [YearFigure(year=year, value=value) for year, value in values.items()]


def goal(value: float, operator: str = ">=", year: int = 2030, baseline: int = 2021) -> Goal:
    return Goal.model_validate(
        {"value": value, "operator": operator, "year": year, "baseline": baseline}
    )


def progress(values: dict[int, float], wanted: Goal) -> Progress:
    found = measure(figures(values), wanted)
    assert isinstance(found, Progress), found
    return found


def test_the_worked_case_of_the_method() -> None:
    """Growth of 22.2 % a year where 10.0 % was required: more than twice the pace."""
    found = progress({2021: 12.7, 2022: 17, 2023: 19.76, 2024: 23.18}, goal(30))
    assert found.observed == pytest.approx((23.18 / 12.7) ** (1 / 3) - 1)
    assert found.required == pytest.approx((30 / 12.7) ** (1 / 9) - 1)
    assert found.ratio == pytest.approx(2.2155, abs=1e-3)
    assert (found.category, found.verdict) == ("on_track", "on_track")


@pytest.mark.parametrize(
    ("values", "wanted", "category"),
    [
        ({2021: 10, 2024: 20}, goal(20), "achieved"),
        ({2021: 10, 2024: 20}, goal(20, ">"), "on_track"),
        ({2021: 10, 2024: 12}, goal(20), "acceleration_needed"),
        ({2021: 10, 2024: 11}, goal(20), "limited"),
        ({2021: 10, 2024: 9}, goal(20), "deterioration"),
        ({2021: 5, 2024: 2}, goal(3, "<="), "achieved"),
        ({2021: 10, 2024: 8}, goal(5, "<="), "on_track"),
        ({2021: 10, 2024: 11}, goal(5, "<="), "deterioration"),
        # It began on the other side of the target, and fell back.
        ({2021: 25, 2024: 18}, goal(20), "deterioration"),
        ({2021: 20, 2024: 18}, goal(20), "deterioration"),
        # Of the target's year there is a figure: it decides, however fast the way to it was.
        ({2021: 10, 2025: 19.9}, goal(20, year=2025), "missed"),
        ({2021: 10, 2025: 20, 2026: 15}, goal(20, year=2025), "achieved"),
        ({2024: 21}, goal(20, year=2025), "achieved"),
        ({2021: 10, 2024: 10}, goal(10, "="), "achieved"),
        ({2021: 8, 2024: 9}, goal(10, "="), "on_track"),
        ({2021: 14, 2024: 12}, goal(10, "="), "on_track"),
        # Negative values: from -10 to -8 is progress towards -5.
        ({2021: -10, 2024: -8}, goal(-5), "on_track"),
    ],
)
def test_categories(values: dict[int, float], wanted: Goal, category: str) -> None:
    assert progress(values, wanted).category == category


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "no_figure"),
        ({2031: 50}, "no_figure"),
        ({2019: 50}, "before_baseline"),
        ({2019: 5, 2024: 10}, "one_figure"),
        ({2021: 0, 2024: 10}, "zero_baseline"),
        ({2021: -1, 2024: 10}, "opposite_signs"),
    ],
)
def test_no_verdict_is_guessed(values: dict[int, float], reason: Reason) -> None:
    assert measure(figures(values), goal(20)) == reason


def test_the_base_year_is_the_next_with_a_figure() -> None:
    found = progress({2018: 1, 2022: 10, 2024: 12}, goal(20))
    assert found.base.year == 2022


VALUES = st.floats(min_value=0.1, max_value=1e6)


@given(
    base=VALUES, newest=VALUES, target=VALUES, operator=st.sampled_from([">=", ">", "<=", "<"]),
    years=st.integers(1, 8), left=st.integers(0, 8),
)
def test_the_verdict_turns_just_there(
    base: float, newest: float, target: float, operator: str, years: int, left: int
) -> None:
    """On its own side of every limit the verdict stays; beyond it, it is the one announced."""
    wanted = goal(target, operator, year=2021 + years + left)
    found = progress({2021: base, 2021 + years: newest}, wanted)
    assert found.turns, "some figure would always turn it"
    for turn in found.turns:
        gap = max(turn.value, 1.0) * 1e-6
        assume(abs(turn.value - newest) > 10 * gap)
        assume(abs(turn.value - base) > 10 * gap and abs(target - base) > 10 * gap)
        beyond = turn.value if turn.reached else math.copysign(gap, turn.value - newest)
        near = turn.value - math.copysign(gap, turn.value - newest)
        other = progress(
            {2021: base, 2021 + years: beyond if turn.reached else turn.value + beyond}, wanted
        )
        assert other.verdict == turn.verdict
        between = [each for each in found.turns if each is not turn
                   and min(newest, near) <= each.value <= max(newest, near)]
        if not between:
            stays = progress({2021: base, 2021 + years: near}, wanted)
            assert stays.verdict == found.verdict


@given(base=VALUES, target=VALUES, years=st.integers(1, 8), left=st.integers(1, 8),
       factor=st.floats(0.01, 100))
def test_units_do_not_matter(
    base: float, target: float, years: int, left: int, factor: float
) -> None:
    """The same figures in another unit have the same ratio."""
    newest = base * 1.07**years
    wanted, scaled = (goal(each, year=2021 + years + left) for each in (target, target * factor))
    one = measure(figures({2021: base, 2021 + years: newest}), wanted)
    two = measure(figures({2021: base * factor, 2021 + years: newest * factor}), scaled)
    assert isinstance(one, Progress) and isinstance(two, Progress)
    if one.ratio is not None and two.ratio is not None:
        assert two.ratio == pytest.approx(one.ratio, rel=1e-5, abs=1e-6)


@given(base=VALUES, rate=st.floats(0.01, 0.4), years=st.integers(1, 8), left=st.integers(1, 8))
def test_the_required_pace_has_the_ratio_one(
    base: float, rate: float, years: int, left: int
) -> None:
    """Who has grown as required so far is at ratio 1; at 95 % and 60 % of it stand the limits."""
    target = base * (1 + rate) ** (years + left)
    for share, category in ((1.0, "on_track"), (ON_TRACK - 0.01, "acceleration_needed"),
                            (ACCELERATE - 0.01, "limited")):
        newest = base * (1 + rate * share) ** years
        found = progress({2021: base, 2021 + years: newest}, goal(target, year=2021 + years + left))
        assert found.ratio == pytest.approx(share, abs=1e-6)
        assert found.category == category


def test_growth_of_nothing_is_none() -> None:
    assert growth(5, 5, 3) == 0
