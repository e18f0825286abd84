"""A resource that has a table, by its id."""

from __future__ import annotations

import uuid

from model.errors import PortalError
from portal.ckan.client import Client, Refused


def checked(resource_id: str) -> str:
    """Return a resource id that is a UUID: the only kind that is used as a table's name here.

    Raises:
        PortalError: it is none.
    """
    try:
        if str(uuid.UUID(resource_id)) == resource_id:
            return resource_id
    except ValueError:
        pass
    raise PortalError(
        f"{resource_id!r} is not the id of a resource",
        todo="give the resource's UUID, in lower case with hyphens",
    )


def drop_by_api(client: Client, resource_id: str) -> None:
    """Drop the table as CKAN does: with its aliases, and the resource no longer says it has one."""
    try:
        client.again(
            lambda: client.call("datastore_delete", {"resource_id": resource_id, "force": True})
        )
    except Refused as refused:
        if not refused.missing:
            raise
