"""The suite of `bench.validate`, the same by hand, and its data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from expectations.suites.expectation import Expectation, Suite
from model.util.text import LocalizedText

KEY = ("indicator", "ref_area", "time_period")
INDICATORS = [f"IND_{number:02d}" for number in range(20)]
AREAS = [f"{number:05d}" for number in range(1, 64)]
UNITS = ["count", "percent", "vnd"]
STATUSES = ["A", "E", "P"]


def _listed(values: list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


_UNIT = " ".join(
    f"WHEN '{name}' THEN '{UNITS[place % 3]}'" for place, name in enumerate(INDICATORS)
)
_QUARTER, _AREA_CODE = "^[0-9]{4}-Q[1-4]$", "^[0-9]{5}$"
_NO_VALUE = (
    "(obs_value IS NULL AND coalesce(obs_status NOT IN ('O', 'Q'), true))"
    " OR NOT isfinite(obs_value)"
)
_WRONG_UNIT = f"unit_measure IS DISTINCT FROM CASE indicator {_UNIT} ELSE unit_measure END"

# Name -> Great Expectations' type and arguments, and by hand the condition on a row that breaks it.
CHECKS: dict[str, tuple[str, dict[str, Any], str]] = {
    **{
        f"{column}_not_null": (
            "expect_column_values_to_not_be_null", {"column": column}, f"{column} IS NULL",
        )
        for column in (*KEY, "obs_status")
    },
    "key_unique": ("expect_compound_columns_to_be_unique", {"column_list": list(KEY)}, ""),
    **{
        f"{column}_known": (
            "expect_column_values_to_be_in_set", {"column": column, "value_set": values},
            f"{column} NOT IN ({_listed(values)})",
        )
        for column, values in (
            ("indicator", INDICATORS), ("ref_area", AREAS), ("obs_status", STATUSES),
            ("unit_measure", UNITS),
        )
    },
    **{
        f"{column}_form": (
            "expect_column_values_to_match_regex", {"column": column, "regex": regex},
            f"NOT regexp_matches({column}, '{regex}')",
        )
        for column, regex in (("time_period", _QUARTER), ("ref_area", _AREA_CODE))
    },
    "value_within": (
        "expect_column_values_to_be_between",
        {"column": "obs_value", "min_value": 0, "max_value": 10_000},
        "NOT (obs_value >= 0 AND obs_value <= 10000)",
    ),
    "value_present": (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": f"SELECT * FROM {{batch}} WHERE {_NO_VALUE}"}, _NO_VALUE,
    ),
    "unit_declared": (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": f"SELECT * FROM {{batch}} WHERE {_WRONG_UNIT}"}, _WRONG_UNIT,
    ),
    "value_lengths": (
        "expect_column_value_lengths_to_be_between",
        {"column": "time_period", "min_value": 7, "max_value": 7}, "length(time_period) <> 7",
    ),
}


def suite() -> Suite:
    """Return the checks as a suite."""
    title = LocalizedText(vi="x", en="x")
    return Suite(
        dataset="bench",
        expectations=tuple(
            Expectation(
                name=name, type=kind, kwargs=kwargs, severity="critical", level="row", title=title
            )
            for name, (kind, kwargs, _) in CHECKS.items()
        ),
    )


def by_hand() -> str:
    """Return one statement that counts what breaks each check."""
    names = ", ".join(KEY)
    duplicates = (
        f"SELECT count(*) AS n FROM observation JOIN (SELECT {names}"
        f" FROM observation GROUP BY {names} HAVING count(*) > 1) USING ({names})"
    )
    counted = [
        f"count(*) FILTER (WHERE {broken})" if broken else "(SELECT n FROM duplicate)"
        for _, _, broken in CHECKS.values()
    ]
    return f"WITH duplicate AS ({duplicates}) SELECT {', '.join(counted)} FROM observation"


def make(path: Path, rows: int, dirty: bool) -> Path:
    """Write the table: in the order of its key, or with faults of every kind all over it."""
    place = 0

    def fault(bad: str, good: str) -> str:
        nonlocal place
        place += 1
        return f"CASE WHEN i % 10007 = {100 * place} THEN {bad} ELSE {good} END" if dirty else good

    periods = rows // (len(INDICATORS) * len(AREAS)) + 1
    area = f"lpad((1 + i // {periods} % {len(AREAS)})::VARCHAR, 5, '0')"
    period = f"(1000 + i % {periods} // 4)::VARCHAR || '-Q' || (i % {periods} % 4 + 1)"
    indicator = f"'IND_' || lpad((i // {periods * len(AREAS)})::VARCHAR, 2, '0')"
    unit = f"['count', 'percent', 'vnd'][(1 + i // {periods * len(AREAS)} % 3)::BIGINT]"
    number = "round((hash(i) % 1000000) / 100.0, 2)::DOUBLE"
    status = "['A', 'E', 'P'][(1 + hash(i) % 3)::BIGINT]"
    duckdb.sql(f"""
        COPY (
            SELECT {fault("NULL", fault("'IND_XX'", indicator))} AS indicator,
                {fault("NULL", fault("'9999x'", area))} AS ref_area,
                {fault("NULL", fault("'2020-5'", fault("'1000-Q1'", period)))} AS time_period,
                {fault("NULL", fault("-1.0", number))} AS obs_value,
                {fault("'furlong'", unit)} AS unit_measure,
                {fault("NULL", fault("'Z'", status))} AS obs_status,
                i AS _id
            FROM range({rows}) t(i) ORDER BY i
        ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
    """)
    return path
