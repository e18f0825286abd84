"""The observations, and what changed since the release before, as CSV."""

from collections.abc import Sequence
from pathlib import Path

from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.csv_text import write_csv
from portal.metadata.data_package import csv_properties, observation_schema, table_schema


def _write_table(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    write_csv(path, content.published_columns, content.rows())


def _write_changes(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    write_csv(path, content.columns_of("changes.parquet"), content.changes())


csv_table = Distribution.described(
    "csv_table", _write_table,
    package_properties=lambda content: csv_properties(observation_schema(content)),
)

changes_csv = Distribution.described(
    "changes_csv", _write_changes,
    package_properties=lambda content: csv_properties(
        table_schema(content, content.columns_of("changes.parquet"))
    ),
)
