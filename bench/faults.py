"""Recall of the checks on planted faults, and what they flag in untouched data.

`python -m bench.faults --data-dir DIR` (or `make bench-faults`), after
`make corpus` with OPENINDICATORS_DATA_DIR. A real release stands in for the
source's next vintage; the previous release is the same without its newest period and before a few
revisions. A fault counts as found when a check (critical or warning) names one of its observations
and did not name it in the untouched table. The column "alone" leaves out checks that need the
previous release. Three other tools, with rules profiled from the untouched table, see the same
faults.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from bench.plants import KINDS, Plot, Touched
from expectations.runner import results
from expectations.runner import validate as validation
from model.declarations.dataset import SmallCells
from model.records.validation import CheckResult
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset

Named = dict[str, list[dict[str, Any]]]  # check -> observations that it names
ALL = 1_000_000


def main() -> None:
    """Plant the faults and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="data folder of a run")
    parser.add_argument("--plantings", type=int, default=1000)
    parser.add_argument("--others", type=int, default=120, help="plantings for the other tools")
    parser.add_argument("--minutes", type=float, default=60, help="plant no longer than this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", help="only this kind of fault")
    parser.add_argument("--flags", type=Path, help="write what is flagged in untouched data here")
    options = parser.parse_args()
    results.SAMPLES = ALL  # every row that is named, not only the first
    corpus = PlantedCorpus(options.data_dir, options.seed)
    if options.flags:
        corpus.write_flags(options.flags)
    corpus.plant_all(options.kind or list(KINDS), options.plantings, options.others,
                     options.minutes)


class PlantedCorpus:
    """The tables to plant faults in, in memory, with what each check flags when untouched."""

    def __init__(
        self, data_dir: Path, seed: int, settings: Settings | None = None,
        wanted: Callable[[str, int], bool] = lambda dataset_id, rows: True,
    ) -> None:
        """Load the first releases of a data folder.

        Args:
            data_dir: of a run of the project.
            seed: decides where faults are planted, and which values the last release had.
            settings: name the project; by default those of the environment.
            wanted: which tables, by dataset and number of rows.
        """
        self.rng = random.Random(seed)  # noqa: S311 the same faults on every run
        self.con = duckdb.connect(config={"threads": 1})  # the tables are small
        self.scratch = data_dir / f"bench-{seed}"
        self.scratch.mkdir(exist_ok=True)
        self.bound_datasets: dict[str, BoundDataset] = {}
        self.untouched: dict[str, Named] = {}
        catalogue = load_catalogue(settings or Settings.from_environment(profile="live"))
        for dataset_id, bound in catalogue.bound_datasets("live").items():
            data = data_dir / "releases" / dataset_id / "1" / "data.parquet"
            if data.exists() and wanted(dataset_id, pq.read_metadata(data).num_rows):
                self._add(_counting_people(bound), data)

    def _add(self, bound: BoundDataset, data: Path) -> None:
        dataset = bound.dataset
        self.bound_datasets[dataset.id] = bound
        self.con.execute(
            f'CREATE TABLE "{dataset.id}" AS SELECT *, row_number() OVER () - 1 AS _id,'
            f" NULL::VARCHAR AS _reject FROM read_parquet('{data}')"
        )
        before = self.last_release(dataset.id)
        columns = ", ".join(f'"{name}"' for name in dataset.columns)
        self.con.execute(
            f"""COPY (SELECT {columns.replace('"obs_value"', "obs_value * (1 + CASE WHEN"
              " hash(_id, 1) % 100 < 3 THEN (hash(_id, 2) % 200) / 10000.0 - 0.01 ELSE 0 END)"
              " AS obs_value")}
              FROM "{dataset.id}" WHERE time_period < (SELECT max(time_period) FROM
              "{dataset.id}") OR (SELECT count(DISTINCT time_period) FROM "{dataset.id}") = 1)
              TO '{before}' (FORMAT parquet)"""
        )
        self.load(dataset.id)
        self.untouched[dataset.id] = self.named(bound)

    def last_release(self, dataset_id: str) -> Path:
        """Return the file of the release before."""
        return self.scratch / f"{dataset_id.replace('/', '__')}.parquet"

    def load(self, dataset_id: str) -> None:
        """Make the table `observation` the untouched one."""
        self.con.execute(f'CREATE OR REPLACE TABLE observation AS FROM "{dataset_id}"')

    def named(self, bound: BoundDataset) -> Named:
        """Validate the table; return the observations that each failing check names."""
        relations = {"previous_release": self.last_release(bound.dataset.id)}
        quality = validation.validate(
            self.con, "observation", bound.dataset, bound.suite, relations=relations
        )
        return {check.name: _names(check) for check in quality.checks if _flags(check)}

    def write_flags(self, path: Path) -> None:
        """Write everything that is flagged in the untouched tables, a line each."""
        lines = [
            f"{dataset_id}\t{check}\t" + "\t".join(f"{k}={v}" for k, v in item.items())
            for dataset_id, named in self.untouched.items()
            for check, items in named.items() for item in items
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        flagged = Counter(line.split("\t")[1] for line in lines)
        rows = sum(self.con.execute(f'SELECT count(*) FROM "{d}"').fetchall()[0][0]
                   for d in self.bound_datasets)
        print(f"{len(lines)} flags in {rows:,} untouched observations: {dict(flagged)}")

    def plant_all(
        self, kinds: list[str], plantings: int, others: int, minutes: float
    ) -> None:
        """Plant kind after kind until there are enough, and print what was found."""
        from bench.other_tools import TOOLS  # noqa: PLC0415

        planted, found, alone = Counter[str](), Counter[str](), Counter[str]()
        by: dict[str, Counter[str]] = defaultdict(Counter)
        tried, seen = Counter[str](), {name: Counter[str]() for name in TOOLS}
        barren: set[str] = set()
        began = time.monotonic()
        for number, (kind, bound, touched) in enumerate(self._plantings(kinds, barren)):
            if number >= plantings or time.monotonic() - began > 60 * minutes:
                break
            planted[kind] += 1
            checks = self._found(bound, touched)
            without = [name for name in checks if name not in self._with_release(bound)]
            found[kind] += bool(checks)
            alone[kind] += bool(without)
            by[kind].update(checks[:1] if not without else without[:1])
            if number < others and _rows(self.con) < 12_000:
                tried[kind] += 1
                for name, catches in TOOLS.items():
                    seen[name][kind] += catches(self.con, bound.dataset)
        print(f"{'kind of fault':36} planted found  recall  alone  " + "  ".join(
            f"{name:>12}" for name in TOOLS) + "  found first by")
        for kind in kinds:
            if planted[kind]:
                first = ", ".join(f"{name} {n}" for name, n in by[kind].most_common(3))
                tools = "  ".join(f"{seen[n][kind]:5d} of {tried[kind]:3d}" for n in TOOLS)
                print(f"{kind:36} {planted[kind]:7} {found[kind]:5}"
                      f"  {found[kind] / planted[kind]:6.1%}"
                      f" {alone[kind] / planted[kind]:6.1%}  {tools}  {first}")
        total = planted.total()
        tools = "  ".join(f"{seen[n].total():5d} of {tried.total():3d}" for n in TOOLS)
        print(f"{'all':36} {total:7} {found.total():5}  {found.total() / total:6.1%}"
              f" {alone.total() / total:6.1%}  {tools}")
        print(f"{time.monotonic() - began:.0f} s; no place for: {', '.join(sorted(barren)) or '-'}")

    def _plantings(
        self, kinds: list[str], barren: set[str]
    ) -> Iterator[tuple[str, BoundDataset, Touched]]:
        """Yield one planting after the other, kind by kind in turn, in tables by chance."""
        fit = {kind: list(self.bound_datasets) for kind in kinds}
        while any(fit.values()):
            for kind in kinds:
                while fit[kind]:
                    dataset_id = self.rng.choice(fit[kind])
                    bound = self.bound_datasets[dataset_id]
                    self.load(dataset_id)
                    touched = KINDS[kind](Plot(self.con, bound.dataset, self.rng))
                    if touched:
                        yield kind, bound, touched
                        break
                    fit[kind].remove(dataset_id)
                if not fit[kind]:
                    barren.add(kind)

    def _found(self, bound: BoundDataset, touched: Touched) -> list[str]:
        """Return the checks that name something touched, and did not name it before."""
        before = self.untouched[bound.dataset.id]
        return [
            check for check, items in self.named(bound).items()
            if _hits(items, before.get(check, []), touched, bound.dataset.key)
        ]

    def _with_release(self, bound: BoundDataset) -> set[str]:
        return {item.name for item in bound.suite.expectations if item.relations}


def _counting_people(bound: BoundDataset) -> BoundDataset:
    """Return the dataset; deaths are declared as counts of people, which the sample does not."""
    if bound.dataset.id != "health/air_pollution_deaths":
        return bound
    indicators = {
        code: item.model_copy(update={"small_cells": SmallCells(threshold=2)})
        for code, item in bound.dataset.indicators.items()
    }
    dataset = bound.dataset.model_copy(update={"indicators": indicators})
    declaration = replace(bound.declaration, dataset=dataset)
    return BoundDataset(declaration, None, bound.profile, bound.registries)


def _flags(check: CheckResult) -> bool:
    return check.outcome in ("failed", "warned") and check.severity != "info"


def _names(check: CheckResult) -> list[dict[str, Any]]:
    return list(check.samples) or [{"table": True}]


def _rows(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT count(*) FROM observation").fetchall()[0][0])


def _hits(
    items: list[dict[str, Any]], before: list[dict[str, Any]], touched: Touched,
    key: tuple[str, ...],
) -> bool:
    """Say whether an item names something touched (equal in all key columns that both have)."""
    known = {tuple(item.get(name) for name in (*key, "column")) for item in before}
    fresh = [
        item for item in items
        if tuple(item.get(name) for name in (*key, "column")) not in known
    ]
    names = [[name for name in (*key, "column") if name in item] for item in fresh[:1]]
    if not fresh:
        return False
    if not names[0]:
        return True  # the table as a whole, which passed before
    shared = names[0]
    at_fault = {tuple(item.get(name) for name in shared) for item in touched}
    return any(tuple(item.get(name) for name in shared) in at_fault for item in fresh)


if __name__ == "__main__":
    main()
