"""The crosswalk of 2025 against two packages: vietnamadminunits and vietnam-provinces.

Our lists of communes and what became of them were made after the first; the second is independent
of both (model/reference/codelists/README.md). That of the provinces is our own.

vietnam-provinces 2025.10, the last for Python 3.11, had other codes for three of the 94 units;
since 2026.9 it has ours, and what the statistics office says became of each commune.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from importlib import import_module
from importlib.resources import files

import pytest
import vietnam_provinces
from vietnam_provinces import Province, Ward

from model.reference.succession import AreaSuccession
from model.util.hashing import sha256_json
from tests.fixtures.datasets import registries

CITY, HOANG_SA_DISTRICT, HOANG_SA = "48", "498", "20333"
# 2025.10 gave Hải Vân, An Khê and Lãnh Ngọc the numbers of other communes that became them: Hòa
# Hiệp Nam, An Khê of Thanh Khê, Tiên Ngọc. 2026.9, with data of 20 September 2026, corrected it.
CORRECTED = {"20195": "20194", "20224": "20305", "20872": "20875"}
IS_CORRECTED = vietnam_provinces.__version__ >= "2026.9"
OTHER_CODES = {} if IS_CORRECTED else CORRECTED
# Of the sorted pairs [code until 30 June 2025, code since] of Da Nang and Quang Nam in the
# `OLD_TO_NEW` of vietnam-provinces 2026.9.0: 280 communes, of which Hòa Liên was split in two.
THEIR_PAIRS = "8a9faa941e46e8741257f94f4a34359dc822a0a344587e3c3270d7c8b772e753"
DATA = files("vietnamadminunits") / "data"


@pytest.fixture(scope="module")
def units() -> sqlite3.Connection:
    """The database of vietnamadminunits: units now and before, with codes and keys."""
    return sqlite3.connect(f"file:{DATA / 'dataset.db'}?mode=ro", uri=True)


@pytest.fixture(scope="module")
def converter() -> dict[str, dict[str, dict[str, list]]]:
    """What vietnamadminunits converts: new units and the old ones that became them, by keys."""
    found: dict[str, dict[str, dict[str, list]]] = json.loads(
        (DATA / "converter_2025.json").read_text(encoding="utf-8")
    )
    return found


def succession(old: str) -> AreaSuccession:
    return registries().successions[old]


def test_the_provinces_became_the_same(units: sqlite3.Connection, converter: dict) -> None:
    old = dict(units.execute("SELECT DISTINCT provinceKey, provinceCode FROM admin_units_legacy"))
    new = dict(units.execute("SELECT DISTINCT provinceKey, provinceCode FROM admin_units"))
    theirs = {
        (old[part], new[area]) for area, parts in converter["DICT_PROVINCE"].items()
        for part in parts
    }
    ours = {pair for pair in succession("vn_province_2008").pairs if pair[0] != "VNM"}
    assert ours == theirs and len(ours) == 63
    assert {part for part, area in ours if area == CITY} == {"48", "49"}


def test_the_citys_communes_became_the_same(units: sqlite3.Connection, converter: dict) -> None:
    rows = units.execute(
        "SELECT provinceKey || '_' || districtKey || '_' || wardKey, wardCode"
        " FROM admin_units_legacy WHERE provinceCode IN ('48', '49')"
    )
    codes = dict(rows)
    (city,) = units.execute(
        "SELECT DISTINCT provinceKey FROM admin_units WHERE provinceCode = ?", [CITY]
    ).fetchone()
    new = dict(units.execute(
        "SELECT wardKey, wardCode FROM admin_units WHERE provinceCode = ?", [CITY]
    ))
    theirs = {
        (codes[part], new[area])
        for area, parts in converter["DICT_PROVINCE_WARD_NO_DIVIDED"][city].items()
        for part in parts if part in codes
    } | {
        (codes[part], new[each["newWardKey"]])
        for part, became in converter["DICT_PROVINCE_WARD_DIVIDED"].get(city, {}).items()
        for each in became
    }
    ours = {pair for pair in succession("vn_da_nang_commune_2025").pairs
            if pair[0] != HOANG_SA_DISTRICT}  # a district without communes
    assert ours == theirs
    assert len({area for _, area in ours} | {HOANG_SA}) == 94


def test_the_second_package_has_the_same_crosswalk() -> None:
    ours = sorted(list(pair) for pair in succession("vn_da_nang_commune_2025").pairs
                  if pair[0] != HOANG_SA_DISTRICT)
    assert len(ours) == 281 and sha256_json(ours) == THEIR_PAIRS
    if IS_CORRECTED:  # Python 3.12 and newer
        theirs = import_module("vietnam_provinces._ward_conversion_2025").OLD_TO_NEW
        assert ours == sorted(
            [f"{old:05d}", f"{new.code:05d}"] for old, entry in theirs.items()
            if entry.old_ward.province_code in (48, 49) for new in entry.new_wards
        )


def test_two_packages_have_the_same_94_units(units: sqlite3.Connection) -> None:
    ours = {each.code: each for each in registries().codelists["vn_ward_2025"].entries
            if each.parent == CITY}
    theirs = dict(units.execute(
        "SELECT wardCode, ward FROM admin_units WHERE provinceCode = ?", [CITY]
    ))
    (city,) = (each for each in Province.iter_all() if each.code == int(CITY))
    named = {f"{each.code:05d}": each.name for each in Ward.iter_by_province(city.code)}
    assert named.keys() - ours.keys() == OTHER_CODES.keys()
    others = {OTHER_CODES.get(code, code): name for code, name in named.items()}
    assert ours.keys() == theirs.keys() == others.keys()
    assert len(ours) == 94
    kinds: dict[str, int] = defaultdict(int)
    for each in Ward.iter_by_province(city.code):
        kinds[each.division_type.value] += 1
    assert kinds == {"phường": 23, "xã": 70, "đặc khu": 1}
    for code, entry in ours.items():
        assert others[code] in entry.names[0] or others[code] in entry.names, code


def test_two_packages_have_the_same_34_provinces(units: sqlite3.Connection) -> None:
    ours = {each.code for each in registries().codelists["vn_province_2025"].entries
            if each.kind != "country"}
    theirs = {code for (code,) in units.execute("SELECT DISTINCT provinceCode FROM admin_units")}
    assert ours == theirs == {f"{each.code:02d}" for each in Province.iter_all()}
