"""Bringing the portal from its actual to its desired state, so that readers see old or new.

CKAN stores uploads one by one before it commits, over the files of before: an upload in place that
fails half way leaves the old description with some new files. So a file is never replaced. Every
file of a release gets a resource of its own, whose id comes from its content; the resources that
people link to lead there. The order is:

1. a new package is created private
2. files are uploaded beside those that readers see, read back and compared: by the portal itself
   where it has our extension, else by downloading them
3. the rows are loaded into the DataStore (which swaps or revises them on its own)
4. one `package_revise` that matches the package as it was read changes all metadata and all
   addresses at once: before it readers see the old release, after it the new one
5. what no release offers any more is removed, its file first

Every write but 3 matches `metadata_modified`, so that it can neither be done twice nor overwrite
somebody else's change.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from model.errors import PortalError
from portal.ckan.client import CkanClient, FileUpload, pause
from portal.ckan.desired.files import FileBuilder
from portal.ckan.desired.mapping import UNDER_DEVELOPMENT, Fields
from portal.ckan.desired.state import DesiredResource
from portal.ckan.journal import Journal
from portal.ckan.package import CLEARED, Package
from portal.ckan.plan import ROWS, PackagePlan
from portal.ckan.resources import leads_to

UPLOAD_BYTES = 50_000_000  # in one call, unless one file alone is larger
UPLOAD_FILES = 20
DOWNLOADS = 4  # at a time, of one dataset


@dataclass
class PublishRun:
    """The application of one plan.

    client: the portal.
    journal: of the dataset.
    builder: makes the files.
    plan: what is to be done.
    load_rows: loads the release's rows; None where there is no DataStore.
    drop_rows: drops the table of a resource; None where there is no DataStore.
    """

    client: CkanClient
    journal: Journal
    builder: FileBuilder
    plan: PackagePlan
    load_rows: Callable[[], None] | None
    drop_rows: Callable[[str], None] | None

    def __post_init__(self) -> None:
        if not self.plan.load_rows:
            self.load_rows = None
        self.package = Package(self.client, self.plan.desired, self.plan.actual)

    def run(self) -> Fields:
        """Do all steps that are needed; return the package in the last response, committed.

        Raises ConcurrentEdit where somebody else was quicker: nothing of theirs is lost, plan
        again. Else as the client: the old release is still shown.
        """
        if self.plan.actual is None:
            self._create()
        table = self._missing_table()
        batches = list(_batches(self.plan.uploads))
        for batch in batches or ([[]] if table else []):
            self._upload(batch, table)
            table = None
        self._verify()
        if self.load_rows:
            with self.journal.step("load rows"):
                self.load_rows()
            self.package.read()
            self._show_rows()
        self._switch()
        self._remove_outdated()
        return self.package.actual

    def _show_rows(self) -> None:
        """Create the portal's default views of the table, those that are not there yet.

        CKAN does so when a resource is created, which here is before its rows are loaded.
        """
        table = self.package.resources.get(self.plan.desired.table_id)
        if table and table.get("datastore_active"):
            views = {"resource": table, "create_datastore_views": True}
            action = "resource_create_default_resource_views"
            self.client.repeat(lambda: self.client.call(action, views))

    def _create(self) -> None:
        """Create the package, private: only its organisation sees it before it is complete."""
        fields = {**self.plan.package_fields, "private": True}
        for name in ("tags", "groups"):
            fields[name] = [{"name": item} for item in fields[name]]
        resources = [
            {**resource.fields, "url": self._address(resource)}
            for resource in self.plan.desired.resources
            if resource.leads_to
        ]
        written = {**self.plan.written, "": {**self.plan.written[""], "private": True}}
        with self.journal.step("create package", written=written):
            self.package.create({"id": self.package.id, **fields, "resources": resources})

    def _address(self, resource: DesiredResource) -> str:
        """Return where the file will be; the portal's own address of it replaces it later."""
        return (
            f"{self.client.address}/dataset/{self.package.id}/resource/{resource.leads_to}"
            f"/download/{resource.file.name}"
        )

    def _missing_table(self) -> DesiredResource | None:
        """Return the resource that is to have the table, where the portal has none yet."""
        table = self.plan.desired.table_id
        if not self.load_rows or table in self.package.resources:
            return None
        return next((r for r in self.plan.desired.resources if r.id == table), None)

    def _upload(self, batch: list[DesiredResource], table: DesiredResource | None) -> None:
        existing = self.package.resources
        # Readers see these beside the current files, and their status.
        unfinished = {} if self.package.actual["private"] else {"status": UNDER_DEVELOPMENT}
        new = [{**r.fields, **unfinished} for r in batch if r.id not in existing]
        if table:
            new.append({**table.fields, "url": self._address(table), **unfinished})
        uploads = tuple(
            FileUpload(
                f"update__resources__{resource.id}__upload",
                self.builder.path(resource.content, resource.file.name),
                resource.fields["mimetype"],
            )
            for resource in batch
        )

        def reached() -> bool:
            self.package.read()
            found = self.package.resources
            return (table is None or table.id in found) and all(
                found.get(resource.id, {}).get("size") == resource.file.bytes
                and found[resource.id].get("url_type") == "upload"
                for resource in batch
            )

        ids, files = [r.id for r in batch], [r.file.name for r in batch]
        # The next run may describe these otherwise, as its release shares them, and must know them.
        written = {str(resource["id"]): resource for resource in new}
        with self.journal.step("upload", ids=ids, files=files, written=written):
            form: Fields = {"update__resources__extend": new} if new else {}
            self.package.revise(form, reached, uploads)

    def _verify(self) -> None:
        """Read back what the package is about to lead to, and compare it with the release."""
        found = self.package.resources
        unverified = {resource.id for resource in self.plan.uploads} | {
            resource.leads_to
            for resource in self.plan.desired.resources
            if resource.leads_to and leads_to(found.get(resource.id, {})) != resource.leads_to
        }
        damaged = self._damaged([
            resource for resource in self.plan.desired.resources
            if resource.leads_to is None and resource.id in unverified
        ])
        for resource in damaged:  # no reader has been led there yet: it may be sent again
            self._upload([resource], None)
        if self._damaged(damaged):
            raise PortalError(
                "the portal has other bytes than it was sent: "
                + ", ".join(resource.file.name for resource in damaged),
                where=self.plan.desired.dataset,
                todo="check whether a proxy or the portal's disk damages uploads; then run"
                " `publish` again. Readers still get the old release",
            )

    def _damaged(self, resources: list[DesiredResource]) -> list[DesiredResource]:
        """Return the resources whose files on the portal differ from those here."""
        if not resources:
            return []
        stored = self.client.checksums(self.package.id)
        if stored is None:
            with ThreadPoolExecutor(DOWNLOADS) as pool:
                stored = dict(pool.map(self._download, resources))
        return [
            resource for resource in resources
            if stored.get(resource.id) != (resource.file.bytes, resource.file.sha256)
        ]

    def _download(self, resource: DesiredResource) -> tuple[str, tuple[int, str]]:
        url = str(self.package.resources[resource.id]["url"])
        path = "/dataset" + url.partition("/dataset")[2]
        for wait in self.client.waits:
            found = self.client.checksum(path)
            if found == (resource.file.bytes, resource.file.sha256):
                return resource.id, found
            pause(wait)  # a proxy may have answered with a page of its own
        return resource.id, self.client.checksum(path)

    def _switch(self) -> None:
        """Change metadata and addresses at once."""
        plan = self.plan
        update = {
            name: value for name, value in plan.package_fields.items()
            if plan.actual is not None or name == "private"
        }
        resources = self._resources()
        if resources != self.package.actual["resources"]:
            update["resources"] = resources
        if not update:
            return
        data = {"filter": [f"-{name}" for name in update], "update": update}
        before = self.package.actual["metadata_modified"]
        desired = {r.id: r.leads_to for r in plan.desired.resources if r.leads_to}

        def reached() -> bool:
            actual = self.package.read()
            found = {resource["id"]: leads_to(resource) for resource in actual["resources"]}
            return (
                actual["metadata_modified"] != before
                and all(found.get(id_) == target for id_, target in desired.items())
                and actual["private"] == plan.desired.fields["private"]
            )

        with self.journal.step("switch", written=plan.written):
            self.package.revise(data, reached)

    def _resources(self) -> list[Fields]:
        """Return all resources as they should be: ours in our order, then other people's."""
        found = self.package.resources
        uploaded = {r.id for r in self.plan.uploads} if self.plan.actual else set(found)
        addresses = {id_: str(resource["url"]) for id_, resource in found.items()}
        result = []
        for resource in self.plan.desired.resources:
            actual = found.pop(resource.id, {})
            changed = self.plan.resource_fields.get(resource.id, {})
            if resource.id in uploaded:
                changed = resource.fields
            merged = {**actual, **{k: v for k, v in changed.items() if k != "leads_to"}}
            if resource.leads_to:
                merged["url"] = addresses[resource.leads_to]
                if leads_to(actual) != resource.leads_to:
                    merged["url_type"] = ""
            if resource.id == self.plan.desired.table_id and self.drop_rows:
                merged[ROWS] = self.plan.desired.rows_sha256
            result.append(merged)
        return [*result, *found.values()]

    def _remove_outdated(self) -> None:
        """Remove our resources that are no longer offered, and files of unrecorded uploads.

        CKAN keeps the file of a removed resource on the disk: only clearing the upload deletes it.
        """
        actual = self.package.resources
        desired = {resource.id for resource in self.plan.desired.resources}
        begun = {id_ for entry in self.journal.begun("upload") for id_ in entry["ids"]}
        orphans = sorted(begun - set(actual) - desired)
        outdated = [id_ for id_ in self.plan.outdated if id_ in actual]
        ids = [*outdated, *orphans]
        if not ids:
            return
        with self.journal.step("remove files", ids=ids):
            if self.drop_rows:
                for id_ in outdated:
                    if actual[id_].get("datastore_active"):
                        self.drop_rows(id_)
                self.package.read()
            self._clear(ids)
            self.package.replace_resources(
                [r for r in self.package.actual["resources"] if r["id"] not in ids],
                lambda r: r["id"] not in ids,
            )

    def _clear(self, ids: list[str]) -> None:
        """Delete the files of resources, and nothing else yet."""
        resources = [
            {**r, **CLEARED} if r["id"] in ids else r for r in self.package.actual["resources"]
        ]
        existing = self.package.resources
        resources += [{"id": id_, **CLEARED} for id_ in ids if id_ not in existing]
        self.package.replace_resources(
            resources, lambda r: r["id"] not in ids or r.get("url_type") != "upload"
        )


def _batches(resources: tuple[DesiredResource, ...]) -> Iterator[list[DesiredResource]]:
    batch: list[DesiredResource] = []
    size = 0
    for resource in resources:
        if batch and (size + resource.file.bytes > UPLOAD_BYTES or len(batch) == UPLOAD_FILES):
            yield batch
            batch, size = [], 0
        batch.append(resource)
        size += resource.file.bytes
    if batch:
        yield batch
