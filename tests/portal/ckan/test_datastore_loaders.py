"""Both loaders on the real DataStore: types, dictionary, differences, search, failures."""

from __future__ import annotations

import logging
import random
import threading
from unittest.mock import patch

import psycopg
import pytest

from model.errors import BusyError, PortalError
from portal.ckan.client import ActionRefused, CkanClient
from portal.ckan.datastore import api_loader, copy_loader, postgres, swap
from portal.ckan.datastore.api_loader import ApiLoader
from portal.ckan.datastore.copy_loader import CopyLoader
from portal.ckan.datastore.loader import RowComparison
from tests.fixtures.datasets import dataset
from tests.portal.ckan.datastore_environment import (
    HOSTILE,
    NUMBERS,
    DataStoreEnvironment,
    release,
    row,
    with_interval_and_footnotes,
)
from tests.portal.ckan.http_adapters import FaultyAdapter

pytestmark = pytest.mark.portal
KINDS = ("api", "copy")


@pytest.fixture
def env(ckan, tmp_path):
    return DataStoreEnvironment(ckan, tmp_path)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def figure(value):
    """JSON may say 7 for 7.0, and -0.0 is 0.0."""
    return None if value is None else float(value) + 0.0


def same(rows):
    """Return rows to compare: their order is no part of a table."""
    return sorted(
        repr(sorted({**r, "obs_value": figure(r["obs_value"])}.items())) for r in rows
    )


def test_first_load_has_declared_types_key_and_indexes(env, kind):
    rows = [row("00012", 2020, 1.5), row("00013", 2020, None)]
    table = env.table(env.resource(), rows)
    loader = env.loader(kind)
    assert loader.plan(table).added == 2
    loader.load(table)
    assert loader.plan(table).empty
    info = env.client.read("datastore_info", resource_id=table.resource_id)
    types = {field["id"]: field["type"] for field in info["fields"]}
    assert types == {
        name: "float8" if name == "obs_value" else "text" for name in table.schema.names
    }
    assert env.rows(table.resource_id) == rows  # "00012" among them, and in order
    definitions = [text for (text,) in env.sql(
        "SELECT indexdef FROM pg_indexes WHERE tablename = %s", table.resource_id
    )]
    key = ", ".join(table.schema.key)
    assert any("UNIQUE" in text and f"({key})" in text for text in definitions)
    for name in table.schema.key:
        assert any(text.endswith(f"btree ({name})") for text in definitions)
    assert sum("_full_text" in text for text in definitions) == 1
    resource = env.client.read("resource_show", id=table.resource_id)
    assert resource["datastore_active"] is True


def test_the_key_is_kept_by_the_table(env, kind):
    table = env.table(env.resource(), [row("00012", 2020, 1.5)])
    env.loader(kind).load(table)
    with pytest.raises(ActionRefused, match="duplicate key"):
        env.client.call("datastore_upsert", {
            "resource_id": table.resource_id, "force": True, "method": "insert",
            "records": [row("00012", 2020, 2.5)],
        })


def test_rows_that_share_a_key_are_refused_and_the_old_ones_stay(env, kind):
    resource = env.resource()
    loader = env.loader(kind)
    old = env.table(resource, [row("00012", 2020, 1.5)])
    loader.load(old)
    with pytest.raises(PortalError, match="duplicate key|share a key"):
        loader.load(env.table(resource, [row("00012", 2021, 1), row("00012", 2021, 2)]))
    if kind == "copy":
        assert env.rows(resource) == [row("00012", 2020, 1.5)]
        assert env.tables(resource) == [resource, f"{resource}__id_seq"]
    loader.load(old)
    assert env.rows(resource) == [row("00012", 2020, 1.5)]
    assert loader.plan(old).empty


def test_dictionary_is_bilingual_and_survives_reloads(env, kind):
    resource = env.resource()
    loader = env.loader(kind)
    for seed in (1, 2):
        loader.load(env.table(resource, release(seed)))
        info = env.client.read("datastore_info", resource_id=resource)
        area = {field["id"]: field["info"] for field in info["fields"]}["ref_area"]
        assert area["label_translated"] == {"vi": "Khu vực", "en": "Area"}
        assert area["label"] == "Khu vực"
    indicator = {field["id"]: field["info"] for field in info["fields"]}["indicator"]
    assert "- `ROOMS`: Số phòng" in indicator["notes"]
    assert "- `ROOMS`: Rooms" in indicator["notes_translated"]["en"]


def test_a_changed_dictionary_is_planned_and_loaded_without_rows(env, kind):
    resource = env.resource()
    loader = env.loader(kind)
    loader.load(env.table(resource, release(1)))
    hostile = "it's \"x\"; %s :a {b} \\ $$ -- /* 'é"
    named = {"name": {"vi": hostile, "en": hostile}, "unit": "count"}
    declared = dataset(indicators={"ROOMS": named})
    table = env.table(resource, release(1), declared)
    planned = loader.plan(table)
    assert planned.dictionary_changed and not planned.structure_changed
    assert planned.added + planned.revised + planned.withdrawn == 0
    loader.load(table)
    info = env.client.read("datastore_info", resource_id=resource)
    assert hostile in info["fields"][0]["info"]["notes"]
    assert loader.plan(table).empty


def test_the_difference_is_counted_and_loaded(env, kind):
    resource = env.resource()
    loader = env.loader(kind)
    first = release(1)
    loader.load(env.table(resource, first))
    second = [dict(each) for each in first[7:]]
    second[0]["obs_value"] = 123456.0
    second[1]["obs_note"] = "đã sửa"
    second.append(row("99999", 2030, 1.0))
    table = env.table(resource, second)
    planned = loader.plan(table)
    assert (planned.added, planned.revised, planned.withdrawn) == (1, 2, 7)
    assert planned.same == len(second) - 3
    loader.load(table)
    assert same(env.rows(resource)) == same(second)
    assert loader.plan(table).empty


def test_both_loaders_give_the_same_content(env):
    rows = [
        row(f"{n:05d}", 2000 + n, number, note)
        for n, (number, note) in enumerate((x, y) for x in NUMBERS for y in HOSTILE)
    ]
    rows.append(row("99999", 1999, 1.0, "rất dài " * 150_000))
    found = []
    for kind in KINDS:
        table = env.table(env.resource(), rows)
        env.loader(kind).load(table)
        found.append(same(env.rows(table.resource_id)))
        others = [other for other in KINDS if other != kind]
        for other in others:
            assert env.loader(other).plan(table).dictionary_changed is False
    assert found[0] == found[1] == same(rows)


def test_each_loader_goes_on_from_the_other(env):
    resource = env.resource()
    for number, kind in enumerate(("api", "copy", "api", "copy"), start=1):
        rows = release(number)
        table = env.table(resource, rows)
        env.loader(kind).load(table)
        assert same(env.rows(resource)) == same(rows)
        assert env.loader(kind).plan(table).empty
    assert env.tables(resource) == [resource, f"{resource}__id_seq"]


def test_search_finds_new_words_and_not_old_ones(env, kind):
    resource = env.resource()
    loader = env.loader(kind)
    rows = [row("00001", 2000 + n, float(n), "khách sạn") for n in range(40)]
    rows[3]["obs_note"] = "Hải Châu"
    loader.load(env.table(resource, rows))
    assert env.search(resource, "Hải Châu") == 1
    assert env.search(resource, "Hai Chau") == 0  # CKAN does not fold accents
    rows[3]["obs_note"] = "Ngũ Hành Sơn"
    loader.load(env.table(resource, rows))
    assert env.search(resource, "Hải Châu") == 0
    assert env.search(resource, "ngũ hành sơn") == 1
    assert env.search(resource, "khách sạn") == 39


def test_full_text_is_what_ckan_itself_makes_of_a_row(env):
    table = env.table(env.resource(), release(5))
    env.loader("copy").load(table)
    name = table.resource_id
    before = env.sql(f'SELECT _id, _full_text::text FROM "{name}" ORDER BY _id')
    env.sql(f'UPDATE "{name}" SET _full_text = NULL')  # CKAN's trigger fills it
    assert env.sql(f'SELECT _id, _full_text::text FROM "{name}" ORDER BY _id') == before


def test_other_columns_make_the_table_anew(env, kind):
    resource = env.resource()
    loader = env.loader(kind)
    loader.load(env.table(resource, release(1)))
    declared = dataset(dimensions={
        "sex": {"name": {"vi": "Giới", "en": "Sex"}, "codelist": "sex"},
    })
    rows = [{**each, "sex": "F"} for each in release(1)]
    table = env.table(resource, rows, declared)
    assert loader.plan(table).structure_changed
    loader.load(table)
    assert same(env.rows(resource)) == same(rows)
    assert loader.plan(table).empty


def test_bounds_and_footnotes_are_loaded(env, kind):
    """A release gains them: the table is made again, with their types and values."""
    resource = env.resource()
    loader = env.loader(kind)
    loader.load(env.table(resource, [row("00012", 2020, 1.5)]))
    rows = [
        {**row("00012", 2020, 1.5), "lower_bound": 1.25, "upper_bound": 2.0, "footnotes": "border"},
        {**row("00013", 2020, 2.5), "lower_bound": None, "upper_bound": None, "footnotes": None},
    ]
    table = env.table(resource, rows, with_interval_and_footnotes())
    assert loader.plan(table).structure_changed
    loader.load(table)
    assert env.rows(resource) == rows
    info = env.client.read("datastore_info", resource_id=resource)
    types = {field["id"]: field["type"] for field in info["fields"]}
    assert types["lower_bound"] == types["upper_bound"] == "float8"
    assert loader.plan(table).empty


def test_an_unchanged_table_costs_no_reading_of_rows(env, kind):
    table = env.table(env.resource(), release(1))
    loader = env.loader(kind)
    loader.load(table)
    with patch.object(RowComparison, "compare", side_effect=AssertionError):
        assert loader.plan(table).empty


@pytest.mark.parametrize("bad", [
    row("00001", 2000, float("nan")), row("00001", 2000, float("-inf")),
    row("00001", 2000, 1.0, "a\x00b"), {**row("00001", 2000, 1.0), "ref_area": None},
])
def test_what_no_datastore_can_hold_is_refused_before_the_first_write(env, kind, bad):
    table = env.table(env.resource(), [row("00002", 2000, 1.0), bad])
    with pytest.raises(PortalError, match="finite|U\\+0000|part of the key"):
        env.loader(kind).load(table)
    assert env.tables(table.resource_id) == []


def test_drop_removes_table_and_leftovers(env, kind):
    table = env.table(env.resource(), release(1))
    loader = env.loader(kind)
    loader.load(table)
    loader.drop(table.resource_id)
    loader.drop(table.resource_id)
    assert env.tables(table.resource_id) == []
    assert env.client.read("resource_show", id=table.resource_id)["datastore_active"] is False


def test_an_id_that_is_no_uuid_is_refused(env, kind):
    with pytest.raises(PortalError, match="not the id"):
        env.loader(kind).drop('x"; DROP TABLE y; --')


# --- with the database address


def test_aliases_permissions_triggers_and_additions_of_others_stay(env):
    resource = env.resource()
    loader = env.loader("copy")
    loader.load(env.table(resource, release(1)))
    alias = f"alias of {resource[:8]}"
    env.client.call("datastore_create", {
        "resource_id": resource, "force": True, "aliases": [alias],
    })
    env.sql(f'CREATE VIEW "above {alias}" AS SELECT * FROM "{alias}"')
    env.sql(f'CREATE INDEX "an \'odd\' USING name {resource[:8]}" ON "{resource}" (obs_value)')
    env.sql("CREATE OR REPLACE FUNCTION test_note() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN RETURN NEW; END'")
    env.sql(f'CREATE TRIGGER t000 BEFORE INSERT OR UPDATE ON "{resource}"'
              " FOR EACH ROW EXECUTE FUNCTION test_note()")
    env.sql(f'COMMENT ON COLUMN "{resource}".freq IS \' {{"other": {{"keep": "me"}}}}\'')
    env.sql(f'GRANT UPDATE ON "{resource}" TO datastore_default')
    rows = release(2)
    with patch.object(copy_loader, "IN_PLACE", 0):
        loader.load(env.table(resource, rows))
    assert same(env.rows(resource)) == same(rows)
    assert env.sql(f'SELECT count(*) FROM "above {alias}"') == [(len(rows),)]
    found = env.client.read("datastore_search", resource_id=alias, limit=0)
    assert found["total"] == len(rows)
    [(comment,)] = env.sql("SELECT col_description(%s::regclass, 6)", f'"{resource}"')
    assert '"keep":"me"' in comment and "label_translated" in comment
    grants = env.sql("SELECT privilege_type FROM information_schema.table_privileges WHERE"
                       " table_name = %s AND grantee = 'datastore_default'", resource)
    assert {"SELECT", "UPDATE"} == {name for (name,) in grants}
    triggers = env.sql("SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass"
                         " ORDER BY 1", f'"{resource}"')
    assert triggers == [("t000", "O"), ("zfulltext", "O")]
    indexes = {name for (name,) in env.sql(
        "SELECT indexname FROM pg_indexes WHERE tablename = %s", resource)}
    assert f"an 'odd' USING name {resource[:8]}" in indexes and f"{resource}_pkey" in indexes
    # and CKAN goes on writing: numbers rise, the key holds, its own calls rebuild nothing
    env.client.call("datastore_upsert", {
        "resource_id": resource, "force": True, "method": "insert",
        "records": [row("77777", 2001, 1.0, "viết sau")], "calculate_record_count": True,
    })
    assert env.search(resource, "viết sau") == 1
    env.client.call("datastore_create", {
        "resource_id": resource, "force": True, "fields": [], "primary_key": list(dataset().key),
    })
    assert indexes == {name for (name,) in env.sql(
        "SELECT indexname FROM pg_indexes WHERE tablename = %s", resource)}
    env.sql(f'DROP VIEW "above {alias}"')


def test_indexes_of_a_large_table_come_after_the_swap_and_are_planned_when_missing(env):
    table = env.table(env.resource(), release(1))
    loader = env.loader("copy", indexes_before=10)
    with (
        patch.object(CopyLoader, "_finish", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        loader.load(table)
    assert loader.plan(table).structure_changed  # swapped in, and not finished
    loader.load(table)
    assert loader.plan(table).empty
    assert env.search(table.resource_id, "bản") > 0


def test_a_disabled_trigger_is_seen_and_fixed(env):
    table = env.table(env.resource(), release(1))
    loader = env.loader("copy")
    loader.load(table)
    env.sql(f'ALTER TABLE "{table.resource_id}" DISABLE TRIGGER zfulltext')
    assert loader.plan(table).structure_changed
    loader.load(table)
    assert loader.plan(table).empty


def test_two_loads_of_one_table_at_once(env):
    table = env.table(env.resource(), release(1))
    url = env.portal.datastore_write_url
    with (
        postgres.connection(lambda: url, 2) as con,
        postgres.loading_lock(con, table.resource_id, 1),
        pytest.raises(BusyError, match="another run"),
    ):
        env.loader("copy", busy_seconds=0.3).load(table)


def test_a_reader_that_never_ends_is_reported_and_the_old_rows_stay(env):
    resource = env.resource()
    loader = env.loader("copy")
    loader.load(env.table(resource, release(1)))
    for share in (0, 10):  # the swap, and the difference in place
        with (
            patch.object(swap, "LOCK_TRIES", 2), patch.object(copy_loader, "IN_PLACE", share),
            psycopg.connect(env.portal.datastore_write_url) as reader,
        ):
            reader.execute(f'SELECT count(*) FROM "{resource}"')
            with pytest.raises(PortalError, match="holds a lock"):
                loader.load(env.table(resource, release(2)))
        assert same(env.rows(resource)) == same(release(1))


def test_a_wrong_read_back_never_becomes_visible(env):
    resource = env.resource()
    loader = env.loader("copy")
    loader.load(env.table(resource, release(1)))
    copied = postgres.copy_in

    def one_lost(con, name, columns, batches):
        copied(con, name, columns, (batch.slice(1) for batch in batches))

    for share in (0, 10):
        with (
            patch.object(postgres, "copy_in", one_lost),
            patch.object(copy_loader, "IN_PLACE", share),
            pytest.raises(PortalError, match="read back"),
        ):
            loader.load(env.table(resource, release(2)))
        assert same(env.rows(resource)) == same(release(1))


def test_secrets_stay_secret(env, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = "postgresql://ckan_default:s3cret-word@127.0.0.1:1/datastore_default"
    for url in (wrong, "s3cret-word://nonsense", "postgresql+psycopg2://u:s3cret-word@h:x/d?a=b"):
        loader = CopyLoader(env.client, lambda url=url: url)
        with pytest.raises(PortalError) as caught:
            loader.load(env.table(env.resource(), [row("1", 2000, 1.0)]))
        output = f"{caught.value} {caught.value.__cause__} {caplog.text} {loader!r}"
        assert "s3cret-word" not in output
    assert env.portal.token not in caplog.text + repr(ApiLoader(env.client))


# --- over the API alone


@pytest.mark.parametrize("seed", range(6))
def test_lost_answers_make_no_double_rows_and_lose_none(env, seed):
    draw = random.Random(seed)
    faults = draw.choices([None, "lost request", "lost answer", 502, 504, "cut", 413],
                          [6, 1, 2, 1, 2, 1, 1], k=14)
    print(f"seed {seed}: {faults}")
    resource = env.resource()
    env.loader("api").load(env.table(resource, release(seed)))
    rows = release(seed + 100)
    table = env.table(resource, rows)
    client = CkanClient(
        env.portal.url, env.portal.token, waits=(0.01, 0.01, 0.01, 0.01),
        adapter=FaultyAdapter(faults),
    )
    with (
        patch.object(api_loader, "FIRST_PAUSE", 0.01), patch.object(api_loader, "FIRST_ROWS", 60),
        patch.object(api_loader, "MOST_ROWS", 60), patch.object(api_loader, "LEAST_ROWS", 20),
        patch.object(api_loader, "ONE_CALL_ROWS", draw.choice([0, 1000])),
    ):
        for _ in range(6):
            try:
                ApiLoader(client).load(table)
                break
            except PortalError as error:
                print(error)
        else:
            pytest.fail("never loaded")
    assert same(env.rows(resource)) == same(rows)
    assert env.loader("api").plan(table).empty


def test_an_interrupted_difference_is_not_taken_for_a_release(env):
    resource = env.resource()
    loader = env.loader("api")
    first, second = env.table(resource, release(1)), env.table(resource, release(2))
    loader.load(first)
    with (
        patch.object(ApiLoader, "_withdraw", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        loader.load(second)
    assert not loader.plan(first).empty and not loader.plan(second).empty
    loader.load(first)
    assert same(env.rows(resource)) == same(release(1))


def unfinished(env, rows):
    """Return a table that an `api` load filled and that has no checksum yet."""
    table = env.table(env.resource(), rows)
    loader = ApiLoader(env.client)
    loader.load(table)
    loader._describe(table.resource_id, table.schema, None)
    return table


def test_a_running_call_of_a_killed_load_is_waited_for(env):
    rows = release(1, 50)
    table = unfinished(env, rows)
    note = f'UPDATE "{table.resource_id}" SET obs_note = %s'
    with psycopg.connect(env.portal.datastore_write_url) as killed:
        killed.execute(note, ["của bản khác"])
        committed = threading.Timer(1.5, killed.commit)
        committed.start()
        ApiLoader(env.client).load(table)
        committed.join()
    assert same(env.rows(table.resource_id)) == same(rows)


def test_a_call_of_a_killed_load_that_begins_late_makes_no_failure(env):
    """The call is carried out after the table was read, and before the rows are sent."""
    rows = release(1, 50)
    table = unfinished(env, rows[:-1])
    full = env.table(table.resource_id, rows)
    compared, late = ApiLoader._compare, iter([True])

    def compare(self, resource_id, both):
        counts = compared(self, resource_id, both)
        if next(late, False):
            env.client.call("datastore_upsert", {
                "resource_id": resource_id, "force": True, "method": "insert",
                "records": rows[-1:],
            })
        return counts

    with patch.object(ApiLoader, "_compare", compare):
        ApiLoader(env.client).load(full)
    assert same(env.rows(table.resource_id)) == same(rows)
    assert next(late, None) is None


def test_a_revoked_token_gives_one_message(env):
    client = CkanClient(env.portal.url, "wrong-token")
    table = env.table(env.resource(), release(1))
    with pytest.raises(ActionRefused, match="token"):
        ApiLoader(client).load(table)
