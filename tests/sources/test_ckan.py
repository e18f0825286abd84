"""CKAN as a source: resources chosen, tables with their types, errors in CKAN's own words."""

from __future__ import annotations

import contextlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.errors import ChangedError, OpenIndicatorsError, ReadError, SourceError
from sources.base import Request, SourceFile
from sources.connectors import ckan
from sources.connectors.ckan import DataStorePage, batches, page_of
from sources.fetch.parts import Fetched
from tests.fixtures.datasets import real_files
from tests.fixtures.sources import Web, fetched, table

BASE = "https://data.example.org"
DATES = ["2026-01-01T00:00:00.000001", "2026-02-01T00:00:00.000002"]


class Site:
    """A CKAN on paper with one package."""

    def __init__(self) -> None:
        self.modified = DATES[0]
        self.total = 25
        self.resources = [
            {"id": "r-1", "name": "Rooms", "format": "CSV", "url_type": "upload",
             "url": f"{BASE}/dataset/p/resource/r-1/download/rooms.csv", "hash": "", "size": 9},
            {"id": "r-2", "name": "Rooms", "format": "XLSX", "url": "https://other.example/r.xlsx"},
            {"id": "r-3", "name": "Table", "format": "", "url": "_datastore_only_resource",
             "datastore_active": True},
            {"id": "r-4", "name": "Link", "format": "csv", "url": "https://other.example/export"},
        ]
        self.fields = [
            {"id": "_id", "type": "int"}, {"id": "n", "type": "int4"},
            {"id": "share", "type": "float8"}, {"id": "exact", "type": "numeric"},
            {"id": "day", "type": "date"}, {"id": "at", "type": "timestamp"},
            {"id": "yes", "type": "bool"}, {"id": "what", "type": "text"},
            {"id": "tree", "type": "json"},
        ]

    def answer(self, request: Request) -> str:
        split = urlsplit(request.url)
        action = split.path.rpartition("/")[2]
        if action == "package_show":
            shown = [{**r, "last_modified": self.modified} for r in self.resources]
            return self._result({"id": "p", "state": "active", "resources": shown})
        if action == "datastore_search":
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            assert query["resource_id"] == "r-3" and query["sort"] == "_id"
            offset, limit = int(query["offset"]), min(10, int(query["limit"]))
            rows = [self.row(n) for n in range(offset, min(self.total, offset + limit))]
            return self._result({"fields": self.fields, "records": rows, "total": self.total})
        return f"area,year\n48,{self.modified[:4]}\n"

    def row(self, n: int) -> dict[str, Any]:
        return {
            "_id": n + 1, "n": n, "share": n / 10, "exact": f"0.{n}0", "day": "2026-01-31",
            "at": "2026-01-31T07:08:09", "yes": n % 2 == 0, "what": None if n else "Đà Nẵng",
            "tree": {"a": [n]},
        }

    @staticmethod
    def _result(result: Any) -> str:
        return json.dumps({"help": "…", "success": True, "result": result})


def asked(site: Site, target: Path, earlier: Any = None, **options: Any) -> Any:
    web = Web(site.answer)
    found = fetched(ckan, web, target, earlier, base_url=BASE, package="p", **options)
    return found, web


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"formats": ["csv"]}, ["rooms.csv", "export.csv"]),
        ({"resources": ["r-1"]}, ["rooms.csv"]), ({"resources": ["Link"]}, ["export.csv"]),
        ({"resources": ["Link", "r-1"], "formats": ["CSV"]}, ["rooms.csv", "export.csv"]),
    ],
)
def test_resources_by_id_name_and_format(
    tmp_path: Path, options: dict[str, Any], names: list[str]
) -> None:
    found, _ = asked(Site(), tmp_path, **options)
    assert [part.name for part in found.parts] == names
    rows = table(ckan, found, base_url=BASE, package="p", **options).to_pylist()
    assert rows[0] == {"area": "48", "year": "2026", "_part": names[0], "_row": 2}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"resources": ["Room"]}, "no resource 'Room'\n  → did you mean 'Rooms'"),
        ({"resources": ["Rooms"]}, "2 resources are named 'Rooms'.*r-1, r-2"),
        ({"formats": ["PDF"]}, "no resource has the format PDF.*Table \\(no format\\)"),
        ({"resources": ["Table"]}, "no file to fetch.*datastore: true"),
        ({"resources": ["Link"], "datastore": True}, "'Link' has no rows in the DataStore"),
    ],
)
def test_resources_that_cannot_be_had(
    tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(SourceError, match=f"(?s){says}"):
        asked(Site(), tmp_path, **options)


def test_a_layout_is_the_one_of_files(tmp_path: Path) -> None:
    options = {"resources": ["r-1"], "layout": {"header": 0, "names": ["a", "b"]}}
    found, _ = asked(Site(), tmp_path, **options)
    rows = table(ckan, found, base_url=BASE, package="p", **options).to_pylist()
    assert [(row["a"], row["b"]) for row in rows] == [("area", "year"), ("48", "2026")]
    for layout in ({"headr": 1}, {"files": ["x"], "header": -1}):
        with pytest.raises(ValidationError):
            ckan.Options.model_validate({"base_url": BASE, "package": "p", "layout": layout})


def test_only_a_new_upload_is_fetched(tmp_path: Path) -> None:
    site = Site()
    first, _ = asked(site, tmp_path / "1", formats=["CSV"])
    second, web = asked(site, tmp_path / "2", first, formats=["CSV"])
    assert second.unchanged
    assert [url.rpartition("/")[2] for url in web.urls] == ["package_show?id=p", "export"]
    site.modified = DATES[1]
    _, web = asked(site, tmp_path / "3", second, formats=["CSV"])
    assert len(web.urls) == 3


def test_a_table_page_after_page_with_its_types(tmp_path: Path) -> None:
    site, options = Site(), {"resources": ["Table"], "datastore": True}
    found, web = asked(site, tmp_path, **options)
    assert [part.name for part in found.parts] == [f"table-000{n}.json" for n in (1, 2, 3)]
    assert len(web.urls) == 4
    read = table(ckan, found, base_url=BASE, package="p", **options)
    assert read.schema.field("n").type == pa.int64() and "_id" not in read.column_names
    rows = read.to_pylist()
    assert [row["n"] for row in rows] == list(range(25))
    assert rows[1] | {"n": None} == {
        "n": None, "share": 0.1, "exact": "0.10", "day": date(2026, 1, 31),
        "at": datetime(2026, 1, 31, 7, 8, 9), "yes": False, "what": None, "tree": '{"a":[1]}',
        "_part": "table-0001.json", "_row": 2,
    }


def test_pages_are_read_one_at_a_time() -> None:
    loaded = []

    def load(part: SourceFile) -> DataStorePage:
        loaded.append(part.name)
        return DataStorePage((("n", "int4"),), [{"n": 1}], 3)

    parts = [SourceFile(f"{n}.json", Path()) for n in range(3)]
    read = batches(parts, load)
    assert next(read).num_rows == 1 and loaded == ["0.json"]
    assert sum(batch.num_rows for batch in read) == 2


def test_a_table_that_changes_while_it_is_read(tmp_path: Path) -> None:
    site = Site()

    def answer(request: Request) -> str:
        said = site.answer(request)
        site.total += "datastore_search" in request.url
        return said

    with pytest.raises(ChangedError, match="had 25 rows and has 26 now"):
        fetched(ckan, Web(answer), tmp_path, base_url=BASE, package="p",
                resources=["r-3"], datastore=True)


def test_a_token_goes_to_ckan_alone_and_into_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CKAN_TOKEN", "hush-hush")
    found, web = asked(Site(), tmp_path, formats=["csv"], token={"env": "CKAN_TOKEN"})
    assert [r.secrets.get("Authorization") for r in web.requests] == [
        "hush-hush", "hush-hush", None
    ]
    assert "hush" not in "".join(part.record.model_dump_json() for part in found.parts)
    assert "hush" not in (tmp_path / ".pull.jsonl").read_text()
    monkeypatch.delenv("CKAN_TOKEN")
    with pytest.raises(SourceError, match="CKAN_TOKEN holds no secret: it is empty or absent"):
        asked(Site(), tmp_path, formats=["csv"], token={"env": "CKAN_TOKEN"})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"success": false, "error": {"__type": "Validation Error", "limit": ["Must be a'
         ' natural number"]}}', "CKAN says: Validation Error: limit: Must be a natural number"),
        ('{"success": false, "error": {"message": "Not found", "__type": "Not Found Error"}}',
         "CKAN says: Not found"),
        ("<html><title>Welcome</title>", "HTML page.*Welcome"), ("[]", "no answer of CKAN's"),
        ('{"success": true, "result": {"state": "deleted", "resources": []}}', "is deleted"),
        ('{"success": true, "result": {"resources": []}}', "has no resources"),
        ('{"success": true, "result": []}', "a package without resources"),
    ],
)
def test_errors_under_status_200(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        fetched(ckan, Web(lambda request: body), tmp_path, base_url=BASE, package="p")


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"records": []}, "no page of the DataStore"), ([], "no page"),
        ({"fields": [{"id": 1}], "records": [], "total": 0}, "`fields` cannot be read"),
        ({"fields": [{"id": "_row", "type": "text"}], "records": [], "total": 0}, "'_row'"),
    ],
)
def test_pages_that_are_none(result: Any, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        page_of(result, "a.json")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int4", "1.5"), ("int4", 10**30), ("int4", 10**19), ("int4", "1_0"), ("bool", "maybe"),
     ("date", "31/01/2026"), ("float8", "1,5"), ("float8", "NaN"), ("float8", "1e999"),
     ("timestamp", "yesterday"), ("timestamp", "2026-01-31T07:08:09+07:00")],
)
def test_a_value_that_is_not_what_the_table_declares(
    tmp_path: Path, kind: str, value: Any
) -> None:
    result = {"fields": [{"id": "x", "type": kind}], "records": [{"x": value}], "total": 1}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"success": True, "result": result}))
    options = {"files": ["a.json"], "datastore": True}
    with pytest.raises(ReadError, match="a.json"):
        table(ckan, _found(path), **options)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "type", "x", "_id"]) | st.text(max_size=3), inner,
                      max_size=3),
    max_leaves=8,
)


@given(fields=JSON, records=JSON, total=JSON)
@settings(max_examples=150, deadline=None)
def test_any_page(
    tmp_path_factory: pytest.TempPathFactory, fields: Any, records: Any, total: Any
) -> None:
    path = tmp_path_factory.mktemp("ckan") / "a.json"
    result = {"fields": fields, "records": records, "total": total}
    path.write_text(json.dumps({"success": True, "result": result}))
    with contextlib.suppress(OpenIndicatorsError):
        table(ckan, _found(path), files=["a.json"], datastore=True)


def _found(path: Path) -> Fetched:
    return Fetched([SourceFile(path.name, path)], False)


# --- Recorded answers of other portals


def test_recorded_answers(tmp_path: Path) -> None:
    recorded = real_files("ckan") / "recorded"

    def says(name: str, **options: Any) -> str:
        body = (recorded / name).read_bytes()
        web = Web(lambda request: body if "package_show" in request.url else "a\n1\n")
        with pytest.raises(SourceError) as caught:
            fetched(ckan, web, tmp_path, base_url=BASE, package="p", **options)
        return str(caught.value)

    assert "CKAN says: Não encontrado" in says("test_ckan_adapter_read_invalid_url_0.json")
    assert "it has: Dicionário de Dados (HTML); " in says(
        "test_ckan_adapter_read_specific_dataset_0.json", formats=["PARQUET"],
    )
    empty = recorded / "test_ckan_parser_3.json"
    assert table(ckan, _found(empty), files=["x"], datastore=True).schema.names[:2] == [
        "id", "name"
    ]


def test_a_package_of_dkan(tmp_path: Path) -> None:
    body = (real_files("ckan/dkan") / "dkan-french-w-license.json").read_bytes()
    web = Web(lambda request: body if "package_show" in request.url else "a\n1\n")
    first = json.loads(body)["result"][0]["resources"][0]
    found = fetched(ckan, web, tmp_path, base_url=BASE, package="p", resources=[first["id"]])
    assert [part.url for part in found.parts] == [first["url"]]
