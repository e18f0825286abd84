"""Rows: read from the release, checked, and compared in DuckDB with those read back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import PortalError
from model.util.sql import identifier, literal
from portal.ckan.datastore.shape import TableSchema

MEMORY = "256MB"  # of a comparison
BATCH_ROWS = 50_000  # rows of the release held in memory at a time


@dataclass(frozen=True)
class Counts:
    """How many rows differ between the release and the table."""

    added: int
    revised: int
    withdrawn: int
    same: int

    @property
    def changed(self) -> int:
        """How many rows there are to write or remove."""
        return self.added + self.revised + self.withdrawn


class Comparison:
    """The release's rows beside the rows read back from the portal, in a DuckDB of their own.

    The relations: `wanted` (the release), `there` (read back: `_id` and the columns), and after
    `compare` the table `changes` (`_id` of the row there or NULL, the wanted columns, and `change`:
    added, revised, withdrawn).
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, shape: TableSchema) -> None:
        self.con = con
        self.folder = folder
        self.shape = shape

    def arrive(self, batches: Iterable[pa.RecordBatch] | pa.RecordBatchReader) -> None:
        """Take the rows that are read back: `_id` and the columns."""
        schema = with_id(self.shape)
        if isinstance(batches, pa.RecordBatchReader):
            self.con.register("arrived", batches)
            self.con.execute("CREATE OR REPLACE TABLE there AS FROM arrived")
        else:
            # One by one, since an error of who reads them would come out as one of DuckDB's.
            self.con.register("arrived", schema.empty_table())
            self.con.execute("CREATE OR REPLACE TABLE there AS FROM arrived")
            for batch in batches:
                self.con.register("arrived", pa.Table.from_batches([batch], schema))
                self.con.execute("INSERT INTO there FROM arrived")
        self.con.unregister("arrived")

    def compare(self) -> Counts:
        """Compare by key, and keep what differs in the table `changes`."""
        key = " AND ".join(f"w.{identifier(n)} = t.{identifier(n)}" for n in self.shape.key)
        others = [name for name in self.shape.names if name not in self.shape.key]
        differs = " OR ".join(
            f"w.{identifier(n)} IS DISTINCT FROM t.{identifier(n)}" for n in others
        )
        first = identifier(self.shape.key[0])  # never NULL in a row that exists: `check` saw to it
        columns = ", ".join(f"w.{identifier(name)}" for name in self.shape.names)
        self.con.execute(f"""
            CREATE OR REPLACE TABLE changes AS
            SELECT t._id, {columns}, CASE
                WHEN t._id IS NULL THEN 'added'
                WHEN w.{first} IS NULL THEN 'withdrawn'
                ELSE 'revised' END AS change
            FROM wanted w FULL JOIN there t ON {key}
            WHERE t._id IS NULL OR w.{first} IS NULL OR {differs}
        """)
        found: dict[str, int] = dict(
            self.con.execute("SELECT change, count(*) FROM changes GROUP BY ALL").fetchall()
        )
        added, revised = found.get("added", 0), found.get("revised", 0)
        wanted = self.count("wanted")
        return Counts(added, revised, found.get("withdrawn", 0), wanted - added - revised)

    def count(self, relation: str) -> int:
        """Return the number of rows of one of the relations."""
        return _number(self.con.execute(f"SELECT count(*) FROM {relation}"))

    def fingerprint(self, relation: str) -> tuple[int, int, int]:
        """Return a checksum of all rows that does not depend on their order.

        It is their number, and the sum and the exclusive or of their 64-bit hashes.
        """
        # -0.0 and 0.0 are the same figure and differ in their bits: PostgreSQL makes one of both
        # when it reads a literal.
        values = ", ".join(
            f"{identifier(c.name)} + 0.0" if c.type == "float8" else identifier(c.name)
            for c in self.shape.columns
        )
        found = self.con.execute(f"""
            SELECT count(*), coalesce(sum(h::HUGEINT), 0), coalesce(bit_xor(h), 0)
            FROM (SELECT hash({values}) AS h FROM {relation})
        """).fetchall()
        [(rows, total, parity)] = found
        return int(rows), int(total), int(parity)

    def changes(self, change: str, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Read the changed rows of one kind in batches: `_id` and the wanted columns."""
        columns = ", ".join(identifier(name) for name in ("_id", *self.shape.names))
        # A cursor of its own: the caller goes on using the connection meanwhile.
        reader = self.con.cursor().execute(
            f"SELECT {columns} FROM changes WHERE change = ?", [change]
        ).to_arrow_reader(batch_rows)
        for batch in reader:
            yield batch.cast(with_id(self.shape))


@contextmanager
def comparison(data: Path, shape: TableSchema) -> Iterator[Comparison]:
    """Open a comparison for a release; everything of it is removed afterwards.

    Raises:
        PortalError: see `check`.
    """
    with tempfile.TemporaryDirectory(prefix="openindicators-") as name:
        folder = Path(name)
        con = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": False, "autoload_known_extensions": False,
                # What does not fit goes to the disk, so that memory does not grow with the table.
                "memory_limit": MEMORY, "temp_directory": str(folder / "spilled"),
            },
        )
        try:
            con.execute("SET preserve_insertion_order = false")
            columns = ", ".join(identifier(name) for name in shape.names)
            con.execute(  # a view takes no parameters
                f"CREATE VIEW wanted AS SELECT {columns} FROM {literal(data)}"
            )
            found = Comparison(con, folder, shape)
            check(found, data)
            yield found
        finally:
            con.close()


def check(rows: Comparison, data: Path) -> None:
    """Refuse what no DataStore can hold, before anything is written.

    Raises:
        PortalError: a figure that is not finite, a NUL character, a key column without a value.
    """
    tests = []
    for column in rows.shape.columns:
        name = identifier(column.name)
        if column.type == "float8":
            tests.append((f"NOT isfinite({name})", column.name, "a figure that is not finite"))
        else:
            tests.append((f"contains({name}, chr(0))", column.name, "the character U+0000"))
        if column.name in rows.shape.key:
            tests.append((f"{name} IS NULL", column.name, "no value, yet is part of the key"))
    counts = ", ".join(f"count(*) FILTER ({test})" for test, _, _ in tests)
    [found] = rows.con.execute(f"SELECT {counts} FROM wanted").fetchall()
    for number, (_, named, what) in zip(found, tests, strict=True):
        if number:
            raise PortalError(
                f"{number} row(s) have {what}",
                where=f"{data}, column {named}",
                todo="add an expectation that holds such rows back, then release anew",
            )


def with_id(shape: TableSchema) -> pa.Schema:
    """Return the shape's columns with CKAN's row number in front."""
    return pa.schema([("_id", pa.int64()), *shape.arrow])


def release_batches(data: Path, shape: TableSchema) -> Iterator[pa.RecordBatch]:
    """Read a release's rows in batches of BATCH_ROWS, columns in the declared order and types."""
    with pq.ParquetFile(data, pre_buffer=False) as file:  # it would keep all of the file
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(shape.names)):
            yield batch.select(list(shape.names)).cast(shape.arrow)


def release_rows(data: Path) -> int:
    """Return the number of rows of a release without reading them."""
    return int(pq.read_metadata(data).num_rows)


def _number(result: duckdb.DuckDBPyConnection) -> int:
    [(number,)] = result.fetchall()
    return int(number)
