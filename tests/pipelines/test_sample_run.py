"""The main job, as a newcomer sees it: two runs over the embedded sample."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest

from model.reference.registries import load_registries
from model.util.hashing import sha256_file
from pipelines.cli.proof import explain as explain_command
from pipelines.explain.walk import explain, find_cell
from pipelines.quality.report import ReleaseWithReport
from portal.report.make import findings_of, reports
from portal.site_folder.published import PublishedSite
from tests.fixtures.commands import PROJECT, openindicators, records
from tests.fixtures.sample import finished_sample
from tests.pipelines.test_start import PROGRAM
from tests.pipelines.walks import walk
from warehouse.store import releases
from warehouse.store.data_dir import DataDir

FIVE = {"tourism", "finance", "logistics", "health", "education"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data folder after the first run."""
    return finished_sample(tmp_path_factory)


@pytest.fixture(scope="module")
def listed(data_dir):
    """The datasets of the sample, without those that wait for a department."""
    listed = openindicators(data_dir, "list", "--json").json
    waiting = [row["dataset"] for row in listed if row["waits_for_submission"]]
    assert waiting == ["finance/ecommerce_firms", "tourism/digital_attractions"]
    said = (data_dir / "first.txt").read_text()
    assert all(f"No data yet {name}: waits for its first submission" in said for name in waiting)
    return [row for row in listed if row["dataset"] not in waiting]


def test_the_table_shows_every_dataset(data_dir, listed):
    text = (data_dir / "first.txt").read_text()
    for word in (
        "rows",
        "new",
        "revised",
        "withdrawn",
        "passed",
        "warned",
        "failed",
        "quarantined",
        "release",
    ):
        assert word in text
    for row in listed:
        assert row["dataset"] in text
    assert "make serve" in text and "make ui" in text and str(data_dir / "site") in text


def test_five_sectors_with_their_datasets_and_indicators(listed):
    sectors = Counter(row["sector"] for row in listed)
    assert set(sectors) >= FIVE and all(sectors[sector] >= 2 for sector in FIVE)
    assert len(listed) >= 12
    assert sum(row["indicators"] for row in listed) >= 40
    assert all(row["release"] and row["rows"] for row in listed)
    assert set(listed[0]) >= {"dataset", "sector", "release", "rows"}


def test_real_life_is_in_the_sample(data_dir, listed):
    releases = {row["dataset"]: row["release"] for row in listed}
    second = [name for name, number in releases.items() if number >= 2]
    assert len(second) >= 3
    revised = 0
    for name in second:
        release = json.loads((data_dir / "releases" / name / "2" / "release.json").read_text())
        assert release["reason"] == "source changed"
        revised += release["changes"]["revised"]
    assert revised > 0
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as con:
        statuses = dict(
            con.sql("SELECT obs_status, count(*) FROM observations GROUP BY 1").fetchall()
        )
        assert statuses["P"] > 0 and statuses["O"] > 0
        assert (
            con.sql("SELECT count(*) FROM observations WHERE ref_area IN ('VNM', '48')").fetchone()[
                0
            ]
            > 500
        )
        assert con.sql("SELECT count(*) FROM quality WHERE outcome = 'warned'").fetchone()[0] > 0
    quarantined = [
        pq.read_table(path).to_pylist()
        for path in data_dir.glob("releases/*/*/*/quarantine.parquet")
    ]
    rows = [row for table in quarantined for row in table]
    assert rows and all(row["reasons"] and row["_part"] for row in rows)


def test_a_second_run_says_that_nothing_changed_and_rewrites_nothing(data_dir):
    before = records(data_dir)
    again = openindicators(data_dir, "run")
    assert again.code == 0, again.out + again.err
    assert "Nothing has changed" in again.out
    assert records(data_dir) == before


def test_a_run_without_news_imports_nothing_that_takes_seconds(data_dir):
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, "run", "--json"], capture_output=True, text=True,
        check=False, cwd=PROJECT, env=os.environ | {"OPENINDICATORS_DATA_DIR": str(data_dir)},
    )
    assert found.returncode == 0, found.stderr
    loaded = set(json.loads(found.stderr.splitlines()[-1]))
    assert loaded & {"dagster", "great_expectations", "pandas", "scipy"} == set()


def test_the_run_is_in_dagsters_history(data_dir, listed):
    with dg.DagsterInstance.from_config(str(data_dir / "dagster")) as instance:
        runs = instance.get_runs()
        assert len(runs) >= 2 and all(run.status == dg.DagsterRunStatus.SUCCESS for run in runs)
        key = dg.AssetKey([*listed[0]["dataset"].split("/"), "release"])
        event = instance.get_latest_materialization_event(key)
        assert event.asset_materialization.metadata["dagster/row_count"].value == listed[0]["rows"]


def test_every_download_is_genuine_and_a_changed_one_is_not(data_dir, tmp_path):
    csv = sorted((data_dir / "site" / "datasets").glob("*/*/*.csv"))[0]
    said = openindicators(data_dir, "verify", str(csv), "--json")
    assert said.code == 0 and said.json["genuine"] and said.json["matches"]
    copy = tmp_path / csv.name
    copy.write_bytes(csv.read_bytes() + b"\n")
    said = openindicators(data_dir, "verify", str(copy))
    assert said.code == 1 and "not genuine" in said.out
    parquet = sorted(data_dir.glob("releases/*/*/1/data.parquet"))[0]
    assert "release 1" in openindicators(data_dir, "verify", str(parquet)).out


def test_figures_lead_back_to_the_bytes_of_their_sources(data_dir):
    shown, wrong = walk(DataDir(data_dir), load_registries(PROJECT), cells=300, seed=7)
    assert wrong == [] and shown > 290


def test_every_computed_figure_leads_to_the_sources_of_its_cells(data_dir):
    """By the same borders, or by a reconstruction that a footnote names."""
    folder, registries = DataDir(data_dir), load_registries(PROJECT)
    chance, walked = random.Random(13), set()
    for name in releases.datasets(folder):
        stored = releases.current(folder, name)
        if not stored.release.computed_from:
            continue
        rows = pq.read_table(stored.path("data.parquet")).to_pylist()
        for row in chance.sample(rows, min(12, len(rows))):
            proof = explain(folder, stored, row, registries)
            assert proof["inputs"] == len(proof["computed_from"]) > 0
            for each in proof["computed_from"]:
                same = each["cell"]["geo_vintage"] == row["geo_vintage"]
                assert same or row["footnotes"], (row, each["cell"])
                assert each.get("place") and "source" in each, (row, each["cell"])
        origins = pq.read_table(data_dir / f"site/datasets/{name}/releases"
                                f"/{stored.release.number}/origins.parquet").to_pylist()
        for origin in chance.sample(origins, 3):
            for line in origin["source_text"].splitlines():
                said, query = line.split("\t")
                dataset, number, key = explain_command._parsed([f"figure.html?{query}"])
                [cell] = [each for each in releases.history(folder, dataset)
                          if each.release.number == number]
                assert said.endswith(f" {find_cell(cell, key)['obs_value']}") or said.endswith("=")
        walked.add(name)
    assert {"digital_government/target_assessment", "industry/retail_per_head"} < walked


def test_figures_of_scorecard_and_report_lead_to_their_sources(data_dir, tmp_path):
    """The dataset of the verdicts says what the scorecard says, and each figure has its bytes."""
    folder, registries = DataDir(data_dir), load_registries(PROJECT)
    scorecard = json.loads((data_dir / "site/api/targets.json").read_bytes())
    levels = {1: "behind", 2: "on_track", 3: "met", None: "no_data"}
    stored = releases.current(folder, "digital_government/target_assessment")
    rows = pq.read_table(stored.path("data.parquet")).to_pylist()
    assert {row["target"]: levels[row["obs_value"]] for row in rows
            if row["indicator"] == "verdict"} == {
        each["target"]["id"]: each["verdict"] for each in scorecard["targets"]
    }
    found = findings_of(PublishedSite(str(data_dir / "site")), tmp_path, 2024)
    [made] = reports(replace(found, address="https://data.example/"), ["en"], ["html"])
    report = made.data.decode()
    links = set(re.findall(r'href="(https://data\.example/en/figure\.html\?[^"]+)#proof"', report))
    assert len(links) > 50
    page = "".join(each.read_text(encoding="utf-8")
                   for each in (data_dir / "site/en/targets").glob("*.html"))
    links |= set(re.findall(r'href="[./]*en/(figure\.html\?[^"]+)#proof"', page))
    without = []
    for link in random.Random(7).sample(sorted(links), 120):
        dataset, number, key = explain_command._parsed([unescape(link)])
        history = releases.history(folder, dataset)
        of = history[-1] if number is None else next(
            each for each in history if each.release.number == number
        )
        proof = explain(folder, of, find_cell(of, key), registries)
        ends = proof.get("computed_from") or [proof]
        without += [link for each in ends if not ("source" in each or "withheld" in each)]
    assert without == []


def test_explain_shows_the_row_and_refuses_bytes_without_their_checksum(data_dir, tmp_path):
    named = ("explain", "finance/gdp", "NY.GDP.MKTP.CD", "VNM", "2019")
    said = openindicators(data_dir, *named)
    assert said.code == 0 and "agrees         yes" in said.out
    assert '"value":334365270496.667' in said.out
    proof = openindicators(data_dir, *named, "--json").json
    first = openindicators(data_dir, *named, "--json", "--release", "1").json
    assert (proof["release"]["number"], first["release"]["number"]) == (2, 1)
    assert openindicators(data_dir, *named, "--as-of", "2020-01-01").code != 0
    copy = tmp_path / "data"
    for folder in ("ledger", "releases", "snapshots"):
        shutil.copytree(data_dir / folder / "finance", copy / folder / "finance")
    shutil.copy(data_dir / "data_dir.json", copy)
    part = copy / "snapshots/finance/gdp" / proof["snapshot"]["sha256"] / proof["part"]["name"]
    part.write_bytes(part.read_bytes().replace(b"334365270496.667", b"334365270496.668"))
    refused = openindicators(copy, *named)
    assert refused.code == 6 and "was changed after it was stored" in refused.err
    assert "334365270496" not in refused.out
    stored = releases.current(DataDir(copy), "finance/gdp")
    assert stored is not None
    lost = ReleaseWithReport(DataDir(copy), stored)
    assert lost.origins(load_registries(PROJECT)) is None  # published without its places


def test_the_site_says_where_each_figure_stands(data_dir):
    folder = data_dir / "site/datasets/finance/gdp/releases/2"
    origins = pq.read_table(folder / "origins.parquet")
    about = json.loads(origins.schema.metadata[b"openindicators"])
    assert origins.num_rows == pq.read_metadata(folder / "gdp.parquet").num_rows
    [part] = about["parts"]
    kept = data_dir / "snapshots/finance/gdp" / about["snapshot"]["sha256"] / part["name"]
    assert sha256_file(kept) == part["sha256"]
    assert sha256_file(data_dir / "releases/finance/gdp/2/release.json") == about["record_sha256"]
    for origin, value in zip(
        origins.to_pylist(), pq.read_table(folder / "gdp.parquet")["obs_value"].to_pylist(),
        strict=True,
    ):
        assert float(json.loads(origin["source_text"])["value"]) == value


def test_show_and_doctor(data_dir, listed):
    said = openindicators(data_dir, "show", listed[0]["dataset"])
    assert said.code == 0 and "expectation" in said.out and "release" in said.out
    assert openindicators(data_dir, "show", listed[0]["dataset"], "--json").json[0]["releases"]
    assert openindicators(data_dir, "doctor").code == 0


def test_doctor_finds_a_damaged_release(data_dir, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(data_dir, copy)
    path = sorted(copy.glob("releases/*/*/1/data.parquet"))[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    said = openindicators(copy, "doctor")
    assert said.code == 1 and str(path) in said.out


def test_two_folders_get_the_same_bytes(data_dir, tmp_path):
    found = []
    for name in ("a", "b"):
        folder = tmp_path / name
        said = openindicators(folder, "run", "education", SOURCE_DATE_EPOCH="1767225600")
        assert said.code == 0, said.err
        found.append(
            {k: v for k, (_, v) in records(folder).items() if not k.startswith("warehouse.duckdb")}
        )
    assert found[0].keys() == found[1].keys()
    assert [k for k in found[0] if found[0][k] != found[1][k]] == []
    assert durations(tmp_path / "a") == {None}


def durations(data_dir: Path) -> set[float | None]:
    """Return how long the checks took, as the releases tell it."""
    found = [json.loads(path.read_text()) for path in data_dir.glob("releases/*/*/*/quality.json")]
    assert found
    return {item["duration_ms"] for record in found for item in (record, *record["checks"])}


def test_no_network_is_needed(data_dir):
    """The sample's snapshots name the real addresses, and none of them was asked."""
    urls = {
        part["url"]
        for path in Path(data_dir).glob("snapshots/*/*/*/snapshot.json")
        for part in json.loads(path.read_text())["parts"]
    }
    assert any(url.startswith("https://api.worldbank.org/") for url in urls)
