"""The embedded sample keeps its promises: facts, declarations, suites and codelists."""

from __future__ import annotations

import tempfile
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import duckdb
import pytest

from expectations.suites.suite import load_suite
from model.declarations.load import load_declarations
from model.declarations.source import Source
from model.reference.codelist import load_codelist
from model.reference.periods import parse_period
from model.reference.registries import CODELIST_DIR, load_registries
from model.util.text import fold
from sources.connectors.registry import CONNECTORS, options_of, protocol
from sources.demo.facts import Sample, Vintage, load_samples
from sources.demo.replay import ReplayTransport
from sources.fetch.parts import fetch_parts
from warehouse.cleaning.clean import Cleaning, clean

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sources" / "demo" / "sample"
SAMPLES = {each.dataset: each for each in load_samples(SAMPLE)}
REGISTRIES = load_registries(ROOT)
DECLARATIONS, ERRORS = load_declarations(ROOT / "assets", REGISTRIES, CONNECTORS)
CODELISTS = sorted(CODELIST_DIR.glob("*.csv"))
FIVE = ("tourism", "finance", "logistics", "health", "education")
VINTAGES = [
    pytest.param(sample, vintage, id=f"{name}/{vintage.path.name}")
    for name, sample in SAMPLES.items()
    for vintage in sample.vintages
]


def test_every_declaration_is_right() -> None:
    assert [str(error) for error in ERRORS] == []


def test_facts_declarations_and_suites_go_together() -> None:
    suites = {f"{p.parent.name}/{p.stem}" for p in (ROOT / "expectations").glob("*/*.yaml")}
    with_sample = {
        name for name, each in DECLARATIONS.items()
        if (source := each.dataset.source_for("sample"))
        and source.protocol != "submission" and not each.dataset.inputs
    }
    # Made of what the run itself finds, and of the registry.
    own_record = {"digital_government/data_quality", "digital_government/city_targets"}
    assert set(SAMPLES) == with_sample - own_record
    computed = {name for name, each in DECLARATIONS.items() if each.dataset.inputs}
    assert set(SAMPLES) | computed <= suites


def test_there_is_enough_of_everything() -> None:
    assert len(SAMPLES) >= 14
    for sector in FIVE:
        assert sum(name.startswith(f"{sector}/") for name in SAMPLES) >= 2, sector
    indicators = {(n, code) for n, each in DECLARATIONS.items() for code in each.dataset.indicators}
    assert len(indicators) >= 45
    assert {each.source.form for each in SAMPLES.values()} == {"worldbank", "pxweb", "gho", "csv"}
    assert sum(len(each.vintages) >= 2 for each in SAMPLES.values()) >= 3


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_source_says_where_its_facts_are_from(sample: Sample) -> None:
    assert sample.source.source.get("vi") != sample.source.source.get("en")
    assert sample.source.licence in REGISTRIES.licences
    assert sample.source.licence == DECLARATIONS[sample.dataset].dataset.licence
    for vintage in sample.vintages:
        assert vintage.day <= sample.source.read_on
    files = {path.name for path in (SAMPLE / sample.dataset).iterdir()}
    assert files == {"source.yaml", *sample.source.vintages}


@pytest.mark.parametrize(("sample", "vintage"), VINTAGES)
def test_facts_are_whole_nfc_and_read_in_order(sample: Sample, vintage: Vintage) -> None:
    assert vintage.facts
    text = vintage.path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert "\r" not in text
    for fact in vintage.facts:
        assert None not in fact and None not in fact.values()  # neither too many nor too few cells
        if "time_period" in fact:
            assert parse_period(fact["time_period"]).iso == fact["time_period"]


def observations(name: str, rounds: int) -> duckdb.DuckDBPyConnection:
    """Fetch, read and clean a dataset of the sample up to a round."""
    dataset = DECLARATIONS[name].dataset
    source = dataset.source_for("sample")
    assert isinstance(source, Source)
    kind, options = protocol(source.protocol), options_of(source)
    con = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        replay, earlier = ReplayTransport(SAMPLE), ()
        for number in range(rounds):
            target = Path(folder) / str(number)
            found = fetch_parts(kind, options, replay, target, earlier)
            earlier = found.parts
        parts = found.parts
        clean(
            con, kind.read(parts, options),
            Cleaning(dataset, source, kind.Options.columns, REGISTRIES),
        )
    return con


@cache
def newest(name: str) -> duckdb.DuckDBPyConnection:
    """Return the observations of a dataset's last vintage."""
    return observations(name, len(SAMPLES[name].vintages))


def test_the_sample_is_about_da_nang() -> None:
    """Each sector has the city's own series, many of them with a recent figure."""
    of_sector: Counter[str] = Counter()
    figures = recent = 0
    for name in SAMPLES:
        for last, count in newest(name).sql(
            "SELECT max(time_period), count(*) FROM observation WHERE ref_area = '48'"
            " AND obs_value IS NOT NULL AND _reject IS NULL GROUP BY indicator"
        ).fetchall():
            of_sector[name.partition("/")[0]] += 1
            figures += count
            recent += last[:4] >= "2023"
    assert set(of_sector) == set(REGISTRIES.sectors)
    assert min(of_sector.values()) >= 8, of_sector
    assert of_sector.total() >= 120 and recent >= 40
    assert figures >= 3000


@pytest.mark.parametrize("name", SAMPLES)
def test_facts_become_observations(name: str) -> None:
    dataset = DECLARATIONS[name].dataset
    con = newest(name)
    key = ", ".join(dataset.key)
    rejected, twice = con.sql(
        f"SELECT count(*) FILTER (WHERE _reject IS NOT NULL), count(*) - count(DISTINCT ({key}))"
        " FROM observation"
    ).fetchall()[0]
    assert twice == 0
    assert rejected == (1 if name == "finance/consumer_prices" else 0)
    found = {code for (code,) in con.sql("SELECT DISTINCT indicator FROM observation").fetchall()}
    assert found == set(dataset.indicators)


def test_a_preliminary_a_missing_and_two_bad_values_are_there() -> None:
    def statuses(name: str) -> dict[str, int]:
        sql = "SELECT obs_status, count(*) FROM observation GROUP BY ALL"
        return dict(observations(name, 1).sql(sql).fetchall())

    assert statuses("population/population_by_sex_and_residence")["P"] > 0
    assert statuses("tourism/international_tourism")["O"] > 0
    locale = observations("finance/consumer_prices", 1).sql(
        "SELECT obs_note FROM observation WHERE _reject IS NOT NULL"
    ).fetchall()
    assert [note.startswith("Planted") for (note,) in locale] == [True]
    slip = observations("digital_government/internet_users", 2).sql(
        "SELECT obs_value, obs_note FROM observation WHERE obs_value > 100"
    ).fetchall()
    assert [(value, note.startswith("Planted")) for value, note in slip] == [(512, True)]


def test_later_vintages_revise_add_and_withdraw() -> None:
    changed = {}
    for name, sample in SAMPLES.items():
        if len(sample.vintages) < 2:
            continue
        old, new = (
            {
                tuple(v for k, v in fact.items() if k not in ("obs_value", "value", "note")):
                fact.get("obs_value") or fact.get("value")
                for fact in each.facts
            }
            for each in sample.vintages[:2]
        )
        changed[name] = (
            sum(old[key] != new[key] for key in old.keys() & new.keys()),
            len(new.keys() - old.keys()),
            len(old.keys() - new.keys()),
        )
    assert sum(revised > 0 for revised, _, _ in changed.values()) >= 3, changed
    assert sum(added > 0 for _, added, _ in changed.values()) >= 3, changed
    assert sum(withdrawn > 0 for _, _, withdrawn in changed.values()) >= 1, changed


@pytest.mark.parametrize("path", CODELISTS, ids=[path.stem for path in CODELISTS])
def test_a_codelist_is_nfc_and_finds_each_of_its_names(path: Path) -> None:
    assert unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8"))
    codelist = load_codelist(path)
    for entry in codelist.entries:
        assert codelist.find(entry.code) == entry.code
        for name in (entry.name.get("vi"), entry.name.get("en")):
            try:
                assert codelist.find(name) == entry.code
            except ValueError as error:  # a name may be the short code of another place: say so
                assert "ambiguous" in str(error)


@pytest.mark.parametrize(
    ("codelist", "label", "code"),
    [
        ("country", "Vietnam", "VNM"), ("country", "Viet Nam", "VNM"),
        ("country", "Việt Nam", "VNM"),
        ("country", "Korea, Rep.", "KOR"), ("country", "Hàn Quốc", "KOR"),
        ("country", "Korea, Dem. People's Rep.", "PRK"), ("country", "Lao PDR", "LAO"),
        ("country", "Lào", "LAO"), ("country", "vnm", "VNM"),
        ("country", "Congo, Dem. Rep.", "COD"),
        ("country", "Niger", "NER"), ("country", "Nigeria", "NGA"), ("country", "World", "WLD"),
        ("country", "Kosovo", "XKX"),
        ("vn_province_2008", "Đà Nẵng", "48"), ("vn_province_2008", "Da Nang", "48"),
        ("vn_province_2008", "Thua Thien-Hue", "46"), ("vn_province_2008", "Quang Nam", "49"),
        ("vn_province_2008", "Ho Chi Minh city", "79"),
        ("vn_province_2008", "WHOLE COUNTRY", "VNM"),
        ("vn_province_2025", "thành phố Đà Nẵng", "48"), ("vn_province_2025", "Huế", "46"),
        ("sex", "SEX_BTSX", "_T"), ("sex", "FMLE", "F"), ("sex", "MLE", "M"),
        ("transport_mode", "Inland waterways", "inland_water"),
    ],
)
def test_well_known_names_are_found(codelist: str, label: str, code: str) -> None:
    assert REGISTRIES.codelists[codelist].find(label) == code


def test_the_country_has_63_and_then_34_provinces() -> None:
    def units(name: str) -> list[str]:
        entries = REGISTRIES.codelists[name].entries
        return [e.code for e in entries if e.kind in ("province", "city")]

    before, after = units("vn_province_2008"), units("vn_province_2025")
    assert (len(before), len(after)) == (63, 34)
    assert all(len(code) == 2 and code.isdecimal() for code in (*before, *after))
    assert set(after) < set(before)
    assert "49" in before and "49" not in after  # Quang Nam joined Da Nang


@pytest.mark.parametrize("name", SAMPLES)
def test_a_suite_says_what_must_be_true_in_both_languages(name: str) -> None:
    dataset = DECLARATIONS[name].dataset
    suite = load_suite(ROOT / "expectations" / f"{name}.yaml", dataset, REGISTRIES)
    assert 2 <= len(suite.expectations) <= 8
    for each in suite.expectations:
        assert fold(each.title.get("vi")) != fold(each.title.get("en"))
