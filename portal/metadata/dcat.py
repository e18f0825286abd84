"""The catalogue in DCAT-AP 3 (https://semiceu.github.io/DCAT-AP/releases/3.0.0/) as JSON-LD.

Plain data: a dataset is a list of nodes, the catalogue gathers those of all datasets. Codes come
from the EU's vocabularies (http://publications.europa.eu/resource/authority/). Addresses are
relative to the folder of the portal, unless its base URL is configured.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from model.declarations.dataset import Dataset
from model.errors import PortalError
from model.records.release import FileRecord
from model.reference.registries import Licence, Publisher
from model.util.hashing import pretty_json
from model.util.languages import languages, three_letters
from model.util.text import Frozen, LocalizedList, LocalizedText
from portal.content import Content
from portal.metadata.identifiers import dataset_urn, distribution_urn, publisher_urn

Node = dict[str, Any]


class FileFormat(Frozen):
    """What DCAT says of the format of a file.

    title: of the distribution.
    purpose: whom it is for, in one short sentence.
    media_type: IANA's.
    file_type: the code in the EU vocabulary "file-type".
    """

    title: LocalizedText
    purpose: LocalizedText
    media_type: str
    file_type: str


AUTHORITY = "http://publications.europa.eu/resource/authority"
# With http:, as DCAT 3 writes these (https://github.com/w3c/dxwg/issues/1206); they are compared
# letter by letter.
IANA = "http://www.iana.org/assignments/media-types"

CONTEXT: dict[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

FREQUENCY_CODES = {
    "A": "ANNUAL", "S": "ANNUAL_2", "Q": "QUARTERLY", "M": "MONTHLY", "W": "WEEKLY",
    "D": "DAILY", "YTD": "MONTHLY",
}


def accrual_periodicity(dataset: Dataset) -> str:
    """Return how often new figures come, as a term of the EU's vocabulary."""
    code = "NEVER" if dataset.ended else FREQUENCY_CODES[dataset.frequency]
    return f"{AUTHORITY}/frequency/{code}"


def document(graph: Sequence[Node], base: str) -> Node:
    """Return a JSON-LD document of a `graph`; its relative addresses start from `base`."""
    return {"@context": {**CONTEXT, "@base": base}, "@graph": list(graph)}


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise PortalError where the published document in a file is damaged."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        raise PortalError(
            f"the description cannot be read: {error}", where=str(path),
            todo=f"delete the folder {path.parent} and publish the dataset again",
        ) from error


def published_nodes(path: Path) -> list[Node]:
    """Return the nodes of the published document in a file; see `reading`."""
    with reading(path):
        nodes: list[Node] = msgspec.json.decode(path.read_bytes())["@graph"]
    return nodes


class _Graph(msgspec.Struct):
    """A document whose nodes are left as they are written."""

    nodes: list[msgspec.Raw] = msgspec.field(name="@graph")


class _Addressed(msgspec.Struct):
    address: str = msgspec.field(name="@id")


def joined(nodes: Sequence[Node], documents: Iterable[bytes], base: str) -> bytes:
    """Return a JSON-LD document of `nodes` and those of `documents`, each node once.

    The nodes of `documents` (as `document` makes them, in any layout) are taken over as they are
    written. Relative addresses start from `base`. Raises ValueError where one is no such document.
    """
    graph, addressed = msgspec.json.Decoder(_Graph), msgspec.json.Decoder(_Addressed)
    known: dict[str, msgspec.Raw] = {}
    for each in (pretty_json(document(nodes, base)).encode(), *documents):
        for node in graph.decode(each).nodes:
            known.setdefault(addressed.decode(node).address, node)
    start, _, end = pretty_json(document([], base)).encode().rpartition(b"[]")
    return b"".join([start, b"[\n    ", b",\n    ".join(known.values()), b"\n  ]", end])


def dataset_nodes(
    content: Content, files: Sequence[tuple[FileRecord, FileFormat]], folder: str, page: str,
    issued: str,
) -> list[Node]:
    """Describe the dataset of `content` with its distributions, publisher and contact.

    Its `files`, each with its format, are in the `folder` (an address with a slash at its end);
    `page` is the address of its page, and `issued` when its first release came out, ISO 8601.
    """
    dataset, release = content.dataset, content.release
    node: Node = {
        "@id": dataset_urn(dataset.id),
        "@type": "dcat:Dataset",
        "dct:identifier": dataset.id,
        "dct:title": texts(dataset.title),
        "dct:description": texts(dataset.description),
        "dcat:keyword": _keywords(dataset.keywords),
        "dcat:theme": _concept(str(content.registries.sectors[dataset.sector].theme)),
        "dct:publisher": _ref(_agent_id(content.publisher)),
        "dcat:contactPoint": _contact(content.contact),
        "dct:accessRights": _term(
            f"{AUTHORITY}/access-right/{dataset.access_rights}", "dct:RightsStatement"
        ),
        "dct:accrualPeriodicity": _term(accrual_periodicity(dataset), "dct:Frequency"),
        "dct:issued": _moment(issued),
        "dct:modified": _moment(release.issued.isoformat()),
        "dct:language": _languages(),
        "dct:spatial": _spatial(dataset.geography.uri, dataset.geography.coverage),
        "dcat:version": release.semantic_version,
        "dcat:landingPage": {"@id": page, "@type": "foaf:Document"},
        "dcat:distribution": [_ref(distribution_urn(dataset.id, file.name)) for file, _ in files],
    }
    if dataset.ended:
        # https://www.w3.org/TR/vocab-dcat-3/#Property:resource_status
        node["adms:status"] = _concept(f"{AUTHORITY}/dataset-status/DISCONT")
    if release.computed_from:
        # https://www.w3.org/TR/vocab-dcat-3/#examples-dataset-provenance
        derived = dict.fromkeys(dataset_urn(each.dataset) for each in release.computed_from)
        node["prov:wasDerivedFrom"] = [_ref(urn) for urn in derived]
    if release.period_first and release.period_last:
        node["dct:temporal"] = {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _year(release.period_first),
            "dcat:endDate": _year(release.period_last),
        }
    moment = release.issued.isoformat()
    return [node, _agent(content.publisher), *(
        _distribution(dataset.id, content.licence, moment, *each, folder) for each in files
    )]


def summary_nodes(
    name: str, title: LocalizedText, description: LocalizedText, publisher: Publisher,
    licence: Licence, files: Sequence[tuple[FileRecord, FileFormat]], folder: str, page: str,
    issued: str,
) -> list[Node]:
    """Describe files that the portal makes of its datasets, under a `name` that no dataset has.

    `publisher` runs the portal and `licence` is its own; the other arguments are as for a dataset.
    """
    return [
        {
            "@id": dataset_urn(name), "@type": "dcat:Dataset", "dct:identifier": name,
            "dct:title": texts(title), "dct:description": texts(description),
            "dcat:theme": _concept(f"{AUTHORITY}/data-theme/GOVE"),
            "dct:publisher": _ref(_agent_id(publisher)), "dcat:contactPoint": _contact(publisher),
            "dct:accessRights": _term(
                f"{AUTHORITY}/access-right/PUBLIC", "dct:RightsStatement"
            ),
            "dct:issued": _moment(issued), "dct:modified": _moment(issued),
            "dct:language": _languages(),
            "dcat:landingPage": {"@id": page, "@type": "foaf:Document"},
            "dcat:distribution": [_ref(distribution_urn(name, file.name)) for file, _ in files],
        },
        _agent(publisher),
        *(_distribution(name, licence, issued, *each, folder) for each in files),
    ]


def _distribution(
    dataset: str, licence: Licence, issued: str, file: FileRecord, form: FileFormat, folder: str
) -> Node:
    return {
        "@id": distribution_urn(dataset, file.name),
        "@type": "dcat:Distribution",
        "dct:title": texts(form.title),
        "dct:description": texts(form.purpose),
        "dcat:accessURL": _ref(folder + file.name),
        "dcat:downloadURL": _ref(folder + file.name),
        "dcat:mediaType": _term(f"{IANA}/{form.media_type}", "dct:MediaType"),
        "dct:format": _term(f"{AUTHORITY}/file-type/{form.file_type}", "dct:MediaTypeOrExtent"),
        "dcat:byteSize": {"@value": str(file.bytes), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": _term(
                "http://spdx.org/rdf/terms#checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm"
            ),
            "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
        },
        "dct:license": {
            "@id": str(licence.eu_uri or licence.url),
            "@type": "dct:LicenseDocument",
            "dct:title": texts(licence.title),
        },
        "dct:rights": {"@type": "dct:RightsStatement", "skos:prefLabel": texts(_rights(licence))},
        "dct:language": _languages(),
        "dct:issued": _moment(issued),
        "dct:modified": _moment(issued),
        "dcatap:availability": _concept(f"{AUTHORITY}/planned-availability/STABLE"),
        "adms:status": _concept(f"{AUTHORITY}/distribution-status/COMPLETED"),
    }


def catalogue_nodes(
    title: LocalizedText, description: LocalizedText, publisher: Publisher | None, home: str,
    datasets: Mapping[str, str], others: Sequence[Node],
) -> list[Node]:
    """Return the nodes of a catalogue, without those of its `datasets` (id -> when modified).

    `title` and `description` are the catalogue's, `home` the address of the portal's first page,
    and `publisher` who runs it, if that is known. `others` are nodes that it has besides, datasets
    among them.
    """
    nodes = {node["@id"]: node for node in others}
    published_by: Node = {}
    if publisher:
        nodes.setdefault(_agent_id(publisher), _agent(publisher))
        published_by = {"dct:publisher": _ref(_agent_id(publisher))}
    known = {**datasets, **{
        key: node["dct:modified"]["@value"] for key, node in nodes.items()
        if node["@type"] == "dcat:Dataset"
    }}
    catalogue: Node = {
        "@id": home,
        "@type": "dcat:Catalog",
        "dct:title": texts(title),
        "dct:description": texts(description),
        **published_by,
        "dct:language": _languages(),
        "dcat:themeTaxonomy": {
            "@id": f"{AUTHORITY}/data-theme", "@type": "skos:ConceptScheme",
            "dct:title": {"@value": "Data theme", "@language": "en"},
        },
        "foaf:homepage": {"@id": home, "@type": "foaf:Document"},
        "dcat:dataset": [_ref(key) for key in known],
    }
    if known:
        catalogue["dct:modified"] = _moment(max(known.values()))
    return [catalogue, *nodes.values()]


def _rights(licence: Licence) -> LocalizedText:
    return licence.attribution or licence.title


def _ref(address: str) -> Node:
    return {"@id": address}


def _term(address: str, kind: str) -> Node:
    """Return a term with its type, so that validators need not load its vocabulary."""
    return {"@id": address, "@type": kind}


def _concept(address: str) -> Node:
    """Return a concept, labelled with its own code."""
    code = address.rpartition("/")[2]
    label = {"@value": code, "@language": "en"}
    return {**_term(address, "skos:Concept"), "skos:prefLabel": label}


def texts(text: LocalizedText) -> list[Node]:
    """Return a text in every language."""
    return [{"@value": text.get(code), "@language": code} for code in languages()]


def _keywords(words: LocalizedList) -> list[Node]:
    return [
        {"@value": word, "@language": language}
        for language in languages()
        for word in words.get(language)
    ]


def language_terms() -> list[str]:
    """Return the project's languages as terms of the EU's table of languages (ISO 639-3)."""
    return [f"{AUTHORITY}/language/{three_letters(code).upper()}" for code in languages()]


def _languages() -> list[Node]:
    return [_term(address, "dct:LinguisticSystem") for address in language_terms()]


def _moment(text: str) -> Node:
    return {"@value": text, "@type": "xsd:dateTime"}


def _year(period: str) -> Node:
    """Return a period's year: coverage in years is enough for DCAT, the data have the period."""
    return {"@value": period[:4], "@type": "xsd:gYear"}


def _spatial(uri: str | None, coverage: LocalizedText) -> Node:
    place: Node = {"@type": "dct:Location", "skos:prefLabel": texts(coverage)}
    return {"@id": uri, **place} if uri else place


def _agent_id(publisher: Publisher) -> str:
    return publisher_urn(publisher.id)


def _agent(publisher: Publisher) -> Node:
    return {
        "@id": _agent_id(publisher),
        "@type": "foaf:Agent",
        "foaf:name": texts(publisher.name),
        "foaf:homepage": {"@id": str(publisher.homepage), "@type": "foaf:Document"},
        "dct:type": _concept(str(publisher.kind)),
    }


def _contact(contact: Publisher) -> Node:
    node: Node = {
        "@type": ["vcard:Organization", "vcard:Kind"],
        "vcard:fn": texts(contact.name),
        "vcard:hasURL": _ref(str(contact.homepage)),
    }
    if contact.email:
        node["vcard:hasEmail"] = _ref(f"mailto:{contact.email}")
    return node
