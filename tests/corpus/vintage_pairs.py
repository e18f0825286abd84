"""Real pairs of vintages in the corpus, and what the checks of gross revisions find in each.

    python -m tests.corpus.vintage_pairs [CORPUS]      the folder with `data/` and `danang/`

Not a test: every finding must be judged by a person. A pair is one indicator table in two editions:
the statistics office's PX-Web exports of 2019, 2025 and 2026, files with the same indicator of the
World Bank, WHO and UNESCO (`vintage_editions`), and the vintages of the embedded sample.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from expectations.checks.base import EARLIER_RELEASES, PREVIOUS_RELEASE
from expectations.checks.registry import all_checks
from expectations.checks.revisions.common import GrossRevisionCheck
from tests.corpus.vintage_editions import Figures, editions, office_workbooks, sample, zipped
from tests.fixtures.expectations import dataset, registries

NUMBER = r"-?[0-9.]+(?:[eE][-+]?[0-9]+)?"

# Titles that the office has changed.
RENAMED = {
    "production of capture fisheries": "production of fishery caught",
    "yield of spring rice": "yield of spring paddy",
    "spring rice yield": "yield of spring paddy",
}


class Pair(NamedTuple):
    """An older and a newer edition of a table."""

    name: str
    old: Figures
    new: Figures


def office_table(path: Path) -> tuple[str, Figures]:
    """Return the title and the figures of a PX-Web export of the statistics office."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = text.splitlines()
    rows = csv.reader(lines[2:], delimiter=";" if '";' in lines[2] else ",")
    return office_figures(lines[0].strip('",;'), list(rows))


def office_figures(title: str, rows: list[list[str]]) -> tuple[str, Figures]:
    """Return the title and the figures of an export: its rows from the names on."""
    title = re.split(r" by Cities| by provinc", title)[0].lower()
    found: Figures = {}
    for row in rows[1:]:
        for label, cell in zip(rows[0][1:], row[1:], strict=False):
            year = re.search(r"(?:19|20)\d\d", label)
            item = re.sub(r"prel\.?|est\.?|(?:19|20)\d\d|\(\*+\)|total", "", label.lower())
            try:
                value = float(cell)
            except ValueError:
                continue
            if year:
                area = re.sub(r"\W+", " ", row[0]).strip().lower()
                found[(re.sub(r"\W+", " ", item).strip() or "total", area, year[0])] = value
    return title, found


def office_pairs(corpus: Path) -> Iterator[Pair]:
    """Yield the tables that the editions of 2019 and of 2026 both have."""
    old = [(p, *office_table(p)) for p in sorted(corpus.glob("danang/*/gso_pxweb_2019/*.csv"))]
    places = ("danang/nso_2026/*.csv", "danang/multi/*/E*.csv", "danang/*/nso_2026/*.csv")
    late = [(path, *office_table(path))
            for path in sorted(path for place in places for path in corpus.glob(place))]
    books = [(path, *office_figures(rows[0][0], rows[2:]))
             for path, rows in office_workbooks(corpus)]
    for path, named, new in (*books, *late):
        title = RENAMED.get(named, named)
        likeness = {
            other: SequenceMatcher(None, title, other[1]).ratio() for other in titles(old)
        }
        best = max(likeness, key=lambda other: likeness[other])
        before = next(figures for p, _, figures in old if p == best[0])
        if likeness[best] > 0.85 and len(before.keys() & new.keys()) >= 5:
            yield Pair(f"{path.name} ~ {best[0].name}", before, new)
    for (one, title, figures), (two, other, new) in itertools.product(books, late):
        alike = SequenceMatcher(None, title, other).ratio()
        if alike > 0.85 and len(figures.keys() & new.keys()) >= 5:
            yield Pair(f"{two.name} ~ {one.name}", figures, new)


def titles(tables: list[tuple[Path, str, Figures]]) -> list[tuple[Path, str]]:
    """Return the files and titles of tables."""
    return [(path, title) for path, title, _ in tables]


def bank_csv(path: Path) -> Iterator[tuple[str, str, str, float]]:
    yield from bank_rows(path.read_text(encoding="utf-8-sig"))


def bank_rows(text: str) -> Iterator[tuple[str, str, str, float]]:
    rows = list(csv.reader(text.splitlines()))
    names = {"Country Code", "Country ISO3"}
    start = next((i for i, row in enumerate(rows) if names & set(row)), None)
    if start is None:
        return
    header = rows[start]
    code, country = header.index("Indicator Code"), header.index(
        "Country Code" if "Country Code" in header else "Country ISO3"
    )
    if {"Year", "Value"} <= set(header):
        year, value = header.index("Year"), header.index("Value")
        for row in rows[start + 1:]:
            if re.fullmatch(r"(?:19|20)\d\d", row[year]) and re.fullmatch(NUMBER, row[value]):
                yield row[code], row[country], row[year], float(row[value])
        return
    for row in rows[start + 1:]:
        for label, cell in zip(header, row, strict=False):
            if re.fullmatch(r"(?:19|20)\d\d", label) and cell.strip():
                yield row[code], row[country], label, float(cell)


def bank_json(path: Path) -> Iterator[tuple[str, str, str, float]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return
    entries = document[1] if isinstance(document, list) and len(document) == 2 else []
    for entry in entries or ():
        if isinstance(entry, dict) and entry.get("value") is not None and "indicator" in entry:
            area = entry.get("countryiso3code") or entry["country"]["id"]
            yield entry["indicator"]["id"], area, str(entry["date"]), float(entry["value"])


def code_pairs(corpus: Path, folder: Path) -> Iterator[Pair]:
    """Yield every two files that have an indicator code in common."""
    by_code: dict[str, dict[str, Figures]] = defaultdict(dict)
    files = [*corpus.rglob("worldbank/**/*.csv"), *corpus.rglob("worldbank/**/*.json"),
             *corpus.rglob("worldbank_hdx/*.csv"),
             *folder.rglob("*.json"), *folder.rglob("*.csv")]
    for path in sorted(files):
        read = bank_csv if path.suffix == ".csv" else bank_json
        try:
            for code, area, year, value in read(path):
                by_code[code].setdefault(str(path), {})[(code, area, year)] = value
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    for name, text in zipped(corpus):
        for code, area, year, value in bank_rows(text):
            by_code[code].setdefault(name, {})[(code, area, year)] = value
    for code, name, figures in editions(corpus):
        by_code[code][name] = figures
    for code, every in sorted(by_code.items()):
        tables = {}
        for path, figures in every.items():  # copies of a file are one edition
            if figures not in tables.values():
                tables[path] = figures
        for (one, old), (two, new) in itertools.combinations(tables.items(), 2):
            if len(old.keys() & new.keys()) >= 3 and old != new:
                yield Pair(f"{code}: {Path(two).name} ~ {Path(one).name}", old, new)


def _table(figures: Figures) -> pa.Table:
    keys = list(figures)
    n = len(keys)
    return pa.table({
        "indicator": [key[0] for key in keys], "ref_area": [key[1] for key in keys],
        "geo_vintage": ["V"] * n, "sex": ["T"] * n, "time_period": [key[2] for key in keys],
        "obs_value": list(figures.values()), "source_row": list(range(n)),
        "source_part": ["file"] * n,
    })


def findings(pair: Pair) -> tuple[list[str], list[str]]:
    """Return what the checks find, each with its name: what blocks, and what only warns."""
    said: dict[str, list[str]] = {"critical": [], "warning": []}
    with duckdb.connect() as con:
        con.register("observation", _table(pair.new))
        con.register(PREVIOUS_RELEASE, _table(pair.old))
        con.execute(f"CREATE VIEW {EARLIER_RELEASES} AS FROM {PREVIOUS_RELEASE}")
        for kind, cls in all_checks().items():
            if issubclass(cls, GrossRevisionCheck):
                query = str(cls.of({}, dataset(), registries()).query())
                found = con.execute(query.format(batch="observation"))
                place = [item[0] for item in found.description].index("observed")
                said[cls.severity] += [f"{kind}: {row[place]}" for row in found.fetchall()]
    return said["critical"], said["warning"]


def without_last_period(pair: Pair) -> bool:
    """Whether an indicator of the new edition ends before that of the old one."""
    last: list[dict[str, str]] = []
    for figures in pair:
        if isinstance(figures, dict):
            found: dict[str, str] = {}
            for indicator, _, period in figures:
                found[indicator] = max(found.get(indicator, ""), period)
            last.append(found)
    old, new = last
    return any(new[each] < old[each] for each in old.keys() & new.keys())


def main() -> None:
    """Print every pair with what is found in it, and the totals."""
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else "/work/shared")
    folder = Path(__file__).resolve().parents[2] / "sources" / "demo" / "sample"
    pairs = blocked = shorter = 0
    vintages = (Pair(*each) for each in sample(folder))
    for pair in itertools.chain(office_pairs(corpus), vintages, code_pairs(corpus, folder)):
        common = pair.old.keys() & pair.new.keys()
        revised = sum(pair.old[key] != pair.new[key] for key in common)
        said, warned = findings(pair)
        pairs, blocked = pairs + 1, blocked + bool(said)
        shorter += without_last_period(pair)
        print(f"{'BLOCK' if said else 'ok   '} {revised}/{len(common)} {pair.name}")
        for line in said:
            print(f"        {line}")
        for line in warned:
            print(f"        (warns) {line}")
    print(f"{pairs} pairs, {blocked} blocked; {shorter} end before the edition that they follow")


if __name__ == "__main__":
    main()
