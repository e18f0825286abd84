"""`openindicators diff` compares releases by number, day and moment, and with a file."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.faults.test_bad_input import ROOMS, Bench

HEADER = "area,year,value\n"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A project whose dataset has three releases of one day, the second one ×1000."""
    made = Bench(tmp_path_factory.mktemp("diff"))
    made.make(ROOMS)
    for factor in (1, 1000):
        rows = "".join(f"48,{2010 + i},{(40 + i) * factor}\n" for i in range(8))
        made.table().write_text(HEADER + rows)
        assert made.run("run").code in (0, 5)
    return made


def test_a_file_against_the_current_release(bench, tmp_path):
    file = tmp_path / "new.csv"
    number = bench.number()
    file.write_text(HEADER + "".join(f"48,{2010 + i},{(40 + i) / 10:.1f}\n" for i in range(1, 9)))
    found = bench.run("diff", ROOMS, str(file), "--json")
    assert found.code == 0, found.out + found.err
    document = json.loads(found.out)
    assert document["old"].startswith(f"release {number} ") and document["new"] == str(file)
    assert document["total"]["revised"] == 7 and document["total"]["withdrawn"] == 1
    assert document["total"]["added"] == 1 and document["total"]["at_factor"] == 7
    assert {item["column"] for item in document["by"]} == {"indicator", "ref_area", "time_period"}
    assert bench.number() == number


def test_releases_as_a_table_and_as_csv(bench):
    number = bench.number()
    shown = bench.run("diff", ROOMS, "1", str(number), "--limit", "1")
    assert shown.code == 0 and "release 1 (" in shown.out and "more: --limit 0" in shown.out
    listed = bench.run("diff", ROOMS, "1", str(number), "--csv", "--limit", "0")
    rows = list(csv.DictReader(io.StringIO(listed.out)))
    assert {row["change"] for row in rows} <= {"added", "revised", "withdrawn"} and rows
    same = bench.run("diff", ROOMS, str(number), str(number))
    assert "No difference" in same.out


@pytest.mark.parametrize(
    ("word", "said"),
    [("99", "there is no release 99"), ("2001-01-01", "there was no release on 2001-01-01"),
     ("nothing.csv", "is no release, no day, and no file")],
)
def test_what_cannot_be_compared_is_said(bench, word, said):
    found = bench.run("diff", ROOMS, word)
    assert found.code != 0 and said in found.err and "Traceback" not in found.err
