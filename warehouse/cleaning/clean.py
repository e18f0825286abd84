"""From a source's table to observations: tidy, typed, coded, in DuckDB.

Every text that means a code, an area or a period is looked up once per distinct value, in
Python, with a reason for what cannot be read; DuckDB joins the results back. Numbers are
parsed by DuckDB in the locale that the declaration names. A row that cannot be read is kept,
with its reason in `_reject`: nothing is lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from model.declarations.dataset import Dataset
from model.declarations.source import ColumnRule, Source
from model.records.source_schema import SourceSchema
from model.records.tables import make_changeable
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
from warehouse.cleaning.schema_inspection import read_columns
from warehouse.cleaning.source_columns import columns_of
from warehouse.cleaning.unpivot import SOURCE_ROW, unpivot
from warehouse.cleaning.unread_columns import unread_columns


@dataclass(frozen=True)
class CleanStats:
    """How many rows went in and came out."""

    read: int  # rows of the source's table, after unpivoting and `where`
    empty: int  # of these, rows without a value that were dropped
    rejected: int  # rows kept that could not be read
    source_schema: SourceSchema  # with how it differs from the last one


def clean(
    con: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch], dataset: Dataset,
    source: Source, defaults: Mapping[str, ColumnRule], registries: Registries,
    sql: str | None = None, last: SourceSchema | None = None, retrieved: date | None = None,
    file: Path | None = None,
) -> CleanStats:
    """Fill the table `observation` from a reader's batches.

    `observation` has the dataset's columns, `_id` (number of the row, in the order of the source),
    `_part`, `_row`, `_column` (position in the snapshot), `_original` (JSON of what the source
    said, where rejected) and `_reject` (why the row could not be read, or NULL).

    Args:
        con: a connection of its own.
        batches: what `SourceProtocol.read` gives.
        dataset: the declaration.
        source: the source of the profile.
        defaults: the protocol's own column rules.
        registries: codelists and units.
        sql: text of the declaration's SQL file: one SELECT over `raw`.
        last: the source schema of the snapshot released before.
        retrieved: the day on which the source was read; without it no period lies in the future.
        file: where the rows of a large table may stay; `observation` is a view of it then.

    Raises:
        DriftError: the source can no longer be read as it was with the schema `last`.
        ReadError: no rows, or a declared column is not there (with the nearest name).
        QualityError: a declared correction no longer fits its source.
    """
    rules = {**defaults, **source.columns}
    unread = load(con, batches, dataset)
    source_schema = schema_inspection.observed_schema(con, source, rules, sql)
    used = read_columns(rules) | set(source.where)
    value_column = rules["obs_value"].column if "obs_value" in rules else None
    unread += tuple(unread_columns(con, source.unpivot, used, value_column, sql))
    source_schema = source_schema.model_copy(update={"unread": unread})
    changed = table_drift(last, source_schema, source, rules, sql) if last else []
    schema_check.refuse(changed, dataset.id)
    if sql:
        run_sql(con, sql, dataset)
    add_position(con, dataset)
    if source.unpivot:
        unpivot(con, source.unpivot, read_columns(rules) | set(source.where), dataset)
    if "geo_vintage" not in rules:
        vintage = registries.codelists[dataset.geography.codelist].vintage
        rules["geo_vintage"] = ColumnRule(const=vintage)
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
    map_observations(con, dataset, rules, value, columns, beside, registries, file)
    con.execute("DROP TABLE raw")
    source_schema = schema_inspection.with_codes(con, source_schema, dataset)
    # Rows with an unknown code are rejected one by one. The table is made even if drift blocks its
    # release, so that all other findings are reported at once.
    changed += code_drift(last, source_schema, dataset, source) if last else []
    source_schema = source_schema.model_copy(update={"drift": tuple(changed)})
    area = rules["ref_area"]
    if area.successor or dataset.corrections:
        make_changeable(con)
    if area.successor and area.codelist:
        succeed(con, dataset, area, registries.successions[area.codelist], registries)
    correct(con, dataset)
    if retrieved is not None:
        reject_future_periods(con, dataset, retrieved)
    rejected = con.sql("SELECT count(*) FROM observation WHERE _reject IS NOT NULL").fetchall()
    return CleanStats(read=read, empty=empty, rejected=rejected[0][0], source_schema=source_schema)
