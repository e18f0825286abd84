"""How a table lies in a file, as a declaration says it: what `Options` of `files` are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.util.text import Frozen, Text
from sources.formats.workbook.sheet_xml import column_number

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


Columns = Annotated[str, AfterValidator(_columns)]  # of a sheet, by letters: "A", "C:F"


def positions(columns: tuple[str, ...]) -> tuple[int, ...]:
    """Return the positions of columns, from 0, in the order in which they are named."""
    found: list[int] = []
    for each in columns:
        first, _, last = each.partition(":")
        found.extend(range(column_number(first) - 1, column_number(last or first)))
    return tuple(found)


HeaderRows = Annotated[tuple[RowNumber, ...], AfterValidator(ascending)]


class Heading(Frozen):
    """Rows that are headings: their text becomes a column of the rows below.

    to: the column.
    matching: which rows; any with a single filled cell, or that repeats the header, by default.
    initial: the column's value above the first heading.
    """

    to: Text
    matching: RowPattern | None = None
    initial: str = ""


class StackedTables(Frozen):
    """Tables that stand below each other in one file.

    matching: the row that begins each table.
    to: the column that the first filled cell of that row becomes.
    header: the rows that hold the names, counted from that row (which is 0).
    label: the name of the column over which that cell stands, where `header` has row 0.
    """

    matching: RowPattern
    to: Text
    header: HeaderRows = (1,)
    label: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> StackedTables:
        if (0 in self.header) != (self.label is not None):
            raise ValueError(
                "`label` names the first column where, and only where, `header` has row 0"
            )
        return self


class Labels(Frozen):
    """Labels that stand in one of several columns, by their level: they become one column.

    columns: by their letters, from the outermost level to the innermost.
    to: the column that they become, in front of the others: the first filled one of each row.
    level: a column that says which of them it was, from 1.
    """

    columns: Annotated[tuple[Columns, ...], Field(min_length=1)]
    to: Text
    level: Text | None = None


@dataclass(frozen=True)
class Layout:
    """Where the table stands in a file, and what its rows are. See `connectors.files`."""

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
    places: tuple[int, ...] = ()  # of the columns to read, from 0; () for all
    labels: Labels | None = None

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
            or self.labels
        )
