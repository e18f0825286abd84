"""How much processor time the commands take that only read: `--help`, `list`, `show`, `check`.

`python -m bench.cli` (or `make bench-cli`): each command runs several times in a process of its
own, in a folder without releases, on the sample's declarations and on 1,000 copies of them. The
least of the times counts: other work on the machine only adds to it. The aims are 0.7 s for the
sample and 2 s for 1,000 declarations, on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import record

PROJECT = Path(__file__).resolve().parent.parent
COMMANDS = ("--help", "list", "show health/life_expectancy", "check")


def main() -> None:
    """Time the commands on both projects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--declarations", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("the sample's declarations")
        floor = 0.0
        for command in COMMANDS:
            seconds = _seconds(command, PROJECT, folder, options.runs)
            _print(command, seconds)
            floor = floor or seconds  # `--help` imports typer and does nothing
            record.append(f"command {command.split()[0]}", 0, seconds, floor=floor)
        project = folder / "project"
        made = copies(project, options.declarations)
        print(f"{made:,} declarations")
        for command in ("list", "check"):
            seconds = _seconds(command, project, folder, options.runs)
            _print(command, seconds)
            record.append(f"command {command}", made, seconds, floor=floor)


def copies(project: Path, number: int) -> int:
    """Write a project of `number` declarations, or a few more, and return how many.

    Args:
        project: the folder to make.
        number: of declarations; each of the sample's is copied equally often.
    """
    for part in ("assets", "expectations", "registry"):
        shutil.copytree(PROJECT / part, project / part, ignore=shutil.ignore_patterns("*.py*"))
    shutil.copy(PROJECT / "city.yaml", project)
    declared = [path for path in (project / "assets").glob("*/*.yaml") if path.name[0] != "_"]
    each = -(-number // len(declared))
    for path in declared:
        suite = project / "expectations" / path.parent.name / path.name
        for copy in range(2, each + 1):
            for file in (path, suite) if suite.exists() else (path,):
                shutil.copy(file, file.with_name(f"{file.stem}_{copy}.yaml"))
    return each * len(declared)


def _seconds(command: str, project: Path, folder: Path, runs: int) -> float:
    """Return the least processor time of several runs, after one that compiles the modules."""
    environment = os.environ | {
        "OPENINDICATORS_PROJECT": str(project), "OPENINDICATORS_DATA_DIR": str(folder / "data"),
        "PYTHONPATH": str(PROJECT), "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    times = []
    for _ in range(runs + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "pipelines.cli.main", *command.split()],
            env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times[1:])


def _print(command: str, seconds: float) -> None:
    print(f"  {command:32} {seconds:5.2f} s", flush=True)


if __name__ == "__main__":
    main()
