"""Scores, grades and freshness: plain arithmetic, checked against figures worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.scoring import scores
from expectations.scoring.freshness import freshness, freshness_over_time, timeliness
from model.records.quality_dimension import GRADES, QUALITY_DIMENSIONS, grade_of
from model.records.scorecard import Freshness, Scorecard
from model.records.validation import QualityRecord, Score
from model.records.validation_log import ValidationRun
from model.reference.periods import frequency_of, next_period, period_end, period_start
from tests.fixtures.expectations import dataset, good_rows, row, table
from tests.fixtures.releases import check

UNIQUE = "expect_column_values_to_be_unique"
ROW = "expect_column_values_to_be_between"


def record(*checks, rows_read=10, **changes) -> QualityRecord:
    return QualityRecord.model_validate({
        "dataset": "health/beds", "suite_sha256": "0" * 64, "versions": {"gx": "1"},
        "rows_read": rows_read, "rows_released": rows_read, "rows_quarantined": 0,
        "tolerance": 0.5, "checks": checks, **changes,
    })


def percents(rows, quality, quarantined=(), **changes) -> dict[str, float]:
    con = table(rows)
    con.execute("CREATE TEMP TABLE quarantine (_id BIGINT, reasons VARCHAR[])")
    for row_id in quarantined:
        con.execute("INSERT INTO quarantine VALUES (?, ['x'])", [row_id])
    found = scores.of_table(con, "observation", dataset(**changes), quality)
    return {score.dimension: round(score.percent, 4) for score in found}


def test_a_table_without_fault_has_all_points() -> None:
    found = percents(good_rows(), record(check("a"), rows_read=8))
    assert found == dict.fromkeys(("completeness", "validity", "uniqueness", "consistency"), 100)


def test_completeness_is_what_there_is_of_each_series_own_extent() -> None:
    rows = [
        *(row(time_period=str(year)) for year in (2000, 2001, 2004)),  # 3 of 5
        *(row(ref_area="LA", time_period=str(year)) for year in (2010, 2011)),  # 2 of 2
        row(sex="F", time_period="2020", obs_value=None, obs_status="O"),  # 0 of 1
        row(sex="M", time_period="2020", obs_value=None, obs_status="Q"),  # 1 of 1: suppressed
    ]
    assert percents(rows, record())["completeness"] == round(100 * 6 / 9, 4)
    assert percents(rows, record(), quarantined=[1, 5])["completeness"] == round(100 * 5 / 8, 4)


@pytest.mark.parametrize(
    ("frequency", "periods", "expected"),
    [
        ("S", ["2020-S2", "2021-S1", "2022-S1"], 75),
        ("Q", ["2020-Q4", "2021-Q1", "2021-Q3"], 75),
        ("M", ["2020-12", "2021-01", "2021-03"], 75),
        ("W", ["2020-W53", "2021-W01", "2021-W03"], 75),
        ("D", ["2020-02-28", "2020-02-29", "2020-03-02"], 75),
        ("YTD", ["2020-01-01/P6M", "2020-01-01/P12M", "2021-01-01/P12M"], 75),
    ],
)
def test_completeness_knows_every_frequency(frequency, periods, expected) -> None:
    rows = [row(freq=frequency, time_period=period) for period in periods]
    for quality in (record(), record(check("key_unique"))):  # known: nothing is there twice
        assert percents(rows, quality, frequency=frequency)["completeness"] == expected


def test_two_texts_of_one_period_are_one_figure() -> None:
    rows = [row(freq="M", time_period=period) for period in ("2020-01", "2020-001", "2020-02")]
    found = percents(rows, record(check("key_unique")), frequency="M")
    assert found["completeness"] == 100


def test_each_check_takes_away_the_rows_that_break_it() -> None:
    quality = record(
        check("bounds", expectation=ROW, level="row", outcome="failed", unexpected=2),
        check("hint", expectation=ROW, level="row", severity="warning", outcome="warned",
              unexpected=1),
        check("said", expectation=ROW, level="row", severity="info", outcome="warned",
              unexpected=9),
        check("twice", expectation=UNIQUE, level="row", outcome="failed",
              unexpected=4),
        check("total", outcome="warned", severity="warning", unexpected=0, evaluated=10),
        check("jumps", expectation="expect_series_values_to_not_jump", level="row",
              severity="warning", outcome="warned", unexpected=5, evaluated=10),
        check("other", severity="warning", outcome="not_evaluated", evaluated=0),
        check("fine"),
    )
    rows = [*good_rows(9), row(_reject="unreadable")]
    found = percents(rows, quality)
    assert found["validity"] == 60  # 2 + 1 + the row that could not be read, of 10
    assert found["uniqueness"] == 60
    # total: wrong as a whole; jumps: half; fine: right; what was not judged does not count
    assert found["consistency"] == 50


def test_nothing_is_below_zero_and_nothing_read_is_not_measured() -> None:
    bad = check("a", expectation=ROW, level="row", outcome="failed", unexpected=99)
    assert percents(good_rows(), record(bad))["validity"] == 0
    assert percents([], record(rows_read=0)) == {}


def test_the_record_says_which_algorithm() -> None:
    con = table(good_rows())
    con.execute("CREATE TEMP TABLE quarantine (_id BIGINT, reasons VARCHAR[])")
    made = scores.scored(con, "observation", dataset(), record(check()))
    assert made.versions == {"gx": "1", "scores": scores.ALGORITHM} and len(made.scores) == 4


def score(dimension: str, percent: float) -> Score:
    return Score(dimension=dimension, good=percent, of=100)  # type: ignore[arg-type]


def test_the_total_is_the_weighted_mean_of_what_was_measured() -> None:
    assert sum(info.weight for info in QUALITY_DIMENSIONS.values()) == 100
    assert scores.total([score(name, 100) for name in QUALITY_DIMENSIONS]) == 100
    assert scores.total([score("completeness", 0), score("validity", 100)]) == 50
    assert scores.total([score("validity", 80), score("metadata", 0)]) == 80  # stands beside
    assert scores.total([]) == 0


@given(st.floats(0, 100))
def test_every_total_has_one_grade_and_a_better_one_no_worse(points: float) -> None:
    order = [name for name, _ in GRADES]
    assert order.index(grade_of(points)) >= order.index(grade_of(min(points + 5, 100)))
    assert dict(GRADES)[grade_of(points)] <= points


def test_failures_are_ranked_by_the_points_that_fixing_them_gains() -> None:
    quality = record(
        check("few", expectation=ROW, level="row", outcome="failed", unexpected=1),
        check("many", expectation=ROW, level="row", outcome="failed", unexpected=3),
        check("whole", outcome="failed", unexpected=0),
    )
    found = [score("completeness", 90), score("validity", 60), score("consistency", 0)]
    found[2] = Score(dimension="consistency", good=0, of=1)
    ranked = scores.gains(quality, found)
    assert [(gain.check, gain.points) for gain in ranked] == [
        ("whole", 28.57),  # all of 20 of the 70 points that were measured
        ("many", 10.71),  # 30 % of 25 of 70
        (None, 3.57),  # the holes in the series
        ("few", 3.57),
    ]
    total = scores.total(found)
    assert total + sum(gain.points for gain in ranked) == pytest.approx(100, abs=0.05)


def test_every_dataset_counts_the_same_in_its_sector() -> None:
    fresh = Freshness(
        state="fresh", as_of=date(2026, 1, 1), period_last=None, expected_period=None, due=None,
        lag_days=None, own_rhythm=False,
    )
    cards = [
        Scorecard(
            dataset=f"health/{total}", sector="health", algorithm="1", as_of=fresh.as_of,
            scores=(score("validity", total),), total=total, grade="A", freshness=fresh, gains=(),
        )
        for total in (60, 100)
    ]
    made = scores.group("health", cards, blocked=1)
    assert made.total == 80 and made.grade == "C" and made.scores == (("validity", 80.0),)
    assert made.datasets == 2 and made.blocked == 1
    assert scores.group("health", [], 0) is None


def validation_run(day: date, period: str | None, **changes) -> ValidationRun:
    return ValidationRun.model_validate({
        "dataset": "a/b", "number": 1, "at": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "inputs_sha256": "", "snapshot_sha256": "", "record_sha256": "", "data_sha256": "",
        "algorithm": "1", "blockers": None, "rows_read": 1, "rows_released": 1,
        "rows_quarantined": 0, "period_last": period, "scores": (), "passed": (), "open": (),
        **changes,
    })


FIRST = [validation_run(date(2024, 3, 1), "2023-12")]
MONTHLY = dataset(frequency="M")


@pytest.mark.parametrize(
    ("as_of", "state", "late", "percent"),
    [
        (date(2024, 3, 16), "fresh", 0, 100),  # January 2024 is due 45 days after its end
        (date(2024, 3, 17), "late", 1, 98.9247),
        (date(2024, 4, 16), "late", 31, 66.6667),
        (date(2024, 4, 17), "overdue", 32, 65.5914),
        (date(2024, 6, 17), "overdue", 93, 0),
        (date(2024, 6, 18), "dead", 94, 0),
    ],
)
def test_figures_are_fresh_then_late_then_overdue_then_dead(as_of, state, late, percent) -> None:
    found = freshness(MONTHLY, FIRST, as_of)
    assert (found.state, found.days_late, found.due) == (state, late, date(2024, 3, 16))
    assert (found.period_last, found.expected_period) == ("2023-12", "2024-01")
    assert not found.own_rhythm
    assert timeliness(found, "M").percent == pytest.approx(percent, abs=0.001)


def test_a_source_shows_its_own_rhythm() -> None:
    """After three new periods the median of what they took is expected, not the usual."""
    history = list(FIRST)
    for month, lag in ((1, 10), (2, 12), (3, 60)):
        period = f"2024-{month:02d}"
        history.append(validation_run(period_end(period) + timedelta(days=lag), period))
    found = freshness(MONTHLY, history, date(2024, 6, 1))
    assert found.own_rhythm and found.lag_days == 12 and found.due == date(2024, 5, 12)
    assert found.state == "late"
    assert not freshness(MONTHLY, history[:3], date(2024, 6, 1)).own_rhythm
    over_time = list(freshness_over_time(MONTHLY, history))
    assert over_time == [
        freshness(MONTHLY, history[: n + 1], item.at.date()) for n, item in enumerate(history)
    ]


def test_what_brings_nothing_new_does_not_make_fresh() -> None:
    later = date(2024, 6, 1)
    history = [
        *FIRST,
        validation_run(date(2024, 5, 1), "2024-03", blockers=[{"kind": "empty"}]),
        validation_run(date(2024, 5, 2), "2023-11"),  # a rollback
        validation_run(date(2024, 5, 3), None),
        validation_run(date(2024, 7, 1), "2024-05"),  # after the day that is asked for
    ]
    assert freshness(MONTHLY, history, later) == freshness(MONTHLY, FIRST, later)
    unknown = freshness(MONTHLY, [], later)
    assert unknown.state == "unknown" and timeliness(unknown, "M") is None


def test_nothing_more_is_expected_of_what_has_ended() -> None:
    ended = dataset(frequency="M", ended={"vi": "Niên giám 2023.", "en": "The yearbook of 2023."})
    found = freshness(ended, FIRST, date(2030, 1, 1))
    assert found.state == "ended" and found.period_last == "2023-12" and found.days_late == 0
    assert found.expected_period is None and found.due is None
    assert timeliness(found, "M") is None
    assert freshness(ended, [], date(2030, 1, 1)).state == "ended"
    assert [item.state for item in freshness_over_time(ended, FIRST)] == ["ended"]


def test_daily_figures_are_not_dead_after_a_long_weekend() -> None:
    history = [validation_run(date(2024, 3, 1), "2024-02-29")]
    found = freshness(dataset(frequency="D"), history, date(2024, 3, 14))
    assert found.state == "late" and found.due == date(2024, 3, 8)


@given(st.dates(date(1700, 1, 1), date(2100, 12, 31)), st.integers(1, 12))
def test_each_period_ends_the_day_before_the_next_begins(day: date, months: int) -> None:
    week = day.isocalendar()
    for period in (
        f"{day.year}", f"{day.year}-S{(day.month + 5) // 6}",
        f"{day.year}-Q{(day.month + 2) // 3}", f"{day:%Y-%m}",
        f"{week.year}-W{week.week:02d}", day.isoformat(),
    ):
        coming = next_period(period)
        assert frequency_of(coming) == frequency_of(period)
        assert period_start(period) <= day <= period_end(period)
        assert period_end(period) + timedelta(days=1) == period_start(coming)
    so_far = f"{day.year}-01-01/P{months}M"
    assert frequency_of(next_period(so_far)) == "YTD"
    assert period_end(so_far) < period_end(next_period(so_far))
    assert period_end(so_far).month == months
