"""How a table is laid out in a file, as declared: parts of the options of `files`."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.util.text import Frozen, Text
from sources.formats.tabular.numbering import Numbering
from sources.formats.workbook.cells import column_number

# objects: a list of objects; rows: a list of lists, the names first; keyed: an object whose keys
# name the records, which are objects (column `key`) or plain values (columns `key` and `value`).
RecordForm = Literal["objects", "rows", "keyed"]

RowNumber = Annotated[int, Field(ge=0, le=1_000)]


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return value


# Must match the whole text of a row's first filled cell.
RowPattern = Annotated[
    str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(_expression)
]


def ascending(rows: int | tuple[int, ...]) -> int | tuple[int, ...]:
    """Check the numbers of header rows.

    Raises:
        ValueError: none, too many, or not in ascending order.
    """
    if isinstance(rows, tuple) and (
        not 1 <= len(rows) <= 10 or list(rows) != sorted(set(rows))
    ):
        raise ValueError("names 1 to 10 rows in ascending order")
    return rows


def _columns(value: str) -> str:
    first, _, last = value.partition(":")
    if not re.fullmatch("[A-Z]{1,3}(:[A-Z]{1,3})?", value) or (
        last and column_number(last) < column_number(first)
    ):
        raise ValueError("is no column of a sheet, nor a range of them; columns are A, B:D, AA")
    return value


ColumnLetters = Annotated[str, AfterValidator(_columns)]  # of a sheet: "A", "C:F"


def positions(columns: tuple[str, ...]) -> tuple[int, ...]:
    """Return the positions of columns, from 0, in the order of their names."""
    found: list[int] = []
    for each in columns:
        first, _, last = each.partition(":")
        found.extend(range(column_number(first) - 1, column_number(last or first)))
    return tuple(found)


HeaderRows = Annotated[tuple[RowNumber, ...], AfterValidator(ascending)]


class Heading(Frozen):
    """Rows that are headings: their text becomes a column of the rows below."""

    to: Text
    """Name of the column."""
    matching: RowPattern | None = None
    """Regular expression of the headings; by default rows with a single filled cell, or that repeat
    the header."""
    initial: str = ""
    """Value of the column above the first heading."""


class StackedTables(Frozen):
    """Tables that stand below each other in one file."""

    matching: RowPattern
    """Regular expression of the row that begins each table, on its first filled cell."""
    to: Text
    """Name of the column for the first filled cell of that row."""
    header: HeaderRows = (1,)
    """Rows of the column names, counted from that row, which is 0."""
    label: Text | None = None
    """Name of the column below that cell, where `header` has row 0."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (0 in self.header) != (self.label is not None):
            raise ValueError(
                "`label` names the first column where, and only where, `header` has row 0"
            )
        return self


class LabelColumns(Frozen):
    """Labels that stand in one of several columns, by their level: they become one column."""

    columns: Annotated[tuple[ColumnLetters, ...], Field(min_length=1)]
    """Letters of the columns, from the outermost level to the innermost."""
    to: Text
    """Name of the resulting column, the first one: the first filled label of each row."""
    level: Text | None = None
    """Name of a column for the level of the label, from 1."""


@dataclass(frozen=True)
class TableLayout:
    """Where a table stands in a file, and what its rows are; see `FilesOptions`."""

    header: tuple[int, ...] = (1,)  # () when `names` has the names
    separator: str = " "
    across: bool = False
    skip_rows: int = 0
    footer: int = 0
    names: tuple[str, ...] = ()
    skip: str | None = None
    end: str | None = None
    carry_down: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    tables: StackedTables | None = None
    numbering: Numbering | None = None
    places: tuple[int, ...] = ()  # of the columns to read, from 0; () for all
    labels: LabelColumns | None = None

    @property
    def label_places(self) -> tuple[int, ...]:
        """The positions of the columns of `labels` among those that are read, from 0."""
        found = positions(self.labels.columns) if self.labels else ()
        return tuple(map(self.places.index, found)) if self.places else found

    @property
    def first_row(self) -> int:
        """The row at which to begin reading, from 1."""
        return min(self.header, default=1) if self.tables is None else 1

    @property
    def is_plain(self) -> bool:
        """Whether it is one row of names and the rows below it, and nothing else."""
        return len(self.header) <= 1 and not (
            self.skip or self.end or self.carry_down or self.headings or self.tables or self.places
            or self.labels or self.numbering
        )
