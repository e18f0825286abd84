"""Fixtures of the tests that run inside CKAN; without CKAN this folder is not collected.

With CKAN importable its own pytest plugin is active and wants `--ckan-ini` (see README.md).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SETTINGS = {
    "ckan.plugins": "openindicators scheming_datasets dcat",
    "scheming.dataset_schemas": "ckanext.openindicators:schemas/dataset.yaml",
    "scheming.presets": "ckanext.scheming:presets.json ckanext.dcat.schemas:presets.yaml",
    "ckanext.dcat.rdf.profiles": "euro_dcat_ap_3 openindicators",
    "ckanext.openindicators.publisher": "Sở Khoa học và Công nghệ",
}
AUTHORITY = "http://publications.europa.eu/resource/authority"

if importlib.util.find_spec("ckan") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of this folder the settings that README.md asks for."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            for key, value in SETTINGS.items():
                item.add_marker(pytest.mark.ckan_config(key, value))


@pytest.fixture(autouse=True)
def empty_portal(with_plugins: None, clean_db: None, clean_index: None) -> None:
    """Remove everything from the test portal's database and search index."""


@pytest.fixture
def organization(empty_portal: None) -> dict[str, Any]:
    """Create an organisation."""
    from ckan.tests import factories

    return factories.Organization()


@pytest.fixture
def dataset(organization: dict[str, Any], create_with_upload: Any) -> dict[str, Any]:
    """Create a dataset as the publisher does, with one uploaded file and one link."""
    from ckan.tests import factories, helpers

    made = factories.Dataset(
        owner_org=organization["id"],
        title="Lượt khách",
        title_translated={"vi": "Lượt khách", "en": "Visitor arrivals"},
        notes="Khách du lịch",
        notes_translated={"vi": "Khách du lịch", "en": "Guests"},
        provenance={"vi": "Cục Thống kê", "en": "The statistics office"},
        quality={"algorithm": "1", "completeness": "98.7654", "validity": "<b>1</b>"},
        temporal_coverage=[{"start": "2020-01", "end": "2025-06"}],
        license_id="cc-by",
        frequency=f"{AUTHORITY}/frequency/ANNUAL",
        access_rights=f"{AUTHORITY}/access-right/PUBLIC",
        theme=[f"{AUTHORITY}/data-theme/ECON"],
        language=[f"{AUTHORITY}/language/VIE", f"{AUTHORITY}/language/ENG"],
    )
    create_with_upload(
        b"a,b\n1,2\n", "data.csv", package_id=made["id"], format="CSV", mimetype="text/csv",
        name="data",
    )
    helpers.call_action(
        "resource_create", package_id=made["id"], url="https://example.org/a.csv", name="link"
    )
    return helpers.call_action("package_show", id=made["id"])
