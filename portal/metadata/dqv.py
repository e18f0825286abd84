"""Quality in W3C's Data Quality Vocabulary (https://www.w3.org/TR/vocab-dqv/), beside the DCAT.

Each dataset gets a measurement for each dimension that its table alone decides, and one for its
metadata. Timeliness changes by the day and is left to the readers, who have the frequency, the
newest period and the date of the release from DCAT.
"""

from collections.abc import Sequence

from model.records.quality_dimension import QUALITY_DIMENSIONS
from model.records.scorecard import Mqa
from model.records.validation import QualityDimension, Score
from portal.metadata.dcat import Node, texts
from portal.metadata.identifiers import dataset_urn, metric_urn

MEASURED: tuple[QualityDimension, ...] = (
    "completeness", "validity", "uniqueness", "consistency", "metadata",
)


def measured(
    nodes: Sequence[Node], dataset: str, scores: Sequence[Score], algorithm: str, mqa: Mqa
) -> list[Node]:
    """Return the DCAT `nodes` of a dataset with quality measurements and their metrics.

    `scores` are the release's, of a version of the `algorithm`; `mqa` assesses these very nodes of
    the `dataset` (its id).
    """
    subject = dataset_urn(dataset)
    found = values(scores, mqa)
    measurements = [
        {
            "@type": "dqv:QualityMeasurement",
            "dqv:computedOn": {"@id": subject},
            "dqv:isMeasurementOf": {"@id": metric_urn(dimension, algorithm)},
            "dqv:value": {"@value": value, "@type": "xsd:decimal"},
        }
        for dimension, value in found.items()
    ]
    described = [
        {**node, "dqv:hasQualityMeasurement": measurements} if node["@id"] == subject else node
        for node in nodes
    ]
    return [*described, *(_metric(dimension, algorithm) for dimension in found)]


def values(scores: Sequence[Score], mqa: Mqa) -> dict[QualityDimension, str]:
    """Return percentages by dimension, of a release's `scores` and its description's `mqa`."""
    metadata = Score(dimension="metadata", good=mqa.points, of=mqa.of)
    return {
        score.dimension: f"{score.percent:.4f}"
        for score in (*scores, metadata)
        if score.dimension in MEASURED
    }


def _metric(dimension: QualityDimension, algorithm: str) -> Node:
    info = QUALITY_DIMENSIONS[dimension]
    return {
        "@id": metric_urn(dimension, algorithm),
        "@type": "dqv:Metric",
        "skos:prefLabel": texts(info.title),
        "skos:definition": texts(info.meaning),
        "dqv:expectedDataType": {"@id": "xsd:decimal"},
        "dqv:inDimension": {
            "@id": metric_urn(dimension, ""), "@type": "dqv:QualityDimension",
            "skos:prefLabel": texts(info.title),
        },
        "dcat:version": algorithm,
    }
