"""The database to attach: DuckDB reads what was released, of each release and as of each day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import httpx
import pytest

from model.util.hashing import sha256_bytes
from portal.attach import FILE, Attachable, Definition, Standing, define, write
from portal.site.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.ranges import Remote
from tests.fixtures.releases import ReleaseOnDisk, make_release, row
from tests.fixtures.site_server import served

ADDRESS = "https://data.example.org/"
OTHER = dataset(name="beds", title={"vi": "Giường 'đôi'", "en": "Beds"})


def release(folder: Path, number: int, value: float) -> ReleaseOnDisk:
    rows = [row(time_period=str(year), obs_value=value) for year in range(2000, 2020)]
    return make_release(folder / str(number), dataset(), rows, number=number, changes=[])


def two_datasets(folder: Path) -> Site:
    """Return a site of two releases, of 21 and 22 November 2026, and of another dataset."""
    made = Site(folder / "site", registries(), base_url=ADDRESS)
    with made.together():
        made.apply([release(folder, 1, 1.0), release(folder, 2, 2.0)])
        made.apply([make_release(folder / "other", OTHER, [row(obs_value=7.0)])])
    return made


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return two_datasets(tmp_path)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A reader that attaches the file under a name of its own, over the site's folder."""
    folder = two_datasets(tmp_path_factory.mktemp("city")).folder
    made = duckdb.connect()
    made.execute(f"SET VARIABLE openindicators = '{folder}/'")
    made.execute(f"ATTACH '{folder / FILE}' AS danang (READ_ONLY)")
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


def test_releases_are_listed(con) -> None:
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


def test_all_current_figures_are_in_one_relation(con) -> None:
    found = con.execute("SELECT dataset, obs_value FROM danang.everything() ORDER BY ALL")
    assert dict(found.fetchall()) == {"tourism/beds": 7, "tourism/hotel_rooms": 2}


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


def test_many_releases_give_the_same_bytes_each_time(tmp_path: Path) -> None:
    shared = define([], None).shared
    rows = ", ".join(
        f"('health/beds', {number}, '1.0.0', '2026-11-21', NULL, '{sha256_bytes(b'%d' % number)}')"
        for number in range(3_000)
    )
    definition = Definition(shared, {"health/beds": ("SELECT 1", rows)})
    made = {write(definition, tmp_path) for _ in range(8)}
    assert len(made) == 1


def attachable(dataset: str, releases: int = 1, title: str = "Số liệu") -> list[Attachable]:
    return [
        Attachable(
            dataset, title, number, f"{number}.0.0", datetime(2026, 11, number, tzinfo=UTC),
            sha256_bytes(f"{dataset} {number}".encode()),
        )
        for number in range(1, releases + 1)
    ]


def files_of(releases: list[Attachable], folder: Path) -> list[Path]:
    """Write the Parquet files of the releases, and those of the sectors."""
    names = {item.dataset: item.dataset.split("/") for item in releases}
    files = [
        folder / f"datasets/{item.dataset}/releases/{item.number}/{names[item.dataset][1]}.parquet"
        for item in releases
    ]
    files += [folder / f"bulk/{sector}.parquet" for sector, _ in names.values()]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        duckdb.sql("SELECT 'VN' AS ref_area, 1.5 AS obs_value").write_parquet(str(file))
    return files


@pytest.mark.parametrize("then", [
    [("a/b", 1), ("c/order", 2), ("c/rooms", 1)],  # a release more
    [("a/b", 1), ("c/beds", 3), ("c/order", 1), ("c/rooms", 1)],  # a dataset more
    [("a/b", 1), ("c/rooms", 1)],  # one less
    [("a/b", 1), ("c/order", 1, "Another, much longer title"), ("c/rooms", 1)],
    [("a/b", 1)], [("b/c", 1), ("c/order", 1)], [],  # of other sectors
])
def test_out_of_what_stands_it_is_as_made_from_nothing(
    tmp_path: Path, then: list[tuple[str, int, str]]
) -> None:
    everything = [item for each in then for item in attachable(*each)]
    first = [item for name in ("a/b", "c/order", "c/rooms") for item in attachable(name)]
    files_of([*everything, *first], tmp_path)
    before, after = define(first, ADDRESS), define(everything, ADDRESS)
    stands = write(before, tmp_path)
    made = write(after, tmp_path, Standing(stands, before.checksums()))
    assert made == write(after, tmp_path)
    assert write(before, tmp_path, Standing(made, after.checksums())) == stands


def test_a_view_is_not_bound_again_whose_file_is_the_same(tmp_path: Path) -> None:
    before, after = (define([*attachable("a/b"), *attachable("a/c", n)], None) for n in (1, 2))
    file, *_ = files_of([*attachable("a/b"), *attachable("a/c", 2)], tmp_path)
    stands = write(before, tmp_path)
    file.unlink()
    write(after, tmp_path, Standing(stands, before.checksums()))
    with pytest.raises(duckdb.IOException, match=r"a/b/releases/1/b\.parquet"):
        write(after, tmp_path)


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


def test_figures_come_over_the_web_in_ranges(tmp_path: Path) -> None:
    large = [
        row(time_period=str(year), obs_value=year * area / 7, ref_area=f"{area:02}")
        for area in range(1, 97) for year in range(1950, 2000)
    ]
    made = make_release(tmp_path / "1", dataset(), large, changes=[])
    site = Site(tmp_path / "site", registries())
    site.apply([made])
    copy = tmp_path / "copy.duckdb"
    Remote.received.clear()
    with served(site.folder) as address, duckdb.connect() as con:
        copy.write_bytes(httpx.get(f"{address}/{FILE}").content)
        con.register_filesystem(Remote())
        con.execute(f"SET VARIABLE openindicators = '{address}/'")
        con.execute(f"ATTACH '{copy}' AS danang (READ_ONLY)")
        found = con.execute(
            "SELECT obs_value FROM danang.tourism.hotel_rooms"
            " WHERE ref_area = '48' AND time_period = '1997'"
        ).fetchall()
        assert found == [(1997 * 48 / 7,)]
        size = (site.folder / "datasets/tourism/hotel_rooms/hotel_rooms.parquet").stat().st_size
        assert 0 < sum(Remote.received) < size, "columns that are not asked for are not sent"
        assert con.execute("SELECT count(*) FROM danang.release('tourism/hotel_rooms', 1)") \
            .fetchone() == (len(large),)
