"""What the faces know of a site: its list of datasets, and the files of each."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from portal.api.catalogue import DATASETS

Json = dict[str, Any]


def read_index(path: Path) -> Json:
    """Return what the index at `path` says of files made before; nothing where it says nothing."""
    try:
        found: Json = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # all is made again
    return found


@dataclass(frozen=True)
class SiteFiles:
    """The published files of the site in a `folder`."""

    folder: Path

    def datasets(self) -> dict[str, Json]:
        """Return the entries of `api/datasets.json` whose figures are public.

        By the id of the dataset without a slash: `finance-gdp`.
        """
        listed = _read(self.folder / DATASETS)["datasets"]
        return {entry["id"].replace("/", "-"): entry for entry in listed if entry["public"]}

    def path(self, entry: Json, ending: str) -> Path:
        """Return the path of a dataset's file: the name in its `entry`, and the `ending`."""
        return self.folder / "datasets" / entry["id"] / (entry["name"] + ending)

    def cube(self, entry: Json) -> Json:
        """Return a dataset as JSON-stat."""
        return _read(self.path(entry, "-jsonstat.json"))


def _read(path: Path) -> Json:
    """Return a JSON file, read again only when it was written to."""
    found = path.stat()
    return _read_as_of(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=16)
def _read_as_of(path: Path, *_: int) -> Json:
    found: Json = json.loads(path.read_bytes())
    return found
