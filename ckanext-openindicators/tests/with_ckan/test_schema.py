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
