"""Metadata quality by data.europa.eu's Metadata Quality Assessment: 405 points.

Computed from the description in DCAT that is published, by the methodology's own table
(https://data.europa.eu/mqa/methodology; weights as in its dimensions' tables). Of distributions
the methodology counts only the one with the most points. Here all but the two lists of formats
must hold for every one, which is stricter; XLSX and Parquet are offered beside CSV, and take
nothing away.

Whether addresses can be reached (80 of the points) is assessed only on request: it says nothing of
the metadata and changes by the minute.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.records.scorecard import Mqa, MqaMetric
from model.util.languages import languages
from model.util.text import Frozen, LocalizedText
from portal.metadata.dcat import AUTHORITY, Node, published_nodes, reading
from portal.metadata.identifiers import dataset_urn
from portal.vocabulary import sentence

Reach = Callable[[str], bool]
MqaDimension = Literal[
    "findability", "accessibility", "interoperability", "reusability", "contextuality"
]

class Metric(Frozen):
    """A metric of the assessment: its points, and what gains them.

    dataset: properties that the dataset must have.
    distributions: properties that each file must have; one at least, unless `dataset` has any.
    vocabularies: what the values of some of these begin with.
    formats: of which one must be offered.
    reached: the property of the files whose addresses must answer.
    """

    id: str
    dimension: MqaDimension
    points: int
    dataset: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    vocabularies: dict[str, str] = {}
    formats: tuple[str, ...] = ()
    reached: str | None = None
    title: LocalizedText
    todo: LocalizedText  # `{licence}` stands for the title of the files' licence


@cache
def metrics() -> tuple[Metric, ...]:
    """Return the metrics, in the methodology's order."""
    document = YamlFile.read(Path(__file__).with_name("mqa_metrics.yaml"))
    return tuple(
        parse_as(Metric, {"id": name, **entry}, document, (name,))
        for name, entry in document.mapping().items()
    )


def assess(nodes: Sequence[Node], dataset: str, reach: Reach | None = None) -> Mqa:
    """Assess the description of a `dataset` (its id) in DCAT `nodes`.

    `reach` says whether an address answers; None: reachability is not assessed.
    """
    by_id = {node["@id"]: node for node in nodes}
    described = by_id[dataset_urn(dataset)]
    names = [reference["@id"] for reference in described.get("dcat:distribution", ())]
    distributions = [by_id[name] for name in names]
    todo = _todo(_licence(distributions), languages())
    return Mqa(
        dataset=dataset,
        metrics=tuple(
            MqaMetric(
                id=metric.id, dimension=metric.dimension, title=metric.title,
                points=metric.points, met=_met(metric, described, distributions, reach),
                todo=todo[metric.id],
            )
            for metric in metrics()
        ),
    )


@lru_cache(maxsize=256)  # licences are few
def _todo(licence: LocalizedText, _languages: tuple[str, ...]) -> dict[str, LocalizedText]:
    """Return what there is to do about each metric, by its id, in all languages."""
    return {metric.id: metric.todo.format(licence=licence) for metric in metrics()}


def published_description(site: Path, dataset: str) -> Path:
    """Return where the description of a `dataset` is in the folder `site`."""
    return site / "datasets" / dataset / "dcat.jsonld"


def assess_published(site: Path, dataset: str, reach: Reach | None = None) -> Mqa | None:
    """Assess the description of a `dataset` in the folder `site`; None where there is none.

    `reach` is as in `assess`. Raises PortalError where the description cannot be read.
    """
    path = published_description(site, dataset)
    if not path.is_file():
        return None
    with reading(path):
        return assess(published_nodes(path), dataset, reach)


def _met(
    metric: Metric, dataset: Node, distributions: Sequence[Node], reach: Reach | None
) -> bool | None:
    """Return whether a description meets a metric; None where that is not assessed."""
    if metric.reached:
        if reach is None:
            return None
        addresses = sorted({_id(item.get(metric.reached)) for item in distributions})
        return bool(addresses) and all(address and reach(address) for address in addresses)
    if not metric.dataset and not distributions:
        return False
    asked = [(dataset, name) for name in metric.dataset]
    asked += [(item, name) for name in metric.distributions for item in distributions]
    formats = {f"{AUTHORITY}/file-type/{code}" for code in metric.formats}
    return all(
        node.get(name) and _id(node[name]).startswith(metric.vocabularies.get(name, ""))
        for node, name in asked
    ) and (not formats or any(_id(item.get("dct:format")) in formats for item in distributions))


def _licence(distributions: Sequence[Node]) -> LocalizedText:
    """Return the title of the files' licence."""
    named = sentence("no licence").model_dump()
    for item in distributions:
        for title in item.get("dct:license", {}).get("dct:title", ()):
            named[title["@language"]] = title["@value"]
    return LocalizedText(**named)


def _id(value: Any) -> str:
    return str(value.get("@id", "")) if isinstance(value, dict) else ""
