"""The data dictionary as CSV: every column, and every code in use, in both languages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from model.declarations.dataset import FOOTNOTES
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.csv_text import write_csv
from portal.metadata.data_package import csv_properties

HEADER = (
    "column", "code", "type", "unit", "name_vi", "name_en", "description_vi", "description_en",
)


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write a row for each column of `content` and for its codes to `path`; `others` is unused."""
    write_csv(path, HEADER, entries(content))


def entries(content: Content) -> Iterator[tuple[str, ...]]:
    """Give the dictionary's rows, as HEADER names them; `code` is empty for a column."""
    for name in content.published_columns:
        column = content.names.column(name)
        kind = "number" if column.number else "text"
        yield (
            name, "", kind, "", column.title.get("vi"), column.title.get("en"),
            column.description.get("vi"), column.description.get("en"),
        )
        codes = content.dataset.footnotes if name == FOOTNOTES else content.codes_used.get(name, ())
        for code in codes:
            yield _code(content, name, code)


def _code(content: Content, column: str, code: str) -> tuple[str, ...]:
    name = content.names.name_of(column, code)
    unit = vi = en = ""
    indicator = content.dataset.indicators.get(code) if column == "indicator" else None
    if indicator:
        unit = indicator.unit
        if indicator.definition:
            vi, en = indicator.definition.get("vi"), indicator.definition.get("en")
    return (
        column,
        code,
        "",
        unit,
        name.get("vi") if name else code,
        name.get("en") if name else code,
        vi,
        en,
    )


data_dictionary = Distribution.described(
    "data_dictionary", write,
    package_properties=lambda _: csv_properties({
        "fields": [{"name": name, "type": "string"} for name in HEADER], "missingValues": [""],
    }),
)
