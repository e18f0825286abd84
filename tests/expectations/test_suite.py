"""Suites: read from files, wrong ones told with their line, told in words to people."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.suites.suite import (
    Suite,
    full_suite,
    implied_expectations,
    load_suite,
    load_suites,
)
from model.errors import DeclarationError
from tests.expectations.test_engine import CASES, STOCK, title_of
from tests.fixtures.expectations import dataset, registries, words

RIGHT = """\
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: obs_value, min_value: 0}
    severity: critical
    name: value_not_negative
    title: {vi: Không âm, en: Not negative}
  - type: expect_column_values_to_be_between
    kwargs: {column: obs_value, max_value: 1000000}
    severity: warning
  - type: expect_column_values_to_be_between
    kwargs: {column: obs_value, max_value: 2000000}
    severity: info
  - type: unexpected_rows_expectation
    kwargs:
      unexpected_rows_query: |
        SELECT sex FROM {batch} GROUP BY sex HAVING count(*) < 2
    severity: warning
"""


def write(tmp_path: Path, text: str, name: str = "health/beds.yaml") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_suite_is_read_as_it_stands(tmp_path):
    suite = load_suite(write(tmp_path, RIGHT), dataset(), registries())
    assert [item.name for item in suite.expectations] == [
        "value_not_negative", "obs_value_values_to_be_between",
        "obs_value_values_to_be_between_2", "unexpected_rows_expectation",
    ]
    assert [item.severity for item in suite.expectations] == [
        "critical", "warning", "info", "warning",
    ]
    assert [item.level for item in suite.expectations] == ["row", "row", "row", "table"]
    assert suite.expectations[0].title.get("vi") == "Không âm"
    assert suite.expectations[1].title.get("en") == "The value is at most 1,000,000."
    assert suite.expectations[1].title.get("vi") == "Giá trị không lớn hơn 1.000.000."


def one(type_: str, kwargs: str, rest: str = "severity: critical") -> str:
    return f"expectations:\n  - type: {type_}\n    kwargs:\n{kwargs}\n    {rest}\n"


BETWEEN = "expect_column_values_to_be_between"
WRONG = [
    (one("expect_column_values_to_be_betwen", "      column: obs_value"), 2,
     "unknown expectation", BETWEEN),
    (one(BETWEEN, "      column: obs_value\n      min_valeu: 0"), 5, "no argument 'min_valeu'",
     "min_value"),
    (one(BETWEEN, "      column: obs_vlaue\n      min_value: 0"), 4, "no column 'obs_vlaue'",
     "obs_value"),
    (one(BETWEEN, "      min_value: 0"), 3, "needs the argument 'column'", "add it"),
    (one(BETWEEN, "      column: obs_value"), 3, "has no bound", "max_value"),
    (one(BETWEEN, "      column: obs_value\n      min_value: [1]"), 5, "not a number", ""),
    (one(BETWEEN, "      column: obs_value\n      max_value: 3\n      mostly: 95"), 6,
     "not a share", "0.95"),
    (one(BETWEEN, "      column: obs_value\n      max_value: 3\n      strict_max: 1"), 6,
     "not true or false", ""),
    (one("expect_column_values_to_be_in_set", "      column: sex\n      value_set: T"), 5,
     "not a list", ""),
    (one("expect_compound_columns_to_be_unique", "      column_list:\n        - sex\n        - sx"),
     6, "no column 'sx'", "sex"),
    (one("expect_compound_columns_to_be_unique",
         "      column_list: [sex, freq]\n      ignore_row_if: nevr"), 5, "unknown", "never"),
    (one("expect_column_values_to_match_regex", "      column: sex\n      regex: '(?=a)'"), 5,
     "cannot be read", ""),
    (one("expect_column_values_to_not_be_null",
         "      column: sex\n      row_condition:\n        type: nullity\n"
         "        column: {name: obs_statsu}\n        is_null: true"), 7,
     "no column 'obs_statsu'", "obs_status"),
    (one("expect_column_values_to_not_be_null", "      column: sex\n      row_condition: 'a > 1'"),
     5, "no condition", "comparison"),
    (one("unexpected_rows_expectation",
         "      unexpected_rows_query: SELECT * FROM {batch} WHERE nosuch > 1"), 4, "nosuch", ""),
    (one("unexpected_rows_expectation",
         "      unexpected_rows_query: SELECT * FROM {batch} WHERE sex ~ 'x{3}'"), 4,
     "twice", ""),
    (one("unexpected_rows_expectation", "      unexpected_rows_query: SELECT 1"), 4, "{batch}", ""),
    (one("unexpected_rows_expectation",
         "      unexpected_rows_query: SELECT * FROM {batch}; DROP TABLE observation"), 4,
     "not one SELECT", ""),
    (one("unexpected_rows_expectation",
         "      unexpected_rows_query: DELETE FROM observation WHERE '{batch}' = ''"), 4,
     "not one SELECT", ""),
    (one("unexpected_rows_expectation",
         "      unexpected_rows_query: SELECT b.* FROM {batch} b JOIN"
         " read_csv('/etc/passwd') ON 1"),
     4, "does not work", ""),
    (one(BETWEEN, "      column: time_period\n      min_value: 2000"), 4, "text", "obs_value"),
    (one(BETWEEN, "      column: obs_value\n      min_value: '2000'"), 5, "not a number", ""),
    (one("expect_column_mean_to_be_between", "      column: sex\n      min_value: 1"), 4, "text",
     "obs_value"),
    (one(BETWEEN, "      column: obs_value\n      min_value: 0", "severity: urgent"), 6,
     "severity", ""),
    (one(BETWEEN, "      column: obs_value\n      min_value: 0", "severty: info"), 6,
     "unknown field", "severity"),
    (one(BETWEEN, "      column: obs_value\n      min_value: 0",
         "severity: info\n    name: key_unique"), 7, "has the name", "another"),
    (one(BETWEEN, "      column: obs_value\n      min_value: 0",
         "severity: info\n    name: Not OK"), 7, "name", ""),
    ("expectation: []\n", 1, "unknown field 'expectation'", "expectations"),
    ("expectations: 3\n", 1, "expectations", ""),
    ("- a\n", 1, "mapping", ""),
]


@pytest.mark.parametrize(("text", "line", "what", "advice"), WRONG)
def test_an_invalid_suite_is_reported_with_its_line(tmp_path, text, line, what, advice):
    path = write(tmp_path, text)
    with pytest.raises(DeclarationError) as caught:
        load_suite(path, dataset(), registries())
    assert what in caught.value.what
    assert caught.value.where == f"{path}:{line}"
    assert advice in caught.value.todo


def test_all_suites_of_a_folder(tmp_path):
    beds = dataset()
    alone = dataset(name="alone")
    write(tmp_path, RIGHT)
    write(tmp_path, RIGHT.replace("obs_value", "obs_valeu"), "health/wrong.yaml")
    write(tmp_path, RIGHT, "health/bedz.yaml")
    write(tmp_path, "x", "ignored.yaml")
    found, errors = load_suites(
        tmp_path,
        {"health/beds": beds, "health/alone": alone, "health/wrong": dataset(name="wrong")},
        registries(),
    )
    assert list(found) == ["health/beds"]
    assert [error.where.rsplit("/", 1)[-1] for error in errors] == ["bedz.yaml", "wrong.yaml:3"]
    assert "health/beds" in errors[0].todo


def test_a_dataset_without_a_suite_gets_the_implied_expectations_only():
    full = full_suite(dataset(), None, registries())
    assert full.expectations == implied_expectations(dataset(), registries())
    assert full.path is None


def test_datasets_share_what_is_expected_of_both_and_nothing_else():
    def by_name(**changes):
        return {item.name: item for item in implied_expectations(dataset(**changes), registries())}

    ours, theirs = by_name(), by_name(name="rooms", indicators={
        "ROOMS": {"name": words("Rooms"), "unit": "number", "maximum": 9},
    })
    shared = {name for name, item in ours.items() if item is theirs.get(name)}
    assert len(shared) > 0.8 * len(ours)
    differ = {name for name, item in ours.items() if item != theirs.get(name, item)}
    assert differ == {
        "indicator_declared", "unit_measure_declared", "obs_value_within_bounds",
        "series_keep_unit",
    }
    renamed = by_name(dimensions={"sex": {"name": words("Gender"), "codelist": "sex"}})
    assert renamed["sex_known"].title.get("en").startswith("The gender is in the list")
    assert ours["sex_known"].title.get("en").startswith("The sex is in the list")


@pytest.mark.parametrize("frequency", ["A", "S", "Q", "M", "W", "D", "YTD"])
def test_names_are_unique_and_what_every_table_rests_on_is_critical(frequency):
    made = implied_expectations(dataset(frequency=frequency), registries())
    assert len({item.name for item in made}) == len(made)
    assert {item.severity for item in made if not item.acceptable} == {"critical"}
    never = {item.name for item in made if not item.acceptable}
    assert {"indicator_not_null", "time_period_form", "obs_value_present"} < never
    assert not {"key_unique", "obs_value_within_bounds"} & never


def test_the_checksum_is_of_what_is_expected(tmp_path):
    here, there = (
        full_suite(
            dataset(), load_suite(write(tmp_path, RIGHT, name), dataset(), registries()),
            registries(),
        )
        for name in ("health/beds.yaml", "other/beds.yaml")
    )
    assert here.sha256 == there.sha256
    changed = RIGHT.replace("severity: info", "severity: warning")
    other = load_suite(write(tmp_path, changed), dataset(), registries())
    assert full_suite(dataset(), other, registries()).sha256 != here.sha256
    assert full_suite(dataset(), None, registries()).sha256 != here.sha256


@pytest.mark.parametrize(("kind", "kwargs"), CASES)
def test_every_check_has_a_title(kind, kwargs):
    title = title_of(kind, kwargs)
    for text in (title.get("vi"), title.get("en")):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "{column}" not in text
        assert "  " not in text
        assert "obs_value" not in text
    assert title.get("vi") != title.get("en")


def test_words_for_conditions_shares_and_hostile_text():
    between = {"column": "sex", "value_set": ["a\x00\n{x}<b>"] * 9, "mostly": 0.955}
    title = title_of("expect_column_values_to_be_in_set", between)
    assert title.get("en").startswith("The sex is one of: a��{x}<b>, ")
    assert title.get("en").endswith("… (+3), in at least 95.5% of the rows.")
    assert title.get("vi").endswith(", ở ít nhất 95,5% số dòng.")
    condition = {
        "type": "and",
        "conditions": [
            {"type": "comparison", "column": {"name": "indicator"}, "operator": "IN",
             "parameter": ["BEDS", "SHARE"]},
            {"type": "nullity", "column": {"name": "obs_note"}, "is_null": True},
        ],
    }
    title = title_of(
        "expect_column_values_to_be_between",
        {"column": "obs_value", "min_value": 0.5, "max_value": 1, "row_condition": condition},
    )
    assert title.get("en") == (
        "The value is between 0.5 and 1 (where the indicator is one of BEDS, SHARE"
        " and there is no note)."
    )
    assert title.get("vi") == (
        "Giá trị từ 0,5 đến 1 (khi chỉ tiêu là một trong BEDS, SHARE và không có ghi chú)."
    )


def test_codes_with_quotes_and_braces_stay_codes():
    declared = dataset(
        indicators={"A.B-C:D": {"name": words("x"), "unit": "number", "minimum": -1.5}}
    )
    queries = [
        str(item.check.query()) for item in implied_expectations(declared, registries())
        if item.check.query()
    ]
    assert any("'A.B-C:D'" in query and "-1.5" in query for query in queries)


def test_every_kind_has_a_case():
    assert {kind for kind, _ in CASES} == set(STOCK)


def test_a_suite_cannot_change():
    with pytest.raises(ValueError, match="frozen"):
        Suite(dataset="a/b", expectations=()).dataset = "c/d"  # type: ignore[misc]
