"""What all declarations share: sectors, publishers, licences, units, places, codelists.

Each is a YAML file under `registry/`, or a CSV under `codelists/`; a declaration names an entry by
its id. A project adds its own in the files of the same names in its `registry/`, its codelists in
`registry/codelists/`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import HttpUrl

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.errors import DeclarationError
from model.reference.codelist import Codelist, load_codelist
from model.reference.reconciliation import Reconciliation, ReconciliationNote
from model.reference.succession import AreaSuccession, load_succession
from model.reference.targets import TargetRegistry, load_targets
from model.reference.units import Unit
from model.util.languages import languages
from model.util.text import Code, Frozen, LocalizedText, Name, Text

REGISTRY_DIR = Path(__file__).parent / "registry"
CODELIST_DIR = Path(__file__).parent / "codelists"
SUCCESSION_DIR = Path(__file__).parent / "succession_tables"


class Sector(Frozen):
    """A sector of the city's resolution: the group of a dataset."""

    id: Name
    title: LocalizedText
    description: LocalizedText
    theme: HttpUrl  # EU data-theme vocabulary, for DCAT


class Publisher(Frozen):
    """Who publishes the figures (DCAT publisher)."""

    id: Name
    name: LocalizedText
    homepage: HttpUrl
    email: Text | None = None
    kind: HttpUrl  # ADMS publisher type, for DCAT
    licence: Code | None = None  # of its figures, unless a declaration says otherwise


class Licence(Frozen):
    """Under which terms figures may be used (DCAT licence)."""

    id: Code
    title: LocalizedText
    url: HttpUrl
    open: bool
    attribution: LocalizedText | None = None
    eu_uri: HttpUrl | None = None  # EU licence vocabulary, where it has an entry
    excerpts: bool | None = None  # whether rows of the source's files may be shown; None: if open

    @property
    def shows_excerpts(self) -> bool:
        """Whether rows of the source's own files may be shown, as proof of a figure."""
        return self.open if self.excerpts is None else self.excerpts


class AreaGroup(Frozen):
    """Areas that declarations and suites name together, e.g. `areas: asean`."""

    id: Name
    title: LocalizedText
    areas: tuple[str, ...]


class CoveragePlace(Frozen):
    """A place that datasets cover, for `coverage` in their geography."""

    id: Name
    name: LocalizedText
    uri: Text | None = None  # GeoNames or EU place vocabulary, for DCAT spatial
    areas: dict[Name, Text] = {}  # by codelist: its code there, or "*" where it has all of them


class SimilarPlaces(Frozen):
    """By which figures the places of a codelist (`id`) are alike: dataset -> its indicator."""

    id: Name
    by: dict[Text, Code]


class SynonymGroup(Frozen):
    """Phrases, in any language, by which readers search for the same thing."""

    id: Name
    phrases: tuple[Text, ...]


class Registries(Frozen):
    """All registries, by id."""

    sectors: dict[str, Sector]
    publishers: dict[str, Publisher]
    licences: dict[str, Licence]
    units: dict[str, Unit]
    codelists: dict[str, Codelist]
    successions: dict[str, AreaSuccession] = {}  # by the id of the old codelist
    area_groups: dict[str, AreaGroup] = {}
    places: dict[str, CoveragePlace] = {}
    reconciliations: dict[str, Reconciliation] = {}
    reconciliation_notes: dict[str, ReconciliationNote] = {}
    similar_places: dict[str, SimilarPlaces] = {}  # by the id of the codelist
    synonyms: dict[str, SynonymGroup] = {}
    targets: TargetRegistry = TargetRegistry()

    def areas(self, named: str | Iterable[str]) -> tuple[str, ...]:
        """Return area codes with every group replaced by its areas, each once.

        >>> load_registries().areas(["asean_6", "WLD"])
        ('IDN', 'MYS', 'PHL', 'SGP', 'THA', 'VNM', 'WLD')
        """
        names = [named] if isinstance(named, str) else named
        groups = self.area_groups
        return tuple(dict.fromkeys(
            code for name in names
            for code in (groups[name].areas if name in groups else (name,))
        ))


T = TypeVar("T", bound=Frozen)


def load_registries(project: Path | None = None) -> Registries:
    """Load every registry, with what the `registry/` in the folder of the `project` adds to ours.

    Raises:
        DeclarationError: names file and line of what is wrong; an id of ours in the project's.
    """
    own = project / "registry" if project else None
    sectors, units = _load("sectors.yaml", Sector, own), _load("units.yaml", Unit, own)
    codelists = _codelists(own)
    return Registries(
        sectors=sectors,
        publishers=_load("publishers.yaml", Publisher, own),
        licences=_load("licences.yaml", Licence, own),
        units=units,
        codelists=codelists,
        successions={
            path.stem: load_succession(path) for path in sorted(SUCCESSION_DIR.glob("*.csv"))
        },
        area_groups=_load("area_groups.yaml", AreaGroup, own),
        places=_load("places.yaml", CoveragePlace, own),
        reconciliations=_load("reconciliation.yaml", Reconciliation, own),
        reconciliation_notes=_load("reconciliation_notes.yaml", ReconciliationNote, own),
        similar_places=_load("similar_places.yaml", SimilarPlaces, own),
        synonyms=_load("synonyms.yaml", SynonymGroup, own),
        targets=load_targets(own, sectors, units, codelists),
    )


def _load(name: str, kind: type[T], own: Path | None) -> dict[str, T]:
    ours, theirs = (
        YamlFile.read(path) if path is not None and path.is_file() else None
        for path in (REGISTRY_DIR / name, own / name if own else None)
    )
    found = _entries(ours, kind) if ours else {}
    if theirs is None:
        return found
    for key in theirs.mapping():
        if ours and key in found:
            raise _clash(key, theirs.where((key,)), ours.where((key,)))
    return found | _entries(theirs, kind, languages())


def _entries(document: YamlFile, kind: type[T], languages: Sequence[str] = ()) -> dict[str, T]:
    return {
        key: parse_as(kind, {"id": key, **value}, document, (key,), languages)
        for key, value in document.mapping().items()
    }


def _codelists(own: Path | None) -> dict[str, Codelist]:
    paths: dict[str, Path] = {}
    for folder in (CODELIST_DIR, *([own / "codelists"] if own else [])):
        for path in sorted(folder.glob("*.csv")):
            if path.stem in paths:
                raise _clash(path.stem, str(path), str(paths[path.stem]))
            paths[path.stem] = path
    return {name: load_codelist(path) for name, path in paths.items()}


def _clash(name: str, where: str, other: str) -> DeclarationError:
    return DeclarationError(
        f"{name!r} is in the common registry already, {other}", where=where,
        todo="use that entry, or give yours another id",
    )
