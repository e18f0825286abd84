"""The door of this folder: what every format of download is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.util.text import Bilingual
from portal.content import Content


class Distribution(Protocol):
    """One format. Properties, so that a module with these names is one of these."""

    @property
    def title(self) -> Bilingual:
        """What people call it."""
        ...

    @property
    def purpose(self) -> Bilingual:
        """Whom it is for, in one short sentence."""
        ...

    @property
    def media_type(self) -> str:
        """The IANA media type."""
        ...

    @property
    def file_type(self) -> str:
        """The code in the EU vocabulary "file-type", for DCAT."""
        ...

    def file_name(self, dataset: Dataset) -> str:
        """Return the name of the file."""
        ...

    def write(self, content: Content, path: Path, others: Sequence[FileRecord]) -> None:
        """Write the file; the same release gives the same bytes.

        Args:
            content: the release.
            path: the file to write; it does not exist.
            others: the files written before this one (the Data Package lists them).
        """
        ...
