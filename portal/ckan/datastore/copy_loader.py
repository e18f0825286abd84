"""The loader for a portal whose database address is known: whole tables by COPY, swapped in.

A first load, and one that changes much, builds a replacement table in parallel; it is read back,
compared with the release, and takes the old one's name in one transaction of some hundredths of a
second. A load that changes little writes the difference in one transaction. Either way a reader
sees the old release or the new one, with its own row count, and never waits longer than
`swap.LOCK_MILLISECONDS` at a time. The resource's id, links, dictionary, aliases, permissions and
full-text search stay. The key of a large table is indexed before the swap and all else after it,
while readers go on; until then a search by `q` or a filter may read the table from end to end.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import psycopg

from model.errors import PortalError
from portal.ckan.client import CkanClient
from portal.ckan.datastore import (
    build,
    loader,
    postgres,
    swap,
)
from portal.ckan.datastore.loader import DataStoreTable, RowComparison, RowCounts, TableDifference
from portal.ckan.datastore.postgres import Connection, TableState, replacement, statement
from portal.ckan.datastore.table_schema import TableSchema, recorded_sha256

# Up to this share of changed rows the difference is written in place; above it a replacement is
# faster.
IN_PLACE = 0.1
# Up to here all indexes take a second or two; they are built before the swap.
INDEXES_BEFORE_ROWS = 100_000
BUSY_SECONDS = 60


class CopyLoader:
    """Loads by PostgreSQL's COPY.

    client: the portal's API, for the resource's `datastore_active`.
    write_url: returns the portal's `ckan.datastore.write_url`.
    text_index: the method of the full-text index. CKAN's own default, gist, takes twice as
        long to build and is slower to search; CKAN knows the index by its name alone.
    indexes_before: up to how many rows all indexes are built before the swap; in larger
        tables only the key's.
    workers: parallel workers per statement, and indexes built at a time.
    busy_seconds: how long to wait for another run, or the rest of a killed one.
    """

    def __init__(
        self, client: CkanClient, write_url: Callable[[], str], *,
        text_index: postgres.TextIndex = "gin", indexes_before: int = INDEXES_BEFORE_ROWS,
        workers: int = 2, busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._client = client
        self._write_url = write_url
        self._text_index = text_index
        self._indexes_before = indexes_before
        self._workers = workers
        self._busy_seconds = busy_seconds

    def plan(self, table: DataStoreTable) -> TableDifference:
        """Compare the portal's table with the release; see TableLoader."""
        schema, resource_id = table.schema, loader.valid_resource_id(table.resource_id)
        with postgres.connection(self._write_url, self._workers) as con:
            found = postgres.find(con, resource_id)
            rows = loader.released_rows(table.data)
            if found is None or not found.structure_matches(schema):
                withdrawn = 0 if found is None else build.count_rows(con, resource_id)
                return TableDifference(rows, 0, withdrawn, 0, True, True)
            unfinished = bool(self._missing(found, resource_id, schema)) or not found.triggered
            if recorded_sha256(found.infos) == table.sha256:
                counts = RowCounts(0, 0, 0, rows)
            else:
                with loader.open_comparison(table.data, schema) as both, con.transaction():
                    counts = build.compare(con, resource_id, both)
        return TableDifference(
            counts.added, counts.revised, counts.withdrawn, counts.same,
            structure_changed=unfinished or not self._is_active(resource_id),
            dictionary_changed=not schema.has_dictionary(found.infos),
        )

    def load(self, table: DataStoreTable) -> None:
        """Make the portal's table equal to the release; see TableLoader."""
        schema, resource_id = table.schema, loader.valid_resource_id(table.resource_id)
        active = self._is_active(resource_id)  # first of all: it fails for an unknown resource
        with (
            loader.open_comparison(table.data, schema) as both,
            postgres.connection(self._write_url, self._workers) as con,
            postgres.loading_lock(con, resource_id, self._busy_seconds),
        ):
            build.remove_leftovers(con, resource_id)
            found = postgres.find(con, resource_id)
            if found is None or not found.structure_matches(schema):
                self._replace(con, table, both, found)
            elif recorded_sha256(found.infos) != table.sha256:
                if not self._write_difference(con, table, both, found):
                    self._replace(con, table, both, found)
            elif not schema.has_dictionary(found.infos):
                _write_dictionary(con, resource_id, schema, table.sha256, found)
            self._finish(con, resource_id, schema)
        if not active:
            flag = {"id": resource_id, "datastore_active": True}
            self._client.repeat(lambda: self._client.call("resource_patch", flag))

    def drop(self, resource_id: str) -> None:
        """Remove the table and leftovers; see TableLoader."""
        loader.valid_resource_id(resource_id)
        with (
            postgres.connection(self._write_url, self._workers) as con,
            postgres.loading_lock(con, resource_id, self._busy_seconds),
        ):
            build.remove_leftovers(con, resource_id)
            there = postgres.find(con, resource_id) is not None
        if there:
            loader.drop_by_api(self._client, resource_id)
        with postgres.connection(self._write_url, self._workers) as con:
            con.execute("DELETE FROM _table_stats WHERE resource_id = %s", [resource_id])

    def _is_active(self, resource_id: str) -> bool:
        resource = self._client.read("resource_show", id=resource_id)
        return bool(resource.get("datastore_active"))

    def _replace(
        self, con: Connection, table: DataStoreTable, both: RowComparison, found: TableState | None
    ) -> None:
        """Build the replacement, verify it, and swap it in."""
        try:
            index_names, rows = self._build(con, table, both, found)
            swap.swap(con, table.resource_id, index_names, rows)
        except Exception:
            # The next load would do it; this frees the portal's disk now.
            with suppress(PortalError, psycopg.Error):
                build.remove_leftovers(con, table.resource_id)
            raise

    def _build(
        self, con: Connection, table: DataStoreTable, both: RowComparison, found: TableState | None
    ) -> tuple[list[str], int]:
        """Build the replacement and verify it; return its indexes' names and its number of rows."""
        schema, resource_id = both.schema, table.resource_id
        batches = loader.release_batches(table.data, schema)
        build.copy_and_transform(con, resource_id, schema, batches)
        rows = build.count_rows(con, replacement(resource_id))
        indexes = self._indexes_to_build(resource_id, schema, found, rows)
        self._in_parallel([
            lambda own: build.check_against_release(own, resource_id, both),
            lambda own: build.add_primary_key(own, resource_id),
            *(partial(build.index_replacement, resource_id, index) for index in indexes),
        ])
        swap.copy_triggers(con, resource_id)
        _write_dictionary(con, replacement(resource_id), schema, table.sha256, found)
        swap.copy_grants(con, resource_id)
        con.execute(statement("ANALYZE public.{}", replacement(resource_id)))
        if found is not None and found.rows is None:
            # CKAN would count in a second connection while its first one blocks the swap.
            con.execute("SELECT update_cached_table_row_count(%s)", [resource_id])
        return [index.name for index in indexes], rows

    def _indexes_to_build(
        self, resource_id: str, schema: TableSchema, found: TableState | None, rows: int
    ) -> list[postgres.TableIndex]:
        """Return the schema's indexes, and those that somebody has added to the old table."""
        declared = postgres.indexes(resource_id, schema, self._text_index)
        known = {index.name for index in declared}
        if rows > self._indexes_before:
            declared = [index for index in declared if index.unique]  # `_finish` builds the others
        if found is None or not found.structure_matches(schema):
            return declared
        return declared + [index for index in found.indexes if index.name not in known]

    def _in_parallel(self, jobs: list[build.Job]) -> None:
        """Run jobs in parallel, each on a connection of its own."""
        def _run(job: build.Job) -> None:
            with postgres.connection(self._write_url, self._workers) as own:
                job(own)

        with ThreadPoolExecutor(self._workers) as pool:
            list(pool.map(_run, jobs))

    def _write_difference(
        self, con: Connection, table: DataStoreTable, both: RowComparison, found: TableState
    ) -> bool:
        """Write the difference in one transaction if it is small; return whether it was."""
        resource_id, schema = table.resource_id, both.schema
        with con.transaction():
            # Against other writers, not against readers.
            con.execute(statement("LOCK TABLE public.{} IN SHARE ROW EXCLUSIVE MODE", resource_id))
            counts = build.compare(con, resource_id, both)
            rows = counts.added + counts.revised + counts.same
            if counts.changed > IN_PLACE * rows:
                return False
            if counts.changed:
                build.revise(con, resource_id, both, counts)
            actual = build.count_rows(con, resource_id)
            build.require_equal(actual, rows, resource_id, "rows")
            swap.lock_out_readers(con, resource_id)
            _write_dictionary(con, resource_id, schema, table.sha256, found)
            swap.write_count(con, resource_id, rows)
        return True

    def _missing(
        self, found: TableState, resource_id: str, schema: TableSchema
    ) -> list[postgres.TableIndex]:
        actual = {index.name for index in found.indexes}
        desired = postgres.indexes(resource_id, schema, self._text_index)
        return [index for index in desired if index.name not in actual]

    def _finish(self, con: Connection, resource_id: str, schema: TableSchema) -> None:
        """Build what the table still lacks, while readers go on."""
        found = postgres.find(con, resource_id)
        if found is None:
            raise PortalError(
                "the table was dropped while it was loaded", where=f"resource {resource_id}",
                todo="find out who deletes DataStore tables, then publish again",
            )
        # Without CONCURRENTLY, which takes twice as long and only helps writers.
        missing = self._missing(found, resource_id, schema)
        self._in_parallel([
            partial(build.add_index, resource_id, index) for index in reversed(missing)
        ])
        if not found.triggered:
            build.enable_trigger(con, resource_id)


def _write_dictionary(
    con: Connection, table: str, schema: TableSchema, sha256: str, found: TableState | None
) -> None:
    with con.transaction():
        before = found.comments if found else {}
        for command in postgres.comment_statements(table, schema, sha256, before):
            con.execute(command)
