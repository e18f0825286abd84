"""One package on the portal: read, and written only as long as nobody else has written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from model.errors import PortalError
from portal.ckan.client import ActionRefused, CkanClient, FileUpload, write_once
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.state import DesiredState


class Changed(PortalError):
    """Somebody else changed the package between our reading and our writing."""


class Package:
    """A dataset's package.

    Args:
        client: the portal.
        wanted: what it should become.
        shown: how the portal shows it; None where it is not there.
    """

    def __init__(self, client: CkanClient, wanted: DesiredState, shown: Fields | None) -> None:
        self.client = client
        self.wanted = wanted
        self.id = wanted.id
        self._shown = shown

    @property
    def now(self) -> Fields:
        """The package as the portal answered last.

        Raises:
            PortalError: it is not there.
        """
        if self._shown is None:
            raise PortalError(
                "the package is not there any more", where=self.wanted.dataset,
                todo="run `plan` to see what the portal has",
            )
        return self._shown

    @property
    def resources(self) -> dict[str, Fields]:
        """Its resources by their ids."""
        return {resource["id"]: resource for resource in self.now["resources"]}

    def read(self) -> Fields:
        """Ask the portal how it shows the package."""
        shown: Fields = self.client.read("package_show", id=self.id)
        self._shown = shown
        return shown

    def create(self, package: Fields) -> None:
        """Make the package.

        Raises:
            ActionRefused: CKAN's own words. OutcomeUnknown: no answer.
        """
        def act() -> None:
            try:
                self._shown = self.client.call("package_create", package)
            except ActionRefused as error:
                raise _explained(error, self.wanted) from error

        write_once(self.client, act, self._exists)

    def revise(
        self, data: Fields, reached: Callable[[], bool], uploads: tuple[FileUpload, ...] = ()
    ) -> None:
        """Change the package, unless somebody else has changed it since it was read.

        Args:
            data: what `package_revise` takes besides `match`.
            reached: reads the package and tells whether it was changed so.
            uploads: files that go with it.

        Raises:
            Changed: somebody else was quicker.
            ActionRefused: CKAN's own words. OutcomeUnknown: no answer.
        """
        match = {"id": self.id, "metadata_modified": self.now["metadata_modified"]}

        def act() -> None:
            answer: Any = self.client.call("package_revise", {"match": match, **data}, uploads)
            self._shown = answer["package"]

        try:
            write_once(self.client, act, reached)
        except ActionRefused as error:
            if error.unmatched:
                raise Changed(
                    "somebody else changed the dataset at the same time",
                    where=self.wanted.dataset, todo="run `plan` to see how it stands now",
                ) from error
            raise _explained(error, self.wanted) from error

    def replace(self, resources: list[Fields], right: Callable[[Fields], bool]) -> None:
        """Give the package other resources; `right` tells whether one is as it should be."""
        before = self.now["metadata_modified"]

        def reached() -> bool:
            shown = self.read()
            return shown["metadata_modified"] != before and all(map(right, shown["resources"]))

        self.revise({"filter": ["-resources"], "update": {"resources": resources}}, reached)

    def _exists(self) -> bool:
        try:
            self.read()
        except ActionRefused as error:
            if error.missing:
                return False
            raise
        return True


def _explained(error: ActionRefused, wanted: DesiredState) -> ActionRefused:
    """Say what to do about the refusals that are to be expected."""
    todo = error.todo
    if error.says("name"):
        todo = (
            f"another dataset has the address {wanted.fields['name']!r}: give that one"
            " another address on the portal, or this dataset another name"
        )
    elif error.says("id"):
        todo = (
            "the dataset is there already, made by another publisher at the same time, or"
            " deleted by a person: run `plan` to see how it stands"
        )
    elif error.says("upload") or "upload" in error.what:
        todo = "raise ckan.max_resource_size on the portal; readers still get the old release"
    return ActionRefused(
        error.what, where=f"{wanted.dataset} on {error.where}", todo=todo,
        status=error.status, error=error.error,
    )
