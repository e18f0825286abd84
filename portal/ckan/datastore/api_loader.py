"""The loader for any portal: the difference, over the action API alone.

What readers see meanwhile. One call of the API is one transaction, and a load takes several:
- A difference whose added and revised rows fit one call (`ONE_CALL_ROWS`): the old rows, then all
  added and revised rows at once; withdrawn rows disappear last, in a call of their own. A search by
  `q` finds revised rows by their old words until the second call has ended.
- A search that falls upon that call may give the rows of one release with the `total` of the other:
  CKAN reads both in two statements, at an isolation at which each sees what was committed last
  (`ckanext/datastore/backend/postgres.py`), and no call of the API can hold readers off. 1 of 910
  reads during swaps did so; of the copy loader, which locks the table for that moment, 0 of 759.
- A larger difference arrives in batches: rows of both releases are mixed until it ends.
- A first load, and one that changes columns or key (for which the table is created again): the
  table grows from empty. Load it before the resource is made public.
A killed load leaves such a state until it is repeated. The release's checksum is removed from the
table before the first change and recorded after the last one was read back, so that a table in
between is never taken for a release.

A lost response (time-out, 502, 504) says nothing about whether the call was carried out: no call is
repeated blindly. The table is read back, and what is still missing is sent. The same holds for
calls of a load that was killed: CKAN completes them though nobody waits for them.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from model.errors import PortalError
from portal.ckan.client import ActionRefused, CkanClient, OutcomeUnknown, pause
from portal.ckan.datastore import loader
from portal.ckan.datastore.loader import DataStoreTable, RowComparison, RowCounts, TableDifference
from portal.ckan.datastore.table_schema import Infos, TableSchema, recorded_sha256

FIRST_PAUSE = 0.5  # seconds after a lost response, doubled at each
ROUNDS = 6  # of comparing and sending; each sends only what is still missing
PAGE_ROWS = 32_000  # ckan.datastore.search.rows_max, unless a portal has set it lower
ONE_CALL_ROWS = 10_000  # about 6 s; CKAN, its web server and proxies have 60 s or less
FIRST_ROWS, LEAST_ROWS, MOST_ROWS = 5_000, 250, 10_000
CALL_SECONDS = 10.0  # batch sizes are adjusted towards calls that take so long
DELETED_AT_ONCE = 20_000
CALLS = 3  # two running on two cores, and the next one ready


@dataclass
class _BatchSize:
    """How many rows a call carries, adjusted to how long calls take."""

    rows: int = FIRST_ROWS
    lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, rows: int, seconds: float) -> None:
        """Adjust the size to a call with so many `rows` that took so many `seconds`."""
        with self.lock:
            ideal = int(rows * CALL_SECONDS / max(seconds, 0.1))
            self.rows = max(LEAST_ROWS, min(MOST_ROWS, 2 * self.rows, ideal))

    def failed(self) -> None:
        """Reduce the size after a call that failed."""
        with self.lock:
            self.rows = max(LEAST_ROWS, self.rows // 4)


class ApiLoader:
    """Loads by `datastore_create`, `datastore_upsert` and `datastore_records_delete`.

    client: the portal's API.
    calls: how many run at a time. A portal runs as many as it has web workers, and readers
        need the same ones.
    """

    def __init__(self, client: CkanClient, *, calls: int = CALLS) -> None:
        self._client = client
        self._calls = calls

    def plan(self, table: DataStoreTable) -> TableDifference:
        """Compare the portal's table with the release; see TableLoader."""
        schema, resource_id = table.schema, loader.valid_resource_id(table.resource_id)
        fields, rows = self._fields(resource_id), loader.released_rows(table.data)
        if fields is None:
            return TableDifference(rows, 0, 0, 0, True, True)
        if not _structure_matches(fields, schema):
            withdrawn = self._total(resource_id)
            return TableDifference(
                rows, 0, withdrawn, 0, True, not schema.has_dictionary(_infos(fields))
            )
        counts = RowCounts(0, 0, 0, rows)
        if recorded_sha256(_infos(fields)) != table.sha256:
            with loader.open_comparison(table.data, schema) as both:
                counts = self._compare(resource_id, both)
        return TableDifference(
            counts.added, counts.revised, counts.withdrawn, counts.same, structure_changed=False,
            dictionary_changed=not schema.has_dictionary(_infos(fields)),
        )

    def load(self, table: DataStoreTable) -> None:
        """Make the portal's table equal to the release; see TableLoader."""
        schema, resource_id = table.schema, loader.valid_resource_id(table.resource_id)
        size, calls_open = _BatchSize(), False
        with loader.open_comparison(table.data, schema) as both:
            for attempt in range(ROUNDS):
                try:
                    if attempt == 0:
                        calls_open = self._await_earlier_load(resource_id, schema)
                    if self._round(table, both, size):
                        return
                except OutcomeUnknown:
                    calls_open = True
                    if attempt == ROUNDS - 1:
                        raise
                    pause(FIRST_PAUSE * 2**attempt)
                except ActionRefused as refused:
                    # A call that nobody awaits was carried out after the table was read.
                    late = calls_open and "duplicate key" in refused.what
                    if (refused.status != 413 and not late) or attempt == ROUNDS - 1:
                        raise
                    size.failed()
        raise _disturbed(f"the table is still not the release after {ROUNDS} rounds", resource_id)

    def drop(self, resource_id: str) -> None:
        """Remove the table; see TableLoader."""
        loader.drop_by_api(self._client, loader.valid_resource_id(resource_id))

    def _await_earlier_load(self, resource_id: str, schema: TableSchema) -> bool:
        """Wait for running calls of a load that was killed; return whether there may be others.

        A load removes the checksum before its first change: a table without one was left by a load
        that did not end. PostgreSQL makes an index again only after every transaction that wrote
        to the table; a call that CKAN has received and not begun cannot be waited for.
        """
        fields = self._fields(resource_id)
        if fields is None or recorded_sha256(_infos(fields)):
            return False
        if _structure_matches(fields, schema):
            self._describe(resource_id, schema, None, indexes=list(schema.key))
        return True

    def _round(self, table: DataStoreTable, both: RowComparison, size: _BatchSize) -> bool:
        """Compare, and send what is missing; return whether nothing was, which ends the load."""
        resource_id, schema = table.resource_id, both.schema
        fields = self._fields(resource_id)
        if fields is not None and not _structure_matches(fields, schema):
            loader.drop_by_api(self._client, resource_id)
            fields = None
        if fields is None:
            self._describe(resource_id, schema, None, indexes=list(schema.key))
            both.load_actual(())  # a new table is empty
            self._send(resource_id, both, both.compare(), size)
            return False
        infos = _infos(fields)
        is_release = recorded_sha256(infos) == table.sha256 and schema.has_dictionary(infos)
        if is_release and self._count_matches(table):
            return True
        counts = self._compare(resource_id, both)
        if not counts.changed:
            self._conclude(table, schema)
            return True
        if recorded_sha256(infos):
            self._describe(resource_id, schema, None)
        self._send(resource_id, both, counts, size)
        return False

    def _describe(
        self, resource_id: str, schema: TableSchema, sha256: str | None, **more: list[str]
    ) -> None:
        """Write the dictionary with the checksum; create the table and the key if missing."""
        self._client.call("datastore_create", {
            "resource_id": resource_id, "force": True, "fields": schema.fields(sha256),
            "primary_key": list(schema.key), **more,
        })

    def _conclude(self, table: DataStoreTable, schema: TableSchema) -> None:
        """Record that the table was read back as equal, and have CKAN count its rows."""
        self._describe(table.resource_id, schema, table.sha256)
        self._client.call("datastore_upsert", {
            "resource_id": table.resource_id, "force": True, "records": [], "method": "insert",
            "calculate_record_count": True,
        })
        if not self._count_matches(table):
            raise _disturbed(
                "CKAN counts more or fewer rows than the release has", table.resource_id
            )

    def _count_matches(self, table: DataStoreTable) -> bool:
        return self._total(table.resource_id) == loader.released_rows(table.data)

    def _send(
        self, resource_id: str, both: RowComparison, counts: RowCounts, size: _BatchSize
    ) -> None:
        if counts.revised and counts.added + counts.revised <= ONE_CALL_ROWS:
            changed = [*_records(both, "revised"), *_records(both, "added")]
            self._upsert(resource_id, "upsert", changed)
        else:
            self._in_batches(resource_id, "insert", _records(both, "added"), size)
        # `update` refreshes the full text, `upsert` does not.
        self._in_batches(resource_id, "update", _records(both, "revised"), size)
        self._withdraw(resource_id, both)

    def _in_batches(
        self, resource_id: str, method: str, records: Iterator[dict[str, Any]], size: _BatchSize
    ) -> None:
        """Send records in calls of `size`, `calls` of them at a time."""
        lock, stop = threading.Lock(), threading.Event()

        def _client() -> None:
            while not stop.is_set():
                with lock:
                    batch = list(islice(records, size.rows))
                if not batch:
                    return
                begun = time.monotonic()
                try:
                    self._upsert(resource_id, method, batch)
                except BaseException:
                    stop.set()
                    size.failed()
                    raise
                size.took(len(batch), time.monotonic() - begun)

        with ThreadPoolExecutor(self._calls) as pool:
            for done in [pool.submit(_client) for _ in range(self._calls)]:
                done.result()

    def _upsert(self, resource_id: str, method: str, records: list[dict[str, Any]]) -> None:
        self._client.call("datastore_upsert", {
            "resource_id": resource_id, "force": True, "method": method, "records": records,
            "calculate_record_count": False,
        })

    def _withdraw(self, resource_id: str, both: RowComparison) -> None:
        numbers = (
            number for batch in both.changes("withdrawn") for number in batch["_id"].to_pylist()
        )
        # Never an empty list: an empty filter means all rows.
        while some := list(islice(numbers, DELETED_AT_ONCE)):
            self._client.call("datastore_records_delete", {
                "resource_id": resource_id, "force": True, "filters": {"_id": some},
                "calculate_record_count": False,
            })

    def _fields(self, resource_id: str) -> list[dict[str, Any]] | None:
        """Return the table's columns with their dictionary, None where there is no table."""
        info = self._client.read_if_exists(
            "datastore_info", resource_id=resource_id, include_meta=False,
            include_fields_schema=False,
        )
        return None if info is None else list(info["fields"])

    def _total(self, resource_id: str) -> int:
        found = self._client.read("datastore_search", resource_id=resource_id, limit=0)
        return int(found["total"])

    def _compare(self, resource_id: str, both: RowComparison) -> RowCounts:
        both.load_actual(self._pages(resource_id, both.schema))
        return both.compare()

    def _pages(self, resource_id: str, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """Read the table page by page, by row number: an offset would slow down with each page."""
        arrow_schema, last = loader.with_id(schema), 0
        while True:
            page = self._client.read(
                "datastore_search", resource_id=resource_id, fields=arrow_schema.names, sort="_id",
                filters={"_id": {"gt": last}}, limit=PAGE_ROWS, include_total=False,
                records_format="lists",
            )
            rows = page["records"]
            if not rows:
                return
            last = rows[-1][0]
            columns = zip(*rows, strict=True)
            yield pa.record_batch(
                [
                    pa.array(map(_number, values) if kind == pa.float64() else values, kind)
                    for values, kind in zip(columns, arrow_schema.types, strict=True)
                ],
                schema=arrow_schema,
            )
            if len(rows) < page["limit"]:
                return


def _disturbed(what: str, resource_id: str) -> PortalError:
    return PortalError(
        what, where=f"resource {resource_id}",
        todo="find out who else writes to this table, then publish again",
    )


def _number(value: float | str | None) -> float | None:
    """Return a number; PostgreSQL sends text for those that are not finite."""
    return None if value is None else float(value)


def _records(both: RowComparison, change: str) -> Iterator[dict[str, Any]]:
    for batch in both.changes(change):
        yield from batch.drop_columns(["_id"]).to_pylist()


def _structure_matches(fields: list[dict[str, Any]], schema: TableSchema) -> bool:
    """Return whether columns and types are those of a schema; the key is created with the rows."""
    return [(f["id"], f["type"]) for f in fields] == [(c.name, c.type) for c in schema.columns]


def _infos(fields: list[dict[str, Any]]) -> Infos:
    return {field["id"]: field.get("info") or {} for field in fields}
