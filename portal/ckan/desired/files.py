"""The files of a release that CKAN should offer: their checksums, and the files on demand.

Checksums are stored in the data folder, so that a plan for an unchanged dataset writes no file:

    ckan/files/<sector>/<dataset>/<number>.json
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from model.errors import PortalError
from model.records.release import FileRecord
from model.util.disk import disk_errors, write_if_changed
from model.util.hashing import pretty_json, sha256_json
from model.util.text import Frozen
from portal.content import Content
from portal.distributions.registry import write_all


class FileChecksums(Frozen):
    """The files of a release, valid for one version of the code that makes them."""

    release_sha256: str
    made_by: str
    files: tuple[FileRecord, ...]


@dataclass
class FileBuilder:
    """Makes the files of releases in a temporary folder, and remembers their checksums.

    records: the folder of the checksums.
    folder: where files are made.
    version: of the code and the names that the files depend on.
    """

    records: Path
    folder: Path
    version: str
    _made: dict[tuple[str, int], tuple[FileRecord, ...]] = field(default_factory=dict)

    def files(self, content: Content) -> tuple[FileRecord, ...]:
        """Return the checksums of a release's files; none where it is not public.

        Raises PortalError where the release holds what no open format can carry, or the disk is
        full.
        """
        if not content.public:
            return ()
        known = self._read(content)
        return known.files if known else self._make(content)

    def path(self, content: Content, name: str) -> Path:
        """Return the path of a file by its `name`, made if need be from `content`; as `files`."""
        self._make(content)
        return self._folder(content) / name

    def remember(self, content: Content) -> None:
        """Store the checksums of a release whose files were made."""
        files = self._made.get(_key(content))
        if files is not None:
            made = FileChecksums(
                release_sha256=sha256_json(content.release), made_by=self.version, files=files,
            )
            write_if_changed(self._record(content), pretty_json(made), PortalError)

    def _make(self, content: Content) -> tuple[FileRecord, ...]:
        found = self._made.get(_key(content))
        if found is None:
            folder = self._folder(content)
            with disk_errors(folder, PortalError):
                folder.mkdir(parents=True)
                found = write_all(content, folder)
            self._made[_key(content)] = found
        return found

    def _folder(self, content: Content) -> Path:
        return self.folder / str(content.release.number)

    def _record(self, content: Content) -> Path:
        return self.records / content.release.dataset / f"{content.release.number}.json"

    def _read(self, content: Content) -> FileChecksums | None:
        try:
            text = self._record(content).read_text(encoding="utf-8")
            made = FileChecksums.model_validate_json(text)
        except (OSError, ValidationError, UnicodeDecodeError):
            return None  # to be made again
        same = (made.release_sha256, made.made_by) == (sha256_json(content.release), self.version)
        return made if same else None


@contextmanager
def open_builder(data_dir: Path, version: str) -> Iterator[FileBuilder]:
    """Open a file builder of a `version` in the data folder `data_dir`; its files go on leaving."""
    scratch = data_dir / "tmp"
    with disk_errors(scratch, PortalError):
        scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="ckan-", dir=scratch))
    try:
        yield FileBuilder(data_dir / "ckan" / "files", folder, version)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _key(content: Content) -> tuple[str, int]:
    return content.release.dataset, content.release.number
