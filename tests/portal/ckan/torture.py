"""One seeded run against the real CKAN: releases, faults, kills, resumes; then all must be well.

`make torture` runs many of these; the tests run a dozen.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from dev.ckan.portal_dir import PortalDir, default_folder
from dev.ckan.running_portal import RunningPortal, load_portal
from model.reference.city import use_project
from tests.fixtures.commands import PROJECT
from tests.portal.ckan.environment import CkanEnvironment
from tests.portal.ckan.proxy import FAULTS, Proxy, proxy_to
from tests.portal.ckan.runner import Runner
from warehouse.store.data_dir import DataDir

MOST_POINTS = 45  # a first publication has 21, with rows over the API 41; a third one 45
RESUMES = 3  # publications that may be cut off, before one that may not


def run(seed: int, ckan: RunningPortal, proxy: Proxy, runner: Runner, folder: Path) -> str:
    """Do one run; return what it did, in words. An assertion fails where the portal is not well."""
    chance = random.Random(seed)
    folder.mkdir(parents=True)
    home = DataDir(folder / "data")
    home.prepare()
    env = CkanEnvironment(ckan, home)
    options = {"keep": 2, "rows": chance.choice((None, "api", "copy"))}
    outcomes: list[str] = [f"rows: {options['rows']}"]
    try:
        for number in range(1, chance.randint(1, 4) + 1):
            env.release(number)
            outcomes.append(f"release {number}")
            if chance.random() < 0.3:
                continue  # two releases at once for the portal
            outcomes += _publish_badly(chance, env, proxy, runner, options)
        proxy.reset()
        for attempt in range(3):  # the last publisher but one may still be at work in the server
            ended = runner.publish(env, proxy.url, **options)
            if ended["code"] == 0:
                break
            assert attempt < 2, (home.root / "error.txt").read_text()
        env.assert_equals_releases(folder, **options)
    except BaseException as error:
        error.add_note(f"seed {seed}: {', '.join(outcomes)}")
        raise
    finally:
        proxy.reset()
        env.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return ", ".join(outcomes)


def _publish_badly(
    chance: random.Random, env: CkanEnvironment, proxy: Proxy, runner: Runner,
    options: dict[str, Any],
) -> list[str]:
    outcomes = []
    for _ in range(chance.randint(1, RESUMES)):
        rate = chance.choice((0.0, 0.0, 0.1, 0.3))
        faults = random.Random(chance.random())
        proxy.reset(
            lambda action, number, faults=faults, rate=rate:
            faults.choice(FAULTS) if faults.random() < rate else None
        )
        points = [chance.randint(1, MOST_POINTS) for _ in range(2)]
        kill_at = chance.choice((0, *points))
        if not rate and not kill_at:
            kill_at = chance.randint(1, MOST_POINTS)
        ended = runner.publish(env, proxy.url, kill_at, timeout=1.0, **options)
        end = "killed" if ended["killed"] else f"ended {ended['code']}"
        outcomes.append(f"{end} at {kill_at} with {proxy.met or 'no faults'}")
        readers_are_served(env)
    return outcomes


def readers_are_served(env: CkanEnvironment) -> None:
    """Whatever happened: readers see no dataset yet, or one whole release."""
    shown: dict[str, Any]
    try:
        shown = env.shown()
    except Exception:
        return
    is_withdrawn = shown["title_translated"]["en"].startswith("[Withdrawn]")
    if not shown["private"] and not is_withdrawn:
        env.seen_by_the_public()


def main() -> int:
    """Run many seeds; print each, and fail with the seeds that were not well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--home", type=Path, default=default_folder(), help="the portal's folder")
    asked = parser.parse_args()
    use_project(PROJECT)
    ckan = load_portal(PortalDir(asked.home.resolve()))
    runner, failed = Runner(), []
    with proxy_to(ckan.url) as proxy, tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.first, asked.first + asked.runs):
            begun = time.monotonic()
            try:
                outcomes = run(seed, ckan, proxy, runner, Path(folder) / str(seed))
                seconds = time.monotonic() - begun
                print(f"seed {seed}: passed ({seconds:.0f} s): {outcomes}", flush=True)
            except Exception:
                failed.append(seed)
                traceback.print_exc()
    runner.close()
    print(f"{asked.runs - len(failed)} of {asked.runs} runs ended well; failed seeds: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
