"""Fetching: from a folder, from the embedded facts, conditionally, page after page."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import DeclarationError, ReadError, SourceError
from sources.base import Request, SourceFile, SourceProtocol, Validators
from sources.connectors import files, gho, uis, worldbank, worldbank_bulk
from sources.connectors.pxweb import v1
from sources.demo.replay import ReplayTransport
from sources.fetch.folder import FolderTransport, TransportByScheme
from sources.fetch.part_files import write_body
from sources.fetch.parts import Fetched
from tests.fixtures.sources import fetched

HEADER = ("indicator", "ref_area", "time_period", "obs_value", "obs_status", "obs_note")


def rows(kind: SourceProtocol, found: Fetched, **options: Any) -> list[dict[str, Any]]:
    checked = kind.Options.model_validate(options)
    parts = found.parts
    return pa.Table.from_batches(kind.read(parts, checked)).to_pylist()


# --- A folder


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.csv").write_text("x\n1\n")
    (root / "sub" / "Đà Nẵng 100%.csv").write_text("x\n2\n")
    (root / "sub" / "a.csv").write_text("x\n3\n")
    (tmp_path / "secret.csv").write_text("x\nhush\n")
    return root


def test_paths_and_globs(folder: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"files": ["**/*.csv", "a.csv"]}
    found = fetched(files, FolderTransport(folder), tmp_path / "t", **options)
    assert [part.name for part in found.parts] == ["a.csv", "da-nang-100.csv", "a-2.csv"]
    assert [row["x"] for row in rows(files, found, **options)] == ["1", "2", "3"]
    assert sorted(p.name for p in (tmp_path / "t").glob("[!.]*")) == [
        "a-2.csv", "a.csv", "da-nang-100.csv"
    ]
    assert not found.unchanged


def test_unchanged_files_are_not_copied_again(folder: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"files": ["*.csv", "sub/*.csv"]}
    transport = FolderTransport(folder)
    first = fetched(files, transport, tmp_path / "1", **options)
    second = fetched(files, transport, tmp_path / "2", first, **options)
    assert second.unchanged
    assert [part.record for part in second.parts] == [part.record for part in first.parts]
    (folder / "a.csv").write_text("x\n9\n")
    third = fetched(files, transport, tmp_path / "3", second, **options)
    assert not third.unchanged
    assert [row["x"] for row in rows(files, third, **options)] == ["9", "2", "3"]


def test_a_damaged_earlier_body_is_fetched_again(folder: Path, tmp_path: Path) -> None:
    transport = FolderTransport(folder)
    first = fetched(files, transport, tmp_path / "1", files=["a.csv"])
    first.parts[0].path.write_text("x\ndamaged\n")
    second = fetched(files, transport, tmp_path / "2", first, files=["a.csv"])
    assert second.parts[0].path.read_text() == "x\n1\n"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("../secret.csv", "no path inside"), ("/etc/passwd", "no path inside"),
        ("../*.csv", "no path inside"), ("sub/../../secret.csv", "no path inside"),
        ("nothing.csv", "no such file"), ("*.json", r"no file matches '\*\.json'"),
        ("link.csv", "leads out"), ("out/secret.csv", "leads out"), ("out/*.csv", "no file"),
        ("sub", "no such file"),
    ],
)
def test_nothing_outside_the_folder(folder: Path, tmp_path: Path, path: str, says: str) -> None:
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(SourceError, match=says):
        fetched(files, FolderTransport(folder), tmp_path / "t", files=[path])


def test_encoded_dots_do_not_escape(folder: Path, tmp_path: Path) -> None:
    for url in ("file:%2e%2e/secret.csv", "file:///etc/passwd", "https://example.org/a.csv"):
        with pytest.raises(SourceError):
            FolderTransport(folder).send(Request(url), Validators(), tmp_path / "t")


def test_recorded_answers_serve_every_protocol(folder: Path, tmp_path: Path) -> None:
    (folder / "a.json").write_text('{"records": []}')
    for kind in (worldbank, worldbank_bulk, gho, uis, v1, files):
        assert kind.Options(files=("a.json",)).host == ""
        target = tmp_path / kind.Options.protocol
        found = fetched(kind, FolderTransport(folder), target, files=["a.json"])
        assert [part.url for part in found.parts] == ["file:a.json"]
    by_scheme = TransportByScheme(FolderTransport(folder), ReplayTransport(folder))
    assert fetched(files, by_scheme, tmp_path / "t", files=["a.csv"]).parts


# --- The embedded facts


def write_sample(root: Path, dataset: str, form: str, url: str, labels: str = "",
                 **vintages: str) -> None:
    folder = root / dataset
    folder.mkdir(parents=True)
    names = [name.removeprefix("v").replace("_", "-") + ".csv" for name in vintages]
    for name, text in zip(names, vintages.values(), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "source.yaml").write_text(
        f'urls: ["{url}"]\nform: {form}\nsource: {{vi: Nguồn, en: Source}}\n'
        f"licence: CC-BY-4.0\nread_on: 2026-11-01\nvintages: {json.dumps(names)}\n{labels}",
        encoding="utf-8",
    )


def facts(*lines: str, header: Iterable[str] = HEADER) -> str:
    return "\n".join([",".join(header), *lines]) + "\n"


WB = "https://api.worldbank.org/v2/"
OLD = facts("T.A,VNM,2020,1.50,A,", "T.A,VNM,2021,2,P,early", "T.A,LAO,2020,,,", "T.B,VNM,2020,7,,")
NEW = facts(
    "T.A,VNM,2020,1.55,A,", "T.A,VNM,2021,2,A,", "T.A,VNM,2022,3,,", "T.A,LAO,2020,9,,",
    "T.B,VNM,2020,7,,",
)


@pytest.fixture(name="sample")
def _sample(tmp_path: Path) -> Path:
    root = tmp_path / "sample"
    labels = "labels:\n  indicator: {T.A: Arrivals}\n  iso2: {VNM: VN}\n"
    write_sample(root, "tourism/arrivals", "worldbank", WB, labels,
                 v2024_06_28=OLD, v2025_10_07=NEW)
    return root


def test_the_world_bank_form(sample: Path, tmp_path: Path) -> None:
    transport = ReplayTransport(sample)
    options: dict[str, Any] = {"indicators": ["T.A"], "areas": ["VNM", "LAO"]}
    found = fetched(worldbank, transport, tmp_path / "t", **options)
    assert found.parts[0].url.startswith(f"{WB}country/VNM;LAO/indicator/T.A?format=json")
    assert found.parts[0].last_modified == "Fri, 28 Jun 2024 00:00:00 GMT"
    table = [(r["area"], r["date"], r["value"], r["obs_status"]) for r in
             rows(worldbank, found, **options)]
    assert table == [
        ("VNM", "2021", "2", "P"), ("VNM", "2020", "1.50", ""),
        ("LAO", "2021", None, ""), ("LAO", "2020", None, ""),
    ]
    row = rows(worldbank, found, **options)[0]
    assert (row["indicator_name"], row["country"], row["footnote"]) == ("Arrivals", "VN", "early")


@pytest.mark.parametrize("per_page", [1, 2, 1000])
def test_vintages_play_forward_page_after_page(
    sample: Path, tmp_path: Path, per_page: int
) -> None:
    options: dict[str, Any] = {"indicators": ["T.A", "T.B"], "per_page": per_page}
    assert ReplayTransport(sample).rounds("tourism/arrivals") == 2
    found: Fetched | None = None
    seen = []
    for number in range(4):
        transport = ReplayTransport(sample)  # each run has its own
        found = fetched(worldbank, transport, tmp_path / str(number), found, **options)
        values = {(r["indicator"], r["area"], r["date"]): r["value"]
                  for r in rows(worldbank, found, **options)}
        seen.append((found.unchanged, values["T.A", "VNM", "2020"], len(values)))
    assert seen == [(False, "1.50", 5), (False, "1.55", 7), (True, "1.55", 7), (True, "1.55", 7)]


def test_years_are_asked_for(sample: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"indicators": ["T.A"], "years": "2021..2021"}
    found = fetched(worldbank, ReplayTransport(sample), tmp_path / "t", **options)
    assert "date=2021:2021" in found.parts[0].url
    assert {r["date"] for r in rows(worldbank, found, **options)} == {"2021"}


def test_an_unknown_indicator_and_an_unknown_url(sample: Path, tmp_path: Path) -> None:
    transport = ReplayTransport(sample)
    with pytest.raises(SourceError, match=r"the World Bank says: .* indicator was not found"):
        fetched(worldbank, transport, tmp_path / "t", indicators=["NO.SUCH"])
    with pytest.raises(SourceError, match="no answer to this URL"):
        fetched(files, transport, tmp_path / "t", urls=["https://example.org/a.csv"])


def test_corrected_facts_are_sent_again(sample: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"indicators": ["T.B"]}
    first = fetched(worldbank, ReplayTransport(sample), tmp_path / "1", **options)
    second = fetched(worldbank, ReplayTransport(sample), tmp_path / "2", first, **options)
    path = sample / "tourism/arrivals/2025-10-07.csv"
    path.write_text(path.read_text().replace("T.B,VNM,2020,7", "T.B,VNM,2020,8"))
    third = fetched(worldbank, ReplayTransport(sample), tmp_path / "3", second, **options)
    assert [r["value"] for r in rows(worldbank, third, **options)] == ["8"]


NUMBER = st.from_regex(r"\A-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,9})?\Z")
KEYS = st.tuples(
    st.sampled_from(["T.A", "T.B"]), st.sampled_from(["VNM", "LAO", "THA"]),
    st.integers(2000, 2024).map(str),
)


@given(st.dictionaries(KEYS, NUMBER, min_size=1, max_size=12), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_what_the_world_bank_form_writes_its_reader_reads(
    tmp_path_factory: pytest.TempPathFactory, table: dict[tuple[str, str, str], str], size: int
) -> None:
    root = tmp_path_factory.mktemp("facts")
    lines = [",".join((*key, value, "", "")) for key, value in table.items()]
    write_sample(root / "sample", "a/b", "worldbank", WB, v2024_01_01=facts(*lines))
    indicators = sorted({key[0] for key in table})
    options: dict[str, Any] = {"indicators": indicators, "per_page": size}
    found = fetched(worldbank, ReplayTransport(root / "sample"), root / "t", **options)
    read = {
        (r["indicator"], r["area"], r["date"]): r["value"]
        for r in rows(worldbank, found, **options) if r["value"] is not None
    }
    assert read == table


def test_the_pxweb_form(tmp_path: Path) -> None:
    url = "https://pxweb.nso.gov.vn/pxweb/api/v1/en/population.px"
    text = facts(
        "POP,VN-DN,M,2023,1.10,A,", "POP,VN-DN,F,2023,1.20,A,", "POP,VN-DN,M,2024,1.30,P,",
        "POP,VN,F,2024,n/a,P,",
        header=("indicator", "ref_area", "sex", "time_period", "obs_value", "obs_status",
                "obs_note"),
    )
    labels = (
        "labels:\n  columns: {ref_area: 'Cities, provincies', time_period: Year}\n"
        "  ref_area: {VN-DN: 'Da  Nang', VN: ' WHOLE COUNTRY'}\n"
    )
    write_sample(tmp_path / "sample", "health/population", "pxweb", url, labels,
                 v2025_01_01=text)
    transport = ReplayTransport(tmp_path / "sample")
    query = [{"code": "Year", "filter": "item", "values": ["1"]},
             {"code": "sex", "filter": "all", "values": ["*"]}]
    found = fetched(v1, transport, tmp_path / "t", url=url, query=query)
    assert found.parts[0].path.read_bytes().endswith(b"}\0")
    table = rows(v1, found, url=url)
    assert [(r["cities_provincies"], r["sex"], r["year"], r["value"]) for r in table] == [
        ("Da Nang", "M", "Prel. 2024", "1.30"), ("Da Nang", "F", "Prel. 2024", None),
        ("WHOLE COUNTRY", "M", "Prel. 2024", None), ("WHOLE COUNTRY", "F", "Prel. 2024", "n/a"),
    ]
    again = fetched(v1, transport, tmp_path / "t2", found, url=url, query=query)
    assert again.unchanged
    other = fetched(v1, transport, tmp_path / "t3", found, url=url, query=query[1:])
    assert not other.unchanged  # another query is another part


def test_the_who_form(tmp_path: Path) -> None:
    text = facts(
        "LIFE,VNM,F,2019,78.10,,", "LIFE,VNM,T,2019,73.7,,note", "LIFE,LAO,T,2019,68.5,,",
        "LIFE,VNM,T,2009,71,,", "DOCS,VNM,T,2019,1,,",
        header=("indicator", "ref_area", "sex", "time_period", "obs_value", "obs_status",
                "obs_note"),
    )
    write_sample(tmp_path / "sample", "health/life", "gho", "https://ghoapi.azureedge.net/api/",
                 "labels: {sex: {T: SEX_BTSX, F: SEX_FMLE}}\n", v2024_01_01=text)
    options: dict[str, Any] = {
        "indicators": ["LIFE"], "areas": ["VNM", "LAO"], "years": "2010..2020",
        "filter": {"Dim1": ["SEX_BTSX"]},
    }
    found = fetched(gho, ReplayTransport(tmp_path / "sample"), tmp_path / "t", **options)
    table = rows(gho, found, **options)
    assert [(r["SpatialDim"], r["NumericValue"], r["Comments"]) for r in table] == [
        ("VNM", "73.7", "note"), ("LAO", "68.5", None)
    ]
    with pytest.raises(SourceError, match="404"):
        fetched(gho, ReplayTransport(tmp_path / "sample"), tmp_path / "u", indicators=["NO"])


def test_the_csv_form_sends_the_file_itself(tmp_path: Path) -> None:
    url = "https://example.org/tourists.csv"
    text = "day;n\n1/2/2013;16.000\n"
    write_sample(tmp_path / "sample", "tourism/monthly", "csv", url, v2024_01_01=text)
    found = fetched(files, ReplayTransport(tmp_path / "sample"), tmp_path / "t", urls=[url])
    assert found.parts[0].path.read_text() == text
    assert found.parts[0].name == "tourists.csv"


def test_a_wrong_source_file_is_named_with_its_line(tmp_path: Path) -> None:
    write_sample(tmp_path, "a/b", "csv", "https://example.org/", v2024_01_01="x\n",
                 v2023_01_01="x\n")
    with pytest.raises(DeclarationError, match=r"source\.yaml:6: vintages are not in order"):
        ReplayTransport(tmp_path).rounds("a/b")
    (tmp_path / "a/b/2023-01-01.csv").unlink()
    with pytest.raises(DeclarationError, match=r"there is no file '2023-01-01\.csv'"):
        ReplayTransport(tmp_path).rounds("a/b")


# --- What a source may do wrong, page by page


class Scripted:
    """A transport that answers from a list of bodies."""

    def __init__(self, *bodies: str) -> None:
        self.bodies = iter(bodies)
        self.urls: list[str] = []

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile:
        self.urls.append(request.url)
        headers = {"content-type": "x" * 9_999}
        return write_body(target, [next(self.bodies).encode()], request, headers)


def page(number: int, pages: int, total: int, count: int) -> str:
    row = {"indicator": {"id": "A"}, "country": {"id": "VN"}, "date": "2020", "value": 1}
    envelope = {"page": number, "pages": pages, "total": total}
    return json.dumps([envelope, [row] * count])


@pytest.mark.parametrize(
    ("bodies", "says"),
    [
        ([page(1, 2, 3, 2), page(2, 2, 3, 0)], "announces 3 observations and gives 2"),
        ([page(1, 2, 3, 2), '[{"message":[{"key":"K","value":"V"}]}]'], "World Bank says: K: V"),
        ([page(1, 10**6, 10**9, 1)], "1000000 pages"),
        (['[{"pages": "x", "total": 1}, []]'], "no number 'pages'"),
        (["<html><title>Request Error</title>"], r"api\.worldbank\.org.*HTML page.*Request Error"),
        (["[]"], "is no answer of the World Bank's API"),
    ],
)
def test_world_bank_pages_that_do_not_fit(tmp_path: Path, bodies: list[str], says: str) -> None:
    with pytest.raises((SourceError, ReadError), match=says):
        fetched(worldbank, Scripted(*bodies), tmp_path, indicators=["A"])


def test_headers_are_bounded_in_the_record(tmp_path: Path) -> None:
    found = fetched(worldbank, Scripted(page(1, 1, 1, 1)), tmp_path, indicators=["A"])
    assert len(found.parts[0].media_type) == 500


def test_who_pages(tmp_path: Path) -> None:
    first = '{"value":[],"@odata.nextLink":"https://ghoapi.azureedge.net/api/A?$skip=1"}'
    transport = Scripted(first, '{"value":[]}')
    assert len(fetched(gho, transport, tmp_path / "1", indicators=["A"]).parts) == 2
    assert transport.urls[1].endswith("A?$skip=1")
    astray = Scripted(first.replace("ghoapi", "evil"))
    with pytest.raises(SourceError, match="on another host"):
        fetched(gho, astray, tmp_path / "2", indicators=["A"])


def test_unesco_asks_for_each_indicator(tmp_path: Path) -> None:
    transport = Scripted(
        '{"version":"v7"}', '{"records":[]}', '{"message":"Too much data requested"}'
    )
    with pytest.raises(SourceError, match=r"api\.uis\.unesco\.org.*Too much data"):
        fetched(uis, transport, tmp_path, indicators=["CR.1", "CR.2"], areas=["VNM", "LAO"])
    assert transport.urls[0].endswith("/versions/default")
    assert transport.urls[1].endswith(
        "/data/indicators?indicator=CR.1&geoUnit=VNM&geoUnit=LAO&version=v7"
    )


def test_unesco_asks_for_nothing_while_the_version_is_the_same(tmp_path: Path) -> None:
    first = fetched(
        uis, Scripted('{"version":"v7"}', '{"records":[]}'), tmp_path / "1", indicators=["CR.1"]
    )
    again = Scripted('{"version":"v7"}')
    second = fetched(uis, again, tmp_path / "2", first, indicators=["CR.1"])
    assert second.unchanged and len(again.urls) == 1
    assert second.parts[0].path.read_text() == '{"records":[]}'
    later = Scripted('{"version":"v8"}', '{"records":[{}]}')
    assert not fetched(uis, later, tmp_path / "3", second, indicators=["CR.1"]).unchanged
    silent = Scripted('{"statusCode":404,"message":"Cannot GET"}')
    with pytest.raises(SourceError, match="current version; it says: Cannot GET"):
        fetched(uis, silent, tmp_path / "4", indicators=["CR.1"])


def test_a_bulk_download(tmp_path: Path) -> None:
    transport = Scripted("PK")
    found = fetched(worldbank_bulk, transport, tmp_path, indicators=["ST.INT.ARVL"])
    assert found.parts[0].name == "st-int-arvl.zip"
    assert transport.urls == [f"{WB}en/indicator/ST.INT.ARVL?downloadformat=csv"]


def test_a_csv_of_facts_has_the_agreed_header() -> None:
    assert next(csv.reader(OLD.splitlines())) == list(HEADER)
