"""The folder that holds everything of the portal: programs, data, logs, secrets."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from model.errors import PortalError
from model.util.disk import atomic_write

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Home:
    """Where each thing is. Nothing of the portal lies outside `root`."""

    root: Path

    @property
    def logs(self) -> Path:
        """Return the folder of the logs, one for each service and installation step."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Return the folder of the pid files."""
        return self.root / "run"

    @property
    def venv(self) -> Path:
        """Return CKAN's own virtual environment."""
        return self.root / "venv"

    @property
    def postgres(self) -> Path:
        """Return PostgreSQL's data folder."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """Return the folder of Redis's configuration and dump."""
        return self.root / "redis"

    @property
    def solr(self) -> Path:
        """Return the folder of Solr: its jars, classes, configuration and index."""
        return self.root / "solr"

    @property
    def ckan(self) -> Path:
        """Return the folder of CKAN's configuration, uploads and web assets."""
        return self.root / "ckan"

    @property
    def ini(self) -> Path:
        """Return CKAN's configuration file."""
        return self.ckan / "ckan.ini"

    @property
    def storage(self) -> Path:
        """Return the folder of the uploaded files."""
        return self.ckan / "storage"

    @property
    def token(self) -> Path:
        """Return the file with the sysadmin's API token."""
        return self.root / "token"

    @property
    def description(self) -> Path:
        """Return the file that tells clients how to reach the portal."""
        return self.root / "portal.json"

    def log(self, name: str) -> Path:
        """Return the log of one service or step."""
        return self.logs / f"{name}.log"

    def make_folders(self) -> None:
        """Make the folders that every step needs.

        The root is readable by others since PostgreSQL runs as another user; secrets are files of
        mode 0600.
        """
        for folder in (self.root, self.logs, self.run, self.redis, self.solr, self.ckan):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)


def default_home() -> Path:
    """Return `$OPENINDICATORS_DATA_DIR/portal`, or `data/portal` where that is not set."""
    return Path(os.environ.get("OPENINDICATORS_DATA_DIR") or "data") / "portal"


def fingerprint(*parts: str | Path) -> str:
    """Return a sha-256 over texts and the contents of files: what a built part depends on."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def is_stamped(stamp: Path, value: str) -> bool:
    """Tell whether a part was finished for exactly this fingerprint."""
    return stamp.is_file() and stamp.read_text() == value


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    with atomic_write(path, PortalError) as aside:
        aside.touch(mode=0o600, exist_ok=False)
        aside.write_text(text)
