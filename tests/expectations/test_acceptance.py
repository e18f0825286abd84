"""Rows that a person accepted: released while they stay as they are, and only for what was seen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from expectations.runner.validate import validate
from expectations.suites.expectation import Suite
from expectations.suites.suite import full_suite
from model.records.validation_log import Acceptance, row_sha256
from tests.fixtures.expectations import (
    COLUMNS,
    dataset,
    good_rows,
    quarantined,
    registries,
    row,
    table,
)


def accept(values, *checks) -> Acceptance:
    content = {name: values[name] for name in COLUMNS}
    return Acceptance(
        dataset="health/beds", row_sha256=row_sha256(content), row=content, checks=checks,
        by="An", at=datetime(2026, 1, 1, tzinfo=UTC), reason="Đúng",
    )


def validate_rows(rows, *accepted, **changes):
    declared = dataset(**changes)
    suite: Suite = full_suite(declared, None, registries())
    con = table(rows)
    return validate(con, "observation", declared, suite, accepted), quarantined(con)


ODD = row(time_period="2010", obs_value=-3.0)


def test_an_accepted_row_is_released_and_its_check_still_says_what_it_found() -> None:
    quality, kept = validate_rows([*good_rows(), ODD])
    assert kept == {8: ["obs_value_within_bounds"]} and quality.rows_accepted == 0
    quality, kept = validate_rows([*good_rows(), ODD], accept(ODD, "obs_value_within_bounds"))
    assert kept == {} and quality.blockers is None
    assert (quality.rows_released, quality.rows_accepted) == (9, 1)
    [bounds] = [c for c in quality.checks if c.name == "obs_value_within_bounds"]
    assert bounds.outcome == "failed" and bounds.unexpected == 1


@pytest.mark.parametrize("change", [
    {"obs_value": -4.0}, {"time_period": "2011"}, {"obs_note": "new"}, {"obs_status": "P"},
])
def test_a_changed_row_is_quarantined_again(change) -> None:
    decision = accept(ODD, "obs_value_within_bounds")
    quality, kept = validate_rows([*good_rows(), {**ODD, **change}], decision)
    assert list(kept) == [8] and quality.rows_accepted == 0


def test_a_row_that_fails_another_check_too_stays_quarantined() -> None:
    worse = {**ODD, "unit_measure": "percent"}
    decision = accept(worse, "obs_value_within_bounds")
    assert validate_rows([*good_rows(), worse], decision)[1] == {
        8: ["unit_measure_declared", "obs_value_within_bounds"]
    }


@pytest.mark.parametrize(("change", "name"), [
    ({"indicator": None}, "indicator_not_null"), ({"time_period": "soon"}, "time_period_form"),
    ({"ref_area": "XX"}, "ref_area_known"), ({"obs_value": None}, "obs_value_present"),
])
def test_what_every_table_rests_on_cannot_be_accepted(change, name) -> None:
    broken = row(**{"time_period": "2010", **change})
    _, before = validate_rows([*good_rows(), broken])
    assert name in before[8]
    assert validate_rows([*good_rows(), broken], accept(broken, *before[8]))[1] == before


def test_one_acceptance_releases_one_row() -> None:
    decision = accept(ODD, "obs_value_within_bounds", "key_unique")
    quality, kept = validate_rows([*good_rows(), ODD, ODD], decision)
    assert list(kept) == [9] and quality.rows_accepted == 1 and quality.blockers is None


def test_of_rows_with_one_key_only_one_can_stay() -> None:
    one, two = row(time_period="2010", obs_value=1.0), row(time_period="2010", obs_value=2.0)
    quality, kept = validate_rows([*good_rows(), one, two], accept(two, "key_unique"))
    assert list(kept) == [8] and quality.blockers is None
    both = (accept(one, "key_unique"), accept(two, "key_unique"))
    quality, _ = validate_rows([*good_rows(), one, two], *both)
    assert [check.name for stop in quality.blockers for check in stop.checks] == ["key_unique"]


def test_a_row_that_could_not_be_read_cannot_be_accepted() -> None:
    unread = row(time_period="2010", _reject="value 'x' is no number")
    quality, kept = validate_rows([*good_rows(), unread], accept(unread, "value 'x' is no number"))
    assert list(kept) == [8] and quality.rows_accepted == 0
