"""Every declaration that passes `check` can be read from its release again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model.declarations.dataset import Dataset
from model.declarations.load import Declaration, load_declaration, load_declarations
from model.declarations.questions import OpenQuestionsError
from model.errors import DeclarationError
from sources.connectors.registry import CONNECTORS, options_of
from tests.fixtures.datasets import registries

ROOT = Path(__file__).resolve().parents[2]
SEEN = {"valid": 0, "unpivot": 0}

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1,
                max_size=12)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{1,8}", fullmatch=True)
CODES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,8}", fullmatch=True)
BOTH = st.fixed_dictionaries({"vi": WORDS, "en": WORDS})
NUMBERS = st.floats(-1e9, 1e9) | st.integers(-(10**6), 10**6)
YEARS = st.sampled_from(["2000..", "2000..2010"])


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings that have each of the fields or not."""
    return st.fixed_dictionaries({}, optional=fields)


FLAGS = WORDS.map(lambda text: text + "x")
RULES = WORDS | st.fixed_dictionaries({"const": WORDS}) | st.builds(
    lambda column, rest: {"column": column, **rest}, WORDS, maybe(
        map=st.dictionaries(WORDS, WORDS, max_size=2), codelist=st.just("country"),
        format=st.sampled_from(["auto", "%Y", "%d/%m/%Y:M"]), scale=NUMBERS, named=WORDS,
        locale=st.sampled_from(["en", "vi", "plain"]), missing=st.lists(WORDS, max_size=2),
        scale_by=st.fixed_dictionaries(
            {"column": WORDS, "map": st.dictionaries(WORDS, NUMBERS, min_size=1, max_size=2)}
        ),
        scale_words=st.dictionaries(FLAGS, NUMBERS, max_size=2), within=CODES,
        marks=st.dictionaries(
            FLAGS, st.sampled_from(["P", "E"]) | maybe(status=st.just("B"), note=WORDS), max_size=2
        ),
    ),
)
UNPIVOT = maybe(
    columns=st.lists(WORDS, min_size=1, max_size=3), values_to=NAMES, separator=WORDS,
    matching=st.sampled_from([r"\d{4}", r"(?P<year>\d{4})", r"(?P<year>\d+)\|(?P<sex>.+)", "("]),
    names_to=NAMES | st.lists(NAMES, min_size=1, max_size=3),
)
UNPIVOT_ALONE = st.sampled_from([
    {"matching": r"(?P<year>\d{4})"}, {"matching": r"(?P<year>\d{4})", "values_to": "v1"},
    {"columns": ["a"]}, {"columns": ["a|b"], "names_to": ["x1", "y1"], "separator": "|"},
])
MAPPING = maybe(
    unpivot=st.one_of(UNPIVOT, *[UNPIVOT_ALONE] * 4), empty=st.sampled_from(["drop", "keep"]),
    where=st.dictionaries(
        WORDS, YEARS | st.just("asean") | st.lists(WORDS, max_size=2), max_size=2
    ),
    columns=st.dictionaries(st.sampled_from(["ref_area", "time_period", "obs_value"]), RULES),
    allow=maybe(new_columns=st.booleans(), new_codes=st.just(["ref_area"])),
    checked=st.dates().map(str),
)
LAYOUT = maybe(
    format=st.just("csv"), header=st.integers(1, 3) | st.just([1, 2]),
    names=st.lists(WORDS, unique=True, min_size=1, max_size=3),
    skip_rows=st.integers(0, 2), footer=st.integers(0, 2), carry_down=st.lists(WORDS, max_size=2),
    encoding=st.sampled_from(["utf-8", "latin-1", "cp1258"]),
    tables=st.just({"matching": "Table.*", "to": "part"}),
    headings=st.just([{"to": "group"}]), use_columns=st.just(["A", "C:F"]),
)
SOURCES = st.one_of(
    st.builds(lambda rest: {"protocol": "files", "files": ["a.csv"], **rest}, LAYOUT),
    st.builds(lambda rest: {"protocol": "worldbank", **rest}, maybe(
        areas=st.sampled_from(["asean", "all", ["VNM"]]), years=YEARS, footnotes=st.booleans(),
        indicators=CODES.map(lambda code: {"A": code}),
    )),
    st.builds(lambda rest: {"protocol": "gho", **rest}, maybe(
        areas=st.just("asean"), years=YEARS, filter=st.just({"Dim1": ["SEX_BTSX"]}),
    )),
    st.builds(lambda rest: {"protocol": "uis", **rest}, maybe(years=YEARS, version=CODES)),
    st.just({"protocol": "sdmx", "service": "eurostat", "flow": "x", "start": 2015}),
    st.just({"protocol": "pxweb", "url": "https://x.example/t", "query": [
        {"code": "a", "filter": "top", "values": ["3"]}]}),
    st.just({"protocol": "ckan", "base_url": "https://x.example", "package": "p",
             "token": {"env": "TOKEN"}, "layout": {"delimiter": ";", "header": 2}}),
    st.just({"protocol": "hxl", "urls": ["https://x.example/a.csv"]}),
    st.just({"protocol": "da_nang_portal", "datasets": [1], "login": {"env": "LOGIN"}}),
).flatmap(lambda source: MAPPING.map(lambda rest: {**source, **rest}))
INDICATORS = st.builds(
    lambda name, rest: {"name": name, "unit": "count", **rest}, BOTH, maybe(
        definition=BOTH, decimals=st.integers(0, 9), minimum=NUMBERS, maximum=NUMBERS,
        small_cells=maybe(threshold=st.integers(2, 20), action=st.just("suppress")),
    ),
)
MINIMAL: dict[str, Any] = {
    "title": {"vi": "a", "en": "b"}, "description": {"vi": "a", "en": "b"},
    "publisher": "da_nang_city", "keywords": {"vi": ["a"], "en": ["b"]}, "frequency": "A",
    "geography": {"codelist": "country", "coverage": "viet_nam"},
    "indicators": {"A": {"name": {"vi": "a", "en": "b"}, "unit": "count"}},
    "source": {"protocol": "files", "files": ["a.csv"]},
}
DECLARATIONS = st.builds(
    lambda indicator, source, rest: MINIMAL | {
        "indicators": {"A": indicator}, "source": source, **rest,
    },
    INDICATORS, SOURCES, maybe(
        tolerance=st.floats(0, 1), notes=BOTH, ended=BOTH, review=st.just("required"),
        dimensions=st.dictionaries(NAMES, st.fixed_dictionaries({"name": BOTH}), max_size=2),
        profiles=st.just({"sample": {"empty": "keep"}}), owners=st.just(["a@b.vn"]),
        corrections=st.lists(st.builds(
            lambda rest: {"key": {"ref_area": "VNM"}, "action": "set", "expect": 1.5,
                          "reason": {"vi": "a", "en": "b"}, "source": "x", **rest},
            maybe(value=NUMBERS, status=st.just("U")),
        ), max_size=2),
    ),
)


def assert_survives(declaration: Declaration) -> None:
    """Read a declaration from what its release keeps, as JSON, and compare."""
    dataset = declaration.dataset
    kept = json.loads(json.dumps(dataset.model_dump(mode="json"), allow_nan=False))
    assert CONNECTORS.dataset_type.model_validate(kept) == dataset
    read = Dataset.model_validate(kept)  # the portals know no connectors
    assert read.model_dump(mode="json") == kept
    for profile, source in dataset.sources.items():
        assert options_of(read.sources[profile]) == source.options
        assert declaration.version(profile, registries())


@settings(
    max_examples=400, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(declared=DECLARATIONS)
@example(declared=MINIMAL | {"source": {
    "protocol": "files", "files": ["a.csv"], "unpivot": {"matching": r"(?P<year>\d{4})"},
}})
@example(declared=MINIMAL | {"source": {
    "protocol": "files", "files": ["a.csv"], "tables": {"matching": "Table.*", "to": "part"},
}})
@example(declared=MINIMAL | {"notes": {"vi": "   ", "en": "b"}})
def test_a_valid_declaration_survives_its_release(
    tmp_path_factory: pytest.TempPathFactory, declared: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "round_trip" / "tourism"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "any.yaml"
    path.write_text(json.dumps(declared, ensure_ascii=False), encoding="utf-8")
    try:
        declaration = load_declaration(path, registries(), CONNECTORS)
    except (DeclarationError, OpenQuestionsError):
        return
    SEEN["valid"] += 1
    SEEN["unpivot"] += "unpivot" in declared["source"]
    assert_survives(declaration)


def test_the_examples_were_worth_the_while() -> None:
    assert SEEN["valid"] > 50 and SEEN["unpivot"] > 5, SEEN


def test_all_declarations_survive_their_releases() -> None:
    for folder in (ROOT / "assets", ROOT / "tests" / "corpus" / "project" / "assets"):
        found, errors = load_declarations(folder, registries(), CONNECTORS)
        assert found and not errors
        for declaration in found.values():
            assert_survives(declaration)
