"""Settings come from the environment, belong to one profile, and never show a secret."""

from __future__ import annotations

import os

import pytest

from model.errors import OpenIndicatorsError
from pipelines.settings import PACKAGED, Settings, reference
from tests.fixtures.commands import PROJECT
from tests.fixtures.projects import for_this_city

DOCS = PROJECT / "docs" / "settings.md"
HEAD = """# Settings

Read from the environment, once, by `pipelines/settings.py`. An empty value counts as unset.

"""
TAIL = """
Two kinds of limits are read where they apply: `OPENINDICATORS_MEMORY_LIMIT` (memory of DuckDB for a
large table, 250 MB unless set, e.g. `4GB`) and `OPENINDICATORS_MAX_*` (what a source may send, see
`sources/limits.py`).
"""


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in os.environ:
        if name.startswith("OPENINDICATORS_") or name == "SOURCE_DATE_EPOCH":
            monkeypatch.delenv(name)


def test_the_documentation_is_generated_from_the_class():
    """`UPDATE_DOCS=1` writes the page anew."""
    page = HEAD + reference() + TAIL
    if os.environ.get("UPDATE_DOCS"):
        DOCS.write_text(page, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == page


def test_each_profile_has_a_data_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(tmp_path)))
    roots = {name: Settings.from_environment(name).data_dir.root for name in ("sample", "live")}
    assert roots == {name: tmp_path / "data" / name for name in ("sample", "live")}
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "mine"))
    assert Settings.from_environment("live").data_dir.root == tmp_path / "mine"


def test_records_directly_in_data_are_refused_with_the_command_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(for_this_city(tmp_path)))
    (tmp_path / "data" / "releases").mkdir(parents=True)
    with pytest.raises(OpenIndicatorsError, match="folder of its own") as refused:
        Settings.from_environment()
    assert f"mv {tmp_path}/data {tmp_path}/data.sample" in refused.value.todo


def test_the_project_is_the_current_folder_or_the_packaged_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment().project == PACKAGED
    for_this_city(tmp_path)
    for name in ("assets", "expectations"):
        (tmp_path / name).mkdir()
    assert Settings.from_environment().project == tmp_path


def test_secrets_are_in_no_repr(monkeypatch):
    for name in ("WEBHOOK", "SMTP", "CKAN_TOKEN", "CKAN_DATASTORE_URL"):
        monkeypatch.setenv(f"OPENINDICATORS_{name}", "https://s3cret.vn")
    monkeypatch.setenv("OPENINDICATORS_SMTP", "smtps://u:s3cret@mail.vn")
    monkeypatch.setenv("OPENINDICATORS_ALERT_TO", "a@b.vn")
    monkeypatch.setenv("OPENINDICATORS_ALERT_FROM", "a@b.vn")
    monkeypatch.setenv("OPENINDICATORS_CKAN_URL", "https://congdulieu.vn")
    settings = Settings.from_environment()
    assert "s3cret" not in repr((settings, settings.email, settings.ckan))


@pytest.mark.parametrize(("name", "value", "said"), [
    ("OPENINDICATORS_PROFILE", "lve", "unknown profile 'lve'"),
    ("OPENINDICATORS_ALLOW_PRIVATE", "perhaps", "OPENINDICATORS_ALLOW_PRIVATE"),
    ("SOURCE_DATE_EPOCH", "yesterday", "not a number of seconds"),
])
def test_an_invalid_value_is_refused_in_words(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(OpenIndicatorsError, match=said):
        Settings.from_environment()


def test_the_address_of_the_site_is_that_of_a_folder(monkeypatch):
    monkeypatch.setenv("OPENINDICATORS_SITE_URL", "https://data.example.org/city")
    assert Settings.from_environment().site_url == "https://data.example.org/city/"
    for wrong in ("data.example.org", "ftp://x", "https://u:p@x/", "https://x/?q=1", "https://"):
        monkeypatch.setenv("OPENINDICATORS_SITE_URL", wrong)
        with pytest.raises(OpenIndicatorsError, match="not the web address of a folder"):
            Settings.from_environment()
