"""Let a version of the program write a small data folder, and keep its records.

    python -m tests.upgrade.record HEAD           (a tag, before it is pushed; or any commit)

The commit is checked out beside this one and runs with the packages that are installed here. Two
datasets get three releases each, one a rollback; those before the current ones are in packs alone.
Kept are declarations and records, without what is made again:
tests/upgrade/folders/<date>-<commit>.tar.gz, some 100 kB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

from tests.fixtures.answers import new_answered
from tests.fixtures.commands import PROJECT
from tests.fixtures.projects import for_this_city

FOLDERS = Path(__file__).parent / "folders"
DATASETS = ("tourism/hotel_rooms", "health/hospital_beds")
MADE_AGAIN = {"tables", "tmp", "dagster", "site", "locks", "warehouse.duckdb", ".run.lock",
              ".site.lock"}
PACK = """
import sys
from pathlib import Path
from warehouse.store import packing, packs
from warehouse.store.data_dir import DataDir
packing.WORTH = 1
data_dir = DataDir(Path(sys.argv[1]))
packing.pack_all(data_dir), packs.remove_packed(data_dir, 0)
"""


def main() -> None:
    """Record the folder of a commit."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.record")
    parser.add_argument("commit")
    commit = _git("rev-parse", "--short=8", parser.parse_args().commit)
    day = _git("show", "-s", "--format=%cs", commit)
    with tempfile.TemporaryDirectory() as name:
        code, folder = Path(name) / "code", Path(name) / "folder"
        _git("worktree", "add", "--detach", str(code), commit)
        libraries = "portal/libraries/files"  # no part of the repository
        try:
            if not (code / libraries).exists():
                (code / libraries).symlink_to(PROJECT / libraries)
            write(code, folder)
        finally:
            _git("worktree", "remove", "--force", str(code))
        target = FOLDERS / f"{day}-{commit}.tar.gz"
        with tarfile.open(target, "w:gz") as archive:
            for path in (*(folder / "project").iterdir(), *(folder / "data").iterdir()):
                if path.name not in MADE_AGAIN | {"registry", "city.yaml"}:
                    archive.add(path, path.relative_to(folder))
    print(f"{target}: {target.stat().st_size} bytes")


def write(code: Path, folder: Path) -> None:
    """Let the program in the folder `code` write a project and its data folder into `folder`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(folder / "project")))
        patch.setenv("OPENINDICATORS_DATA_DIR", str(folder / "data"))
        for name in DATASETS:
            new_answered(name)
    for value in (1, 2):
        for name in DATASETS:
            table = folder / "data" / "inbox" / f"{name.split('/')[1]}.csv"
            table.write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
        run(code, folder, "run")
    run(code, folder, "rollback", DATASETS[0], "--to", "1", "--reason", "because", "--by", "test")
    _python(code, folder, "-c", PACK, str(folder / "data"))


def run(code: Path, folder: Path, *command: str) -> None:
    """Give a command of the program in `code`."""
    _python(code, folder, "-m", "pipelines.cli.main", *command)


def _python(code: Path, folder: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, *arguments], cwd=code, check=True,
        env={
            **os.environ, "PYTHONPATH": str(code), "NO_COLOR": "1",
            "OPENINDICATORS_PROJECT": str(folder / "project"),
            "OPENINDICATORS_DATA_DIR": str(folder / "data"),
        },
    )


def _git(*command: str) -> str:
    return subprocess.run(
        ["git", *command], cwd=PROJECT, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
