"""The benchmark of data quality: its parts, its faults, and what is made of its flags."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from bench.plants import Plot
from bench.quality import calibrate, faults, split
from bench.quality.measure import sizeable, visible_in_release
from model.reference.error_probability import COEFFICIENTS, probability_of
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
    flags = [{"what": "hits", "check": "a", "item": {"factor": 10.0, "periods": 9}}] * 30
    flags += [{"what": "hits", "check": "b", "item": {"periods": 9}}] * 10
    known = [(f["check"], f["item"], True) for f in flags] + [("b", {"periods": 9}, False)] * 30
    fitted = calibrate.fit(known)
    assert fitted["a"] > 0.3 > -0.3 > fitted["b"]
    path = tmp_path / "flags.jsonl"
    path.write_text("\n".join(map(json.dumps, flags)), encoding="utf-8")
    assert len(calibrate.examples([path])) == 40


def test_a_probability_is_given_where_it_was_learnt():
    assert probability_of("a_check_of_a_suite", {"factor": 3.0}) is None
    assert probability_of("factor", {"factor": 3.0}) is None  # a coefficient, and no check
    for check in COEFFICIENTS.keys() - {"all", "factor", "periods"}:
        assert 0 < probability_of(check, {"factor": 1000.0, "periods": 20}) < 1
