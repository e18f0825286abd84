"""A dataset of one's own on the real CKAN: releases, a publisher, and what must be true after."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from dev.ckan.running_portal import RunningPortal
from model.declarations.dataset import Dataset
from model.records.release import Difference
from model.util.hashing import sha256_bytes
from portal.ckan.client import CkanClient
from portal.ckan.datastore.api_loader import ApiLoader
from portal.ckan.datastore.copy_loader import CopyLoader
from portal.ckan.desired.mapping import package_name
from portal.ckan.portal import Ckan
from portal.content import Content
from portal.distributions.registry import DISTRIBUTIONS, write_all
from portal.metadata.identifiers import package_id, resource_id
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import published_rows
from tests.warehouse.test_releases import release
from warehouse.store import releases
from warehouse.store.data_dir import DataDir

QUICK_SECONDS = 2.0
WAITS = (0.05, 0.1, 0.3, 0.6, 1.5)


@dataclass
class CkanEnvironment:
    """One dataset and its data folder."""

    ckan: RunningPortal
    data_dir: DataDir
    declared: Dataset = field(default_factory=lambda: dataset(name=f"t{uuid.uuid4().hex[:12]}"))

    @property
    def id(self) -> str:
        return package_id(self.declared.id)

    @property
    def name(self) -> str:
        return package_name(self.declared.id)

    def release(self, number: int, **values: str) -> None:
        """Make the next release; `number` tells it from the others, the figures too."""
        figures = {"2023": "5", "2024": str(number)} | {k.lstrip("y"): v for k, v in values.items()}
        release(self.data_dir, figures, str(number), self.declared)

    @property
    def history(self) -> list[Any]:
        return list(releases.history(self.data_dir, self.declared.id))

    def publisher(
        self, url: str | None = None, token: str | None = None, rows: str | None = None,
        **options: Any,
    ) -> Ckan:
        client = CkanClient(
            url or self.ckan.url, token or self.ckan.token, waits=WAITS,
            **({"timeout": QUICK_SECONDS, "upload_timeout": QUICK_SECONDS} if url else {}),
        )
        loader = self.loader(rows, client)
        return Ckan(client, self.data_dir.root, registries(), loader=loader, **options)

    def loader(self, kind: str | None, client: CkanClient) -> Any:
        """Return the loader of rows: "api", "copy", or none."""
        if kind == "api":
            return ApiLoader(client)
        return CopyLoader(client, lambda: self.ckan.datastore_write_url) if kind else None

    def act(self, action: str, **data: Any) -> Any:
        return CkanClient(self.ckan.url, self.ckan.token).call(action, data)

    def shown(self) -> dict[str, Any]:
        return self.act("package_show", id=self.id)

    def seen_by_the_public(self) -> dict[str, Any]:
        """Return what a reader without an account gets, each current file downloaded."""
        answer = httpx.get(f"{self.ckan.url}/api/3/action/package_show", params={"id": self.id})
        answer.raise_for_status()
        package = answer.json()["result"]
        by_id = {resource["id"]: resource for resource in package["resources"]}
        files = {}
        for form in DISTRIBUTIONS:
            name = form.file_name(self.declared)
            resource = by_id[resource_id(self.declared.id, name)]
            content = httpx.get(resource["url"], follow_redirects=True)
            assert content.status_code == 200, resource["url"]
            assert sha256_bytes(content.content) == resource["hash"], name
            assert len(content.content) == resource["size"], name
            files[name] = resource["hash"]
        return {"version": package["version"], "files": files, "package": package}

    def stored(self, resource: str) -> Path:
        """Return where CKAN keeps the file of a resource."""
        folder = Path(self.ckan.storage_path) / "resources"
        return folder / resource[:3] / resource[3:6] / resource[6:]

    def assert_equals_releases(self, tmp_path: Path, **options: Any) -> None:
        """The portal is as the releases are: nothing lost, nothing twice, nothing left over."""
        publisher, history = self.publisher(**options), self.history
        left = [line for line in publisher.plan(history) if line.change != "="]
        assert left == []
        seen = self.seen_by_the_public()
        assert seen["version"] == str(history[-1].release.number)
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        made = write_all(Content.of(history[-1], registries()), folder)
        assert seen["files"] == {file.name: file.sha256 for file in made}
        package = seen["package"]
        ids = [resource["id"] for resource in package["resources"]]
        assert len(ids) == len(set(ids))
        uploads = {r["id"] for r in package["resources"] if r["url_type"] == "upload"}
        current = {resource_id(self.declared.id, f.name) for f in made}
        assert set(ids) == uploads | current
        for id_ in uploads:
            assert self.stored(id_).is_file()
        for entry in publisher.journal(self.declared.id).entries():
            for id_ in set(entry.get("ids", ())) - uploads:
                assert not self.stored(id_).exists(), "an orphan file"
        if options.get("rows"):
            table = resource_id(self.declared.id, f"{self.declared.name}.csv")
            rows = self.act("datastore_search", resource_id=table)
            data = published_rows(Content.of(history[-1], registries()))
            columns = self.declared.columns
            assert [tuple(row[name] for name in columns) for row in rows["records"]] == list(data)
        found = self.act("package_search", fq=f"name:{self.name}")
        assert found["count"] == 1

    def remove(self) -> None:
        """Take everything of the dataset off the portal."""
        try:
            resources = self.shown()["resources"]
        except Exception:
            return
        for resource in resources:
            if resource.get("datastore_active"):
                self.act("datastore_delete", resource_id=resource["id"], force=True)
            self.stored(resource["id"]).unlink(missing_ok=True)
        self.act("dataset_purge", id=self.id)


def changes(lines: list[Difference]) -> set[str]:
    return {line.change for line in lines}
