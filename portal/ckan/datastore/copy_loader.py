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

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
from psycopg import sql

from model.errors import PortalError
from portal.ckan.client import Client
from portal.ckan.datastore import layout, swap
from portal.ckan.datastore.base import Table, TableDifference
from portal.ckan.datastore.build import (
    building_aside,
    copy_and_transform,
    copy_grants,
    primary_key,
    remove_leftovers,
)
from portal.ckan.datastore.database import alone, connection
from portal.ckan.datastore.finish import building, enable_trigger
from portal.ckan.datastore.layout import Connection, Found, Index, TextIndex, aside
from portal.ckan.datastore.read_back import check_against_release, compare, expect, rows_of
from portal.ckan.datastore.resource import checked, drop_by_api
from portal.ckan.datastore.revise import revise
from portal.ckan.datastore.rows import Comparison, Counts, comparison, release_batches, release_rows
from portal.ckan.datastore.shape import TableSchema

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
                withdrawn = 0 if found is None else rows_of(con, resource_id)
                return TableDifference(rows, 0, withdrawn, 0, True, True)
            unfinished = bool(self._missing(found, resource_id, shape)) or not found.triggered
            if found.sha256 == table.sha256:
                counts = Counts(0, 0, 0, rows)
            else:
                with comparison(table.data, shape) as both, con.transaction():
                    counts = compare(con, resource_id, both)
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
        copy_and_transform(con, resource_id, shape, release_batches(table.data, shape))
        rows = rows_of(con, aside(resource_id))
        wanted = self._indexes_to_build(resource_id, shape, found, rows)
        jobs: list[Callable[[Connection], None]] = [
            lambda own: check_against_release(own, resource_id, both)
        ]
        jobs.append(primary_key(resource_id))
        jobs += [building_aside(resource_id, index) for index in wanted]
        self._side_by_side(jobs)
        swap.copy_triggers(con, resource_id)
        before = found.comments if found else {}
        for statement in layout.comment_statements(
            aside(resource_id), shape, table.sha256, before
        ):
            con.execute(statement)
        copy_grants(con, resource_id)
        con.execute(sql.SQL("ANALYZE public.{}").format(sql.Identifier(aside(resource_id))))
        if found is not None and found.rows is None:
            # CKAN would count in a second connection while the first holds the table from us.
            con.execute("SELECT update_cached_table_row_count(%s)", [resource_id])
        return [index.name for index in wanted], rows

    def _indexes_to_build(
        self, resource_id: str, shape: TableSchema, found: Found | None, rows: int
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
            counts = compare(con, resource_id, both)
            rows = counts.added + counts.revised + counts.same
            if counts.changed > IN_PLACE * rows:
                return False
            if counts.changed:
                revise(con, resource_id, both, counts)
            expect(rows_of(con, resource_id), rows, resource_id, "rows")
            swap.lock_out_readers(con, resource_id)
            for statement in layout.comment_statements(
                resource_id, shape, table.sha256, found.comments
            ):
                con.execute(statement)
            swap.write_count(con, resource_id, rows)
        return True

    def _missing(self, found: Found, resource_id: str, shape: TableSchema) -> list[Index]:
        there = {index.name for index in found.indexes}
        wanted = layout.indexes(resource_id, shape, self._text_index)
        return [index for index in wanted if index.name not in there]

    def _finish(self, con: Connection, resource_id: str, shape: TableSchema) -> None:
        """Build what the swapped table still lacks; readers go on meanwhile."""
        found = layout.find(con, resource_id)
        if found is None:
            raise PortalError(
                "the table has vanished while it was loaded", where=f"resource {resource_id}",
                todo="see who deletes DataStore tables, then publish again",
            )
        # Without CONCURRENTLY: it would take twice as long, and only writers would gain by it.
        missing = self._missing(found, resource_id, shape)
        self._side_by_side([building(resource_id, index) for index in reversed(missing)])
        if not found.triggered:
            swap.retried(lambda: enable_trigger(con, resource_id), resource_id)


def _write_dictionary(
    con: Connection, resource_id: str, shape: TableSchema, sha256: str, found: Found
) -> None:
    with con.transaction():
        for statement in layout.comment_statements(resource_id, shape, sha256, found.comments):
            con.execute(statement)
