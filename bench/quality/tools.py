"""The same faults seen by other tools: what they find, what they name beside it, and how long.

    python -m bench.quality.tools --tables tests/danang/project=DATA \\
        --tool GX=ENV/bin/python,with_gx.py --tool pandera=ENV/bin/python,with_pandera.py

Each tool checks the next release of a table with rules that it makes from the last one
(`adapters/`). A fault counts as found where a row is named that was not named in the untouched
table, or where a check of the whole table fails that passed there.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.faults import ALL, PlantedCorpus
from bench.quality import corpora, faults, measure
from expectations.runner import results
from model.reference.periods import PERIOD_PATTERNS

ADAPTERS = Path(__file__).with_name("adapters")
CODES = ("indicator", "ref_area", "geo_vintage", "freq", "unit_measure", "obs_status")
Items = list[dict[str, Any]]


@dataclass
class Seen:
    """What a tool said of all tables."""

    found: int = 0  # faults
    hits: int = 0  # new rows named that are faults
    beside: int = 0  # new rows named that are none
    untouched: int = 0  # rows named in untouched tables
    seconds: float = 0  # of the processor
    tables: int = 0


@dataclass
class Planted:
    """The tables on disk, with the faults in each."""

    jobs: list[dict[str, Any]] = field(default_factory=list)  # for the adapters, in order
    faults: dict[str, list[faults.Fault]] = field(default_factory=dict)  # by file
    untouched: dict[str, str] = field(default_factory=dict)  # the untouched file of each file
    keys: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)  # of rows, by file
    own: dict[str, tuple[Items, float]] = field(default_factory=dict)  # what our checks name
    rows: int = 0  # of the untouched tables


def main() -> None:
    """Plant, let every tool check, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    corpora.arguments(parser)
    parser.add_argument("--tool", action="append", default=[], metavar="NAME=PYTHON,SCRIPT")
    options = parser.parse_args()
    results.SAMPLES = ALL
    with tempfile.TemporaryDirectory() as scratch:
        planted = Planted()
        for corpus, folder in corpora.load(options):
            _plant(planted, corpus, options, Path(scratch), folder)
        (Path(scratch) / "jobs.json").write_text(json.dumps(planted.jobs), encoding="utf-8")
        count = sum(map(len, planted.faults.values()))
        print(f"{count} faults in {len(planted.faults)} tables;"
              f" untouched: {planted.rows:,} rows\n"
              f"{'tool':16} found  of new rows named  untouched rows named   s a table")
        print(_line("ours", _seen(planted, planted.own), count, planted.rows))
        for given in options.tool:
            name, command = given.split("=", 1)
            python, script = command.split(",")
            said = dict(_run(python, script, Path(scratch), planted))
            print(_line(name, _seen(planted, said), count, planted.rows), flush=True)


def _plant(
    planted: Planted, corpus: PlantedCorpus, options: argparse.Namespace, scratch: Path,
    folder: Path,
) -> None:
    rng = random.Random(options.seed)  # noqa: S311 the same on every run
    kinds = options.kind or corpora.kinds_of_generators()
    jobs = faults.plan(corpus, kinds, options.plantings, rng, folder)
    for job in faults.generate(jobs, folder, options.generators):
        planting = None if "error" in job else faults.plant(corpus, job)
        if planting is None or not planting.faults:
            continue
        plain = f"{job['dataset'].replace('/', '__')}.parquet"
        file = f"{len(planted.jobs)}.parquet"
        planted.faults[file], planted.untouched[file] = planting.faults, plain
        _write(planted, corpus, job["dataset"], scratch / file)
        if plain not in planted.keys:
            corpus.load(job["dataset"])
            _write(planted, corpus, job["dataset"], scratch / plain)
            planted.rows += len(planted.keys[plain])


def _write(planted: Planted, corpus: PlantedCorpus, dataset_id: str, path: Path) -> None:
    """Write the table `observation`, and note what our checks name in it."""
    bound = corpus.bound_datasets[dataset_id]
    dataset = bound.dataset
    began = time.process_time()
    named = corpus.named(bound)
    took = time.process_time() - began
    items = [item for found in named.values() for item in found]
    unread = corpus.con.execute("SELECT _id FROM observation WHERE _reject IS NOT NULL").fetchall()
    key = list(dataset.key)
    columns = ", ".join(f'"{name}"' for name in key)
    rows = corpus.con.execute(f"SELECT _id, {columns} FROM observation").fetchall()
    planted.keys[path.name] = {row[0]: dict(zip(key, row[1:], strict=True)) for row in rows}
    items += [planted.keys[path.name][one] for (one,) in unread]
    planted.own[path.name] = items, took
    corpus.con.execute(f"COPY (SELECT * EXCLUDE (_reject) FROM observation) TO '{path}'")
    planted.jobs.append({
        "now": path.name, "last": str(corpus.last_release(dataset_id).absolute()), "key": key,
        "codes": [*CODES, *dataset.dimensions], "period": PERIOD_PATTERNS[dataset.frequency],
    })


def _run(
    python: str, script: str, folder: Path, planted: Planted
) -> Iterator[tuple[str, tuple[Items, float]]]:
    """Run an adapter; yield by file what it names, and how long that took."""
    done = subprocess.run(
        [python, str(ADAPTERS / script), str(folder)], check=True, stdout=subprocess.PIPE,
        text=True)
    for line in done.stdout.splitlines():
        if line.startswith('{"now"'):
            said = json.loads(line)
            keys = planted.keys[said["now"]]
            items = [keys[row] for row in said["rows"]]
            yield said["now"], (
                [*items, *({"table": one} for one in said["table"])], said["seconds"])


def _seen(planted: Planted, said: dict[str, tuple[Items, float]]) -> Seen:
    seen = Seen()
    for job in planted.jobs:
        file, key = job["now"], job["key"]
        items, seconds = said[file]
        seen.seconds += seconds
        seen.tables += 1
        if file not in planted.faults:
            seen.untouched += len(_distinct(items, key))
            continue
        known = _distinct(said[planted.untouched[file]][0], key)
        new = [x for text, x in _distinct(items, key).items() if text not in known]
        own = planted.faults[file]
        seen.found += sum(any(measure.names(x, f.names, key) for x in new) for f in own)
        hits = sum(any(measure.names(x, f.names, key) for f in own) for x in new)
        seen.hits += hits
        seen.beside += len(new) - hits
    return seen


def _distinct(items: Items, key: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the rows and checks of the whole table that are named, each once."""
    return {
        json.dumps({n: item[n] for n in ("table", *key) if n in item}, default=str): item
        for item in items
    }


def _line(name: str, seen: Seen, count: int, rows: int) -> str:
    named = seen.hits + seen.beside
    return (
        f"{name:16} {seen.found / count:5.1%} {seen.hits / max(named, 1):12.1%} of {named:6}"
        f" {seen.untouched:11} ({1000 * seen.untouched / rows:5.1f} in 1,000)"
        f" {seen.seconds / max(seen.tables, 1):7.2f}"
    )


if __name__ == "__main__":
    main()
