"""What a workbook says of a row is what the pipeline says of it."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.spreadsheet import require_libreoffice
from tests.pipelines.submissions.agreement import compare

FILLINGS = 30  # `make submissions` compares 1,000


def test_workbook_and_pipeline_say_the_same_of_each_row(tmp_path: Path) -> None:
    require_libreoffice()
    found, counts = compare(tmp_path, FILLINGS, seed=2026)
    assert not found
    assert counts["passed"] > 40 and counts["failed"] > 75
    # Each kind of formula has found something, or the test says nothing about it.
    assert {
        "check key_unique", "check time_period_form", "check time_period_begun",
        "check obs_value_number", "check obs_value_within_bounds",
        "check site_values_to_match_regex", "check site_values_to_not_be_in_set",
        "check sex_parts_within_total", "check value_range", "check obs_note_values_to_not_be_null",
    } <= counts.keys()
    assert any(name.endswith(("_known", "_declared")) for name in counts)
