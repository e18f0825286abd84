"""SDMX-CSV: version 1.0 (first column DATAFLOW) and 2.0 (STRUCTURE, STRUCTURE_ID, ACTION).

https://github.com/sdmx-twg/sdmx-csv. With labels, `DIM: Name` heads a column of `code: name`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from model.errors import ReadError
from sources.connectors.sdmx.message import TIME, VALUE, DataMessage, SdmxObservation, reference
from sources.formats.csv_text import read_csv
from sources.formats.payload import quoted
from sources.formats.tabular.tables import TableExtent, as_table

_ABOUT = ("DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION")
_SPLIT = ": "


@dataclass(frozen=True)
class _CsvColumn:
    id: str
    is_labelled: bool


def is_sdmx_csv(head: bytes) -> bool:
    """Whether a payload begins as SDMX-CSV does."""
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip(b'"')
    return first.startswith((b"DATAFLOW", b"STRUCTURE"))


def csv_message(path: Path, where: str) -> DataMessage:
    """Read the header of the message in `path`, named `where`; its rows are read on demand.

    Raises:
        ReadError: not well formed, or not of SDMX-CSV; rows of several structures.
    """
    head = as_table(read_csv(path, where), TableExtent(), where)
    columns = [_column(each) for each in head.columns]
    first = next(head.rows, None)
    if first is None:
        raise ReadError("holds no observations", where=where, todo="check the key and the periods")
    described = dict(zip((each.id for each in columns), first[1], strict=True))
    named = described.get("STRUCTURE_ID", described.get("DATAFLOW", ""))
    ids = [each for each in columns if each.id not in (TIME, VALUE, *_ABOUT)]
    labelled = [(each.id, f"{each.id}_label") if each.is_labelled else (each.id,) for each in ids]

    def observations() -> Iterator[SdmxObservation]:
        table = as_table(read_csv(path, where), TableExtent(), where)
        for line, cells in table.rows:
            yield line, _values(columns, cells, named, f"{where}:{line}")

    # The first row is checked before the message is stored.
    _values(columns, first[1], named, f"{where}:{first[0]}")
    return DataMessage(
        tuple(chain.from_iterable(labelled)), reference(named.partition(_SPLIT)[0])[1],
        observations,
    )


def _column(name: str) -> _CsvColumn:
    found, split, _ = name.partition(_SPLIT)
    return _CsvColumn(found.partition("[")[0], bool(split) and found not in (TIME, VALUE))


def _values(
    columns: list[_CsvColumn], cells: list[str], structure: str, where: str
) -> dict[str, str | None]:
    row: dict[str, str | None] = {}
    for column, cell in zip(columns, cells, strict=True):
        if column.id in ("DATAFLOW", "STRUCTURE_ID") and cell != structure:
            raise ReadError(
                f"is of {quoted(cell, 60)!r}; the rows before are of {quoted(structure, 60)!r}",
                where=where, todo="ask for one structure at a time",
            )
        if column.id == "ACTION" and cell == "D":
            raise ReadError(
                "requests deletions; it holds no figures", where=where,
                todo="ask for the data, not for the changes",
            )
        if column.id in _ABOUT:
            continue
        if column.is_labelled:
            code, _, label = cell.partition(_SPLIT)
            row[column.id] = code or None
            row[f"{column.id}_label"] = label or None
        else:
            row[column.id] = cell or None
    return row
