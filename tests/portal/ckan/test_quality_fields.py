"""Measured quality in CKAN: what the package carries, and the same DQV there as on the site.

How the extension reads the field is tested in ckanext-openindicators/tests/test_dqv.py.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rdflib import Graph, Namespace, URIRef

from model.records.quality_dimension import QUALITY_DIMENSIONS
from model.records.release import FileRecord
from model.records.validation import Score
from portal.ckan.desired import mapping
from portal.content import Content
from portal.metadata import dqv
from portal.metadata.identifiers import metric_urn
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row

DQV = Namespace("http://www.w3.org/ns/dqv#")
GOOD = {"algorithm": "1", "completeness": "98.7654", "metadata": "100.0000"}
HERE = URIRef("http://127.0.0.1/dataset/a")


def _extension() -> Any:
    """Load the extension's module by its path: it is installed in CKAN's environment, not here."""
    root = Path(__file__).parents[3] / "ckanext-openindicators"
    path = root / "ckanext" / "openindicators" / "dqv.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


extension = _extension()


def measurements(field: Any) -> dict[str, str]:
    """Return metric and value of each measurement, from a document that was written and read."""
    graph = Graph()
    extension.add_measurements(graph, HERE, field)
    for form in ("turtle", "xml", "json-ld"):
        graph = Graph().parse(data=graph.serialize(format=form), format=form)
    return {
        str(graph.value(found, DQV.isMeasurementOf)): str(graph.value(found, DQV.value))
        for found in graph.objects(HERE, DQV.hasQualityMeasurement)
    }


def test_texts_and_identifiers_of_the_extension_equal_the_sites() -> None:
    texts = {
        name: (info.title.model_dump(), info.meaning.model_dump())
        for name, info in QUALITY_DIMENSIONS.items() if name in dqv.MEASURED
    }
    assert texts == extension.DIMENSIONS
    assert measurements(GOOD) == {
        metric_urn("completeness", "1"): "98.7654", metric_urn("metadata", "1"): "100.0000",
    }
    assert measurements(json.dumps(GOOD)) == measurements(GOOD)


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
