"""Organisations and groups: created where they are missing, never changed afterwards.

They belong to people: a portal's own text about a department is better than ours.
"""

from __future__ import annotations

from threading import Lock

from model.errors import PortalError
from portal.ckan.client import ActionRefused, CkanClient, write_once
from portal.ckan.desired.mapping import Fields


class Organisations:
    """Those of one portal; each is looked up once."""

    def __init__(self, client: CkanClient) -> None:
        self.client = client
        self._existing: set[tuple[str, str]] = set()
        self._lock = Lock()

    def ensure(self, organisation: Fields, group: Fields) -> None:
        """Create an `organisation` and a `group`, as `mapping` describes them, where missing.

        Raises PortalError where the token's account may not create them.
        """
        with self._lock:
            for kind, desired in (("organization", organisation), ("group", group)):
                if (kind, str(desired["name"])) not in self._existing:
                    self._create(kind, desired)
                    self._existing.add((kind, str(desired["name"])))

    def _create(self, kind: str, desired: Fields) -> None:
        name = desired["name"]

        def exists() -> bool:
            return self.client.read_if_exists(
                f"{kind}_show", id=name, include_extras=False, include_users=False,
                include_groups=False,
            ) is not None

        if exists():
            return
        try:
            write_once(self.client, lambda: self.client.call(f"{kind}_create", desired), exists)
        except ActionRefused as error:
            if not exists():  # another publisher may have created it just now
                raise PortalError(
                    f"the {kind} {name!r} is missing and cannot be created: {error.what}",
                    where=error.where,
                    todo=f"ask the portal's administrator to create the {kind} {name!r}, or to"
                    " give the token's account the right to create it",
                ) from error
