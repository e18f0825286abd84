"""What a table is compared with: earlier releases of its dataset, others' current ones.

Relations are Parquet files by the name that the suite's queries use for them. One that is not there
is left out, and what needs it is not evaluated.
"""

from collections.abc import Mapping
from pathlib import Path

from expectations.checks.base import EARLIER_RELEASES, PREVIOUS_RELEASE
from expectations.suites.suite import Suite
from model.declarations.dataset import Dataset
from model.util.hashing import sha256_json
from warehouse.store import releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

DATA = "data.parquet"


def releases_to_compare(
    data_dir: DataDir, dataset: Dataset, suite: Suite, inputs_sha256: str
) -> dict[str, list[StoredRelease]]:
    """Return the releases of `data_dir` that a `dataset`'s `suite` compares its table with.

    The newest release, where it was made from the same `inputs_sha256`, is not one before it.
    """
    wanted = set().union(*(item.relations for item in suite.expectations))
    found = {}
    for name in sorted(wanted):
        if name in (PREVIOUS_RELEASE, EARLIER_RELEASES):
            before = _before(data_dir, dataset, inputs_sha256)
            stored = before[-1:] if name == PREVIOUS_RELEASE else before
        else:
            current = releases.current(data_dir, name)
            stored = [current] if current and current.release.reason != "withdrawal" else []
        if stored:
            found[name] = stored
    return found


def paths(compared: Mapping[str, list[StoredRelease]]) -> dict[str, list[Path]]:
    """Return the files to compare with."""
    return {name: [each.path(DATA) for each in stored] for name, stored in compared.items()}


def version(compared: Mapping[str, list[StoredRelease]]) -> str:
    """Return a checksum of all that is compared with."""
    return sha256_json({
        name: [each.release.file(DATA).sha256 for each in stored]
        for name, stored in compared.items()
    })


def _before(data_dir: DataDir, dataset: Dataset, inputs_sha256: str) -> list[StoredRelease]:
    """Return the releases before the one of these inputs, oldest first.

    Those from before the dataset's columns changed are left out: they speak of other cells. One of
    the same inputs counts where others came after it: the source serves an earlier edition again.
    """
    found: list[StoredRelease] = []
    for stored in reversed(releases.history(data_dir, dataset.id)):
        if not found and stored.release.inputs_sha256 == inputs_sha256:
            continue
        declared = stored.release.declaration.get("dimensions", {})
        if list(declared) != list(dataset.dimensions) or stored.release.reason == "withdrawal":
            break
        found.insert(0, stored)
    return found
