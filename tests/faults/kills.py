"""Kill a run at a random change of the disk, run again, and compare with a run that was not killed.

    python -m tests.faults.kills --kills 1000 --seed 1

Half of the kills fall into the last tenth of the run's changes: the pages and the shared files.
With SOURCE_DATE_EPOCH the bytes must be the same. `make kills` runs 1,000, the tests a few.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.fixtures.commands import openindicators, records

EPOCH = "1790000000"
CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.link"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KILL_AT, COUNT = "KILL_AT", "COUNT_CHANGES"


def arm(environment: dict[str, str]) -> None:
    """Let this process and those that it forks die at a change of the disk, or count changes.

    With `KILL_AT` in the `environment` they die at that change; `COUNT_CHANGES` is a file that
    keeps how many changes this process has made.
    """
    at, counter = int(environment.get(KILL_AT, 0)), environment.get(COUNT)
    if not at and not counter:
        return
    os.setpgid(0, 0)
    seen, process = 0, os.getpid()
    file = os.open(counter, os.O_WRONLY | os.O_CREAT, 0o666) if counter else None

    def changed(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in CHANGES and not (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        ):
            return
        seen += 1
        if seen == at:
            os.killpg(0, signal.SIGKILL)
        if file is not None and os.getpid() == process:
            os.pwrite(file, str(seen).encode(), 0)

    sys.addaudithook(changed)


def run(project: Path, data_dir: Path, **environment: str) -> int:
    """Run a project; return the exit code, or less than zero when it was killed."""
    return openindicators(
        data_dir, "run", OPENINDICATORS_PROJECT=str(project), SOURCE_DATE_EPOCH=EPOCH, **environment
    ).code


def contents(data_dir: Path) -> dict[str, bytes]:
    """Return every file of a data folder that two runs must have alike."""
    return {
        name: data for name, (_, data) in records(data_dir).items()
        if not name.startswith("warehouse.duckdb")
        and not name.endswith((".lock", ".torn", ".staging"))  # a page's goes after a minute
    }


def kill_once(
    project: Path, template: Path, at: int, expected: dict[str, bytes]
) -> tuple[bool, list[str]]:
    """Kill a run of a copy at its change number `at`; return whether it died, and what differs."""
    with tempfile.TemporaryDirectory(prefix="openindicators-kill-") as folder:
        data_dir = Path(folder) / "data"
        shutil.copytree(template, data_dir)
        died = run(project, data_dir, **{KILL_AT: str(at)}) == -signal.SIGKILL
        if run(project, data_dir) != 0:
            return died, ["the run after it failed"]
        found = contents(data_dir)
    names = expected.keys() | found.keys()
    return died, sorted(name for name in names if expected.get(name) != found.get(name))


def points(most: int, kills: int, seed: int) -> list[int]:
    """Return at which changes to kill, of `most`: half of them in the last tenth."""
    chance = random.Random(seed)
    return [
        chance.randint(most * 9 // 10 if number % 2 else 1, most) for number in range(kills)
    ]


def main() -> int:
    """Kill runs of a project of two datasets."""
    from tests.faults.test_kills import two_datasets

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openindicators-kills-") as folder:
        project, template, expected, most = two_datasets(Path(folder))
        differ = deaths = 0
        for at in points(most, given.kills, given.seed):
            died, names = kill_once(project, template, at, expected)
            deaths += died
            differ += bool(names)
            if names:
                print(f"killed at {at} of {most}: {len(names)} differ: {names[:6]}", flush=True)
    print(f"{given.kills} runs, {deaths} killed, {differ} ended with other bytes")
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
