"""The observations, and what changed since the release before, as CSV."""

from collections.abc import Sequence
from pathlib import Path

from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.csv_text import write_csv
from portal.distributions.row_text import PLAIN, csv_line, joined
from portal.metadata.data_package import csv_properties, observation_schema, table_schema


def _write_table(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    _write(content, path, "data.parquet", content.published_columns)


def _write_changes(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    """Write what changed; of a first release the header alone: its data are the change."""
    columns = content.columns_of("changes.parquet")
    if content.release.reason == "first release":
        write_csv(path, columns, ())
    else:
        _write(content, path, "changes.parquet", columns)


def _write(content: Content, path: Path, table: str, columns: Sequence[str]) -> None:
    write_csv(path, columns, ())
    kinds = content.kinds_of(table)
    line = csv_line(
        {name: kinds[name] for name in columns}, content.matching(table, PLAIN),
        content.constants_of(table),
    )
    with path.open("ab") as file:
        for lines in content.lines(line, table, columns):
            file.write(joined(lines))


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
