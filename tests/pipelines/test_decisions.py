"""Review, rollback and withdrawal, as people do them: through the command line."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.declarations.dataset import PROVENANCE
from pipelines.dagster.assets import asset_key
from pipelines.dagster.instance import open_instance
from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.fixtures.answers import confirming
from tests.fixtures.commands import records
from tests.fixtures.projects import for_this_city
from warehouse.store import catalogue, decisions, drafts, ledger
from warehouse.store.data_dir import DataDir


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A project of two datasets: one has a release, the other waits for its first approval."""
    made = Bench(tmp_path_factory.mktemp("template"))
    for_this_city(made.project)
    for dataset in (ROOMS, BEDS):
        assert made.run("new", dataset).code == 0
        assert made.run(*confirming(dataset)).code == 0
    with made.declaration().open("a", encoding="utf-8") as file:
        file.write("review: required\n")
    first = made.run("run")
    assert first.code == 0, first.out + first.err
    return made, first


@pytest.fixture
def bench(tmp_path, template):
    made = Bench(tmp_path)
    for name in ("project", "data_dir"):
        shutil.copytree(getattr(template[0], name), getattr(made, name))
    catalogue.refresh(DataDir(made.data_dir))  # its views name the folder, which has moved
    return made


def good(result):
    assert result.code == 0 and "Traceback" not in result.err, result.out + result.err
    return result


def sha(bench: Bench, folder: str) -> bytes:
    return (bench.data_dir / folder / "data.parquet").read_bytes()


def offered(bench: Bench, dataset: str) -> pa.Table:
    """Return the table that the site offers for download."""
    name = dataset.rpartition("/")[2]
    return pq.read_table(bench.data_dir / f"site/datasets/{dataset}/{name}.parquet")


def published(bench: Bench, dataset: str) -> pa.Table:
    """Return what is public of a dataset's first release: all but the place in the source."""
    table = pq.read_table(bench.data_dir / f"releases/{dataset}/1/data.parquet")
    return table.drop_columns(list(PROVENANCE))


def page(bench: Bench, site: str, name: str) -> Path:
    return bench.data_dir / site / "vi" / name


def test_a_draft_waits(bench, template):
    said = template[1]
    assert f"Waits for approval, not public before: {ROOMS}" in said.out
    assert "openindicators approve" in said.out
    assert not (bench.data_dir / "releases" / ROOMS).exists()
    assert not page(bench, "site", f"{ROOMS}.html").exists()
    assert ROOMS not in page(bench, "site", "index.html").read_text()
    assert "Draft, not public" in page(bench, "preview", f"{ROOMS}.html").read_text()
    (draft,) = bench.run("drafts", "--json").json
    assert (draft["dataset"], draft["release"]) == (ROOMS, 1) and Path(draft["page"]).exists()
    for stage in ("release", "publication"):
        with open_instance(DataDir(bench.data_dir)) as instance:
            event = instance.get_latest_materialization_event(asset_key(ROOMS, stage))
        assert event and event.asset_materialization
        metadata = event.asset_materialization.metadata
        assert f"openindicators approve {ROOMS}" in str(metadata["waits for approval"].value)
    assert "no release was approved yet" in str(metadata["public"].value)
    before = records(bench.data_dir)
    second = good(bench.run("run", "--json"))
    assert {row["dataset"]: (row["release"], row["draft"]) for row in second.json} == {
        ROOMS: (None, 1), BEDS: (1, None),
    }
    assert not any(row["changed"] for row in second.json)
    assert records(bench.data_dir) == before, "a second run rewrites nothing"


def test_approval_makes_the_very_bytes_public(bench):
    (draft,) = bench.run("drafts", "--json").json
    bytes_ = sha(bench, f"drafts/{ROOMS}/{draft['draft']}")
    said = good(bench.run("approve", ROOMS, "--by", "Lê An", "--draft", draft["draft"]))
    assert "release 1 is public" in said.out
    assert sha(bench, f"releases/{ROOMS}/1") == bytes_
    assert offered(bench, ROOMS) == published(bench, ROOMS)
    assert "Lê An" in page(bench, "site", f"{ROOMS}.html").read_text()
    assert not page(bench, "preview", f"{ROOMS}.html").exists()
    assert "No draft waits" in bench.run("drafts").out
    before = records(bench.data_dir)
    again = good(bench.run("run"))
    assert "Nothing has changed" in again.out and records(bench.data_dir) == before
    # The next one waits again, beside what is public.
    bench.table().write_text("area,year,value\n48,2024,77\n")
    assert "1 + draft" in good(bench.run("run")).out
    assert bench.number() == 1
    assert sha(bench, f"releases/{ROOMS}/1") == bytes_


def test_a_rejected_draft_does_not_come_back(bench):
    refused = bench.run("reject", ROOMS)
    assert refused.code == 2 and "--reason" in refused.err
    good(bench.run("reject", "hotel_rooms", "--reason", "Sai đơn vị", "--by", "Lê An"))
    before = records(bench.data_dir)
    again = good(bench.run("run", "--json"))
    assert {row["dataset"]: row["draft"] for row in again.json} == {ROOMS: None, BEDS: None}
    assert records(bench.data_dir) == before
    assert not (bench.data_dir / "releases" / ROOMS).exists()
    said = bench.run("approve", ROOMS)
    assert said.code == 6 and "no draft waits" in said.err
    log = (bench.data_dir / "drafts" / ROOMS / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in log] == ["made", "rejected"]
    assert json.loads(log[-1])["reason"] == "Sai đơn vị"


def test_rollback(bench):
    bench.table(BEDS).write_text("area,year,value\n48,2024,77\n")
    good(bench.run("run", BEDS))
    said = good(bench.run("rollback", BEDS, "--to", "1", "--reason", "Nguồn nhầm"))
    assert "release 3 has the content of release 1" in said.out
    assert sha(bench, f"releases/{BEDS}/3") == sha(bench, f"releases/{BEDS}/1")
    shown = page(bench, "site", f"{BEDS}.html").read_text()
    assert "Nguồn nhầm" in shown and "Quay về nội dung cũ" in shown
    assert offered(bench, BEDS) == published(bench, BEDS)
    before = records(bench.data_dir)
    good(bench.run("run", BEDS))
    assert records(bench.data_dir) == before
    said = bench.run("rollback", BEDS, "--to", "9")
    assert said.code == 6 and "no release 9" in said.err and records(bench.data_dir) == before


def test_withdrawal(bench, tmp_path):
    good(bench.run("approve", ROOMS))
    download = tmp_path / "download.csv"
    shutil.copy(bench.data_dir / f"site/datasets/{BEDS}/hospital_beds.csv", download)
    said = bench.run("withdraw", BEDS, "--reason", "x", "--successor", "hotel_room")
    assert said.code == 1 and "did you mean" in said.err
    assert bench.number(BEDS) == 1
    good(bench.run("withdraw", BEDS, "--reason", "Đếm hai lần", "--successor", ROOMS))
    folder = bench.data_dir / "site/datasets" / BEDS
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} == {".json", ".html", ".atom"}
    assert not any(path.name.startswith("hospital_beds") for path in kept)
    tombstone = page(bench, "site", f"{BEDS}.html").read_text()
    assert "Đếm hai lần" in tombstone and f"vi/{ROOMS}.html" in tombstone
    found = good(bench.run("verify", str(download)))
    assert "genuine" in found.out and "was withdrawn on" in found.out
    # Its declaration is still there: the run says what to do, and the others go on.
    again = bench.run("run")
    assert again.code == 3 and "its identifier is never used again" in again.err
    bench.declaration(BEDS).unlink()
    bench.suite(BEDS).unlink()
    before = records(bench.data_dir)
    good(bench.run("run"))
    assert records(bench.data_dir) == before
    shutil.rmtree(bench.data_dir / "site")
    good(bench.run("run"))
    assert "Đếm hai lần" in page(bench, "site", f"{BEDS}.html").read_text()


def test_what_was_decided_and_not_published_is_published_when_it_is_decided_again(bench):
    """A command is killed when it has recorded the decision: the next one is refused, as taken."""
    data_dir, at = DataDir(bench.data_dir), datetime.now(UTC)
    decisions.withdraw(data_dir, BEDS, "Lê An", "Đếm hai lần", None, at)
    drafts.approve(data_dir, ROOMS, None, "Lê An", at)
    ledgers = [data_dir.ledger(dataset) for dataset in (BEDS, ROOMS)]
    entered = [path.read_bytes() for path in ledgers]
    for path, lines in zip(ledgers, entered, strict=True):  # killed before it entered the release
        path.write_bytes(b"".join(lines.splitlines(keepends=True)[:-1]))
    folder = bench.data_dir / "site/datasets" / BEDS
    assert (folder / "hospital_beds.csv").exists()
    said = bench.run("withdraw", BEDS, "--reason", "Đếm hai lần", "--by", "Lê An")
    assert said.code == 3 and "was withdrawn on" in said.err
    assert not (folder / "hospital_beds.csv").exists()
    assert "Đếm hai lần" in page(bench, "site", f"{BEDS}.html").read_text()
    assert not page(bench, "site", f"{ROOMS}.html").exists()
    said = bench.run("approve", ROOMS, "--by", "Lê An")
    assert said.code == 6 and "no draft waits" in said.err
    assert offered(bench, ROOMS) == published(bench, ROOMS)
    assert not page(bench, "preview", f"{ROOMS}.html").exists()
    assert [path.read_bytes() for path in ledgers] == entered
    proof = next((bench.data_dir / "site/datasets" / ROOMS).rglob("origins.parquet"))
    record = ledger.entries(data_dir, ROOMS)[1].sha256.encode()
    assert any(record in value for value in pq.read_metadata(proof).metadata.values())
    before = records(bench.data_dir)
    bench.run("approve", ROOMS)
    assert records(bench.data_dir) == before


def test_another_run_at_work(bench):
    with DataDir(bench.data_dir).run_lock():
        said = bench.run("approve", ROOMS)
    assert said.code == 7 and not (bench.data_dir / "releases" / ROOMS).exists()
