"""Publish many small datasets to CKAN, compared with the bare API calls that it needs.

`make bench-publish` prints times and ratios. The bare calls are those that any correct publication
needs: create the package, private, upload its files, and make it public at once; sent by ckanapi,
with everything prepared before the clock starts. What is measured against them is making the
files, reading them back, verifying, and the journal. Both ways take turns, a block of datasets
each, on the same portal with the same number of concurrent calls, so that other load on the machine
affects both.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ckanapi
import requests
from requests.adapters import HTTPAdapter

from bench.data import sample_dataset, write_release
from dev.ckan.portal_dir import PortalDir, default_folder
from dev.ckan.running_portal import RunningPortal, load_portal
from model.declarations.dataset import Dataset
from model.reference.city import use_project
from model.reference.registries import load_registries
from pipelines.cli.review.publish import AT_A_TIME
from pipelines.settings import PACKAGED
from portal.ckan.client import CkanClient
from portal.ckan.desired.state import DesiredState
from portal.ckan.portal import Ckan
from portal.content import Content
from portal.distributions.registry import write_all
from portal.metadata.identifiers import package_id
from warehouse.store import releases
from warehouse.store.data_dir import DataDir

BLOCK = 25  # datasets between two turns

Work = list[Callable[[], object]]


def main() -> int:
    """Measure and print."""
    use_project(PACKAGED)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the portal's folder")
    asked = parser.parse_args()
    portal = load_portal(PortalDir(asked.folder.resolve()))
    with tempfile.TemporaryDirectory() as folder:
        home = DataDir(Path(folder) / "data")
        home.prepare()
        stamp = f"b{random.SystemRandom().randrange(10**6)}"
        declared = [
            sample_dataset().model_copy(update={"name": f"{stamp}_{n}"})
            for n in range(asked.datasets + 1)
        ]
        issued = datetime(2026, 1, 1, tzinfo=UTC)
        for item in declared:
            write_release(home.releases(item.id) / "1", item, issued, range(1990, 2026))
        try:
            _measure(portal, home, declared, Path(folder))
        finally:
            _remove(portal, declared)
    return 0


def _measure(portal: RunningPortal, home: DataDir, declared: list[Dataset], folder: Path) -> None:
    adapter = CountingAdapter()
    client = CkanClient(portal.url, portal.token, adapter=adapter)
    ckan = Ckan(client, home.root, load_registries(PACKAGED))

    def publish(item: Dataset) -> Callable[[], object]:
        return lambda: ckan.apply(list(releases.history(home, item.id)))

    # Organisation and group are there for both, and the portal is warm.
    publish(declared.pop())()
    adapter.calls.clear()
    bare = read_back = first = 0.0
    for block in _blocks(declared):
        prepared = [_Bare(portal, home, item, folder) for item in block]
        bare += _timed([item.publish for item in prepared])
        read_back += _timed([item.read_back for item in prepared])
        _remove(portal, block)
        first += _timed([publish(item) for item in block])
    first_calls = dict(adapter.calls)
    adapter.calls.clear()
    second = _timed([publish(item) for item in declared])
    count = len(declared)
    print(f"{count} datasets, {AT_A_TIME} at a time")
    _say("bare calls", bare, count)
    _say("read back", read_back, count, "of every file, by bare downloads")
    _say("first time", first, count, f"ratio {first / bare:.2f}; to bare calls and downloads"
         f" {first / (bare + read_back):.2f}  {first_calls}")
    _say("second time", second, count, f"share of the first {second / first:.3f}"
         f"  {dict(adapter.calls)}")


def _say(what: str, seconds: float, count: int, more: str = "") -> None:
    print(f"{what:12} {seconds:7.1f} s  {1000 * seconds / count:6.0f} ms each  {more}")


def _blocks(declared: list[Dataset]) -> Iterator[list[Dataset]]:
    for start in range(0, len(declared), BLOCK):
        yield declared[start:start + BLOCK]


def _timed(work: Work) -> float:
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for done in [pool.submit(item) for item in work]:
            done.result()
    return time.monotonic() - begun


def _remove(portal: RunningPortal, declared: list[Dataset]) -> None:
    """Take the datasets off the portal, with their stored files."""
    resources = Path(portal.storage_path) / "resources"

    def remove(item: Dataset) -> None:
        ckan = ckanapi.RemoteCKAN(portal.url, portal.token)
        try:
            package = ckan.action.package_show(id=package_id(item.id))
        except ckanapi.NotFound:
            return
        for part in package["resources"]:
            name = part["id"]
            (resources / name[:3] / name[3:6] / name[6:]).unlink(missing_ok=True)
        ckan.action.dataset_purge(id=package["id"])

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(remove, declared))


class CountingAdapter(HTTPAdapter):
    """Counts requests by action."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Count the request and send it."""
        path = str(request.path_url)
        self.calls[path.rsplit("/", 1)[-1] if "/action/" in path else "download"] += 1
        return super().send(request, *args, **kwargs)


class _Bare:
    """One dataset's bare calls; all that they send is made beforehand."""

    def __init__(self, portal: RunningPortal, home: DataDir, item: Dataset, folder: Path) -> None:
        self.session = requests.Session()
        self.portal = ckanapi.RemoteCKAN(portal.url, portal.token, session=self.session)
        self.token = portal.token
        self.folder = folder / item.name
        self.folder.mkdir()
        content = Content.of(releases.history(home, item.id)[-1], load_registries(PACKAGED))
        ready = _Ready(write_all(content, self.folder))
        ckan = Ckan(CkanClient(portal.url, portal.token), home.root, load_registries(PACKAGED))
        self.want: DesiredState = ckan._desired([content.files], None, ready, False)
        lists = {name: [{"name": x} for x in self.want.fields[name]] for name in ("tags", "groups")}
        self.package = {"id": self.want.id, **self.want.fields, **lists, "private": True}
        self.own = [part for part in self.want.resources if part.leads_to is None]
        self.files = {
            part.id: f"{portal.url}/dataset/{self.want.id}/resource/{part.id}/download/"
            f"{part.file.name}"
            for part in self.own
        }
        self.package["resources"] = [
            {**part.fields, "url": self.files[part.leads_to]}
            for part in self.want.resources if part.leads_to
        ]

    def publish(self) -> None:
        self._call("package_create", self.package)
        match = json.dumps({"id": self.want.id})
        extend = json.dumps([part.fields for part in self.own])
        with ExitStack() as stack:
            uploads = {
                f"update__resources__{part.id}__upload":
                    stack.enter_context((self.folder / part.file.name).open("rb"))
                for part in self.own
            }
            self._call(
                "package_revise", {"match": match, "update__resources__extend": extend}, uploads
            )
        self._call("package_revise", {"match": {"id": self.want.id}, "update": {"private": False}})

    def read_back(self) -> None:
        for url in self.files.values():
            self.session.get(url, headers={"Authorization": self.token}).raise_for_status()

    def _call(self, action: str, data: dict[str, Any], files: Any = None) -> None:
        self.portal.call_action(action, data, files=files)


class _Ready:
    """In the place of the file builder: the files are made already."""

    def __init__(self, files) -> None:
        self._files = files

    def files(self, content):
        return self._files


if __name__ == "__main__":
    sys.exit(main())
