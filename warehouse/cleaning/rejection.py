"""Reasons why a row is rejected, made in SQL: see `model.records.reject_reasons`."""

from datetime import date

import duckdb

from model.declarations.dataset import Dataset
from model.records.tables import make_changeable
from model.reference.periods import begins, frequency_of
from model.util.sql import identifier, literal


def reject_sql(code: str, **params: str) -> str:
    """Return SQL for a reason as JSON: a `code` of `WORDS`, with its `params` as SQL."""
    fields = {"code": literal(code), **params}
    packed = ", ".join(f"{identifier(name)} := {sql}" for name, sql in fields.items())
    return f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"


def reject_future_periods(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, retrieved: date
) -> None:
    """Reject observations of `con` whose period had not begun on the day they were `retrieved`.

    One period of 2031 would make a `dataset` fresh for years. What is declared a projection or a
    target, or has the status of a forecast (F), may lie in the future.
    """
    periods = con.execute(
        "SELECT DISTINCT time_period FROM observation WHERE time_period IS NOT NULL"
    ).fetchall()
    future = [iso for (iso,) in periods if frequency_of(iso) and begins(iso) > retrieved]
    observed = sorted(dataset.indicators.keys() - dataset.projections)
    if not future or not observed:
        return
    make_changeable(con)
    reason = reject_sql(
        "future_period", text="time_period", day=literal(retrieved.isoformat()),
        indicator="indicator",
    )
    con.execute(
        f"""
        UPDATE observation SET _reject = '[' || {reason} || ']'
        WHERE _reject IS NULL AND obs_status IS DISTINCT FROM 'F'
          AND time_period IN (SELECT unnest(?)) AND indicator IN (SELECT unnest(?))
        """,
        [future, observed],
    )
