"""Kill a command at a random change of the disk, give it again, and compare the bytes.

    python -m tests.faults.kills --kills 1000 --seed 1 --case run --case withdraw

With SOURCE_DATE_EPOCH they must be those of a data folder in which nothing was killed. After a
kill a person gives the same command again. A decision is taken once: where the killed command had
recorded it, the second refuses with an exit code of its own, and publishes what the first had left
out. A run comes after it in both folders, as it removes what was left half. Half of the kills fall
into the last tenth of the changes: the pages, the shared files, the answers. The cases are in
`tests.faults.kill_cases`. `make kills` does 1,000, the tests a few.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.commands import openindicators, records
from warehouse.store import packing, packs

EPOCH = "1790000000"
CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.link"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KILL_AT, COUNT = "KILL_AT", "COUNT_CHANGES"
WORTH, AGE = "PACKS_WORTH", "PACKS_AGE"
TOLD = 10  # after so many times it says how it stands


def arm(environment: dict[str, str]) -> None:
    """Let this process and those that it forks die at a change of the disk, or count changes.

    With `KILL_AT` in the `environment` they die at that change; `COUNT_CHANGES` is a file that
    keeps how many changes this process has made. `PACKS_WORTH` is how many bytes are worth a pack,
    `PACKS_AGE` after how many seconds what is packed is removed.
    """
    packing.WORTH = int(environment.get(WORTH, packing.WORTH))
    packs.SECONDS = float(environment.get(AGE, packs.SECONDS))
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
class Command:
    """A command, and how it ends.

    words: its arguments.
    code: with which it ends.
    done: with which it ends where it was done before; None where that is the same.
    """

    words: tuple[str, ...]
    code: int = 0
    done: int | None = None


@dataclass(frozen=True)
class Case:
    """Commands that are killed, each once, and given again.

    project: where they are given.
    template: the data folder before them.
    commands: in their order.
    after: what is given at the end, undisturbed.
    expected: every file after all of them.
    changes: how many changes of the disk each command makes.
    """

    project: Path
    template: Path
    commands: tuple[Command, ...]
    after: Command | None
    expected: dict[str, bytes]
    changes: tuple[int, ...]


def case_of(
    folder: Path, project: Path, template: Path, *commands: Command, after: Command | None = None
) -> Case:
    """Return the case of `commands`, after they were given undisturbed in `folder`.

    `project` and the data folder `template` are where they are given, `after` is what is given at
    the end.
    """
    undisturbed, changes = folder / "undisturbed", []
    shutil.copytree(template, undisturbed)
    for number, command in enumerate(commands):
        counter = folder / f"changes-{number}"
        assert run(project, undisturbed, command, **{COUNT: str(counter)}) == command.code
        changes.append(int(counter.read_text()))
    assert after is None or run(project, undisturbed, after) == after.code
    return Case(project, template, commands, after, contents(undisturbed), tuple(changes))


def run(project: Path, data_dir: Path, command: Command, **environment: str) -> int:
    """Give a command in a project; return its exit code, less than zero when it was killed."""
    return openindicators(
        data_dir, *command.words, OPENINDICATORS_PROJECT=str(project),
        **{"SOURCE_DATE_EPOCH": EPOCH, WORTH: "1", **environment},
    ).code


def contents(data_dir: Path) -> dict[str, bytes]:
    """Return every file of a data folder that two runs must have alike."""
    return {
        name: data for name, (_, data) in records(data_dir).items()
        # `unpacked` has copies of what was read from packs, which go by their age.
        if not name.startswith(("warehouse.duckdb", "unpacked/"))
        and not name.endswith((".lock", ".torn", ".staging"))  # a page's goes after a minute
    }


def kill_once(case: Case, at: Sequence[int]) -> tuple[int, list[str]]:
    """Kill each command of a `case` in a copy at its change number in `at`.

    Returns:
        How many of them died, and what is wrong: exit codes, and the files that differ.
    """
    deaths, wrong = 0, []
    with tempfile.TemporaryDirectory(prefix="openindicators-kill-") as folder:
        data_dir = Path(folder) / "data"
        shutil.copytree(case.template, data_dir)
        for command, number in zip(case.commands, at, strict=True):
            if run(case.project, data_dir, command, **{KILL_AT: str(number)}) == -signal.SIGKILL:
                deaths += 1
                again = run(case.project, data_dir, command)
                if again not in (command.code, command.done):
                    wrong.append(f"{command.words[0]}, given again, ended with {again}")
        if case.after and (code := run(case.project, data_dir, case.after)) != case.after.code:
            wrong.append(f"{case.after.words[0]} ended with {code}")
        found = contents(data_dir)
    names = sorted(case.expected.keys() | found.keys())
    return deaths, wrong + [
        name for name in names if case.expected.get(name) != found.get(name)
    ]


def points(changes: Sequence[int], kills: int, seed: int | None) -> list[tuple[int, ...]]:
    """Return at which change to kill each command, so many times; half of them in the last tenth.

    `changes` says how many each makes, `seed` begins the choice. Without it they are killed at
    every change in turn, from the first, at which the records are written.
    """
    if seed is None:
        return [tuple(1 + turn % most for most in changes) for turn in range(kills)]
    chance = random.Random(seed)
    return [
        tuple(
            chance.randint(most * 9 // 10 if (turn + number) % 2 else 1, most)
            for number, most in enumerate(changes)
        )
        for turn in range(kills)
    ]


def main() -> int:
    """Kill the chosen cases in turn."""
    from tests.faults.kill_cases import CASES

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-turn", action="store_true", help="at each change, from the first on")
    parser.add_argument("--case", action="append", choices=CASES, help="these alone")
    given = parser.parse_args()
    chosen, differ = given.case or [*CASES], 0
    seed = None if given.in_turn else given.seed
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="openindicators-kills-") as folder:
            case = CASES[name](Path(folder))
            kills = given.kills // len(chosen)
            deaths = ended = 0
            for turn, at in enumerate(points(case.changes, kills, seed), start=1):
                died, wrong = kill_once(case, at)
                deaths += died
                ended += bool(wrong)
                if wrong:
                    print(f"{name}, killed at {at} of {case.changes}: {wrong[:6]}", flush=True)
                if turn % TOLD == 0 or turn == kills:
                    print(
                        f"{name}: {turn} times, {deaths} killed, {ended} ended otherwise",
                        flush=True,
                    )
        differ += ended
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
