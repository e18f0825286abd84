"""CKAN as a portal: plan, publish, withdraw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import BusyError, PortalError
from model.records.publication import Difference, Publication
from model.reference.registries import Registries
from model.util.text import Bilingual
from portal import versions
from portal.base import ReleaseFiles
from portal.ckan import drafts
from portal.ckan.apply import PublishRun
from portal.ckan.client import Client, Refused
from portal.ckan.datastore.base import Loader
from portal.ckan.desired import mapping
from portal.ckan.desired.files import FileBuilder, workshop
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.preconditions import check
from portal.ckan.desired.state import DesiredState, desired_state, tombstone
from portal.ckan.journal import Journal
from portal.ckan.organisations import Organisations
from portal.ckan.package import Changed
from portal.ckan.plan import Plan, compare, touched
from portal.ckan.resources import offered_files
from portal.ckan.tables import counted, rows_sha256, table_of
from portal.content import Content
from portal.distributions.csv_files import csv_table
from portal.metadata.identifiers import package_id

KEEP_RELEASES = 3
ATTEMPTS = 3  # where others edit what is not ours meanwhile


Want = Callable[[Fields | None], DesiredState]  # what is desired_state, given what the portal shows


class Ckan:
    """A CKAN portal; satisfies `Portal`.

    Args:
        client: the portal and the right to write to it.
        home: the data folder; journal, checksums and files in the making go there.
        registries: names and licences.
        loader: brings rows into the DataStore; None leaves it alone.
        keep: how many releases before the current one stay downloadable.
        overwrite: settle conflicts with people's edits in favour of the release.
    """

    name = "ckan"

    def __init__(
        self,
        client: Client,
        data_dir: Path,
        registries: Registries,
        loader: Loader | None = None,
        keep: int = KEEP_RELEASES,
        overwrite: bool = False,
    ) -> None:
        self.client = client
        self.data_dir = data_dir
        self.registries = registries
        self.loader = loader
        self.keep = keep
        self.overwrite = overwrite
        self.organisations = Organisations(client)

    @cached_property
    def _made_by(self) -> str:
        return versions.current(self.registries).distributions

    def journal(self, dataset: str) -> Journal:
        """Return a dataset's journal."""
        return Journal(self.data_dir / "journal" / "ckan" / f"{dataset}.jsonl")

    def plan(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Compare the portal with what it should have; write nothing to it.

        Raises:
            PortalError: the portal cannot be read, or could not take the dataset.
        """
        with workshop(self.data_dir, self._made_by) as shop:
            plan = self._compared(history, self._want(history, shop, False))
        differences = list(plan.differences)
        if self.loader is not None:
            content = Content.of(history[-1], self.registries)
            differences = [
                counted(item, self.loader, content, self.registries) for item in differences
            ]
        return [*differences, *self._needless_draft(history)]

    def apply(self, history: list[ReleaseFiles], private: bool = False) -> Publication:
        """Bring the portal to the current release.

        Where that is a withdrawal, a tombstone takes the dataset's place: its files, its
        resources and its table go.

        Args:
            history: the dataset's releases, oldest first; the last one is current.
            private: keep it as a draft that only its organisation sees.

        Raises:
            PortalError: what the portal said and what to do; the old release is still shown.
            BusyError: another publisher in this data folder is at work on the dataset.
        """
        with workshop(self.data_dir, self._made_by) as shop:
            published = self._bring(history, shop, self._want(history, shop, private))
            if not _is_withdrawn(history):
                shop.remember(Content.of(history[-1], self.registries))
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
        """Show a waiting draft as a private dataset, or remove one that waits no longer.

        Raises:
            PortalError, BusyError: as `publish`.
        """
        if draft is not None:
            return self.apply([drafts.Draft(draft)], private=True)
        drafts.remove(self.client, self.loader, dataset)
        self.journal(dataset + drafts.SUFFIX).path.unlink(missing_ok=True)
        return None

    def _needless_draft(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Tell of a draft that was shown while the dataset needed review, which it does no more."""
        dataset = history[-1].release.dataset
        if not self.journal(dataset + drafts.SUFFIX).path.is_file():
            return []
        if Content.of(history[-1], self.registries).dataset.review == "required":
            return []  # it waits for somebody
        return [
            Difference(
                dataset=dataset, change="-", what="draft", detail="needs no review any more"
            )
        ]

    def _want(self, history: list[ReleaseFiles], shop: FileBuilder, private: bool) -> Want:
        if _is_withdrawn(history):
            want = self._tombstone(history)
            return lambda shown: want
        return lambda shown: self._wanted(history, shown, shop, private)

    def _tombstone(self, history: list[ReleaseFiles]) -> DesiredState:
        release = history[-1].release
        decision = release.decision
        successor = decision.successor if decision else None
        # A person's reason is one text, in the language in which it was given.
        reason = (decision.reason if decision else None) or release.reason
        return tombstone(
            Content.of(history[-1], self.registries),
            history[0].release,
            Bilingual(vi=reason, en=reason),
            release.issued.date(),
            f"{self.client.address}/dataset/{mapping.package_name(successor)}"
            if successor
            else None,
        )

    def _bring(self, history: list[ReleaseFiles], shop: FileBuilder, want: Want) -> Publication:
        """Bring the portal to what is desired_state of a dataset."""
        release = history[-1].release
        journal = self.journal(release.dataset)
        with self._alone(release.dataset):
            plan = self._compared(history, want)
            if not plan.empty:
                self._refuse_conflicts(plan)
                self._apply(plan, history, journal, shop, want)
            elif journal.written() != [plan.written]:
                journal.published(release.number, plan.written)
        return Publication(
            dataset=release.dataset,
            portal=self.name,
            release=release.number,
            url=f"{self.client.address}/dataset/{mapping.package_name(release.dataset)}",
            changed=not plan.empty,
            differences=plan.differences,
        )

    def _apply(
        self, plan: Plan, history: list[ReleaseFiles], journal: Journal, shop: FileBuilder,
        want: Want,
    ) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self._organisations_for(plan, history)
            try:
                shown = self._application(plan, history, journal, shop).run()
                break
            except Changed:
                again = self._compared(history, want)
                if attempt == ATTEMPTS or touched(plan, again):
                    raise
                plan = again  # what changed is none of ours
        left = self._compare(shown, history, want)
        if not left.empty:
            raise PortalError(
                "the portal is not as it was left: "
                + ", ".join(d.what for d in left.differences if d.change != "="),
                where=plan.wanted.dataset, todo="run `plan` to see how it stands, then `publish`",
            )
        journal.published(plan.wanted.release, left.written)

    def _application(
        self, plan: Plan, history: list[ReleaseFiles], journal: Journal, shop: FileBuilder
    ) -> PublishRun:
        loader = self.loader
        if loader is None:
            return PublishRun(self.client, journal, shop, plan, None, None)
        table = table_of(Content.of(history[-1], self.registries), self.registries)
        return PublishRun(
            self.client, journal, shop, plan, lambda: loader.load(table), loader.drop
        )

    def _compared(self, history: list[ReleaseFiles], want: Want) -> Plan:
        """Read the package, once, and compare it with what is desired_state, given what is there."""
        return self._compare(self._shown(history[-1].release.dataset), history, want)

    def _compare(self, shown: Fields | None, history: list[ReleaseFiles], want: Want) -> Plan:
        wanted_now = want(shown)
        check(wanted_now)
        written = self.journal(history[-1].release.dataset).written()
        return compare(wanted_now, shown, written, self.overwrite)

    def _shown(self, dataset: str) -> Fields | None:
        try:
            shown: Fields = self.client.read("package_show", id=package_id(dataset))
        except Refused as error:
            if error.missing:
                return None
            raise
        return shown

    def _wanted(
        self, history: list[ReleaseFiles], shown: Fields | None, shop: FileBuilder, private: bool
    ) -> DesiredState:
        """Return what the portal should have; files are made only where they are not known."""
        content = Content.of(history[-1], self.registries)
        dataset = content.dataset.id
        older = [Content.of(item, self.registries) for item in history[:-1][-self.keep:]]
        files = {content.release.number: shop.files(content)}
        for item in older:
            number = item.release.number
            # The release before keeps all its files: somebody may be downloading them just now.
            before = item is older[-1]
            kept = set(mapping.file_names(item)) if before else mapping.kept_files(item)
            there = {file.name: file for file in offered_files(shown, dataset, number)}
            missing = kept - set(there) if content.public and item.public else set()
            if missing:
                there |= {f.name: f for f in shop.files(item) if f.name in missing}
            files[number] = tuple(file for name, file in there.items() if name in kept)
        first = Content.of(history[0], self.registries)
        has_table = self.loader is not None and content.public
        return desired_state(
            [first, *older, content], files, private,
            rows_sha256(content, self.registries) if has_table else None,
            csv_table.file_name(content.dataset),
        )

    def _organisations_for(self, plan: Plan, history: list[ReleaseFiles]) -> None:
        if plan.shown is None or {"owner_org", "groups"} & set(plan.fields):
            content = Content.of(history[-1], self.registries)
            self.organisations.ensure(
                mapping.organisation(content.publisher),
                mapping.group(self.registries.sectors[content.dataset.sector]),
            )

    def _refuse_conflicts(self, plan: Plan) -> None:
        if plan.conflicts:
            raise PortalError(
                "nothing was written, so that no person's edit is lost: "
                + "; ".join(plan.conflicts),
                where=plan.wanted.dataset,
                todo="take the edit over into the declaration or undo it on the portal; or run"
                " `publish --overwrite` to put the release in its place",
            )

    @contextmanager
    def _alone(self, dataset: str) -> Iterator[None]:
        path = self.data_dir / "locks" / f"ckan__{dataset.replace('/', '__')}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise BusyError(
                "another publisher is at work on this dataset", where=dataset,
                todo="wait until it ends, then run `plan`",
            ) from error
        try:
            yield
        finally:
            lock.release()


def _is_withdrawn(history: list[ReleaseFiles]) -> bool:
    return history[-1].release.reason == "withdrawal"
