"""Measured quality in CKAN's DCAT: the same as on the site, whoever wrote the field."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Graph, Namespace, URIRef

from model.records.quality_dimension import QUALITY_DIMENSIONS
from model.records.release import FileRecord
from model.records.validation import Score
from portal.ckan.desired import mapping
from portal.ckan_server.ckan_venv import EXTENSION
from portal.content import Content
from portal.metadata import dqv
from portal.metadata.identifiers import metric_urn
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row

DQV = Namespace("http://www.w3.org/ns/dqv#")
GOOD = {"algorithm": "1", "completeness": "98.7654", "metadata": "100.0000"}
HERE = URIRef("http://127.0.0.1/dataset/a")


def _extension() -> Any:
    """The module as CKAN's own environment loads it: nothing of this project is imported there."""
    path = EXTENSION / "openindicators_quality.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


extension = _extension()


def told(field: Any) -> dict[str, str]:
    """Return metric and value of each measurement, from a document that was written and read."""
    graph = Graph()
    extension.measure(graph, HERE, field)
    for form in ("turtle", "xml", "json-ld"):
        graph = Graph().parse(data=graph.serialize(format=form), format=form)
    return {
        str(graph.value(found, DQV.isMeasurementOf)): str(graph.value(found, DQV.value))
        for found in graph.objects(HERE, DQV.hasQualityMeasurement)
    }


def test_its_words_and_identifiers_are_ours() -> None:
    words = {
        name: (info.title.model_dump(), info.meaning.model_dump())
        for name, info in QUALITY_DIMENSIONS.items() if name in dqv.MEASURED
    }
    assert words == extension.DIMENSIONS
    assert told(GOOD) == {
        metric_urn("completeness", "1"): "98.7654", metric_urn("metadata", "1"): "100.0000",
    }
    assert told(json.dumps(GOOD)) == told(GOOD)


def test_each_metric_is_explained_once_for_all_datasets() -> None:
    graph = Graph()
    for name in ("a", "b"):
        extension.measure(graph, URIRef(f"http://127.0.0.1/dataset/{name}"), GOOD)
    assert len(set(graph.subjects(RDF.type, DQV.Metric))) == 2
    assert len(set(graph.subjects(RDF.type, DQV.QualityMeasurement))) == 4
    size = len(graph)
    extension.measure(graph, URIRef("http://127.0.0.1/dataset/c"), GOOD)
    assert len(graph) == size + 2 * 5


@pytest.mark.parametrize("field", [
    None, "", "[]", "{", "[" * 100_000, 7, ["algorithm"], {}, {"completeness": "98.7654"},
    {**GOOD, "algorithm": "1> . <http://evil.example"}, {**GOOD, "algorithm": 1},
    {**GOOD, "algorithm": "1\n"}, {**GOOD, "algorithm": "١"},
])
def test_what_is_no_measurement_is_not_told(field: Any) -> None:
    assert told(field) == {}


@pytest.mark.parametrize("value", [
    "100.0001", "999.0000", "-1.0000", "98.76", "1e3", "NaN", "٩٨.٧٦٥٤", "98.7654\n", 98.7654,
    None, True, ["98.7654"], '98.7654"^^<urn:x> . <urn:y> a <urn:z', "\x00",
])
def test_a_value_that_is_no_percentage_is_left_out(value: Any) -> None:
    assert told({**GOOD, "completeness": value}) == {metric_urn("metadata", "1"): "100.0000"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*QUALITY_DIMENSIONS, "algorithm"]) | st.text(), inner, max_size=6),
    max_leaves=8,
)


@given(_JSON)
def test_no_field_breaks_the_document(field: Any) -> None:
    values = told(field)
    assert all(0 <= float(value) <= 100 for value in values.values())


def test_the_package_carries_the_releases_scores(tmp_path: Path) -> None:
    declared = dataset(licence="CC-BY-4.0")
    made = make_release(tmp_path / "r", declared, [row()])
    file = FileRecord(name="hotel_rooms.csv", sha256="0" * 64, bytes=9)

    def field(versions: dict[str, str]) -> Any:
        quality = made.quality.model_copy(update={
            "versions": versions, "scores": (Score(dimension="validity", good=3, of=4),),
        })
        content = Content.of(replace(made, quality=quality), registries())
        return mapping.package(content, made.release, False, [file])["quality"]

    assert field({"scores": "1"}) == {
        "algorithm": "1", "validity": "75.0000", "metadata": "100.0000",
    }
    assert field({}) == {}  # made by code that did not score yet
