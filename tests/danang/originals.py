"""The statistics office's original tables, read a second time: with pandas, no reader of ours.

What a heading or an item means is looked up in the YAML of `project`; everything else (encoding,
headings, periods, marks, areas) is found here anew.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tests.fixtures.datasets import SHARED

PROJECT = Path(__file__).parent / "project"
ROOT = PROJECT.parents[2]
FILES = SHARED.parent
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Labels that no name of the codelist resembles.
_AREAS = {
    "total": "VNM", "northcentralandcentralcoastalareas": "NCCC",
    "northerncentralandcentralcoastalareas": "NCCC",
    "northcentralareaandcentralcoastalarea": "NCCC",
    "northernmidlandsandmoutainareas": "NMM", "daclak": "66", "hatay": "28",
    "hue": "46", "hochiminhcity": "79", "tphochiminh": "79",
    **dict.fromkeys((
        "unitsarenotincludedinprovinces", "oilgas", "nec", "pupilsinuniversities", "other",
        "otherprovinces", "unidentified", "generalclassesinuniversitieshavebeenexcludedinprovince",
        "uppersecondaryschoolgirlsinuniversitieshavebeenexcludedinprovince",
    ), "NALL"),
    "hanoilangstation": "01", "baichay": "22", "vinh": "40", "quinhon": "52", "pleiku": "64",
    "playku": "64", "dalat": "68", "nhatrang": "56", "vungtau": "77",
}
_PERIOD = re.compile(r"(Prel?\. ?|Est\. ?|X)?\d{4}(-\d{4})?( ?\(\*+\))?")
# Under a heading that says thousands, these two years are persons.
_DIVIDED = {("kindergarten_pupils", "2015"): 1000, ("kindergarten_pupils", "2016"): 1000}
Key = tuple[str, ...]  # indicator, codes of the dimensions, area, period


def plain(label: str) -> str:
    """Return a label as ASCII letters alone."""
    text = unicodedata.normalize("NFD", label.replace("Đ", "D").replace("đ", "d").lower())
    return re.sub("[^a-z]", "", text)


@cache
def _areas() -> dict[str, str]:
    path = ROOT / "model" / "reference" / "codelists" / "vn_province_2008.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file.readlines()[2:]))
    return {plain(row["name_en"]): row["code"] for row in rows} | _AREAS


def _declared(sector: str, table: str) -> dict[str, Any]:
    path = PROJECT / "assets" / sector / f"{table}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["source"]


def _frame(path: Path) -> pd.DataFrame:
    if path.suffix == ".xlsx":
        return pd.read_excel(path, header=None, dtype=str, skiprows=2, engine="openpyxl")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="cp1252")
    separator = ";" if "gso_" in str(path) else ","
    lines = text.splitlines()[2 if not text.splitlines()[1] else 1 :]
    return pd.DataFrame(list(csv.reader(lines, delimiter=separator)))


def cells(sector: str, table: str, dimensions: tuple[str, ...]) -> dict[Key, tuple[float, str]]:
    """Return every figure of a table with its observation status.

    Args:
        sector: folder of the declaration in `project`.
        table: its name.
        dimensions: of the dataset, in the order of the key.
    """
    source = _declared(sector, table)
    frame = _frame(FILES / source["files"][0])
    rules = source["columns"]
    found: dict[Key, tuple[float, str]] = {}
    heads = ["" if pd.isna(h) else " ".join(str(h).split()) for h in frame.iloc[0]]
    by_month = heads[0] == "Year"
    for _, row in frame.iloc[1:].iterrows():
        area = _areas()[plain(row.iloc[1 if by_month else 0])]
        for position in range(2 if by_month else 1, len(heads)):
            text = str(row.iloc[position]).strip()
            if text in ("..", "...", "", "nan"):
                continue
            head = heads[position]
            if by_month:
                period, item = f"{row.iloc[0]}-{1 + MONTHS.index(plain(head)[:3]):02}", ""
            elif "const" in rules.get("time_period", {}):
                period, item = rules["time_period"]["const"], head
            else:
                period = re.findall(r"\d{4}", head)[0]
                item = _PERIOD.sub("", head, count=1)
                period = rules.get("time_period", {}).get("map", {}).get(period, period)
            codes = [_code(rules.get(n), item.strip()) for n in ("indicator", *dimensions)]
            if None in codes:
                continue  # a column that the declaration leaves out
            status = "E" if head.startswith("Est") else "P" if "Pre" in head else ""
            key = (*(str(code) for code in codes), area, period)
            assert key not in found, (table, key)
            found[key] = (float(text) / _DIVIDED.get((str(codes[0]), period), 1), status)
    return found


def _code(rule: dict[str, Any] | None, item: str) -> str | None:
    if rule is None:
        return None
    if "const" in rule:
        return rule["const"]
    return {" ".join(k.split()): v for k, v in rule["map"].items()}.get(item) or (
        {k.removesuffix(" 2"): v for k, v in rule["map"].items()}.get(item)
    )
