"""The guide for another city, followed word for word: its commands and edits, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dev.ckan.running_portal import RunningPortal
from portal.ckan.client import CkanClient
from tests.docs.documents import DOCS
from tests.fixtures.commands import PROJECT
from tests.fixtures.datasets import real_files

TEXT = (DOCS / "second-city.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"```sh\n(?P<commands>.*?)```"
    r"|`(?P<file>[\w./]+)`:\n\n```yaml\n(?P<text>.*?)```"
    r"|In `(?P<edited>[\w./]+)`, write `(?P<new>[^`]+)` in place of `(?P<old>[^`]+)`\.",
    re.DOTALL,
)
SHARED_NAME = "digital_government/internet_users"  # both cities have a dataset of this name
DATASETS = {"digital_government/internet_use", "tourism/travel_turnover", "health/doctors"}


@dataclass
class Shell:
    """A person's home folder and shell, from one step of the guide to the next."""

    home: Path
    folder: Path
    commands: int = 0
    built_with: int = 0
    edits: int = 0

    def do(self, step: re.Match[str], **environment: str) -> str:
        """Do what a step of the guide says; return what was printed."""
        if step["file"]:
            self.edits += 1
            (self.folder / step["file"]).write_text(step["text"], encoding="utf-8")
        elif step["edited"]:
            self.edits += 1
            path = self.folder / step["edited"]
            before = path.read_text(encoding="utf-8")
            assert before.count(step["old"]) == 1
            path.write_text(before.replace(step["old"], step["new"]), encoding="utf-8")
        else:
            return self.run(step["commands"], **environment)
        return ""

    def run(self, commands: str, **environment: str) -> str:
        self.commands += len(commands.strip().splitlines())
        done = subprocess.run(
            ["bash", "-ec", f"{commands}\npwd >{self.home}/pwd"], cwd=self.folder, check=False,
            capture_output=True, text=True, env=self.environment | environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.folder = Path((self.home / "pwd").read_text().strip())
        return done.stdout + done.stderr

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OPENINDICATORS_")}
        path = f"{self.home}/bin:{kept['PATH']}"
        return {**kept, "HOME": str(self.home), "PATH": path, "PYTHONPATH": str(PROJECT)}


@pytest.fixture(scope="module")
def hue(tmp_path_factory) -> Shell:
    """The project after every step but the publication."""
    tables = real_files().parent / "danang" / "nso_2026"
    home = tmp_path_factory.mktemp("home")
    for name in ("bin", "Downloads"):
        (home / name).mkdir()
    program = home / "bin" / "openindicators"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pipelines.cli.main "$@"\n')
    program.chmod(0o755)
    for name in re.findall(r"~/Downloads/(\S+)", TEXT):
        shutil.copy(tables / name, home / "Downloads")
    shell = Shell(home, home)
    for step in STEP.finditer(TEXT):
        if "CKAN" not in step[0]:
            shell.do(step)
    shell.built_with = shell.commands
    return shell


def rows(project: Path, dataset: str) -> list[dict[str, Any]]:
    [path] = (project / f"data/sample/releases/{dataset}").glob("1/data.parquet")
    return pq.read_table(path).to_pylist()


def test_it_takes_as_many_commands_and_edits_as_it_says(hue: Shell) -> None:
    said = re.search(r"(\d+) commands\s+and (\d+) edits", TEXT)
    [publication] = [step["commands"] for step in STEP.finditer(TEXT) if "CKAN" in step[0]]
    commands = hue.built_with + len(publication.splitlines())
    assert said and (commands, hue.edits) == (int(said[1]), int(said[2]))


def test_the_figures_of_hue_are_released(hue: Shell) -> None:
    doctors = {
        row["time_period"]: (row["obs_value"], row["obs_status"])
        for row in rows(hue.folder, "health/doctors") if row["ref_area"] == "46"
    }
    assert doctors["2018"] == (712, "A") and doctors["2022"] == (538, "P")
    turnover = rows(hue.folder, "tourism/travel_turnover")
    assert {row["ref_area"] for row in turnover} > {"46", "48", "VNM"}
    assert len(rows(hue.folder, "digital_government/internet_use")) == 140


def test_the_site_is_the_citys_own(hue: Shell) -> None:
    site = hue.folder / "data/sample/site"
    page = (site / "vi" / "index.html").read_text(encoding="utf-8")
    assert "Thành phố Huế: dữ liệu mở" in page
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "Dữ liệu mở Đà Nẵng" not in text and "danang.gov.vn" not in text, path
    [catalogue] = [
        node for node in json.loads((site / "catalog.jsonld").read_text())["@graph"]
        if node["@type"] == "dcat:Catalog"
    ]
    assert {text["@value"] for text in catalogue["dct:title"]} == {
        "Thành phố Huế: dữ liệu mở", "Hue: open data",
    }


@pytest.mark.portal
def test_two_cities_share_a_portal(
    hue: Shell, ckan: RunningPortal, tmp_path_factory
) -> None:
    """Neither touches what is the other's; both have a dataset of the same name."""
    (hue.home / "ckan-token").write_text(ckan.token)
    portal = {
        "OPENINDICATORS_CKAN_URL": ckan.url,
        "OPENINDICATORS_CKAN_TOKEN_FILE": str(hue.home / "ckan-token"),
    }
    client = CkanClient(ckan.url, ckan.token)
    ours = {**portal, "OPENINDICATORS_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    da_nang = Shell(hue.home, PROJECT)

    def shown(name: str) -> dict[str, Any]:
        return client.call("package_show", {"id": name})

    da_nang.run(f"openindicators run {SHARED_NAME}", **ours)
    before = shown("digital-government-internet-users")
    [step] = [each for each in STEP.finditer(TEXT) if "CKAN" in each[0]]
    hue.do(re.match(STEP, step[0].replace("https://data.example.org", ckan.url)), **portal)
    try:
        after = shown("digital-government-internet-users")
        assert after == before
        published = {name: shown(f"hue-{name}".replace("/", "-").replace("_", "-"))
                     for name in {*DATASETS, SHARED_NAME}}
        other = published[SHARED_NAME]
        assert other["id"] != before["id"] and other["identifier"] != before["identifier"]
        assert {each["id"] for each in other["resources"]}.isdisjoint(
            each["id"] for each in before["resources"]
        )
        assert before["organization"]["name"] == "world-bank"
        assert other["organization"]["name"] == "hue-world-bank"
        assert published["health/doctors"]["organization"]["name"] == "hue-nso-viet-nam"
        assert [group["name"] for group in other["groups"]] == ["hue-digital-government"]
        # Nothing is left to do for either, and a withdrawal reaches the city's own dataset only.
        for shell, environment in ((da_nang, ours), (hue, portal)):
            said = shell.run(f"openindicators plan {SHARED_NAME} --json", **environment)
            assert {each["change"] for each in json.loads(said)} == {"="}
        hue.run(
            f"openindicators withdraw {SHARED_NAME} --reason 'It was an example' --by Khuê\n"
            f"openindicators publish {SHARED_NAME}", **portal,
        )
        assert shown("digital-government-internet-users") == before
        assert "It was an example" in json.dumps(shown("hue-digital-government-internet-users"))
    finally:
        for name in ("digital-government-internet-users", *(
            f"hue-{each}".replace("/", "-").replace("_", "-") for each in {*DATASETS, SHARED_NAME}
        )):
            if client.read_if_exists("package_show", id=name):
                client.call("dataset_purge", {"id": name})
