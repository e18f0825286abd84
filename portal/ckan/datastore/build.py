"""Building a table beside the one that readers see, changing one in place, and verifying both.

What was written is read back and compared with the release.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from psycopg import sql

from model.errors import PortalError
from portal.ckan.datastore import postgres, swap
from portal.ckan.datastore.loader import RowComparison, RowCounts, with_id
from portal.ckan.datastore.postgres import Connection, identifiers, replacement, statement
from portal.ckan.datastore.table_schema import TableSchema

Job = Callable[[Connection], None]


def remove_leftovers(con: Connection, resource_id: str) -> None:
    """Drop what an interrupted load of the table `resource_id` has left, over `con`."""
    for name in (postgres.staging(resource_id), replacement(resource_id)):
        con.execute(statement("DROP TABLE IF EXISTS public.{}", name))


def copy_and_transform(
    con: Connection, resource_id: str, schema: TableSchema, batches: Iterator[pa.RecordBatch]
) -> None:
    """Create the replacement of the table `resource_id` over `con`, with the rows' full text.

    The rows come in `batches` with the columns of `schema`, and keep their order.
    """
    raw = postgres.staging(resource_id)
    # Unlogged: it is read once and dropped. A temporary table cannot be read in parallel.
    con.execute(statement(
        "CREATE UNLOGGED TABLE public.{} (_id integer, {}) WITH (autovacuum_enabled = false)",
        raw, postgres.column_definitions(schema),
    ))
    postgres.copy_in(con, raw, ["_id", *schema.names], _numbered(batches))
    con.execute(statement(
        "CREATE TABLE public.{} AS SELECT _id, {} AS _full_text, {} FROM public.{}",
        replacement(resource_id), postgres.full_text(schema),
        postgres.identifiers(schema.names), raw,
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


def index_replacement(resource_id: str, index: postgres.TableIndex, con: Connection) -> None:
    """Build an `index` of the replacement of the table `resource_id`, over `con`."""
    con.execute(index.statement(replacement(resource_id), replacement(index.name)))


def add_index(resource_id: str, index: postgres.TableIndex, con: Connection) -> None:
    """Build an `index` of the table `resource_id` that readers see, over `con`."""
    # A build with CONCURRENTLY that was cut short leaves an invalid index under the name.
    with_lock = statement("DROP INDEX IF EXISTS public.{}", index.name)
    swap.retry_on_lock(con, lambda: con.execute(with_lock), resource_id)
    con.execute(index.statement(resource_id, index.name))


def enable_trigger(con: Connection, resource_id: str) -> None:
    """Let PostgreSQL fill the full text of rows that others write to `resource_id`, over `con`."""
    def _enable() -> None:
        con.execute(postgres.full_text_trigger(resource_id))
        con.execute(statement(
            "ALTER TABLE public.{} ENABLE TRIGGER {}", resource_id, postgres.FULL_TEXT_TRIGGER
        ))

    swap.retry_on_lock(con, _enable, resource_id)


def check_against_release(con: Connection, resource_id: str, both: RowComparison) -> None:
    """Read the replacement of `resource_id` back over `con`; compare its checksum with `both`'s."""
    path = both.folder / "read-back.csv"
    query = postgres.select(replacement(resource_id), both.schema.names)
    actual = postgres.copy_out(con, query, both.schema.arrow, path)
    _require_same_rows(both, actual, "desired", resource_id)
    path.unlink()


def compare(con: Connection, resource_id: str, both: RowComparison) -> RowCounts:
    """Read the table `resource_id` over `con` into `both`, and compare its rows to the release."""
    path = both.folder / "actual.csv"
    arrow_schema = with_id(both.schema)
    query = postgres.select(resource_id, arrow_schema.names)
    both.load_actual(postgres.copy_out(con, query, arrow_schema, path))
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
        postgres.column_definitions(schema),
    ))
    for change in ("withdrawn", "revised", "added"):
        postgres.copy_in(
            con, "_changes", ["_id", *schema.names, "_change"],
            (_labelled(batch, change) for batch in both.changes(change)),
        )
    con.execute("ANALYZE pg_temp._changes")
    names = identifiers(schema.names)
    text = postgres.full_text(schema)
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
    actual = postgres.copy_out(con, written, schema.arrow, path)
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
