"""Checks on a cluster: the rows of a table, every series in one part, each looked at by DuckDB."""

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.runner import parts
from expectations.runner.parts import PartFindings
from expectations.runner.plan import Plan
from expectations.suites.expectation import Expectation
from model.declarations.dataset import Dataset
from model.records.tables import QUARANTINE
from model.util.sql import literal
from pipelines.cluster.session import session
from pipelines.cluster.settings import Cluster
from warehouse.engine import connect


@dataclass(frozen=True)
class TableParts:
    """The parts of a working table, on a cluster; see `expectations.runner.parts.Parts`.

    cluster: where.
    dataset: the declaration.
    table: the Parquet file, where every machine of the cluster can read it.
    """

    cluster: Cluster
    dataset: Dataset
    table: Path

    def __call__(
        self, con: duckdb.DuckDBPyConnection, expectations: Sequence[Expectation],
        plans: Mapping[str, Plan],
    ) -> PartFindings:
        """Look at the rows that are not in `quarantine` on `con`, part by part."""
        spark = session(self.cluster)
        series = [name for name in self.dataset.key if name != "time_period"]
        rows = spark.read.parquet(f"file://{self.table}").select("_id", *self.dataset.columns)
        count = max(1, pq.read_metadata(self.table).num_rows // self.cluster.rows)
        asked = spark.sparkContext.broadcast((expectations, plans, series))

        def work(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
            if found := _look(batches, *asked.value):
                yield pa.record_batch({"found": pa.array([pickle.dumps(found)], pa.binary())})

        with tempfile.TemporaryDirectory(dir=self.table.parent, prefix=".quarantine-") as folder:
            left_out = Path(folder, "ids.parquet")
            con.execute(
                f"COPY (SELECT _id FROM {QUARANTINE}) TO {literal(left_out)} (FORMAT PARQUET)"
            )
            rows = rows.join(spark.read.parquet(f"file://{left_out}"), "_id", "left_anti")
            looked = rows.repartition(count, *series).mapInArrow(work, "found binary").collect()
        asked.unpersist()
        return parts.together(pickle.loads(found) for (found,) in looked)  # noqa: S301 - from `work`


def _look(
    batches: Iterable[pa.RecordBatch], expectations: Sequence[Expectation],
    plans: Mapping[str, Plan], series: Sequence[str],
) -> PartFindings | None:
    """Look at one part, on a machine of the cluster; None where it has no rows."""
    iterator = (batch for batch in batches if batch.num_rows)
    first = next(iterator, None)
    if first is None:
        return None

    def every() -> Iterator[pa.RecordBatch]:
        yield first
        yield from iterator

    with connect() as con:
        con.execute("SET threads = 1")  # Spark runs a part on each core
        con.register("_incoming", pa.RecordBatchReader.from_batches(first.schema, every()))
        # In the order of the source, as on one machine: sums of floats depend on it.
        con.execute("CREATE TABLE part AS FROM _incoming ORDER BY _id")
        con.unregister("_incoming")
        return parts.look(con, "part", expectations, plans, series)
