"""The facts of the embedded sample: a folder for each dataset, a CSV file for each vintage.

`source.yaml` states which URLs the facts answer, in which form, and where they were read.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.errors import DeclarationError
from model.util.hashing import sha256_file
from model.util.text import Code, Frozen, LocalizedText, Text

Form = Literal["worldbank", "pxweb", "gho", "csv"]
Fact = dict[str, str]


class SampleSource(Frozen):
    """`source.yaml` of a dataset's folder.

    urls: prefixes of the URLs that the facts answer.
    vintages: files of facts, oldest first, each named by its day of publication.
    transcribed: what was copied by hand, and what was checked of it.
    labels: by column of the facts, code to label. The key `columns` has the names of the columns
        themselves (PX-Web's dimensions).
    """

    urls: tuple[Text, ...] = Field(min_length=1)
    form: Form
    source: LocalizedText
    licence: Code
    read_on: date
    vintages: tuple[Text, ...] = Field(min_length=1)
    transcribed: Text | None = None
    labels: dict[str, dict[str, str]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Vintage:
    """What a source published on a day."""

    path: Path

    @property
    def day(self) -> date:
        """The day of publication: the file's name."""
        return date.fromisoformat(self.path.stem)

    @cached_property
    def etag(self) -> str:
        """The day and a short checksum of the facts."""
        return f'"{self.path.stem}-{sha256_file(self.path)[:12]}"'

    @cached_property
    def facts(self) -> list[Fact]:
        """The rows of the file, by column."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, strict=True))


@dataclass(frozen=True)
class Sample:
    """A dataset of the embedded sample."""

    dataset: str  # "<sector>/<dataset>"
    source: SampleSource
    vintages: tuple[Vintage, ...]

    def label(self, column: str, code: str) -> str:
        """Return the label of a `code` in a `column`, the code itself when it has none."""
        return self.source.labels.get(column, {}).get(code, code)

    def knows(self, indicator: str) -> bool:
        """Whether any vintage has this indicator."""
        return any(
            fact.get("indicator") == indicator for each in self.vintages for fact in each.facts
        )


def _load_sample(path: Path) -> Sample:
    """Load a `source.yaml` and its vintages.

    Raises:
        DeclarationError: file and line of what is wrong.
    """
    document = YamlFile.read(path)
    source = parse_as(SampleSource, document.mapping(), document)
    vintages = tuple(Vintage(path.parent / name) for name in source.vintages)
    for number, vintage in enumerate(vintages):
        where = document.where(("vintages", number))
        if vintage.path.parent != path.parent or not vintage.path.is_file():
            raise DeclarationError(
                f"there is no file {source.vintages[number]!r}", where=where,
                todo="put the vintage's facts beside this file",
            )
        try:
            later = number > 0 and vintage.day <= vintages[number - 1].day
        except ValueError as error:
            raise DeclarationError(
                "a vintage is not named by its day", where=where, todo="name it 2025-10-07.csv"
            ) from error
        if later:
            raise DeclarationError("vintages are not in order", where=where, todo="oldest first")
    return Sample(f"{path.parent.parent.name}/{path.parent.name}", source, vintages)


def load_samples(root: Path) -> list[Sample]:
    """Load every dataset of the sample, in order of their names."""
    return [_load_sample(path) for path in sorted(root.glob("*/*/source.yaml"))]
