"""Soda Core on DuckDB: SodaCL's missing, invalid, duplicate and row count checks, and failed rows.

Rows come from a sampler of one's own, as the documentation describes for those without Soda Cloud.
"""

from __future__ import annotations

import json
import logging

import duckdb
import pandas as pd
import pyarrow as pa
from rules import Named, Rules, main
from soda.sampler.sample_context import SampleContext
from soda.sampler.sampler import Sampler
from soda.scan import Scan

logging.disable(logging.CRITICAL)
ALL = {"samples limit": 1_000_000}


class Rows(Sampler):
    """Keep the rows that each check names."""

    def __init__(self) -> None:
        self.rows: set[int] = set()
        self.checks: set[str] = set()

    def store_sample(self, sample_context: SampleContext) -> None:
        """Keep the rows of a sample that are numbered."""
        names = [column.name for column in sample_context.sample.get_schema().columns]
        if "_id" in names:
            place = names.index("_id")
            self.rows.update(int(row[place]) for row in sample_context.sample.get_rows())
            self.checks.add(sample_context.check_name or "")


def check(now: pd.DataFrame, rules: Rules) -> Named:
    """Return what Soda Core finds."""
    key = ", ".join(rules.key)
    checks: list = [{f"row_count between {int(0.9 * rules.rows)} and {int(1.2 * rules.rows) + 1}":
                     {"name": "row_count"}}]
    for name in [*rules.key, *([] if rules.nulls else ["obs_value"])]:
        checks.append({f"missing_count({name}) = 0": {"name": f"missing {name}", **ALL}})
    for name, codes in rules.codes.items():
        checks.append({f"invalid_count({name}) = 0":
                       {"name": f"invalid {name}", "valid values": codes, **ALL}})
    checks.append({"invalid_count(time_period) = 0": {
        "name": "invalid period", "valid regex": rules.period, **ALL}})
    # duplicate_count names the key and not the rows, so that the rows are asked for.
    checks.append({"failed rows": {"name": "duplicates", **ALL, "fail query": (
        f"SELECT * FROM now QUALIFY count(*) OVER (PARTITION BY {key}) > 1")}})
    for indicator, (low, high) in rules.bounds.items():
        checks.append({"failed rows": {"name": f"bounds {indicator}", **ALL, "fail query": (
            f"SELECT * FROM now WHERE indicator = '{indicator}'"
            f" AND obs_value NOT BETWEEN {low!r} AND {high!r}")}})
    con, sampler, scan = duckdb.connect(), Rows(), Scan()
    con.register("given", pa.Table.from_pandas(now))
    con.execute("CREATE TABLE now AS FROM given")
    scan.add_duckdb_connection(con, "tables")
    scan.set_data_source_name("tables")
    scan.add_sodacl_yaml_str(json.dumps({"checks for now": checks}))  # JSON is YAML
    scan.sampler = sampler
    scan.execute()
    failed = {one.name for one in scan.get_checks_fail()}
    return sampler.rows, sorted(failed - sampler.checks)


if __name__ == "__main__":
    main(check)
