"""The benchmarks still run after a change of what they measure; how fast is not tested."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from bench import record

BENCH = Path(__file__).resolve().parents[2] / "bench"
NEEDS_PANDERA = {"other_tools"}  # installed by hand for the comparison
MODULES = sorted({path.stem for path in BENCH.glob("*.py")} - NEEDS_PANDERA - {"__init__"})


@pytest.mark.parametrize("name", MODULES)
def test_each_benchmark_can_be_imported(name: str) -> None:
    importlib.import_module(f"bench.{name}")


@pytest.mark.parametrize(
    ("name", "arguments", "last_line"),
    [
        ("quality_pages", ["--datasets", "3", "--days", "5"], "MB at most"),
        ("series", ["--series", "1000"], "ratio"),
        ("history", ["--releases", "2", "4", "--rows", "1000"], "growth exponent"),
    ],
)
def test_small_measurements_run_to_the_end(
    name: str, arguments: list[str], last_line: str, monkeypatch, capsys, tmp_path
) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results.csv")
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    importlib.import_module(f"bench.{name}").main()
    assert last_line in capsys.readouterr().out.splitlines()[-1]
