"""The lines of the log and of its heads."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, RootModel

from model.util.hashing import sha256_json
from model.util.text import Frozen
from portal.site_folder.state import ReleaseState

FOLDER, ENTRIES, HEADS = "log", "entries.jsonl", "heads.jsonl"


class ReleaseEntry(Frozen):
    """A release as it was published.

    dataset, number, issued: of the release.
    record: checksum of the release's own record, which names that of its figures.
    files: checksum of the names and checksums of the files offered, see `files_checksum`; newer
        code may make them again, which is another entry with the same `record`.
    """

    kind: Literal["release"] = "release"
    dataset: str
    number: int
    issued: datetime
    record: str
    files: str


class LossEntry(Frozen):
    """A release that was lost, and that a person gave up; its number stays used."""

    kind: Literal["loss"] = "loss"
    dataset: str
    number: int


class KeyEntry(Frozen):
    """The key that signs from here on.

    public: minisign's public key.
    statement: signature of `public` by the key before it; empty for the first.
    """

    kind: Literal["key"] = "key"
    public: str
    statement: str = ""


class LogLine(
    RootModel[Annotated[ReleaseEntry | LossEntry | KeyEntry, Field(discriminator="kind")]]
):
    """A line of `entries.jsonl`."""


class Head(Frozen):
    """The log after a publication.

    size: its lines.
    root: of their Merkle tree.
    catalogue: checksum of the site's `catalogue.json`, which has those of all pages and datasets.
    key: the public key that signed; empty for none.
    signature: of `text`.
    """

    size: int
    root: str
    catalogue: str
    time: datetime
    key: str = ""
    signature: str = ""

    @property
    def text(self) -> str:
        """What is signed."""
        return (
            f"openindicators transparency log\nsize {self.size}\nroot {self.root}\n"
            f"catalogue {self.catalogue}\ntime {self.time:%Y-%m-%dT%H:%M:%SZ}\n"
        )


def files_checksum(release: ReleaseState) -> str:
    """Return the checksum of the names and checksums of every file that a release offered."""
    return sha256_json(sorted({(f.name, f.sha256) for f in (*release.files, *release.superseded)}))
