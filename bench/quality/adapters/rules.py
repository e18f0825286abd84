"""Rules profiled from a last release, and the loop over the tables; knows no tool.

FOLDER has `jobs.json`: for each table the files `last` and `now`, its key, its columns of codes and
the pattern of its periods. Rows of `now` are numbered in the column `_id`.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Rules:
    """What the last release says of the next: the rules that profilers make."""

    key: list[str]
    codes: dict[str, list[str]]  # by column
    period: str  # regular expression
    bounds: dict[str, tuple[float, float]]  # smallest and largest value by indicator
    nulls: bool  # whether a value may be missing
    rows: int


def rules_of(last: pd.DataFrame, job: dict) -> Rules:
    """Return the rules that a last release implies for the table of a `job`."""
    known = last.dropna(subset="obs_value").groupby("indicator")["obs_value"]
    bounds = known.agg(["min", "max"])
    return Rules(
        key=job["key"], codes={n: sorted(last[n].dropna().unique()) for n in job["codes"]},
        period=f"^(?:{job['period']})$", nulls=bool(last["obs_value"].isna().any()),
        bounds={str(i): (float(b["min"]), float(b["max"])) for i, b in bounds.iterrows()},
        rows=len(last),
    )


Named = tuple[set[int], list[str]]  # rows (`_id`), and what failed of the whole table


def main(check: Callable[[pd.DataFrame, Rules], Named]) -> None:
    """Run a tool's `check` over the tables of the folder that is the first argument."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    for job in json.loads((folder / "jobs.json").read_text(encoding="utf-8")):
        rules = rules_of(pd.read_parquet(folder / job["last"]), job)
        now = pd.read_parquet(folder / job["now"])
        began = time.process_time()
        rows, failed = check(now, rules)
        print(json.dumps({
            "now": job["now"], "rows": sorted(map(int, rows)), "table": failed,
            "seconds": round(time.process_time() - began, 4),
        }), flush=True)
