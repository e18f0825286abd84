"""One short transaction in which a new table takes the place of an old one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from model.errors import PortalError
from portal.ckan.datastore.layout import FULL_TEXT_TRIGGER, Connection, aside

# Readers that come after us wait as long as we wait for those before us: never long at a time.
LOCK_MILLISECONDS = 300
LOCK_TRIES = 100
PAUSE_SECONDS = 0.1

# Readers, or CKAN's own writers, were in the way; the whole transaction is undone and tried again.
IN_THE_WAY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True)
class _View:
    oid: int
    name: str
    definition: str
    grants: tuple[tuple[str, str], ...]


def swap(con: Connection, resource_id: str, index_names: list[str], rows: int) -> None:
    """Give the table built aside the name of the old one, which is dropped if there is one.

    Aliases are dropped before the old table is locked and made anew afterwards: the other way round
    a reader of an alias and we would wait for each other (seen as HTTP 500).

    Args:
        con: a connection in autocommit mode.
        resource_id: the table's name.
        index_names: the indexes of the new table, which bear `_n_` before their name until now.
        rows: the number of rows, for CKAN's cache of counts.

    Raises:
        PortalError: the table could not be locked in LOCK_TRIES tries.
    """
    old, new = sql.Identifier(resource_id), sql.Identifier(aside(resource_id))

    def once() -> None:
        with con.transaction():
            con.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_MILLISECONDS}ms"])
            oid = _oid(con, resource_id)
            views = _views(con, oid) if oid else []
            for view in reversed(views):
                con.execute(sql.SQL("DROP VIEW public.{}").format(sql.Identifier(view.name)))
            if oid:
                con.execute(sql.SQL("LOCK TABLE public.{} IN ACCESS EXCLUSIVE MODE").format(old))
                con.execute(sql.SQL("DROP TABLE public.{}").format(old))
            con.execute(sql.SQL("ALTER TABLE public.{} RENAME TO {}").format(new, old))
            for kind, name in _names(resource_id, index_names):
                con.execute(
                    sql.SQL("ALTER {} public.{} RENAME TO {}").format(
                        sql.SQL(kind), sql.Identifier(aside(name)), sql.Identifier(name)
                    )
                )
            for view in views:
                con.execute(
                    sql.SQL("CREATE VIEW public.{} AS {}").format(
                        sql.Identifier(view.name),
                        sql.SQL(view.definition),  # PostgreSQL's own text
                    )
                )
                grant(con, view.name, view.grants)
            write_count(con, resource_id, rows)

    retried(once, resource_id)


def lock_out_readers(con: Connection, resource_id: str) -> None:
    """Inside a transaction: wait for the readers at work, and hold new ones until it ends.

    CKAN reads a page of rows and their number in two statements. A commit between the two would
    show old rows with the new number.

    Raises:
        PortalError: the table could not be locked in LOCK_TRIES tries.
    """
    def once() -> None:
        with con.transaction():  # a savepoint: what was done before it stays
            con.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_MILLISECONDS}ms"])
            con.execute(
                sql.SQL("LOCK TABLE public.{} IN ACCESS EXCLUSIVE MODE").format(
                    sql.Identifier(resource_id)
                )
            )

    retried(once, resource_id)


def retried(once: Callable[[], None], resource_id: str) -> None:
    """Do something under a lock time-out until it succeeds.

    Raises:
        PortalError: it did not in LOCK_TRIES tries.
    """
    for _ in range(LOCK_TRIES):
        try:
            return once()
        except IN_THE_WAY:
            time.sleep(PAUSE_SECONDS)
    raise PortalError(
        "somebody holds a lock on the table for too long", where=f"resource {resource_id}",
        todo="look at pg_stat_activity for a statement that runs for minutes, then publish again; "
        "the old rows are still shown",
    )


def write_count(con: Connection, resource_id: str, rows: int) -> None:
    """Write the number of rows into CKAN's cache of counts."""
    con.execute(
        "INSERT INTO _table_stats VALUES (%s, jsonb_build_object('rows', %s::bigint))"
        " ON CONFLICT (resource_id) DO UPDATE"
        " SET stats = jsonb_set(_table_stats.stats, '{rows}', to_jsonb(%s::bigint))",
        [resource_id, rows, rows],
    )


def copy_triggers(con: Connection, resource_id: str) -> None:
    """Give the table built aside the triggers of the old one, CKAN's own first of all."""
    new = sql.Identifier(aside(resource_id))
    con.execute(
        sql.SQL(
            "CREATE TRIGGER {} BEFORE INSERT OR UPDATE ON public.{}"
            " FOR EACH ROW EXECUTE FUNCTION populate_full_text_trigger()"
        ).format(sql.Identifier(FULL_TEXT_TRIGGER), new)
    )
    others = con.execute(
        "SELECT tgname, pg_get_triggerdef(t.oid), format(' ON %%I.%%I ', 'public', relname),"
        " tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid"
        " WHERE NOT tgisinternal AND tgname <> %s AND relname = %s"
        " AND relnamespace = 'public'::regnamespace",
        [FULL_TEXT_TRIGGER, resource_id],
    ).fetchall()
    for name, definition, on, enabled in others:
        before, _, after = definition.partition(on)
        con.execute(
            sql.SQL("{} ON public.{} {}").format(
                sql.SQL(before), new, sql.SQL(after)
            )
        )
        if enabled == "D":
            con.execute(
                sql.SQL("ALTER TABLE public.{} DISABLE TRIGGER {}").format(
                    new, sql.Identifier(name)
                )
            )


def grants_of(con: Connection, oid: int) -> tuple[tuple[str, str], ...]:
    """Return who may do what with a table or view, but for its owner."""
    rows = con.execute(
        "SELECT CASE grantee WHEN 0 THEN '' ELSE grantee::regrole::text END, privilege_type"
        " FROM pg_class c, aclexplode(c.relacl) WHERE c.oid = %s AND grantee <> relowner",
        [oid],
    ).fetchall()
    return tuple((grantee, privilege) for grantee, privilege in rows)


def grant(con: Connection, name: str, grants: tuple[tuple[str, str], ...]) -> None:
    """Give the privileges that `grants_of` found."""
    for grantee, privilege in grants:
        con.execute(
            sql.SQL("GRANT {} ON public.{} TO {}").format(
                sql.SQL(privilege), sql.Identifier(name),
                # regrole's text is quoted where it must be; no name stands for PUBLIC.
                sql.SQL(grantee or "PUBLIC"),
            )
        )


def _oid(con: Connection, name: str) -> int | None:
    row = con.execute(
        "SELECT oid::bigint FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relname = %s AND relkind = 'r'", [name],
    ).fetchone()
    return int(row[0]) if row else None


def _views(con: Connection, oid: int) -> list[_View]:
    """Return the views on a table, and the views on those, each after what it stands on."""
    rows = con.execute(
        "WITH RECURSIVE above AS ("
        "  SELECT %s::oid AS oid, 0 AS depth UNION"
        "  SELECT r.ev_class, depth + 1 FROM above"
        "  JOIN pg_depend d ON d.refobjid = above.oid AND d.refclassid = 'pg_class'::regclass"
        "  AND d.classid = 'pg_rewrite'::regclass"
        "  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> above.oid)"
        " SELECT c.oid::bigint, relname, pg_get_viewdef(c.oid) FROM above JOIN pg_class c"
        " USING (oid) WHERE relkind = 'v' GROUP BY c.oid, relname ORDER BY max(depth)",
        [oid],
    ).fetchall()
    return [
        _View(view, name, definition, grants_of(con, view)) for view, name, definition in rows
    ]


def _names(resource_id: str, index_names: list[str]) -> Iterator[tuple[str, str]]:
    yield "SEQUENCE", f"{resource_id}__id_seq"
    yield "INDEX", f"{resource_id}_pkey"
    for name in index_names:
        yield "INDEX", name
