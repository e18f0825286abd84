"""SQL of declarations and suites that tries to read files, reach the network, or change settings.

Whoever may edit a declaration may not read the server: every attempt is refused before it runs.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from expectations.suites.inline import level_of_query
from model.errors import ReadError
from tests.fixtures.datasets import dataset
from warehouse.cleaning.loading import run_sql

# Functions that would read a file or a folder, each with what it is given.
READS = (
    "read_text({0})", "read_blob({0})", "read_csv({0})", "read_csv_auto({0})", "sniff_csv({0})",
    "read_json({0})", "read_json_auto({0})", "read_ndjson({0})", "read_json_objects({0})",
    "read_parquet({0})", "parquet_scan({0})", "parquet_metadata({0})", "parquet_schema({0})",
    "parquet_file_metadata({0})", "parquet_kv_metadata({0})", "glob({0})", "{0}",
    "query('SELECT * FROM read_text({1})')", "query_table({0})", "read_text([{0}])",
)
PLACES = (
    "SELECT * FROM {source}, {found}",
    "WITH found AS (SELECT * FROM {found}) SELECT s.* FROM {source} AS s, found",
    "SELECT * FROM {source} WHERE EXISTS (SELECT * FROM {found})",
    "SELECT *, (SELECT count(*) FROM {found}) AS n FROM {source}",
)
STATEMENTS = (
    "SET enable_external_access = true", "RESET enable_external_access", "INSTALL httpfs",
    "LOAD httpfs", "ATTACH '{file}' AS other", "ATTACH ':memory:' AS other",
    "COPY {source} TO '{file}.csv'", "COPY (SELECT 1) TO '{file}.csv'",
    "EXPORT DATABASE '{file}.d'", "IMPORT DATABASE '{file}.d'", "CREATE TABLE t AS SELECT 1 AS a",
    "CREATE SECRET s (TYPE http)", "DROP TABLE {source}", "DELETE FROM {source}",
    "UPDATE {source} SET a = 1", "PRAGMA database_list", "CALL pragma_version()",
    "SELECT * FROM {source}; COPY (SELECT 1) TO '{file}.csv'", "CHECKPOINT", "EXPLAIN SELECT 1",
)


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "secret.csv"
    path.write_text("name,value\nroot,canary-7f3a\n")
    return path


def attempts(source: str, file: Path) -> list[str]:
    quoted = f"'{file}'"
    reads = [each.format(quoted, quoted.replace("'", "''")) for each in READS]
    found = [
        place.replace("{source}", source).replace("{found}", read)
        for place in PLACES for read in reads
    ]
    return found + [each.format(source=source, file=file) for each in STATEMENTS]


def test_the_attempts_would_work_on_an_open_connection(secret: Path) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE raw AS SELECT 1 AS a")
        worked = 0
        for sql in attempts("raw", secret)[: len(READS)]:
            try:
                worked += "canary" in str(con.execute(sql).fetchall())
            except duckdb.Error:
                continue
    assert worked >= 8


def test_the_sql_of_a_declaration_reads_nothing_else(secret: Path) -> None:
    tried = attempts("raw", secret)
    assert len(tried) == 100
    for sql in tried:
        with duckdb.connect() as con:
            con.execute("CREATE TABLE raw AS SELECT 1 AS a, 'x' AS b")
            with pytest.raises(ReadError) as refused:
                run_sql(con, sql, dataset())
            assert "canary" not in str(refused.value), sql
            assert con.execute("SELECT count(*) FROM raw").fetchone() == (1,)
    assert [path.name for path in secret.parent.iterdir()] == [secret.name]


def test_the_query_of_a_suite_reads_nothing_else(secret: Path) -> None:
    for sql in attempts("{batch}", secret):
        with pytest.raises(ValueError) as refused:
            level_of_query(sql, dataset())
        assert "canary" not in str(refused.value), sql
    assert [path.name for path in secret.parent.iterdir()] == [secret.name]
