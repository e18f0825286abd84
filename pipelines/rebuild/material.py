"""What a site publishes of each release, and the bytes of sources that it does not.

Nothing is believed by where it comes from: a record counts by the checksum in the log, a project's
file and a part of a snapshot by the one under which they are listed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath

from model.errors import OpenIndicatorsError, PortalError
from model.records.buildinfo import ACCEPTED, FILES, FOLDER, PROJECTS, Accepted, DeclaredIn
from model.records.release import LedgerEntry, Release
from model.records.snapshot import Part, Snapshot
from model.util.disk import is_inside
from model.util.hashing import sha256_bytes, sha256_file, sha256_json, unsealed
from portal.site_folder.published import PublishedSite
from portal.site_folder.state import DatasetState, ReleaseState
from portal.transparency.audit import lines
from portal.transparency.records import (
    ENTRIES,
    HEADS,
    Head,
    KeyEntry,
    LogLine,
    LossEntry,
    ReleaseEntry,
)
from portal.transparency.records import FOLDER as LOG
from warehouse.store.snapshots import RECORD as SNAPSHOT

_DATASET = re.compile(r"[a-z0-9_]+/[a-z0-9_]+")


class MissingError(OpenIndicatorsError):
    """Something that a release was made from is not there: it cannot be checked."""


@dataclass(frozen=True)
class Published:
    """A release as the site shows it.

    record: the checksum of its `release.json` in the log; empty where the log has none.
    place: of the head under which it was entered first.
    """

    state: DatasetState
    release: ReleaseState
    record: str
    place: int

    @property
    def dataset(self) -> str:
        """Id of its dataset."""
        return self.state.dataset

    @property
    def order(self) -> tuple[datetime, int]:
        """Releases were made in this order; of those that are equal, inputs come first."""
        return self.release.issued, self.place


@dataclass(frozen=True)
class Material:
    """What is known of how the releases of a site were made.

    site: the site.
    parts: files of sources by checksum, see `parts_in`.
    """

    site: PublishedSite
    parts: dict[str, Path] = field(default_factory=dict)

    @cached_property
    def log(self) -> list[ReleaseEntry | LossEntry | KeyEntry]:
        """The entries, oldest first; none where the site has no log."""
        return [
            LogLine.model_validate_json(unsealed(line)).root
            for line in self._lines(f"{LOG}/{ENTRIES}")
        ]

    @cached_property
    def heads(self) -> list[Head]:
        """The heads of the log, oldest first."""
        return [Head.model_validate_json(unsealed(line)) for line in self._lines(f"{LOG}/{HEADS}")]

    def releases(self) -> Iterator[Published]:
        """Yield every release of the site, in the order of the datasets."""
        newest: dict[tuple[str, int], str] = {}
        place: dict[tuple[str, int], int] = {}
        sizes = [head.size for head in self.heads]
        for number, entry in enumerate(self.log, 1):
            if isinstance(entry, ReleaseEntry):
                name = entry.dataset, entry.number
                newest[name] = entry.record
                under = sum(size < number for size in sizes)
                place.setdefault(name, under)
        for dataset in self.site.catalogue().datasets:
            if not _DATASET.fullmatch(dataset):  # it becomes part of a path
                raise PortalError(
                    f"the site names a dataset {dataset!r}", where=self.site.name,
                    todo="check the address: it is that of the folder that holds catalogue.json",
                )
            state = self.site.state(dataset)
            for release in state.releases:
                name = dataset, release.number
                yield Published(state, release, newest.get(name, ""), place.get(name, 0))

    def given_up(self, dataset: str) -> list[LedgerEntry]:
        """Return the numbers of a dataset that were used by releases that are lost."""
        return [
            LedgerEntry(number=made.number, issued=made.issued, sha256=made.record, given_up=True)
            for lost in self.log if isinstance(lost, LossEntry) and lost.dataset == dataset
            for made in [next(
                each for each in self.log if isinstance(each, ReleaseEntry)
                and (each.dataset, each.number) == (dataset, lost.number)
            )]
        ]

    def record(self, published: Published) -> tuple[Release, bytes]:
        """Return the record of a release, and its bytes.

        Raises:
            MissingError: it is not published, or not the one that log and site name.
        """
        path = f"{FOLDER}/datasets/{published.dataset}/releases/{published.release.number}.json"
        data = self._read(path, "the release's record")
        try:
            release = Release.model_validate_json(data)
        except ValueError as error:
            raise MissingError(
                f"the release's record cannot be read by this version: {error}", where=path,
                todo="use the version of OpenIndicators that made it",
            ) from error
        if (published.record and sha256_bytes(data) != published.record) or (
            sha256_json(release) != published.release.record_sha256
        ):
            raise MissingError(
                "the published record is not the one that site and log name", where=path,
                todo="ask the publisher",
            )
        return release, data

    def snapshot(self, dataset: str, sha256: str) -> tuple[Snapshot, bytes]:
        """Return the record of the snapshot of a `dataset` with a checksum, and its bytes.

        Raises:
            MissingError: it is not published, or not that of this snapshot.
        """
        path = f"{FOLDER}/datasets/{dataset}/snapshots/{sha256}/{SNAPSHOT}"
        data = self._read(path, "the snapshot's record")
        snapshot = Snapshot.model_validate_json(unsealed(data))
        names = [[part.name, part.sha256] for part in snapshot.parts]
        if sha256_json(names) != sha256 or any(
            PurePosixPath(name).name != name or "\\" in name for name, _ in names
        ):
            raise MissingError(
                "the published snapshot is not the one that the release names", where=path,
                todo="ask the publisher",
            )
        return snapshot, data

    def part(self, dataset: str, snapshot: Snapshot, part: Part) -> bytes | None:
        """Return the bytes of a part of a dataset's snapshot; None where nobody has given them."""
        if part.sha256 in self.parts:
            data = self.parts[part.sha256].read_bytes()
        else:
            path = f"{FOLDER}/datasets/{dataset}/snapshots/{snapshot.sha256}/{part.name}"
            try:
                data = self.site.read(path)
            except PortalError:
                return None
        return data if sha256_bytes(data) == part.sha256 else None

    def accepted(self, dataset: str) -> Accepted:
        """Return what people accepted of a dataset; nothing where nothing is published."""
        try:
            data = self.site.read(f"{FOLDER}/datasets/{dataset}/{ACCEPTED}")
        except PortalError:
            return Accepted(rows=(), checks=())
        return Accepted.model_validate_json(unsealed(data))

    @cached_property
    def _projects(self) -> list[DeclaredIn]:
        return [
            DeclaredIn.model_validate_json(unsealed(line))
            for line in self._lines(f"{FOLDER}/{PROJECTS}")
        ]

    def project_of(self, release: Release) -> str:
        """Return the checksum of the list of the project's files that a release was made by.

        Raises:
            MissingError: the site does not publish it.
        """
        for each in self._projects:
            if (each.dataset, each.profile, each.declaration_sha256, each.suite_sha256) == (
                release.dataset, release.profile, release.declaration_sha256, release.suite_sha256
            ):
                return each.project
        raise MissingError(
            "its declaration and suite are not published as they were then",
            where=release.dataset, todo="ask the publisher for that state of the project",
        )

    def write_project(self, sha256: str, folder: Path) -> None:
        """Write the project's files of a list with this checksum to a new `folder`.

        Raises:
            MissingError: a file is not published, or not what the list says.
        """
        for name, each in json.loads(self._file(sha256)).items():
            if not is_inside(name) or ":" in name:
                raise MissingError(
                    f"the project's list names {name!r}, outside of its folder", where=sha256,
                    todo="ask the publisher",
                )
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._file(each))
        for name in ("assets", "expectations"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def _file(self, sha256: str) -> bytes:
        data = self._read(f"{FOLDER}/{FILES}/{sha256}", "a file of the project")
        if sha256_bytes(data) != sha256:
            raise MissingError(
                "a file of the project is not what its name says", where=f"{FILES}/{sha256}",
                todo="ask the publisher",
            )
        return data

    def _read(self, path: str, what: str) -> bytes:
        try:
            return self.site.read(path)
        except PortalError as error:
            raise MissingError(
                f"{what} is not published", where=path, todo="ask the publisher"
            ) from error

    def _lines(self, path: str) -> list[bytes]:
        try:
            return lines(self.site.read(path))
        except PortalError:
            return []


def parts_in(folder: Path) -> dict[str, Path]:
    """Return the files under a folder by checksum: names do not matter, only bytes count."""
    return {sha256_file(path): path for path in sorted(folder.rglob("*")) if path.is_file()}
