"""What was measured of a dataset, in W3C's Data Quality Vocabulary: the same as on its own site.

The field `quality` holds an algorithm and a percentage for each dimension. Anybody who may edit
the dataset may write anything into it: what is no such value is left out, and what a metric means
is not taken from there, because all datasets of a catalogue share the metrics.
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

# OpenIndicators' namespace: a metric has the same identifier wherever it is told.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "openindicators.danang.gov.vn")

# Title and meaning of each dimension, in Vietnamese and English.
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


def measure(graph: Graph, dataset: URIRef | BNode, quality: Any) -> None:
    """Add a dataset's measurements, and what their metrics mean.

    Args:
        graph: what is told of the dataset.
        dataset: its node.
        quality: the field, as a dictionary or as JSON.
    """
    fields = _read(quality)
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
            _explain(graph, dimension, algorithm)


def _explain(graph: Graph, dimension: str, algorithm: str) -> None:
    title, meaning = DIMENSIONS[dimension]
    metric, of = _identifier(dimension, algorithm), _identifier(dimension, "")
    graph.add((metric, RDF.type, DQV.Metric))
    graph.add((metric, DQV.expectedDataType, XSD.decimal))
    graph.add((metric, DQV.inDimension, of))
    graph.add((metric, DCAT.version, Literal(algorithm)))
    graph.add((of, RDF.type, DQV.Dimension))
    for language in ("vi", "en"):
        graph.add((metric, SKOS.prefLabel, Literal(title[language], lang=language)))
        graph.add((metric, SKOS.definition, Literal(meaning[language], lang=language)))
        graph.add((of, SKOS.prefLabel, Literal(title[language], lang=language)))


def _identifier(dimension: str, algorithm: str) -> URIRef:
    return URIRef(uuid.uuid5(NAMESPACE, f"quality metric:{dimension}:{algorithm}").urn)


def _read(quality: Any) -> dict[str, Any]:
    if isinstance(quality, str):
        try:
            quality = json.loads(quality)
        except (ValueError, RecursionError):
            return {}
    return quality if isinstance(quality, dict) else {}
