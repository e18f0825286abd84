"""Recognition of HXL: whether a table has a row of hashtags, and where."""

from collections.abc import Mapping, Sequence
from typing import Any

from sources.connectors.hxl import is_tag_row
from sources.formats.tabular.tables import RawRow
from sources.inspect.finding import Guess, RecognisedTable
from sources.inspect.tables.cells import filled

_WITHIN = 25  # rows, by the standard


def hashtag_row(rows: Sequence[RawRow]) -> int | None:
    """Return the number of the row of hashtags, None where there is none."""
    return next((
        number for number, cells in rows[:_WITHIN] if len(filled(cells)) > 1 and is_tag_row(cells)
    ), None)


def hxl_table(kind: str, row: int, options: Mapping[str, Any], place: str = "") -> RecognisedTable:
    """Return the table of a `kind` (csv, xlsx, json) whose hashtags are in `row`, from 1.

    `options` are others than `tag_row`; `place` is that of the table in the file.
    """
    named = dict(options) | ({} if row == 2 else {"tag_row": row})
    guess = Guess("tag_row", str(row), "certain", f"every filled cell of row {row} is a hashtag")
    return RecognisedTable("hxl", f"hxl {kind}", named, (guess,), place)
