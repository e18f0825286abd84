"""From a source's table to observations: tidy, typed, coded, in DuckDB.

Every text that means a code, an area or a period is looked up once per distinct value, in
Python, with a sentence for what cannot be read; DuckDB joins the answers back. Numbers are
parsed by DuckDB in the locale that the declaration names. A row that cannot be read is kept,
with its reason in `_reject`: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from model.dataset import ColumnRule, Correction, Dataset, Source
from model.errors import OpenIndicatorsError, QualityError, ReadError
from model.periods import frequency_of, parse_period
from model.records import Shape
from model.registries import Registries
from model.text import did_you_mean
from warehouse import drift, shapes
from warehouse.area_codes import SEPARATOR, code_reader, succeed
from warehouse.engine import quote
from warehouse.marks import unmarked
from warehouse.numbers import UNMARKED, is_empty, number_of, take_marks
from warehouse.shapes import read_columns
from warehouse.source_columns import column_advice, columns_of, shown
from warehouse.unpivot import PLACE, SOURCE_ROW, unpivot

OBS_STATUSES = {"A", "B", "E", "F", "I", "N", "O", "P", "Q", "U"}
POSITION = ("_part", "_row", "_column", PLACE, *UNMARKED)


@dataclass(frozen=True)
class CleanStats:
    """How many rows went in and came out."""

    read: int  # rows of the source's table, after unpivoting and `where`
    empty: int  # of these, rows without a value that were dropped
    rejected: int  # rows kept that could not be read
    shape: Shape  # what the source's table looks like, and how it differs from the last one


def clean(
    con: duckdb.DuckDBPyConnection,
    batches: Iterable[pa.RecordBatch],
    dataset: Dataset,
    source: Source,
    defaults: Mapping[str, ColumnRule],
    registries: Registries,
    sql: str | None = None,
    last: Shape | None = None,
) -> CleanStats:
    """Fill the table `observation` from a reader's batches.

    `observation` has the dataset's columns, `_id` (number of the row, from 0), `_part`,
    `_row`, `_column` (position in the snapshot), `_original` (JSON of what the source said,
    where rejected) and `_reject` (why the row could not be read, or NULL).

    Args:
        con: a connection of its own.
        batches: what `SourceProtocol.read` gives.
        dataset: the declaration.
        source: the source of the profile at work.
        defaults: the protocol's own column rules.
        registries: codelists and units.
        sql: text of the declaration's SQL file: one SELECT over `raw`.
        last: the shape of the snapshot that was released before.

    Raises:
        DriftError: the source has another shape than `last`.
        ReadError: no rows, or a declared column is not there (with the nearest name).
        QualityError: a declared correction no longer fits its source.
    """
    rules = {**defaults, **source.columns}
    _load(con, batches, dataset)
    shape = shapes.table_shape(con, source, rules, sql)
    changed = drift.of_table(last, shape, source, rules, sql) if last else []
    drift.refuse(changed, dataset.id)
    if sql:
        _run_sql(con, sql, dataset)
    _add_position(con)
    if source.unpivot:
        unpivot(con, source.unpivot, read_columns(rules) | set(source.where), dataset)
    if "geo_vintage" not in rules:
        vintage = registries.codelists[dataset.geography.codelist].vintage
        rules["geo_vintage"] = ColumnRule(const=vintage)
    columns = columns_of(con)
    beside = columns_of(con, SOURCE_ROW) if source.unpivot else {}
    _check_columns(rules, source, beside | columns, dataset)
    _keep_where(con, source)
    read = _count(con, "raw")
    value = rules["obs_value"]
    if take_marks(con, value, columns):
        columns = columns_of(con)
        value = value.model_copy(update={"column": UNMARKED[0]})
    empty = _drop_empty(con, value, columns) if source.empty == "drop" else 0
    _map(con, dataset, rules, value, columns, beside, registries)
    shape = shapes.with_codes(con, shape, dataset)
    changed += drift.of_codes(last, shape, dataset, source) if last else []
    drift.refuse(changed, dataset.id)
    shape = shape.model_copy(update={"drift": tuple(changed)})
    area = rules["ref_area"]
    if area.successor and area.codelist:
        succeed(con, dataset, area, registries.lineages[area.codelist], registries)
    _correct(con, dataset)
    rejected = con.sql("SELECT count(*) FROM observation WHERE _reject IS NOT NULL").fetchall()
    return CleanStats(read=read, empty=empty, rejected=rejected[0][0], shape=shape)


def _load(
    con: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch], dataset: Dataset
) -> None:
    failure: list[OpenIndicatorsError] = []

    def guarded(iterator: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # DuckDB turns an exception inside an Arrow stream into one of its own: keep ours.
        try:
            yield from iterator
        except OpenIndicatorsError as error:
            failure.append(error)
            raise

    iterator = iter(batches)
    first = next(iterator, None)
    if first is None:
        raise ReadError(
            "the source has no rows", where=dataset.id,
            todo="look at the snapshot: the source may have moved or emptied the file",
        )

    def all_batches() -> Iterator[pa.RecordBatch]:
        yield first
        yield from guarded(iterator)

    reader = pa.RecordBatchReader.from_batches(first.schema, all_batches())
    try:
        con.register("_incoming", reader)
        con.execute("CREATE TABLE raw AS SELECT * FROM _incoming")
    except Exception:
        if failure:
            raise failure[0] from None
        raise
    finally:
        con.unregister("_incoming")
    if _count(con, "raw") == 0:
        raise ReadError(
            "the source has no rows", where=dataset.id,
            todo="look at the snapshot: the source may have moved or emptied the file",
        )


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {quote(table)}").fetchone()
    return int(row[0]) if row else 0


def _run_sql(con: duckdb.DuckDBPyConnection, sql: str, dataset: Dataset) -> None:
    """Replace `raw` by what the declaration's SQL selects from it."""
    where = f"the SQL file of {dataset.id}"
    try:
        statements = con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ReadError("is not one SELECT", where=where, todo="write one SELECT over `raw`")
        # The SQL shapes what was read; it has no business with files or the network.
        con.execute("SET enable_external_access = false")
        con.execute(f"CREATE TABLE shaped AS {sql.strip().rstrip(';')}")
    except duckdb.Error as error:
        raise ReadError(
            f"does not run: {error}", where=where,
            todo="`openindicators show` lists the reader's columns",
        ) from error
    con.execute("DROP TABLE raw")
    con.execute("ALTER TABLE shaped RENAME TO raw")


def _add_position(con: duckdb.DuckDBPyConnection) -> None:
    columns = columns_of(con)
    for name, kind in (("_part", "VARCHAR"), ("_row", "BIGINT")):
        if name not in columns:
            con.execute(f"ALTER TABLE raw ADD COLUMN {name} {kind}")


def _check_columns(
    rules: dict[str, ColumnRule], source: Source, columns: dict[str, str], dataset: Dataset
) -> None:
    for concept in (*dataset.key, "obs_value"):
        if concept not in rules:
            raise ReadError(
                f"nothing says where `{concept}` comes from", where=dataset.id,
                todo=f"add `columns: {{{concept}: ...}}` to the source;"
                f" the source has: {', '.join(shown(columns))}",
            )
    wanted = {rule.column: concept for concept, rule in rules.items() if rule.column}
    wanted |= {rule.named: concept for concept, rule in rules.items() if rule.named}
    wanted |= {rule.scale_by.column: "scale_by" for rule in rules.values() if rule.scale_by}
    wanted |= dict.fromkeys(source.where, "where")
    for name, concept in wanted.items():
        if name not in columns:
            raise ReadError(
                f"the column {name!r} (for `{concept}`) is not in the source",
                where=dataset.id, todo=column_advice(name, columns),
            )


def _keep_where(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    for name, values in source.where.items():
        con.execute(
            f"DELETE FROM raw WHERE CAST({quote(name)} AS VARCHAR) IS NULL"
            f" OR CAST({quote(name)} AS VARCHAR) NOT IN (SELECT unnest(?::VARCHAR[]))",
            [list(values)],
        )


def _drop_empty(
    con: duckdb.DuckDBPyConnection, rule: ColumnRule, columns: dict[str, str]
) -> int:
    before = _count(con, "raw")
    con.execute(f"DELETE FROM raw WHERE {is_empty(rule, columns)}")
    return before - _count(con, "raw")


@dataclass(frozen=True)
class _Read:
    """What a distinct source text means: a value with its marks, or why it means nothing."""

    value: str | None
    status: str | None = None
    note: str | None = None
    reject: str | None = None


def _reader_for(
    concept: str, rule: ColumnRule, dataset: Dataset, registries: Registries
) -> Callable[[str], _Read]:
    """Return the function that reads one distinct text of a concept."""
    codelist_name = rule.codelist
    if codelist_name is None and concept == "ref_area":
        codelist_name = dataset.geography.codelist
    if codelist_name is None and concept in dataset.dimensions:
        codelist_name = dataset.dimensions[concept].codelist
    code_of = None
    if codelist_name is not None:
        code_of = code_reader(rule, registries.codelists[codelist_name], registries)

    def read(text: str) -> _Read:
        text, _, name = text.partition(SEPARATOR)  # there is a name where the rule has `named`
        label, status, note = unmarked(text, rule.marks)
        found = meaning(text, label, name)
        return replace(found, status=status or found.status, note=note)

    def meaning(text: str, label: str, name: str) -> _Read:
        if label in rule.map:
            label = rule.map[label]
        if concept == "time_period":
            try:
                period = parse_period(label, rule.format)
            except ValueError as error:
                return _Read(None, reject=f"time period: {error}")
            return _Read(period.iso, period.status)
        if concept == "obs_status":
            if label in ("", "A") or label in OBS_STATUSES:
                return _Read(label or None)
            known = ", ".join(sorted({*OBS_STATUSES, *rule.map}))
            return _Read(None, reject=f"status {text!r} is none of {known}")
        if code_of is not None:
            try:
                return _Read(code_of(label, name))
            except ValueError as error:
                return _Read(None, reject=f"{concept}: {error}")
        return _Read(label or None, reject=None if label else f"{concept} is empty")

    return read


def _text(rule: ColumnRule) -> str:
    """Return SQL for the text that a rule reads: a cell, or a code with the name beside it."""
    text = f"CAST(raw.{quote(str(rule.column))} AS VARCHAR)"
    if rule.named is None:
        return text
    name = f"coalesce(CAST(raw.{quote(rule.named)} AS VARCHAR), '')"
    return f"{text} || '{SEPARATOR}' || {name}"


def _lookup(
    con: duckdb.DuckDBPyConnection, table: str, text: str, read: Callable[[str], _Read]
) -> None:
    """Make the small table (source, value, status, note, reject) for the distinct texts."""
    rows = con.execute(
        f"SELECT DISTINCT {text} AS source FROM raw WHERE source IS NOT NULL ORDER BY 1"
    ).fetchall()
    answers = [(text, read(text)) for (text,) in rows]
    small = pa.table(
        {
            "source": pa.array([text for text, _ in answers], pa.string()),
            "value": pa.array([answer.value for _, answer in answers], pa.string()),
            "status": pa.array([answer.status for _, answer in answers], pa.string()),
            "note": pa.array([answer.note for _, answer in answers], pa.string()),
            "reject": pa.array([answer.reject for _, answer in answers], pa.string()),
        }
    )
    con.register("_small", small)
    con.execute(f"CREATE TABLE {quote(table)} AS SELECT * FROM _small")
    con.unregister("_small")


def _map(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    rules: dict[str, ColumnRule],
    value: ColumnRule,
    columns: dict[str, str],
    beside: dict[str, str],
    registries: Registries,
) -> None:
    """Make `observation` out of `raw`, whose numbers the rule `value` reads.

    `beside` are the columns of SOURCE_ROW, none where nothing was unpivoted.
    """
    joins: list[str] = []
    rejects: list[str] = []
    values: dict[str, str] = {}
    marked = {"obs_value": "raw"} if UNMARKED[0] in columns else {}  # where marks were found
    for concept in (*dataset.key, "obs_status", "obs_note"):
        rule = rules.get(concept)
        if rule is None:
            values[concept] = "CAST(NULL AS VARCHAR)"
        elif rule.const is not None:
            values[concept] = _constant(concept, rule.const)
        elif concept == "obs_note":
            values[concept] = f"nullif(trim(CAST(raw.{quote(str(rule.column))} AS VARCHAR)), '')"
        else:
            alias, column = f"_read_{concept}", str(rule.column)
            text = _text(rule)
            _lookup(con, alias, text, _reader_for(concept, rule, dataset, registries))
            joins.append(f"LEFT JOIN {quote(alias)} ON {text} = {quote(alias)}.source")
            values[concept] = f"{quote(alias)}.value"
            marked[concept] = quote(alias)
            rejects.append(f"{quote(alias)}.reject")
            if concept in dataset.key:
                rejects.append(
                    f"CASE WHEN raw.{quote(column)} IS NULL THEN '{concept} is empty' END"
                )
    figure, figure_reject = number_of(value, columns)
    rejects.append(figure_reject)
    statuses, notes = _of_marks(marked)
    statuses = [f"nullif({values['obs_status']}, 'A')", *statuses]
    status = (
        f"coalesce({', '.join(statuses)},"
        f" CASE WHEN ({figure}) IS NULL THEN 'O' ELSE 'A' END)"
    )
    note = f"nullif(concat_ws('; ', {', '.join([values['obs_note'], *notes])}), '')"
    _unit_table(con, dataset)
    value_column = rules["obs_value"].column
    original = _as_json([name for name in columns if name not in beside], "raw")
    reject = f"nullif(concat_ws('; ', {', '.join(rejects)}), '')"
    position = "raw._column" if "_column" in columns else f"'{value_column or ''}'"
    selected = ", ".join(
        [
            *(f"{values[name]} AS {quote(name)}" for name in dataset.key if name != "time_period"),
            f"{values['time_period']} AS time_period",
            f"{figure} AS _number",
            f"{note} AS obs_note",
            f"{status} AS obs_status",
            "raw._part", "raw._row", f"{position} AS _column",
            f"{reject} AS _reject",
            *([f"raw.{PLACE}"] if beside else []),
            f"CASE WHEN {reject} IS NOT NULL THEN {original} END AS _original",
        ]
    )
    frequencies = pa.table(_frequencies(con, rules["time_period"]))
    con.register("_freq", frequencies)
    con.execute(
        f"""
        CREATE TABLE observation AS
        WITH mapped AS (SELECT {selected} FROM raw {' '.join(joins)})
        SELECT {_ordered(dataset)},
               row_number() OVER () - 1 AS _id, _part, _row, _column,
               _original, _reject{f", {PLACE}" if beside else ""}
        FROM mapped
        LEFT JOIN _freq USING (time_period)
        LEFT JOIN _unit ON mapped.indicator = _unit.indicator
        ORDER BY _part, _row, _column
        """
    )
    con.unregister("_freq")
    if beside:
        _add_source_rows(con, beside)


def _of_marks(marked: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return SQL for the statuses and notes of marks: the value's, the period's, the others'."""
    first = ("obs_value", "time_period")
    order = [*(c for c in first if c in marked), *(c for c in marked if c not in first)]
    columns = [
        UNMARKED[1:3] if concept == "obs_value" else ("status", "note") for concept in order
    ]
    tables = [marked[concept] for concept in order]
    return (
        [f"{table}.{status}" for table, (status, _) in zip(tables, columns, strict=True)],
        [f"{table}.{note}" for table, (_, note) in zip(tables, columns, strict=True)],
    )


def _constant(concept: str, const: str) -> str:
    if concept == "time_period":
        const = parse_period(const).iso
    return "'" + const.replace("'", "''") + "'"


def _as_json(columns: Iterable[str], table: str) -> str:
    """Return SQL for what the source said in these columns."""
    named = (f"{quote(name)} := {table}.{quote(name)}" for name in columns if name not in POSITION)
    return f"to_json(struct_pack({', '.join(named)}))::VARCHAR"


def _add_source_rows(con: duckdb.DuckDBPyConnection, beside: Iterable[str]) -> None:
    """Put what was not unpivoted in front of what was, in `_original`."""
    if set(beside) - set(POSITION):
        con.execute(
            f"""
            UPDATE observation
            SET _original = left(source.text, -1) || ',' || substr(_original, 2)
            FROM (
                SELECT {PLACE}, {_as_json(beside, SOURCE_ROW)} AS text FROM {SOURCE_ROW}
                WHERE {PLACE} IN (SELECT {PLACE} FROM observation WHERE _reject IS NOT NULL)
            ) AS source
            WHERE observation.{PLACE} = source.{PLACE} AND _reject IS NOT NULL
            """
        )
    con.execute(f"ALTER TABLE observation DROP COLUMN {PLACE}")
    con.execute(f"DROP TABLE {SOURCE_ROW}")


def _ordered(dataset: Dataset) -> str:
    special = {
        "freq": "_freq.freq",
        "obs_value": "_number AS obs_value",
        "unit_measure": "_unit.unit AS unit_measure",
        "indicator": "mapped.indicator",
    }
    return ", ".join(special.get(name, quote(name)) for name in dataset.columns)


def _frequencies(con: duckdb.DuckDBPyConnection, rule: ColumnRule) -> dict[str, list[str]]:
    if rule.const is not None:
        periods = [parse_period(rule.const).iso]
    else:
        rows = con.execute(
            'SELECT DISTINCT value FROM "_read_time_period" WHERE value IS NOT NULL'
        ).fetchall()
        periods = sorted(value for (value,) in rows)
    pairs = [(iso, frequency_of(iso)) for iso in periods]
    return {
        "time_period": [iso for iso, freq in pairs if freq],
        "freq": [freq for _, freq in pairs if freq],
    }


def _unit_table(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    units = pa.table(
        {
            "indicator": list(dataset.indicators),
            "unit": [indicator.unit for indicator in dataset.indicators.values()],
        }
    )
    con.register("_units", units)
    con.execute("CREATE TABLE _unit AS SELECT * FROM _units")
    con.unregister("_units")


def _correct(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Apply the declared corrections; each must still find what it expects."""
    for number, correction in enumerate(dataset.corrections, start=1):
        _apply(con, dataset, correction, f"{dataset.id}, correction {number}")


def _apply(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, correction: Correction, where: str
) -> None:
    for name in correction.key:
        if name not in dataset.key:
            raise QualityError(
                f"its key names {name!r}, which is no key column", where=where,
                todo=did_you_mean(name, set(dataset.key)),
            )
    condition = " AND ".join(f"{quote(name)} = ?" for name in correction.key)
    key = list(correction.key.values())
    rows = con.execute(
        f"SELECT obs_value FROM observation WHERE {condition}", key
    ).fetchall()
    if not rows:
        raise QualityError(
            f"no observation has the key {correction.key}", where=where,
            todo="the source has changed: remove or mend the correction",
        )
    if any(value != correction.expect for (value,) in rows):
        found = ", ".join(str(value) for (value,) in rows[:5])
        raise QualityError(
            f"expects {correction.expect}, the source now says {found}", where=where,
            todo="the source may have mended itself: remove or mend the correction",
        )
    note = f"[{correction.action}] {correction.reason.en} ({correction.source})"
    if correction.action == "drop":
        con.execute(f"DELETE FROM observation WHERE {condition}", key)
        return
    change = {
        "set": "obs_value = ?",
        "scale": "obs_value = obs_value * ?",
        "flag": "obs_status = ?",
    }[correction.action]
    value = correction.status if correction.action == "flag" else correction.value
    if value is None:
        raise QualityError(
            f"the action {correction.action!r} lacks its value", where=where,
            todo="add `status:` for flag, `value:` for set and scale",
        )
    con.execute(
        f"UPDATE observation SET {change}, obs_note = ? WHERE {condition}",
        [value, note, *key],
    )
