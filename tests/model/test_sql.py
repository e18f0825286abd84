"""Any name and any text survive SQL."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.util.sql import identifier, literal


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


# DuckDB takes no U+0000 in a statement, and no name that is empty.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@given(name=TEXT.filter(bool), text=TEXT)
def test_names_and_text_come_back_as_they_were(
    con: duckdb.DuckDBPyConnection, name: str, text: str
) -> None:
    found = con.execute(f"SELECT {literal(text)} AS {identifier(name)}")
    assert [column[0] for column in found.description or ()] == [name]
    assert found.fetchall() == [(text,)]
