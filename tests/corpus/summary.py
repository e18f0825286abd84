"""How much a run of the corpus project released: the last line of `make corpus`."""

from __future__ import annotations

import sys
from pathlib import Path

from warehouse.store import releases
from warehouse.store.data_dir import DataDir


def summary(data_dir: Path) -> str:
    """Return the number of datasets that are released, and of their observations."""
    folders = (data_dir / "releases").glob("*/*")
    ids = sorted(f"{folder.parent.name}/{folder.name}" for folder in folders)
    found = [releases.current(DataDir(data_dir.absolute()), each) for each in ids]
    rows = [stored.release.rows for stored in found if stored is not None]
    return f"{len(rows)} datasets, {sum(rows)} observations"


if __name__ == "__main__":
    print(summary(Path(sys.argv[1])))
