"""What a person accepted although it fails a check: rows, and a snapshot as a whole.

    acceptances/<sector>/<dataset>.jsonl          one line for each accepted row, append-only
    acceptances/<sector>/<dataset>.checks.jsonl   one line for each check accepted for a snapshot

An acceptance is by content: it holds for a row with exactly these values, and for the checks that
the person saw it fail; that of a check on the table holds for the very snapshot. It is one of a
release's inputs, so that a new release follows.
"""

from collections.abc import Sequence
from datetime import datetime

from model.records.validation_log import Acceptance, CheckAcceptance
from model.util.hashing import sha256_json
from warehouse.store.atomic import append_log, read_log
from warehouse.store.data_dir import DataDir

_WHAT = "the log of what was accepted"
_TODO = "restore the file from a backup: it records who accepted what, and why"


def load(data_dir: DataDir, dataset: str) -> list[Acceptance]:
    """Return the accepted rows of a `dataset` in `data_dir`, in the order of their acceptance.

    Raises:
        StoreError: the file is damaged.
    """
    return read_log(data_dir.acceptances(dataset), Acceptance, _WHAT, _TODO)


def add(data_dir: DataDir, dataset: str, accepted: Sequence[Acceptance]) -> None:
    """Add acceptances (`accepted`) to the log of a `dataset` in `data_dir`.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    append_log(data_dir.acceptances(dataset), accepted)


def load_checks(data_dir: DataDir, dataset: str, snapshot_sha256: str) -> list[CheckAcceptance]:
    """Return the checks that were accepted for the snapshot `snapshot_sha256` of a `dataset`.

    `data_dir` has their log.

    Raises:
        StoreError: the file is damaged.
    """
    found = load_all_checks(data_dir, dataset)
    return [item for item in found if item.snapshot_sha256 == snapshot_sha256]


def load_all_checks(data_dir: DataDir, dataset: str) -> list[CheckAcceptance]:
    """Return the checks that were accepted for any snapshot of a `dataset` in `data_dir`.

    Raises:
        StoreError: the file is damaged.
    """
    return read_log(data_dir.accepted_checks(dataset), CheckAcceptance, _WHAT, _TODO)


def add_check(data_dir: DataDir, accepted: CheckAcceptance) -> None:
    """Add the acceptance of a check (`accepted`) to its dataset's log in `data_dir`.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    append_log(data_dir.accepted_checks(accepted.dataset), [accepted])


def copy(data_dir: DataDir, other: DataDir, dataset: str, until: datetime) -> None:
    """Let the `other` data folder have what was accepted of a `dataset` in `data_dir` `until` then.

    Raises:
        StoreError: a log is damaged, or the other folder cannot be written.
    """
    rows = [each for each in load(data_dir, dataset) if each.at <= until]
    checks = [each for each in load_all_checks(data_dir, dataset) if each.at <= until]
    put(other, dataset, rows, checks)


def put(
    data_dir: DataDir, dataset: str, rows: Sequence[Acceptance], checks: Sequence[CheckAcceptance]
) -> None:
    """Let these `rows` and `checks` be all that was accepted of a `dataset` in `data_dir`.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    for path, found in (
        (data_dir.acceptances(dataset), rows), (data_dir.accepted_checks(dataset), checks)
    ):
        path.unlink(missing_ok=True)
        if found:
            append_log(path, found)


def version(accepted: Sequence[Acceptance], checks: Sequence[CheckAcceptance] = ()) -> str | None:
    """Return the checksum of what was accepted, or None where nothing was."""
    rows = sorted({(item.row_sha256, item.checks) for item in accepted})
    of_table = sorted({(item.snapshot_sha256, item.check) for item in checks})
    return sha256_json([*rows, *of_table]) if rows or of_table else None
