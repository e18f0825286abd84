"""PX-Web 2: selections, parts within the limit of cells, and a table that was updated."""

from __future__ import annotations

import contextlib
import json
import math
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import ChangedError, OpenIndicatorsError, SourceError
from sources.base import Request
from sources.connectors.pxweb import v2
from sources.connectors.pxweb.v2 import VariableCodes, in_parts
from tests.fixtures.datasets import real_files
from tests.fixtures.sources import Web, fetched, read, table

BASE = "https://px.example.org/api/v2"


class Service:
    """A PX-Web 2 on paper: regions, sexes and years, whose cells say where they are."""

    def __init__(self, limit: int = 12) -> None:
        self.limit = limit
        self.updated = "2026-06-08T06:00:00Z"
        self.variables = {
            "Region": ["00", "01", "48"], "Kon": ["1", "2"],
            "Tid": [str(year) for year in range(2015, 2025)],
        }
        self.cells_asked: list[int] = []

    def answer(self, request: Request) -> str:
        split = urlsplit(request.url)
        if split.path.endswith("/config"):
            return json.dumps({"apiVersion": "2.0.0", "maxDataCells": self.limit,
                               "maxCallsPerTimeWindow": 3, "timeWindow": 6})
        if split.path.endswith("/codelists/agg_R"):
            return json.dumps({"id": "agg_R", "values": [{"code": "VN"}, {"code": "DN"}]})
        if split.path.endswith("/tables/T1/metadata"):
            return self._cube(self.variables, values=False)
        assert split.path.endswith("/tables/T1/data") and request.method == "POST"
        chosen = {s["variableCode"]: s["valueCodes"]
                  for s in json.loads(request.body or b"")["selection"]}
        self.cells_asked.append(math.prod(map(len, chosen.values())))
        assert self.cells_asked[-1] <= self.limit
        if parse_qs(split.query)["outputFormat"] == ["csv"]:
            lines = ['"' + '","'.join([*chosen, "Folkmängd"]) + '"']
            lines += [",".join(f'"{c}"' for c in cell) + ",7" for cell in product(*chosen.values())]
            return "\n".join(lines) + "\n"
        return self._cube(chosen)

    def _cube(self, chosen: dict[str, list[str]], values: bool = True) -> str:
        return json.dumps({
            "version": "2.0", "class": "dataset", "updated": self.updated,
            "id": list(chosen), "size": [len(codes) for codes in chosen.values()],
            "role": {"time": ["Tid"]},
            "dimension": {
                key: {"label": key, "category": {
                    "index": {code: n for n, code in enumerate(codes)},
                    "label": {code: f"{key} {code}" for code in codes},
                }} for key, codes in chosen.items()
            },
            "value": ["".join(cell) for cell in product(*chosen.values())] if values else [],
        })


def asked(service: Service, target: Path, earlier: Any = None, **options: Any) -> Any:
    web = Web(service.answer)
    found = fetched(v2, web, target, earlier, base_url=BASE, table="T1", **options)
    return found, web


def test_every_cell_once_in_parts_within_the_limit(tmp_path: Path) -> None:
    service = Service(limit=12)
    found, _ = asked(service, tmp_path)
    assert len(found.parts) > 1 and sum(service.cells_asked) == 60
    cells = table(v2, found, base_url=BASE, table="T1").to_pylist()
    assert len(cells) == 60
    for cell in cells:
        code = cell["region_code"] + cell["kon_code"] + cell["tid_code"]
        assert cell["value"] == code
        assert cell["tid"] == f"Tid {cell['tid_code']}"
    assert len({cell["value"] for cell in cells}) == 60


def test_a_selection_and_what_is_summed_over(tmp_path: Path) -> None:
    select = {"Region": {"values": ["4?"]}, "Tid": {"values": ["2015", "top(2)"]}}
    found, web = asked(Service(), tmp_path, select=select, eliminate=["Kon"], lang="en")
    assert [json.loads(r.body or b"{}") for r in web.requests if r.method == "POST"] == [
        {"selection": [
            {"variableCode": "Region", "valueCodes": ["48"]},
            {"variableCode": "Tid", "valueCodes": ["2015", "2023", "2024"]},
        ]}
    ]
    assert all("lang=en" in url for url in web.urls)
    assert found.parts[0].edition == "2026-06-08T06:00:00Z"


def test_a_codelist_brings_its_own_codes(tmp_path: Path) -> None:
    select = {"Region": {"codelist": "agg_R"}, "Kon": {"values": ["1"]},
              "Tid": {"values": ["TOP(1)"]}}
    _, web = asked(Service(), tmp_path, select=select)
    assert json.loads(web.requests[-1].body or b"")["selection"][0] == {
        "variableCode": "Region", "valueCodes": ["VN", "DN"], "codelist": "agg_R",
    }


def test_no_data_are_asked_for_while_the_table_is_the_same(tmp_path: Path) -> None:
    service = Service()
    first, _ = asked(service, tmp_path / "1")
    second, web = asked(service, tmp_path / "2", first)
    assert second.unchanged
    assert [urlsplit(url).path.rpartition("/")[2] for url in web.urls] == ["config", "metadata"]
    service.updated = "2026-07-01T06:00:00Z"
    third, web = asked(service, tmp_path / "3", second)
    assert len(web.urls) == 2 + len(third.parts)


def test_a_date_that_says_nothing_is_no_edition(tmp_path: Path) -> None:
    service = Service()
    service.updated = "9999-12-31T23:59:59Z"
    first, _ = asked(service, tmp_path / "1")
    _, web = asked(service, tmp_path / "2", first)
    assert len(web.urls) == 2 + len(first.parts)


def test_requests_keep_to_the_rate_that_the_service_states(tmp_path: Path) -> None:
    _, web = asked(Service(), tmp_path)
    assert {request.wait for request in web.requests if request.method == "POST"} == {2}


@pytest.mark.parametrize("response", ["json-stat2", "csv"])
def test_an_update_in_between_is_seen(tmp_path: Path, response: str) -> None:
    service = Service()

    def answer(request: Request) -> str:
        said = service.answer(request)
        if len(service.cells_asked) == 2:
            service.updated = "2026-07-01T06:00:00Z"
        return said

    with pytest.raises(ChangedError, match="was updated 2026-07-01"):
        fetched(v2, Web(answer), tmp_path, base_url=BASE, table="T1", response=response)


def test_csv_has_a_column_for_each_variable(tmp_path: Path) -> None:
    found, web = asked(Service(), tmp_path, response="csv", select={"Tid": {"values": ["TOP(2)"]}})
    assert json.loads(web.requests[-1].body or b"")["placement"] == {
        "heading": [], "stub": ["Region", "Kon", "Tid"],
    }
    cells = table(v2, found, base_url=BASE, table="T1", response="csv").to_pylist()
    assert len(cells) == 12
    assert {"Region": "00", "Kon": "1", "Tid": "2023", "Folkmängd": "7"}.items() <= cells[0].items()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"select": {"Tidd": {}}}, "no variable 'Tidd'\n  → did you mean 'Tid'"),
        ({"select": {"Tid": {"values": ["1999"]}}}, "'Tid' has no value '1999'"),
        ({"select": {"Tid": {"values": ["TOP(x)"]}}}, r"no value 'TOP\(x\)'"),
        ({"eliminate": ["Sex"]}, "no variable 'Sex'"),
        ({"select": {"Region": {"codelist": "none"}}}, "does not describe the codelist 'none'"),
    ],
)
def test_what_the_table_does_not_have(
    tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    service = Service()

    def answer(request: Request) -> str:
        return "{}" if "codelists/none" in request.url else service.answer(request)

    with pytest.raises(SourceError, match=says):
        fetched(v2, Web(answer), tmp_path, base_url=BASE, table="T1", **options)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ('{"title": "Not found"}', "it says: Not found"), ("[]", "no service of PX-Web 2"),
        ("CONFIG404;<br>Filen findes ikke", "is not JSON"),
        ("<html><title>404</title>", "HTML page"), ('{"maxDataCells": 0}', "no `maxDataCells`"),
    ],
)
def test_no_service_of_this_kind(tmp_path: Path, config: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        fetched(v2, Web(lambda request: config), tmp_path, base_url=BASE, table="T1")


YEARS = VariableCodes([str(year) for year in range(2015, 2025)], is_time=True)
AREAS = VariableCodes(["00", "01", "48", "0114", "*"])


@pytest.mark.parametrize(
    ("codes", "value", "picked"),
    [
        (YEARS, "TOP(2)", ["2023", "2024"]), (YEARS, "top(2,1)", ["2022", "2023"]),
        (YEARS, "BOTTOM(2)", ["2015", "2016"]), (YEARS, "BOTTOM(1, 1)", ["2016"]),
        (AREAS, "TOP(2)", ["00", "01"]), (AREAS, "BOTTOM(1)", ["*"]),
        (YEARS, "RANGE(2016,2018)", ["2016", "2017", "2018"]),
        (YEARS, "from(2023)", ["2023", "2024"]), (YEARS, "TO(2016)", ["2015", "2016"]),
        (YEARS, "FROM(1999)", []), (YEARS, "RANGE(2016)", []), (YEARS, "TOP(1,2,3)", []),
        (AREAS, "01*", ["01", "0114"]), (AREAS, "??", ["00", "01", "48"]), (AREAS, "*", ["*"]),
        (AREAS, "4.", []), (YEARS, "*", YEARS.codes),
    ],
)
def test_selection_expressions(codes: VariableCodes, value: str, picked: list[str]) -> None:
    assert codes.picked(value) == picked


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 200))
def test_parts_are_within_the_limit_and_together_the_whole(sizes: list[int], limit: int) -> None:
    selection = {f"v{n}": [str(c) for c in range(size)] for n, size in enumerate(sizes)}
    if math.prod(sizes) > 3_000:
        return
    seen = []
    for part in in_parts(selection, limit):
        assert math.prod(map(len, part.values())) <= limit
        seen += list(product(*part.values()))
    assert sorted(seen) == sorted(product(*selection.values()))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from(["dimension", "role", "time", "category", "index", "label", "a"]),
            inner, max_size=4,
        ), max_leaves=12,
    ),
    st.text(max_size=12) | st.sampled_from(["TOP(1)", "RANGE(a,b)", "FROM()", "*", "?", "TOP()"]),
)
@settings(max_examples=150, deadline=None)
def test_any_metadata(
    tmp_path_factory: pytest.TempPathFactory, dimension: Any, value: str
) -> None:
    def answer(request: Request) -> str:
        config = {"maxDataCells": 9}
        return json.dumps(config if "config" in request.url else {"dimension": dimension})

    select = {"a": {"values": [value]}} if value.strip() and value.isprintable() else {}
    with contextlib.suppress(OpenIndicatorsError):
        fetched(v2, Web(answer), tmp_path_factory.mktemp("px"), base_url=BASE, table="T1",
                select=select)


def test_an_answer_of_statistics_sweden() -> None:
    path = real_files("pxweb") / "scb_api2" / "TAB6471_data.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    cells = read(v2, path)
    assert cells.num_rows == math.prod(data["size"])
    values = data["value"]
    found = [None if v is None else float(v) for v in cells.column("value").to_pylist()]
    assert found == values
