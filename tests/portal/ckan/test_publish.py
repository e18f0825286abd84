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
from tests.portal.ckan.environment import CkanEnvironment, changes
from tests.portal.ckan.proxy import proxy_to
from warehouse.store import decisions
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal


@pytest.fixture
def proxy(ckan):
    with proxy_to(ckan.url) as found:
        yield found


def test_first_publication_and_nothing_to_do_afterwards(env, proxy, tmp_path):
    env.release(1)
    publisher = env.publisher(proxy.url)
    planned = publisher.plan(env.history)
    assert changes(planned) == {"+"}
    assert proxy.counts == {"package_show": 1}
    published = publisher.apply(env.history)
    assert published.changed and published.release == 1
    assert list(published.differences) == planned
    env.assert_equals_releases(tmp_path)

    proxy.reset()
    journal = publisher.journal(env.declared.id).path.read_bytes()
    again = publisher.apply(env.history)
    assert not again.changed and changes(again.differences) == {"="}
    assert proxy.counts == {"package_show": 1}
    assert publisher.journal(env.declared.id).path.read_bytes() == journal


def test_what_the_package_says(env):
    env.release(1)
    env.publisher().apply(env.history)
    package = env.shown()
    assert package["title"] == "Phòng khách sạn"
    assert package["title_translated"] == {"vi": "Phòng khách sạn", "en": "Hotel rooms"}
    assert package["organization"]["name"] == "da-nang-city"
    assert [group["name"] for group in package["groups"]] == ["tourism"]
    tags = {tag["name"] for tag in package["tags"]}
    assert tags == {"khách sạn", "hotels", "Thành phố", "The city"}  # keywords and scope
    assert package["temporal_coverage"] == [{"start": "2023", "end": "2024"}]
    assert package["version"] == "1" and package["private"] is False
    csv = package["resources"][0]
    assert csv["id"] == resource_id(env.declared.id, f"{env.declared.name}.csv")
    assert (csv["format"], csv["mimetype"], len(csv["hash"])) == ("CSV", "text/csv", 64)
    formats = [r["format"] for r in package["resources"][:9]]
    assert formats == ["CSV", "XLSX", "JSON", "PARQUET", "CSV", "CSV", "JSON", "HTML", "JSON"]
    sector = env.act("group_show", id="tourism")
    assert sector["title"] == "Du lịch · Tourism"
    page = httpx.get(f"{env.ckan.url}/en/dataset/{env.name}")
    assert page.status_code == 200 and "Hotel rooms" in page.text


def test_a_link_outlives_releases(env):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history)
    link = (
        f"{env.ckan.url}/dataset/{env.name}/resource/"
        f"{resource_id(env.declared.id, f'{env.declared.name}.csv')}/download/data.csv"
    )
    first = httpx.get(link, follow_redirects=True)
    old = [r for r in env.shown()["resources"] if r.get("releases") == "1"]
    env.release(2)
    publisher.apply(env.history)
    second = httpx.get(link, follow_redirects=True)
    assert first.status_code == second.status_code == 200
    assert ",5.0," in first.text or ",5," in first.text
    assert first.content != second.content
    there = {r["id"] for r in env.shown()["resources"]}
    assert {r["id"] for r in old} <= there  # release 1, under its own links


def test_only_the_last_releases_stay(env, tmp_path):
    publisher = env.publisher(keep=2)
    for number in range(1, 6):
        env.release(number)
        publisher.apply(env.history)
    numbers = {
        number
        for resource in env.shown()["resources"]
        for number in resource.get("releases", "").split()
    }
    assert numbers == {"3", "4", "5"}
    assert changes(publisher.plan(env.history)) == {"="}


def test_metadata_alone_uploads_nothing(env, proxy):
    env.release(1)
    publisher = env.publisher(proxy.url)
    publisher.apply(env.history)
    env.act("package_patch", id=env.id, version_notes={})
    # Only what we wrote and nobody else changed is ours to change: make it so that we wrote it.
    journal = publisher.journal(env.declared.id)
    written = journal.written()[-1]
    written[""]["version_notes"] = None
    journal.published(1, written)
    proxy.reset()
    published = publisher.apply(env.history)
    news = [line.what for line in published.differences if line.change != "="]
    assert news == ["metadata version_notes"]
    assert proxy.counts == {"package_show": 1, "package_revise": 1}
    assert "upload" not in {e["step"] for e in journal.entries()[-5:]}


def test_one_file_changed_uploads_one(env, proxy, tmp_path):
    """A file that is lost on the portal goes up again, alone."""
    env.release(1)
    publisher = env.publisher(proxy.url)
    publisher.apply(env.history)
    lost = next(r for r in env.shown()["resources"] if r["url_type"] == "upload")
    CkanClient(env.ckan.url, env.ckan.token).call("resource_delete", {"id": lost["id"]})
    proxy.reset()
    published = publisher.apply(env.history)
    news = [(line.change, line.what) for line in published.differences if line.change != "="]
    assert news == [("+", f"release 1 · {lost['file']}")]
    uploads = [e for e in publisher.journal(env.declared.id).entries()
               if e["step"] == "upload" and e["state"] == "begins"]
    assert uploads[-1]["files"] == [lost["file"]]
    env.assert_equals_releases(tmp_path)


def test_readers_see_the_old_release_or_the_new_one(env):
    """Files are of one release, and never of an earlier one than the reader has seen before.

    Where a release lands within one read, CKAN gives the new files under the description of a
    moment before: `package_show` reads the package, finds that the index is newer, and only then
    reads the resources (ckan/logic/action/get.py). The opposite must not be.
    """
    publisher = env.publisher()
    env.release(1)
    publisher.apply(env.history)
    stop, seen, wrong = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            try:
                shown = env.seen_by_the_public()
                seen.append((int(shown["version"]), shown["files"]))
            except Exception as error:
                wrong.append(repr(error))

    reader = threading.Thread(target=read)
    published = [env.seen_by_the_public()["files"]]
    reader.start()
    try:
        for number in range(2, 6):
            env.release(number)
            publisher.apply(env.history)
            published.append(env.seen_by_the_public()["files"])
    finally:
        stop.set()
        reader.join()
    assert not wrong
    assert len(seen) > 5
    assert all(files in published for _, files in seen), "a mixture of two releases"
    releases = [1 + published.index(files) for _, files in seen]
    assert releases == sorted(releases)
    versions = [version for version, _ in seen]
    assert all(new - old in (0, 1) for old, new in zip(versions, releases, strict=True))


def test_checksums_of_stored_files_are_for_editors_only(env):
    env.release(1)
    env.publisher().apply(env.history, private=True)
    shown = {r["id"]: (r["size"], r["hash"]) for r in env.shown()["resources"]
             if r["url_type"] == "upload"}
    assert CkanClient(env.ckan.url, env.ckan.token).checksums(env.id) == shown
    env.stored(next(iter(shown))).write_bytes(b"other bytes")
    assert env.act(CHECKSUMS, id=env.id)[next(iter(shown))]["size"] == 11
    for stranger, id_ in (("", env.id), ("", "no-such-dataset"), (env.ckan.token, "none")):
        with pytest.raises(ActionRefused):
            CkanClient(env.ckan.url, stranger).call(CHECKSUMS, {"id": id_})


def test_what_others_add_is_kept(env, tmp_path):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history)
    shown = env.shown()
    env.act(
        "package_patch", id=env.id,
        extras=[{"key": "phone", "value": "0236"}], author="An",
        tags=[*shown["tags"], {"name": "editor"}],
        resources=[*shown["resources"], {"name": "Leaflet", "url": "https://example.org/a.pdf"}],
    )
    assert changes(publisher.plan(env.history)) == {"="}
    env.release(2)
    publisher.apply(env.history)
    shown = env.shown()
    assert shown["extras"] == [{"key": "phone", "value": "0236"}]
    assert shown["author"] == "An"
    assert {"editor", "hotels"} <= {tag["name"] for tag in shown["tags"]}
    assert shown["resources"][-1]["name"] == "Leaflet"
    assert shown["version"] == "2"


def test_an_editors_title_is_kept_and_reported(env):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history)
    env.act("package_patch", id=env.id, title="Tên do biên tập viên đặt")
    env.release(2)
    lines = publisher.apply(env.history).differences
    kept = [line for line in lines if line.what == "metadata title"]
    assert [line.change for line in kept] == ["="] and "kept" in kept[0].detail
    shown = env.shown()
    assert shown["title"] == "Tên do biên tập viên đặt" and shown["version"] == "2"
    again = publisher.plan(env.history)
    assert changes(again) == {"="}


def test_a_conflict_is_reported_and_nothing_is_written(env):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history)
    env.act("package_patch", id=env.id, title="Tên của người")
    env.declared = dataset(
        name=env.declared.name, title={"vi": "Tên mới", "en": "New title"}
    )
    env.release(2)
    before = env.shown()
    lines = publisher.plan(env.history)
    assert any("conflict" in line.detail for line in lines if line.what == "metadata title")
    with pytest.raises(PortalError, match="metadata title was changed on the portal") as caught:
        publisher.apply(env.history)
    assert "--overwrite" in caught.value.todo
    assert env.shown() == before
    env.publisher(overwrite=True).apply(env.history)
    assert env.shown()["title"] == "Tên mới"


def test_a_replaced_file_is_a_conflict(env):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history)
    csv = env.shown()["resources"][0]
    env.act("resource_patch", id=csv["id"], url="https://example.org/other.csv")
    with pytest.raises(PortalError, match="was replaced on the portal by a person"):
        publisher.apply(env.history)
    assert env.shown()["resources"][0]["url"] == "https://example.org/other.csv"


def edited_before_the_switch(env, proxy, **fields):
    """Let a person edit the dataset once its files are up; give the edits that were made."""
    edited = []

    def edit(action: str, number: int) -> None:
        if action == CHECKSUMS and not edited:
            edited.append(env.act("package_patch", id=env.id, **fields))

    proxy.reset(edit)
    return edited


def test_an_edit_in_the_middle_of_a_publication_is_kept(env, proxy, tmp_path):
    """Between our reading and our writing: what is not ours is kept, and we go on."""
    env.release(1)
    publisher = env.publisher(proxy.url)
    publisher.apply(env.history)
    env.release(2)
    edited = edited_before_the_switch(env, proxy, author="An")
    publisher.apply(env.history)
    assert edited and env.shown()["author"] == "An"
    env.assert_equals_releases(tmp_path)


def test_an_edit_of_ours_in_the_middle_is_reported(env, proxy):
    env.release(1)
    publisher = env.publisher(proxy.url)
    publisher.apply(env.history)
    env.release(2)
    edited_before_the_switch(env, proxy, title="Tên của người")
    with pytest.raises(PortalError, match="somebody else changed the dataset"):
        publisher.apply(env.history)
    shown = env.seen_by_the_public()
    assert shown["package"]["title"] == "Tên của người" and shown["version"] == "1"
    publisher.apply(env.history)
    assert env.shown()["version"] == "2" and env.shown()["title"] == "Tên của người"


def test_a_draft_is_seen_by_its_organisation_alone(env):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history, private=True)
    assert env.shown()["private"] is True
    answer = httpx.get(f"{env.ckan.url}/api/3/action/package_show", params={"id": env.id})
    assert answer.status_code in (403, 404)
    publisher.apply(env.history)
    assert env.seen_by_the_public()["version"] == "1"


def test_two_publishers_at_once(env, ckan, tmp_path):
    """One wins, the other says so; the portal is as the releases are."""
    env.release(1)
    env.publisher().apply(env.history)
    env.release(2)
    other = CkanEnvironment(ckan, DataDir(tmp_path / "other"), env.declared)
    other.data_dir.prepare()
    other.release(1)
    other.release(2)
    journal = other.publisher().journal(other.declared.id)
    journal.path.parent.mkdir(parents=True)
    journal.path.write_bytes(env.publisher().journal(env.declared.id).path.read_bytes())
    outcomes = []

    def run(one: CkanEnvironment) -> None:
        try:
            outcomes.append(one.publisher().apply(one.history).changed)
        except PortalError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=run, args=(one,)) for one in (env, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert True in outcomes
    loser = next(item for item in outcomes if item is not True)
    assert loser is False or "somebody else" in loser
    env.publisher().apply(env.history)
    env.assert_equals_releases(tmp_path)


def test_a_revoked_token(env):
    env.release(1)
    env.publisher().apply(env.history)
    env.release(2)
    publisher = env.publisher(token="revoked-secret")
    with pytest.raises(PortalError, match="403") as caught:
        publisher.apply(env.history)
    assert "check the token" in caught.value.todo
    assert "revoked-secret" not in str(caught.value) + repr(publisher.client)
    assert env.seen_by_the_public()["version"] == "1"


def test_a_taken_address(env):
    env.act("package_create", name=env.name, owner_org=_any_organisation(env),
              title="x", notes="x")
    env.release(1)
    try:
        with pytest.raises(PortalError, match="CKAN refused") as caught:
            env.publisher().apply(env.history)
        assert "another dataset has the address" in caught.value.todo
    finally:
        env.act("dataset_purge", id=env.name)


def _any_organisation(env: CkanEnvironment) -> str:
    name = "test-organisation"
    if name not in env.act("organization_list"):
        env.act("organization_create", name=name, title="Test")
    return name


def test_an_upload_over_the_limit(env, proxy, monkeypatch):
    """The proxy before CKAN refuses large bodies, as nginx does; the old release is served."""
    env.release(1)
    publisher = env.publisher(proxy.url)
    publisher.apply(env.history)
    env.release(2)
    forward = proxy.forward

    def limited(method, path, headers, body):
        if "multipart" in headers.get("Content-Type", ""):
            return 413, {"Content-Type": "text/html"}, b"<h1>Too large</h1>"
        return forward(method, path, headers, body)

    monkeypatch.setattr(proxy, "forward", limited)
    with pytest.raises(PortalError, match="larger than the portal takes") as caught:
        publisher.apply(env.history)
    assert "max_resource_size" in caught.value.todo
    assert env.seen_by_the_public()["version"] == "1"


def test_a_portal_that_is_not_there(env):
    env.release(1)
    with pytest.raises(PortalError, match="gave no answer"):
        env.publisher("http://127.0.0.1:9").apply(env.history)


def test_another_site_is_no_ckan(env, ckan):
    env.release(1)
    with pytest.raises(PortalError, match="is no CKAN"):
        env.publisher(f"{ckan.url}/nowhere").apply(env.history)


def test_a_deleted_dataset_is_not_brought_back(env):
    env.release(1)
    publisher = env.publisher()
    publisher.apply(env.history)
    env.act("package_delete", id=env.id)
    with pytest.raises(PortalError, match="deleted on the portal by a person"):
        publisher.apply(env.history)


def test_a_change_takes_seconds(env):
    env.release(1)
    begun = time.monotonic()
    env.publisher().apply(env.history)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("rows", ["api", "copy"])
def test_rows_follow_the_release(env, proxy, tmp_path, rows):
    publisher = env.publisher(rows=rows)
    env.release(1)
    assert ("+", "rows", "2 rows") in _lines(publisher.plan(env.history))
    publisher.apply(env.history)
    env.assert_equals_releases(tmp_path, rows=rows)
    env.release(2)
    assert ("~", "rows", "+0 ~1 -0 =1") in _lines(publisher.plan(env.history))
    publisher.apply(env.history)
    env.assert_equals_releases(tmp_path, rows=rows)
    proxy.reset()
    assert not env.publisher(proxy.url, rows=rows).apply(env.history).changed
    assert proxy.counts == {"package_show": 1}


def _lines(differences):
    return {(line.change, line.what, line.detail) for line in differences}


def test_a_withdrawn_dataset_leaves_a_tombstone_and_nothing_else(env):
    env.release(1)
    publisher = env.publisher(rows="api")
    publisher.apply(env.history)
    before = env.shown()["resources"]
    env.act(
        "package_patch", id=env.id,
        resources=[*before, {"name": "Leaflet", "url": "https://example.org/a.pdf"}],
    )
    now = datetime(2026, 5, 1, tzinfo=UTC)
    decisions.withdraw(
        env.data_dir, env.declared.id, "Lan", "wrong source", "tourism/hotel_beds", now
    )
    assert ("-", "file CSV", "") in _lines(publisher.plan(env.history))
    withdrawn = publisher.apply(env.history)
    assert withdrawn.changed
    shown = env.shown()
    assert shown["title_translated"]["en"] == "[Withdrawn] Hotel rooms"
    assert "wrong source" in shown["notes_translated"]["en"]
    assert f"{env.ckan.url}/dataset/tourism-hotel-beds" in shown["notes"]
    assert [resource["name"] for resource in shown["resources"]] == ["Leaflet"]
    assert not any(env.stored(resource["id"]).exists() for resource in before)
    with pytest.raises(PortalError, match="404"):
        env.act("datastore_search", resource_id=before[0]["id"])
    assert not publisher.apply(env.history).changed
