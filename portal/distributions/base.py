"""The interface of a distribution: one format in which a release is offered for download."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

from model.declarations.dataset import Dataset
from model.declarations.yaml_file import YamlFile
from model.records.release import FileRecord
from portal.content import Content
from portal.metadata.dcat import FileFormat

WrittenFile = tuple[FileRecord, "Distribution"]
Properties = Callable[[Content], dict[str, Any]]
Writer = Callable[[Content, Path, Sequence[WrittenFile]], None]


class Distribution(FileFormat):
    """One format of download.

    name: of the file, with `{name}` for the dataset's.
    write: writes the file at a path that does not exist; the same release gives the same bytes.
        The files written before are given, because the Data Package lists them.
    package_properties: what the Data Package says of the file: `type`, `schema`, `dialect`. A file
        that is no table needs a `type` of its own where readers would guess one from its content
        (frictionless takes a JSON file with a member `checks` for metadata).
    most_rows: a release with more is not offered in it.
    """

    name: str
    write: Writer
    package_properties: Properties
    most_rows: int | None = None

    @classmethod
    def described(
        cls, key: str, write: Writer, package_properties: Properties = lambda _: {}
    ) -> Self:
        """Return the distribution whose name and words distributions.yaml has under a `key`.

        `write` and `package_properties` are as for the class.
        """
        words = _descriptions()[key]
        return cls(**words, write=write, package_properties=package_properties)

    def holds(self, content: Content) -> bool:
        """Whether a release of so many rows as that of `content` is offered in this format."""
        return self.most_rows is None or content.release.rows <= self.most_rows

    def file_name(self, dataset: Dataset) -> str:
        """Return the name of a dataset's file."""
        return self.name.format(name=dataset.name)


@cache
def _descriptions() -> dict[str, dict[str, Any]]:
    return YamlFile.read(Path(__file__).with_name("distributions.yaml")).mapping()
