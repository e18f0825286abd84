"""Dagster's floor: definitions of assets and checks that do nothing, by each way to make them.

    python -m bench.nothing_assets [--datasets 1000] [--checks 50]

Four assets for each dataset, of which one has the checks; the graph is resolved, as whoever loads
definitions does. Prints processor time and peak of memory, each in a process of its own that
imports nothing but Dagster: by `@dg.asset`; by `@dg.multi_asset` for each dataset, and for each of
13 sectors; as `dg.AssetSpec` alone, which nothing can run and which has no checks.
"""

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator

import dagster as dg

STAGES = ("snapshot", "table", "release", "publication")
SECTORS = 13


def main() -> None:
    """Measure each way, without and with checks; the process that is measured has `--way`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--datasets", type=int, default=1_000)
    parser.add_argument("--checks", type=int, default=50)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        define(WAYS[asked.way], asked.datasets, asked.checks)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(f"{asked.datasets:6} x 4 assets, {asked.checks:2} checks, by {asked.way:22}"
              f" {used.ru_utime + used.ru_stime:7.1f} s {used.ru_maxrss // 1024:6} MB")
        return
    for checks in (0, asked.checks):
        for way in WAYS:
            if checks == 0 or way != "AssetSpec":
                subprocess.run(
                    [sys.executable, "-m", "bench.nothing_assets", "--way", way,
                     "--datasets", str(asked.datasets), "--checks", str(checks)], check=True,
                )


def define(make: Callable[[list[str], int], list], datasets: int, checks: int) -> None:
    """Define what `make` makes of so many `datasets` and `checks`, and resolve the graph."""
    assets = make([f"x/d{number}" for number in range(datasets)], checks)
    keys = dg.Definitions(assets).resolve_asset_graph().get_all_asset_keys()
    if len(keys) != datasets * len(STAGES):
        raise SystemExit(f"{len(keys)} assets")


def nothing_assets(dataset: str, checks: int) -> Iterator[dg.AssetsDefinition]:
    """Yield a dataset's four assets, of which the table has so many `checks`."""
    for spec in _specs(dataset):
        names = [f"check_{n}" for n in range(checks if spec.key.path[-1] == "table" else 0)]
        yield _asset(spec.key, [dep.asset_key for dep in spec.deps], names)


def _asset(key: dg.AssetKey, before: list[dg.AssetKey], names: list[str]) -> dg.AssetsDefinition:
    @dg.asset(
        key=key, deps=before, check_specs=[dg.AssetCheckSpec(name, asset=key) for name in names]
    )
    def nothing() -> dg.MaterializeResult:
        return dg.MaterializeResult(
            check_results=[dg.AssetCheckResult(passed=True, check_name=name) for name in names]
        )

    return nothing


def _multi(name: str, datasets: list[str], checks: int) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=name, can_subset=True, specs=[spec for each in datasets for spec in _specs(each)],
        check_specs=[dg.AssetCheckSpec(f"check_{n}", asset=_key(each, "table"))
                     for each in datasets for n in range(checks)],
    )
    def nothing(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        yield from ()

    return nothing


def _specs(dataset: str) -> list[dg.AssetSpec]:
    keys = [_key(dataset, stage) for stage in STAGES]
    return [dg.AssetSpec(key, deps=keys[max(0, n - 1):n]) for n, key in enumerate(keys)]


def _key(dataset: str, stage: str) -> dg.AssetKey:
    return dg.AssetKey([*dataset.split("/"), stage])


WAYS: dict[str, Callable[[list[str], int], list]] = {
    "AssetSpec": lambda names, _: [spec for name in names for spec in _specs(name)],
    "asset": lambda names, checks: [
        made for name in names for made in nothing_assets(name, checks)
    ],
    "multi_asset of dataset": lambda names, checks: [
        _multi(f"m{n}", [name], checks) for n, name in enumerate(names)
    ],
    "multi_asset of sector": lambda names, checks: [
        _multi(f"m{n}", names[n::SECTORS], checks) for n in range(SECTORS)
    ],
}


if __name__ == "__main__":
    main()
