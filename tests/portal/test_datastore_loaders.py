"""Both loaders on the real DataStore: types, dictionary, differences, search, failures."""

from __future__ import annotations

import logging
import random
from unittest.mock import patch

import psycopg
import pytest

from model.errors import BusyError, PortalError
from portal.ckan.client import ActionRefused, CkanClient
from portal.ckan.datastore import api_loader, build, copy_loader, database, difference, swap
from portal.ckan.datastore.api_loader import ApiLoader
from portal.ckan.datastore.copy_loader import CopyLoader
from portal.ckan.datastore.row_comparison import RowComparison
from tests.fixtures.datasets import dataset
from tests.portal.datastore_fixtures import HOSTILE, NUMBERS, World, release, row
from tests.portal.http_adapters import FaultyAdapter

pytestmark = pytest.mark.portal
KINDS = ("api", "copy")


@pytest.fixture
def world(ckan, tmp_path):
    return World(ckan, tmp_path)


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


def test_first_load_has_declared_types_key_and_indexes(world, kind):
    rows = [row("00012", 2020, 1.5), row("00013", 2020, None)]
    table = world.table(world.resource(), rows)
    loader = world.loader(kind)
    assert loader.plan(table).added == 2
    loader.load(table)
    assert loader.plan(table).empty
    info = world.client.read("datastore_info", resource_id=table.resource_id)
    types = {field["id"]: field["type"] for field in info["fields"]}
    assert types == {
        name: "float8" if name == "obs_value" else "text" for name in table.schema.names
    }
    assert world.rows(table.resource_id) == rows  # "00012" among them, and in order
    definitions = [text for (text,) in world.sql(
        "SELECT indexdef FROM pg_indexes WHERE tablename = %s", table.resource_id
    )]
    key = ", ".join(table.schema.key)
    assert any("UNIQUE" in text and f"({key})" in text for text in definitions)
    for name in table.schema.key:
        assert any(text.endswith(f"btree ({name})") for text in definitions)
    assert sum("_full_text" in text for text in definitions) == 1
    resource = world.client.read("resource_show", id=table.resource_id)
    assert resource["datastore_active"] is True


def test_the_key_is_kept_by_the_table(world, kind):
    table = world.table(world.resource(), [row("00012", 2020, 1.5)])
    world.loader(kind).load(table)
    with pytest.raises(ActionRefused, match="duplicate key"):
        world.client.call("datastore_upsert", {
            "resource_id": table.resource_id, "force": True, "method": "insert",
            "records": [row("00012", 2020, 2.5)],
        })


def test_rows_that_share_a_key_are_refused_and_the_old_ones_stay(world, kind):
    resource = world.resource()
    loader = world.loader(kind)
    old = world.table(resource, [row("00012", 2020, 1.5)])
    loader.load(old)
    with pytest.raises(PortalError, match="duplicate key|share a key"):
        loader.load(world.table(resource, [row("00012", 2021, 1), row("00012", 2021, 2)]))
    if kind == "copy":
        assert world.rows(resource) == [row("00012", 2020, 1.5)]
        assert world.tables(resource) == [resource, f"{resource}__id_seq"]
    loader.load(old)
    assert world.rows(resource) == [row("00012", 2020, 1.5)]
    assert loader.plan(old).empty


def test_dictionary_is_bilingual_and_survives_reloads(world, kind):
    resource = world.resource()
    loader = world.loader(kind)
    for seed in (1, 2):
        loader.load(world.table(resource, release(seed)))
        info = world.client.read("datastore_info", resource_id=resource)
        area = {field["id"]: field["info"] for field in info["fields"]}["ref_area"]
        assert area["label_translated"] == {"vi": "Khu vực", "en": "Area"}
        assert area["label"] == "Khu vực"
    indicator = {field["id"]: field["info"] for field in info["fields"]}["indicator"]
    assert "- `ROOMS`: Số phòng" in indicator["notes"]
    assert "- `ROOMS`: Rooms" in indicator["notes_translated"]["en"]


def test_a_changed_dictionary_is_planned_and_loaded_without_rows(world, kind):
    resource = world.resource()
    loader = world.loader(kind)
    loader.load(world.table(resource, release(1)))
    hostile = "it's \"x\"; %s :a {b} \\ $$ -- /* 'é"
    named = {"name": {"vi": hostile, "en": hostile}, "unit": "count"}
    declared = dataset(indicators={"ROOMS": named})
    table = world.table(resource, release(1), declared)
    planned = loader.plan(table)
    assert planned.dictionary_changed and not planned.structure_changed
    assert planned.added + planned.revised + planned.withdrawn == 0
    loader.load(table)
    info = world.client.read("datastore_info", resource_id=resource)
    assert hostile in info["fields"][0]["info"]["notes"]
    assert loader.plan(table).empty


def test_the_difference_is_counted_and_loaded(world, kind):
    resource = world.resource()
    loader = world.loader(kind)
    first = release(1)
    loader.load(world.table(resource, first))
    second = [dict(each) for each in first[7:]]
    second[0]["obs_value"] = 123456.0
    second[1]["obs_note"] = "đã sửa"
    second.append(row("99999", 2030, 1.0))
    table = world.table(resource, second)
    planned = loader.plan(table)
    assert (planned.added, planned.revised, planned.withdrawn) == (1, 2, 7)
    assert planned.same == len(second) - 3
    loader.load(table)
    assert same(world.rows(resource)) == same(second)
    assert loader.plan(table).empty


def test_both_loaders_give_the_same_content(world):
    rows = [
        row(f"{n:05d}", 2000 + n, number, note)
        for n, (number, note) in enumerate((x, y) for x in NUMBERS for y in HOSTILE)
    ]
    rows.append(row("99999", 1999, 1.0, "rất dài " * 150_000))
    found = []
    for kind in KINDS:
        table = world.table(world.resource(), rows)
        world.loader(kind).load(table)
        found.append(same(world.rows(table.resource_id)))
        others = [other for other in KINDS if other != kind]
        for other in others:
            assert world.loader(other).plan(table).dictionary_changed is False
    assert found[0] == found[1] == same(rows)


def test_each_loader_goes_on_from_the_other(world):
    resource = world.resource()
    for number, kind in enumerate(("api", "copy", "api", "copy"), start=1):
        rows = release(number)
        table = world.table(resource, rows)
        world.loader(kind).load(table)
        assert same(world.rows(resource)) == same(rows)
        assert world.loader(kind).plan(table).empty
    assert world.tables(resource) == [resource, f"{resource}__id_seq"]


def test_search_finds_new_words_and_not_old_ones(world, kind):
    resource = world.resource()
    loader = world.loader(kind)
    rows = [row("00001", 2000 + n, float(n), "khách sạn") for n in range(40)]
    rows[3]["obs_note"] = "Hải Châu"
    loader.load(world.table(resource, rows))
    assert world.search(resource, "Hải Châu") == 1
    assert world.search(resource, "Hai Chau") == 0  # CKAN does not fold accents
    rows[3]["obs_note"] = "Ngũ Hành Sơn"
    loader.load(world.table(resource, rows))
    assert world.search(resource, "Hải Châu") == 0
    assert world.search(resource, "ngũ hành sơn") == 1
    assert world.search(resource, "khách sạn") == 39


def test_full_text_is_what_ckan_itself_makes_of_a_row(world):
    table = world.table(world.resource(), release(5))
    world.loader("copy").load(table)
    name = table.resource_id
    before = world.sql(f'SELECT _id, _full_text::text FROM "{name}" ORDER BY _id')
    world.sql(f'UPDATE "{name}" SET _full_text = NULL')  # CKAN's trigger fills it
    assert world.sql(f'SELECT _id, _full_text::text FROM "{name}" ORDER BY _id') == before


def test_other_columns_make_the_table_anew(world, kind):
    resource = world.resource()
    loader = world.loader(kind)
    loader.load(world.table(resource, release(1)))
    declared = dataset(dimensions={
        "sex": {"name": {"vi": "Giới", "en": "Sex"}, "codelist": "sex"},
    })
    rows = [{**each, "sex": "F"} for each in release(1)]
    table = world.table(resource, rows, declared)
    assert loader.plan(table).structure_changed
    loader.load(table)
    assert same(world.rows(resource)) == same(rows)
    assert loader.plan(table).empty


def test_an_unchanged_table_costs_no_reading_of_rows(world, kind):
    table = world.table(world.resource(), release(1))
    loader = world.loader(kind)
    loader.load(table)
    with patch.object(RowComparison, "compare", side_effect=AssertionError):
        assert loader.plan(table).empty


@pytest.mark.parametrize("bad", [
    row("00001", 2000, float("nan")), row("00001", 2000, float("-inf")),
    row("00001", 2000, 1.0, "a\x00b"), {**row("00001", 2000, 1.0), "ref_area": None},
])
def test_what_no_datastore_can_hold_is_refused_before_the_first_write(world, kind, bad):
    table = world.table(world.resource(), [row("00002", 2000, 1.0), bad])
    with pytest.raises(PortalError, match="finite|U\\+0000|part of the key"):
        world.loader(kind).load(table)
    assert world.tables(table.resource_id) == []


def test_drop_removes_table_and_leftovers(world, kind):
    table = world.table(world.resource(), release(1))
    loader = world.loader(kind)
    loader.load(table)
    loader.drop(table.resource_id)
    loader.drop(table.resource_id)
    assert world.tables(table.resource_id) == []
    assert world.client.read("resource_show", id=table.resource_id)["datastore_active"] is False


def test_an_id_that_is_no_uuid_is_refused(world, kind):
    with pytest.raises(PortalError, match="not the id"):
        world.loader(kind).drop('x"; DROP TABLE y; --')


# --- with the database address


def test_aliases_permissions_triggers_and_additions_of_others_stay(world):
    resource = world.resource()
    loader = world.loader("copy")
    loader.load(world.table(resource, release(1)))
    alias = f"alias of {resource[:8]}"
    world.client.call("datastore_create", {
        "resource_id": resource, "force": True, "aliases": [alias],
    })
    world.sql(f'CREATE VIEW "above {alias}" AS SELECT * FROM "{alias}"')
    world.sql(f'CREATE INDEX "an \'odd\' USING name {resource[:8]}" ON "{resource}" (obs_value)')
    world.sql("CREATE OR REPLACE FUNCTION test_note() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN RETURN NEW; END'")
    world.sql(f'CREATE TRIGGER t000 BEFORE INSERT OR UPDATE ON "{resource}"'
              " FOR EACH ROW EXECUTE FUNCTION test_note()")
    world.sql(f'COMMENT ON COLUMN "{resource}".freq IS \' {{"other": {{"keep": "me"}}}}\'')
    world.sql(f'GRANT UPDATE ON "{resource}" TO datastore_default')
    rows = release(2)
    with patch.object(copy_loader, "IN_PLACE", 0):
        loader.load(world.table(resource, rows))
    assert same(world.rows(resource)) == same(rows)
    assert world.sql(f'SELECT count(*) FROM "above {alias}"') == [(len(rows),)]
    found = world.client.read("datastore_search", resource_id=alias, limit=0)
    assert found["total"] == len(rows)
    [(comment,)] = world.sql("SELECT col_description(%s::regclass, 6)", f'"{resource}"')
    assert '"keep":"me"' in comment and "label_translated" in comment
    grants = world.sql("SELECT privilege_type FROM information_schema.table_privileges WHERE"
                       " table_name = %s AND grantee = 'datastore_default'", resource)
    assert {"SELECT", "UPDATE"} == {name for (name,) in grants}
    triggers = world.sql("SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass"
                         " ORDER BY 1", f'"{resource}"')
    assert triggers == [("t000", "O"), ("zfulltext", "O")]
    indexes = {name for (name,) in world.sql(
        "SELECT indexname FROM pg_indexes WHERE tablename = %s", resource)}
    assert f"an 'odd' USING name {resource[:8]}" in indexes and f"{resource}_pkey" in indexes
    # and CKAN goes on writing: numbers rise, the key holds, its own calls rebuild nothing
    world.client.call("datastore_upsert", {
        "resource_id": resource, "force": True, "method": "insert",
        "records": [row("77777", 2001, 1.0, "viết sau")], "calculate_record_count": True,
    })
    assert world.search(resource, "viết sau") == 1
    world.client.call("datastore_create", {
        "resource_id": resource, "force": True, "fields": [], "primary_key": list(dataset().key),
    })
    assert indexes == {name for (name,) in world.sql(
        "SELECT indexname FROM pg_indexes WHERE tablename = %s", resource)}
    world.sql(f'DROP VIEW "above {alias}"')


def test_indexes_of_a_large_table_come_after_the_swap_and_are_planned_when_missing(world):
    table = world.table(world.resource(), release(1))
    loader = world.loader("copy", indexes_before=10)
    with (
        patch.object(CopyLoader, "_finish", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        loader.load(table)
    assert loader.plan(table).structure_changed  # swapped in, and not finished
    loader.load(table)
    assert loader.plan(table).empty
    assert world.search(table.resource_id, "bản") > 0


def test_a_disabled_trigger_is_seen_and_mended(world):
    table = world.table(world.resource(), release(1))
    loader = world.loader("copy")
    loader.load(table)
    world.sql(f'ALTER TABLE "{table.resource_id}" DISABLE TRIGGER zfulltext')
    assert loader.plan(table).structure_changed
    loader.load(table)
    assert loader.plan(table).empty


def test_two_loads_of_one_table_at_once(world):
    table = world.table(world.resource(), release(1))
    url = world.portal.datastore_write_url
    with (
        database.connection(lambda: url, 2) as con,
        database.loading_lock(con, table.resource_id, 1),
        pytest.raises(BusyError, match="another run"),
    ):
        world.loader("copy", busy_seconds=0.3).load(table)


def test_a_reader_that_never_ends_is_told_and_the_old_rows_stay(world):
    resource = world.resource()
    loader = world.loader("copy")
    loader.load(world.table(resource, release(1)))
    for share in (0, 10):  # the swap, and the difference in place
        with (
            patch.object(swap, "LOCK_TRIES", 2), patch.object(copy_loader, "IN_PLACE", share),
            psycopg.connect(world.portal.datastore_write_url) as reader,
        ):
            reader.execute(f'SELECT count(*) FROM "{resource}"')
            with pytest.raises(PortalError, match="holds a lock"):
                loader.load(world.table(resource, release(2)))
        assert same(world.rows(resource)) == same(release(1))


def test_a_wrong_read_back_never_becomes_visible(world):
    resource = world.resource()
    loader = world.loader("copy")
    loader.load(world.table(resource, release(1)))
    copied = database.copy_in

    def one_lost(con, name, columns, batches):
        copied(con, name, columns, (batch.slice(1) for batch in batches))

    for share in (0, 10):
        with (
            patch.object(build, "copy_in", one_lost), patch.object(difference, "copy_in", one_lost),
            patch.object(copy_loader, "IN_PLACE", share),
            pytest.raises(PortalError, match="read back"),
        ):
            loader.load(world.table(resource, release(2)))
        assert same(world.rows(resource)) == same(release(1))


def test_secrets_stay_secret(world, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = "postgresql://ckan_default:s3cret-word@127.0.0.1:1/datastore_default"
    for url in (wrong, "s3cret-word://nonsense", "postgresql+psycopg2://u:s3cret-word@h:x/d?a=b"):
        loader = CopyLoader(world.client, lambda url=url: url)
        with pytest.raises(PortalError) as caught:
            loader.load(world.table(world.resource(), [row("1", 2000, 1.0)]))
        told = f"{caught.value} {caught.value.__cause__} {caplog.text} {loader!r}"
        assert "s3cret-word" not in told
    assert world.portal.token not in caplog.text + repr(ApiLoader(world.client))


# --- over the API alone


@pytest.mark.parametrize("seed", range(6))
def test_lost_answers_make_no_double_rows_and_lose_none(world, seed):
    draw = random.Random(seed)
    faults = draw.choices([None, "lost request", "lost answer", 502, 504, "cut", 413],
                          [6, 1, 2, 1, 2, 1, 1], k=14)
    print(f"seed {seed}: {faults}")
    resource = world.resource()
    world.loader("api").load(world.table(resource, release(seed)))
    rows = release(seed + 100)
    table = world.table(resource, rows)
    client = CkanClient(
        world.portal.url, world.portal.token, waits=(0.01, 0.01, 0.01, 0.01),
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
    assert same(world.rows(resource)) == same(rows)
    assert world.loader("api").plan(table).empty


def test_an_interrupted_difference_is_not_taken_for_a_release(world):
    resource = world.resource()
    loader = world.loader("api")
    first, second = world.table(resource, release(1)), world.table(resource, release(2))
    loader.load(first)
    with (
        patch.object(ApiLoader, "_withdraw", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        loader.load(second)
    assert not loader.plan(first).empty and not loader.plan(second).empty
    loader.load(first)
    assert same(world.rows(resource)) == same(release(1))


def test_a_revoked_token_is_said_in_one_message(world):
    client = CkanClient(world.portal.url, "wrong-token")
    table = world.table(world.resource(), release(1))
    with pytest.raises(ActionRefused, match="token"):
        ApiLoader(client).load(table)
