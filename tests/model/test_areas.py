"""Names of areas: written in every way, and never chosen where they are ambiguous."""

from __future__ import annotations

import csv
import json
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.reference import area_names
from model.util.text import fold
from tests.fixtures.datasets import real_files, registries

OLD, NEW = "vn_da_nang_commune_2025", "vn_ward_2025"
BEFORE, AFTER = "vn_province_2008", "vn_province_2025"


def find(codelist: str, label: str, within: str | None = None) -> str:
    return registries().codelists[codelist].find(label, within)


def entries(codelist: str):
    every = registries().codelists[codelist].entries
    return [entry for entry in every if codelist == OLD or entry.parent == "48"]


@pytest.mark.parametrize(
    ("codelist", "label", "code"),
    [
        *((BEFORE, label, "48") for label in (
            "48", "Đà Nẵng", "da nang", "Đà Nẵng ", "TP. Đà Nẵng", "TP.Đà Nẵng", "tp Đà Nẵng",
            "T.P. Đà Nẵng", "Thành phố Đà Nẵng", "thanh pho da nang", "Da Nang City", "Ðà Nẵng",
            "ĐÀ NẴNG", "Danang")),
        *((BEFORE, label, "79") for label in (
            "TP. Hồ Chí Minh", "Hồ Chí Minh", "TP.HCM", "TPHCM", "HCMC", "Ho Chi Minh City")),
        (BEFORE, "Thanh Hoá", "38"), (BEFORE, "tỉnh Hoà Bình", "17"), (BEFORE, "Hanoi", "01"),
        (BEFORE, "Bà Rịa – Vũng Tàu", "77"), (BEFORE, "Tỉnh Thừa Thiên-Huế", "46"),
        # As the tax administration's and the PCI's lists of provinces abbreviate them.
        *((BEFORE, name, "46") for name in ("TT-Huế", "TT Huế", "TT.Huế", "T.T. Huế", "TT Hue")),
        *((BEFORE, name, "77") for name in ("BR-VT", "BRVT", "BR - VT")),
        *((OLD, label, "20296") for label in (
            "Xã Hòa Liên", "xã Hoà Liên", "X. Hòa Liên", "Hoa Lien", "Hòa Liên, Hòa Vang",
            "Xã Hòa Liên, huyện Hòa Vang, TP. Đà Nẵng", "Hoa Lien Commune, Da Nang")),
        (OLD, "P. Thạch Thang", "20233"), (OLD, "P.Thạch Thang", "20233"),
        (OLD, "Xã Tam Thanh", "20359"), (OLD, "Xa Tam Thanh, Tam Ky", "20359"),
        (OLD, "Tam Thành", "20365"), (OLD, "Thị trấn P Rao", "20467"),
        (NEW, "Phường Hải Vân", "20194"), (NEW, "ĐK Hoàng Sa", "20333"),
        (NEW, "Đặc khu Hoàng Sa", "20333"), (NEW, "Hoang Sa Special Zone", "20333"),
        ("country", "704", "VNM"), ("country", "VN", "VNM"), ("country", "004", "AFG"),
        ("m49_region", "Southeast Asia", "035"),
    ],
)  # fmt: skip
def test_an_area_is_found(codelist, label, code):
    assert find(codelist, label) == code
    assert find(codelist, unicodedata.normalize("NFD", label)) == code


@pytest.mark.parametrize(
    ("codelist", "label", "within", "words"),
    [
        (BEFORE, "TP. Hà Tĩnh", None, ["another kind (province): 42 (Hà Tĩnh)"]),
        (BEFORE, "Thành phố Quảng Ngãi", None, ["another kind (province): 51"]),
        (OLD, "Tam Thanh", None, ["is ambiguous", "20359 (Xã Tam Thanh, Tam Kỳ, Quảng Nam)",
                                  "20365 (Xã Tam Thành, Phú Ninh, Quảng Nam)", "20980"]),
        (OLD, "Phường Hòa Liên", None, ["another kind (commune): 20296"]),
        (NEW, "Tân An", None, ["is ambiguous", "24163 (Phường Tân An, Đắk Lắk)", "and 4 more"]),
        (NEW, "Xã Tân An", None, ["is ambiguous", "02320 (Xã Tân An, Tuyên Quang)"]),
        (NEW, "Hải Vân", "01", ["is not in codelist"]),
        (NEW, "20194", "01", ["20194 (Phường Hải Vân, Đà Nẵng)", "not within 01"]),
        (NEW, "Hòa Liên", None, ["is not in codelist"]),
        (NEW, "1", None, ["is not in codelist"]),
    ],
)
def test_an_ambiguous_name_is_reported_and_not_resolved(codelist, label, within, words):
    with pytest.raises(ValueError) as raised:
        find(codelist, label, within)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize(("codelist", "count"), [(OLD, 281), (NEW, 94)])
def test_every_unit_of_da_nang_is_found_or_reported_as_ambiguous(codelist, count):
    units = entries(codelist)
    assert len(units) == count
    ambiguous = set()
    for unit in units:
        full = unit.name.get("vi")
        name, kind = kind_of(unit, full).own, full.split(",")[0]
        for label in (full, kind):
            assert find(codelist, label, unit.parent) == unit.code
        for label in (name, fold(name), fold(kind), unit.name.get("en")):
            try:
                assert find(codelist, label, unit.parent) == unit.code
            except ValueError as error:
                assert "ambiguous" in str(error) and unit.code in str(error)
                ambiguous.add(label)
    assert len(ambiguous) == {OLD: 9, NEW: 0}[codelist], sorted(ambiguous)


def kind_of(unit, name: str) -> area_names.AreaName:
    return next(way for way in area_names.readings(name) if way.kind == unit.kind)


SHORT = {
    "Phường": ("P.", "P. ", "phường ", "Phuong "), "Xã": ("X.", "X. ", "xã "),
    "Thị trấn": ("TT. ", "TT ", "thị trấn "), "Đặc khu": ("ĐK ", "đặc khu "),
}


def tone_moved(name: str) -> str:
    """Write "òa, óe, ụy" as "oà, oé, uỵ"."""
    letters = unicodedata.normalize("NFD", name)
    for first, second in ("oa", "oe", "uy"):
        for tone in "\u0300\u0301\u0303\u0309\u0323":
            letters = letters.replace(f"{first}{tone}{second}", f"{first}{second}{tone}")
    return letters


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([(OLD, unit) for unit in entries(OLD)]
                    + [(NEW, unit) for unit in entries(NEW)]),
    st.randoms(use_true_random=False),
)
def test_a_unit_is_found_however_it_is_written(place, random):
    codelist, unit = place
    head, *rest = unit.name.get("vi").split(", ")
    kind = next((word for word in SHORT if head.startswith(word)), None)
    if kind:
        head = random.choice([head, random.choice(SHORT[kind]) + head.removeprefix(kind).strip()])
    label = ", ".join([head, *random.sample(rest, random.randint(0, len(rest)))])
    for way in (str.upper, str.lower, tone_moved, lambda x: x.replace("Đ", "Ð"),
                lambda x: x.replace(" ", "  "), lambda x: x.replace(" ", "\u00a0")):
        if random.random() < 0.4:
            label = way(label)
    label = unicodedata.normalize(random.choice(["NFC", "NFD"]), label)
    assert find(codelist, label, unit.parent) == unit.code


@given(st.text(max_size=30))
def test_any_text_is_found_or_refused(text):
    for codelist in (BEFORE, OLD):
        known = registries().codelists[codelist]
        try:
            assert known.find(text) in known.codes
        except ValueError as error:
            assert codelist in str(error)


@given(st.text(st.characters(categories=["L", "Zs"]), max_size=20))
@example("\ufb2aA")  # a letter that Unicode takes apart for good, mark and all
def test_a_spelling_is_settled(text):
    assert area_names.spelling(area_names.spelling(text)) == area_names.spelling(text)
    assert area_names.plain(area_names.spelling(text)) == area_names.plain(text)


def test_the_lineage_of_da_nang():
    succession = registries().successions[OLD]
    assert (succession.new, len(succession.pairs)) == (NEW, 282)
    assert set(succession.successors) == {unit.code for unit in entries(OLD)}
    assert set(succession.predecessors) == {unit.code for unit in entries(NEW)}
    split = {old: new for old, new in succession.successors.items() if len(new) > 1}
    assert split == {"20296": {"20194", "20197"}}  # Hòa Liên: Hải Vân and Liên Chiểu
    old, new = registries().codelists[OLD].codes, registries().codelists[NEW].codes
    same = [code for code in succession.predecessors if code in old]
    assert len(same) == 93
    assert (
        old["20194"].name.get("vi").split(",")[0],
        new["20194"].name.get("vi").split(",")[0],
    ) == (
        "Phường Hòa Hiệp Bắc",
        "Phường Hải Vân",
    )


def test_the_lineage_of_the_provinces():
    succession = registries().successions[BEFORE]
    provinces = {old: new for old, new in succession.successors.items() if old != "VNM"}
    assert len(provinces) == 63 and all(len(new) == 1 for new in provinces.values())
    assert len({code for new in provinces.values() for code in new}) == 34
    assert succession.predecessors["48"] == {"48", "49"}


@pytest.mark.parametrize("name", ["vn_da_nang_commune_2025", "vn_ward_2025"])
def test_a_units_kind_is_the_one_that_its_name_says(name):
    for entry in registries().codelists[name].entries:
        assert kind_of(entry, entry.name.get("vi")) and kind_of(entry, entry.name.get("en")), (
            entry.code
        )


# file -> (codelist, column, how many names it has, how many of them are found)
TABLES = {
    "vietnam/province_tables/grdp/grdp_2022.csv": (BEFORE, "Name", 63, 63),
    "vietnam/province_tables/health/health_2017.csv": (BEFORE, "Name", 63, 63),
    "vietnam/province_tables/population/population_2022.csv": (BEFORE, "name", 63, 63),
    # "Hai Phuong" is a misspelt Hai Phong, which a declaration maps.
    "vietnam/province_tables/region.csv": (BEFORE, "name", 63, 62),
    "vietnam/province_tables/health_raw/health_2006.csv": ("vn_province_2004", "Name", 71, 70),
    "vietnam/postal-codes.csv": (BEFORE, "province", 63, 63),
    "vietnam/admin_units/vietnamcode_data.csv": (
        "vn_province_2004", "province_name_diacritics", 65, 64),
    "vietnam/admin_units/2025_reform/sapnhap.bando.com.vn_province_2025-07-17.csv": (
        AFTER, "tentinh", 34, 34),
    "vietnam/environment/unified_stations_metadata.csv": (AFTER, "province", 28, 27),
}  # fmt: skip


@pytest.mark.parametrize("path", TABLES)
def test_provinces_of_real_tables(path):
    codelist, column, count, expected = TABLES[path]
    with (real_files() / path).open(encoding="utf-8-sig", newline="") as file:
        names = {row[column] for row in csv.DictReader(file) if row[column].strip()}
    assert (len(names), sum(_is_found(codelist, name) for name in names)) == (count, expected)


def _is_found(codelist, name, within=None):
    try:
        return bool(find(codelist, name, within))
    except ValueError:
        return False


def reform(name: str) -> list[dict[str, str]]:
    path = real_files("vietnam/admin_units/2025_reform") / name
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_offices_own_list_before_the_merger():
    rows = [row for row in reform("danhmuchanhchinh.gso.gov.vn_ward_2025-07-18.csv")
            if row["Mã TP"] in ("48", "49")]  # fmt: skip
    assert len(rows) == 280  # all but Hoàng Sa, which has no commune
    for row in rows:
        place = f"{row['Tên']}, {row['Quận Huyện']}, {row['Tỉnh / Thành Phố']}"
        assert find(OLD, row["Tên"], row["Mã TP"]) == find(OLD, place) == row["Mã"]


def test_the_units_since_the_merger():
    rows = reform("2025_34-province-3221-ward_with_location.csv")
    assert len(rows) == 3321
    for row in rows:
        code = row["wardCode"].zfill(5)
        assert find(NEW, f"{row['ward']}, {row['province']}") == code
        assert find(NEW, row["ward"], row["provinceCode"].zfill(2)) == code


def test_the_map_publishers_list_of_what_was_merged():
    """A second source: each named predecessor of Da Nang's units is the lineage's."""
    succession, agreed = registries().successions[OLD], 0
    for row in reform("sapnhap.bando.com.vn_ward_2025-07-17.csv"):
        if "Đà Nẵng" not in row["tentinh"]:
            continue
        new = find(NEW, f"{row['loai']} {row['tenhc']}", "48")
        for part in row["truocsapnhap"].split(", "):
            name = part.split("(")[0].strip()
            if fold(name) != "khong sap nhap":
                assert find(OLD, name) in succession.predecessors[new], part
                agreed += 1
    assert agreed == 280


def test_the_units_as_other_publishers_name_them():
    data = json.loads(
        (real_files("vietnam/admin_units") / "vn_units_simplified_minified.json").read_text("utf-8")
    )
    provinces = {item["Code"]: item["FullName"] for item in data}
    assert len(provinces) == 63
    assert all(find(BEFORE, name) == code for code, name in provinces.items())
