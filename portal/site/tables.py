"""The tables of a dataset's page: first rows and changes, as text."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from model.records.release import REPRESENTATION
from model.util.languages import languages
from model.util.sql import identifier, literal
from model.util.text import plain
from portal.content import Content
from portal.rendering import formatting
from portal.scope import home_areas

FIRST_ROWS = 8
FEW_ROWS = 10  # of an earlier release
FIRST_CHANGES, FIRST_ROUNDINGS = 20, 5

Rows = list[dict[str, Any]]

# The same figure in another notation, see REPRESENTATION.
_ROUNDING = f"""(change = 'revised' AND coalesce(new_value <> old_value
    AND abs(new_value - old_value) <= {REPRESENTATION} * abs(old_value), false))"""


def read_tables(content: Content) -> dict[str, Rows]:
    """Read the few rows of each table that a page shows; none where the data are not public."""
    if not content.public:
        return {"rows": [], "changes": [], "roundings": []}
    key = content.dataset.key
    changes: Rows = []
    roundings: Rows = []
    if content.release.number > 1:
        columns = ("change", *key, "old_value", "new_value", "unit_measure")
        order = f"ORDER BY {_most_telling()}, {', '.join(map(identifier, key))}"
        changes, roundings = (
            content.select("changes.parquet", columns, f"WHERE {test} {order} LIMIT {most}")
            for test, most in (
                (f"NOT {_ROUNDING}", FIRST_CHANGES), (_ROUNDING, FIRST_ROUNDINGS)
            )
        )
    return {"rows": _first_rows(content), "changes": changes, "roundings": roundings}


def preview_rows(content: Content) -> dict[str, Rows]:
    """Return a few first rows of a release as a table shows them, by language."""
    rows = _first_rows(content)[:FEW_ROWS]
    return {code: [_row(content, row, code) for row in rows] for code in languages()}


def _first_rows(content: Content) -> Rows:
    return content.select(
        "data.parquet", content.published_columns,
        f"ORDER BY {_home_first()}, time_period DESC,"
        f" {', '.join(map(identifier, content.dataset.key))} LIMIT {FIRST_ROWS}",
    )


def _home_first() -> str:
    """Return the order of areas: the city, what it lies in, the others."""
    areas = ", ".join(map(literal, home_areas()))
    return f"list_position([{areas}]::VARCHAR[], ref_area) NULLS LAST"


def _most_telling() -> str:
    """Return the order of changes: revisions first, the city's before others, the largest first."""
    return f"""CASE change WHEN 'revised' THEN 1 WHEN 'withdrawn' THEN 2 ELSE 3 END,
        {_home_first()},
        abs(new_value - old_value) / nullif(greatest(abs(old_value), abs(new_value)), 0)
            DESC NULLS LAST"""


def in_language(content: Content, tables: Mapping[str, Rows], language: str) -> dict[str, Rows]:
    """Return the `tables` that were read of `content` as templates/dataset.html shows them.

    `language` is one of the site's.
    """
    return {
        "first_rows": [_row(content, row, language) for row in tables["rows"]],
        **{
            name: [_change(content, row, language) for row in tables[name]]
            for name in ("changes", "roundings")
        },
    }


def _cell(content: Content, row: Mapping[str, Any], column: str, language: str) -> str:
    """Return a cell as text: the code's name, the period in words, the figure's decimals."""
    value = row[column]
    if value is None:
        return ""
    if column == "time_period":
        return plain(formatting.period(value, language))
    if isinstance(value, str):
        return plain(content.names.label(column, value, language))
    if not isinstance(value, int | float):
        return plain(str(value))
    indicator = content.dataset.indicators.get(row.get("indicator") or "")
    return formatting.number(value, language, indicator.decimals if indicator else 2)


def _row(content: Content, row: dict[str, Any], language: str) -> dict[str, Any]:
    return {
        "status": row["obs_status"],
        "cells": [
            {
                "column": name,
                "text": _cell(content, row, name, language),
                "code": value if isinstance(value, str) else "",
            }
            for name, value in row.items()
        ],
    }


def _change(content: Content, row: dict[str, Any], language: str) -> dict[str, Any]:
    cell = partial(_cell, content, row, language=language)
    old, new = cell(column="old_value"), cell(column="new_value")
    if row["change"] == "revised" and old == new:
        # The revision is smaller than the decimals that are shown elsewhere.
        old, new = (
            formatting.number_in_full(row[name], language) for name in ("old_value", "new_value")
        )
    dimensions = [cell(column=name) for name in content.dataset.dimensions]
    return {
        "kind": row["change"],
        "change": cell(column="change"),
        "indicator": cell(column="indicator"),
        "where": ", ".join([cell(column="ref_area"), *dimensions]),
        "period": cell(column="time_period"),
        "old": old,
        "new": new,
        "unit": cell(column="unit_measure"),
    }
