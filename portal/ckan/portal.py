"""CKAN as a portal: plan and apply."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import BusyError, PortalError
from model.records.release import Difference, Publication
from model.reference.registries import Registries
from model.util.text import localized
from portal import versions
from portal.base import ReleaseFiles
from portal.ckan import drafts
from portal.ckan.client import CkanClient
from portal.ckan.datastore.loader import TableLoader, rows_sha256, table_of, with_row_counts
from portal.ckan.desired import mapping
from portal.ckan.desired.files import FileBuilder, open_builder
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.state import DRAFT_SUFFIX, DesiredState, check, desired_state, tombstone
from portal.ckan.journal import Journal
from portal.ckan.package import ConcurrentEdit, Organisations
from portal.ckan.plan import PackagePlan, compare, edited_meanwhile
from portal.ckan.publish_run import PublishRun
from portal.ckan.resources import offered_files
from portal.content import Content
from portal.distributions.csv_files import csv_table
from portal.metadata.identifiers import package_id

KEEP_RELEASES = 3
ATTEMPTS = 3  # where others edit what is not ours meanwhile

# Returns the desired state, given the package as the portal has it.
Desire = Callable[[Fields | None], DesiredState]


class Ckan:
    """A CKAN portal; satisfies `Portal`.

    client: the portal and the right to write to it.
    data_dir: the data folder, for journal, checksums and temporary files.
    registries: names and licences.
    loader: loads rows into the DataStore; None leaves it alone.
    keep: how many releases before the current one stay downloadable.
    overwrite: decide conflicts with people's edits in favour of the release.
    """

    name = "ckan"

    def __init__(
        self, client: CkanClient, data_dir: Path, registries: Registries,
        loader: TableLoader | None = None, keep: int = KEEP_RELEASES, overwrite: bool = False,
    ) -> None:
        self.client = client
        self.data_dir = data_dir
        self.registries = registries
        self.loader = loader
        self.keep = keep
        self.overwrite = overwrite
        self.organisations = Organisations(client)

    @cached_property
    def _version(self) -> str:
        return versions.current(self.registries).distributions

    def journal(self, dataset: str) -> Journal:
        """Return a dataset's journal."""
        return Journal(self.data_dir / "journal" / "ckan" / f"{dataset}.jsonl")

    def plan(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Compare the portal with what it should show of a `history`; write nothing to it."""
        with open_builder(self.data_dir, self._version) as builder:
            plan = self._plan(history, self._desire(history, builder, False))
        differences = list(plan.differences)
        if self.loader is not None:
            content = self._content(history[-1])
            differences = [
                with_row_counts(item, self.loader, content, self.registries)
                for item in differences
            ]
        return [*differences, *self._needless_draft(history)]

    def apply(self, history: list[ReleaseFiles], private: bool = False) -> Publication:
        """Bring the portal to the current release, the last of `history`; see `Portal.apply`.

        Where that is a withdrawal, a tombstone replaces the dataset: its files, resources and table
        are removed. A `private` dataset is a draft that only its organisation sees. Raises
        PortalError, and BusyError where another publisher in this data folder is at work on the
        dataset.
        """
        with open_builder(self.data_dir, self._version) as builder:
            published = self._publish(history, builder, self._desire(history, builder, private))
            if not _is_withdrawn(history):
                builder.remember(self._content(history[-1]))
        needless = self._needless_draft(history)
        if needless:
            self.show_draft(published.dataset, None)
            published = published.model_copy(
                update={"changed": True, "differences": (*published.differences, *needless)}
            )
        return published

    def together(self) -> AbstractContextManager[None]:
        """Publish many datasets; CKAN itself makes what they share."""
        return nullcontext()

    def show_draft(self, dataset: str, draft: ReleaseFiles | None) -> Publication | None:
        """Show a waiting `draft` of a `dataset` as a private one; None removes it. As `apply`."""
        if draft is not None:
            return self.apply([drafts.DraftRelease(draft)], private=True)
        drafts.remove(self.client, self.loader, dataset)
        self.journal(dataset + DRAFT_SUFFIX).path.unlink(missing_ok=True)
        return None

    def _needless_draft(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Return the removal of a draft whose dataset no longer needs review."""
        content = self._content(history[-1])
        has_draft = self.journal(content.release.dataset + DRAFT_SUFFIX).path.is_file()
        if not has_draft or content.dataset.review == "required":
            return []
        return [
            Difference(
                dataset=content.release.dataset, change="-", what="draft",
                detail="needs no review any more",
            )
        ]

    def _content(self, release: ReleaseFiles) -> Content:
        return Content.of(release, self.registries)

    def _desire(self, history: list[ReleaseFiles], builder: FileBuilder, private: bool) -> Desire:
        if _is_withdrawn(history):
            state = self._tombstone(history)
            return lambda actual: state
        return lambda actual: self._desired(history, actual, builder, private)

    def _tombstone(self, history: list[ReleaseFiles]) -> DesiredState:
        release = history[-1].release
        decision = release.decision
        successor = decision.successor if decision else None
        # A person gives a reason in one language only.
        reason = (decision.reason if decision else None) or release.reason
        return tombstone(
            self._content(history[-1]),
            history[0].release,
            localized(lambda _: reason),
            release.issued.date(),
            self._url(successor) if successor else None,
        )

    def _url(self, dataset: str) -> str:
        return f"{self.client.address}/dataset/{mapping.package_name(dataset)}"

    def _publish(
        self, history: list[ReleaseFiles], builder: FileBuilder, desire: Desire
    ) -> Publication:
        """Bring the portal to the desired state of a dataset."""
        release = history[-1].release
        journal = self.journal(release.dataset)
        with self._dataset_lock(release.dataset):
            plan = self._plan(history, desire)
            if not plan.empty:
                _refuse_conflicts(plan)
                self._run(plan, history, journal, builder, desire)
            elif journal.written() != [plan.written]:
                journal.published(release.number, plan.written)
        return Publication(
            dataset=release.dataset,
            portal=self.name,
            release=release.number,
            url=self._url(release.dataset),
            changed=not plan.empty,
            differences=plan.differences,
        )

    def _run(
        self, plan: PackagePlan, history: list[ReleaseFiles], journal: Journal,
        builder: FileBuilder, desire: Desire,
    ) -> None:
        """Apply a plan, and check that nothing is left to do."""
        load_rows = drop_rows = None
        if self.loader is not None:
            table = table_of(self._content(history[-1]), self.registries)
            load_rows, drop_rows = partial(self.loader.load, table), self.loader.drop
        for attempt in range(1, ATTEMPTS + 1):
            self._ensure_organisations(plan, history)
            try:
                actual = PublishRun(self.client, journal, builder, plan, load_rows, drop_rows).run()
                break
            except ConcurrentEdit:
                again = self._plan(history, desire)
                if attempt == ATTEMPTS or edited_meanwhile(plan, again):
                    raise
                plan = again  # none of our fields was changed
        left = self._compare(actual, history, desire)
        if not left.empty:
            raise PortalError(
                "the portal differs from what was written: "
                + ", ".join(d.what for d in left.differences if d.change != "="),
                where=plan.desired.dataset, todo="run `plan` to see its state, then `publish`",
            )
        journal.published(plan.desired.release, left.written)

    def _plan(self, history: list[ReleaseFiles], desire: Desire) -> PackagePlan:
        """Read the package, once, and compare it with the desired state."""
        package = self.client.read_if_exists(
            "package_show", id=package_id(history[-1].release.dataset)
        )
        return self._compare(package, history, desire)

    def _compare(
        self, actual: Fields | None, history: list[ReleaseFiles], desire: Desire
    ) -> PackagePlan:
        desired = desire(actual)
        check(desired)
        written = self.journal(history[-1].release.dataset).written()
        return compare(desired, actual, written, self.overwrite)

    def _desired(
        self, history: list[ReleaseFiles], actual: Fields | None, builder: FileBuilder,
        private: bool,
    ) -> DesiredState:
        """Return what the portal should have; only files with unknown checksums are made."""
        content = self._content(history[-1])
        dataset = content.dataset.id
        older = [self._content(item) for item in history[:-1][-self.keep:]]
        files = {content.release.number: builder.files(content)}
        for item in older:
            number = item.release.number
            # The release before keeps all its files: somebody may be downloading them just now.
            before = item is older[-1]
            kept = set(mapping.file_names(item)) if before else mapping.kept_files(item)
            offered = {file.name: file for file in offered_files(actual, dataset, number)}
            missing = kept - set(offered) if content.public and item.public else set()
            if missing:
                offered |= {f.name: f for f in builder.files(item) if f.name in missing}
            files[number] = tuple(file for name, file in offered.items() if name in kept)
        has_table = self.loader is not None and content.public
        return desired_state(
            [self._content(history[0]), *older, content], files, private,
            rows_sha256(content, self.registries) if has_table else None,
            csv_table.file_name(content.dataset),
        )

    def _ensure_organisations(self, plan: PackagePlan, history: list[ReleaseFiles]) -> None:
        if plan.actual is None or {"owner_org", "groups"} & set(plan.package_fields):
            content = self._content(history[-1])
            self.organisations.ensure(
                mapping.organisation(content.publisher),
                mapping.group(self.registries.sectors[content.dataset.sector]),
            )

    def _dataset_lock(self, dataset: str) -> AbstractContextManager[object]:
        path = self.data_dir / "locks" / f"ckan__{dataset.replace('/', '__')}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return FileLock(path).acquire(timeout=0)
        except Timeout as error:
            raise BusyError(
                "another publisher is at work on this dataset", where=dataset,
                todo="wait until it ends, then run `plan`",
            ) from error


def _refuse_conflicts(plan: PackagePlan) -> None:
    if plan.conflicts:
        raise PortalError(
            "nothing was written, so that no person's edit is lost: " + "; ".join(plan.conflicts),
            where=plan.desired.dataset,
            todo="put the edit into the declaration or undo it on the portal; or run"
            " `publish --overwrite` to replace it by the release",
        )


def _is_withdrawn(history: list[ReleaseFiles]) -> bool:
    return history[-1].release.reason == "withdrawal"
