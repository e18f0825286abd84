"""Bringing the portal from what it shows to what it should, so that readers see old or new.

CKAN writes uploads one by one before it commits, over the files that were there: an upload in
place that fails half way leaves the old description with some new files. So a file is never
replaced. Every file of a release goes into a resource of its own, whose id comes from its
content; the resources that people link to lead there. The order is:

1. a new package is made private; organisation and group too, where they are missing
2. files go up, beside those that are shown, and are read back and compared: by the portal
   itself where it has our extension, else by downloading them
3. the rows are loaded into the DataStore (which swaps or revises them on its own)
4. one `package_revise` that matches the package as it was read changes all metadata and all
   addresses at once: before it readers see the old release, after it the new one
5. what no release offers any more is removed, its file first

Every write but 3 matches `metadata_modified`, so that it cannot be done twice, nor over somebody
else's change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from model.errors import PortalError
from portal.ckan.client import CkanClient, FileUpload, pause
from portal.ckan.desired.files import FileBuilder
from portal.ckan.desired.mapping import UNDER_DEVELOPMENT, Fields
from portal.ckan.desired.state import Part
from portal.ckan.journal import Journal
from portal.ckan.package import Package
from portal.ckan.plan import ROWS, Plan
from portal.ckan.resources import leads_to

UPLOAD_BYTES = 50_000_000  # in one call, unless one file alone is larger
UPLOAD_FILES = 20
DOWNLOADS = 4  # at a time, of one dataset


class PublishRun:
    """One dataset's way from the old release to the new one."""

    def __init__(
        self,
        client: CkanClient,
        journal: Journal,
        workshop: FileBuilder,
        plan: Plan,
        load_rows: Callable[[], None] | None,
        drop_rows: Callable[[str], None] | None,
    ) -> None:
        self.client = client
        self.journal = journal
        self.workshop = workshop
        self.plan = plan
        self.load_rows = load_rows
        self.drop_rows = drop_rows
        self.package = Package(client, plan.wanted, plan.shown)

    def run(self) -> Fields:
        """Do all steps that are needed.

        Returns:
            The package as the portal answered the last write with, after it was committed.

        Raises:
            Changed: somebody else was quicker; nothing of theirs is lost. Plan again.
            ActionRefused: CKAN's own message. OutcomeUnknown: no response. In both cases the old
                release is still shown.
        """
        if self.plan.shown is None:
            self._create()
        missing_table = self._missing_table()
        for batch in _batches(self.plan.uploads):
            self._upload(batch, missing_table)
            missing_table = None
        if missing_table:
            self._upload([], missing_table)
        self._verify()
        if self.plan.rows and self.load_rows:
            with self.journal.step("load rows"):
                self.load_rows()
            self.package.read()
        self._switch()
        self._clean()
        return self.package.now

    def _create(self) -> None:
        """Make the package, private: nobody but its organisation sees it before it is whole."""
        fields = {**self.plan.fields, "private": True}
        for name in ("tags", "groups"):
            fields[name] = [{"name": item} for item in fields[name]]
        resources = [
            {**part.fields, "url": self._address(part)}
            for part in self.plan.wanted.parts
            if part.leads_to
        ]
        package = {"id": self.package.id, **fields, "resources": resources}
        written = {**self.plan.written, "": {**self.plan.written[""], "private": True}}
        with self.journal.step("create package", written=written):
            self.package.create(package)

    def _address(self, part: Part) -> str:
        """Return where the bytes will be; the portal's own address of them replaces it later."""
        return (
            f"{self.client.address}/dataset/{self.package.id}/resource/{part.leads_to}"
            f"/download/{part.file.name}"
        )

    def _missing_table(self) -> Part | None:
        """Return the resource that is to have the table, where the portal has none yet."""
        if not (self.plan.rows and self.load_rows):
            return None
        there, table = self.package.resources, self.plan.wanted.table_id
        return next(
            (p for p in self.plan.wanted.parts if p.id == table and p.id not in there), None
        )

    def _upload(self, batch: list[Part], table: Part | None) -> None:
        there = self.package.resources
        # Readers see these beside the current files, and are told what they are.
        unfinished = {} if self.package.now["private"] else {"status": UNDER_DEVELOPMENT}
        new = [
            {**part.fields, **unfinished} for part in batch if part.id not in there
        ]
        if table:
            new.append({**table.fields, "url": self._address(table), **unfinished})
        uploads = tuple(
            FileUpload(
                f"update__resources__{part.id}__upload",
                self.workshop.path(part.content, part.file.name), part.fields["mimetype"],
            )
            for part in batch
        )

        def reached() -> bool:
            self.package.read()
            found = self.package.resources
            return all(
                found.get(part.id, {}).get("size") == part.file.bytes
                and found[part.id].get("url_type") == "upload"
                for part in batch
            ) and (table is None or table.id in found)

        with self.journal.step(
            "upload", ids=[part.id for part in batch], files=[part.file.name for part in batch]
        ):
            form: Fields = {"update__resources__extend": new} if new else {}
            self.package.revise(form, reached, uploads)

    def _verify(self) -> None:
        """Read back what the package is about to lead to, and compare it with the release."""
        found = self.package.resources
        uploaded = {part.id for part in self.plan.uploads}
        leading = {
            part.leads_to
            for part in self.plan.wanted.parts
            if part.leads_to and leads_to(found.get(part.id, {})) != part.leads_to
        }
        parts = [
            part for part in self.plan.wanted.parts
            if part.leads_to is None and part.id in uploaded | leading
        ]
        damaged = self._damaged(parts)
        for part in damaged:  # nobody has been led there yet: it may be sent again
            self._upload([part], None)
        if self._damaged(damaged):
            raise PortalError(
                "the portal has other bytes than it was sent: "
                + ", ".join(part.file.name for part in damaged),
                where=self.plan.wanted.dataset,
                todo="see whether a proxy or the portal's disk damages uploads; then run"
                " `publish` again. Readers still get the old release",
            )

    def _damaged(self, parts: list[Part]) -> list[Part]:
        """Return the parts whose files are not, on the portal, what they are here."""
        if not parts:
            return []
        stored = self.client.checksums(self.package.id)
        if stored is None:
            with ThreadPoolExecutor(DOWNLOADS) as pool:
                stored = dict(pool.map(self._downloaded, parts))
        return [
            part for part in parts
            if stored.get(part.id) != (part.file.bytes, part.file.sha256)
        ]

    def _downloaded(self, part: Part) -> tuple[str, tuple[int, str]]:
        url = str(self.package.resources[part.id]["url"])
        path = "/dataset" + url.partition("/dataset")[2]
        for wait in self.client.waits:
            found = self.client.checksum(path)
            if found == (part.file.bytes, part.file.sha256):
                return part.id, found
            pause(wait)  # a proxy may have answered with a page of its own
        return part.id, self.client.checksum(path)

    def _switch(self) -> None:
        """Change metadata and addresses at once."""
        plan = self.plan
        fields = {
            name: value for name, value in plan.fields.items()
            if plan.shown is not None or name == "private"
        }
        resources = self._resources()
        update = dict(fields)
        if resources != self.package.now["resources"]:
            update["resources"] = resources
        if not update:
            return
        data = {"filter": [f"-{name}" for name in update], "update": update}
        before = self.package.now["metadata_modified"]

        def reached() -> bool:
            shown = self.package.read()
            done = {part.id: leads_to(r) for part in plan.wanted.parts
                    for r in shown["resources"] if r["id"] == part.id}
            return shown["metadata_modified"] != before and all(
                done.get(part.id) == part.leads_to for part in plan.wanted.parts if part.leads_to
            ) and shown["private"] == self.plan.wanted.fields["private"]

        with self.journal.step("switch", written=plan.written):
            self.package.revise(data, reached)

    def _resources(self) -> list[Fields]:
        """Return all resources as they shall be: ours in our order, then other people's."""
        found = self.package.resources
        fresh = {part.id for part in self.plan.uploads} if self.plan.shown else set(found)
        result = []
        for part in self.plan.wanted.parts:
            shown = found.pop(part.id, {})
            changed = part.fields if part.id in fresh else self.plan.resources.get(part.id, {})
            merged = {**shown, **{k: v for k, v in changed.items() if k != "leads_to"}}
            if (part.leads_to and leads_to(shown) != part.leads_to) or not shown:
                merged["url"] = self._url_of(part)
                merged["url_type"] = ""
            elif part.leads_to:
                merged["url"] = self._url_of(part)
            if part.id == self.plan.wanted.table_id and self.load_rows:
                merged[ROWS] = self.plan.wanted.rows_sha256
            result.append(merged)
        return [*result, *found.values()]

    def _url_of(self, part: Part) -> str:
        """Return the portal's own address of the bytes that a resource leads to."""
        return str(self.package.resources[str(part.leads_to)]["url"])

    def _clean(self) -> None:
        """Remove what is ours and no longer offered, and files of uploads that never counted.

        CKAN leaves a removed resource's file on the disk: only clearing it removes that.
        """
        there = set(self.package.resources)
        wanted = {part.id for part in self.plan.wanted.parts}
        begun = {id_ for entry in self.journal.began("upload") for id_ in entry["ids"]}
        ghosts = sorted(begun - there - wanted)
        outdated = [id_ for id_ in self.plan.outdated if id_ in there]
        if not outdated and not ghosts:
            return
        with self.journal.step("remove files", ids=[*outdated, *ghosts]):
            if self.drop_rows:
                for id_ in outdated:
                    if self.package.resources.get(id_, {}).get("datastore_active"):
                        self.drop_rows(id_)
                self.package.read()
            self._clear([*outdated, *ghosts])
            self._remove([*outdated, *ghosts])

    def _clear(self, ids: list[str]) -> None:
        """Remove the files, and nothing else yet."""
        gone = set(ids)
        cleared = {"clear_upload": True, "url": "", "url_type": "upload"}
        resources = [
            {**r, **cleared} if r["id"] in gone else r for r in self.package.now["resources"]
        ]
        there = self.package.resources
        resources += [{"id": id_, **cleared} for id_ in ids if id_ not in there]
        self.package.replace(
            resources, lambda r: r["id"] not in gone or r.get("url_type") != "upload"
        )

    def _remove(self, ids: list[str]) -> None:
        gone = set(ids)
        self.package.replace(
            [r for r in self.package.now["resources"] if r["id"] not in gone],
            lambda r: r["id"] not in gone,
        )


def _batches(parts: tuple[Part, ...]) -> Iterator[list[Part]]:
    batch: list[Part] = []
    size = 0
    for part in parts:
        if batch and (size + part.file.bytes > UPLOAD_BYTES or len(batch) == UPLOAD_FILES):
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += part.file.bytes
    if batch:
        yield batch
