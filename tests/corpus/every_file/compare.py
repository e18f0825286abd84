"""A release beside the rows of another reader: every figure, its area, period, status and scale."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb

from model.declarations.dataset import BOUNDS, Dataset
from model.declarations.source import Source
from model.reference.codelist import Codelist
from model.reference.registries import Registries
from model.util.text import fold
from tests.corpus.every_file.answers import is_area
from tests.corpus.every_file.grids import FIGURE, Grid, is_year
from warehouse.store.releases import StoredRelease

_SHOWN = 3  # of each kind
# Columns that say which row it is, or how to show it, and hold no figures of their own.
_NO_FIGURES = re.compile(
    r"(.* )?(code|codes|id|ids|key|year|years|nam|month|quarter|day|date|iso|number|no|stt|tt|ma"
    r"|lat|lon|latitude|longitude|decimals?|unit_?mult|powercode|time_?dim.*|dim|decimal|rank"
    r"|order|index|m49|objectid|easting|northing|time_period|period|_code|magnitude|.*_code|.*code"
    r"|title_compl|decimals_displayed)( .*)?"
)
_TELLS = re.compile(
    r"#?(indicator|series|variable|measure|item|statistic|subject|sex|gender)([ _+]?(code|id))?")
_POWERS = ("UNIT_MULT", "SCALE", "POWERCODE")
_STATUS = re.compile(r"obs_?status|status|flags?|qualifier|obs_flag|data status|prel.*")
_NORMAL = {"", "a", "official", "final", "actual", "normal"}
_PROVISIONAL = re.compile(r"\b(prel|est|so bo|uoc|provisional|preliminary|forecast)\b")
_INDEX = re.compile(r"= ?100\b|\b(index|chi so|ch. se ph.t)\b")
_MULTIPLE = (
    (r"\b(thous|thousands?|nghin)\b", r"thousand|nghìn"),
    (r"\b(mill|millions?|mio|trieu)\b", r"mill|mio|triệu"),
    (r"\b(bill|billions?|bn|ty)\b", r"bill|bn|tỷ"),
)


class Comparison:
    """Compares one release; `found` collects what differs, by kind."""

    def __init__(
        self, stored: StoredRelease, grid: Grid, dataset: Dataset, source: Source,
        registries: Registries, path: str,
    ) -> None:
        self.stored, self.grid, self.dataset, self.source = stored, grid, dataset, source
        self.registries, self.path = registries, path
        self.codelist: Codelist = registries.codelists[dataset.geography.codelist]
        self.found: dict[str, list[str]] = defaultdict(list)
        # The other reader has no names in fonts from before Unicode.
        self.is_recoded = bool(getattr(source.options, "legacy_text", None))
        self.covered: set[tuple[int, int]] = set()
        self.codes = {source.columns[each].column for each in dataset.dimensions}
        # What each series is called in columns that tell series apart.
        self.series: dict[tuple[Any, ...], set[tuple[str, ...]]] = defaultdict(set)
        first = [grid.keys, *list(grid.rows.values())[:3]]
        self.telling = sorted({place for cells in first for place, cell in enumerate(cells)
                               if _TELLS.fullmatch(fold(cell))})
        self.title = fold(" ".join(
            [path, *(cell for row in range(1, 12) for cell in grid.rows.get(row, []))]
            if not grid.keys else [path]))
        value = source.columns.get("obs_value")
        self.factors = {1.0}
        if value is not None and value.scale is not None:
            self.factors = {float(value.scale)}
        if value is not None and value.scale_by is not None:
            self.factors |= {float(each) for each in value.scale_by.map.values()}

    def run(self) -> None:
        """Compare every observation, then look for figures that are in none."""
        with duckdb.connect() as con:
            data = con.execute(
                "FROM read_parquet(?)", [str(self.stored.path("data.parquet"))])
            names = [item[0] for item in data.description]
            while rows := data.fetchmany(50_000):
                for row in rows:
                    self._observation(dict(zip(names, row, strict=True)))
            held = con.execute(
                "SELECT _row, _column FROM read_parquet(?)",
                [str(self.stored.path("quarantine.parquet"))]).fetchall()
        for number, column in held:
            for place, _ in self._places(int(number), column if self.source.unpivot else None):
                self.covered.add((int(number), place))
        for texts in self.series.values():
            if len(texts) > 1:
                self._say("column", f"one series has the rows of {sorted(texts)[:3]}")

    def _places(self, row: int, column: str | None) -> Iterator[tuple[int, str]]:
        """Yield the cells of a row that stand under a heading; all where there is none."""
        for place, cell in enumerate(self.grid.rows.get(row, [])):
            if not column or self.is_recoded or column == f"column_{place + 1}" or _holds(
                self._header(row, place), column
            ):
                yield place, cell

    def _header(self, row: int, place: int) -> str:
        if self.grid.keys:
            return self.grid.header(row, place)
        if not hasattr(self, "_headers"):
            self._headers: dict[int, list[tuple[int, str]]] = defaultdict(list)
            for number, cells in self.grid.rows.items():
                if number > 60:
                    break
                for at, text in enumerate(cells):
                    if text and (is_year(text) or not FIGURE.fullmatch(text)):
                        self._headers[at].append((number, text))
        return " | ".join(text for number, text in self._headers[place] if number < row)

    def _observation(self, row: dict[str, Any]) -> None:
        number, column = int(row["source_row"]), row["source_column"]
        cells = self.grid.rows.get(number)
        where = f"row {number} {column or ''}".strip()
        if cells is None:
            self._say("row", f"{where}: the other reader has no such row")
            return
        value = row["obs_value"]
        places = [place for place, cell in self._places(number, column)
                  if value is not None and any(
                      _same(each * factor, value)
                      for each in numbers(cell) for factor in self.factors)]
        if value is not None and not places:
            self._say("value", f"{where}: {value} is not in {cells[:12]}")
            return
        self.covered.update((number, place) for place in places)
        for bound in BOUNDS:
            self._bound(number, cells, bound, row.get(bound), where)
        if self.telling:
            key = tuple(row[name] for name in self.dataset.key if name != "time_period")
            self.series[key].add(tuple(
                cells[place] for place in self.telling if place < len(cells)))
        heads = " | ".join(self._header(number, place) for place in places[:3])
        if "column" in self.source.columns["ref_area"].model_fields_set and not any(
            _is_area(cell, row["ref_area"], self.codelist) for cell in (*cells, *heads.split(" | "))
        ):
            self._say("area", f"{where}: {row['ref_area']} is not named in {cells[:8]}")
        year = row["time_period"][:4]
        near = " ".join((*cells, heads))
        if year not in near and year not in self.title and year[2:] not in near:
            self._say("period", f"{where}: {row['time_period']} is not in {cells[:8]} {heads[:80]}")
        self._status(row, cells, heads, where)
        self._scale(row, cells, heads, where)

    def _bound(
        self, number: int, cells: list[str], name: str, value: float | None, where: str
    ) -> None:
        if value is None:
            return
        column = str(self.source.columns[name].column)
        places = [
            place for place, cell in enumerate(cells)
            if _holds(self._header(number, place), column)
            and any(_same(each, value) for each in numbers(cell))
        ]
        self.covered.update((number, place) for place in places)
        if not places:
            self._say("bound", f"{where}: {name} {value} is not under {column}")

    def _status(self, row: dict[str, Any], cells: list[str], heads: str, where: str) -> None:
        marks = [
            cell for place, cell in enumerate(cells) if place < len(self._statuses(cells))
            and self._statuses(cells)[place] and fold(cell) not in _NORMAL
        ]
        if _PROVISIONAL.search(fold(heads)) and not self.grid.keys:
            last = re.findall(r"[^|]+", heads)[-1]
            marks += [heads] if _PROVISIONAL.search(fold(last)) else []
        if marks and row.get("obs_status", "A") == "A" and row["obs_value"] is not None:
            self._say("status", f"{where}: {marks[0][:60]!r} became A")

    def _statuses(self, cells: list[str]) -> list[bool]:
        if not hasattr(self, "_is_status"):
            first = self.grid.keys or next(
                (row for row in self.grid.rows.values() if sum(map(bool, row)) > 1), [])
            self._is_status = [_STATUS.fullmatch(fold(name)) is not None for name in first]
        return self._is_status

    def _scale(self, row: dict[str, Any], cells: list[str], heads: str, where: str) -> None:
        indicator = self.dataset.indicators.get(row["indicator"])
        if indicator is None or row["obs_value"] is None:
            return
        for place, key in enumerate(self.grid.keys):
            if key.upper() in _POWERS and cells[place] not in ("", "0"):
                power = float(10 ** int(cells[place]))
                raw = [each for name, cell in zip(self.grid.keys, cells, strict=True)
                       if name == "OBS_VALUE" for each in numbers(cell)]
                named = _unit_words(indicator.unit, self.registries)
                if not any(_same(each * power, row["obs_value"]) for each in raw) and not any(
                    re.search(words, named) and power == size for words, size in (
                        ("thousand", 1e3), ("million", 1e6), ("billion", 1e9))
                ):
                    self._say("multiplier", f"{where}: 10^{cells[place]} is lost")
        # Of the headings of parts of the table, the last that is a unit holds.
        parts = heads.split(" | ")
        last = max((n for n, part in enumerate(parts) if _INDEX.search(fold(part))), default=0)
        heads = " | ".join(parts[last:])
        words = fold(f"{heads} {' '.join(cells)}" if len(cells) < 12 else heads)
        # A multiplier that is part of the name is for a reader to see.
        unit = " ".join([
            _unit_words(indicator.unit, self.registries), *indicator.name.by_language.values()])
        unit = f"{unit} {fold(unit)}"
        for told, meant in _MULTIPLE:
            if re.search(told, words) and not re.search(meant, unit) and self.factors == {1.0}:
                self._say("multiplier", f"{where}: {told} is in {words[:60]}, but the unit {unit}")

    def lost(self, named: str) -> int:
        """Say which figures are in no observation nor `named` as unread; return their number."""
        columns: dict[int, list[int]] = defaultdict(list)
        filled: Counter[int] = Counter()
        for number, cells in self.grid.rows.items():
            for place, cell in enumerate(cells):
                if cell:
                    filled[place] += 1
                    if FIGURE.fullmatch(cell) and not is_year(cell):
                        columns[place].append(number)
        figures = 0
        for place, rows in columns.items():
            last = max(self.grid.rows)
            name = self._header(last + 1, place).split(" | ")[0]
            if name.upper() in _POWERS or name in self.source.where or name in self.codes:
                continue
            if len(rows) <= 0.5 * filled[place] or _NO_FIGURES.fullmatch(fold(name)):
                continue
            figures += len(rows)
            left = [
                row for row in rows
                if (row, place) not in self.covered and not self._is_rounded(row, place)
                and "NA" not in self.grid.rows[row]  # UNESCO's 0 that is not applicable
            ]
            other_tables = "the file also has" in named and " table " in named
            if left and f"{name!r} holds" not in named and not other_tables:
                self._say("lost", f"column {place + 1} {name[:50]!r}: {len(left)} of {len(rows)}"
                          f" figures, e.g. row {left[0]}: {self.grid.rows[left[0]][place]}")
        return figures

    def _is_rounded(self, row: int, place: int) -> bool:
        """Whether a cell shows a figure of its row that is read, with fewer digits."""
        cells = self.grid.rows[row]
        return any(
            abs(one - other) <= 0.5 for one in numbers(cells[place])
            for at, cell in enumerate(cells) if (row, at) in self.covered
            for other in numbers(cell)
        )

    def _say(self, kind: str, words: str) -> None:
        self.found[kind].append(words)


def mismatches(
    stored: StoredRelease, grid: Grid, dataset: Dataset, source: Source, registries: Registries,
    named: str, path: str,
) -> tuple[int, list[str]]:
    """Compare a release with the rows of another reader.

    Args:
        stored: the release.
        grid: the rows.
        dataset: the declaration.
        source: how the file is read.
        registries: codelists and units.
        named: what is said to stay unread.
        path: of the file, for a year in its name.

    Returns:
        How many figures the other reader finds, and what differs, a few of each kind.
    """
    compared = Comparison(stored, grid, dataset, source, registries, path)
    compared.run()
    figures = compared.lost(named)
    said = [f"{kind} ({len(all_)}): {'; '.join(all_[:_SHOWN])}"
            for kind, all_ in compared.found.items()]
    return figures, said


@cache
def numbers(cell: str) -> tuple[float, ...]:
    """Return the numbers that a cell may be, in any notation."""
    text = re.sub(r"[\s\u00a0\u202f']|[*%]+$|\s*\(.*\)$|\s*\[.*\]$", "", cell).replace("−", "-")
    text = re.sub(r"^\((.+)\)$", r"-\1", text)
    found = []
    for each in {text, text.replace(",", ""), text.replace(".", "").replace(",", "."),
                 re.sub(r"[a-z]+$", "", text)}:
        try:
            found.append(float(each))
        except ValueError:
            continue
    return tuple(found)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1e-12)


@cache
def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


@cache
def _holds(header: str, column: str) -> bool:
    """Whether the text above a cell holds the name that the product has for its column."""
    if column.startswith("#"):  # tags, whose attributes stand in any order
        tag = header.rsplit(" | ", maxsplit=1)[-1]
        return set(re.split(r"[#+]", column)) == set(re.split(r"[#+]", tag))
    parts = [each for each in re.split(r" \| |(?<=\w)[:;]\s|\s[-–]\s", column) if _plain(each)]
    whole = _plain(header)
    return all(_plain(part) in whole for part in parts)


_KNOWN: dict[tuple[str, str, str], bool] = {}


def _is_area(text: str, code: str, codelist: Codelist) -> bool:
    key = (text, code, codelist.id)
    if key not in _KNOWN:
        _KNOWN[key] = bool(text) and is_area(text, code, codelist, "area")
    return _KNOWN[key]


def _unit_words(unit: str, registries: Registries) -> str:
    return " ".join([unit.replace("_", " "), *registries.units[unit].name.by_language.values()])
