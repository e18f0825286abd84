"""Measured quality and metadata quality in the DCAT of a real CKAN: the same as on the site."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import httpx
import pytest
from rdflib import DCAT, DCTERMS, RDF, Graph, Namespace, URIRef

from model.records.validation import Score
from portal.metadata.dcat import AUTHORITY, IANA
from portal.site.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.portal.ckan.environment import CkanEnvironment
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal

DQV = Namespace("http://www.w3.org/ns/dqv#")
SCORES = (
    Score(dimension="completeness", good=7, of=8), Score(dimension="validity", good=2, of=3),
    Score(dimension="timeliness", good=1, of=2),  # changes by the day: not published
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("quality")


@pytest.fixture(scope="module")
def release(folder):
    made = make_release(
        folder / "r", dataset(name=f"q{uuid.uuid4().hex[:12]}", licence="CC-BY-4.0"), [row()]
    )
    quality = made.quality.model_copy(update={"versions": {"scores": "1"}, "scores": SCORES})
    return replace(made, quality=quality)


@pytest.fixture(scope="module")
def env(ckan, folder, release):
    declared = dataset(name=release.release.dataset.partition("/")[2], licence="CC-BY-4.0")
    data_dir = DataDir(folder / "data")
    data_dir.prepare()
    found = CkanEnvironment(ckan, data_dir, declared)
    assert found.publisher().apply([release]).changed
    assert all(line.change == "=" for line in found.publisher().plan([release]))
    yield found
    found.remove()


def answer(address: str, form: str) -> Graph:
    found = httpx.get(address, timeout=60)
    assert found.status_code == 200
    return Graph().parse(data=found.text, format=form)


def measured(graph: Graph, identifier: str) -> set[tuple[str, str]]:
    """Return metric and value of each measurement of a dataset."""
    [node] = [
        node for node in graph.subjects(RDF.type, DCAT.Dataset)
        if str(graph.value(node, DCTERMS.identifier)) == identifier
    ]
    return {
        (str(graph.value(found, DQV.isMeasurementOf)), str(graph.value(found, DQV.value)))
        for found in graph.objects(node, DQV.hasQualityMeasurement)
        if graph.value(found, DQV.computedOn) == node
    }


def test_the_portal_says_what_the_site_says(env, ckan, folder, release) -> None:
    site = Site(folder / "site", registries())
    site.apply([release])
    own = Graph().parse(
        site.folder / "catalog.jsonld", format="json-ld", publicID="https://data.example.vn/"
    )
    identifier = env.declared.id
    wanted = measured(own, identifier)
    assert {value for _, value in wanted} == {"87.5000", "66.6667", "100.0000"}
    for address, form in (
        (f"dataset/{env.name}.ttl", "turtle"), (f"dataset/{env.name}.rdf", "xml"),
        (f"dataset/{env.name}.jsonld", "json-ld"),
        (f"catalog.ttl?fq=name:{env.name}", "turtle"),
    ):
        graph = answer(f"{ckan.url}/{address}", form)
        assert measured(graph, identifier) == wanted, address
        for metric in graph.subjects(RDF.type, DQV.Metric):  # and what it means
            assert set(graph.predicate_objects(metric)) == set(own.predicate_objects(metric))


def test_every_file_has_what_the_metadata_assessment_asks_for(env, ckan) -> None:
    graph = answer(f"{ckan.url}/dataset/{env.name}.ttl", "turtle")
    files = list(graph.subjects(RDF.type, DCAT.Distribution))
    assert len(files) >= 9
    for file in files:
        for name in (DCTERMS.rights, DCAT.byteSize, DCTERMS.issued, DCTERMS.modified):
            assert graph.value(file, name) is not None, name
        download = graph.value(file, DCAT.downloadURL)
        assert isinstance(download, URIRef) and download == graph.value(file, DCAT.accessURL)
        assert httpx.head(str(download), follow_redirects=True).status_code == 200
        assert str(graph.value(file, DCTERMS.format)).startswith(f"{AUTHORITY}/file-type/")
        assert str(graph.value(file, DCAT.mediaType)).startswith(f"{IANA}/")
        assert str(graph.value(file, DCTERMS.license)).startswith(f"{AUTHORITY}/licence/")


@pytest.mark.parametrize("quality", [
    {"algorithm": "1", "completeness": "100.0001", "validity": "<b>99.0000</b>"},
    {"algorithm": '1"> . <urn:a> <urn:b> <urn:c', "completeness": "50.0000"},
    {"algorithm": ["1"], "completeness": {"x": "\u0000"}}, {"anything": "else"},
])
def test_what_an_editor_writes_into_the_field_breaks_nothing(
    env, ckan, quality: dict[str, Any]
) -> None:
    before = env.shown()["quality"]
    try:
        env.act("package_patch", id=env.id, quality=quality)
        for form, name in (("turtle", "ttl"), ("xml", "rdf")):
            graph = answer(f"{ckan.url}/dataset/{env.name}.{name}", form)
            assert measured(graph, env.declared.id) == set()
    finally:
        env.act("package_patch", id=env.id, quality=before)


def test_an_address_elsewhere_is_no_download(env, ckan) -> None:
    made = env.act(
        "resource_create", package_id=env.id, name="elsewhere",
        url="https://example.org/a/download/b.csv", format="CSV",
    )
    try:
        graph = answer(f"{ckan.url}/dataset/{env.name}.ttl", "turtle")
        address = URIRef("https://example.org/a/download/b.csv")
        [file] = graph.subjects(DCAT.accessURL, address)
        assert graph.value(file, DCAT.downloadURL) is None
    finally:
        env.act("resource_delete", id=made["id"])
