"""The interface of a distribution: one format in which a release is offered for download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from portal.content import Content
from portal.metadata.dcat import FileFormat

WrittenFile = tuple[FileRecord, "Distribution"]


@dataclass(frozen=True)
class Distribution(FileFormat):
    """One format of download.

    name: of the file, with `{name}` for the dataset's.
    write: writes the file at a path that does not exist; the same release gives the same bytes.
        The files written before are given, because the Data Package lists them.
    package_properties: what the Data Package says of the file: `type`, `schema`, `dialect`. A file
        that is no table needs a `type` of its own where readers would guess one from its content
        (frictionless takes a JSON file with a member `checks` for metadata).
    """

    name: str
    write: Callable[[Content, Path, Sequence[WrittenFile]], None]
    package_properties: Callable[[Content], dict[str, Any]] = lambda _: {}

    def file_name(self, dataset: Dataset) -> str:
        """Return the name of a dataset's file."""
        return self.name.format(name=dataset.name)
