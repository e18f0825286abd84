"""Run tab-err, pucktrick and error-generator over slices of tables, and write what they changed.

A script of its own, `python generators.py FOLDER`, for an environment without this project: tab-err
needs another pandas. `FOLDER/jobs.json` lists slice, kind of fault, seed and how many rows; a slice
is a Parquet file with one indicator: `row`, `ref_area`, `time_period`, `obs_value`, `obs_note`.
`FOLDER/faults.jsonl` gets for each job the changed cells, the rows that are gone and those added.

Each generator runs as its documentation says, with its own defaults where it has any; of tab-err's
`AddDelta` and pucktrick's `shift`, whose size is the caller's, it is one standard deviation.
error-generator's transposition changes nothing but texts with letters, and is left out.
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from error_generator.base import ErrorGenerator
from pucktrick.deleted import delete_rows
from pucktrick.duplicated import duplicate
from pucktrick.missing import missing
from pucktrick.noisy import noise
from pucktrick.outliers import outlier
from tab_err import error_mechanism, error_type
from tab_err.api.low_level import create_errors

Kind = Callable[[pd.DataFrame, int, int], pd.DataFrame]  # table, rows, seed -> table with faults
VALUE, AREA, PERIOD = "obs_value", "ref_area", "time_period"
NOTE = "Số liệu sơ bộ, không kể các huyện đảo"  # where a text is to be spoilt


def tab_err(kind: str, column: str, as_type: str | None = None, **config: object) -> Kind:
    """Return a fault of tab-err, in a column that is made text or a category before."""

    def plant(table: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
        table = table.copy()
        if column == "obs_note":
            table[column] = NOTE
        if as_type == "text":
            table[column] = table[column].map(_written)
        elif as_type:
            table[column] = table[column].astype(as_type)
        given = dict(config)
        if kind == "AddDelta":
            given["add_delta_value"] = float(table[column].std())
        made = getattr(error_type, kind)(given, seed=seed)
        spoilt, _ = create_errors(
            data=table, column=column, error_rate=(rows + 0.5) / len(table),
            error_mechanism=error_mechanism.ECAR(seed=seed), error_type=made,
        )
        if column == "obs_note":  # the others keep no note
            spoilt.loc[spoilt[column] == NOTE, column] = None
        return spoilt

    return plant


def _written(value: float) -> str:
    return np.format_float_positional(value, trim="-")


def pucktrick(plants: Callable, column: str, **given: object) -> Kind:
    """Return a fault of pucktrick in a column."""

    def plant(table: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
        strategy = {
            "affected_features": [column], "selection_criteria": "all", "mode": "new",
            "percentage": rows / len(table), **given,
            "perturbate_data": {"sampling": "random", **given.get("perturbate_data", {})},
        }
        return plants(table.copy(), strategy)[1]

    return plant


def error_generator(error: str, *columns: str) -> Kind:
    """Return a fault of error-generator in some columns."""

    def plant(table: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
        made = ErrorGenerator(table.copy())
        made.add_errors(
            pd.DataFrame([{"error": error, "amount": rows, "columns": [*columns], "args": None}]),
            verbose=False,
        )
        return made.get_modified().drop(columns="id")

    return plant


def shift(sign: str) -> dict[str, object]:
    """Return pucktrick's shift by a standard deviation."""
    return {"distribution": "shift",
            "param": {"shift_value": 1.0, "shift_unit": "std", "shift_sign": sign}}


KINDS: dict[str, Kind] = {
    "tab-err: outlier": tab_err("Outlier", VALUE),
    "tab-err: wrong unit, x10": tab_err("WrongUnit", VALUE),
    "tab-err: wrong unit, x1,000": tab_err(
        "WrongUnit", VALUE, wrong_unit_scaling=lambda value: value * 1000),
    "tab-err: wrong unit, :1,000,000": tab_err(
        "WrongUnit", VALUE, wrong_unit_scaling=lambda value: value / 1e6),
    "tab-err: delta of a deviation": tab_err("AddDelta", VALUE),
    "tab-err: typo in a figure": tab_err("Typo", VALUE, "text"),
    "tab-err: typo in an area": tab_err("Typo", AREA),
    "tab-err: typo in a period": tab_err("Typo", PERIOD),
    "tab-err: missing value": tab_err("MissingValue", VALUE),
    "tab-err: area swapped": tab_err("CategorySwap", AREA, "category"),
    "tab-err: period swapped": tab_err("CategorySwap", PERIOD, "category"),
    "tab-err: extraneous mark": tab_err(
        "Extraneous", VALUE, "text", extraneous_value_template="{value}*"),
    "tab-err: decimal point lost": tab_err(
        "Replace", VALUE, "text", replace_what=".", replace_with=""),
    "tab-err: mojibake in a note": tab_err("Mojibake", "obs_note"),
    "pucktrick: noise, uniform": pucktrick(noise, VALUE, perturbate_data={
        "distribution": "uniform"}),
    "pucktrick: noise, a deviation": pucktrick(noise, VALUE, perturbate_data=shift("random")),
    "pucktrick: outlier": pucktrick(outlier, VALUE),
    "pucktrick: missing": pucktrick(missing, VALUE),
    "pucktrick: row twice": pucktrick(duplicate, VALUE),
    "pucktrick: row twice, area misspelt": pucktrick(duplicate, AREA, function="remove_replace"),
    "pucktrick: row deleted": pucktrick(delete_rows, VALUE),
    "pucktrick: another area": pucktrick(noise, AREA),
    "pucktrick: another period": pucktrick(noise, PERIOD),
    "pucktrick: unknown area": pucktrick(outlier, AREA),
    "error-generator: digit in or out": error_generator("indel", VALUE),
    "error-generator: digit replaced": error_generator("repl", VALUE),
    "error-generator: letter in or out": error_generator("indel", AREA),
    "error-generator: letter replaced": error_generator("repl", PERIOD),
    "error-generator: missing": error_generator("missing", VALUE),
    "error-generator: columns swapped": error_generator("swap", AREA, PERIOD),
}


def changes(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, list]:
    """Return what differs: changed cells (row, column, value), rows gone, rows added."""
    first = after.drop_duplicates("row").set_index("row")
    added = after[after.duplicated("row")]
    cells = []
    for row, old in before.set_index("row").iterrows():
        if row not in first.index:
            continue
        for column in (VALUE, AREA, PERIOD, "obs_note"):
            one, two = old[column], first.at[row, column]
            if isinstance(one, float) and isinstance(two, str) and two == _written(one):
                continue
            if (pd.isna(one) and pd.isna(two)) or one == two:
                continue
            cells.append([int(row), column, _plain(two)])
    return {
        "cells": cells, "gone": [int(row) for row in before["row"] if row not in first.index],
        "added": [
            {name: _plain(value) for name, value in row.items()}
            for row in added.to_dict("records")
        ],
    }


def _plain(value: object) -> object:
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    return value.item() if hasattr(value, "item") else value


def main(folder: Path) -> None:
    """Run the jobs."""
    warnings.simplefilter("ignore")
    jobs = json.loads((folder / "jobs.json").read_text(encoding="utf-8"))
    with (folder / "faults.jsonl").open("w", encoding="utf-8") as out:
        for job in jobs:
            table = pd.read_parquet(folder / job["slice"])
            random.seed(job["seed"])
            np.random.seed(job["seed"])
            try:
                spoilt = KINDS[job["kind"]](table, job["rows"], job["seed"])
                made = changes(table, spoilt)
            except Exception as error:  # a generator's own fault is counted, and ends nothing
                made = {"error": f"{type(error).__name__}: {error}"[:300]}
            out.write(json.dumps({**job, **made}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
