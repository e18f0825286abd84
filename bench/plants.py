"""Faults as publishers and pipelines make them, planted into a real table in DuckDB.

Each kind is a function that changes the table `observation` and returns what it has touched: the
keys of the observations at fault, or what is known of those that are gone, with the keys of those
that follow them (a check names an observation before which something is missing); None where the
table has no place for it. A fault changes something: a stale copy at least five series, a frozen
tail and transposed digits a value by `LEAST` at least.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from model.declarations.dataset import Dataset
from model.util.sql import identifier, literal

Touched = list[dict[str, Any]]
SHORTEST = 8  # observations of a series into which something is planted
LEAST = 0.01  # a smaller change, as of a share of forest that never moves, is next to none


@dataclass
class Plot:
    """A table to plant in: `observation` on the connection, and chance."""

    con: duckdb.DuckDBPyConnection
    dataset: Dataset
    rng: random.Random

    @property
    def series_columns(self) -> list[str]:
        """The key without the period."""
        return [name for name in self.dataset.key if name != "time_period"]

    def rows(self, query: str) -> list[tuple]:
        """Return what a query gives."""
        return self.con.execute(query).fetchall()

    def keys(self, where: str) -> Touched:
        """Return the keys of some rows."""
        names = ", ".join(identifier(name) for name in self.dataset.key)
        found = self.rows(f"SELECT {names} FROM observation WHERE {where}")
        return [dict(zip(self.dataset.key, row, strict=True)) for row in found]

    def series(
        self, least: int = SHORTEST, also: str = "true", most: int = 10**9
    ) -> list[int] | None:
        """Return the row numbers of a series chosen by chance, by period, without zeros."""
        columns = ", ".join(identifier(name) for name in self.series_columns)
        found = self.rows(
            f"SELECT list(_id ORDER BY time_period) FROM observation WHERE {also}"
            f" GROUP BY {columns} HAVING count(obs_value) BETWEEN {least} AND {most}"
            " AND count(obs_value) = count(*) AND count(*) FILTER (obs_value = 0) = 0"
            " AND count(DISTINCT obs_value) > 1 ORDER BY min(_id)"
        )
        return self.rng.choice(found)[0] if found else None

    def values(self, ids: list[int]) -> list[float]:
        """Return the values of rows, in the order of their numbers here."""
        chosen = ", ".join(map(str, ids))
        found = dict(self.rows(f"SELECT _id, obs_value FROM observation WHERE _id IN ({chosen})"))
        return [found[one] for one in ids]

    def change(self, ids: list[int], value: str) -> Touched:
        """Give rows another value, in SQL."""
        chosen = f"_id IN ({', '.join(map(str, ids))})"
        self.con.execute(f"UPDATE observation SET obs_value = {value} WHERE {chosen}")
        return self.keys(chosen)

    def some(self, ids: list[int], how: str) -> list[int]:
        """Choose a point, the tail or a block of a series."""
        if how == "tail":
            return ids[-self.rng.randint(2, max(2, len(ids) // 3)):]
        if how == "block":
            length = self.rng.randint(2, max(2, len(ids) // 4))
            start = self.rng.randint(1, len(ids) - length - 1)
            return ids[start:start + length]
        return [self.rng.choice(ids)]


def factor(
    how: str, *factors: float, also: str = "true", short: bool = False
) -> Callable[[Plot], Touched | None]:
    """Return a planter that multiplies a point, the tail, a block or all of a series."""

    def plant(plot: Plot) -> Touched | None:
        ids = plot.series(2, also, SHORTEST - 1) if short else plot.series(also=also)
        if ids is None:
            return None
        chosen = ids if how == "all" else plot.some(ids, how)
        return plot.change(chosen, f"obs_value * {plot.rng.choice(factors)!r}")

    return plant


_PERCENT = "unit_measure LIKE 'percent%'"


def shifted_series(plot: Plot) -> Touched | None:
    """One series has each value a period too late."""
    ids = plot.series()
    if ids is None:
        return None
    return _shift(plot, f"_id IN ({', '.join(map(str, ids))})")


def shifted_table(plot: Plot) -> Touched | None:
    """The whole table has each value a period too late."""
    return _shift(plot, "true") if plot.series() else None


def _shift(plot: Plot, where: str) -> Touched:
    """Give each observation the value of the period before, as an off-by-one column does."""
    columns = ", ".join(identifier(name) for name in plot.series_columns)
    plot.con.execute(
        "CREATE OR REPLACE TEMP TABLE shifted AS SELECT _id, lag(obs_value) OVER"
        f" (PARTITION BY {columns} ORDER BY time_period) AS v FROM observation WHERE {where}"
    )
    plot.con.execute(
        "DELETE FROM observation WHERE _id IN (SELECT _id FROM shifted WHERE v IS NULL)"
    )
    plot.con.execute(
        "UPDATE observation SET obs_value = v FROM shifted WHERE observation._id = shifted._id"
    )
    return plot.keys("_id IN (SELECT _id FROM shifted)")


def _exchanged(plot: Plot, column: str) -> Touched | None:
    """Exchange the values of two series that differ in one column only."""
    others = [name for name in plot.dataset.key if name != column]
    on = " AND ".join(f"a.{identifier(name)} = b.{identifier(name)}" for name in others)
    same = ", ".join(f"a.{identifier(name)}" for name in others if name != "time_period")
    found = plot.rows(
        f"SELECT list(a._id), list(b._id) FROM observation a JOIN observation b ON {on}"
        f" AND a.{identifier(column)} < b.{identifier(column)} AND a.obs_value <> b.obs_value"
        f" GROUP BY {same}, a.{identifier(column)}, b.{identifier(column)}"
        f" HAVING count(*) >= {SHORTEST} ORDER BY min(a._id), min(b._id) LIMIT 20000"
    )
    if not found:
        return None
    left, right = plot.rng.choice(found)
    pairs = ", ".join(f"({a}, {b}), ({b}, {a})" for a, b in zip(left, right, strict=True))
    plot.con.execute(
        f"UPDATE observation SET obs_value = other.obs_value FROM (VALUES {pairs}) p(x, y),"
        " (SELECT _id, obs_value FROM observation) other"
        " WHERE observation._id = p.x AND other._id = p.y"
    )
    return plot.keys(f"_id IN ({', '.join(map(str, [*left, *right]))})")


def swapped_areas(plot: Plot) -> Touched | None:
    """Two areas have exchanged their values."""
    return _exchanged(plot, "ref_area")


def swapped_columns(plot: Plot) -> Touched | None:
    """Two indicators, or two codes of a dimension, have exchanged their values."""
    return _exchanged(plot, plot.rng.choice(["indicator", *plot.dataset.dimensions]))


def duplicated_block(plot: Plot) -> Touched | None:
    """One area's last values are another's."""
    others = [name for name in plot.dataset.key if name != "ref_area"]
    on = " AND ".join(f"a.{identifier(name)} = b.{identifier(name)}" for name in others)
    same = ", ".join(f"a.{identifier(name)}" for name in others if name != "time_period")
    found = plot.rows(
        "SELECT list(a._id ORDER BY a.time_period), list(b._id ORDER BY a.time_period)"
        f" FROM observation a JOIN observation b ON {on}"
        " AND a.ref_area <> b.ref_area AND a.obs_value <> b.obs_value"
        f" GROUP BY {same}, a.ref_area, b.ref_area HAVING count(*) >= {SHORTEST}"
        " ORDER BY min(a._id), min(b._id) LIMIT 20000"
    )
    if not found:
        return None
    into, source = plot.rng.choice(found)
    length = plot.rng.randint(6, len(into))
    pairs = ", ".join(f"({a}, {b})" for a, b in zip(into[-length:], source[-length:], strict=True))
    plot.con.execute(
        f"UPDATE observation SET obs_value = other.obs_value FROM (VALUES {pairs}) p(x, y),"
        " (SELECT _id, obs_value FROM observation) other"
        " WHERE observation._id = p.x AND other._id = p.y"
    )
    return plot.keys(f"_id IN ({', '.join(map(str, into[-length:]))})")


def _copied(plot: Plot, where: str) -> Touched:
    plot.con.execute(
        "INSERT INTO observation SELECT * REPLACE (_id + (SELECT max(_id) + 1 FROM observation)"
        f" AS _id) FROM observation WHERE {where}"
    )
    return plot.keys(where)


def duplicated_rows(plot: Plot) -> Touched:
    """Three rows are there twice."""
    ids = plot.rng.sample(range(len(plot.rows("SELECT _id FROM observation"))), 3)
    return _copied(plot, f"_id IN ({', '.join(map(str, ids))})")


def _without(plot: Plot, where: str) -> Touched:
    columns = ", ".join(identifier(name) for name in plot.series_columns)
    after = plot.rows(
        f"SELECT _id FROM (SELECT _id, ({where}) AS gone, lag({where}) OVER"
        f" (PARTITION BY {columns} ORDER BY time_period) AS before FROM observation)"
        " WHERE before AND NOT gone"
    )
    touched = plot.keys(where)
    plot.con.execute(f"DELETE FROM observation WHERE {where}")
    ids = ", ".join(str(row[0]) for row in after)
    return [*touched, *(plot.keys(f"_id IN ({ids})") if ids else [])]


def lost_area(plot: Plot) -> Touched | None:
    """An area is gone."""
    areas = [row[0] for row in plot.rows("SELECT DISTINCT ref_area FROM observation ORDER BY 1")]
    return _without(plot, f"ref_area = {literal(plot.rng.choice(areas))}") if areas[1:] else None


def _periods(plot: Plot) -> list[str]:
    return [row[0] for row in plot.rows(
        "SELECT time_period FROM observation GROUP BY 1 HAVING count(*) > 1 ORDER BY 1")]


def lost_period(plot: Plot) -> Touched | None:
    """A period inside is gone."""
    inner = _periods(plot)[1:-1]
    return _without(plot, f"time_period = {literal(plot.rng.choice(inner))}") if inner else None


def lost_observations(plot: Plot) -> Touched | None:
    """A block of columns is missing from one area."""
    ids = plot.series()
    if ids is None:
        return None
    return _without(plot, f"_id IN ({', '.join(map(str, plot.some(ids, 'block')))})")


def stale_period(plot: Plot) -> Touched | None:
    """The last period that most series have is a copy of the one before."""
    columns = ", ".join(identifier(name) for name in plot.series_columns)
    found = plot.rows(
        f"""WITH p AS (SELECT *, lag(obs_value) OVER w AS v0, lag(time_period) OVER w AS p0
              FROM observation WINDOW w AS (PARTITION BY {columns} ORDER BY time_period))
            SELECT time_period, p0 FROM p WHERE p0 IS NOT NULL AND obs_value <> v0
            GROUP BY ALL HAVING count(*) >= 5 ORDER BY time_period DESC, count(*) DESC LIMIT 1"""
    )
    if not found:
        return None
    period, before = (literal(text) for text in found[0])
    on = " AND ".join(f"o.{identifier(n)} = b.{identifier(n)}" for n in plot.series_columns)
    plot.con.execute(
        f"UPDATE observation o SET obs_value = b.obs_value FROM observation b"
        f" WHERE o.time_period = {period} AND b.time_period = {before} AND {on}"
    )
    return plot.keys(f"time_period = {period}")


def frozen_tail(plot: Plot) -> Touched | None:
    """The last values repeat one of before."""
    for _ in range(100):
        ids = plot.series(12)
        if ids is None:
            return None
        tail = ids[-plot.rng.randint(4, 6):]
        frozen, *values = plot.values(tail)
        if any(abs(value - frozen) >= LEAST * abs(frozen) for value in values):
            return plot.change(tail[1:], repr(frozen))
    return None


def _text(plot: Plot, column: str, value: str, count: int = 1) -> Touched:
    ids = plot.rng.sample([row[0] for row in plot.rows("SELECT _id FROM observation")], count)
    chosen = f"_id IN ({', '.join(map(str, ids))})"
    plot.con.execute(f"UPDATE observation SET {identifier(column)} = {value} WHERE {chosen}")
    return [{**key, "column": column} for key in plot.keys(chosen)]


def mojibake_note(plot: Plot) -> Touched:
    """A note was read in the wrong encoding."""
    text = plot.rng.choice(["Số liệu sơ bộ", "Không kể các huyện đảo", "Nguồn: Tổng cục Thống kê"])
    encoding = plot.rng.choice(["cp1252", "latin-1"])
    return _text(plot, "obs_note", literal(text.encode().decode(encoding, "replace")), 3)


def mojibake_code(plot: Plot) -> Touched:
    """So was a code."""
    return _text(plot, "ref_area", "'Ä' || ref_area || 'Ã'", 1)


def wrong_code(plot: Plot) -> Touched:
    """A code that lost its leading zero, or is another list's."""
    return _text(plot, "ref_area", "ltrim(ref_area, '0') || 'X'", 2)


def mixed_vintage(plot: Plot) -> Touched:
    """Some rows are of older borders."""
    return _text(plot, "geo_vintage", literal("VN:1997-01-01"), 5)


def wrong_unit(plot: Plot) -> Touched:
    """Some rows have another unit."""
    return _text(plot, "unit_measure", "'thousand_' || unit_measure", 3)


def wrong_period(plot: Plot) -> Touched:
    """A year that a spreadsheet made a number of, or a month a date."""
    return _text(plot, "time_period", "time_period || '.0'", 3)


def personal_data(plot: Plot) -> Touched:
    """A note has a person in it."""
    person = plot.rng.choice([
        f"Liên hệ 09{plot.rng.randint(10**7, 10**8 - 1)}",
        f"CCCD 0480{plot.rng.randint(10**7, 10**8 - 1)}", "an.nguyen@gmail.com",
        f"BHYT DN448{plot.rng.randint(10**9, 10**10 - 1)}", "Nguyễn Văn An, 12/03/1985",
        f"Số tài khoản {plot.rng.randint(10**9, 10**10 - 1)}",
        f"CMND {plot.rng.randint(10**8, 10**9 - 1)}",
    ])
    return _text(plot, "obs_note", literal(person))


def missing_mark(plot: Plot) -> Touched | None:
    """A missing value is written as a number."""
    ids = plot.series()
    mark = plot.rng.choice([0, -1, -9999, 9999, 99999, 999999])
    return None if ids is None else plot.change([plot.rng.choice(ids)], str(mark))


def not_a_number(plot: Plot) -> Touched:
    """Values that are no numbers."""
    return _text(plot, "obs_value", plot.rng.choice(["'NaN'::DOUBLE", "'Infinity'::DOUBLE"]), 2)


def transposed_digits(plot: Plot) -> Touched | None:
    """Two neighbouring digits, of the first three, change places."""
    ids = plot.series()
    if ids is None:
        return None
    for one in plot.rng.sample(ids, len(ids)):
        value = plot.values([one])[0]
        text = f"{abs(value):.12g}"
        places = [i for i in range(min(2, len(text) - 1))
                  if text[i].isdigit() and text[i + 1].isdigit() and text[i] != text[i + 1]
                  and text[i] + text[i + 1] != "0."]
        if places and "e" not in text:
            i = plot.rng.choice(places)
            wrong = float(text[:i] + text[i + 1] + text[i] + text[i + 2:])
            if abs(wrong - abs(value)) >= LEAST * abs(value):
                return plot.change([one], f"sign(obs_value) * {wrong!r}")
    return None


def cumulated(plot: Plot) -> Touched | None:
    """Monthly figures of the last full years are added up from January."""
    if plot.dataset.frequency != "M":
        return None
    ids = plot.series(36, "obs_value > 0 AND unit_measure NOT IN ('index', 'percent')")
    if ids is None:
        return None
    years = [row[0] for row in plot.rows(
        f"SELECT left(time_period, 4) FROM observation WHERE _id IN ({', '.join(map(str, ids))})"
        " GROUP BY 1 HAVING count(*) = 12 ORDER BY 1")]
    if not years:
        return None
    year = plot.rng.choice(years)
    chosen = f"_id IN ({', '.join(map(str, ids))}) AND left(time_period, 4) = {literal(year)}"
    plot.con.execute(
        "UPDATE observation SET obs_value = total FROM (SELECT _id, sum(obs_value) OVER"
        f" (ORDER BY time_period) AS total FROM observation WHERE {chosen}) s"
        " WHERE observation._id = s._id"
    )
    return plot.keys(chosen)


def broken_total(plot: Plot) -> Touched | None:
    """A total of both sexes, or of town and countryside, is not their sum."""
    column = next((n for n in ("sex", "residence") if n in plot.dataset.dimensions), None)
    if column is None or plot.dataset.id != "health/population_by_sex_and_residence":
        return None
    ids = plot.series(also=f"{identifier(column)} = '_T' AND residence = '_T'")
    if ids is None:
        return None
    return plot.change([plot.rng.choice(ids)], f"obs_value * {plot.rng.choice((0.8, 1.3))}")


def truncated(plot: Plot) -> Touched:
    """The file ends in the middle."""
    count = plot.rows("SELECT count(*) FROM observation")[0][0]
    return _without(plot, f"_id >= {int(count * plot.rng.uniform(0.3, 0.9))}")


def value_is_year(plot: Plot) -> Touched | None:
    """The column of years was read as the column of values."""
    ids = plot.series()
    if ids is None:
        return None
    return plot.change(plot.some(ids, "tail"), "left(time_period, 4)::DOUBLE")


def small_cells(plot: Plot) -> Touched | None:
    """A count of fewer than ten people, in a dataset that declares to count people."""
    if not any(item.small_cells for item in plot.dataset.indicators.values()):
        return None
    return _text(plot, "obs_value", "1")


KINDS: dict[str, Callable[[Plot], Touched | None]] = {
    "unit x1,000, one point": factor("point", 1e3),
    "unit x1,000, tail": factor("tail", 1e3),
    "unit x1,000, block": factor("block", 1e3),
    "unit x1,000, whole series": factor("all", 1e3),
    "unit x1,000, short series": factor("point", 1e3, short=True),
    "unit :1,000, tail": factor("tail", 1e-3),
    "unit x1,000,000, one point": factor("point", 1e6),
    "unit x1,000,000, tail": factor("tail", 1e6, 1e-6),
    "unit x1,000,000, whole series": factor("all", 1e6, 1e-6),
    "percent as fraction, tail": factor("tail", 0.01, also=_PERCENT),
    "percent as fraction, whole series": factor("all", 0.01, also=_PERCENT),
    "decimal comma lost, one point": factor("point", 10, 100),
    "decimal comma lost, block": factor("block", 10, 100, 1000),
    "sign flip, one point": factor("point", -1),
    "sign flip, tail": factor("tail", -1),
    "missing as 0, -1, 9999": missing_mark,
    "digits transposed": transposed_digits,
    "shifted years, one series": shifted_series,
    "shifted years, all": shifted_table,
    "swapped areas": swapped_areas,
    "swapped columns": swapped_columns,
    "duplicated block": duplicated_block,
    "duplicated rows": duplicated_rows,
    "lost country": lost_area,
    "lost year": lost_period,
    "lost observations": lost_observations,
    "stale copy of a period": stale_period,
    "frozen tail": frozen_tail,
    "cumulative as monthly": cumulated,
    "total not the sum": broken_total,
    "truncated file": truncated,
    "years read as values": value_is_year,
    "mojibake in notes": mojibake_note,
    "mojibake in codes": mojibake_code,
    "wrong area code": wrong_code,
    "mixed geography vintages": mixed_vintage,
    "wrong unit": wrong_unit,
    "malformed period": wrong_period,
    "NaN and infinity": not_a_number,
    "personal data in notes": personal_data,
    "small cells": small_cells,
}
