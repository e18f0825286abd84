"""How long it takes to publish many small datasets, beside the bare API calls that it needs.

`make bench-publish` prints times and ratios; both ways use the same portal, in one run, with the
same number of calls at a time. The bare calls are those that put the same package and files there
and change it at once; our reading back, checking and journal are what is measured against them.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from model.dataset import Dataset
from pipelines.commands.publish import AT_A_TIME
from portal.ckan.client import Client, Upload
from portal.ckan.portal import Ckan
from portal.ckan_server.bring_up import RunningPortal, load_portal
from portal.ckan_server.home import Home as PortalHome
from portal.ckan_server.home import default_home
from portal.content import Content
from portal.distributions.registry import distribution_of, write_all
from tests.datasets import dataset, registries
from tests.portal.ckan_world import World
from tests.unit.test_warehouse_releases import release
from warehouse import releases
from warehouse.home import Home


class Counting(httpx.HTTPTransport):
    """Counts requests."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls[request.url.path.rsplit("/", 1)[-1] if "/api/" in request.url.path
                   else "download"] += 1
        return super().handle_request(request)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--home", type=Path, default=default_home(), help="the portal's folder")
    asked = parser.parse_args()
    portal = load_portal(PortalHome(asked.home.resolve()))
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "data")
        home.prepare()
        stamp = f"b{random.SystemRandom().randrange(10**6)}"
        declared = [dataset(name=f"{stamp}_{n}") for n in range(asked.datasets)]
        for item in declared:
            figures = {str(year): str(year * 7 % 1000) for year in range(1990, 2026)}
            release(home, figures, "1", item)
        try:
            _measure(portal, home, declared, Path(folder))
        finally:
            for item in declared:
                World(portal, home, item).remove()
    return 0


def _measure(portal: RunningPortal, home: Home, declared: list[Dataset], folder: Path) -> None:
    transport = Counting()
    ckan = Ckan(Client(portal.url, portal.token, transport=transport), home.root, registries())
    # Organisation and group are there for both.
    ckan.publish(list(releases.history(home, declared[0].id)))
    World(portal, home, declared[0]).remove()
    ckan.journal(declared[0].id).path.unlink()
    shutil.rmtree(home.root / "ckan")
    calls = [_bare(portal, home, item, folder) for item in declared]
    bare = _timed(calls)
    for item in declared:
        World(portal, home, item).remove()

    def publish(item: Dataset) -> Callable[[], object]:
        return lambda: ckan.publish(list(releases.history(home, item.id)))

    transport.calls.clear()
    first = _timed([publish(item) for item in declared])
    first_calls = dict(transport.calls)
    transport.calls.clear()
    second = _timed([publish(item) for item in declared])
    count = len(declared)
    print(f"{count} datasets, {AT_A_TIME} at a time")
    print(f"bare calls     {bare:7.1f} s  {1000 * bare / count:6.0f} ms each")
    print(f"first time     {first:7.1f} s  {1000 * first / count:6.0f} ms each"
          f"  ratio {first / bare:.2f}  {first_calls}")
    print(f"second time    {second:7.1f} s  {1000 * second / count:6.0f} ms each"
          f"  share of the first {second / first:.3f}  {dict(transport.calls)}")


def _timed(work: list[Callable[[], object]]) -> float:
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for done in [pool.submit(item) for item in work]:
            done.result()
    return time.monotonic() - begun


def _bare(
    portal: RunningPortal, home: Home, item: Dataset, folder: Path
) -> Callable[[], None]:
    """Prepare all that the calls of one dataset send, so that only they are timed."""
    client = Client(portal.url, portal.token)
    content = Content.of(releases.history(home, item.id)[-1], registries())
    made = folder / item.name
    made.mkdir()
    files = write_all(content, made)
    ckan = Ckan(client, home.root, registries())
    want = ckan._wanted([content.files], None, _Ready(files), False)
    lists = {name: [{"name": x} for x in want.fields[name]] for name in ("tags", "groups")}
    package = {"id": want.id, **want.fields, **lists, "private": True}
    current = [{**part.fields, "url": f"{portal.url}/{part.leads_to}"}
               for part in want.parts if part.leads_to]
    own = [part for part in want.parts if part.leads_to is None]
    uploads = tuple(
        Upload(f"update__resources__{part.id}__upload", made / part.file.name,
               distribution_of(part.file.name, item).media_type)
        for part in own
    )

    def calls() -> None:
        client.call("package_create", {**package, "resources": current})
        match = {"id": want.id}
        client.call(
            "package_revise",
            {"match": match, "update__resources__extend": [part.fields for part in own]}, uploads,
        )
        client.call("package_revise", {"match": match, "update": {"private": False}})

    return calls


class _Ready:
    """Stands where the workshop does: the files are made already."""

    def __init__(self, files) -> None:
        self._files = files

    def files(self, content):
        return self._files


if __name__ == "__main__":
    sys.exit(main())
