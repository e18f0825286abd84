"""The loader for a portal whose database address is known: whole tables by COPY, swapped in.

A first load and one that changes much builds a new table aside, in parallel; it is read back and
compared with the release, and takes the old one's name in one transaction of some hundredths of a
second. A load that changes little writes the difference in one transaction. Either way a reader
sees the old release or the new one, with its own row count, and never waits longer than
`swap.LOCK_MILLISECONDS` at a time. The resource's id, links, dictionary, aliases, permissions and
full-text search stay. The key of a large table is indexed before the swap and all else after it,
while readers go on; until then a search by `q` or a filter may read the table from end to end.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from model.errors import PortalError
from portal.ckan.client import Client, Refused
from portal.ckan.datastore import layout, swap
from portal.ckan.datastore.base import Table, TableDifference
from portal.ckan.datastore.database import (
    alone,
    connection,
    copy_in,
    copy_out,
    select,
)
from portal.ckan.datastore.layout import Connection, Found, Index, TextIndex, aside, staging
from portal.ckan.datastore.rows import (
    Comparison,
    Counts,
    comparison,
    release_batches,
    release_rows,
    with_id,
)
from portal.ckan.datastore.shape import Shape

# Up to this share of changed rows the difference is written into the table; above it a new table
# is faster.
IN_PLACE = 0.1
# Up to here all indexes are built in a second or two; they are then part of what is swapped in.
INDEXES_BEFORE_ROWS = 100_000
BUSY_SECONDS = 60


class CopyLoader:
    """Loads by PostgreSQL's COPY.

    Args:
        client: the portal's API, for the resource's `datastore_active`.
        write_url: gives the portal's `ckan.datastore.write_url`.
        text_index: the method of the full-text index. CKAN's own default, gist, takes twice as
            long to build and is slower to search; CKAN knows the index by its name alone.
        indexes_before: up to how many rows all indexes are built before the swap; in larger tables
            only the key is, and the others after it.
        workers: how many helpers of the database one statement may use, and how many indexes are
            built at a time.
        busy_seconds: how long to wait for another run, or the rest of a killed one.
    """

    def __init__(
        self, client: Client, write_url: Callable[[], str], *, text_index: TextIndex = "gin",
        indexes_before: int = INDEXES_BEFORE_ROWS, workers: int = 2,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._client = client
        self._write_url = write_url
        self._text_index = text_index
        self._indexes_before = indexes_before
        self._workers = workers
        self._busy_seconds = busy_seconds

    def plan(self, table: Table) -> TableDifference:
        """Compare the portal's table with the release; see base.Loader."""
        shape, resource_id = table.shape, checked(table.resource_id)
        with connection(self._write_url, self._workers) as con:
            found = layout.find(con, resource_id)
            rows = release_rows(table.data)
            if found is None or not found.laid_out_as(shape):
                withdrawn = 0 if found is None else _rows_of(con, resource_id)
                return TableDifference(rows, 0, withdrawn, 0, True, True)
            unfinished = bool(self._missing(found, resource_id, shape)) or not found.triggered
            if found.sha256 == table.sha256:
                counts = Counts(0, 0, 0, rows)
            else:
                with comparison(table.data, shape) as both, con.transaction():
                    counts = _compare(con, resource_id, both)
        return TableDifference(
            counts.added, counts.revised, counts.withdrawn, counts.same,
            structure_changed=unfinished or not self._is_active(resource_id),
            dictionary_changed=not found.says(shape),
        )

    def load(self, table: Table) -> None:
        """Make the portal's table equal to the release; see base.Loader."""
        shape, resource_id = table.shape, checked(table.resource_id)
        active = self._is_active(resource_id)  # asked first: a resource that is none has no table
        with (
            comparison(table.data, shape) as both,
            connection(self._write_url, self._workers) as con,
            alone(con, resource_id, self._busy_seconds),
        ):
            remove_leftovers(con, resource_id)
            found = layout.find(con, resource_id)
            if found is None or not found.laid_out_as(shape):
                self._replace(con, table, both, found)
            elif found.sha256 != table.sha256:
                if not self._write_difference(con, table, both, found):
                    self._replace(con, table, both, found)
            elif not found.says(shape):
                _write_dictionary(con, resource_id, shape, table.sha256, found)
            self._finish(con, resource_id, shape)
        if not active:
            flag = {"id": resource_id, "datastore_active": True}
            self._client.again(lambda: self._client.call("resource_patch", flag))

    def drop(self, resource_id: str) -> None:
        """Remove the table and what was left of it; see base.Loader."""
        checked(resource_id)
        with (
            connection(self._write_url, self._workers) as con,
            alone(con, resource_id, self._busy_seconds),
        ):
            remove_leftovers(con, resource_id)
            there = layout.find(con, resource_id) is not None
        if there:
            drop_by_api(self._client, resource_id)
        with connection(self._write_url, self._workers) as con:
            con.execute("DELETE FROM _table_stats WHERE resource_id = %s", [resource_id])

    def _is_active(self, resource_id: str) -> bool:
        resource = self._client.read("resource_show", id=resource_id)
        return bool(resource.get("datastore_active"))

    def _replace(
        self, con: Connection, table: Table, both: Comparison, found: Found | None
    ) -> None:
        """Build the table aside, prove it, and swap it in."""
        try:
            index_names, rows = self._build_aside(con, table, both, found)
            swap.swap(con, table.resource_id, index_names, rows)
        except Exception:
            # Not for correctness, the next load would do it: for the room on the portal's disk.
            with suppress(PortalError, psycopg.Error):
                remove_leftovers(con, table.resource_id)
            raise

    def _build_aside(
        self, con: Connection, table: Table, both: Comparison, found: Found | None
    ) -> tuple[list[str], int]:
        """Build the new table, and prove that it is the release; return its indexes and rows."""
        shape, resource_id = both.shape, table.resource_id
        _copy_and_transform(con, resource_id, shape, release_batches(table.data, shape))
        rows = _rows_of(con, aside(resource_id))
        wanted = self._indexes_to_build(resource_id, shape, found, rows)
        jobs: list[Callable[[Connection], None]] = [
            lambda own: _check_against_release(own, resource_id, both)
        ]
        jobs.append(_primary_key(resource_id))
        jobs += [_building_aside(resource_id, index) for index in wanted]
        self._side_by_side(jobs)
        swap.copy_triggers(con, resource_id)
        before = found.comments if found else {}
        for statement in layout.comment_statements(
            aside(resource_id), shape, table.sha256, before
        ):
            con.execute(statement)
        _copy_grants(con, resource_id)
        con.execute(sql.SQL("ANALYZE public.{}").format(sql.Identifier(aside(resource_id))))
        if found is not None and found.rows is None:
            # CKAN would count in a second connection while the first holds the table from us.
            con.execute("SELECT update_cached_table_row_count(%s)", [resource_id])
        return [index.name for index in wanted], rows

    def _indexes_to_build(
        self, resource_id: str, shape: Shape, found: Found | None, rows: int
    ) -> list[Index]:
        """Return the declared indexes, and those that somebody has added to the old table."""
        declared = layout.indexes(resource_id, shape, self._text_index)
        known = {index.name for index in declared}
        if rows > self._indexes_before:
            declared = [index for index in declared if index.unique]  # `_finish` builds the others
        if found is None or not found.laid_out_as(shape):
            return declared
        return declared + [index for index in found.indexes if index.name not in known]

    def _side_by_side(self, jobs: list[Callable[[Connection], None]]) -> None:
        """Do jobs in parallel, each on a connection of its own."""
        def do(job: Callable[[Connection], None]) -> None:
            with connection(self._write_url, self._workers) as own:
                job(own)

        with ThreadPoolExecutor(self._workers) as pool:
            for done in [pool.submit(do, job) for job in jobs]:
                done.result()

    def _write_difference(
        self, con: Connection, table: Table, both: Comparison, found: Found
    ) -> bool:
        """Write the difference in one transaction, if it is small; tell whether it was done."""
        resource_id, shape = table.resource_id, both.shape
        with con.transaction():
            # Against other writers, not against readers.
            con.execute(
                sql.SQL("LOCK TABLE public.{} IN SHARE ROW EXCLUSIVE MODE").format(
                    sql.Identifier(resource_id)
                )
            )
            counts = _compare(con, resource_id, both)
            rows = counts.added + counts.revised + counts.same
            if counts.changed > IN_PLACE * rows:
                return False
            if counts.changed:
                _apply(con, resource_id, both, counts)
            _expect(_rows_of(con, resource_id), rows, resource_id, "rows")
            swap.lock_out_readers(con, resource_id)
            for statement in layout.comment_statements(
                resource_id, shape, table.sha256, found.comments
            ):
                con.execute(statement)
            swap.write_count(con, resource_id, rows)
        return True

    def _missing(self, found: Found, resource_id: str, shape: Shape) -> list[Index]:
        there = {index.name for index in found.indexes}
        wanted = layout.indexes(resource_id, shape, self._text_index)
        return [index for index in wanted if index.name not in there]

    def _finish(self, con: Connection, resource_id: str, shape: Shape) -> None:
        """Build what the swapped table still lacks; readers go on meanwhile."""
        found = layout.find(con, resource_id)
        if found is None:
            raise PortalError(
                "the table has vanished while it was loaded", where=f"resource {resource_id}",
                todo="see who deletes DataStore tables, then publish again",
            )
        # Without CONCURRENTLY: it would take twice as long, and only writers would gain by it.
        missing = self._missing(found, resource_id, shape)
        self._side_by_side([_building(resource_id, index) for index in reversed(missing)])
        if not found.triggered:
            swap.retried(lambda: _enable_trigger(con, resource_id), resource_id)


def checked(resource_id: str) -> str:
    """Return a resource id that is a UUID: the only kind that is used as a table's name here.

    Raises:
        PortalError: it is none.
    """
    try:
        if str(uuid.UUID(resource_id)) == resource_id:
            return resource_id
    except ValueError:
        pass
    raise PortalError(
        f"{resource_id!r} is not the id of a resource",
        todo="give the resource's UUID, in lower case with hyphens",
    )


def remove_leftovers(con: Connection, resource_id: str) -> None:
    """Drop what an interrupted load of this table has left."""
    for name in (staging(resource_id), aside(resource_id)):
        con.execute(sql.SQL("DROP TABLE IF EXISTS public.{}").format(sql.Identifier(name)))


def drop_by_api(client: Client, resource_id: str) -> None:
    """Drop the table as CKAN does: with its aliases, and the resource no longer says it has one."""
    try:
        client.again(
            lambda: client.call("datastore_delete", {"resource_id": resource_id, "force": True})
        )
    except Refused as refused:
        if not refused.missing:
            raise


def _copy_and_transform(
    con: Connection, resource_id: str, shape: Shape, batches: Iterator[pa.RecordBatch]
) -> None:
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


def _primary_key(resource_id: str) -> Callable[[Connection], None]:
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


def _building_aside(resource_id: str, index: Index) -> Callable[[Connection], None]:
    def job(con: Connection) -> None:
        con.execute(index.statement(aside(resource_id), aside(index.name)))

    return job


def _building(resource_id: str, index: Index) -> Callable[[Connection], None]:
    def job(con: Connection) -> None:
        # A build with CONCURRENTLY that was cut short leaves an invalid index under the name.
        swap.retried(lambda: _drop_invalid(con, index.name), resource_id)
        con.execute(index.statement(resource_id, index.name))

    return job


def _drop_invalid(con: Connection, name: str) -> None:
    with con.transaction():
        con.execute("SELECT set_config('lock_timeout', %s, true)", [f"{swap.LOCK_MILLISECONDS}ms"])
        con.execute(sql.SQL("DROP INDEX IF EXISTS public.{}").format(sql.Identifier(name)))


def _check_against_release(con: Connection, resource_id: str, both: Comparison) -> None:
    """Read the new table back and compare its checksum with that of the release's file."""
    path = both.folder / "read-back.csv"
    there = copy_out(con, select(aside(resource_id), both.shape.names), both.shape.arrow, path)
    both.con.register("read_back", there)
    found, wanted = both.fingerprint("read_back"), both.fingerprint("wanted")
    both.con.unregister("read_back")
    path.unlink()
    _expect(found, wanted, resource_id, "rows, sum and exclusive or of their checksums")


def _compare(con: Connection, resource_id: str, both: Comparison) -> Counts:
    """Read the table as it is and compare it with the release, row by row."""
    path = both.folder / "there.csv"
    schema = with_id(both.shape)
    both.arrive(copy_out(con, select(resource_id, schema.names), schema, path))
    path.unlink()
    return both.compare()


def _apply(con: Connection, resource_id: str, both: Comparison, counts: Counts) -> None:
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
        _expect(con.execute(statement).rowcount, number, resource_id, f"{change} rows")
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
    _expect(
        both.fingerprint("read_back"), both.fingerprint("to_write"), resource_id,
        "rows, sum and exclusive or of their checksums",
    )
    both.con.unregister("read_back")


def _labelled(batch: pa.RecordBatch, change: str) -> pa.RecordBatch:
    return batch.append_column("_change", pa.array([change] * batch.num_rows, pa.string()))


def _write_dictionary(
    con: Connection, resource_id: str, shape: Shape, sha256: str, found: Found
) -> None:
    with con.transaction():
        for statement in layout.comment_statements(resource_id, shape, sha256, found.comments):
            con.execute(statement)


def _copy_grants(con: Connection, resource_id: str) -> None:
    row = con.execute("SELECT to_regclass(%s)::oid::bigint", [f'public."{resource_id}"']).fetchone()
    if row and row[0]:
        swap.grant(con, aside(resource_id), swap.grants_of(con, row[0]))


def _enable_trigger(con: Connection, resource_id: str) -> None:
    table, trigger = sql.Identifier(resource_id), sql.Identifier(layout.FULL_TEXT_TRIGGER)
    with con.transaction():
        con.execute("SELECT set_config('lock_timeout', %s, true)", [f"{swap.LOCK_MILLISECONDS}ms"])
        con.execute(
            sql.SQL(
                "CREATE OR REPLACE TRIGGER {} BEFORE INSERT OR UPDATE ON public.{}"
                " FOR EACH ROW EXECUTE FUNCTION populate_full_text_trigger()"
            ).format(trigger, table)
        )
        con.execute(sql.SQL("ALTER TABLE public.{} ENABLE TRIGGER {}").format(table, trigger))


def _rows_of(con: Connection, table: str) -> int:
    row = con.execute(
        sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))
    ).fetchone()
    return int(row[0]) if row else 0


def _expect(found: Any, wanted: Any, resource_id: str, what: str) -> None:
    if found != wanted:
        raise PortalError(
            f"the table read back is not the release: {what} are {found} and should be {wanted}",
            where=f"resource {resource_id}",
            todo="publish again; if it happens again, look into the database's log",
        )


