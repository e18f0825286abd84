"""The encodings from before Unicode: every letter, real files, and what they refuse."""

from __future__ import annotations

import codecs
import contextlib
import unicodedata
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.errors import ReadError
from sources.base import SourceFile
from sources.connectors import files
from sources.formats.legacy_vietnamese import (
    LETTERS,
    SINGLE_BYTES,
    VIETNAMESE_ENCODINGS,
    VNI,
    decoded,
    decoded_cell,
)
from sources.formats.workbook.cells import column_letters
from tests.fixtures.datasets import real_files


@pytest.fixture(name="corpus")
def _corpus() -> Path:
    return real_files("vietnam")


def read(path: Path, **options: Any) -> list[dict[str, Any]]:
    checked = files.Options.model_validate({"files": [path.name], **options})
    parts = [SourceFile(path.name, path, f"file:{path.name}")]
    return pa.Table.from_batches(files.read(parts, checked)).to_pylist()


def written(text: str, encoding: str) -> bytes:
    """Write text as the encoding does, from its table turned round."""
    if encoding == "windows-1258":
        return b"".join(_with_tone_apart(each) for each in text)
    if encoding == "vni":
        return "".join(VNI.get(each, each) for each in text).encode("latin-1")
    codes = {letter: byte for byte, letter in SINGLE_BYTES[encoding].items()}
    return bytes(codes[each] for each in text)


def _with_tone_apart(letter: str) -> bytes:
    try:
        return letter.encode("cp1258")
    except UnicodeEncodeError:
        vowel, *marks = unicodedata.normalize("NFD", letter)
        tone = next(mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323")
        rest = vowel + "".join(mark for mark in marks if mark != tone)
        return unicodedata.normalize("NFC", rest).encode("cp1258") + tone.encode("cp1258")


# --- The letters


def test_the_letters_are_134() -> None:
    assert len(set(LETTERS)) == len(LETTERS) == 134
    assert {each.lower() for each in LETTERS} <= set(LETTERS)
    assert all(unicodedata.is_normalized("NFC", each) and len(each) == 1 for each in LETTERS)


@pytest.mark.parametrize("encoding", ["tcvn-5712", "vni", "viscii", "windows-1258"])
def test_every_letter_survives(encoding: str) -> None:
    codes = [written(letter, encoding) for letter in LETTERS]
    assert len(set(codes)) == 134
    back = [decoded(code.decode("latin-1"), encoding) for code in codes]
    assert back == list(LETTERS)
    line = "".join(f"a{letter}e " for letter in LETTERS)
    assert decoded(written(line, encoding).decode("latin-1"), encoding) == line


def test_the_abc_fonts_have_no_code_for_44_capitals() -> None:
    having = [letter for letter in LETTERS if letter in SINGLE_BYTES["tcvn3"].values()]
    missing = set(LETTERS) - set(having)
    assert (len(having), len(missing)) == (90, 44)
    assert all(letter.isupper() for letter in missing)
    assert not missing & set("ĂÂÊÔƠƯĐ")
    for letter in having:
        assert decoded(written(letter, "tcvn3").decode("latin-1"), "tcvn3") == letter
    assert decoded("\x93C\xe1\x94", "tcvn3") == "“Cỏ”"


def test_marks_on_their_own_are_composed() -> None:
    assert decoded("a\xb3", "tcvn3") == "á"
    assert decoded("ê\xcc", "windows-1258") == "ề"


@given(st.text(st.sampled_from(LETTERS + tuple("abcdeiouyAEIOUY .,-")), max_size=30))
@settings(max_examples=200, deadline=None)
def test_every_text_survives(text: str) -> None:
    for encoding in ("tcvn-5712", "vni", "viscii", "windows-1258"):
        assert decoded(written(text, encoding).decode("latin-1"), encoding) == text


@given(st.binary(max_size=40), st.sampled_from(VIETNAMESE_ENCODINGS))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_text_or_refused(content: bytes, encoding: str) -> None:
    try:
        text = decoded(content.decode("latin-1"), encoding)
    except UnicodeError:
        return
    assert unicodedata.is_normalized("NFC", text)


@given(st.text(max_size=20), st.sampled_from(VIETNAMESE_ENCODINGS))
@settings(max_examples=300, deadline=None)
def test_any_cell_is_text_or_refused(cell: str, encoding: str) -> None:
    with contextlib.suppress(UnicodeError):
        assert unicodedata.is_normalized("NFC", decoded_cell(cell, encoding))


def test_the_error_that_makes_thong_of_thang() -> None:
    """Only TCVN3 turns the á of Unicode into ỏ; its true ỏ stays, so nothing can undo it."""
    makes = {
        encoding
        for encoding in VIETNAMESE_ENCODINGS
        if encoding != "vni" and decoded("Tháng", encoding) == "Thỏng"
    }
    assert makes == {"tcvn3", "tcvn-5712"}
    with pytest.raises(UnicodeError, match="follows no letter"):
        decoded("Tháng", "vni")


# --- Files


@pytest.mark.parametrize("encoding", VIETNAMESE_ENCODINGS)
def test_csv_in_each_encoding(tmp_path: Path, encoding: str) -> None:
    text = 'đơn vị,"giá\ntrị"\nĐà Nẵng,"1,5"\nThừa Thiên - Huế,2\n'
    (tmp_path / "a.csv").write_bytes(written(text.replace("\n", "\r\n"), encoding))
    rows = read(tmp_path / "a.csv", encoding=encoding)
    assert [(row["đơn vị"], row["giá trị"], row["_row"]) for row in rows] == [
        ("Đà Nẵng", "1,5", 3),
        ("Thừa Thiên - Huế", "2", 4),
    ]


def test_a_byte_that_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\n3,\xe4\n")
    with pytest.raises(ReadError, match=r"a\.csv:3: is not vni"):
        read(tmp_path / "a.csv", encoding="vni")
    with pytest.raises(ValidationError, match="nor tcvn3, tcvn-5712, vni"):
        read(tmp_path / "a.csv", encoding="tcvn")


def test_python_s_own_codec_agrees(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\nhu\xea\xec\n")
    for name in ("windows-1258", "cp1258", "CP1258"):
        (row,) = read(tmp_path / "a.csv", encoding=name)
        assert row["a"] == "huế" == unicodedata.normalize("NFC", b"hu\xea\xec".decode("cp1258"))
    assert codecs.lookup("windows-1258").name == "cp1258"


def test_columns_of_a_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["Tªn", "Nom"], ["§µ N½ng", "Côte d'Ivoire"], ["– HuÕ", "Hué"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    rows = read(tmp_path / "a.xlsx", legacy_text="tcvn3", legacy_columns=["A"])
    assert [(row["Tên"], row["Nom"]) for row in rows] == [
        ("Đà Nẵng", "Côte d'Ivoire"),
        ("– Huế", "Hué"),
    ]
    with pytest.raises(ReadError, match=r"xlsx:3, A: a cell is not vni"):
        read(tmp_path / "a.xlsx", legacy_text="vni", legacy_columns=["A"])
    with pytest.raises(ValidationError, match="`legacy_text` must say which"):
        read(tmp_path / "a.xlsx", legacy_columns=["A"])
    with pytest.raises(ValidationError, match="no column of a sheet"):
        read(tmp_path / "a.xlsx", legacy_text="tcvn3", legacy_columns=["Tên"])
    with pytest.raises(UnicodeError, match="'ạ' is a character of Unicode already"):
        decoded_cell("ạ", "tcvn3")
    (tmp_path / "b.csv").write_text("a\n1\n")
    with pytest.raises(ReadError, match=r"`legacy_text` applies to workbooks\n.*`encoding`"):
        read(tmp_path / "b.csv", legacy_text="tcvn3")


def test_letters_of_columns() -> None:
    assert [column_letters(n) for n in (1, 26, 27, 52, 53, 702, 703, 16_384)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
        "XFD",
    ]


# --- The real files


@pytest.mark.corpus
def test_one_text_in_two_encodings(corpus: Path) -> None:
    texts = {
        name: decoded((corpus / "encodings" / f"{name}.txt").read_bytes().decode("latin-1"), name)
        for name in ("viscii", "windows-1258")
    }
    assert texts["viscii"] == texts["windows-1258"]
    assert texts["viscii"].startswith("Chữ Quốc ngữ là hệ chữ viết thống nhất chính thức")
    for name, text in texts.items():
        path = corpus / "encodings" / f"{name}.txt"
        rows = read(path, encoding=name, header=0, names=["text"], delimiter="|")
        assert [row["text"] for row in rows] == text.splitlines()


@pytest.mark.corpus
def test_the_yearbook_of_2002(corpus: Path) -> None:
    folder = corpus / "gso_yearbook_2002_tcvn3"
    layout = {"header": 0, "names": ["a", "b", "c", "d", "e"], "legacy_text": "tcvn3"}
    rows = read(folder / "1DSLD2002.xls", sheet="dvhchinh02", **layout)
    texts = {row["_row"]: row["a"] for row in rows}
    assert texts[1] == "1. Số đơn vị hành chính có đến 31/12/2002 phân theo vùng(*)"
    assert texts[21] == "Duyên hải Nam Trung Bộ"
    found = read(folder / "1DSLD2002.xls", sheet="tyleTN", **{**layout, "names": [*"abcdef"]})
    cities = {row["b"].strip(): row["f"] for row in found if row["_row"] > 20}
    assert (cities["Hà Nội"], cities["Đà Nẵng"]) == ("7.08", "5.3")


@pytest.mark.corpus
def test_every_sheet_of_the_yearbook(corpus: Path) -> None:
    """Every cell of every sheet decodes, and no letter of the old code is left."""
    from python_calamine import CalamineWorkbook

    cells, changed, words = 0, 0, set()
    for path in sorted((corpus / "gso_yearbook_2002_tcvn3").glob("*.xls")):
        book = CalamineWorkbook.from_path(str(path))
        for sheet in book.sheet_names:
            for row in book.get_sheet_by_name(sheet).to_python():
                for cell in filter(lambda each: isinstance(each, str) and each, row):
                    text = decoded_cell(cell, "tcvn3")
                    cells, changed = cells + 1, changed + (text != cell)
                    words.update(text.split())
                    assert all(each.isascii() or each in LETTERS for each in text), text
    assert (cells, changed) == (696, 400)
    assert {"Tổng", "số", "Đà", "Nẵng", "Đường", "Nghìn", "Sơ", "bộ-", "nghiệp"} <= words
