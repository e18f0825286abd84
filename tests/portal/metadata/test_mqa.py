"""Metadata quality, and quality in DCAT: against the published table and the editors' shapes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pyshacl import validate as shacl
from rdflib import DCTERMS, RDF, Graph, Namespace

from model.records.quality_dimension import QUALITY_DIMENSIONS
from model.records.release import FileRecord
from model.records.validation import Score
from portal.content import Content
from portal.distributions.registry import DISTRIBUTIONS
from portal.metadata import dcat, dqv
from portal.metadata.mqa import assess, assess_published, metrics
from portal.site.site import Site
from tests.fixtures.datasets import dataset, real_files, registries
from tests.fixtures.releases import make_release, row

DQV = Namespace("http://www.w3.org/ns/dqv#")
REACHED = {"access_url_status", "download_url_status"}


def nodes(folder: Path, **changes: Any) -> list[dcat.Node]:
    declared = dataset(**{"licence": "CC-BY-4.0", **changes})
    content = Content.of(make_release(folder / "r", declared, [row()]), registries())
    files = [
        (FileRecord(name=form.file_name(declared), sha256="0" * 64, bytes=9), form)
        for form in DISTRIBUTIONS
    ] if content.public else []
    return dcat.dataset_nodes(
        content, files, f"datasets/{declared.id}/", f"vi/{declared.id}.html",
        "2026-01-01T00:00:00+00:00",
    )


def missed(mqa) -> set[str]:
    return {metric.id for metric in mqa.metrics if metric.met is False}


def test_the_table_is_the_methodologys() -> None:
    """Points by dimension: https://data.europa.eu/mqa/methodology."""
    points: Counter[str] = Counter()
    for metric in metrics():
        points[metric.dimension] += metric.points
    assert points == {
        "findability": 100, "accessibility": 100, "interoperability": 110, "reusability": 75,
        "contextuality": 20,
    }
    assert len({metric.id for metric in metrics()}) == len(metrics())


def test_what_we_publish_has_every_point(tmp_path: Path) -> None:
    found = assess(nodes(tmp_path), "tourism/hotel_rooms")
    assert (found.points, found.of) == (325, 325)
    assert {metric.id for metric in found.metrics if metric.met is None} == REACHED
    asked: list[str] = []
    found = assess(nodes(tmp_path / "b"), "tourism/hotel_rooms", lambda url: not asked.append(url))
    assert (found.points, found.of) == (405, 405)
    assert "datasets/tourism/hotel_rooms/hotel_rooms.csv" in asked
    found = assess(nodes(tmp_path / "c"), "tourism/hotel_rooms", lambda url: False)
    assert (found.points, found.of) == (325, 405) and missed(found) == REACHED


@pytest.mark.parametrize(("changes", "metrics"), [
    ({"licence": "DA-NANG-OPEN"}, {"known_license"}),
    ({"licence": "CC-BY-NC-SA-3.0-IGO"}, {"known_license"}),
    ({"licence": "VN-PUBLIC-INFORMATION"}, set()),
    ({"keywords": {"vi": [], "en": []}}, {"keyword_availability"}),
])
def test_what_is_missing_is_named(tmp_path: Path, changes, metrics) -> None:
    assert missed(assess(nodes(tmp_path, **changes), "tourism/hotel_rooms")) == metrics


@pytest.mark.parametrize(("name", "metric"), [
    ("dcat:theme", "category_availability"), ("dct:spatial", "spatial_availability"),
    ("dct:temporal", "temporal_availability"), ("dct:publisher", "publisher_availability"),
    ("dcat:contactPoint", "contact_point"), ("dct:issued", "date_issued"),
])
def test_each_property_of_a_dataset_counts(tmp_path: Path, name: str, metric: str) -> None:
    described = nodes(tmp_path)
    del described[0][name]
    assert missed(assess(described, "tourism/hotel_rooms")) == {metric}


@pytest.mark.parametrize(("name", "metrics"), [
    ("dcat:mediaType", {"media_type_availability", "format_media_type_vocabulary"}),
    ("dct:format", {"format_availability", "format_media_type_vocabulary"}),
    ("dct:license", {"license_availability", "known_license"}),
    ("dct:rights", {"rights_availability"}), ("dcat:byteSize", {"byte_size_availability"}),
    ("dcat:downloadURL", {"download_url_availability"}),
])
def test_one_distribution_without_it_is_enough(tmp_path: Path, name, metrics) -> None:
    described = nodes(tmp_path)
    [xlsx] = [node for node in described if "XLSX" in str(node.get("dct:format"))]
    del xlsx[name]
    assert missed(assess(described, "tourism/hotel_rooms")) == metrics


def test_figures_that_are_not_public_have_nothing_to_download(tmp_path: Path) -> None:
    found = assess(nodes(tmp_path, access_rights="NON_PUBLIC"), "tourism/hotel_rooms")
    assert {"download_url_availability", "format_machine_readable"} <= missed(found)
    # What the dataset has by itself counts all the same.
    assert not {"access_rights_availability", "date_issued", "date_modified"} & missed(found)
    assert found.points == 185


@pytest.mark.parametrize("licence", ["VN-OFFICIAL", "CC-BY-NC-SA-3.0-IGO"])
def test_the_report_says_who_can_fix_a_licence_outside_the_table(tmp_path: Path, licence) -> None:
    found = assess(nodes(tmp_path, licence=licence), "tourism/hotel_rooms")
    [metric] = [metric for metric in found.metrics if metric.met is False]
    assert metric.id == "known_license"
    title = registries().licences[licence].title
    assert f"“{title.get('vi')}”" in metric.todo.get("vi") and "CC BY 4.0" in metric.todo.get("vi")
    assert f"“{title.get('en')}”" in metric.todo.get("en") and "CC BY 4.0" in metric.todo.get("en")


def test_media_types_are_those_of_dcat_3(tmp_path: Path) -> None:
    """Letter by letter: https://github.com/w3c/dxwg/issues/1206."""
    described = nodes(tmp_path)
    types = {node["dcat:mediaType"]["@id"] for node in described if "dcat:mediaType" in node}
    assert "http://www.iana.org/assignments/media-types/text/csv" in types
    for node in described:
        if "dcat:mediaType" in node:
            address = node["dcat:mediaType"]["@id"].replace("http:", "https:")
            node["dcat:mediaType"] = {"@id": address}
    assert missed(assess(described, "tourism/hotel_rooms")) == {"format_media_type_vocabulary"}


def test_measurements_are_beside_the_description(tmp_path: Path) -> None:
    name = "tourism/hotel_rooms"
    described = nodes(tmp_path)
    measured = dqv.measured(
        described, name, (Score(dimension="validity", good=3, of=4),), "1",
        assess(described, name),
    )
    graph = Graph().parse(
        data=json.dumps(dcat.document(measured, "https://data.example.vn/")), format="json-ld"
    )
    values = {
        str(metric): value
        for measurement in graph.subjects(RDF.type, DQV.QualityMeasurement)
        for metric in graph.objects(measurement, DQV.isMeasurementOf)
        for value in [float(graph.value(measurement, DQV.value))]
    }
    assert sorted(values.values()) == [75, 100] and len(values) == 2
    for metric in graph.subjects(RDF.type, DQV.Metric):
        definitions = {
            text.language: str(text) for text in graph.objects(
                metric, Namespace("http://www.w3.org/2004/02/skos/core#").definition)
        }
        assert definitions.keys() == {"vi", "en"}
        assert definitions["en"] in {info.meaning.get("en") for info in QUALITY_DIMENSIONS.values()}



@pytest.mark.corpus
def test_the_sites_catalogue_is_valid_dcat_ap_3_with_its_quality(tmp_path: Path) -> None:
    """Against the shapes that the DCAT-AP editors publish."""
    shapes = real_files("ckan/schemas") / "dcat-ap-SHACL.ttl"
    site = Site(tmp_path / "site", registries())
    ended = {"vi": "Một lần.", "en": "Once."}
    for name, changes in (("hotel_rooms", {}), ("hotels", {"ended": ended})):
        declared = dataset(name=name, licence="CC-BY-4.0", **changes)
        site.apply([make_release(tmp_path / name, declared, [row()])])
        assert assess_published(site.folder, declared.id).points == 325
    assert assess_published(site.folder, "tourism/none") is None
    graph = Graph().parse(
        site.folder / "catalog.jsonld", format="json-ld", publicID="https://data.example.vn/"
    )
    assert len(list(graph.objects(None, DQV.hasQualityMeasurement))) == 2  # the metadata's
    assert len(set(graph.subjects(DCTERMS.identifier, None))) == 2
    conforms, _, text = shacl(graph, shacl_graph=Graph().parse(shapes), advanced=True)
    assert conforms, text[:3000]
