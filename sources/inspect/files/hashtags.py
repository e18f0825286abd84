"""HXL: whether a table has a row of hashtags, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sources.formats.tabular.tables import RawRow
from sources.inspect.finding import Guess, Table
from sources.inspect.tables.cells import filled

_TAG = re.compile(r"\s*#[a-z][a-z0-9_]*(\s*\+\s*[a-z][a-z0-9_]*)*\s*", re.IGNORECASE)
_WITHIN = 25  # rows, as the standard says


def is_hashtag(text: str) -> bool:
    """Say whether a cell is a hashtag of HXL."""
    return _TAG.fullmatch(text) is not None


def hashtag_row(rows: Sequence[RawRow]) -> int | None:
    """Return the number of the row of hashtags, None where there is none."""
    for number, cells in rows[:_WITHIN]:
        texts = filled(cells)
        if len(texts) > 1 and all(map(is_hashtag, texts)):
            return number
    return None


def hxl_table(kind: str, row: int, options: Mapping[str, Any], place: str = "") -> Table:
    """Return the table of HXL whose hashtags stand in a row."""
    named = dict(options) | ({} if row == 2 else {"tag_row": row})
    why = f"every filled cell of row {row} is a hashtag"
    return Table("hxl", f"hxl {kind}", named, (Guess("tag_row", str(row), "certain", why),), place)
