"""Pieces of SQL that checks share: values in templates, and observations as points of a series."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from model.util.sql import identifier, literal

# The number of a period, so that the next period has the next number. Text that is no period has
# no number; `time_period_form` finds it.
_YEAR = "TRY_CAST(left(time_period, 4) AS INTEGER)"
_NUMBERS = {
    "A": "TRY_CAST(time_period AS INTEGER)",
    "S": f"{_YEAR} * 2 + TRY_CAST(right(time_period, 1) AS INTEGER) - 1",
    "Q": f"{_YEAR} * 4 + TRY_CAST(right(time_period, 1) AS INTEGER) - 1",
    "M": f"{_YEAR} * 12 + TRY_CAST(right(time_period, 2) AS INTEGER) - 1",
    "W": "epoch(try_strptime(time_period || '-1', '%G-W%V-%u'))::BIGINT // 604800",
    "D": "epoch(TRY_CAST(time_period AS DATE))::BIGINT // 86400",
    "YTD": f"{_YEAR} * 12 + TRY_CAST(regexp_extract(time_period, 'P([0-9]+)M', 1) AS INTEGER) - 1",
}

# How many periods a season has; the other frequencies have none.
SEASONS = {"Q": 4, "M": 12}


# The last decimal of a series in which all figures are rounded alike; 0 where they are not.
DIGIT = (
    "CASE WHEN bool_and(v = round(v)) THEN 1 WHEN bool_and(v = round(v, 1)) THEN 0.1"
    " WHEN bool_and(v = round(v, 2)) THEN 0.01 ELSE 0 END AS digit"
)


# More than two digits: values of fewer coincide by chance.
THREE_DIGITS = "v <> round(v, 1 - floor(log10(nullif(abs(v), 0)))::INTEGER)"


def sheet(series: Sequence[str]) -> str:
    """Return a hash of the key columns of a `series` but its area, for what other areas do."""
    names = [name for name in series if name not in ("ref_area", "geo_vintage")]
    return f"hash({columns(names)}) AS sheet"


def beyond_counting(v: str, expected: str, deviations: float) -> str:
    """Return the condition that two figures differ by more than small counts do by chance.

    The square root of a count has a standard deviation of 1/2 whatever its size (Bartlett 1936).
    Figures are counted in units of their last decimal (`DIGIT`), those that are not rounded pass.

    Args:
        v: SQL of a figure that is not negative.
        expected: SQL of the figure that it is compared with.
        deviations: how many standard deviations are more than chance.
    """
    return (
        f"2 * abs(sqrt(greatest({v}, 0)) - sqrt(greatest({expected}, 0)))"
        f" >= {deviations} * sqrt(digit)"
    )


def usual_of_sheet(steps: str, share: float) -> str:
    """Return a SELECT of `sheet` and `common`: what a `share` of its steps exceed.

    A sheet is what has the same codes but the area. Where fewer than nine steps are as large, there
    is no row: three wrong figures make six large steps.

    Args:
        steps: SELECT of `sheet` and `size` of the steps of series that have large ones.
        share: of all points of the sheet, in the table `point`.
    """
    points = "SELECT sheet, count(*) AS points FROM point GROUP BY sheet"
    return _usual("sheet", steps, points, share)


def _usual(by: str, steps: str, points: str, share: float) -> str:
    return f"""
  SELECT {by}, min(size) AS common FROM (
    SELECT *, row_number() OVER (PARTITION BY {by} ORDER BY size DESC) AS place FROM ({steps})
  ) JOIN ({points}) USING ({by})
  WHERE place <= greatest(9, {share} * points) GROUP BY {by} HAVING count(*) >= 9"""


def elsewhere(steps: str, size: str, common: float, alike: float) -> str:
    """Return common table expressions that end in `elsewhere`, a row for each series of `found`.

    Columns: `common` (see `usual_of_sheet`; the larger of what is usual in the whole sheet, and in
    areas of the same order of magnitude, for the figures of small ones vary more) and `turning`,
    the share of the sheet's series that have values below 0: ratios say nothing of a growth rate.

    Args:
        steps: table with `series`, `sheet` and steps, of series that have large ones.
        size: SQL of a step's size.
        common: share of all points of the sheet, in the table `point`.
        alike: share of the points of areas of the same order of magnitude.
    """
    sizes = f"SELECT sheet, magnitude, {size} AS size FROM {steps} JOIN sized USING (series, sheet)"
    by = "sheet, magnitude"
    return f"""sized AS (
  SELECT *, avg(turns) OVER (PARTITION BY sheet) AS turning FROM (
    SELECT series, any_value(sheet) AS sheet, count(*) AS n, (min(v) < 0)::INTEGER AS turns,
      round(avg(log10(CASE WHEN v > 0 THEN v END))) AS magnitude
    FROM point SEMI JOIN found USING (sheet) GROUP BY series
  )
),
of_sheet AS ({_usual("sheet", sizes, "SELECT sheet, sum(n) AS points FROM sized GROUP BY ALL",
                     common)}
),
of_alike AS ({_usual(by, sizes, f"SELECT {by}, sum(n) AS points FROM sized GROUP BY ALL", alike)}
),
elsewhere AS (
  SELECT series, turning, greatest(of_sheet.common, of_alike.common) AS common
  FROM sized SEMI JOIN found USING (series)
  LEFT JOIN of_sheet USING (sheet) LEFT JOIN of_alike USING (sheet, magnitude)
)"""


def in_template(sql: str) -> str:
    """Return SQL whose braces survive the `{batch}` substitution of Great Expectations."""
    return sql.replace("{", "{{").replace("}", "}}")


def text(item: str) -> str:
    """Return text quoted for SQL in a template."""
    return in_template(literal(item))


def value(item: str | int | float) -> str:
    """Return a value quoted for SQL."""
    if isinstance(item, str):
        return literal(item)
    if isinstance(item, float):
        return f"CAST('{item!r}' AS DOUBLE)"
    return str(item)


def texts(items: Sequence[str]) -> str:
    """Return texts for an IN clause in a template."""
    return _texts(tuple(items))


@lru_cache(maxsize=1024)  # datasets name the same areas and codes
def _texts(items: tuple[str, ...]) -> str:
    return ", ".join(map(text, items))


def columns(names: Sequence[str]) -> str:
    """Return a list of columns for SQL."""
    return ", ".join(map(identifier, names))


def where(codes: Mapping[str, str], table: str = "", indicators: Sequence[str] = ()) -> str:
    """Return the condition that columns of `table` have these `codes`, and one of `indicators`."""
    prefix = f"{table}." if table else ""
    parts = [f"{prefix}{identifier(column)} = {text(code)}" for column, code in codes.items()]
    if indicators:
        parts.append(f"{prefix}indicator IN ({texts(indicators)})")
    return " AND ".join(parts) or "true"


def number(frequency: str) -> str:
    """Return SQL for the number of `time_period`: consecutive periods, consecutive numbers."""
    return _NUMBERS[frequency]


def points(series: Sequence[str], frequency: str, relation: str = "{batch}", also: str = "") -> str:
    """Return a SELECT of the points of every series of a relation, of the dataset's frequency.

    Columns: `_id` (of `{batch}` only), `series` (a hash of 64 bits: two of a million series share
    one with a probability of 3e-8), `t` (the period's number), `period`, `v` (finite), and `also`.
    """
    own = "_id, " if relation == "{batch}" else ""
    return (
        f"SELECT {own}hash({columns(series)}) AS series, {number(frequency)} AS t,"
        f" time_period AS period, obs_value AS v{also}"
        f" FROM {relation} WHERE isfinite(obs_value) AND {number(frequency)} IS NOT NULL"
    )
