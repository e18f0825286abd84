"""Work on a folder for hours, with kills: `python -m tests.model_based.soak --minutes 120`.

Two folders get the same news; of one the runs are killed, and given again. After each run both must
hold the same bytes. Each run has a process of its own, as those that `openindicators run` and
Dagster's daemon give; the most memory of one must not grow by more than the records of the releases
that are there.
(The processes that live on are those of `tests.faults.long_lived`.)
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.kills import AGE, contents
from tests.fixtures.commands import openindicators
from tests.model_based.machine import CHANGES, template
from tests.model_based.naive import TOLERANCE
from tests.model_based.world import KEYS, World
from warehouse.store import packing

BETWEEN = 5  # rounds from one comparison with the naive model to the next
LEAST = 12  # rows of a source
SPOILED = int(TOLERANCE * LEAST)  # more would block the dataset, and its news heap up
MORE = 1.1  # times the memory of the first runs
EACH = 0.2  # MB for each release that is there: their records are read


class RunsApart(World):
    """A world whose runs have a process each.

    memory: the most that each of them had, in MB, since it was last asked.
    """

    def __init__(self, folder: Path, worth: int = 1) -> None:
        super().__init__(folder, worth)
        self.memory: list[float] = []

    def variables(self) -> dict[str, str]:
        # After an hour of the clock one of two folders would be the first to remove what is packed.
        return {**super().variables(), AGE: "0"}

    def given_run(self) -> int:
        result = openindicators(self.data_dir.root, "run", **self.variables())
        print(result.out, result.err)
        self.memory.append(result.memory)
        return result.code


def news(worlds: Sequence[World], chance: random.Random) -> None:
    """Let the sources of all worlds say the same that is new, at the same time."""
    for name, each in worlds[0].datasets.items():
        source = dict(each.source)
        for key in chance.sample(KEYS, chance.randint(0, 3)):
            # Of few values, all revised ones would one day be an earlier release's, and blocked.
            is_spoiled = chance.random() < 1 / 6 and list(source.values()).count("x") < SPOILED
            source[key] = "x" if is_spoiled else str(chance.randint(100, 139))
        for key in chance.sample(KEYS, 1):
            if len(source) > LEAST and chance.random() < 0.3:
                source.pop(key, None)
        for world in worlds:
            world.datasets[name].source = dict(source)
            world.write_source(name)
            shutil.copystat(worlds[0].source_path(name), world.source_path(name))


def soak(minutes: float, seed: int, folder: Path) -> int:
    """Work in a `folder` for so many minutes; return 1 where something drifts or grows."""
    chance, end = random.Random(seed), time.monotonic() + 60 * minutes
    quiet, disturbed = worlds = [
        RunsApart.begun(template(), folder / name, packing.WORTH)
        for name in ("quiet", "disturbed")
    ]
    rounds = kills = 0
    first = most = 0.0
    releases = 0
    print("minute rounds kills releases most MB of a run", flush=True)
    began = time.monotonic()
    while time.monotonic() < end:
        rounds += 1
        news(worlds, chance)
        quiet.run()
        for _ in range(chance.randint(0, 2)):
            disturbed.killed_run(chance.randint(1, CHANGES))
            disturbed.hour -= 1  # it is given again as if nothing had happened
            kills += not disturbed.is_settled
        disturbed.run()
        differ = differing(quiet, disturbed)
        if differ:
            print(f"seed {seed}, round {rounds}: {len(differ)} files differ: {differ[:8]}")
            return 1
        if rounds % BETWEEN == 0:
            quiet.check()
            disturbed.check()
            most = max(quiet.memory + disturbed.memory)
            first = first or most
            quiet.memory, disturbed.memory = [], []
            releases = sum(len(each.releases) for each in disturbed.datasets.values())
            print(f"{(time.monotonic() - began) / 60:6.1f} {rounds:6} {kills:5} {releases:8}"
                  f" {most:16.0f}", flush=True)
    print(f"{rounds} rounds, {kills} kills; a run had at most {first:.0f} MB in the first"
          f" {BETWEEN} rounds, {most:.0f} in the last")
    return int(most > MORE * first + EACH * releases)


def differing(quiet: World, disturbed: World) -> list[str]:
    """Return which files two worlds have not alike."""
    ours, theirs = (contents(world.data_dir.root) for world in (quiet, disturbed))
    return sorted(name for name in ours.keys() | theirs.keys()
                  if ours.get(name) != theirs.get(name))


def main() -> int:
    """Soak, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.model_based.soak")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="openindicators-soak-"))
    ended = soak(asked.minutes, asked.seed, folder)
    if ended:
        print(f"both folders are kept in {folder}")
    else:
        shutil.rmtree(folder)
    return ended


if __name__ == "__main__":
    raise SystemExit(main())
