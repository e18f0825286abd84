"""A gross revision blocks, says what it is, and is accepted for its snapshot alone."""

from __future__ import annotations

import json

import pytest

from tests.faults.test_bad_input import ROOMS, Bench

HEADER = "area,year,value\n"


def write(bench: Bench, factor: float, first: int = 41) -> None:
    rows = "".join(f"48,{2010 + i},{(first + 3 * i) * factor}\n" for i in range(8))
    bench.table().write_text(HEADER + rows)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("accept"))
    made.make(ROOMS)
    write(made, 1)
    assert made.run("run").code in (0, 5)
    return made


def test_a_revision_by_a_thousand_blocks_until_it_is_accepted(bench):
    if bench.number() == 1:  # the first table has other figures of the same years
        for check in ("mostly_unrevised",):
            bench.run("accept", ROOMS, "--check", check, "--reason", "example figures")
        bench.run("run")
    before = bench.number()
    write(bench, 1000)
    blocked = bench.run("run")
    assert blocked.code == 5 and "×1000: 8/8" in blocked.err and bench.number() == before
    assert "openindicators accept" in blocked.err and "not_scaled" in blocked.err

    wrong = bench.run("accept", ROOMS, "--check", "not_scale", "--reason", "x")
    assert wrong.code != 0 and "not_scaled" in wrong.err
    accepted = bench.run(
        "accept", ROOMS, "--check", "not_scaled", "--reason", "The source now counts beds",
        "--by", "An",
    )
    assert accepted.code == 0, accepted.out + accepted.err
    again = bench.run("accept", ROOMS, "--check", "not_scaled", "--reason", "x")
    assert again.code == 1 and "nothing that can be accepted blocks it" in again.err
    released = bench.run("run")
    assert released.code == 0 and bench.number() == before + 1, released.err
    assert f"Warned {ROOMS}: " in released.out and "not_scaled" in released.out
    assert bench.run("run").code == 0 and bench.number() == before + 1
    log = bench.data_dir / "acceptances" / f"{ROOMS}.checks.jsonl"
    line = json.loads(log.read_text().splitlines()[-1])
    assert (line["by"], line["reason"]) == ("An", "The source now counts beds")
    assert "×1000: 8/8" in line["found"]

    write(bench, 10)  # the next change is another snapshot
    again = bench.run("run")
    assert again.code == 5 and "÷100: 8/8" in again.err and bench.number() == before + 1


def test_what_blocks_nothing_cannot_be_accepted(bench):
    found = bench.run("accept", ROOMS, "--check", "key_unique", "--reason", "x")
    assert found.code != 0 and "key_unique" in found.err
