"""What a table is compared with: the last release of its dataset, and other datasets' current ones.

Relations are Parquet files by the name that the suite's queries use for them. One that is not there
is left out, and what needs it is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from expectations.custom import PREVIOUS_RELEASE, relations_of
from expectations.suite import Suite
from model.dataset import Dataset
from model.hashing import sha256_json
from warehouse import releases
from warehouse.home import Home
from warehouse.releases import StoredRelease

DATA = "data.parquet"


def compared_with(
    home: Home, dataset: Dataset, suite: Suite, inputs_sha256: str
) -> dict[str, StoredRelease]:
    """Return the releases that a suite compares a table with, by relation.

    Args:
        home: the data folder.
        dataset: the dataset that is judged.
        suite: its complete suite.
        inputs_sha256: what the table is made from. A release that was made from the same is not
            the last one before it.
    """
    wanted = set().union(*(relations_of(item) for item in suite.expectations))
    found = {}
    for name in sorted(wanted):
        release = (
            _before(home, dataset, inputs_sha256) if name == PREVIOUS_RELEASE
            else releases.current(home, name)
        )
        if release is not None and release.release.reason != "withdrawal":
            found[name] = release
    return found


def paths(compared: Mapping[str, StoredRelease]) -> dict[str, Path]:
    """Return the files to compare with."""
    return {name: stored.path(DATA) for name, stored in compared.items()}


def version(compared: Mapping[str, StoredRelease]) -> str:
    """Return a checksum of all that is compared with."""
    return sha256_json(
        {name: stored.release.file(DATA).sha256 for name, stored in compared.items()}
    )


def _before(home: Home, dataset: Dataset, inputs_sha256: str) -> StoredRelease | None:
    """Return the last release of other inputs that has the dataset's own columns."""
    for stored in reversed(releases.history(home, dataset.id)):
        if stored.release.inputs_sha256 == inputs_sha256:
            continue
        declared = stored.release.declaration.get("dimensions", {})
        return stored if list(declared) == list(dataset.dimensions) else None
    return None
