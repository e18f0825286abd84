"""Patterns as formulas; what the formulas compute, tests/pipelines/submissions compares."""

from __future__ import annotations

import pytest

from expectations.checks.spreadsheet import matches, outside, quoted
from model.reference.periods import PERIOD_PATTERNS


@pytest.mark.parametrize("pattern", PERIOD_PATTERNS.values(), ids=PERIOD_PATTERNS)
def test_every_form_of_period_has_a_formula(pattern: str) -> None:
    found = matches("$A6", f"^(?:{pattern})$")
    assert found and len(found) < 8_000


def test_a_formula_tests_each_character() -> None:
    assert matches("A1", r"^[AB]\d$") == (
        'OR(AND(LEN(A1)=2,ISNUMBER(FIND(MID(A1,1,1),"AB")),'
        'ISNUMBER(FIND(MID(A1,2,1),"0123456789"))))'
    )


@pytest.mark.parametrize("pattern", [
    "^a+$", "^a*$",
    "a", "^a", "a$", "^.$", r"^\w$", "^[^a]$", r"^(a)\1$", "^(", "^a?$", "^[一-龥]$",
])
def test_what_a_formula_cannot_say_has_none(pattern: str) -> None:
    assert matches("A1", pattern) is None


def test_constants_are_written_as_spreadsheets_read_them() -> None:
    assert quoted('a "b"') == '"a ""b"""'
    assert outside("A1", 1e-9, None, below=100) == "OR(A1<1E-09,A1>=100)"
