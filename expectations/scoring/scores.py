"""Scores: how complete, valid, unique, consistent and timely a table is, from 0 to 100.

A table alone decides the first four (`of_table`, kept in the quality record); timeliness needs a
day (`expectations.scoring.freshness`). The total is their weighted mean
(`model.records.quality_dimension`).
docs/quality.md explains each. A change of any rule here is a new ALGORITHM: scores of two
algorithms are never compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import duckdb

from expectations.checks.declared import KEY_CHECK
from expectations.checks.registry import all_checks
from expectations.checks.sql import columns, number
from model.declarations.dataset import Dataset
from model.records.quality_dimension import QUALITY_DIMENSIONS, grade_of
from model.records.release_blockers import finding, grouped
from model.records.scorecard import Gain, GroupScore, Scorecard
from model.records.validation import CheckResult, Gap, QualityDimension, QualityRecord, Score
from model.reference.periods import next_period
from model.util.sql import identifier
from model.util.text import LocalizedText, _, joined

ALGORITHM = "1"
_GAPS, _PERIODS = 5, 6  # series that lack figures, and periods of each, that a record names

# Some publish the year to date each month, some each quarter: the months that occur are expected.
_YTD = (
    "CAST(left(time_period, 4) AS INTEGER)"
    " * (SELECT count(DISTINCT split_part(time_period, '/', 2)) FROM present)"
    " + dense_rank() OVER (ORDER BY TRY_CAST(regexp_extract(time_period, 'P([0-9]+)M', 1)"
    " AS INTEGER))"
)


def dimension_of(check: CheckResult) -> QualityDimension:
    """Return the quality dimension that a check measures; of records without its class, as well."""
    known = all_checks().get(check.expectation)
    dimension = known.dimension if known else "consistency"
    if dimension == "validity" and check.level == "table":
        return "consistency"
    return dimension


def of_table(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, quality: QualityRecord
) -> tuple[Score, ...]:
    """Score a validated table of a `dataset`: what can be said of it without the calendar.

    `con` has `quarantine(_id, reasons)`, `relation` names the table with `_id` and `_reject`, and
    `quality` is what the validation found.
    """
    table = identifier(relation)
    rejected = con.execute(f"SELECT count(*) FROM {table} WHERE _reject IS NOT NULL").fetchall()
    found = [
        _completeness(con, table, dataset, quality),
        _of_rows("validity", quality, int(rejected[0][0])),
        _of_rows("uniqueness", quality, 0),
        _consistency(quality),
    ]
    return tuple(score for score in found if score is not None)


def scored(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, quality: QualityRecord
) -> QualityRecord:
    """Return a quality record with its scores, and the version of their algorithm.

    The arguments `con`, `relation`, `dataset` and `quality` are those of `of_table`.
    """
    found = of_table(con, relation, dataset, quality)
    whole = all(x.good == x.of for x in found if x.dimension == "completeness")
    return quality.model_copy(update={
        "scores": found,
        "gaps": () if whole else _gaps(con, identifier(relation), dataset),
        "versions": {**quality.versions, "scores": ALGORITHM},
    })


def _completeness(
    con: duckdb.DuckDBPyConnection, table: str, dataset: Dataset, quality: QualityRecord
) -> Score | None:
    """Compare the figures that are there with all periods of each series' own extent.

    A figure that is suppressed (status Q) is there: it is only not shown.
    """
    series = columns(dataset.key[:-1])
    unique = any(check.name == KEY_CHECK and check.outcome == "passed" for check in quality.checks)
    # To count different ones takes three times as long, and memory for each.
    which = "" if unique and _numbers_differ(con, table, dataset) else "DISTINCT "
    rows = con.execute(
        f"""{_numbered(table, dataset)},
            extents AS (
              SELECT max(ordinal) - min(ordinal) + 1 AS expected,
                     count({which}ordinal) FILTER (there) AS found
              FROM numbered GROUP BY {series})
            SELECT sum(found), sum(expected) FROM extents"""
    ).fetchall()
    found, expected = rows[0]
    if not expected:
        return None
    return Score(dimension="completeness", good=float(found), of=float(expected))


def _numbers_differ(con: duckdb.DuckDBPyConnection, table: str, dataset: Dataset) -> bool:
    """Whether rows of a `dataset` whose keys differ have different periods by number as well."""
    if dataset.frequency == "YTD":
        return False
    unknown = " OR ".join(f"{identifier(name)} IS NULL" for name in dataset.key)
    rows = con.execute(
        f"SELECT count(*) = count(DISTINCT {number(dataset.frequency)})"
        f" AND NOT EXISTS (FROM {table} WHERE {unknown})"
        f" FROM (SELECT DISTINCT time_period FROM {table})"
    ).fetchall()
    return bool(rows[0][0])


def _numbered(table: str, dataset: Dataset) -> str:
    """Return `numbered`: series, period and its number, and whether the figure is there."""
    ordinal = _YTD if dataset.frequency == "YTD" else number(dataset.frequency)
    return f"""WITH present AS (
              SELECT {columns(dataset.key)}, obs_value IS NOT NULL OR obs_status = 'Q' AS there
              FROM {table} WHERE _id NOT IN (SELECT _id FROM quarantine)),
            numbered AS (SELECT *, {ordinal} AS ordinal FROM present)"""


def _gaps(con: duckdb.DuckDBPyConnection, table: str, dataset: Dataset) -> tuple[Gap, ...]:
    """Return what the series that lack the most figures lack; of years to date nothing.

    Which months those are published for is a habit of the source, and not of the calendar.
    """
    if dataset.frequency == "YTD":
        return ()
    key = dataset.key[:-1]
    rows = con.execute(
        f"""{_numbered(table, dataset)},
            worst AS (
              SELECT {columns(key)}, min(time_period) AS first, max(time_period) AS last,
                     max(ordinal) - min(ordinal) + 1
                       - count(DISTINCT ordinal) FILTER (there) AS lost
              FROM numbered WHERE ordinal IS NOT NULL GROUP BY {columns(key)} HAVING lost > 0
              ORDER BY lost DESC, {columns(key)} LIMIT {_GAPS})
            SELECT {columns(key)}, first, last, list(DISTINCT time_period) FILTER (there), lost
            FROM worst JOIN numbered USING ({columns(key)}) GROUP BY ALL
            ORDER BY lost DESC, {columns(key)}"""
    ).fetchall()
    found = []
    for *series, first, last, there, lost in rows:
        present = set(there or ())
        absent = islice((p for p in _between(first, last) if p not in present), _PERIODS)
        found.append(Gap(
            series=dict(zip(key, series, strict=True)), missing=int(lost), periods=tuple(absent),
        ))
    return tuple(found)


def _between(period: str, last: str) -> Iterator[str]:
    while period <= last:
        yield period
        period = next_period(period)


def _of_rows(dimension: QualityDimension, quality: QualityRecord, lost: int) -> Score | None:
    """Each check takes away the rows that break it, in the end all of them."""
    if quality.rows_read == 0:
        return None
    lost += sum(check.unexpected for check in _counted(quality, dimension))
    return Score(
        dimension=dimension, good=float(max(quality.rows_read - lost, 0)), of=quality.rows_read
    )


def _consistency(quality: QualityRecord) -> Score | None:
    """Return the mean over the checks: each gives the share of what it found to be right."""
    checks = _counted(quality, "consistency")
    if not checks:
        return None
    return Score(
        dimension="consistency", good=round(sum(1 - _share(check) for check in checks), 6),
        of=len(checks),
    )


def _counted(quality: QualityRecord, dimension: QualityDimension) -> list[CheckResult]:
    """Return the checks that count: an info only informs, and some could not be evaluated."""
    return [
        check for check in quality.checks
        if check.severity != "info" and check.outcome != "not_evaluated"
        and dimension_of(check) == dimension
    ]


def _share(check: CheckResult) -> float:
    """Return the share of what a check evaluated that fails it; all, where it is unknown."""
    if check.outcome == "passed":
        return 0.0
    if check.evaluated and check.unexpected:
        return min(check.unexpected / check.evaluated, 1.0)
    return 1.0


def total(scores: Iterable[Score]) -> float:
    """Return the weighted mean of the dimensions that were measured, from 0 to 100."""
    points = weights = 0.0
    for score in scores:
        weight = QUALITY_DIMENSIONS[score.dimension].weight
        weights += weight
        points += weight * score.percent
    return round(points / weights, 2) if weights else 0.0


def gains(quality: QualityRecord, scores: Sequence[Score]) -> tuple[Gain, ...]:
    """Rank what could be fixed by the points of the total that it would gain, most first.

    `quality` is what the validation found, `scores` are the dimensions that were measured. What
    would gain none is left out. Metadata are no part of the total (see `Mqa`).
    """
    weights = sum(QUALITY_DIMENSIONS[score.dimension].weight for score in scores)
    found: list[Gain] = []
    for score in scores:
        most = QUALITY_DIMENSIONS[score.dimension].weight / weights if weights else 0.0
        lost = most * (100 - score.percent)
        checks = [c for c in _counted(quality, score.dimension) if c.outcome != "passed"]
        for check in checks:
            points = min(most * 100 * _part_lost(check, score, quality, len(checks)), lost)
            found.append(Gain(
                dimension=score.dimension, check=check.name, title=_failing(check),
                points=round(points, 2),
            ))
            lost -= points
        if score.dimension in ("timeliness", "validity") or not checks:
            found.append(Gain(
                dimension=score.dimension, check=None, title=_lacking(score, checks),
                points=round(lost, 2),
            ))
    gaining = (gain for gain in found if gain.points > 0)
    return tuple(sorted(gaining, key=lambda gain: -gain.points))


def _failing(check: CheckResult) -> LocalizedText:
    title = check.title.in_each(lambda text: f"“{text.rstrip('.')}”")
    return joined((title, finding(check)), ": ")


def _lacking(score: Score, checks: Sequence[CheckResult]) -> LocalizedText:
    """Say what a dimension lacks that no check has found."""
    if score.dimension == "timeliness":
        return _("The next period is due and has not come: ask the source, or fetch it again")
    lost = round(score.of - score.good) - sum(check.unexpected for check in checks)
    many = grouped(lost)
    if score.dimension == "completeness":
        if lost == 1:
            return _("1 figure missing between the first and the last period of series")
        return _(
            "{lost} figures missing between the first and the last period of series", lost=many
        )
    if lost == 1:
        return _("1 row of the source could not be read")
    return _("{lost} rows of the source could not be read", lost=many)


def _part_lost(check: CheckResult, score: Score, quality: QualityRecord, failing: int) -> float:
    """Return which part of its dimension a check takes away, from 0 to 1."""
    if score.dimension == "consistency":
        return _share(check) / score.of
    if score.dimension == "completeness":
        return (1 - score.good / score.of) / failing
    return check.unexpected / quality.rows_read if quality.rows_read else 0.0


def group(name: str, cards: Sequence[Scorecard], blocked: int) -> GroupScore | None:
    """Return the grade of a sector or the city (`name`): every dataset counts the same.

    `cards` are the scorecards of its datasets, of which so many are `blocked`: they could not be
    released from their newest table.
    """
    if not cards:
        return None
    means: list[tuple[QualityDimension, float]] = []
    for dimension in QUALITY_DIMENSIONS:
        percents = [score.percent for card in cards if (score := card.score(dimension))]
        if percents:
            means.append((dimension, round(sum(percents) / len(percents), 2)))
    points = round(sum(card.total for card in cards) / len(cards), 2)
    return GroupScore(
        id=name, datasets=len(cards), blocked=blocked, scores=tuple(means), total=points,
        grade=grade_of(points),
    )
