"""A DataStore table in PostgreSQL: how CKAN lays it out, and how it is found to be.

What CKAN 2.12 does is in ckanext/datastore/backend/postgres.py: `create_table`, `create_indexes`,
`_create_fulltext_trigger`. Names are made here as they are there, since CKAN finds indexes by name
alone and would build a second one under its own name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import sql

from model.util.sql import identifier
from portal.ckan.datastore.shape import RECORD, TableSchema, without_record

Connection = psycopg.Connection[tuple[Any, ...]]
TextIndex = Literal["gist", "gin"]

FULL_TEXT_TRIGGER = "zfulltext"
PG_TYPES = {"text": "text", "float8": "double precision"}


def aside(resource_id: str) -> str:
    """Return the name of the table that is built aside.

    It begins with `_`: such tables are hidden from `_table_metadata` and from the API.
    """
    return f"_n_{resource_id}"


def staging(resource_id: str) -> str:
    """Return the name of the table that the rows are copied into."""
    return f"_s_{resource_id}"


@dataclass(frozen=True)
class Index:
    """An index: CKAN's name for it, and what stands after `ON table` in its definition."""

    name: str
    unique: bool
    rest: str  # "USING btree (indicator)", as PostgreSQL prints it: names in it are quoted

    def statement(self, table: str, name: str) -> sql.Composed:
        """Return the CREATE INDEX for a table."""
        return sql.SQL("CREATE {unique}INDEX {name} ON public.{table} {rest}").format(
            unique=sql.SQL("UNIQUE " if self.unique else ""),
            name=sql.Identifier(name), table=sql.Identifier(table),
            rest=sql.SQL(self.rest),  # as PostgreSQL printed it
        )


def indexes(resource_id: str, shape: TableSchema, method: TextIndex) -> list[Index]:
    """Return the indexes that the table should have: key, key columns, full text (the last)."""
    key = ", ".join(identifier(name) for name in shape.key)
    found = [Index(_index_name(resource_id, key), True, f"USING btree ({key})")]
    for name in shape.key:
        column = identifier(name)
        found.append(Index(_index_name(resource_id, column), False, f"USING btree ({column})"))
    return [*found, text_index(resource_id, method)]


def text_index(resource_id: str, method: TextIndex) -> Index:
    """Return the index on the full text."""
    return Index(_index_name(resource_id, '"_full_text"'), False, f'USING {method} ("_full_text")')


def _index_name(resource_id: str, fields: str) -> str:
    digest = hashlib.sha1((resource_id + fields).encode(), usedforsecurity=False)
    return digest.hexdigest()


@dataclass(frozen=True)
class Found:
    """What the database says of a table.

    Args:
        columns: name and type of each, in order, CKAN's own two first.
        comments: the comment of each column that has one, as CKAN writes it: JSON.
        keys: the columns of each unique index, but for the primary key.
        indexes: the valid ones, but for the primary key.
        triggered: whether the full text is kept by CKAN's trigger.
        rows: the count that CKAN shows, None where it would have to count first.
    """

    columns: tuple[tuple[str, str], ...]
    comments: dict[str, dict[str, Any]]
    keys: tuple[tuple[str, ...], ...]
    indexes: tuple[Index, ...]
    triggered: bool
    rows: int | None

    @property
    def sha256(self) -> str | None:
        """The checksum recorded with the table."""
        for comment in self.comments.values():
            recorded = comment.get("_info", {}).get(RECORD)
            if recorded:
                return str(recorded)
        return None

    def laid_out_as(self, shape: TableSchema) -> bool:
        """Whether columns, types and key are those of a shape."""
        own = (("_id", "integer"), ("_full_text", "tsvector"))
        wanted = own + tuple((c.name, PG_TYPES[c.type]) for c in shape.columns)
        return self.columns == wanted and any(set(key) == set(shape.key) for key in self.keys)

    def says(self, shape: TableSchema) -> bool:
        """Whether the dictionary is that of a shape."""
        return all(
            without_record(self.comments.get(column.name, {}).get("_info", {})) == column.info
            for column in shape.columns
        )


def find(con: Connection, resource_id: str) -> Found | None:
    """Look a table up, None where there is none."""
    row = con.execute(
        "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relname = %s AND relkind = 'r'", [resource_id],
    ).fetchone()
    if row is None:
        return None
    [oid] = row
    columns = con.execute(
        "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)"
        " FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum", [oid],
    ).fetchall()
    keys = con.execute(
        "SELECT array_agg(a.attname::text) FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
        " WHERE i.indrelid = %s AND indisunique AND NOT indisprimary AND indisvalid"
        " AND indpred IS NULL AND indexprs IS NULL GROUP BY i.indexrelid", [oid],
    ).fetchall()
    triggered = con.execute(
        "SELECT 1 FROM pg_trigger WHERE tgrelid = %s AND tgname = %s AND tgenabled = 'O'",
        [oid, FULL_TEXT_TRIGGER],
    ).fetchone()
    rows = con.execute(
        "SELECT (stats->>'rows')::bigint FROM _table_stats WHERE resource_id = %s", [resource_id],
    ).fetchone()
    return Found(
        columns=tuple((name, kind) for name, kind, _ in columns),
        comments={name: _comment(text) for name, _, text in columns if text},
        keys=tuple(tuple(names) for (names,) in keys),
        indexes=tuple(_found_indexes(con, oid)),
        triggered=triggered is not None,
        rows=rows[0] if rows else None,
    )


def _comment(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _found_indexes(con: Connection, oid: int) -> list[Index]:
    rows = con.execute(
        "SELECT c.relname, i.indisunique, pg_get_indexdef(i.indexrelid),"
        " format('INDEX %%I ON %%s ', c.relname, format('%%I.%%I', 'public', t.relname))"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_class t ON t.oid = i.indrelid"
        " WHERE i.indrelid = %s AND i.indisvalid AND NOT i.indisprimary"
        " ORDER BY c.relname", [oid],
    ).fetchall()
    # The definition is CREATE [UNIQUE] INDEX name ON public.table USING ...; cut where the
    # names that are known end, since a name can hold any text.
    return [
        Index(name, unique, definition.partition(head)[2])
        for name, unique, definition, head in rows
        if head in definition
    ]


def full_text(shape: TableSchema) -> sql.Composable:
    """Return the expression that gives what CKAN's trigger gives, in half the time.

    The trigger puts the values of the row as JSON together; for text and float8 they are the same
    as PostgreSQL's text of them.
    """
    values = sql.SQL(", ").join(sql.Identifier(name) for name in shape.names)
    return sql.SQL("to_tsvector(concat_ws(' ', {}))").format(values)


def comment_statements(
    table: str, shape: TableSchema, sha256: str | None, before: dict[str, dict[str, Any]]
) -> list[sql.Composed]:
    """Return the statements that write the dictionary as CKAN keeps it: comments of columns.

    What other extensions keep there (beside `_info`) stays.
    """
    statements = []
    for column, info in zip(shape.columns, shape.infos(sha256), strict=True):
        comment = {**before.get(column.name, {}), "_info": info}
        # The blank in front is CKAN's mark for the current form of the comment.
        text = " " + json.dumps(comment, ensure_ascii=False, separators=(",", ":"))
        statements.append(
            sql.SQL("COMMENT ON COLUMN public.{}.{} IS {}").format(
                sql.Identifier(table), sql.Identifier(column.name), sql.Literal(text)
            )
        )
    return statements
