"""The interface of a distribution: one format in which a release is offered for download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from portal.content import Content
from portal.metadata.dcat import FileFormat


class Distribution(FileFormat, Protocol):
    """One format. Properties, so that a module with these names is one of these."""

    def file_name(self, dataset: Dataset) -> str:
        """Return the name of the file."""
        ...

    def package_properties(self, content: Content) -> dict[str, Any]:
        """Return what the Data Package says of the file: `type`, `schema`, `dialect`.

        A file that is no table needs a `type` of its own where readers would otherwise guess one
        from its content (frictionless takes a JSON file with a member `checks` for metadata).
        """
        ...

    def write(self, content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
        """Write the file; the same release gives the same bytes.

        Args:
            content: the release.
            path: the file to write; it does not exist.
            others: the files written before this one (the Data Package lists them).
        """
        ...


WrittenFile = tuple[FileRecord, Distribution]
