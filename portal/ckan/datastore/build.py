"""Building a table beside the one that readers see, and what it still gets after the swap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
from psycopg import sql

from portal.ckan.datastore import postgres_table, swap
from portal.ckan.datastore.database import copy_in
from portal.ckan.datastore.postgres_table import (
    FULL_TEXT_TRIGGER,
    Connection,
    TableIndex,
    identifiers,
    replacement,
    staging,
    statement,
)
from portal.ckan.datastore.table_schema import TableSchema

Job = Callable[[Connection], None]


def remove_leftovers(con: Connection, resource_id: str) -> None:
    """Drop what an interrupted load of the table `resource_id` has left, over `con`."""
    for name in (staging(resource_id), replacement(resource_id)):
        con.execute(statement("DROP TABLE IF EXISTS public.{}", name))


def copy_and_transform(
    con: Connection, resource_id: str, schema: TableSchema, batches: Iterator[pa.RecordBatch]
) -> None:
    """Create the replacement of the table `resource_id` over `con`, with the rows' full text.

    The rows come in `batches` with the columns of `schema`, and keep their order.
    """
    raw = staging(resource_id)
    # Unlogged: it is read once and dropped. A temporary table cannot be read in parallel.
    con.execute(statement(
        "CREATE UNLOGGED TABLE public.{} (_id integer, {}) WITH (autovacuum_enabled = false)",
        raw, postgres_table.column_definitions(schema),
    ))
    copy_in(con, raw, ["_id", *schema.names], _numbered(batches))
    con.execute(statement(
        "CREATE TABLE public.{} AS SELECT _id, {} AS _full_text, {} FROM public.{}",
        replacement(resource_id), postgres_table.full_text(schema), identifiers(schema.names), raw,
    ))
    con.execute(statement("DROP TABLE public.{}", raw))


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    first = 1
    for batch in batches:
        numbers = pa.array(range(first, first + batch.num_rows), pa.int32())
        yield pa.record_batch([numbers, *batch.columns], names=["_id", *batch.schema.names])
        first += batch.num_rows


def primary_key_job(resource_id: str) -> Job:
    """Return what makes the replacement's `_id` equal to a `serial primary key`, names included."""
    new, key = replacement(resource_id), replacement(f"{resource_id}_pkey")
    sequence = replacement(f"{resource_id}__id_seq")
    quoted = sql.Literal(f'public."{sequence}"')

    def job(con: Connection) -> None:
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

    return job


def replacement_index_job(resource_id: str, index: TableIndex) -> Job:
    """Return what builds an `index` of the replacement of the table `resource_id`."""
    def job(con: Connection) -> None:
        con.execute(index.statement(replacement(resource_id), replacement(index.name)))

    return job


def missing_index_job(resource_id: str, index: TableIndex) -> Job:
    """Return what builds an `index` of the table `resource_id` that readers see."""
    def job(con: Connection) -> None:
        # A build with CONCURRENTLY that was cut short leaves an invalid index under the name.
        with_lock = statement("DROP INDEX IF EXISTS public.{}", index.name)
        swap.retry_on_lock(con, lambda: con.execute(with_lock), resource_id)
        con.execute(index.statement(resource_id, index.name))

    return job


def enable_trigger(con: Connection, resource_id: str) -> None:
    """Let PostgreSQL fill the full text of rows that others write to `resource_id`, over `con`."""
    def enable() -> None:
        con.execute(statement(
            "CREATE OR REPLACE TRIGGER {} BEFORE INSERT OR UPDATE ON public.{}"
            " FOR EACH ROW EXECUTE FUNCTION populate_full_text_trigger()",
            FULL_TEXT_TRIGGER, resource_id,
        ))
        con.execute(statement(
            "ALTER TABLE public.{} ENABLE TRIGGER {}", resource_id, FULL_TEXT_TRIGGER
        ))

    swap.retry_on_lock(con, enable, resource_id)
