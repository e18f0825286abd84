"""The tutorial of the declarations guide, followed word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.docs.documents import DOCS
from tests.fixtures.commands import Result, openindicators
from tests.fixtures.projects import for_this_city

TEXT = (DOCS / "declarations" / "tutorial.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, flags=re.S)


def table(data_dir: Path, text: str) -> None:
    (inbox,) = set(re.findall(r"`data/sample/(inbox/\S+\.csv)`", TEXT))
    (data_dir / inbox).parent.mkdir(parents=True, exist_ok=True)
    (data_dir / inbox).write_text(text, encoding="utf-8")


def rows(data_dir: Path, release: int) -> dict[str, tuple[float, str]]:
    path = data_dir / f"releases/tourism/rooms/{release}/data.parquet"
    return {
        row["time_period"]: (row["obs_value"], row["obs_status"])
        for row in pq.read_table(path).to_pylist()
    }


@pytest.fixture
def run(tmp_path: Path):
    def command(*arguments: str) -> Result:
        project = str(tmp_path / "project")
        return openindicators(tmp_path / "data", *arguments, OPENINDICATORS_PROJECT=project)

    return command


def test_a_spreadsheet_becomes_a_dataset(run, tmp_path: Path) -> None:
    data_dir, project = tmp_path / "data", for_this_city(tmp_path / "project")
    declaration, suite, correction = blocks("yaml")
    for path, text in (("assets", declaration), ("expectations", suite)):
        (project / path / "tourism").mkdir(parents=True)
        (project / path / "tourism" / "rooms.yaml").write_text(text, encoding="utf-8")
    (first,) = blocks("csv")
    table(data_dir, first)

    for line in blocks("sh")[0].splitlines():
        program, *arguments = line.split()
        assert program == "openindicators"
        if arguments != ["serve"]:
            done = run(*arguments)
            assert done.code == 0, done.out + done.err
    assert rows(data_dir, 1) == {
        "2021": (19850.0, "A"), "2022": (21324.0, "A"), "2023": (22105.0, "P"),
    }

    second = first.replace("22.105 (p)", "22.310") + 'Đà Nẵng,2024,"23.000"\n'
    table(data_dir, second)
    assert run("run", "tourism/rooms").code == 0
    assert rows(data_dir, 2)["2023"] == (22310.0, "A")
    release = (data_dir / "releases/tourism/rooms/2/release.json").read_text(encoding="utf-8")
    assert re.search(r'"added": 1,\s+"revised": 1', release)

    table(data_dir, second.replace("21.324", "-21.324"))
    assert run("run", "tourism/rooms").code == 5
    listed = run("quarantine", "tourism/rooms")
    assert "2022" in listed.out and "-21324" in listed.out.replace(",", "").replace(" ", "")

    (project / "assets/tourism/rooms.yaml").write_text(declaration + correction, encoding="utf-8")
    done = run("run", "tourism/rooms")
    assert done.code == 0, done.out + done.err
    assert rows(data_dir, 3)["2022"] == (21324.0, "A")
