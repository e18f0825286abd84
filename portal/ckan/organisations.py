"""Organisations and groups: made when they are missing, never changed afterwards.

They belong to people: a portal's own text about a department is better than ours.
"""

from __future__ import annotations

from threading import Lock

from model.errors import PortalError
from portal.ckan.client import ActionRefused, CkanClient, write_once
from portal.ckan.desired.mapping import Fields


class Organisations:
    """Those of one portal; each is looked for once."""

    def __init__(self, client: CkanClient) -> None:
        self.client = client
        self._there: set[str] = set()
        self._lock = Lock()

    def ensure(self, organisation: Fields, group: Fields) -> None:
        """Make sure that an organisation and a group are there.

        Raises:
            PortalError: the token's account may not make them.
        """
        with self._lock:
            self._ensure("organization", organisation)
            self._ensure("group", group)

    def _ensure(self, kind: str, wanted: Fields) -> None:
        name = str(wanted["name"])
        key = f"{kind} {name}"
        if key in self._there:
            return

        def exists() -> bool:
            try:
                self.client.read(f"{kind}_show", id=name, include_extras=False,
                                 include_users=False, include_groups=False)
            except ActionRefused as error:
                if error.missing:
                    return False
                raise
            return True

        if not exists():
            try:
                write_once(
                    self.client, lambda: self.client.call(f"{kind}_create", wanted) and None,
                    exists,
                )
            except ActionRefused as error:
                if not exists():  # another publisher may have made it just now
                    raise PortalError(
                        f"the {kind} {name!r} is missing and cannot be made: {error.what}",
                        where=error.where,
                        todo=f"ask the portal's administrator to make the {kind} {name!r}, or"
                        " give the token's account the right to make it",
                    ) from error
        self._there.add(key)
