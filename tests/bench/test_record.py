"""The record of measurements: a ratio that got worse is found, a time alone is not."""

from __future__ import annotations

import sys

import pytest

from bench import record


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results.csv")
    monkeypatch.setattr(sys, "argv", ["record", "--check"])


@pytest.mark.parametrize(("ours", "floor", "code"), [
    (20.0, 10.0, 0),  # twice the time on a slower machine: the same ratio
    (10.8, 5.0, 0),
    (11.5, 5.0, 1),
])
def test_a_ratio_worse_by_a_tenth_fails(results, capsys, ours, floor, code):
    record.append("work", 30, 10.0, floor=5.0)
    record.append("other work", 30, 1.0)
    record.append("work", 30, ours, floor=floor)
    assert record.main() == code
    assert ("worse by more than 10 %: work, 30: 2.00 before" in capsys.readouterr().out) == code
