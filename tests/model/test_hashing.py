"""Checksums of files are known until the file is written to."""

from __future__ import annotations

from pathlib import Path

from model.util import hashing


def test_a_file_that_is_written_again_and_again_is_known_once(tmp_path: Path) -> None:
    file, before = tmp_path / "a.txt", len(hashing._known)
    for number in range(5):
        file.write_text("a" * number)
        assert hashing.sha256_once(file) == hashing.sha256_file(file)
    assert len(hashing._known) == before + 1
