"""The site as a portal: what it has, what it should have, and how it gets there.

A dataset's folder is filled aside and swapped in by renaming; then its pages follow, then the
pages that all datasets share, under a lock. What has not changed is not written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal

from filelock import FileLock

from model.errors import PortalError
from model.records.publication import Difference, Publication
from model.records.release import FileRecord, Release
from model.reference.registries import Registries
from model.util.disk import disk_errors, write_if_changed
from model.util.hashing import pretty_json, sha256_bytes, sha256_file, sha256_json
from model.util.text import LANGUAGES
from portal.base import ReleaseFiles
from portal.content import Content
from portal.distributions.registry import DISTRIBUTIONS, write_all
from portal.metadata import dcat, dqv
from portal.metadata.mqa import assess
from portal.site import catalogue, pages, versions
from portal.site.files import link_or_copy, recover, replaced_folder
from portal.site.state import (
    DatasetState,
    ReleaseState,
    all_datasets,
    read_catalogue,
    read_dataset,
)
from portal.site.summary import summarise

Change = Literal["+", "~", "-", "="]
LOCK_SECONDS = 120
PREVIEW = "preview"
OWN_FILES = ("dataset.json", "dcat.jsonld")


class Site:
    """The static site in `folder`; satisfies `Portal`.

    Args:
        folder: where the site is.
        registries: names and licences.
        preview: the last release of each dataset is a draft, and every page says so.
    """

    def __init__(self, folder: Path, registries: Registries, preview: bool = False) -> None:
        self.name = PREVIEW if preview else "site"
        self.folder = folder
        self.registries = registries
        self.preview = preview
        self._together = False
        self._stale = False  # the shared pages, while datasets are published together

    @cached_property
    def _versions(self) -> versions.Versions:
        return versions.current(self.registries)

    def plan(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Compare what the site has of a dataset with what it should have; write nothing.

        Args:
            history: the dataset's releases, oldest first; the last one is current.
        """
        dataset = history[-1].release.dataset
        state = self._state(dataset)
        found = [self._release_difference(state, item, history) for item in history]
        known = {item.release.number for item in history}
        gone = [r for r in state.releases if r.number not in known] if state else []
        found += [
            Difference(dataset=dataset, change="-", what=f"release {release.number}")
            for release in gone
        ]
        found.append(self._page_difference(state, dataset))
        found.append(self._catalogue_difference(dataset))
        return found

    def apply(self, history: list[ReleaseFiles]) -> Publication:
        """Bring the site to a dataset's current release; an unchanged one writes nothing.

        Raises:
            PortalError: the folder cannot be written, or the release cannot be shown; readers
                still see the old release.
        """
        differences = self.plan(history)
        release = history[-1].release
        changes = [difference for difference in differences if difference.change != "="]
        if changes:
            with disk_errors(self.folder, PortalError):
                if any(difference.what != "catalogue" for difference in changes):
                    self._publish_dataset(history)
                self._publish_catalogue()
        return Publication(
            dataset=release.dataset,
            portal=self.name,
            release=release.number,
            url=str(self.folder / pages.dataset_page(release.dataset, "vi")),
            changed=bool(changes),
            differences=tuple(differences),
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Publish many datasets: the pages that they share are made once, on leaving.

        Making them takes a second for a thousand datasets. Where a run is killed before, the
        next one finds them outdated.

        Raises:
            PortalError: on leaving, the folder cannot be written.
        """
        self._together = True
        try:
            yield
        finally:
            self._together = False
            if self._stale:
                self._stale = False
                with disk_errors(self.folder, PortalError):
                    self._publish_catalogue()

    def remove(self, dataset: str) -> bool:
        """Take a dataset out of the site, as if it had never been there: for drafts.

        Returns:
            Whether it was there.

        Raises:
            PortalError: the folder cannot be written.
        """
        state = read_catalogue(self.folder / catalogue.STATE)
        target = self._dataset_folder(dataset)
        if not target.exists() and (state is None or dataset not in state.datasets):
            return False
        with disk_errors(self.folder, PortalError):
            for language in LANGUAGES:
                (self.folder / pages.dataset_page(dataset, language)).unlink(missing_ok=True)
            if target.exists():
                shutil.rmtree(target)
            self._publish_catalogue()
        return True

    def _dataset_folder(self, dataset: str) -> Path:
        return self.folder / "datasets" / dataset

    def _state(self, dataset: str) -> DatasetState | None:
        return read_dataset(self._dataset_folder(dataset) / "dataset.json")

    def _release_difference(
        self, state: DatasetState | None, item: ReleaseFiles, history: list[ReleaseFiles]
    ) -> Difference:
        release = item.release
        what = f"release {release.number}"
        shown = state.of_release(release.number) if state else None
        current = item is history[-1]
        if state is None or shown is None:
            return Difference(dataset=release.dataset, change="+", what=what)
        detail = ""
        change: Change
        if shown.record_sha256 != sha256_json(release):
            detail = "its record differs"
        elif current and shown.made_by != self._versions.distributions:
            detail = "the files are made anew by newer code"
        elif current != (state.release == release.number):
            detail = "a newer release takes its place"
        elif missing := self._missing(state, shown):
            detail = f"{missing} is missing or damaged"
        change = "~" if detail else "="
        return Difference(dataset=release.dataset, change=change, what=what, detail=detail)

    def _missing(self, state: DatasetState, shown: ReleaseState) -> str | None:
        """Return the first file of a release that is not there in its full length."""
        folder = self._release_folder(state, shown.number)
        for file in shown.files:
            path = folder / file.name
            if not path.is_file() or path.stat().st_size != file.bytes:
                return file.name
        return None

    def _release_folder(self, state: DatasetState, number: int) -> Path:
        folder = self._dataset_folder(state.dataset)
        return folder if number == state.release else folder / "releases" / str(number)

    def _page_difference(self, state: DatasetState | None, dataset: str) -> Difference:
        change: Change = "="
        detail = ""
        if state is None:
            change = "+"
        elif state.site_version != self._versions.site:
            change, detail = "~", "the site's own code or words changed"
        else:
            for path, sha256 in state.pages.items():
                if not _is_file(self.folder / path, sha256):
                    change, detail = "~", f"{path} is missing or differs"
        return Difference(dataset=dataset, change=change, what="pages", detail=detail)

    def _catalogue_difference(self, dataset: str) -> Difference:
        state = read_catalogue(self.folder / catalogue.STATE)
        path = self._dataset_folder(dataset) / "dataset.json"
        change: Change = "="
        if state is None or dataset not in state.datasets:
            change = "+"
        elif (
            state.site_version != self._versions.site
            or not _is_file(path, state.datasets[dataset])
            or not all(_is_file(self.folder / page, sha) for page, sha in state.pages.items())
        ):
            change = "~"
        return Difference(dataset=dataset, change=change, what="catalogue")

    def _publish_dataset(self, history: list[ReleaseFiles]) -> None:
        dataset = history[-1].release.dataset
        target = self._dataset_folder(dataset)
        recover(target)
        before = self._state(dataset)
        content = Content.of(history[-1], self.registries)
        _check_name(content)
        with replaced_folder(target) as aside:
            shown = [
                self._fill_release(item, content, before, aside)
                for item in history
            ]
            if content.withdrawn:
                rendered = pages.render_withdrawn(content, shown)
            else:
                rendered = pages.render_dataset(content, shown, self.preview)
            state = summarise(
                content, tuple(shown), self._versions.site,
                {path: sha256_bytes(data) for path, data in rendered.items()},
            )
            (aside / "dataset.json").write_text(pretty_json(state), encoding="utf-8")
            if not content.withdrawn:
                _describe(content, shown, aside / "dcat.jsonld")
        for path, data in rendered.items():
            write_if_changed(self.folder / path, data, PortalError, lasting=False)

    def _fill_release(
        self,
        item: ReleaseFiles,
        content: Content,
        before: DatasetState | None,
        aside: Path,
    ) -> ReleaseState:
        """Put a release's files into the new folder: those of before, or made anew.

        `content` is the current release.
        """
        release = item.release
        current = release.number == content.release.number
        folder = aside if current else aside / "releases" / str(release.number)
        record = sha256_json(release)
        shown = before.of_release(release.number) if before else None
        same = shown is not None and shown.record_sha256 == record
        if content.withdrawn:
            offered = (*shown.superseded, *shown.files) if shown else ()
            return _release_state(release, record, self._versions.distributions, (), offered)
        folder.mkdir(parents=True, exist_ok=True)
        if not content.public:
            return _release_state(release, record, self._versions.distributions, ())
        # An older release stays as it was offered; the current one follows the code.
        if before and shown and same and shown.files and self._reusable(before, shown, current):
            for file in shown.files:
                link_or_copy(
                    self._release_folder(before, shown.number) / file.name, folder / file.name
                )
            return shown
        own = Content.of(item, self.registries)
        if not own.public:  # it was not public when it came out
            return _release_state(release, record, self._versions.distributions, ())
        files = write_all(own, folder)
        new = {file.sha256 for file in files}
        known = (*shown.superseded, *shown.files) if shown and same else ()
        return _release_state(
            release, record, self._versions.distributions, files,
            tuple(file for file in known if file.sha256 not in new),
        )

    def _reusable(self, before: DatasetState, shown: ReleaseState, current: bool) -> bool:
        if current and shown.made_by != self._versions.distributions:
            return False
        folder = self._release_folder(before, shown.number)
        return all(_is_file(folder / file.name, file.sha256) for file in shown.files)

    def _publish_catalogue(self) -> None:
        if self._together:
            self._stale = True
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock", timeout=LOCK_SECONDS):
            rendered = catalogue.render(
                self.folder, self.registries, self._versions.site, self.preview
            )
            for path, data in rendered.items():
                write_if_changed(self.folder / path, data, PortalError, lasting=False)


def published_files(folder: Path) -> Iterator[tuple[str, int, FileRecord]]:
    """Give every file that a site offers or offered: (dataset, release, file).

    Args:
        folder: the site's folder; without one there is nothing to give.
    """
    for state in all_datasets(folder):
        for release in state.releases:
            for file in (*release.files, *release.superseded):
                yield state.dataset, release.number, file


def _describe(content: Content, shown: list[ReleaseState], path: Path) -> None:
    """Write the dataset's description in DCAT."""
    dataset = content.dataset.id
    nodes = dcat.dataset_nodes(
        content, shown[-1].files, folder=f"datasets/{dataset}/",
        page=pages.dataset_page(dataset, "vi"), issued=shown[0].issued.isoformat(),
    )
    quality = content.quality
    algorithm = quality.versions.get("scores", "")
    nodes = dqv.measured(nodes, dataset, quality.scores, algorithm, assess(nodes, dataset))
    document = dcat.document(nodes, base="../../../")
    path.write_text(pretty_json(document), encoding="utf-8")


def _release_state(
    release: Release,
    record: str,
    made_by: str,
    files: tuple[FileRecord, ...],
    superseded: tuple[FileRecord, ...] = (),
) -> ReleaseState:
    return ReleaseState(
        number=release.number, issued=release.issued, reason=release.reason, rows=release.rows,
        quarantined=release.quarantined, changes=release.changes,
        period_first=release.period_first, period_last=release.period_last,
        record_sha256=record, made_by=made_by, files=files, superseded=superseded,
        decision=release.decision,
    )


def _is_file(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256


def _check_name(content: Content) -> None:
    """A dataset must not be named so that a download hides one of the site's own files."""
    names = [d.file_name(content.dataset) for d in DISTRIBUTIONS]
    if len({*names, *OWN_FILES}) != len(names) + len(OWN_FILES):
        raise PortalError(
            f"the name {content.dataset.name!r} is taken by a file that every dataset has",
            where=content.dataset.id, todo="give the dataset another name",
        )
