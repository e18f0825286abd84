"""What the site makes of decisions: tombstones, rollbacks, approvals, and the drafts' preview."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.errors import PortalError
from model.records.release import Decision
from portal.site.site import Site, published_files
from portal.verify import verify
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import ReleaseOnDisk, make_release, row
from tests.portal.site.test_site import revised

ROWS = [row(time_period=str(year), obs_value=1000.0 + year) for year in range(2015, 2024)]
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
OTHER = {"name": "beds", "title": {"vi": "Giường", "en": "Beds"}}


def decision(kind: str, **values: object) -> Decision:
    return Decision.model_validate({"kind": kind, "by": "Lê An", "at": AT, **values})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", registries())


@pytest.fixture
def first(tmp_path: Path) -> ReleaseOnDisk:
    return make_release(tmp_path / "releases" / "1", dataset(), ROWS)


def withdrawal(
    folder: Path, reason: str = "Đếm hai lần <b>", number: int = 2
) -> ReleaseOnDisk:
    return make_release(
        folder, dataset(), [], number=number, changes=[], reason="withdrawal", checks=(),
        decision=decision("withdrawal", reason=reason, successor="tourism/beds"),
    )


def pages(site: Site, name: str = "tourism/hotel_rooms.html") -> dict[str, str]:
    return {
        language: (site.folder / language / name).read_text(encoding="utf-8")
        for language in ("vi", "en")
    }


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_a_tombstone_stays(site: Site, first: ReleaseOnDisk, tmp_path: Path) -> None:
    site.apply([first])
    folder = site.folder / "datasets/tourism/hotel_rooms"
    download = tmp_path / "download.csv"
    download.write_bytes((folder / "hotel_rooms.csv").read_bytes())
    history = [first, withdrawal(tmp_path / "releases" / "2")]
    assert site.apply(list(history)).changed
    kept = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in kept} == {".json", ".html", ".atom"}
    assert "hotel_rooms.json" not in kept and "hotel_rooms-quality.html" not in kept
    state = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    assert state["withdrawn"] and state["rows"] == 0 and state["spark"] is None
    for language, page in pages(site).items():
        assert "Đếm hai lần &lt;b&gt;" in page and "<b>" not in page
        assert f'href="../../{language}/tourism/beds.html"' in page
        assert "2026" in page and "Lê An" in page
        assert ".csv" not in page and ".xlsx" not in page and "dcat.jsonld" not in page
    assert "Rút ngày" in pages(site)["vi"] and "Withdrawn on" in pages(site)["en"]
    matches = verify(download, published_files(site.folder))["matches"]
    assert [(match["dataset"], match["release"]) for match in matches] == [
        ("tourism/hotel_rooms", 1)
    ]
    before = files(site.folder)
    assert not Site(site.folder, registries()).apply(list(history)).changed
    assert files(site.folder) == before


def test_pages_of_a_withdrawn_dataset_go_though_its_publication_is_cut_off(
    site: Site, first: ReleaseOnDisk, tmp_path: Path
) -> None:
    """A killed withdrawal left the page of revisions, with figures, in the site for good."""
    changes = [revised(ROWS[0], 1.0)]
    new = [{**ROWS[0], "obs_value": 1.0}, *ROWS[1:]]
    second = make_release(tmp_path / "releases" / "2", dataset(), new, number=2, changes=changes)
    site.apply([first, second])
    pages_before = set(site.folder.glob("*/tourism/hotel_rooms*/*.html"))
    assert pages_before

    page = site.folder / "vi/tourism/hotel_rooms.html"
    page.unlink()
    page.mkdir()  # cuts it off when the dataset's folder has been replaced
    (page / "file").touch()
    history = [first, second, withdrawal(tmp_path / "releases" / "3", number=3)]
    with pytest.raises(PortalError):
        site.apply(list(history))
    shutil.rmtree(page)
    assert site.apply(list(history)).changed
    assert not [path for path in pages_before if path.exists()]


def test_the_catalogue_lists_the_withdrawn_apart(
    site: Site, first: ReleaseOnDisk, tmp_path: Path
) -> None:
    site.apply([make_release(tmp_path / "other", dataset(**OTHER), ROWS)])
    site.apply([first, withdrawal(tmp_path / "releases" / "2")])
    for page in pages(site, "index.html").values():
        cards, _, gone = page.partition('id="withdrawn"')
        assert "tourism/beds.html" in cards and "tourism/hotel_rooms.html" not in cards
        assert "tourism/hotel_rooms.html" in gone
    assert "hotel_rooms" not in (site.folder / "catalog.jsonld").read_text(encoding="utf-8")


def test_the_history_says_who_decided(site: Site, first: ReleaseOnDisk, tmp_path: Path) -> None:
    approved = make_release(
        tmp_path / "releases" / "2", dataset(), ROWS[1:], number=2, changes=[],
        decision=decision("approved"),
    )
    back = make_release(
        tmp_path / "releases" / "3", dataset(), ROWS, number=3, changes=[], reason="rollback",
        decision=decision("rollback", reason="Nguồn nhầm <năm>", of_release=1),
    )
    site.apply([first, approved, back])
    vietnamese, english = pages(site)["vi"], pages(site)["en"]
    assert "Approved by <bdi>Lê An</bdi>" in english and "Người duyệt:" in vietnamese
    assert "Return to earlier content (release 1)" in " ".join(english.split())
    assert "Nguồn nhầm &lt;năm&gt;" in english and "Decided by" in english


def test_a_preview_says_on_every_page_that_it_is_no_publication(
    first: ReleaseOnDisk, tmp_path: Path
) -> None:
    preview = Site(tmp_path / "preview", registries(), preview=True)
    draft = make_release(tmp_path / "draft", dataset(), ROWS[1:], number=2, changes=[])
    published = preview.apply([first, draft])
    assert published.portal == "preview" and published.release == 2
    for name in ("index.html", "tourism/hotel_rooms.html"):
        for page in pages(preview, name).values():
            assert "Bản nháp, chưa công bố" in page and "Draft, not public" in page
            assert 'content="noindex"' in page
    assert "openindicators approve tourism/hotel_rooms" in pages(preview)["en"]
    public = Site(tmp_path / "site", registries())
    public.apply([first])
    assert "not public" not in pages(public)["en"] and "noindex" not in pages(public)["en"]


def test_a_preview_goes_with_its_draft(first: ReleaseOnDisk, tmp_path: Path) -> None:
    preview = Site(tmp_path / "preview", registries(), preview=True)
    assert not preview.remove("tourism/hotel_rooms") and not preview.folder.exists()
    preview.apply([make_release(tmp_path / "other", dataset(**OTHER), ROWS)])
    preview.apply([first])
    assert preview.remove("tourism/hotel_rooms")
    left = [name for name in files(preview.folder) if "hotel_rooms" in name]
    assert not left
    assert "hotel_rooms" not in pages(preview, "index.html")["vi"]
    assert "beds.html" in pages(preview, "index.html")["vi"]
    assert not preview.remove("tourism/hotel_rooms")
