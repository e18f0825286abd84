"""Append-only logs: a record is a line; what a crash leaves is set aside, not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import StoreError
from model.records.incident import Notified
from warehouse.store.atomic import append_log, read_log

NOW = "2026-01-01T00:00:00Z"


def record(cause: str) -> Notified:
    return Notified.model_validate({"cause": cause, "datasets": ["a/b"], "since": NOW})


def causes(path: Path) -> list[str]:
    return [item.cause for item in read_log(path, Notified, "the log", "restore it")]


def test_appending_leaves_the_earlier_bytes_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "log.jsonl"
    assert causes(path) == []
    append_log(path, [record("one")])
    before, number = path.read_bytes(), path.stat().st_ino
    append_log(path, [record("two"), record("three")])
    assert path.read_bytes().startswith(before) and path.stat().st_ino == number
    assert causes(path) == ["one", "two", "three"]


@pytest.mark.parametrize("torn", [b'{"cause": "tw', b"\0\0\0\0"])
def test_a_torn_last_line_is_ignored_then_set_aside(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "log.jsonl"
    append_log(path, [record("one")])
    with path.open("ab") as file:
        file.write(torn)
    assert causes(path) == ["one"]
    append_log(path, [record("three")])
    assert causes(path) == ["one", "three"]
    assert (tmp_path / "log.jsonl.torn").read_bytes() == torn + b"\n"


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_log(path, [record("one")])
    path.write_bytes(path.read_bytes() + b"{}\n")
    with pytest.raises(StoreError, match=r"log\.jsonl:2: the log cannot be read"):
        causes(path)
