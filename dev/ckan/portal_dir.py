"""The layout of the folder that holds the whole portal: programs, data, logs, secrets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PortalDir:
    """The paths inside the portal's folder. Nothing of the portal lies outside `root`."""

    root: Path

    @property
    def logs(self) -> Path:
        """Folder of the logs, one for each service and installation step."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Folder of the pid files."""
        return self.root / "run"

    @property
    def venv(self) -> Path:
        """CKAN's own virtual environment."""
        return self.root / "venv"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """Folder of Redis's configuration and dump."""
        return self.root / "redis"

    @property
    def solr(self) -> Path:
        """Folder of Solr: its jars, classes, configuration and index."""
        return self.root / "solr"

    @property
    def ckan(self) -> Path:
        """Folder of CKAN's configuration, uploads and web assets."""
        return self.root / "ckan"

    @property
    def ini(self) -> Path:
        """CKAN's configuration file."""
        return self.ckan / "ckan.ini"

    @property
    def storage(self) -> Path:
        """Folder of the uploaded files."""
        return self.ckan / "storage"

    @property
    def token(self) -> Path:
        """File with the sysadmin's API token."""
        return self.root / "token"

    @property
    def description(self) -> Path:
        """File from which clients read how to reach the portal."""
        return self.root / "portal.json"

    def log(self, name: str) -> Path:
        """Return the log of one service or step."""
        return self.logs / f"{name}.log"

    def make_folders(self) -> None:
        """Create the folders that every step needs.

        The root is readable by others since PostgreSQL runs as another user; secrets are files of
        mode 0600.
        """
        for folder in (self.root, self.logs, self.run, self.redis, self.solr, self.ckan):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)


def default_folder() -> Path:
    """Return `$OPENINDICATORS_DATA_DIR/portal`, or `data/portal` where that is not set."""
    return Path(os.environ.get("OPENINDICATORS_DATA_DIR") or "data") / "portal"
