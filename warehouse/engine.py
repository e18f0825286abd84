"""The engine: an in-memory DuckDB connection, bounded, that spills into the data folder."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import StoreError
from model.util.sql import memory_errors, memory_limit

if TYPE_CHECKING:
    import duckdb

# Parquet that every reader takes: version 1 pages (Spark 4.0 refuses v2). Without Bloom filters:
# sorted rows are found by their statistics. Level 5 (default 3) saves 4 % of the sample's bytes
# for 0.3 s of processor time in a million rows.
PARQUET_OPTIONS = (
    "FORMAT PARQUET, COMPRESSION ZSTD, COMPRESSION_LEVEL 5, PARQUET_VERSION V1,"
    " WRITE_BLOOM_FILTER false"
)

# So many rows DuckDB scans in one thread, and handing small work out to others costs more than it
# gains (https://duckdb.org/docs/stable/guides/performance/how_to_tune_workloads).
ROW_GROUP = 122_880

# Two threads find no room in 250 MB to sort 26 million rows, and one does it in half of the
# processor time (`python -m bench.big_file --rows 26000000 --parts`).
ONE_THREAD_FROM = 10_000_000

_CONFIG: dict[str, bool] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "preserve_insertion_order": True,
}


@contextmanager
def connect(
    spill: Path | None = None, rows: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection for one step, on a table of so many `rows` where that is known.

    What does not fit in memory goes to the folder `spill`. Small tables are worked on by the
    process's own engine, each in a catalogue of its own.

    Raises:
        StoreError: DuckDB could not write (disk full, forbidden).
    """
    import duckdb  # noqa: PLC0415 - 40 ms; `list` and `check` open no connection

    limit = os.environ.get("OPENINDICATORS_MEMORY_LIMIT")
    if rows is not None and rows <= ROW_GROUP and not limit:
        with _catalogue_of_its_own() as cursor:
            yield cursor
        return
    config: dict[str, str | bool | int | float | list[str]] = dict(_CONFIG)
    config["memory_limit"] = memory_limit()
    if spill is not None:
        config["temp_directory"] = str(spill)
    if rows is not None and rows <= ROW_GROUP:
        config["threads"] = 1
    connection = duckdb.connect(config=config)
    try:
        with memory_errors():
            yield connection
    except duckdb.IOException as error:
        raise StoreError(
            f"DuckDB could not read or write: {error}", where=str(spill or ""),
            todo="check the disk's space and the folder's rights, then run again",
        ) from error
    finally:
        connection.close()


def limit_threads(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Let one thread alone sort and write a table of so many `rows` on `con` where memory asks it.

    Sorted runs that were spilled, and row groups that wait to be written in order, take memory for
    each thread.
    """
    if rows > ONE_THREAD_FROM:
        con.execute("SET threads = 1")


@contextmanager
def _catalogue_of_its_own() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection to the engine of this process, with a catalogue that is dropped at the end.

    To open an engine takes 12 ms of processor time, a catalogue 0.4 ms.
    """
    engine, name = _engine(os.getpid()), f"step_{next(_NUMBERS)}"
    cursor = engine.cursor()
    try:
        cursor.execute(f"ATTACH ':memory:' AS {name}")
        cursor.execute(f"USE {name}")
        yield cursor
    finally:
        cursor.close()
        with engine.cursor() as other:
            other.execute(f"DETACH DATABASE IF EXISTS {name}")


_NUMBERS = itertools.count()


@cache
def _engine(_process: int) -> duckdb.DuckDBPyConnection:
    """Return the engine of a process; one that was forked cannot use that of its parent."""
    import duckdb  # noqa: PLC0415 - see `connect`

    # It would keep the bytes of files that nobody reads any longer, which the system keeps, too.
    return duckdb.connect(config={**_CONFIG, "threads": 1, "enable_external_file_cache": False})
