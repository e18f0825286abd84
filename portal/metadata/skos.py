"""Codelists in SKOS (https://www.w3.org/TR/skos-reference/), as JSON-LD nodes.

Areas of former borders name what took their place (`dct:isReplacedBy`), and the other way round.
"""

from collections.abc import Iterator

from model.reference.codelist import Codelist
from model.reference.registries import Registries
from portal.metadata.dcat import CONTEXT as _CONTEXT
from portal.metadata.dcat import Node, texts

CONTEXT = {name: _CONTEXT[name] for name in ("dcat", "dct", "skos")}


def scheme_nodes(codelist: Codelist, registries: Registries, version: str, root: str) -> list[Node]:
    """Return the nodes of a `codelist` and its codes.

    `registries` know what became of areas, `version` is that of the list's content, and addresses
    start with `root`.
    """
    scheme = root + codelist.id
    head: Node = {
        "@id": scheme, "@type": "skos:ConceptScheme", "dct:title": texts(codelist.title),
        "dct:temporal" if ":" in codelist.vintage else "dct:description": codelist.vintage,
        "dcat:version": version,
    }
    replaced, replaces = _succession(codelist, registries, root)
    return [head, *_concepts(codelist, scheme, replaced, replaces)]


def _concepts(
    codelist: Codelist, scheme: str, replaced: dict[str, list[Node]],
    replaces: dict[str, list[Node]],
) -> Iterator[Node]:
    for entry in codelist.entries:
        node: Node = {
            "@id": f"{scheme}#{entry.code}", "@type": "skos:Concept", "skos:notation": entry.code,
            "skos:prefLabel": texts(entry.name), "skos:inScheme": {"@id": scheme},
        }
        if entry.aliases:
            node["skos:altLabel"] = list(entry.aliases)
        if entry.parent in codelist.codes:
            node["skos:broader"] = {"@id": f"{scheme}#{entry.parent}"}
        for name, found in (("dct:isReplacedBy", replaced), ("dct:replaces", replaces)):
            if entry.code in found:
                node[name] = found[entry.code]
        yield node


def _succession(
    codelist: Codelist, registries: Registries, root: str
) -> tuple[dict[str, list[Node]], dict[str, list[Node]]]:
    """Return by which areas of other lists those of this one were replaced, and which they do."""
    replaced: dict[str, list[Node]] = {}
    replaces: dict[str, list[Node]] = {}
    for succession in registries.successions.values():
        for old, new in succession.pairs:
            if succession.old == codelist.id:
                replaced.setdefault(old, []).append({"@id": f"{root}{succession.new}#{new}"})
            if succession.new == codelist.id:
                replaces.setdefault(new, []).append({"@id": f"{root}{succession.old}#{old}"})
    return replaced, replaces
