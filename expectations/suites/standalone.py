# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "great-expectations>=1.24.1,<1.25",
#   "duckdb>=1.5.5,<2",
#   "duckdb-sqlalchemy>=1.5.6.5",
#   "sqlalchemy>=2.0.43",
# ]
# ///
"""Validate a release by the suite beside this file, with Great Expectations on DuckDB alone.

    python validate.py data.parquet
    python validate.py data.parquet previous_release=last.parquet finance/gdp=gdp.parquet

Checks that compare the data with something else take it as NAME=FILE; a name that is given more
than once has all these files. A check without what it compares with is not evaluated.

A line for each check: the outcome, how many rows break it, its name, and what it says. Ends with
1 where a critical check fails or one cannot be evaluated, 2 for wrong use, else 0.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when it is imported

import duckdb
import great_expectations as gx

TABLE = "observation"

# Great Expectations gives its connection back before it reads the result. SQLAlchemy then rolls
# back, and with the transaction duckdb-sqlalchemy drops all rows that were not read. Without
# transactions there is nothing to roll back, and the rows stay.
CONNECTION = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}

BASIC = {"result_format": "BASIC"}

Files = Mapping[str, Sequence[Path]]


def load(database: Path, data: Path, others: Files) -> None:
    """Make a database of a release (`data`, its rows numbered in `_id`) and of others beside it."""
    with duckdb.connect(str(database)) as con:
        con.execute(
            f"CREATE TABLE {TABLE} AS SELECT file_row_number AS _id, * EXCLUDE (file_row_number)"
            " FROM read_parquet($1, file_row_number = true)", [str(data)],
        )
        for name, paths in others.items():
            quoted = name.replace('"', '""')
            con.execute(
                f'CREATE TABLE "{quoted}" AS FROM read_parquet($1)', [[str(path) for path in paths]]
            )


def run(
    database: Path, suite: gx.ExpectationSuite, result_format: Mapping[str, Any] = BASIC
) -> list[Any]:
    """Return Great Expectations' results for a suite on a database, in a `result_format`."""
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        "release", connection_string=f"duckdb:///{database}", kwargs=CONNECTION
    )
    asset = source.add_table_asset(TABLE, table_name=TABLE)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    found = batch.validate(suite, result_format=dict(result_format))
    source.get_execution_engine().engine.dispose()
    return list(found.results)


def _outcome_of(result: Any) -> tuple[str, int, str]:
    """Return the outcome of a check, how many rows break it, and what was observed."""
    error = raised(result.exception_info or {})
    if error:
        return "failed", 0, f"could not be evaluated: {error}"
    severity, found = result.expectation_config.severity, result.result
    outcome = "passed" if result.success else "failed" if severity == "critical" else "warned"
    observed = found.get("observed_value")
    if result.expectation_config.type == "unexpected_rows_expectation":
        return outcome, int(observed), ""
    return outcome, found.get("unexpected_count") or 0, f"observed {observed}" if observed else ""


def raised(info: Mapping[str, Any]) -> str:
    """Return what was raised: there is one entry, or one for each metric that failed."""
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = {
        " ".join(str(entry["exception_message"]).split())
        for entry in entries if entry["raised_exception"]
    }
    return min(messages, default="")


def main(arguments: Sequence[str]) -> int:
    """Validate the files that are named, and print a line for each check."""
    document = json.loads(Path(__file__).with_name("suite.json").read_text(encoding="utf-8"))
    wanted = {name for item in document["expectations"] for name in relations(item)}
    data, others = parsed(arguments, wanted)
    expectations = [item for item in document["expectations"] if relations(item) <= others.keys()]
    suite = gx.ExpectationSuite(name=document["name"], expectations=expectations)
    if len(suite.expectations) != len(expectations):  # it logs those that it cannot make
        print("Great Expectations does not know all of the suite: see its messages")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "release.duckdb")
        load(database, data, others)
        results = {item.expectation_config.meta["name"]: item for item in run(database, suite)}
    outcomes: Counter[str] = Counter()
    for item in document["expectations"]:
        name = item["meta"]["name"]
        if name in results:
            outcome, count, more = _outcome_of(results[name])
        else:
            missing = ", ".join(sorted(relations(item) - others.keys()))
            outcome, count, more = "not_evaluated", 0, f"there is no {missing}"
        outcomes[outcome] += 1
        note = f" ({more})" if more else ""
        print(f"{outcome:<10} {count:>8}  {name}: {item['description']}{note}")
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))
    return 1 if outcomes["failed"] else 0


def relations(item: Mapping[str, Any]) -> set[str]:
    """Return what a check compares the release with."""
    return set(item["meta"].get("relations", ()))


def parsed(arguments: Sequence[str], wanted: set[str]) -> tuple[Path, dict[str, list[Path]]]:
    """Return the release's file and the others, of the `wanted` names, that the arguments give."""
    parser = argparse.ArgumentParser(
        prog="validate.py", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="data.parquet of a release")
    parser.add_argument("others", nargs="*", metavar="NAME=FILE",
                        help=f"what it is compared with: {', '.join(sorted(wanted)) or 'nothing'}")
    given = parser.parse_args(arguments)
    others: dict[str, list[Path]] = {}
    for each in given.others:
        name, _, path = each.partition("=")
        if name not in wanted:
            parser.error(f"nothing is compared with {name!r}: {', '.join(sorted(wanted))}")
        others.setdefault(name, []).append(Path(path))
    for path in (given.data, *(path for paths in others.values() for path in paths)):
        if not path.is_file():
            parser.error(f"there is no file {path}")
    return given.data, others


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
