"""The table `raw` mapped to the table `observation` by the column rules."""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from model.declarations.dataset import BOUNDS, FOOTNOTES, Dataset
from model.declarations.source import ColumnRule
from model.errors import ReadError
from model.records.tables import create_observation
from model.reference.periods import TimePeriod, frequency_of, parse_period
from model.reference.registries import Registries
from model.util.sql import identifier, literal
from warehouse.cleaning.code_mapping import look_up, reader_for, text_of
from warehouse.cleaning.numbers import NUMBER_OF, UNMARKED, bound_rule, number_of
from warehouse.cleaning.rejection import reject_sql
from warehouse.cleaning.source_columns import row_number
from warehouse.cleaning.unpivot import PLACE, SOURCE_ROW
from warehouse.engine import PARQUET_OPTIONS

POSITION = ("_part", "_row", "_column", PLACE, *UNMARKED)


def map_observations(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, rules: dict[str, ColumnRule],
    value: ColumnRule, columns: dict[str, str], beside: dict[str, str], registries: Registries,
    file: Path | None = None,
) -> None:
    """Make `observation` out of `raw`, whose numbers the rule `value` reads.

    Args:
        con: the connection that has `raw`.
        dataset: its declaration.
        rules: how each other concept is read.
        value: how the value is read.
        columns: the types of the columns of `raw`.
        beside: the columns of SOURCE_ROW, none where nothing was unpivoted.
        registries: the codelists.
        file: for the rows of a large table; those that were unpivoted are changed, so they stay.
    """
    joins: list[str] = []
    tables: list[str] = []  # of `joins`
    rejects: list[str] = []
    values: dict[str, str] = {}
    marked = {"obs_value": "raw"} if UNMARKED[0] in columns else {}  # where marks were found
    for concept in (*dataset.key, "obs_status", "obs_note", FOOTNOTES):
        rule = rules.get(concept)
        if rule is None:
            values[concept] = "CAST(NULL AS VARCHAR)"
        elif rule.const is not None:
            values[concept] = _constant(concept, rule.const)
        elif concept == "obs_note":
            column = identifier(str(rule.column))
            values[concept] = f"nullif(trim(CAST(raw.{column} AS VARCHAR)), '')"
        else:
            alias, column = f"_read_{concept}", str(rule.column)
            text = text_of(rule)
            look_up(con, alias, text, reader_for(concept, rule, dataset, registries))
            joins.append(f"LEFT JOIN {identifier(alias)} ON {text} = {identifier(alias)}.source")
            tables.append(identifier(alias))
            values[concept] = f"{identifier(alias)}.value"
            marked[concept] = identifier(alias)
            rejects.append(f"{identifier(alias)}.reject")
            if concept in dataset.key:
                rejects.append(
                    f"CASE WHEN raw.{identifier(column)} IS NULL"
                    f" THEN {reject_sql('empty', concept=literal(concept))} END"
                )
    read = {NUMBER_OF[""]: number_of(value, columns)}
    for name in BOUNDS:
        if name in rules:
            bound = number_of(bound_rule(rules[name], value), columns, name)
            read[NUMBER_OF[name]] = bound
    numbers = "".join(f", {sql} AS {name}" for name, (sql, _) in read.items())
    rejects += [reject for _, reject in read.values()]
    statuses, notes, footnotes = _of_marks(marked)
    statuses = [f"nullif({values['obs_status']}, 'A')", *statuses]
    status = (
        f"coalesce({', '.join(statuses)},"
        " CASE WHEN raw._number IS NULL THEN 'O' ELSE 'A' END)"
    )
    note = f"nullif(concat_ws('; ', {', '.join([values['obs_note'], *notes])}), '')"
    _unit_table(con, dataset)
    value_column = rules["obs_value"].column
    footnote = _footnotes(dataset, values, footnotes)
    original = _as_json([name for name in columns if name not in beside], "raw")
    reject = f"'[' || nullif(concat_ws(',', {', '.join(rejects)}), '') || ']'"
    position = "raw._column" if "_column" in columns else literal(value_column or "")
    selected = ", ".join(
        [
            *(
                f"{values[name]} AS {identifier(name)}"
                for name in dataset.key if name != "time_period"
            ),
            f"{values['time_period']} AS time_period",
            "raw._number",
            f"{note} AS obs_note",
            f"{status} AS obs_status",
            *(
                f"{f'raw.{NUMBER_OF[name]}' if name in rules else 'CAST(NULL AS DOUBLE)'} AS {name}"
                for name in BOUNDS
            ),
            f"{footnote} AS footnotes",
            "raw._id", "raw._part", "raw._row", f"{position} AS _column",
            "_reject",
            *([f"raw.{PLACE}"] if beside else []),
            f"CASE WHEN _reject IS NOT NULL THEN {original} END AS _original",
        ]
    )
    frequencies = pa.table(_frequencies(con, rules["time_period"]))
    con.register("_freq", frequencies)
    # Each number and each reason is computed once, in a SELECT of its own: DuckDB computes what two
    # branches of CASE have in common twice. A row of a table is a struct with the table's name.
    create_observation(
        con, dataset,
        f"""
        WITH read AS (
            SELECT {', '.join(['raw', *tables])}, {reject} AS _reject
            FROM (SELECT *, {row_number(columns)} AS _id{numbers} FROM raw) AS raw
            {' '.join(joins)}
        ),
        mapped AS (SELECT {selected} FROM read)
        SELECT {_ordered(dataset)},
               _id, _part, _row, _column, _original, _reject{f", {PLACE}" if beside else ""}
        FROM mapped
        LEFT JOIN _freq USING (time_period)
        LEFT JOIN _unit ON mapped.indicator = _unit.indicator
        """,
        *([PLACE] if beside else []), file=None if beside else file, options=PARQUET_OPTIONS,
        texts={
            **{name: _texts_of(values[name]) for name in dataset.key},
            "freq": _texts_of("_freq.freq"), "unit_measure": _texts_of("_unit.unit"),
            "_part": _texts_of("raw._part"), "_column": _texts_of(position),
        },
    )
    con.unregister("_freq")
    if beside:
        _add_source_rows(con, beside)


def _texts_of(value: str) -> str:
    """Return the SELECT of all texts of a column: a `value` is a constant, or in a table."""
    table, _, column = value.rpartition(".")
    if value.startswith("'") or not table:
        return f"SELECT {value}"
    return f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"


def _footnotes(dataset: Dataset, values: dict[str, str], marked: list[str]) -> str:
    """Return SQL for the ids of a row's footnotes, sorted, between blanks; NULL without any."""
    series = []
    for name, footnote in dataset.footnotes.items():
        if isinstance(footnote.applies_to, dict):
            conditions = [
                f"{values[column]} IN ({', '.join(map(literal, values_of))})"
                for column, values_of in footnote.applies_to.items()
            ]
            series.append(f"CASE WHEN {' AND '.join(conditions)} THEN {literal(name)} END")
    if not dataset.footnotes:
        return "CAST(NULL AS VARCHAR)"
    texts = ", ".join([values[FOOTNOTES], *marked, *series])
    ids = f"string_split(concat_ws(' ', {texts}), ' ')"
    return f"nullif(array_to_string(list_sort(list_distinct({ids})), ' '), '')"


def _of_marks(marked: dict[str, str]) -> tuple[list[str], list[str], list[str]]:
    """Return SQL for statuses, notes and footnotes: the value's, the period's, the others'."""
    first = ("obs_value", "time_period")
    order = [*(c for c in first if c in marked), *(c for c in marked if c not in first)]
    names = (("status", "note", "footnotes") if concept != "obs_value" else UNMARKED[1:4]
             for concept in order)
    found = [[f"{marked[c]}.{name}" for name in each] for c, each in zip(order, names, strict=True)]
    statuses, notes, footnotes = zip(*found, strict=True) if found else ((), (), ())
    return list(statuses), list(notes), list(footnotes)


def _constant(concept: str, const: str) -> str:
    if concept == "time_period":
        const = _constant_period(const).iso
    return literal(const)


def _constant_period(text: str) -> TimePeriod:
    try:
        return parse_period(text)
    except ValueError as error:
        raise ReadError(
            f"the constant of `time_period` is no time period: {error}",
            todo='write it in ISO 8601, e.g. `time_period: {const: "2024"}`',
        ) from error


def _as_json(columns: Iterable[str], table: str) -> str:
    """Return SQL for what the source said in these columns."""
    named = (
        f"{identifier(name)} := {table}.{identifier(name)}"
        for name in columns if name not in POSITION
    )
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
    }
    names = dataset.observation_columns
    return ", ".join(special.get(name, f"mapped.{identifier(name)}") for name in names)


def _frequencies(con: duckdb.DuckDBPyConnection, rule: ColumnRule) -> dict[str, list[str]]:
    if rule.const is not None:
        periods = [_constant_period(rule.const).iso]
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
