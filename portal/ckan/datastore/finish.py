"""What a table still gets after it was swapped in, while readers go on."""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from portal.ckan.datastore import layout, swap
from portal.ckan.datastore.layout import Connection, Index


def building(resource_id: str, index: Index) -> Callable[[Connection], None]:
    """Return what builds an index of the table."""
    def job(con: Connection) -> None:
        # A build with CONCURRENTLY that was cut short leaves an invalid index under the name.
        swap.retried(lambda: _drop_invalid(con, index.name), resource_id)
        con.execute(index.statement(resource_id, index.name))

    return job


def _drop_invalid(con: Connection, name: str) -> None:
    with con.transaction():
        con.execute("SELECT set_config('lock_timeout', %s, true)", [f"{swap.LOCK_MILLISECONDS}ms"])
        con.execute(sql.SQL("DROP INDEX IF EXISTS public.{}").format(sql.Identifier(name)))


def enable_trigger(con: Connection, resource_id: str) -> None:
    """Let PostgreSQL fill the full text of rows that others write."""
    table, trigger = sql.Identifier(resource_id), sql.Identifier(layout.FULL_TEXT_TRIGGER)
    with con.transaction():
        con.execute("SELECT set_config('lock_timeout', %s, true)", [f"{swap.LOCK_MILLISECONDS}ms"])
        con.execute(
            sql.SQL(
                "CREATE OR REPLACE TRIGGER {} BEFORE INSERT OR UPDATE ON public.{}"
                " FOR EACH ROW EXECUTE FUNCTION populate_full_text_trigger()"
            ).format(trigger, table)
        )
        con.execute(sql.SQL("ALTER TABLE public.{} ENABLE TRIGGER {}").format(table, trigger))
