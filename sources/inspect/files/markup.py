"""Recognition of XML, RDF and YAML: SDMX messages, and descriptions of datasets."""

import re
from pathlib import Path

from model.declarations.yaml_file import YamlFile
from model.errors import DeclarationError, ReadError
from sources.base import SourceFile
from sources.connectors.sdmx.structure import load_structures
from sources.formats.payload import quoted
from sources.formats.xml_text import local, parse_xml
from sources.inspect.finding import Found, NoTable, RecognisedTable

_DATA = ("GenericData", "GenericTimeSeriesData", "StructureSpecificData",
         "StructureSpecificTimeSeriesData", "CompactData", "Error")
_TURTLE = re.compile(rb"\s*(#[^\n]*\n\s*)*(@prefix|@base|PREFIX|BASE)\b")
_DATASET = "http://www.w3.org/ns/dcat#Dataset"
_MAX_TURTLE = 16_000_000


class _Root:
    """Notes the root element, and counts elements by name."""

    def __init__(self) -> None:
        self.root = ""
        self.kinds: dict[str, int] = {}

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Handle a start tag."""
        self.root = self.root or local(name)
        tag = local(name)
        if tag == "type" and _DATASET in attributes.values():  # <rdf:type rdf:resource="…"/>
            tag = "Dataset"
        self.kinds[tag] = self.kinds.get(tag, 0) + 1

    def end(self, text: str, line: int) -> None:
        """Handle an end tag."""


def xml_file(path: Path, where: str) -> Found:
    """Describe what the XML file at `path` holds; `where` names it in errors.

    Raises:
        ReadError: not well formed, or of no kind that is known.
    """
    handler = _Root()
    parse_xml(path, where, handler)
    if handler.root in _DATA:
        return RecognisedTable("sdmx", "sdmx xml")
    if handler.root == "Structure":
        return _structure(path, where, handler.kinds)
    if handler.root == "RDF":
        count = handler.kinds.get("Dataset", 0)
        what = f"catalogue: RDF that describes {count} datasets (DCAT), not figures"
        return NoTable("dcat", what, count)
    raise ReadError(
        f"is XML of an unknown kind: {quoted(handler.root, 60)!r}", where=where,
        todo="SDMX and RDF are known; ask the publisher for CSV or JSON",
    )


def _structure(path: Path, where: str, kinds: dict[str, int]) -> Found:
    found = load_structures([SourceFile(where, path, "")])
    codes = sum(map(len, found.codelists.values()))
    if codes:
        return NoTable(
            "sdmx structure",
            f"structure: labels and codelists, not a table ({len(found.codelists)} codelists,"
            f" {len(found.definitions)} data structures)", codes,
        )
    known = ("DataStructure", "Dataflow", "ContentConstraint", "DataConstraint",
             "CategoryScheme", "Category", "ConceptScheme", "Concept", "ProvisionAgreement")
    listed = ", ".join(f"{kinds[tag]} {tag}" for tag in known if tag in kinds) or "nothing"
    return NoTable("sdmx structure", f"structure without codelists, not a table: {listed}", None)


def is_turtle(head: bytes) -> bool:
    """Whether a payload begins as Turtle does."""
    return _TURTLE.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def turtle_file(path: Path) -> Found:
    """Describe what a Turtle file describes."""
    with path.open("rb") as file:
        text = file.read(_MAX_TURTLE)
    shapes = len(re.findall(rb"\ba\s+sh:NodeShape\b", text))
    if shapes:
        return NoTable("shacl", f"schema: {shapes} SHACL shapes, which check catalogues", shapes)
    count = len(re.findall(rb"\ba\s+dcat:Dataset\b", text))
    return NoTable("dcat", f"catalogue: Turtle that describes {count} datasets (DCAT), not figures",
                   count)


def yaml_file(path: Path, where: str) -> Found:
    """Describe what the YAML file at `path` holds; `where` names it in errors.

    Raises:
        ReadError: not well formed.
    """
    try:
        data = YamlFile.read(path).data
    except DeclarationError as error:
        raise ReadError(error.what, where=where, todo=error.todo) from error
    if isinstance(data, dict) and isinstance(data.get("results"), list):
        count = len(data["results"])
        return NoTable("ckan catalogue", f"catalogue: a CKAN search, {count} datasets", count)
    if isinstance(data, dict) and {"users", "packages"} & set(data):
        count = len(data.get("packages") or [])
        what = f"metadata: a CKAN organisation with {count} datasets"
        return NoTable("ckan metadata", what, count)
    count = len(data) if isinstance(data, (dict, list)) else 0
    return NoTable("yaml", f"not a table: a YAML document of {count} entries", None)
