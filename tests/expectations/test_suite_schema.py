"""The JSON Schema of suites accepts every suite, and refuses what is wrong."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from expectations.suites.json_schema import FILE, suite_schema
from model.declarations.yaml_file import YamlFile

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = suite_schema()
VALID = Draft202012Validator(SCHEMA)
SUITES = [
    path for project in (ROOT, ROOT / "tests" / "corpus" / "project")
    for path in sorted((project / "expectations").glob("*/*.yaml"))
]
CELL = (
    "indicator: gdp, area: VNM, period: 2023, value: 4.5, source: p. 3, verified_by: Office,"
    " verified_on: 2026-11-29"
)


def errors(text: str) -> list[str]:
    data = YamlFile.parse(text, Path("suite.yaml")).data
    return [error.message for error in VALID.iter_errors(data)]


def test_every_suite_is_accepted():
    assert len(SUITES) > 60
    for path in SUITES:
        assert errors(path.read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize("text", [
    "expectations:\n  - expect_rows",
    "expectations:\n  - expect_no_leap: {factor: 2, severity: info}",
    "expectations:\n  - expect_rows: {at_least: 5, name: rows, title: {vi: a, en: b}}",
    "expectations:\n  - type: expect_rows\n    kwargs: {at_least: 5}\n    severity: info",
    "expectations:\n  - expect_series_values_to_not_jump:",
    "expectations:\n  - expect_periods: {from: 2000}",
    f"golden:\n  - {{{CELL}}}", f"golden:\n  - {{{CELL}, sex: F, unit: usd}}",
])
def test_what_is_right_is_accepted(text):
    assert errors(text) == []


@pytest.mark.parametrize("text", [
    "expectation:\n  - expect_rows", "expectations:\n  - expect_row",
    "expectations:\n  - expect_rows: {at_lest: 5}", "expectations:\n  - expect_rows: {at_least: x}",
    "expectations:\n  - expect_rows: {severity: urgent}",
    "expectations:\n  - expect_area_count: {at_least: 1}",
    "expectations:\n  - {expect_rows: {at_least: 1}, expect_periods: {from: 2000}}",
    f"golden: {{{CELL}}}", "golden:\n  - {indicator: gdp, area: VNM, period: 2023, value: 4}",
    f"golden:\n  - {{{CELL.replace('4.5', 'x')}}}",
    f"expectations:\n  - expect_golden_cells: {{golden: [{{{CELL}}}]}}",
])
def test_what_is_wrong_is_refused(text):
    assert errors(text)


def test_the_schema_is_current():
    """`UPDATE_DOCS=1` writes it anew, as `openindicators schema` does."""
    path = ROOT / "expectations" / FILE
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(json.dumps(SCHEMA, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == SCHEMA
