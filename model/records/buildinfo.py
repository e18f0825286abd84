"""What a release was made from, as it is published for those who make it again (Debian: buildinfo).

    buildinfo/projects.jsonl   in which files of the project a declaration and its suite stood
    buildinfo/files/<sha256>   those files, and the lists of them

The site has both, and beside them copies of the records, snapshots and acceptances of its releases.
What those say who did so is a statement: a JSON file that anybody can check without us, as
`minisign` verifies its signature over `Statement.text`. Who a builder is, and whether the key is
theirs, is for the reader to say: a key is made in a second.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from model.records.validation_log import Acceptance, CheckAcceptance
from model.util.hashing import canonical_json, sha256_bytes
from model.util.text import Frozen, Text

FOLDER, PROJECTS, FILES = "buildinfo", "projects.jsonl", "files"
STATE = f"{FOLDER}/state.json"
ACCEPTED = "accepted.json"
BUILDERS = "builders"  # of the data folder, and of the site
INDEX = f"{BUILDERS}/index.json"
Outcome = Literal["reproduced", "differs", "unchecked"]


class DeclaredIn(Frozen):
    """Where a declaration and its suite stood when a release was made.

    project: checksum of the list of the project's files: path -> checksum.
    """

    dataset: str
    profile: str
    declaration_sha256: str
    suite_sha256: str
    project: str


class Accepted(Frozen):
    """What people accepted of a dataset, without their names and the rows' values."""

    rows: tuple[Acceptance, ...]
    checks: tuple[CheckAcceptance, ...]


class BuildinfoState(Frozen):
    """What the site has of all this.

    inputs: checksum of the site's catalogue and the builders' statements that it is of.
    files: path in the site -> checksum.
    """

    inputs: str
    files: dict[str, str]


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


class BuiltBy(Frozen):
    """A builder's statement, for lists: who, since when, and its file in the site."""

    builder: str
    key: str
    made: datetime
    file: str


class BuildersIndex(Frozen):
    """Who made which release again, byte for byte: dataset -> number -> builders."""

    statements: tuple[BuiltBy, ...] = ()
    releases: dict[str, dict[int, tuple[str, ...]]] = {}

    @staticmethod
    def of(statements: Iterable[Statement], records: dict[tuple[str, int], str]) -> "BuildersIndex":
        """Return the list of `statements`; `records` has the record of each release now."""
        found: dict[str, dict[int, tuple[str, ...]]] = defaultdict(dict)
        listed = sorted(statements, key=lambda each: each.builder)
        for each in listed:
            for built in each.releases:
                name = built.dataset, built.number
                if built.outcome == "reproduced" and records.get(name) == built.record:
                    before = found[built.dataset].get(built.number, ())
                    found[built.dataset][built.number] = (*before, each.builder)
        return BuildersIndex(
            statements=tuple(
                BuiltBy(builder=e.builder, key=e.key, made=e.made, file=f"{BUILDERS}/{e.name}")
                for e in listed
            ),
            releases=dict(found),
        )
