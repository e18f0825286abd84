"""Tables that are more than one row of names: what a writer lays out, the reader reads back."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.errors import ReadError
from sources.base import SourceFile
from sources.connectors import files


def rows_at(path: Path, **options: Any) -> list[dict[str, Any]]:
    checked = files.Options.model_validate({"files": [path.name], **options})
    batches = files.read([SourceFile(path.name, path)], checked)
    return [row for batch in batches for row in batch.to_pylist()]


def plain(path: Path, **options: Any) -> list[tuple[Any, ...]]:
    return [
        tuple(value for name, value in row.items() if name not in ("_part", "_row"))
        for row in rows_at(path, **options)
    ]


def csv(folder: Path, text: str) -> Path:
    path = folder / "a.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_header_rows_joined_and_carried_across(tmp_path: Path) -> None:
    path = csv(tmp_path, "Title,,,,\n,2023,,2024,\nArea,Nam,Nữ,Nam,\n(1),(2),(3),(4),\nx,1,2,3,\n")
    (row,) = rows_at(path, header=[2, 3], header_separator="|", header_across=True, skip_rows=1)
    assert row == {
        "Area": "x", "2023|Nam": "1", "2023|Nữ": "2", "2024|Nam": "3", "2024": "",
        "_part": "a.csv", "_row": 5,
    }


def test_a_group_above_ends_what_is_carried_across(tmp_path: Path) -> None:
    path = csv(tmp_path, "2023,,2024,\nurban,,,\na,b,c,d\n1,2,3,4\n")
    (row,) = rows_at(path, header=[1, 2, 3], header_separator="|", header_across=True)
    assert list(row)[:4] == ["2023|urban|a", "2023|urban|b", "2024|c", "2024|d"]


def test_skipped_rows_ends_and_labels_carried_down(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "area,year,n\nHải Châu,2023,1\n,2024,2\nTrong đó:,,\nSơn Trà,2023,3\nGhi chú: x,,\n,,9\n",
    )
    options = {"skip_matching": "Trong đó:", "end_matching": "Ghi chú.*", "carry_down": ["area"]}
    assert plain(path, **options) == [
        ("Hải Châu", "2023", "1"), ("Hải Châu", "2024", "2"), ("Sơn Trà", "2023", "3")
    ]
    with pytest.raises(ReadError, match=r"no column 'aera' of `carry_down`\n.*'area'"):
        rows_at(path, carry_down=["aera"])


def test_headings_of_two_levels(tmp_path: Path) -> None:
    path = csv(tmp_path, "n,v\nA. x,\nI,\na,1\nII,\nb,2\nB. y,\nc,3\n")
    headings = [{"to": "part", "matching": "[AB]\\..*"}, {"to": "level", "initial": "none"}]
    assert plain(path, headings=headings) == [
        ("a", "1", "A. x", "I"), ("b", "2", "A. x", "II"), ("c", "3", "B. y", "none")
    ]
    with pytest.raises(ReadError, match="two columns are named 'n'"):
        rows_at(path, headings=[{"to": "n"}])


def test_tables_with_other_columns(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "Bảng 1. Rooms\nNote,,\narea,2023,2024\nx,1,2\nBảng 2. Beds\n,,\narea,2024,2025\nx,3,4\n",
    )
    tables = {"matching": "Bảng .*", "to": "table", "header": [2]}
    assert plain(path, tables=tables) == [
        ("x", "1", "2", "", "Bảng 1. Rooms"), ("x", "", "3", "4", "Bảng 2. Beds")
    ]
    with pytest.raises(ReadError, match="no first filled cell matches 'Table'"):
        rows_at(path, tables={"matching": "Table", "to": "table"})


@pytest.mark.parametrize(
    "options",
    [
        {"header": [2, 1]}, {"header": []}, {"skip_matching": "("}, {"use_columns": ["B:A"]},
        {"tables": {"matching": "x", "to": "t", "header": [0]}}, {"use_columns": ["a"]},
        {"tables": {"matching": "x", "to": "t", "label": "l"}},
        {"tables": {"matching": "x", "to": "t"}, "header": 2},
    ],
)
def test_a_layout_that_contradicts_itself(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        files.Options.model_validate({"files": ["a"], **options})


SAME_FOLDER = HealthCheck.function_scoped_fixture  # each example writes its file anew
WORD = st.text(st.sampled_from("abcđêÔ1 "), min_size=1, max_size=6).map(str.strip).filter(
    lambda text: text and not text.isdecimal()
)
FIGURE = st.integers(-999, 999).map(str)


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[SAME_FOLDER])
def test_merged_headers_of_a_workbook_come_back(tmp_path: Path, data: st.DataObject) -> None:
    """Groups over columns, written as merged cells."""
    groups = data.draw(st.lists(st.tuples(WORD, st.integers(1, 4)), min_size=1, max_size=4))
    width = sum(size for _, size in groups)
    body = data.draw(st.lists(st.lists(FIGURE, min_size=width, max_size=width), max_size=4))
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "A title")
        sheet.write(3, 0, "label")
        names, column = ["label"], 1
        for number, (group, size) in enumerate(groups):
            if size > 1:
                sheet.merge_range(2, column, 2, column + size - 1, f"{group}.{number}")
            else:
                sheet.write(2, column, f"{group}.{number}")
            for index in range(size):
                sheet.write(3, column + index, f"c{index}")
                names.append(f"{' '.join(group.split())}.{number}|c{index}")
            column += size
        for number, cells in enumerate(body):
            sheet.write_row(4 + number, 0, [f"r{number}", *map(int, cells)])
    rows = rows_at(path, header=[3, 4], header_separator="|")
    assert [list(row.values())[:-2] for row in rows] == [
        [f"r{number}", *cells] for number, cells in enumerate(body)
    ]
    assert all(list(row)[:-2] == names for row in rows)


@given(
    tables=st.dictionaries(
        WORD, st.dictionaries(WORD, st.lists(FIGURE, min_size=2, max_size=2), min_size=1),
        min_size=1, max_size=4,
    ),
    blank=st.booleans(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[SAME_FOLDER])
def test_stacked_tables_come_back(
    tmp_path: Path, tables: dict[str, dict[str, list[str]]], blank: bool
) -> None:
    lines, expected = [], []
    for title, rows in tables.items():
        lines += [f"Table: {title},,", "label,first,second"]
        for label, cells in rows.items():
            lines.append(",".join([label, *cells]))
            expected.append((label, *cells, f"Table: {' '.join(title.split())}"))
        lines += [",,"] * blank
    path = csv(tmp_path, "\n".join(lines) + "\n")
    assert plain(path, tables={"matching": "Table: .*", "to": "table"}) == expected


TABLE = pa.table({"area": ["Hải Châu", None], "n": [1.5, 2.0]})


def written(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "feather":
        pyarrow.feather.write_feather(TABLE, out, compression="zstd")
    else:
        make = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
        with make(out, TABLE.schema) as writer:
            writer.write_table(TABLE)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "name"), [("file", "a.arrow"), ("stream", "a.arrows"), ("feather", "a.feather")]
)
def test_arrow_keeps_its_types_also_packed(tmp_path: Path, kind: str, name: str) -> None:
    data = written(kind)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(f"folder/{name}", data)
    packed = {name: data, f"{name}.gz": gzip.compress(data), "a.zip": zipped.getvalue()}
    for each, content in packed.items():
        (tmp_path / each).write_bytes(content)
        assert plain(tmp_path / each) == [("Hải Châu", 1.5), (None, 2.0)]


@pytest.mark.parametrize("data", [b"ARROW1", b"nothing", written("file")[:300]])
def test_no_arrow(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.arrow").write_bytes(data)
    with pytest.raises(ReadError, match="is no Arrow file that can be read"):
        rows_at(tmp_path / "a.arrow")


def test_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    text = "tên,n\nĐà Nẵng,1\n".encode()
    for name, data in {
        "a.csv.gz": gzip.compress(text), "b.csv": gzip.compress(text), "c.csv.gz": text,
    }.items():
        (tmp_path / name).write_bytes(data)
        assert plain(tmp_path / name) == [("Đà Nẵng", "1")]


def test_a_gzip_bomb_and_a_cut_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a\n" + b"0\n" * 3_000_000))
    with pytest.raises(ReadError, match="would unpack"):
        rows_at(tmp_path / "a.csv.gz")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"a\n1\n")[:-6])
    with pytest.raises(ReadError, match="damaged or cut-off gzip"):
        rows_at(tmp_path / "b.csv.gz")


TEXT = "tên,n\nĐà Nẵng,1\n"


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf-16", TEXT.encode("utf-16")), ("utf-16-le", TEXT.encode("utf-16-le")),
        ("utf-16-be", TEXT.encode("utf-16-be")),
        ("utf-16-le", b"\xff\xfe" + TEXT.encode("utf-16-le")),
        ("utf-16-be", b"\xfe\xff" + TEXT.encode("utf-16-be")),
    ],
)
def test_utf_16_with_and_without_its_mark(tmp_path: Path, encoding: str, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    assert rows_at(tmp_path / "a.csv", encoding=encoding)[0]["tên"] == "Đà Nẵng"


@pytest.mark.parametrize(
    ("encoding", "data", "reason"),
    [
        ("utf-16", TEXT.encode("utf-16-le"), "has no byte order mark"),
        ("utf-16-be", b"\xff\xfe" + TEXT.encode("utf-16-le"), "is UTF-16"),
        ("latin-1", TEXT.encode("utf-16"), "is UTF-16"),
    ],
)
def test_utf_16_declared_wrongly(tmp_path: Path, encoding: str, data: bytes, reason: str) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(ReadError, match=reason):
        rows_at(tmp_path / "a.csv", encoding=encoding)


def test_labels_by_their_level(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,,,2020\nA,,,\nAll,,,6\n,Urban,,4\n,,Centre,3\n,,,9\n")
    labels = {"columns": ["A:C"], "to": "item", "level": "depth"}
    assert plain(path, labels=labels, headings=[{"to": "group", "matching": "A"}]) == [
        ("All", "1", "6", "A"), ("Urban", "2", "4", "A"), ("Centre", "3", "3", "A"),
        ("", "", "9", "A"),
    ]
    rows = rows_at(path, labels={"columns": ["B:C"], "to": "item"}, use_columns=["B:D"],
                   carry_down=["item"])
    assert [(row["item"], row["2020"]) for row in rows][1:] == [
        ("Urban", "4"), ("Centre", "3"), ("Centre", "9"),
    ]
    with pytest.raises(ReadError, match="those of `labels` go beyond them"):
        rows_at(path, labels={"columns": ["A", "E"], "to": "item"})
    with pytest.raises(ValidationError, match="that `use_columns` leaves out"):
        rows_at(path, labels=labels, use_columns=["B:D"])
