"""What a site says of each release: change sets, addresses by version, feeds, pages to cite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import feedparser
import httpx
import jsonschema
import pytest

from model.records.release import Release, StructureChange
from model.util.hashing import sha256_file
from portal.site.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import ReleaseOnDisk, make_release, row
from tests.fixtures.site_server import served
from tests.portal.site.test_decisions import files, withdrawal
from tests.portal.site.test_site import revised

ADDRESS = "https://data.example.org/"
ROWS = [row(time_period=year, obs_value=float(year)) for year in ("2021", "2022", "2023")]


@pytest.fixture
def history(tmp_path: Path) -> list[ReleaseOnDisk]:
    """Three releases: 1.0.0, a figure revised, an indicator's code withdrawn."""
    made = [make_release(tmp_path / "1", dataset(), ROWS)]
    new = [*ROWS[:2], {**ROWS[2], "obs_value": 5.0}]
    changed = [revised(ROWS[2], 5.0)]
    made.append(make_release(tmp_path / "2", dataset(), new, number=2, changes=changed))
    gone = {**revised(ROWS[0], 0.0), "change": "withdrawn", "new_value": None, "new_status": None}
    made.append(make_release(tmp_path / "3", dataset(), new[1:], number=3, changes=[gone]))
    structure = (StructureChange(change="withdrawn", column="time_period", codes=("2021",)),)
    versions: list[dict[str, Any]] = [
        {"version": "1.0.0"}, {"version": "1.0.1"}, {"version": "2.0.0", "structure": structure},
    ]
    return [
        ReleaseOnDisk(
            Release.model_validate({**item.release.model_dump(), **version}), item.quality,
            item.folder,
        )
        for item, version in zip(made, versions, strict=True)
    ]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", registries(), base_url=ADDRESS)


def folder(site: Site) -> Path:
    return site.folder / "datasets/tourism/hotel_rooms"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_change_sets_follow_their_schema(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    schema = read(site.folder / "schemas/change-set.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    sets = [read(folder(site) / f"releases/{number}/changes.json") for number in (1, 2, 3)]
    for each in sets:
        jsonschema.validate(each, schema)
        found = folder(site) / "releases/1" / each["$schema"]
        assert found.resolve() == (site.folder / "schemas/change-set.json").resolve()
    assert [(each["version"], each["previous_version"], each["level"]) for each in sets] == [
        ("1.0.0", None, "first"), ("1.0.1", "1.0.0", "patch"), ("2.0.0", "1.0.1", "major"),
    ]
    assert sets[0]["cells"] == [] and not sets[0]["cells_complete"]
    [cell] = sets[1]["cells"]
    assert (cell["change"], cell["old_value"], cell["new_value"]) == ("revised", 2023.0, 5.0)
    assert cell["key"]["time_period"] == "2023" and set(cell["key"]) == set(dataset().key)
    assert sets[1]["cells_complete"]
    assert sets[2]["structure"] == [
        {"change": "withdrawn", "column": "time_period", "codes": ["2021"]}
    ]


def test_of_older_releases_a_new_one_writes_only_the_page_of_the_one_before(
    tmp_path: Path, history: list[ReleaseOnDisk]
) -> None:
    made = Site(tmp_path / "made", registries())
    made.apply(history[:2])
    releases = folder(made) / "releases"
    before = {path: path.stat().st_ino for path in releases.rglob("*") if path.is_file()}
    assert len(before) > 25
    made.apply(history)
    assert [path.relative_to(releases).as_posix() for path, inode in before.items()
            if path.stat().st_ino != inode] == ["2/index.html"]


def test_addresses_by_version(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    names = {path.name: read(path)["release"] for path in (folder(site) / "versions").iterdir()}
    assert names == {
        "1.0.0.json": 1, "1.0.1.json": 2, "1.0.x.json": 2, "1.x.json": 2, "2.0.0.json": 3,
        "2.0.x.json": 3, "2.x.json": 3, "latest.json": 3,
    }
    for path in (folder(site) / "versions").iterdir():
        for file in read(path)["files"]:
            assert sha256_file((path.parent / file["url"]).resolve()) == file["sha256"]
    assert read(folder(site) / "versions/1.x.json")["valid_until"] == (
        history[2].release.issued.isoformat()
    )
    package = read(folder(site) / "datapackage.json")
    assert package["version"] == "2.0.0"


def test_the_address_of_a_release_stays(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(history[:1])
    first = folder(site) / "releases/1"
    before = {path.name: sha256_file(path) for path in first.iterdir()}
    page = (first / "index.html").read_text(encoding="utf-8")
    assert "Đây là số liệu hiện hành" in page and "These are the current figures" in page
    assert 'name="robots"' not in page
    site.apply(history[:2])
    after = {path.name: sha256_file(path) for path in first.iterdir()}
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == {"index.html"}
    page = (first / "index.html").read_text(encoding="utf-8")
    for text in (
        "Đã có bản phát hành mới hơn", "A newer release has taken its place", "2.023", "2,023",
        f"{ADDRESS}datasets/tourism/hotel_rooms/releases/1/", before["hotel_rooms.csv"],
        'content="noindex"', f"--site {ADDRESS}", "@misc{tourism-hotel_rooms-1.0.0",
    ):
        assert text in page, text
    inode = (first / "index.html").stat().st_ino
    site.apply(list(history))
    assert (first / "index.html").stat().st_ino == inode, "it is not made again"
    shown = files(site.folder)
    assert not Site(site.folder, registries(), base_url=ADDRESS).apply(list(history)).changed
    assert files(site.folder) == shown


@pytest.mark.parametrize(
    "path",
    [
        "datasets/tourism/hotel_rooms/releases.{}.atom", "{}/releases.atom",
        "{}/tourism/releases.atom",
    ],
)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_feeds(site: Site, history: list[ReleaseOnDisk], path: str, language: str) -> None:
    site.apply(list(history))
    text = (site.folder / path.format(language)).read_text(encoding="utf-8")
    feed = feedparser.parse(text)
    assert not feed.bozo and feed.feed.language == language
    [own] = [link.href for link in feed.feed.links if link.rel == "self"]
    assert own == ADDRESS + path.format(language)
    assert [entry.title.rpartition(" ")[2] for entry in feed.entries] == ["2.0.0", "1.0.1", "1.0.0"]
    assert len({entry.id for entry in feed.entries}) == 3
    links = {link.rel: link.href for link in feed.entries[0].links}
    at = f"{ADDRESS}datasets/tourism/hotel_rooms/releases/3/"
    assert links == {"alternate": at, "related": f"{at}changes.json"}
    said = feed.entries[1].content[0].value
    assert said == ("Nguồn có số liệu mới: 0 số liệu mới, 1 được sửa, 0 bị rút."
                    if language == "vi" else
                    "The source has changed: 0 figures new, 1 revised, 0 withdrawn.")


def test_what_is_withdrawn_or_closed_shows_no_figure(
    site: Site, history: list[ReleaseOnDisk], tmp_path: Path
) -> None:
    site.apply(history[:2])
    assert read(folder(site) / "releases/2/changes.json")["cells"]
    site.apply([*history[:2], withdrawal(tmp_path / "gone", number=3)])
    for number in (1, 2, 3):
        found = read(folder(site) / f"releases/{number}/changes.json")
        assert found["cells"] == [] and found["all_cells"] is None
    page = (folder(site) / "releases/1/index.html").read_text(encoding="utf-8")
    assert "2,023" not in page and "has been withdrawn" in page and "hotel_rooms.csv" in page
    assert read(folder(site) / "versions/1.x.json")["files"] == []
    closed = dataset(access_rights="NON_PUBLIC")
    site.apply([
        *history[:2], make_release(tmp_path / "closed", closed, ROWS, number=3, changes=[])
    ])
    assert read(folder(site) / "releases/2/changes.json")["cells"] == []
    assert "2,023" not in (folder(site) / "releases/1/index.html").read_text(encoding="utf-8")


def test_no_text_steers_a_page(site: Site, tmp_path: Path) -> None:
    text = "<script>alert(1)</script>"
    hostile = dataset(title={"vi": text, "en": text}, description={"vi": text, "en": text})
    site.apply([
        make_release(tmp_path / "1", hostile, [row(ref_area=text)]),
        make_release(tmp_path / "2", hostile, [row(ref_area=text)], number=2, changes=[]),
    ])
    page = (folder(site) / "releases/1/index.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert feedparser.parse((site.folder / "vi/releases.atom").read_text()).entries


def test_as_of_a_day(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))  # of 21, 22 and 23 November
    name = "datasets/tourism/hotel_rooms"
    with served(site.folder) as address:
        def get(path: str) -> httpx.Response:
            return httpx.get(f"{address}/{path}", follow_redirects=True)

        for day, number in (("2026-11-21", 1), ("2026-11-22", 2), ("2026-11-30", 3)):
            page = get(f"@{day}/en/tourism/hotel_rooms.html")
            assert str(page.url) == f"{address}/{name}/releases/{number}/index.html#en"
            assert page.status_code == 200
            assert get(f"@{day}/{name}/").url.path == f"/{name}/releases/{number}/index.html"
            data = get(f"@{day}/{name}/hotel_rooms.csv")
            assert data.url.path == f"/{name}/releases/{number}/hotel_rooms.csv"
            path = folder(site) / f"releases/{number}/hotel_rooms.csv"
            assert data.content == path.read_bytes()
        for wrong in (
            "@2026-11-20/en/tourism/hotel_rooms.html", "@2026-11-21/en/tourism/none.html",
            "@2026-11-21/", "@2026-11-21/datasets/../catalogue.json",
            f"@2026-11-21/{name}/none.csv",
        ):
            missing = get(wrong)
            assert missing.status_code == 404 and "Không tìm thấy trang" in missing.text, wrong
