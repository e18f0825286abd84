"""A reader's batches as the table `raw`, brought to the columns and rows that the rules read."""

from collections.abc import Collection, Iterable, Iterator

import duckdb
import pyarrow as pa

from model.declarations.dataset import Dataset
from model.declarations.source import ColumnRule, Source, ends_of_range, is_number
from model.errors import OpenIndicatorsError, ReadError
from model.records.unread import UnreadContent, unread_of
from model.util.sql import identifier, literal
from warehouse.cleaning.numbers import NUMBER_OF, UNMARKED, is_empty
from warehouse.cleaning.source_columns import column_advice, columns_of, readable_names
from warehouse.cleaning.unpivot import PLACE


def load(
    con: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch], dataset: Dataset
) -> tuple[UnreadContent, ...]:
    """Make the table `raw` on `con` of a reader's `batches`; return what the reader left unread.

    `dataset` is named in errors.

    Raises:
        ReadError: there are no rows; or whatever the reader raises.
    """
    failure: list[OpenIndicatorsError] = []

    def guarded(iterator: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # DuckDB turns an exception inside an Arrow stream into one of its own: keep ours.
        try:
            yield from iterator
        except OpenIndicatorsError as error:
            failure.append(error)
            raise

    iterator = iter(batches)
    first = next(iterator, None)
    if first is None:
        raise no_rows(dataset)

    unread: list[UnreadContent] = []

    def all_batches() -> Iterator[pa.RecordBatch]:
        yield first
        for batch in guarded(iterator):
            unread.extend(unread_of(batch))
            yield batch.replace_schema_metadata(first.schema.metadata)

    reader = pa.RecordBatchReader.from_batches(first.schema, all_batches())
    try:
        con.register("_incoming", reader)
        con.execute("CREATE TABLE raw AS SELECT * FROM _incoming")
    except Exception:
        if failure:
            raise failure[0] from None
        raise
    finally:
        con.unregister("_incoming")
    pa.default_memory_pool().release_unused()  # of a large file 60 MB, which Arrow would keep
    if count(con, "raw") == 0:
        raise no_rows(dataset)
    return tuple(unread)


def no_rows(dataset: Dataset) -> ReadError:
    """Return the error that the source of a `dataset` has no rows."""
    return ReadError(
        "the source has no rows", where=dataset.id,
        todo="look at the snapshot: the source may have moved or emptied the file",
    )


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return how many rows a `table` on `con` has."""
    row = con.execute(f"SELECT count(*) FROM {identifier(table)}").fetchone()
    return int(row[0]) if row else 0


def run_sql(con: duckdb.DuckDBPyConnection, sql: str, dataset: Dataset) -> None:
    """Replace `raw` on `con` by what the `sql` of a `dataset`'s declaration selects from it."""
    where = f"the SQL file of {dataset.id}"
    try:
        statements = con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ReadError("is not one SELECT", where=where, todo="write one SELECT over `raw`")
        # The SQL shapes what was read; it needs no access to files or the network.
        con.execute("SET enable_external_access = false")
        con.execute(f"CREATE TABLE shaped AS {sql.strip().rstrip(';')}")
    except duckdb.Error as error:
        raise ReadError(
            f"does not run: {error}", where=where,
            todo="`openindicators show` lists the reader's columns",
        ) from error
    con.execute("DROP TABLE raw")
    con.execute("ALTER TABLE shaped RENAME TO raw")


def add_position(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Give `raw` on `con` the columns `_part` and `_row` if it has none; `dataset` is for errors.

    Raises:
        ReadError: the source has a column of a name that cleaning needs for its own.
    """
    columns = columns_of(con)
    reserved = {*UNMARKED, *NUMBER_OF.values(), PLACE, "_place", "_id"}
    if taken := [name for name in columns if name.casefold() in reserved]:
        raise ReadError(
            f"the source has a column {taken[0]!r}, a name that cleaning uses itself",
            where=dataset.id, todo="give it another name in the declaration's SQL file",
        )
    for name, kind in (("_part", "VARCHAR"), ("_row", "BIGINT")):
        if name not in columns:
            con.execute(f"ALTER TABLE raw ADD COLUMN {name} {kind}")


def check_columns(
    rules: dict[str, ColumnRule], source: Source, columns: dict[str, str], dataset: Dataset
) -> None:
    """Check that the `rules` of a `source` name every concept of a `dataset`, and `columns` it has.

    Raises:
        ReadError: a concept has no rule, or a column is missing (with the nearest name).
    """
    for concept in (*dataset.key, "obs_value"):
        if concept not in rules:
            raise ReadError(
                f"nothing says where `{concept}` comes from", where=dataset.id,
                todo=f"add `columns: {{{concept}: ...}}` to the source;"
                f" the source has: {', '.join(readable_names(columns))}",
            )
    used = {rule.column: concept for concept, rule in rules.items() if rule.column}
    used |= {rule.named: concept for concept, rule in rules.items() if rule.named}
    used |= {rule.followed_by: c for c, rule in rules.items() if rule.followed_by}
    used |= {rule.scale_by.column: "scale_by" for rule in rules.values() if rule.scale_by}
    used |= dict.fromkeys(source.where, "where")
    for name, concept in used.items():
        if name not in columns:
            raise ReadError(
                f"the column {name!r} (for `{concept}`) is not in the source",
                where=dataset.id, todo=column_advice(name, columns),
            )


def keep_where(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Keep the rows of `raw` on `con` whose columns have what the `source` declares."""
    if source.where:
        con.execute(f"DELETE FROM raw WHERE NOT ({kept_sql(source, tuple(source.where))})")


def kept_sql(source: Source, columns: Collection[str]) -> str:
    """Return the condition of the rows that `where` of a `source` keeps, by those `columns` it has.

    Numbers of a range are compared as numbers, periods as text: ISO 8601 sorts by time.
    """
    parts = []
    for name, wanted in source.where.items():
        if name not in columns:
            continue
        cell = f"CAST({identifier(name)} AS VARCHAR)"
        if not isinstance(wanted, str):
            parts.append(f"{cell} IN ({', '.join(map(literal, wanted)) or 'NULL'})")
        elif ends := ends_of_range(wanted):
            is_numeric = is_number(ends[0])
            compared = f"TRY_CAST(trim({cell}) AS DOUBLE)" if is_numeric else f"trim({cell})"
            first, last = ends if is_numeric else (literal(end) if end else "" for end in ends)
            parts.append(f"{compared} >= {first}" + (f" AND {compared} <= {last}" if last else ""))
        else:
            parts.append(f"trim({cell}) <> ''")
    return " AND ".join(f"coalesce({part}, false)" for part in parts) or "true"


def drop_empty(con: duckdb.DuckDBPyConnection, rule: ColumnRule, columns: dict[str, str]) -> int:
    """Drop the rows of `raw` on `con` that have no value by its `rule`; return how many that were.

    `columns` are the types of the table's columns.
    """
    before = count(con, "raw")
    con.execute(f"DELETE FROM raw WHERE {is_empty(rule, columns)}")
    return before - count(con, "raw")
