"""What was published to the real CKAN is harvested again: the same rows, by file and by table."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from portal.content import Content
from portal.metadata.identifiers import resource_id
from sources.connectors import ckan as source
from sources.connectors.options.shared import Secret
from sources.fetch.http import HttpLimits, HttpTransport
from sources.fetch.parts import Fetched, fetch_parts
from tests.fixtures.datasets import registries
from tests.fixtures.releases import published_rows
from tests.portal.ckan.environment import CkanEnvironment

pytestmark = pytest.mark.portal


def harvested(env: CkanEnvironment, folder: Any, earlier: Any = (), **options: Any) -> Fetched:
    checked = source.Options(base_url=env.ckan.url, package=env.name, **options)
    transport = HttpTransport(HttpLimits(allow_private=True, min_interval=0))
    return fetch_parts(source, checked, transport, folder, earlier)


def rows(found: Fetched, **options: Any) -> list[dict[str, Any]]:
    checked = source.Options(base_url="http://localhost", package="p", **options)
    parts = found.parts
    return pa.Table.from_batches(source.read(parts, checked)).to_pylist()


def test_the_rows_that_were_published_come_back(env, tmp_path):
    env.release(1)
    env.publisher(rows="api").apply(env.history)
    released = published_rows(Content.of(env.history[-1], registries()))
    columns = env.declared.columns
    table = resource_id(env.declared.id, f"{env.declared.name}.csv")

    by_table = rows(
        harvested(env, tmp_path / "1", resources=(table,), datastore=True, page_size=1),
        datastore=True,
    )
    assert [tuple(row[name] for name in columns) for row in by_table] == released

    first = harvested(env, tmp_path / "2", resources=(table,))
    by_file = rows(first)
    assert [[row[name] or None for name in columns] for row in by_file] == [
        [None if value is None else f"{value:g}" if isinstance(value, float) else str(value)
         for value in row] for row in released
    ]
    again = harvested(env, tmp_path / "3", first.parts, resources=(table,))
    assert again.unchanged

    env.release(2)
    env.publisher(rows="api").apply(env.history)
    assert not harvested(env, tmp_path / "4", again.parts, resources=(table,)).unchanged


def test_ckans_own_error_message_is_shown(env, tmp_path):
    with pytest.raises(source.SourceError, match="404: (Không tìm thấy|Not found)"):
        harvested(env, tmp_path / "1")


def test_what_is_not_public_needs_a_token(env, tmp_path, monkeypatch):
    env.release(1)
    env.publisher().apply(env.history)
    env.act("package_patch", id=env.id, private=True)
    table = resource_id(env.declared.id, f"{env.declared.name}.csv")
    with pytest.raises(source.SourceError, match="HTTP 40[34]"):
        harvested(env, tmp_path / "1", resources=(table,))
    monkeypatch.setenv("CKAN_SOURCE_TOKEN", env.ckan.token)
    token = Secret(env="CKAN_SOURCE_TOKEN")
    assert rows(harvested(env, tmp_path / "2", resources=(table,), token=token))
