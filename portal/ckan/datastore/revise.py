"""Writing the difference between two releases into a table that is there."""

from __future__ import annotations

import pyarrow as pa
from psycopg import sql

from portal.ckan.datastore import layout
from portal.ckan.datastore.database import copy_in, copy_out
from portal.ckan.datastore.layout import Connection
from portal.ckan.datastore.read_back import expect
from portal.ckan.datastore.rows import Comparison, Counts


def revise(con: Connection, resource_id: str, both: Comparison, counts: Counts) -> None:
    """Inside a transaction: withdraw, revise, add, and read the changed rows back."""
    shape, table = both.shape, sql.Identifier(resource_id)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(layout.PG_TYPES[c.type]))
        for c in shape.columns
    )
    con.execute(
        sql.SQL("CREATE TEMP TABLE _changes (_id integer, {}, _change text) ON COMMIT DROP").format(
            columns
        )
    )
    for change in ("withdrawn", "revised", "added"):
        copy_in(
            con, "_changes", ["_id", *shape.names, "_change"],
            (_labelled(batch, change) for batch in both.changes(change)),
        )
    con.execute("ANALYZE pg_temp._changes")
    names = sql.SQL(", ").join(map(sql.Identifier, shape.names))
    text = layout.full_text(shape)
    changed = sql.SQL("SELECT _id, {}, {} AS _full_text FROM _changes WHERE _change = {}")
    sets = sql.SQL(", ").join(
        sql.SQL("{0} = c.{0}").format(sql.Identifier(name)) for name in (*shape.names, "_full_text")
    )
    for change, number, statement in (
        ("withdrawn", counts.withdrawn, sql.SQL(
            "DELETE FROM public.{} t USING _changes c"
            " WHERE c._id = t._id AND c._change = 'withdrawn'"
        ).format(table)),
        ("revised", counts.revised, sql.SQL(
            "UPDATE public.{} t SET {} FROM ({}) c WHERE c._id = t._id"
        ).format(table, sets, changed.format(names, text, sql.Literal("revised")))),
        ("added", counts.added, sql.SQL(
            "INSERT INTO public.{} ({}, _full_text) SELECT {}, _full_text FROM ({}) c"
        ).format(table, names, names, changed.format(names, text, sql.Literal("added")))),
    ):
        expect(con.execute(statement).rowcount, number, resource_id, f"{change} rows")
    same_key = sql.SQL(" AND ").join(
        sql.SQL("t.{0} = c.{0}").format(sql.Identifier(name)) for name in shape.key
    )
    written = sql.SQL(
        "SELECT {} FROM public.{} t JOIN _changes c ON {} WHERE c._change <> 'withdrawn'"
    ).format(
        sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(n)) for n in shape.names),
        table, same_key,
    )
    path = both.folder / "changed.csv"
    both.con.register("read_back", copy_out(con, written, shape.arrow, path))
    both.con.execute("CREATE OR REPLACE VIEW to_write AS FROM changes WHERE change <> 'withdrawn'")
    expect(
        both.fingerprint("read_back"), both.fingerprint("to_write"), resource_id,
        "rows, sum and exclusive or of their checksums",
    )
    both.con.unregister("read_back")


def _labelled(batch: pa.RecordBatch, change: str) -> pa.RecordBatch:
    return batch.append_column("_change", pa.array([change] * batch.num_rows, pa.string()))
