"""Whether every file of a data folder is what its records say.

The checksum of each file is in another one, or in its own last field. What is derived (working
tables, the site) is made again by the next run once it is gone; see `pipelines.restoring`.

Not looked at: Dagster's history, locks, the inbox, and fetch sessions, which a run checks itself.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import ne
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from model.errors import OpenIndicatorsError
from model.records import buildinfo
from model.records.incident import Failure
from model.records.release import LedgerEntry, Release
from model.records.snapshot import Snapshot
from model.records.submission import Submission
from model.records.validation_log import Acceptance, CheckAcceptance, ValidationRun
from model.util.hashing import SEAL, has_checksum, sha256_bytes, sha256_file, unsealed
from pipelines.after_run.buildinfo import project_files
from pipelines.after_run.buildinfo import read as read_buildinfo
from portal import libraries
from portal.quality.publish import STATE as QUALITY_STATE
from portal.quality.publish import QualityState
from portal.site.shared_pages.shared_files import STATE as CATALOGUE
from portal.site_folder.state import CHECKSUMS as FOLDER_CHECKSUMS
from portal.site_folder.state import CatalogueState, DatasetState, read_checksums, read_state
from portal.transparency import records as transparency
from portal.transparency.signing import signed_statement
from warehouse.store import (
    drafts,
    failure_log,
    ledger,
    packs,
    releases,
    snapshots,
    validation_log,
)
from warehouse.store.data_dir import RECORD as DATA_DIR
from warehouse.store.data_dir import DataDir, DataDirRecord
from warehouse.store.working_tables import CHECKSUMS, checksums_of


@dataclass(frozen=True)
class Damage:
    """A file that is not what its record says, or a release that is missing.

    path: the file, or the release's folder.
    what: what is wrong, in a few words.
    sha256: the checksum that it should have, where a record has one.
    derived: the next run makes it again once it is gone.
    kind: of the record, where its own last field is the checksum, or that of each line.
    """

    path: Path
    what: str
    sha256: str | None = None
    derived: bool = False
    kind: type[BaseModel] | None = None


    def is_right(self, data: bytes) -> bool:
        """Return whether `data` is what the file should hold."""
        if self.sha256 is not None:
            return sha256_bytes(data) == self.sha256
        return self.kind is not None and is_whole(data, self.kind)


@dataclass
class Inspection:
    """What was found in a data folder.

    files: how many were looked at.
    intact: a file that has a checksum, by checksum.
    """

    damages: list[Damage]
    files: int
    intact: dict[str, Path]


def inspect(data_dir: DataDir) -> Inspection:
    """Compare every file of a data folder with its record."""
    found = Inspection([], 0, {})
    for path, sha256, derived in _recorded(data_dir, found.damages):
        found.files += 1
        with suppress(OSError):
            if sha256_file(path) == sha256:
                found.intact.setdefault(sha256, path)
                continue
        what = "differs from its record" if path.exists() else "is missing"
        found.damages.append(Damage(path, what + _held(data_dir, path), sha256, derived))
    for path, kind, derived in _sealed_files(data_dir):
        found.files += 1
        if not is_whole(path.read_bytes(), kind):
            what = "was changed after it was written" + _held(data_dir, path)
            damage = Damage(path, what, None, derived, kind)
            found.damages.append(damage)
    for path, kind in _logs(data_dir):
        found.files += 1
        lines = lines_of(path.read_bytes(), kind)
        wrong = [str(n) for n, line in enumerate(lines, 1) if not is_whole(line, kind)]
        if wrong:
            what = f"has lines that were changed after they were written: {', '.join(wrong)}"
            found.damages.append(Damage(path, what, kind=kind))
    return found


def _held(data_dir: DataDir, path: Path) -> str:
    """Say which releases rest on a file, where it is one of a pack."""
    pack = packs.pack_of(path.parent) if data_dir.root / "packs" in path.parents else None
    return f": {pack.held}" if pack else ""


Recorded = tuple[Path, str, bool]  # a file, its checksum, whether it is derived


def _recorded(data_dir: DataDir, damages: list[Damage]) -> Iterator[Recorded]:
    """Yield every file that another one has the checksum of; add what is missing to `damages`."""
    for dataset in releases.datasets(data_dir):
        yield from _of_releases(data_dir, dataset, damages)
    yield from _of_snapshots(data_dir, damages)
    for path in sorted((data_dir.root / "validation_log").glob(f"*/*/{validation_log.LOG}")):
        with suppress(OpenIndicatorsError):  # its own damage is found with the logs
            for run in validation_log.log(data_dir, "/".join(path.parts[-3:-1])):
                yield path.with_name(f"{run.record_sha256}.json"), run.record_sha256, False
    for pattern in (f"*/*/*/{CHECKSUMS}", f"*/*/*/*/{CHECKSUMS}"):
        for path in sorted((data_dir.root / "tables").glob(pattern)):
            checksums = checksums_of(path.parent)
            if checksums is None:
                damages.append(Damage(path, "cannot be read", derived=True))
            for name, sha256 in (checksums or {}).items():
                yield path.with_name(name), sha256, True
    for site in (data_dir.site, data_dir.preview):
        yield from _of_site(site, damages)
    for path in sorted(data_dir.builders.glob("*.json")):
        try:
            signed_statement(path.read_bytes(), str(path))
        except OpenIndicatorsError as error:
            damages.append(Damage(path, error.what))
    for path in project_files(data_dir):
        yield path, path.name, False
    for path in sorted(data_dir.transparency_log.glob("*.jsonl")):
        copy = data_dir.site / transparency.FOLDER / path.name
        # A run that was killed leaves the copy some lines behind; the next one adds them.
        if copy.is_file() and not path.read_bytes().startswith(copy.read_bytes()):
            yield copy, sha256_file(path), True


def _of_releases(data_dir: DataDir, dataset: str, damages: list[Damage]) -> Iterator[Recorded]:
    folder = data_dir.releases(dataset)
    try:
        known = ledger.entries(data_dir, dataset)
        for entry in ledger.lost(data_dir, dataset):
            damages.append(Damage(
                folder / str(entry.number),
                f"is missing: release {entry.number}, issued {entry.issued:%Y-%m-%d}", entry.sha256,
            ))
    except OpenIndicatorsError:
        known = {}  # its own damage is found with the logs
    held = {number for pack in packs.newest(data_dir, dataset) for number in pack.numbers}
    for each in sorted(folder.glob("*")):
        path = each / ledger.RECORD
        if not each.name.isdigit() or (int(each.name) in held and not path.exists()):
            continue
        number = int(each.name)
        if number in known:
            yield path, known[number].sha256, False
            if not has_checksum(path, known[number].sha256):
                continue  # it is restored first: a name in it may be anything
        try:
            files = Release.model_validate_json(path.read_bytes()).files
        except (OSError, ValueError):
            damages.append(Damage(path, "cannot be read"))
            continue
        packed = number in held
        for file in files:
            if not packed or path.with_name(file.name).exists():
                yield path.with_name(file.name), file.sha256, False
    yield from _of_packs(data_dir, dataset)
    state = read_state(DatasetState, data_dir.site / "datasets" / dataset / "dataset.json")
    there = ledger.numbers(data_dir, dataset) | known.keys()
    for published in state.releases if state else ():
        if published.number not in there:
            damages.append(Damage(
                folder / str(published.number),
                f"is missing: the site shows release {published.number},"
                " which neither the releases nor their ledger know",
            ))


def _of_packs(data_dir: DataDir, dataset: str) -> Iterator[Recorded]:
    kept = packs.newest(data_dir, dataset)
    for pack in packs.packs(data_dir, dataset):
        with suppress(OSError, ValueError):  # its own damage is found with the sealed files
            data = (pack.folder / packs.RECORD).read_bytes()
            for file in packs.PackRecord.model_validate_json(unsealed(data)).files:
                yield pack.folder / file.name, file.sha256, pack not in kept


def _of_snapshots(data_dir: DataDir, damages: list[Damage]) -> Iterator[Recorded]:
    for path in sorted((data_dir.root / "snapshots").glob(f"*/*/*/{snapshots.RECORD}")):
        with suppress(ValueError):  # its own damage is found with the sealed files
            for part in Snapshot.model_validate_json(unsealed(path.read_bytes())).parts:
                yield path.with_name(part.name), part.sha256, False
    for path in (data_dir.root / "snapshots").glob("*/*/current"):
        name = path.read_bytes().decode(errors="replace")
        if not name.endswith("\n") or not (path.parent / name[:-1]).is_dir():
            damages.append(Damage(path, "names no snapshot", derived=True))


def _of_site(site: Path, damages: list[Damage]) -> Iterator[Recorded]:
    shared = read_state(CatalogueState, site / CATALOGUE)
    for path, sha256 in (shared.pages if shared else {}).items():
        yield site / path, sha256, True
    if shared:
        for name, sha256 in libraries.checksums().items():
            yield site / libraries.PLACE / name, sha256, True
    for name, sha256 in (shared.datasets if shared else {}).items():
        folder = site / "datasets" / name
        checksums = read_checksums(folder)
        # The folder comes as a whole, with its own sealed list: after a run that was killed, it is
        # ahead of the catalogue, which is written for all.
        yield folder / "dataset.json", checksums.get("dataset.json", sha256), True
        state = read_state(DatasetState, folder / "dataset.json")
        if state is None:
            continue
        yield from ((site / path, page, True) for path, page in state.pages.items())
        yield from ((folder / path, each, True) for path, each in checksums.items())
        if not (folder / FOLDER_CHECKSUMS).is_file():
            damages.append(Damage(folder / FOLDER_CHECKSUMS, "is missing", derived=True))
    if published := read_buildinfo(site):
        yield from ((site / path, sha256, True) for path, sha256 in published.files.items())
    for files in QualityState.read(site).files.values():
        for path, sha256 in files.items():
            yield site / path, sha256, True


class Line(BaseModel):
    """A line of a portal's journal, which has no fixed fields."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="after")
    def _has_no_broken_seal(self) -> Self:
        """Refuse a line whose checksum is not read as one, as a bit of its name or value flipped.

        Raises ValueError.
        """
        for name in self.model_extra or ():
            if len(name) == len(SEAL) and sum(map(ne, name, SEAL)) < 2:
                raise ValueError("its checksum was changed")
        return self


# Files whose last field is the checksum of the rest: pattern, what they hold, whether derived.
_SEALED: tuple[tuple[str, type[BaseModel], bool], ...] = (
    (DATA_DIR, DataDirRecord, False),
    (f"snapshots/*/*/*/{snapshots.RECORD}", Snapshot, False),
    (f"packs/*/*/*/{packs.RECORD}", packs.PackRecord, False),
    ("failures/*/*.json", Failure, True),
    (f"site/{buildinfo.STATE}", buildinfo.BuildinfoState, True),
    *((f"{site}/{CATALOGUE}", CatalogueState, True) for site in ("site", "preview")),
    *((f"{site}/datasets/*/*/{FOLDER_CHECKSUMS}", Line, True) for site in ("site", "preview")),
    *((f"{site}/{QUALITY_STATE}", QualityState, True) for site in ("site", "preview")),
)
# Logs, each line of which ends with its checksum.
_LOGS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("ledger/*/*.jsonl", LedgerEntry),
    ("acceptances/*/*.jsonl", Acceptance),
    ("drafts/*/*/log.jsonl", drafts.DraftEvent),
    (f"validation_log/*/*/{validation_log.LOG}", ValidationRun),
    ("journal/*/*/*.jsonl", Line),
    ("submissions.jsonl", Submission),
    (f"{buildinfo.FOLDER}/{buildinfo.PROJECTS}", buildinfo.DeclaredIn),
    (f"transparency_log/{transparency.ENTRIES}", transparency.LogLine),
    (f"transparency_log/{transparency.HEADS}", transparency.Head),
)


def _sealed_files(data_dir: DataDir) -> Iterator[tuple[Path, type[BaseModel], bool]]:
    for pattern, kind, derived in _SEALED:
        for path in sorted(data_dir.root.glob(pattern)):
            known = failure_log.KnownCauses if path.parent.name == failure_log.NOTIFIED else kind
            yield path, known, derived


def _logs(data_dir: DataDir) -> Iterator[tuple[Path, type[BaseModel]]]:
    for pattern, kind in _LOGS:
        for path in sorted(data_dir.root.glob(pattern)):
            yield path, CheckAcceptance if path.name.endswith(".checks.jsonl") else kind


def lines_of(data: bytes, kind: type[BaseModel]) -> list[bytes]:
    """Return the lines of a log (`data`) of records of a `kind`; a last one that is torn is none.

    One that is whole but for its last byte was not torn: the newline has become another sign.
    """
    *lines, rest = data.split(b"\n")
    return [*lines, rest] if is_whole(rest[:-1], kind) else lines


def is_whole(data: bytes, kind: type[BaseModel]) -> bool:
    """Whether a record of a `kind` is as it was written."""
    try:
        kind.model_validate_json(unsealed(data))
    except ValueError:
        return False
    return True
