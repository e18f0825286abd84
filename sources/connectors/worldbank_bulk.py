"""World Bank downloads: one row a country and indicator, one column a year.

CSV and zip of `?downloadformat=csv`, the workbook of `?downloadformat=excel`, DataBank extracts,
the files of a whole topic, and any of them saved again by a spreadsheet program.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from model.errors import ReadError
from model.util.text import slug
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.indicators import WorldBankBulkOptions
from sources.formats.csv_text import read_csv
from sources.formats.payload import check_payload, is_zip, quoted, unpacked
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.tables import RawRow
from sources.formats.workbook.sheets import read_sheet

version = 1

# `_column` names the year's column in the file.
COLUMNS = (
    "country_name", "country_code", "indicator_name", "indicator_code", "year", "value", "_column",
)


_IDS = {
    "country name": 0, "country code": 1,
    "indicator name": 2, "series name": 2, "indicator code": 3, "series code": 3,
}
_YEAR = re.compile(r"(\d{4})(?: \[YR\1\])?")
_HEADER_WITHIN = 12  # rows: the preamble has four
_OLE = b"\xd0\xcf\x11\xe0"  # .xls


Options = WorldBankBulkOptions


def fetch(options: WorldBankBulkOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request the zip of each indicator."""
    for indicator in options.indicators:
        url = f"{options.base_url}/en/indicator/{quote(indicator)}?downloadformat=csv"
        yield get(f"{slug(indicator)}.zip", Request(url))


def read(parts: list[SourceFile], options: WorldBankBulkOptions) -> Iterator[pa.RecordBatch]:
    """Read the years into rows with `COLUMNS`. `_row` is the line or the row of the sheet.

    Raises:
        ReadError: names file, line and column.
    """
    return text_batches(COLUMNS, _rows(parts))


def _rows(parts: list[SourceFile]) -> Iterator[Row]:
    for part in parts:
        with ExitStack() as stack:
            path, where = part.path, part.name
            head = check_payload(path, where, "a World Bank download")
            if is_zip(head) and not _is_workbook(path, where):
                path, where = stack.enter_context(unpacked(path, where, "*.csv !Metadata*"))
                head = check_payload(path, where, "CSV")
            is_sheet = is_zip(head) or head.startswith(_OLE)
            records = read_sheet(path, where) if is_sheet else read_csv(path, where)
            for number, values in _melted(records, where):
                yield Row(part.name, number, values)


def _is_workbook(path: Path, where: str) -> bool:
    """Whether a zip is a workbook, whatever its name."""
    try:
        with unpacked(path, where, "workbook.xml"):
            return True
    except ReadError:
        return False


def _melted(
    records: Iterable[RawRow], where: str
) -> Iterator[tuple[int, tuple[str, str, str, str, str, str, str]]]:
    """Unpivot the wide `records` of the file `where` into rows of `COLUMNS` with their row numbers.

    Raises:
        ReadError: no header, an unknown column, or a row that does not fit.
    """
    source = iter(records)
    header_row, header = _header(source, where)
    ids, years = _columns(header, f"{where}:{header_row}")
    for number, cells in source:
        filled = [position for position, cell in enumerate(cells) if cell.strip()]
        if not filled:
            continue
        if filled == [0] and cells[0].startswith(("Data from database", "Last Updated")):
            continue  # DataBank's footer
        if len(cells) < len(header) or filled[-1] >= len(header):
            raise ReadError(
                f"the row has {len(cells)} fields; the header has {len(header)}",
                where=f"{where}:{number}", todo="fix the row, or fetch the file again",
            )
        country, code, indicator, indicator_code = (cells[position] for position in ids)
        for position, year in years:
            yield number, (
                country, code, indicator, indicator_code, year, cells[position], header[position],
            )


def _header(records: Iterator[RawRow], where: str) -> RawRow:
    for number, cells in islice(records, _HEADER_WITHIN):
        names = [" ".join(cell.split()) for cell in cells]
        if "country name" in (name.lower() for name in names):
            while names and not names[-1]:
                names.pop()  # every line of the CSV ends with a comma
            return number, names
    raise ReadError(
        "has no row of column names (`Country Name`, `Country Code`, ...)", where=f"{where}:1",
        todo="check that the file is a World Bank download of figures, not of metadata",
    )


def _columns(header: list[str], where: str) -> tuple[list[int], list[tuple[int, str]]]:
    ids: dict[int, int] = {}
    years: list[tuple[int, str]] = []
    for position, cell in enumerate(header):
        place = _IDS.get(cell.lower())
        year = _YEAR.fullmatch(cell)
        if place is not None and place not in ids:
            ids[place] = position
        elif year and year.group(1) not in (known for _, known in years):
            years.append((position, year.group(1)))
        else:
            raise ReadError(
                f"column {position + 1} is named {quoted(cell, 60)!r}: no year, or there twice",
                where=where, todo="check that the file is a World Bank download",
            )
    if len(ids) < 4 or not years:
        raise ReadError(
            "lacks a name or code of country or indicator, or has no year", where=where,
            todo="check that the file is a World Bank download",
        )
    return [ids[place] for place in range(4)], years
