"""The city of a project: city.yaml, its registry, its languages; and that no code knows of one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.declarations.load import load_declaration
from model.errors import DeclarationError
from model.reference.city import city, open_city_error, use_project
from model.reference.registries import load_registries
from model.util.languages import languages
from model.util.text import LocalizedText
from portal.metadata.identifiers import dataset_urn, publisher_urn
from tests.fixtures.commands import PROJECT

PRODUCT = ("model", "sources", "warehouse", "expectations", "portal", "assets", "pipelines")
A_CITY = re.compile(r"da.?nang(?!_portal)|đà nẵng|^48$", re.IGNORECASE)
# A protocol is named after the portal that speaks it; Viet Nam's list of provinces is Viet Nam's.
NAMED = re.compile(r"sources/connectors/((options/)?da_nang_portal|registry)\.py")
VALID = """\
name: {vi: Huế, en: Hue}
languages: [vi, en]
time_zone: Asia/Ho_Chi_Minh
namespace: opendata.example.org
site: {title: {vi: a, en: b}, lead: {vi: a, en: b}}
"""


def constants(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names and the texts of a module, with their lines, but for its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value) for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in documented:
                yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id


def test_no_code_knows_of_a_city() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{line}: {text[:60]}"
        for folder in PRODUCT
        for path in sorted((PROJECT / folder).rglob("*.py"))
        if not NAMED.fullmatch(path.relative_to(PROJECT).as_posix())
        for line, text in constants(path)
        if A_CITY.search(text) and "pipelines/cli/init" not in path.as_posix()
    ]
    assert found == []


def test_no_template_and_no_common_registry_knows_of_a_city() -> None:
    places = [*(PROJECT / "portal").rglob("*.html"), *(PROJECT / "portal").rglob("*.css"),
              *(PROJECT / "portal").rglob("*.yaml"), *(PROJECT / "portal").rglob("*.po"),
              *(PROJECT / "model/reference/registry").glob("*.yaml")]
    assert len(places) > 20
    assert [path.name for path in places if A_CITY.search(path.read_text(encoding="utf-8"))] == []


def test_the_identifiers_of_this_city_stay() -> None:
    assert city().namespace == "openindicators.danang.gov.vn"
    assert dataset_urn("finance/gdp") == GDP
    assert publisher_urn("world_bank") == WORLD_BANK


# As they were published before the namespace was in city.yaml.
GDP = "urn:uuid:e1287961-cf1b-5d61-8571-f0adf7074b87"
WORLD_BANK = "urn:uuid:a02af736-4eaf-5e5b-b844-86eab843c2b3"


@pytest.mark.parametrize(("old", "new", "words"), [
    ("languages: [vi, en]", "languages: [vi, en, vi]", "city.yaml:2: languages: names a language"),
    ("languages: [vi, en]", "languages: [vi, eng1]", "is no code of a language"),
    ("languages: [vi, en]", "languages: [vi, en, ko]", "name: the text is missing in: ko"),
    ("Asia/Ho_Chi_Minh", "Asia/Hanoi", "city.yaml:3: time_zone: is no time zone"),
    ("namespace: opendata.example.org", "", "the field 'namespace' is missing"),
    ("en: Hue}", "de: Hue}", "'de', which is no language of the project"),
    ("site:", "publisher: '?'\npublsher: x\nsite:", "unknown field 'publsher'"),
])
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, words) -> None:
    assert old in VALID
    (tmp_path / "city.yaml").write_text(VALID.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        use_project(tmp_path)
    assert words in str(caught.value)


def test_a_project_says_which_city_it_is_for(tmp_path) -> None:
    with pytest.raises(DeclarationError, match=r"city.yaml.*which city") as caught:
        use_project(tmp_path)
    assert "openindicators init" in caught.value.todo


def test_what_is_open_is_left_out_and_listed(tmp_path) -> None:
    text = VALID.replace("en: Hue}", 'en: "?"}') + 'publisher: "?"\n'
    (tmp_path / "city.yaml").write_text(text, encoding="utf-8")
    found = use_project(tmp_path)
    assert found.publisher is None and found.name.get("en") == "Huế"
    asked = open_city_error()
    assert asked and [each.question.field for each in asked.questions] == ["name.en", "publisher"]


def test_a_registry_adds_to_ours_and_replaces_nothing(tmp_path) -> None:
    own = tmp_path / "registry"
    (own / "codelists").mkdir(parents=True)
    (own / "units.yaml").write_text("boats:\n  name: {vi: chiếc thuyền, en: boats}\n")
    (own / "codelists/ward.csv").write_text(
        "# vintage: HUE:2025\n# title: Phường | Ward\ncode,name_vi,name_en,kind,aliases\n"
        "1,Thuận Hóa,Thuan Hoa,,\n"
    )
    both = load_registries(tmp_path)
    assert both.units["boats"].name.get("en") == "boats" and "percent" in both.units
    assert both.codelists["ward"].find("thuan hoa") == "1"
    assert both.codelists["ward"].title == LocalizedText(vi="Phường", en="Ward")
    (own / "units.yaml").write_text("\npercent:\n  name: {vi: phần trăm, en: percent}\n")
    with pytest.raises(DeclarationError) as caught:
        load_registries(tmp_path)
    assert re.search(
        r"registry/units.yaml:2: 'percent' .* /\S+model/reference/registry/units.yaml:\d+",
        str(caught.value),
    )
    (own / "units.yaml").unlink()
    (own / "codelists/country.csv").write_text("# vintage: X\ncode,name_vi,name_en,kind,aliases\n")
    with pytest.raises(DeclarationError, match=r"country.csv: 'country' is .*/country.csv"):
        load_registries(tmp_path)


def test_a_declaration_has_every_language_of_the_project(tmp_path) -> None:
    path = tmp_path / "tourism" / "rooms.yaml"
    path.parent.mkdir()
    path.write_text(DECLARATION, encoding="utf-8")
    registries = load_registries(PROJECT)
    assert load_declaration(path, registries).dataset.title.get("en") == "Rooms"
    (tmp_path / "city.yaml").write_text(
        VALID.replace("[vi, en]", "[vi, en, ko]").replace("{vi: a, en: b}", "{vi: a, en: b, ko: c}")
        .replace("en: Hue}", "en: Hue, ko: 후에}"), encoding="utf-8",
    )
    use_project(tmp_path)
    assert languages() == ("vi", "en", "ko")
    with pytest.raises(DeclarationError) as caught:
        load_declaration(path, registries)
    assert "rooms.yaml:1: title: the text is missing in: ko" in str(caught.value)
    path.write_text(re.sub(r"en: (\w+)}", r"en: \1, ko: \1}", DECLARATION).replace(
        "en: [rooms]", "en: [rooms], ko: [rooms]"), encoding="utf-8")
    assert load_declaration(path, registries).dataset.title.languages == ("vi", "en", "ko")


DECLARATION = """\
title: {vi: Phòng, en: Rooms}
description: {vi: Phòng, en: Rooms}
publisher: world_bank
keywords: {vi: [phòng], en: [rooms]}
frequency: A
geography: {codelist: country, coverage: viet_nam}
indicators: {ROOMS: {name: {vi: Phòng, en: Rooms}, unit: count}}
source: {protocol: files, files: [rooms.csv]}
"""
