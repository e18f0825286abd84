"""Rows of a table in the database: read back, compared with the release, changed in place."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from psycopg import sql

from model.errors import PortalError
from portal.ckan.datastore import database, postgres_table
from portal.ckan.datastore.postgres_table import Connection, identifiers, replacement, statement
from portal.ckan.datastore.row_comparison import RowComparison, RowCounts, with_id


def check_against_release(con: Connection, resource_id: str, both: RowComparison) -> None:
    """Read the replacement of `resource_id` back over `con`; compare its checksum with `both`'s."""
    path = both.folder / "read-back.csv"
    query = database.select(replacement(resource_id), both.schema.names)
    actual = database.copy_out(con, query, both.schema.arrow, path)
    _require_same_rows(both, actual, "desired", resource_id)
    path.unlink()


def compare(con: Connection, resource_id: str, both: RowComparison) -> RowCounts:
    """Read the table `resource_id` over `con` into `both`, and compare its rows to the release."""
    path = both.folder / "actual.csv"
    arrow_schema = with_id(both.schema)
    query = database.select(resource_id, arrow_schema.names)
    both.load_actual(database.copy_out(con, query, arrow_schema, path))
    path.unlink()
    return both.compare()


def count_rows(con: Connection, table: str) -> int:
    """Return how many rows a `table` has, over the connection `con`."""
    row = con.execute(statement("SELECT count(*) FROM public.{}", table)).fetchone()
    return int(row[0]) if row else 0


def require_equal(actual: Any, desired: Any, resource_id: str, what: str) -> None:
    """Raise PortalError where the `actual` value read back is not the `desired` one of the release.

    `resource_id` and `what` name the table and the values in the message.
    """
    if actual != desired:
        raise PortalError(
            f"the table read back is not the release: {what} are {actual} and should be {desired}",
            where=f"resource {resource_id}",
            todo="publish again; if it happens again, see the database's log",
        )


def revise(con: Connection, resource_id: str, both: RowComparison, counts: RowCounts) -> None:
    """Inside a transaction of `con`: delete, update and insert the changed rows, and verify them.

    The rows are the `changes` of `both`, their numbers `counts`; `resource_id` is the table's name.
    """
    schema, table = both.schema, resource_id
    con.execute(statement(
        "CREATE TEMP TABLE _changes (_id integer, {}, _change text) ON COMMIT DROP",
        postgres_table.column_definitions(schema),
    ))
    for change in ("withdrawn", "revised", "added"):
        database.copy_in(
            con, "_changes", ["_id", *schema.names, "_change"],
            (_labelled(batch, change) for batch in both.changes(change)),
        )
    con.execute("ANALYZE pg_temp._changes")
    names = identifiers(schema.names)
    text = postgres_table.full_text(schema)
    changed = "SELECT _id, {}, {} AS _full_text FROM _changes WHERE _change = {}"
    revised = statement(changed, names, text, sql.Literal("revised"))
    added = statement(changed, names, text, sql.Literal("added"))
    sets = [statement("{} = c.{}", name, name) for name in (*schema.names, "_full_text")]
    for change, number, command in (
        ("withdrawn", counts.withdrawn, statement(
            "DELETE FROM public.{} t USING _changes c"
            " WHERE c._id = t._id AND c._change = 'withdrawn'", table,
        )),
        ("revised", counts.revised, statement(
            "UPDATE public.{} t SET {} FROM ({}) c WHERE c._id = t._id",
            table, sql.SQL(", ").join(sets), revised,
        )),
        ("added", counts.added, statement(
            "INSERT INTO public.{} ({}, _full_text) SELECT {}, _full_text FROM ({}) c",
            table, names, names, added,
        )),
    ):
        require_equal(con.execute(command).rowcount, number, resource_id, f"{change} rows")
    same_key = [statement("t.{} = c.{}", name, name) for name in schema.key]
    written = statement(
        "SELECT {} FROM public.{} t JOIN _changes c ON {} WHERE c._change <> 'withdrawn'",
        sql.SQL(", ").join(statement("t.{}", name) for name in schema.names),
        table, sql.SQL(" AND ").join(same_key),
    )
    path = both.folder / "changed.csv"
    both.con.execute("CREATE OR REPLACE VIEW to_write AS FROM changes WHERE change <> 'withdrawn'")
    actual = database.copy_out(con, written, schema.arrow, path)
    _require_same_rows(both, actual, "to_write", resource_id)


def _require_same_rows(
    both: RowComparison, actual: pa.RecordBatchReader, desired: str, resource_id: str
) -> None:
    both.con.register("read_back", actual)
    found = both.fingerprint("read_back")
    both.con.unregister("read_back")
    what = "rows, sum and exclusive or of their checksums"
    require_equal(found, both.fingerprint(desired), resource_id, what)


def _labelled(batch: pa.RecordBatch, change: str) -> pa.RecordBatch:
    return batch.append_column("_change", pa.array([change] * batch.num_rows, pa.string()))
