"""What the package declares and carries, checked without CKAN."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ckanext" / "openindicators"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_entry_point_names_an_existing_class() -> None:
    for group in PROJECT["entry-points"].values():
        for target in group.values():
            module, _, name = target.partition(":")
            text = (ROOT / f"{module.replace('.', '/')}.py").read_text()
            assert re.search(rf"^class {name}\b", text, re.MULTILINE), target


def test_ckanext_stays_a_namespace() -> None:
    assert not (ROOT / "ckanext" / "__init__.py").exists()


def test_the_schema_names_each_field_once_and_has_every_template() -> None:
    schema = yaml.safe_load((PACKAGE / "schemas" / "dataset.yaml").read_text())
    fields = [*schema["dataset_fields"], *schema["resource_fields"]]
    for group in (schema["dataset_fields"], schema["resource_fields"]):
        names = [field["field_name"] for field in group]
        assert len(names) == len(set(names))
    subfields = [sub for field in fields for sub in field.get("repeating_subfields", ())]
    of_scheming = {"email.html", "link.html", "file_size.html", "text.html", None}
    own = {path.name for path in (PACKAGE / "templates/scheming/display_snippets").iterdir()}
    used = {field["display_snippet"] for field in fields + subfields if "display_snippet" in field}
    assert used <= of_scheming | own


def test_the_readme_names_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    declared = yaml.safe_load((PACKAGE / "config_declaration.yaml").read_text())
    for group in declared["groups"]:
        for option in group["options"]:
            assert f"`{option['key']}`" in readme
