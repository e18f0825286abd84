"""The loaders' interface, what a release's table should hold, and the comparison of rows.

Rows are checked and compared in DuckDB with those read back from the portal.
"""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import PortalError
from model.records.release import Difference
from model.reference.registries import Registries
from model.util.hashing import sha256_json
from model.util.sql import identifier, literal
from portal.ckan.client import ActionRefused, CkanClient
from portal.ckan.datastore.table_schema import TableSchema, table_schema_of
from portal.content import Content
from portal.distributions.csv_files import csv_table
from portal.metadata.identifiers import resource_id

MEMORY = "256MB"  # of a comparison
BATCH_ROWS = 50_000  # rows of the release held in memory at a time


@dataclass(frozen=True)
class RowCounts:
    """How many rows differ between the release and the table."""

    added: int
    revised: int
    withdrawn: int
    same: int

    @property
    def changed(self) -> int:
        """How many rows there are to write or remove."""
        return self.added + self.revised + self.withdrawn


@dataclass(frozen=True)
class RowComparison:
    """A release's rows beside the portal's, in a DuckDB database of their own.

    Relations: `desired` (the release), `actual` (the portal: `_id` and the columns), and after
    `compare` the table `changes` (`_id` of the actual row or NULL, the desired columns, and
    `change`: added, revised, withdrawn).
    """

    con: duckdb.DuckDBPyConnection
    folder: Path
    schema: TableSchema

    def load_actual(self, batches: Iterable[pa.RecordBatch] | pa.RecordBatchReader) -> None:
        """Store the portal's rows: `_id` and the columns."""
        arrow_schema = with_id(self.schema)
        if isinstance(batches, pa.RecordBatchReader):
            self.con.register("incoming", batches)
            self.con.execute("CREATE OR REPLACE TABLE actual AS FROM incoming")
        else:
            # One by one: DuckDB would replace an error raised by the iterator with its own.
            self.con.register("incoming", arrow_schema.empty_table())
            self.con.execute("CREATE OR REPLACE TABLE actual AS FROM incoming")
            for batch in batches:
                self.con.register("incoming", pa.Table.from_batches([batch], arrow_schema))
                self.con.execute("INSERT INTO actual FROM incoming")
        self.con.unregister("incoming")

    def compare(self) -> RowCounts:
        """Compare by key, and store the differences in the table `changes`."""
        key = " AND ".join(f"w.{identifier(n)} = t.{identifier(n)}" for n in self.schema.key)
        others = [name for name in self.schema.names if name not in self.schema.key]
        differs = " OR ".join(
            f"w.{identifier(n)} IS DISTINCT FROM t.{identifier(n)}" for n in others
        )
        first = identifier(self.schema.key[0])  # never NULL in an existing row: see `check`
        columns = ", ".join(f"w.{identifier(name)}" for name in self.schema.names)
        self.con.execute(f"""
            CREATE OR REPLACE TABLE changes AS
            SELECT t._id, {columns}, CASE
                WHEN t._id IS NULL THEN 'added'
                WHEN w.{first} IS NULL THEN 'withdrawn'
                ELSE 'revised' END AS change
            FROM desired w FULL JOIN actual t ON {key}
            WHERE t._id IS NULL OR w.{first} IS NULL OR {differs}
        """)
        found: dict[str, int] = dict(
            self.con.execute("SELECT change, count(*) FROM changes GROUP BY ALL").fetchall()
        )
        added, revised = found.get("added", 0), found.get("revised", 0)
        same = self.count("desired") - added - revised
        return RowCounts(added, revised, found.get("withdrawn", 0), same)

    def count(self, relation: str) -> int:
        """Return the number of rows of one of the relations."""
        [(rows,)] = self.con.execute(f"SELECT count(*) FROM {relation}").fetchall()
        return int(rows)

    def fingerprint(self, relation: str) -> tuple[int, int, int]:
        """Return a checksum of all rows that does not depend on their order.

        It is their number, and the sum and the exclusive or of their 64-bit hashes.
        """
        # PostgreSQL reads -0.0 as 0.0: the same figure, other bits.
        values = ", ".join(
            f"{identifier(c.name)} + 0.0" if c.type == "float8" else identifier(c.name)
            for c in self.schema.columns
        )
        [(rows, total, parity)] = self.con.execute(f"""
            SELECT count(*), coalesce(sum(h::HUGEINT), 0), coalesce(bit_xor(h), 0)
            FROM (SELECT hash({values}) AS h FROM {relation})
        """).fetchall()
        return int(rows), int(total), int(parity)

    def changes(self, change: str, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Read the rows of one kind of `change`, `batch_rows` at a time: `_id` and the columns."""
        columns = ", ".join(identifier(name) for name in ("_id", *self.schema.names))
        # A cursor of its own: the caller goes on using the connection meanwhile.
        reader = self.con.cursor().execute(
            f"SELECT {columns} FROM changes WHERE change = ?", [change]
        ).to_arrow_reader(batch_rows)
        for batch in reader:
            yield batch.cast(with_id(self.schema))


@contextmanager
def open_comparison(data: Path, schema: TableSchema) -> Iterator[RowComparison]:
    """Open a comparison of `data` (a data.parquet) in the columns of `schema`; raises as `check`.

    Its temporary files are removed afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="openindicators-") as name:
        folder = Path(name)
        con = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": False, "autoload_known_extensions": False,
                # The rest is spilled to the disk: memory does not grow with the table.
                "memory_limit": MEMORY, "temp_directory": str(folder / "spilled"),
            },
        )
        try:
            con.execute("SET preserve_insertion_order = false")
            columns = ", ".join(identifier(name) for name in schema.names)
            con.execute(  # a view takes no parameters
                f"CREATE VIEW desired AS SELECT {columns} FROM {literal(data)}"
            )
            found = RowComparison(con, folder, schema)
            check(found, data)
            yield found
        finally:
            con.close()


def check(rows: RowComparison, data: Path) -> None:
    """Reject what no DataStore can hold of the `rows` of `data`, before anything is written.

    Raises PortalError for a figure that is not finite, a NUL character, a key column without a
    value.
    """
    tests = []
    for column in rows.schema.columns:
        name = identifier(column.name)
        if column.type == "float8":
            tests.append((f"NOT isfinite({name})", column.name, "a figure that is not finite"))
        else:
            tests.append((f"contains({name}, chr(0))", column.name, "the character U+0000"))
        if column.name in rows.schema.key:
            tests.append((f"{name} IS NULL", column.name, "no value, yet is part of the key"))
    counts = ", ".join(f"count(*) FILTER ({test})" for test, _, _ in tests)
    [found] = rows.con.execute(f"SELECT {counts} FROM desired").fetchall()
    for number, (_, named, what) in zip(found, tests, strict=True):
        if number:
            raise PortalError(
                f"{number} row(s) have {what}",
                where=f"{data}, column {named}",
                todo="add an expectation that quarantines such rows, then make a new release",
            )


def with_id(schema: TableSchema) -> pa.Schema:
    """Return the schema's columns with CKAN's row number in front."""
    return pa.schema([("_id", pa.int64()), *schema.arrow])


def release_batches(data: Path, schema: TableSchema) -> Iterator[pa.RecordBatch]:
    """Read `data` (a data.parquet) in batches of BATCH_ROWS, in columns and types of `schema`."""
    with pq.ParquetFile(data, pre_buffer=False) as file:  # else all of it stays in memory
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(schema.names)):
            yield batch.select(list(schema.names)).cast(schema.arrow)


def released_rows(data: Path) -> int:
    """Return a release's number of rows without reading them."""
    return int(pq.read_metadata(data).num_rows)


@dataclass(frozen=True)
class DataStoreTable:
    """What a DataStore table should hold.

    resource_id: the UUID of the CKAN resource that has the table.
    data: a release's data.parquet.
    schema: columns with declared types, key and data dictionary.
    sha256: the checksum of `data`. It is recorded with the table on the portal, so that an
        unchanged table is recognised without reading rows.
    """

    resource_id: str
    data: Path
    schema: TableSchema
    sha256: str


@dataclass(frozen=True)
class TableDifference(RowCounts):
    """How many rows differ, and whether columns, key, indexes or the dictionary do."""

    structure_changed: bool
    dictionary_changed: bool

    @property
    def empty(self) -> bool:
        """Whether there is nothing to load."""
        return not (self.changed or self.structure_changed or self.dictionary_changed)


class TableLoader(Protocol):
    """Loads tables into a DataStore."""

    def plan(self, table: DataStoreTable) -> TableDifference:
        """Compare the portal's table with the release; write nothing.

        Where the checksum recorded with the table is `table.sha256`, no row is read. Raises
        PortalError where the portal cannot be read, or the release holds what no DataStore can.
        """

    def load(self, table: DataStoreTable) -> None:
        """Make the portal's table equal to the release, and verify it by reading it back.

        May be called again after a failure or a killed run: it resumes from whatever exists. Raises
        PortalError, and BusyError where another run is loading this table.
        """

    def drop(self, resource_id: str) -> None:
        """Remove the table, and what an interrupted load may have left of it, if it exists."""


def valid_resource_id(resource_id: str) -> str:
    """Return a resource id if it is a UUID, else raise PortalError: nothing else names a table."""
    try:
        if str(uuid.UUID(resource_id)) == resource_id:
            return resource_id
    except ValueError:
        pass
    raise PortalError(
        f"{resource_id!r} is not the id of a resource",
        todo="give the resource's UUID, in lower case with hyphens",
    )


def drop_by_api(client: CkanClient, resource_id: str) -> None:
    """Drop the table `resource_id` through CKAN's `client`: with aliases and `datastore_active`."""
    try:
        client.repeat(
            lambda: client.call("datastore_delete", {"resource_id": resource_id, "force": True})
        )
    except ActionRefused as refused:
        if not refused.missing:
            raise


def table_of(content: Content, registries: Registries) -> DataStoreTable:
    """Return what a loader needs to know of a release (`content`), codes named by `registries`."""
    dataset = content.dataset
    return DataStoreTable(
        resource_id=resource_id(dataset.id, csv_table.file_name(dataset)),
        data=content.files.path("data.parquet"),
        schema=table_schema_of(dataset, registries, content.published_columns),
        sha256=content.release.file("data.parquet").sha256,
    )


def rows_sha256(content: Content, registries: Registries) -> str:
    """Return a checksum over rows, types, key and dictionary (by `registries`) of `content`."""
    schema = table_schema_of(content.dataset, registries, content.published_columns)
    data = content.release.file("data.parquet").sha256
    return sha256_json([data, schema.fields(None), list(schema.key)])


def with_row_counts(
    difference: Difference, loader: TableLoader, content: Content, registries: Registries
) -> Difference:
    """Add to a `difference` in `rows` how many of them differ; return others as they are.

    The `loader` reads the table and compares it with the release `content`, `registries` naming
    codes.
    """
    if difference.what != "rows" or difference.change == "=":
        return difference
    if difference.change == "+":
        return difference.model_copy(update={"detail": f"{content.release.rows} rows"})
    found = loader.plan(table_of(content, registries))
    detail = f"+{found.added} ~{found.revised} -{found.withdrawn} ={found.same}"
    if found.structure_changed:
        detail += ", columns"
    if found.dictionary_changed:
        detail += ", data dictionary"
    return difference.model_copy(update={"detail": detail})
