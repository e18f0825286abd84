"""Work on a folder for hours, with kills: `python -m tests.model_based.soak --minutes 120`.

Two folders get the same news; of one the runs are killed, and given again. After each run both must
hold the same bytes. Memory, open files and threads of the process that gives all runs are printed:
they must not grow.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

from tests.faults.kills import contents
from tests.model_based.machine import CHANGES, template
from tests.model_based.naive import TOLERANCE
from tests.model_based.world import KEYS, World
from warehouse.store import packing

WARM_UP = 5  # rounds, in which libraries are imported and caches filled
LEAST = 12  # rows of a source
SPOILED = int(TOLERANCE * LEAST)  # more would block the dataset, and its news heap up
MORE = 1.25  # times the memory after the warm-up


def measured() -> tuple[float, int, int]:
    """Return the memory of this process in MB, its open files and its threads."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory = int(status["VmRSS"].split()[0]) / 1024
    return memory, len(os.listdir("/proc/self/fd")), int(status["Threads"])


def news(worlds: list[World], chance: random.Random) -> None:
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
        World.begun(template(), folder / name, packing.WORTH)
        for name in ("quiet", "disturbed")
    ]
    rounds = kills = 0
    first = shown = measured()
    print("minute rounds kills releases   MB files threads", flush=True)
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
        if rounds == WARM_UP:
            first = measured()
        if rounds % WARM_UP == 0:
            quiet.check()
            disturbed.check()
            shown = measured()
            releases = sum(len(each.releases) for each in disturbed.datasets.values())
            print(f"{(time.monotonic() - began) / 60:6.1f} {rounds:6} {kills:5} {releases:8}"
                  f" {shown[0]:4.0f} {shown[1]:5} {shown[2]:7}", flush=True)
    grown = shown[0] > MORE * first[0] or shown[1] > first[1] + 5 or shown[2] > first[2] + 5
    print(f"{rounds} rounds, {kills} kills; {first[0]:.0f} MB and {first[1]} files after {WARM_UP}"
          f" rounds, {shown[0]:.0f} MB and {shown[1]} at the end")
    return int(grown)


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
