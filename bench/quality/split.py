"""Which tables are for tuning, and which are held out: decided by a seed before the first run.

All tables that the thresholds of the checks were once chosen on (`tests/corpus/project`) are for
tuning. Of the originals about the city (`tests/danang/project`), on which nothing was tuned, whole
statistics are held out, with all editions: "schools_2019" and "schools_2026" are never parted.
`python -m bench.quality.split` writes `split.csv`.
"""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path
from typing import Literal

from pipelines.catalogue import load_catalogue
from pipelines.settings import PACKAGED, Settings

SEED = 20261129
HELD_OUT = 0.6  # of the statistics
SPLIT = Path(__file__).with_name("split.csv")

Part = Literal["tuning", "held out"]


def part_of(dataset_id: str) -> Part:
    """Return the part of a table of `tests/danang/project`, by its statistic and the seed."""
    statistic = statistic_of(dataset_id)
    share = int(hashlib.sha256(f"{SEED} {statistic}".encode()).hexdigest()[:8], 16) / 16**8
    return "held out" if share < HELD_OUT else "tuning"


def statistic_of(dataset_id: str) -> str:
    """Return what a table is an edition of."""
    return re.sub(r"(_(final|plan))?_(\d{4}|earlier_build)$", "", dataset_id)


def parts() -> dict[str, Part]:
    """Return the part of each table, as it was written down."""
    with SPLIT.open(encoding="utf-8") as lines:
        return {row["dataset"]: row["part"] for row in csv.DictReader(lines)}  # type: ignore[misc]


def main() -> None:
    """Write down the parts."""
    project = PACKAGED / "tests" / "danang" / "project"
    catalogue = load_catalogue(Settings(project=project, profile="live"))
    with SPLIT.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["dataset", "part", "files"])
        for dataset_id, bound in sorted(catalogue.bound_datasets("live").items()):
            files = getattr(bound.source.options, "files", ())
            writer.writerow([dataset_id, part_of(dataset_id), " ".join(map(str, files))])


if __name__ == "__main__":
    main()
