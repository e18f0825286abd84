"""What all declarations share: sectors, publishers, licences, units, codelists.

Each is a YAML file under `model/registry/`, or a CSV under `model/codelists/`; a declaration
names an entry by its id.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TypeVar

from pydantic import Field, HttpUrl

from model import areas
from model.errors import DeclarationError
from model.text import Bilingual, Code, Frozen, Name, Text, did_you_mean, fold
from model.yaml_file import YamlFile, parse_as

REGISTRY_DIR = Path(__file__).parent / "registry"
CODELIST_DIR = Path(__file__).parent / "codelists"
LINEAGE_DIR = Path(__file__).parent / "lineages"


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
    parent: str | None = None  # of an area: the code of what it lies in

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it is called."""
        return (self.name.vi, self.name.en, *self.aliases)


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
    def _by_name(self) -> tuple[tuple[Callable[[str], str], dict[str, set[str]]], ...]:
        # As it is written first: "nga" is how some publishers write the code of Nigeria, "Nga"
        # is Russia in Vietnamese. Then with its marks, so that Thanh Hóa is no Thanh Hòa.
        return tuple((way, self._index(way)) for way in (str, areas.spelling, fold))

    def _index(self, way: Callable[[str], str]) -> dict[str, set[str]]:
        index: dict[str, set[str]] = {}
        for entry in self.entries:
            for name in entry.names:
                index.setdefault(way(name), set()).add(entry.code)
        return index

    @cached_property
    def _units(self) -> tuple[tuple[Callable[[str], str], dict[str, list[areas.Unit]]], ...]:
        """The areas by their names with marks, and by all names without."""
        units = [entry for entry in self.entries if entry.kind in areas.KINDS]
        marked = [(entry, (entry.name.vi, *entry.aliases)) for entry in units]
        every = [(entry, entry.names) for entry in units]
        return tuple(
            (way, areas.by_name(chain.from_iterable(
                areas.units(entry.code, entry.kind, names) for entry, names in named), way))
            for way, named in ((areas.spelling, marked), (areas.plain, every))
        )

    def find(self, label: str, within: str | None = None, nearest: bool = True) -> str:
        """Return the code that `label` means: a code, or a name without regard to diacritics.

        An area may be named with or without its kind and what it lies in.

        Args:
            label: what the source says.
            within: the code of the area that it must lie in.
            nearest: whether to look for the nearest name of an unknown one, which takes a while.

        Raises:
            ValueError: unknown (with the nearest known name) or ambiguous (with the codes).
        """
        text = label.strip()
        if text in self.codes:
            if self._inside({text}, within):
                return text
            raise ValueError(
                f"{label!r} is {self.told({text})} in codelist {self.id}, not within {within}"
            )
        found, other = self.named(text, within)
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise ValueError(
                f"{label!r} is ambiguous in codelist {self.id}: it can mean {self.told(found)}"
            )
        hint = self._hint(text, other) if nearest else ""
        raise ValueError(f"{label!r} is not in codelist {self.id}{hint}")

    def named(self, name: str, within: str | None = None) -> tuple[set[str], set[str]]:
        """Return the codes that a name can mean, and the areas of this name but another kind."""
        found: set[str] = set()
        for way, index in self._by_name:
            found = self._inside(index.get(way(name), set()), within)
            if len(found) == 1:
                return found, set()
        other: set[str] = set()
        for way, units in self._units:
            # "Xã Tam Thanh" is not Xã Tam Thành; "Tam Thanh", without a mark, may be either.
            if not found and not (way is areas.spelling and name.isascii()):
                matched, of_other_kind = areas.match(name, units, way)
                found = self._inside(matched, within)
                other |= self._inside(of_other_kind, within)
        return found, other

    def _inside(self, codes: set[str], within: str | None) -> set[str]:
        if within is None:
            return codes
        return {code for code in codes if self.codes[code].parent == within}

    def told(self, codes: Iterable[str]) -> str:
        """Return codes with their names, for people."""
        listed = [f"{code} ({self.codes[code].name.vi})" for code in sorted(codes)]
        more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
        return ", ".join(listed[:6]) + more

    def _hint(self, text: str, of_other_kind: set[str]) -> str:
        if of_other_kind:
            kinds = ", ".join(sorted({self.codes[code].kind for code in of_other_kind}))
            return f", which has of this name only a unit of another kind ({kinds}):" \
                f" {self.told(of_other_kind)}"
        _, folded = self._by_name[-1]
        near = did_you_mean(fold(text), set(folded) if len(text) < 60 else set())
        return f" ({near})" if near.startswith("did") else ""


class Lineage(Frozen):
    """What became of each area of a codelist in the codelist that took its place."""

    old: Name
    new: Name
    pairs: tuple[tuple[str, str], ...]  # old code, new code

    @cached_property
    def successors(self) -> dict[str, set[str]]:
        """The new areas of each old one: more than one where it was split."""
        return _grouped(self.pairs)

    @cached_property
    def predecessors(self) -> dict[str, set[str]]:
        """The old areas of each new one: more than one where they were merged."""
        return _grouped((new, old) for old, new in self.pairs)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, set()).add(value)
    return groups


class Registries(Frozen):
    """All registries, by id."""

    sectors: dict[str, Sector]
    publishers: dict[str, Publisher]
    licences: dict[str, Licence]
    units: dict[str, Unit]
    codelists: dict[str, Codelist]
    lineages: dict[str, Lineage] = {}  # by the id of the old codelist


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
        lineages={path.stem: load_lineage(path) for path in sorted(LINEAGE_DIR.glob("*.csv"))},
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

    A list of areas may have a column `parent`: the code of what each lies in.

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
                parent=row.get("parent"),
            )
        )
    return Codelist(
        id=path.stem, vintage=head.removeprefix("# vintage: ").strip(), entries=tuple(entries)
    )


def load_lineage(path: Path) -> Lineage:
    """Load a lineage: CSV with old and new codes, a line for each pair.

    The file has the name of the old codelist; its first line names the new one:
    `# to: vn_ward_2025`.
    """
    with path.open(encoding="utf-8", newline="") as file:
        head = file.readline()
        if not head.startswith("# to: "):
            raise DeclarationError(
                "the first line does not name the new codelist", where=f"{path}:1",
                todo="write e.g. `# to: vn_ward_2025`",
            )
        pairs = tuple((row["old"], row["new"]) for row in csv.DictReader(file))
    return Lineage(old=path.stem, new=head.removeprefix("# to: ").strip(), pairs=pairs)
