"""Repeat the making of every release of a site, one after the other, and compare.

The releases come about in a data folder of the builder's own, in the order in which they did at the
publisher's: what a suite compares with, and what computed datasets are computed from, are the
builder's own releases, never the publisher's.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from model.errors import OpenIndicatorsError
from model.records.buildinfo import BuiltRelease, Outcome
from model.records.release import Release
from model.records.snapshot import Snapshot
from model.reference.city import use_project
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.connections import open_transport
from pipelines.quality.report import ReleaseWithReport
from pipelines.rebuild.material import Material, MissingError, Published
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.computed_source import transport_for
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.make_again import BY_HAND, repeat, same_outcome
from portal import versions
from portal.content import Content
from portal.distributions.quality_report import quality_page
from portal.distributions.registry import write_all
from portal.transparency.records import files_checksum
from warehouse.store import acceptances, ledger, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.working_tables import Validated

_EPOCH = datetime.fromtimestamp(0, UTC)  # of no record that is compared


class DiffersError(OpenIndicatorsError):
    """A release was made again, and is another."""


@dataclass
class Rebuild:
    """A data folder in which the releases of a site are made again.

    material: what the site publishes.
    data_dir: the folder, empty at first.
    fetch: whether the recorded addresses are asked for bytes that nobody has given.
    """

    material: Material
    data_dir: DataDir
    fetch: bool = False
    _projects: dict[str, Catalogue] = field(default_factory=dict)

    def run(self, datasets: Collection[str] = ()) -> Iterator[BuiltRelease]:
        """Yield what became of each release, in the order in which they were made.

        With `datasets` of these alone, and of what they rest on.
        """
        every = list(self.material.releases())
        chosen = self._with_inputs(datasets, every) if datasets else None
        order = sorted(
            (each for each in every if chosen is None or each.dataset in chosen),
            key=lambda each: each.order,
        )
        for _, group in groupby(order, key=lambda each: each.order):
            for published in self._inputs_first(list(group)):
                outcome: Outcome
                try:
                    self._make(published)
                    outcome, why = "reproduced", ""
                except MissingError as error:
                    outcome, why = "unchecked", _in_words(error)
                except OpenIndicatorsError as error:
                    outcome, why = "differs", _in_words(error)
                yield BuiltRelease(
                    dataset=published.dataset, number=published.release.number,
                    record=published.release.record_sha256,
                    files=files_checksum(published.release), outcome=outcome, why=why,
                )

    def _with_inputs(self, datasets: Collection[str], every: list[Published]) -> set[str]:
        if unknown := set(datasets) - {each.dataset for each in every}:
            raise OpenIndicatorsError(
                f"the site has no dataset {', '.join(sorted(unknown))}",
                where=self.material.site.name, todo="name datasets as SECTOR/NAME",
            )
        found: set[str] = set()
        new = set(datasets)
        while new:
            found |= new
            new = {
                name for each in every if each.dataset in new for name in self._upstream(each)
            } - found
        return found

    def _inputs_first(self, group: list[Published]) -> list[Published]:
        """Sort releases of the same moment: what others rest on comes first."""
        upstream = {each.dataset: set(self._upstream(each)) for each in group}
        order = list(TopologicalSorter(upstream).static_order())
        return sorted(group, key=lambda each: (order.index(each.dataset), each.release.number))

    def _upstream(self, published: Published) -> tuple[str, ...]:
        try:
            return self._bound(self.material.record(published)[0])[0].upstream
        except MissingError:
            return ()

    def _make(self, published: Published) -> None:
        """Make a release again; raise where it cannot be, or is another."""
        dataset, number = published.dataset, published.release.number
        if published.state.withdrawn or not published.state.public:
            raise MissingError("its figures are not public", where=dataset, todo="")
        release, record = self.material.record(published)
        if _differing_numbers(published, self.data_dir, self.material):
            raise MissingError(
                f"an earlier release of it was not made again: release {number} is compared with"
                " it", where=dataset, todo="",
            )
        bound, catalogue = self._bound(release)
        quality = self._published_quality(published, release)
        decision = release.decision
        if decision is None or decision.kind not in BY_HAND:
            _check_versions(bound, release, quality)
            self._place_snapshot(bound, catalogue, release)
            self._place_accepted(release)
        self.data_dir.claim(bound.profile)

        def recorded(validated: Validated) -> bytes | None:
            return quality if quality and same_outcome(quality, validated) else None

        made = repeat(bound, self.data_dir, release.issued, decision, recorded)
        found = (made.folder / ledger.RECORD).read_bytes()
        if made.release.number != number or found != record:
            raise DiffersError(
                "; ".join(_differences(made.release, release)), where=dataset, todo=""
            )
        self._compare_files(published, made, bound)

    def _bound(self, release: Release) -> tuple[BoundDataset, Catalogue]:
        """Return the dataset of a release as it was declared then, and what was declared besides.

        Raises:
            MissingError: that is not published, or this version reads it differently.
        """
        catalogue = self._project(self.material.project_of(release))
        bound = catalogue.bound_datasets(release.profile or "").get(release.dataset)
        if bound is None:
            reason = next((str(e) for e in catalogue.errors if release.dataset in e.where), "")
            raise MissingError(
                f"the published declaration cannot be used: {reason or 'it is not there'}",
                where=release.dataset, todo="",
            )
        if (bound.declaration_sha256, bound.suite.sha256) != (
            release.declaration_sha256, release.suite_sha256
        ):
            raise MissingError(
                "this version reads the published declaration and suite differently",
                where=release.dataset, todo="use the version of OpenIndicators that made it",
            )
        return bound, catalogue

    def _project(self, sha256: str) -> Catalogue:
        """Take up the project of a list of files; return it."""
        folder = self.data_dir.root / "projects" / sha256
        if not folder.exists():
            self.material.write_project(sha256, folder)
        use_project(folder)  # its city and languages are the process's until the next one's
        if sha256 not in self._projects:
            settings = Settings(project=folder, data_dir=self.data_dir, epoch=_EPOCH)
            self._projects[sha256] = load_catalogue(settings)
        return self._projects[sha256]

    def _published_quality(self, published: Published, release: Release) -> bytes | None:
        """Return the release's quality record, which has durations that nobody can repeat."""
        wanted = release.file("quality.json").sha256
        name = f"{published.state.name}-quality.json"
        if any(file.name == name and file.sha256 == wanted for file in published.release.files):
            return self.material.site.release_file(
                published.state, published.release, name, bytes
            )
        return None

    def _place_snapshot(
        self, bound: BoundDataset, catalogue: Catalogue, release: Release
    ) -> None:
        """Put the snapshot of a release into the data folder, as the one that was taken last."""
        snapshot, record = self.material.snapshot(release.dataset, release.snapshot_sha256)
        folder = self.data_dir.snapshots(release.dataset) / snapshot.sha256
        folder.mkdir(parents=True, exist_ok=True)
        (folder / snapshots.RECORD).write_bytes(record)
        made = self._computed(bound, catalogue) if bound.dataset.inputs else None
        fetched: dict[str, bytes] | None = None
        for part in snapshot.parts:
            if made is not None:
                data = made.get(part.sha256)
                if data is None:
                    raise DiffersError(
                        f"computed again from its inputs, {part.name} is another",
                        where=release.dataset, todo="",
                    )
            else:
                data = self.material.part(release.dataset, snapshot, part)
            if data is None and self.fetch:
                fetched = self._fetched(bound) if fetched is None else fetched
                data = fetched.get(part.sha256)
            if data is None:
                raise MissingError(
                    f"nobody has given the source's bytes: {part.name}, {part.bytes} bytes from"
                    f" {part.url}, sha-256 {part.sha256}"
                    + (" (that address serves others now)" if self.fetch else ""),
                    where=release.dataset, todo="give a folder that has them: `--sources FOLDER`",
                )
            (folder / part.name).write_bytes(data)
        snapshots.count_as_last(self.data_dir, release.dataset, snapshot.sha256)

    def _computed(self, bound: BoundDataset, catalogue: Catalogue) -> dict[str, bytes]:
        """Compute a dataset's snapshot from the releases made so far; by checksum."""
        others = catalogue.bound_datasets(bound.profile)
        with TemporaryDirectory(prefix="openindicators-rebuild-") as name:
            scratch = DataDir(Path(name))
            transport = open_transport(bound.profile, scratch.inbox)
            asked = transport_for(bound, others, transport, self.data_dir)
            taken, _ = take_snapshot(bound, scratch, asked, lambda: _EPOCH)
            return _by_checksum(taken.snapshot, taken.folder)

    def _fetched(self, bound: BoundDataset) -> dict[str, bytes]:
        """Ask a dataset's source for what it serves now; by checksum, nothing where it refuses."""
        with TemporaryDirectory(prefix="openindicators-rebuild-") as name:
            scratch = DataDir(Path(name))
            transport = open_transport(bound.profile, scratch.inbox)
            found: dict[str, bytes] = {}
            try:
                changed = True
                while changed:  # the embedded sample serves one vintage after the other
                    taken, changed = take_snapshot(bound, scratch, transport, lambda: _EPOCH)
                    found |= _by_checksum(taken.snapshot, taken.folder)
            except OpenIndicatorsError:
                pass
            return found

    def _place_accepted(self, release: Release) -> None:
        """Put into the data folder what people had accepted when a release was made."""
        dataset, accepted = release.dataset, self.material.accepted(release.dataset)
        rows = [each for each in accepted.rows if each.at <= release.issued]
        checks = [each for each in accepted.checks if each.at <= release.issued]
        acceptances.put(self.data_dir, dataset, rows, checks)
        of_snapshot = acceptances.load_checks(self.data_dir, dataset, release.snapshot_sha256)
        if acceptances.version(rows, of_snapshot) != release.acceptances_sha256:
            raise MissingError(
                "what people accepted then is not published", where=dataset,
                todo="ask the publisher",
            )

    def _compare_files(
        self, published: Published, made: StoredRelease, bound: BoundDataset
    ) -> None:
        """Write the files that are offered of a release, and compare each with the site's.

        The quality page has the publisher's earlier validation runs, and is taken as it is.
        """
        known = {file.name: file.sha256 for file in published.release.files}
        if not known:
            return
        page = quality_page.file_name(bound.dataset)
        taken = {
            name: self.material.site.release_file(published.state, published.release, name, bytes)
            for name in (page,) if name in known
        }
        registries = bound.registries
        with TemporaryDirectory(prefix="openindicators-rebuild-") as name:
            content = Content.of(ReleaseWithReport(self.data_dir, made), registries)
            written = {
                file.name: file.sha256 for file in write_all(content, Path(name), taken)
            }
        other = sorted(
            name for name in known.keys() | written.keys() if known.get(name) != written.get(name)
        )
        if not other:
            return
        if published.release.made_by != versions.current(registries).distributions:
            raise MissingError(
                "the release is the same; its files for download were written by another version:"
                f" {', '.join(other)}", where=published.dataset,
                todo="use the version of OpenIndicators that wrote them",
            )
        raise DiffersError(
            f"the record is the same; of the files for download differ: {', '.join(other)}",
            where=published.dataset, todo="",
        )


def _by_checksum(snapshot: Snapshot, folder: Path) -> dict[str, bytes]:
    return {part.sha256: (folder / part.name).read_bytes() for part in snapshot.parts}


def _differing_numbers(published: Published, data_dir: DataDir, material: Material) -> bool:
    """Whether the next number in the data folder is not that of a release, as one is missing."""
    dataset, number = published.dataset, published.release.number
    known = ledger.entries(data_dir, dataset)
    for lost in material.given_up(dataset):
        if lost.number < number and lost.number not in known:
            ledger.give_up(data_dir, dataset, lost)
    return ledger.next_number(data_dir, dataset) != number


def _check_versions(bound: BoundDataset, release: Release, quality: bytes | None) -> None:
    """Check that this program reads and validates as the one that made a release.

    Raises:
        MissingError: it does not, or cannot say.
    """
    theirs = {"code": release.code_version}
    ours = {"code": bound.code_version, "duckdb": version("duckdb"),
            "great_expectations": version("great-expectations")}
    theirs |= json.loads(quality)["versions"] if quality else {}
    other = [
        f"{name} {theirs[name]}, here {each}" for name, each in ours.items()
        if theirs.get(name, each) != each
    ]
    if other:
        raise MissingError(
            f"it was made with {'; '.join(other)}", where=release.dataset,
            todo="use those versions",
        )


def _differences(made: Release, release: Release) -> Iterator[str]:
    """Yield what differs between a release made again and the published one."""
    other = [
        file.name for file in release.files
        if all((each.name, each.sha256) != (file.name, file.sha256) for each in made.files)
    ]
    if other:
        yield f"made again, {', '.join(other)} differ"
    fields = [
        name for name in Release.model_fields
        if name != "files" and getattr(made, name) != getattr(release, name)
    ]
    if fields or not other:
        yield f"its record differs in {', '.join(fields) or 'its form'}"


def _in_words(error: OpenIndicatorsError) -> str:
    return error.what + (f"; {error.todo}" if error.todo else "")
