"""From a source's table to observations: tidy, typed, coded, in DuckDB.

Every text that means a code, an area or a period is looked up once per distinct value, in
Python, with a reason for what cannot be read; DuckDB joins the results back. Numbers are
parsed by DuckDB in the locale that the declaration names. A row that cannot be read is kept,
with its reason in `_reject`: nothing is lost.

`clean` does it all on one connection. A cluster takes the same steps one by one: `inspect` looks at
the whole table, `observe` makes observations of any part of it, `amend` needs them all again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa

from model.declarations.dataset import Dataset
from model.declarations.source import ColumnRule, Source
from model.records.source_schema import SourceSchema
from model.records.tables import make_changeable
from model.records.unread import UnreadContent
from model.reference.registries import Registries
from warehouse.cleaning import schema_inspection
from warehouse.cleaning.area_codes import succeed
from warehouse.cleaning.corrections import correct
from warehouse.cleaning.drift import schema_check
from warehouse.cleaning.drift.codes import code_drift
from warehouse.cleaning.drift.columns import table_drift
from warehouse.cleaning.loading import (
    add_position,
    check_columns,
    count,
    drop_empty,
    keep_where,
    load,
    run_sql,
)
from warehouse.cleaning.mapping import map_observations
from warehouse.cleaning.numbers import UNMARKED, take_marks
from warehouse.cleaning.rejection import reject_future_periods
from warehouse.cleaning.schema_inspection import read_codes, read_columns
from warehouse.cleaning.source_columns import columns_of
from warehouse.cleaning.unpivot import SOURCE_ROW, unpivot
from warehouse.cleaning.unread_columns import unread_columns
from warehouse.engine import limit_threads


@dataclass(frozen=True)
class CleanStats:
    """How many rows went in and came out."""

    read: int  # rows of the source's table, after unpivoting and `where`
    empty: int  # of these, rows without a value that were dropped
    rejected: int  # rows kept that could not be read
    source_schema: SourceSchema  # with how it differs from the last one


@dataclass(frozen=True)
class Cleaning:
    """What a source's table is cleaned by.

    dataset: the declaration.
    source: the source of the profile.
    defaults: the protocol's own column rules.
    registries: codelists and units.
    sql: text of the declaration's SQL file: one SELECT over `raw`.
    last: the source schema of the snapshot released before.
    retrieved: the day on which the source was read; without it no period lies in the future.
    """

    dataset: Dataset
    source: Source
    defaults: Mapping[str, ColumnRule]
    registries: Registries
    sql: str | None = None
    last: SourceSchema | None = None
    retrieved: date | None = None

    @cached_property
    def rules(self) -> dict[str, ColumnRule]:
        """How each concept is read."""
        vintage = self.registries.codelists[self.dataset.geography.codelist].vintage
        return {"geo_vintage": ColumnRule(const=vintage), **self.defaults, **self.source.columns}

    @property
    def amends(self) -> bool:
        """Whether `amend` needs all observations at once."""
        return self.rules["ref_area"].successor is not None or bool(self.dataset.corrections)


def clean(
    con: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch], how: Cleaning,
    file: Path | None = None,
) -> CleanStats:
    """Fill the table `observation` from a reader's batches.

    `observation` has the dataset's columns, `_id` (number of the row, in the order of the source),
    `_part`, `_row`, `_column` (position in the snapshot), `_original` (JSON of what the source
    said, where rejected) and `_reject` (why the row could not be read, or NULL).

    Args:
        con: a connection of its own.
        batches: what `SourceProtocol.read` gives.
        how: what they are cleaned by.
        file: where the rows of a large table may stay; `observation` is a view of it then.

    Raises:
        DriftError: the source can no longer be read as it was with the schema `how.last`.
        ReadError: no rows, or a declared column is not there (with the nearest name).
        QualityError: a declared correction no longer fits its source.
    """
    source_schema = inspect(con, how, load(con, batches, how.dataset))
    read, empty = observe(con, how, file)
    con.execute("DROP TABLE raw")
    source_schema = with_code_drift(how, source_schema, read_codes(con, how.dataset))
    amend(con, how)
    return CleanStats(read, empty, count_rejected(con), source_schema)


def inspect(
    con: duckdb.DuckDBPyConnection, how: Cleaning, unread: Iterable[UnreadContent],
    place: str | None = None,
) -> SourceSchema:
    """Return the source schema of the table or view `raw` on `con`, and how it drifted.

    Args:
        con: the connection that has `raw`, as the reader gave it.
        how: what it is cleaned by.
        unread: what the reader left unread.
        place: SQL for a row's place in `raw`, where it is no table.

    Raises:
        DriftError: the source can no longer be read as it was.
    """
    source, rules, sql = how.source, how.rules, how.sql
    found = schema_inspection.observed_schema(con, source, rules, sql, place)
    used = read_columns(rules) | set(source.where)
    value = rules["obs_value"].column if "obs_value" in rules else None
    columns = unread_columns(con, source.unpivot, used, value, sql)
    found = found.model_copy(update={"unread": (*unread, *columns)})
    changed = table_drift(how.last, found, source, rules, sql) if how.last else []
    schema_check.refuse(changed, how.dataset.id)
    return found.model_copy(update={"drift": tuple(changed)})


def observe(
    con: duckdb.DuckDBPyConnection, how: Cleaning, file: Path | None = None
) -> tuple[int, int]:
    """Make `observation` of the table `raw` on `con`, whichever rows of the source it has.

    `how` is what they are cleaned by, `file` is as for `clean`. The tables `_read_<concept>` have
    what their texts mean.

    Returns:
        How many rows were read, and how many of these dropped because they had no value.

    Raises:
        ReadError: a declared column is not there (with the nearest name).
    """
    dataset, source, rules = how.dataset, how.source, how.rules
    if how.sql:
        run_sql(con, how.sql, dataset)
    add_position(con, dataset)
    if source.unpivot:
        unpivot(con, source.unpivot, read_columns(rules) | set(source.where), dataset)
    columns = columns_of(con)
    beside = columns_of(con, SOURCE_ROW) if source.unpivot else {}
    check_columns(rules, source, beside | columns, dataset)
    keep_where(con, source)
    read = count(con, "raw")
    value = rules["obs_value"]
    if take_marks(con, value, columns):
        columns = columns_of(con)
        value = value.model_copy(update={"column": UNMARKED[0]})
    empty = drop_empty(con, value, columns) if source.empty == "drop" else 0
    limit_threads(con, read)
    map_observations(con, dataset, rules, value, columns, beside, how.registries, file)
    return read, empty


def with_code_drift(
    how: Cleaning, source_schema: SourceSchema, codes: Mapping[str, Mapping[str, str | None]]
) -> SourceSchema:
    """Return a `source_schema` with the `codes` that were read, and how they drifted.

    Rows with an unknown code are rejected one by one. The table is made even if drift blocks its
    release, so that all other findings are reported at once; `how` is what it is cleaned by.
    """
    found = source_schema.model_copy(update={"codes": codes})
    changed = code_drift(how.last, found, how.dataset, how.source) if how.last else []
    return found.model_copy(update={"drift": (*found.drift, *changed)})


def amend(con: duckdb.DuckDBPyConnection, how: Cleaning) -> None:
    """Bring areas to the dataset's vintage, correct, and reject what lies in the future.

    `con` has the table `observation`, with all rows where `how.amends`.

    Raises:
        QualityError: a declared correction no longer fits its source.
    """
    if how.amends:
        make_changeable(con)
    area = how.rules["ref_area"]
    if area.successor and area.codelist:
        succession = how.registries.successions[area.codelist]
        succeed(con, how.dataset, area, succession, how.registries)
    correct(con, how.dataset)
    if how.retrieved is not None:
        reject_future_periods(con, how.dataset, how.retrieved)


def count_rejected(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many rows of `observation` on `con` could not be read."""
    rows = con.sql("SELECT count(*) FROM observation WHERE _reject IS NOT NULL").fetchall()
    return int(rows[0][0])
