"""Every download, read back with a reader that knows nothing of how it was written."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import frictionless
import openpyxl
import pyarrow.parquet as pq
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st

from model.declarations.dataset import Dataset
from model.errors import PortalError
from model.util.hashing import sha256_file
from portal.content import Content
from portal.distributions import registry, xlsx_workbook
from portal.distributions.csv_text import harmless, number_text
from portal.distributions.registry import DISTRIBUTIONS, write_all
from portal.site.site import Site
from portal.verify import verify
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import check, make_release, row

ROWS = [
    row(time_period="2019", obs_value=1234567.891),
    row(time_period="2020", obs_value=-5.0, obs_note='nói "khác", rồi\nxuống dòng'),
    row(time_period="2021", obs_value=None, obs_status="O", obs_note="=HYPERLINK(\"http://x\")"),
    row(time_period="2022", obs_value=0.1, ref_area="01", obs_note="-12,5"),
    row(time_period="2023", obs_value=1e22, ref_area="01", obs_status="P"),
]


def content(folder: Path, rows: list[dict[str, Any]] = ROWS) -> Content:
    return Content.of(make_release(folder, dataset(), rows), registries())


@pytest.fixture
def written(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    out.mkdir()
    write_all(content(tmp_path / "release"), out)
    return out


def records(rows: list[dict[str, Any]] = ROWS) -> list[dict[str, Any]]:
    key = dataset().key
    return sorted(rows, key=lambda item: [item[name] for name in key])


def test_csv_reads_back(written: Path) -> None:
    with (written / "hotel_rooms.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [item["ref_area"] for item in found] == ["01", "01", "48", "48", "48"]
    values = [float(item["obs_value"]) if item["obs_value"] else None for item in found]
    assert values == [item["obs_value"] for item in records()]
    assert found[3]["obs_note"] == 'nói "khác", rồi\nxuống dòng'


def test_csv_is_as_declared(written: Path) -> None:
    data = (written / "hotel_rooms.csv").read_bytes()
    assert data.startswith(b"indicator,ref_area,"), "no byte order mark"
    assert data.endswith(b"\r\n")
    assert b",1234567.891," in data
    assert b",10000000000000000000000," in data, "no exponent"


def test_csv_runs_no_formula_and_keeps_numbers(written: Path) -> None:
    with (written / "hotel_rooms.csv").open(encoding="utf-8", newline="") as file:
        found = {item["time_period"]: item for item in csv.DictReader(file)}
    assert found["2021"]["obs_note"] == "'=HYPERLINK(\"http://x\")"
    assert found["2020"]["obs_value"] == "-5"
    assert found["2022"]["obs_note"] == "-12,5"


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "-"]
)
def test_formulas_are_disarmed(text: str) -> None:
    assert harmless(text) == "'" + text


@pytest.mark.parametrize("text", ["-5", "+84", "-1.234,5", "-1e5", "-.5", "5", "a=b", "", "_T"])
def test_numbers_and_words_are_left_alone(text: str) -> None:
    assert harmless(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_exactly(value: float) -> None:
    text = number_text(value)
    assert float(text) == value
    assert "e" not in text.lower()
    assert float(json.loads(text)) == value


def test_xlsx_reads_back(written: Path) -> None:
    book = openpyxl.load_workbook(written / "hotel_rooms.xlsx")
    assert book.sheetnames == ["data", "data_dictionary", "about"]
    header, *rows = book["data"].iter_rows()
    names = [cell.value for cell in header]
    assert [name for name in names if name in dataset().columns] == list(dataset().columns)
    area, value = names.index("ref_area"), names.index("obs_value")
    note = names.index("obs_note")
    assert [cells[area].value for cells in rows] == ["01", "01", "48", "48", "48"]
    assert {cells[area].data_type for cells in rows} == {"s"}
    assert [cells[value].value for cells in rows] == [item["obs_value"] for item in records()]
    notes = [cells[note] for cells in rows if cells[note].value]
    assert {cell.data_type for cell in notes} == {"s"}, "no formula"
    assert "=HYPERLINK(\"http://x\")" in [cell.value for cell in notes]
    beside = [(names[place], rows[0][place].value) for place in (area + 1, area + 2)]
    assert beside == [("ref_area_vi", "Hà Nội"), ("ref_area_en", "Ha Noi")]
    first = rows[0][names.index("time_period") + 1]
    assert (first.value, first.number_format) == (datetime(2022, 1, 1), "yyyy-mm-dd")
    assert not any(cell.hyperlink for cells in rows for cell in cells)
    about = {cells[0].value: cells[1].value for cells in book["about"].iter_rows()}
    assert about["title"] == "Phòng khách sạn"
    assert about["release"] == "1"


def test_a_release_is_not_offered_in_formats_that_cannot_hold_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [form.model_copy(update={"most_rows": 2} if form.most_rows else {})
           for form in DISTRIBUTIONS]
    monkeypatch.setattr(registry, "DISTRIBUTIONS", few)
    limited = {form.file_name(dataset()) for form in few if form.most_rows}
    assert limited == {"hotel_rooms.xlsx", "hotel_rooms-jsonstat.json"}
    written = {file.name for file in write_all(content(tmp_path / "release"), tmp_path)}
    assert written == {form.file_name(dataset()) for form in few} - limited
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    assert not limited & {item["path"] for item in package["resources"]}


def test_xlsx_without_a_row(tmp_path: Path) -> None:
    xlsx_workbook.write(content(tmp_path / "release", []), tmp_path / "a.xlsx", [])
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert len(list(book["data"].values)) == 1


def test_every_spreadsheet_reader_finds_each_cell_in_its_column(written: Path) -> None:
    path = written / "hotel_rooms.xlsx"
    values = [list(each) for each in openpyxl.load_workbook(path)["data"].values]
    read_only = openpyxl.load_workbook(path, read_only=True)["data"]
    assert [list(each) for each in read_only.values] == values
    assert read_only.max_row == len(ROWS) + 1
    found = python_calamine.load_workbook(path).get_sheet_by_name("data").to_python()
    assert [[value or None for value in each] for each in found] == [
        [value.date() if isinstance(value, datetime) else value for value in each]
        for each in values
    ]


def test_changes_are_those_since_the_release_before(tmp_path: Path) -> None:
    added = {
        "change": "added", **{name: ROWS[0][name] for name in dataset().key}, "old_value": None,
        "new_value": 5.0, "old_status": None, "new_status": "A", "unit_measure": "count",
    }
    for number, expected in ((1, []), (2, ["added"])):
        made = make_release(
            tmp_path / str(number), dataset(), ROWS, number=number, changes=[added]
        )
        out = tmp_path / f"out{number}"
        out.mkdir()
        write_all(Content.of(made, registries()), out)
        with (out / "hotel_rooms-changes.csv").open(encoding="utf-8", newline="") as file:
            assert [item["change"] for item in csv.DictReader(file)] == expected


def test_json_reads_back(written: Path) -> None:
    found = json.loads((written / "hotel_rooms.json").read_text(encoding="utf-8"))
    assert found["dataset"] == "tourism/hotel_rooms"
    assert found["columns"] == list(dataset().columns)
    assert [
        {name: item[name] for name in dataset().columns} for item in records()
    ] == found["records"]


def test_json_without_a_row(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_all(content(tmp_path / "release", []), out)
    assert json.loads((out / "hotel_rooms.json").read_text())["records"] == []


def test_parquet_is_the_release_s_own(written: Path, tmp_path: Path) -> None:
    assert (written / "hotel_rooms.parquet").read_bytes() == (
        tmp_path / "release" / "data.parquet"
    ).read_bytes()
    assert pq.read_table(written / "hotel_rooms.parquet").num_rows == len(ROWS)


def test_dictionary_names_columns_and_codes(written: Path) -> None:
    with (written / "hotel_rooms-dictionary.csv").open(encoding="utf-8", newline="") as file:
        found = {(item["column"], item["code"]): item for item in csv.DictReader(file)}
    assert found["indicator", "ROOMS"]["name_vi"] == "Số phòng"
    assert found["indicator", "ROOMS"]["unit"] == "count"
    assert found["ref_area", "48"]["name_en"] == "Da Nang"
    assert found["obs_status", "P"]["name_vi"] == "Sơ bộ"
    assert found["obs_value", ""]["type"] == "number"
    assert {column for column, code in found if not code} == set(dataset().columns)


def test_data_package_describes_every_file(written: Path) -> None:
    package = json.loads((written / "datapackage.json").read_text(encoding="utf-8"))
    others = {path.name for path in written.iterdir()} - {"datapackage.json"}
    assert {item["path"] for item in package["resources"]} == others
    for item in package["resources"]:
        path = written / item["path"]
        assert item["hash"] == f"sha256:{sha256_file(path)}"
        assert item["bytes"] == path.stat().st_size
    table = next(item for item in package["resources"] if item["path"] == "hotel_rooms.csv")
    with (written / "hotel_rooms.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert [field["name"] for field in table["schema"]["fields"]] == header
    assert table["schema"]["primaryKey"] == list(dataset().key)


def test_frictionless_finds_the_data_package_valid(written: Path) -> None:
    report = frictionless.validate(str(written / "datapackage.json"))
    assert report.valid, report.to_summary()
    rows = {task.name: task.stats.get("rows") for task in report.tasks if task.type == "table"}
    assert rows["hotel-rooms-csv"] == rows["hotel-rooms-xlsx"] == len(ROWS)
    package = json.loads((written / "datapackage.json").read_text(encoding="utf-8"))
    media = {item["path"]: item["mediatype"] for item in package["resources"]}
    assert media["hotel_rooms-quality.html"] == "text/html"


def test_a_column_that_is_not_published_is_in_no_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = tuple(name for name in dataset().columns if name != "obs_note")
    monkeypatch.setattr(Dataset, "published_columns", property(lambda _: shown))
    out = tmp_path / "out"
    out.mkdir()
    write_all(content(tmp_path / "release"), out)
    assert tuple(pq.read_schema(out / "hotel_rooms.parquet").names) == shown
    assert pq.read_table(out / "hotel_rooms.parquet").num_rows == len(ROWS)
    with (out / "hotel_rooms.csv").open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file))) == shown
    assert json.loads((out / "hotel_rooms.json").read_text())["columns"] == list(shown)
    header = next(iter(openpyxl.load_workbook(out / "hotel_rooms.xlsx")["data"].values))
    assert tuple(name for name in header if name in dataset().columns) == tuple(shown)
    assert frictionless.validate(str(out / "datapackage.json")).valid


def test_intervals_and_footnotes_are_in_every_download(tmp_path: Path) -> None:
    rooms = {
        "name": {"vi": "Số phòng", "en": "Rooms"}, "unit": "count", "decimals": 0,
        "interval": {"kind": "confidence", "level": 95},
    }
    notes = {"survey": {"vi": "Điều tra mẫu", "en": "Sample survey"},
             "break_2019": {"vi": "Đổi cách tính", "en": "New method"}}
    declared = dataset(indicators={"ROOMS": rooms}, footnotes=notes)
    rows = [row(obs_value=5.0, lower_bound=4.5, upper_bound=6.25, footnotes="survey break_2019"),
            row(time_period="2021", obs_value=7.0)]
    out = tmp_path / "out"
    out.mkdir()
    opened = Content.of(make_release(tmp_path / "release", declared, rows), registries())
    write_all(opened, out)
    assert opened.names.label("footnotes", "survey break_2019", "en") == "Sample survey New method"
    with (out / "hotel_rooms.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["lower_bound"], first["upper_bound"]) == ("4.5", "6.25")
    assert first["footnotes"] == "survey break_2019" and second["footnotes"] == ""
    with (out / "hotel_rooms-dictionary.csv").open(encoding="utf-8", newline="") as file:
        names = {(item["column"], item["code"]): item["name_en"] for item in csv.DictReader(file)}
    assert names["footnotes", "survey"] == "Sample survey"
    found = json.loads((out / "hotel_rooms.json").read_text(encoding="utf-8"))
    assert found["indicators"]["ROOMS"]["interval"] == {"kind": "confidence", "level": 95}
    assert found["footnotes"]["survey"]["vi"] == "Điều tra mẫu"
    assert found["records"][0]["lower_bound"] == 4.5
    assert frictionless.validate(str(out / "datapackage.json")).valid
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(tmp_path / "again", declared, rows)])
    page = (site.folder / "en/tourism/hotel_rooms.html").read_text(encoding="utf-8")
    assert "Sample survey New method" in page and "New method</bdi></dd>" in page


def test_the_same_release_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    release = content(tmp_path / "release")
    assert write_all(release, one) == write_all(release, two)
    assert len({path.name for path in one.iterdir()}) == len(DISTRIBUTIONS)
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(PortalError, match="column obs_value"):
        write_all(content(tmp_path / "release", [row(obs_value=value)]), tmp_path / "out")


def test_verify_names_every_release_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    files = write_all(content(tmp_path / "release"), tmp_path / "out")
    known = [("tourism/hotel_rooms", number, file) for number in (1, 2) for file in files]
    renamed = tmp_path / "my download.csv"
    renamed.write_bytes((tmp_path / "out" / "hotel_rooms.csv").read_bytes())
    found = verify(renamed, known)
    assert found["genuine"]
    assert [(m["release"], m["file"]) for m in found["matches"]] == [
        (1, "hotel_rooms.csv"), (2, "hotel_rooms.csv"),
    ]
    renamed.write_bytes(renamed.read_bytes() + b"\n")
    assert verify(renamed, known)["matches"] == []


def test_what_verify_cannot_decide_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    files = write_all(content(tmp_path / "release"), tmp_path / "out")
    known = [("tourism/hotel_rooms", 1, file) for file in files]
    genuine = tmp_path / "out" / "hotel_rooms.csv"
    assert verify(genuine, [])["genuine"] is None, "without the publisher's records"
    for name, verdict in (
        ("hotel_rooms.csv", False), ("hotel_rooms (1).csv", False), ("other.csv", None),
    ):
        changed = tmp_path / name
        changed.write_bytes(genuine.read_bytes() + b"\n")
        assert verify(changed, known)["genuine"] is verdict, name


def test_the_quality_page_says_everything_in_either_language(tmp_path: Path) -> None:
    failing = check(
        "above", outcome="failed", level="row", unexpected=1, evaluated=3,
        samples=({"indicator": "ROOMS", "time_period": "2020", "obs_value": -5.5, "freq": "A"},),
    )
    quarantined = {
        **row(time_period="2019", obs_value=None), "_part": "rooms.csv", "_row": 12,
        "_column": "rooms", "_original": '{"rooms": "98,6x"}', "reasons": ["above"],
    }
    release = make_release(
        tmp_path / "release", dataset(), ROWS, quarantined=[quarantined], checks=(failing, check()),
    )
    (tmp_path / "out").mkdir()
    write_all(Content.of(release, registries()), tmp_path / "out")
    english, vietnamese = (
        tmp_path / "out" / "hotel_rooms-quality.html"
    ).read_text(encoding="utf-8").split('<section lang="vi"')
    assert "-5,5" in vietnamese and "-5.5" in english
    for text in (vietnamese, english):
        assert "98,6x" in text and "rooms.csv" in text
    assert "freq" not in vietnamese and "Chỉ tiêu" in vietnamese and "Indicator" in english
    assert "http" not in english.split("</style>")[1] + vietnamese
