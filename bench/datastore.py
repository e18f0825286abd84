"""How fast rows come into the DataStore, beside ckanext-xloader and a plain API client.

`python -m bench.datastore --folder DIR` (or `make bench-datastore`) on a portal that is up. All
figures are of one run on one portal, and the ratios are what counts. xloader 2.6 is installed into
the portal's own environment for this, runs in a process beside the portal, and is given the types
in its data dictionary, so that both load the same table from the same rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow.parquet as pq

from dev.ckan.portal_dir import PortalDir, default_folder
from dev.ckan.running_portal import RunningPortal, load_portal
from model.util.hashing import sha256_file
from portal.ckan.client import CkanClient, FileUpload
from portal.ckan.datastore import copy_loader
from portal.ckan.datastore.api_loader import ApiLoader
from portal.ckan.datastore.copy_loader import CopyLoader
from portal.ckan.datastore.loader import DataStoreTable
from portal.ckan.datastore.table_schema import DataStoreColumn, TableSchema

XLOADER = "ckanext-xloader==2.6.0"
COLUMNS = ("indicator", "ref_area", "time_period", "obs_value", "unit_measure", "obs_note")
KEY = COLUMNS[:3]
PLAIN_BATCH = 10_000

# Runs in CKAN's environment: what xloader's worker does with one job, with the time of each step.
XLOADER_JOB = """
import json, logging, sys, time
from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app
app = make_app(CKANConfigLoader(sys.argv[1]).get_config())
from ckanext.xloader import jobs
metadata = json.loads(sys.argv[2])
steps, begun = {}, time.monotonic()
class Steps(logging.Handler):
    def emit(self, record):
        steps[record.getMessage().split(":")[0]] = time.monotonic() - begun
logger = logging.getLogger("bench"); logger.setLevel("INFO"); logger.addHandler(Steps())
with app._wsgi_app.test_request_context():
    jobs.xloader_data_into_datastore_(
        {"metadata": metadata, "api_key": sys.stdin.read().strip()}, {}, logger)
print("STEPS " + json.dumps({"seconds": time.monotonic() - begun, "steps": steps}))
"""


# Six columns, so that the figures can be compared with others' figures.
SCHEMA = TableSchema(
    tuple(
        DataStoreColumn(name, "float8" if name == "obs_value" else "text", {"label": name})
        for name in COLUMNS
    ),
    KEY,
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=default_folder())
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--api-rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--without-xloader", action="store_true")
    options = parser.parse_args()
    home = PortalDir(options.folder.resolve())
    portal = load_portal(home)
    client = CkanClient(portal.url, portal.token)
    with tempfile.TemporaryDirectory(prefix="openindicators-bench-") as name:
        folder = Path(name)
        for run in range(1, options.runs + 1):
            print(f"run {run} of {options.runs}")
            _whole_tables(home, portal, client, folder, options)
            _api(client, folder, options.api_rows)


def _whole_tables(
    home: PortalDir,
    portal: RunningPortal,
    client: CkanClient,
    folder: Path,
    options: argparse.Namespace,
) -> None:
    rows = options.rows
    first = make(folder / "first.parquet", rows)
    second = make(folder / "second.parquet", rows, revised_every=100)
    xloader = None
    if not options.without_xloader:
        xloader = _xloader(home, portal, client, folder, first)
        _say("xloader, all indexes", rows, xloader)
    loader = CopyLoader(client, lambda: portal.datastore_write_url)
    whole = CopyLoader(client, lambda: portal.datastore_write_url, indexes_before=rows)
    with _resource(client) as resource:
        visible, finished = _until_visible(lambda: loader.load(_table(resource, first)))
        _say("copy, verified and visible", rows, visible, xloader)
        _say("copy, all indexes finished after", rows, finished, xloader)
        changed = _seconds(lambda: loader.load(_table(resource, second)))
        _say("copy, 1 % of the rows changed", rows, changed)
        print(f"  1 % changed takes {changed / finished:.2f} of a full load's time"
              f" ({changed / visible:.2f} of the time until it is visible)")
    with _resource(client) as resource:
        together = _seconds(lambda: whole.load(_table(resource, first)))
        _say("copy, all indexes before the swap", rows, together, xloader)


def _api(client: CkanClient, folder: Path, rows: int) -> None:
    data = make(folder / "api.parquet", rows)
    with _resource(client) as resource:
        plain = _seconds(lambda: _plain_client(client, _table(resource, data)))
        _say(f"one client, {PLAIN_BATCH} rows a call", rows, plain)
    with _resource(client) as resource:
        ours = _seconds(lambda: ApiLoader(client).load(_table(resource, data)))
        _say("api, read back and verified", rows, ours, plain)


def _plain_client(client: CkanClient, table: DataStoreTable) -> None:
    """What anybody would write: the same table, batches one after the other, nothing verified."""
    client.call("datastore_create", {
        "resource_id": table.resource_id, "force": True, "fields": table.schema.fields(None),
        "primary_key": list(KEY), "indexes": list(KEY),
    })
    with pq.ParquetFile(table.data) as file:
        for batch in file.iter_batches(batch_size=PLAIN_BATCH):
            client.call("datastore_upsert", {
                "resource_id": table.resource_id, "force": True, "method": "insert",
                "records": batch.to_pylist(), "calculate_record_count": False,
            })


def _xloader(
    home: PortalDir, portal: RunningPortal, client: CkanClient, folder: Path, data: Path
) -> float:
    """Load the same rows from a CSV file with xloader and return the seconds it takes."""
    python = home.venv / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", XLOADER], check=True)
    ini = home.ckan / "bench-xloader.ini"
    ours = home.ini.read_text()
    plugins = next(line for line in ours.splitlines() if line.startswith("ckan.plugins"))
    ini.touch(mode=0o600)
    ini.write_text(ours.replace(plugins, f"{plugins} xloader") + (
        "ckanext.xloader.api_token = unused\n"
        f"ckanext.xloader.jobs_db.uri = sqlite:///{folder}/jobs.db\n"
    ))
    csv = folder / "rows.csv"
    duckdb.sql(f"COPY (FROM '{data}') TO '{csv}' (FORMAT csv, HEADER)")
    try:
        with _resource(client, csv) as resource:
            fields = _table(resource, data).schema.fields(None)
            for field in fields:
                field["info"] = {
                    "type_override": "numeric" if field["type"] == "float8" else "text"
                }
                field["type"] = field["info"]["type_override"]
            client.call("datastore_create", {
                "resource_id": resource, "force": True, "fields": fields,
                "primary_key": [], "indexes": [],
            })
            metadata = {"resource_id": resource, "ckan_url": portal.url, "ignore_hash": True}
            done = subprocess.run(
                [python, "-c", XLOADER_JOB, str(ini), json.dumps(metadata)],
                input=portal.token, capture_output=True, text=True, check=False, cwd=home.ckan,
            )
            found = [line for line in done.stdout.splitlines() if line.startswith("STEPS ")]
            if not found:
                raise SystemExit(f"xloader failed: {done.stderr[-2000:]}")
            report = json.loads(found[0].removeprefix("STEPS "))
            steps = report["steps"]
            total = client.read("datastore_search", resource_id=resource, limit=0)["total"]
            seen = steps.get("Data now available to users", 0)
            print(f"  xloader: {total} rows; visible, without indexes, after {seen:.1f} s")
            return float(report["seconds"])
    finally:
        ini.unlink()


def make(path: Path, rows: int, revised_every: int = 0) -> Path:
    """Write a release of so many rows in six columns; every n-th figure is another one."""
    plus = f"CASE WHEN i % {revised_every} = 7 THEN 1 ELSE 0 END" if revised_every else "0"
    duckdb.sql(f"""
        COPY (
            SELECT 'IND_' || lpad((i // 50000)::VARCHAR, 4, '0') AS indicator,
                lpad((i // 500 % 100)::VARCHAR, 5, '0') AS ref_area,
                (1900 + (i % 500) // 4)::VARCHAR || '-Q' || (i % 4 + 1) AS time_period,
                round((hash(i) % 1000000) / 100.0, 2)::DOUBLE + {plus} AS obs_value,
                ['count', 'percent', 'vnd'][1 + i % 3] AS unit_measure,
                CASE WHEN i % 3 > 0 THEN 'Ghi chú số ' || (i % 1000) END AS obs_note
            FROM range({rows}) t(i) ORDER BY ALL
        ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
    """)
    return path


def _table(resource: str, data: Path) -> DataStoreTable:
    return DataStoreTable(resource, data, SCHEMA, sha256_file(data))


@contextmanager
def _resource(client: CkanClient, file: Path | None = None) -> Iterator[str]:
    """Make a dataset with one resource; it is removed with its table afterwards."""
    name = f"bench-{uuid.uuid4().hex[:12]}"
    if "bench" not in client.read("organization_list"):
        client.call("organization_create", {"name": "bench", "title": "Bench"})
    package = client.call("package_create", {
        "name": name, "owner_org": "bench", "title": name, "notes": "For the benchmark.",
    })
    data: dict[str, Any] = {"package_id": package["id"], "name": "data", "format": "CSV"}
    uploads = (FileUpload("upload", file, "text/csv"),) if file else ()
    if not file:
        data["url"] = "https://example.org/data.csv"
    resource = client.call("resource_create", data, uploads)["id"]
    try:
        yield resource
    finally:
        client.call("resource_delete", {"id": resource})
        client.call("dataset_purge", {"id": package["id"]})


def _seconds(do: Callable[[], None]) -> float:
    begun = time.monotonic()
    do()
    return time.monotonic() - begun


def _until_visible(load: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds until the swap and until the end of a load."""
    begun = time.monotonic()
    swapped: list[float] = []
    swap = copy_loader.swap.swap

    def noted(*arguments: Any) -> None:
        swap(*arguments)
        swapped.append(time.monotonic() - begun)

    with patch.object(copy_loader.swap, "swap", noted):
        load()
    return swapped[0], time.monotonic() - begun


def _say(what: str, rows: int, seconds: float, other: float | None = None) -> None:
    ratio = f"  {other / seconds:.2f} x" if other else ""
    print(f"  {what:40} {seconds:7.1f} s  {rows / seconds:9,.0f} rows/s{ratio}", flush=True)


if __name__ == "__main__":
    main()
