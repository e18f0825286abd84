"""A DataStore table in PostgreSQL: its structure, its actual state, connections, rows through COPY.

The structure is that of CKAN 2.12, ckanext/datastore/backend/postgres.py: `create_table`,
`create_indexes`, `_create_fulltext_trigger`. Index names must be CKAN's: it finds indexes by name
alone and would build a second one under its own. The database's errors become PortalError.
"""

import hashlib
import io
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, LiteralString

import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from model.errors import BusyError, PortalError
from model.util.sql import identifier
from portal.ckan.datastore.table_schema import Infos, TableSchema

Connection = psycopg.Connection[tuple[Any, ...]]
TextIndex = Literal["gist", "gin"]

FULL_TEXT_TRIGGER = "zfulltext"
PG_TYPES = {"text": "text", "float8": "double precision"}


def statement(template: LiteralString, *parts: str | sql.Composable) -> sql.Composed:
    """Return a `template` with its `{}` replaced by `parts`; strings become quoted identifiers."""
    return sql.SQL(template).format(
        *(sql.Identifier(part) if isinstance(part, str) else part for part in parts)
    )


def identifiers(names: Iterable[str]) -> sql.Composed:
    """Return quoted names, separated by commas."""
    return sql.SQL(", ").join(map(sql.Identifier, names))


def replacement(name: str) -> str:
    """Return the name of a table, sequence or index until it is swapped in.

    It begins with `_`: such tables are hidden from `_table_metadata` and from the API.
    """
    return f"_n_{name}"


def staging(resource_id: str) -> str:
    """Return the name of the table that the rows are copied into."""
    return f"_s_{resource_id}"


@dataclass(frozen=True)
class TableIndex:
    """An index: CKAN's name for it, and what follows `ON table` in its definition."""

    name: str
    unique: bool
    definition: str  # "USING btree (indicator)", as PostgreSQL prints it: names are quoted

    def statement(self, table: str, name: str) -> sql.Composed:
        """Return the CREATE INDEX for a `table`, under a `name`."""
        unique = sql.SQL("UNIQUE " if self.unique else "")
        return statement(
            "CREATE {}INDEX {} ON public.{} {}", unique, name, table, sql.SQL(self.definition)
        )


def indexes(resource_id: str, schema: TableSchema, method: TextIndex) -> list[TableIndex]:
    """Return the indexes of a table: key and key columns of its `schema`, full text by `method`.

    Their names come from `resource_id`, as CKAN derives them.
    """
    key = ", ".join(identifier(name) for name in schema.key)
    found = [TableIndex(_index_name(resource_id, key), True, f"USING btree ({key})")]
    for name in schema.key:
        column = identifier(name)
        found.append(TableIndex(_index_name(resource_id, column), False, f"USING btree ({column})"))
    name = _index_name(resource_id, '"_full_text"')
    return [*found, TableIndex(name, False, f'USING {method} ("_full_text")')]


def _index_name(resource_id: str, fields: str) -> str:
    digest = hashlib.sha1((resource_id + fields).encode(), usedforsecurity=False)
    return digest.hexdigest()


@dataclass(frozen=True)
class TableState:
    """The actual state of a table in the database.

    columns: name and type of each, in order, CKAN's own two first.
    comments: the comment of each column that has one, as CKAN writes it: JSON.
    keys: the columns of each unique index, but for the primary key.
    indexes: the valid ones, but for the primary key.
    triggered: whether CKAN's trigger keeps the full text.
    rows: the count that CKAN shows; None where it would have to count first.
    """

    columns: tuple[tuple[str, str], ...]
    comments: dict[str, dict[str, Any]]
    keys: tuple[tuple[str, ...], ...]
    indexes: tuple[TableIndex, ...]
    triggered: bool
    rows: int | None

    @property
    def infos(self) -> Infos:
        """Each column's `info`."""
        return {name: comment.get("_info", {}) for name, comment in self.comments.items()}

    def structure_matches(self, schema: TableSchema) -> bool:
        """Return whether columns, types and key are those of a schema."""
        columns = [(c.name, PG_TYPES[c.type]) for c in schema.columns]
        desired = (("_id", "integer"), ("_full_text", "tsvector"), *columns)
        return self.columns == desired and set(schema.key) in map(set, self.keys)


def find(con: Connection, resource_id: str) -> TableState | None:
    """Return the state of the table `resource_id`, read over `con`; None where there is none."""
    row = con.execute(
        "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relname = %s AND relkind = 'r'", [resource_id],
    ).fetchone()
    if row is None:
        return None
    [oid] = row
    columns = con.execute(
        "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)"
        " FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum", [oid],
    ).fetchall()
    keys = con.execute(
        "SELECT array_agg(a.attname::text) FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
        " WHERE i.indrelid = %s AND indisunique AND NOT indisprimary AND indisvalid"
        " AND indpred IS NULL AND indexprs IS NULL GROUP BY i.indexrelid", [oid],
    ).fetchall()
    triggered = con.execute(
        "SELECT 1 FROM pg_trigger WHERE tgrelid = %s AND tgname = %s AND tgenabled = 'O'",
        [oid, FULL_TEXT_TRIGGER],
    ).fetchone()
    rows = con.execute(
        "SELECT (stats->>'rows')::bigint FROM _table_stats WHERE resource_id = %s", [resource_id],
    ).fetchone()
    return TableState(
        columns=tuple((name, kind) for name, kind, _ in columns),
        comments={name: _comment(text) for name, _, text in columns if text},
        keys=tuple(tuple(names) for (names,) in keys),
        indexes=tuple(_found_indexes(con, oid)),
        triggered=triggered is not None,
        rows=rows[0] if rows else None,
    )


def _comment(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _found_indexes(con: Connection, oid: int) -> list[TableIndex]:
    rows = con.execute(
        "SELECT c.relname, i.indisunique, pg_get_indexdef(i.indexrelid),"
        " format('INDEX %%I ON %%s ', c.relname, format('%%I.%%I', 'public', t.relname))"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_class t ON t.oid = i.indrelid"
        " WHERE i.indrelid = %s AND i.indisvalid AND NOT i.indisprimary"
        " ORDER BY c.relname", [oid],
    ).fetchall()
    # The definition is CREATE [UNIQUE] INDEX name ON public.table USING ...; it is cut after the
    # known names, since a name can hold any text.
    return [
        TableIndex(name, unique, definition.partition(head)[2])
        for name, unique, definition, head in rows
        if head in definition
    ]


def full_text(schema: TableSchema) -> sql.Composable:
    """Return an expression equal to CKAN's trigger that takes half its time.

    The trigger joins the values of the row as JSON; for text and float8 these are PostgreSQL's
    text of them.
    """
    return statement("to_tsvector(concat_ws(' ', {}))", identifiers(schema.names))


def full_text_trigger(table: str) -> sql.Composed:
    """Return the statement that gives a table CKAN's own trigger."""
    return statement(
        "CREATE OR REPLACE TRIGGER {} BEFORE INSERT OR UPDATE ON public.{}"
        " FOR EACH ROW EXECUTE FUNCTION populate_full_text_trigger()", FULL_TEXT_TRIGGER, table,
    )


def column_definitions(schema: TableSchema) -> sql.Composed:
    """Return the columns with their types, as CREATE TABLE takes them."""
    return sql.SQL(", ").join(
        statement("{} {}", column.name, sql.SQL(PG_TYPES[column.type]))
        for column in schema.columns
    )


def comment_statements(
    table: str, schema: TableSchema, sha256: str | None, before: dict[str, dict[str, Any]]
) -> list[sql.Composed]:
    """Return the statements that write the dictionary like CKAN: comments of a `table`'s columns.

    `schema` gives the dictionary, in which the release's `sha256` is recorded; what other
    extensions keep in the comments of `before` (beside `_info`) stays.
    """
    statements = []
    for column, info in zip(schema.columns, schema.infos(sha256), strict=True):
        comment = {**before.get(column.name, {}), "_info": info}
        # CKAN recognises the current format of the comment by the blank in front.
        text = " " + json.dumps(comment, ensure_ascii=False, separators=(",", ":"))
        statements.append(statement(
            "COMMENT ON COLUMN public.{}.{} IS {}", table, column.name, sql.Literal(text)
        ))
    return statements


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
    with _database_errors():
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
def _database_errors() -> Iterator[None]:
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
