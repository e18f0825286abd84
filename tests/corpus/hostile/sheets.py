"""Real files as rows of cells that an edit can change, and back into files of the same format.

A newcomer would get wrong: every layout has figures in `Sheet.figures` columns and one row of
names, but in a file of series (SDMX, JSON records) a row is one observation, in a wide table it is
an area with all its periods.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl


class NotPossible(Exception):
    """The layout has no place for an edit."""


@dataclass
class Sheet:
    """A table of a file.

    rows: all rows, also those above the names.
    head: position of the row of names; the rows below it are the body.
    area, period, status: positions of these columns; None where there is none.
    figures: positions of the columns with figures.
    finish: what is done to the sheet of a workbook after its cells are written.
    is_cube: its rows and columns are all combinations of labels.
    codes: what the labels of areas mean, as the first release has it.
    """

    rows: list[list[Any]]
    head: int
    area: int | None
    figures: list[int]
    period: int | None = None
    status: int | None = None
    finish: list[Callable[[Any], None]] = field(default_factory=list)
    is_cube: bool = False
    codes: dict[str, str | None] = field(default_factory=dict)

    @property
    def names(self) -> list[Any]:
        """The row of names."""
        return self.rows[self.head]

    @property
    def body(self) -> list[list[Any]]:
        """The rows below the names, as a new list of the same rows."""
        return self.rows[self.head + 1:]

    @body.setter
    def body(self, rows: list[list[Any]]) -> None:
        self.rows[self.head + 1:] = rows

    def cells(self, only: Sequence[list[Any]] | None = None) -> Iterator[tuple[list[Any], int]]:
        """Yield row and column of each figure."""
        for row in self.body if only is None else only:
            for place in self.figures:
                if place < len(row) and number(row[place]) is not None:
                    yield row, place

    def areas(self) -> list[Any]:
        """Return the areas, each once, in their order."""
        if self.area is None:
            return []
        return list(dict.fromkeys(row[self.area] for row in self.body if row[self.area]))

    def change(self, how: Callable[[Decimal], Decimal], only: Any = None) -> None:
        """Change every figure, or those of some rows."""
        for row, place in self.cells(only):
            row[place] = like(row[place], how(Decimal(str(row[place]).strip('"'))))


def number(cell: Any) -> float | None:
    """Return a cell as a number, None where it is none."""
    if cell is None or isinstance(cell, bool):
        return None
    try:
        found = float(Decimal(str(cell).strip()))
    except InvalidOperation:
        return None
    return found if math.isfinite(found) else None


def like(cell: Any, value: Decimal) -> Any:
    """Return a number in the type that a cell has."""
    text = format(value.normalize(), "f")
    if isinstance(cell, str):
        return text
    return int(text) if isinstance(cell, int) and "." not in text else float(text)


class Place(NamedTuple):
    """Where the table of a file stands, for `read` and `write`.

    form: csv, xlsx, records (JSON), jsonstat, px or sdmx.
    area, period, status: names of columns.
    figures: regular expression of the names of columns with figures.
    head: the row of names, from 1 (csv, xlsx).
    path: keys that lead to the list of records, or to the dataset (JSON).
    """

    form: str
    area: str | None = None
    figures: str = r".*(19|20)\d\d.*"
    period: str | None = None
    status: str | None = None
    head: int = 1
    delimiter: str = ","
    path: tuple[Any, ...] = ()


def read(path: Path, place: Place) -> Sheet:
    """Read the table of a file."""
    rows, head = _READ[place.form](path, place)
    names = [str(name or "") for name in rows[head]]
    position = {name: number for number, name in reversed(list(enumerate(names)))}

    def at(name: str | None) -> int | None:
        return None if name is None else position[name]

    return Sheet(
        rows, head, at(place.area),
        [
            n for n, name in enumerate(names) if re.fullmatch(place.figures, name)
            and any(n < len(row) and number(row[n]) is not None for row in rows[head + 1:])
        ],
        at(place.period), at(place.status),
        is_cube=place.form in ("jsonstat", "px"),
    )


def write(path: Path, place: Place, sheet: Sheet) -> None:
    """Write a changed table into the file that it was read from.

    Raises:
        NotPossible: the layout cannot express the change.
    """
    _WRITE[place.form](path, place, sheet)


def _read_csv(path: Path, place: Place) -> tuple[list[list[Any]], int]:
    text = path.read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=place.delimiter)), place.head - 1


def _write_csv(path: Path, place: Place, sheet: Sheet) -> None:
    head = path.read_bytes()[:3]
    text = io.StringIO()
    csv.writer(text, delimiter=place.delimiter, lineterminator="\n").writerows(sheet.rows)
    mark = "utf-8-sig" if head == b"\xef\xbb\xbf" else "utf-8"
    path.write_bytes(text.getvalue().encode(mark))


def _read_xlsx(path: Path, place: Place) -> tuple[list[list[Any]], int]:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()], place.head - 1


def _write_xlsx(path: Path, place: Place, sheet: Sheet) -> None:
    book = openpyxl.load_workbook(path)
    target = book.worksheets[0]
    target.delete_rows(1, target.max_row)
    for number, row in enumerate(sheet.rows, start=1):
        for column, value in enumerate(row, start=1):
            target.cell(number, column, value)
    for action in sheet.finish:
        action(target)
    book.save(path)


def _at(document: Any, path: Sequence[Any]) -> Any:
    for key in path:
        document = document[key]
    return document


def _document(path: Path) -> Any:
    return json.loads(path.read_bytes().rstrip(b"\0").decode("utf-8-sig"))


def _flat(record: dict[str, Any], before: str = "") -> dict[str, Any]:
    found = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{key}.")
        else:
            found[before + key] = value
    return found


def _read_records(path: Path, place: Place) -> tuple[list[list[Any]], int]:
    flat = [_flat(record) for record in _at(_document(path), place.path)]
    names = list(dict.fromkeys(name for record in flat for name in record))
    return [names, *([record.get(name) for name in names] for record in flat)], 0


def _write_records(path: Path, place: Place, sheet: Sheet) -> None:
    document = _document(path)
    records = []
    for row in sheet.body:
        record: dict[str, Any] = {}
        for name, value in itertools.zip_longest(sheet.names, row):
            if name is None:
                raise NotPossible("a value without a name")
            *outer, last = str(name).split(".")
            inner = record
            for key in outer:
                inner = inner.setdefault(key, {})
            inner[last] = value
        records.append(record)
    _at(document, place.path)[:] = records
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


_JOINT = " | "  # between the labels of a cube's columns


def _grid(names: list[str], sides: list[list[str]], values: list[Any]) -> list[list[Any]]:
    """Return a cube as a table: the first dimension as rows, all combinations of others as names.
    """
    columns = [_JOINT.join(labels) for labels in itertools.product(*sides[1:])]
    width = len(columns)
    body = [
        [label, *values[place * width:(place + 1) * width]] for place, label in enumerate(sides[0])
    ]
    return [[names[0], *columns], *body]


def _sides(sheet: Sheet, count: int) -> list[list[str]]:
    """Return the labels of each dimension of a table that `_grid` has made."""
    columns = [str(name).split(_JOINT) for name in sheet.names[1:]]
    if any(len(labels) != count - 1 for labels in columns):
        raise NotPossible("a column of a cube without all labels")
    others = [list(dict.fromkeys(labels[n] for labels in columns)) for n in range(count - 1)]
    if [tuple(labels) for labels in columns] != list(itertools.product(*others)):
        raise NotPossible("the columns of a cube are all combinations")
    first = [row[0] for row in sheet.body]
    if len(set(first)) != len(first) or not all(first) or any(
        len(row) != len(columns) + 1 for row in sheet.body
    ):
        raise NotPossible("the rows of a cube are its labels, each once")
    return [first, *others]


def _jsonstat_sides(found: dict[str, Any]) -> list[list[str]]:
    sides = []
    for name in found["dimension"]["id"]:
        category = found["dimension"][name]["category"]
        ordered = sorted(category["index"], key=category["index"].get)
        sides.append([category["label"][code] for code in ordered])
    return sides


def _read_jsonstat(path: Path, place: Place) -> tuple[list[list[Any]], int]:
    found = _at(_document(path), place.path)
    return _grid(found["dimension"]["id"], _jsonstat_sides(found), found["value"]), 0


def _write_jsonstat(path: Path, place: Place, sheet: Sheet) -> None:
    document = _document(path)
    found = _at(document, place.path)
    names = found["dimension"]["id"]
    sides = _sides(sheet, len(names))
    if sheet.names[0] != names[0]:
        found["dimension"][sheet.names[0]] = found["dimension"].pop(names[0])
        names[0] = sheet.names[0]
    for name, labels in zip(names, sides, strict=True):
        found["dimension"][name]["category"] = {
            "index": {str(n): n for n in range(len(labels))},
            "label": {str(n): label for n, label in enumerate(labels)},
        }
    found["dimension"]["size"] = [len(labels) for labels in sides]
    found["value"] = [cell for row in sheet.body for cell in row[1:]]
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


_PX_ENCODING = "utf-8"


def _px_list(text: str, keyword: str) -> list[str]:
    found = re.search(rf"^{re.escape(keyword)}=(.*?);\s*$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise NotPossible(f"no {keyword}")
    return [label.replace('"\n"', "") for label in re.findall(r'"([^"]*)"', found[1])]


def _px_names(text: str) -> list[str]:
    stub = _px_list(text, "STUB")
    assert len(stub) == 1, "a PX file with one variable of rows"
    return [*stub, *_px_list(text, "HEADING")]


def _read_px(path: Path, place: Place) -> tuple[list[list[Any]], int]:
    text = path.read_text(encoding=_PX_ENCODING)
    names = _px_names(text)
    sides = [_px_list(text, f'VALUES("{name}")') for name in names]
    values = text.split("DATA=", 1)[1].rstrip().rstrip(";").split()
    return _grid(names, sides, values), 0


def _write_px(path: Path, place: Place, sheet: Sheet) -> None:
    text = path.read_text(encoding=_PX_ENCODING)
    names = _px_names(text)
    for name, labels in zip(names, _sides(sheet, len(names)), strict=True):
        listed = ",\n".join(f'"{label}"' for label in labels)
        text = re.sub(
            rf'^VALUES\("{re.escape(name)}"\)=.*?;\s*$',
            lambda _, name=name, listed=listed: f'VALUES("{name}")={listed};',
            text, flags=re.MULTILINE | re.DOTALL,
        )
    if sheet.names[0] != names[0]:
        text = text.replace(f'"{names[0]}"', f'"{sheet.names[0]}"')
    cells = "\n".join(" ".join(map(_px_cell, row[1:])) for row in sheet.body)
    text = text.split("DATA=", 1)[0] + f"DATA=\n{cells};\n"
    path.write_text(text, encoding=_PX_ENCODING)


def _px_cell(cell: Any) -> str:
    text = str(cell)
    return text if number(text) is not None or text.startswith('"') else f'"{text or ".."}"'


_SERIES = re.compile(r"<Series ([^>]*)>(.*?)</Series>", re.DOTALL)
_OBS = re.compile(r"<Obs ([^>]*)></Obs>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def _read_sdmx(path: Path, place: Place) -> tuple[list[list[Any]], int]:
    observations = []
    outer: list[str] = []
    for head, body in _SERIES.findall(path.read_text(encoding="utf-8")):
        series = dict(_ATTRIBUTE.findall(head))
        outer = list(dict.fromkeys([*outer, *series]))
        observations += [series | dict(_ATTRIBUTE.findall(each)) for each in _OBS.findall(body)]
    names = list(dict.fromkeys([*outer, *(name for each in observations for name in each)]))
    return [names, *([each.get(name) for name in names] for each in observations)], 0


def _write_sdmx(path: Path, place: Place, sheet: Sheet) -> None:
    text = path.read_text(encoding="utf-8")
    inner = {name for each in _OBS.findall(text) for name, _ in _ATTRIBUTE.findall(each)}
    original, _ = _read_sdmx(path, place)
    of_obs = [n for n, name in enumerate(original[0]) if name in inner]
    if len(sheet.names) != len(original[0]):
        raise NotPossible("an SDMX message has no columns of its own")

    def attributes(row: list[Any], places: Sequence[int]) -> str:
        return " ".join(f'{sheet.names[n]}="{row[n]}"' for n in places if row[n] is not None)

    of_series = [n for n in range(len(sheet.names)) if n not in of_obs]
    made = [
        f"<Series {head}>" + "".join(f"<Obs {attributes(row, of_obs)}></Obs>" for row in rows)
        + "</Series>"
        for head, rows in itertools.groupby(sheet.body, lambda row: attributes(row, of_series))
    ]
    start, end = text.index("<Series "), text.rindex("</Series>") + len("</Series>")
    path.write_text(text[:start] + "".join(made) + text[end:], encoding="utf-8")


_READ = {
    "csv": _read_csv, "xlsx": _read_xlsx, "records": _read_records, "jsonstat": _read_jsonstat,
    "px": _read_px, "sdmx": _read_sdmx,
}
_WRITE = {
    "csv": _write_csv, "xlsx": _write_xlsx, "records": _write_records,
    "jsonstat": _write_jsonstat, "px": _write_px, "sdmx": _write_sdmx,
}
