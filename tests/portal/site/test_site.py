"""The site: what is published, when nothing is written, and that no text can steer a page."""

from __future__ import annotations

import json
import os
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest

from model.errors import PortalError
from model.records.scorecard import QualityReport
from model.reference.registries import Registries
from model.util.hashing import sha256_file
from portal import versions
from portal.base import Portal
from portal.distributions.registry import DISTRIBUTIONS
from portal.names import Names
from portal.quality.pages import Assessed
from portal.quality.publish import publish_quality
from portal.rendering.formatting import number, period
from portal.site.shared_pages import shared_files
from portal.site.site import Site, published_files
from portal.site_folder.release_files import replaced_folder
from portal.verify import verify
from portal.versions import Versions
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import ReleaseOnDisk, check, make_release, row

ROWS = [
    row(time_period=str(year), ref_area=area, obs_value=1234.0 + year,
        obs_status="P" if year == 2023 else "A")
    for year in range(2015, 2024)
    for area in ("48", "01")
]
QUARANTINED = {
    **row(), "_part": "rooms.csv", "_row": 17, "_column": "value", "_original": '{"phone": "09"}',
    "reasons": ["rooms_not_negative"],
}


class Page(HTMLParser):
    """The elements of a page, as a browser would see them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def revised(item: dict[str, Any], new: float) -> dict[str, Any]:
    key = {name: item[name] for name in dataset().key}
    return {
        "change": "revised", **key, "old_value": item["obs_value"], "new_value": new,
        "old_status": "P", "new_status": "A", "unit_measure": item["unit_measure"],
    }


@pytest.fixture
def history(tmp_path: Path) -> list[ReleaseOnDisk]:
    negative = check("rooms_not_negative", level="row", outcome="failed", unexpected=1)
    checks = (check(), negative)
    folder = tmp_path / "releases"
    changed = [{**item, "obs_value": 9876.5} if item is ROWS[0] else item for item in ROWS]
    return [
        make_release(folder / "1", dataset(), ROWS, quarantined=[QUARANTINED], checks=checks),
        make_release(
            folder / "2", dataset(), changed, number=2, quarantined=[QUARANTINED], checks=checks,
            changes=[revised(ROWS[0], 9876.5)],
        ),
    ]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", registries())


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def changes(site: Site, history: list[ReleaseOnDisk]) -> dict[str, str]:
    return {difference.what: difference.change for difference in site.plan(list(history))}


def test_it_is_a_portal(site: Site) -> None:
    portal: Portal = site
    assert portal.name == "site"


def test_what_is_published(site: Site, history: list[ReleaseOnDisk]) -> None:
    assert changes(site, history) == {
        "release 1": "+", "release 2": "+", "pages": "+", "catalogue": "+",
    }
    assert not site.folder.exists(), "a plan writes nothing"
    publication = site.apply(list(history))
    assert publication.changed
    assert publication.release == 2
    folder = site.folder / "datasets" / "tourism" / "hotel_rooms"
    state = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    for release, where in zip(state["releases"], (folder / "releases" / "1", folder), strict=True):
        assert len(release["files"]) == len(DISTRIBUTIONS)
        for file in release["files"]:
            assert sha256_file(where / file["name"]) == file["sha256"]
    assert (folder / "hotel_rooms.parquet").read_bytes() == (
        history[1].path("data.parquet").read_bytes()
    )
    assert (site.folder / "index.html").is_file()


def test_an_unchanged_release_writes_not_a_byte(
    site: Site, history: list[ReleaseOnDisk]
) -> None:
    site.apply(list(history))
    before = tree(site.folder)
    folders = {path: path.stat().st_mtime_ns for path in site.folder.rglob("*")}
    publication = Site(site.folder, registries()).apply(list(history))
    assert not publication.changed
    assert {difference.change for difference in publication.differences} == {"="}
    assert tree(site.folder) == before
    assert {path: path.stat().st_mtime_ns for path in site.folder.rglob("*")} == folders


def test_two_sites_of_the_same_releases_are_the_same(
    site: Site, history: list[ReleaseOnDisk], tmp_path: Path
) -> None:
    other = Site(tmp_path / "other", registries())
    site.apply(list(history))
    other.apply(history[:1])  # by another way: first one release, then two
    other.apply(list(history))
    one = {name: data for name, (_, data) in tree(site.folder).items()}
    assert {name: data for name, (_, data) in tree(other.folder).items()} == one


def test_together_the_shared_pages_are_made_once(
    site: Site, history: list[ReleaseOnDisk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [
        [make_release(tmp_path / name, dataset(name=name), ROWS)] for name in ("beds", "guests")
    ]
    alone = Site(tmp_path / "alone", registries(), processes=2)
    for each in (history, *others):
        alone.apply(list(each))
    made: list[Path] = []
    render = shared_files.render
    monkeypatch.setattr(shared_files, "render", lambda folder, *x: made.append(folder)
                        or render(folder, *x))
    with pytest.raises(KeyError), site.together():
        for each in (history, *others):
            assert site.apply(list(each)).changed
        assert made == [] and changes(site, history)["catalogue"] == "+"
        raise KeyError("whatever happens to the others")
    assert made == [site.folder]
    assert {name: data for name, (_, data) in tree(site.folder).items()} == {
        name: data for name, (_, data) in tree(alone.folder).items()
    }
    with site.together():
        assert not any(site.apply(list(each)).changed for each in (history, *others))
    assert made == [site.folder]


def test_an_older_release_stays_as_it_was_offered(
    site: Site, history: list[ReleaseOnDisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.apply(history[:1])
    folder = site.folder / "datasets" / "tourism" / "hotel_rooms"
    offered = (folder / "hotel_rooms.xlsx").read_bytes()
    newer = Versions(distributions="newer", site="newer", quality="newer")
    monkeypatch.setattr(versions, "current", lambda *_: newer)
    site = Site(site.folder, registries())
    site.apply(list(history))
    assert (folder / "releases" / "1" / "hotel_rooms.xlsx").read_bytes() == offered


def test_newer_code_publishes_again(
    site: Site, history: list[ReleaseOnDisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.apply(list(history))
    now = versions.current(registries())
    pages_only = Versions(distributions=now.distributions, site="newer", quality=now.quality)
    monkeypatch.setattr(versions, "current", lambda *_: pages_only)
    assert changes(Site(site.folder, registries()), history) == {
        "release 1": "=", "release 2": "=", "pages": "~", "catalogue": "~",
    }
    monkeypatch.setattr(versions, "current", lambda *_: Versions("newer", "newer", "newer"))
    newer = Site(site.folder, registries())
    assert changes(newer, history)["release 2"] == "~"
    assert newer.apply(list(history)).changed
    assert not newer.apply(list(history)).changed


def test_files_that_were_rewritten_are_still_genuine(
    site: Site, history: list[ReleaseOnDisk], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site.apply(history[:1])
    path = site.folder / "datasets" / "tourism" / "hotel_rooms" / "hotel_rooms.csv"
    download = tmp_path / "download.csv"
    download.write_bytes(path.read_bytes())
    monkeypatch.setattr(versions, "current", lambda *_: Versions("newer", "newer", "newer"))
    monkeypatch.setattr("portal.distributions.csv_files.write_csv", _other_csv)
    Site(site.folder, registries()).apply(history[:1])
    assert path.read_bytes() != download.read_bytes()
    found = verify(download, published_files(site.folder))
    assert [match["release"] for match in found["matches"]] == [1]


def _other_csv(path: Path, *_: Any) -> None:
    path.write_text("other\n")


@pytest.mark.parametrize(
    "name",
    [
        "datasets/tourism/hotel_rooms/hotel_rooms.csv",
        "datasets/tourism/hotel_rooms/releases/1/hotel_rooms.json",
        "datasets/tourism/hotel_rooms/dataset.json",
        "vi/tourism/hotel_rooms.html",
        "assets/style.css",
        "catalog.jsonld",
        "catalogue.json",
    ],
)
def test_what_is_missing_comes_back(
    site: Site, history: list[ReleaseOnDisk], name: str
) -> None:
    site.apply(list(history))
    before = (site.folder / name).read_bytes()
    (site.folder / name).unlink()
    assert site.apply(list(history)).changed
    assert (site.folder / name).read_bytes() == before
    assert not site.apply(list(history)).changed


def test_a_release_that_is_gone_is_taken_off(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    assert changes(site, history[:1])["release 2"] == "-"
    site.apply(history[:1])
    folder = site.folder / "datasets" / "tourism" / "hotel_rooms"
    assert [path.name for path in (folder / "releases").iterdir()] == ["1"]
    assert not site.apply(history[:1]).changed


def test_a_failed_publication_leaves_the_old_one(
    site: Site, history: list[ReleaseOnDisk]
) -> None:
    site.apply(history[:1])
    before = tree(site.folder)
    history[1].path("changes.parquet").unlink()
    with pytest.raises(PortalError, match="No such file"):
        site.apply(list(history))
    assert tree(site.folder) == before


def test_an_interrupted_exchange_is_completed(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").touch()
    target.rename(tmp_path / ".folder.old")  # killed between the two renames
    with replaced_folder(target) as staging:
        assert (target / "old").exists(), "readers have the old one again"
        (staging / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "new"]


@pytest.mark.parametrize("left", ["old", "new"])
def test_a_folder_that_a_killed_run_has_left_beside_a_datasets_goes(
    site: Site, history: list[ReleaseOnDisk], left: str
) -> None:
    """Where only a file had been restored no page differs, and nothing else led to it."""
    site.apply(history[:1])
    folder, before = site.folder / "datasets/tourism/hotel_rooms", tree(site.folder)
    shutil.copytree(folder, folder.with_name(f".hotel_rooms.{left}"))
    assert site.apply(history[:1]).changed
    assert {name: data for name, (_, data) in tree(site.folder).items()} == {
        name: data for name, (_, data) in before.items()
    }
    assert not site.apply(history[:1]).changed


def test_a_name_that_hides_a_file_of_the_site_is_refused(site: Site, tmp_path: Path) -> None:
    declared = dataset(name="dataset")
    with pytest.raises(PortalError, match="is taken"):
        site.apply([make_release(tmp_path / "r", declared, ROWS)])


def test_figures_that_are_not_public_are_not_published(site: Site, tmp_path: Path) -> None:
    rows = [row(obs_value=7654321.0, obs_note="kín")]
    declared = dataset(access_rights="NON_PUBLIC")
    release = make_release(tmp_path / "r", declared, rows, quarantined=[QUARANTINED])
    site.apply([release])
    for name, (_, data) in tree(site.folder).items():
        assert b"7654321" not in data and b"7.654.321" not in data, name
        if not name.startswith("codelists/"):
            assert not name.endswith((".csv", ".xlsx", ".parquet"))
        assert b"rooms.csv" not in data, name
    assert not site.apply([release]).changed


def test_a_dataset_that_has_ended_says_so_to_people_and_machines(
    site: Site, tmp_path: Path
) -> None:
    ended = {"vi": "Bảng của <niên giám> 2002.", "en": "A table of the <yearbook> of 2002."}
    for name, changes in (("goes_on", {}), ("closed", {"ended": ended})):
        declared = dataset(name=name, **changes)
        site.apply([make_release(tmp_path / name, declared, ROWS)])
    folder = site.folder
    texts = {
        name: (folder / f"en/tourism/{name}.html").read_text() for name in ("goes_on", "closed")
    }
    words = "No further period will come: <bdi>A table of the &lt;yearbook&gt; of 2002.</bdi>"
    assert words in texts["closed"] and "No further period" not in texts["goes_on"]
    described = {
        name: next(
            node for node in
            json.loads((folder / f"datasets/tourism/{name}/dcat.jsonld").read_text())["@graph"]
            if node["@type"] == "dcat:Dataset"
        )
        for name in texts
    }
    terms = {name: node["dct:accrualPeriodicity"]["@id"] for name, node in described.items()}
    assert terms["closed"].endswith("frequency/NEVER")
    assert terms["goes_on"].endswith("frequency/ANNUAL")
    assert described["closed"]["adms:status"]["@id"].endswith("dataset-status/DISCONT")
    assert "adms:status" not in described["goes_on"]


def test_both_languages_have_the_same_pages_and_lead_to_each_other(
    site: Site, history: list[ReleaseOnDisk]
) -> None:
    site.apply(list(history))
    pages = {path.relative_to(site.folder / "vi") for path in site.folder.glob("vi/**/*.html")}
    assert pages == {
        path.relative_to(site.folder / "en") for path in site.folder.glob("en/**/*.html")
    }
    for language, other in (("vi", "en"), ("en", "vi")):
        for name in pages - {Path("embed.html")}:  # stands in others' pages
            path = site.folder / language / name
            page = Page(path)
            assert page.all("html")[0]["lang"] == language
            [switch] = [a for a in page.all("a") if a.get("id") == "language"]
            assert (path.parent / switch["href"]).resolve() == site.folder / other / name


def test_every_link_resolves(site: Site, history: list[ReleaseOnDisk], tmp_path: Path) -> None:
    other = dataset(name="other_rooms", title={"vi": "Khác", "en": "Other"})
    site.apply(list(history))
    site.apply([make_release(tmp_path / "other", other, ROWS)])
    quality = [
        Assessed(
            QualityReport(
                dataset=each.id, sector=each.sector, title=each.title, release=1, scorecard=None,
                mqa=None, latest=None, trend=(), checks=(), acceptances=(),
            ),
            Names(each, registries()), None,
        )
        for each in (dataset(), other)
    ]
    publish_quality(site.folder, quality, [], None, registries(), date(2026, 1, 1))
    for language in ("vi", "en"):
        (site.folder / language / "failures.atom").touch()  # a run writes it
    pages = list(site.folder.rglob("*.html"))
    # 50 pages, a page and a report of each of 3 releases, and the report of the 2 current ones
    assert len(pages) == 60
    for path in pages:
        page = Page(path)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), "an id is unique"
        targets = [
            attributes.get(name, "") for _, attributes in page.elements for name in ("href", "src")
        ]
        for address in filter(None, targets):
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "mailto", "data"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if parts.path.startswith("/"):  # of 404.html, which is shown at any address
                target = site.folder / unquote(parts.path).lstrip("/")
            assert target.is_file(), f"{path.name}: {address}"
            if parts.fragment:
                found = Page(target).elements
                assert any(a.get("id") == parts.fragment for _, a in found), address


def test_nothing_comes_from_the_network_or_runs_inline(
    site: Site, history: list[ReleaseOnDisk]
) -> None:
    site.apply(list(history))
    for path in site.folder.rglob("*.html"):
        for tag, attributes in Page(path).elements:
            assert not any(name.startswith("on") for name in attributes)
            assert "style" not in attributes
            if tag in ("script", "img", "link") and attributes.get("type") not in DATA:
                address = attributes.get("src") or attributes.get("href") or ""
                assert address and urlsplit(address).scheme in ("", "data")
    css = (site.folder / "assets" / "style.css").read_text()
    mark = (shared_files.ASSETS / "mark.svg").read_text(encoding="utf-8").strip()
    mark = mark.replace('"', "'")
    assert "url(" not in unquote(css).replace(f'url("data:image/svg+xml,{mark}")', "")
    assert "@import" not in css


def test_a_page_that_has_its_style_inside_may_have_no_other(
    site: Site, history: list[ReleaseOnDisk]
) -> None:
    site.apply(list(history))
    styled = {}
    for path in site.folder.glob("en/**/*.html"):
        head, *style = re.split("</?style>", path.read_text(encoding="utf-8"))
        if style:
            digest = b64encode(sha256(style[0].encode()).digest()).decode()
            styled[path.name] = f"style-src 'self' 'sha256-{digest}' " in unescape(head)
    assert styled == {"index.html": True, "explorer.html": True}


def test_the_page_answers_what_people_ask(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    vi = (site.folder / "vi/tourism/hotel_rooms.html").read_text(encoding="utf-8")
    en = (site.folder / "en/tourism/hotel_rooms.html").read_text(encoding="utf-8")
    csv = site.folder / "datasets/tourism/hotel_rooms/hotel_rooms.csv"
    for text in ("Phòng khách sạn", "Số phòng", "Hà Nội", "3.249", "Sơ bộ", "21/11/2026"):
        assert text in vi, text
    for text in ("Hotel rooms", "Ha Noi", "3,249", "Provisional", "21 November 2026"):
        assert text in en, text
    for page in (vi, en):
        assert sha256_file(csv) in page
        assert "rooms.csv</code>, " in page, "the position of a quarantined row"
        assert "phone" not in page, "the row itself may hold personal data"
        assert 'class="hollow"' in page
    assert "<del>3.249</del> → <ins>9.876</ins>" in vi  # 9876.5 to the even, as CLDR rounds
    assert "Có ít nhất một dòng" in vi


DATA = ("application/json", "application/ld+json")  # blocks that no browser runs
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{ 7*7 }}&amp;"


def made_hostile(value: Any) -> Any:
    """Put HOSTILE in the place of every text in two languages, however deep it is."""
    if isinstance(value, dict):
        if value.keys() == {"vi", "en"}:
            return dict.fromkeys(value, HOSTILE)
        return {name: made_hostile(each) for name, each in value.items()}
    return [made_hostile(each) for each in value] if isinstance(value, list | tuple) else value


def test_hostile_metadata_stays_text(tmp_path: Path) -> None:
    """Of datasets and of registries: places, units, publishers, targets."""
    site = Site(
        tmp_path / "site", Registries.model_validate(made_hostile(registries().model_dump()))
    )
    text = {"vi": HOSTILE, "en": HOSTILE + "w" * 400}
    indicator = {"name": text, "definition": text, "unit": "count", "decimals": 0}
    declared = dataset(
        title=text, description=text, keywords={"vi": [HOSTILE], "en": [HOSTILE]},
        indicators={"ROOMS": indicator}, notes=text, method=text,
        geography={"codelist": "vn_province_2008", "coverage": text},
    )
    override = "\u202egnp.exe\u2066" + HOSTILE
    rows = [*ROWS, row(ref_area=override, obs_note=override)]
    quarantined = {
        **QUARANTINED, "_part": override, "_column": override, "reasons": [override], "_row": None,
    }
    failing = check(title=text, outcome="failed", error=override)
    release = make_release(
        tmp_path / "r", declared, rows, quarantined=[quarantined], checks=(failing,)
    )
    share = {**indicator, "unit": "percent_grdp"}
    measuring = dataset(  # a target
        sector="industry", name="ict_industry", title=text,
        indicators={"digital_economy_share": share},
    )
    shares = [row(indicator="digital_economy_share", time_period=str(year), obs_value=year / 100,
                  unit_measure="percent_grdp", obs_note=override) for year in range(2018, 2025)]
    site.apply([release])
    site.apply([make_release(tmp_path / "s", measuring, shares)])
    pages = {path.relative_to(site.folder).as_posix(): path
             for path in site.folder.rglob("*.html")}
    assert {
        "vi/targets/plan_142_digital_economy_2030.html", "en/targets/indicators.html",
        "en/places/vn/01.html", "vi/indicators/ROOMS.html", "vi/explorer.html", "en/figure.html",
        "vi/sql.html", "en/reconciliation.html", "vi/city.html",
        "datasets/tourism/hotel_rooms/releases/1/index.html",
    } <= pages.keys()
    for path in pages.values():
        page = Page(path)
        raw = path.read_text(encoding="utf-8")
        for script in page.all("script"):
            assert script.get("src") or script["type"] in DATA
        assert not page.all("img")
        assert not any("onerror" in attributes for _, attributes in page.elements)
        assert "\u202e" not in raw and "\u2066" not in raw
    page_text = (site.folder / "vi/tourism/hotel_rooms.html").read_text(encoding="utf-8")
    start = page_text.index('<script type="application/ld+json">') + 35
    data = json.loads(page_text[start : page_text.index("</script>", start)])
    assert data["name"] == HOSTILE
    assert "{{ 7*7 }}" in page_text, "no template runs inside a text"


def test_dcat_describes_every_distribution(site: Site, history: list[ReleaseOnDisk]) -> None:
    site.apply(list(history))
    document = json.loads((site.folder / "catalog.jsonld").read_text(encoding="utf-8"))
    nodes = {node["@id"]: node for node in document["@graph"]}
    [catalogue] = [n for n in nodes.values() if n["@type"] == "dcat:Catalog"]
    [found] = [nodes[ref["@id"]] for ref in catalogue["dcat:dataset"]]
    for name in (
        "dct:title", "dct:description", "dcat:keyword", "dcat:theme", "dct:publisher",
        "dcat:contactPoint", "dct:spatial", "dct:temporal", "dct:accrualPeriodicity",
        "dct:accessRights", "dct:issued", "dct:modified",
    ):
        assert found[name], name
    assert nodes[found["dct:publisher"]["@id"]]["@type"] == "foaf:Agent"
    for reference in found["dcat:distribution"]:
        item = nodes[reference["@id"]]
        path = site.folder / item["dcat:downloadURL"]["@id"]
        assert item["spdx:checksum"]["spdx:checksumValue"]["@value"] == sha256_file(path)
        assert item["dcat:byteSize"]["@value"] == str(path.stat().st_size)


def test_with_a_base_url_every_address_in_dcat_is_absolute(
    tmp_path: Path, history: list[ReleaseOnDisk]
) -> None:
    base = "https://data.example.org/city/"
    relative = Site(tmp_path / "site", registries())
    relative.apply(list(history))
    site = Site(tmp_path / "site", registries(), base_url=base)
    assert site.apply(list(history)).changed, "the address is part of the site's version"
    for name in ("catalog.jsonld", "datasets/tourism/hotel_rooms/dcat.jsonld"):
        document = json.loads((site.folder / name).read_text(encoding="utf-8"))
        assert document["@context"]["@base"] == base
        ids = [item["@id"] for item in _nodes_of(document["@graph"]) if "@id" in item]
        assert ids and all(urlsplit(address).scheme for address in ids), ids
        assert any(address.startswith(f"{base}datasets/tourism/") for address in ids)
    page = (site.folder / "404.html").read_text(encoding="utf-8")
    assert 'href="/city/assets/style.css"' in page and 'href="/city/en/index.html"' in page


def _nodes_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _nodes_of(item)


def test_the_site_holds_nothing_but_what_is_published(
    site: Site, history: list[ReleaseOnDisk]
) -> None:
    site.apply(list(history))
    publish_quality(site.folder, [], [], None, registries(), date(2026, 1, 1))
    assert [path for path in site.folder.rglob("*") if path.name.startswith(".")] == []


def test_a_full_disk_is_explained(
    site: Site, history: list[ReleaseOnDisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("portal.site_folder.release_files.write_all", full)
    with pytest.raises(PortalError, match="the disk is full"):
        site.apply(list(history))


@pytest.mark.parametrize(
    ("value", "decimals", "vi", "en"),
    [
        (1234.5, 1, "1.234,5", "1,234.5"),
        (-5.0, 0, "-5", "-5"),
        (0.0001234, 2, "0,000123", "0.000123"),
        (0.0, 2, "0,00", "0.00"),
        (1e15, 0, "1.000.000.000.000.000", "1,000,000,000,000,000"),
    ],
)
def test_numbers_in_both_languages(value: float, decimals: int, vi: str, en: str) -> None:
    assert number(value, "vi", decimals) == vi
    assert number(value, "en", decimals) == en


@pytest.mark.parametrize(
    ("iso", "vi", "en"),
    [
        ("2023", "2023", "2023"),
        ("2023-S2", "nửa cuối năm 2023", "H2 2023"),
        ("2023-Q4", "quý 4/2023", "Q4 2023"),
        ("2023-01", "01/2023", "Jan 2023"),
        ("2023-01-01/P6M", "6 tháng đầu năm 2023", "first 6 months of 2023"),
        ("<b>", "<b>", "<b>"),
    ],
)
def test_periods_in_both_languages(iso: str, vi: str, en: str) -> None:
    assert period(iso, "vi") == vi
    assert period(iso, "en") == en


def test_crawlers_are_told_every_page(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries(), base_url="https://data.example/")
    site.apply([make_release(tmp_path / "release", dataset(), [row()])])
    sitemap = ElementTree.parse(site.folder / "sitemap.xml")
    listed = {str(element.text) for element in sitemap.iterfind(".//{*}loc")}
    pages = {
        f"https://data.example/{path.relative_to(site.folder)}"
        for path in site.folder.glob("??/**/*.html") if path.stem not in ("embed", "figure")
    }
    assert listed == pages
    assert "Sitemap: https://data.example/sitemap.xml" in (site.folder / "robots.txt").read_text()
    page = (site.folder / "en/tourism/hotel_rooms.html").read_text()
    assert '<link rel="canonical" href="https://data.example/en/tourism/hotel_rooms.html">' in page
    for language in ("vi", "en"):
        address = f"https://data.example/{language}/tourism/hotel_rooms.html"
        assert f'<link rel="alternate" hreflang="{language}" href="{address}">' in page
