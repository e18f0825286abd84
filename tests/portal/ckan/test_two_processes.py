"""Two processes, as workers of Dagster are, publish to the real CKAN at the same time."""

from __future__ import annotations

import uuid
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from dev.ckan.running_portal import RunningPortal
from model.declarations.dataset import Dataset
from model.reference.city import use_project
from model.reference.registries import Registries
from portal.ckan.client import CkanClient
from portal.ckan.desired.mapping import group, organisation
from portal.ckan.portal import Ckan
from tests.fixtures.commands import PROJECT
from tests.fixtures.datasets import dataset, registries
from tests.portal.ckan.environment import CkanEnvironment
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal

WAITS = (0.2, 0.5, 1.0, 2.0, 4.0)
LOADERS = ("api", "copy")  # of the rows, one for each process
SHARED: dict[str, Barrier] = {}  # what each process was given


def known(tag: str) -> Registries:
    """The registries with a publisher and a sector that the portal has not."""
    found = registries()
    publisher = found.publishers["da_nang_city"].model_copy(update={"id": f"p{tag}"})
    sector = found.sectors["tourism"].model_copy(update={"id": f"s{tag}"})
    return found.model_copy(update={
        "publishers": {**found.publishers, publisher.id: publisher},
        "sectors": {**found.sectors, sector.id: sector},
    })


def declared(tag: str, worker: int, number: int) -> Dataset:
    return dataset(
        sector=f"s{tag}", publisher=f"p{tag}", name=f"d{tag}{worker}{number}",
        keywords={"vi": [f"chung {tag}"], "en": [f"shared {tag}"]},
    )


def _begin(start: Barrier) -> None:
    SHARED["start"] = start
    use_project(PROJECT)


def publish(portal: RunningPortal, folder: Path, tag: str, worker: int) -> list[str]:
    """Publish two releases of two datasets, each together with the other process.

    Returns what is left to do afterwards.
    """
    data_dir, client = DataDir(folder), CkanClient(portal.url, portal.token, waits=WAITS)
    left: list[str] = []
    for number in (1, 2):
        env = CkanEnvironment(portal, data_dir, declared(tag, worker, number))
        ckan = Ckan(client, folder, known(tag), loader=env.loader(LOADERS[worker], client))
        for release in (1, 2):
            env.release(release)
            SHARED["start"].wait(120)
            assert ckan.apply(env.history).changed
        left += [line.what for line in ckan.plan(env.history) if line.change != "="]
    return left


def test_two_processes_publish_datasets_of_one_new_publisher(
    ckan: RunningPortal, tmp_path: Path
) -> None:
    tag = uuid.uuid4().hex[:10]
    DataDir(tmp_path / "data").prepare()
    context = get_context("spawn")
    try:
        with ProcessPoolExecutor(2, context, _begin, (context.Barrier(2),)) as pool:
            running: list[Future[list[str]]] = [
                pool.submit(publish, ckan, tmp_path / "data", tag, worker) for worker in (0, 1)
            ]
            assert [each.result(300) for each in running] == [[], []]
        client = CkanClient(ckan.url, ckan.token)
        found = client.call("package_search", {"fq": f"organization:p{tag}", "rows": 9})
        assert found["count"] == 4
        for package in found["results"]:
            assert package["version"] == "2" and [g["name"] for g in package["groups"]] == [
                f"s{tag}"
            ]
    finally:
        data_dir = DataDir(tmp_path / "data")
        for worker in (0, 1):
            for number in (1, 2):
                CkanEnvironment(ckan, data_dir, declared(tag, worker, number)).remove()
        names = known(tag)
        client = CkanClient(ckan.url, ckan.token)
        client.call("organization_purge", {"id": organisation(names.publishers[f"p{tag}"])["name"]})
        client.call("group_purge", {"id": group(names.sectors[f"s{tag}"])["name"]})
