"""`warehouse.duckdb`: views over the releases, for people to query.

    observations                    the current release of every dataset
    observations_as_of(timestamp)   what was current then (a table macro); a DATE means the end of
                                    that day
    changes                         every observation that a release added, revised or withdrew
    releases, quality               every release, every check of every release
    quality_history                 every validation run, also of blocked releases
    scores                          the scores of every validation run, one row for each dimension

Views only: they read the release files, so they are never stale, no run waits for the file's
lock, and it can be deleted at will. After each run every release is compared with its checksums; of
one that is damaged the views show nothing until it is restored. Between two runs DuckDB reads what
is on the disk.
"""

import json
import logging
from pathlib import Path

import duckdb

from model.errors import StoreError
from model.util.disk import atomic_write
from model.util.hashing import has_checksum
from model.util.sql import literal
from warehouse.store import ledger
from warehouse.store.data_dir import DataDir
from warehouse.store.ledger import RECORD

log = logging.getLogger(__name__)

# Raised whenever the views change, so that an older file is made anew.
VERSION = 7


def refresh(data_dir: DataDir) -> bool:
    """Make the catalogue if it is missing, older than this code, or the folder has moved.

    Returns:
        Whether it was made now.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    found = {path: _is_intact(path) for path in _releases(data_dir.root.resolve())}
    intact = [path for path, whole in found.items() if whole]
    damaged = [str(path) for path, whole in found.items() if not whole]
    if not intact or _is_current(data_dir, damaged):
        return False
    for path in damaged:
        log.warning("%s is damaged: the views of %s leave it out", path, data_dir.catalogue)
    with atomic_write(data_dir.catalogue) as staging, duckdb.connect(str(staging)) as con:
        for statement in _statements(
            data_dir.root.resolve(), _has_validation_log(data_dir), intact, damaged
        ):
            con.execute(statement)
    return True


def _releases(root: Path) -> list[Path]:
    found = (path.parent for path in (root / "releases").glob(f"*/*/*/{RECORD}"))
    return sorted(path for path in found if path.name.isdigit())


def _is_intact(folder: Path) -> bool:
    """Return whether every file of a release's folder has the checksum of its record."""
    data_dir, dataset = DataDir(folder.parents[3]), "/".join(folder.parts[-3:-1])
    try:
        known = ledger.entries(data_dir, dataset).get(int(folder.name))
        if known is not None and not has_checksum(folder / RECORD, known.sha256):
            return False
        files = json.loads((folder / RECORD).read_bytes())["files"]
        return all(has_checksum(folder / file["name"], file["sha256"]) for file in files)
    except (StoreError, OSError, ValueError, LookupError, TypeError):
        return False


def _is_current(data_dir: DataDir, damaged: list[str]) -> bool:
    if not data_dir.catalogue.exists():
        return False
    try:
        with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
            found = con.execute("SELECT * FROM catalogue_version").fetchone()
    except duckdb.Error:
        # Locked by somebody who writes to it (it is in use: leave it), or damaged.
        return _is_locked(data_dir.catalogue)
    return found == (VERSION, str(data_dir.root.resolve()), _has_validation_log(data_dir), damaged)


def _has_validation_log(data_dir: DataDir) -> bool:
    """Whether there is a validation run: DuckDB makes no view over missing files."""
    return any((data_dir.root / "validation_log").glob("*/*/log.jsonl"))


def _is_locked(path: Path) -> bool:
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.IOException as error:
        return "lock" in str(error).lower()
    except duckdb.Error:
        return False
    return False


# A DATE, and text without a time, mean the end of that day. Without a zone a time is in the
# session's, as DuckDB casts it.
_MOMENT = """CAST(CASE
    WHEN typeof("timestamp") = 'DATE'
      OR regexp_full_match(CAST("timestamp" AS VARCHAR), '[0-9]{4}-[0-9]{2}-[0-9]{2}')
    THEN CAST(CAST(CAST("timestamp" AS VARCHAR) AS DATE) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND
      AS VARCHAR)
    ELSE CAST("timestamp" AS VARCHAR) END AS TIMESTAMPTZ)"""


def _statements(
    root: Path, validated: bool, intact: list[Path], damaged: list[str]
) -> list[str]:
    """Return what makes the views.

    root: the data folder.
    validated: whether there is a validation log.
    intact: the folders of the releases that the views may show.
    damaged: those that they leave out; without any the views find later releases by themselves.
    """

    def files(name: str) -> str:
        every = [path / name for path in intact] if damaged else [root / "releases/*/*/*" / name]
        return f"[{', '.join(map(literal, every))}]"

    releases, quality = files(RECORD), files("quality.json")
    data, changes = files("data.parquet"), files("changes.parquet")
    left_out = f"[{', '.join(map(literal, damaged))}]::VARCHAR[]"
    number = "CAST(regexp_extract(filename, '/([0-9]+)/[^/]*$', 1) AS INTEGER)"
    dataset = "regexp_extract(filename, '/([^/]+/[^/]+)/[0-9]+/[^/]*$', 1)"
    return [
        "CREATE TABLE catalogue_version AS"
        f" SELECT {VERSION}::INTEGER AS version, {literal(root)}::VARCHAR AS root,"
        f" {validated} AS validated, {left_out} AS damaged",
        f"""CREATE VIEW releases AS
            SELECT dataset, number, CAST(issued AS TIMESTAMPTZ) AS issued, reason, rows,
                   quarantined, changes.added, changes.revised, changes.withdrawn,
                   period_first, period_last, snapshot_sha256, code_version
            FROM read_json({releases}, maximum_depth = 2, union_by_name = true,
                 columns = {{dataset: 'VARCHAR', number: 'INTEGER', issued: 'VARCHAR',
                   reason: 'VARCHAR', rows: 'BIGINT', quarantined: 'BIGINT',
                   changes: 'STRUCT(added BIGINT, revised BIGINT, withdrawn BIGINT)',
                   period_first: 'VARCHAR', period_last: 'VARCHAR',
                   snapshot_sha256: 'VARCHAR', code_version: 'VARCHAR'}})
            ORDER BY dataset, number""",
        f"""CREATE VIEW all_observations AS
            SELECT {dataset} AS dataset, {number} AS release, * EXCLUDE (filename)
            FROM read_parquet({data}, union_by_name = true, filename = true)""",
        """CREATE VIEW observations AS
            SELECT o.* FROM all_observations o
            JOIN (SELECT dataset, max(number) AS number FROM releases GROUP BY dataset) r
            ON o.dataset = r.dataset AND o.release = r.number""",
        f"""CREATE MACRO observations_as_of("timestamp") AS TABLE
            SELECT o.* FROM all_observations o
            JOIN (SELECT dataset, max(number) AS number FROM releases
                  WHERE issued <= {_MOMENT} GROUP BY dataset) r
            ON o.dataset = r.dataset AND o.release = r.number""",
        f"""CREATE VIEW changes AS
            SELECT {dataset} AS dataset, {number} AS release, * EXCLUDE (filename)
            FROM read_parquet({changes}, union_by_name = true, filename = true)""",
        f"""CREATE VIEW quality AS
            SELECT {dataset} AS dataset, {number} AS release, check_result.*
            FROM (SELECT filename, unnest(checks) AS check_result
                  FROM read_json({quality}, filename = true, columns = {{
                    checks: 'STRUCT("name" VARCHAR, expectation VARCHAR, severity VARCHAR,
                      "level" VARCHAR, outcome VARCHAR, evaluated BIGINT, unexpected BIGINT,
                      error VARCHAR, duration_ms DOUBLE)[]'}}))""",
        *(_of_validation_log(root) if validated else ()),
    ]


def _of_validation_log(root: Path) -> list[str]:
    # A line torn by a crash stays at the end of a log until the next run: leave it out.
    validation_runs = literal(root / "validation_log/*/*/log.jsonl")
    return [
        f"""CREATE VIEW validation_log AS
            SELECT * FROM read_json({validation_runs}, format = 'newline_delimited',
                ignore_errors = true, columns = {{
                dataset: 'VARCHAR', number: 'INTEGER', "at": 'TIMESTAMPTZ', algorithm: 'VARCHAR',
                blockers: 'STRUCT(kind VARCHAR)[]', rows_read: 'BIGINT', rows_released: 'BIGINT',
                rows_quarantined: 'BIGINT', period_last: 'VARCHAR', data_sha256: 'VARCHAR',
                scores: 'STRUCT(dimension VARCHAR, good DOUBLE, "of" DOUBLE)[]',
                passed: 'VARCHAR[]', "open": 'STRUCT("name" VARCHAR, outcome VARCHAR)[]'}})""",
        """CREATE VIEW quality_history AS
            SELECT dataset, number AS validation_run, "at" AS validated, algorithm,
                   list_transform(blockers, lambda x: x.kind) AS blockers, rows_read,
                   rows_released, rows_quarantined, period_last, data_sha256,
                   len(passed) AS checks_passed,
                   len(list_filter("open", lambda x: x.outcome = 'warned')) AS checks_warned,
                   len(list_filter("open", lambda x: x.outcome = 'failed')) AS checks_failed
            FROM validation_log ORDER BY ALL""",
        """CREATE VIEW scores AS
            SELECT dataset, number AS validation_run, "at" AS validated, algorithm,
                   score.dimension AS dimension,
                   100 * score.good / score."of" AS percent
            FROM (SELECT *, unnest(scores) AS score FROM validation_log)
            ORDER BY ALL""",
    ]
