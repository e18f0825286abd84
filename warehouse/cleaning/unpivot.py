"""Wide to long: the columns of the source's table that match become rows."""

import re
from collections.abc import Container

import duckdb
import pyarrow as pa

from model.declarations.dataset import Dataset
from model.declarations.source import Unpivot
from model.errors import ReadError
from model.util.sql import identifier
from warehouse.cleaning.source_columns import column_advice, columns_of, readable_names, row_number

# What the rows that come of one row have in common stands there once, and each has its place.
SOURCE_ROW, PLACE = "_source_row", "_source_place"


def unpivot(
    con: duckdb.DuckDBPyConnection, wide: Unpivot, read: Container[str], dataset: Dataset
) -> None:
    """Replace the table `raw` of `con` by one with a row for each column that matches `wide`.

    It has the columns to `read` further on, `_part`, `_row` and what `wide` makes; the table
    SOURCE_ROW has all others of the `dataset`, too, by PLACE.

    Raises:
        ReadError: no such columns, or a name that has other parts than declared.
    """
    columns = columns_of(con)
    if wide.columns is not None:
        chosen = list(wide.columns)
        for name in chosen:
            if name not in columns:
                raise ReadError(
                    f"the column {name!r} of `unpivot` is not in the source",
                    where=dataset.id, todo=column_advice(name, columns),
                )
    else:
        pattern = re.compile(wide.matching or "")
        chosen = [name for name in columns if pattern.fullmatch(name)]
        if not chosen:
            raise ReadError(
                f"no column of the source matches {wide.matching!r} of `unpivot`",
                where=dataset.id, todo="columns: " + ", ".join(readable_names(columns)),
            )
    kept = [name for name in columns if name not in chosen]
    _refuse_taken_names(wide, [name for name in kept if name in read], dataset)
    listed = ", ".join(map(identifier, kept))
    con.execute(
        f"CREATE TABLE {SOURCE_ROW} AS SELECT {row_number(columns)} AS {PLACE}, {listed} FROM raw"
    )
    carried = [identifier(name) for name in kept if name in read or name in ("_part", "_row")]
    cast = ", ".join(f"{_as_text(name, columns[name])} AS {identifier(name)}" for name in chosen)
    on = ", ".join(identifier(name) for name in chosen)
    selected = ", ".join([f"{row_number(columns)} AS {PLACE}", *carried, cast])
    con.execute(f"CREATE VIEW wide AS SELECT {selected} FROM raw")
    tall = (
        "SELECT * FROM wide UNPIVOT INCLUDE NULLS"
        f" ({identifier(wide.values_to)} FOR _column IN ({on}))"
    )
    if wide.names == (wide.names_to,):
        name = identifier(wide.names[0])
        con.execute(f"CREATE TABLE long AS SELECT *, _column AS {name} FROM ({tall})")
    else:
        con.register("_names", _split_names(chosen, wide, dataset))
        parts = ", ".join(f"_names.{identifier(name)}" for name in wide.names)
        con.execute(
            f"CREATE TABLE long AS SELECT tall.*, {parts} FROM ({tall}) AS tall"
            " JOIN _names USING (_column) ORDER BY _part, _row"
        )
        con.unregister("_names")
    con.execute("DROP VIEW wide")
    con.execute("DROP TABLE raw")
    con.execute("ALTER TABLE long RENAME TO raw")


def _refuse_taken_names(wide: Unpivot, carried: list[str], dataset: Dataset) -> None:
    """Check that the new columns have names of their own; DuckDB's names ignore case."""
    taken = {name.casefold() for name in (*carried, "_part", "_row", "_column")}
    for name in (*wide.names, wide.values_to):
        if name.casefold() in taken:
            raise ReadError(
                f"`unpivot` makes a column {name!r}, which the table has already",
                where=dataset.id, todo="give `names_to` or `values_to` another name",
            )
        taken.add(name.casefold())


def _split_names(chosen: list[str], wide: Unpivot, dataset: Dataset) -> pa.Table:
    """Return what each unpivoted column's name says: `_column`, and `wide.names`."""
    pattern = re.compile(wide.matching or "")
    rows: list[tuple[str | None, ...]] = []
    for name in chosen:
        found = pattern.fullmatch(name) if pattern.groupindex else None
        if found:
            parts = tuple(found.groupdict().values())
        else:
            parts = tuple(name.split(wide.separator) if wide.separator else [name])
        if len(parts) != len(wide.names):
            raise ReadError(
                f"the column {name!r} has {len(parts)} parts between {wide.separator!r};"
                f" `names_to` has {len(wide.names)}",
                where=dataset.id, todo="check `header` and `separator`, or use `matching`",
            )
        rows.append((name, *(part and part.strip() for part in parts)))
    columns = zip(("_column", *wide.names), zip(*rows, strict=True), strict=True)
    return pa.table({name: pa.array(texts, pa.string()) for name, texts in columns})


def _as_text(name: str, kind: str) -> str:
    """Return SQL for a cell as text. NaN, which typed formats have for missing, is empty."""
    cell = identifier(name)
    text = f"CAST({cell} AS VARCHAR)"
    return f"CASE WHEN NOT isnan({cell}) THEN {text} END" if kind in ("DOUBLE", "FLOAT") else text
