"""Structure messages of SDMX-ML: the codelist of each dimension, and the names of its codes.

A dimension refers to its codelist itself, or through its concept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from model.errors import ReadError
from model.util.text import did_you_mean, nfc
from sources.base import SourceFile
from sources.connectors.sdmx.message import NamesByLanguage, reference
from sources.formats.payload import check_payload, quoted
from sources.formats.xml_text import LANGUAGE, local, parse_xml
from sources.limits import MAX_JSON_BYTES

StructureKey = tuple[str, ...]

_CODELISTS = ("Codelist", "ValueList")
_CODES = ("Code", "ValueItem")
_COMPONENTS = (
    "Dimension", "MeasureDimension", "TimeDimension", "Attribute", "PrimaryMeasure", "Measure",
)


@dataclass
class StructureComponent:
    """A dimension or attribute: its codelist, or the concept that may have one."""

    codelist: StructureKey | None = None
    concept: StructureKey | None = None


@dataclass
class Structures:
    """The content of structure messages, by agency and id."""

    codelists: dict[StructureKey, dict[str, NamesByLanguage]] = field(default_factory=dict)
    # By agency, scheme and id of the concept: the codelist.
    concepts: dict[StructureKey, StructureKey] = field(default_factory=dict)
    definitions: dict[str, dict[str, StructureComponent]] = field(default_factory=dict)
    flows: dict[str, str] = field(default_factory=dict)


CodeNames = dict[str, dict[str, NamesByLanguage]]


def load_structures(parts: Sequence[SourceFile]) -> Structures:
    """Read structure messages.

    Raises:
        ReadError: no structure message, or not well formed.
    """
    found = Structures()
    for part in parts:
        check_payload(part.path, part.name, "a structure message of SDMX")
        if part.path.stat().st_size > MAX_JSON_BYTES:  # its codes are kept in memory
            raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=part.name)
        parse_xml(part.path, part.name, _StructureReader(part.name, found))
    return found


def labels_of(structures: Structures, wanted: str, where: str) -> CodeNames:
    """Return the names of the codes of each dimension and attribute of the definition `wanted`.

    It is one of the `structures`, by its id or its dataflow's; "" for the only one. Errors name the
    data (`where`).

    Raises:
        ReadError: the messages define another structure.
    """
    name = structures.flows.get(wanted, wanted)
    if not wanted and len(structures.definitions) == 1:
        name = next(iter(structures.definitions))
    if name not in structures.definitions:
        known = set(structures.definitions)
        raise ReadError(
            f"its structure is {wanted!r}; `structure` defines "
            + (", ".join(sorted(known)[:5]) or "none"),
            where=where,
            todo=did_you_mean(wanted, known)
            or "ask the service for the dataflow with `references=all`",
        )
    labels: CodeNames = {}
    for component, of in structures.definitions[name].items():
        codelist = of.codelist or structures.concepts.get(of.concept or ())
        if codelist in structures.codelists:
            labels[component] = structures.codelists[codelist]
    return labels


class _StructureReader:
    """Collects the content of one structure message."""

    def __init__(self, where: str, found: Structures) -> None:
        self.where = where
        self.found = found
        self.path: list[str] = []
        self.language = ""
        self.codes: dict[str, NamesByLanguage] = {}
        self.names: NamesByLanguage = {}
        self.scheme: StructureKey = ()
        self.concept: StructureKey = ()
        self.definition: dict[str, StructureComponent] = {}
        self.component = StructureComponent()
        self.component_id = ""
        self.flow = ""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        """Handle a start tag."""
        tag = local(name)
        if not self.path and tag != "Structure":
            raise ReadError(
                f"is no structure message of SDMX-ML, but of {quoted(tag, 60)!r}",
                where=f"{self.where}:{line}", todo="check `structure`",
            )
        parent = self.path[-1] if self.path else ""
        self.path.append(tag)
        own = (attributes.get("agencyID", ""), attributes.get("id", ""))
        if tag in _CODELISTS:
            self.codes = self.found.codelists.setdefault(own, {})
        elif tag in _CODES:
            self.names = self.codes.setdefault(own[1], {})
        elif tag == "Name":
            self.language = attributes.get(LANGUAGE, "")
        elif tag == "ConceptScheme":
            self.scheme = own
        elif tag == "Concept" and parent == "ConceptScheme":
            self.concept = (*self.scheme, own[1])
        elif tag == "DataStructure":
            self.definition = self.found.definitions.setdefault(own[1], {})
        elif tag == "Dataflow":
            self.flow = own[1]
        elif tag in _COMPONENTS and "DataStructureComponents" in self.path:
            self.component, self.component_id = StructureComponent(), own[1]
        elif tag == "Ref":
            scheme = attributes.get("maintainableParentID")
            refers = (own[0], scheme, own[1]) if scheme else own
            self._refer(parent, refers)

    def end(self, text: str, line: int) -> None:
        """Handle an end tag."""
        tag = self.path.pop()
        parent = self.path[-1] if self.path else ""
        if tag == "Name" and parent in _CODES:
            self.names[self.language] = " ".join(nfc(text).split())
        elif tag in ("Enumeration", "ConceptIdentity", "Structure") and text.strip():
            self._refer(tag, _of_urn(text))
        elif tag == "URN" and text.strip():
            self._refer(parent, _of_urn(text))
        elif tag in _COMPONENTS and "DataStructureComponents" in self.path:
            name = self.component_id or (self.component.concept or ("",))[-1]
            self.definition[name] = self.component

    def _refer(self, by: str, to: StructureKey) -> None:
        if by == "Structure" and "Dataflow" in self.path:
            self.found.flows[self.flow] = to[-1]
        elif "DataStructureComponents" in self.path:
            if by == "Enumeration":
                self.component.codelist = to
            elif by == "ConceptIdentity":
                self.component.concept = to
        elif by == "Enumeration" and "ConceptScheme" in self.path:
            self.found.concepts[self.concept] = to


def _of_urn(text: str) -> StructureKey:
    """Return agency and id, or agency, scheme and id of a concept: `...=A:CS(1.0).FREQ`."""
    agency, name = reference(text)
    item = text.strip().rpartition(").")[2] if ")." in text else ""
    return (agency, name, item) if item else (agency, name)
