"""The benchmark of data quality: its parts, its faults, and what is made of its flags."""

from __future__ import annotations

import json
import random
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.plants import Plot
from bench.quality import calibrate, faults, split, tools
from bench.quality.measure import sizeable, visible_in_release
from model.reference.error_probability import COEFFICIENTS, SHARED, probability_of
from tests.fixtures import expectations as factory


def test_the_parts_are_those_that_the_seed_gives_and_editions_stay_together():
    parts = split.parts()
    assert {name: split.part_of(name) for name in parts} == parts
    assert list(parts.values()).count("held out") == 99
    for name in parts:
        for edition in ("2019", "2026"):
            assert parts.get(f"{name[:-4]}{edition}", parts[name]) == parts[name]


def test_a_fault_knows_its_size_and_the_names_it_goes_by():
    con = factory.table([
        factory.row(ref_area="VN", time_period=str(2000 + i), obs_value=100.0 + i)
        for i in range(8)
    ])
    plot = Plot(con, factory.dataset(), random.Random(1))
    large = faults._spoil(plot, {"kind": "unit"}, 3, {"obs_value": 1030.0})
    assert (large.change, large.deviations) == (pytest.approx(9), pytest.approx(927))
    assert sizeable(large) and visible_in_release(large)
    small = faults._spoil(plot, {"kind": "typo"}, 4, {"obs_value": 104.5})
    assert not sizeable(small) and not visible_in_release(small)
    unread = faults._spoil(plot, {"kind": "typo"}, 5, {"obs_value": "1o5"})
    assert unread.unread and plot.rows("SELECT _reject FROM observation WHERE _id = 5")[0][0]
    moved = faults._spoil(plot, {"kind": "period"}, 6, {"time_period": "2906"})
    assert {key["time_period"] for key in moved.names} == {"2006", "2007", "2906"}


def test_the_model_learns_which_check_is_right(tmp_path: Path):
    flags = [{"what": "hits", "dataset": f"a/{i}", "check": "a",
              "item": {"factor": 10.0, "periods": 9}} for i in range(30)]
    flags += [{"what": "hits", "dataset": f"b/{i}", "check": "b", "item": {"periods": 9}}
              for i in range(10)]
    known = [calibrate.Example(f["check"], f["item"], True, 1.0, f["dataset"]) for f in flags]
    known += [calibrate.Example("b", {"periods": 9}, False, 1.0, f"c/{i}") for i in range(30)]
    fitted = calibrate.fit(known)
    assert fitted["a"] > 0.3 > -0.3 > fitted["b"]
    scores = calibrate.cross_fitted(known)
    assert len(scores) == len(known)
    own = probability_of("a", known[0].item, calibrate.calibrated(known))
    assert 0.8 < own < 1
    lines = [{"what": "tables", "observations": 20_000}, *flags]
    path = tmp_path / "flags.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    planted = calibrate.examples([path])
    assert len(planted) == 40
    assert sum(one.weight for one in planted) == pytest.approx(20_000 * calibrate.PRIOR)


def test_a_reliability_plot_shows_what_was_said_and_what_came_true():
    known = [
        calibrate.Example(check, {"factor": 50.0, "periods": 1}, error, 1.0, "a/b")
        for check in ("series_without_jumps", "series_without_gaps") for error in (True, False)
    ]
    found, brier, base = calibrate.bins(known)
    assert sum(b.flags for b in found) == 4 and all(b.errors == 0.5 for b in found)
    assert base == 0.25 < brier
    svg = ElementTree.fromstring(calibrate.plot(known, "Held out"))
    circles = svg.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(found) and {c.get("cy") for c in circles} == {"190.0"}


def test_a_probability_is_given_where_it_was_learnt():
    assert probability_of("a_check_of_a_suite", {"factor": 3.0}) is None
    assert probability_of("factor", {"factor": 3.0}) is None  # a coefficient, and no check
    for check in COEFFICIENTS.keys() - {*SHARED}:
        assert 0 < probability_of(check, {"factor": 1000.0, "periods": 20}) < 1


def test_another_tool_is_counted_by_the_rows_that_it_names_anew():
    key = ["indicator", "time_period"]
    rows = {i: {"indicator": "A", "time_period": str(2000 + i)} for i in range(4)}
    planted = tools.Planted(
        jobs=[{"now": "spoilt", "key": key}, {"now": "plain", "key": key}],
        faults={"spoilt": [faults.Fault("unit", "d", [rows[2]])]},
        untouched={"spoilt": "plain"}, rows=4,
    )
    seen = tools._seen(planted, {
        "plain": ([rows[0]], 0.5), "spoilt": ([rows[0], rows[2], rows[2], rows[3]], 0.5)})
    assert (seen.found, seen.hits, seen.beside, seen.untouched) == (1, 1, 1, 1)
    whole = tools._seen(planted, {"plain": ([], 0.5), "spoilt": ([{"table": "row_count"}], 0.5)})
    assert (whole.found, whole.hits, whole.beside, whole.seconds) == (1, 1, 0, 1.0)
