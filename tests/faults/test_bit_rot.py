"""A flipped bit: nothing is made from a damaged release; a damaged working table is made again."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from model.errors import StoreError
from model.util import hashing
from portal.site.site import Site
from tests.fixtures.datasets import registries
from tests.warehouse.test_releases import release
from warehouse.store import catalogue, releases, working_tables
from warehouse.store.data_dir import DataDir


def flip(path: Path, at: int) -> None:
    """Flip one bit of a file, as a failing disk does: size and times stay."""
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << at % 8
    found = path.stat()
    path.write_bytes(bytes(data))
    hashing._known.clear()  # what a new process knows
    assert path.stat().st_size == found.st_size


@pytest.mark.parametrize("name", ["data.parquet", "changes.parquet", "quality.json"])
def test_a_damaged_release_reaches_no_portal(tmp_path: Path, name: str) -> None:
    data_dir = DataDir(tmp_path / "data")
    stored, _ = release(data_dir, {"2023": "6.195"}, "1")
    flip(stored.folder / name, 41)
    site = Site(tmp_path / "site", registries())
    with pytest.raises(StoreError, match="not what its record says") as refused:
        site.apply([stored])
    assert refused.value.where == str(stored.folder / name)
    assert not list((tmp_path / "site").rglob("*.csv"))


def test_no_release_is_compared_with_a_damaged_one(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    stored, _ = release(data_dir, {"2023": "6.195"}, "1")
    flip(stored.folder / "data.parquet", 41)
    with pytest.raises(StoreError, match="not what its record says"):
        release(data_dir, {"2023": "7"}, "2")
    kept = releases.history(data_dir, stored.release.dataset)
    assert [each.release.number for each in kept] == [1]


@pytest.mark.parametrize(
    "name", ["table.parquet", "source_schema.json", "data.parquet", "quarantine.parquet",
             "quality.json", "sha256.json"],
)
def test_a_damaged_working_table_is_made_again_and_never_released(
    tmp_path: Path, name: str
) -> None:
    data_dir = DataDir(tmp_path / "data")
    values = {"2022": "5", "2023": "6.195", "2024": "no number"}
    stored, _ = release(data_dir, values, "1")
    released = {file.name: file.sha256 for file in stored.release.files}
    path = next(data_dir.tables(stored.release.dataset).rglob(name))
    for at in (0, 41, 90):
        flip(path, at)
        again, made = release(data_dir, values, "1")
        assert not made
        assert {file.name: file.sha256 for file in again.release.files} == released
        assert working_tables.is_whole(path.parent)


def test_the_views_leave_a_damaged_release_out(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    release(data_dir, {"2023": "5"}, "1")
    stored, _ = release(data_dir, {"2023": "6.195"}, "2")
    assert catalogue.refresh(data_dir)

    def shown() -> list[tuple[int, float]]:
        with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
            return con.execute(
                "SELECT release, obs_value FROM all_observations ORDER BY release"
            ).fetchall()

    assert shown() == [(1, 5), (2, 6.195)]
    data = (stored.folder / "data.parquet").read_bytes()
    for at in range(0, len(data), 97):
        flip(stored.folder / "data.parquet", at)
        catalogue.refresh(data_dir)
        assert shown() == [(1, 5)]
        flip(stored.folder / "data.parquet", at)
    assert catalogue.refresh(data_dir) and shown() == [(1, 5), (2, 6.195)]
    assert not catalogue.refresh(data_dir)
