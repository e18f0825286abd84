"""The files of a dataset's folder: the downloads of each release, and the description in DCAT.

A release that is offered already keeps its files; the current one follows the code. The folder is
replaced as a whole: a reader sees the old one or the new one, never half of one.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from model.records.release import FileRecord, Release
from model.util.disk import link_or_copy
from model.util.hashing import (
    has_checksum,
    pretty_json,
    sealed,
    sha256_json,
    sha256_once,
)
from model.util.languages import default_language
from portal.base import ReleaseFiles
from portal.content import Content
from portal.distributions.registry import with_distributions, write_all
from portal.metadata import dcat, dqv, schema_org
from portal.metadata.mqa import assess
from portal.metadata.turtle import turtle
from portal.site_folder.addresses import addresses, dataset_page
from portal.site_folder.state import CHECKSUMS, DatasetState, ReleaseState, read_checksums

LOCK_SECONDS = 120
DCAT, TURTLE, CROISSANT = "dcat.jsonld", "dcat.ttl", "croissant.json"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a site's shared pages; its file stands beside the folder, not in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock"), timeout=LOCK_SECONDS):
        yield


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give a staging folder to fill; on leaving, it replaces `target` by renaming.

    POSIX cannot exchange two folders in one step: between two renames `target` is missing for
    an instant. A process killed in that instant leaves the old folder renamed, and `recover`
    restores it.
    """
    staging, old = _staging(target), _old(target)
    recover(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
        if target.exists():
            target.rename(old)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        recover(target)


def recover(target: Path) -> None:
    """Restore, or delete, the old folder that an interrupted replacement left behind."""
    old = _old(target)
    if old.exists():
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def is_interrupted(target: Path) -> bool:
    """Return whether a replacement of the folder `target` has left another one beside it."""
    return _staging(target).exists() or _old(target).exists()


def _staging(target: Path) -> Path:
    return target.with_name(f".{target.name}.new")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def put(files: Mapping[str, bytes | Path], folder: Path) -> None:
    """Write `files` into a `folder`: path in it -> bytes, or a file that is linked."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, Path):
            link_or_copy(data, path)
        else:
            path.write_bytes(data)


def write_checksums(folder: Path) -> None:
    """Write the checksum of every file in a dataset's `folder`: `sha256.json`."""
    found = {
        path.relative_to(folder).as_posix(): sha256_once(path)
        for path in sorted(folder.rglob("*")) if path.is_file()
    }
    (folder / CHECKSUMS).write_text(sealed(pretty_json(found)), encoding="utf-8")


def differing_file(folder: Path) -> str | None:
    """Return the first file of a dataset's `folder` that is not as it was written."""
    known = read_checksums(folder)
    # Joining text takes a tenth of the time of joining paths, here of each file of the site.
    differ = (name for name, sha in known.items() if not has_checksum(f"{folder}/{name}", sha))
    return next(differ, None) if known else CHECKSUMS


def release_folder(dataset_folder: Path, current: int, number: int) -> Path:
    """Return the folder of release `number` in `dataset_folder`; the `current` one has the top."""
    return dataset_folder if number == current else dataset_folder / "releases" / str(number)


@dataclass(frozen=True)
class DatasetFolder:
    """A dataset's folder that is being filled in staging.

    content: the current release.
    before: the state of the folder that readers see, None where there is none.
    existing: that folder.
    version: of the code that writes distributions.
    """

    content: Content
    before: DatasetState | None
    existing: Path
    version: str

    def fill(self, item: ReleaseFiles, staging: Path) -> ReleaseState:
        """Put a release's (`item`) files into the new folder `staging`: existing ones, or new.

        Raises PortalError where the release holds what no open format can carry, and OSError.
        """
        release = item.release
        folder = release_folder(staging, self.content.release.number, release.number)
        known = self.before.of_release(release.number) if self.before else None
        offered = (*known.superseded, *known.files) if known else ()
        if self.content.withdrawn:
            return self._state(release, (), offered)
        if known is not None and known.record_sha256 != sha256_json(release):
            known, offered = None, ()
        folder.mkdir(parents=True, exist_ok=True)
        if not self.content.public:
            return self._state(release, ())
        if known is not None and known.files and (existing := self._reusable(known)):
            for file in known.files:
                link_or_copy(existing / file.name, folder / file.name)
            return known
        own = Content.of(item, self.content.registries)
        if not own.public:  # it was not public when it was issued
            return self._state(release, ())
        files = write_all(own, folder)
        new = {file.sha256 for file in files}
        return self._state(release, files, tuple(f for f in offered if f.sha256 not in new))

    def _reusable(self, known: ReleaseState) -> Path | None:
        """Return the folder of a release's existing files where they can stay as they are."""
        current = known.number == self.content.release.number
        if self.before is None or (current and known.made_by != self.version):
            return None
        folder = release_folder(self.existing, self.before.release, known.number)
        whole = all(has_checksum(folder / file.name, file.sha256) for file in known.files)
        return folder if whole else None

    def _state(
        self, release: Release, files: tuple[FileRecord, ...],
        superseded: tuple[FileRecord, ...] = (),
    ) -> ReleaseState:
        return ReleaseState(
            number=release.number, issued=release.issued, reason=release.reason,
            rows=release.rows, quarantined=release.quarantined, changes=release.changes,
            period_first=release.period_first, period_last=release.period_last,
            record_sha256=sha256_json(release), made_by=self.version, files=files,
            superseded=superseded, decision=release.decision, version=release.semantic_version,
            structure=release.structure,
        )


def write_descriptions(
    content: Content, releases: list[ReleaseState], folder: Path, base_url: str | None
) -> None:
    """Write a dataset's descriptions to its `folder`: DCAT with its quality in DQV, and Croissant.

    `content` is the current release, `releases` are all that the site offers, oldest first; without
    `base_url`, the site's address with a slash at the end, addresses are relative.
    """
    dataset, root = content.dataset.id, base_url or ""
    files = with_distributions(releases[-1].files, content.dataset)
    issued = releases[0].issued.isoformat()
    nodes = dcat.dataset_nodes(
        content, files,
        folder=f"{root}datasets/{dataset}/", page=root + dataset_page(dataset, default_language()),
        issued=issued,
    )
    quality = content.quality
    algorithm = quality.versions.get("scores", "")
    nodes = dqv.measured(nodes, dataset, quality.scores, algorithm, assess(nodes, dataset))
    base = base_url or "../../../"
    document = dcat.document(nodes, base)
    (folder / DCAT).write_text(pretty_json(document), encoding="utf-8")
    (folder / TURTLE).write_bytes(turtle(nodes, dcat.CONTEXT, base))
    if not files:
        return
    at = addresses(dataset, default_language(), base)
    # Its readers resolve relative addresses, if at all, from its own folder.
    at = at if base_url else replace(at, folder="")
    document = schema_org.croissant(content, files, issued, at)
    (folder / CROISSANT).write_text(
        json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8"
    )
