"""Metadata quality by data.europa.eu's Metadata Quality Assessment: 405 points.

Computed from the description in DCAT that is published, by the methodology's own table
(https://data.europa.eu/mqa/methodology; weights as in its dimensions' tables). Of distributions
the methodology counts only the one with the most points. Here all but the two lists of formats
must hold for every one, which is stricter; XLSX and Parquet are offered beside CSV, and take
nothing away.

Whether addresses can be reached (80 of the points) is assessed only on request: it says nothing of
the metadata and changes by the minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.errors import PortalError
from model.records.scorecard import Mqa, MqaMetric
from model.util.text import Bilingual, Frozen
from portal.metadata.dcat import AUTHORITY, IANA, Node
from portal.metadata.identifiers import dataset_urn

Reach = Callable[[str], bool]
MqaDimension = Literal[
    "findability", "accessibility", "interoperability", "reusability", "contextuality"
]

# Of the formats in which figures are offered here, those on data.europa.eu's lists of
# machine-readable and of non-proprietary formats; Parquet is on neither.
MACHINE_READABLE = ("CSV", "JSON", "XLSX")
NON_PROPRIETARY = ("CSV", "JSON")


@dataclass(frozen=True)
class _Described:
    """A dataset's published description."""

    dataset: Node
    distributions: Sequence[Node]
    reach: Reach | None

    def has(self, name: str) -> bool:
        return bool(self.dataset.get(name))

    def every(self, name: str) -> bool:
        return bool(self.distributions) and self.no_distribution_without(name)

    def no_distribution_without(self, name: str) -> bool:
        return all(item.get(name) for item in self.distributions)

    def every_from(self, name: str, *vocabularies: str) -> bool:
        return bool(self.distributions) and all(
            _id(item.get(name)).startswith(vocabularies) for item in self.distributions
        )

    def any_format(self, codes: Sequence[str]) -> bool:
        known = {f"{AUTHORITY}/file-type/{code}" for code in codes}
        return any(_id(item.get("dct:format")) in known for item in self.distributions)

    @property
    def licence(self) -> Bilingual:
        """The title of the files' licence."""
        named = {
            title["@language"]: title["@value"]
            for item in self.distributions
            for title in item.get("dct:license", {}).get("dct:title", ())
        }
        return Bilingual(
            vi=named.get("vi", "không nêu giấy phép"), en=named.get("en", "no licence stated")
        )

    def reached(self, name: str) -> bool | None:
        if self.reach is None:
            return None
        addresses = sorted({_id(item.get(name)) for item in self.distributions})
        return bool(addresses) and all(address and self.reach(address) for address in addresses)


Rule = Callable[[_Described], bool | None]


# What each metric asks of a description.
_RULES: dict[str, Rule] = {
    "keyword_availability": lambda d: d.has("dcat:keyword"),
    "category_availability": lambda d: d.has("dcat:theme"),
    "spatial_availability": lambda d: d.has("dct:spatial"),
    "temporal_availability": lambda d: d.has("dct:temporal"),
    "access_url_status": lambda d: d.reached("dcat:accessURL"),
    "download_url_availability": lambda d: d.every("dcat:downloadURL"),
    "download_url_status": lambda d: d.reached("dcat:downloadURL"),
    "format_availability": lambda d: d.every("dct:format"),
    "media_type_availability": lambda d: d.every("dcat:mediaType"),
    "format_media_type_vocabulary": lambda d: (
        d.every_from("dct:format", f"{AUTHORITY}/file-type/")
        and d.every_from("dcat:mediaType", f"{IANA}/")
    ),
    "format_non_proprietary": lambda d: d.any_format(NON_PROPRIETARY),
    "format_machine_readable": lambda d: d.any_format(MACHINE_READABLE),
    "dcat_ap_compliance": lambda d: (
        d.has("dct:title")
        and d.has("dct:description")
        and d.no_distribution_without("dcat:accessURL")
    ),
    "license_availability": lambda d: d.every("dct:license"),
    "known_license": lambda d: d.every_from("dct:license", f"{AUTHORITY}/licence/"),
    "access_rights_availability": lambda d: d.has("dct:accessRights"),
    "access_rights_vocabulary": lambda d: (
        _id(d.dataset.get("dct:accessRights")).startswith(f"{AUTHORITY}/access-right/")
    ),
    "contact_point": lambda d: d.has("dcat:contactPoint"),
    "publisher_availability": lambda d: d.has("dct:publisher"),
    "rights_availability": lambda d: d.every("dct:rights"),
    "byte_size_availability": lambda d: d.every("dcat:byteSize"),
    "date_issued": lambda d: d.has("dct:issued") and d.no_distribution_without("dct:issued"),
    "date_modified": lambda d: d.has("dct:modified") and d.no_distribution_without("dct:modified"),
}


class Metric(Frozen):
    """A metric of the assessment: its points, and what gains them."""

    id: str
    dimension: MqaDimension
    points: int
    title: Bilingual
    todo: Bilingual  # `{licence}` stands for the title of the files' licence


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
    subject = _Described(described, [by_id[name] for name in names], reach)
    return Mqa(
        dataset=dataset,
        metrics=tuple(
            MqaMetric(
                id=metric.id, dimension=metric.dimension, title=metric.title,
                points=metric.points, met=_RULES[metric.id](subject), todo=_todo(metric, subject),
            )
            for metric in metrics()
        ),
    )


def assess_published(site: Path, dataset: str, reach: Reach | None = None) -> Mqa | None:
    """Assess the description of a `dataset` in the folder `site`; None where there is none.

    `reach` is as in `assess`. Raises PortalError where the description cannot be read.
    """
    path = site / "datasets" / dataset / "dcat.jsonld"
    if not path.is_file():
        return None
    try:
        nodes: list[Node] = json.loads(path.read_bytes())["@graph"]
        return assess(nodes, dataset, reach)
    except (OSError, ValueError, KeyError) as error:
        raise PortalError(
            f"the description cannot be read: {error}", where=str(path),
            todo=f"delete the folder {path.parent} and publish the dataset again",
        ) from error


def _todo(metric: Metric, subject: _Described) -> Bilingual:
    licence = subject.licence
    return Bilingual(
        vi=metric.todo.vi.replace("{licence}", licence.vi),
        en=metric.todo.en.replace("{licence}", licence.en),
    )


def _id(value: Any) -> str:
    return str(value.get("@id", "")) if isinstance(value, dict) else ""
