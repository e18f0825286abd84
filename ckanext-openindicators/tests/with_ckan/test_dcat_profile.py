"""The DCAT profile: terms instead of text, download URLs, measured quality, the publisher."""

from __future__ import annotations

from typing import Any

from ckanext.dcat.processors import RDFSerializer
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, Namespace, URIRef

DQV = Namespace("http://www.w3.org/ns/dqv#")
FILE_TYPE = "http://publications.europa.eu/resource/authority/file-type/"
LANGUAGE = "http://publications.europa.eu/resource/authority/language/"
IANA = "http://www.iana.org/assignments/media-types/"


def describe(dataset: dict[str, Any]) -> Graph:
    """Return the dataset's DCAT description, as the portal serves it."""
    return Graph().parse(data=RDFSerializer().serialize_dataset(dataset, "ttl"), format="turtle")


def test_text_becomes_terms_with_a_class(dataset: dict[str, Any]) -> None:
    graph = describe(dataset)
    formats = {value for _, value in graph.subject_objects(DCTERMS["format"])}
    assert URIRef(f"{FILE_TYPE}CSV") in formats
    assert not [value for value in formats if isinstance(value, Literal)]
    media_type = URIRef(f"{IANA}text/csv")
    assert media_type in set(graph.objects(None, DCAT.mediaType))
    assert (media_type, RDF.type, DCTERMS.MediaType) in graph


def test_only_files_of_this_portal_get_a_download_url(dataset: dict[str, Any]) -> None:
    graph = describe(dataset)
    [(file, address)] = graph.subject_objects(DCAT.downloadURL)
    assert str(address).endswith("/download/data.csv")
    assert (file, DCAT.accessURL, address) in graph
    assert len(set(graph.subjects(RDF.type, DCAT.Distribution))) == 2


def test_valid_measurements_are_described_and_others_left_out(dataset: dict[str, Any]) -> None:
    graph = describe(dataset)
    [node] = graph.subjects(RDF.type, DCAT.Dataset)
    [measurement] = graph.objects(node, DQV.hasQualityMeasurement)
    assert str(graph.value(measurement, DQV.value)) == "98.7654"
    assert graph.value(measurement, DQV.isMeasurementOf) is not None


def test_the_catalogue_has_its_publisher_and_its_languages(
    app: Any, dataset: dict[str, Any]
) -> None:
    graph = Graph().parse(data=app.get("/catalog.ttl").body, format="turtle")
    [catalogue] = graph.subjects(RDF.type, DCAT.Catalog)
    publisher = graph.value(catalogue, DCTERMS.publisher)
    assert graph.value(publisher, FOAF.name) == Literal("Sở Khoa học và Công nghệ", lang="vi")
    languages = {str(value) for value in graph.objects(catalogue, DCTERMS.language)}
    assert languages == {f"{LANGUAGE}VIE", f"{LANGUAGE}ENG"}
    titles = {(str(title), title.language) for title in graph.objects(None, DCTERMS.title)}
    assert {("Lượt khách", "vi"), ("Visitor arrivals", "en")} <= titles
