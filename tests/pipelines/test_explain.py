"""Where a figure comes from: places in the bytes of every format, refusals, and what is withheld.

The walks over the sample's releases are in test_sample_run.py, which has run it.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.declarations.source import Source
from model.errors import OpenIndicatorsError
from model.records.snapshot import Part
from model.reference.registries import Licence
from pipelines.cli.proof import explain as command
from pipelines.explain import excerpts
from pipelines.explain.excerpts import excerpts_of
from pipelines.explain.origins import names_somebody
from pipelines.explain.walk import _Part, find_cell
from sources.connectors.options.files import FilesOptions
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row

PX = (
    'CHARSET="ANSI";\nAXIS-VERSION="2013";\nTITLE="t";\nSTUB="area";\nHEADING="year";\n'
    'VALUES("area")="a","b";\nVALUES("year")="2019","2020";\nDATA=\n1.5 2\n".." 40;\n'
)
SDMX = (
    '<m:StructureSpecificData xmlns:m="u"><m:DataSet><Series A="x">'
    '<Obs TIME_PERIOD="2019" OBS_VALUE="1.5"/><g:Obs TIME_PERIOD="2020"><v>40</v></g:Obs>'
    "</Series></m:DataSet></m:StructureSpecificData>"
)


@pytest.mark.parametrize(
    ("name", "text", "number", "kind", "found"),
    [
        ("a.csv", "x,y\r\n1,2\r\n3,4", 3, "line", "3,4"),
        ("a.csv", '\ufeffx,y\n"1\n1",2\n3,4\n', 2, "line", '"1\n1",2'),
        ("a.csv", '\ufeffx,y\n"1\n1",2\n3,4\n', 1, "line", "x,y"),
        ("a.csv", "x\r1\r2\r", 2, "line", "1"),
        ("a.json", '[{"a": 1}, {"a": 1}, {"a": 2}]', 3, "record", '{"a": 2}'),
        ("a.json", '[{"page": 1}, [{"a": 1},{"a": 1}]]', 2, "record", '{"a": 1}'),
        ("a.json", '{"x": {"rows": [{"a": 7}]}}', 1, "record", '{"a": 7}'),
        ("a.json", '{"result": {"records": [{"a": 7}]}}', 1, "record", '{"a": 7}'),
        ("a.json", '{"dimension": {}, "value": [1.10, null, 3]}\0', 1, "cell", "1.10"),
        ("a.json", '{"dimension": {}, "value": {"0": 5, "2": 6}}', 3, "cell", "6"),
        ("a.jsonl", '{"a": 1}\n{"a": 2}\n', 2, "line", '{"a": 2}'),
        ("a.px", PX, 4, "cell", "40"),
        ("a.px", PX, 3, "cell", '".."'),
        ("a.xml", SDMX, 1, "observation", '<Obs TIME_PERIOD="2019" OBS_VALUE="1.5"/>'),
        ("a.xml", SDMX, 2, "observation", '<g:Obs TIME_PERIOD="2020"><v>40</v></g:Obs>'),
    ],
)
def test_a_row_is_a_stretch_of_bytes(
    tmp_path: Path, name: str, text: str, number: int, kind: str, found: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    options = FilesOptions(files=(name,), path="x.rows") if '"rows"' in text else None
    excerpts = excerpts_of(path, options)
    assert excerpts is not None and excerpts.kind == kind
    at = excerpts.at(number)
    assert at is not None and at.text == found
    assert path.read_bytes()[at.offset : at.offset + len(at.data)] == at.data
    assert excerpts.at(0) is None and excerpts.at(1000) is None


def _opened(path: Path, **options: Any) -> _Part:
    part = Part(name=path.name, url="", sha256=sha256(path.read_bytes()).hexdigest(), bytes=1)
    return _Part(part, path, Source(protocol="files", options={"files": [path.name], **options}))


@given(data=st.binary().map(lambda data: bytes(b'ab"\n\r'[each % 5] for each in data)))
def test_lines_are_found_by_blocks(data: bytes) -> None:
    """As splitting the whole file finds them, wherever a block ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(excerpts, "_BLOCK", 3)
        end = b"\n" if b"\n" in data or b"\r" not in data else b"\r"
        lines = [line + end for line in data.split(end)]
        lines[-1] = lines[-1].removesuffix(end)
        found = excerpts.Lines(data)
        for number in range(1, len(lines) + 1 - (not lines[-1])):
            last = next((
                last for last in range(number, len(lines))
                if b"".join(lines[number - 1 : last]).count(b'"') % 2 == 0
            ), len(lines))
            at = found.at(number)
            assert at is not None
            assert at.data == b"".join(lines[number - 1 : last])
            assert at.offset == len(b"".join(lines[: number - 1]))
        assert found.at(0) is None and found.at(len(lines) + 1) is None


def test_the_cell_of_a_workbook_is_its_xml(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Số liệu"
    for cells in (["Bảng 1"], ["area", "2019", "2020"], ["Đà Nẵng", 12.5, 12.5], ["Huế", 3, 4]):
        sheet.append(cells)
    book.save(tmp_path / "a.xlsx")
    shown = _opened(tmp_path / "a.xlsx", header=2)
    raw = shown.raw(3)
    place = shown.place(3, "2020", raw)
    assert raw["2020"] == "12.5" and place["reference"] == "Số liệu!C3"
    assert place["text"].startswith('<c r="C3"') and "12.5" in place["text"]
    around = shown.source(3)
    assert around["header"] == [(2, "area | 2019 | 2020")]
    assert around["after"] == [(4, "Huế | 3 | 4")]


def test_nothing_is_shown_of_bytes_that_do_not_have_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"v": 1}, {"v": 2}]))
    shown = _opened(tmp_path / "a.json")
    assert shown.place(2, "v", {"v": "2"})["text"] == '{"v": 2}'
    assert "text" not in shown.place(2, "v", {"v": "7"})


@pytest.mark.parametrize(("text", "found"), [
    ("", False), ("khu vực,năm\nĐà Nẵng,2024\n", False), ("a\n\nĐà Nẵng, lan@example.org\n", True),
])
def test_a_text_of_many_lines_names_somebody_or_nobody(text: str, found: bool) -> None:
    assert names_somebody(text) == found


def test_a_key_must_name_one_figure(tmp_path: Path) -> None:
    rows = [row(ref_area=area) for area in ("48", "01")]
    stored: Any = make_release(tmp_path / "1", dataset(), rows)
    assert find_cell(stored, {"ref_area": "48"})["ref_area"] == "48"
    with pytest.raises(OpenIndicatorsError, match="2 figures") as several:
        find_cell(stored, {"time_period": rows[0]["time_period"]})
    assert "ref_area=01|48" in str(several.value)
    with pytest.raises(OpenIndicatorsError, match="no figure has this key"):
        find_cell(stored, {"ref_area": "99"})
    with pytest.raises(OpenIndicatorsError, match="no column 'area'"):
        find_cell(stored, {"area": "48"})


@pytest.mark.parametrize(
    ("cell", "release", "key"),
    [
        (["https://x/vi/figure.html?dataset=a%2Fb&release=3&indicator=I&sex="], 3,
         {"indicator": "I"}),
        (["a/b", "I", "48", "2020", "sex=F"], None,
         {"indicator": "I", "ref_area": "48", "time_period": "2020", "sex": "F"}),
    ],
)
def test_an_address_or_its_parts_name_a_figure(
    cell: list[str], release: int | None, key: dict[str, str]
) -> None:
    assert command._parsed(cell) == ("a/b", release, key)


@pytest.mark.parametrize("cell", [["a/b"], ["a/b", "I", "48"], ["a/b", "I", "48", "2020", "F"]])
def test_what_names_no_figure_is_refused(cell: list[str]) -> None:
    with pytest.raises(OpenIndicatorsError, match="no address of a figure"):
        command._parsed(cell)


def test_a_licence_says_whether_rows_of_the_file_may_be_shown() -> None:
    words: Any = {"id": "X", "title": {"vi": "x", "en": "x"}, "url": "https://example.org"}
    assert Licence(**words, open=True).shows_excerpts
    assert not Licence(**words, open=False).shows_excerpts
    assert Licence(**words, open=False, excerpts=True).shows_excerpts
    known = registries().licences
    assert not known["NONE-STATED"].shows_excerpts and known["VN-OFFICIAL"].shows_excerpts
