"""A draft on the portal: private, beside the public dataset, and gone once it is decided."""

from __future__ import annotations

import uuid

import httpx
import pytest

from portal.metadata.identifiers import package_id
from tests.fixtures.answers import confirming
from tests.fixtures.commands import openindicators
from tests.fixtures.projects import for_this_city
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal


@pytest.fixture
def review(ckan, portal_home, tmp_path):
    """A project of one dataset that needs review, and a command that knows the portal."""
    name = f"tourism/r{uuid.uuid4().hex[:12]}"
    project, data_dir = for_this_city(tmp_path / "project"), DataDir(tmp_path / "data")

    def run(*words):
        return openindicators(
            data_dir.root, *words, OPENINDICATORS_PROJECT=str(project),
            OPENINDICATORS_CKAN_URL=ckan.url,
            OPENINDICATORS_CKAN_TOKEN_FILE=str(portal_home.token),
        )

    assert run("new", name).code == 0
    assert run(*confirming(name)).code == 0
    with (project / "assets" / f"{name}.yaml").open("a") as file:
        file.write("review: required\n")
    yield name, data_dir, run
    for dataset in (name, f"{name}_draft"):
        act(ckan, "dataset_purge", id=package_id(dataset))


def act(ckan, action, token=True, **data):
    headers = {"Authorization": ckan.token} if token else {}
    answer = httpx.post(f"{ckan.url}/api/3/action/{action}", json=data, headers=headers, timeout=60)
    return answer.status_code, answer.json().get("result")


def test_a_draft_is_private_until_somebody_approves(review, ckan):
    name, data_dir, run = review
    public, draft = package_id(name), package_id(f"{name}_draft")
    said = run("run")
    assert said.code == 0, said.out + said.err
    assert act(ckan, "package_show", id=public)[0] == 404
    status, shown = act(ckan, "package_show", id=draft)
    assert status == 200 and shown["private"] and shown["title"].startswith("[Bản thảo]")
    assert shown["title_translated"]["en"].startswith("[Draft]")
    assert act(ckan, "package_show", token=False, id=draft)[0] == 403  # nobody else sees it
    tables = [r["id"] for r in shown["resources"] if r.get("datastore_active")]
    assert tables and act(ckan, "datastore_search", token=False, resource_id=tables[0])[0] == 403
    wanted = {r["hash"] for r in shown["resources"]}

    assert run("approve", name, "--by", "Lan").code == 0
    status, shown = act(ckan, "package_show", token=False, id=public)
    assert status == 200 and not shown["private"]
    data = data_dir.releases(name) / "1" / "data.parquet"
    approved = {r["hash"] for r in shown["resources"]}
    parquet = {r["hash"] for r in shown["resources"] if r["format"] == "PARQUET"}
    assert parquet <= wanted & approved and data.exists()  # the approved bytes are the public ones
    assert act(ckan, "package_show", id=draft)[0] == 404
    assert act(ckan, "datastore_search", resource_id=tables[0])[0] == 404


def test_a_rejected_draft_leaves_the_public_dataset_as_it_was(review, ckan):
    name, data_dir, run = review
    public, draft = package_id(name), package_id(f"{name}_draft")
    assert run("run").code == 0 and run("approve", name, "--by", "Lan").code == 0
    before = act(ckan, "package_show", id=public)[1]
    table = data_dir.inbox / f"{name.split('/')[1]}.csv"
    table.write_text("area,year,value\n48,2024,1\n")
    assert run("run").code == 0
    assert act(ckan, "package_show", id=draft)[0] == 200
    assert act(ckan, "package_show", id=public)[1] == before
    assert run("reject", name, "--reason", "one year only", "--by", "Lan").code == 0
    assert act(ckan, "package_show", id=draft)[0] == 404
    assert act(ckan, "package_show", id=public)[1] == before


def test_a_draft_goes_when_the_dataset_needs_no_review_any_more(review, ckan, tmp_path):
    name, _, run = review
    draft = package_id(f"{name}_draft")
    assert run("run", "--to", "ckan").code == 0
    shown = act(ckan, "package_show", id=draft)[1]
    (table,) = [r["id"] for r in shown["resources"] if r.get("datastore_active")]
    declaration = tmp_path / "project" / "assets" / f"{name}.yaml"
    declaration.write_text(declaration.read_text().replace("review: required\n", ""))
    assert run("run", "--to", "site").code == 0
    planned = run("plan", "--to", "ckan", "--json").json
    assert ("-", "draft") in {(line["change"], line["what"]) for line in planned}
    assert act(ckan, "package_show", id=draft)[0] == 200, "a plan writes nothing"
    said = run("publish", "--to", "ckan")
    assert said.code == 0 and "- draft" in said.out
    assert act(ckan, "package_show", id=draft)[0] == 404
    assert act(ckan, "datastore_search", resource_id=table)[0] == 404
    assert act(ckan, "package_show", token=False, id=package_id(name))[0] == 200
    again = run("publish", "--to", "ckan", "--json").json
    assert {line["change"] for line in again} == {"="}
