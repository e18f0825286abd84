"""A portal that can take no more: a file over CKAN's own limit, a full disk; and our own memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from dev.ckan.machine import commands
from dev.ckan.portal_dir import PortalDir
from dev.ckan.ports import is_free
from dev.ckan.running_portal import RunningPortal
from dev.ckan.services.ckan import server as ckan_server
from model.errors import PortalError
from portal.ckan.client import CkanClient, OutcomeUnknown
from tests.fixtures.commands import PROJECT
from tests.fixtures.datasets import dataset
from tests.portal.ckan.environment import CkanEnvironment
from tests.warehouse.test_releases import release
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal

STORAGE_MEGABYTES = 6
LIMIT_MEGABYTES = 1
READY_SECONDS = 60


@pytest.fixture(scope="module")
def storage(tmp_path_factory) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path_factory.mktemp("storage")
    size = f"size={STORAGE_MEGABYTES}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def small(ckan: RunningPortal, portal_home: PortalDir, storage: Path) -> Iterator[RunningPortal]:
    """Another web server of the same CKAN, with a low limit and a small disk."""
    port = next(port for port in range(5600, 5700) if is_free(port))
    url = f"http://127.0.0.1:{port}"
    service = ckan_server.web(portal_home, {"ckan": port})
    environment = commands.environment({
        **service.env, "CKAN_SITE_URL": url, "CKAN_STORAGE_PATH": str(storage),
        "CKAN_MAX_UPLOAD_SIZE_MB": str(LIMIT_MEGABYTES),
    })
    with (storage.parent / "small-ckan.log").open("wb") as log:
        server = subprocess.Popen(service.command, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(CkanClient(url, ckan.token, waits=()))
        yield replace(ckan, url=url, storage_path=str(storage))
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(client: CkanClient) -> None:
    for _ in range(READY_SECONDS * 5):
        try:
            client.read("status_show")
            return
        except OutcomeUnknown:
            time.sleep(0.2)
    raise AssertionError("the second web server does not answer")


@pytest.fixture
def env(small, tmp_path):
    home = DataDir(tmp_path / "data")
    home.prepare()
    found = CkanEnvironment(small, home)
    yield found
    found.remove()


def test_ckans_own_limit(env):
    """The JSON file is too large; the other files went before it, and no reader is led there."""
    env.declared = dataset(name=env.declared.name, frequency="D")
    days = [str(date(2000, 1, 1) + timedelta(days=number)) for number in range(7000)]
    release(env.data_dir, dict.fromkeys(days[:2], "5"), "1", env.declared)
    publisher = env.publisher()
    publisher.apply(env.history)
    release(env.data_dir, dict.fromkeys(days, "5"), "2", env.declared)
    with pytest.raises(PortalError, match="File upload too large") as caught:
        publisher.apply(env.history)
    assert "raise ckan.max_resource_size" in caught.value.todo
    assert "old release" in caught.value.todo
    assert env.seen_by_the_public()["version"] == "1"


def test_the_portals_disk_is_full(env, storage, tmp_path):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history)
    env.release(2)
    filler = storage / "filler"
    _fill(filler)
    with pytest.raises(PortalError) as caught:
        publisher.apply(env.history)
    assert "disk" in caught.value.todo and "old release" in caught.value.todo
    assert env.seen_by_the_public()["version"] == "1"
    filler.unlink()
    publisher.apply(env.history)
    env.assert_equals_releases(tmp_path)
    assert not list(storage.rglob("*~")), "half a file"


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


MEGABYTES = 60
GROWTH_MEGABYTES = 20
MEASURE = """
import json, sys
from pathlib import Path
from portal.ckan.client import CkanClient, FileUpload
url, token, package, id_, small, large = json.loads(sys.stdin.read())
client = CkanClient(url, token)
def send(path):
    path = Path(path)
    upload = FileUpload(f"update__resources__{id_}__upload", path, "text/csv")
    answer = client.call("package_revise", {"match": {"id": package}}, (upload,))
    size, _ = client.checksum(f"/dataset/{package}/resource/{id_}/download/{path.name}")
    (size_shown,) = [r["size"] for r in answer["package"]["resources"] if r["id"] == id_]
    assert size == size_shown == path.stat().st_size
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
print(json.dumps([send(small), send(large)]))
"""


def test_memory_does_not_grow_with_the_file(ckan, tmp_path):
    """Sent and read back, a large file takes no more memory than a small one."""
    home = DataDir(tmp_path / "data")
    home.prepare()
    env = CkanEnvironment(ckan, home)
    env.release(1)
    try:
        env.publisher().apply(env.history)
        uploaded = next(r for r in env.shown()["resources"] if r["url_type"] == "upload")
        small, large = tmp_path / "small.csv", tmp_path / "large.csv"
        line = b"DN,2024,12345.678,A\n"
        small.write_bytes(line)
        large.write_bytes(line * (MEGABYTES * 1_000_000 // len(line)))
        measured = subprocess.run(
            [sys.executable, "-c", MEASURE], cwd=PROJECT, text=True, check=True,
            stdout=subprocess.PIPE,
            input=json.dumps(
                [ckan.url, ckan.token, env.id, uploaded["id"], str(small), str(large)]
            ),
        )
        before, after = json.loads(measured.stdout)
        print(f"peak of memory: {before // 1024} MiB for a line, {after // 1024} MiB for the file")
        assert (after - before) / 1024 < GROWTH_MEGABYTES
    finally:
        env.remove()
