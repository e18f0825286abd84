"""Columns of a source's table that hold figures and that the declaration does not read.

A column that says which row it is (a code, a rank, a year) holds numbers and no figures: it is left
out by its name, by its values, or because it never differs.
"""

import re
from collections.abc import Collection, Iterator

import duckdb

from model.declarations.source import Unpivot
from model.records.unread import UnreadContent
from model.reference.periods import parse_period
from model.util.sql import identifier
from model.util.text import LocalizedText, fold
from warehouse.cleaning.schema_inspection import POSITION
from warehouse.cleaning.source_columns import columns_of

_FIGURE = r"[-+−(]?\s*\d[\d.,'’\s\x{00a0}\x{202f}]*([eE][-+]?\d+)?\s*%?\)?\s*[\pL*]{0,2}"
_NUMBERING = re.compile(
    r"(stt|tt|no|nr|id|key|code|ma|rank|order|sort|decimals?|year|nam|month|thang|quarter|quy"
    r"|iso|lat|lon|latitude|longitude)"
)
_MOSTLY = 0.5  # share of filled cells that are numbers


def unread_columns(
    con: duckdb.DuckDBPyConnection, wide: Unpivot | None, used: Collection[str], value: str | None,
    sql: str | None = None,
) -> Iterator[UnreadContent]:
    """Yield the columns of `raw` on `con`, as the reader gave it, with figures that are not read.

    `used` are those that rules and `where` read, `value` has the observed values, where it is one
    of `raw`, and `wide` says how columns become rows. A column that the declaration's `sql` names
    is read.
    """
    columns = columns_of(con)
    for name, type_ in columns.items():
        is_wide = wide is not None and (
            name in (wide.columns or ()) or bool(re.fullmatch(wide.matching or "(?!)", name))
        )
        if name in POSITION or name in used or is_wide or _numbers_rows(name):
            continue
        if sql is not None and ("*" in sql or name.casefold() in sql.casefold()):
            continue
        count = _figures(con, name, type_)
        if count and not (value in columns and _repeats(con, name, str(value))):
            yield UnreadContent(kind="column", part="", what=LocalizedText(
                vi=f"cột “{name}” có {count} số liệu nhưng không được đọc",
                en=f"the column {name!r} holds {count} figures and is not read",
            ))


def _numbers_rows(name: str) -> bool:
    words = re.sub(r"[^a-z]+", " ", fold(name)).split()
    return any(_NUMBERING.fullmatch(word) for word in words) and not _is_period(name)


def _is_period(text: str) -> bool:
    try:
        parse_period(text.strip(), "auto")
    except ValueError:
        return False
    return True


def _figures(con: duckdb.DuckDBPyConnection, name: str, type_: str) -> int:
    """Return how many figures a column holds, 0 where they are years or never differ."""
    if type_.startswith(("DATE", "TIME", "BOOL")) or "[" in type_ or type_.startswith("STRUCT"):
        return 0
    found = con.execute(
        f"""
        WITH cell AS (
            SELECT trim(CAST({identifier(name)} AS VARCHAR), ' \t\u00a0') AS v FROM raw
            WHERE {identifier(name)} IS NOT NULL
        )
        SELECT count(*) FILTER (v <> ''), count(*) FILTER (is_figure),
               count(DISTINCT v) FILTER (is_figure), count(*) FILTER (is_figure AND NOT is_year)
        FROM (SELECT v, regexp_full_match(v, ?) AS is_figure,
                     regexp_full_match(v, '(1[89]|20)\\d\\d') AS is_year FROM cell)
        """,
        [_FIGURE],
    ).fetchone()
    filled, figures, distinct, no_years = found or (0, 0, 0, 0)
    is_of_figures = figures > _MOSTLY * filled and distinct > 1 and no_years
    return int(figures) if is_of_figures else 0


def _repeats(con: duckdb.DuckDBPyConnection, name: str, value: str) -> bool:
    """Whether a column shows the figures of another one, rounded: "74.2 [73.1-75.0]"."""
    found = con.execute(
        rf"""
        SELECT count(*) FILTER (abs(a - b) <= greatest(0.05, 0.005 * abs(b))), count(*) FROM (
            SELECT TRY_CAST(regexp_extract(CAST({identifier(name)} AS VARCHAR),
                                           '-?\d+(\.\d+)?') AS DOUBLE) AS a,
                   TRY_CAST({identifier(value)} AS DOUBLE) AS b FROM raw
        ) WHERE b IS NOT NULL
        """
    ).fetchone()
    same, rows = found or (0, 0)
    return bool(same) and same >= 0.95 * rows
