"""Reading a table back, and proving that it is the release."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from model.errors import PortalError
from portal.ckan.datastore.database import copy_out, select
from portal.ckan.datastore.layout import Connection, aside
from portal.ckan.datastore.rows import Comparison, Counts, with_id


def check_against_release(con: Connection, resource_id: str, both: Comparison) -> None:
    """Read the new table back and compare its checksum with that of the release's file."""
    path = both.folder / "read-back.csv"
    there = copy_out(con, select(aside(resource_id), both.shape.names), both.shape.arrow, path)
    both.con.register("read_back", there)
    found, wanted = both.fingerprint("read_back"), both.fingerprint("wanted")
    both.con.unregister("read_back")
    path.unlink()
    expect(found, wanted, resource_id, "rows, sum and exclusive or of their checksums")


def compare(con: Connection, resource_id: str, both: Comparison) -> Counts:
    """Read the table as it is and compare it with the release, row by row."""
    path = both.folder / "there.csv"
    schema = with_id(both.shape)
    both.arrive(copy_out(con, select(resource_id, schema.names), schema, path))
    path.unlink()
    return both.compare()


def rows_of(con: Connection, table: str) -> int:
    """Return how many rows a table has."""
    row = con.execute(
        sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))
    ).fetchone()
    return int(row[0]) if row else 0


def expect(found: Any, wanted: Any, resource_id: str, what: str) -> None:
    """Make sure that what was read back is what the release has.

    Raises:
        PortalError: it is not; `what` names it.
    """
    if found != wanted:
        raise PortalError(
            f"the table read back is not the release: {what} are {found} and should be {wanted}",
            where=f"resource {resource_id}",
            todo="publish again; if it happens again, look into the database's log",
        )
