"""What checking small datasets costs, as a run does it: counts, samples and rows held back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import duckdb

from expectations.runner.validate import validate
from expectations.suites.expectation import Suite
from expectations.suites.suite import full_suite, implied_expectations
from model.declarations.dataset import Dataset
from model.reference.codelist import CodeEntry, Codelist
from model.reference.registries import Registries
from model.util.text import LocalizedText
from warehouse.engine import connect

ROWS = 1_000
_RUNS = 20


def small() -> None:
    """Print how long one dataset of 1,000 rows takes, once its suite was prepared."""
    for what, suite in _suites():
        for state, bad in (("clean", 0), ("with rows to hold back", 3)):
            times = [_judged(_dataset(0), suite, 0, bad) for _ in range(_RUNS + 1)]
            # The first one imports Great Expectations and prepares the suite.
            wall, cpu = zip(*((one.wall, one.cpu) for one in times[1:]), strict=True)
            print(f"{ROWS:,} rows, {what}, {len(suite.expectations)} checks, {state}:"
                  f" {min(wall) * 1000:.1f} ms, median {median(wall) * 1000:.1f} ms,"
                  f" processor {median(cpu) * 1000:.1f} ms", flush=True)


@dataclass(frozen=True)
class _Judged:
    wall: float  # seconds
    cpu: float
    held: int


def _judged(dataset: Dataset, suite: Suite, number: int, bad: int) -> _Judged:
    with connect(rows=ROWS) as con:
        _lay(con, number, bad)
        wall, cpu = time.perf_counter(), time.process_time()
        record = validate(con, "observation", dataset, suite)
        return _Judged(
            time.perf_counter() - wall, time.process_time() - cpu, record.rows_quarantined
        )


def _suites() -> Iterator[tuple[str, Suite]]:
    yield "what its declaration says", _declared(0)
    yield "with the checks on time series", _all(0)


def _all(number: int) -> Suite:
    return full_suite(_dataset(number), None, _registries())


def many(datasets: int) -> None:
    """Print how long so many datasets take in one process, each with a suite of its own."""
    for what, make in (("what each declaration says", _declared), ("all checks", _all)):
        for bad in (0, 3):
            times = [_judged(_dataset(n), make(n), n, bad) for n in range(datasets)]
            print(f"{datasets:,} datasets of {ROWS:,} rows, a suite each, {what},"
                  f" {sum(one.held for one in times):,} rows held back:"
                  f" {sum(one.wall for one in times):.1f} s,"
                  f" processor {sum(one.cpu for one in times):.1f} s", flush=True)


def _words(text: str) -> dict[str, str]:
    return {"vi": text, "en": text}


def _dataset(number: int) -> Dataset:
    return Dataset.model_validate({
        "sector": "health", "name": f"beds_{number}", "title": _words("Beds"),
        "description": _words("Beds"), "publisher": "who", "licence": "CC-BY-4.0",
        "keywords": {"vi": ["giường"], "en": ["beds"]}, "frequency": "A",
        "geography": {"codelist": "areas", "coverage": _words("Viet Nam")},
        "indicators": {
            f"BEDS_{number}": {"name": _words("Beds"), "unit": "number", "minimum": 0},
            "SHARE": {"name": _words("Share"), "unit": "percent", "minimum": 0, "maximum": 100},
        },
        "dimensions": {"sex": {"name": _words("Sex"), "codelist": "sex"}},
        "sources": {"sample": {"protocol": "files"}}, "tolerance": 0.5,
    })


def _registries() -> Registries:
    lists = {"areas": [f"{place:02d}" for place in range(63)], "sex": ["F", "M", "T"]}
    return Registries(
        sectors={},
        publishers={},
        licences={},
        units={},
        codelists={
            name: Codelist(
                id=name,
                title=LocalizedText(vi=name, en=name),
                vintage="ISO",
                entries=tuple(
                    CodeEntry(code=code, name=LocalizedText(vi=code, en=code)) for code in codes
                ),
            )
            for name, codes in lists.items()
        },
    )


def _declared(number: int) -> Suite:
    """Return the checks without those on time series and the last release."""
    dataset = _dataset(number)
    checks = [
        item for item in implied_expectations(dataset, _registries())
        if item.severity == "critical" and not item.relations
    ]
    return Suite(dataset=dataset.id, expectations=tuple(checks))


def _lay(con: duckdb.DuckDBPyConnection, number: int, bad: int) -> None:
    con.execute(f"""
        CREATE TABLE observation AS
        SELECT 'BEDS_{number}' AS indicator, lpad((i // 20)::VARCHAR, 2, '0') AS ref_area,
            'ISO' AS geo_vintage, 'T' AS sex, 'A' AS freq, (2000 + i % 20)::VARCHAR AS time_period,
            CASE WHEN i < {bad} THEN -1.0 ELSE i END::DOUBLE AS obs_value,
            'number' AS unit_measure, 'A' AS obs_status, NULL::VARCHAR AS obs_note,
            i AS _id, NULL::VARCHAR AS _reject
        FROM range({ROWS}) t(i)
    """)
