"""Cleaning on a cluster: the reader's rows in chunks, and observations made of each.

This machine reads the snapshot, since readers number rows and name columns over all of it, and
writes chunks; each becomes a Parquet file of observations. What a machine that is lost had begun is
done again: a file appears whole, and the same chunk always gives the same one.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from model.declarations.dataset import Dataset
from model.declarations.source import Source
from model.errors import OpenIndicatorsError
from model.records.unread import UnreadContent, unread_of
from model.util.disk import disk_errors
from model.util.sql import literal
from pipelines.cluster.session import session
from pipelines.cluster.settings import Cluster
from warehouse.cleaning.clean import (
    Cleaning,
    CleanStats,
    amend,
    count_rejected,
    inspect,
    observe,
    with_code_drift,
)
from warehouse.cleaning.loading import load, no_rows
from warehouse.cleaning.schema_inspection import MAX_LABELS, read_codes
from warehouse.engine import PARQUET_OPTIONS, connect

# Numbers of rows in a chunk, unpivoted, are below it; those of all stay below 2^63.
_APART = 1 << 40

Codes = dict[str, dict[str, str | None]]


@dataclass(frozen=True)
class _Observed:
    """What became of a chunk: rows read, dropped and rejected, and the codes that were read."""

    read: int
    empty: int
    rejected: int
    codes: Codes


def clean_in_chunks(
    con: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch], how: Cleaning,
    cluster: Cluster, folder: Path,
) -> CleanStats:
    """Make the relation `observation` on `con` as `warehouse.cleaning.clean` does, on a cluster.

    Args:
        con: a connection of its own.
        batches: what `SourceProtocol.read` gives.
        how: what they are cleaned by; without SQL of the declaration.
        cluster: where.
        folder: an empty folder that every machine of the cluster can write. `observation` reads
            from there.

    Raises:
        as `warehouse.cleaning.clean`; and OpenIndicatorsError: the cluster cannot be used.
    """
    import pyarrow.dataset as ds  # noqa: PLC0415 - it imports pandas, half a second of each command

    chunks, unread = _write_chunks(batches, how, folder, cluster.rows)
    con.register("raw", ds.dataset([str(path) for path in chunks], format="ipc"))
    source_schema = inspect(con, how, unread, "row_number() OVER () - 1")
    con.unregister("raw")
    targets = [path.with_suffix(".parquet") for path in chunks]
    spark = session(cluster).sparkContext
    shared = spark.broadcast(_portable(how))

    def work(number: int) -> _Observed | OpenIndicatorsError:
        return _observe(shared.value, chunks[number], targets[number], number)

    found = spark.parallelize(range(len(chunks)), len(chunks)).map(work).collect()
    shared.unpersist()
    done = []
    for each in found:
        if isinstance(each, OpenIndicatorsError):
            raise each
        done.append(each)
    source_schema = with_code_drift(how, source_schema, _merged([each.codes for each in done]))
    kind = "TABLE" if how.amends else "VIEW"
    listed = ", ".join(map(literal, targets))
    con.execute(f"CREATE {kind} observation AS FROM read_parquet([{listed}])")
    rejected = sum(each.rejected for each in done)
    if how.amends:
        amend(con, how)
        rejected = count_rejected(con)
    read, empty = (sum(getattr(each, name) for each in done) for name in ("read", "empty"))
    return CleanStats(read, empty, rejected, source_schema)


def _portable(how: Cleaning) -> Cleaning:
    """Return what other machines need: the types of connectors' options exist in this process.

    What was not declared stays so: a rule may take it from another.
    """
    dataset = Dataset.model_validate(how.dataset.model_dump(exclude_unset=True))
    source = Source.model_validate(how.source.model_dump(exclude_unset=True))
    return replace(how, dataset=dataset, source=source)


def _write_chunks(
    batches: Iterable[pa.RecordBatch], how: Cleaning, folder: Path, rows: int
) -> tuple[list[Path], list[UnreadContent]]:
    """Write a reader's batches as Arrow files of about so many rows; return them, and what it left.

    Raises:
        ReadError: there are none; or whatever the reader raises.
    """
    unread: list[UnreadContent] = []
    chunks: list[Path] = []

    def filled_batches() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            unread.extend(unread_of(batch))
            plain = batch.replace_schema_metadata(None)
            yield from (plain.slice(start, rows) for start in range(0, plain.num_rows, rows))

    waiting = filled_batches()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with disk_errors(folder):
        while first := next(waiting, None):
            chunks.append(folder / f"{len(chunks):06}.arrow")
            with pa.ipc.new_file(chunks[-1], first.schema, options=options) as writer:
                writer.write_batch(first)
                filled = first.num_rows
                while filled < rows and (batch := next(waiting, None)):
                    writer.write_batch(batch)
                    filled += batch.num_rows
    if not chunks:
        raise no_rows(how.dataset)
    return chunks, unread


def _observe(
    how: Cleaning, chunk: Path, target: Path, number: int
) -> _Observed | OpenIndicatorsError:
    """Make the observations of a chunk, on a machine of the cluster; errors are results, too."""
    begun = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with connect() as con, pa.ipc.open_file(chunk) as reader:
            con.execute("SET threads = 1")  # Spark runs a chunk on each core
            batches = (reader.get_batch(place) for place in range(reader.num_record_batches))
            load(con, batches, how.dataset)
            read, empty = observe(con, how)
            codes = read_codes(con, how.dataset)
            if not how.amends:
                amend(con, how)
            con.execute(
                f"COPY (SELECT * REPLACE (_id + {number * _APART} AS _id) FROM observation"
                f" ORDER BY _id) TO {literal(begun)} ({PARQUET_OPTIONS})"
            )
            os.replace(begun, target)
            return _Observed(read, empty, count_rejected(con), codes)
    except OpenIndicatorsError as error:
        return error
    finally:
        begun.unlink(missing_ok=True)


def _merged(parts: list[Codes]) -> dict[str, Mapping[str, str | None]]:
    """Return the codes of all chunks, those left out that are too many, as in one table."""
    found: dict[str, Mapping[str, str | None]] = {}
    for concept in parts[0]:
        if all(concept in part for part in parts):
            labels = {label: code for part in parts for label, code in part[concept].items()}
            if len(labels) <= MAX_LABELS:
                found[concept] = dict(sorted(labels.items()))
    return found
