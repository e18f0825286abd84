"""A stranger makes every release again, elsewhere; a publisher who lies is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from model.records.buildinfo import BuiltRelease, Statement
from model.records.release import Release
from model.reference.city import use_project
from model.util.hashing import pretty_json, sealed, sha256_file, sha256_json
from pipelines.after_run import buildinfo
from pipelines.after_run.transparency_log import enter_published
from pipelines.catalogue import load_catalogue
from pipelines.integrity import inspect
from pipelines.rebuild.again import Rebuild
from pipelines.rebuild.material import Material, parts_in
from pipelines.settings import Settings
from portal.site_folder.published import PublishedSite
from portal.transparency.signing import new_key, signed_statement
from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.fixtures.commands import PROJECT, records
from warehouse.store import packs, releases
from warehouse.store.data_dir import DataDir


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Five releases of two datasets: among them a draft that was approved, and a rollback."""
    made = Bench(tmp_path_factory.mktemp("publisher"))
    key = made.project.parent / "key"
    new_key(key)
    made.make(ROOMS, BEDS, OPENINDICATORS_SIGNING_KEY=str(key))
    with made.declaration().open("a", encoding="utf-8") as file:
        file.write("review: required\n")
    made.table(BEDS).write_text("area,year,value\n48,2023,5\n48,2024,77\n")
    for command in (
        ("run",), ("approve", ROOMS),
        ("rollback", BEDS, "--to", "1", "--reason", "Counted twice"),
    ):
        done = made.run(*command, OPENINDICATORS_SIGNING_KEY=str(key))
        assert done.code == 0, done.out + done.err
    return made


ALL = [(BEDS, 1), (BEDS, 2), (BEDS, 3), (ROOMS, 1), (ROOMS, 2)]


def rebuilt(site: Path, folder: Path, sources: Path, *datasets: str) -> list[BuiltRelease]:
    material = Material(PublishedSite(str(site)), parts_in(sources))
    return list(Rebuild(material, DataDir(folder)).run(datasets))


def test_elsewhere_every_release_is_the_same(publisher: Bench, tmp_path: Path) -> None:
    """In another process, locale, time zone, folder, and order of hashes."""
    site, sources = tmp_path / "copy" / "site", tmp_path / "sources"
    shutil.copytree(publisher.data_dir / "site", site)
    sources.mkdir()
    for number, path in enumerate(sorted((publisher.data_dir / "snapshots").rglob("*.csv"))):
        shutil.copy(path, sources / f"{number}.bin")
    new_key(tmp_path / "key")
    environment = {
        **os.environ, "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "vi",
        "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "15", "PYTHONPATH": str(PROJECT),
        "HOME": str(tmp_path), "NO_COLOR": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "rebuild", str(site), "--sources",
         str(sources), "--statement", "said.json", "--name", "A builder", "--key", "key"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 releases: 5 reproduced, 0 differs, 0 cannot be checked" in done.stdout
    said = signed_statement((tmp_path / "said.json").read_bytes(), "said.json")
    assert sorted((each.dataset, each.number) for each in said.releases) == ALL
    _taken_in_and_shown(publisher, tmp_path / "taken", said)


def _taken_in_and_shown(publisher: Bench, copy: Path, said: Statement) -> None:
    """The publisher puts the statement into the data folder; one that was changed is left out."""
    shutil.copytree(publisher.data_dir, copy)
    settings = Settings(project=publisher.project, data_dir=DataDir(copy))
    use_project(publisher.project)
    catalogue = load_catalogue(settings)
    file = settings.data_dir.builders / "said.json"
    file.parent.mkdir()
    file.write_text(pretty_json(said.model_copy(update={"builder": "Another"})))
    assert buildinfo.publish_buildinfo(settings, catalogue) == 1  # the state alone
    assert file in {each.path for each in inspect(settings.data_dir).damages}
    file.write_text(pretty_json(said))
    shutil.copy(file, file.with_name("twice.json"))
    assert buildinfo.publish_buildinfo(settings, catalogue) == 3  # statement, list, state
    assert buildinfo.publish_buildinfo(settings, catalogue) == 0
    index = json.loads((copy / "site/builders/index.json").read_bytes())
    by = ["A builder"]
    assert index["releases"] == {BEDS: {"1": by, "2": by, "3": by}, ROOMS: {"1": by, "2": by}}
    assert index["statements"][0]["key"] == said.key
    shutil.rmtree(file.parent)
    assert buildinfo.publish_buildinfo(settings, catalogue) == 3
    assert not (copy / "site/builders" / said.name).exists()


def test_releases_that_are_in_packs_alone_are_published_and_made_again_and_restored(
    publisher: Bench, tmp_path: Path
) -> None:
    """The site is made from packs; a stranger makes the same, and `doctor` a pack that is lost."""
    copy = Bench(tmp_path)
    shutil.copytree(publisher.project.parent, tmp_path, dirs_exist_ok=True)
    key = {"OPENINDICATORS_SIGNING_KEY": str(tmp_path / "key"), "PACKS_WORTH": "1"}
    copy.change(copy.declaration(), "review: required\n", "")
    data_dir = DataDir(copy.data_dir)
    for value in (78, 79):
        for path in (copy.data_dir / "packs").rglob("*"):
            os.utime(path, (time.time() - 2 * packs.SECONDS,) * 2)
        copy.table(BEDS).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
        copy.table(ROOMS).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
        assert copy.run("run", **key).code == 0
    folders = {path.name for path in data_dir.releases(BEDS).iterdir() if path.name.isdigit()}
    assert folders == {"4", "5"}, "1 to 3 are in a pack"
    before = {name: data for name, (_, data) in records(data_dir.site).items()}
    shutil.rmtree(data_dir.site)
    assert copy.run("run", **key).code == 0
    now = {name: data for name, (_, data) in records(data_dir.site).items()}
    assert [name for name in before if now.get(name) != before[name]] == []

    made = rebuilt(data_dir.site, tmp_path / "builder", data_dir.root / "snapshots")
    assert {each.why for each in made} == {""}
    assert sorted((each.dataset, each.number) for each in made) == [
        *((BEDS, number) for number in range(1, 6)), *((ROOMS, number) for number in range(1, 5)),
    ]
    pack, = (path for path in data_dir.packs(BEDS).iterdir() if path.name == "1-4")
    expected = {
        item.release.number: item.path("data.parquet").read_bytes()
        for item in releases.history(data_dir, BEDS)
    }
    for folder in (pack, pack.with_name("1-3"), data_dir.unpacked(BEDS)):
        shutil.rmtree(folder, ignore_errors=True)
    said = copy.run("doctor", "--restore")
    assert said.code == 0, said.out + said.err
    assert expected == {
        item.release.number: item.path("data.parquet").read_bytes()
        for item in releases.history(data_dir, BEDS)
    }


def test_without_the_bytes_of_its_source_a_release_cannot_be_checked(
    publisher: Bench, tmp_path: Path
) -> None:
    """Files that people sent in are not passed on; one that was changed does not count."""
    site = publisher.data_dir / "site"
    sources = tmp_path / "sources"
    sources.mkdir()
    changed = next((publisher.data_dir / "snapshots" / BEDS).rglob("*.csv"))
    (sources / changed.name).write_bytes(changed.read_bytes() + b"48,2025,1\n")
    found = rebuilt(site, tmp_path / "data", sources, BEDS)
    assert [(each.number, each.outcome) for each in found] == [
        (1, "unchecked"), (2, "unchecked"), (3, "unchecked"),
    ]
    assert "nobody has given the source's bytes" in found[0].why
    assert "earlier release of it was not made again" in found[1].why


def test_a_figure_changed_in_a_file_for_download_is_named(
    publisher: Bench, tmp_path: Path
) -> None:
    """The publisher changes release 2's Parquet, all checksums after it, and signs again."""
    copy = tmp_path / "data"
    shutil.copytree(publisher.data_dir, copy)
    folder = copy / "site/datasets" / BEDS
    file = folder / "releases/2/hospital_beds.parquet"
    old, table = sha256_file(file), pq.read_table(file)
    at = table.schema.get_field_index("obs_value")
    file.unlink()
    pq.write_table(
        table.set_column(at, "obs_value", pc.add(table["obs_value"], pa.scalar(1.0))), file
    )
    _replaced(folder / "dataset.json", {old: sha256_file(file)})
    before = sha256_file(publisher.data_dir / "site/datasets" / BEDS / "dataset.json")
    now = {before: sha256_file(folder / "dataset.json")}
    _replaced(folder / "sha256.json", {**now, old: sha256_file(file)})
    _replaced(copy / "site/catalogue.json", now)
    settings = Settings(data_dir=DataDir(copy), signing_key=publisher.project.parent / "key")
    assert enter_published(settings, {}) == 2
    found = rebuilt(copy / "site", tmp_path / "built", publisher.data_dir / "snapshots", BEDS)
    assert [each.outcome for each in found] == ["reproduced", "differs", "reproduced"]
    assert "hospital_beds.parquet" in found[1].why


def test_a_record_that_says_other_figures_is_named(publisher: Bench, tmp_path: Path) -> None:
    """Site and record agree, and the figures do not follow from the source."""
    site = tmp_path / "site"
    shutil.copytree(publisher.data_dir / "site", site)
    shutil.rmtree(site / "log")
    path = site / f"buildinfo/datasets/{BEDS}/releases/2.json"
    record = json.loads(path.read_bytes())
    data = next(file for file in record["files"] if file["name"] == "data.parquet")
    _replaced(path, {data["sha256"]: "0" * 64})
    states = site / "datasets" / BEDS / "dataset.json"
    before = sha256_file(states)
    shown = json.loads(states.read_bytes())["releases"][1]["record_sha256"]
    _replaced(states, {shown: _record_checksum(path)})
    _replaced(site / "catalogue.json", {before: sha256_file(states)})
    found = rebuilt(site, tmp_path / "built", publisher.data_dir / "snapshots", BEDS)
    assert [each.outcome for each in found[:2]] == ["reproduced", "differs"]
    assert found[1].why == "made again, data.parquet differ"


def test_files_that_people_sent_in_are_published_by_their_checksums(publisher: Bench) -> None:
    site = publisher.data_dir / "site"
    state = buildinfo.read(site)
    assert state is not None
    assert sorted(state.files) == sorted(
        path.relative_to(site).as_posix() for name in ("buildinfo", "builders")
        for path in (site / name).rglob("*") if path.is_file() and path.name != "state.json"
    )
    listed = {path.rpartition("/")[2] for path in state.files if "/datasets/" in path}
    assert listed == {"1.json", "2.json", "3.json", "snapshot.json"}  # no bytes of sources


def test_releases_that_people_decided_about_are_restored(
    publisher: Bench, tmp_path: Path
) -> None:
    """A draft that was approved, a rollback: with their pages, to the byte."""
    bench = Bench(tmp_path)
    shutil.copytree(publisher.project.parent, tmp_path, dirs_exist_ok=True)
    key = {"OPENINDICATORS_SIGNING_KEY": str(tmp_path / "key")}
    before = _contents(bench)
    for name, number in ((ROOMS, 2), (BEDS, 3)):
        shutil.rmtree(bench.data_dir / f"releases/{name}/{number}")
        for page in (bench.data_dir / "site/vi" / name.split("/")[0]).glob("*.html"):
            page.unlink()
        shutil.rmtree(bench.data_dir / f"site/datasets/{name}/releases/{number}")
    said = bench.run("doctor", "--restore")
    assert said.out.count("made again from the snapshot, with the same bytes") == 2, said.out
    assert bench.run("run", **key).code == 0
    after = _contents(bench)
    assert {name for name in before | after if before.get(name) != after.get(name)} == set()


def _contents(bench: Bench) -> dict[str, bytes]:
    return {
        name: data for name, (_, data) in records(bench.data_dir).items()
        if name.startswith(("releases/", "site/"))
    }


def _replaced(path: Path, values: dict[str, str]) -> None:
    """Replace texts in a file, and its own checksum with them."""
    text = path.read_text(encoding="utf-8")
    for old, new in values.items():
        assert old in text
        text = text.replace(old, new)
    path.unlink()
    is_sealed = '"checksum"' in text
    if is_sealed:
        value: dict[str, Any] = json.loads(text)
        value.pop("checksum")
        text = sealed(pretty_json(value))
    path.write_text(text, encoding="utf-8")


def _record_checksum(path: Path) -> str:
    return sha256_json(Release.model_validate_json(path.read_bytes()))
