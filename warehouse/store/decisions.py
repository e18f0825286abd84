"""Decisions of people about what is public: going back to an earlier release, withdrawing.

Both are releases of their own: nothing that was ever released is rewritten.
"""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from model.declarations.dataset import Dataset
from model.errors import StoreError
from model.records.release import Decision, Release
from model.records.validation import QualityRecord
from model.util.disk import disk_errors
from model.util.hashing import pretty_json
from model.util.sql import literal
from warehouse.engine import PARQUET_OPTIONS, connect
from warehouse.release_changes import write_changes
from warehouse.store import drafts, ledger, releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

CONTENT = ("data.parquet", "quarantine.parquet", "quality.json")


def rollback(
    data_dir: DataDir, dataset: str, to: int, by: str, reason: str | None, now: datetime
) -> StoredRelease:
    """Make a release with the content of an earlier one.

    It speaks for the same inputs as the release that it overrules, so that these make no
    release again; a changed source, declaration or suite does.

    Args:
        data_dir: the data folder.
        dataset: id of the dataset.
        to: number of the release whose content shall be public again.
        by: who decides.
        reason: why, shown on the portal.
        now: when.

    Raises:
        DeclarationError: the dataset was withdrawn.
        StoreError: there is no such release, it says what the current one says, or its files
            are damaged.
    """
    before = _current(data_dir, dataset)
    old = next(
        (item for item in releases.history(data_dir, dataset) if item.release.number == to), None
    )
    if old is None:
        raise StoreError(
            f"there is no release {to}", where=dataset,
            todo=f"its releases are 1 to {before.release.number}: see `openindicators show"
            f" {dataset}`",
        )
    if old.release.declaration_sha256 == before.release.declaration_sha256 and all(
        _sha256(old, name) == _sha256(before, name) for name in CONTENT
    ):
        raise StoreError(
            f"the current release, {before.release.number}, has the content of release {to}"
            " already", where=dataset, todo="choose another release",
        )
    old.verify()

    def copy(folder: Path) -> None:
        for file in old.release.files:
            if file.name != "changes.parquet":
                shutil.copyfile(old.path(file.name), folder / file.name)

    # Whether the figures may be shown at all is the newest declaration's word.
    access = before.release.declaration["access_rights"]
    changed = {
        "reason": "rollback",
        "declaration": {**old.release.declaration, "access_rights": access},
        "decision": Decision(kind="rollback", by=by, at=now, reason=reason, of_release=to),
    }
    return _make(data_dir, before, old.release, copy, changed, now)


def withdraw(
    data_dir: DataDir, dataset: str, by: str, reason: str, successor: str | None, now: datetime
) -> StoredRelease:
    """Make the last release of a `dataset` in `data_dir`, without a row, at the time `now`.

    The portal shows who decided (`by`) for which `reason`, and the id of a `successor`, if any.

    Raises:
        DeclarationError: the dataset was withdrawn already.
        StoreError: it has no release yet.
    """
    before = _current(data_dir, dataset)

    def empty(folder: Path) -> None:
        with connect(data_dir.root / "tmp") as con:
            for name in ("data.parquet", "quarantine.parquet"):
                con.execute(
                    f"COPY (SELECT * FROM read_parquet({literal(before.path(name))})"
                    f" WHERE false) TO {literal(folder / name)} ({PARQUET_OPTIONS})"
                )
        (folder / "quality.json").write_text(
            pretty_json(_of_nothing(before.quality)), encoding="utf-8"
        )

    changed = {
        "reason": "withdrawal", "rows": 0, "quarantined": 0,
        "period_first": None, "period_last": None,
        "decision": Decision(kind="withdrawal", by=by, at=now, reason=reason, successor=successor),
    }
    stored = _make(data_dir, before, before.release, empty, changed, now)
    drafts.close(data_dir, dataset, f"release {stored.release.number}", now)
    return stored


def _current(data_dir: DataDir, dataset: str) -> StoredRelease:
    before = releases.current(data_dir, dataset)
    releases.refuse_withdrawn(before)
    if before is None:
        raise StoreError(
            "there is no release yet", where=dataset,
            todo="a draft that waits is decided about with `openindicators reject`",
        )
    return before


def _sha256(stored: StoredRelease, name: str) -> str:
    return stored.release.file(name).sha256


def _of_nothing(quality: QualityRecord) -> QualityRecord:
    """Return the record of a release without a row: nothing was checked."""
    return QualityRecord(
        dataset=quality.dataset, suite_sha256=quality.suite_sha256, versions=quality.versions,
        rows_read=0, rows_released=0, rows_quarantined=0, tolerance=quality.tolerance, checks=(),
    )


def _make(
    data_dir: DataDir, before: StoredRelease, model: Release, write: Callable[[Path], None],
    changed: dict[str, Any], now: datetime,
) -> StoredRelease:
    """Make the release after `before` in `data_dir`, at the time `now`.

    Its record follows that of `model`, but for the fields `changed`; `write` writes data,
    quarantine and quality into a folder.
    """
    number = ledger.next_number(data_dir, model.dataset)
    record = {
        **model.model_dump(), "decision": None, **changed,
        "number": number, "issued": now, "inputs_sha256": before.release.inputs_sha256,
    }
    with releases.committed(data_dir, model.dataset, number) as staging:
        with disk_errors(staging):
            write(staging)
        declared = _dataset(record["declaration"], model)
        with connect(data_dir.root / "tmp") as con:
            record |= write_changes(con, declared, before, staging)
        record["files"] = releases.file_records(staging)
        release = Release.model_validate(record)
        (staging / ledger.RECORD).write_text(pretty_json(release), encoding="utf-8")
    return releases.load(data_dir.releases(model.dataset) / str(number))


def _dataset(declaration: dict[str, Any], release: Release) -> Dataset:
    try:
        return Dataset.model_validate(declaration)
    except ValidationError as error:
        raise StoreError(
            "the declaration kept in the release cannot be read by this version:"
            f" {error.errors()[0]['msg']}",
            where=f"{release.dataset}, release {release.number}",
            todo="use the version of OpenIndicators that made it",
        ) from error
