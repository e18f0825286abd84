"""The action `openindicators_checksums`: who may call it, and what it returns."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ckan import model
from ckan.lib.uploader import get_resource_uploader
from ckan.plugins import toolkit
from ckan.tests import factories, helpers

ACTION = "openindicators_checksums"


def by_name(dataset: dict[str, Any], name: str) -> str:
    return next(part["id"] for part in dataset["resources"] if part["name"] == name)


def test_uploaded_files_have_size_and_sha256_and_links_are_left_out(
    dataset: dict[str, Any],
) -> None:
    content = b"a,b\n1,2\n"
    assert helpers.call_action(ACTION, id=dataset["id"]) == {
        by_name(dataset, "data"): {
            "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
        }
    }


def test_a_file_that_is_missing_on_the_disk_is_left_out(dataset: dict[str, Any]) -> None:
    id_ = by_name(dataset, "data")
    Path(get_resource_uploader({"id": id_}).get_path(id_)).unlink()
    assert helpers.call_action(ACTION, id=dataset["id"]) == {}


def test_only_who_may_change_the_dataset_is_answered(dataset: dict[str, Any]) -> None:
    for user in ("", factories.User()["name"]):
        context = {"user": user, "ignore_auth": False, "model": model}
        with pytest.raises(toolkit.NotAuthorized):
            helpers.call_action(ACTION, context, id=dataset["id"])


def test_an_unknown_dataset_is_not_found(dataset: dict[str, Any]) -> None:
    with pytest.raises(toolkit.ObjectNotFound):
        helpers.call_action(ACTION, id="no-such-dataset")


def test_the_web_api_answers_get_requests(app: Any, dataset: dict[str, Any]) -> None:
    token = factories.SysadminWithToken()["token"]
    answer = app.get(
        f"/api/3/action/{ACTION}?id={dataset['id']}", headers={"Authorization": token}
    )
    assert list(answer.json["result"]) == [by_name(dataset, "data")]
