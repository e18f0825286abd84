"""Releases: numbered, immutable, each with its checksums and what changed since the last.

    releases/<sector>/<dataset>/<number>/data.parquet, changes.parquet, quarantine.parquet,
                                         quality.json, source_schema.json, release.json

Written to a staging folder, synced, renamed: the rename is the commit. The highest number is
current.
The ledger (`warehouse.store.ledger`) has the checksum of each record.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.declarations.dataset import Dataset
from model.errors import DeclarationError, StoreError
from model.records.release import FileRecord, Inputs, LedgerEntry, Release
from model.records.source_schema import SourceSchema
from model.records.validation import QualityRecord
from model.util.disk import disk_errors
from model.util.hashing import has_checksum, pretty_json, sha256_bytes, sha256_file
from model.util.newest import Newest
from model.util.sql import literal
from warehouse.engine import connect
from warehouse.release_changes import write_changes
from warehouse.store import ledger, packs
from warehouse.store.atomic import atomic_directory
from warehouse.store.data_dir import DataDir
from warehouse.store.ledger import RECORD

if TYPE_CHECKING:  # `list` reads releases without DuckDB and pyarrow, which take 0.2 s
    import duckdb

    from warehouse.store.working_tables import Validated

FILES = ("data.parquet", "changes.parquet", "quarantine.parquet", "quality.json")
SOURCE_SCHEMA = "source_schema.json"  # a withdrawal has none
_DAMAGED = (
    "run `openindicators doctor --restore`, which takes it from an intact copy or makes it again"
    " where it can; else restore it from a backup: nothing is made from a damaged release"
)


@dataclass(frozen=True)
class StoredRelease:
    """A release and the folder that holds its files."""

    release: Release
    folder: Path

    def path(self, name: str) -> Path:
        """Return the path of one of the release's files, which has the checksum of its record.

        That of an earlier release may be a copy out of a pack (`warehouse.store.packs`).

        Raises:
            StoreError: it was changed or lost.
        """
        path, record = self.folder / name, self.release.file(name)
        if not has_checksum(path, record.sha256):
            if not path.exists() and (copy := packs.unpacked(self.folder, self.release, name)):
                return copy
            raise StoreError(
                "the file is missing, or not what its record says", where=str(path), todo=_DAMAGED,
            )
        return path

    def pack_changes(self) -> Path | None:
        """Return what it, and those packed with it, changed, by `release`; None if in full."""
        return packs.changes_in_pack(self.folder)

    def verify(self) -> None:
        """Check that every file still has the checksum that its record says.

        Raises:
            StoreError: one was changed or lost.
        """
        for file in self.release.files:
            self.path(file.name)

    @property
    def source_schema(self) -> SourceSchema | None:
        """The source schema; None where it was not kept."""
        if all(file.name != SOURCE_SCHEMA for file in self.release.files):
            return None
        return SourceSchema.model_validate_json(self.path(SOURCE_SCHEMA).read_bytes())

    @property
    def quality(self) -> QualityRecord:
        """The release's quality record."""
        text = self.path("quality.json").read_text(encoding="utf-8")
        return QualityRecord.model_validate_json(text)


def history(data_dir: DataDir, dataset: str) -> list[StoredRelease]:
    """Return the releases of a `dataset` in `data_dir`, oldest first.

    Raises:
        StoreError: a record is damaged.
    """
    entries = ledger.entries(data_dir, dataset)
    packed = packs.records(data_dir, dataset)
    return [
        _recorded(folder, entries, packed.get(int(folder.name)))
        for folder in ledger.folders(data_dir, dataset, entries)
    ]


def _recorded(
    folder: Path, entries: dict[int, LedgerEntry], packed: bytes | None = None
) -> StoredRelease:
    """Return the release in a `folder`; raise where its record is not what `entries` say.

    `packed` is what a pack has as its record.
    """
    entry = entries.get(int(folder.name))
    if entry is None:
        return load(folder)
    if packed is None or (folder / RECORD).exists():
        packed, is_right = None, has_checksum(folder / RECORD, entry.sha256)
    else:
        is_right = sha256_bytes(packed) == entry.sha256
    if not is_right:
        raise StoreError(
            "the release's record is missing, or not the one that the ledger has entered",
            where=str(folder / RECORD), todo=_DAMAGED,
        )
    return _entered.of(folder, entry.sha256, lambda: (
        load(folder) if packed is None
        else StoredRelease(_parsed(packed), folder)
    ))


# By folder, with the checksum of the record: read once, packed or not, as it never changes.
_entered: Newest[Path, StoredRelease] = Newest(1024)
_declarations: Newest[str, dict[str, Any]] = Newest(1024)  # by dataset, with its checksum


def _parsed(record: bytes) -> Release:
    """Return the release of a record; declarations that are equal are kept once for a dataset."""
    release = Release.model_validate_json(record)
    known = _declarations.of(
        release.dataset, release.declaration_sha256, lambda: release.declaration
    )
    if known != release.declaration:  # the checksum that a record claims proves nothing
        return release
    return release.model_copy(update={"declaration": known})


@contextmanager
def committed(data_dir: DataDir, dataset: str, number: int) -> Iterator[Path]:
    """Yield a staging folder to fill with the release `number` of a `dataset` in `data_dir`.

    On success it is renamed, which is the commit, and entered in the ledger.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    with atomic_directory(data_dir.releases(dataset) / str(number)) as staging:
        yield staging
    ledger.enter(data_dir, dataset)


def current_folder(data_dir: DataDir, dataset: str) -> Path | None:
    """Return the folder of a `dataset`'s release with the highest number in `data_dir`, or None."""
    folders = ledger.folders(data_dir, dataset, ledger.entries(data_dir, dataset))
    return folders[-1] if folders else None


def current(data_dir: DataDir, dataset: str) -> StoredRelease | None:
    """Return the release of a `dataset` in `data_dir` with the highest number, or None.

    Raises:
        StoreError: its record is damaged, or one that the ledger has entered is missing.
    """
    entries = ledger.entries(data_dir, dataset)
    folders = ledger.folders(data_dir, dataset, entries)
    return _recorded(folders[-1], entries) if folders else None


def as_of(data_dir: DataDir, dataset: str, moment: datetime) -> StoredRelease | None:
    """Return the release of a `dataset` in `data_dir` that was current at a `moment`, or None.

    Raises:
        StoreError: a record is damaged.
    """
    issued = [item for item in history(data_dir, dataset) if item.release.issued <= moment]
    return issued[-1] if issued else None


def datasets(data_dir: DataDir) -> list[str]:
    """Return the ids of all datasets that have, or had, a release."""
    found = (data_dir.root / "releases").glob(f"*/*/*/{RECORD}")
    entered = (data_dir.root / "ledger").glob("*/*.jsonl")
    return sorted(
        {"/".join(path.parts[-4:-2]) for path in found if path.parts[-2].isdigit()}
        | {f"{path.parent.name}/{path.stem}" for path in entered}
    )


def load(folder: Path) -> StoredRelease:
    """Return the release in a folder.

    Raises:
        StoreError: its record is missing or damaged.
    """
    try:
        return StoredRelease(_parsed(ledger.record_bytes(folder)), folder)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"the release's record cannot be read: {error}", where=str(folder), todo=_DAMAGED,
        ) from error


def make(
    data_dir: DataDir, dataset: Dataset, validated: Validated, inputs: Inputs, issued: datetime,
) -> tuple[StoredRelease, bool]:
    """Make the next release out of validated data, unless nothing that matters has changed.

    Args:
        data_dir: the data folder.
        dataset: its declaration.
        validated: the table that passed validation.
        inputs: the checksums of what the table was made from.
        issued: the time that the release bears, in UTC.

    Returns:
        The current release, and whether it was made now.

    Raises:
        DeclarationError: the dataset was withdrawn.
        StoreError: full, read-only, forbidden; the last release stays current.
    """
    before = current(data_dir, dataset.id)
    refuse_withdrawn(before)
    if before and is_unchanged(data_dir, before, validated, inputs):
        before.verify()
        ledger.enter(data_dir, dataset.id)
        return before, False
    number = ledger.next_number(data_dir, dataset.id)
    with committed(data_dir, dataset.id, number) as staging:
        fill(data_dir, staging, dataset, before, validated, inputs, issued, number)
    return load(data_dir.releases(dataset.id) / str(number)), True


def refuse_withdrawn(before: StoredRelease | None) -> None:
    """Check that the dataset was not withdrawn.

    Raises:
        DeclarationError: it was; its identifier must never mean anything else.
    """
    if before is not None and before.release.reason == "withdrawal":
        raise DeclarationError(
            f"was withdrawn on {before.release.issued:%Y-%m-%d}; its identifier is never used"
            " again",
            where=before.release.dataset,
            todo="remove its declaration, or give the dataset another name",
        )


def is_unchanged(
    data_dir: DataDir, before: StoredRelease, validated: Validated, inputs: Inputs
) -> bool:
    """Whether a release would say nothing that the one `before` it does not say.

    Other bytes of the source are no news where they give the same figures: some sources write their
    files anew for each request, with the time of writing in them. The release goes on naming the
    snapshot that it was made from. After a rollback a person decided against what these inputs or
    figures make: only others make a release again.

    Args:
        data_dir: the data folder.
        before: the current release in it.
        validated: the table that passed validation.
        inputs: the checksums of what the table was made from.
    """
    return _repeats(before, validated, inputs) or (
        before.release.reason == "rollback" and (
            before.release.inputs_sha256 == inputs.sha256
            or _repeats(history(data_dir, before.release.dataset)[-2], validated, inputs)
        )
    )


def _repeats(stored: StoredRelease, validated: Validated, inputs: Inputs) -> bool:
    release = stored.release
    return (
        (release.declaration_sha256, release.suite_sha256, release.acceptances_sha256)
        == (inputs.declaration_sha256, inputs.suite_sha256, inputs.acceptances_sha256)
        and has_checksum(validated.data, release.file("data.parquet").sha256)
        and has_checksum(validated.quarantine, release.file("quarantine.parquet").sha256)
        and (
            release.snapshot_sha256 == inputs.snapshot_sha256
            or _looks_the_same(stored.source_schema, validated.source_schema)
        )
    )


def _looks_the_same(last: SourceSchema | None, now: SourceSchema) -> bool:
    """Whether people need not be told that a source has other columns, codes or unread parts."""
    return last is not None and not now.drift and now.unread == last.unread


def fill(
    data_dir: DataDir, folder: Path, dataset: Dataset, before: StoredRelease | None,
    validated: Validated, inputs: Inputs, issued: datetime, number: int,
) -> None:
    """Write all files of a release into `folder`.

    Args:
        data_dir: the data folder.
        folder: a staging folder.
        dataset: the declaration.
        before: the release that it will follow.
        validated: what it holds.
        inputs: what that was made from.
        issued: when it is made.
        number: its number.
    """
    with disk_errors(folder):
        for name in ("data.parquet", "quarantine.parquet", "quality.json"):
            shutil.copyfile(validated.folder / name, folder / name)
        shutil.copyfile(validated.source_schema_file, folder / SOURCE_SCHEMA)
    with connect(data_dir.root / "tmp", validated.quality.rows_released) as con:
        first, last = _period(con, folder / "data.parquet")
        compared = write_changes(con, dataset, before, folder)
    release = Release(
        dataset=dataset.id,
        number=number,
        profile=inputs.profile,
        issued=issued,
        reason=_reason(before, inputs),
        inputs_sha256=inputs.sha256,
        snapshot_sha256=inputs.snapshot_sha256,
        declaration_sha256=inputs.declaration_sha256,
        suite_sha256=inputs.suite_sha256,
        acceptances_sha256=inputs.acceptances_sha256,
        code_version=inputs.code_version,
        rows=validated.quality.rows_released,
        quarantined=validated.quality.rows_quarantined,
        **compared,
        period_first=first,
        period_last=last,
        files=file_records(folder),
        declaration=_declaration(dataset),
        computed_from=inputs.computed_from,
    )
    (folder / RECORD).write_text(pretty_json(release), encoding="utf-8")


def file_records(folder: Path) -> tuple[FileRecord, ...]:
    """Return the checksums of the files that a release's folder holds."""
    names = [*FILES, *([SOURCE_SCHEMA] if (folder / SOURCE_SCHEMA).exists() else [])]
    return tuple(_record(folder / name) for name in names)


def _declaration(dataset: Dataset) -> dict[str, Any]:
    return dataset.model_dump(mode="json")


def _record(path: Path) -> FileRecord:
    return FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)


def _reason(before: StoredRelease | None, inputs: Inputs) -> Any:
    if before is None:
        return "first release"
    last = before.release
    if last.snapshot_sha256 != inputs.snapshot_sha256:
        return "source changed"
    if last.declaration_sha256 != inputs.declaration_sha256:
        return "declaration changed"
    if last.suite_sha256 != inputs.suite_sha256:
        return "suite changed"
    if last.acceptances_sha256 != inputs.acceptances_sha256:
        return "rows accepted"
    return "code changed"


def _period(con: duckdb.DuckDBPyConnection, data: Path) -> tuple[str | None, str | None]:
    row = con.execute(
        f"SELECT min(time_period), max(time_period) FROM read_parquet({literal(data)})"
    ).fetchone()
    return (row[0], row[1]) if row else (None, None)
