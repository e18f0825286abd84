"""The README's five minutes, followed word for word."""

from __future__ import annotations

import re

import pyarrow.parquet as pq
import pytest

from tests.fixtures.answers import ANSWERS
from tests.fixtures.commands import PROJECT, openindicators
from tests.fixtures.projects import for_this_city

SECTION = (
    (PROJECT / "README.md").read_text(encoding="utf-8")
    .split("## Add a dataset in five minutes")[1].split("\n## ")[0]
)


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"```{kind}\n(.*?)```", SECTION, flags=re.S)
    return [re.sub(r"^   ", "", block, flags=re.M) for block in found]


@pytest.fixture
def follow(tmp_path):
    data_dir, project = tmp_path / "data", for_this_city(tmp_path / "project")

    def command(line: str, *more: str):
        program, *arguments = line.split()
        assert program == "openindicators"
        said = openindicators(data_dir, *arguments, *more, OPENINDICATORS_PROJECT=str(project))
        assert said.code == 0, said.out + said.err
        return said

    return data_dir, project, command


def test_the_five_minutes(follow):
    data_dir, project, command = follow
    first, confirm, second = blocks("sh")
    command(first.strip())

    (table,) = blocks("csv")
    (inbox,) = re.findall(r"`data/sample/(inbox/\S+\.csv)`", SECTION)
    assert (data_dir / inbox).exists()  # `new` wrote a small table under this very name
    (data_dir / inbox).write_text(table, encoding="utf-8")

    answers = (
        "title={vi: Phòng khách sạn, en: Hotel rooms}", *ANSWERS,
        "indicators.HOTEL_ROOMS.unit=count",
    )
    command(confirm.strip(), *(part for each in answers for part in ("--answer", each)))

    (path,) = set(re.findall(r"`(assets/\S+\.yaml)`", SECTION))
    locale, tolerance = blocks("yaml")
    text = (project / path).read_text(encoding="utf-8")
    assert "locale: plain" in text
    text = text.replace("locale: plain", locale.strip()) + tolerance
    (project / path).write_text(text, encoding="utf-8")

    said = [command(line) for line in second.strip().splitlines()]
    assert "1 valid declaration, 0 errors" in said[0].out
    release = data_dir / "releases/tourism/hotel_rooms/1"
    rows = pq.read_table(release / "data.parquet").to_pylist()
    assert [(row["ref_area"], row["time_period"], row["obs_value"]) for row in rows] == [
        ("48", "2022", 21324.0), ("48", "2023", 22105.0),
    ]
    (quarantined,) = pq.read_table(release / "quarantine.parquet").to_pylist()
    assert quarantined["_row"] == 4 and "-22.9" in quarantined["reasons"][0]
