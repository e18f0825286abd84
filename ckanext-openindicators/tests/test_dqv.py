"""Measured quality as DQV: valid values only, whatever an editor wrote into the field."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Graph, Namespace, URIRef

DQV = Namespace("http://www.w3.org/ns/dqv#")
VALID = {"algorithm": "1", "completeness": "98.7654", "metadata": "100.0000"}
DATASET = URIRef("http://127.0.0.1/dataset/a")


def _load() -> ModuleType:
    """Load the module by its path, so that the package need not be installed."""
    path = Path(__file__).parents[1] / "ckanext" / "openindicators" / "dqv.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dqv = _load()


def measurements(field: Any) -> dict[str, str]:
    """Return value by quality dimension, from a graph that was serialised and parsed again."""
    graph = Graph()
    dqv.add_measurements(graph, DATASET, field)
    for form in ("turtle", "xml", "json-ld"):
        graph = Graph().parse(data=graph.serialize(format=form), format=form)
    titles = {texts["en"]: name for name, (texts, _) in dqv.DIMENSIONS.items()}
    found = {}
    for node in graph.objects(DATASET, DQV.hasQualityMeasurement):
        metric = graph.value(node, DQV.isMeasurementOf)
        [title] = [
            str(label)
            for label in graph.objects(metric, URIRef("http://www.w3.org/2004/02/skos/core#prefLabel"))
            if label.language == "en"
        ]
        found[titles[title]] = str(graph.value(node, DQV.value))
    return found


def test_measurements_are_read_from_a_dictionary_and_from_json() -> None:
    expected = {"completeness": "98.7654", "metadata": "100.0000"}
    assert measurements(VALID) == expected
    assert measurements(json.dumps(VALID)) == expected


def test_each_metric_is_defined_once_for_all_datasets() -> None:
    graph = Graph()
    for name in ("a", "b"):
        dqv.add_measurements(graph, URIRef(f"http://127.0.0.1/dataset/{name}"), VALID)
    assert len(set(graph.subjects(RDF.type, DQV.Metric))) == 2
    assert len(set(graph.subjects(RDF.type, DQV.QualityMeasurement))) == 4
    size = len(graph)
    dqv.add_measurements(graph, URIRef("http://127.0.0.1/dataset/c"), VALID)
    assert len(graph) == size + 2 * 5


@pytest.mark.parametrize("field", [
    None, "", "[]", "{", "[" * 100_000, 7, ["algorithm"], {}, {"completeness": "98.7654"},
    {**VALID, "algorithm": "1> . <http://evil.example"}, {**VALID, "algorithm": 1},
    {**VALID, "algorithm": "1\n"}, {**VALID, "algorithm": "١"},
])
def test_an_invalid_field_adds_nothing(field: Any) -> None:
    assert measurements(field) == {}


@pytest.mark.parametrize("value", [
    "100.0001", "999.0000", "-1.0000", "98.76", "1e3", "NaN", "٩٨.٧٦٥٤", "98.7654\n", 98.7654,
    None, True, ["98.7654"], '98.7654"^^<urn:x> . <urn:y> a <urn:z', "\x00",
])
def test_a_value_that_is_no_percentage_is_left_out(value: Any) -> None:
    assert measurements({**VALID, "completeness": value}) == {"metadata": "100.0000"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*dqv.DIMENSIONS, "algorithm"]) | st.text(), inner, max_size=6),
    max_leaves=8,
)


@given(_JSON)
def test_no_field_breaks_the_document(field: Any) -> None:
    assert all(0 <= float(value) <= 100 for value in measurements(field).values())
