"""Load the declarations of a folder, and check that every name in them is known."""

from dataclasses import dataclass, replace
from pathlib import Path

from model.declarations.connectors import NO_CONNECTORS, Connectors
from model.declarations.dataset import BOUNDS, FOOTNOTES, Dataset
from model.declarations.layers import Layers, layers_of, resolved
from model.declarations.questions import OpenQuestionsError, with_stand_ins
from model.declarations.source import ColumnRule, Source
from model.declarations.validation import Document, parse_as
from model.declarations.yaml_file import KeyPath
from model.errors import DeclarationError, OpenIndicatorsError
from model.reference.registries import Registries
from model.util.hashing import canonical_json, canonical_object, sha256_bytes
from model.util.languages import languages
from model.util.text import did_you_mean


def _check_successor(
    dataset: Dataset, concept: str, rule: ColumnRule, where: str, known: Registries
) -> None:
    succession = known.successions.get(rule.codelist or "")
    if concept == "ref_area" and succession and succession.new == dataset.geography.codelist:
        return
    ways = ", ".join(f"{item.old} → {item.new}" for item in known.successions.values())
    raise DeclarationError(
        f"`successor` of {concept!r}: what became of {rule.codelist} in"
        f" {dataset.geography.codelist} is not known",
        where=where, todo=f"it is for `ref_area`, and known of {ways}",
    )


def check_names(dataset: Dataset, document: Document, known: Registries) -> None:
    """Check every name in a `dataset` that is an id elsewhere; the `document` has their lines.

    Raises:
        DeclarationError: an unknown name, with its place and the nearest known one.
    """
    def check(name: str, names: dict, kind: str, at: tuple) -> None:
        if name not in names:
            raise DeclarationError(
                f"unknown {kind} {name!r}", where=document.where(at),
                todo=did_you_mean(name, set(names))
                or f"add it to registry/{kind}s.yaml of the project",
            )

    check(dataset.sector, known.sectors, "sector", ())
    check(dataset.publisher, known.publishers, "publisher", ("publisher",))
    if dataset.contact:
        check(dataset.contact, known.publishers, "publisher", ("contact",))
    check(dataset.licence, known.licences, "licence", ("licence",))
    check(dataset.geography.codelist, known.codelists, "codelist", ("geography", "codelist"))
    for code, indicator in dataset.indicators.items():
        check(indicator.unit, known.units, "unit", ("indicators", code, "unit"))
    for name, dimension in dataset.dimensions.items():
        if dimension.codelist:
            place = ("dimensions", name, "codelist")
            check(dimension.codelist, known.codelists, "codelist", place)
    for index, area in enumerate(dataset.chart.areas if dataset.chart else ()):
        areas = known.codelists[dataset.geography.codelist].codes
        if area not in areas:  # of other borders, or no area
            raise DeclarationError(
                f"the area {area!r} of the chart is not in {dataset.geography.codelist}",
                where=document.where(("chart", "areas", index)),
                todo=did_you_mean(area, set(areas)),
            )
    concepts = {*dataset.key, "obs_value", "obs_status", "obs_note", *BOUNDS, FOOTNOTES}
    for profile, source in dataset.sources.items():
        for concept, rule in source.columns.items():
            at = ("sources", profile, "columns", concept)
            check(concept, dict.fromkeys(concepts), "column", at)
            if rule.codelist:
                check(rule.codelist, known.codelists, "codelist", (*at, "codelist"))
            if rule.successor:
                _check_successor(dataset, concept, rule, document.where(at), known)
        for index, concept in enumerate(source.allow.new_codes):
            allowed = ("sources", profile, "allow", "new_codes", index)
            check(concept, dict.fromkeys(concepts), "column", allowed)


@dataclass(frozen=True)
class Declaration:
    """A dataset with the files that declare it."""

    dataset: Dataset
    document: Layers
    sql: dict[str, str]  # profile -> text of its SQL file
    select: str = ""  # text of the SELECT of a computed dataset

    @property
    def path(self) -> Path:
        """The YAML file."""
        return self.document.path

    def version(self, profile: str, registries: Registries) -> str:
        """Return the checksum of all that the declaration says for a profile.

        It covers the codelists that it names, so that a corrected name or code makes a new
        release. It leaves out the sources of other profiles, and what is left to its default,
        so that a new field makes no release.
        """
        source = self.dataset.source_for(profile)
        lists = sorted(_codelists_of(self.dataset, source))
        said = {
            "dataset": self.dataset.model_dump(
                mode="json", exclude={"sources"}, exclude_defaults=True
            ),
            "source": source.model_dump(mode="json", exclude_defaults=True) if source else None,
            "sql": self.sql.get(profile),
            **({"select": self.select} if self.select else {}),
            "lineages": {
                name: registries.successions[name].model_dump(mode="json")
                for name in lists if name in registries.successions
            },
        }
        codelists = canonical_object({name: registries.codelists[name].as_json for name in lists})
        return sha256_bytes(canonical_object(
            {key: canonical_json(value) for key, value in said.items()} | {"codelists": codelists}
        ).encode())


def _named(dataset: Dataset) -> set[str]:
    return {item.codelist for item in dataset.dimensions.values() if item.codelist}


def _codelists_of(dataset: Dataset, source: Source | None) -> set[str]:
    names = {dataset.geography.codelist, *_named(dataset)}
    if source:
        names |= {rule.codelist for rule in source.columns.values() if rule.codelist}
    return names


def declaration_paths(folder: Path) -> list[Path]:
    """Return every declaration of a folder laid out as `<sector>/<dataset>.yaml`."""
    return sorted(path for path in folder.glob("*/*.yaml") if not path.name.startswith("_"))


def load_declaration(
    path: Path, registries: Registries, connectors: Connectors = NO_CONNECTORS
) -> Declaration:
    """Load the declaration in `path`, if ready to run; check it by `registries` and `connectors`.

    Every name in it must be known. Without connectors, options are taken as they are.

    Raises:
        DeclarationError: file, line, what is wrong, and the nearest known name.
        OpenQuestionsError: it is valid, but questions are open.
    """
    declaration = load_draft(path, registries, connectors)
    if questions := declaration.document.questions:
        raise OpenQuestionsError(declaration.dataset.id, path, questions)
    return declaration


def load_draft(
    path: Path, registries: Registries, connectors: Connectors = NO_CONNECTORS
) -> Declaration:
    """Load the declaration in `path`, whose questions may be open; it is checked as any other.

    Something valid of the `registries` stands for what is unknown; `connectors` check their
    options.

    Raises:
        DeclarationError: file, line, what is wrong, and the nearest known name.
    """
    layers = layers_of(path)
    if layers.questions:
        layers = replace(layers, data=with_stand_ins(layers.data, registries))
    data = resolved(layers, registries, connectors)
    dataset = parse_as(connectors.dataset_type, data, layers, languages=languages())
    check_names(dataset, layers, registries)
    select = _sql_file(dataset.select, ("select",), layers) if dataset.select else ""
    return Declaration(dataset, layers, _read_sql(dataset, layers), select)


def load_declarations(
    folder: Path, registries: Registries, connectors: Connectors = NO_CONNECTORS
) -> tuple[dict[str, Declaration], list[OpenIndicatorsError]]:
    """Load every declaration of a `folder`; an invalid one does not keep the others from loading.

    They are checked by the `registries` and the `connectors`; see `load_declaration`.

    Returns:
        The declarations by dataset id, and the errors of those that are not valid.
    """
    found: dict[str, Declaration] = {}
    errors: list[OpenIndicatorsError] = []
    for path in declaration_paths(folder):
        try:
            declaration = load_declaration(path, registries, connectors)
        except OpenIndicatorsError as error:
            errors.append(error)
        else:
            found[declaration.dataset.id] = declaration
    return found, errors


def _read_sql(dataset: Dataset, document: Layers) -> dict[str, str]:
    return {
        profile: _sql_file(source.sql, ("sources", profile, "sql"), document)
        for profile, source in dataset.sources.items() if source.sql is not None
    }


def _sql_file(name: str, at: KeyPath, document: Layers) -> str:
    """Return the text of an SQL file beside the file that names it, at a place of a declaration."""
    where = document.where(at)
    folder = document.file_of(at).parent
    path = folder / name
    if path.parent != folder:
        raise DeclarationError(
            f"the SQL file {name!r} is not beside the declaration",
            where=where, todo="give a file name without a folder",
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(
            f"the SQL file {name!r} cannot be read: {error}",
            where=where, todo=f"write {path}",
        ) from error
