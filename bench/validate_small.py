"""What checking small datasets costs, as a run does it: counts, samples and rows held back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import duckdb

from expectations.generic import generic_expectations
from expectations.suite import full_suite
from expectations.validate import validate
from expectations.words import Suite
from model.dataset import Dataset
from model.registries import CodeEntry, Codelist, Registries
from model.text import Bilingual

ROWS = 1_000
_RUNS = 20


def small() -> None:
    """Print how long one dataset of 1,000 rows takes, once its suite was prepared."""
    for what, suite in _suites():
        for state, bad in (("clean", 0), ("with rows to hold back", 3)):
            seconds = []
            for run in range(_RUNS + 1):
                con = _table(0, bad)
                begun = time.perf_counter()
                validate(con, "observation", _dataset(0), suite)
                if run:  # the first one imports Great Expectations and prepares the suite
                    seconds.append(time.perf_counter() - begun)
                con.close()
            print(f"{ROWS:,} rows, {what}, {len(suite.expectations)} checks, {state}:"
                  f" {min(seconds) * 1000:.1f} ms, median {median(seconds) * 1000:.1f} ms",
                  flush=True)


def _suites() -> Iterator[tuple[str, Suite]]:
    yield "what its declaration says", _declared(0)
    yield "with the checks on time series", full_suite(_dataset(0), None, _registries())


def many(datasets: int) -> None:
    """Print how long so many datasets take in one process, each with a suite of its own."""
    wall = cpu = held = 0.0
    for number in range(datasets):
        suite, con = _declared(number), _table(number, 3)
        begun, begun_cpu = time.perf_counter(), time.process_time()
        record = validate(con, "observation", _dataset(number), suite)
        wall, cpu = wall + time.perf_counter() - begun, cpu + time.process_time() - begun_cpu
        held += record.rows_quarantined
        con.close()
    print(f"{datasets:,} datasets of {ROWS:,} rows, a suite each, {held:,.0f} rows held back:"
          f" {wall:.1f} s, processor {cpu:.1f} s", flush=True)


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
        sectors={}, publishers={}, licences={}, units={},
        codelists={
            name: Codelist(id=name, vintage="ISO", entries=tuple(
                CodeEntry(code=code, name=Bilingual(vi=code, en=code)) for code in codes
            ))
            for name, codes in lists.items()
        },
    )


def _declared(number: int) -> Suite:
    dataset = _dataset(number)
    return Suite(
        dataset=dataset.id, expectations=generic_expectations(dataset, _registries())
    )


def _table(number: int, bad: int) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"""
        CREATE TABLE observation AS
        SELECT 'BEDS_{number}' AS indicator, lpad((i // 20)::VARCHAR, 2, '0') AS ref_area,
            'ISO' AS geo_vintage, 'T' AS sex, 'A' AS freq, (2000 + i % 20)::VARCHAR AS time_period,
            CASE WHEN i < {bad} THEN -1.0 ELSE i END::DOUBLE AS obs_value,
            'number' AS unit_measure, 'A' AS obs_status, NULL::VARCHAR AS obs_note,
            i AS _id, NULL::VARCHAR AS _reject
        FROM range({ROWS}) t(i)
    """)
    return con
