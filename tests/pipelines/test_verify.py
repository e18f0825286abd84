"""`openindicators verify` says what it can know, and by which exit code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.errors import PortalError
from model.records.release import FileRecord
from model.util.hashing import sha256_file
from pipelines.cli.proof import verify as command
from portal.site.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.fixtures.site_server import served


@pytest.mark.parametrize(
    ("known", "changed", "said", "code"),
    [(True, False, "genuine: gdp.csv", 0), (True, True, "not genuine", 1),
     (False, False, "unknown", 3)],
)
def test_a_verdict_and_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    known: bool, changed: bool, said: str, code: int,
) -> None:
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    file = tmp_path / "gdp.csv"
    file.write_text("x\n")
    record = FileRecord(name="gdp.csv", sha256=sha256_file(file), bytes=2)
    if changed:
        file.write_text("y\n")
    records = [("finance/gdp", 1, record)] if known else []
    monkeypatch.setattr(command._DataFolder, "_records", lambda _: iter(records))
    assert command.verify(file) == code
    assert said in capsys.readouterr().out
    assert command.verify(file, as_json=True) == code


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    site = Site(folder / "site", registries())
    site.apply([make_release(folder / "beds", dataset(sector="health", name="beds"), [row()])])
    site.apply([make_release(folder / "rooms", dataset(), [row()])])
    return site.folder


def test_whoever_has_no_data_folder_asks_the_site(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = tmp_path / "downloaded.csv"
    renamed.write_bytes((site / "datasets/health/beds/beds.csv").read_bytes())
    changed = tmp_path / "beds.csv"
    changed.write_bytes(renamed.read_bytes() + b"x")
    unknown = tmp_path / "other.csv"
    unknown.write_text("y")
    with served(site) as address:
        for where in (address, str(site)):
            assert command.verify(renamed, where) == 0
            assert "beds.csv of health/beds, release 1" in capsys.readouterr().out
            assert command.verify(changed, where) == 1
            assert "not genuine" in capsys.readouterr().out
            assert command.verify(unknown, where, as_json=True) == 3


def test_a_site_whose_records_disagree_proves_nothing(site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    state = copy / "datasets/health/beds/dataset.json"
    state.write_bytes(state.read_bytes().replace(b'"rows": 1', b'"rows": 2'))
    with pytest.raises(PortalError, match="not what the site's catalogue says"):
        command.verify(copy / "datasets/health/beds/beds.csv", str(copy))


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/", "/no/such/folder"])
def test_a_site_that_cannot_be_read_is_named(tmp_path: Path, address: str) -> None:
    file = tmp_path / "beds.csv"
    file.write_text("x")
    with pytest.raises(PortalError, match="cannot be read") as refused:
        command.verify(file, address)
    assert address.rstrip("/") in str(refused.value.where)
