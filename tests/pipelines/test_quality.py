"""Quality as a data steward meets it: quarantine, acceptance, a blocked release, history."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import duckdb
import pytest

from model.errors import OpenIndicatorsError
from pipelines.cli.main import app
from pipelines.own_records import SCORES
from tests.faults.flips import flip
from tests.fixtures.answers import confirming
from tests.fixtures.commands import PROJECT, records
from tests.fixtures.listeners import mail_server, webhook
from tests.fixtures.projects import for_this_city

ROOMS = "tourism/hotel_rooms"
QUALITY = "digital_government/data_quality"
GOOD = "area,year,value\n" + "".join(f"48,{year},{year - 1900}\n" for year in range(2000, 2025))


@dataclass(frozen=True)
class Said:
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Steward:
    """A project of two datasets, one of its own and that of the record, and the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir, self.project, self.capsys = folder / "data", folder / "project", capsys
        for_this_city(self.project)
        self("new", ROOMS)
        self(*confirming(ROOMS))
        target = self.project / f"assets/{QUALITY}.yaml"
        target.parent.mkdir(parents=True)
        target.write_bytes((PROJECT / f"assets/{QUALITY}.yaml").read_bytes())
        path = self.project / f"assets/{ROOMS}.yaml"
        path.write_text(path.read_text() + "tolerance: 0.1\n")

    def __call__(self, *arguments: str, code: int = 0) -> Said:
        """Run a command in this process: Dagster and Great Expectations take seconds to import."""
        self.capsys.readouterr()
        message = ""
        try:
            found = app(list(arguments), standalone_mode=False)
        except OpenIndicatorsError as error:
            found, message = error.exit_code, str(error)
        shown = self.capsys.readouterr()
        assert found == code, shown.out + shown.err + message
        return Said(shown.out, shown.err + message)

    def source(self, text: str) -> None:
        (self.data_dir / "inbox" / "hotel_rooms.csv").write_text(text)

    def release(self, number: int) -> dict[str, Any]:
        return json.loads((self.data_dir / f"releases/{ROOMS}/{number}/release.json").read_text())


@pytest.fixture
def command(tmp_path, capsys, monkeypatch) -> Steward:
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(tmp_path / "project"))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "300")
    return Steward(tmp_path, capsys)


def test_a_row_that_is_right_after_all_is_accepted_and_released_alone(command):
    command.source(GOOD + "48,1998,-5\n48,1999,-6\n")
    command("run")
    quarantined = command("quarantine", ROOMS, "--json").json
    assert [row["values"]["time_period"] for row in quarantined] == ["1998", "1999"]
    assert quarantined[0]["position"] == {"part": "hotel-rooms.csv", "row": 27, "column": "value"}
    assert quarantined[0]["reasons"][0].startswith("obs_value_within_bounds")
    assert "1998" in command("quarantine", "hotel_rooms").out

    # The same again: not a byte is rewritten, not even the record of quality.
    before = records(command.data_dir)
    assert "Nothing has changed" in command("run").out
    assert records(command.data_dir) == before

    # Judged anew, it took another time: that is no news either.
    quality = json.loads((command.data_dir / f"releases/{ROOMS}/1/quality.json").read_text())
    took = {check["name"]: check["duration_ms"] for check in quality["checks"]}
    assert quality["duration_ms"] > took["obs_value_within_bounds"] > 0
    shutil.rmtree(command.data_dir / "tables")
    command("run")
    after = records(command.data_dir)
    assert after.keys() == before.keys()
    assert [k for k in before if after[k] != before[k] and not k.startswith("tables/")] == []

    said = command("quarantine", ROOMS, "--accept", quarantined[0]["row"], code=1)
    assert "needs a reason" in said.err
    said = command("quarantine", ROOMS, "--accept", "0000", "--reason", "x", code=1)
    assert "not a quarantined row" in said.err
    command(
        "quarantine", ROOMS, "--accept", quarantined[0]["row"], "--reason", "Đúng", "--by", "An"
    )
    command("run")
    made = command.release(2)
    assert made["reason"] == "rows accepted" and made["changes"]["added"] == 1
    left = command("quarantine", ROOMS, "--json").json
    assert [row["row"] for row in left] == [quarantined[1]["row"]]

    report = command("quality", ROOMS, "--json", "--as-of", "2027-06-01").json
    [accepted] = report["acceptances"]
    assert (accepted["by"], accepted["reason"]) == ("An", "Đúng")
    assert accepted["row"]["obs_value"] == -5
    card = report["scorecard"]
    assert card["freshness"]["state"] == "late" and card["as_of"] == "2027-06-01"
    assert {score["dimension"] for score in card["scores"]} == {
        "completeness", "validity", "uniqueness", "consistency", "timeliness", "metadata"
    }
    assert any(gain["check"] == "obs_value_within_bounds" for gain in card["gains"])
    again = {item["name"]: item for item in report["rerun"]}["obs_value_within_bounds"]
    assert again["unexpected"] == 2
    assert [row["_row"] for row in again["rows"]] == [27, 28]
    assert report["mqa"]["points"] == 315 and report["mqa"]["missing"] == ["known_license"]
    said = command("quality", ROOMS, "--check", "key_unique")
    assert "key_unique, run again: passed" in said.out and "not_empty" in said.out
    said = command("quality", ROOMS, "--check", "key_uniq", code=1)
    assert "did you mean 'key_unique'" in said.err
    assert "--as-of" in command("quality", "--as-of", "soon", code=1).err


def test_a_release_that_is_stopped_is_told_everywhere_and_stays_in_the_history(command, tmp_path):
    command.source(GOOD)
    command("run")
    command.source("area,year,value\n48,2024,-1\n48,2023,5\n")
    command("run", ROOMS, code=5)

    junit, metrics = tmp_path / "junit.xml", tmp_path / "metrics.txt"
    said = command(
        "quality", "--json", "--junit", str(junit), "--prometheus", str(metrics), code=5
    )
    found = {item["dataset"]: item for item in said.json["datasets"]}
    assert found[ROOMS]["latest"]["blockers"] and found[ROOMS]["release"] == 1
    assert said.json["city"]["blocked"] == 1
    cases = list(ET.parse(junit).getroot().iter("testcase"))
    failed = {case.get("name") for case in cases if case.find("failure") is not None}
    assert {"release", "obs_value_within_bounds"} <= failed
    assert f'release_stopped{{dataset="{ROOMS}",sector="tourism"}} 1' in metrics.read_text()
    for language in ("vi", "en"):
        feed = ET.parse(command.data_dir / f"site/{language}/failures.atom").getroot()
        kinds = {item.get("term") for item in feed.iter("{http://www.w3.org/2005/Atom}category")}
        assert kinds == {"failed", "blocked"}
    assert "release_stopped" in (command.data_dir / "site/metrics.txt").read_text()

    # It is mended; the history has it all, and is itself a dataset.
    command.source(GOOD)
    command("run")
    with duckdb.connect(str(command.data_dir / "warehouse.duckdb"), read_only=True) as con:
        history = con.execute(
            "SELECT blockers IS NOT NULL FROM quality_history WHERE dataset = ?"
            " ORDER BY validation_run",
            [ROOMS],
        ).fetchall()
        assert [blockers for (blockers,) in history] == [False, True, False]
        assert con.sql("SELECT DISTINCT algorithm FROM scores").fetchall() == [("1",)]
    record = (command.data_dir / SCORES).read_text()
    assert f"{ROOMS},1," in record and QUALITY not in record
    listed = {row["dataset"]: row for row in command("list", "--json").json}
    assert listed[QUALITY]["rows"] > 0


def test_a_damaged_record_is_written_again_before_it_is_read(command):
    """No other file has its checksum, so `doctor` does not see it."""
    command.source(GOOD)
    command("run")
    before = (command.data_dir / SCORES).read_bytes()
    flip(command.data_dir / SCORES, 8 * len(before) // 2)
    assert (command.data_dir / SCORES).read_bytes() != before
    command("run")
    assert (command.data_dir / SCORES).read_bytes() == before
    releases = command.data_dir / "releases" / QUALITY
    assert [path.name for path in releases.iterdir()] == ["1"]


def test_people_are_told_once_what_fails_with_its_rows_and_once_that_it_is_mended(
    command, monkeypatch
):
    command.source(GOOD)
    command("run")
    command.source("area,year,value\n48,2024,-1\n48,2023,-2\n48,2022,x\n")
    with webhook(status=500) as (address, refused):
        monkeypatch.setenv("OPENINDICATORS_WEBHOOK", address)
        command("run", ROOMS, code=5)  # as if there were no webhook
        assert len(refused) == 1
    with webhook() as (address, told), mail_server() as (server, letters):
        monkeypatch.setenv("OPENINDICATORS_WEBHOOK", address)
        monkeypatch.setenv("OPENINDICATORS_SMTP", server)
        monkeypatch.setenv("OPENINDICATORS_ALERT_FROM", "data@danang.gov.vn")
        monkeypatch.setenv("OPENINDICATORS_ALERT_TO", "an@danang.gov.vn")
        said = [command("run", ROOMS, code=5) for _ in range(2)]
        assert [message["kind"] for message in told] == ["failed"] and len(letters) == 1
        [failed] = told
        assert failed["datasets"] == [ROOMS]
        [rows] = [found for name, found in failed["rows"].items() if "within_bounds" in name]
        assert sorted((row["time_period"], row["obs_value"]) for row in rows) == [
            ("2023", -2), ("2024", -1),
        ]
        letter = letters[0].get_content()
        assert "2 of 2" in letter and "time_period=2024" in letter
        command.source(GOOD)
        command("run")
        command("run")
        assert [message["kind"] for message in told] == ["failed", "recovered"]
        assert letters[1]["Subject"].startswith("✓ recovered") and len(letters) == 2
    assert "secret" not in "".join(each.out + each.err for each in said)


def test_a_source_of_another_shape_is_in_the_record_and_hides_nothing(command):
    command.source(GOOD + "48,1999,-6\n")
    command("run")
    command.source(GOOD.replace("value", "rooms"))
    for _ in range(2):  # the same cause is told once
        said = command("run", ROOMS, code=4)
    log = command.data_dir / f"validation_log/{ROOMS}/log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    kinds = [[blocker["kind"] for blocker in line["blockers"] or ()] for line in lines]
    assert kinds == [[], ["source_schema"]]
    assert said.err.count("column `value` is gone") == 1  # told once, at the end
    assert "news" not in said.out
    [row] = command("run", ROOMS, "--json", code=4).json
    assert (row["new"], row["failed"], row["release"], row["changed"]) == (0, 1, 1, False)

    # What was known stays in sight, and the error stands where the checks would run again.
    said = command("quality", ROOMS, code=5)
    assert "column `value` is gone" in said.out and "obs_value_within_bounds" in said.out
    assert "grade" in said.out and "stays public: 1" in said.out
    said = command("quality", ROOMS, "--check", "key_unique", code=5)
    assert "No check can be run again" in said.out
    report = command("quality", ROOMS, "--json", code=5).json
    assert "column `value` is gone" in report["rerun_error"] and report["rerun"] == []
    assert len(report["trend"]) == 1  # where there was no table there is no score
    said = command("quarantine", ROOMS, code=4)
    assert "1999" in said.out and "column `value` is gone" in said.err
    page = (command.data_dir / f"site/vi/quality/{ROOMS}.html").read_text()
    assert "Cấu trúc của nguồn khác" in page and "another schema" not in page
    assert f'release_stopped{{dataset="{ROOMS}",sector="tourism"}} 1' in (
        command.data_dir / "site/metrics.txt"
    ).read_text()

    # An unknown area stops it on purpose, and the other faults are told with it.
    command.source(GOOD + "Hải Dươngg,1998,5\n48,1999,-6\n48,2025,x\n")
    said = command("run", ROOMS, code=4)
    assert "unknown `ref_area`: `Hải Dươngg`" in said.err
    quarantined = {row["position"]["row"] for row in command("quarantine", ROOMS, "--json").json}
    assert quarantined == {27, 28, 29}
    assert "obs_value_within_bounds, run again: failed" in command("quality", ROOMS, code=5).out

    command.source(GOOD)
    command("run", ROOMS)
    for language in ("vi", "en"):
        feed = ET.parse(command.data_dir / f"site/{language}/failures.atom").getroot()
        kinds = [item.get("term") for item in feed.iter("{http://www.w3.org/2005/Atom}category")]
        assert kinds.count("blocked") == 2 and kinds[0] == "recovered"


def test_a_source_that_cannot_be_read_is_in_the_record(command):
    command.source("nothing of the kind\n1\n")
    command("run", ROOMS, code=4)
    said = command("quality", ROOMS, code=5)  # though there never was a table
    assert "no table could be made" in said.out.lower()
    assert "is not in the source" in said.out
    command.source(GOOD)
    command("run", ROOMS)
    assert "blocked" not in command("quality", ROOMS).out


def test_a_stop_names_checks_counts_the_first_row_and_the_command(command):
    command.source(GOOD + "".join(f"48,{year},-1\n" for year in range(1990, 2000)))
    said = command("run", ROOMS, code=5)
    assert "10 of 35 rows are quarantined (28.57%), more than the tolerance of 10.00%" in said.err
    assert "10 rows against" in said.err and "(obs_value_within_bounds)" in said.err
    assert "the first: hotel-rooms.csv, line 27" in said.err
    assert f"`openindicators quarantine {ROOMS}`" in said.err
    page = (command.data_dir / f"site/vi/quality/{ROOMS}.html").read_text()
    assert "10 trên 35 dòng (28,57%) bị giữ lại" in page
    assert "obs_value_within_bounds (" not in page
    said = command("quality", ROOMS, "--check", "nope", code=1)
    assert "lists them" in said.err
