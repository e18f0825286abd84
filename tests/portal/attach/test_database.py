"""The database to attach: DuckDB reads what was released, of each release and as of each day."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from portal.attach import FILE
from portal.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import ReleaseOnDisk, make_release, row

ADDRESS = "https://data.example.org/"
OTHER = dataset(name="beds", title={"vi": "Giường 'đôi'", "en": "Beds"})


def release(folder: Path, number: int, value: float) -> ReleaseOnDisk:
    rows = [row(time_period=str(year), obs_value=value) for year in range(2000, 2020)]
    return make_release(folder / str(number), dataset(), rows, number=number, changes=[])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two releases, of 21 and 22 November 2026, and another dataset."""
    made = Site(tmp_path / "site", registries(), base_url=ADDRESS)
    with made.together():
        made.apply([release(tmp_path, 1, 1.0), release(tmp_path, 2, 2.0)])
        made.apply([make_release(tmp_path / "other", OTHER, [row(obs_value=7.0)])])
    return made


@pytest.fixture
def con(site: Site) -> duckdb.DuckDBPyConnection:
    """A reader that attaches the file under a name of its own, over the site's folder."""
    made = duckdb.connect()
    made.execute(f"SET VARIABLE openindicators = '{site.folder}/'")
    made.execute(f"ATTACH '{site.folder / FILE}' AS danang (READ_ONLY)")
    return made


def value(con: duckdb.DuckDBPyConnection, relation: str) -> float:
    [(found,)] = con.execute(f"SELECT DISTINCT obs_value FROM danang.{relation}").fetchall()
    return found


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ("tourism.hotel_rooms", 2), ("tourism.beds", 7),
        ("release('tourism/hotel_rooms', 1)", 1), ("release('tourism/hotel_rooms', 2)", 2),
        ("tourism.hotel_rooms_as_of('2026-11-21')", 1),  # the end of the day of release 1
        ("tourism.hotel_rooms_as_of(DATE '2026-11-22')", 2),
        ("tourism.hotel_rooms_as_of('2026-11-22T02:03:03')", 1),
        ("tourism.hotel_rooms_as_of(TIMESTAMP '2026-11-22 02:03:04')", 2),
        ("tourism.hotel_rooms_as_of('2099-01-01')", 2),
    ],
)
def test_each_release_is_there(con, relation: str, expected: float) -> None:
    assert value(con, relation) == expected


def test_before_the_first_release_there_is_none(con) -> None:
    with pytest.raises(duckdb.Error, match="had no release before 2026-11-21"):
        con.execute("FROM danang.tourism.hotel_rooms_as_of('2026-11-20')")


def test_releases_are_listed(con, site: Site) -> None:
    listed = con.execute(
        "SELECT dataset, release, version, valid_from::VARCHAR, valid_until::VARCHAR"
        " FROM danang.releases ORDER BY ALL"
    ).fetchall()
    assert listed == [
        ("tourism/beds", 1, "1.0.0", "2026-11-21 02:03:04", None),
        ("tourism/hotel_rooms", 1, "1.0.0", "2026-11-21 02:03:04", "2026-11-22 02:03:04"),
        ("tourism/hotel_rooms", 2, "2.0.0", "2026-11-22 02:03:04", None),
    ]
    comments = con.execute(
        "SELECT comment FROM duckdb_views() WHERE database_name = 'danang' AND comment <> ''"
    ).fetchall()
    assert ("Giường 'đôi'",) in comments


def test_it_is_made_again_only_when_a_release_came(site: Site, tmp_path: Path) -> None:
    path = site.folder / FILE
    before = path.stat().st_mtime_ns, path.read_bytes()
    for language in ("vi", "en"):
        (site.folder / language / "index.html").unlink()
    history = [release(tmp_path / "again", 1, 1.0), release(tmp_path / "again", 2, 2.0)]
    assert site.apply(list(history)).changed
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    site.apply([*history, release(tmp_path / "again", 3, 3.0)])
    assert path.read_bytes() != before[1]
    assert len(path.read_bytes()) < 100_000


def test_closed_and_withdrawn_datasets_are_not_in_it(site: Site, tmp_path: Path) -> None:
    closed = dataset(access_rights="NON_PUBLIC")
    site.apply([
        release(tmp_path / "again", 1, 1.0),
        make_release(tmp_path / "closed", closed, [row()], number=2, changes=[]),
    ])
    with duckdb.connect() as con:
        con.execute(f"SET VARIABLE openindicators = '{site.folder}/'")
        con.execute(f"ATTACH '{site.folder / FILE}' AS danang (READ_ONLY)")
        assert con.execute("SELECT DISTINCT dataset FROM danang.releases").fetchall() == [
            ("tourism/beds",)
        ]
