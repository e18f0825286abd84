"""A draft that waits for review: a private dataset of its own, beside the public one.

Only its organisation sees it. Its identifiers are its own: nothing of the public dataset changes
until somebody approves. Then the draft is removed without a trace.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from model.records.release import Release
from model.records.validation import QualityRecord
from model.util.text import LocalizedText
from portal.base import ReleaseFiles
from portal.ckan.client import CkanClient
from portal.ckan.datastore.loader import TableLoader
from portal.ckan.desired.state import DRAFT_SUFFIX
from portal.ckan.package import CLEARED
from portal.metadata.identifiers import package_id

TITLE = LocalizedText(vi="[Bản thảo] {title}", en="[Draft] {title}")


@dataclass(frozen=True)
class DraftRelease:
    """A draft under a name of its own; satisfies `ReleaseFiles`."""

    files: ReleaseFiles

    @cached_property
    def release(self) -> Release:
        """The draft's record, as that of a dataset of its own."""
        release = self.files.release
        declaration = dict(release.declaration)
        title = {
            language: TITLE.get(language).format(title=text)
            for language, text in declaration["title"].items()
        }
        declaration |= {"name": declaration["name"] + DRAFT_SUFFIX, "title": title}
        return release.model_copy(
            update={"dataset": release.dataset + DRAFT_SUFFIX, "declaration": declaration}
        )

    @property
    def quality(self) -> QualityRecord:
        """The draft's quality record."""
        return self.files.quality

    def path(self, name: str) -> Path:
        """Return the path of one of the draft's files."""
        return self.files.path(name)


def remove(client: CkanClient, loader: TableLoader | None, dataset: str) -> None:
    """Remove the draft of a `dataset`: its tables (by `loader`), its files, then the package.

    Purging the package alone would leave tables and files behind (as CKAN 2.12 does). Raises
    PortalError with what the portal (`client`) said.
    """
    draft = package_id(dataset + DRAFT_SUFFIX)
    actual = client.read_if_exists("package_show", id=draft)
    if actual is None:
        return
    resources = actual["resources"]
    for resource in resources:
        if resource.get("datastore_active") and loader is not None:
            loader.drop(resource["id"])
    if resources:
        client.call(
            "package_revise",
            {
                "match": {"id": draft},
                "filter": ["-resources"],
                "update": {"resources": [{**resource, **CLEARED} for resource in resources]},
            },
        )
    client.call("dataset_purge", {"id": draft})
