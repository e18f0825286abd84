"""Building a table beside the one that readers see, and what it still gets after the swap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
from psycopg import sql

from portal.ckan.datastore import database, postgres_table, swap
from portal.ckan.datastore.postgres_table import Connection, replacement, statement
from portal.ckan.datastore.table_schema import TableSchema

Job = Callable[[Connection], None]


def remove_leftovers(con: Connection, resource_id: str) -> None:
    """Drop what an interrupted load of the table `resource_id` has left, over `con`."""
    for name in (postgres_table.staging(resource_id), replacement(resource_id)):
        con.execute(statement("DROP TABLE IF EXISTS public.{}", name))


def copy_and_transform(
    con: Connection, resource_id: str, schema: TableSchema, batches: Iterator[pa.RecordBatch]
) -> None:
    """Create the replacement of the table `resource_id` over `con`, with the rows' full text.

    The rows come in `batches` with the columns of `schema`, and keep their order.
    """
    raw = postgres_table.staging(resource_id)
    # Unlogged: it is read once and dropped. A temporary table cannot be read in parallel.
    con.execute(statement(
        "CREATE UNLOGGED TABLE public.{} (_id integer, {}) WITH (autovacuum_enabled = false)",
        raw, postgres_table.column_definitions(schema),
    ))
    database.copy_in(con, raw, ["_id", *schema.names], _numbered(batches))
    con.execute(statement(
        "CREATE TABLE public.{} AS SELECT _id, {} AS _full_text, {} FROM public.{}",
        replacement(resource_id), postgres_table.full_text(schema),
        postgres_table.identifiers(schema.names), raw,
    ))
    con.execute(statement("DROP TABLE public.{}", raw))


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    first = 1
    for batch in batches:
        numbers = pa.array(range(first, first + batch.num_rows), pa.int32())
        yield pa.record_batch([numbers, *batch.columns], names=["_id", *batch.schema.names])
        first += batch.num_rows


def add_primary_key(con: Connection, resource_id: str) -> None:
    """Make `_id` a `serial primary key` in the replacement of `resource_id`, over `con`."""
    new, key = replacement(resource_id), replacement(f"{resource_id}_pkey")
    sequence = replacement(f"{resource_id}__id_seq")
    quoted = sql.Literal(f'public."{sequence}"')
    con.execute(statement("CREATE UNIQUE INDEX {} ON public.{} (_id)", key, new))
    with con.transaction():
        con.execute(statement(
            "CREATE SEQUENCE public.{} AS integer OWNED BY public.{}._id", sequence, new
        ))
        con.execute(statement(
            "SELECT setval({}, greatest(max(_id), 1), max(_id) IS NOT NULL) FROM public.{}",
            quoted, new,
        ))
        con.execute(statement(
            "ALTER TABLE public.{} ALTER _id SET DEFAULT nextval({}::regclass),"
            " ADD CONSTRAINT {} PRIMARY KEY USING INDEX {}", new, quoted, key, key,
        ))


def index_replacement(resource_id: str, index: postgres_table.TableIndex, con: Connection) -> None:
    """Build an `index` of the replacement of the table `resource_id`, over `con`."""
    con.execute(index.statement(replacement(resource_id), replacement(index.name)))


def add_index(resource_id: str, index: postgres_table.TableIndex, con: Connection) -> None:
    """Build an `index` of the table `resource_id` that readers see, over `con`."""
    # A build with CONCURRENTLY that was cut short leaves an invalid index under the name.
    with_lock = statement("DROP INDEX IF EXISTS public.{}", index.name)
    swap.retry_on_lock(con, lambda: con.execute(with_lock), resource_id)
    con.execute(index.statement(resource_id, index.name))


def enable_trigger(con: Connection, resource_id: str) -> None:
    """Let PostgreSQL fill the full text of rows that others write to `resource_id`, over `con`."""
    def _enable() -> None:
        con.execute(postgres_table.full_text_trigger(resource_id))
        con.execute(statement(
            "ALTER TABLE public.{} ENABLE TRIGGER {}", resource_id, postgres_table.FULL_TEXT_TRIGGER
        ))

    swap.retry_on_lock(con, _enable, resource_id)
