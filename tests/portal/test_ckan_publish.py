"""Publishing to the real CKAN: what goes up, what stays, what readers see."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import httpx
import pytest

from model.errors import PortalError
from portal.ckan.client import CHECKSUMS, ActionRefused, CkanClient
from portal.metadata.identifiers import resource_id
from tests.fixtures.datasets import dataset
from tests.portal.ckan_fixtures import World, changes
from tests.portal.ckan_proxy import proxy_to
from warehouse.store import decisions
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal


@pytest.fixture
def proxy(ckan):
    with proxy_to(ckan.url) as found:
        yield found


def test_first_publication_and_nothing_to_do_afterwards(world, proxy, tmp_path):
    world.release(1)
    publisher = world.publisher(proxy.url)
    planned = publisher.plan(world.history)
    assert changes(planned) == {"+"}
    assert proxy.counts == {"package_show": 1}
    published = publisher.apply(world.history)
    assert published.changed and published.release == 1
    assert list(published.differences) == planned
    world.assert_equals_releases(tmp_path)

    proxy.reset()
    journal = publisher.journal(world.declared.id).path.read_bytes()
    again = publisher.apply(world.history)
    assert not again.changed and changes(again.differences) == {"="}
    assert proxy.counts == {"package_show": 1}
    assert publisher.journal(world.declared.id).path.read_bytes() == journal


def test_what_the_package_says(world):
    world.release(1)
    world.publisher().apply(world.history)
    package = world.shown()
    assert package["title"] == "Phòng khách sạn"
    assert package["title_translated"] == {"vi": "Phòng khách sạn", "en": "Hotel rooms"}
    assert package["organization"]["name"] == "da-nang-city"
    assert [group["name"] for group in package["groups"]] == ["tourism"]
    assert {tag["name"] for tag in package["tags"]} == {"khách sạn", "hotels"}
    assert package["temporal_coverage"] == [{"start": "2023", "end": "2024"}]
    assert package["version"] == "1" and package["private"] is False
    csv = package["resources"][0]
    assert csv["id"] == resource_id(world.declared.id, f"{world.declared.name}.csv")
    assert (csv["format"], csv["mimetype"], len(csv["hash"])) == ("CSV", "text/csv", 64)
    formats = [r["format"] for r in package["resources"][:9]]
    assert formats == ["CSV", "XLSX", "JSON", "PARQUET", "CSV", "CSV", "JSON", "HTML", "JSON"]
    sector = world.act("group_show", id="tourism")
    assert sector["title"] == "Du lịch · Tourism"
    page = httpx.get(f"{world.ckan.url}/en/dataset/{world.name}")
    assert page.status_code == 200 and "Hotel rooms" in page.text


def test_a_link_outlives_releases(world):
    world.release(1)
    publisher = world.publisher()
    publisher.apply(world.history)
    link = (
        f"{world.ckan.url}/dataset/{world.name}/resource/"
        f"{resource_id(world.declared.id, f'{world.declared.name}.csv')}/download/data.csv"
    )
    first = httpx.get(link, follow_redirects=True)
    old = [r for r in world.shown()["resources"] if r.get("releases") == "1"]
    world.release(2)
    publisher.apply(world.history)
    second = httpx.get(link, follow_redirects=True)
    assert first.status_code == second.status_code == 200
    assert ",5.0," in first.text or ",5," in first.text
    assert first.content != second.content
    there = {r["id"] for r in world.shown()["resources"]}
    assert {r["id"] for r in old} <= there  # release 1, under its own links


def test_only_the_last_releases_stay(world, tmp_path):
    publisher = world.publisher(keep=2)
    for number in range(1, 6):
        world.release(number)
        publisher.apply(world.history)
    numbers = {
        number
        for resource in world.shown()["resources"]
        for number in resource.get("releases", "").split()
    }
    assert numbers == {"3", "4", "5"}
    assert changes(publisher.plan(world.history)) == {"="}


def test_metadata_alone_uploads_nothing(world, proxy):
    world.release(1)
    publisher = world.publisher(proxy.url)
    publisher.apply(world.history)
    world.act("package_patch", id=world.id, version_notes={})
    # Only what we wrote and nobody else changed is ours to change: make it so that we wrote it.
    journal = publisher.journal(world.declared.id)
    written = journal.written()[-1]
    written[""]["version_notes"] = None
    journal.published(1, written)
    proxy.reset()
    published = publisher.apply(world.history)
    news = [line.what for line in published.differences if line.change != "="]
    assert news == ["metadata version_notes"]
    assert proxy.counts == {"package_show": 1, "package_revise": 1}
    assert "upload" not in {e["step"] for e in journal.entries()[-5:]}


def test_one_file_changed_uploads_one(world, proxy, tmp_path):
    """A file that is lost on the portal goes up again, alone."""
    world.release(1)
    publisher = world.publisher(proxy.url)
    publisher.apply(world.history)
    lost = next(r for r in world.shown()["resources"] if r["url_type"] == "upload")
    CkanClient(world.ckan.url, world.ckan.token).call("resource_delete", {"id": lost["id"]})
    proxy.reset()
    published = publisher.apply(world.history)
    news = [(line.change, line.what) for line in published.differences if line.change != "="]
    assert news == [("+", f"release 1 · {lost['file']}")]
    uploads = [e for e in publisher.journal(world.declared.id).entries()
               if e["step"] == "upload" and e["state"] == "begins"]
    assert uploads[-1]["files"] == [lost["file"]]
    world.assert_equals_releases(tmp_path)


def test_readers_see_the_old_release_or_the_new_one(world):
    publisher = world.publisher()
    world.release(1)
    publisher.apply(world.history)
    stop, seen, wrong = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            try:
                shown = world.seen_by_the_public()
                seen.append((shown["version"], tuple(sorted(shown["files"].items()))))
            except Exception as error:
                wrong.append(repr(error))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(2, 6):
            world.release(number)
            publisher.apply(world.history)
    finally:
        stop.set()
        reader.join()
    assert not wrong
    assert len(seen) > 5
    by_version = {}
    for version, files in seen:
        assert by_version.setdefault(version, files) == files, "a mixture of two releases"


def test_checksums_of_stored_files_are_told_to_editors_alone(world):
    world.release(1)
    world.publisher().apply(world.history, private=True)
    shown = {r["id"]: (r["size"], r["hash"]) for r in world.shown()["resources"]
             if r["url_type"] == "upload"}
    assert CkanClient(world.ckan.url, world.ckan.token).checksums(world.id) == shown
    world.stored(next(iter(shown))).write_bytes(b"other bytes")
    assert world.act(CHECKSUMS, id=world.id)[next(iter(shown))]["size"] == 11
    for stranger, id_ in (("", world.id), ("", "no-such-dataset"), (world.ckan.token, "none")):
        with pytest.raises(ActionRefused):
            CkanClient(world.ckan.url, stranger).call(CHECKSUMS, {"id": id_})


def test_what_others_add_is_kept(world, tmp_path):
    world.release(1)
    publisher = world.publisher()
    publisher.apply(world.history)
    shown = world.shown()
    world.act(
        "package_patch", id=world.id,
        extras=[{"key": "phone", "value": "0236"}], author="An",
        tags=[*shown["tags"], {"name": "editor"}],
        resources=[*shown["resources"], {"name": "Leaflet", "url": "https://example.org/a.pdf"}],
    )
    assert changes(publisher.plan(world.history)) == {"="}
    world.release(2)
    publisher.apply(world.history)
    shown = world.shown()
    assert shown["extras"] == [{"key": "phone", "value": "0236"}]
    assert shown["author"] == "An"
    assert {"editor", "hotels"} <= {tag["name"] for tag in shown["tags"]}
    assert shown["resources"][-1]["name"] == "Leaflet"
    assert shown["version"] == "2"


def test_an_editors_title_is_kept_and_told(world):
    world.release(1)
    publisher = world.publisher()
    publisher.apply(world.history)
    world.act("package_patch", id=world.id, title="Tên do biên tập viên đặt")
    world.release(2)
    lines = publisher.apply(world.history).differences
    kept = [line for line in lines if line.what == "metadata title"]
    assert [line.change for line in kept] == ["="] and "kept" in kept[0].detail
    shown = world.shown()
    assert shown["title"] == "Tên do biên tập viên đặt" and shown["version"] == "2"
    again = publisher.plan(world.history)
    assert changes(again) == {"="}


def test_a_conflict_is_told_and_nothing_is_written(world):
    world.release(1)
    publisher = world.publisher()
    publisher.apply(world.history)
    world.act("package_patch", id=world.id, title="Tên của người")
    world.declared = dataset(
        name=world.declared.name, title={"vi": "Tên mới", "en": "New title"}
    )
    world.release(2)
    before = world.shown()
    lines = publisher.plan(world.history)
    assert any("conflict" in line.detail for line in lines if line.what == "metadata title")
    with pytest.raises(PortalError, match="metadata title was changed on the portal") as caught:
        publisher.apply(world.history)
    assert "--overwrite" in caught.value.todo
    assert world.shown() == before
    world.publisher(overwrite=True).apply(world.history)
    assert world.shown()["title"] == "Tên mới"


def test_a_replaced_file_is_a_conflict(world):
    world.release(1)
    publisher = world.publisher()
    publisher.apply(world.history)
    csv = world.shown()["resources"][0]
    world.act("resource_patch", id=csv["id"], url="https://example.org/other.csv")
    with pytest.raises(PortalError, match="was replaced on the portal by a person"):
        publisher.apply(world.history)
    assert world.shown()["resources"][0]["url"] == "https://example.org/other.csv"


def edited_before_the_switch(world, proxy, **fields):
    """Let a person edit the dataset once its files are up; give the edits that were made."""
    edited = []

    def edit(action: str, number: int) -> None:
        if action == CHECKSUMS and not edited:
            edited.append(world.act("package_patch", id=world.id, **fields))

    proxy.reset(edit)
    return edited


def test_an_edit_in_the_middle_of_a_publication_is_kept(world, proxy, tmp_path):
    """Between our reading and our writing: what is not ours is kept, and we go on."""
    world.release(1)
    publisher = world.publisher(proxy.url)
    publisher.apply(world.history)
    world.release(2)
    edited = edited_before_the_switch(world, proxy, author="An")
    publisher.apply(world.history)
    assert edited and world.shown()["author"] == "An"
    world.assert_equals_releases(tmp_path)


def test_an_edit_of_ours_in_the_middle_is_reported(world, proxy):
    world.release(1)
    publisher = world.publisher(proxy.url)
    publisher.apply(world.history)
    world.release(2)
    edited_before_the_switch(world, proxy, title="Tên của người")
    with pytest.raises(PortalError, match="somebody else changed the dataset"):
        publisher.apply(world.history)
    shown = world.seen_by_the_public()
    assert shown["package"]["title"] == "Tên của người" and shown["version"] == "1"
    publisher.apply(world.history)
    assert world.shown()["version"] == "2" and world.shown()["title"] == "Tên của người"


def test_a_draft_is_seen_by_its_organisation_alone(world):
    world.release(1)
    publisher = world.publisher()
    publisher.apply(world.history, private=True)
    assert world.shown()["private"] is True
    answer = httpx.get(f"{world.ckan.url}/api/3/action/package_show", params={"id": world.id})
    assert answer.status_code in (403, 404)
    publisher.apply(world.history)
    assert world.seen_by_the_public()["version"] == "1"


def test_two_publishers_at_once(world, ckan, tmp_path):
    """One wins, the other says so; the portal is as the releases are."""
    world.release(1)
    world.publisher().apply(world.history)
    world.release(2)
    other = World(ckan, DataDir(tmp_path / "other"), world.declared)
    other.data_dir.prepare()
    other.release(1)
    other.release(2)
    journal = other.publisher().journal(other.declared.id)
    journal.path.parent.mkdir(parents=True)
    journal.path.write_bytes(world.publisher().journal(world.declared.id).path.read_bytes())
    told = []

    def run(one: World) -> None:
        try:
            told.append(one.publisher().apply(one.history).changed)
        except PortalError as error:
            told.append(str(error))

    threads = [threading.Thread(target=run, args=(one,)) for one in (world, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert True in told
    loser = next(item for item in told if item is not True)
    assert loser is False or "somebody else" in loser
    world.publisher().apply(world.history)
    world.assert_equals_releases(tmp_path)


def test_a_revoked_token(world):
    world.release(1)
    world.publisher().apply(world.history)
    world.release(2)
    publisher = world.publisher(token="revoked-secret")
    with pytest.raises(PortalError, match="403") as caught:
        publisher.apply(world.history)
    assert "check the token" in caught.value.todo
    assert "revoked-secret" not in str(caught.value) + repr(publisher.client)
    assert world.seen_by_the_public()["version"] == "1"


def test_a_taken_address(world):
    world.act("package_create", name=world.name, owner_org=_any_organisation(world),
              title="x", notes="x")
    world.release(1)
    try:
        with pytest.raises(PortalError, match="CKAN refused") as caught:
            world.publisher().apply(world.history)
        assert "another dataset has the address" in caught.value.todo
    finally:
        world.act("dataset_purge", id=world.name)


def _any_organisation(world: World) -> str:
    name = "test-organisation"
    if name not in world.act("organization_list"):
        world.act("organization_create", name=name, title="Test")
    return name


def test_an_upload_over_the_limit(world, proxy, monkeypatch):
    """The proxy before CKAN refuses large bodies, as nginx does; the old release is served."""
    world.release(1)
    publisher = world.publisher(proxy.url)
    publisher.apply(world.history)
    world.release(2)
    forward = proxy.forward

    def limited(method, path, headers, body):
        if "multipart" in headers.get("Content-Type", ""):
            return 413, {"Content-Type": "text/html"}, b"<h1>Too large</h1>"
        return forward(method, path, headers, body)

    monkeypatch.setattr(proxy, "forward", limited)
    with pytest.raises(PortalError, match="larger than the portal takes") as caught:
        publisher.apply(world.history)
    assert "max_resource_size" in caught.value.todo
    assert world.seen_by_the_public()["version"] == "1"


def test_a_portal_that_is_not_there(world):
    world.release(1)
    with pytest.raises(PortalError, match="gave no answer"):
        world.publisher("http://127.0.0.1:9").apply(world.history)


def test_another_site_is_no_ckan(world, ckan):
    world.release(1)
    with pytest.raises(PortalError, match="is no CKAN"):
        world.publisher(f"{ckan.url}/nowhere").apply(world.history)


def test_a_deleted_dataset_is_not_brought_back(world):
    world.release(1)
    publisher = world.publisher()
    publisher.apply(world.history)
    world.act("package_delete", id=world.id)
    with pytest.raises(PortalError, match="deleted on the portal by a person"):
        publisher.apply(world.history)


def test_a_change_takes_seconds(world):
    world.release(1)
    begun = time.monotonic()
    world.publisher().apply(world.history)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("rows", ["api", "copy"])
def test_rows_follow_the_release(world, proxy, tmp_path, rows):
    publisher = world.publisher(rows=rows)
    world.release(1)
    assert ("+", "rows", "2 rows") in _lines(publisher.plan(world.history))
    publisher.apply(world.history)
    world.assert_equals_releases(tmp_path, rows=rows)
    world.release(2)
    assert ("~", "rows", "+0 ~1 -0 =1") in _lines(publisher.plan(world.history))
    publisher.apply(world.history)
    world.assert_equals_releases(tmp_path, rows=rows)
    proxy.reset()
    assert not world.publisher(proxy.url, rows=rows).apply(world.history).changed
    assert proxy.counts == {"package_show": 1}


def _lines(differences):
    return {(line.change, line.what, line.detail) for line in differences}


def test_a_withdrawn_dataset_leaves_a_tombstone_and_nothing_else(world):
    world.release(1)
    publisher = world.publisher(rows="api")
    publisher.apply(world.history)
    before = world.shown()["resources"]
    world.act(
        "package_patch", id=world.id,
        resources=[*before, {"name": "Leaflet", "url": "https://example.org/a.pdf"}],
    )
    now = datetime(2026, 5, 1, tzinfo=UTC)
    decisions.withdraw(
        world.data_dir, world.declared.id, "Lan", "wrong source", "tourism/hotel_beds", now
    )
    assert ("-", "file CSV", "") in _lines(publisher.plan(world.history))
    withdrawn = publisher.apply(world.history)
    assert withdrawn.changed
    shown = world.shown()
    assert shown["title_translated"]["en"] == "[Withdrawn] Hotel rooms"
    assert "wrong source" in shown["notes_translated"]["en"]
    assert f"{world.ckan.url}/dataset/tourism-hotel-beds" in shown["notes"]
    assert [resource["name"] for resource in shown["resources"]] == ["Leaflet"]
    assert not any(world.stored(resource["id"]).exists() for resource in before)
    with pytest.raises(PortalError, match="404"):
        world.act("datastore_search", resource_id=before[0]["id"])
    assert not publisher.apply(world.history).changed
