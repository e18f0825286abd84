"""The observations as Parquet."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.metadata.data_package import observation_schema


def _write(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    """Copy the release's data.parquet, without columns that are not published."""
    source = content.files.path("data.parquet")
    columns = list(content.published_columns)
    if content.columns_of("data.parquet") == columns:
        shutil.copyfile(source, path)
        return
    with pq.ParquetFile(source) as file:
        schema = file.schema_arrow
        schema = schema.empty_table().select(columns).schema.with_metadata(schema.metadata)
        # Format 2.6 is what the release itself has; Spark 4.0 reads it.
        with pq.ParquetWriter(path, schema, compression="zstd", version="2.6") as writer:
            for batch in content.batches(columns=columns):
                writer.write_batch(batch)


parquet_file = Distribution.described(
    "parquet_file", _write,
    # Not as a table: frictionless cannot compare its `bytes` then, and finds it invalid.
    package_properties=lambda content: {"type": "file", "schema": observation_schema(content)},
)
