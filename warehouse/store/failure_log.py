"""The failure log: unresolved failures, and who was notified of them.

    failures/<sector>/<dataset>.json     the step that failed; deleted once it succeeds
    failures/notified/<channel>.json     the causes that a channel was notified of

No part of the record: only what notifications need to be sent once, and to report recovery.
"""

from collections.abc import Sequence

from pydantic import TypeAdapter

from model.errors import StoreError
from model.records.incident import Failure, Notified
from model.util.disk import disk_errors, write_if_changed
from model.util.hashing import pretty_json
from warehouse.store.data_dir import DataDir

NOTIFIED = "notified"
_NOTIFIED = TypeAdapter(tuple[Notified, ...])


def opened(data_dir: DataDir) -> list[Failure]:
    """Return the unresolved failures, by dataset.

    Raises:
        StoreError: a file is damaged.
    """
    found = []
    for path in sorted(data_dir.failures.glob("*/*.json")):
        if path.parent.name != NOTIFIED:
            found.append(_read(path.read_bytes(), str(path)))
    return found


def _read(data: bytes, where: str) -> Failure:
    try:
        return Failure.model_validate_json(data)
    except ValueError as error:
        raise StoreError(
            f"cannot be read: {error}", where=where, todo="delete it: the next run writes it anew"
        ) from error


def is_open(data_dir: DataDir, dataset: str) -> bool:
    """Return whether a dataset has an unresolved failure, in the data folder's log."""
    return (data_dir.failures / f"{dataset}.json").exists()


def note(data_dir: DataDir, failure: Failure) -> None:
    """Record a failure; the same one again changes nothing."""
    write_if_changed(data_dir.failures / f"{failure.dataset}.json", pretty_json(failure))


def resolved(data_dir: DataDir, dataset: str, stage: str) -> None:
    """Delete a failure once its step has succeeded."""
    path = data_dir.failures / f"{dataset}.json"
    if path.exists() and _read(path.read_bytes(), str(path)).stage == stage:
        with disk_errors(path):
            path.unlink(missing_ok=True)


def notified(data_dir: DataDir, channel: str) -> tuple[Notified, ...]:
    """Return the causes that a channel was notified of and that were unresolved then.

    Raises:
        StoreError: the file is damaged.
    """
    path = data_dir.failures / NOTIFIED / f"{channel}.json"
    if not path.exists():
        return ()
    try:
        return _NOTIFIED.validate_json(path.read_bytes())
    except ValueError as error:
        raise StoreError(
            f"cannot be read: {error}", where=str(path),
            todo="delete it: what still fails is notified again",
        ) from error


def remember(data_dir: DataDir, channel: str, causes: Sequence[Notified]) -> None:
    """Record the causes that a channel knows now."""
    path = data_dir.failures / NOTIFIED / f"{channel}.json"
    if causes or path.exists():
        write_if_changed(path, pretty_json([item.model_dump(mode="json") for item in causes]))
