"""The back-test of projections: how often do their 90 % intervals hold, over thousands of series?

    python -m portal.targets.backtest --calibrate SAMPLE_DATA --test CORPUS_DATA

Every yearly series of the newest release of each dataset is cut at several years, projected from
what was known then, and compared with what came. Coverage is measured on series that the widths
were not made from: each half of the datasets is tested with the quantiles of the other half, and
the data folders after `--test` with those that are published. A dataset counts as one, however
many places it has: series of one table are alike.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow.parquet as pq

from portal.targets.projection import (
    CALIBRATION,
    COVERAGE,
    HORIZON,
    LEAST,
    LENGTHS,
    Values,
    forecast,
    group,
    variation,
)

ORIGINS = 6  # of a series, spread over it
PER_DATASET = 400  # series of one dataset at most
_NOT_KEY = ("time_period", "obs_value", "unit_measure", "obs_status", "obs_note", "footnotes",
            "lower_bound", "upper_bound", "source_part", "source_row", "source_column")

Quantiles = dict[int, list[float]]


@dataclass(frozen=True)
class Errors:
    """The errors of the forecasts of one dataset.

    groups, horizons: of each forecast; errors: absolute ones, in units of the series' variation.
    """

    dataset: str
    series: int
    groups: Values
    horizons: Values
    errors: Values


def _yearly_series(path: Path) -> Iterator[Values]:
    """Yield the yearly series of a release's Parquet file, each without a missing year."""
    table = pq.read_table(path, filters=[("freq", "==", "A")])
    key = [name for name in table.column_names if name not in _NOT_KEY]
    rows: dict[tuple[Any, ...], list[tuple[int, float]]] = defaultdict(list)
    columns = [table.column(name).to_pylist() for name in (*key, "time_period", "obs_value")]
    for *of, period, value in zip(*columns, strict=True):
        if value is not None:
            rows[tuple(of)].append((int(period[:4]), value))
    for found in rows.values():
        found.sort()
        years = np.array([year for year, _ in found])
        values = np.array([value for _, value in found])
        runs = np.split(values, np.flatnonzero(np.diff(years) != 1) + 1)
        longest = max(runs, key=len)
        if len(longest) > LEAST:
            yield longest


def errors_of(dataset: str, series: Iterable[Values]) -> Errors:
    """Return the errors of all forecasts that can be tested on the `series` of a `dataset`."""
    kept = list(series)
    kept = kept[:: max(1, -(-len(kept) // PER_DATASET))]
    rows: list[tuple[int, int, float]] = []
    for values in kept:
        cuts = np.linspace(LEAST, len(values) - 1, min(ORIGINS, len(values) - LEAST))
        for cut in sorted({int(each) for each in cuts}):
            logs = bool(np.all(values[:cut] > 0))
            with np.errstate(divide="ignore", invalid="ignore"):
                scaled = np.log(np.maximum(values, 0)) if logs else values  # -inf: never inside
            ahead = min(HORIZON, len(values) - cut)
            unit = variation(scaled[:cut], logs)
            missed = np.abs(scaled[cut : cut + ahead] - forecast(scaled[:cut], ahead)) / unit
            rows += [(group(cut), at + 1, float(each)) for at, each in enumerate(missed)]
    found = np.array(rows).reshape(-1, 3)
    return Errors(dataset, len(kept), found[:, 0], found[:, 1], found[:, 2])


def quantiles(tested: Sequence[Errors]) -> Quantiles:
    """Return the widths that held in 90 % of the forecasts, by group of lengths and horizon.

    Each dataset weighs the same; a longer horizon is never narrower.
    """
    found: Quantiles = {}
    for length in LENGTHS:
        widths: list[float] = []
        for horizon in range(1, HORIZON + 1):
            values, weights = [], []
            for each in tested:
                errors = each.errors[(each.groups == length) & (each.horizons == horizon)]
                values.append(errors)
                weights.append(np.full(len(errors), 1 / max(len(errors), 1)))
            widths.append(max(_quantile(np.concatenate(values), np.concatenate(weights)),
                              *widths, 0.0))
        found[length] = [round(each, 3) for each in widths]
    return found


def _quantile(values: Values, weights: Values) -> float:
    if not len(values):
        return 0.0
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(share, COVERAGE)), len(values) - 1)])


def coverage(tested: Sequence[Errors], widths: Quantiles) -> dict[str, Any]:
    """Return how often intervals of these `widths` held, in all, by horizon and by length."""
    held: dict[tuple[str, int], list[float]] = defaultdict(list)
    forecasts = 0
    for each in tested:
        if not len(each.errors):
            continue
        limits = np.array([
            widths[int(length)][int(horizon) - 1]
            for length, horizon in zip(each.groups, each.horizons, strict=True)
        ])
        inside = each.errors <= limits
        forecasts += len(inside)
        held["all", 0].append(float(inside.mean()))
        for name, column in (("horizon", each.horizons), ("length", each.groups)):
            for of in np.unique(column):
                held[name, int(of)].append(float(inside[column == of].mean()))

    def share(name: str) -> dict[str, float]:
        return {
            str(of): round(sum(found) / len(found), 3)
            for (kind, of), found in sorted(held.items()) if kind == name
        }

    return {
        "datasets": len(tested), "series": sum(each.series for each in tested),
        "forecasts": forecasts, "all": share("all").get("0"), "by_horizon": share("horizon"),
        "by_length": share("length"),
    }


def _cross_coverage(tested: Sequence[Errors]) -> list[dict[str, Any]]:
    """Return the coverage of each half of the datasets with the widths of the other half."""
    halves = [[each for each in tested if crc32(each.dataset.encode()) % 2 == half]
              for half in (0, 1)]
    return [
        coverage(half, quantiles(other))
        for half, other in zip(halves, reversed(halves), strict=True)
    ]


def plain(tested: Sequence[Errors]) -> float:
    """Return how often the textbook interval holds: 1.645 standard deviations, times √horizon."""
    normal = {length: [1.645 * float(np.sqrt(h)) for h in range(1, HORIZON + 1)]
              for length in LENGTHS}
    return float(coverage(tested, normal)["all"])


def newest_releases(folders: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Yield each dataset of some data folders with the Parquet file of its newest release."""
    for folder in folders:
        newest: dict[str, Path] = {}
        for path in folder.glob("releases/*/*/*/data.parquet"):
            name = "/".join(path.parts[-4:-2])
            if path.parts[-2].isdigit() and (
                name not in newest or int(newest[name].parts[-2]) < int(path.parts[-2])
            ):
                newest[name] = path
        yield from sorted(newest.items())


def backtest(folders: Iterable[Path]) -> list[Errors]:
    """Return the errors of the forecasts over the yearly series of some data folders."""
    found = (errors_of(name, _yearly_series(path)) for name, path in newest_releases(folders))
    return [each for each in found if len(each.errors)]


def main() -> None:
    """Calibrate on some data folders, test on others, and write `calibration.json`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calibrate", type=Path, nargs="+", required=True)
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    parser.add_argument("--write", action="store_true", help="replace calibration.json")
    arguments = parser.parse_args()
    own, others = backtest(arguments.calibrate), backtest(arguments.test)
    widths = quantiles(own)
    found = {
        "quantiles": {str(length): each for length, each in widths.items()},
        "halves": _cross_coverage(own),
        "textbook": plain(own),
        **({"corpus": coverage(others, widths)} if others else {}),
    }
    text = json.dumps(found, indent=1) + "\n"
    if arguments.write:
        CALIBRATION.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
