"""Scores: how complete, valid, unique, consistent and timely a table is, from 0 to 100.

A table alone decides the first four (`of_table`, kept in the quality record); timeliness needs a
day (`expectations.freshness`). The total is their weighted mean (`model.quality.DIMENSIONS`).
docs/quality.md explains each. A change of any rule here is a new ALGORITHM: scores of two
algorithms are never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from expectations.kinds import KINDS
from expectations.series.points import columns, number
from model.dataset import Dataset
from model.quality import DIMENSIONS, Gain, GroupScore, Mqa, Scorecard, grade_of
from model.records import CheckResult, Dimension, QualityRecord, Score
from model.sql import identifier

ALGORITHM = "1"

UNIQUENESS = (
    "expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique",
    "expect_select_column_values_to_be_unique_within_record",
)

# The score itself compares with each series' own extent; these tell what it cannot see.
COMPLETENESS = (
    "expect_series_to_have_no_gaps", "expect_periods_to_be_complete",
    "expect_most_rows_of_last_release", "expect_all_areas_of_last_release",
    "expect_all_periods_of_last_release",
)

# Some publish the year to date each month, some each quarter: the months that occur are expected.
_YTD = (
    "CAST(left(time_period, 4) AS INTEGER)"
    " * (SELECT count(DISTINCT split_part(time_period, '/', 2)) FROM present)"
    " + dense_rank() OVER (ORDER BY TRY_CAST(regexp_extract(time_period, 'P([0-9]+)M', 1)"
    " AS INTEGER))"
)


def dimension_of(check: CheckResult) -> Dimension:
    """Return the dimension that a check measures."""
    if check.expectation in UNIQUENESS:
        return "uniqueness"
    if check.expectation in COMPLETENESS:
        return "completeness"
    kind = KINDS.get(check.expectation)
    if check.level == "row" and kind is not None and kind.level == "row":
        return "validity"
    return "consistency"


def of_table(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, quality: QualityRecord
) -> tuple[Score, ...]:
    """Score a table that was judged: what can be said of it without looking at the calendar.

    Args:
        con: the connection on which it was judged; it has `held(_id, reasons)`.
        relation: name of the table, with `_id` and `_reject`.
        dataset: its declaration.
        quality: what the judgement found.
    """
    table = identifier(relation)
    rejected = con.execute(f"SELECT count(*) FROM {table} WHERE _reject IS NOT NULL").fetchall()
    found = [
        _completeness(con, table, dataset),
        _of_rows("validity", quality, int(rejected[0][0])),
        _of_rows("uniqueness", quality, 0),
        _consistency(quality),
    ]
    return tuple(score for score in found if score is not None)


def scored(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, quality: QualityRecord
) -> QualityRecord:
    """Return a quality record with its scores, and the version of their algorithm.

    The arguments are those of `of_table`.
    """
    return quality.model_copy(update={
        "scores": of_table(con, relation, dataset, quality),
        "versions": {**quality.versions, "scores": ALGORITHM},
    })


def _completeness(
    con: duckdb.DuckDBPyConnection, table: str, dataset: Dataset
) -> Score | None:
    """Compare the figures that are there with all periods of each series' own extent.

    A figure that is suppressed (status Q) is there: it is only not shown.
    """
    series = columns(dataset.key[:-1])
    ordinal = _YTD if dataset.frequency == "YTD" else number(dataset.frequency)
    rows = con.execute(
        f"""WITH present AS (
              SELECT {series}, time_period,
                     obs_value IS NOT NULL OR obs_status = 'Q' AS there
              FROM {table} WHERE _id NOT IN (SELECT _id FROM held)),
            numbered AS (
              SELECT {series}, there, {ordinal} AS ordinal FROM present),
            extents AS (
              SELECT max(ordinal) - min(ordinal) + 1 AS expected,
                     count(DISTINCT ordinal) FILTER (there) AS found
              FROM numbered GROUP BY {series})
            SELECT sum(found), sum(expected) FROM extents"""
    ).fetchall()
    found, expected = rows[0]
    if not expected:
        return None
    return Score(dimension="completeness", good=float(found), of=float(expected))


def _of_rows(dimension: Dimension, quality: QualityRecord, lost: int) -> Score | None:
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


def _counted(quality: QualityRecord, dimension: Dimension) -> list[CheckResult]:
    """Return the checks that count: an info only informs, and some could not be judged."""
    return [
        check for check in quality.checks
        if check.severity != "info" and check.outcome != "not_judged"
        and dimension_of(check) == dimension
    ]


def _share(check: CheckResult) -> float:
    """Return the share of what a check looked at that is wrong; all, where it cannot be told."""
    if check.outcome == "passed":
        return 0.0
    if check.evaluated and check.unexpected:
        return min(check.unexpected / check.evaluated, 1.0)
    return 1.0


def total(scores: Iterable[Score]) -> float:
    """Return the weighted mean of the dimensions that were measured, from 0 to 100."""
    points = weights = 0.0
    for score in scores:
        weight = DIMENSIONS[score.dimension].weight
        weights += weight
        points += weight * score.percent
    return round(points / weights, 2) if weights else 0.0


def gains(
    quality: QualityRecord, scores: Sequence[Score], mqa: Mqa | None
) -> tuple[Gain, ...]:
    """Rank what could be mended by the points of the total that it would gain, most first.

    Metadata are no part of the total: what their metrics gain is told in points of 405 by `Mqa`,
    and they come last here, with none.

    Args:
        quality: what the judgement found.
        scores: every dimension that was measured.
        mqa: the metadata's quality, where it is known.
    """
    weights = sum(DIMENSIONS[score.dimension].weight for score in scores)
    found: list[Gain] = []
    for score in scores:
        info = DIMENSIONS[score.dimension]
        most = info.weight / weights if weights else 0.0
        lost = most * (100 - score.percent)
        checks = [c for c in _counted(quality, score.dimension) if c.outcome != "passed"]
        for check in checks:
            points = min(most * 100 * _part_lost(check, score, quality, len(checks)), lost)
            found.append(Gain(
                dimension=score.dimension, check=check.name, title=check.title,
                points=round(points, 2),
            ))
        if not checks and round(lost, 2) > 0:
            found.append(Gain(
                dimension=score.dimension, check=None, title=info.meaning, points=round(lost, 2)
            ))
    found += [
        Gain(dimension="metadata", check=metric.id, title=metric.todo, points=0.0)
        for metric in (mqa.metrics if mqa else ())
        if metric.met is False
    ]
    return tuple(sorted(found, key=lambda gain: -gain.points))


def _part_lost(check: CheckResult, score: Score, quality: QualityRecord, failing: int) -> float:
    """Return which part of its dimension a check takes away, from 0 to 1."""
    if score.dimension == "consistency":
        return _share(check) / score.of
    if score.dimension == "completeness":
        return (1 - score.good / score.of) / failing
    return check.unexpected / quality.rows_read if quality.rows_read else 0.0


def group(name: str, cards: Sequence[Scorecard], stopped: int) -> GroupScore | None:
    """Return the grade of a sector or of the city: every dataset counts the same.

    Args:
        name: id of the sector, or "city".
        cards: the scorecards of its datasets.
        stopped: how many of them could not be released from their newest table.
    """
    if not cards:
        return None
    means: list[tuple[Dimension, float]] = []
    for dimension in DIMENSIONS:
        percents = [score.percent for card in cards if (score := card.score(dimension))]
        if percents:
            means.append((dimension, round(sum(percents) / len(percents), 2)))
    points = round(sum(card.total for card in cards) / len(cards), 2)
    return GroupScore(
        id=name, datasets=len(cards), stopped=stopped, scores=tuple(means), total=points,
        grade=grade_of(points),
    )
