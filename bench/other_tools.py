"""What pandera, frictionless and stock Great Expectations find with rules made from good data.

The rules are those that profilers make: codes seen are the codes allowed, numbers stay within the
smallest and the largest seen (by indicator where the tool can say so), patterns of periods, no
empty keys, and a key that is unique.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import great_expectations as gx
import pandas as pd
from frictionless import Resource, Schema

from bench.stock_gx import stock_results
from model.declarations.dataset import Dataset
from model.reference.periods import PERIOD_PATTERNS

try:  # large, and nothing else needs it
    import pandera.pandas as pa
except ImportError as error:
    raise SystemExit("for the comparison: .venv/bin/python -m pip install pandera") from error

CODES = ("indicator", "ref_area", "geo_vintage", "freq", "unit_measure", "obs_status")


def _good(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> pd.DataFrame:
    columns = ", ".join(f'"{name}"' for name in dataset.columns)
    return con.execute(f'SELECT {columns} FROM "{dataset.id}"').df()


def _now(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> pd.DataFrame:
    columns = ", ".join(f'"{name}"' for name in dataset.columns)
    return con.execute(f"SELECT {columns} FROM observation").df()


_SCHEMAS: dict[tuple[str, str], Any] = {}


def _once(tool: str, dataset: Dataset, make: Callable[[], Any]) -> Any:
    if (tool, dataset.id) not in _SCHEMAS:
        _SCHEMAS[tool, dataset.id] = make()
    return _SCHEMAS[tool, dataset.id]


def _codes(dataset: Dataset) -> tuple[str, ...]:
    return (*CODES, *dataset.dimensions)


def with_pandera(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> bool:
    """Say whether pandera finds the table to be wrong."""

    def make() -> pa.DataFrameSchema:
        good = _good(con, dataset)
        columns: dict[str, pa.Column] = {
            name: pa.Column(str, pa.Check.isin(good[name].unique().tolist()), nullable=False,
                            coerce=True)
            for name in _codes(dataset)
        }
        columns["time_period"] = pa.Column(
            str, pa.Check.str_matches(f"^({PERIOD_PATTERNS[dataset.frequency]})$"), coerce=True)
        columns["obs_value"] = pa.Column(
            float, pa.Check.between(good["obs_value"].min(), good["obs_value"].max()),
            nullable=bool(good["obs_value"].isna().any()))
        bounds = good.groupby("indicator")["obs_value"].agg(["min", "max"])

        def within(table: pd.DataFrame) -> pd.Series:
            own = bounds.reindex(table["indicator"])
            value = table["obs_value"].to_numpy()
            return pd.Series(
                ~((value < own["min"].to_numpy()) | (value > own["max"].to_numpy())), table.index)

        return pa.DataFrameSchema(columns, checks=[pa.Check(within)], unique=list(dataset.key))

    schema = _once("pandera", dataset, make)
    try:
        schema.validate(_now(con, dataset), lazy=True)
    except (pa.errors.SchemaErrors, pa.errors.SchemaError):
        return True
    return False


def with_frictionless(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> bool:
    """Say whether frictionless finds the table to be wrong."""

    def make() -> Schema:
        good = _good(con, dataset)
        fields = []
        for name in dataset.columns:
            constraints: dict[str, Any] = {}
            if name in _codes(dataset):
                constraints = {"required": True, "enum": good[name].unique().tolist()}
            elif name == "time_period":
                constraints = {"required": True, "pattern": PERIOD_PATTERNS[dataset.frequency]}
            elif name == "obs_value":
                constraints = {
                    "minimum": float(good[name].min()), "maximum": float(good[name].max()),
                    "required": not good[name].isna().any(),
                }
            kind = "number" if name == "obs_value" else "string"
            fields.append({"name": name, "type": kind, "constraints": constraints})
        return Schema.from_descriptor({"fields": fields, "primaryKey": list(dataset.key)})

    schema = _once("frictionless", dataset, make)
    table = _now(con, dataset)
    rows = [list(dataset.columns), *(
        [None if pd.isna(cell) and not isinstance(cell, float) else cell for cell in row]
        for row in table.itertuples(index=False)
    )]
    return not Resource(rows, schema=schema).validate().valid


def with_stock_gx(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> bool:
    """Say whether Great Expectations' own expectations find the table to be wrong."""

    def make() -> gx.ExpectationSuite:
        good = _good(con, dataset)
        made: list[tuple[str, dict[str, Any]]] = [
            ("expect_column_values_to_be_in_set",
             {"column": name, "value_set": good[name].unique().tolist()})
            for name in _codes(dataset)
        ]
        made += [("expect_column_values_to_not_be_null", {"column": name}) for name in dataset.key]
        made.append(("expect_column_values_to_match_regex", {
            "column": "time_period", "regex": f"^({PERIOD_PATTERNS[dataset.frequency]})$"}))
        made.append(("expect_compound_columns_to_be_unique", {"column_list": list(dataset.key)}))
        made.append(("expect_table_row_count_to_be_between", {
            "min_value": int(0.9 * len(good)), "max_value": int(1.1 * len(good)) + 1}))
        for code, own in good.groupby("indicator")["obs_value"]:
            if own.notna().any():
                made.append(("expect_column_values_to_be_between", {
                    "column": "obs_value", "min_value": float(own.min()),
                    "max_value": float(own.max()),
                    "row_condition": {"type": "comparison", "column": {"name": "indicator"},
                                      "operator": "==", "parameter": code}}))
        return gx.ExpectationSuite(name=dataset.id, expectations=[
            {"type": kind, "kwargs": kwargs, "meta": {"name": f"c{place}"}}
            for place, (kind, kwargs) in enumerate(made)
        ])

    suite = _once("gx", dataset, make)
    return any(not finding.success for finding in stock_results(con, "observation", suite).values())


TOOLS: dict[str, Callable[[duckdb.DuckDBPyConnection, Dataset], bool]] = {
    "pandera": with_pandera, "frictionless": with_frictionless, "stock GX": with_stock_gx,
}
