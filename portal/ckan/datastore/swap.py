"""One short transaction in which a replacement table takes the place of the old one."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from model.errors import PortalError
from portal.ckan.datastore import postgres
from portal.ckan.datastore.postgres import Connection, replacement, statement

# Readers that come after us wait as long as we wait for those before us: never long at a time.
LOCK_MILLISECONDS = 300
LOCK_TRIES = 100
PAUSE_SECONDS = 0.1

# Readers, or CKAN's own writers, were in the way; the transaction is rolled back and repeated.
BLOCKED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True)
class _View:
    oid: int
    name: str
    definition: str
    grants: tuple[tuple[str, str], ...]


def swap(con: Connection, resource_id: str, index_names: list[str], rows: int) -> None:
    """Give the replacement table the name of the old one, which is dropped if there is one.

    Aliases are dropped before the old table is locked and made again afterwards: the other way
    round a reader of an alias and this transaction wait for each other (seen as HTTP 500). `con` is
    in autocommit mode, `resource_id` is the table's name, `index_names` are the final names of its
    indexes, and `rows` goes to CKAN's cache of counts. Raises as `retry_on_lock`.
    """
    def _rename() -> None:
        oid = _oid(con, resource_id)
        views = _views(con, oid) if oid else []
        for view in reversed(views):
            con.execute(statement("DROP VIEW public.{}", view.name))
        if oid:
            con.execute(statement("LOCK TABLE public.{} IN ACCESS EXCLUSIVE MODE", resource_id))
            con.execute(statement("DROP TABLE public.{}", resource_id))
        for kind, name in _names(resource_id, index_names):
            con.execute(statement(
                "ALTER {} public.{} RENAME TO {}", sql.SQL(kind), replacement(name), name
            ))
        for view in views:
            # The definition is PostgreSQL's own text.
            con.execute(statement(
                "CREATE VIEW public.{} AS {}", view.name, sql.SQL(view.definition)
            ))
            _grant(con, view.name, view.grants)
        write_count(con, resource_id, rows)

    retry_on_lock(con, _rename, resource_id)


def lock_out_readers(con: Connection, resource_id: str) -> None:
    """Inside a transaction of `con`: wait for readers of `resource_id`, and let no new one in.

    CKAN reads a page of rows and their number in two statements. A commit between the two would
    show old rows with the new number. Raises as `retry_on_lock`.
    """
    lock = statement("LOCK TABLE public.{} IN ACCESS EXCLUSIVE MODE", resource_id)
    retry_on_lock(con, lambda: con.execute(lock), resource_id)


def retry_on_lock(con: Connection, work: Callable[[], object], resource_id: str) -> None:
    """Do `work` in a transaction (or savepoint) of `con` under a lock time-out until it succeeds.

    Raises PortalError, which names the table `resource_id`, after LOCK_TRIES tries.
    """
    timeout = f"{LOCK_MILLISECONDS}ms"
    for _ in range(LOCK_TRIES):
        try:
            with con.transaction():
                con.execute("SELECT set_config('lock_timeout', %s, true)", [timeout])
                work()
            return
        except BLOCKED:
            time.sleep(PAUSE_SECONDS)
    raise PortalError(
        "somebody holds a lock on the table for too long", where=f"resource {resource_id}",
        todo="look in pg_stat_activity for a statement that runs for minutes, then publish again; "
        "the old rows are still shown",
    )


def write_count(con: Connection, resource_id: str, rows: int) -> None:
    """Write the number of `rows` of the table `resource_id` into CKAN's cache, over `con`."""
    con.execute(
        "INSERT INTO _table_stats VALUES (%s, jsonb_build_object('rows', %s::bigint))"
        " ON CONFLICT (resource_id) DO UPDATE"
        " SET stats = jsonb_set(_table_stats.stats, '{rows}', to_jsonb(%s::bigint))",
        [resource_id, rows, rows],
    )


def copy_triggers(con: Connection, resource_id: str) -> None:
    """Give the replacement of `resource_id` the old table's triggers and CKAN's own, over `con`."""
    new = replacement(resource_id)
    con.execute(postgres.full_text_trigger(new))
    others = con.execute(
        "SELECT tgname, pg_get_triggerdef(t.oid), format(' ON %%I.%%I ', 'public', relname),"
        " tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid"
        " WHERE NOT tgisinternal AND tgname <> %s AND relname = %s"
        " AND relnamespace = 'public'::regnamespace",
        [postgres.FULL_TEXT_TRIGGER, resource_id],
    ).fetchall()
    for name, definition, on, enabled in others:
        before, _, after = definition.partition(on)
        con.execute(statement("{} ON public.{} {}", sql.SQL(before), new, sql.SQL(after)))
        if enabled == "D":
            con.execute(statement("ALTER TABLE public.{} DISABLE TRIGGER {}", new, name))


def copy_grants(con: Connection, resource_id: str) -> None:
    """Give the replacement of `resource_id` the grants of the old table, if any, over `con`."""
    oid = _oid(con, resource_id)
    if oid:
        _grant(con, replacement(resource_id), _grants_of(con, oid))


def _grants_of(con: Connection, oid: int) -> tuple[tuple[str, str], ...]:
    """Return grantees and privileges of a table or view, without its owner's."""
    rows = con.execute(
        "SELECT CASE grantee WHEN 0 THEN '' ELSE grantee::regrole::text END, privilege_type"
        " FROM pg_class c, aclexplode(c.relacl) WHERE c.oid = %s AND grantee <> relowner",
        [oid],
    ).fetchall()
    return tuple((grantee, privilege) for grantee, privilege in rows)


def _grant(con: Connection, name: str, grants: tuple[tuple[str, str], ...]) -> None:
    for grantee, privilege in grants:
        # regrole's text is quoted where it must be; an empty one stands for PUBLIC.
        role = sql.SQL(grantee or "PUBLIC")
        con.execute(statement("GRANT {} ON public.{} TO {}", sql.SQL(privilege), name, role))


def _oid(con: Connection, name: str) -> int | None:
    row = con.execute(
        "SELECT oid::bigint FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relname = %s AND relkind = 'r'", [name],
    ).fetchone()
    return int(row[0]) if row else None


def _views(con: Connection, oid: int) -> list[_View]:
    """Return the views on a table, and the views on those, each after what it depends on."""
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
    return [_View(view, name, definition, _grants_of(con, view)) for view, name, definition in rows]


def _names(resource_id: str, index_names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield all that bears the replacement's names until the swap, with its final name."""
    yield "TABLE", resource_id
    yield "SEQUENCE", f"{resource_id}__id_seq"
    for name in (f"{resource_id}_pkey", *index_names):
        yield "INDEX", name
