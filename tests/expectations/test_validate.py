"""Judging a table: exactly the wrong rows are held back, and the release stops when it must."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.runner.results import SAMPLES
from expectations.runner.validate import validate
from expectations.suites.suite import Suite, full_suite, load_suite
from model.records.validation import CheckResult, QualityRecord
from model.util.hashing import canonical_json
from tests.fixtures.expectations import dataset, good_rows, quarantined, registries, row, table

BAD_ROWS: list[tuple[dict[str, Any], set[str]]] = [
    ({"indicator": None}, {"indicator_not_null"}),
    ({"ref_area": None}, {"ref_area_not_null"}),
    ({"geo_vintage": None}, {"geo_vintage_not_null"}),
    ({"sex": None}, {"sex_not_null"}),
    ({"time_period": None}, {"time_period_not_null"}),
    ({"freq": None}, {"freq_not_null"}),
    ({"obs_status": None}, {"obs_status_not_null"}),
    ({"indicator": "NOSUCH"}, {"indicator_declared"}),
    ({"ref_area": "XX"}, {"ref_area_known"}),
    ({"sex": "X"}, {"sex_known"}),
    ({"freq": "M"}, {"freq_declared"}),
    ({"time_period": "2020-01"}, {"time_period_form"}),
    ({"time_period": "2020\n"}, {"time_period_form"}),
    ({"time_period": "x2020"}, {"time_period_form"}),
    ({"obs_status": "Z"}, {"obs_status_known"}),
    ({"unit_measure": "percent"}, {"unit_measure_declared"}),
    ({"unit_measure": None}, {"unit_measure_declared"}),
    ({"obs_value": None}, {"obs_value_present"}),
    ({"obs_value": None, "obs_status": None}, {"obs_value_present", "obs_status_not_null"}),
    ({"obs_value": float("inf")}, {"obs_value_present"}),
    ({"obs_value": float("nan")}, {"obs_value_present"}),
    ({"obs_value": -0.001}, {"obs_value_within_bounds"}),
    (
        {"indicator": "SHARE", "unit_measure": "percent", "obs_value": 100.5},
        {"obs_value_within_bounds"},
    ),
]

GOOD_ROWS: list[dict[str, Any]] = [
    {"obs_value": 0.0},
    {"obs_value": None, "obs_status": "O"},
    {"obs_value": None, "obs_status": "Q"},
    {"indicator": "SHARE", "unit_measure": "percent", "obs_value": 100.0},
    {"indicator": "CHANGE", "unit_measure": "percent", "obs_value": -5e9},
    {"ref_area": "O'x{}%"},
    {"obs_note": "'; DROP TABLE observation; --"},
]


def judge(
    rows: list[dict[str, Any]], own: str = "", tmp_path: Path | None = None, **changes: Any
) -> tuple[duckdb.DuckDBPyConnection, QualityRecord]:
    """Judge rows by the generic expectations and those of a suite's text."""
    declared = dataset(**changes)
    suite = None
    if own:
        assert tmp_path is not None
        path = tmp_path / "beds.yaml"
        path.write_text(own, encoding="utf-8")
        suite = load_suite(path, declared, registries())
    con = table(rows)
    return con, validate(
        con, "observation", declared, full_suite(declared, suite, registries())
    )


def check(record: QualityRecord, name: str) -> CheckResult:
    return next(item for item in record.checks if item.name == name)


def failing(record: QualityRecord) -> set[str]:
    return {item.name for item in record.checks if item.outcome == "failed"}


@pytest.mark.parametrize(
    ("changes", "names"), BAD_ROWS,
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:40],
)
def test_a_failing_row_is_quarantined_for_exactly_these_reasons(changes, names):
    rows = [*good_rows(), row(**changes)]
    con, record = judge(rows)
    found = {key: set(reasons) for key, reasons in quarantined(con).items()}
    assert found == {len(rows) - 1: names}
    assert failing(record) == names
    assert record.blockers is None
    for name in names:
        assert check(record, name).unexpected == 1
        assert len(check(record, name).samples) == 1


def test_good_rows_pass_everything():
    rows = good_rows() + [row(time_period=f"{1990 + i}", **c) for i, c in enumerate(GOOD_ROWS)]
    con, record = judge(rows)
    assert quarantined(con) == {}
    assert {item.outcome for item in record.checks} == {"passed", "not_evaluated"}
    assert {item.name for item in record.checks if item.outcome == "not_evaluated"} == {
        name for name in (item.name for item in record.checks) if name.endswith("_of_last_release")
    } | {
        "revisions_usual", "series_in_place", "not_scaled", "not_exchanged", "not_shifted",
        "mostly_unrevised", "not_cut_short", "not_earlier", "digits_kept",
    }
    assert record.blockers is None
    assert record.rows_read == record.rows_released == len(rows)
    evaluated = {item.evaluated for item in record.checks if item.outcome != "not_evaluated"}
    assert evaluated == {len(rows)}


def test_all_rows_of_a_duplicate_are_quarantined():
    rows = [*good_rows(), row(time_period="2020"), row(time_period="2020", obs_value=3.0)]
    con, record = judge(rows)
    assert quarantined(con) == {8: ["key_unique"], 9: ["key_unique"]}
    assert check(record, "key_unique").unexpected == 2


def test_rejects_come_first_and_are_not_validated_again():
    rows = [*good_rows(), row(time_period=None, _reject="time period: '20x' is no period")]
    con, record = judge(rows)
    reasons = con.execute("SELECT reasons FROM quarantine").fetchall()
    assert reasons == [(["time period: '20x' is no period"],)]
    assert failing(record) == set()
    assert (record.rows_read, record.rows_quarantined, record.rows_released) == (9, 1, 8)


def test_a_reject_does_not_make_its_twin_a_duplicate():
    rows = [*good_rows(), row(time_period="2000", _reject="not a number")]
    con, _ = judge(rows)
    assert list(quarantined(con)) == [8]


def test_every_reason_is_kept_in_the_order_of_the_suite():
    con, _ = judge([*good_rows(), row(ref_area="XX", obs_value=-1.0)])
    assert quarantined(con) == {8: ["ref_area_known", "obs_value_within_bounds"]}
    reason = con.execute("SELECT reasons[2] FROM quarantine").fetchall()[0][0]
    assert reason == (
        "obs_value_within_bounds: The value is at least 0 (Beds); between 0 and 100 (Share)."
    )


OWN = """
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {{column: obs_value, max_value: 5}}
    severity: {severity}
    name: not_large
  - type: expect_column_mean_to_be_between
    kwargs: {{column: obs_value, max_value: 3}}
    severity: {table}
    name: mean_small
"""


def test_warnings_hold_nothing_back_and_stop_nothing(tmp_path):
    con, record = judge(good_rows(), OWN.format(severity="warning", table="info"), tmp_path)
    assert quarantined(con) == {}
    assert record.blockers is None
    assert check(record, "not_large").outcome == "warned"
    assert check(record, "not_large").unexpected == 2
    assert [sample["obs_value"] for sample in check(record, "not_large").samples] == [6.0, 7.0]
    assert check(record, "mean_small").outcome == "warned"
    assert check(record, "mean_small").observed == 3.5


def test_the_table_is_validated_on_what_remains(tmp_path):
    """The mean of all is 3.5; of what remains once 6 and 7 are held back, 2.5."""
    con, record = judge(good_rows(), OWN.format(severity="critical", table="critical"), tmp_path)
    assert quarantined(con) == {6: ["not_large"], 7: ["not_large"]}
    assert check(record, "not_large").outcome == "failed"
    assert check(record, "mean_small").outcome == "passed"
    assert check(record, "mean_small").observed == 2.5
    assert check(record, "mean_small").evaluated == 6
    assert record.blockers is None


def test_a_warning_speaks_of_what_remains(tmp_path):
    own = OWN.format(severity="warning", table="info")
    _, record = judge([*good_rows(), row(ref_area="XX", obs_value=9.0)], own, tmp_path)
    assert check(record, "not_large").unexpected == 2


def test_a_critical_failure_of_the_table_stops(tmp_path):
    con, record = judge(good_rows(), OWN.format(severity="info", table="critical"), tmp_path)
    assert quarantined(con) == {}
    [stop] = record.blockers
    assert stop.kind == "table"
    assert [(item.name, item.observed) for item in stop.checks] == [("mean_small", "3.5")]


def test_no_rows_stop():
    _, record = judge([])
    assert [stop.kind for stop in record.blockers] == ["empty"]
    assert check(record, "not_empty").outcome == "failed"


def test_nothing_left_stops():
    con, record = judge([row(ref_area="XX"), row(_reject="unreadable")], tolerance=1)
    assert len(quarantined(con)) == 2
    [stop] = record.blockers
    assert (stop.kind, stop.rows, stop.quarantined, stop.unread) == ("all_quarantined", 2, 2, 1)
    assert [(item.name, item.unexpected) for item in stop.checks] == [("ref_area_known", 1)]


@pytest.mark.parametrize(("tolerance", "stops"), [(0.28, True), (0.29, False)])
def test_the_tolerance_itself_is_tolerated(tolerance, stops):
    """29 of 100: 0.29 times 100 is less than 29 in binary."""
    rows = good_rows(71) + [row(time_period=str(1800 + i), obs_value=-1.0) for i in range(29)]
    _, record = judge(rows, tolerance=tolerance)
    assert record.rows_quarantined == 29
    assert (record.blockers is not None) is stops
    if stops:
        [stop] = record.blockers
        assert (stop.kind, stop.rows, stop.quarantined, stop.tolerance) == (
            "over_tolerance", 100, 29, tolerance
        )


def test_a_check_that_raises_blocks_when_it_is_critical(tmp_path):
    own = """
expectations:
  - type: unexpected_rows_expectation
    kwargs: {{unexpected_rows_query: "SELECT * FROM {{batch}} WHERE CAST(ref_area AS INT) > 0"}}
    severity: {}
    name: broken
"""
    con, record = judge(good_rows(), own.format("critical"), tmp_path)
    assert check(record, "broken").outcome == "failed"
    assert "Could not convert" in (check(record, "broken").error or "")
    [stop] = record.blockers
    assert stop.kind == "check_error" and "Could not convert" in (stop.checks[0].error or "")
    assert quarantined(con) == {}
    _, record = judge(good_rows(), own.format("warning"), tmp_path)
    assert check(record, "broken").outcome == "failed"
    assert record.blockers is None


def test_a_row_that_fails_only_once_others_are_gone_stops(tmp_path):
    """Each row but the first needs the one before: holding one back breaks the next."""
    own = """
expectations:
  - type: unexpected_rows_expectation
    kwargs:
      unexpected_rows_query: >-
        SELECT * FROM {batch} QUALIFY CAST(time_period AS INT)
        - lag(CAST(time_period AS INT)) OVER (ORDER BY time_period) > 1
    severity: critical
    name: no_gap
"""
    rows = good_rows()
    rows[4]["ref_area"] = "XX"
    con, record = judge(rows, own, tmp_path)
    assert list(quarantined(con)) == [4]
    assert [(stop.kind, stop.checks[0].name) for stop in record.blockers] == [
        ("unsettled", "no_gap")
    ]


def test_the_rows_of_a_query_are_quarantined(tmp_path):
    own = """
expectations:
  - type: unexpected_rows_expectation
    kwargs: {unexpected_rows_query: "SELECT * FROM {batch} WHERE obs_value % 2 = 1;"}
    severity: critical
    name: even
"""
    con, record = judge(good_rows(), own, tmp_path)
    assert quarantined(con) == {1: ["even"], 3: ["even"], 5: ["even"], 7: ["even"]}
    assert check(record, "even").evaluated == 8
    assert check(record, "even").unexpected == 4


def test_mostly_holds_nothing_back_while_it_is_met(tmp_path):
    own = """
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {{column: obs_value, max_value: 5, mostly: {}}}
    severity: critical
    name: mostly_small
"""
    con, record = judge(good_rows(), own.format(0.75), tmp_path)
    assert quarantined(con) == {}
    assert check(record, "mostly_small").outcome == "passed"
    assert check(record, "mostly_small").unexpected == 2
    con, _ = judge(good_rows(), own.format(0.8), tmp_path)
    assert list(quarantined(con)) == [6, 7]


def test_a_condition_limits_what_is_quarantined(tmp_path):
    own = """
expectations:
  - type: expect_column_values_to_be_between
    kwargs:
      column: obs_value
      max_value: 5
      row_condition:
        {type: comparison, column: {name: time_period}, operator: "==", parameter: "2007"}
    severity: critical
    name: small_in_2007
"""
    con, record = judge(good_rows(), own, tmp_path)
    assert list(quarantined(con)) == [7]
    assert check(record, "small_in_2007").evaluated == 1


def test_samples_are_the_first_by_key_and_bounded():
    rows = [*good_rows(60)[::-1], *(row(time_period=str(1700 + i), sex="X") for i in range(50))]
    _, record = judge(rows)
    samples = check(record, "sex_known").samples
    assert [sample["time_period"] for sample in samples] == [
        str(1700 + i) for i in range(SAMPLES)
    ]
    assert set(samples[0]) == set(dataset().columns)


def test_the_record_is_the_same_on_every_run_and_fits_json():
    rows = [*good_rows(), row(obs_value=float("nan")), row(obs_value=float("inf"), sex="X")]
    _, one = judge(rows)
    _, two = judge(rows)
    assert canonical_json(one.without_durations()) == canonical_json(two.without_durations())
    text = json.dumps(one.model_dump(mode="json"), allow_nan=False)
    assert QualityRecord.model_validate_json(text) == one


def test_each_evaluated_check_has_a_duration():
    _, record = judge([*good_rows(), row(sex="X")])
    took = {
        item.name: item.duration_ms for item in record.checks if item.outcome != "not_evaluated"
    }
    assert took and all(value is not None and value > 0 for value in took.values())
    assert {i.duration_ms for i in record.checks if i.outcome == "not_evaluated"} <= {None}
    without = record.without_durations()
    assert {item.duration_ms for item in without.checks} == {None}
    timed = {"checks": record.checks, "duration_ms": record.duration_ms}
    assert without.model_copy(update=timed) == record


def test_the_connection_is_left_as_it_was():
    con = table(good_rows())
    con.execute("BEGIN")
    con.execute("CREATE TABLE mine AS SELECT 1 AS a")
    validate(con, "observation", dataset(), full_suite(dataset(), None, registries()))
    con.execute("ROLLBACK")
    assert con.execute("SELECT count(*) FROM observation").fetchall() == [(8,)]
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mine'"
                       ).fetchall() == [(0,)]
    assert con.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal"
                       ).fetchall() == [(0,)]


def test_names_that_need_quotes():
    con = table(good_rows())
    con.execute('ALTER TABLE observation RENAME TO "odd ""name; --"')
    record = validate(
        con, 'odd "name; --', dataset(), full_suite(dataset(), None, registries())
    )
    assert record.rows_released == 8


CHANGES = st.sampled_from(
    [{}, {}, {}, {"ref_area": "XX"}, {"obs_value": None}, {"_reject": "unreadable"}, {"sex": None}]
)


@settings(max_examples=10, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(2000, 2009), CHANGES), min_size=1, max_size=12),
    tolerance=st.floats(0, 1),
)
def test_quarantined_and_released_rows_are_all_rows(changes, tolerance):
    rows = [row(time_period=str(year), **change) for year, change in changes]
    con, record = judge(rows, tolerance=tolerance)
    kept = con.execute(
        "SELECT count(*), count(DISTINCT time_period) FROM observation"
        " WHERE _id NOT IN (SELECT _id FROM quarantine)"
    ).fetchall()[0]
    assert kept[0] == kept[1] == record.rows_released
    ids = [key for (key,) in con.execute("SELECT _id FROM quarantine").fetchall()]
    assert len(ids) == len(set(ids)) == record.rows_quarantined
    assert record.rows_released + record.rows_quarantined == record.rows_read == len(rows)
    over = record.rows_quarantined / len(rows) > tolerance
    assert (record.blockers is not None) is (over or record.rows_released == 0)


def test_an_empty_suite_holds_back_only_rejects():
    con = table([*good_rows(), row(_reject="unreadable")])
    record = validate(con, "observation", dataset(), Suite(dataset="health/beds", expectations=()))
    assert list(quarantined(con)) == [8]
    assert record.checks == ()
