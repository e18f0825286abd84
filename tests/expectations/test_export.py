"""An exported suite in Great Expectations alone: no module of this project can be imported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.checks.base import UNEXPECTED_ROWS
from expectations.runner import engine
from expectations.runner.validate import validate
from expectations.suites import standalone
from expectations.suites.export import export, exported
from expectations.suites.suite import Suite
from model.records.source_schema import SOURCE_SCHEMA_CHECK
from model.records.validation import QualityRecord
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from tests.expectations.test_engine import CASES, ROWS, suite_of
from tests.fixtures.commands import openindicators
from tests.fixtures.expectations import dataset, row, table
from warehouse.store import releases
from warehouse.store.data_dir import DataDir

PROJECT = Path(__file__).resolve().parents[2]
# Runs the program as `python -I` does, where this project is not installed.
ALONE = """
import runpy, sys
sys.meta_path = [each for each in sys.meta_path if "editable" not in repr(each).lower()]
sys.path = [each for each in sys.path if each != {project!r}]
for name in ("expectations", "model"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise AssertionError(name + " can be imported")
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
LINE = re.compile(r"(\w+) +(\d+)  (\w+): ")


def alone(folder: Path, *arguments: str) -> tuple[int, dict[str, tuple[str, int]]]:
    """Return the exit code, and each check's outcome and number of rows."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE.format(project=str(PROJECT)),
         str(folder / "validate.py"), *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )
    assert "Traceback" not in done.stderr, done.stderr
    found = [LINE.match(line) for line in done.stdout.splitlines()]
    return done.returncode, {each[3]: (each[1], int(each[2])) for each in found if each}


def recorded(record: Any) -> dict[str, tuple[str, int]]:
    return {check.name: (check.outcome, check.unexpected) for check in record.checks}


def test_every_check_finds_the_same_when_exported(tmp_path):
    queries = [(UNEXPECTED_ROWS, {"unexpected_rows_query": query}) for query in (
        "SELECT * FROM {batch} WHERE regexp_matches(sex, '^(?:F|M)$')",
        "SELECT * FROM {batch} WHERE time_period::INTEGER > 2005 OR sex = ':a'",
    )]
    suite = suite_of([*CASES, *queries])
    con = table(ROWS)
    export(suite, tmp_path)
    con.execute(f"COPY (SELECT * EXCLUDE (_id) FROM observation) TO '{tmp_path}/data.parquet'")
    _, theirs = alone(tmp_path, "data.parquet")
    ours = recorded(validate(con, "observation", dataset(), suite))
    tolerated = {
        item.name for item in suite.expectations
        if "regex" in item.type and item.kwargs.get("mostly", 1) < 1
    }  # here the query gives no rows where enough match
    for name, found in ours.items():
        assert theirs[name][0] == found[0], name
        assert name in tolerated or theirs[name][1] == found[1], name


@pytest.mark.parametrize(
    ("regex", "mostly", "rows"), [("^200", 0.8, 0), ("^200[0-3]$", 0.8, 6), ("^200[0-3]$", 0.1, 0)]
)
def test_mostly_holds_for_regular_expressions(regex, mostly, rows):
    kind = "expect_column_values_to_match_regex"
    suite = suite_of([(kind, {"column": "time_period", "regex": regex, "mostly": mostly})])
    [item] = exported(suite)["expectations"]
    assert item["meta"]["expectation"] == kind
    query = item["kwargs"]["unexpected_rows_query"].format(batch="observation")
    con = table([row(time_period=str(year)) for year in range(2000, 2010)])
    assert len(con.sql(query).fetchall()) == rows


@pytest.mark.parametrize("name", ["finance/consumer_prices", "population/population_by_province"])
def test_a_release_is_validated_as_its_record_says(name, tmp_path):
    data_dir, folder = tmp_path / "home", tmp_path / "suite"
    assert openindicators(data_dir, "run", name).code == 0
    assert openindicators(data_dir, "quality", name, "--export", str(folder)).code == 0
    stored = releases.history(DataDir(data_dir), name)
    last = stored[-1]
    record = QualityRecord.model_validate_json(last.path("quality.json").read_bytes())
    before = [
        f"{relation}={stored[-2].path('data.parquet')}"
        for relation in ("previous_release", "earlier_releases") if len(stored) == 2
    ]
    code, theirs = alone(folder, str(last.path("data.parquet")), *before)
    quarantined = {  # what broke these is not in the release
        check.name: ("passed", 0) for check in record.checks
        if check.level == "row" and check.severity == "critical"
    }
    assert code == 0
    expected = recorded(record) | quarantined
    expected.pop(SOURCE_SCHEMA_CHECK, None)  # of the snapshot, not of the suite
    assert theirs == expected

    bad = tmp_path / "bad.parquet"
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE t AS FROM '{last.path('data.parquet')}'")
        con.execute("UPDATE t SET obs_value = obs_value * 1000 WHERE rowid % 40 = 7")
        con.execute("DELETE FROM t WHERE rowid % 31 = 5")
        con.execute("UPDATE t SET indicator = 'X' WHERE rowid = 0")
        con.execute(f"COPY t TO '{bad}' (FORMAT parquet)")
        con.execute("CREATE TABLE observation AS SELECT row_number() OVER () - 1 AS _id, *"
                    f" FROM '{bad}'")
        [bound] = load_catalogue(Settings.from_environment()).select("sample", [name]).values()
        ours = engine.run(con, "observation", engine.prepared(_without_others(bound.suite)))
    code, theirs = alone(folder, str(bad))
    broken = {each for each, found in ours.items() if not found.success}
    assert code == 1
    assert {each for each, (outcome, _) in theirs.items() if outcome in ("failed", "warned")} == (
        broken
    )
    assert {each: theirs[each][1] for each in ours} == {
        each: found.unexpected for each, found in ours.items()
    }
    assert {theirs[each][0] for each in theirs.keys() - ours.keys()} <= {"not_evaluated"}
    assert len(broken) >= 2


def _without_others(suite: Suite) -> Suite:
    kept = tuple(item for item in suite.expectations if not item.relations)
    return suite.model_copy(update={"expectations": kept})


def test_what_the_program_needs_is_what_the_project_has():
    text = Path(standalone.__file__).read_text(encoding="utf-8").split("# ///")[1]
    block = "\n".join(line.removeprefix("#").strip() for line in text.splitlines()[1:])
    needed = set(tomllib.loads(block)["dependencies"])
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert needed - set(project["dependencies"]) == {"sqlalchemy>=2.0.43"}
