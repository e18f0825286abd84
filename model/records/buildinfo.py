"""What a release was made from, as it is published for those who make it again (Debian: buildinfo).

    buildinfo/projects.jsonl   in which files of the project a declaration and its suite stood
    buildinfo/files/<sha256>   those files, and the lists of them

The site has both, and beside them copies of the records, snapshots and acceptances of its releases.
"""

from model.records.validation_log import Acceptance, CheckAcceptance
from model.util.text import Frozen

FOLDER, PROJECTS, FILES = "buildinfo", "projects.jsonl", "files"
STATE = f"{FOLDER}/state.json"
ACCEPTED = "accepted.json"


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

    catalogue: the checksum of the site's catalogue that it is of.
    files: path in the site -> checksum.
    """

    catalogue: str
    files: dict[str, str]
