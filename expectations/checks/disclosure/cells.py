"""Cells of different tables and releases as the same cell."""

from __future__ import annotations

from typing import Any

from expectations.checks.base import Check
from expectations.checks.sql import text, texts
from expectations.disclosure_control.small_cells import suppressed
from model.declarations.dataset import FOOTNOTES, PROVENANCE, Dataset
from model.util.sql import literal

# Text that is no part of what a cell is; figures are no text. A release also has the place in its
# snapshot, which says nothing of the cell either.
_NO_KEY = ("freq", "unit_measure", "obs_status", "obs_note", FOOTNOTES, *PROVENANCE)
_PAIR = r'"(?:[^"\\]|\\.)*":"(?:[^"\\]|\\.)*"'
WITHHELD, PUBLISHED = "obs_status = 'Q' AND obs_value IS NULL", "obs_value IS NOT NULL"


class WithheldCellsCheck(Check):
    """A check of the counts of `indicators` that are withheld; `totals` are codes of totals."""

    indicators: list[str]
    totals: dict[str, str] = {}

    def cells(self, table: str, condition: str) -> str:
        """Return SQL for indicator and cell of the observations of a table.

        A cell is its codes by column, without those that stand for the total of a column: a table
        by sex has the same totals as one without. Whatever columns the table has.
        """
        totals = ", ".join(
            text(f'"{column}":"{code}"') for column, code in self.totals.items()
            if column != "ref_area"
        )
        left_out = f"pair IN ({totals})" if totals else "false"
        return (
            "SELECT indicator, list_sort(list_filter(regexp_extract_all(to_json(observation)"
            f"::VARCHAR, {literal(_PAIR)}),"
            f" lambda pair: NOT (pair LIKE '%\":\"_T\"' OR {left_out}))) AS cell"
            f" FROM (SELECT COLUMNS(lambda c: c NOT IN ({texts(_NO_KEY)})) FROM {table}"
            f" WHERE indicator IN ({texts(self.indicators)}) AND {condition}) AS observation"
        )


def withheld(dataset: Dataset, also_in: str | None = None) -> dict[str, Any]:
    """Return the indicators whose small counts are withheld (here and there), and their totals."""
    rules = {
        code: rule for code, rule in suppressed(dataset).items()
        if also_in is None or also_in in rule.also_in
    }
    totals = {column: code for rule in rules.values() for column, code in rule.totals.items()}
    return {"indicators": list(rules), "totals": totals}
