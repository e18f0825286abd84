"""PX files and the rarer JSON-stat: what is read, what is refused, and what others read."""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.errors import ReadError, SourceError
from sources.base import SourceFile
from sources.connectors.pxweb import v1
from sources.formats.cube.px import is_px
from tests.fixtures.datasets import SHARED, real_files

DATA = SHARED / "pxweb"


@pytest.fixture(name="corpus")
def _corpus() -> Path:
    return real_files("pxweb")


def rows_of(folder: Path, content: bytes | str, **options: Any) -> list[dict[str, Any]]:
    path = folder / "a.px"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return rows_at(path, **options)


def rows_at(path: Path, **options: Any) -> list[dict[str, Any]]:
    checked = v1.Options.model_validate({"files": [path.name], **options})
    batches = v1.read([SourceFile(path.name, path)], checked)
    return pa.Table.from_batches(batches).to_pylist()


def px(data: str = '1 2.50\n".." -4;', **changes: str) -> str:
    keywords = {
        "CHARSET": '"ANSI"',
        "AXIS-VERSION": '"2013"',
        "LANGUAGE": '"vi"',
        "LANGUAGES": '"vi","en"',
        "TITLE": '"Dân số; "\n"theo năm"',
        "STUB": '"Khu vực"',
        "HEADING": '"Năm"',
        "STUB[en]": '"Area"',
        "HEADING[en]": '"Year"',
        'VALUES("Khu vực")': '"Đà  Nẵng",\n"Thừa Thiên"\n" - Huế"',
        'VALUES("Năm")': '"2023","Sơ bộ 2024"',
        'VALUES[en]("Area")': '"Da Nang","Hue"',
        'CODES("Khu vực")': '"48","46"',
        'TIMEVAL("Năm")': 'TLIST(A1),"2023","2024"',
        'NOTE("Khu vực","Đà  Nẵng")': '"a (note)"',
        "DECIMALS": "1",
        "COPYRIGHT": "YES",
        **changes,
    }
    lines = "".join(f"{key}={value};\n" for key, value in keywords.items() if value)
    return f"{lines}DATA=\n{data}\n"


def test_a_table(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, px())
    assert rows[0] == {
        "khu_vuc": "Đà Nẵng",
        "khu_vuc_code": "48",
        "nam": "2023",
        "nam_code": "2023",
        "value": "1",
        "status": None,
        "_part": "a.px",
        "_row": 1,
    }
    assert [(r["khu_vuc"], r["nam"], r["nam_code"], r["value"], r["status"]) for r in rows] == [
        ("Đà Nẵng", "2023", "2023", "1", None),
        ("Đà Nẵng", "Sơ bộ 2024", "2024", "2.50", None),
        ("Thừa Thiên - Huế", "2023", "2023", None, ".."),
        ("Thừa Thiên - Huế", "Sơ bộ 2024", "2024", "-4", None),
    ]


def test_a_missing_last_semicolon(tmp_path: Path) -> None:
    whole = rows_of(tmp_path, px())
    assert rows_of(tmp_path, px('1 2.50\n".." -4')) == whole
    with pytest.raises(ReadError, match="3 values for 4 cells"):
        rows_of(tmp_path, px('1 2.50\n".."'))


def test_another_language(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, px(), language="en")
    assert [(r["area"], r["area_code"], r["year"]) for r in rows[::2]] == [
        ("Da Nang", "48", "2023"),
        ("Hue", "46", "2023"),
    ]
    assert rows_of(tmp_path, px(), language="vi") == rows_of(tmp_path, px())
    with pytest.raises(ReadError, match=r"is not in 'fr'; it is in en, vi"):
        rows_of(tmp_path, px(), language="fr")


def test_encodings(tmp_path: Path) -> None:
    text = px().replace("Thừa Thiên", "Hội An")
    expected = rows_of(tmp_path, text)
    assert rows_of(tmp_path, b"\xef\xbb\xbf" + text.encode()) == expected
    wrong = text.replace('CHARSET="ANSI"', 'CODEPAGE="iso-8859-15"')
    assert rows_of(tmp_path, wrong) == expected  # it is UTF-8, whatever it says
    latin = px(
        **{
            'VALUES("Khu vực")': "",
            'VALUES("K")': '"é","ü"',
            "STUB": '"K"',
            "STUB[en]": "",
            "HEADING[en]": "",
            'CODES("Khu vực")': "",
            'NOTE("Khu vực","Đà  Nẵng")': "",
            "TITLE": '"x"',
            "HEADING": '"N"',
            'VALUES("Năm")': "",
            'VALUES("N")': '"1","2"',
            'TIMEVAL("Năm")': "",
        }
    ).encode("latin-1")
    assert [row["k"] for row in rows_of(tmp_path, latin)] == ["é", "é", "ü", "ü"]
    cyrillic = latin.replace(b'CHARSET="ANSI"', b'CODEPAGE="windows-1251"')
    assert rows_of(tmp_path, cyrillic)[0]["k"] == "й"
    assert rows_of(tmp_path, cyrillic, encoding="latin-1")[0]["k"] == "é"
    for named, says in (
        (b'CODEPAGE="utf-8"', "is not in the encoding that it names, 'utf-8'"),
        (b'CODEPAGE="klingon"', "is not in the encoding that it names, 'klingon'"),
        (b'CODEPAGE="hex"', "is not in the encoding that it names, 'hex'"),
        (b'CHARSET="OEM"', "is not UTF-8 and names no CODEPAGE"),
    ):
        with pytest.raises(ReadError, match=says):
            rows_of(tmp_path, latin.replace(b'CHARSET="ANSI"', named))
    old = latin.replace(b"\xe9", "\xb8".encode("latin-1"))
    assert rows_of(tmp_path, old, encoding="tcvn3")[0]["k"] == "á"
    with pytest.raises(ReadError, match="is not vni"):
        rows_of(tmp_path, latin, encoding="vni")
    with pytest.raises(ValidationError, match="is no encoding"):
        v1.Options.model_validate({"files": ["a"], "encoding": "klingon"})


def test_rows_that_are_left_out(tmp_path: Path) -> None:
    codes = px('"46", 1 ".."\n;', **{'KEYS("Khu vực")': "CODES"})
    assert [
        (r["khu_vuc_code"], r["nam"], r["value"], r["status"], r["_row"])
        for r in rows_of(tmp_path, codes)
    ] == [
        ("46", "2023", "1", None, 3),
        ("46", "Sơ bộ 2024", None, "..", 4),
    ]
    values = px('"Thừa Thiên - Huế",1 2\n"Đà  Nẵng",3 4;', **{'KEYS("Khu vực")': "VALUES"})
    assert [(r["khu_vuc_code"], r["value"]) for r in rows_of(tmp_path, values)] == [
        ("48", "3"),
        ("48", "4"),
        ("46", "1"),
        ("46", "2"),
    ]
    for data, says in (
        ('"46",1 2 3;', "has 4 keys and values; a row has 3"),
        ('"47",1 2;', 'row 1 of DATA: has no key "47"'),
        ('"46",1 2 "46",1 2;', "row 2 of DATA: occurs twice"),
        ('"46",1 x;', "row 1 of DATA: 'x' is neither a number nor a symbol"),
    ):
        with pytest.raises(ReadError, match=says):
            rows_of(tmp_path, px(data, **{'KEYS("Khu vực")': "CODES"}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (px("1 2 3;"), "has 3 values for 4 cells"),
        (px("1 2 3 4").rstrip(), "its DATA has no end"),  # perhaps 40
        (px("1 2 3 4; 5"), "its DATA has no end"),
        (px("1 2 3 1,5;"), "value 4: '1,5' is neither a number nor a symbol"),
        (px("1 2 3 NaN;"), "'NaN' is neither"),
        (px("1 2 3 " + "9" * 400 + "e99999;"), "is neither"),
        (px(STUB="", **{"HEADING": ""}), "names no variables in STUB and HEADING"),
        (px(**{"STUB[en]": '"A","B"'}), None),
        (px(**{'CODES("Khu vực")': '"48"'}), "has 2 VALUES, 1 CODES and 2 names"),
        (px(**{'CODES("Khu vực")': '"48","48"'}), "has a code twice"),
        (px(**{'VALUES("Năm")': ""}), "variable 'Năm': has 0 VALUES"),
        (px(HEADING='"Khu vực"'), "two columns would be named 'khu_vuc'"),
        (px(TITLE='"no end'), r"a\.px:5: the value of TITLE has no end"),
        ('CHARSET="ANSI";\nnonsense', r"a\.px:1: is no PX file: a keyword"),
        ('CHARSET="ANSI";', "is no PX file: a keyword"),
        (
            px(
                **{
                    f'VALUES("{n}")': ",".join(f'"{i}"' for i in range(9000))
                    for n in ("Khu vực", "Năm")
                },
                **{'CODES("Khu vực")': "", 'TIMEVAL("Năm")': ""},
            ),
            "has 81000000 cells",
        ),
    ],
)
def test_bad_files(tmp_path: Path, text: str, says: str | None) -> None:
    if says is None:
        with pytest.raises(ReadError, match="has 2 variables, and 3 in 'en'"):
            rows_of(tmp_path, text, language="en")
        return
    with pytest.raises(ReadError, match=says):
        rows_of(tmp_path, text)


def test_a_quote_without_end_is_found_in_one_pass(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="has no end"):
        rows_of(tmp_path, 'TITLE="' + "a;" * 1_000_000)
    with pytest.raises(ReadError, match="a keyword"):
        rows_of(tmp_path, "A=1;\nB(" + '"a",' * 300_000)


NUMBERS = st.one_of(
    st.integers().map(str), st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str)
)
CELLS = NUMBERS | st.sampled_from(['".."', '"."', '"-"', '"..."', "..", "-", '":"'])
LABELS = st.lists(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("C",), exclude_characters='"'),
        min_size=1,
        max_size=6,
    ),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(LABELS, LABELS, st.data())
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, areas: list[str], years: list[str], data: Any
) -> None:
    count = len(areas) * len(years)
    cells = data.draw(st.lists(CELLS, min_size=count, max_size=count))
    listed = [",".join(f'"{each}"' for each in side) for side in (areas, years)]
    text = (
        f'AXIS-VERSION="2013";\nSTUB="area";HEADING="year";VALUES("area")={listed[0]};\n'
        f'VALUES("year")={listed[1]};DATA={" ".join(cells)};'
    )
    rows = rows_of(tmp_path_factory.mktemp("px"), text)
    assert [(r["area_code"], r["year_code"]) for r in rows] == [
        (a, y) for a in areas for y in years
    ]
    written = [r["value"] if r["status"] is None else r["status"] for r in rows]
    assert written == [cell.strip('"') for cell in cells]


@given(st.binary(max_size=120), st.integers(0, 3))
@settings(max_examples=400, deadline=None)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, noise: bytes, kind: int) -> None:
    whole = px(**{'KEYS("Khu vực")': "CODES"} if kind == 3 else {}).encode()
    cut = len(noise) * 11 % len(whole)
    content = (
        b"A=" + noise,
        whole[:cut] + noise,
        whole[:cut] + noise + whole[cut:],
        whole[:-20] + noise,
    )[kind]
    with contextlib.suppress(SourceError):
        rows_of(tmp_path_factory.mktemp("px"), content)


JSON = st.recursive(
    st.none() | st.integers(-2, 9) | st.sampled_from(["0", "id", "A"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "size",
                    "dimension",
                    "value",
                    "status",
                    "category",
                    "index",
                    "label",
                    "class",
                    "link",
                    "item",
                    "A",
                    "0",
                    "role",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON)
@settings(max_examples=400, deadline=None)
def test_any_json(tmp_path_factory: pytest.TempPathFactory, body: Any) -> None:
    folder = tmp_path_factory.mktemp("px")
    sides = {"id": ["A"], "size": [1], "value": [1]}
    for content in (
        body,
        {"class": "collection", "link": {"item": body}},
        {**sides, "dimension": {"A": {"category": body}}},
        {**sides, "dimension": {"A": {"category": {"index": body, "label": body}}}},
    ):
        with contextlib.suppress(SourceError):
            rows_of(folder, json.dumps(content))


def test_collections(tmp_path: Path) -> None:
    def item(label: str, value: int) -> dict[str, Any]:
        return {
            "class": "dataset",
            "label": label,
            "id": ["A"],
            "size": [1],
            "value": [value],
            "dimension": {"A": {"category": {"label": {"x": "X"}}}},
        }

    both = {"class": "collection", "link": {"item": [item("one", 1), item("two", 2)]}}
    assert rows_of(tmp_path, json.dumps(both), dataset="two")[0]["value"] == "2"
    with pytest.raises(ReadError, match=r"holds the datasets one, two\n.*did you mean 'two'"):
        rows_of(tmp_path, json.dumps(both), dataset="tow")
    links = {"class": "collection", "link": {"item": [{"class": "dataset", "href": "https://x/1"}]}}
    with pytest.raises(ReadError, match="is a collection of links, not of figures: https://x/1"):
        rows_of(tmp_path, json.dumps(links))
    with pytest.raises(ReadError, match="describes a table and holds no values"):
        rows_of(tmp_path, json.dumps({**item("", 1), "value": []}))


# --- The real files


@pytest.mark.corpus
def test_every_px_file(corpus: Path) -> None:
    counts = {}
    for path in sorted((corpus / "px_files").glob("*")):
        rows = rows_at(path)
        counts[path.name] = (len(rows), sum(row["value"] is None for row in rows))
        # An independent count of numbers and marks, and the first and the last of them.
        data = re.split(rb"\nDATA=", path.read_bytes())[1].rstrip().rstrip(b";").split()
        assert len(data) == len(rows)
        assert sum(cell.startswith(b'"') for cell in data) == counts[path.name][1]
        for cell, row in ((data[0], rows[0]), (data[-1], rows[-1])):
            assert cell.decode().strip('"') == (row["value"] or row["status"])
    assert counts == {
        "1001.px": (504, 0),
        "27067.px": (812, 460),
        "px-x-0602000000_107.px": (60_800, 0),
        "pxR_example.px": (10_488, 0),
        "scb_TAB001.px": (5_940, 2_259),
        "scb_TAB003.px": (2_448, 18),
        "scb_TAB004.px": (4_312, 1_103),
    }


@pytest.mark.corpus
def test_px_files_in_their_languages(corpus: Path) -> None:
    found = rows_at(corpus / "px_files" / "px-x-0602000000_107.px", language="fr")
    german = rows_at(corpus / "px_files" / "px-x-0602000000_107.px")
    assert list(found[0])[:2] == ["division_economique", "division_economique_code"]
    assert [r["value"] for r in found] == [r["value"] for r in german]
    assert german[0]["quartal_code"] == "2004Q1"
    swedish = rows_at(corpus / "px_files" / "scb_TAB001.px", language="sv")
    assert swedish[0]["region"] == "Österrike"


@pytest.mark.corpus
def test_a_px_file_and_its_metadata_in_json_agree(corpus: Path) -> None:
    described = json.loads((corpus / "api2_expected" / "MetadataById_tab001_js2.json").read_text())
    rows = rows_at(corpus / "px_files" / "scb_TAB001.px")
    for ours, theirs in (("region", "REGION"), ("sex", "SEX"), ("age", "AGE"), ("year", "TIME")):
        category = described["dimension"][theirs]["category"]
        found = {row[f"{ours}_code"]: row[ours] for row in rows}
        assert found == {code: category["label"][code] for code in category["index"]}, ours
    with pytest.raises(ReadError, match="describes a table and holds no values"):
        rows_at(corpus / "api2_expected" / "MetadataById_tab001_js2.json")


@pytest.mark.corpus
def test_pyjstat_agrees(corpus: Path) -> None:
    """Every cell that pyjstat reads: the labels and the value of each."""
    pyjstat = pytest.importorskip("pyjstat.pyjstat")
    files: dict[str, tuple[str, ...]] = {
        "jsonstat/cso_ie-CIA01.json": (),
        "jsonstat/eurostat-name_gpd_c-geo_IT_FR.json": (),
        "jsonstat/eurostat-name_gpd_c.json": (),
        "jsonstat/hierarchy.json": (),
        "jsonstat/oecd-canada.json": ("oecd", "canada"),
        "jsonstat/ssb_29843.json": (),
        "jsonstat/statswe.json": (),
        "gso/E02.01.json": (),
        "gso/E02.03-07.json": (),
        "scb_api2/TAB6471_data.json": (),
        "jsonstat/oecd-canada-col.json": (
            "Unemployment rate in the OECD countries 2003-2014",
            "Population by sex and age group. Canada. 2012",
        ),
    }
    cells, unread = 0, []
    for path, datasets in files.items():
        text = (corpus / path).read_text(encoding="utf-8-sig").rstrip("\0")
        for number, name in enumerate(datasets or ("",)):
            rows = rows_at(corpus / path, **({"dataset": name} if name else {}))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    frame = _frame(pyjstat, text, number, bool(datasets))
            except Exception as error:  # it fails in many ways
                unread.append(f"{path}: {type(error).__name__}")
                continue
            columns = [c for c in rows[0] if not c.startswith("_") and not c.endswith("_code")]
            ours = [[_same(row[c]) for c in columns if c != "status"] for row in rows]
            theirs = [[_same(value) for value in row] for row in frame.itertuples(index=False)]
            assert ours == theirs, path
            cells += sum(map(len, ours))
    assert (cells, unread) == (
        278_246,
        # A dimension of one category that has no index.
        ["jsonstat/oecd-canada.json: KeyError"] * 2
        + ["jsonstat/oecd-canada-col.json: KeyError"] * 2,
    )


def _frame(pyjstat: Any, text: str, number: int, is_one_of_many: bool) -> Any:
    """Return pyjstat's frame of one dataset, which it must find alone and in its version."""
    body = json.loads(text)
    if body.get("class") == "collection":
        body = body["link"]["item"][number]
    elif "dimension" not in body:
        body = list(body.values())[number if is_one_of_many else 0]
    new = "id" in body
    body = {**body, "version": "2.0", "class": "dataset"} if new else {"dataset": body}
    return pyjstat.Dataset.read(json.dumps(body)).write("dataframe")


def _same(value: Any) -> Any:
    """Return a number as a float and a text without stray blanks; nothing as None."""
    if value is None or str(value) == "nan":
        return None
    with contextlib.suppress(ValueError):
        return float(value)
    return " ".join(str(value).split())


@pytest.mark.corpus
def test_a_bundle_and_a_collection_hold_the_same(corpus: Path) -> None:
    bundle, collection = (
        corpus / "jsonstat" / name for name in ("oecd-canada.json", "oecd-canada-col.json")
    )
    for key, label, count in (
        ("oecd", "Unemployment rate in the OECD countries 2003-2014", 432),
        ("canada", "Population by sex and age group. Canada. 2012", 120),
    ):
        rows = rows_at(bundle, dataset=key)
        others = rows_at(collection, dataset=label)
        assert len(rows) == len(others) == count
        assert [row["value"] for row in rows] == [row["value"] for row in others]


def test_what_is_px(tmp_path: Path) -> None:
    assert is_px(b'CHARSET="ANSI";') and is_px(b'\xef\xbb\xbfTITLE[en]="x";')
    assert not is_px(b'{"a": 1}') and not is_px(b"a,b\n1,2")
