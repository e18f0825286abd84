"""What builders say of a site: which releases they made again, and signed with their key.

A statement is a JSON file that anybody can check without us: `minisign` verifies its signature over
the text of `Statement.text`. The data folder keeps those that the publisher has taken in,
`builders/<key>.json`, and the site shows them. Who a builder is, and whether their key is theirs,
is for the reader to say: a key is made in a second.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from model.errors import PortalError
from model.util.hashing import canonical_json, pretty_json, sha256_bytes
from model.util.text import Frozen, Text
from portal.transparency.signing import is_signed

FOLDER = "builders"
Outcome = Literal["reproduced", "differs", "unchecked"]


class BuiltRelease(Frozen):
    """A release that was made again.

    record: the checksum of the release's record, which has those of its figures.
    files: that of the files offered, as the log has it.
    why: what differs, or why it could not be checked; empty where it was reproduced.
    """

    dataset: str
    number: int
    record: str
    files: str
    outcome: Outcome
    why: str = ""


class Statement(Frozen):
    """What a builder found.

    builder: name of a person or an organisation.
    key: their public key.
    site: its address.
    made: when.
    versions: of the programs that made the releases.
    head: root and size of the log that the releases are in; empty where there is none.
    releases: all of them.
    signature: of `text`.
    """

    kind: Literal["openindicators rebuild"] = "openindicators rebuild"
    builder: Text
    key: str
    site: str
    made: datetime
    versions: dict[str, str]
    head: str
    releases: tuple[BuiltRelease, ...]
    signature: str = ""

    @property
    def text(self) -> str:
        """What is signed: a line that says what it is, and the checksum of all but the signature.
        """
        said = canonical_json(self.model_dump(mode="json", exclude={"signature"}))
        return f"{self.kind}\nsha256 {sha256_bytes(said.encode())}\n"

    @property
    def name(self) -> str:
        """The name of its file: a builder's newer statement replaces the older."""
        return f"{sha256_bytes(self.key.encode())[:16]}.json"


def parsed(data: bytes, where: str) -> Statement:
    """Return the statement in a file (`data`), signed by the key that it names.

    Raises:
        PortalError: it is none, or its signature is not right; `where` it is.
    """
    try:
        found = Statement.model_validate_json(data)
    except ValueError as error:
        raise PortalError(
            f"this is no builder's statement: {error}", where=where,
            todo="take the file that `openindicators rebuild SITE --statement FILE` wrote",
        ) from error
    if not is_signed(found.text, found.signature, found.key):
        raise PortalError(
            "the statement is not signed by the key that it names", where=where,
            todo="ask the builder for the file again",
        )
    return found


def statements(folder: Path) -> list[Statement]:
    """Return the statements in the `builders/` of a `folder`, by the builders' names.

    Raises PortalError where one is not signed.
    """
    found = [
        parsed(path.read_bytes(), str(path)) for path in sorted((folder / FOLDER).glob("*.json"))
    ]
    return sorted(found, key=lambda each: each.builder)


def document(statement: Statement) -> str:
    """Return a statement's file."""
    return pretty_json(statement)


def reproduced(
    statements: Iterable[Statement], record: str, dataset: str, number: int
) -> list[Statement]:
    """Return those of the `statements` that made the release `number` of a `dataset` again.

    `record` is the checksum of its record, which they must have found.
    """
    return [
        each for each in statements
        if any(
            (built.dataset, built.number, built.record, built.outcome)
            == (dataset, number, record, "reproduced")
            for built in each.releases
        )
    ]
