"""Rows that a person accepted although they fail a check.

    acceptances/<sector>/<dataset>.jsonl     one line for each accepted row, append-only

An acceptance is by content: it holds for a row with exactly these values, and for the checks that
the person saw it fail. It is one of a release's inputs, so that a new release follows.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.records.validation_log import Acceptance
from model.util.hashing import sha256_json
from warehouse.store.append_log import append_log, read_log
from warehouse.store.data_dir import DataDir


def load(data_dir: DataDir, dataset: str) -> list[Acceptance]:
    """Return the accepted rows, in the order in which they were accepted.

    Raises:
        StoreError: the file is damaged.
    """
    todo = "restore the file from a backup: it records who accepted what, and why"
    return read_log(data_dir.acceptances(dataset), Acceptance, "the log of accepted rows", todo)


def add(data_dir: DataDir, dataset: str, accepted: Sequence[Acceptance]) -> None:
    """Add acceptances to the dataset's log.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    append_log(data_dir.acceptances(dataset), accepted)


def version(accepted: Sequence[Acceptance]) -> str | None:
    """Return the checksum of what was accepted, or None where nothing was."""
    if not accepted:
        return None
    return sha256_json(sorted({(item.row_sha256, item.checks) for item in accepted}))
