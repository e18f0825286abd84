"""Building a table aside, beside the one that readers see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
from psycopg import sql

from portal.ckan.datastore import layout, swap
from portal.ckan.datastore.database import copy_in
from portal.ckan.datastore.layout import Connection, Index, aside, staging
from portal.ckan.datastore.shape import TableSchema


def remove_leftovers(con: Connection, resource_id: str) -> None:
    """Drop what an interrupted load of this table has left."""
    for name in (staging(resource_id), aside(resource_id)):
        con.execute(sql.SQL("DROP TABLE IF EXISTS public.{}").format(sql.Identifier(name)))


def copy_and_transform(
    con: Connection, resource_id: str, shape: TableSchema, batches: Iterator[pa.RecordBatch]
) -> None:
    """Make the table aside, with its rows in their order and their full text."""
    new, raw = sql.Identifier(aside(resource_id)), sql.Identifier(staging(resource_id))
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(layout.PG_TYPES[c.type]))
        for c in shape.columns
    )
    # Unlogged: it is read once and dropped. A temporary table cannot be read in parallel.
    con.execute(
        sql.SQL(
            "CREATE UNLOGGED TABLE public.{} (_id integer, {}) WITH (autovacuum_enabled = false)"
        ).format(raw, columns)
    )
    copy_in(con, staging(resource_id), ["_id", *shape.names], _numbered(batches))
    names = sql.SQL(", ").join(map(sql.Identifier, shape.names))
    con.execute(
        sql.SQL("CREATE TABLE public.{} AS SELECT _id, {} AS _full_text, {} FROM public.{}").format(
            new, layout.full_text(shape), names, raw
        )
    )
    con.execute(sql.SQL("DROP TABLE public.{}").format(raw))


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    first = 1
    for batch in batches:
        numbers = pa.array(range(first, first + batch.num_rows), pa.int32())
        yield pa.record_batch([numbers, *batch.columns], names=["_id", *batch.schema.names])
        first += batch.num_rows


def primary_key(resource_id: str) -> Callable[[Connection], None]:
    """Make `_id` what `serial primary key` makes it, names and all."""
    new = sql.Identifier(aside(resource_id))
    sequence = aside(f"{resource_id}__id_seq")

    def job(con: Connection) -> None:
        con.execute(
            sql.SQL(
                "CREATE UNIQUE INDEX {} ON public.{} (_id)"
            ).format(sql.Identifier(aside(f"{resource_id}_pkey")), new)
        )
        with con.transaction():
            con.execute(
                sql.SQL("CREATE SEQUENCE public.{} AS integer OWNED BY public.{}._id").format(
                    sql.Identifier(sequence), new
                )
            )
            con.execute(
                sql.SQL("SELECT setval({}, greatest(max(_id), 1), max(_id) IS NOT NULL)"
                        " FROM public.{}").format(sql.Literal(f'public."{sequence}"'), new)
            )
            con.execute(
                sql.SQL(
                    "ALTER TABLE public.{} ALTER _id SET DEFAULT nextval({}::regclass),"
                    " ADD CONSTRAINT {} PRIMARY KEY USING INDEX {}"
                ).format(
                    new, sql.Literal(f'public."{sequence}"'),
                    sql.Identifier(aside(f"{resource_id}_pkey")),
                    sql.Identifier(aside(f"{resource_id}_pkey")),
                )
            )

    return job


def building_aside(resource_id: str, index: Index) -> Callable[[Connection], None]:
    """Return what builds an index of the table aside."""
    def job(con: Connection) -> None:
        con.execute(index.statement(aside(resource_id), aside(index.name)))

    return job


def copy_grants(con: Connection, resource_id: str) -> None:
    """Give the table aside the rights that the old one has, if there is one."""
    row = con.execute("SELECT to_regclass(%s)::oid::bigint", [f'public."{resource_id}"']).fetchone()
    if row and row[0]:
        swap.grant(con, aside(resource_id), swap.grants_of(con, row[0]))
