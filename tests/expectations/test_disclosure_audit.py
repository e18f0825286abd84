"""A second solver derives no suppressed count within its protection level."""

from __future__ import annotations

from tests.expectations.disclosure_audit import audit, derived


def test_the_audit_finds_what_can_be_derived():
    cells = {("a",): 3, ("b",): 20, ("c",): 7, ("T",): 30}
    total = [(("T",), (("a",), ("b",), ("c",)))]
    assert derived(cells, {("a",)}, total, ("a",), 100) == (3, 3)  # by subtraction
    assert derived(cells, {("a",), ("c",)}, total, ("a",), 100) == (0, 10)


def test_no_suppressed_count_can_be_derived():
    tried, _, narrow = audit(tables=12, seed=20261129)  # the long form: make audit-disclosure
    assert tried > 50 and narrow == []
