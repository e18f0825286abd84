"""Columns with figures that a declaration does not read."""

from __future__ import annotations

import duckdb
import pytest

from model.declarations.source import Source
from warehouse.cleaning.drift.schema_check import unread_check
from warehouse.cleaning.unread_columns import unread_columns


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute(
        """
        CREATE TABLE raw AS SELECT * FROM (VALUES
            ('x', '1', '10', '1.2', '10.04', '7', '2001', '5', 'a', 3, 'f', 1),
            ('y', '2', '20', '3.4', '19.99', '7', '2002', '6', 'b', 4, 'f', 2)
        ) AS t (area, "STT", "2001", "Prel. 2002", shown, constant, when_it_was, "Mã số", note,
                typed, _part, _row)
        """
    )
    return made


def unread(con: duckdb.DuckDBPyConnection, sql: str | None = None, **source: object) -> list[str]:
    declared = Source.model_validate({"protocol": "files", "columns": {}, **source})
    found = list(unread_columns(con, declared.unpivot, {"area", "2001"}, "2001", sql))
    check = unread_check(found)
    assert (check is None) == (not found)
    assert not check or (check.severity, check.outcome) == ("info", "warned")
    return [each.what.get("en").split("'")[1] for each in found]


def test_figures_that_no_rule_reads(con: duckdb.DuckDBPyConnection) -> None:
    assert unread(con) == ["Prel. 2002", "typed"]


def test_columns_that_unpivot_and_sql_read(con: duckdb.DuckDBPyConnection) -> None:
    wide = {"matching": r"(Prel\. )?\d+", "names_to": "year", "values_to": "value"}
    assert unread(con, unpivot=wide) == ["typed"]
    assert unread(con, sql='SELECT "Prel. 2002" FROM raw') == ["typed"]
    assert unread(con, sql="SELECT * FROM raw") == []
