"""The observations, and what changed since the release before, as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from model.util.text import Bilingual
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.csv_text import write_csv
from portal.metadata.data_package import csv_properties, observation_schema, table_schema


def _write_table(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    write_csv(path, content.published_columns, content.rows())


def _write_changes(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    write_csv(path, content.columns_of("changes.parquet"), content.changes())


csv_table = Distribution(
    title=Bilingual(vi="CSV", en="CSV"),
    purpose=Bilingual(
        vi="Cho phần mềm phân tích: mã là văn bản, số viết đầy đủ, UTF-8 không BOM.",
        en="For analysis software: codes as text, figures in full, UTF-8 without a BOM.",
    ),
    media_type="text/csv",
    file_type="CSV",
    name="{name}.csv",
    write=_write_table,
    package_properties=lambda content: csv_properties(observation_schema(content)),
)

changes_csv = Distribution(
    title=Bilingual(vi="Thay đổi (CSV)", en="Changes (CSV)"),
    purpose=Bilingual(
        vi="Số liệu mới, được sửa và bị rút so với bản phát hành trước.",
        en="Figures that are new, revised or withdrawn since the release before.",
    ),
    media_type="text/csv",
    file_type="CSV",
    name="{name}-changes.csv",
    write=_write_changes,
    package_properties=lambda content: csv_properties(
        table_schema(content, content.columns_of("changes.parquet"))
    ),
)
