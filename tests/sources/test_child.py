"""A file that takes over or ends the process that reads it harms nothing else."""

from __future__ import annotations

import os
import random
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from model.errors import ReadError
from sources.formats.child import call
from sources.formats.workbook.sheets import open_sheet
from tests.fixtures.sources import zipped
from tests.sources import children

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and namespaces are Linux's")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "input"
    path.parent.mkdir()
    path.write_text("content", "utf-8")
    (tmp_path / "secret").write_text("secret", "utf-8")
    return path


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another server, whose children have 1.6 GB and a second."""
    for name, value in (("MAX_WORKBOOK_MEMORY", 1_600_000_000), ("MAX_WORKBOOK_SECONDS", 1)):
        monkeypatch.setenv(f"OPENINDICATORS_{name}", str(value))
        monkeypatch.setattr(call, name, value)
    call._server.cache_clear()
    yield
    call._server.cache_clear()


def server() -> int:
    process = call._server(os.getpid()).process
    assert process is not None
    return process.pid


def test_each_file_has_a_child_of_its_own_and_all_the_same_server(file: Path) -> None:
    assert children.text_of(file, "a") == "content"
    first = server()
    file.write_text("other", "utf-8")
    assert children.text_of(file, "a") == "other"  # the first is not remembered
    assert server() == first != os.getpid()


def test_a_readers_error_comes_through_without_control_characters(file: Path) -> None:
    with pytest.raises(ReadError) as caught:
        children.refuse(file, "a.xlsx")
    assert (caught.value.what, caught.value.where, caught.value.todo) == (
        "is [31mno table", "a.xlsx", "ask",
    )


@pytest.mark.parametrize(("code", "says"), [
    (3, r"a\.xlsx: ended the process that read it \(exit code 3\)"),
    (-11, r"a\.xlsx: ended the process that read it \(SIGSEGV"),
    (0, r"a\.xlsx: ended the process that read it \(no answer\)"),
])
def test_a_crash_of_the_parser_names_the_file_and_the_next_is_read(
    file: Path, code: int, says: str
) -> None:
    with pytest.raises(ReadError, match=says):
        children.end(file, "a.xlsx", code)
    assert children.text_of(file, "a") == "content"


def test_a_bug_of_a_reader_is_shown(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    call._server.cache_clear()  # the next one writes where this test looks
    with pytest.raises(ReadError, match="exit code 1"):
        children.fail(file, "a.xlsx")
    assert "KeyError: 'a.xlsx'" in capfd.readouterr().err
    call._server.cache_clear()


def test_what_is_no_result_is_none(file: Path) -> None:
    with pytest.raises(ReadError, match="other than"):
        children.lie(file, "a.xlsx")
    with pytest.raises(ReadError, match="other than"):
        children.columns(file, "a.xlsx")


def test_memory_and_time_are_limited(file: Path, limits: None) -> None:
    with pytest.raises(ReadError, match=r"a\.xlsx: takes more than 1600000000 bytes of memory"):
        children.fill_memory(file, "a.xlsx")
    with pytest.raises(ReadError, match=r"a\.xlsx: takes more than 1 seconds"):
        children.compute(file, "a.xlsx")


@LINUX
@pytest.mark.parametrize("name", children.ATTEMPTS)
def test_nothing_but_the_input_is_within_reach(file: Path, name: str) -> None:
    assert children.attempt(file, "a", name), f"{name} was possible"
    assert file.read_text("utf-8") == "content" and not (file.parent.parent / "written").exists()
    assert children.text_of(file, "a") == "content"


def test_no_secret_is_handed_to_the_child(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENINDICATORS_CKAN_TOKEN", "secret")
    call._server.cache_clear()
    assert "OPENINDICATORS_CKAN_TOKEN" not in children.environment(file, "a")


def test_the_server_ends_with_the_process_that_started_it(file: Path) -> None:
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        children.text_of(file, "a")
        os.write(writer, str(server()).encode())
        os._exit(0)
    os.waitpid(process, 0)
    found = int(os.read(reader, 20))
    for _ in range(200):
        if not Path(f"/proc/{found}").exists():
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


# --- Workbooks


def workbook(path: Path, **members: bytes) -> Path:
    """Write a workbook with other members, by their names without folder and ending."""
    book = openpyxl.Workbook()
    book.active.append(["a", 1])
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    found["xl/sharedStrings.xml"] = b"<sst></sst>"
    path.write_bytes(zipped({
        name: members.get(Path(name).stem, content) for name, content in found.items()
    }))
    return path


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">""" + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]><worksheet><sheetData><row r='1'><c r='A1'><v>&j;</v></c></row></sheetData></worksheet>"


def test_a_workbook_that_is_a_zip_bomb(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", sheet1=b" " * 300_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ReadError, match=r"a\.xlsx: would unpack"):
        open_sheet(path, "a.xlsx")


def test_a_billion_laughs(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", sheet1=LAUGHS)
    with pytest.raises(ReadError, match=r"a\.xlsx.*(entit|DOCTYPE|document type)"):
        open_sheet(path, "a.xlsx")


def test_a_table_of_shared_texts_without_end(tmp_path: Path, limits: None) -> None:
    """Within the limits of archives it asks for more memory than the child may have."""
    noise = random.Random(1).randbytes(600_000).hex().encode()  # keeps the archive's ratio
    texts = b"<sst><si><t>" + noise + b"</t></si>" + b"<si><t>a</t></si>" * 5_000_000 + b"</sst>"
    path = workbook(tmp_path / "a.xlsx", sharedStrings=texts)
    with pytest.raises(ReadError, match=r"^a\.xlsx: (ended the process|takes more than)"):
        open_sheet(path, "a.xlsx")
    assert open_sheet(workbook(tmp_path / "b.xlsx"), "b.xlsx").height == 1
