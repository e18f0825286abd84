"""The site as a portal: plan and apply.

A dataset's folder is filled in staging and swapped in by renaming; then its pages follow, then the
pages that all datasets share, under a lock. What has not changed is not written.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal

from model.errors import PortalError, StoreError
from model.records.release import Difference, FileRecord, Publication
from model.reference.registries import Registries
from model.util.disk import disk_errors, write_if_changed
from model.util.garbage_collector import paused_collector
from model.util.hashing import has_checksum, pretty_json, sha256_bytes, sha256_json
from model.util.languages import default_language, languages
from portal import libraries, versions
from portal.base import MayBePacked, ReleaseFiles
from portal.changes import triangle
from portal.changes.dataset_files import dataset_files
from portal.changes.offered import offered
from portal.content import Content
from portal.distributions.registry import DISTRIBUTIONS
from portal.site import pages
from portal.site.shared_pages import figures, shared_files
from portal.site.summary import summarise
from portal.site.tables import preview_rows
from portal.site_folder.addresses import dataset_page
from portal.site_folder.release_files import (
    CROISSANT,
    DCAT,
    TURTLE,
    DatasetFolder,
    differing_file,
    is_interrupted,
    locked,
    put,
    recover,
    release_folder,
    replaced_folder,
    write_checksums,
    write_descriptions,
)
from portal.site_folder.state import (
    CHECKSUMS,
    CatalogueState,
    DatasetState,
    ReleaseState,
    all_datasets,
    read_state,
)

log = logging.getLogger(__name__)

Change = Literal["+", "~", "-", "="]
PREVIEW = "preview"
OWN_FILES = ("dataset.json", DCAT, TURTLE, CROISSANT, CHECKSUMS, figures.FILE)


class Site:
    """The static site in `folder`; implements `Portal`.

    folder: where the site is.
    registries: names and licences.
    preview: the last release of each dataset is a draft, and every page says so.
    base_url: address of the site on the web, with a slash at the end; DCAT has absolute
        addresses then.
    processes: among which pages across datasets are divided.
    """

    def __init__(
        self, folder: Path, registries: Registries, preview: bool = False,
        base_url: str | None = None, processes: int = 1,
    ) -> None:
        self.name = PREVIEW if preview else "site"
        self.folder = folder
        self.registries = registries
        self.preview = preview
        self.base_url = base_url
        self.processes = processes
        self._together = False
        # The state of the shared pages, while several datasets are applied together.
        self._shared: tuple[CatalogueState | None, bool] | None = None

    @cached_property
    def _versions(self) -> versions.Versions:
        return versions.current(self.registries, self.base_url)

    def plan(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Compare the site's actual state with that which a `history` asks for; write nothing."""
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
        """Bring the site to the last release of `history`; an unchanged one writes nothing.

        Raises PortalError where the folder cannot be written, or the release cannot be shown;
        readers still see the old release.
        """
        differences = self.plan(history)
        release = history[-1].release
        changes = [difference for difference in differences if difference.change != "="]
        if changes:
            with disk_errors(self.folder, PortalError):
                if any(difference.what != "catalogue" for difference in changes):
                    self._write_dataset(history)
                self.write_shared()
        return Publication(
            dataset=release.dataset,
            portal=self.name,
            release=release.number,
            url=str(self.folder / dataset_page(release.dataset, default_language())),
            changed=bool(changes),
            differences=tuple(differences),
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Apply many datasets: the pages that they share are made once, on leaving.

        Making them, or reading them again, takes a second for a thousand datasets. If a run is
        killed before, the next one finds them outdated.
        """
        self._together = True
        try:
            yield
        finally:
            self._shared = None
            outdated = self._are_outdated()
            self._together, self._shared = False, None
            if outdated:
                with disk_errors(self.folder, PortalError):
                    self.write_shared()

    def _are_outdated(self) -> bool:
        """Return whether the shared pages are not those of the datasets, whoever wrote these."""
        found = [path.parent for path in self.folder.glob("datasets/*/*/dataset.json")]
        datasets = {"/".join(folder.parts[-2:]) for folder in found}
        state, _ = self._read_shared()
        present = set(state.datasets) if state else set()
        return present != datasets or any(
            self._catalogue_difference(dataset).change != "=" for dataset in datasets
        )

    def shows(self, dataset: str) -> bool:
        """Return whether a dataset is in the site."""
        if self._dataset_folder(dataset).exists():
            return True
        state = read_state(CatalogueState, self.folder / shared_files.STATE)
        return state is not None and dataset in state.datasets

    def remove(self, dataset: str) -> bool:
        """Remove a dataset from the site, for drafts; return whether it was in it."""
        target = self._dataset_folder(dataset)
        if not self.shows(dataset):
            return False
        with disk_errors(self.folder, PortalError):
            state = self._state(dataset)
            usual = (dataset_page(dataset, language) for language in languages())
            for path in {*usual, *(state.pages if state else ())}:
                (self.folder / path).unlink(missing_ok=True)
            if target.exists():
                shutil.rmtree(target)
            self.write_shared()
        return True

    def _dataset_folder(self, dataset: str) -> Path:
        return self.folder / "datasets" / dataset

    def _state(self, dataset: str) -> DatasetState | None:
        return read_state(DatasetState, self._dataset_folder(dataset) / "dataset.json")

    def _release_difference(
        self, state: DatasetState | None, item: ReleaseFiles, history: list[ReleaseFiles]
    ) -> Difference:
        release = item.release
        what = f"release {release.number}"
        known = state.of_release(release.number) if state else None
        current = item is history[-1]
        if state is None or known is None:
            return Difference(dataset=release.dataset, change="+", what=what)
        detail = ""
        if known.record_sha256 != sha256_json(release):
            detail = "its record differs"
        elif current and known.made_by != self._versions.distributions:
            detail = "newer code writes the files differently"
        elif current != (state.release == release.number):
            detail = "a newer release takes its place"
        elif missing := self._missing(state, known):
            detail = f"{missing} is missing or damaged"
        change: Change = "~" if detail else "="
        return Difference(dataset=release.dataset, change=change, what=what, detail=detail)

    def _missing(self, state: DatasetState, known: ReleaseState) -> str | None:
        """Return the first file of a release that is not there as it was written."""
        folder = release_folder(self._dataset_folder(state.dataset), state.release, known.number)
        for file in known.files:
            if not has_checksum(f"{folder}/{file.name}", file.sha256):
                return file.name
        return None

    def _page_difference(self, state: DatasetState | None, dataset: str) -> Difference:
        change: Change = "="
        detail = ""
        if state is None:
            change = "+"
        elif state.site_version != self._versions.site:
            change, detail = "~", "the site's code, texts or address changed"
        elif is_interrupted(self._dataset_folder(dataset)):
            change, detail = "~", "a run was killed while it replaced the folder"
        else:
            for path, sha256 in state.pages.items():
                if not has_checksum(f"{self.folder}/{path}", sha256):
                    change, detail = "~", f"{path} is missing or differs"
            if change == "=" and (name := differing_file(self._dataset_folder(dataset))):
                change, detail = "~", f"{name} is missing or differs"
        return Difference(dataset=dataset, change=change, what="pages", detail=detail)

    def _catalogue_difference(self, dataset: str) -> Difference:
        state, intact = self._shared or self._read_shared()
        path = self._dataset_folder(dataset) / "dataset.json"
        change: Change = "="
        if state is None or dataset not in state.datasets:
            change = "+"
        elif not intact or not has_checksum(path, state.datasets[dataset]):
            change = "~"
        return Difference(dataset=dataset, change=change, what="catalogue")

    def _read_shared(self) -> tuple[CatalogueState | None, bool]:
        """Return the state of the shared pages, and whether they are as this code wrote them."""
        state = read_state(CatalogueState, self.folder / shared_files.STATE)
        found = state, (
            state is not None and state.site_version == self._versions.site
            and libraries.placed(self.folder)
            and all(
                has_checksum(f"{self.folder}/{page}", sha) for page, sha in state.pages.items()
            )
        )
        if self._together:  # until they are made, on leaving, nothing changes them
            self._shared = found
        return found

    def _write_dataset(self, history: list[ReleaseFiles]) -> None:
        dataset = history[-1].release.dataset
        target = self._dataset_folder(dataset)
        recover(target)
        content = Content.of(history[-1], self.registries)
        _check_name(content)
        before = self._state(dataset)
        folder = DatasetFolder(content, before, target, self._versions.distributions)
        with replaced_folder(target) as staging:
            releases = [folder.fill(item, staging) for item in history]
            if content.withdrawn:
                rendered = pages.render_withdrawn(content, releases, self.base_url)
            else:
                revisions = self._revisions(content, history, releases)
                rendered = revisions | pages.render_dataset(
                    content, releases, self.preview, self.base_url, bool(revisions)
                )
            made = {path: sha256_bytes(data) for path, data in rendered.items()}
            if content.public and not content.withdrawn:
                made[f"datasets/{dataset}/{figures.FILE}"] = figures.write(content, staging)
            state = summarise(content, tuple(releases), self._versions.site, made)
            (staging / "dataset.json").write_text(pretty_json(state), encoding="utf-8")
            if not content.withdrawn:
                write_descriptions(content, releases, staging, self.base_url)
            put(self._of_releases(content, history, state, staging), staging)
            write_checksums(staging)
            # First, as only the state that is now replaced names them: no later run finds them.
            for path in set(before.pages if before else ()) - set(made):
                (self.folder / path).unlink(missing_ok=True)
        for path, data in rendered.items():
            write_if_changed(self.folder / path, data, PortalError, lasting=False)

    def _revisions(
        self, content: Content, history: list[ReleaseFiles], releases: list[ReleaseState]
    ) -> dict[str, bytes]:
        """Return the pages of what earlier releases of a dataset said; none of a draft."""
        if self.preview or not content.public:
            return {}
        items = offered(
            [(item.release, known.files) for item, known in zip(history, releases, strict=True)],
            gone=False,
        )
        packed: set[Path] = set()
        in_full: dict[int, Path] = {}
        try:
            for item in history:
                if isinstance(item, MayBePacked) and (table := item.pack_changes()):
                    packed.add(table)
                else:
                    in_full[item.release.number] = item.path("changes.parquet")
        except StoreError as error:
            log.warning("the site does not show how figures were revised: %s", error)
            return {}
        return triangle.render(content, items, in_full, sorted(packed), self.base_url)

    def _of_releases(
        self, content: Content, history: list[ReleaseFiles], state: DatasetState, staging: Path
    ) -> dict[str, bytes | Path]:
        """Return what a dataset's folder has about its releases; see `dataset_files`.

        The files of the current release in `staging` stand among all releases from the start, so
        that their address stays when the next one comes.
        """
        before, target = self._state(state.dataset), self._dataset_folder(state.dataset)
        same = before is not None and not state.withdrawn and (
            (before.public, before.site_version) == (state.public, state.site_version)
            and set(before.releases[:-1]) <= set(state.releases)
            and differing_file(target) is None
        )
        items = offered(
            [
                (item.release, known.superseded if state.withdrawn else known.files)
                for item, known in zip(history, state.releases, strict=True)
            ],
            state.withdrawn,
        )
        found = dataset_files(
            content, items, lambda at: Content.of(history[at], self.registries), preview_rows,
            self.base_url, target if same else None, staging,
        )
        folder = f"releases/{state.release}/"
        for file in state.releases[-1].files:
            found[folder + file.name] = staging / file.name
        return found

    def write_shared(self) -> None:
        """Bring the pages across datasets to what is in the datasets' folders."""
        if self._together:
            return
        with locked(self.folder):
            libraries.place(self.folder)
            with paused_collector():
                rendered = shared_files.render(
                    self.folder, self.registries, self._versions.site, self.preview, self.base_url,
                    self.processes,
                )
            if rendered.first:
                state = self.folder / shared_files.STATE
                write_if_changed(state, rendered.first, PortalError, lasting=False)
            for path in rendered.gone:
                (self.folder / path).unlink(missing_ok=True)
            for path, data in rendered.files.items():
                write_if_changed(self.folder / path, data, PortalError, lasting=False)


def published_files(folder: Path) -> Iterator[tuple[str, int, FileRecord]]:
    """Yield every file that the site in `folder` offers or offered: (dataset, release, file)."""
    for state in all_datasets(folder):
        yield from files_of(state)


def files_of(state: DatasetState) -> Iterator[tuple[str, int, FileRecord]]:
    """Yield every file that a dataset's `state` has a record of: (dataset, release, file)."""
    for release in state.releases:
        for file in (*release.files, *release.superseded):
            yield state.dataset, release.number, file


def _check_name(content: Content) -> None:
    """Refuse a dataset's name by which a download would hide one of the site's own files."""
    names = [d.file_name(content.dataset) for d in DISTRIBUTIONS]
    if len({*names, *OWN_FILES}) != len(names) + len(OWN_FILES):
        raise PortalError(
            f"the name {content.dataset.name!r} is taken by a file that every dataset has",
            where=content.dataset.id, todo="give the dataset another name",
        )
