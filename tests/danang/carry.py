"""Carry the statistics office's figures from the releases of `project` into the sample.

    make danang && python -m tests.danang.carry

The facts of the sample are files of our own: indicator, dimensions, area, year, value, status and
the table that each figure is from. `carried.yaml` says which tables, and of which day.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from model.declarations.dataset import PROVENANCE
from warehouse.store import releases
from warehouse.store.data_dir import DataDir

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "sources" / "demo" / "sample"
# The country, its regions and the provinces that the sample compares with Da Nang in detail.
AREAS = (
    "VNM", "RRD", "NMM", "NCCC", "CH", "SE", "MRD", "01", "22", "31", "38", "40", "46", "48", "49",
    "51", "52", "56", "66", "68", "74", "75", "79", "92",
)
_NO_DIMENSION = {
    "indicator", "ref_area", "geo_vintage", "freq", "time_period", "obs_value", "unit_measure",
    "obs_status", "obs_note", "footnotes", *PROVENANCE,
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Carried:
    """What `carried.yaml` says of a dataset of the sample.

    vintages: by day, the datasets of the test project that are new on that day.
    all_areas: the indicators that keep every area; None: all.
    only_areas: the areas that are kept, of all indicators.
    each_cell: whether a newer edition replaces single cells instead of whole series.
    as_indicator: for tables of PX-Web, the indicator that the codes of the dimensions are there.
    """

    dataset: str
    vintages: dict[str, list[str]]
    all_areas: tuple[str, ...] | None = None
    only_areas: tuple[str, ...] | None = None
    each_cell: bool = False
    as_indicator: dict[str, str] | None = None

    def keeps(self, row: Row) -> bool:
        """Whether the sample has this observation."""
        if self.only_areas is not None:
            return row["ref_area"] in self.only_areas
        if row["ref_area"] in AREAS:
            return True
        dimensions = [value for name, value in row.items() if name not in _NO_DIMENSION]
        return all(value == "_T" for value in dimensions if value is not None) and (
            self.all_areas is None or row["indicator"] in self.all_areas
        )


def carried() -> list[Carried]:
    """Return what `carried.yaml` says, by dataset."""
    text = yaml.load((HERE / "carried.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    return [
        Carried(
            dataset, each["vintages"],
            tuple(each["all_areas"]) if "all_areas" in each else None,
            tuple(each["only_areas"]) if "only_areas" in each else None,
            "each_cell" in each, each.get("as_indicator"),
        )
        for dataset, each in text.items()
    ]


def released(data_dir: DataDir, dataset: str) -> list[Row]:
    """Return the observations of a dataset's current release, in the order of its source."""
    stored = releases.current(data_dir, dataset)
    if stored is None:
        raise SystemExit(f"{dataset} is not released in {data_dir.root}: run `make danang` first")
    with duckdb.connect() as con:
        found = con.execute(
            "SELECT * FROM read_parquet(?) ORDER BY source_row, source_column, time_period",
            [str(stored.path("data.parquet"))],
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def vintages(rule: Carried, data_dir: DataDir) -> Iterator[tuple[str, list[Row]]]:
    """Yield the day and observations of each vintage of a dataset, each with its `table`."""
    sector = rule.dataset.partition("/")[0]
    editions: list[list[Row]] = []
    for day, tables in sorted(rule.vintages.items()):
        cells: dict[tuple[Any, ...], Row] = {}
        for table in tables:
            for row in released(data_dir, f"{sector}/{table}"):
                if rule.keeps(row):
                    # Without the edition: that is the release's, and no revision of the figure.
                    cells.setdefault(_key(row), {**row, "table": table.rpartition("_")[0]})
        editions.append(list(cells.values()))
        yield day, _newest(editions, _key if rule.each_cell else _series)


def _newest(editions: Iterable[list[Row]], of: Any) -> list[Row]:
    """Return each series (or cell) as the newest edition that has it says."""
    newest: dict[tuple[Any, ...], list[Row]] = {}
    for edition in editions:
        found: dict[tuple[Any, ...], list[Row]] = {}
        for row in edition:
            found.setdefault(of(row), []).append(row)
        newest |= found
    return [row for rows in newest.values() for row in rows]


def _series(row: Row) -> tuple[Any, ...]:
    return tuple(
        str(value) for name, value in row.items()
        if name in ("indicator", "ref_area") or name not in (*_NO_DIMENSION, "table")
    )


def _key(row: Row) -> tuple[Any, ...]:
    return (*_series(row), row["time_period"])


def write(rule: Carried, data_dir: DataDir) -> int:
    """Write the facts of a dataset, and return how many the last vintage has."""
    folder = SAMPLE / rule.dataset
    form = yaml.safe_load((folder / "source.yaml").read_text(encoding="utf-8"))["form"]
    rows: list[Row] = []
    for day, rows in vintages(rule, data_dir):
        dimensions = [n for n in rows[0] if n not in (*_NO_DIMENSION, "table")]
        if rule.as_indicator:
            for row in rows:
                row["indicator"] = rule.as_indicator[" ".join(row[n] for n in dimensions)]
            dimensions = []
        px = form == "pxweb"
        period = "time_period" if px else "month" if rows[0]["freq"] == "M" else "year"
        head = [
            "indicator", *dimensions, "ref_area", period,
            *(("obs_value", "obs_status", "obs_note") if px else ("value", "status", "table")),
        ]
        with (folder / f"{day}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(head)
            for row in rows:
                status = "" if row["obs_status"] == "A" else row["obs_status"]
                value = f"{row['obs_value']:.10g}"
                said = [*(row[n] for n in ("indicator", *dimensions, "ref_area", "time_period"))]
                out.writerow([*said, value, status, "" if px else row["table"]])
    return len(rows)


if __name__ == "__main__":
    folder = DataDir(Path(sys.argv[1] if len(sys.argv) > 1 else "data/danang").absolute())
    wanted = sys.argv[2:]
    total = 0
    for each in carried():
        if not wanted or each.dataset in wanted:
            number = write(each, folder)
            total += number
            print(f"{number:6,}  {each.dataset}")
    print(f"{total:6,}  observations of the newest vintages")
