"""A file as rows of text with their numbers, by libraries that the project's readers do not use.

csv, openpyxl, xlrd, pyjstat, sdmx1, DuckDB, ElementTree, json; for PX files a few lines of our own.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import duckdb
import openpyxl
import pyarrow.ipc
import xlrd
from pyjstat import pyjstat

FIGURE = re.compile(r"[-+−]?\d[\d., \u00a0]*(?:[eE][-+]?\d+)?")


@dataclass
class Grid:
    """Rows of text.

    rows: by number, as a program shows them; of records and cubes from 1.
    keys: what each cell is called where the form says so (a record's keys); a table has none, its
        names are among its rows.
    """

    rows: dict[int, list[str]]
    keys: list[str] = field(default_factory=list)

    def header(self, row: int, column: int) -> str:
        """Return all text that stands above a cell, within its column, and its key."""
        if self.keys:
            return self.keys[column] if column < len(self.keys) else ""
        above = (cells[column] for number, cells in self.rows.items()
                 if number < row and column < len(cells))
        return " | ".join(dict.fromkeys(
            text for text in above if (text and not FIGURE.fullmatch(text)) or is_year(text)))


def is_year(text: str) -> bool:
    """Whether a text is a year."""
    return re.fullmatch(r"(?:1[89]|20)\d\d(?:\.0)?", text) is not None


def read(path: Path, encoding: str, sheet: str = "", member: str = "") -> Grid:
    """Read a file; of a workbook a sheet, of an archive a member."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with ZipFile(path) as archive:
            inner = archive.namelist()[0]
            if inner.endswith(".xml"):
                with TemporaryDirectory() as folder:
                    return _sdmx_ml(Path(archive.extract(inner, folder)))
            name = member if member in archive.namelist() else max(
                archive.infolist(), key=lambda each: each.file_size).filename
            return _csv(archive.read(name), "utf-8-sig")
    if suffix in (".xls", ".xlsx"):
        return _workbook(path, sheet)
    if suffix == ".parquet":
        with duckdb.connect() as con:
            found = con.execute("FROM read_parquet(?)", [str(path)]).to_arrow_table()
        return _records(found.to_pylist())
    if suffix == ".arrow":
        with pyarrow.ipc.open_file(path) as file:
            return _records(file.read_all().to_pylist())
    if suffix == ".px":
        return _px(path.read_bytes())
    if suffix == ".xml":
        return _sdmx_ml(path)
    raw = path.read_bytes()
    if suffix == ".json":
        return _json(raw, path)
    return _csv(raw, encoding)


def _csv(raw: bytes, encoding: str) -> Grid:
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode(encoding if encoding in ("latin-1", "cp1252", "cp1258") else "cp1252")
    first = text.splitlines()[:20]
    delimiter = max(",;\t|", key=lambda mark: sum(line.count(mark) for line in first))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, start = {}, 1
    for cells in reader:
        rows[start] = [cell.strip() for cell in cells]
        start = reader.line_num + 1
    return Grid(rows)


def _workbook(path: Path, sheet: str) -> Grid:
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path, data_only=True)
        chosen = next((each for each in book.worksheets if each.title.strip() == sheet.strip()),
                      book.worksheets[0])
        return Grid({
            number: [_text(cell) for cell in cells]
            for number, cells in enumerate(chosen.iter_rows(values_only=True), start=1)
        })
    with Path("/dev/null").open("w", encoding="utf-8") as silent:
        old = xlrd.open_workbook(path, logfile=silent)
    one = next((each for each in old.sheets() if each.name.strip() == sheet.strip()),
               old.sheet_by_index(0))
    return Grid({
        row + 1: [_text(cell) for cell in one.row_values(row)] for row in range(one.nrows)
    })


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _records(records: list[dict[str, Any]]) -> Grid:
    flat = [dict(_flat(record)) for record in records]
    keys = list(dict.fromkeys(itertools.chain.from_iterable(flat)))
    return Grid(
        {n: [_text(record.get(key)) for key in keys] for n, record in enumerate(flat, start=1)},
        keys,
    )


def _json(raw: bytes, path: Path) -> Grid:
    text = raw.decode("utf-16" if raw.startswith(b"\xff\xfe") else "utf-8-sig").rstrip("\0")
    body = json.loads(text)
    if isinstance(body, dict) and (body.get("class") == "dataset" or "dataset" in body):
        return _json_stat(body)
    if isinstance(body, dict) and body.get("class") == "collection":
        return _json_stat(body["link"]["item"][0])
    first = next(iter(body.values()), None) if isinstance(body, dict) else None
    if isinstance(first, dict) and "dimension" in first and "value" in first:
        return _json_stat(first)  # a bundle of version 1
    if isinstance(body, dict) and "dataSets" in body.get("data", body):
        return _sdmx_json(path)
    if isinstance(body, list) and len(body) == 2 and "page" in body[0]:
        body = body[1]
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        body = body["value"]
    if isinstance(body, dict) and isinstance(body.get("records"), list):
        body = body["records"]
    if isinstance(body, dict):
        body = [{"key": key, **(each if isinstance(each, dict) else {"value": each})}
                for key, each in body.items()]
    if body and all(isinstance(row, list) for row in body):
        return Grid({n: [_text(cell) for cell in row] for n, row in enumerate(body, start=1)})
    return _records(body)


def _json_stat(body: dict[str, Any]) -> Grid:
    cube = body.get("dataset", body)
    inner = cube if "size" in cube else cube["dimension"]
    for name in inner["id"]:  # version 1 leaves out what version 2 demands
        cube["dimension"][name].setdefault("label", name)
    keys, sides = [], []
    size_of: Any = inner["size"]
    for name, size in zip(inner["id"], map(int, size_of), strict=True):
        category = cube["dimension"][name]["category"]
        index = category.get("index", list(category.get("label", {})))
        ids = sorted(index, key=index.get) if isinstance(index, dict) else index
        labels = category.get("label", {})
        keys += [cube["dimension"][name]["label"], f"{name}_code"]
        sides.append([(labels.get(each, each), each) for each in ids[:size]])
    rows = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = pyjstat.get_values(cube)
    status = cube.get("status", {})
    for n, combination in enumerate(itertools.product(*sides)):
        mark = status if isinstance(status, str) else (
            status[n] if isinstance(status, list) else status.get(str(n)))
        cells = list(itertools.chain.from_iterable(combination))
        rows[n + 1] = [_text(cell) for cell in (*cells, values[n], mark)]
    return Grid(rows, [*keys, "value", "status"])


def _sdmx_json(path: Path) -> Grid:
    import sdmx
    import sdmx.reader.xml.v30  # sdmx1 2.28 cannot load it any more once it has read a file of 2.1

    message = sdmx.read_sdmx(path)
    records = []
    for each in itertools.chain.from_iterable(data.obs for data in message.data):
        key = {name: value.value for name, value in each.key.values.items()}
        attributes = {name: value.value for name, value in each.attrib.items()}
        records.append({**key, **{k: getattr(v, "id", v) for k, v in attributes.items()},
                        "OBS_VALUE": each.value})
    return _records(records)


def _sdmx_ml(path: Path) -> Grid:
    def local(tag: str) -> str:
        return tag.rpartition("}")[2]

    records: list[dict[str, Any]] = []

    def walk(element: ET.Element, known: dict[str, Any]) -> None:
        own = {local(name): value for name, value in element.attrib.items()}
        for child in element:
            if local(child.tag) in ("SeriesKey", "ObsKey", "Attributes", "GroupKey"):
                own |= {value.get("id") or value.get("concept"): value.get("value")
                        for value in child}
            if local(child.tag) in ("ObsDimension", "Time"):
                own["TIME_PERIOD"] = child.get("value") or child.text
            if local(child.tag) == "ObsValue":
                own["OBS_VALUE"] = child.get("value")
        if local(element.tag) == "Obs":
            records.append({**known, **own})
            return
        if local(element.tag) in ("Series", "Group", "DataSet", "SiblingGroup"):
            known = {**known, **own}
        for child in element:
            walk(child, known)

    walk(ET.parse(path).getroot(), {})
    return _records(records)


def _px(raw: bytes) -> Grid:
    """Read a PX file: keywords, then the product of STUB and HEADING beside the figures."""
    text = next(_decoded(raw))
    head, _, data = text.partition("DATA=")
    words: dict[str, list[str]] = {}
    for name, values in re.findall(r'([A-Z-]+(?:\("[^"]*"\))?)=((?:"[^"]*"[,\s]*)+);', head):
        words.setdefault(name, re.findall(r'"([^"]*)"', re.sub(r'"\s*\n\s*"', "", values)))
    names = [*words.get("STUB", []), *words.get("HEADING", [])]
    sides = [words[f'VALUES("{name}")'] for name in names]
    figures = re.findall(r'"[^"]*"|[^\s";]+', data.split(";")[0])
    unit = " ".join(words.get("UNITS", []))
    rows = {
        n: [*combination, figure.strip('"'), unit]
        for n, (combination, figure) in enumerate(
            zip(itertools.product(*sides), figures, strict=False), start=1)
    }
    return Grid(rows, [*names, "value", "UNITS"])


def _decoded(raw: bytes) -> Iterator[str]:
    for encoding in ("utf-8-sig", "cp1252", "latin-1"):
        try:
            yield raw.decode(encoding)
        except UnicodeDecodeError:
            continue
