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
from pathlib import Path
from typing import Any, Literal

from model.errors import PortalError
from model.records.scorecard import Mqa, MqaMetric
from model.util.text import Bilingual
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


@dataclass(frozen=True)
class _Metric:
    id: str
    dimension: MqaDimension
    points: int
    title: Bilingual
    todo: Bilingual
    met: Rule


def _metric(
    name: str, dimension: MqaDimension, points: int, title: tuple[str, str],
    todo: tuple[str, str], met: Rule,
) -> _Metric:
    return _Metric(
        name, dimension, points, Bilingual(vi=title[0], en=title[1]),
        Bilingual(vi=todo[0], en=todo[1]), met,
    )


METRICS: tuple[_Metric, ...] = (
    _metric(
        "keyword_availability", "findability", 30, ("Có từ khoá", "Keywords"),
        ("Khai báo từ khoá (`keywords`).", "Declare `keywords`."), lambda d: d.has("dcat:keyword"),
    ),
    _metric(
        "category_availability", "findability", 30, ("Có chủ đề", "Themes"),
        ("Cho lĩnh vực một chủ đề (`theme`).", "Give the sector a `theme`."),
        lambda d: d.has("dcat:theme"),
    ),
    _metric(
        "spatial_availability", "findability", 20, ("Có phạm vi không gian", "Spatial coverage"),
        ("Khai báo `geography.coverage`.", "Declare `geography.coverage`."),
        lambda d: d.has("dct:spatial"),
    ),
    _metric(
        "temporal_availability", "findability", 20, ("Có phạm vi thời gian", "Temporal coverage"),
        ("Công bố ít nhất một quan sát có kỳ.", "Publish at least one observation with a period."),
        lambda d: d.has("dct:temporal"),
    ),
    _metric(
        "access_url_status", "accessibility", 50, ("Truy cập được accessURL", "accessURL reached"),
        ("Làm cho mọi địa chỉ truy cập trả lời được.", "Make every access address answer."),
        lambda d: d.reached("dcat:accessURL"),
    ),
    _metric(
        "download_url_availability", "accessibility", 20, ("Có downloadURL", "downloadURL"),
        ("Cho tải về mọi tệp (`access_rights: PUBLIC`).",
         "Offer every file for download (`access_rights: PUBLIC`)."),
        lambda d: d.every("dcat:downloadURL"),
    ),
    _metric(
        "download_url_status", "accessibility", 30,
        ("Tải được từ downloadURL", "downloadURL reached"),
        ("Làm cho mọi địa chỉ tải về trả lời được.", "Make every download address answer."),
        lambda d: d.reached("dcat:downloadURL"),
    ),
    _metric(
        "format_availability", "interoperability", 20, ("Có định dạng", "Format"),
        ("Nêu `file_type` của mọi định dạng.", "Name the `file_type` of every format."),
        lambda d: d.every("dct:format"),
    ),
    _metric(
        "media_type_availability", "interoperability", 10, ("Có kiểu phương tiện", "Media type"),
        ("Nêu `media_type` của mọi định dạng.", "Name the `media_type` of every format."),
        lambda d: d.every("dcat:mediaType"),
    ),
    _metric(
        "format_media_type_vocabulary", "interoperability", 10,
        ("Định dạng lấy từ từ vựng", "Format and media type from vocabularies"),
        ("Lấy định dạng từ từ vựng của EU và IANA.",
         "Take formats from the EU's vocabulary and media types from IANA's."),
        lambda d: d.every_from("dct:format", f"{AUTHORITY}/file-type/")
        and d.every_from("dcat:mediaType", f"{IANA}/"),
    ),
    _metric(
        "format_non_proprietary", "interoperability", 20, ("Định dạng mở", "Non-proprietary"),
        ("Công bố ở một định dạng mở như CSV.", "Publish in an open format such as CSV."),
        lambda d: d.any_format(NON_PROPRIETARY),
    ),
    _metric(
        "format_machine_readable", "interoperability", 20, ("Máy đọc được", "Machine-readable"),
        ("Công bố ở một định dạng máy đọc được.", "Publish in a format that machines read."),
        lambda d: d.any_format(MACHINE_READABLE),
    ),
    _metric(
        "dcat_ap_compliance", "interoperability", 30, ("Đúng DCAT-AP", "DCAT-AP valid"),
        ("Bổ sung các thuộc tính bắt buộc của DCAT-AP.", "Add what DCAT-AP makes mandatory."),
        lambda d: d.has("dct:title") and d.has("dct:description")
        and d.no_distribution_without("dcat:accessURL"),
    ),
    _metric(
        "license_availability", "reusability", 20, ("Có giấy phép", "Licence"),
        ("Khai báo giấy phép (`licence`).", "Declare a `licence`."),
        lambda d: d.every("dct:license"),
    ),
    _metric(
        "known_license", "reusability", 10, ("Giấy phép lấy từ từ vựng", "Licence vocabulary"),
        ("Chỉ cơ quan công bố mới làm được: giấy phép “{licence}” không có trong bảng giấy phép"
         " của EU, và ở đây không gán một giấy phép mà cơ quan đó không cấp. Sẽ đủ điểm khi cơ"
         " quan công bố nêu một giấy phép có trong bảng, như CC BY 4.0.",
         "Only the publisher can: the licence “{licence}” is not in the EU's table of licences,"
         " and none is claimed here that the publisher has not granted. The points come with a"
         " licence of that table, such as CC BY 4.0, stated by the publisher."),
        lambda d: d.every_from("dct:license", f"{AUTHORITY}/licence/"),
    ),
    _metric(
        "access_rights_availability", "reusability", 10, ("Có quyền truy cập", "Access rights"),
        ("Khai báo `access_rights`.", "Declare `access_rights`."),
        lambda d: d.has("dct:accessRights"),
    ),
    _metric(
        "access_rights_vocabulary", "reusability", 5,
        ("Quyền truy cập lấy từ từ vựng", "Access rights vocabulary"),
        ("Lấy quyền truy cập từ từ vựng của EU.", "Take access rights from the EU's vocabulary."),
        lambda d: _id(d.dataset.get("dct:accessRights")).startswith(f"{AUTHORITY}/access-right/"),
    ),
    _metric(
        "contact_point", "reusability", 20, ("Có đầu mối liên hệ", "Contact point"),
        ("Khai báo đầu mối liên hệ (`contact`).", "Declare a `contact`."),
        lambda d: d.has("dcat:contactPoint"),
    ),
    _metric(
        "publisher_availability", "reusability", 10, ("Có cơ quan công bố", "Publisher"),
        ("Khai báo cơ quan công bố (`publisher`).", "Declare a `publisher`."),
        lambda d: d.has("dct:publisher"),
    ),
    _metric(
        "rights_availability", "contextuality", 5, ("Có tuyên bố quyền", "Rights"),
        ("Cho giấy phép lời ghi nguồn.", "Give the licence its words of attribution."),
        lambda d: d.every("dct:rights"),
    ),
    _metric(
        "byte_size_availability", "contextuality", 5, ("Có dung lượng", "File size"),
        ("Nêu dung lượng của mọi tệp.", "Give the size of every file."),
        lambda d: d.every("dcat:byteSize"),
    ),
    _metric(
        "date_issued", "contextuality", 5, ("Có ngày phát hành", "Date of issue"),
        ("Nêu ngày phát hành của tập dữ liệu và mọi tệp.",
         "Give the date of issue of the dataset and of every file."),
        lambda d: d.has("dct:issued") and d.no_distribution_without("dct:issued"),
    ),
    _metric(
        "date_modified", "contextuality", 5, ("Có ngày sửa đổi", "Date of modification"),
        ("Nêu ngày sửa đổi của tập dữ liệu và mọi tệp.",
         "Give the date of modification of the dataset and of every file."),
        lambda d: d.has("dct:modified") and d.no_distribution_without("dct:modified"),
    ),
)


def assess(nodes: Sequence[Node], dataset: str, reach: Reach | None = None) -> Mqa:
    """Assess a dataset's description.

    Args:
        nodes: of `portal.metadata.dcat.dataset_nodes`.
        dataset: its id.
        reach: whether an address answers; None: reachability is not assessed.
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
                points=metric.points, met=metric.met(subject), todo=_todo(metric, subject),
            )
            for metric in METRICS
        ),
    )


def assess_published(site: Path, dataset: str, reach: Reach | None = None) -> Mqa | None:
    """Assess the description that the site publishes; None where there is none.

    Args:
        site: the site's folder.
        dataset: id of the dataset.
        reach: as in `assess`.

    Raises:
        PortalError: the description cannot be read.
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


def _todo(metric: _Metric, subject: _Described) -> Bilingual:
    licence = subject.licence
    return Bilingual(
        vi=metric.todo.vi.replace("{licence}", licence.vi),
        en=metric.todo.en.replace("{licence}", licence.en),
    )


def _id(value: Any) -> str:
    return str(value.get("@id", "")) if isinstance(value, dict) else ""
