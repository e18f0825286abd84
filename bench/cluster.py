"""What a Spark cluster takes for a large CSV, beside one machine, and whether the bytes are equal.

    python -m bench.cluster [--rows 300000 1000000] [--master local-cluster[2,1,1536]]

The file is that of `bench.big_file`. Each engine cleans and validates it in a process of its own;
their tables are compared by checksum. Of the cluster, what this machine does by itself is told
apart from what is divided: the first bounds what more machines can give. Times are seconds of
processor time, those of Java and its workers included.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.big_file import DATASET, environment, write_project
from model.util.hashing import sha256_file
from pipelines.catalogue import load_catalogue
from pipelines.connections import open_transport
from pipelines.settings import Settings
from pipelines.steps.clean import make_table
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.validate import validate_table


def main() -> None:
    """Measure and print a line for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[300_000, 1_000_000])
    parser.add_argument("--master", default="local-cluster[2,1,1536]")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(_one(asked.one)))
        return
    print(f"{'rows':>10} {'DuckDB':>9} {'cluster':>9} {'here':>7} {'divided':>9} same bytes")
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as name:
            write_project(Path(name), rows)
            duckdb = _measured(Path(name), "")
            cluster = _measured(Path(name), asked.master)
        print(
            f"{rows:10} {duckdb['here']:9.1f} {cluster['here'] + cluster['divided']:9.1f}"
            f" {cluster['here']:7.1f} {cluster['divided']:9.1f}"
            f" {cluster['sha256'] == duckdb['sha256']}", flush=True,
        )


def _measured(folder: Path, master: str) -> dict[str, Any]:
    """Clean and validate in a new process, on the cluster `master` ("": none)."""
    home = folder / ("cluster" if master else "duckdb")
    more = {
        "OPENINDICATORS_DATA_DIR": str(home), "OPENINDICATORS_SPARK_MASTER": master,
        "OPENINDICATORS_SPARK_FROM": "0", "SOURCE_DATE_EPOCH": "1767225600",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.cluster", "--one", str(home)], check=True,
        stdout=subprocess.PIPE, env=os.environ | environment(folder) | more, cwd=folder,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _one(home: Path) -> dict[str, Any]:
    """Clean and validate in this process; return seconds, and the checksum of what is left."""
    settings = Settings.from_environment()
    settings.data_dir.prepare()
    bound = load_catalogue(settings).bound_datasets(settings.profile)[DATASET]
    transport = open_transport(settings.profile, home.parent / "files")
    take_snapshot(bound, settings.data_dir, transport, settings.now)
    begun = resource.getrusage(resource.RUSAGE_SELF)
    make_table(bound, settings.data_dir)
    data = validate_table(bound, settings.data_dir).data
    ended = resource.getrusage(resource.RUSAGE_SELF)
    if settings.cluster:
        _end_spark()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "here": ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime,
        "divided": children.ru_utime + children.ru_stime, "sha256": sha256_file(data),
    }


def _end_spark() -> None:
    """Stop Spark and wait for Java: only then is what it took known."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    spark = SparkSession.getActiveSession()
    if spark is not None:
        gateway: Any = spark.sparkContext._gateway
        atexit.unregister(spark.stop)
        spark.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()


if __name__ == "__main__":
    main()
