"""Two datasets and one that is computed from them: in a run, in Dagster, after a change."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pyarrow.parquet as pq
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from pipelines.catalogue import load_catalogue
from pipelines.dagster.assets import asset_key
from pipelines.dagster.build import build_definitions
from pipelines.rounds import levels_of
from pipelines.settings import Settings
from tests.fixtures.answers import new_answered
from tests.fixtures.browser import chromium
from tests.fixtures.commands import Result, openindicators, records
from tests.fixtures.projects import for_this_city
from tests.fixtures.site_server import served
from warehouse.computing.lineage import input_cells
from warehouse.store import releases, snapshots

ROOMS, BEDS, OTHER = "tourism/hotel_rooms", "health/hospital_beds", "health/clinics"
COMPUTED = "tourism/beds_per_room"
DECLARATION = """\
title: {vi: Số giường trên một phòng, en: Beds per room}
description: {vi: Mỗi dòng là một năm., en: A row is a year.}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [giường], en: [beds]}
geography: {codelist: vn_province_2008, coverage: da_nang}
frequency: A
inputs:
  rooms: tourism/hotel_rooms
  beds: health/hospital_beds
indicators:
  BEDS_PER_ROOM:
    name: {vi: Giường trên phòng, en: Beds per room}
    unit: ratio
    formula: beds.HOSPITAL_BEDS / rooms.HOTEL_ROOMS
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three datasets and a computed one after its first run."""
    folder = tmp_path_factory.mktemp("computed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(folder / "project")))
        patch.setenv("OPENINDICATORS_DATA_DIR", str(folder / "data"))
        for name in (ROOMS, BEDS, OTHER):
            new_answered(name)
    declaration(folder).write_text(DECLARATION, encoding="utf-8")
    assert command(folder, "run").code == 0
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def declaration(folder: Path) -> Path:
    return folder / "project" / "assets" / f"{COMPUTED}.yaml"


def command(folder: Path, *arguments: str) -> Result:
    return openindicators(
        folder / "data", *arguments, OPENINDICATORS_PROJECT=str(folder / "project"),
        SOURCE_DATE_EPOCH="1790000000",
    )


def settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(folder / "project"))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(folder / "data"))
    return Settings.from_environment()


def numbers(folder: Path) -> dict[str, int]:
    root = folder / "data" / "releases"
    return {
        name: max(int(path.name) for path in (root / name).glob("*"))
        for name in (ROOMS, BEDS, OTHER, COMPUTED)
    }


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder / "project"), *arguments], check=True)


def change(folder: Path, dataset: str) -> None:
    """Revise the figures of a dataset's file."""
    path = folder / "data" / "inbox" / f"{dataset.split('/')[1]}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], *(f"{each}7" for each in lines[1:])]) + "\n")


def test_it_is_released_with_the_releases_that_it_is_from(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = settings(finished, monkeypatch).data_dir
    stored = releases.current(data_dir, COMPUTED)
    assert stored is not None
    named = [(each.name, each.dataset, each.release) for each in stored.release.computed_from]
    assert named == [("rooms", ROOMS, 1), ("beds", BEDS, 1)]
    snapshot = snapshots.load(data_dir, COMPUTED, stored.release.snapshot_sha256)
    rows = pq.read_table(stored.path("data.parquet")).to_pylist()
    assert rows
    for row in rows:
        beds, rooms = (
            next(each for each in input_cells(data_dir, snapshot, row["source_row"])
                 if each.input == name).observation
            for name in ("beds", "rooms")
        )
        assert row["obs_value"] == pytest.approx(beds["obs_value"] / rooms["obs_value"])
        assert (beds["time_period"], rooms["ref_area"]) == (row["time_period"], row["ref_area"])
        assert beds["source_part"] and beds["source_row"]


def test_its_page_and_its_description_name_the_inputs(finished: Path) -> None:
    site = finished / "data" / "site"
    for language, said in (("en", "How these figures are computed"), ("vi", "Cách tính số liệu")):
        page = (site / language / f"{COMPUTED}.html").read_text(encoding="utf-8")
        assert said in page and f"../../{language}/{ROOMS}.html" in page
        assert "beds.HOSPITAL_BEDS / rooms.HOTEL_ROOMS" in page
    (node,) = (
        each for each in json.loads(
            (site / "datasets" / COMPUTED / "dcat.jsonld").read_text(encoding="utf-8")
        )["@graph"] if each["@type"] == "dcat:Dataset"
    )
    assert len(node["prov:wasDerivedFrom"]) == 2


def test_a_click_on_a_cell_leads_on_to_the_source(finished: Path, tmp_path: Path) -> None:
    """From the page of a computed figure to those of its cells, where their rows are shown."""
    site = finished / "data" / "site"
    figure = pq.read_table(site / "datasets" / COMPUTED / "beds_per_room.parquet").to_pylist()[0]
    query = urlencode({"dataset": COMPUTED, "indicator": figure["indicator"],
                       "ref_area": figure["ref_area"], "time_period": figure["time_period"]})
    browser = chromium(tmp_path / "profile")
    try:
        with served(site) as address:
            browser.get(f"{address}/en/figure.html?{query}#proof")
            wait = WebDriverWait(browser, 20)
            links = wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#source-row a"))
            assert len(links) == 2
            assert "beds.HOSPITAL_BEDS / rooms.HOTEL_ROOMS" in browser.find_element(
                By.ID, "origin").text
            for each in [link.get_attribute("href") for link in links]:
                browser.get(each)
                wait.until(lambda b: b.find_element(By.ID, "source-text").is_displayed())
                dataset = parse_qs(urlsplit(each).query)["dataset"][0]
                row = browser.find_element(By.ID, "source-row").text.splitlines()[-1]
                source = finished / "data" / "inbox" / f"{dataset.split('/')[1]}.csv"
                assert row in source.read_text(encoding="utf-8").splitlines()
                assert figure["time_period"] in row
    finally:
        browser.quit()


def test_dagster_computes_after_the_releases(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = settings(finished, monkeypatch)
    graph = build_definitions(asked).resolve_asset_graph()
    parents = graph.get(asset_key(COMPUTED, "snapshot")).parent_keys
    assert parents == {asset_key(ROOMS, "release"), asset_key(BEDS, "release")}
    levels = list(levels_of(load_catalogue(asked).bound_datasets("sample")))
    assert levels[-1] == [COMPUTED] and len(levels) == 2


def test_only_what_follows_from_a_change_is_computed(folder: Path) -> None:
    before = records(folder / "data")
    assert command(folder, "run").code == 0
    after = records(folder / "data")
    assert {name for name in after if before.get(name) != after[name]} <= {"warehouse.duckdb"}
    change(folder, OTHER)
    assert command(folder, "run").code == 0
    assert numbers(folder) == {ROOMS: 1, BEDS: 1, OTHER: 2, COMPUTED: 1}
    change(folder, BEDS)
    result = command(folder, "run")
    assert result.code == 0, result.err
    assert numbers(folder) == {ROOMS: 1, BEDS: 2, OTHER: 2, COMPUTED: 2}
    release = json.loads(
        (folder / "data" / "releases" / COMPUTED / "2" / "release.json").read_text("utf-8")
    )
    assert [each["release"] for each in release["computed_from"]] == [1, 2]


def test_another_formula_computes_anew_and_a_wrong_one_is_refused(folder: Path) -> None:
    path = declaration(folder)
    path.write_text(DECLARATION.replace("beds.HOSPITAL_BEDS / rooms.HOTEL_ROOMS",
                                        "2 * beds.HOSPITAL_BEDS / rooms.HOTEL_ROOMS"))
    assert command(folder, "run", COMPUTED).code == 0
    assert numbers(folder)[COMPUTED] == 2
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "First")
    path.write_text(DECLARATION)
    kept = records(folder / "data")
    shown = command(folder, "preview", COMPUTED)
    assert "release 3" in " ".join(shown.out.split()).lower() and "revised" in shown.out, shown
    assert records(folder / "data") == kept
    path.write_text(DECLARATION.replace(" / rooms.HOTEL_ROOMS", ""))
    refused = command(folder, "check")
    assert refused.code == 3
    assert f"{COMPUTED}.yaml:15" in refused.err + refused.out
    assert "which is not ratio" in refused.err + refused.out


def test_what_is_lost_or_damaged_is_found_and_made_again(folder: Path) -> None:
    data = folder / "data"
    sound = command(folder, "doctor")
    assert sound.code == 0, sound.out
    (snapshot,) = (p for p in (data / "snapshots" / COMPUTED).iterdir() if p.is_dir())
    lineage = snapshot / "lineage.parquet"
    lineage.write_bytes(lineage.read_bytes()[:-1])
    damaged = command(folder, "doctor")
    assert damaged.code != 0 and "lineage.parquet" in damaged.out + damaged.err
    assert command(folder, "run").code == 0
    assert command(folder, "doctor").code == 0
    shutil.rmtree(data / "releases" / COMPUTED / "1")
    assert command(folder, "doctor", "--restore").code == 0
    assert command(folder, "verify", str(
        data / "site" / "datasets" / COMPUTED / "beds_per_room.csv"
    )).code == 0
