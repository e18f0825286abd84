"""Connections to the DataStore's database, rows through COPY, errors as PortalError."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from model.errors import BusyError, PortalError
from portal.ckan.datastore.postgres_table import Connection, identifiers, statement

# Any two integers make an advisory lock; this one marks it as ours ("oi").
LOCK_CLASS = 0x6F69
# How long the server may go on with a killed run until it notices that its client is gone.
CHECK_CLIENT_MILLISECONDS = 1000
CONNECT_SECONDS = 10
CSV_BLOCK_BYTES = 16 << 20  # one row must fit


@contextmanager
def connection(write_url: Callable[[], str], workers: int) -> Iterator[Connection]:
    """Open a connection in autocommit mode, configured for loading with so many parallel `workers`.

    `write_url` gives CKAN's `ckan.datastore.write_url`; its password appears in no error. Raises
    PortalError where the database cannot be reached, or refuses a statement.
    """
    with database_errors():
        con = _connect(write_url)
        with con:
            for name, value in (
                ("client_connection_check_interval", str(CHECK_CLIENT_MILLISECONDS)),
                ("max_parallel_workers_per_gather", str(workers)),
                ("max_parallel_maintenance_workers", str(workers)),
                ("maintenance_work_mem", "256MB"),
                ("extra_float_digits", "1"),  # the shortest text that reads back as the same
                ("search_path", "public"),
            ):
                con.execute("SELECT set_config(%s, %s, false)", [name, value])
            yield con


def _connect(write_url: Callable[[], str]) -> Connection:
    # SQLAlchemy's addresses may name a driver; PostgreSQL's do not.
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", write_url())
    try:
        return psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS,
            application_name="openindicators",
        )
    except psycopg.OperationalError as error:
        words = " ".join(str(error).split())
    except psycopg.Error:
        words = "its address cannot be read"  # the error quotes it, with its password
    raise PortalError(
        f"the DataStore's database cannot be reached: {words[:300]}",
        todo="check that the address is CKAN's `ckan.datastore.write_url`, and that the server "
        "accepts connections from here",
    )


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the database's errors into PortalError, with its own message."""
    try:
        yield
    except psycopg.Error as error:
        diagnosis = error.diag
        words = diagnosis.message_primary or " ".join(str(error).split())
        if diagnosis.message_detail:
            words += f" ({diagnosis.message_detail})"
        raise PortalError(
            f"the DataStore's database refused: {words[:500]}",
            where=diagnosis.table_name or "",
            todo=_todo(error),
        ) from None


def _todo(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "free space on the database's disk, then publish again; the old rows are still shown"
    if isinstance(error, psycopg.errors.UniqueViolation):
        return "fix the rows that share a key, then make a new release"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "use the role that owns the DataStore's tables: CKAN's `ckan.datastore.write_url`"
    return "fix what the database names, then publish again; the old rows are still shown"


@contextmanager
def loading_lock(con: Connection, resource_id: str, seconds: float) -> Iterator[None]:
    """Hold the lock on loading the table `resource_id`; it ends with the connection `con`.

    Raises BusyError where another run still holds it after `seconds`.
    """
    deadline = time.monotonic() + seconds
    arguments = [LOCK_CLASS, resource_id]
    while True:
        row = con.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", arguments).fetchone()
        if row == (True,):
            break
        if time.monotonic() >= deadline:
            raise BusyError(
                "another run is loading this table", where=f"resource {resource_id}",
                todo="wait until it has ended, then publish again",
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        if not con.broken:
            con.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", arguments)


def copy_in(
    con: Connection, table: str, columns: Iterable[str], batches: Iterable[pa.RecordBatch]
) -> None:
    """Copy `batches` into the named `columns` of a `table` over the connection `con`."""
    command = statement("COPY {} ({}) FROM STDIN (FORMAT csv)", table, identifiers(columns))
    # Every text is quoted and a missing value is not: COPY distinguishes '' and NULL by that.
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    with con.cursor() as cursor, cursor.copy(command) as copy:
        for batch in batches:
            sink = io.BytesIO()
            pyarrow.csv.write_csv(batch, sink, options)
            copy.write(sink.getbuffer())


def copy_out(
    con: Connection, query: sql.Composable, schema: pa.Schema, path: Path
) -> pa.RecordBatchReader:
    """Copy the rows of a `query` over `con` into the file `path`, and return a reader of it.

    `schema` has the columns of the query: text, double or integer.
    """
    command = statement("COPY ({}) TO STDOUT (FORMAT csv)", query)
    with path.open("wb") as file, con.cursor() as cursor, cursor.copy(command) as copy:
        for data in copy:
            file.write(data)
    if path.stat().st_size == 0:
        return pa.RecordBatchReader.from_batches(schema, [])
    return pyarrow.csv.open_csv(
        path,
        pyarrow.csv.ReadOptions(
            column_names=schema.names, block_size=CSV_BLOCK_BYTES, use_threads=True
        ),
        pyarrow.csv.ParseOptions(newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True,
            quoted_strings_can_be_null=False, check_utf8=False,
        ),
    )


def select(table: str, names: Iterable[str]) -> sql.Composed:
    """Return a SELECT of the columns `names` of a `table`."""
    return statement("SELECT {} FROM public.{}", identifiers(names), table)
