"""Great Expectations on DuckDB: equal to its own engines, quiet, and why we still help it.

The tests named `..._still_needed` fail once Great Expectations (or its DuckDB dialect) does by
itself what expectations/runner does for it: remove that part then, and its test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.checks.registry import all_checks
from expectations.checks.stock.common import StockCheck
from expectations.suites.gx import to_gx
from expectations.suites.inline import level_of_query
from expectations.suites.suite import Expectation, Suite, full_suite
from model.util.text import LocalizedText
from tests.fixtures.expectations import dataset, good_rows, registries, row, table

ROOT = Path(__file__).parents[2]
IN_2003 = {
    "type": "comparison", "column": {"name": "time_period"}, "operator": ">=",
    "parameter": "2003",
}

# For every kind at least one case that passes and one that fails on `ROWS`.
ROWS = [
    *good_rows(), row(time_period="2008", obs_value=None, obs_status="O"),
    row(time_period="2003", sex="F", obs_value=1000.0, obs_note="2003"),
]
CASES: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_not_be_null", {"column": "obs_value"}),
    ("expect_column_values_to_not_be_null", {"column": "ref_area"}),
    ("expect_column_values_to_be_null", {"column": "obs_note"}),
    ("expect_column_values_to_be_null", {"column": "obs_note", "mostly": 0.5}),
    ("expect_column_values_to_be_unique", {"column": "time_period"}),
    ("expect_column_values_to_be_unique", {"column": "obs_value"}),
    ("expect_column_values_to_be_unique", {"column": "time_period", "row_condition": IN_2003}),
    ("expect_column_values_to_be_between", {"column": "obs_value", "min_value": 0}),
    ("expect_column_values_to_be_between",
     {"column": "obs_value", "min_value": 0, "max_value": 7, "strict_min": True}),
    ("expect_column_values_to_be_between",
     {"column": "obs_value", "max_value": 5, "row_condition": IN_2003}),
    ("expect_column_values_to_be_in_set", {"column": "sex", "value_set": ["T"]}),
    ("expect_column_values_to_be_in_set", {"column": "sex", "value_set": ["T", "F"]}),
    ("expect_column_values_to_be_in_set", {"column": "sex", "value_set": ["O'x", "%", "{}", ":a"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "sex", "value_set": ["F", "M"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "sex", "value_set": ["M"]}),
    ("expect_column_values_to_match_regex", {"column": "time_period", "regex": "^200[0-7]$"}),
    ("expect_column_values_to_match_regex", {"column": "time_period", "regex": "^[0-9]{4}$"}),
    ("expect_column_values_to_not_match_regex", {"column": "time_period", "regex": "8$"}),
    ("expect_column_values_to_not_match_regex", {"column": "time_period", "regex": "'|%"}),
    ("expect_column_value_lengths_to_be_between", {"column": "sex", "max_value": 1}),
    ("expect_column_value_lengths_to_be_between", {"column": "indicator", "max_value": 3}),
    ("expect_column_value_lengths_to_equal", {"column": "time_period", "value": 4}),
    ("expect_column_value_lengths_to_equal", {"column": "time_period", "value": 5}),
    ("expect_column_value_z_scores_to_be_less_than",
     {"column": "obs_value", "threshold": 2, "double_sided": True}),
    ("expect_column_value_z_scores_to_be_less_than",
     {"column": "obs_value", "threshold": 3, "double_sided": True}),
    ("expect_column_pair_values_a_to_be_greater_than_b",
     {"column_A": "time_period", "column_B": "obs_note", "or_equal": True,
      "ignore_row_if": "either_value_is_missing"}),
    ("expect_column_pair_values_a_to_be_greater_than_b",
     {"column_A": "sex", "column_B": "ref_area", "or_equal": False}),
    ("expect_column_pair_values_to_be_equal",
     {"column_A": "time_period", "column_B": "obs_note",
      "ignore_row_if": "either_value_is_missing"}),
    ("expect_column_pair_values_to_be_equal", {"column_A": "ref_area", "column_B": "sex"}),
    ("expect_column_pair_values_to_be_in_set",
     {"column_A": "ref_area", "column_B": "sex", "value_pairs_set": [["VN", "T"]]}),
    ("expect_column_pair_values_to_be_in_set",
     {"column_A": "ref_area", "column_B": "sex", "value_pairs_set": [["VN", "T"], ["VN", "F"]]}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["ref_area", "time_period"]}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["sex", "time_period"]}),
    ("expect_compound_columns_to_be_unique",
     {"column_list": ["ref_area", "time_period"], "row_condition": IN_2003}),
    ("expect_select_column_values_to_be_unique_within_record",
     {"column_list": ["ref_area", "sex"]}),
    ("expect_select_column_values_to_be_unique_within_record",
     {"column_list": ["freq", "obs_status"]}),
    ("expect_column_min_to_be_between", {"column": "obs_value", "min_value": 0}),
    ("expect_column_min_to_be_between", {"column": "obs_value", "min_value": 0,
                                         "strict_min": True}),
    ("expect_column_max_to_be_between", {"column": "obs_value", "max_value": 7}),
    ("expect_column_max_to_be_between", {"column": "obs_value", "max_value": 1000}),
    ("expect_column_sum_to_be_between", {"column": "obs_value", "max_value": 7}),
    ("expect_column_sum_to_be_between", {"column": "obs_value", "max_value": 1028}),
    ("expect_column_mean_to_be_between", {"column": "obs_value", "max_value": 7}),
    ("expect_column_mean_to_be_between",
     {"column": "obs_value", "min_value": 100, "row_condition": IN_2003}),
    ("expect_column_median_to_be_between", {"column": "obs_value", "max_value": 4}),
    ("expect_column_median_to_be_between", {"column": "obs_value", "max_value": 3}),
    ("expect_column_stdev_to_be_between", {"column": "obs_value", "max_value": 7}),
    ("expect_column_stdev_to_be_between", {"column": "obs_value", "min_value": 7}),
    ("expect_column_unique_value_count_to_be_between", {"column": "sex", "max_value": 1}),
    ("expect_column_unique_value_count_to_be_between", {"column": "sex", "max_value": 2}),
    ("expect_column_proportion_of_unique_values_to_be_between",
     {"column": "sex", "max_value": 0.1}),
    ("expect_column_proportion_of_unique_values_to_be_between",
     {"column": "sex", "max_value": 0.2}),
    ("expect_column_proportion_of_non_null_values_to_be_between",
     {"column": "obs_value", "min_value": 0.9}),
    ("expect_column_proportion_of_non_null_values_to_be_between",
     {"column": "obs_value", "min_value": 0.95}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "sex", "value_set": ["T"]}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "sex", "value_set": ["T", "F", "M"]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "sex", "value_set": ["T", "M"]}),
    ("expect_column_distinct_values_to_contain_set", {"column": "sex", "value_set": ["T"]}),
    ("expect_column_distinct_values_to_equal_set", {"column": "sex", "value_set": ["T"]}),
    ("expect_column_distinct_values_to_equal_set", {"column": "sex", "value_set": ["T", "F"]}),
    ("expect_column_most_common_value_to_be_in_set", {"column": "sex", "value_set": ["F"]}),
    ("expect_column_most_common_value_to_be_in_set", {"column": "sex", "value_set": ["T"]}),
    ("expect_table_row_count_to_be_between", {"min_value": 11}),
    ("expect_table_row_count_to_be_between", {"min_value": 10}),
    ("expect_table_row_count_to_equal", {"value": 11}),
    ("expect_table_row_count_to_equal", {"value": 7, "row_condition": IN_2003}),
]


STOCK = [name for name, cls in all_checks().items() if issubclass(cls, StockCheck)]


def title_of(kind: str, kwargs: dict[str, Any]) -> LocalizedText:
    check = all_checks()[kind].model_validate(kwargs)
    return check.title(dataset(), registries())


def suite_of(cases: list[tuple[str, dict[str, Any]]]) -> Suite:
    return Suite(
        dataset="health/beds",
        expectations=tuple(
            Expectation(
                name=f"case_{number}", type=kind, kwargs=kwargs, severity="warning",
                level=all_checks()[kind].level, title=title_of(kind, kwargs),
            )
            for number, (kind, kwargs) in enumerate(cases)
        ),
    )


def run_on_duckdb(con: duckdb.DuckDBPyConnection, suite: Suite) -> dict[str, Any]:
    from expectations.runner import engine

    return engine.run(con, "observation", engine.prepared(suite))


def run_on_pandas(con: duckdb.DuckDBPyConnection, suite: Suite) -> dict[str, Any]:
    """Run a suite as anyone would outside this project."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("plain").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
        {"dataframe": con.sql("SELECT * FROM observation").df()}
    )
    results = batch.validate(
        exported(suite),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["_id"]},
    )
    return {item.expectation_config.meta["name"]: item for item in results.results}


def test_every_kind_has_cases_that_pass_and_fail_alike_on_pandas():
    con, suite = table(ROWS), suite_of(CASES)
    ours, theirs = run_on_duckdb(con, suite), run_on_pandas(con, suite)
    seen: dict[str, set[bool]] = {}
    for expectation in suite.expectations:
        our, their = ours[expectation.name], theirs[expectation.name]
        shown = f"{expectation.type} {expectation.kwargs}"
        assert our.error is None, shown
        assert not any(v.get("raised_exception") for v in [their.exception_info or {}]), shown
        assert our.success is their.success, shown
        seen.setdefault(expectation.type, set()).add(our.success)
        if expectation.level == "row":
            assert our.unexpected == their.result["unexpected_count"], shown
            ids = sorted(key for (key,) in con.sql(our.ids_query).fetchall())
            listed = their.result.get("unexpected_index_list") or []
            assert ids == sorted(item["_id"] for item in listed), shown
        else:
            observed = their.result["observed_value"]
            if isinstance(observed, float):
                observed = pytest.approx(observed, rel=1e-12)
            assert our.observed == observed, shown
    for kind in STOCK:
        assert seen[kind] == {True, False}, kind


def test_the_table_of_kinds_is_that_of_great_expectations():
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )
    from great_expectations.expectations.registry import get_expectation_impl

    ours_alone = {
        "id", "meta", "notes", "result_format", "description", "catch_exceptions",
        "rendered_content", "severity", "windows", "batch_id", "condition_parser",
        "library_metadata",
    }
    rows = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    for kind in STOCK:
        known = all_checks()[kind]
        made = get_expectation_impl(kind)
        fields = {name: f for name, f in made.__fields__.items() if name not in ours_alone}
        assert set(known.model_fields) == set(fields), kind
        if kind != "expect_column_values_to_match_regex":  # has a default: the empty pattern
            required = {name for name, field in fields.items() if field.required}
            ours = {name for name, field in known.model_fields.items() if field.is_required()}
            assert ours == required, kind
        assert (known.level == "row") is issubclass(made, rows), kind


def exported(suite: Suite) -> Any:
    """Return a suite as Great Expectations reads it from its own JSON, without this project."""
    import great_expectations as gx

    return gx.ExpectationSuite(**json.loads(json.dumps(to_gx(suite).to_json_dict())))


BAD = [
    *good_rows(), row(time_period="2001"), row(sex="X"), row(time_period="x"), row(ref_area=None),
    row(time_period="2030", obs_value=-1.0), row(time_period="2031", unit_measure="percent"),
    row(time_period="2032", obs_value=float("nan")),
]


@pytest.mark.parametrize("rows", [good_rows(), BAD], ids=["good", "bad"])
def test_an_exported_suite_says_the_same_without_this_project(rows):
    from bench.stock_gx import stock_results

    suite = full_suite(dataset(), None, registries())
    full = Suite(
        dataset=suite.dataset,
        expectations=tuple(item for item in suite.expectations if not item.relations),
    )
    plain = Suite(
        dataset=suite.dataset,
        expectations=tuple(item for item in full.expectations if item.type in STOCK),
    )
    con = table(rows)
    ours = {name: found.success for name, found in run_on_duckdb(con, full).items()}
    assert all(ours.values()) is (rows is not BAD)
    on_duckdb = stock_results(con, "observation", exported(full))
    assert {name: item.success for name, item in on_duckdb.items()} == ours
    on_pandas = run_on_pandas(con, plain)
    assert {name: item.success for name, item in on_pandas.items()} == {
        item.name: ours[item.name] for item in plain.expectations
    }


def test_an_exported_suite_keeps_names_and_severities():
    suite = full_suite(dataset(), None, registries())
    again = exported(suite)
    assert [(item.meta["name"], item.severity.value) for item in again.expectations] == [
        (item.name, item.severity) for item in suite.expectations
    ]
    assert again.meta["suite_sha256"] == suite.sha256


def test_queries_of_checks_give_what_their_level_says():
    for expectation in full_suite(dataset(), None, registries()).expectations:
        query = expectation.check.query()
        if query and not expectation.relations:
            assert level_of_query(query, dataset()) == expectation.level, expectation.name


@pytest.mark.parametrize("alias", ["AS b", "as b"])
def test_an_alias_without_a_join_is_explained(alias: str):
    with pytest.raises(ValueError, match="names the rows `subselect`.*WITH b AS"):
        level_of_query(f"SELECT * FROM {{batch}} {alias} WHERE b.obs_value < 0", dataset())
    query = "SELECT b.* FROM {batch} AS b JOIN {batch} AS c USING (ref_area)"
    assert level_of_query(query, dataset()) == "row"


QUIET = """
import socket, sys
import expectations, expectations.suites.suite, expectations.runner.validate
assert not [name for name in sys.modules if name.startswith("great_expectations")]

def refuse(*arguments, **named):
    raise AssertionError("the network was used")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from model.util.text import LocalizedText
from tests.fixtures.expectations import dataset, good_rows, registries, row, table
from expectations.suites.suite import full_suite
from expectations.runner.validate import validate
suite = full_suite(dataset(), None, registries())
assert "great_expectations" not in sys.modules
record = validate(table([*good_rows(), row(sex="X")]), "observation", dataset(), suite)
assert "great_expectations" in sys.modules
assert not {"altair", "pyspark", "scipy.stats"} & set(sys.modules)
assert record.rows_quarantined == 1
"""


def test_imported_late_no_network_no_files_no_noise(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", QUIET],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []


STOCK_TABLE = (
    "CREATE TABLE observation AS SELECT * FROM (VALUES (0, 'a', 1), (1, 'b', 1), (2, 'b', 1),"
    " (3, 'b', 2)) t(_id, k, p)"
)


def stock_results(tmp_path: Path, result_format: dict, *cases: tuple[str, dict]) -> list[Any]:
    """Run expectations with Great Expectations as it comes, on a DuckDB file."""
    import great_expectations as gx

    path = tmp_path / "stock.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(STOCK_TABLE)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql("stock", connection_string=f"duckdb:///{path}")
    batch = (
        source.add_table_asset("rows", table_name="observation")
        .add_batch_definition_whole_table("all").get_batch()
    )
    suite = gx.ExpectationSuite(
        name="stock", expectations=[{"type": kind, "kwargs": kwargs} for kind, kwargs in cases]
    )
    return batch.validate(suite, result_format=result_format).results


def test_an_open_connection_is_still_needed(tmp_path):
    result, = stock_results(
        tmp_path, {"result_format": "BASIC"},
        ("expect_column_values_to_not_be_null", {"column": "k"}),
    )
    assert not result.success, "GX reads from DuckDB by itself: see CONNECTION of standalone.py"
