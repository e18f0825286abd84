"""What readers see while tables are swapped and changed under them: one release or the other."""

from __future__ import annotations

import threading
import time
from collections import Counter
from unittest.mock import patch

import httpx
import pytest

from portal.ckan.datastore import copy_loader
from tests.portal.ckan.datastore_environment import DataStoreEnvironment, row

pytestmark = pytest.mark.portal

SWAPS = 30
READS = 200
SECONDS = 240
SIZES = {1: 150, 2: 190}  # rows of the two releases that take turns


@pytest.fixture
def env(ckan, tmp_path):
    return DataStoreEnvironment(ckan, tmp_path)


def _release(number: int) -> list[dict]:
    """Every row tells which release it is of; the two share most keys."""
    return [row(f"{n:05d}", 2000, float(number), f"r{number}") for n in range(SIZES[number])]


def _judge(records: list[dict], total: int | None) -> str:
    """Return "" where all is of one release, and whole; else what is wrong."""
    releases = {record["obs_value"] for record in records}
    if len(releases) != 1:
        return f"mixed: {releases}, {len(records)} rows"
    number = int(releases.pop())
    if len(records) != SIZES[number]:
        return f"{len(records)} rows of release {number}"
    if total is not None and total != SIZES[number]:
        return f"{len(records)} rows of release {number} with the total {total}"
    return ""


@pytest.mark.parametrize("share", [0, 10], ids=["swapped", "changed in place"])
def test_every_read_is_one_whole_release(env, share):
    resource, alias = env.resource(), "alias"
    loader = env.loader("copy")
    tables = [env.table(resource, _release(number)) for number in (1, 2)]
    loader.load(tables[0])
    alias = f"alias {resource}"
    env.client.call(
        "datastore_create", {"resource_id": resource, "force": True, "aliases": [alias]}
    )
    by_search = {"resource_id": resource, "limit": 1000}
    calls = [
        ("datastore_search", by_search),
        ("datastore_search", {**by_search, "resource_id": alias}),
        ("datastore_search_sql", {"sql": f'SELECT * FROM "{resource}"'}),
        ("datastore_search_sql", {"sql": f'SELECT * FROM "{alias}"'}),
    ]
    reads: Counter[str] = Counter()
    wrong: list[str] = []
    done = threading.Event()

    def reader(first: int) -> None:
        turn = first
        with httpx.Client(timeout=30) as http:
            while not done.is_set():
                action, data = calls[turn % len(calls)]
                turn += 1
                answer = http.post(
                    f"{env.portal.url}/api/3/action/{action}", json=data,
                    headers={"Authorization": env.portal.token},
                )
                reads[action] += 1
                if answer.status_code != 200:
                    wrong.append(f"{action}: HTTP {answer.status_code} {answer.text[:300]}")
                    continue
                result = answer.json()["result"]
                found = _judge(result["records"], result.get("total"))
                if found:
                    wrong.append(f"{action}: {found}")

    readers = [threading.Thread(target=reader, args=[first]) for first in range(3)]
    for thread in readers:
        thread.start()
    begun, loads = time.monotonic(), 0
    with patch.object(copy_loader, "IN_PLACE", share):
        while loads < SWAPS or sum(reads.values()) < READS:
            assert time.monotonic() - begun < SECONDS, f"{loads} loads, {reads} in {SECONDS} s"
            loads += 1
            loader.load(tables[loads % 2])
    done.set()
    for thread in readers:
        thread.join()
    print(f"{loads} loads, {dict(reads)} reads, {len(wrong)} wrong")
    assert wrong == []
    assert min(reads.values()) > READS / 5
