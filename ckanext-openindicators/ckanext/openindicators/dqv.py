"""Measured quality of a dataset in W3C's Data Quality Vocabulary (DQV).

The field `quality` holds an algorithm and a percentage for each quality dimension. Anybody who may
edit the dataset may write anything into it: invalid values are left out, and what a metric means
is defined here and not in the field, because all datasets of a catalogue share the metrics.

Identifiers and texts equal those of OpenIndicators' static site (the publisher's tests compare
them). This module needs rdflib only, not CKAN.
https://www.w3.org/TR/vocab-dqv/
"""

from __future__ import annotations

import json
import re
import uuid
from decimal import Decimal
from typing import Any

from rdflib import RDF, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef

DCAT = Namespace("http://www.w3.org/ns/dcat#")
DQV = Namespace("http://www.w3.org/ns/dqv#")

# OpenIndicators' namespace: a metric has the same identifier wherever it is published.
NAMESPACE = uuid.UUID("a7298ddf-d070-5038-a845-74c485441688")

# Title and definition of each quality dimension, in Vietnamese and English.
DIMENSIONS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "completeness": (
        {"vi": "Đầy đủ", "en": "Completeness"},
        {"vi": "Bao nhiêu phần số liệu có mặt, so với mọi kỳ từ kỳ đầu đến kỳ cuối của từng chuỗi",
         "en": "How many figures there are, of all periods between the first and the last of each"
         " series"},
    ),
    "validity": (
        {"vi": "Hợp lệ", "en": "Validity"},
        {"vi": "Bao nhiêu phần dòng đọc được và qua được các phép kiểm tra từng dòng",
         "en": "How many rows could be read and pass the checks on single rows"},
    ),
    "uniqueness": (
        {"vi": "Không trùng lặp", "en": "Uniqueness"},
        {"vi": "Bao nhiêu phần dòng không trùng với dòng khác",
         "en": "How many rows are no duplicate of another"},
    ),
    "consistency": (
        {"vi": "Nhất quán", "en": "Consistency"},
        {"vi": "Số liệu khớp với lịch sử của chính nó, với tổng và với các tập dữ liệu khác đến"
         " mức nào",
         "en": "How well the figures agree with their own history, their totals and other"
         " datasets"},
    ),
    "metadata": (
        {"vi": "Siêu dữ liệu", "en": "Metadata"},
        {"vi": "Mô tả tập dữ liệu tốt đến đâu, theo thang 405 điểm của data.europa.eu (MQA)",
         "en": "How well the dataset is described, by the 405 points of data.europa.eu (MQA)"},
    ),
}

_ALGORITHM = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
_PERCENT = re.compile(r"[0-9]{1,3}\.[0-9]{4}")


def add_measurements(graph: Graph, dataset: URIRef | BNode, quality: Any) -> None:
    """Add a dataset's measurements and the definitions of their metrics.

    Args:
        graph: the description of the dataset.
        dataset: its node.
        quality: the field's value, a dictionary or JSON text.
    """
    fields = _parse(quality)
    algorithm = fields.get("algorithm")
    if not isinstance(algorithm, str) or not _ALGORITHM.fullmatch(algorithm):
        return
    for dimension in DIMENSIONS:
        value = fields.get(dimension)
        if isinstance(value, str) and _PERCENT.fullmatch(value) and Decimal(value) <= 100:
            measurement, metric = BNode(), _identifier(dimension, algorithm)
            graph.add((dataset, DQV.hasQualityMeasurement, measurement))
            graph.add((measurement, RDF.type, DQV.QualityMeasurement))
            graph.add((measurement, DQV.computedOn, dataset))
            graph.add((measurement, DQV.isMeasurementOf, metric))
            graph.add((measurement, DQV.value, Literal(value, datatype=XSD.decimal)))
            _define_metric(graph, dimension, algorithm)


def _define_metric(graph: Graph, dimension: str, algorithm: str) -> None:
    title, meaning = DIMENSIONS[dimension]
    metric, dimension_node = _identifier(dimension, algorithm), _identifier(dimension, "")
    graph.add((metric, RDF.type, DQV.Metric))
    graph.add((metric, DQV.expectedDataType, XSD.decimal))
    graph.add((metric, DQV.inDimension, dimension_node))
    graph.add((metric, DCAT.version, Literal(algorithm)))
    graph.add((dimension_node, RDF.type, DQV.Dimension))
    for language in ("vi", "en"):
        graph.add((metric, SKOS.prefLabel, Literal(title[language], lang=language)))
        graph.add((metric, SKOS.definition, Literal(meaning[language], lang=language)))
        graph.add((dimension_node, SKOS.prefLabel, Literal(title[language], lang=language)))


def _identifier(dimension: str, algorithm: str) -> URIRef:
    return URIRef(uuid.uuid5(NAMESPACE, f"quality metric:{dimension}:{algorithm}").urn)


def _parse(quality: Any) -> dict[str, Any]:
    if isinstance(quality, str):
        try:
            quality = json.loads(quality)
        except (ValueError, RecursionError):
            return {}
    return quality if isinstance(quality, dict) else {}
