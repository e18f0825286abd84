"""A project whose datasets departments fill in: of several frequencies, keys and checks."""

from __future__ import annotations

from pathlib import Path

from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.settings import Settings
from tests.fixtures.projects import for_this_city

HEAD = """
title: {{vi: "Số liệu {name}", en: "Figures {name}"}}
description: {{vi: "Do sở báo cáo.", en: "As the department reports them."}}
publisher: da_nang_city
licence: VN-PUBLIC-INFORMATION
keywords: {{vi: [sở], en: [department]}}
frequency: {frequency}
tolerance: 1
geography: {{codelist: {areas}, coverage: da_nang}}
"""

# name: frequency, codelist of areas, the rest of the declaration, the suite.
DATASETS = {
    "guests": ("M", "vn_da_nang_commune_2025", """
source: {protocol: submission, sheet: Khách, columns: {sex: sex}}
dimensions: {sex: {name: {vi: "Giới tính", en: "Sex"}, codelist: sex}}
indicators:
  guests: {name: {vi: "Lượt khách", en: "Guests"}, unit: arrivals, minimum: 0, maximum: 5000000}
  occupancy: {name: {vi: "Công suất", en: "Occupancy"}, unit: percent, minimum: 0, maximum: 100}
""", """
  - expect_parts_within_total: {column: sex, total: _T, parts: [F, M], indicators: [guests]}
  - expect_value_range: {indicators: [guests], at_most: 40, severity: warning}
  - expect_highest: {column: sex, code: _T, severity: warning}
"""),
    "sites": ("A", "vn_province_2008", """
source:
  protocol: submission
  sheet: Điểm tham quan
  columns: {ref_area: {const: "48"}, site: site}
  empty: keep
dimensions: {site: {name: {vi: "Điểm", en: "Site"}}}
indicators:
  visitors: {name: {vi: "Lượt khách", en: "Visitors"}, unit: count, minimum: 0}
  paying: {name: {vi: "Có mua vé", en: "Paying"}, unit: count, minimum: 0}
  invited: {name: {vi: "Khách mời", en: "Invited"}, unit: count, minimum: 0}
""", """
  - expect_parts_to_add_up_to_total: {column: indicator, total: visitors, parts: [paying, invited]}
  - expect_column_values_to_match_regex: {column: site, regex: '^[A-Z]{2}-\\d(a|b|\\d{2})$'}
  - expect_column_values_to_not_be_in_set: {column: site, value_set: [AB-1a, XY-9b]}
  - expect_column_value_lengths_to_be_between: {column: obs_note, min_value: 3, severity: warning}
  - expect_indicator_ratio:
      {numerator: invited, denominator: paying, at_most: 0.5, severity: warning}
"""),
    "shares": ("Q", "vn_province_2008", """
source:
  protocol: submission
  sheet: Tỷ trọng
  columns: {indicator: {const: share}, ref_area: {const: "48"}, residence: residence}
dimensions: {residence: {name: {vi: "Thành thị, nông thôn", en: "Residence"}, codelist: residence}}
indicators:
  share: {name: {vi: "Tỷ trọng", en: "Share"}, unit: percent, minimum: 0, maximum: 100}
""", """
  - expect_shares_to_add_up: {column: residence, parts: [U, R], tolerance: 1}
  - expect_column_values_to_not_be_null:
      column: obs_note
      row_condition: {type: comparison, column: {name: obs_status}, operator: "==", parameter: E}
"""),
    "rain": ("D", "vn_province_2008", """
source:
  protocol: submission
  sheet: Mưa
  columns: {indicator: {const: rain}, ref_area: {const: "48"}}
indicators:
  rain: {name: {vi: "Lượng mưa", en: "Rainfall"}, unit: millimetres, minimum: 0}
""", """
  - expect_column_values_to_be_between: {column: obs_value, max_value: 800, strict_max: true}
  - expect_column_values_to_be_in_set:
      {column: obs_status, value_set: [A, P, E, O], severity: warning}
"""),
    "exports": ("YTD", "vn_province_2008", """
source: {protocol: submission, sheet: Xuất khẩu, columns: {ref_area: {const: "48"}}}
indicators:
  exports: {name: {vi: "Xuất khẩu", en: "Exports"}, unit: usd, minimum: -5.5}
  planned: {name: {vi: "Kế hoạch", en: "Planned"}, unit: usd, kind: target}
""", """
  - expect_column_values_to_be_unique: {column: obs_value, severity: warning}
"""),
}


def write_project(folder: Path) -> Path:
    """Write the project to a folder that does not exist yet; return it."""
    folder.mkdir(parents=True)
    for_this_city(folder)
    for name, (frequency, areas, declaration, suite) in DATASETS.items():
        for kind, text in (
            ("assets", HEAD.format(name=name, frequency=frequency, areas=areas) + declaration),
            ("expectations", f"expectations:{suite}"),
        ):
            path = folder / kind / "tourism" / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def catalogue_of(project: Path) -> Catalogue:
    """Load the project."""
    catalogue = load_catalogue(Settings(project=project, profile="sample"))
    assert not catalogue.errors, catalogue.errors
    return catalogue
