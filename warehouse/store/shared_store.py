"""The shared store: a bucket of which the data folders of several machines are working copies.

    <prefix>/objects/<sha256>                          bytes, never rewritten
    <prefix>/datasets/<sector>/<dataset>.json          a manifest: which file has which bytes
    <prefix>/project.json                              the same of what belongs to no dataset

Putting a manifest is the commit. It is conditional: of several machines that commit the same
dataset at once one succeeds, and the others take what it wrote. (A bucket has no locks and no
rename.) A data folder takes the store's state when a lock on a dataset is taken, and gives what
changed when it is let go.

    <data folder>/shared_store/<manifest>              what both had in common last
    <data folder>/set_aside/<manifest>/<time>/         what another machine's commit made obsolete
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from model.errors import BusyError, StoreError
from model.util.bucket import Bucket
from model.util.disk import atomic_write, disk_errors, is_inside, write_if_changed
from model.util.hashing import pretty_json, sealed, sha256_file, unsealed
from model.util.text import Frozen
from warehouse.store.atomic import atomic_directory

PROJECT = "project.json"
SET_ASIDE = "set_aside"
_OWN = "shared_store"
# Folders of these appear whole, or not at all.
_WHOLE = ("releases", "packs", "snapshots", "drafts")
_ATTEMPTS = 10  # at committing on top of what others commit
log = logging.getLogger(__name__)


class Manifest(Frozen):
    """Which bytes each file has: its path in the data folder, and its SHA-256."""

    files: dict[str, str] = {}


class Known(Frozen):
    """A file as it was when store and data folder were alike: a later write shows in it."""

    sha256: str
    size: int
    modified: int  # nanoseconds
    inode: int

    @staticmethod
    def of(path: Path, sha256: str) -> Known:
        """Describe a file with a checksum."""
        found = path.stat()
        return Known(
            sha256=sha256, size=found.st_size, modified=found.st_mtime_ns, inode=found.st_ino
        )

    def is_still(self, path: Path) -> bool:
        """Whether the file was not written to since."""
        return self == Known.of(path, self.sha256)


class Common(Frozen):
    """What store and data folder had in common last: `shared_store/<manifest>`."""

    etag: str | None = None  # of the manifest; None: the store has none
    files: dict[str, Known] = {}

    def with_files(
        self, root: Path, written: Mapping[str, str], gone: Iterable[str] = ()
    ) -> Common:
        """Return it with the files of the data folder `root` that were `written`, without others.

        `written` has the checksum of each path.
        """
        dropped = set(gone)
        files = {path: known for path, known in self.files.items() if path not in dropped}
        files |= {path: Known.of(root / path, sha256) for path, sha256 in written.items()}
        return Common(etag=self.etag, files=files)


@dataclass(frozen=True)
class WorkingCopy:
    """The records of a manifest in a data folder, compared with what was in common."""

    root: Path
    name: str  # of the manifest
    common: Common
    there: set[str]
    mine: dict[str, str]  # written since, with their checksums
    damaged: set[str]  # written, though it never changes: no news for other machines
    gone: set[str]

    @staticmethod
    def of(root: Path, name: str, places: Iterable[Path]) -> WorkingCopy:
        """Look into the `places` of the manifest `name` in the data folder `root`."""
        common, there = _common(root, name), _files(root, places)
        mine: dict[str, str] = {}
        damaged = set()
        for path in there:
            known = common.files.get(path)
            if known is not None and known.is_still(root / path):
                continue
            sha256 = sha256_file(root / path)
            if known is None or known.sha256 != sha256:
                if known is not None and _is_whole(path):
                    damaged.add(path)
                else:
                    mine[path] = sha256
        return WorkingCopy(root, name, common, there, mine, damaged, common.files.keys() - there)


@dataclass(frozen=True)
class SharedStore:
    """A bucket that data folders are working copies of."""

    bucket: Bucket

    def news(self, root: Path) -> list[str]:
        """Return the datasets whose records in the store are not those of the data folder `root`.

        Raises:
            StoreError: the store cannot be reached, or the folder's own record of it is damaged.
        """
        return sorted(
            PurePosixPath(name).relative_to("datasets").with_suffix("").as_posix()
            for name, etag in self.bucket.etags("datasets/") if _common(root, name).etag != etag
        )

    def take(self, root: Path, name: str, places: Iterable[Path]) -> None:
        """Bring `places`, files and folders of the data folder `root`, to the manifest `name`.

        What a killed process left uncommitted is committed; what another machine's commit has made
        obsolete meanwhile is set aside. A file that is lost here comes back.

        Raises:
            StoreError: the store cannot be reached, or has other bytes than its manifest says.
        """
        for _ in range(_ATTEMPTS):
            here = WorkingCopy.of(root, name, places)
            if self.bucket.etag(name) == here.common.etag:
                here = self._restore(here)
                if not here.mine or self._commit(here):
                    return
            if aside := self._adopt(here):
                log.warning("%s: another machine has committed other records; those of this one"
                            " are in %s now", name, aside)
        raise self._busy(name)

    def give(self, root: Path, name: str, places: Iterable[Path]) -> None:
        """Commit what has changed in `places` of the data folder `root` to the manifest `name`.

        Raises:
            BusyError: another machine was first; `places` are what it wrote, the own is set aside.
            StoreError: the store cannot be reached; the next lock commits it.
        """
        for _ in range(_ATTEMPTS):
            here = WorkingCopy.of(root, name, places)
            if not (here.mine or here.gone) or self._commit(here, here.gone):
                return
            if aside := self._adopt(here, here.gone):
                raise self._busy(name, f"; what was made here is in {aside}")
        raise self._busy(name)

    def _busy(self, name: str, aside: str = "") -> BusyError:
        dataset = PurePosixPath(name).with_suffix("").as_posix().removeprefix("datasets/")
        return BusyError(
            f"another machine has committed records of {dataset} at the same time",
            where=self.bucket.url,
            todo=f"run again: it goes on from theirs{aside}",
        )

    def _restore(self, here: WorkingCopy) -> WorkingCopy:
        """Bring back what was lost or damaged in the data folder since both were alike."""
        lost = {path: known.sha256 for path, known in here.common.files.items()
                if path in here.damaged or path in here.gone}
        if not lost:
            return here
        log.warning("%s: restored from the shared store: %s", here.name, ", ".join(sorted(lost)))
        self._fetch(here.root, lost)
        common = here.common.with_files(here.root, lost)
        remember(here.root, here.name, common)
        return replace(here, common=common, damaged=set(), gone=set())

    def _commit(self, here: WorkingCopy, gone: Iterable[str] = ()) -> bool:
        """Put the objects, then the manifest; False where another commit was first."""
        common, stored = here.common, {known.sha256 for known in here.common.files.values()}
        for path, sha256 in here.mine.items():
            if sha256 not in stored:
                self._put_object(here.root / path, sha256)
        after = common.with_files(here.root, here.mine, gone)
        manifest = Manifest(files={path: known.sha256 for path, known in after.files.items()})
        body = sealed(pretty_json(manifest)).encode()
        etag = self.bucket.replace(here.name, body, common.etag)
        if etag is not None:
            remember(here.root, here.name, after.model_copy(update={"etag": etag}))
        return etag is not None

    def _adopt(self, here: WorkingCopy, gone: Iterable[str] = ()) -> Path | None:
        """Take over what another machine has committed.

        What was written here stays, to be committed on top, unless both have written the same file:
        then all of it is set aside, as half of a step's work is none.

        Returns:
            Where it was set aside, or None.
        """
        root, common = here.root, here.common
        etag, manifest = read_manifest(self.bucket, here.name)
        before = {path: known.sha256 for path, known in common.files.items()}
        theirs = {path for path in before.keys() | manifest.files.keys()
                  if before.get(path) != manifest.files.get(path)}
        same = {path for path, sha256 in here.mine.items() if manifest.files.get(path) == sha256}
        aside = None
        with disk_errors(root):
            if theirs & ((here.mine.keys() - same) | set(gone)):
                now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
                aside = root / SET_ASIDE / PurePosixPath(here.name).with_suffix("") / now
                aside.mkdir(parents=True)
                for path in here.mine.keys() - same:
                    (aside / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(root / path, aside / path)
            for path in theirs - manifest.files.keys():
                (root / path).unlink(missing_ok=True)
            for folder in {(root / path).parent for path in here.there}:
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
        kept = set() if aside else (here.mine.keys() - same) | set(gone)
        wanted = {path: manifest.files[path] for path in manifest.files.keys() - same - kept
                  if path in theirs or path in here.damaged or not (root / path).exists()}
        self._fetch(root, wanted)
        after = Common(etag=etag, files={
            path: known for path, known in common.files.items()
            if path in kept and path in manifest.files
        })
        remember(root, here.name, after.with_files(root, {
            path: sha256 for path, sha256 in manifest.files.items() if path not in after.files
        }))
        return aside

    def _fetch(self, root: Path, wanted: Mapping[str, str]) -> None:
        """Write files with the bytes that have the checksums `wanted`; whole folders at once."""
        whole: dict[Path, list[str]] = {}
        for path in sorted(wanted):
            target = _inside(root, path)
            if _is_whole(path) and not target.parent.exists():
                whole.setdefault(target.parent, []).append(path)
                continue
            with atomic_write(target) as staging:
                self._get_object(wanted[path], staging)
        for folder, paths in whole.items():
            with atomic_directory(folder) as staging:
                for path in paths:
                    self._get_object(wanted[path], staging / PurePosixPath(path).name)

    def _get_object(self, sha256: str, target: Path) -> None:
        name = f"objects/{sha256}"
        if self.bucket.download(name, target) != sha256:
            raise StoreError(
                "the shared store has other bytes than its name says",
                where=f"{self.bucket.url}/{name}",
                todo="restore the object from a backup, or from a data folder that has the file",
            )

    def _put_object(self, path: Path, sha256: str) -> None:
        name = f"objects/{sha256}"
        if self.bucket.etag(name) is None:
            self.bucket.upload(name, path, sha256)


def read_manifest(bucket: Bucket, name: str) -> tuple[str | None, Manifest]:
    """Return ETag and content of the manifest `name` in a `bucket`; an empty one if it has none.

    Raises:
        StoreError: the bucket cannot be reached, or the manifest is damaged.
    """
    found = bucket.get(name)
    if found is None:
        return None, Manifest()
    try:
        return found[0], Manifest.model_validate_json(unsealed(found[1]))
    except ValueError as error:
        raise StoreError(
            f"a manifest cannot be read: {error}", where=f"{bucket.url}/{name}",
            todo="restore an earlier version of the object",
        ) from error


def _files(root: Path, places: Iterable[Path]) -> set[str]:
    """Return the files in `places`, as paths in the data folder; a hidden one is none."""
    found = set()
    for place in places:
        for path in [place] if place.is_file() else place.rglob("*"):
            relative = path.relative_to(root)
            if path.is_file() and not any(part.startswith(".") for part in relative.parts):
                found.add(relative.as_posix())
    return found


def _is_whole(path: str) -> bool:
    """Whether a file is part of a folder that never changes: a release, a pack, a snapshot…"""
    parts = PurePosixPath(path).parts
    return parts[0] in _WHOLE and len(parts) > 4  # kind, sector, dataset, name, file


def _inside(root: Path, path: str) -> Path:
    """Return where a file of a manifest belongs; raise where that is outside the data folder."""
    if not is_inside(path):
        raise StoreError(
            f"a manifest of the shared store names {path!r}, which is no file of a data folder",
            where=str(root), todo="restore an earlier version of the manifest",
        )
    return root / path


def _common(root: Path, name: str) -> Common:
    path = root / _OWN / name
    if not path.exists():
        return Common()
    try:
        return Common.model_validate_json(unsealed(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"the record of what is in the shared store cannot be read: {error}", where=str(path),
            todo="remove it: the next run compares all files",
        ) from error


def remember(root: Path, name: str, common: Common) -> None:
    """Keep in the data folder `root` what it has in `common` with the manifest `name`."""
    write_if_changed(root / _OWN / name, sealed(pretty_json(common)))
