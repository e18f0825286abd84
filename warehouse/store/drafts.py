"""Drafts: releases that wait for a person's approval.

    drafts/<sector>/<dataset>/<draft>/     the files of a release, release.json with the number
                                           that it would get
    drafts/<sector>/<dataset>/log.jsonl    what became of each draft: made, replaced, approved,
                                           rejected; lines are only ever added

`<draft>` is a checksum of what the draft holds and of the release that it would follow. At most
one draft of a dataset waits: the newest. What was decided about stays in the log alone.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from model.declarations.dataset import Dataset
from model.errors import StoreError
from model.records.release import Decision, Inputs, Release
from model.util.disk import disk_errors
from model.util.hashing import has_checksum, pretty_json, sha256_file, sha256_json
from model.util.text import Frozen, Text
from warehouse.store import ledger, releases
from warehouse.store.atomic import append_log, atomic_directory, read_log
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

if TYPE_CHECKING:  # `list` reads releases without DuckDB and pyarrow, which take 0.2 s
    from warehouse.store.working_tables import Validated

SHORT = 16  # hex digits of a checksum that name a draft


class DraftEvent(Frozen):
    """A line of the log: what happened to a draft, when, and by whom."""

    event: Literal["made", "replaced", "approved", "rejected"]
    draft: str
    release: int  # the number that the draft has, or would have had
    content_sha256: str  # inputs and outcome: what was rejected is not proposed again
    at: datetime
    by: Text | None = None  # the person; None where the pipeline did it
    reason: Text | None = None
    replaced_by: str | None = None  # "draft <draft>" or "release <number>"
    record_sha256: str | None = None  # of the draft's release.json, where it was made


def datasets(data_dir: DataDir) -> list[str]:
    """Return the ids of all datasets that ever had a draft."""
    found = (data_dir.root / "drafts").glob("*/*/log.jsonl")
    return sorted("/".join(path.parts[-3:-1]) for path in found)


def log(data_dir: DataDir, dataset: str) -> list[DraftEvent]:
    """Return what happened to the drafts of a `dataset` in `data_dir`, oldest first.

    Raises:
        StoreError: the log is damaged.
    """
    todo = "restore it from a backup: it records what was approved and rejected"
    return read_log(_log_path(data_dir, dataset), DraftEvent, "the log of drafts", todo)


def waiting(data_dir: DataDir, dataset: str) -> StoredRelease | None:
    """Return the draft of a `dataset` in `data_dir` that waits for a decision, or None.

    Raises:
        StoreError: its record is missing or damaged.
    """
    made = _open(log(data_dir, dataset))
    if made is None or _released(data_dir, dataset, made):
        return None
    folder = data_dir.drafts(dataset) / made.draft
    if not folder.exists():
        return None
    if not _is_whole(folder, made):
        raise StoreError(
            "the draft was changed after it was made", where=str(folder),
            todo=f"run `openindicators run {dataset}`, which makes it again",
        )
    return releases.load(folder)


def _is_whole(folder: Path, made: DraftEvent) -> bool:
    """Return whether a draft's `folder` holds what it held when it was `made`."""
    record = folder / ledger.RECORD
    if not record.is_file() or (
        made.record_sha256 and not has_checksum(record, made.record_sha256)
    ):
        return False
    files = releases.load(folder).release.files
    return all(has_checksum(folder / file.name, file.sha256) for file in files)


def is_settled(data_dir: DataDir, dataset: str) -> bool:
    """Return whether no draft of a `dataset` waits in `data_dir`, nor a killed process left one.

    Raises:
        StoreError: the log is damaged.
    """
    folder = data_dir.drafts(dataset)
    return _open(log(data_dir, dataset)) is None and not (
        folder.is_dir() and any(path.is_dir() for path in folder.iterdir())
    )


def rejection(data_dir: DataDir, dataset: str) -> DraftEvent | None:
    """Return the last event of a `dataset` in `data_dir` where it is a rejection, else None.

    Nothing was proposed since.
    """
    events = log(data_dir, dataset)
    return events[-1] if events and events[-1].event == "rejected" else None


def propose(
    data_dir: DataDir, dataset: Dataset, validated: Validated, inputs: Inputs, now: datetime
) -> tuple[StoredRelease | None, bool]:
    """Make a draft of the next release, unless it is unchanged or was rejected.

    Args:
        data_dir: the data folder.
        dataset: its declaration.
        validated: the table that passed validation.
        inputs: the checksums of what the table was made from.
        now: when it is proposed, in UTC.

    A draft that waits already makes room for it.

    Returns:
        The draft that waits now, if any, and whether anything has changed.

    Raises:
        DeclarationError: the dataset was withdrawn.
        StoreError: full, read-only, forbidden; what waits keeps waiting.
    """
    before = releases.current(data_dir, dataset.id)
    releases.refuse_withdrawn(before)
    _finish(data_dir, dataset.id)
    if before and releases.is_unchanged(data_dir, before, validated, inputs):
        return None, close(data_dir, dataset.id, f"release {before.release.number}", now)
    content = _content(inputs, sha256_file(validated.data), sha256_file(validated.quarantine))
    number = ledger.next_number(data_dir, dataset.id)
    name = sha256_json([content, number])[:SHORT]
    events = log(data_dir, dataset.id)
    waits = _open(events)
    folder = data_dir.drafts(dataset.id) / name
    if waits and waits.draft == name and _is_whole(folder, waits):
        return releases.load(folder), False
    if any(item.event == "rejected" and item.content_sha256 == content for item in events):
        return None, close(data_dir, dataset.id, f"draft {name}, which was rejected", now)
    if folder.exists():  # damaged, or a run ended before it could say so in the log
        shutil.rmtree(folder)
    with atomic_directory(folder) as staging:
        releases.fill(data_dir, staging, dataset, before, validated, inputs, now, number)
    made = DraftEvent(
        event="made", draft=name, release=number, content_sha256=content, at=now,
        record_sha256=sha256_file(folder / ledger.RECORD),
    )
    if waits and waits.draft != name:
        replaced = _ending(waits, "replaced", now, replaced_by=f"draft {name}")
        _add(data_dir, dataset.id, replaced, made)
    else:
        _add(data_dir, dataset.id, made)
    _finish(data_dir, dataset.id)
    return releases.load(folder), True


def approve(
    data_dir: DataDir, dataset: str, draft: str | None, by: str, now: datetime
) -> StoredRelease:
    """Release the waiting draft of a `dataset` in `data_dir`: the same bytes, and who decided.

    `draft` is the name of the one reviewed, None for the one that waits; `by` approves it `now`.

    Raises:
        DeclarationError: the dataset was withdrawn.
        StoreError: no draft waits, it is another one, a release came out meanwhile, or the
            draft's files are damaged.
    """
    before = releases.current(data_dir, dataset)
    releases.refuse_withdrawn(before)
    _finish(data_dir, dataset)
    made, stored = _waiting_draft(data_dir, dataset, draft)
    if stored.release.number != ledger.next_number(data_dir, dataset):
        raise StoreError(
            f"release {before.release.number if before else 0} came out after the draft was"
            " made, so that the draft compares with figures that are public no longer",
            where=dataset,
            todo=f"run `openindicators run {dataset}`, look at the new draft, then decide",
        )
    stored.verify()
    decision = Decision(kind="approved", by=by, at=now)
    release = Release.model_validate(
        {**stored.release.model_dump(), "issued": now, "decision": decision}
    )
    with releases.committed(data_dir, dataset, release.number) as staging:
        for record in release.files:
            with disk_errors(staging):
                shutil.copyfile(stored.path(record.name), staging / record.name)
        (staging / ledger.RECORD).write_text(pretty_json(release), encoding="utf-8")
    _add(data_dir, dataset, _ending(made, "approved", now, by=by))
    _finish(data_dir, dataset)
    return releases.load(data_dir.releases(dataset) / str(release.number))


def reject(
    data_dir: DataDir, dataset: str, draft: str | None, by: str, reason: str, now: datetime
) -> DraftEvent:
    """Reject the draft that waits; the same inputs will not make it again.

    Args:
        data_dir: the data folder.
        dataset: id of the dataset.
        draft: the name of the reviewed draft, or None for the one that waits.
        by: who rejects.
        reason: why.
        now: when.

    Raises:
        StoreError: no draft waits, or it is another one.
    """
    _finish(data_dir, dataset)
    made, _ = _waiting_draft(data_dir, dataset, draft)
    event = _ending(made, "rejected", now, by=by, reason=reason)
    _add(data_dir, dataset, event)
    _finish(data_dir, dataset)
    return event


def close(data_dir: DataDir, dataset: str, replaced_by: str, now: datetime) -> bool:
    """Let no draft of a `dataset` in `data_dir` wait any longer; its log says since when (`now`).

    `replaced_by` is what has taken its place.

    Returns:
        Whether one waited.
    """
    _finish(data_dir, dataset)
    made = _open(log(data_dir, dataset))
    if made is None:
        return False
    _add(data_dir, dataset, _ending(made, "replaced", now, replaced_by=replaced_by))
    _finish(data_dir, dataset)
    return True


def _log_path(data_dir: DataDir, dataset: str) -> Path:
    return data_dir.drafts(dataset) / "log.jsonl"


def _content(made_by: Inputs | Release, data_sha256: str, quarantine_sha256: str) -> str:
    """Return the checksum of what a person decides about, whatever bytes the source gave it in."""
    return sha256_json([
        made_by.declaration_sha256, made_by.suite_sha256, made_by.acceptances_sha256,
        data_sha256, quarantine_sha256,
    ])


def _open(events: list[DraftEvent]) -> DraftEvent | None:
    """Return the event that made the draft which no later event has ended."""
    return events[-1] if events and events[-1].event == "made" else None


def _waiting_draft(
    data_dir: DataDir, dataset: str, draft: str | None
) -> tuple[DraftEvent, StoredRelease]:
    made, stored = _open(log(data_dir, dataset)), waiting(data_dir, dataset)
    if made is None or stored is None:
        raise StoreError(
            "no draft waits for approval", where=dataset,
            todo="`openindicators drafts` shows those that do",
        )
    if draft is not None and draft != made.draft:
        raise StoreError(
            f"the draft that waits is {made.draft}, not {draft}", where=dataset,
            todo="look at it (`openindicators drafts`), then decide",
        )
    return made, stored


def _ending(
    made: DraftEvent, event: Literal["replaced", "approved", "rejected"], at: datetime, *,
    by: str | None = None, reason: str | None = None, replaced_by: str | None = None,
) -> DraftEvent:
    return DraftEvent(
        event=event, draft=made.draft, release=made.release, content_sha256=made.content_sha256,
        at=at, by=by, reason=reason, replaced_by=replaced_by,
    )


def _add(data_dir: DataDir, dataset: str, *events: DraftEvent) -> None:
    append_log(_log_path(data_dir, dataset), events)


def _released(data_dir: DataDir, dataset: str, made: DraftEvent) -> Release | None:
    """Return the release that a draft has become, or None."""
    stored = releases.current(data_dir, dataset)
    if stored is None or stored.release.number != made.release:
        return None
    release = stored.release
    same = made.content_sha256 == _content(
        release, release.file("data.parquet").sha256, release.file("quarantine.parquet").sha256
    )
    return release if same else None


def _finish(data_dir: DataDir, dataset: str) -> None:
    """Finish what a process that was killed has left: the log's last word, a folder."""
    made = _open(log(data_dir, dataset))
    release = _released(data_dir, dataset, made) if made else None
    if made and release and release.decision:
        decision = release.decision
        _add(data_dir, dataset, _ending(made, "approved", decision.at, by=decision.by))
        made = None
    folder = data_dir.drafts(dataset)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.name.startswith(".") and (
            made is None or path.name != made.draft
        ):
            shutil.rmtree(path, ignore_errors=True)
