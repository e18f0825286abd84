"""Tables, resources and loaders for the tests of the DataStore, on the real CKAN."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from dev.ckan.running_portal import RunningPortal
from model.declarations.dataset import Dataset
from model.util.hashing import sha256_file
from portal.ckan.client import CkanClient
from portal.ckan.datastore.api_loader import ApiLoader
from portal.ckan.datastore.copy_loader import CopyLoader
from portal.ckan.datastore.loader import DataStoreTable
from portal.ckan.datastore.table_schema import table_schema_of
from tests.fixtures.datasets import dataset, registries

NUMBER_COLUMNS = ("obs_value", "lower_bound", "upper_bound")
Row = dict[str, Any]


@dataclass(frozen=True)
class DataStoreEnvironment:
    """A portal, a folder for releases, and what tests do with them."""

    portal: RunningPortal
    folder: Path

    @property
    def client(self) -> CkanClient:
        return CkanClient(self.portal.url, self.portal.token)

    def loader(self, kind: str, **options: Any) -> ApiLoader | CopyLoader:
        if kind == "api":
            return ApiLoader(self.client, **options)
        return CopyLoader(self.client, lambda: self.portal.datastore_write_url, **options)

    def resource(self) -> str:
        """Make a dataset with one resource and return its id."""
        client = self.client
        if "datastore-tests" not in client.read("organization_list"):
            client.call("organization_create", {"name": "datastore-tests", "title": "Tests"})
        package = client.call("package_create", {
            "name": f"datastore-{uuid.uuid4().hex}", "owner_org": "datastore-tests",
            "title": "Test", "notes": "Test",
        })
        return client.call("resource_create", {
            "package_id": package["id"], "name": "data", "url": "https://example.org/data.csv",
        })["id"]

    def table(self, resource: str, rows: list[Row], declared: Any = None) -> DataStoreTable:
        """Write rows as a release's data.parquet."""
        declared = declared or dataset()
        schema = pa.schema([
            (name, pa.float64() if name in NUMBER_COLUMNS else pa.string())
            for name in declared.columns
        ])
        path = self.folder / f"{uuid.uuid4().hex}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema), path)
        columns = table_schema_of(declared, registries())
        return DataStoreTable(resource, path, columns, sha256_file(path))

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement in the DataStore's database."""
        with psycopg.connect(self.portal.datastore_write_url, autocommit=True) as con:
            cursor = con.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def rows(self, resource: str) -> list[Row]:
        """Read the table as anybody does."""
        found = self.client.read("datastore_search", resource_id=resource, limit=32000)
        assert found["total"] == len(found["records"])
        return [
            {name: value for name, value in row.items() if name != "_id"}
            for row in found["records"]
        ]

    def tables(self, resource: str) -> list[str]:
        """Return the names of all tables, views, sequences and indexes that speak of a resource."""
        found = self.sql(
            "SELECT relname FROM pg_class WHERE relname LIKE %s AND relkind IN ('r', 'S')"
            " ORDER BY relname", f"%{resource}%",
        )
        return [name for (name,) in found]

    def search(self, resource: str, words: str) -> int:
        """Return how many rows CKAN's full-text search finds."""
        return self.client.read("datastore_search", resource_id=resource, q=words, limit=0)["total"]


def with_interval_and_footnotes() -> Dataset:
    """Return a declaration whose releases have bounds and footnotes."""
    rooms = {
        "name": {"vi": "Số phòng", "en": "Rooms"}, "unit": "count",
        "interval": {"kind": "confidence", "level": 95},
    }
    return dataset(
        indicators={"ROOMS": rooms},
        footnotes={"border": {"vi": "Ranh giới mới", "en": "New borders"}},
    )


def row(area: str, year: int, value: float | None, note: str | None = None) -> Row:
    return {
        "indicator": "ROOMS", "ref_area": area, "geo_vintage": "VN:2008-01-01", "freq": "A",
        "time_period": str(year), "obs_value": value, "unit_measure": "count", "obs_status": "A",
        "obs_note": note,
    }


HOSTILE = [
    None, "", " ", "NULL", "\\N", "a\tb", "dòng 1\ndòng 2\r\n\\.\n", 'nói "có", \'không\'', "\\",
    "%s {} $1 :name", "'; DROP TABLE x; --", "Đà Nẵng, phường Hải Châu", "🏖️", "0012", "1e5",
]
NUMBERS = [None, 0.0, -0.0, 0.1, 1 / 3, -1e-300, 5e-324, 1.7976931348623157e308, 2**53 + 1.0, 7.0]


def release(seed: int, size: int = 200) -> list[Row]:
    """Return a release: no two seeds share a note, some share keys."""
    draw = random.Random(seed)
    keys = draw.sample(range(size * 2), size)
    return [
        row(f"{key % 7:05d}", 1900 + key // 7, draw.choice([*NUMBERS, draw.random() * 1e6]),
            draw.choice([*HOSTILE, f"bản {seed}"]))
        for key in sorted(keys, key=lambda key: (f"{key % 7:05d}", key))
    ]
