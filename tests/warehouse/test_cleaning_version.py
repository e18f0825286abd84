"""What cleaning means has a version: a change of it makes cached tables anew."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from model.declarations.source import Source
from model.reference.codelist import CodeEntry, Codelist
from model.reference.periods import parse_period
from model.reference.succession import AreaSuccession
from model.util.hashing import sha256_json
from tests.fixtures.datasets import batch, dataset, registries
from warehouse import cleaning
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.engine import connect

RECORDED = Path(__file__).with_name("cleaning_versions.json")

PERIODS = [
    "2023", "2024-S1", "2023-Q4", "2023-01", "2023-W05", "2023-01-31", "2023-01-01/P6M", "1960M01",
    "2000Q1", "Prel. 2024", "Sơ bộ quý I/2024", "Tháng 3/2024", "6 tháng đầu năm 2024", "2024p",
    "2024 [YR2024]", "31/12/2020", "1/2024", "9999", "", "２０２４", "Est.2025",
]
NUMBERS = {
    "vi": ["1.234,5", "1.234", "12.5", "-0,5", "12,5*", "120 triệu", "..", "=1+1", "−5", "(5)"],
    "en": ["1,234.5", "1.234,5", "12", "12,5", "", "1e3", "5 p", "12 %"],
    "plain": ["1.5e3", " 12 ", "+.5", "1,234", "NaN", "9" * 400, "0x10", "n/a", "12†"],
}
AREAS = [
    "48", "Đà Nẵng", "TP. Đà Nẵng", "da nang", "Thành phố Da Nang", "Tỉnh Đà Nẵng", "Hoà Vang",
    "Huyện Hòa Vang", "Hòa Vang, Đà Nẵng", "Thanh Hóa", "Thanh Hòa", "Atlantis", "", "P.1",
]
FLAGS = {"*": {"note": "provisional"}, "p": "P", "†": {"status": "B", "note": "break"}}


def codelist(name: str, *entries: tuple[str, str, str, str | None]) -> Codelist:
    return Codelist(
        id=name, title={"vi": name, "en": name}, vintage=f"X:{name}",
        entries=tuple(
            CodeEntry(code=code, name={"vi": label, "en": label}, kind=kind, parent=parent)
            for code, label, kind, parent in entries
        ),
    )


def known():
    """Return registries with codelists of the test's own: the project's may be corrected."""
    old = codelist(
        "old_areas", ("48", "Thành phố Đà Nẵng", "city", None), ("49", "Tỉnh Quảng Nam", "province",
        None), ("497", "Huyện Hòa Vang", "district", "48"), ("38", "Tỉnh Thanh Hóa", "province",
        None), ("1", "Phường 1", "ward", "48"), ("99", "Xã Thanh Hòa", "commune", "49"),
    )
    new = codelist(
        "new_areas", ("D", "Đà Nẵng", "city", None), ("T", "Thanh Hóa", "province", None)
    )
    became = AreaSuccession(
        old="old_areas", new="new_areas", pairs=(("48", "D"), ("49", "D"), ("38", "T")),
    )
    return registries().model_copy(update={
        "codelists": {"old_areas": old, "new_areas": new}, "successions": {"old_areas": became},
    })


def cleaned(rows, columns, geography="old_areas", **source):
    declared = dataset(
        geography={"codelist": geography, "coverage": {"vi": "Đà Nẵng", "en": "Da Nang"}},
    )
    rules = {"indicator": {"const": "ROOMS"}, "ref_area": "area", "time_period": "year",
             "obs_value": "value", **columns}
    origin = Source.model_validate({"protocol": "files", "columns": rules, **source})
    with connect() as con:
        stats = clean(
            con, [batch(rows)],
            Cleaning(declared, origin, {}, known(), retrieved=date(2026, 3, 1)),
        )
        found = con.execute("SELECT * FROM observation ORDER BY _id").to_arrow_table().to_pylist()
    return [found, stats.read, stats.empty, stats.rejected]


def row(area="48", year="2024", value="120", **more):
    return {"area": area, "year": year, "value": value, **more}


def outcome():
    """Return what cleaning makes of a set of inputs that shows every rule at work."""
    value = {"column": "value", "marks": FLAGS, "scale_words": {"triệu": 1e6}}
    found = [cleaned([row(year=text) for text in PERIODS], {})]
    found.append(cleaned(
        [row(year="31/12/2020")], {"time_period": {"column": "year", "format": "%d/%m/%Y:M"}}
    ))
    found += [
        cleaned(
            [row(value=text) for text in texts], {"obs_value": {**value, "locale": locale}},
            empty="keep",
        )
        for locale, texts in NUMBERS.items()
    ]
    found.append(cleaned([row(value=text) for text in NUMBERS["en"]],
                         {"obs_value": {"column": "value", "locale": "en", "scale": 1000}}))
    found.append(cleaned([row(area=text) for text in AREAS], {}))
    found.append(cleaned([row(area=text) for text in AREAS],
                         {"ref_area": {"column": "area", "within": "48"}}))
    found.append(cleaned(
        [row(area=area, value=text) for area, text in
         (("48", "1"), ("49", "2"), ("38", "3"), ("497", "4"))],
        {"ref_area": {"column": "area", "codelist": "old_areas", "successor": "sum"}}, "new_areas",
    ))
    found.append(cleaned(
        [{"area": "48", "2023 *": "1", "2024": "x", "unit": "room"}],
        {"time_period": {"column": "year", "marks": FLAGS}},
        unpivot={"matching": r"\d{4}.*", "names_to": "year"},
    ))
    found.append(cleaned(
        [row(status="E", note="n"), row(status="Z", note=""), row(kind="x", status="", note="m")],
        {"obs_status": "status", "obs_note": "note"},
    ))
    found.append(cleaned([row(year="2026"), row(year="2031")], {}))
    found.append([[period, list(parse_period(period))] for period in PERIODS[:-6]])
    return found


def test_cleaning_that_changes_has_a_new_version() -> None:
    checksum = sha256_json(outcome())
    recorded = json.loads(RECORDED.read_text())
    assert len({*recorded.values()}) == len(recorded)
    assert recorded.get(str(cleaning.VERSION)) == checksum, (
        "cleaning gives other observations than its version records: raise"
        f" `warehouse.cleaning.VERSION` and record {checksum} for it in {RECORDED.name}"
    )
    assert str(cleaning.VERSION) == max(recorded, key=int)
