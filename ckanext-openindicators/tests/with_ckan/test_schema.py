"""The metadata schema and the template: what goes in comes out, in the reader's language."""

from __future__ import annotations

from typing import Any

from ckan.tests import helpers


def test_the_schema_is_the_one_of_this_package(dataset: dict[str, Any]) -> None:
    schema = helpers.call_action("scheming_dataset_schema_show", type="dataset")
    assert "quality" in {field["field_name"] for field in schema["dataset_fields"]}


def test_dictionaries_and_repeated_fields_come_back_as_they_were(dataset: dict[str, Any]) -> None:
    assert dataset["title_translated"] == {"vi": "Lượt khách", "en": "Visitor arrivals"}
    assert dataset["quality"]["completeness"] == "98.7654"
    assert dataset["temporal_coverage"] == [{"start": "2020-01", "end": "2025-06"}]


def test_a_page_shows_a_field_in_the_readers_language(app: Any, dataset: dict[str, Any]) -> None:
    english = app.get(f"/en/dataset/{dataset['name']}").body
    assert "The statistics office" in english and "Cục Thống kê" not in english
    vietnamese = app.get(f"/vi/dataset/{dataset['name']}").body
    assert "Cục Thống kê" in vietnamese and "The statistics office" not in vietnamese


def test_a_term_is_shown_by_its_label_in_the_readers_language(
    app: Any, dataset: dict[str, Any]
) -> None:
    english = app.get(f"/en/dataset/{dataset['name']}").body
    for label in ("Annual", "Public", "Economy and finance", "English"):
        assert f">{label}</a>" in english
    assert "Creative Commons Attribution" in english
    vietnamese = app.get(f"/vi/dataset/{dataset['name']}").body
    assert ">Hằng năm</a>" in vietnamese and "Creative Commons Ghi công" in vietnamese
    for page in (english, vietnamese):
        assert ">http://publications.europa.eu" not in page, "an address is no label"


def test_the_page_of_a_file_says_each_field_once(app: Any, dataset: dict[str, Any]) -> None:
    resource = dataset["resources"][0]["id"]
    page = app.get(f"/en/dataset/{dataset['name']}/resource/{resource}").body
    assert "Media type" in page and '<tr class="toggle-more">' not in page
