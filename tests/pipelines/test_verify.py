"""`openindicators verify` says what it can know, and by which exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.records.release import FileRecord
from model.util.hashing import sha256_file
from pipelines.cli import verify as command


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
    monkeypatch.setattr(command, "_records", lambda _: iter(records))
    assert command.verify(file, None, as_json=False) == code
    assert said in capsys.readouterr().out
    assert command.verify(file, None, as_json=True) == code
