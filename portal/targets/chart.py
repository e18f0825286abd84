"""The chart of a target: figures, projection with its band, and the target's level; only layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.charts.chart import (
    MOST_YEARS,
    NARROW,
    WIDE,
    Axes,
    PointMarker,
    TimeTick,
    time_ticks,
)
from portal.rendering import formatting
from portal.targets.assessment import Assessment
from portal.targets.progress import Verdict
from portal.vocabulary import BREAK, NOT_FINAL

__all__ = ["NARROW", "WIDE", "TargetChart", "lay_out"]


@dataclass(frozen=True)
class TargetChart(Axes):
    """A chart, laid out for one width.

    line: the path through the figures, which breaks where a year is missing or not comparable.
    dashed, band: those of the projection; "" without one.
    level: the height of the target; aim: its year.
    """

    x_ticks: tuple[TimeTick, ...]
    line: str
    markers: tuple[PointMarker, ...]
    dashed: str
    band: str
    level: float
    aim: float
    verdict: Verdict


def lay_out(found: Assessment, width: int, language: str, decimals: int) -> TargetChart | None:
    """Lay out the chart of an assessment; None where there is nothing to draw.

    `width` is WIDE or NARROW; numbers are in a `language`, with the indicator's `decimals`.
    """
    target, figures = found.target, found.figures
    if target.value is None or not figures:
        return None
    values = [each.value for each in figures] + [target.value]
    values += [end for each in found.projection for end in (each.low, each.high)]
    first, last = figures[0].year, max(figures[-1].year, target.year)
    axes = Axes.around(values, (first, last), width, language, decimals)
    x, y = axes.x, axes.y
    path, before = [], None
    for each in figures:
        joined = before == each.year - 1 and each.status != BREAK
        path.append(f"{'L' if joined else 'M'}{x(each.year)} {y(each.value)}")
        before = each.year
    start = [(each.year, each.value) for each in figures if each.year <= target.year][-1:]
    ahead = found.projection
    points = [*start, *((each.year, each.value) for each in ahead)] if ahead else []
    highs = [*start, *((each.year, each.high) for each in ahead)] if ahead else []
    lows = [(each.year, each.low) for each in reversed(ahead)]
    step = next(n for n in (1, 2, 5, 10, 20) if (last - first) / n <= MOST_YEARS[width])
    return TargetChart(
        **vars(axes),
        x_ticks=tuple(time_ticks(
            {year: str(year) for year in range(first, last + 1) if (last - year) % step == 0}, axes
        )),
        line="".join(path),
        markers=tuple(
            PointMarker(
                x(each.year), y(each.value), each.status in NOT_FINAL,
                f"{each.year}: {formatting.number(each.value, language, decimals)}",
            )
            for each in figures
        ),
        dashed=_path([(x(year), y(value)) for year, value in points]),
        band=_path([(x(year), y(value)) for year, value in [*highs, *lows]]),
        level=y(target.value), aim=x(target.year), verdict=found.verdict,
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if at else 'M'}{x} {y}" for at, (x, y) in enumerate(points))
