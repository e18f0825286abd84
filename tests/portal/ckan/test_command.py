"""`openindicators plan` and `publish --to ckan`, as a person or a script runs them."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.fixtures.commands import openindicators
from tests.fixtures.datasets import dataset
from tests.portal.ckan.environment import CkanEnvironment, changes
from warehouse.store.data_dir import DataDir

pytestmark = pytest.mark.portal


@pytest.fixture
def env(ckan, tmp_path):
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    found = CkanEnvironment(ckan, data_dir, dataset(name=f"c{uuid.uuid4().hex[:12]}"))
    found.release(1)
    yield found
    found.remove()


@pytest.fixture
def environment(ckan, portal_home):
    return {
        "OPENINDICATORS_CKAN_URL": ckan.url,
        "OPENINDICATORS_CKAN_TOKEN_FILE": str(portal_home.token),
    }


def test_plan_then_publish_then_nothing(env, environment):
    def run(*words):
        return openindicators(env.data_dir.root, *words, "--to", "ckan", **environment)

    planned = run("plan", "--json")
    assert planned.code == 0, planned.err
    assert {tuple(sorted(line)) for line in planned.json} == {
        ("change", "dataset", "detail", "what")
    }
    assert {line["change"] for line in planned.json} == {"+"}
    assert {line["dataset"] for line in planned.json} == {env.declared.id}
    done = run("publish", env.declared.id)
    assert done.code == 0 and "1 of 1 datasets differ" in done.out, done.err
    again = run("publish")
    assert again.code == 0 and "0 of 1 datasets differ" in again.out
    # The command loads rows too: as its own portal, all is the same.
    assert changes(env.publisher(rows="api").plan(env.history)) == {"="}
    assert {line["change"] for line in run("plan", "--json").json} == {"="}


def test_a_refusal_is_one_clear_message_without_the_token(env, environment):
    secret = "eyJ-not-a-real-token"
    environment = {**environment, "OPENINDICATORS_CKAN_TOKEN": secret}
    done = openindicators(env.data_dir.root, "publish", "--to", "ckan", **environment)
    assert done.code == 8
    assert "403" in done.err and "check the token" in done.err
    assert "Traceback" not in done.err
    output = done.out + done.err
    for path in env.data_dir.root.rglob("*"):
        if path.is_file():
            output += path.read_bytes().decode(errors="replace")
    assert secret not in output


def test_no_portal_is_configured(env):
    done = openindicators(env.data_dir.root, "plan", "--to", "ckan")
    assert done.code == 1 and "OPENINDICATORS_CKAN_URL" in done.err


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("ftp://x", "a", "is not a web address"),
        ("http://u:p@x", "a", "is not a web address"),
        ("http://x", "", "token for CKAN is missing, or contains blanks"),
        ("http://x", "a b", "token for CKAN is missing, or contains blanks"),
    ],
)
def test_wrong_settings(env, url, token, said):
    done = openindicators(
        env.data_dir.root, "plan", "--to", "ckan",
        OPENINDICATORS_CKAN_URL=url, OPENINDICATORS_CKAN_TOKEN=token,
    )
    assert done.code == 1 and said in done.err


def test_an_unknown_dataset(env, environment):
    done = openindicators(
        env.data_dir.root, "plan", "nothing_like_it", "--to", "ckan", "--json", **environment
    )
    assert done.code == 1 and "no dataset or sector" in done.err
    assert json.loads(done.out or "[]") == []
