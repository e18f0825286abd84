"""What all declarations share: sectors, publishers, licences, units, codelists.

Each is a YAML file under `model/registry/`, or a CSV under `model/codelists/`; a declaration
names an entry by its id.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import Field, HttpUrl

from model.errors import DeclarationError
from model.text import Bilingual, Code, Frozen, Name, Text, did_you_mean, fold
from model.yaml_file import YamlFile, parse_as

REGISTRY_DIR = Path(__file__).parent / "registry"
CODELIST_DIR = Path(__file__).parent / "codelists"


class Sector(Frozen):
    """A sector of the city's resolution: the group of a dataset."""

    id: Name
    title: Bilingual
    description: Bilingual
    theme: HttpUrl  # EU data-theme vocabulary, for DCAT


class Publisher(Frozen):
    """Who publishes the figures (DCAT publisher)."""

    id: Name
    name: Bilingual
    homepage: HttpUrl
    email: Text | None = None
    kind: HttpUrl  # ADMS publisher type, for DCAT


class Licence(Frozen):
    """Under which terms figures may be used (DCAT licence)."""

    id: Code
    title: Bilingual
    url: HttpUrl
    open: bool
    attribution: Bilingual | None = None
    eu_uri: HttpUrl | None = None  # EU licence vocabulary, where it has an entry


class Unit(Frozen):
    """A unit of measure (SDMX UNIT_MEASURE)."""

    id: Name
    name: Bilingual
    symbol: Bilingual | None = None


class CodeEntry(Frozen):
    """One code of a codelist, with its names in both languages."""

    code: str = Field(min_length=1)
    name: Bilingual
    kind: str = ""
    aliases: tuple[str, ...] = ()


class Codelist(Frozen):
    """A list of codes, with the vintage in which they mean what they mean."""

    id: Name
    vintage: str
    entries: tuple[CodeEntry, ...]

    @cached_property
    def codes(self) -> dict[str, CodeEntry]:
        """Every entry by its code."""
        return {entry.code: entry for entry in self.entries}

    @cached_property
    def _by_exact_name(self) -> dict[str, set[str]]:
        # "nga" is how some publishers write the code of Nigeria; "Nga" is Russia in Vietnamese.
        return self._index(str)

    @cached_property
    def _by_name(self) -> dict[str, set[str]]:
        return self._index(fold)

    def _index(self, spelling: Callable[[str], str]) -> dict[str, set[str]]:
        index: dict[str, set[str]] = {}
        for entry in self.entries:
            for name in (entry.name.vi, entry.name.en, *entry.aliases):
                index.setdefault(spelling(name), set()).add(entry.code)
        return index

    def find(self, label: str) -> str:
        """Return the code that `label` means: a code, or a name without regard to diacritics.

        Raises:
            ValueError: unknown (with the nearest known name) or ambiguous (with the codes).
        """
        text = label.strip()
        if text in self.codes:
            return text
        found = self._by_exact_name.get(text, set())
        if len(found) != 1:
            found = self._by_name.get(fold(text), set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise ValueError(
                f"{label!r} is ambiguous in codelist {self.id}: it can mean {sorted(found)}"
            )
        near = did_you_mean(fold(text), set(self._by_name) if len(text) < 60 else set())
        raise ValueError(
            f"{label!r} is not in codelist {self.id}"
            + (f" ({near})" if near.startswith("did") else "")
        )


class Registries(Frozen):
    """All registries, by id."""

    sectors: dict[str, Sector]
    publishers: dict[str, Publisher]
    licences: dict[str, Licence]
    units: dict[str, Unit]
    codelists: dict[str, Codelist]


T = TypeVar("T", bound=Frozen)


def load_registries(registry: Path = REGISTRY_DIR, codelists: Path = CODELIST_DIR) -> Registries:
    """Load every registry.

    Raises:
        DeclarationError: names file and line of what is wrong.
    """
    return Registries(
        sectors=_load(registry / "sectors.yaml", Sector),
        publishers=_load(registry / "publishers.yaml", Publisher),
        licences=_load(registry / "licences.yaml", Licence),
        units=_load(registry / "units.yaml", Unit),
        codelists={path.stem: load_codelist(path) for path in sorted(codelists.glob("*.csv"))},
    )


def _load(path: Path, kind: type[T]) -> dict[str, T]:
    document = YamlFile.read(path)
    entries = document.mapping()
    return {
        key: parse_as(kind, {"id": key, **value}, document, (key,))
        for key, value in entries.items()
    }


def load_codelist(path: Path) -> Codelist:
    """Load a codelist: CSV with code, name_vi, name_en, kind, aliases (separated by `|`).

    The first line is a comment that gives the vintage: `# vintage: VN:2025-07-01`.
    """
    with path.open(encoding="utf-8", newline="") as file:
        head = file.readline()
        if not head.startswith("# vintage: "):
            raise DeclarationError(
                "the first line does not give the vintage",
                where=f"{path}:1",
                todo="write e.g. `# vintage: VN:2025-07-01`",
            )
        rows = list(csv.DictReader(file))
    entries = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=3):
        if row["code"] in seen:
            raise DeclarationError(
                f"code {row['code']!r} appears twice", where=f"{path}:{number}",
                todo="remove one of the two lines",
            )
        seen.add(row["code"])
        entries.append(
            CodeEntry(
                code=row["code"],
                name=Bilingual(vi=row["name_vi"], en=row["name_en"]),
                kind=row["kind"],
                aliases=tuple(filter(None, row["aliases"].split("|"))),
            )
        )
    return Codelist(
        id=path.stem, vintage=head.removeprefix("# vintage: ").strip(), entries=tuple(entries)
    )
