"""What the engine computes, against Great Expectations' own queries and against plain Python."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from expectations.checks.base import UNEXPECTED_ROWS
from expectations.runner import measure, plan
from expectations.runner.plan import plain_condition
from expectations.suites.expectation import Suite
from expectations.suites.gx import to_gx
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from tests.expectations.test_engine import CASES, STOCK, suite_of
from tests.fixtures.expectations import dataset, row, table

QUERIES = [
    "SELECT * FROM {batch} WHERE obs_value < 0 OR sex IS NULL",
    "SELECT * FROM {batch} WHERE regexp_matches(obs_note, '^.{{2}}$');\n",
    "SELECT * FROM {batch} QUALIFY count(*) OVER (PARTITION BY time_period) > 1",
]
# Of what Great Expectations asks for, only what it judges by is computed.
NOT_COMPUTED = (
    ".unexpected_values", ".unexpected_index_query", ".missing_from_column", ".not_in_set",
)
VERDICT = (
    "element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent",
    "unexpected_percent_total", "unexpected_percent_nonmissing", "observed_value",
)


LONG = [f"{number:03d}" for number in range(100)]
SETS = [
    ("expect_column_values_to_be_in_set", {"column": "sex", "value_set": ["T", *LONG]}),
    ("expect_column_values_to_not_be_in_set", {"column": "sex", "value_set": ["T", *LONG]}),
    ("expect_column_values_to_be_in_set", {"column": "obs_value", "value_set": ["5", "7.0"]}),
    ("expect_column_values_to_be_in_set", {"column": "obs_value", "value_set": [5, 7, -1.5]}),
]


def everything() -> Suite:
    """Return a suite of every case of every kind, of odd sets, and of queries."""
    queries = [(UNEXPECTED_ROWS, {"unexpected_rows_query": query}) for query in QUERIES]
    return suite_of([*CASES, *SETS, *queries])


def texts(*values: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values)


ROWS = st.lists(
    st.builds(
        row,
        indicator=texts("BEDS", "SHARE", "Giường", "O'x{}%"),
        ref_area=texts("VN", "LA", "Đà Nẵng", "'"),
        sex=texts("T", "F", "M", "", "🙂"),
        time_period=texts("2000", "2003", "2007", "2008", "x'%", "2003-01-31"),
        freq=texts("A", "M"),
        obs_status=texts("A", "O"),
        obs_note=texts("2003", "2000", "ghi chú", ""),
        obs_value=st.none() | st.sampled_from(
            [0.0, -0.0, 5.0, 7.0, -1.5, 1e300, 0.1, float("inf"), float("-inf"), float("nan")]
        ),
    ),
    max_size=12,
)


def told(success: Any, result: dict[str, Any] | None) -> dict[str, Any]:
    """Return a verdict so that it can be compared: NaN by name, 0 as 0.0, none wrong as 0."""
    found = {key: value for key, value in (result or {}).items() if key in VERDICT}
    if "unexpected_count" in found:
        found["unexpected_count"] = found["unexpected_count"] or 0
    return {"success": bool(success), **{
        key: repr(float(value) + 0.0 if isinstance(value, int | float) else value)
        for key, value in found.items()
    }}


def compare(con: duckdb.DuckDBPyConnection) -> None:
    from bench.stock_gx import stock_results
    from expectations.runner import engine

    suite = everything()
    ours = engine.run(con, "observation", engine.prepared(suite))
    theirs = stock_results(con, "observation", to_gx(suite))
    for item in suite.expectations:
        our, their = ours[item.name], theirs[item.name]
        shown = f"{item.type} {item.kwargs}"
        raised = bool(their.exception_info) and their.exception_info.get("raised_exception", True)
        assert bool(our.error) is bool(raised), (shown, our, their)
        if raised:
            continue
        assert told(our.success, our.result) == told(their.success, their.result), shown
        if our.ids_query:
            ids = sorted(key for (key,) in con.sql(our.ids_query).fetchall())
            assert len(ids) == our.unexpected, shown
            assert len(set(ids)) == len(ids), shown


@settings(max_examples=6, deadline=None)
@given(ROWS, st.integers(0, 12))
def test_a_second_look_at_a_part_of_the_rows_is_a_look_at_them(rows, left):
    from expectations.runner import engine

    con, suite = table(rows), everything()
    con.execute(f"CREATE VIEW part AS FROM observation WHERE _id % 13 <> {left}")
    ready = engine.prepared(suite)
    before = engine.run(con, "observation", ready)
    assert engine.run(con, "part", ready, before) == engine.run(con, "part", ready)


# Great Expectations takes a second for each: a failure is shown as it was found.
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(ROWS)
def test_any_table_is_validated_as_great_expectations_does(rows):
    compare(table(rows))


@pytest.mark.parametrize("rows", [[], [row(obs_value=None, sex=None, obs_note=None)]])
def test_an_empty_table_is_validated_as_great_expectations_does(rows):
    compare(table(rows))


# What only Great Expectations itself computes: no suite of the project uses it.
NOT_IN_THE_SCAN = {
    "expect_column_value_z_scores_to_be_less_than",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_column_pair_values_to_be_in_set",
    "expect_select_column_values_to_be_unique_within_record",
    "expect_column_median_to_be_between",
    "expect_column_stdev_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_proportion_of_non_null_values_to_be_between",
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_equal_set",
    "expect_column_most_common_value_to_be_in_set",
}


def test_what_is_computed_in_the_common_scan():
    from expectations.runner import engine

    suite = everything()
    ready = engine.prepared(suite)
    planned = {item.type for item in suite.expectations if item.name in ready.plans}
    assert set(STOCK) - planned == NOT_IN_THE_SCAN


def test_no_suite_of_the_project_needs_great_expectations_to_compute():
    from expectations.runner.plan import plan_of

    catalogue = load_catalogue(Settings.from_environment())
    for suite in catalogue.suites.values():
        for item in suite.expectations:
            assert plan_of(item) is not None, (suite.dataset, item.name)


def test_great_expectations_still_uses_these_metrics():
    """It takes a metric that it does not find for none, and would let everything pass."""
    import great_expectations
    import sqlalchemy as sa
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.expectation import Expectation

    from expectations.runner import engine, gx_internals

    assert great_expectations.__version__.startswith("1.24.")
    assert list(inspect.signature(Expectation._validate).parameters) == [
        "self", "metrics", "runtime_configuration", "execution_engine"
    ]
    idle = SqlAlchemyExecutionEngine(engine=sa.create_engine("duckdb://"), create_temp_table=False)
    suite = everything()
    ready = engine.prepared(suite)
    for expectation in to_gx(suite).expectations:
        name = expectation.meta["name"]
        plan = ready.plans.get(name)
        if plan is None:
            continue
        asked = set(
            expectation.get_validation_dependencies(
                execution_engine=idle, runtime_configuration=gx_internals._FORMAT,
            ).metric_configurations
        )
        values = dict.fromkeys(plan.aggregates, 0)
        computed = set(ready.gx_checks[name]._metrics(plan, values, 0))
        wanted = {each for each in asked if not each.endswith(NOT_COMPUTED)}
        assert wanted <= computed, expectation.expectation_type


def test_a_verdict_follows_the_metrics():
    """Judged by what was computed, and not by what the expectation may have kept."""
    from expectations.runner import engine

    ready = engine.prepared(everything())
    good, bad = table([row()]), table([row(sex="X", obs_value=None)])
    first = engine.run(good, "observation", ready)
    second = engine.run(bad, "observation", ready)
    assert first != second
    assert engine.run(good, "observation", ready) == first


def test_more_conditions_than_fit_into_one_number():
    from expectations.runner import engine

    cases = [
        ("expect_column_values_to_be_between", {"column": "obs_value", "max_value": bound})
        for bound in range(130)
    ]
    con = table([row(obs_value=float(value)) for value in (10, 100, 129)])
    found = engine.run(con, "observation", engine.prepared(suite_of(cases)))
    assert [item.unexpected for item in found.values()] == [
        sum(value > bound for value in (10, 100, 129)) for bound in range(130)
    ]


def test_one_that_raises_spoils_no_other():
    from expectations.runner import engine

    cases = [
        ("expect_column_mean_to_be_between", {"column": "sex", "min_value": 0}),
        ("expect_column_values_to_be_in_set", {"column": "sex", "value_set": ["F"]}),
        (UNEXPECTED_ROWS,
         {"unexpected_rows_query": "SELECT * FROM {batch} WHERE CAST(ref_area AS INT) > 0"}),
        (UNEXPECTED_ROWS, {"unexpected_rows_query": "SELECT * FROM {batch} WHERE sex = 'T'"}),
    ]
    ready = engine.prepared(suite_of(cases))
    found = list(engine.run(table([row()]), "observation", ready).values())
    assert [bool(item.error) for item in found] == [True, False, True, False]
    assert [item.unexpected for item in found] == [0, 1, 0, 1]
    assert "Could not convert" in str(found[2].error)


@pytest.mark.parametrize("error", [duckdb.OutOfMemoryException, duckdb.IOException])
def test_memory_or_a_disk_that_is_full_is_no_fault_of_an_expectation(error):
    from expectations.runner import engine

    class Full:
        def execute(self, _: str) -> Any:
            raise error("no more")

    suite = suite_of([("expect_column_values_to_be_null", {"column": "sex"})])
    with pytest.raises(error):
        engine.run(Full(), "observation", engine.prepared(suite))


KEYS = st.lists(st.tuples(texts("a", "b", "é"), texts("1", "2", "3")), max_size=14)


@settings(max_examples=80, deadline=None)
@given(KEYS, st.booleans(), st.booleans())
def test_duplicates_are_found_in_any_order(keys, ordered, conditional):
    if ordered:
        keys.sort(key=lambda key: tuple((part is None, part or "") for part in key))
    con = duckdb.connect()
    con.execute("CREATE TABLE t (_id BIGINT, a VARCHAR, b VARCHAR)")
    if keys:
        con.executemany(
            "INSERT INTO t VALUES (?, ?, ?)", [[place, *key] for place, key in enumerate(keys)]
        )
    about = {place: key for place, key in enumerate(keys) if not conditional or key[1] != "2"}
    times = Counter(about.values())
    wanted = [place for place, key in about.items() if None not in key and times[key] > 1]
    key = plan.Key(("a", "b"), "b IS DISTINCT FROM '2'" if conditional else None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "LOOK_AT", 3)
        found = measure._duplicates(con, "t", key, len(keys))
    assert found == len(wanted)
    assert sorted(con.sql(key.ids_query("t")).fetchall()) == [(place,) for place in wanted]


def test_a_large_table_in_the_order_of_its_key_is_passed_through_once(monkeypatch):
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT i AS _id, lpad((i // 10)::VARCHAR, 9, '0') AS a,"
                " (i % 10)::VARCHAR AS b FROM range(200000) r(i)")
    monkeypatch.setattr(measure, "_counted", lambda *_: pytest.fail("it was grouped"))
    assert measure._duplicates(con, "t", plan.Key(("a", "b")), 200_000) == 0
    monkeypatch.undo()
    con.execute("UPDATE t SET b = '0' WHERE _id = 150001")
    key = plan.Key(("a", "b"))
    assert measure._duplicates(con, "t", key, 200_000) == 2
    assert sorted(con.sql(key.ids_query("t")).fetchall()) == [(150_000,), (150_001,)]


@pytest.mark.parametrize(("query", "condition"), [
    ("SELECT * FROM {batch} WHERE obs_value < 0", "( obs_value < 0\n)"),
    ("  select *\nfrom {batch} where sex = 'ORDER BY';\n", "( sex = 'ORDER BY'\n)"),
    ("SELECT * FROM {batch} WHERE obs_note = '{{}}' -- note", "( obs_note = '{}' -- note\n)"),
    ("SELECT * FROM {batch} WHERE sex IN ('T') AND (obs_value > 1 OR obs_note IS NULL)", ...),
    ("SELECT * FROM {batch} WHERE obs_value < 0 LIMIT 5", None),
    ("SELECT * FROM {batch} WHERE obs_value < 0 ORDER BY 1", None),
    ("SELECT * FROM {batch} WHERE obs_value < 0 UNION ALL SELECT * FROM {batch}", None),
    ("SELECT * FROM {batch} WHERE sex = 'T' GROUP BY ALL", None),
    ("SELECT * FROM {batch} WHERE sex = 'T' QUALIFY row_number() OVER () = 1", None),
    ("SELECT * FROM {batch} WHERE sex = 'T'; SELECT 1", None),
    ("SELECT * FROM {batch} WHERE true) OR (false", None),
    ("SELECT * FROM {batch} WHERE sex = 'T') FROM (SELECT 1", None),
    ("SELECT * FROM {batch} WHERE obs_value > (SELECT avg(v) FROM (VALUES (1)) t(v))", None),
    ("SELECT * FROM {batch} WHERE sex IN (SELECT sex FROM {batch})", None),
    ("SELECT * FROM {batch} WHERE subselect.sex = 'T'", None),
    ("SELECT * FROM {batch} WHERE sex = $1", None),
    ("SELECT * FROM {batch} AS b WHERE sex = 'T'", None),
    ("SELECT DISTINCT * FROM {batch} WHERE sex = 'T'", None),
    ("SELECT sex FROM {batch} WHERE sex = 'T'", None),
    ("SELECT * FROM {batch} WHERE", None),
])
def test_only_a_condition_on_single_rows_is_a_plain_one(query, condition):
    found = plain_condition(query)
    assert found is not None if condition is ... else found == condition


def test_the_declared_queries_are_plain_conditions():
    from expectations.checks.values.declared import RowCondition
    from expectations.suites.suite import implied_expectations
    from tests.fixtures.expectations import registries

    checks = [item.check for item in implied_expectations(dataset(), registries())]
    queries = [check.query() for check in checks if isinstance(check, RowCondition)]
    assert len(queries) == 3
    assert all(plain_condition(query) for query in queries)
