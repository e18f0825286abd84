"""Files of many datasets hold what was released, and nothing that was damaged since."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow.parquet as pq

from model.util.hashing import sha256_file
from portal.api import bulk
from portal.site.site import Site
from portal.site_folder.state import all_datasets
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row


def published(folder: Path, name: str, *values: float) -> None:
    rows = [row(time_period=str(2000 + at), obs_value=value) for at, value in enumerate(values)]
    release = make_release(folder / "made" / name / str(len(values)), dataset(name=name), rows)
    Site(folder / "site", registries()).apply([release])


def figures(folder: Path) -> dict[str, int]:
    table = pq.read_table(folder / "site" / bulk.PARQUET.format(sector="tourism"))
    names = table["dataset"].to_pylist()
    return {name: names.count(name) for name in names}


def test_every_dataset_is_in_them(tmp_path: Path) -> None:
    published(tmp_path, "rooms", 1, 2)
    published(tmp_path, "guests", 3)
    assert figures(tmp_path) == {"tourism/rooms": 2, "tourism/guests": 1}
    with zipfile.ZipFile(tmp_path / "site" / "bulk/tourism.zip") as archive:
        for name in ("rooms", "guests"):
            path = f"tourism/{name}/{name}.csv"
            assert archive.read(path) == (tmp_path / "site/datasets" / path).read_bytes()


def test_what_is_taken_over_from_the_zip_that_stands_is_as_compressed_anew(tmp_path: Path) -> None:
    for name in ("beds", "guests", "rooms"):
        published(tmp_path, name, 1)
    path = tmp_path / "site/bulk/tourism.zip"
    with zipfile.ZipFile(path) as archive:
        before = {each.filename: each.comment for each in archive.filelist}
    published(tmp_path, "guests", 1, 2)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for each in archive.filelist:
            file = tmp_path / "site/datasets" / each.filename
            assert each.comment.decode() == sha256_file(file)
        assert {each.comment == before[each.filename] for each in archive.filelist} == {True, False}
    joined = path.read_bytes()
    path.unlink()
    bulk.write(tmp_path / "site", all_datasets(tmp_path / "site"))
    assert path.read_bytes() == joined


def test_a_damaged_file_is_not_passed_on(tmp_path: Path) -> None:
    published(tmp_path, "rooms", 1, 2)
    published(tmp_path, "guests", 3)
    everything = tmp_path / "site" / bulk.PARQUET.format(sector="tourism")
    before = everything.read_bytes()
    rooms = tmp_path / "site/datasets/tourism/rooms/rooms.parquet"
    whole = rooms.read_bytes()
    rooms.write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
    published(tmp_path, "guests", 3, 4)
    assert everything.read_bytes() == before

    rooms.write_bytes(whole)
    bulk.write(tmp_path / "site", all_datasets(tmp_path / "site"))
    assert figures(tmp_path) == {"tourism/rooms": 2, "tourism/guests": 2}
