"""Files are whole or not there, and the disk's errors say what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from model.errors import PortalError, StoreError
from model.util.disk import atomic_write, disk_errors, write_if_changed


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    with atomic_write(target) as aside:
        aside.write_text("old")
        assert not target.exists()
    with pytest.raises(ZeroDivisionError), atomic_write(target) as aside:
        aside.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_what_this_process_left_in_staging_before_is_no_hindrance(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    (tmp_path / f".secret.{os.getpid()}").write_text("left, and readable by all")
    with atomic_write(target) as aside:
        aside.touch(mode=0o600, exist_ok=False)
        aside.write_text("mine")
    assert target.stat().st_mode & 0o777 == 0o600


def test_it_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file"
    there = []
    monkeypatch.setattr("model.util.disk.os.fsync", lambda _: there.append(target.exists()))
    write_if_changed(target, "text")
    assert there == [False, True], "the file before it is renamed, then its name in the folder"
    assert target.read_text() == "text"


def test_an_equal_file_is_left_untouched(tmp_path: Path) -> None:
    target = tmp_path / "file"
    assert write_if_changed(target, "Đà Nẵng")
    first = target.stat().st_ino
    assert not write_if_changed(target, "Đà Nẵng".encode())
    assert target.stat().st_ino == first
    assert write_if_changed(target, b"other")


def test_the_disks_errors_say_where_and_what_to_do(tmp_path: Path) -> None:
    disk_full = pytest.raises(StoreError, match=f"{tmp_path}: the disk is full\n.*free some space")
    with disk_full, disk_errors(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    (tmp_path / "file").touch()
    with pytest.raises(PortalError, match="a file stands where a folder is needed"):
        write_if_changed(tmp_path / "file" / "inner", "text", PortalError)
