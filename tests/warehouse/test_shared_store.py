"""The shared store: data folders of several machines, one bucket."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from model.errors import BusyError, OpenIndicatorsError, StoreError
from model.util import bucket as util_bucket
from model.util.bucket import Bucket
from model.util.hashing import sha256_bytes
from tests.fixtures.bucket import BUCKET, bucket, s3_server  # noqa: F401 (fixtures)
from tests.fixtures.commands import openindicators, records
from tests.warehouse import test_packs
from warehouse.store import ledger, packing, packs
from warehouse.store.data_dir import DataDir
from warehouse.store.shared_store import SharedStore
from warehouse.store.snapshots import latest

DATASET = "tourism/visitors"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def machine(folder: Path, address: str) -> DataDir:
    """Return the data folder of one machine."""
    return DataDir(folder, SharedStore(Bucket(address)))


def release(data_dir: DataDir, content: str, number: int | None = None) -> int:
    """Commit the next release, as a step does: under the dataset's lock."""
    with data_dir.dataset_lock(DATASET):
        return _commit(data_dir, content, number)


def _commit(data_dir: DataDir, content: str, number: int | None = None) -> int:
    number = number or ledger.next_number(data_dir, DATASET)
    folder = data_dir.releases(DATASET) / str(number)
    folder.mkdir(parents=True)
    (folder / "data.parquet").write_text(content)
    (folder / "release.json").write_text(json.dumps({"content": content, "number": number}))
    log = data_dir.ledger(DATASET)
    log.parent.mkdir(parents=True, exist_ok=True)
    entry = ledger.LedgerEntry(
        number=number, issued=EPOCH + timedelta(number),
        sha256=sha256_bytes((folder / "release.json").read_bytes()),
    )
    ledger.append_log(log, [entry])
    return number


def contents(data_dir: DataDir) -> dict[str, str]:
    """Return the content of each release."""
    return {
        path.parent.name: path.read_text()
        for path in sorted(data_dir.releases(DATASET).glob("*/data.parquet"))
    }


def objects(folder: str) -> dict[str, str]:
    """Return name and ETag of the objects of a folder of the bucket."""
    return dict(Bucket(f"s3://{BUCKET}/{folder}").etags(""))


def visible(site: Path) -> set[str]:
    """Return the files of a site."""
    paths = (path.relative_to(site) for path in site.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not any(p.startswith(".") for p in path.parts)}


@pytest.fixture
def two(tmp_path: Path, bucket: str) -> tuple[DataDir, DataDir]:  # noqa: F811
    return machine(tmp_path / "a", bucket), machine(tmp_path / "b", bucket)


def test_a_run_on_one_machine_goes_on_on_another(tmp_path: Path, bucket: str) -> None:  # noqa: F811
    settings = {
        "OPENINDICATORS_SHARED_STORE": bucket, "SOURCE_DATE_EPOCH": "1767225600",
        "OPENINDICATORS_SITE_BUCKET": f"s3://{BUCKET}/site",
        **{name: os.environ[name] for name in os.environ if name.startswith("AWS_")},
    }
    first = openindicators(tmp_path / "a", "run", "tourism/visitors", **settings)
    assert first.code == 0, first.err
    client = boto3.client("s3")
    served = client.get_object(Bucket=BUCKET, Key=f"site/en/{DATASET}.html")
    assert served["ContentType"] == "text/html; charset=utf-8"
    put = objects("site/")
    assert set(put) - {".uploaded.json"} == visible(tmp_path / "a/site")
    second = openindicators(tmp_path / "b", "run", "tourism/visitors", **settings)
    assert second.code == 0, second.err
    shared = ("releases", "snapshots", "ledger", "validation_log", "data_dir.json")

    def kept(folder: Path) -> dict[str, bytes]:
        return {
            name: content for name, (_, content) in records(folder).items()
            if name.startswith(shared)
        }

    assert kept(tmp_path / "b") == kept(tmp_path / "a")
    assert latest(DataDir(tmp_path / "b"), "tourism/visitors") is not None
    assert objects("site/") == put, "the site of the second machine is the same"
    wrong = openindicators(tmp_path / "c", "run", "finance/gdp", "--profile", "live", **settings)
    assert wrong.code == 6
    assert "holds the records of profile 'sample'" in wrong.err


def test_each_machine_sees_what_the_other_has_committed(two: tuple[DataDir, DataDir]) -> None:
    a, b = two
    assert release(a, "first") == 1
    assert release(b, "second") == 2
    assert contents(b) == {"1": "first", "2": "second"}
    a.take_news()
    assert contents(a) == contents(b)
    assert a.shared is not None
    assert a.shared.news(a.root) == []


def test_of_two_releases_at_once_one_is_committed_and_nothing_is_lost(
    two: tuple[DataDir, DataDir]
) -> None:
    a, b = two
    release(a, "first")
    with pytest.raises(BusyError, match="another machine") as caught, b.dataset_lock(DATASET):
        assert release(a, "from a") == 2
        assert _commit(b, "from b") == 2
    assert contents(b) == contents(a) == {"1": "first", "2": "from a"}
    aside = Path(str(caught.value.todo).rpartition(" is in ")[2])
    assert (aside / f"releases/{DATASET}/2/data.parquet").read_text() == "from b"
    assert release(b, "from b") == 3


def test_what_one_machine_packs_is_packed_on_the_other(
    two: tuple[DataDir, DataDir], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    bucket: str,  # noqa: F811
) -> None:
    """A new machine has it from the bucket, as has one whose pack was lost; both go on with it."""
    monkeypatch.setattr(packing, "WORTH", 1)
    a, b = two
    c = machine(tmp_path / "c", bucket)
    with a.dataset_lock(test_packs.ID):
        expected = test_packs.some(a, 3)
    b.take_news()
    assert packing.pack_all(a) == 2 and packs.remove_packed(a, 0) == 2
    b.take_news()
    shutil.rmtree(b.packs(test_packs.ID))
    with b.dataset_lock(test_packs.ID):
        expected[4] = test_packs.released(test_packs.make(b, 4, {2000: (9.0, "")}))
    c.take_news()
    assert packing.pack_all(c) == 1 and packs.remove_packed(c, 0) == 2, "release 3, the first pack"
    for each in (a, b, c):
        each.take_news()
        assert [path.name for path in each.releases(test_packs.ID).iterdir()] == ["4"]
        assert [path.name for path in each.packs(test_packs.ID).iterdir()] == ["1-3"]
        assert test_packs.found(each) == expected


def test_other_files_of_a_dataset_are_merged(two: tuple[DataDir, DataDir]) -> None:
    a, b = two
    release(a, "first")
    with b.dataset_lock(DATASET):
        with a.dataset_lock(DATASET):
            _append(a.acceptances(DATASET), "a row that was accepted")
        assert _commit(b, "second") == 2
    a.take_news()
    assert contents(a) == {"1": "first", "2": "second"}
    assert b.acceptances(DATASET).read_text() == "a row that was accepted\n"


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(f"{line}\n")


def test_what_a_killed_process_left_is_committed_by_the_next(two: tuple[DataDir, DataDir]) -> None:
    a, b = two
    release(a, "first")
    _commit(a, "committed here, and killed before the store had it")
    with a.dataset_lock(DATASET):
        pass
    b.take_news()
    assert list(contents(b)) == ["1", "2"]


def test_what_a_killed_process_left_gives_way_to_a_commit_of_another(
    two: tuple[DataDir, DataDir], caplog: pytest.LogCaptureFixture
) -> None:
    a, b = two
    release(a, "first")
    _commit(a, "killed")
    release(b, "of the other")
    with a.dataset_lock(DATASET):
        assert contents(a) == {"1": "first", "2": "of the other"}
    assert "another machine has committed other records" in caplog.text
    assert [path.read_text() for path in a.root.glob("set_aside/**/data.parquet")] == ["killed"]


def test_a_lost_or_damaged_record_comes_back_and_is_not_spread(
    two: tuple[DataDir, DataDir], caplog: pytest.LogCaptureFixture
) -> None:
    a, b = two
    release(a, "first")
    release(a, "second")
    (a.releases(DATASET) / "1/data.parquet").write_text("altered")
    (a.releases(DATASET) / "2/data.parquet").unlink()
    with a.dataset_lock(DATASET):
        pass
    assert contents(a) == {"1": "first", "2": "second"}
    assert "restored from the shared store" in caplog.text
    b.take_news()
    assert contents(b) == contents(a)


def test_what_a_step_removes_is_removed_everywhere(two: tuple[DataDir, DataDir]) -> None:
    a, b = two
    with a.dataset_lock(DATASET):
        _append(a.drafts(DATASET) / "0a1b" / "data.parquet", "a draft")
    b.take_news()
    with a.dataset_lock(DATASET):
        (a.drafts(DATASET) / "0a1b" / "data.parquet").unlink()
    b.take_news()
    assert not (b.drafts(DATASET) / "0a1b").exists()


def test_an_object_with_other_bytes_is_refused(two: tuple[DataDir, DataDir]) -> None:
    a, b = two
    release(a, "first")
    key = f"city/objects/{sha256_bytes(b'first')}"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"forged")
    with pytest.raises(StoreError, match="other bytes than its name says"):
        b.take_news()
    assert contents(b) == {}


@pytest.mark.parametrize("path", ["../../etc/cron.d/x", "/etc/passwd", "releases/../../x"])
def test_a_manifest_writes_nothing_outside_the_data_folder(
    two: tuple[DataDir, DataDir], path: str
) -> None:
    a, b = two
    release(a, "first")
    text = json.dumps({"files": {path: sha256_bytes(b"first")}})
    client = boto3.client("s3")
    client.put_object(Bucket=BUCKET, Key=f"city/datasets/{DATASET}.json", Body=text.encode())
    with pytest.raises(StoreError, match="no file of a data folder"):
        b.take_news()


def test_a_damaged_manifest_is_refused(two: tuple[DataDir, DataDir]) -> None:
    a, b = two
    release(a, "first")
    client, key = boto3.client("s3"), f"city/datasets/{DATASET}.json"
    text = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    client.put_object(Bucket=BUCKET, Key=key, Body=text.replace(b"ledger", b"legder"))
    with pytest.raises(StoreError, match="manifest cannot be read"):
        b.take_news()


def test_a_store_that_cannot_be_reached_is_said_and_caught_up(
    two: tuple[DataDir, DataDir], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = two
    release(a, "first")
    address = os.environ["AWS_ENDPOINT_URL_S3"]
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with (
        pytest.raises(StoreError, match="cannot be reached"), a.dataset_lock(DATASET),
    ):
        _commit(a, "second")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
        util_bucket._client.cache_clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
    util_bucket._client.cache_clear()
    a.take_news()
    with a.dataset_lock(DATASET):
        pass
    b.take_news()
    assert contents(b) == {"1": "first", "2": "second"}


@pytest.mark.parametrize("address", ["/tmp/folder", "https://bucket.example.org", "s3://", "s3:x"])
def test_an_address_that_is_no_bucket_is_refused(address: str) -> None:
    with pytest.raises(OpenIndicatorsError, match="not the address of a bucket"):
        Bucket(address)


def _write_often(folder: Path, address: str, times: int) -> None:
    data_dir, done = machine(folder, address), 0
    while done < times:
        try:
            release(data_dir, f"{folder.name} {done}")
        except BusyError:
            continue
        done += 1


def test_several_machines_commit_at_once(tmp_path: Path, bucket: str) -> None:  # noqa: F811
    writers, times = 4, 4
    started = [
        multiprocessing.get_context("spawn").Process(
            target=_write_often, args=(tmp_path / f"machine {number}", bucket, times)
        )
        for number in range(writers)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        assert process.exitcode == 0
    reader = machine(tmp_path / "reader", bucket)
    reader.take_news()
    found = contents(reader)
    assert list(map(int, found)) and sorted(map(int, found)) == list(range(1, writers * times + 1))
    assert sorted(found.values()) == sorted(
        f"machine {number} {done}" for number in range(writers) for done in range(times)
    )
    entries = ledger.entries(reader, DATASET)
    for number, text in found.items():
        record = (reader.releases(DATASET) / number / "release.json").read_bytes()
        assert entries[int(number)].sha256 == sha256_bytes(record), text
