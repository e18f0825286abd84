"""A load that is killed anywhere: the next one brings the release, and leaves nothing behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.portal.ckan.datastore_environment import DataStoreEnvironment, release

pytestmark = pytest.mark.portal

PROJECT = Path(__file__).resolve().parents[3]
SEEDS = int(os.environ.get("DATASTORE_KILLS", "6"))  # for each loader

# What the killed process does; it says when it begins, and the moment is drawn from then on.
LOAD = """
import sys
from pathlib import Path
from portal.ckan.client import CkanClient
from portal.ckan.datastore import api_loader
from portal.ckan.datastore.api_loader import ApiLoader
from portal.ckan.datastore.loader import DataStoreTable
from portal.ckan.datastore.copy_loader import CopyLoader
from portal.ckan.datastore.table_schema import table_schema_of
from model.util.hashing import sha256_file
from tests.fixtures.datasets import dataset, registries
kind, indexes_before, url, resource, data = sys.argv[1:]
token, write_url = sys.stdin.read().split()
api_loader.FIRST_ROWS = api_loader.MOST_ROWS = 100
api_loader.ONE_CALL_ROWS = 100
client = CkanClient(url, token)
loader = ApiLoader(client) if kind == "api" else CopyLoader(
    client, lambda: write_url, indexes_before=int(indexes_before))
schema = table_schema_of(dataset(), registries())
table = DataStoreTable(resource, Path(data), schema, sha256_file(Path(data)))
print("begins", flush=True)
loader.load(table)
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def usual_seconds():
    """How long a load takes, by loader and kind of load; learnt from those that were not killed."""
    return {"api": 1.5, "copy": 0.6}


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", ["api", "copy"])
def test_killed_and_loaded_again(ckan, tmp_path, usual_seconds, kind, seed):
    env, draw = DataStoreEnvironment(ckan, tmp_path), random.Random(f"{kind} {seed}")
    resource = env.resource()
    size = draw.choice([50, 600])
    old, new = release(2 * seed, size), release(2 * seed + 1, size)
    before = draw.choice(["nothing", "other", "little changed"])
    if before == "little changed":
        new = [dict(each) for each in old[3:]]
        new[5]["obs_note"] = "đã sửa"
    if before != "nothing":
        env.loader(draw.choice(["api", "copy"])).load(env.table(resource, old))
    table = env.table(resource, new)
    after = draw.uniform(0, usual_seconds[kind])
    indexes_before = draw.choice(["0", "100000"])
    print(f"seed {kind} {seed}: {size} rows over {before}, killed after {after:.3f} s")
    seconds, killed = _load_and_kill(env, kind, indexes_before, table, after)
    if not killed:
        usual_seconds[kind] = 0.8 * usual_seconds[kind] + 0.2 * seconds

    # What an `api` load left may be finished by either; tables aside are seen by `copy` alone.
    loader = env.loader(draw.choice([kind, "copy"]))
    loader.load(table)

    found = env.rows(resource)
    assert len(found) == len(new)
    assert sorted(map(str, _plain(found))) == sorted(map(str, _plain(new)))
    assert loader.plan(table).empty
    assert env.tables(resource) == [resource, f"{resource}__id_seq"]


def _plain(rows):
    return [
        tuple(
            (name, value + 0.0 if isinstance(value, int | float) else value)
            for name, value in sorted(each.items())
        )
        for each in rows
    ]


def _load_and_kill(env, kind, indexes_before, table, after):
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, kind, indexes_before, env.portal.url, table.resource_id,
         str(table.data)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT,
    )
    process.stdin.write(f"{env.portal.token}\n{env.portal.datastore_write_url}\n")
    process.stdin.close()
    assert process.stdout.readline() == "begins\n"
    begun = time.monotonic()
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait()
    killed = process.returncode != 0
    process.stdout.close()
    return time.monotonic() - begun, killed
