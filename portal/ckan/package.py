"""What is written to the portal piece by piece: packages, organisations and groups.

A package is written only as long as nobody else has written. Organisations and groups are created
where they are missing, never changed afterwards: a portal's own text about a department is better
than ours.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from model.errors import PortalError
from portal.ckan.client import ActionRefused, CkanClient, FileUpload, write_once
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.state import DesiredState


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


# Fields of a resource that make CKAN delete its file.
CLEARED = {"clear_upload": True, "url": "", "url_type": "upload"}


class ConcurrentEdit(PortalError):
    """Somebody else changed the package between our reading and our writing."""


class Package:
    """A dataset's package.

    client: the portal.
    desired: what it should become.
    actual: as the portal has it; None where it does not exist.
    """

    def __init__(self, client: CkanClient, desired: DesiredState, actual: Fields | None) -> None:
        self.client = client
        self.desired = desired
        self.id = desired.id
        self._actual = actual

    @property
    def actual(self) -> Fields:
        """The package in the portal's last response; PortalError where it does not exist."""
        if self._actual is None:
            raise PortalError(
                "the package no longer exists on the portal", where=self.desired.dataset,
                todo="run `plan` to see what the portal has",
            )
        return self._actual

    @property
    def resources(self) -> dict[str, Fields]:
        """Its resources by their ids."""
        return {resource["id"]: resource for resource in self.actual["resources"]}

    def read(self) -> Fields:
        """Read the package from the portal."""
        actual: Fields = self.client.read("package_show", id=self.id)
        self._actual = actual
        return actual

    def create(self, package: Fields) -> None:
        """Create the package; raises as the client."""
        def write() -> None:
            self._actual = self.client.call("package_create", package)

        self._write_once(write, self._exists)

    def revise(
        self, data: Fields, reached: Callable[[], bool], uploads: tuple[FileUpload, ...] = ()
    ) -> None:
        """Change the package, unless somebody else has changed it since it was read.

        `data` are the parameters of `package_revise` besides `match`, `uploads` the files that go
        with it; `reached` reads the package and returns whether it was changed so. Raises
        ConcurrentEdit where somebody else was quicker, else as the client.
        """
        match = {"id": self.id, "metadata_modified": self.actual["metadata_modified"]}

        def write() -> None:
            result: Any = self.client.call("package_revise", {"match": match, **data}, uploads)
            self._actual = result["package"]

        self._write_once(write, reached)

    def replace_resources(self, resources: list[Fields], accepts: Callable[[Fields], bool]) -> None:
        """Give the package other `resources`; raises as `revise`.

        Of each resource that was read back, `accepts` says whether it is as it should be.
        """
        before = self.actual["metadata_modified"]

        def reached() -> bool:
            actual = self.read()
            return actual["metadata_modified"] != before and all(map(accepts, actual["resources"]))

        self.revise({"filter": ["-resources"], "update": {"resources": resources}}, reached)

    def _write_once(self, write: Callable[[], None], reached: Callable[[], bool]) -> None:
        try:
            write_once(self.client, write, reached)
        except ActionRefused as error:
            if error.unmatched:
                raise ConcurrentEdit(
                    "somebody else changed the dataset at the same time",
                    where=self.desired.dataset, todo="run `plan` to see its present state",
                ) from error
            raise _explained(error, self.desired) from error

    def _exists(self) -> bool:
        self._actual = self.client.read_if_exists("package_show", id=self.id)
        return self._actual is not None


def _explained(error: ActionRefused, desired: DesiredState) -> ActionRefused:
    """Say what to do about the refusals that are to be expected."""
    todo = error.todo
    if error.message_for("name"):
        todo = (
            f"another dataset has the address {desired.fields['name']!r}: give that one"
            " another address on the portal, or this dataset another name"
        )
    elif error.message_for("id"):
        todo = (
            "the dataset exists already, made by another publisher at the same time, or"
            " deleted by a person: run `plan` to see its state"
        )
    elif error.message_for("upload") or "upload" in error.what:
        todo = "raise ckan.max_resource_size on the portal; readers still get the old release"
    return ActionRefused(
        error.what, where=f"{desired.dataset} on {error.where}", todo=todo,
        status=error.status, error=error.error,
    )
