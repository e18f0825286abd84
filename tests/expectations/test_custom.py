"""This project's own expectations in suites: written, completed, exported, run, explained."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.checks.base import EARLIER_RELEASES, PREVIOUS_RELEASE, SeriesCheck
from expectations.checks.registry import all_checks
from expectations.checks.stock.common import StockCheck
from expectations.runner.validate import validate
from expectations.suites.gx import to_gx
from expectations.suites.suite import full_suite, load_suite
from model.declarations.dataset import Dataset
from model.errors import DeclarationError
from tests.fixtures import expectations as factory

OWN = {name for name, cls in all_checks().items() if not issubclass(cls, StockCheck)
       and name != "unexpected_rows_expectation"}
JUMPS = "expect_series_values_to_not_jump"


def suite_of(tmp_path, text: str, declared: Dataset | None = None):
    path = tmp_path / "health" / "beds.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    declared = declared or factory.dataset()
    known = factory.registries()
    return full_suite(declared, load_suite(path, declared, known), known)


def validated(con, suite, declared: Dataset | None = None, **relations):
    record = validate(con, "observation", declared or factory.dataset(), suite, (), relations)
    return {check.name: check for check in record.checks}, record


def rows(values, **changes):
    return [factory.row(time_period=str(2000 + i), obs_value=value, **changes)
            for i, value in enumerate(values)]


GROWN = [100 * 1.03**i + i % 3 for i in range(20)]


def test_every_dataset_gets_them_and_a_suite_says_it_otherwise(tmp_path):
    automatic = {item.type: item for item in full_suite(
        factory.dataset(), None, factory.registries()).expectations}
    assert automatic[JUMPS].severity == "warning"
    assert automatic[JUMPS].kwargs["series"] == ["indicator", "ref_area", "geo_vintage", "sex"]
    suite = suite_of(tmp_path, f"expectations:\n  - type: {JUMPS}\n    severity: info\n"
                               "    kwargs: {min_factor: 10}\n")
    own = [item for item in suite.expectations if item.type == JUMPS]
    assert [(item.severity, item.kwargs["min_factor"], item.kwargs["times_usual"])
            for item in own] == [("info", 10, 5)]


def test_personal_data_stop_the_release_whatever_the_suite_says(tmp_path):
    suite = suite_of(tmp_path, "expectations:\n  - type: expect_no_personal_data\n"
                               "    severity: info\n    kwargs: {columns: [obs_note], kinds: []}\n")
    con = factory.table(rows(GROWN, obs_note="gọi 0905123456"))
    checks, record = validated(con, suite)
    assert checks["no_personal_data"].outcome == "failed"
    assert [check.name for stop in record.blockers for check in stop.checks] == ["no_personal_data"]
    assert "0905123456" not in record.model_dump_json(include={"stopped"})
    assert checks["no_personal_data"].samples == (
        {"column": "obs_note", "kind": "phone", "affected": 20, "masked": "xxx ##########"},)


@pytest.mark.parametrize(("kwargs", "what"), [
    ("{min_factr: 3}", "no argument 'min_factr'"), ("{min_factor: [3]}", "not a number"),
    ("{min_factor: true}", "not a number"),
])
def test_an_invalid_argument_is_reported_with_its_line(tmp_path, kwargs, what):
    with pytest.raises(DeclarationError) as caught:
        suite_of(tmp_path, f"expectations:\n  - type: {JUMPS}\n    severity: info\n"
                           f"    kwargs: {kwargs}\n")
    assert what in str(caught.value)
    assert caught.value.where.endswith(":4")


@pytest.mark.parametrize(("kind", "kwargs", "what"), [
    ("expect_parts_to_add_up_to_total", "{column: sx, total: T, parts: [F]}", "no 'sx'"),
    ("expect_parts_to_add_up_to_total", "{column: sex, total: T}", "needs the argument 'parts'"),
    ("expect_series_to_not_be_cumulated", "{}", "is for the frequencies Q M"),
    (JUMPS.replace("jump", "jmp"), "{}", "unknown expectation"),
])
def test_what_cannot_be_is_refused(tmp_path, kind, kwargs, what):
    with pytest.raises(DeclarationError, match=what):
        suite_of(tmp_path, f"expectations:\n  - type: {kind}\n    severity: info\n"
                           f"    kwargs: {kwargs}\n")


def test_a_finding_says_what_was_observed_expected_and_against_what():
    values = list(GROWN)
    values[12] *= 1000
    checks, record = validated(factory.table(rows(values)),
                            full_suite(factory.dataset(), None, factory.registries()))
    sample = checks["series_keep_unit"].samples[0]
    assert (sample["ref_area"], sample["time_period"], sample["reference"]) == (
        "VN", "2012", "2011")
    assert sample["factor"] == pytest.approx(1000, rel=0.05)
    assert checks["series_keep_unit"].outcome == "warned"
    assert record.blockers is None


def test_it_is_evaluated_only_with_a_last_release(tmp_path):
    suite = full_suite(factory.dataset(), None, factory.registries())
    before = tmp_path / "before.parquet"
    con = factory.table([*rows(GROWN), *rows([5 + x for x in GROWN], ref_area="LA")])
    con.execute(f"COPY observation TO '{before}' (FORMAT parquet)")
    con.execute("DELETE FROM observation WHERE ref_area = 'LA'")
    checks, record = validated(con, suite)
    assert checks["areas_of_last_release"].outcome == "not_evaluated"
    assert len(record.checks) == len(suite.expectations)
    checks, _ = validated(con, suite, **{PREVIOUS_RELEASE: before})
    assert [s["ref_area"] for s in checks["areas_of_last_release"].samples] == ["LA"]
    assert checks["areas_of_last_release"].outcome == "warned"


def test_half_a_table_blocks_the_release(tmp_path):
    suite = full_suite(factory.dataset(), None, factory.registries())
    before = tmp_path / "before.parquet"
    con = factory.table(rows(GROWN))
    con.execute(f"COPY observation TO '{before}' (FORMAT parquet)")
    con.execute("DELETE FROM observation WHERE _id > 8")
    _, record = validated(con, suite, **{PREVIOUS_RELEASE: before})
    checks = record.blockers[0].checks
    assert [(check.name, check.observed, check.expected) for check in checks] == [
        ("rows_of_last_release", "9", "20")
    ]


def test_an_exported_suite_is_great_expectations_alone(tmp_path):
    """Its kinds are GX's own; ours are named in `meta`, and each has its query written out."""
    suite = full_suite(factory.dataset(), None, factory.registries())
    exported = to_gx(suite).to_json_dict()["expectations"]
    assert not [item["type"] for item in exported if item["type"] in OWN]
    own = {item["meta"]["expectation"]: item for item in exported if "expectation" in item["meta"]}
    assert set(own) == {item.type for item in suite.expectations if item.type in OWN}
    con = factory.table(rows(GROWN))
    for relation in (PREVIOUS_RELEASE, EARLIER_RELEASES):
        con.execute(f"CREATE VIEW {relation} AS FROM observation")
    for item in own.values():
        query = item["kwargs"]["unexpected_rows_query"].format(
            batch="(SELECT * FROM observation)")
        assert con.execute(f"SELECT count(*) FROM ({query})").fetchall() == [(0,)]


def test_codes_with_quotes_and_braces_do_no_harm():
    declared = factory.dataset()
    registries = factory.registries()
    entries = tuple(entry.model_copy(update={"kind": "aggregate"})
                    for entry in registries.codelists["areas"].entries)
    areas = registries.codelists["areas"].model_copy(update={"entries": entries})
    strange = registries.model_copy(
        update={"codelists": {**registries.codelists, "areas": areas}})
    suite = full_suite(declared, None, strange)
    differ = next(item for item in suite.expectations if item.name == "series_differ")
    assert "O'x{}%" in differ.kwargs["apart"]
    checks, _ = validated(factory.table(rows(GROWN)), suite)
    assert checks["series_differ"].outcome == "passed"


def test_what_is_screened_out_has_nothing_to_find(monkeypatch):
    """The look that saves a query is only right where the query finds nothing."""
    from expectations.runner import prefilter
    from expectations.runner.prefilter import skippable

    suite = full_suite(factory.dataset(), None, factory.registries())
    own = [item for item in suite.expectations if item.type in OWN]
    tables = [rows(GROWN), [], rows([1.0] * 20), rows([*GROWN[:15], *[7.0] * 5]),
              rows([-x for x in GROWN[:3]] + GROWN[3:]), rows([*GROWN[:9], 0.0, *GROWN[10:]]),
              rows([x * (1000 if i == 4 else 1) for i, x in enumerate(GROWN)]),
              [row for i, row in enumerate(rows(GROWN)) if i != 9],
              rows(GROWN, obs_note="gọi 0905123456")]
    skipped = 0
    for number, content in enumerate(tables):
        con = factory.table(content)
        for relation in (PREVIOUS_RELEASE, EARLIER_RELEASES):
            con.execute(f"CREATE TABLE {relation} AS FROM observation")
        if number == 0:
            con.execute("DELETE FROM observation WHERE _id = 3")
        names = skippable(con, "observation", own)
        with monkeypatch.context() as patch:
            patch.setattr(prefilter, "_ROWS_AT_ONCE", 7)  # some series at a time
            assert skippable(con, "observation", own) == names
        skipped += len(names)
        for item in own:
            if item.name in names:
                query = str(item.check.query()).format(batch="observation")
                assert con.execute(query).fetchall() == [], item.name
    assert skipped > 50


FAULTS = (
    lambda values, at: [*values[:at], values[at] * 1000, *values[at + 1:]],
    lambda values, at: [*values[:at], -values[at], *values[at + 1:]],
    lambda values, at: values[:at] + [0.0] * 2 + values[at + 2:],
    lambda values, at: values[:at] + [values[at]] * (len(values) - at),
    lambda values, at: values[:at] + [value * 7 for value in values[at:]],
    lambda values, at: [*values[:at], None, *values[at + 1:]],
    lambda values, at: [value - values[at] for value in values],
    lambda values, at: values,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(
    st.tuples(st.sampled_from(FAULTS), st.integers(0, 17), st.sampled_from([1.0, 1.01, 1.3])),
    min_size=1, max_size=6,
))
def test_no_query_that_is_saved_would_have_found_anything(series):
    from expectations.runner.prefilter import skippable

    suite = full_suite(factory.dataset(), None, factory.registries())
    own = [item for item in suite.expectations if isinstance(item.check, SeriesCheck)
           and not item.relations]
    content = [
        row for number, (fault, at, growth) in enumerate(series)
        for row in rows(fault([(50 + number) * growth**i + i % 3 for i in range(20)], at),
                        sex="FMT"[number % 3], indicator=("BEDS", "CHANGE")[number // 3],
                        unit_measure=("number", "percent")[number // 3])
        if row["obs_value"] is not None
    ]
    con = factory.table(content)
    names = skippable(con, "observation", own)
    for item in own:
        found = con.execute(str(item.check.query()).format(batch="observation")).fetchall()
        assert item.name not in names or found == [], item.name


@settings(max_examples=30, deadline=None)
@given(st.floats(2, 9), st.floats(1.0, 1.6), st.integers(18, 24), st.integers(0, 4))
def test_no_query_about_areas_that_is_saved_would_have_found_anything(factor, spread, areas, at):
    from expectations.runner.prefilter import skippable

    suite = full_suite(factory.dataset(), None, factory.registries())
    own = [item for item in suite.expectations if "across_areas" in item.type]
    assert len(own) == 2
    values = [10 * spread**areas * (factor if at in (i, 4) else 1) for i in range(4)]
    others = [row for n in range(areas) for row in rows([10 * spread**n] * 4, ref_area=f"A{n}")]
    con = factory.table([*others, *rows(values)])
    names = skippable(con, "observation", own)
    for item in own:
        found = con.execute(str(item.check.query()).format(batch="observation")).fetchall()
        assert item.name not in names or found == [], item.name


@pytest.mark.parametrize(("countries", "apart"), [(1, ["VN", "R"]), (3, ["R"])])
def test_groups_of_areas_are_set_apart_and_no_area_is_due(countries, apart):
    """A country is a group where the list is of its provinces."""
    kinds = {"VN": "country", "R": "region", **dict.fromkeys(["P1", "P2"], (
        "province" if countries == 1 else "country"))}
    registries = factory.registries()
    entry = registries.codelists["areas"].entries[0]
    entries = tuple(entry.model_copy(update={"code": code, "kind": kind})
                    for code, kind in kinds.items())
    areas = registries.codelists["areas"].model_copy(update={"entries": entries})
    changed = registries.model_copy(update={"codelists": {**registries.codelists, "areas": areas}})
    suite = {item.name: item for item in full_suite(factory.dataset(), None, changed).expectations}
    for name in ("levels_usual_across_areas", "steps_usual_across_areas", "series_differ"):
        assert suite[name].kwargs["apart"] == apart
    assert suite["areas_complete"].kwargs["areas"] == [c for c in kinds if c not in apart]
