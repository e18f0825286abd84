"""`warehouse.duckdb`: views over the releases, for people to query.

    observations                    the current release of every dataset
    observations_as_of(timestamp)   what was current then (a table macro); a DATE means the end of
                                    that day
    changes                         every observation that a release added, revised or withdrew
    releases, quality               every release, every check of every release
    quality_history                 every validation run, also of blocked releases
    scores                          the scores of every validation run, one row for each dimension

Views only, over the very files that are there after a run, and in packs (`warehouse.store.packs`):
a reader sees all of a run or nothing of it, no run waits for the file's lock, and it can be deleted
at will. After each run every release is compared with its checksums; of one that is damaged the
views show nothing until it is restored. Between two runs DuckDB reads what is on the disk. Packed
rows have the `source_row` of the first release in their pack that had them.
"""

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from model.errors import StoreError
from model.records.release import LedgerEntry
from model.util.disk import atomic_write
from model.util.hashing import has_checksum, sha256_json
from model.util.sql import identifier, literal
from warehouse.packed_rows import changes_of, scale
from warehouse.store import ledger, packs
from warehouse.store.data_dir import DataDir
from warehouse.store.ledger import RECORD
from warehouse.store.packs import Pack

log = logging.getLogger(__name__)

# Which releases the views show: the folder, what the ledger or the record says of it (dataset,
# number, issued), whether it is in a pack.
Shown = list[tuple[Path, dict[str, Any], bool]]


def refresh(data_dir: DataDir) -> bool:
    """Make the catalogue if its views are others now: a release came, the folder has moved.

    Returns:
        Whether it was made now.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    root = data_dir.root.resolve()
    packed = _intact_packs(DataDir(root))
    shown: Shown = []
    damaged = []
    for dataset in _datasets(root):
        entered, held = _entered(DataDir(root), dataset), packed.get(dataset, ())
        for number in sorted(ledger.numbers(DataDir(root), dataset)):
            folder = DataDir(root).releases(dataset) / str(number)
            in_pack = any(pack.holds(number) for pack in held)
            record = _record(folder, entered, in_pack)
            if record is None:
                damaged.append(folder)
            else:
                shown.append((folder, record, in_pack))
    if not shown:
        return False
    statements = _statements(root, _has_validation_log(data_dir), shown, packed)
    made_by = sha256_json(statements)
    if _is_current(data_dir, made_by):
        return False
    for path in damaged:
        log.warning("%s is damaged: the views of %s leave it out", path, data_dir.catalogue)
    with atomic_write(data_dir.catalogue) as staging, duckdb.connect(str(staging)) as con:
        # No parameter: for one, DuckDB imports pandas.
        con.execute(f"CREATE TABLE catalogue_version AS SELECT {literal(made_by)} AS statements")
        for statement in statements:
            con.execute(statement)
    return True


def _datasets(root: Path) -> list[str]:
    found = (path for kind in ("releases", "packs") for path in (root / kind).glob("*/*"))
    return sorted({"/".join(path.parts[-2:]) for path in found if path.is_dir()})


def _intact_packs(data_dir: DataDir) -> dict[str, list[Pack]]:
    """Return the packs of each dataset whose files are what their records say."""
    found: dict[str, list[Pack]] = {}
    for folder in sorted((data_dir.root / "packs").glob("*/*")):
        dataset = "/".join(folder.parts[-2:])
        for pack in packs.newest(data_dir, dataset):
            try:
                if not pack.record.has(packs.RELEASES):
                    continue
            except StoreError as error:
                log.warning("%s", error)
                continue
            found.setdefault(dataset, []).append(pack)
    return found


def _entered(data_dir: DataDir, dataset: str) -> dict[int, LedgerEntry] | None:
    try:
        return ledger.entries(data_dir, dataset)
    except StoreError:
        return None


def _record(
    folder: Path, entered: dict[int, LedgerEntry] | None, in_pack: bool
) -> dict[str, Any] | None:
    """Return what is known of a release's folder; None where a file, or its ledger, is damaged.

    `entered` is what the ledger says, None where it cannot be read. Of a release that is `in_pack`,
    an intact one, it says all that is needed.
    """
    known = entered.get(int(folder.name)) if entered is not None else None
    if entered is None or (known is None and in_pack):
        return None
    if known is not None and in_pack:
        dataset = "/".join(folder.parts[-3:-1])
        return {"dataset": dataset, "number": known.number, "issued": known.issued.isoformat()}
    if known is not None and not has_checksum(folder / RECORD, known.sha256):
        return None
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_bytes())
        for file in record["files"]:
            if not has_checksum(folder / file["name"], file["sha256"]):
                return None
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return record


def _is_current(data_dir: DataDir, made_by: str) -> bool:
    if not data_dir.catalogue.exists():
        return False
    try:
        with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
            found = con.execute("SELECT * FROM catalogue_version").fetchone()
    except duckdb.Error:
        # Locked by somebody who writes to it (it is in use: leave it), or damaged.
        return _is_locked(data_dir.catalogue)
    return found == (made_by,)


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


# Of records, what the views show, and of which type.
_RELEASE = {
    **dict.fromkeys(("dataset", "issued", "reason", "period_first", "period_last",
                     "snapshot_sha256", "code_version"), "VARCHAR"),
    **dict.fromkeys(("rows", "quarantined"), "BIGINT"), "number": "INTEGER",
    "changes": dict.fromkeys(("added", "revised", "withdrawn"), "BIGINT"),
}
_CHECKS = [{
    **dict.fromkeys(("name", "expectation", "severity", "level", "outcome"), "VARCHAR"),
    "evaluated": "BIGINT", "unexpected": "BIGINT", "error": "VARCHAR", "duration_ms": "DOUBLE",
}]


def _type(structure: Any) -> str:
    """Return DuckDB's type of a structure as `from_json` takes it."""
    if isinstance(structure, str):
        return structure
    if isinstance(structure, list):
        return f"{_type(structure[0])}[]"
    of = ", ".join(f"{identifier(name)} {_type(each)}" for name, each in structure.items())
    return f"STRUCT({of})"


def _statements(
    root: Path, validated: bool, shown: Shown, packed: dict[str, list[Pack]]
) -> list[str]:
    """Return what makes the views.

    Args:
        root: the data folder.
        validated: whether there is a validation log.
        shown: the folders of the releases that the views show, with their records.
        packed: the packs of each dataset.
    """
    in_full = [folder for folder, _, in_pack in shown if not in_pack]
    every = [(dataset, pack) for dataset, each in packed.items() for pack in each]

    def files(name: str, folders: Iterable[Path]) -> str:
        return f"[{', '.join(literal(folder / name) for folder in folders)}]"

    pack_folders = [pack.folder for _, pack in every]
    of_pack = "regexp_extract(filename, '/([^/]+/[^/]+/[^/]+)/[^/]*$', 1)"
    number = "CAST(regexp_extract(filename, '/([0-9]+)/[^/]*$', 1) AS INTEGER)"
    dataset = "regexp_extract(filename, '/([^/]+/[^/]+)/[0-9]+/[^/]*$', 1)"
    issued = ", ".join(
        f"({literal(record['dataset'])}, {int(record['number'])},"
        f" {literal(record['issued'])}::TIMESTAMPTZ)" for _, record, _ in shown
    )
    held = ", ".join(
        f"({literal(dataset)}, {pack.first}, {pack.since}, {pack.last}, {literal(pack.name)},"
        f" {file}::UBIGINT, {scale(pack.record.decimals)}::DOUBLE)"
        for file, (dataset, pack) in enumerate(every)
    )

    def of_row(*without: str) -> str:
        """Return the columns of a row `o` of the pack `p`, its figure as it was released."""
        return f"o.* EXCLUDE ({', '.join(without)}) REPLACE (o.obs_value / p.scale AS obs_value)"

    of_release = ", ".join(f"{name}: {literal(_type(of))}" for name, of in _RELEASE.items())
    derived = changes_of(
        f'SELECT p.dataset, p.since, p."last", {of_row("_pack", "_file")}'
        " FROM _in_packs o JOIN _packs p ON o._file = p.file"
    )

    later = [pack.folder for _, pack in every if pack.since > pack.first]
    of_first = f""" UNION ALL BY NAME
        SELECT p.dataset, p."first" AS release, o.* EXCLUDE (filename) FROM read_parquet(
          {files(packs.CHANGES, later)}, union_by_name = true, filename = true
        ) o JOIN _packs p ON p.pack = {of_pack}""" if later else ""

    def union(of_full: str, of_packs: str) -> str:
        """Put together what is in full and in packs; DuckDB makes no view over missing files."""
        there = [sql for sql, any_of in ((of_full, in_full), (of_packs, every)) if any_of]
        return " UNION ALL BY NAME ".join(there)

    def current(where: str = "") -> str:
        newest = f"SELECT dataset, max(number) AS number FROM _issued {where} GROUP BY dataset"
        return union(
            f"""SELECT o.* FROM _in_full o JOIN ({newest}) r
                ON o.dataset = r.dataset AND o.release = r.number""",
            f"""SELECT p.dataset, p.number AS release, {of_row("_first", "_last", "_pack", "_file")}
                FROM _in_packs o JOIN (
                  SELECT r.dataset, r.number, p.file, p.scale FROM ({newest}) r JOIN _packs p
                  ON r.dataset = p.dataset AND r.number BETWEEN p."first" AND p."last"
                ) p ON o._file = p.file AND o._first <= p.number AND o._last >= p.number""",
        )

    return [
        f"CREATE TABLE _issued AS FROM (VALUES {issued}) t(dataset, number, issued)",
        *([f'CREATE TABLE _packs AS FROM (VALUES {held}) t(dataset, "first", since, "last", pack,'
           ' file, scale)'] if every else []),
        """CREATE VIEW releases AS SELECT dataset, number, CAST(issued AS TIMESTAMPTZ) AS issued,
            reason, rows, quarantined, changes.added, changes.revised, changes.withdrawn,
            period_first, period_last, snapshot_sha256, code_version FROM (""" + union(
            f"""SELECT * FROM read_json({files(RECORD, in_full)}, maximum_depth = 2,
                  union_by_name = true, columns = {{{of_release}}})""",
            f"""SELECT unnest(from_json(decode(content), {literal(json.dumps(_RELEASE))}))
                FROM read_parquet({files(packs.RELEASES, pack_folders)})""",
        ) + ") ORDER BY dataset, number",
        *([f"""CREATE VIEW _in_full AS
            SELECT {dataset} AS dataset, {number} AS release, * EXCLUDE (filename)
            FROM read_parquet({files(packs.DATA, in_full)}, union_by_name = true, filename = true)
            """] if in_full else []),
        *([f"""CREATE VIEW _in_packs AS SELECT *, file_index AS _file
            FROM read_parquet({files(packs.ROWS, pack_folders)}, union_by_name = true)"""]
          if every else []),
        "CREATE VIEW all_observations AS " + union("FROM _in_full", f"""
            SELECT p.dataset, o.release, {of_row("release", "_pack", "_file")} FROM (
              SELECT unnest(range(_first, _last + 1))::INTEGER AS release,
                * EXCLUDE (_first, _last) FROM _in_packs
            ) o JOIN _packs p ON o._file = p.file"""),
        f"CREATE VIEW observations AS {current()}",
        f"""CREATE MACRO observations_as_of("timestamp") AS TABLE
            {current(f"WHERE issued <= {_MOMENT}")}""",
        "CREATE VIEW changes AS " + union(
            f"""SELECT {dataset} AS dataset, {number} AS release, * EXCLUDE (filename)
                FROM read_parquet({files(packs.CHANGES, in_full)}, union_by_name = true,
                  filename = true)""",
            f"{derived}{of_first}",
        ),
        "CREATE VIEW quality AS SELECT dataset, release, check_result.* FROM (" + union(
            f"""SELECT {dataset} AS dataset, {number} AS release, unnest(checks) AS check_result
                FROM read_json({files("quality.json", in_full)}, filename = true,
                  columns = {{checks: '{_type(_CHECKS)}'}})""",
            f"""SELECT p.dataset, number AS release, unnest(
                  from_json(
                    json_extract(decode(content), '$.checks'), {literal(json.dumps(_CHECKS))})
                ) AS check_result
                FROM read_parquet({files(packs.RECORDS, pack_folders)}, filename = true) o
                JOIN _packs p ON p.pack = {of_pack}
                WHERE name = 'quality.json'""",
        ) + ")",
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
