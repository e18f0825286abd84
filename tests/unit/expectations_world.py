"""A small dataset, its registries and its table, for the tests of expectations."""

from __future__ import annotations

from typing import Any

import duckdb

from model.codelist import CodeEntry, Codelist
from model.dataset import Dataset
from model.registries import Registries
from model.text import Bilingual

COLUMNS = (
    "indicator", "ref_area", "geo_vintage", "sex", "freq", "time_period", "obs_value",
    "unit_measure", "obs_status", "obs_note",
)


def words(text: str) -> dict[str, str]:
    return {"vi": text, "en": text}


def dataset(**changes: Any) -> Dataset:
    return Dataset.model_validate(
        {
            "sector": "health", "name": "beds",
            "title": words("Beds"), "description": words("Beds"),
            "publisher": "who", "licence": "CC-BY-4.0",
            "keywords": {"vi": ["giường"], "en": ["beds"]},
            "frequency": "A",
            "geography": {"codelist": "areas", "coverage": words("Viet Nam")},
            "indicators": {
                "BEDS": {"name": words("Beds"), "unit": "number", "minimum": 0},
                "SHARE": {
                    "name": words("Share"), "unit": "percent", "minimum": 0, "maximum": 100,
                },
                "CHANGE": {"name": words("Change"), "unit": "percent"},
            },
            "dimensions": {"sex": {"name": {"vi": "Giới tính", "en": "Sex"}, "codelist": "sex"}},
            "sources": {"sample": {"protocol": "files"}},
            "tolerance": 0.5,
            **changes,
        }
    )


def codelist(name: str, codes: list[str]) -> Codelist:
    entries = tuple(CodeEntry(code=code, name=Bilingual(vi=code, en=code)) for code in codes)
    title = Bilingual(vi=f"Danh mục {name}", en=f"List of {name}")
    return Codelist(id=name, title=title, vintage="ISO", entries=entries)


def registries() -> Registries:
    lists = [codelist("areas", ["VN", "LA", "O'x{}%"]), codelist("sex", ["F", "M", "T"])]
    return Registries(
        sectors={}, publishers={}, licences={}, units={},
        codelists={item.id: item for item in lists},
    )


def row(**changes: Any) -> dict[str, Any]:
    return {
        "indicator": "BEDS", "ref_area": "VN", "geo_vintage": "ISO", "sex": "T", "freq": "A",
        "time_period": "2020", "obs_value": 10.0, "unit_measure": "number", "obs_status": "A",
        "obs_note": None, "_reject": None, **changes,
    }


def good_rows(count: int = 8) -> list[dict[str, Any]]:
    return [row(time_period=str(2000 + index), obs_value=float(index)) for index in range(count)]


def table(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Return a connection with the table `observation`; `_id` is the row's place, from 0."""
    con = duckdb.connect()
    kinds = ", ".join(
        f'"{name}" {"DOUBLE" if name == "obs_value" else "VARCHAR"}' for name in COLUMNS
    )
    con.execute(f"CREATE TABLE observation ({kinds}, _id BIGINT, _part VARCHAR, _row BIGINT,"
                " _column VARCHAR, _original VARCHAR, _reject VARCHAR)")
    for number, values in enumerate(rows):
        con.execute(
            "INSERT INTO observation VALUES (?,?,?,?,?,?,?,?,?,?,?,'p',?,'c',NULL,?)",
            [*(values[name] for name in COLUMNS), number, number, values["_reject"]],
        )
    return con


def held(con: duckdb.DuckDBPyConnection) -> dict[int, list[str]]:
    """Return the names of the expectations that hold each row back (or the reject's text)."""
    rows = con.execute("SELECT _id, reasons FROM held ORDER BY _id").fetchall()
    return {key: [reason.split(":")[0] for reason in reasons] for key, reasons in rows}
