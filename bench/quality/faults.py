"""Faults by others' generators: where they go, how they are put into a table, how large they are.

The generators see a slice of a table, one indicator with one combination of codes: the column of a
publisher's file. Where the generator has made text of a figure that is no number, the row is one
that cleaning could not read, and is quarantined with that reason.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from bench.faults import PlantedCorpus
from bench.plants import Plot
from model.declarations.dataset import Dataset
from model.util.sql import identifier, literal

GENERATORS = Path(__file__).with_name("generators.py")
LEAST_ROWS = 12  # of a slice
Key = dict[str, Any]


@dataclass
class Fault:
    """One observation that a generator spoilt."""

    kind: str
    dataset: str
    names: list[Key]  # keys under which a check may name it
    unread: bool = False  # cleaning would not have read it
    change: float | None = None  # of a figure: |new / old - 1|
    deviations: float | None = None  # the change in the series' usual steps (`steps_away`)
    found: set[str] = field(default_factory=set)  # checks


@dataclass
class Planting:
    """A table with its faults, in `observation`."""

    kind: str
    dataset: str
    faults: list[Fault]


def plan(
    corpus: PlantedCorpus, kinds: list[str], plantings: int, rng: random.Random, folder: Path
) -> list[dict[str, Any]]:
    """Write slices and the list of jobs for the generators; return the jobs.

    Args:
        corpus: the tables.
        kinds: of faults.
        plantings: how many of each kind.
        rng: chooses table, slice, rows and the generator's seed.
        folder: for the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    slices = [
        (dataset_id, where)
        for dataset_id, bound in corpus.bound_datasets.items()
        for where in _slices(corpus.con, bound.dataset)
    ]
    by_dataset: dict[str, list[str]] = {}
    for dataset_id, where in slices:
        by_dataset.setdefault(dataset_id, []).append(where)
    jobs = []
    for kind in kinds:
        for _ in range(plantings):
            dataset_id = rng.choice(sorted(by_dataset))
            where = rng.choice(by_dataset[dataset_id])
            name = f"{len(jobs)}.parquet"
            corpus.con.execute(
                f"COPY (SELECT _id AS row, ref_area, time_period, obs_value, obs_note"
                f' FROM "{dataset_id}" WHERE {where} ORDER BY _id)'
                f" TO '{folder / name}' (FORMAT parquet)"
            )
            jobs.append({
                "kind": kind, "dataset": dataset_id, "slice": name,
                "rows": rng.randint(1, 3), "seed": rng.randrange(2**31),
            })
    return jobs


def _slices(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> list[str]:
    names = ["indicator", *dataset.dimensions]
    columns = ", ".join(map(identifier, names))
    found = con.execute(
        f'SELECT {columns} FROM "{dataset.id}" WHERE obs_value IS NOT NULL GROUP BY ALL'
        f" HAVING count(*) >= {LEAST_ROWS} AND count(DISTINCT obs_value) > 3 ORDER BY ALL"
    ).fetchall()
    return [
        " AND ".join(
            f"{identifier(name)} = {literal(code)}" for name, code in zip(names, row, strict=True)
        ) + " AND obs_value IS NOT NULL"
        for row in found
    ]


def generate(jobs: list[dict[str, Any]], folder: Path, python: str) -> Iterator[dict[str, Any]]:
    """Run the generators in their own environment (`python`); yield jobs with what was changed."""
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    subprocess.run([python, str(GENERATORS), str(folder)], check=True)
    for line in (folder / "faults.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def plant(corpus: PlantedCorpus, job: dict[str, Any]) -> Planting:
    """Put a job's faults into the table `observation`."""
    dataset = corpus.bound_datasets[job["dataset"]].dataset
    corpus.load(dataset.id)
    plot = Plot(corpus.con, dataset, random.Random(0))  # noqa: S311 decides nothing here
    spoilt: dict[int, dict[str, Any]] = {}
    for row, column, value in job["cells"]:
        spoilt.setdefault(row, {})[column] = value
    faults = [_spoil(plot, job, row, cells) for row, cells in spoilt.items()]
    for row in job["gone"]:
        names = [*plot.keys(f"_id = {row}"), *_follower(plot, row)]
        corpus.con.execute(f"DELETE FROM observation WHERE _id = {row}")
        faults.append(Fault(job["kind"], dataset.id, names))
    faults += [_add(plot, job, row) for row in job["added"]]
    return Planting(job["kind"], dataset.id, faults)


def _spoil(plot: Plot, job: dict[str, Any], row: int, cells: dict[str, Any]) -> Fault:
    fault = Fault(job["kind"], plot.dataset.id, plot.keys(f"_id = {row}"))
    if cells.keys() & {"ref_area", "time_period"}:
        fault.names += _follower(plot, row)
    for column, value in cells.items():
        if column == "obs_value":
            number = _number(value)
            if number is None and value is not None:
                fault.unread = True
                _set(plot, row, "_reject", literal(f"no number: {value}"))
            else:
                fault.change, fault.deviations = _size(plot, row, number)
            _set(plot, row, column, "NULL" if number is None else f"CAST('{number!r}' AS DOUBLE)")
        else:
            _set(plot, row, column, "NULL" if value is None else literal(str(value)))
    # An observation under another code is missing under its own, before the one that follows.
    fault.names = [*fault.names, *plot.keys(f"_id = {row}"), *_column_named(plot, row, cells)]
    return fault


def _column_named(plot: Plot, row: int, cells: dict[str, Any]) -> list[Key]:
    return [{**key, "column": c} for c in cells for key in plot.keys(f"_id = {row}")]


def _set(plot: Plot, row: int, column: str, value: str) -> None:
    plot.con.execute(f"UPDATE observation SET {identifier(column)} = {value} WHERE _id = {row}")


def _add(plot: Plot, job: dict[str, Any], row: dict[str, Any]) -> Fault:
    new = plot.rows("SELECT max(_id) + 1 FROM observation")[0][0]
    plot.con.execute(
        f"INSERT INTO observation SELECT * REPLACE ({new} AS _id,"
        f" {literal(str(row['ref_area']))} AS ref_area) FROM observation WHERE _id = {row['row']}"
    )
    return Fault(job["kind"], plot.dataset.id, plot.keys(f"_id = {new}"))


def _follower(plot: Plot, row: int) -> list[Key]:
    """Return the key of the observation after a row: a check names it where one is missing."""
    columns = ", ".join(identifier(name) for name in plot.series_columns)
    found = plot.rows(
        f"SELECT _id FROM (SELECT _id, lag(_id) OVER (PARTITION BY {columns} ORDER BY time_period)"
        f" AS before FROM observation) WHERE before = {row}"
    )
    return plot.keys(f"_id = {found[0][0]}") if found else []


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _size(plot: Plot, row: int, new: float | None) -> tuple[float | None, float | None]:
    """Return the relative change of a figure, and the same in usual steps of its series."""
    if new is None:
        return None, None
    columns = ", ".join(identifier(name) for name in plot.series_columns)
    values = [value for (value,) in plot.rows(
        f"SELECT obs_value FROM observation JOIN (SELECT {columns} FROM observation"
        f" WHERE _id = {row}) USING ({columns}) WHERE isfinite(obs_value) ORDER BY time_period"
    )]
    old = plot.values([row])[0]
    return (abs(new / old - 1) if old else math.inf), steps_away(values, old, new)


def steps_away(values: list[float], old: float, new: float) -> float | None:
    """Return how many usual steps of a series a change is; None for fewer than six values.

    The usual step is the median of the absolute changes to the period before, which hardly depends
    on a few large ones; where most values repeat, the mean.
    """
    steps = sorted(abs(b - a) for a, b in itertools.pairwise(values))
    if len(values) < 6:
        return None
    usual = steps[len(steps) // 2] or sum(steps) / len(steps)
    return abs(new - old) / usual if usual else math.inf
