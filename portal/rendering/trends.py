"""Quality totals over time: their value on a day, their curves, and the history of checks."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from model.records.scorecard import QualityPoint, StripPoint
from model.records.validation import Outcome

WEEKS = 104
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 150, 34, 20
_CELL, _TALL = 4, 16


@dataclass(frozen=True)
class Curve:
    """A curve of totals from 0 to 100, as an SVG path in a box of WIDTH x HEIGHT."""

    path: str
    grid: tuple[tuple[float, int], ...]  # height of a grid line, and its value
    first: date
    last: date
    low: float
    high: float


class Totals:
    """The totals of a dataset, by day."""

    def __init__(self, points: Sequence[QualityPoint]) -> None:
        self._days = [point.at.date() for point in points]
        self._totals = [point.total for point in points]

    def on(self, day: date) -> float | None:
        """Return the total at the end of a day, None before the first validation run."""
        place = bisect_right(self._days, day)
        return self._totals[place - 1] if place else None


def weekly(members: Sequence[Totals], as_of: date) -> list[tuple[date, float]]:
    """Return the mean total of `members` at the end of each of the last WEEKS weeks to `as_of`."""
    found = []
    for weeks in range(WEEKS, -1, -1):
        day = as_of - timedelta(weeks=weeks)
        known = [total for each in members if (total := each.on(day)) is not None]
        if known:
            found.append((day, sum(known) / len(known)))
    return found


def curve(points: Sequence[tuple[date, float]]) -> Curve | None:
    """Draw totals as steps; None where fewer than two days are known."""
    if len({day for day, _ in points}) < 2:
        return None
    first, last = points[0][0], points[-1][0]
    totals = [total for _, total in points]
    floor = 50 if min(totals) >= 50 else 0
    days = max((last - first).days, 1)

    def across(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - 8) * (day - first).days / days, 1)

    def up(total: float) -> float:
        return round(8 + (HEIGHT - BOTTOM - 8) * (100 - total) / (100 - floor), 1)

    path = f"M{across(first):g} {up(totals[0]):g}"
    for day, total in points[1:]:
        path += f"H{across(day):g}V{up(total):g}"
    marks = (50, 70, 85, 95) if floor else (0, 50, 100)
    return Curve(
        path=path, grid=tuple((up(mark), mark) for mark in marks), first=first, last=last,
        low=min(totals), high=max(totals),
    )


def daily(points: Sequence[QualityPoint], as_of: date) -> list[tuple[date, float]]:
    """Return a dataset's totals (`points`) by day, up to `as_of`; the last of a day counts."""
    by_day = {point.at.date(): point.total for point in points}
    found = sorted(by_day.items())
    if found and found[-1][0] < as_of:
        found.append((as_of, found[-1][1]))
    return found


@dataclass(frozen=True)
class HistoryStrip:
    """A check over time: one small box for each validation run."""

    paths: tuple[tuple[Outcome, str], ...]
    width: int
    height: int
    counts: tuple[tuple[Outcome, int], ...]
    since: datetime


def strip(points: Sequence[StripPoint]) -> HistoryStrip | None:
    """Draw a check's history, the newest validation run at the right."""
    paths: dict[Outcome, str] = {}
    counts: dict[Outcome, int] = {}
    place = 0
    for outcome, alike in groupby(points, key=lambda point: point.outcome):
        count = len([*alike])
        if outcome is not None:  # a dashed line: each dash is a box, whatever their number
            line = f"M{place * _CELL} {_TALL // 2}h{count * _CELL}"
            paths[outcome] = paths.get(outcome, "") + line
            counts[outcome] = counts.get(outcome, 0) + count
        place += count
    if not counts:
        return None
    return HistoryStrip(
        paths=tuple(paths.items()), width=len(points) * _CELL, height=_TALL,
        counts=tuple(counts.items()), since=points[0].at,
    )
