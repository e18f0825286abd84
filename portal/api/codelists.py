"""Codelists, areas and what became of areas, as data of their own: `codelists/` of the site.

Each list lies there as CSV and SKOS under its id, and as CSV once more under `versions/`, with the
beginning of its checksum: a version that a program was written against stays where it was.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from model.errors import PortalError
from model.reference.codelist import Codelist
from model.reference.registries import Registries
from model.reference.succession import AreaSuccession
from model.util.disk import write_if_changed
from model.util.hashing import has_checksum, pretty_json, sha256_bytes
from model.util.languages import languages
from portal.api.files import read_index
from portal.metadata import skos
from portal.metadata.turtle import turtle

INDEX = "codelists/index.json"


def write(
    folder: Path, registries: Registries, made_by: str, base_url: str | None
) -> dict[str, str]:
    """Bring the codelists in a site's `folder` to the `registries`.

    Nothing is done where they were `made_by` this version of code, registries and `base_url`.
    Returns the path of each file in the site, with its checksum.
    """
    before = read_index(folder / INDEX)
    checksums: dict[str, str] = before.get("files", {})
    if before.get("made_by") == made_by and all(
        has_checksum(folder / path, sha256) for path, sha256 in checksums.items()
    ):
        return checksums | {INDEX: sha256_bytes((folder / INDEX).read_bytes())}
    root = f"{base_url}codelists/" if base_url else ""
    files, entries = {}, []
    for codelist in registries.codelists.values():
        data = _csv(_rows(codelist))
        version = sha256_bytes(data)[:12]
        nodes = skos.scheme_nodes(codelist, registries, version, root)
        document = {"@context": {**skos.CONTEXT, "@base": root or "./"}, "@graph": nodes}
        files[f"codelists/{codelist.id}.csv"] = data
        files[f"codelists/versions/{codelist.id}-{version}.csv"] = data
        files[f"codelists/{codelist.id}.jsonld"] = _json(document)
        files[f"codelists/{codelist.id}.ttl"] = turtle(nodes, skos.CONTEXT, root)
        entries.append({
            "id": codelist.id, "title": codelist.title.model_dump(), "vintage": codelist.vintage,
            "version": version, "codes": len(codelist.entries),
        })
    for succession in registries.successions.values():
        data = _csv(_pairs(succession, registries))
        name = f"{succession.old}-to-{succession.new}"
        files[f"codelists/{name}.csv"] = data
        files[f"codelists/versions/{name}-{sha256_bytes(data)[:12]}.csv"] = data
    for path, content in files.items():
        write_if_changed(folder / path, content, PortalError, lasting=False)
    kept = {path: sha256 for path, sha256 in checksums.items() if "/versions/" in path}
    checksums = kept | {path: sha256_bytes(content) for path, content in files.items()}
    index = pretty_json({"made_by": made_by, "codelists": entries, "files": checksums}).encode()
    write_if_changed(folder / INDEX, index, PortalError, lasting=False)
    return checksums | {INDEX: sha256_bytes(index)}


def _rows(codelist: Codelist) -> Iterable[Sequence[str]]:
    names = (f"name_{code}" for code in languages())
    yield ("code", *names, "kind", "parent", "aliases", "vintage")
    for entry in codelist.entries:
        names = (entry.name.get(code) for code in languages())
        aliases = "|".join(entry.aliases)
        yield (entry.code, *names, entry.kind, entry.parent or "", aliases, codelist.vintage)


def _pairs(succession: AreaSuccession, registries: Registries) -> Iterable[Sequence[str]]:
    """Give old and new areas with their names, and how many each old one went to and came from."""
    sides = ("old", "new")
    lists = [registries.codelists[each] for each in (succession.old, succession.new)]
    yield (
        *(f"{side}_{field}" for side in sides
          for field in ("code", *(f"name_{code}" for code in languages()), "vintage")),
        "new_areas_of_old", "old_areas_of_new",
    )
    for pair in succession.pairs:
        cells: list[str] = []
        for code, codelist in zip(pair, lists, strict=True):
            names = [codelist.codes[code].name.get(language) for language in languages()]
            cells += [code, *names, codelist.vintage]
        old, new = pair
        yield (
            *cells, str(len(succession.successors[old])), str(len(succession.predecessors[new]))
        )


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False) + "\n").encode()
