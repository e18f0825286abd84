"""A folder that an earlier version wrote goes on with this one: nothing of it changes."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.fixtures.commands import Result, openindicators
from tests.fixtures.projects import for_this_city
from tests.upgrade.record import DATASETS, FOLDERS

KEPT = ("releases", "packs", "ledger", "snapshots")


def contents(data: Path) -> dict[str, bytes]:
    return {
        path.relative_to(data).as_posix(): path.read_bytes()
        for name in KEPT for path in (data / name).rglob("*")
        if path.is_file() and path.name != "current"
    }


@pytest.mark.parametrize("archive", sorted(FOLDERS.glob("*.tar.gz")), ids=lambda path: path.name)
def test_a_folder_of_an_earlier_version_goes_on(tmp_path: Path, archive: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path)  # ours; Python 3.11.2 has no filters
    for_this_city(tmp_path / "project")
    data = tmp_path / "data"

    def command(*arguments: str) -> Result:
        said = openindicators(
            data, *arguments, OPENINDICATORS_PROJECT=str(tmp_path / "project")
        )
        assert said.code == 0, said.out + said.err
        return said

    written = contents(data)
    numbers = {row["dataset"]: row["release"] for row in command("list", "--json").json}
    assert numbers == dict(zip(DATASETS, (3, 2), strict=True))
    command("doctor")
    table = data / "inbox" / "hotel_rooms.csv"
    table.write_text("area,year,value\n48,2023,5\n48,2024,9\n")
    command("run")
    found = contents(data)
    for name, content in written.items():
        assert found[name].startswith(content), f"{name} was changed"
        assert found[name] == content or name.startswith("ledger/"), f"{name} was changed"
    assert (data / "releases" / DATASETS[0] / "4" / "data.parquet").exists()
    command("doctor")
    again = command("run", "--json").json
    assert not any(row["changed"] for row in again)


def test_there_are_folders() -> None:
    assert list(FOLDERS.glob("*.tar.gz"))
