"""An installed package runs from an empty folder: what it needs besides code is in the wheel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.commands import PROJECT

PACKAGES = (
    "model", "sources", "warehouse", "expectations", "portal", "registry", "assets", "pipelines",
)
FILES = ("pyproject.toml", "setup.py", "city.yaml", "README.md", "LICENSE")
DATASET = "digital_government/city_targets"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Install the package, not editable and without network; return its folder."""
    folder = tmp_path_factory.mktemp("wheel")
    source, target = folder / "source", folder / "site"
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, source / name, ignore=ignored)
    for name in FILES:
        shutil.copy(PROJECT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-index", "--no-build-isolation", "--no-deps", "--target", str(target), str(source)],
        check=True, capture_output=True,
    )
    return target


@pytest.fixture
def command(installed: Path, tmp_path: Path):
    """Return a function that runs the installed command line in an empty folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OPENINDICATORS_")}

    def run(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-P", "-m", "pipelines.cli.main", *arguments], cwd=tmp_path,
            env={**kept, "PYTHONPATH": str(installed)}, check=True, capture_output=True, text=True,
        ).stdout

    return run


def test_it_runs_from_an_empty_folder(command, tmp_path: Path) -> None:
    [row] = json.loads(command("run", DATASET, "--json"))
    assert row["release"] and row["rows"]
    assert (tmp_path / "data" / "sample" / "site" / "index.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_it_holds_every_declaration_and_suite(command, installed: Path) -> None:
    listed = json.loads(command("list", "--json"))
    declared = {
        path.relative_to(installed / "assets").with_suffix("").as_posix()
        for path in (installed / "assets").glob("*/*.yaml")
    }
    assert {row["dataset"] for row in listed} <= declared
    assert len(declared) == len(list((PROJECT / "assets").glob("*/*.yaml")))
    assert json.loads(command("check", "--json")) == []


def test_it_writes_the_project_of_another_city(command, tmp_path: Path) -> None:
    command("init", str(tmp_path / "hue"), "--name", "Thành phố Huế")
    assert 'code: "46"' in (tmp_path / "hue" / "city.yaml").read_text(encoding="utf-8")
