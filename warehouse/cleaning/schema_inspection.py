"""The source schema of a snapshot: columns, units and codes, as they were read.

The order of columns and rows is no part of it, nor are time periods: neither is ever drift.
"""

import re
from collections.abc import Iterable, Mapping

import duckdb

from model.declarations.dataset import Dataset
from model.declarations.source import DEFAULT_MISSING, ColumnRule, Source
from model.records.source_schema import ColumnKind, ColumnSchema, SourceSchema
from model.reference.periods import parse_period
from model.util.hashing import sha256_json
from model.util.sql import identifier
from model.util.text import fold
from warehouse.cleaning.loading import kept_sql
from warehouse.cleaning.source_columns import row_number

POSITION = ("_part", "_row", "_column")
SAMPLED_ROWS = 100_000  # about as many, spread over the table, show what a column holds
SKETCHED = 12  # values by which a column is known again
MAX_LABELS = 10_000  # of a concept; a column with more is no list of codes
MAX_UNITS = 1_000  # pairs of indicator and unit; a column with more is no unit

# What sources of this field call the column that says in which unit a value stands: SDMX, the
# World Bank, PX-Web; the statistics office ("Đơn vị tính").
UNIT_NAMES = {
    "unit", "units", "unit measure", "unit of measure", "unit mult", "unit multiplier", "uom",
    "don vi", "don vi tinh", "dvt",
}
_NUMBER = r"[-+−(]?\s*\d[\d.,'’\s\x{00a0}\x{202f}]*([eE][-+]?\d+)?\s*%?\)?\s*[\pL*]{0,2}"
_DATE = r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}([T ].*)?"
_MOSTLY = 0.9  # share of filled cells that gives a column of text its kind


def observed_schema(
    con: duckdb.DuckDBPyConnection, source: Source, rules: Mapping[str, ColumnRule],
    sql: str | None, place: str | None = None,
) -> SourceSchema:
    """Return the schema of the table `raw` of `con`, as the reader of `source` gave it.

    `rules` say where each concept comes from, `sql` is the declaration's SQL, `place` is SQL for a
    row's place in `raw`, where it is a view. Codes are not known yet.
    """
    types = {name: kind for name, kind, *_ in con.execute("DESCRIBE raw").fetchall()}
    row = con.execute("SELECT count(*) FROM raw").fetchone()
    step = max(1, (row[0] if row else 0) // SAMPLED_ROWS)
    form = rules["time_period"].format if "time_period" in rules else "auto"
    names = [
        name for name in types
        if name not in POSITION and not any(_is_period(text, form) for text in _texts(name, source))
    ]
    marks = {rule.column: rule.missing for rule in rules.values() if rule.column}
    return SourceSchema(
        read_by=_read_by(source, sql),
        parts=_parts(con) if "_part" in types else (),
        columns=_columns(
            con, {name: types[name] for name in names},
            {name: marks.get(name, DEFAULT_MISSING) for name in names}, step,
            place or row_number(types),
        ),
        units=_units(con, source, rules, types),
        codes={},
    )


def read_columns(rules: Mapping[str, ColumnRule]) -> set[str]:
    """Return the columns that the rules read."""
    named = {
        name for rule in rules.values() for name in (rule.column, rule.named, rule.followed_by)
        if name
    }
    return named | {rule.scale_by.column for rule in rules.values() if rule.scale_by}


def _texts(name: str, source: Source) -> tuple[str, ...]:
    """Return what a column's name says: all of it, or what unpivoting makes of it."""
    wide = source.unpivot
    if wide is None:
        return (name,)
    found = re.fullmatch(wide.matching or "", name)
    if found and found.groups():
        return tuple(filter(None, found.groups()))
    return tuple(name.split(wide.separator)) if wide.separator else (name,)


def _is_period(text: str, form: str) -> bool:
    """Whether a text is a time period: "2024", "Prel. 2024", "Quý I/2024", or as declared."""
    for way in {"auto", form}:
        try:
            parse_period(text.strip(), way)
        except ValueError:
            continue
        return True
    return False


def _read_by(source: Source, sql: str | None) -> str:
    """Return a checksum of how a source is read, wherever it lies and whatever it may do."""
    reading = source.model_dump(mode="json", exclude={"allow"})
    reading["options"] = {
        name: value for name, value in reading["options"].items() if name not in ("files", "urls")
    }
    return sha256_json([reading, sql])


def _parts(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    rows = con.execute(
        r"SELECT DISTINCT regexp_replace(_part, '\d+', '#', 'g')"
        " FROM (SELECT DISTINCT _part FROM raw) WHERE _part IS NOT NULL ORDER BY 1"
    ).fetchall()
    return tuple(name for (name,) in rows)


def _columns(
    con: duckdb.DuckDBPyConnection, types: Mapping[str, str], marks: Mapping[str, Iterable[str]],
    step: int, place: str,
) -> dict[str, ColumnSchema]:
    """Return the schemas of columns of `raw`, with the marks of what is missing in each.

    One query looks at all: a query for each takes three times as long for tables of some thousand
    rows, which is what most are.
    """
    if not types:
        return {}
    aliases = {f"c{number}": name for number, name in enumerate(types)}
    cells = ", ".join(f"CAST({identifier(name)} AS VARCHAR) AS {c}" for c, name in aliases.items())
    pairs = [(c, mark) for c, name in aliases.items() for mark in {"", *marks[name]}]
    counted = con.execute(
        f"""
        WITH mark AS (SELECT unnest(?::VARCHAR[]) AS name, unnest(?::VARCHAR[]) AS v),
        cell AS (
            SELECT name, trim(text, ' \t\u00a0') AS v, count(*) AS n
            FROM (SELECT * EXCLUDE place FROM (SELECT {cells}, {place} AS place FROM raw)
                  WHERE place % ? = 0)
            UNPIVOT (text FOR name IN ({", ".join(aliases)})) GROUP BY name, v
        )
        SELECT name, sum(n), coalesce(sum(n) FILTER (regexp_full_match(v, ?)), 0),
               coalesce(sum(n) FILTER (regexp_full_match(v, ?)), 0),
               list_sort(list(DISTINCT left(md5(v), 8)))[1:?]
        FROM cell ANTI JOIN mark USING (name, v) GROUP BY name
        """,
        [[c for c, _ in pairs], [mark for _, mark in pairs], step, _NUMBER, _DATE, SKETCHED],
    ).fetchall()
    found = {aliases[c]: rest for c, *rest in counted}
    schemas = {}
    for name, type_ in types.items():
        filled, numbers, dates, sketch = found.get(name, (0, 0, 0, ()))
        kind = _kind(type_, filled, numbers, dates)
        schemas[name] = ColumnSchema(type=type_, kind=kind, sketch=tuple(sketch))
    return schemas


def _kind(type_: str, filled: int, numbers: int, dates: int) -> ColumnKind:
    if not filled:
        return "empty"
    if type_ != "VARCHAR":
        if type_.endswith("INT") or type_.startswith(("DECIMAL", "DOUBLE", "FLOAT", "INTEGER")):
            return "number"
        return "date" if type_.startswith(("DATE", "TIMESTAMP")) else "other"
    if dates / filled >= _MOSTLY:
        return "date"
    if numbers / filled >= _MOSTLY:
        return "number as text"
    return "text" if numbers / filled <= 1 - _MOSTLY else "mixed"


def _units(
    con: duckdb.DuckDBPyConnection, source: Source, rules: Mapping[str, ColumnRule],
    types: Mapping[str, str],
) -> dict[str, tuple[str, ...]]:
    used = read_columns(rules)
    columns = [name for name in types if names_a_unit(name) and name not in used]
    indicator = rules["indicator"].column if "indicator" in rules else None
    label = "NULL"
    if indicator is not None and indicator in types:
        label = f"CAST({identifier(indicator)} AS VARCHAR)"
    kept = kept_sql(source, types)
    found: dict[str, tuple[str, ...]] = {}
    for name in columns:
        pairs = con.execute(
            f"SELECT DISTINCT coalesce({label}, ''),"
            f" trim(CAST({identifier(name)} AS VARCHAR)) AS unit"
            f" FROM raw WHERE {kept} AND nullif(unit, '') IS NOT NULL"
            f" ORDER BY ALL LIMIT {MAX_UNITS + 1}"
        ).fetchall()
        if len(pairs) > MAX_UNITS:
            continue
        for each, unit in pairs:
            key = ", ".join(filter(None, (name, each)))
            found[key] = (*found.get(key, ()), unit)
    return found


def names_a_unit(name: str) -> bool:
    """Say whether a column's name says that it holds units."""
    return re.sub(r"[^a-z]+", " ", fold(name)).strip() in UNIT_NAMES


def read_codes(
    con: duckdb.DuckDBPyConnection, dataset: Dataset
) -> dict[str, dict[str, str | None]]:
    """Return the codes that cleaning a `dataset` found: labels and meanings, by concept.

    `con` has a table `_read_<concept>` (source, value, reject) for each mapped concept. A concept
    of more than MAX_LABELS is left out.
    """
    made = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    codes: dict[str, dict[str, str | None]] = {}
    for concept in (*_coded_concepts(dataset), "obs_status"):
        table = f"_read_{concept}"
        if table not in made:
            continue
        rows = con.execute(
            "SELECT replace(source, chr(31), ' '),"
            " CASE WHEN reject IS NULL THEN coalesce(value, '') END"
            f" FROM {identifier(table)} ORDER BY source LIMIT {MAX_LABELS + 1}"
        ).fetchall()
        if len(rows) <= MAX_LABELS:
            codes[concept] = dict(rows)
    if "indicator" in codes:  # without a codelist a label that nobody declared reads as itself
        codes["indicator"] = {
            label: code if code in dataset.indicators else None
            for label, code in codes["indicator"].items()
        }
    return codes


def _coded_concepts(dataset: Dataset) -> tuple[str, ...]:
    """Return the concepts whose values are codes: the key without the time period."""
    return tuple(name for name in dataset.key if name not in ("geo_vintage", "time_period"))
