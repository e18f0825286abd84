"""Tables with column names out of numbered rows, for text files and sheets."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, groupby, zip_longest

from model.errors import ReadError
from model.util.text import nfc
from sources.formats.payload import quoted
from sources.limits import MAX_COLUMNS

RawRow = tuple[int, list[str]]


@dataclass(frozen=True)
class TableExtent:
    """Where a table stands in a file.

    header: the row that holds the names, from 1; 0 when none does (then `names` has them).
    skip_rows: rows between the names and the figures, e.g. of units; blank ones count.
    footer: filled rows at the end that are no figures.
    names: the columns' names instead of the header's.
    """

    header: int = 1
    skip_rows: int = 0
    footer: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawTable:
    """A table of text: the column names, and the rows with their numbers."""

    columns: tuple[str, ...]
    rows: Iterator[RawRow]


def as_table(records: Iterable[RawRow], extent: TableExtent, where: str) -> RawTable:
    """Take the names from the header, the first of `records`, and yield the rows below it.

    `extent` says where the table stands, `where` names the file in errors. Rows in which every cell
    is empty are left out; cells after the last named column must be empty.

    Raises:
        ReadError: no header, a name twice, or a row with too few or too many fields.
    """
    source = iter(records)
    columns = extent.names
    number = 0
    if extent.header:
        found = next(source, None)
        if found is None:
            raise ReadError(
                "has no row of column names", where=f"{where}:{extent.header}",
                todo="check `header`, the row that holds the names; of a workbook"
                " the first sheet is read, unless `sheet` names another",
            )
        number, cells = found
        columns = checked_names(joined_names([cells]), extent.names, f"{where}:{number}")
    body = after_row(source, number + extent.skip_rows)
    return RawTable(columns, _rows(body, len(columns), extent.footer, where))


def after_row(records: Iterable[RawRow], row: int) -> Iterator[RawRow]:
    """Return those of the `records` that are below a `row` (lines of a text file)."""
    return dropwhile(lambda record: record[0] <= row, records)


def joined_names(rows: Sequence[Sequence[str]], separator: str = " ") -> list[str]:
    """Return the columns' names: the texts of the header `rows`, from above, with a `separator`.

    Blank cells add nothing to a name, nor does a text that repeats the one above it.
    """
    names = []
    for parts in zip_longest(*rows, fillvalue=""):
        texts = [text for part in parts if (text := " ".join(nfc(part).split()))]
        names.append(separator.join(text for text, _ in groupby(texts)))
    return names


def checked_names(found: list[str], names: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Return the columns' names: those `found` in a header, or the declared `names` for as many.

    Blank cells of the header (`where`) are ""; () are no declared names.

    Raises:
        ReadError: another number of columns, none, too many, or a name twice.
    """
    while found and not found[-1]:
        found.pop()
    if names:
        if len(names) != len(found):
            raise ReadError(
                f"has {len(found)} columns; `names` gives {len(names)}", where=where,
                todo="give one name for each column",
            )
        return names
    if len(found) > MAX_COLUMNS:
        raise ReadError(f"has more than {MAX_COLUMNS} columns", where=where)
    found = [name or f"column_{position}" for position, name in enumerate(found, start=1)]
    folded = [name.casefold() for name in found]  # DuckDB's names are case-insensitive
    twin = next((name for name in found if folded.count(name.casefold()) > 1), None)
    if twin is not None:
        raise ReadError(
            f"two columns are named {quoted(twin, 60)!r}", where=where,
            todo="name the columns in the declaration's `names`",
        )
    reserved = next((name for name in found if name in ("_part", "_row")), None)
    if reserved is not None:
        raise ReadError(
            f"a column is named {reserved!r}, which is reserved", where=where,
            todo="name the columns in the declaration's `names`",
        )
    if not found:
        raise ReadError("the row of column names is empty", where=where, todo="check `header`")
    return tuple(found)


def _rows(records: Iterator[RawRow], width: int, footer: int, where: str) -> Iterator[RawRow]:
    waiting: deque[RawRow] = deque()
    for number, cells in records:
        if not any(cells):
            continue
        waiting.append((number, cells))
        if len(waiting) > footer:
            row, values = waiting.popleft()
            yield row, fitted(values, width, f"{where}:{row}")


def fitted(cells: list[str], width: int, where: str) -> list[str]:
    """Return the `cells` of a row (`where`), as many as the table's `width`; any others are blank.

    Raises:
        ReadError: too few or too many.
    """
    if len(cells) == width:
        return cells
    if len(cells) < width:
        raise ReadError(
            f"the row has {len(cells)} fields; the table has {width} columns", where=where,
            todo="fix the row, or declare `footer` rows, the `header` row or the `delimiter`",
        )
    if any(cells[width:]):
        raise ReadError(
            f"the row has {len(cells)} fields; the table has {width} columns"
            f" (first field too many: {quoted(next(filter(None, cells[width:])), 60)!r})",
            where=where,
            todo="look for a separator in a text without quotes, or check the `header` row",
        )
    return cells[:width]
