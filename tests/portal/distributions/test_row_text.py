"""Text that DuckDB makes of rows is, cell by cell, what Python's own writers would make of them."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from model.reference.periods import period_start
from portal.distributions import xlsx_workbook
from portal.distributions.csv_text import harmless, number_text, write_csv
from portal.distributions.row_text import PLAIN, csv_line, excel_day, json_line, plain_line
from tests.fixtures.releases import row
from tests.portal.distributions.test_distributions import content

COLUMNS = {"code": False, "value": True}
HOSTILE = [
    "=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\t=1", "＝1", "007", "-12,5", "1e5", "true",
    "http://example.org", "mailto:a@b.vn", '"quoted", and\r\nmore', " blank ", "<r>bold</r>",
    "<&>]]>", "_x0041_", "\x01\x1f", "\ufffe", "Đà Nẵng", "\\", "{batch}", "'", "",
]
FIGURES = [0.0, -0.0, 1e22, 1.5e16, 1e16, 1e15, 1e-4, 1e-5, -2.5e-7, 5e-324, 1.7976931348623157e308]
text = st.none() | st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=8)
figure = st.none() | st.sampled_from(FIGURES) | st.floats(allow_nan=False, allow_infinity=False)
rows_of = st.lists(st.tuples(text, figure), max_size=8)


def made(expression: str, rows: list[tuple[Any, ...]]) -> list[str]:
    schema = pa.schema([("code", pa.string()), ("value", pa.float64())])
    data = [dict(zip(COLUMNS, each, strict=True)) for each in rows]
    t = pa.Table.from_pylist(data, schema)  # noqa: F841 (DuckDB finds it by its name)
    return [line for (line,) in duckdb.execute(f"SELECT {expression} FROM t").fetchall()]


@settings(deadline=None, max_examples=60)
@given(rows_of)
@example([(each, 1.0) for each in HOSTILE])
@example([("a", each) for each in FIGURES])
def test_lines_of_csv_are_those_of_the_csv_module(rows: list[tuple[Any, ...]]) -> None:
    found = io.StringIO("".join(made(csv_line(COLUMNS), rows)), newline="")
    assert list(csv.reader(found)) == [
        ["" if code is None else harmless(code), "" if value is None else number_text(value)]
        for code, value in rows
    ]


@settings(deadline=None, max_examples=60)
@given(rows_of)
@example([(each, None) for each in HOSTILE])
def test_lines_of_json_read_back(rows: list[tuple[Any, ...]]) -> None:
    lines = made(json_line(COLUMNS), rows)
    found = [json.loads(line, parse_int=float) for line in lines]
    assert found == [{"code": code, "value": value} for code, value in rows]
    written = [line.rpartition(": ")[2].rstrip("}") for line in lines]
    assert written == ["null" if value is None else number_text(value) for _, value in rows]


def test_every_byte_of_csv_is_that_of_python(tmp_path: Path) -> None:
    rows = [(code, value) for code in HOSTILE for value in FIGURES]
    write_csv(tmp_path / "a.csv", list(COLUMNS), rows)
    lines = [",".join(COLUMNS), "\r\n", *made(csv_line(COLUMNS), rows)]
    assert (tmp_path / "a.csv").read_bytes() == "".join(lines).encode()


def test_a_plain_text_is_written_as_any_other() -> None:
    rows = [(code, 1.0) for code in [*HOSTILE, "Đ1", "VN:2025-07-01", "2024-Q1/P9M", "_T", None]]
    is_plain = f"SELECT coalesce(regexp_full_match(?, '{PLAIN}'), true)"
    plain = [each for each in rows if duckdb.execute(is_plain, each[:1]).fetchall() == [(True,)]]
    assert {code for code, _ in plain} >= {"007", "Đ1", "VN:2025-07-01", "2024-Q1/P9M", "_T", None}
    for line in (csv_line, json_line):
        assert made(line(COLUMNS, {"code"}), plain) == made(line(COLUMNS), plain)
        for code, value in plain:  # of a column that never differs
            once = line(COLUMNS, {"code"}, {"code": code})
            assert made(once, [(code, value)]) == made(line(COLUMNS), [(code, value)])


def test_a_line_of_plain_texts_is_what_duckdb_copies(tmp_path: Path) -> None:
    codes = ["Đ1", "VN:2025-07-01", "2024-Q1/P9M", "_T", "007", None]
    rows = [(code, value) for code in codes for value in (*FIGURES, 12.5, None)]
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (code VARCHAR, value DOUBLE)")
        con.executemany("INSERT INTO t VALUES (?, ?)", rows)
        con.execute(f"COPY (SELECT 'a' AS b, * FROM t) TO '{tmp_path / 'a.csv'}' (HEADER false)")
    assert (tmp_path / "a.csv").read_text() == "".join(made(plain_line("a,", COLUMNS), rows))
    once = plain_line("a,", COLUMNS, {"code": "it's"})
    assert made(once, [("it's", 1.5)]) == made(plain_line("a,", COLUMNS), [("it's", 1.5)])


def test_columns_of_plain_texts_are_found(tmp_path: Path) -> None:
    rows = [row(time_period=f"{year}", ref_area=area) for year, area in
            ((2001, "48"), (2002, None), (2003, "a,b"))]
    for number, plain in ((2, True), (3, False)):
        found = content(tmp_path / str(number), rows[:number]).matching("data.parquet", PLAIN)
        assert ("ref_area" in found, "time_period" in found) == (plain, True)


@pytest.mark.parametrize("period", [
    "1999", "1900", "2023-S2", "2023-Q4", "2024-02", "2024-02-29", "2020-W53", "2021-W01",
    "2023-01-01/P9M",
])
def test_excel_counts_the_first_day_of_a_period(period: str) -> None:
    query = f"SELECT {excel_day('period')} FROM (SELECT ? AS period)"
    [(days,)] = duckdb.execute(query, [period]).fetchall()
    first = period_start(period)
    assert days == ((first - date(1899, 12, 30)).days if first >= date(1900, 3, 1) else None)


def test_cells_of_a_workbook_are_what_was_released(tmp_path: Path) -> None:
    rows = [
        row(time_period=str(2000 + year), obs_note=note, obs_value=value)
        for year, (note, value) in enumerate(
            (note, value) for note in HOSTILE for value in (1234567.891, None, -2.5e-7)
        )
    ]
    xlsx_workbook.write(content(tmp_path / "release", rows), tmp_path / "a.xlsx", [])
    header, *cells = openpyxl.load_workbook(tmp_path / "a.xlsx")["data"].iter_rows()
    names = [cell.value for cell in header]
    assert len(cells) == len(rows)
    for found, expected in zip(cells, rows, strict=True):
        for name, cell in zip(names, found, strict=True):
            if name not in expected:  # the names of codes, the day
                continue
            value = expected[name]
            if isinstance(value, str) and value:
                assert unescape(cell.value) == value
                assert cell.data_type == "s" and cell.hyperlink is None
            else:
                assert cell.value == (value or None)
                assert value is None or value == "" or cell.number_format == "#,##0"

