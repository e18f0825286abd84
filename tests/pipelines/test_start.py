"""Commands that only read answer at once: they import none of what takes seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipelines.cli.main import COMMANDS, Commands
from tests.fixtures.projects import for_this_city

PROJECT = Path(__file__).parents[2]
HEAVY = {
    "dagster", "great_expectations", "httpx", "jinja2", "numpy", "openpyxl", "pandas", "pyarrow",
    "scipy", "sqlalchemy",
}
PROGRAM = """
import json, sys
from pipelines.cli import main
sys.argv = ["openindicators", *sys.argv[1:]]
try:
    main.main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("command", ["--help", "list", "show health/life_expectancy", "check"])
def test_a_command_that_reads_imports_nothing_heavy(command: str, tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command.split()], capture_output=True, text=True,
        check=False, cwd=PROJECT, env=os.environ | {"OPENINDICATORS_DATA_DIR": str(tmp_path)},
    )
    assert found.returncode == 0, found.stderr
    loaded = set(json.loads(found.stderr.splitlines()[-1]))
    assert loaded & HEAVY == set()
    if command == "--help":
        assert loaded & {"model.declarations.dataset", "rich.console", "duckdb"} == set()


def test_a_run_imports_what_takes_seconds_only_when_it_has_work(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, "run", "--help"], capture_output=True, text=True,
        check=True, cwd=PROJECT, env=os.environ | {"OPENINDICATORS_DATA_DIR": str(tmp_path)},
    )
    loaded = set(json.loads(found.stderr.splitlines()[-1]))
    assert "pipelines.rounds" in loaded
    assert loaded & {"dagster", "great_expectations", "pandas", "pyspark", "scipy"} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_positional_argument_says_what_it_is(name: str) -> None:
    context = click.Context(click.Command(name))
    command = Commands(name="openindicators").get_command(context, name)
    assert command is not None
    shown = command.get_help(context)
    assert "\\[" not in shown
    for argument in command.params:
        if isinstance(argument, click.Argument):
            assert argument.help and argument.help.split()[0] in shown, argument.name


def test_listing_opens_no_database(tmp_path: Path) -> None:
    project = for_this_city(tmp_path / "project")
    declaration = (PROJECT / "assets/health/life_expectancy.yaml").read_text(encoding="utf-8")
    (project / "assets/health").mkdir(parents=True)
    (project / "expectations").mkdir()
    for name in ("_defaults.yaml", "health/_defaults.yaml"):
        if (PROJECT / "assets" / name).exists():
            text = (PROJECT / "assets" / name).read_text(encoding="utf-8")
            (project / "assets" / name).write_text(text, encoding="utf-8")
    (project / "assets/health/life_expectancy.yaml").write_text(declaration, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, "list"], capture_output=True, text=True, check=False,
        cwd=PROJECT,
        env=os.environ | {
            "OPENINDICATORS_DATA_DIR": str(tmp_path), "OPENINDICATORS_PROJECT": str(project),
        },
    )
    assert "life_expectancy" in found.stdout, found.stderr
    assert "duckdb" not in json.loads(found.stderr.splitlines()[-1])
