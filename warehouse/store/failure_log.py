"""The failure log: unresolved failures, and who was notified of them.

    failures/<sector>/<dataset>.json     the step that failed; deleted once it succeeds
    failures/notified/<channel>.json     the causes that a channel was notified of

No part of the record: only what notifications need to be sent once, and to report recovery.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from model.errors import StoreError
from model.records.incident import Failure, Notified
from model.util.disk import disk_errors, write_if_changed
from model.util.hashing import pretty_json, sealed, unsealed
from model.util.text import Frozen
from warehouse.store.data_dir import DataDir

NOTIFIED = "notified"
log = logging.getLogger(__name__)


class KnownCauses(Frozen):
    """The causes that a channel knows: `failures/notified/<channel>.json`."""

    causes: tuple[Notified, ...]


def opened(data_dir: DataDir) -> list[Failure]:
    """Return the unresolved failures, by dataset.

    One that was changed after it was written says so: the dataset's next run writes it anew.
    """
    return [
        _read(path) for path in sorted(data_dir.failures.glob("*/*.json"))
        if path.parent.name != NOTIFIED
    ]


def _read(path: Path) -> Failure:
    try:
        return Failure.model_validate_json(unsealed(path.read_bytes()))
    except (OSError, ValueError) as error:
        return Failure(
            dataset=f"{path.parent.name}/{path.stem}", stage="", kind=StoreError.__name__,
            cause=f"data folder: {path.name} in the failure log", where=str(path),
            what=f"what had failed cannot be read: {error}", todo="run the dataset again",
        )


def is_open(data_dir: DataDir, dataset: str) -> bool:
    """Return whether a `dataset` has an unresolved failure in the log of `data_dir`."""
    return (data_dir.failures / f"{dataset}.json").exists()


def note(data_dir: DataDir, failure: Failure) -> None:
    """Record a `failure` in `data_dir`; the same one again changes nothing."""
    path = data_dir.failures / f"{failure.dataset}.json"
    write_if_changed(path, sealed(pretty_json(failure)))


def resolved(data_dir: DataDir, dataset: str, stage: str | None = None) -> None:
    """Delete the failure of a `dataset` in `data_dir` at a `stage` that has succeeded since.

    Without a stage, at any: what failed was given up.
    """
    path = data_dir.failures / f"{dataset}.json"
    if path.exists() and (stage is None or _read(path).stage in ("", stage)):
        with disk_errors(path):
            path.unlink(missing_ok=True)


def notified(data_dir: DataDir, channel: str) -> tuple[Notified, ...]:
    """Return the causes that a `channel` was notified of and that were unresolved then.

    They are kept in `data_dir`.

    Of a file that was changed after it was written nothing is known: what still fails is notified
    again.
    """
    path = data_dir.failures / NOTIFIED / f"{channel}.json"
    if not path.exists():
        return ()
    try:
        return KnownCauses.model_validate_json(unsealed(path.read_bytes())).causes
    except ValueError as error:
        log.warning("%s cannot be read, and is written anew: %s", path, error)
        return ()


def remember(data_dir: DataDir, channel: str, causes: Sequence[Notified]) -> None:
    """Record in `data_dir` the `causes` that a `channel` knows now."""
    path = data_dir.failures / NOTIFIED / f"{channel}.json"
    if causes or path.exists():
        write_if_changed(path, sealed(pretty_json(KnownCauses(causes=tuple(causes)))))
