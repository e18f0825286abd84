"""The engines that a process keeps hold nothing of the files that were read with them."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from model.util.sql import literal
from portal.content import _engine as portal_engine
from warehouse.engine import connect

CACHED = "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'EXTERNAL_FILE_CACHE'"


def test_no_bytes_of_files_stay_in_the_process(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": range(1000)}), file)
    with connect(rows=1000) as con, portal_engine(1, os.getpid()).cursor() as other:
        for each in (con, other):
            each.execute(f"SELECT sum(a) FROM read_parquet({literal(file)})").fetchall()
            assert each.execute(CACHED).fetchone() == (0,)
