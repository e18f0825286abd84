"""The data folder: one profile's records; unfinished work is removed, live work never."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from model.errors import StoreError
from model.util.disk import staging_path
from warehouse.store.data_dir import DataDir

DATASET = "tourism/hotel_rooms"


def unfinished(data_dir: DataDir) -> list[Path]:
    """Leave staging folders as a killed process does: of this version, and of earlier ones."""
    target = data_dir.releases(DATASET) / "1"
    # 1 is a process in every pid namespace, 4194304 (the limit) in none.
    found = [staging_path(target), target.with_name(".1.1"), target.with_name(".1.4194304")]
    for path in found:
        path.mkdir(parents=True)
    return found


def test_unfinished_work_is_removed_whatever_its_process_number(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    left = unfinished(data_dir)
    with data_dir.run_lock():
        assert not any(path.exists() for path in left)


def test_work_of_another_pid_namespace_is_left_alone(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    left = unfinished(data_dir)
    script = (
        "import sys; from pathlib import Path; from warehouse.store.data_dir import DataDir\n"
        f"with DataDir(Path({str(tmp_path)!r})).dataset_lock({DATASET!r}):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout and process.stdin
        assert process.stdout.readline() == b"held\n"
        with data_dir.run_lock():
            assert all(path.exists() for path in left)
        process.stdin.close()
    with data_dir.run_lock():
        assert not any(path.exists() for path in left)


def test_a_folder_belongs_to_the_first_profile(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    assert data_dir.profile is None
    data_dir.claim("sample")
    data_dir.claim("sample")
    assert data_dir.profile == "sample"
    with pytest.raises(StoreError) as caught:
        data_dir.claim("live")
    assert "'sample'" in caught.value.what and "'live'" in caught.value.what
    assert "--profile sample" in caught.value.todo and "data-live" in caught.value.todo


def test_an_earlier_folder_is_migrated_where_its_snapshots_are_certain(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    folder = data_dir.snapshots(DATASET) / "abc"
    folder.mkdir(parents=True)
    (folder / "snapshot.json").write_text(json.dumps({"profile": "live"}))
    with pytest.raises(StoreError, match="profile 'live', not of 'sample'"):
        data_dir.claim("sample")
    data_dir.claim("live")


def test_an_earlier_folder_that_does_not_say_is_refused(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    folder = data_dir.snapshots(DATASET) / "abc"
    folder.mkdir(parents=True)
    (folder / "snapshot.json").write_text("{}")
    with pytest.raises(StoreError, match="does not record of which profile") as caught:
        data_dir.claim("sample")
    command = caught.value.todo.split("`")[1]
    subprocess.run(["sh", "-c", command], check=True)
    data_dir.claim("sample")


@pytest.mark.parametrize("answer", [None, errno.ENOSYS, errno.ENOLCK])
def test_a_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int | None
) -> None:
    """As NFS mounted with `nolock` answers: everybody gets the lock, or nobody."""

    def flock(descriptor: int, operation: int) -> None:
        if answer is not None and operation != fcntl.LOCK_UN:
            raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StoreError, match="keeps no locks"):
        DataDir(tmp_path / "data").prepare()


def test_what_a_killed_process_probed_the_folder_with_goes_later(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)  # found by `make soak`
    process = os.fork()
    if process == 0:
        Path.unlink = lambda *_: os._exit(0)  # type: ignore[method-assign]
        data_dir.prepare()
    os.waitpid(process, 0)
    left, = tmp_path.glob(".writable-*")
    os.utime(left, (0, 0))
    with data_dir.run_lock():
        assert not left.exists()


def test_a_folder_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    DataDir(tmp_path).claim("sample")
    record = tmp_path / "data_dir.json"
    record.write_text(json.dumps({"profile": "sample", "format": 999}))
    before = record.read_bytes()
    for refused in (lambda: DataDir(tmp_path).claim("sample"), DataDir(tmp_path).prepare):
        with pytest.raises(StoreError, match="written by a newer version"):
            refused()
    assert record.read_bytes() == before
