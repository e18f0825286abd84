"""Walk from random figures of a data folder to their sources, and read each place independently.

`python -m tests.pipelines.walks DATA_DIR --cells 10000` (`make proofs`). The bytes are read with
the standard library and openpyxl alone, and must give the released value.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import time
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq

from model.reference.registries import Registries, load_registries
from pipelines.explain.walk import explain
from pipelines.settings import Settings
from warehouse.store import releases
from warehouse.store.data_dir import DataDir


def walk(data_dir: DataDir, registries: Registries, cells: int, seed: int) -> tuple[int, list[str]]:
    """Walk from so many figures, all releases alike.

    Returns:
        How many were shown with their bytes, and what is wrong with which.
    """
    chance = random.Random(seed)
    stored = [
        each for name in releases.datasets(data_dir) for each in releases.history(data_dir, name)
        if each.release.rows
    ]
    chosen = chance.choices(stored, [each.release.rows for each in stored], k=cells)
    shown, wrong = 0, []
    for each in sorted(chosen, key=lambda item: (item.release.dataset, item.release.number)):
        cell = chance.choice(_rows(each.path("data.parquet")))
        proof = explain(data_dir, each, cell, registries)
        # A computed figure leads to those that it was computed from, and they to their sources.
        ends = list(_ends(proof))
        shown += bool(ends)
        for end in ends:
            folder = data_dir.snapshots(end["release"]["dataset"]) / end["snapshot"]["sha256"]
            problem = _problem(folder / end["part"]["name"], end)
            if problem:
                wrong.append(f"{each.release.dataset} {each.release.number} {cell}: {problem}")
    return shown, wrong


def _ends(proof: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the proofs that show bytes."""
    if "source" in proof:
        yield proof
    for each in proof.get("computed_from", ()):
        yield from _ends(each)


@lru_cache(maxsize=2)
def _rows(table: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(table).to_pylist()
    return rows


def _problem(path: Path, proof: dict[str, Any]) -> str:
    """Return what an independent reader finds wrong with a proof, "" where nothing is."""
    place, cell = proof["place"], proof["cell"]
    data = path.read_bytes()
    if sha256(data).hexdigest() != proof["part"]["sha256"]:
        return "the part's checksum differs"
    if place["kind"] != "sheet row":
        excerpt = data[place["offset"] : place["offset"] + place["length"]]
        if excerpt.decode("utf-8-sig").rstrip("\r\n") != place["text"]:
            return "the text is not that of the bytes"
    text = _independent(path, place)
    if text != place["raw"] and (text or place["raw"]):
        return f"an independent reader finds {text!r}, not {place['raw']!r}"
    rule = proof["reading"]["rule"]
    if text and rule.get("locale") == "vi":
        text = text.replace(".", "").replace(",", ".")
    value = None if not text else float(
        Decimal(text.replace(",", "")) * Decimal(str(rule.get("scale", 1)))
    )
    return "" if value == cell["obs_value"] else f"{value!r} was released as {cell['obs_value']!r}"


def _independent(path: Path, place: dict[str, Any]) -> str | None:
    number, column = place["row"], place["column"]
    if path.suffix == ".xlsx":
        sheet, _, reference = place["reference"].rpartition("!")
        return str(_sheet(path, sheet)[reference].value)
    if path.suffix == ".csv":
        header, rows = _lines(path)
        return rows[number][header.index(column)]
    body = _document(path)
    if isinstance(body, list):  # the World Bank
        value = body[1][number - 1][column]
    elif place["kind"] == "cell":  # JSON-stat
        value = (body.get("dataset") or body)["value"][number - 1]
    else:  # OData of the World Health Organization
        value = body["value"][number - 1][column]
    return None if value is None else str(value)


@lru_cache(maxsize=4)
def _lines(path: Path) -> tuple[list[str], dict[int, list[str]]]:
    """Return the names of a CSV file, and its rows by the line in which they begin."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        rows, line = {}, reader.line_num + 1
        for row in reader:
            rows[line], line = row, reader.line_num + 1
    return header, rows


@lru_cache(maxsize=4)
def _document(path: Path) -> Any:
    return json.loads(path.read_bytes().rstrip(b"\0"), parse_float=str)


@lru_cache(maxsize=4)
def _sheet(path: Path, sheet: str) -> Any:
    return openpyxl.load_workbook(path, read_only=False, data_only=True)[sheet]


def main() -> int:
    """Walk from random figures of a data folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    registries = load_registries(Settings.from_environment().project)
    began = time.process_time()
    shown, wrong = walk(DataDir(given.data_dir), registries, given.cells, given.seed)
    print("\n".join(wrong[:50]))
    print(f"{given.cells} figures, {shown} with their bytes, {len(wrong)} wrong;"
          f" {(time.process_time() - began) / given.cells * 1000:.1f} ms each")
    return 1 if wrong or not shown else 0


if __name__ == "__main__":
    raise SystemExit(main())
