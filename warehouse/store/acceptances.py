"""Rows that a person accepted although a check holds them back.

    acceptances/<sector>/<dataset>.jsonl     one line for each accepted row; lines are only added

An acceptance is by content: it holds for a row with the very same values, and for the checks that
the person saw it break. It is one of a release's inputs, so that a new release follows.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.errors import StoreError
from model.records.validation_log import Acceptance
from model.util.disk import write_if_changed
from model.util.hashing import canonical_json, sha256_json
from warehouse.store.data_dir import DataDir


def load(data_dir: DataDir, dataset: str) -> list[Acceptance]:
    """Return the accepted rows, in the order in which they were accepted.

    Raises:
        StoreError: the file is damaged.
    """
    path = data_dir.acceptances(dataset)
    if not path.exists():
        return []
    try:
        return [Acceptance.model_validate_json(line) for line in path.read_bytes().splitlines()]
    except (OSError, ValueError) as error:
        raise StoreError(
            f"the accepted rows cannot be read: {error}", where=str(path),
            todo="restore the file from a backup: it says who accepted what, and why",
        ) from error


def add(data_dir: DataDir, dataset: str, accepted: Sequence[Acceptance]) -> None:
    """Add acceptances; a crash leaves the file of before or the whole new one.

    Raises:
        StoreError: full, read-only, forbidden, or the file is damaged.
    """
    lines = [*load(data_dir, dataset), *accepted]
    text = "".join(canonical_json(item) + "\n" for item in lines)
    write_if_changed(data_dir.acceptances(dataset), text)


def version(accepted: Sequence[Acceptance]) -> str | None:
    """Return the checksum of what was accepted, or None where nothing was."""
    if not accepted:
        return None
    return sha256_json(sorted({(item.row_sha256, item.checks) for item in accepted}))
