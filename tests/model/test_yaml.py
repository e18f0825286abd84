"""Declarations: errors name file, line, field and the nearest valid name."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.declarations.load import load_declaration, load_declarations
from model.declarations.yaml_file import YamlFile
from model.errors import DeclarationError
from model.reference.codelist import load_codelist
from model.reference.registries import load_registries
from model.util.text import fold, slug
from sources.connectors.registry import CONNECTORS
from tests.fixtures.commands import PROJECT

GOOD = """\
title: {vi: Phòng khách sạn, en: Hotel rooms}
description: {vi: Mỗi dòng một năm, en: One row a year}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [khách sạn], en: [hotels]}
frequency: A
geography:
  codelist: vn_province_2008
  coverage: {vi: Đà Nẵng, en: Da Nang}
indicators:
  ROOMS:
    name: {vi: Số phòng, en: Rooms}
    unit: count
source:
  protocol: files
  files: [rooms.csv]
  columns:
    indicator: {const: ROOMS}
    ref_area: area
    time_period: year
    obs_value: {column: value, locale: vi}
profiles:
  sample: {where: {year: 2020..2023}}
"""


@pytest.fixture(scope="module")
def registries():
    return load_registries(PROJECT)


BAD_OPTIONS = [
    ("protocol: files", "protocol: flies", 15, ["unknown protocol 'flies'", "'files'"]),
    ("  protocol: files\n", "", 14, ["protocol", "missing"]),
    ("files: [rooms.csv]", "fils: [rooms.csv]", 16, ["source.fils", "'files'"]),
    ("files: [rooms.csv]", "files: [rooms.csv]\n  unpivt: {}", 17, ["source.unpivt", "'unpivot'"]),
    ("files: [rooms.csv]", "files: [rooms.csv]\n  header: x", 17, ["source.header"]),
    ("{where: {", "{headr: 2, where: {", 23, ["profiles.sample.headr", "'header'"]),
    ("files: [rooms.csv]", "files: 7", 16, ["source.files"]),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "tourism" / "hotel_rooms.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_right_declaration(tmp_path, registries):
    declaration = load_declaration(write(tmp_path, GOOD), registries)
    dataset = declaration.dataset
    assert dataset.id == "tourism/hotel_rooms"
    live, sample = dataset.source_for("live"), dataset.source_for("sample")
    assert sample == live.model_copy(update={"where": {"year": "2020..2023"}})
    assert dataset.source_for("other") is None
    assert dataset.key == ("indicator", "ref_area", "geo_vintage", "time_period")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("publisher: da_nang_city", "publisher: da_nang_cty", 3, ["da_nang_cty", "da_nang_city"]),
        ("licence: DA-NANG-OPEN", "licence: CC-BY-4", 4, ["CC-BY-4", "CC-BY-4.0"]),
        ("    unit: count", "    unit: cuont", 13, ["cuont", "count"]),
        ("frequency: A", "frequncy: A", 6, ["frequncy", "frequency"]),
        ("frequency: A", "frequency: X", 6, ["frequency"]),
        ("  coverage: {vi: Đà Nẵng, en: Da Nang}", "  coverage: {vi: Đà Nẵng}", 9, ["en"]),
        ("    ref_area: area", "    ref_aera: area", 19, ["ref_aera", "ref_area"]),
        ("const: ROOMS", "const: ROOMS, column: x", 18, ["either"]),
        ("title: {vi: Phòng", "title: {vi: 7, en: x}\ntitle: {vi: Phòng", 2, ["twice"]),
        ("  sample: {", "  smaple: {", 23, ["smaple", "sample"]),
        ("{year: 2020..2023}", "{year: asaen}", 23, ["asaen", "asean"]),
        ("coverage: {vi: Đà Nẵng, en: Da Nang}", "coverage: da_nag", 9, ["da_nag", "da_nang"]),
        ("source:\n  protocol", "sources:\n  protocol", 14, ["sources", "`source`"]),
        ("  files: [", "  options: [", 16, ["options", "beside"]),
        ("source:\n", "source: x\nnotes:\n", 14, ["source", "mapping"]),
        ("frequency: A", "frequency: [", 8, ["YAML"]),
        ("publisher: da_nang_city", "publisher: &a da_nang_city\nnotes: *a", 4, ["alias"]),
    ],
)
def test_a_wrong_declaration_names_line_and_nearest(tmp_path, registries, old, new, line, words):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(DeclarationError) as caught:
        load_declaration(path, registries)
    message = str(caught.value)
    assert f"{path}:" in message
    assert caught.value.where == f"{path}:{line}", message
    for word in words:
        assert word in message


@pytest.mark.parametrize(("old", "new", "line", "words"), BAD_OPTIONS)
def test_options_are_part_of_the_model(tmp_path, registries, old, new, line, words):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(DeclarationError) as caught:
        load_declaration(path, registries, CONNECTORS)
    assert caught.value.where == f"{path}:{line}", caught.value
    assert caught.value.what.count("unknown") <= 1  # both profiles have it: it is said once
    for word in words:
        assert word in str(caught.value)


def test_all_that_is_wrong_is_found_in_one_pass(tmp_path, registries):
    text = GOOD.replace("frequency: A", "frequency: X").replace("files: [rooms.csv]", "fils: [a]")
    with pytest.raises(DeclarationError) as caught:
        load_declaration(write(tmp_path, text), registries, CONNECTORS)
    assert "source.fils" in str(caught.value) and "6: frequency" in str(caught.value)


def test_layers(tmp_path, registries):
    (tmp_path / "_defaults.yaml").write_text(
        "frequency: M\nlicence: CC-BY-4.0\ngeography: {coverage: viet_nam}\n", encoding="utf-8"
    )
    sector = tmp_path / "tourism"
    sector.mkdir()
    (sector / "_defaults.yaml").write_text("frequency: A\n", encoding="utf-8")
    short = GOOD.replace("frequency: A\n", "").replace("licence: DA-NANG-OPEN\n", "").replace(
        "  coverage: {vi: Đà Nẵng, en: Da Nang}\n", ""
    ).replace("    unit: count\n", "").replace(
        "indicators:\n", "indicator_defaults: {unit: count, decimals: 0}\nindicators:\n"
    )
    base = load_declaration(write(tmp_path, short), registries, CONNECTORS).dataset
    assert (base.frequency, base.licence) == ("A", "CC-BY-4.0")
    assert base.geography.uri == "https://sws.geonames.org/1562822/"
    assert (base.indicators["ROOMS"].unit, base.indicators["ROOMS"].decimals) == ("count", 0)
    other = sector / "other.yaml"
    other.write_text(
        "extends: hotel_rooms.yaml\ntitle: {en: Other}\nsource:\n  protocol: worldbank\n"
        "  areas: asean_6\n  years: 2000..\n", encoding="utf-8",
    )
    found = load_declaration(other, registries, CONNECTORS).dataset
    assert found.title.model_dump() == {"vi": "Phòng khách sạn", "en": "Other"}
    live = found.sources["live"]
    assert live.options.indicators == ("ROOMS",) and live.options.years == "2000.."
    assert live.options.areas == ("IDN", "MYS", "PHL", "SGP", "THA", "VNM") and not live.columns
    assert found.sources["sample"].protocol == "worldbank"
    other.write_text("extends: other.yaml\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match="extends"):
        load_declaration(other, registries)
    (sector / "_defaults.yaml").write_text("frequency: X\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match="frequency") as caught:
        load_declaration(sector / "hotel_rooms.yaml", registries)
    assert caught.value.where == f"{sector / '_defaults.yaml'}:1"


def test_indicators_under_codes_of_our_own(tmp_path, registries):
    text = GOOD.partition("source:")[0] + (
        "source:\n  protocol: worldbank\n  indicators: {ROOMS: HT.ROOM}\n  years: 2000..\n"
    )
    source = load_declaration(write(tmp_path, text), registries, CONNECTORS).dataset.sources["live"]
    assert source.options.indicators == ("HT.ROOM",)
    assert source.columns["indicator"].map == {"HT.ROOM": "ROOMS"}


def test_a_wrong_declaration_does_not_stop_the_others(tmp_path, registries):
    write(tmp_path, GOOD)
    (tmp_path / "tourism" / "broken.yaml").write_text("title: [", encoding="utf-8")
    found, errors = load_declarations(tmp_path, registries)
    assert list(found) == ["tourism/hotel_rooms"]
    assert len(errors) == 1 and "broken.yaml" in errors[0].where


def test_version_covers_what_matters(tmp_path, registries):
    before = load_declaration(write(tmp_path, GOOD), registries)
    comment = load_declaration(write(tmp_path, "# a comment\n" + GOOD), registries)
    title = load_declaration(write(tmp_path, GOOD.replace("Hotel rooms", "Rooms")), registries)
    versions = [item.version("live", registries) for item in (before, comment, title)]
    assert versions[0] == versions[1] != versions[2]


def test_codes_stay_text():
    text = "a: NO\nb: 00004\nc: 'x'\nd: 4\ne: on\nf: 1.5\ng: ~\nh: 1e3\n"
    data = YamlFile.parse(text, Path("x.yaml")).data
    assert data == {
        "a": "NO", "b": "00004", "c": "x", "d": 4, "e": "on", "f": 1.5, "g": None, "h": 1000.0,
    }


def test_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes("a: 1\nb: Đà Nẵng\n".encode("cp1258", "replace") + b"c: \xff\n")
    with pytest.raises(DeclarationError, match="UTF-8"):
        YamlFile.read(path)


def test_fold_and_slug():
    assert fold("  Đà   Nẵng ") == "da nang"
    assert fold("Ðà Nẵng") == fold("Đà Nẵng")
    assert fold("hoà") == fold("hòa") == "hoa"
    assert slug("Khách du lịch: 2024!") == "khach-du-lich-2024"


def test_codelist_finds_names_and_refuses_what_is_ambiguous(tmp_path):
    path = tmp_path / "wards.csv"
    path.write_text(
        "# vintage: VN:2025-07-01\ncode,name_vi,name_en,kind,aliases\n"
        "48,Đà Nẵng,Da Nang,city,Thành phố Đà Nẵng|Da Nang City\n"
        "1,Hòa Liên,Hoa Lien A,ward,\n2,Hoà Liên,Hoa Lien B,ward,\n",
        encoding="utf-8",
    )
    wards = load_codelist(path)
    assert wards.find("48") == wards.find("DA NANG") == wards.find("thành phố đà nẵng") == "48"
    with pytest.raises(ValueError, match="ambiguous"):
        wards.find("hoa lien")
    with pytest.raises(ValueError, match="did you mean 'da nang'"):
        wards.find("Da Nan")
