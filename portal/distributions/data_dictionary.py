"""The data dictionary as CSV: every column, and every code in use, in every language."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from model.declarations.dataset import FOOTNOTES
from model.util.languages import languages
from model.util.text import LocalizedText
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.distributions.csv_text import write_csv
from portal.metadata.data_package import csv_properties


def header() -> tuple[str, ...]:
    """Return the names of the columns: names and descriptions are given in each language."""
    texts = (f"{kind}_{code}" for kind in ("name", "description") for code in languages())
    return ("column", "code", "type", "unit", *texts)


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write a row for each column of `content` and for its codes to `path`; `others` is unused."""
    write_csv(path, header(), entries(content))


def entries(content: Content) -> Iterator[tuple[str, ...]]:
    """Give the dictionary's rows, as `header` names them; `code` is empty for a column."""
    for name in content.published_columns:
        column = content.names.column(name)
        kind = "number" if column.number else "text"
        yield (name, "", kind, "", *_in_each(column.title), *_in_each(column.description))
        codes = content.dataset.footnotes if name == FOOTNOTES else content.codes_used.get(name, ())
        for code in codes:
            yield _code(content, name, code)


def _code(content: Content, column: str, code: str) -> tuple[str, ...]:
    name = content.names.name_of(column, code)
    indicator = content.dataset.indicators.get(code) if column == "indicator" else None
    unit, definition = (indicator.unit, indicator.definition) if indicator else ("", None)
    named = _in_each(name) if name else (code,) * len(languages())
    return (column, code, "", unit, *named, *_in_each(definition))


def _in_each(text: LocalizedText | None) -> tuple[str, ...]:
    return tuple(text.get(code) if text else "" for code in languages())


data_dictionary = Distribution.described(
    "data_dictionary", write,
    package_properties=lambda _: csv_properties({
        "fields": [{"name": name, "type": "string"} for name in header()], "missingValues": [""],
    }),
)
