"""Kill a run at a random change of the disk, run again, and compare with a run that was not killed.

    python -m tests.faults.kills --kills 1000 --seed 1

Cases are a run with two datasets and one that is computed from them, another one with a history
that is packed, and the workbooks that a department sent in, of which one is blocked. Half of the
kills fall into the last tenth of the changes: the pages, the shared files, the answers.
With SOURCE_DATE_EPOCH the bytes must be the same. `make kills` does 1,000, the tests a few.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.commands import openindicators, records
from warehouse.store import packing

EPOCH = "1790000000"
CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.link"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KILL_AT, COUNT = "KILL_AT", "COUNT_CHANGES"
WORTH = "PACKS_WORTH"


def arm(environment: dict[str, str]) -> None:
    """Let this process and those that it forks die at a change of the disk, or count changes.

    With `KILL_AT` in the `environment` they die at that change; `COUNT_CHANGES` is a file that
    keeps how many changes this process has made. `PACKS_WORTH` is how many bytes are worth a pack.
    """
    packing.WORTH = int(environment.get(WORTH, packing.WORTH))
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


@dataclass(frozen=True)
class Case:
    """A command with news to come, that is killed and given again.

    template: the data folder before it.
    code: with which it ends.
    expected: every file after it.
    changes: how many changes of the disk it makes.
    """

    project: Path
    template: Path
    command: tuple[str, ...]
    code: int
    expected: dict[str, bytes]
    changes: int


def case_of(folder: Path, project: Path, template: Path, *command: str, code: int = 0) -> Case:
    """Return the case of a `command` that ends with a `code`, after it was given once in `folder`.

    `project` and the data folder `template` are where it is given.
    """
    undisturbed, counter = folder / "undisturbed", folder / "changes"
    shutil.copytree(template, undisturbed)
    assert run(project, undisturbed, command, **{COUNT: str(counter)}) == code
    changes = int(counter.read_text())
    return Case(project, template, command, code, contents(undisturbed), changes)


def run(project: Path, data_dir: Path, command: tuple[str, ...], **environment: str) -> int:
    """Give a command in a project; return its exit code, less than zero when it was killed."""
    return openindicators(
        data_dir, *command, OPENINDICATORS_PROJECT=str(project),
        **{"SOURCE_DATE_EPOCH": EPOCH, WORTH: "1", **environment},
    ).code


def contents(data_dir: Path) -> dict[str, bytes]:
    """Return every file of a data folder that two runs must have alike."""
    return {
        name: data for name, (_, data) in records(data_dir).items()
        if not name.startswith("warehouse.duckdb")
        and not name.endswith((".lock", ".torn", ".staging"))  # a page's goes after a minute
    }


def kill_once(case: Case, at: int) -> tuple[bool, list[str]]:
    """Kill a `case` in a copy at its change number `at`; return whether it died, what differs."""
    with tempfile.TemporaryDirectory(prefix="openindicators-kill-") as folder:
        data_dir = Path(folder) / "data"
        shutil.copytree(case.template, data_dir)
        killed = run(case.project, data_dir, case.command, **{KILL_AT: str(at)})
        if killed == -signal.SIGKILL:
            ended = run(case.project, data_dir, case.command)
            if ended != case.code:
                return True, [f"the command after it ended with {ended}"]
        found = contents(data_dir)
    names = case.expected.keys() | found.keys()
    differ = sorted(name for name in names if case.expected.get(name) != found.get(name))
    return killed == -signal.SIGKILL, differ


def points(most: int, kills: int, seed: int) -> list[int]:
    """Return at which changes to kill, of `most`: half of them in the last tenth."""
    chance = random.Random(seed)
    return [
        chance.randint(most * 9 // 10 if number % 2 else 1, most) for number in range(kills)
    ]


def main() -> int:
    """Kill each case in turn."""
    from tests.faults.test_kills import CASES

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openindicators-kills-") as folder:
        differ = deaths = 0
        for name, make in CASES.items():
            case = make(Path(folder) / name)
            for at in points(case.changes, given.kills // len(CASES), given.seed):
                died, names = kill_once(case, at)
                deaths += died
                differ += bool(names)
                if names:
                    print(f"{name}, killed at {at} of {case.changes}: {len(names)} differ:"
                          f" {names[:6]}", flush=True)
    print(f"{given.kills} runs, {deaths} killed, {differ} ended with other bytes")
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
