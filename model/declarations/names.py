"""The names that a declaration uses: a registry, a codelist or the dataset must know each."""

from model.declarations.dataset import BOUNDS, FOOTNOTES, Dataset
from model.declarations.source import ColumnRule
from model.declarations.validation import Document
from model.errors import DeclarationError
from model.reference.registries import Registries
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
    """Check every name that is an id elsewhere.

    Raises:
        DeclarationError: an unknown name, with its place and the nearest known one.
    """
    def check(name: str, names: dict, kind: str, at: tuple) -> None:
        if name not in names:
            raise DeclarationError(
                f"unknown {kind} {name!r}", where=document.where(at),
                todo=did_you_mean(name, set(names))
                or f"add it to model/reference/registry/{kind}s.yaml",
            )

    check(dataset.sector, known.sectors, "sector", ())
    check(dataset.publisher, known.publishers, "publisher", ("publisher",))
    check(dataset.contact, known.publishers, "publisher", ("contact",))
    check(dataset.licence, known.licences, "licence", ("licence",))
    check(
        dataset.geography.codelist, known.codelists, "codelist", ("geography", "codelist")
    )
    for code, indicator in dataset.indicators.items():
        check(indicator.unit, known.units, "unit", ("indicators", code, "unit"))
    for name, dimension in dataset.dimensions.items():
        if dimension.codelist:
            place = ("dimensions", name, "codelist")
            check(dimension.codelist, known.codelists, "codelist", place)
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
