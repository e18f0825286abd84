"""The JSON Schema accepts every declaration, refuses what is wrong, and explains every field."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from model.declarations.json_schema import DEFAULTS_FILE, FILE, schemas
from model.declarations.yaml_file import YamlFile
from pipelines.cli.schema import write_schemas
from pipelines.settings import Settings
from sources.connectors.registry import CONNECTORS
from tests.fixtures.datasets import registries

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = (ROOT / "assets", ROOT / "tests" / "corpus" / "project" / "assets")
SCHEMAS = schemas(CONNECTORS, registries())
VALID, VALID_DEFAULTS = (Draft202012Validator(SCHEMAS[name]) for name in (FILE, DEFAULTS_FILE))
FILES = [path for project in PROJECTS for path in sorted(project.rglob("*.yaml"))
         if path.name != "defs.yaml"]
GOOD: dict[str, Any] = YamlFile.parse(
    """
title: {vi: Phòng khách sạn, en: Hotel rooms}
description: {vi: Mỗi dòng một năm, en: One row a year}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [khách sạn], en: [hotels]}
frequency: A
geography: {codelist: vn_province_2008, coverage: da_nang}
indicator_defaults: {unit: count}
indicators: {ROOMS: {name: {vi: Số phòng, en: Rooms}, minimum: 0}}
dimensions: {sex: {name: {vi: Giới, en: Sex}, codelist: sex}}
source:
  protocol: files
  files: [rooms.csv]
  header: [1, 2]
  where: {year: 2000.., area: asean, kind: [a, b]}
  unpivot: {matching: "\\\\d{4}", names_to: year}
  columns:
    ref_area: area
    time_period: {const: "2020"}
    obs_value: {column: value, locale: vi, marks: {p: P, r: {status: E, note: x}}}
profiles:
  sample: {where: {year: [2020]}}
  live: {protocol: worldbank, areas: asean, years: 2000.., indicators: {ROOMS: HT.ROOM}}
corrections:
  - {key: {ref_area: "48"}, action: drop, expect: 1, reason: {vi: a, en: b}, source: x}
chart: {indicator: ROOMS, areas: ["48"], where: {sex: F}}
""".replace("[2020]", '["2020"]'), Path("good.yaml"),
).data

# Where, what stands there instead (or GONE), and why it is wrong.
GONE = object()
WRONG: list[tuple[tuple[Any, ...], Any]] = [
    (("title",), GONE), (("title",), "Rooms"), (("title", "en"), GONE), (("title", "fr"), "x"),
    (("description",), GONE), (("description", "vi"), 7), (("keywords",), GONE),
    (("keywords",), ["hotels"]), (("keywords", "en"), "hotels"), (("indicators",), GONE),
    (("indicators",), []), (("indicators",), {}), (("indicators", "ROOMS", "name"), GONE),
    (("indicators", "ROOMS", "unit"), "rooms"), (("indicators", "ROOMS", "decimals"), 10),
    (("indicators", "ROOMS", "decimals"), 1.5), (("indicators", "ROOMS", "minimum"), "0"),
    (("indicators", "ROOMS", "small_cells"), {"threshold": 1}),
    (("indicators", "ROOMS", "small_cells"), {"action": "hide"}),
    (("indicator_defaults", "unit"), "rooms"), (("indicator_defaults", "max"), 1),
    (("publisher",), "nobody"), (("licence",), "CC-BY"), (("contact",), "nobody"),
    (("frequency",), "yearly"), (("geography",), "Da Nang"), (("geography", "codelist"), "vn"),
    (("geography", "coverage"), "nowhere"), (("geography", "vintages"), "2008"),
    (("dimensions", "sex", "codelist"), "sexes"), (("dimensions", "sex", "name"), "Sex"),
    (("dimensions", "sex", "label"), {}), (("sources",), {}), (("tolerance",), 2),
    (("tolerance",), "1%"), (("review",), "always"), (("access_rights",), "public"),
    (("frequncy",), "A"), (("owners",), "team:x"), (("chart", "indicator"), GONE),
    (("chart", "areas"), "48"), (("corrections", 0, "action"), "delete"),
    (("corrections", 0, "expect"), GONE), (("corrections", 0, "reason"), "wrong"),
    (("corrections",), {}), (("source",), "files"), (("source", "protocol"), GONE),
    (("source", "protocol"), "flies"), (("source", "options"), {"files": ["a"]}),
    (("source", "delimeter"), ";"), (("source", "delimiter"), "xx"),
    (("source", "format"), "excel"), (("source", "files"), "rooms.csv"),
    (("source", "urls"), ["rooms.csv", 7]), (("source", "areas"), ["VNM"]),
    (("source", "where", "year"), "2000"), (("source", "where", "area"), "asaen"),
    (("source", "empty"), "skip"), (("source", "allow"), {"new_rows": True}),
    (("source", "columns", "ref_area"), {}), (("source", "columns", "ref_area"), 7),
    (("source", "columns", "time_period"), {"const": "2020", "column": "year"}),
    (("source", "columns", "obs_value", "locale"), "fr"),
    (("source", "columns", "obs_value", "marks", "p"), "provisional"),
    (("source", "columns", "obs_value", "scale"), "1000"),
    (("source", "unpivot", "names"), "x"), (("source", "checked"), True),
    (("profiles", "corpus"), {}), (("profiles", "sample", "protocol"), "sdxm"),
    (("profiles", "sample", "wheer"), {}), (("profiles", "live", "years"), "2000-2020"),
    (("profiles", "live", "areas"), "asaen"), (("profiles", "live", "per_page"), 0),
    (("profiles", "live", "indicators"), "HT.ROOM"), (("extends",), ["gdp.yaml"]),
]


def test_all_declarations_are_accepted() -> None:
    for path in FILES:
        data = YamlFile.read(path).data
        valid = VALID_DEFAULTS if path.name.startswith("_") else VALID
        assert not [e.message for e in valid.iter_errors(data)], path
    assert not [error.message for error in VALID.iter_errors(GOOD)]
    assert len(FILES) > 109


@pytest.mark.parametrize(
    ("at", "instead"), WRONG, ids=lambda value: "gone" if value is GONE else str(value)[:50]
)
def test_what_is_wrong_is_refused(at: tuple[Any, ...], instead: Any) -> None:
    data = deepcopy(GOOD)
    place = data
    for part in at[:-1]:
        if isinstance(place, dict):
            place.setdefault(part, {})
        place = place[part]
    if instead is GONE:
        del place[at[-1]]
    else:
        place[at[-1]] = instead
    assert list(VALID.iter_errors(data))


def test_every_field_is_explained() -> None:
    def walk(schema: Any, at: str) -> None:
        for name, field in schema.get("properties", {}).items():
            assert field.get("description"), f"{at}.{name}"
        for each in schema.get("anyOf", []):
            walk(each, at)

    walk(SCHEMAS[FILE], "declaration")
    for name, definition in SCHEMAS[FILE]["$defs"].items():
        walk(definition, name)


def test_the_projects_files_are_current_and_named() -> None:
    """`UPDATE_DOCS=1` writes them anew, as `openindicators schema` does."""
    for name, schema in SCHEMAS.items():
        if os.environ.get("UPDATE_DOCS"):
            write_schemas(Settings(project=ROOT), registries())
        assert json.loads((PROJECTS[0] / name).read_text(encoding="utf-8")) == schema
    for path in FILES:
        lines = path.read_text(encoding="utf-8").splitlines()
        (line,) = [each for each in lines[:2] if each.startswith("# yaml-language-server: ")]
        named = (path.parent / line.partition("$schema=")[2]).resolve()
        wanted = DEFAULTS_FILE if path.name.startswith("_") else FILE
        assert named == PROJECTS[0] / wanted, path


def test_the_schemas_of_targets_accept_and_explain_them() -> None:
    """They are current, as `openindicators schema` writes them, and refuse an unknown field."""
    folder = ROOT / "registry"
    for name in ("targets", "sector_indicators"):
        schema = json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))
        valid = Draft202012Validator(schema)
        data = YamlFile.read(folder / f"{name}.yaml").data
        assert not [error.message for error in valid.iter_errors(data)]
        entries = data.get("targets", data)
        first = next(iter(entries.values()))
        first["artcle"] = "x"
        assert list(valid.iter_errors(data))
        for kind in schema["$defs"].values():
            for field, each in kind.get("properties", {}).items():
                assert each.get("description"), field
    before = {path: path.read_bytes() for path in folder.glob("*.schema.json")}
    write_schemas(Settings.from_environment(), registries())
    assert before == {path: path.read_bytes() for path in before}
