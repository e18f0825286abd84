"""The loader for any portal: the difference, over the action API alone.

What a reader can see meanwhile. One call of the API is one transaction, and a load takes several:
- A difference whose added and revised rows fit one call (`ONE_CALL_ROWS`): the rows are the old
  ones, then all added and revised rows are there at once, and last, in one call of their own,
  withdrawn rows go. Between the two calls withdrawn rows still stand beside the new ones. A search
  by `q` finds revised rows by their old words until the call after the first one has ended.
- A larger difference arrives in batches: rows of both releases stand side by side until it ends.
- A first load, and one that changes columns or key (for which the table is made anew): the table
  grows from empty. Load it before the resource is made public.
A load that is killed leaves such a state until it is repeated; the checksum of the release is
removed from the table before the first change and recorded after the last one was read back, so
that a table in between is never taken for a release.

An answer that does not come (time-out, 502, 504) says nothing about whether the call was carried
out: no call is repeated blindly. The table is read back, and what is still missing is sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from model.errors import PortalError
from portal.ckan.client import Client, Refused, Unknown, pause
from portal.ckan.datastore.base import Table, TableDifference
from portal.ckan.datastore.resource import checked, drop_by_api
from portal.ckan.datastore.rows import Comparison, Counts, comparison, release_rows, with_id
from portal.ckan.datastore.shape import RECORD, TableSchema, without_record

FIRST_PAUSE = 0.5  # seconds after a lost answer, doubled at each
ROUNDS = 6  # of comparing and sending; each sends only what is still missing
PAGE_ROWS = 32_000  # ckan.datastore.search.rows_max, unless a portal has set it lower
ONE_CALL_ROWS = 10_000  # about 6 s; CKAN, its web server and proxies have 60 s or less
FIRST_ROWS, LEAST_ROWS, MOST_ROWS = 5_000, 250, 10_000
CALL_SECONDS = 10.0  # the size of batches is led towards calls that take so long
DELETED_AT_ONCE = 20_000
CALLS = 3  # two at work on two cores, and the next one ready


@dataclass
class _BatchSize:
    """How many rows a call carries: led by how long calls take."""

    rows: int = FIRST_ROWS
    lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, rows: int, seconds: float) -> None:
        with self.lock:
            wanted = int(rows * CALL_SECONDS / max(seconds, 0.1))
            self.rows = max(LEAST_ROWS, min(MOST_ROWS, 2 * self.rows, wanted))

    def failed(self) -> None:
        with self.lock:
            self.rows = max(LEAST_ROWS, self.rows // 4)


class ApiLoader:
    """Loads by `datastore_create`, `datastore_upsert` and `datastore_records_delete`.

    Args:
        client: the portal's API.
        calls: how many go on at a time. A portal carries out as many as it has web workers, and
            readers wait for the same ones.
    """

    def __init__(self, client: Client, *, calls: int = CALLS) -> None:
        self._client = client
        self._calls = calls

    def plan(self, table: Table) -> TableDifference:
        """Compare the portal's table with the release; see base.Loader."""
        shape, resource_id = table.shape, checked(table.resource_id)
        fields, rows = self._fields(resource_id), release_rows(table.data)
        if fields is None:
            return TableDifference(rows, 0, 0, 0, True, True)
        if not _laid_out_as(fields, shape):
            withdrawn = self._total(resource_id)
            return TableDifference(rows, 0, withdrawn, 0, True, not _says(fields, shape))
        counts = Counts(0, 0, 0, rows)
        if _recorded(fields) != table.sha256:
            with comparison(table.data, shape) as both:
                counts = self._compare(resource_id, both)
        return TableDifference(
            counts.added, counts.revised, counts.withdrawn, counts.same,
            structure_changed=False, dictionary_changed=not _says(fields, shape),
        )

    def load(self, table: Table) -> None:
        """Make the portal's table equal to the release; see base.Loader."""
        shape, resource_id = table.shape, checked(table.resource_id)
        size, lost = _BatchSize(), False
        with comparison(table.data, shape) as both:
            for attempt in range(ROUNDS):
                try:
                    if self._round(table, both, size):
                        return
                except Unknown:
                    lost = True
                    if attempt == ROUNDS - 1:
                        raise
                    pause(FIRST_PAUSE * 2**attempt)
                except Refused as refused:
                    # A call whose answer was lost was carried out after we had looked.
                    late = lost and "duplicate key" in refused.what
                    if (refused.status != 413 and not late) or attempt == ROUNDS - 1:
                        raise
                    size.failed()
        raise PortalError(
            f"the table is still not the release after {ROUNDS} rounds",
            where=f"resource {resource_id}",
            todo="see who else writes to this table, then publish again",
        )

    def drop(self, resource_id: str) -> None:
        """Remove the table; see base.Loader."""
        drop_by_api(self._client, checked(resource_id))

    def _round(self, table: Table, both: Comparison, size: _BatchSize) -> bool:
        """Compare, and send what is missing; tell whether nothing was, which ends the load."""
        resource_id, shape = table.resource_id, both.shape
        fields = self._fields(resource_id)
        if fields is not None and not _laid_out_as(fields, shape):
            drop_by_api(self._client, resource_id)
            fields = None
        if fields is None:
            self._create(resource_id, shape)
            both.arrive(())  # all rows are to be added, there is nothing to read
            self._send(resource_id, both, both.compare(), size)
            return False
        if _recorded(fields) == table.sha256 and _says(fields, shape) and self._counts_right(table):
            return True
        counts = self._compare(resource_id, both)
        if not counts.changed:
            self._conclude(table, shape)
            return True
        if _recorded(fields):
            self._describe(resource_id, shape, None)
        self._send(resource_id, both, counts, size)
        return False

    def _create(self, resource_id: str, shape: TableSchema) -> None:
        self._client.call("datastore_create", {
            "resource_id": resource_id, "force": True, "fields": shape.fields(None),
            "primary_key": list(shape.key), "indexes": list(shape.key),
        })

    def _describe(self, resource_id: str, shape: TableSchema, record: str | None) -> None:
        """Write the dictionary and what is recorded, and see to the key."""
        self._client.call("datastore_create", {
            "resource_id": resource_id, "force": True, "fields": shape.fields(record),
            "primary_key": list(shape.key),
        })

    def _conclude(self, table: Table, shape: TableSchema) -> None:
        """Record what has been read back as equal, and have the rows counted."""
        self._describe(table.resource_id, shape, table.sha256)
        self._client.call("datastore_upsert", {
            "resource_id": table.resource_id, "force": True, "records": [], "method": "insert",
            "calculate_record_count": True,
        })
        if not self._counts_right(table):
            raise PortalError(
                "CKAN counts more or fewer rows than the release has",
                where=f"resource {table.resource_id}",
                todo="see who else writes to this table, then publish again",
            )

    def _counts_right(self, table: Table) -> bool:
        return self._total(table.resource_id) == release_rows(table.data)

    def _send(self, resource_id: str, both: Comparison, counts: Counts, size: _BatchSize) -> None:
        if counts.revised and counts.added + counts.revised <= ONE_CALL_ROWS:
            changed = [*_records(both, "revised"), *_records(both, "added")]
            self._upsert(resource_id, "upsert", changed)
        else:
            self._in_batches(resource_id, "insert", _records(both, "added"), size)
        # `update` sets the full text anew, which `upsert` leaves as it was.
        self._in_batches(resource_id, "update", _records(both, "revised"), size)
        self._withdraw(resource_id, both)

    def _in_batches(
        self, resource_id: str, method: str, records: Iterator[dict[str, Any]], size: _BatchSize
    ) -> None:
        """Send records in calls of `size`, `calls` of them at a time."""
        lock, stop = threading.Lock(), threading.Event()

        def client() -> None:
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
            for done in [pool.submit(client) for _ in range(self._calls)]:
                done.result()

    def _upsert(self, resource_id: str, method: str, records: list[dict[str, Any]]) -> None:
        self._client.call("datastore_upsert", {
            "resource_id": resource_id, "force": True, "method": method, "records": records,
            "calculate_record_count": False,
        })

    def _withdraw(self, resource_id: str, both: Comparison) -> None:
        numbers = (
            number for batch in both.changes("withdrawn") for number in batch["_id"].to_pylist()
        )
        # Never an empty list: a filter that names nothing would stand for all rows.
        while some := list(islice(numbers, DELETED_AT_ONCE)):
            self._client.call("datastore_records_delete", {
                "resource_id": resource_id, "force": True, "filters": {"_id": some},
                "calculate_record_count": False,
            })

    def _fields(self, resource_id: str) -> list[dict[str, Any]] | None:
        """Return the table's columns with their dictionary, None where there is no table."""
        try:
            info = self._client.read(
                "datastore_info", resource_id=resource_id, include_meta=False,
                include_fields_schema=False,
            )
        except Refused as refused:
            if refused.missing:
                return None
            raise
        return list(info["fields"])

    def _total(self, resource_id: str) -> int:
        found = self._client.read("datastore_search", resource_id=resource_id, limit=0)
        return int(found["total"])

    def _compare(self, resource_id: str, both: Comparison) -> Counts:
        both.arrive(self._pages(resource_id, both.shape))
        return both.compare()

    def _pages(self, resource_id: str, shape: TableSchema) -> Iterator[pa.RecordBatch]:
        """Read the table page by page, by row number: no page is long in coming."""
        schema, last = with_id(shape), 0
        while True:
            page = self._client.read(
                "datastore_search", resource_id=resource_id, fields=schema.names, sort="_id",
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
                    for values, kind in zip(columns, schema.types, strict=True)
                ],
                schema=schema,
            )
            if len(rows) < page["limit"]:
                return


def _number(value: float | str | None) -> float | None:
    """Return a number; JSON has no word for those that are not finite, PostgreSQL sends text."""
    return None if value is None else float(value)


def _records(both: Comparison, change: str) -> Iterator[dict[str, Any]]:
    for batch in both.changes(change):
        yield from batch.drop_columns(["_id"]).to_pylist()


def _laid_out_as(fields: list[dict[str, Any]], shape: TableSchema) -> bool:
    """Whether columns and types are those of a shape; the key is seen to when rows are sent."""
    return [(f["id"], f["type"]) for f in fields] == [(c.name, c.type) for c in shape.columns]


def _says(fields: list[dict[str, Any]], shape: TableSchema) -> bool:
    infos = {f["id"]: without_record(f.get("info") or {}) for f in fields}
    return all(infos.get(column.name) == column.info for column in shape.columns)


def _recorded(fields: list[dict[str, Any]]) -> str | None:
    found = ((f.get("info") or {}).get(RECORD) for f in fields)
    return next((str(sha256) for sha256 in found if sha256), None)
