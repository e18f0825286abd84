"""How much a run of a test project released: the last line of `make corpus` and `make danang`."""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from warehouse.store import releases
from warehouse.store.data_dir import DataDir


def summary(data_dirs: list[Path], area: str | None = None) -> str:
    """Return the number of datasets that are released, and of their observations.

    Args:
        data_dirs: the data folders of the runs.
        area: a code of an area; adds how many of the observations are about it.
    """
    found = [
        stored for data_dir in data_dirs for folder in sorted((data_dir / "releases").glob("*/*"))
        if (stored := releases.current(
            DataDir(data_dir.absolute()), f"{folder.parent.name}/{folder.name}"
        ))
    ]
    said = f"{len(found)} datasets, {sum(stored.release.rows for stored in found)} observations"
    if area is None:
        return said
    paths = [str(stored.path("data.parquet")) for stored in found]
    counted = duckdb.execute(
        "SELECT count(*) FROM read_parquet(?, union_by_name = true) WHERE ref_area = ?",
        [paths, area],
    ).fetchone()
    return f"{said}, of which {counted[0] if counted else 0} of {_NAMES.get(area, area)}"


_NAMES = {"48": "Da Nang"}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--area")
    parser.add_argument("data_dirs", type=Path, nargs="+")
    given = parser.parse_args()
    print(summary(given.data_dirs, given.area))
