"""The layout of a chart: positions of its lines, bars, ticks and labels.

Pure arithmetic from a `Plot` to numbers; portal/site/templates/figure.html draws them. Each chart
is laid out twice, for wide and for narrow screens, so that its text is never scaled down.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Self

from portal.charts.series import ChartSeries, Plot, Point, moment
from portal.rendering import formatting
from portal.scope import home_areas
from portal.vocabulary import NOT_FINAL

Label = Callable[[ChartSeries], str]
WIDE, NARROW = 820, 340
HEIGHT = {WIDE: 400, NARROW: 280}
LABEL_GAP = 16  # between two direct labels
MOST_YEARS = {WIDE: 9, NARROW: 4}  # on a time axis
BESIDE = 10  # between the texts of a time axis
SPARK_VALUES = 4  # fewer show no trend
NAME = 8  # letters that stay of a name before brackets
BAR_GAP = 20  # instead of bars that are left out
MARKERS = 6  # a line with more points than this shows only those that are not final


@dataclass(frozen=True)
class AxisTick:
    """A labelled position on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class TimeTick(AxisTick):
    """One of the time axis; `middle` is where its text is, beside it where the chart ends."""

    middle: float


@dataclass(frozen=True)
class PointMarker:
    """A point of a line that is drawn; `hollow` when it is not final."""

    x: float
    y: float
    hollow: bool
    text: str


@dataclass(frozen=True)
class PlottedLine:
    """A series drawn as a line; `path` breaks where periods are missing."""

    number: int
    path: str
    markers: tuple[PointMarker, ...]
    label: str
    label_x: float
    label_y: float


@dataclass(frozen=True)
class PlottedBar:
    """A series drawn as a bar; `home` is the portal's own city.

    gap: whether bars are left out before it.
    """

    y: float
    width: float
    label: str
    value: str
    hollow: bool
    home: bool
    gap: bool


@dataclass(frozen=True)
class Axes:
    """The size of a chart, the edges of its plot, and what its axes span; sizes in pixels.

    span: the first and the last moment, in years.
    steps: the values of the ticks of the upright axis.
    """

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    span: tuple[float, float]
    steps: tuple[float, ...]
    y_ticks: tuple[AxisTick, ...]

    @classmethod
    def around(
        cls, values: Sequence[float], moments: Sequence[float], width: int, language: str,
        decimals: int, beside: float = 14,
    ) -> Self:
        """Lay out the axes of a chart.

        Args:
            values: all that it shows.
            moments: when these are, in years.
            width: WIDE or NARROW.
            language: of its numbers.
            decimals: those of its indicator.
            beside: what stays free to the right of the plot.
        """
        low, high = min(values), max(values)
        # Where the figures vary little against their level, an axis from zero would flatten them.
        if 0 <= low < 0.6 * high:
            low = 0
        steps = nice_ticks(low, high, 5 if width == WIDE else 4)
        compact, most = max(map(abs, steps)) >= 1_000_000, max(decimals, _decimals(steps))
        texts = [formatting.axis_number(each, language, most, compact) for each in steps]
        top, bottom = 14.0, HEIGHT[width] - 30.0
        heights = [_upright(each, steps, top, bottom) for each in steps]
        return cls(
            width, HEIGHT[width], math.ceil(max(map(label_width, texts))) + 14, width - beside,
            top, bottom, (min(moments), max(moments)), tuple(steps),
            tuple(map(AxisTick, heights, texts)),
        )

    def x(self, moment: float) -> float:
        """Return where a moment is."""
        first, last = self.span
        share = (moment - first) / ((last - first) or 1)
        return round(self.left + 8 + share * (self.right - self.left - 16), 1)

    def y(self, value: float) -> float:
        """Return where a value is."""
        return _upright(value, self.steps, self.top, self.bottom)


def _upright(value: float, steps: Sequence[float], top: float, bottom: float) -> float:
    return round(bottom - (value - steps[0]) / (steps[-1] - steps[0]) * (bottom - top), 1)


@dataclass(frozen=True)
class LineChart(Axes):
    """A line chart, laid out."""

    x_ticks: tuple[TimeTick, ...]
    lines: tuple[PlottedLine, ...]
    direct: bool  # whether the labels stand beside the lines
    borders: float | None  # where the borders changed


@dataclass(frozen=True)
class BarChart:
    """A bar chart, laid out."""

    width: int
    height: int
    left: float
    zero: float
    bar_height: float
    bars: tuple[PlottedBar, ...]


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Return round numbers that cover low..high, about `count` of them.

    >>> nice_ticks(0, 87, 5)
    [0, 20, 40, 60, 80, 100]
    """
    if high <= low:
        high = low + (abs(low) or 1)
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [_tidy(index * step) for index in range(first, last + 1)]


def _tidy(value: float) -> float:
    """Remove the error of binary arithmetic: 0.30000000000000004 is 0.3."""
    value = float(f"{value:.15g}")
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def lay_out_lines(plot: Plot, width: int, label: Label, language: str, decimals: int) -> LineChart:
    """Lay out a line chart of a `plot` that has at least one figure.

    `width` is WIDE or NARROW, in pixels; `label` names a series, in a `language`; `decimals` are
    the indicator's.
    """
    direct = width == WIDE and len(plot.series) > 1
    values = [p.value for s in plot.series for p in s.points]
    moments = [p.at for s in plot.series for p in s.points]
    if plot.borders:
        moments.append(moment(plot.borders.isoformat()))
    labels = [_cut(label(series), 30) for series in plot.series]
    beside = max(map(label_width, labels)) + 18 if direct else 14
    axes = Axes.around(values, moments, width, language, decimals, beside)
    x, y = axes.x, axes.y
    borders = x(moments[-1]) if plot.borders else None
    ends = [y(series.points[-1].value) for series in plot.series]
    heights = spread(ends, LABEL_GAP, axes.top, axes.bottom)
    lines = []
    for number, series in enumerate(plot.series):
        dense = len(series.points) > MARKERS
        markers = tuple(
            PointMarker(x(p.at), y(p.value), p.status in NOT_FINAL, _tip(p, language, decimals))
            for index, p in enumerate(series.points)
            if not dense or p.status in NOT_FINAL or _alone(series.points, index)
        )
        lines.append(
            PlottedLine(
                number, _path(series.points, x, y), markers, labels[number],
                max(x(series.points[-1].at), borders or 0) + 10, heights[number] + 4,
            )
        )
    ticks = _time_ticks(plot, axes, language)
    return LineChart(**vars(axes), x_ticks=tuple(ticks), lines=tuple(lines), direct=direct,
                     borders=borders)


def lay_out_bars(plot: Plot, width: int, label: Label, language: str, decimals: int) -> BarChart:
    """Lay out a bar chart of a `plot`, a bar for each series in the order given.

    `width`, `label`, `language` and `decimals` are those of `lay_out_lines`.
    """
    rows = [(series, series.points[-1]) for series in plot.series]
    values = [point.value for _, point in rows]
    low, high = min(0, *values), max(0, *values)
    span = (high - low) or 1
    labels = [_cut(label(series), 30 if width == WIDE else 16) for series, _ in rows]
    texts = [formatting.number(value, language, decimals) for value in values]
    left = math.ceil(max(map(label_width, labels))) + 12
    plot_width = width - left - max(map(label_width, texts)) - 16
    row_height = 30.0
    bars = tuple(
        PlottedBar(
            y=8 + index * row_height + BAR_GAP * sum(at <= index for at in plot.gaps),
            width=round((value / span) * plot_width, 1),
            label=labels[index],
            value=texts[index],
            hollow=point.status in NOT_FINAL,
            home=series.code in home_areas()[:1],
            gap=index in plot.gaps,
        )
        for index, ((series, point), value) in enumerate(zip(rows, values, strict=True))
    )
    zero = round(left + (0 - low) / span * plot_width, 1)
    height = round(len(bars) * row_height + BAR_GAP * len(plot.gaps) + 16)
    return BarChart(width, height, left, zero, 20.0, bars)


def sparkline(points: list[float | None], width: int = 132, height: int = 34) -> str:
    """Return the SVG path through `points` in `width` x `height` pixels; "" for too few values.

    Where no value follows another there is no line either, only dots that say nothing.
    """
    known = [v for v in points if v is not None]
    if len(known) < SPARK_VALUES or all(None in pair for pair in pairwise(points)):
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1
    step = (width - 6) / (len(points) - 1)
    places = (
        (round(3 + index * step), round(height - 4 - (value - low) / span * (height - 8)))
        if value is not None else None
        for index, value in enumerate(points)
    )
    return _line((place, before is not None) for before, place in pairwise(chain([None], places)))


def spread(positions: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move `positions` apart to at least `gap`, within `low` and `high`, keeping their order."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    placed = [0.0] * len(positions)
    last = low - gap
    for index in order:
        last = max(positions[index], last + gap)
        placed[index] = last
    last = high + gap
    for index in reversed(order):
        last = min(placed[index], last - gap)
        placed[index] = last
    return [round(value, 1) for value in placed]


def _path(
    points: tuple[Point, ...], x: Callable[[float], float], y: Callable[[float], float]
) -> str:
    return _line(((x(p.at), y(p.value)), p.joined) for p in points)


def _line(places: Iterable[tuple[tuple[float, float] | None, bool]]) -> str:
    """Return an SVG path through places (tenths of a pixel), each joined to the one before or not.

    A place to which no line leads has one of no length, whose round ends are a dot. Lines are
    relative to the place before: of equal steps, they take half the bytes of a compressed page.
    """
    path, at = "", (0.0, 0.0)
    for place, joined in places:
        if place is None:
            continue
        if joined:
            across, down = (f"{round(to - of, 1):g}" for to, of in zip(place, at, strict=True))
            path += f"l{across}{'' if down.startswith('-') else ' '}{down}"
        else:
            path += f"M{place[0]:g} {place[1]:g}h0"
        at = place
    return path


def _alone(points: tuple[Point, ...], index: int) -> bool:
    """Whether no line leads to a point, so that only a marker shows it."""
    return not points[index].joined and not any(p.joined for p in points[index + 1 : index + 2])


def _tip(point: Point, language: str, decimals: int) -> str:
    period = formatting.period(point.period, language)
    return f"{period}: {formatting.number(point.value, language, decimals)}"


def _time_ticks(plot: Plot, axes: Axes, language: str) -> list[TimeTick]:
    (first, last), most = axes.span, MOST_YEARS[axes.width]
    if last - first >= 3 or plot.freq == "A":
        span = math.floor(last) - math.ceil(first)
        step = next(n for n in (1, 2, 5, 10, 20, 50, 100, 500) if span / n <= most)
        years = range(math.ceil(first / step) * step, math.floor(last) + 1, step)
        return time_ticks({float(year): str(year) for year in years}, axes)
    periods = {p.at: p.period for s in plot.series for p in s.points}
    newest_first = sorted(periods, reverse=True)
    step = math.ceil(len(periods) / (most * 0.75))
    named = {*newest_first[::step], newest_first[-1]}
    return time_ticks({at: formatting.period(periods[at], language) for at in named}, axes)


def time_ticks(texts: Mapping[float, str], axes: Axes) -> list[TimeTick]:
    """Return the ticks of `axes` for as many of the `texts`, by moment, as have room.

    The newest one goes first, then the oldest: they say what the chart spans.
    """
    order = sorted(texts)
    placed: list[tuple[float, float, TimeTick]] = []  # the edges of its text, and the tick
    for at in dict.fromkeys([*order[-1:], *order]):
        place, text = axes.x(at), texts[at]
        room = label_width(text) / 2
        middle = round(max(room, min(place, axes.width - room)), 1)
        low, high = middle - room, middle + room
        if all(high + BESIDE <= left or right + BESIDE <= low for left, right, _ in placed):
            placed.append((low, high, TimeTick(place, text, middle)))
    return sorted((tick for *_, tick in placed), key=lambda tick: tick.at)


def _decimals(steps: Sequence[float]) -> int:
    """Return how many decimals distinguish the steps of an axis."""
    return max(len(f"{step}".partition(".")[2]) for step in steps)


def label_width(text: str) -> float:
    """Return the room in pixels that a label takes, rather too much: fonts differ.

    By the widths of DejaVu Sans at 12.5 px, the widest of the usual ones.
    """
    return sum(
        4.6 if character in " .,:;'|()ijlI" else 11.6 if character in "mwMW%" else
        8.8 if character.isupper() else 7.8
        for character in text
    )


def _cut(text: str, length: int) -> str:
    """Shorten a `text` to a `length`, but not what distinguishes it in brackets at its end."""
    if len(text) <= length:
        return text
    name, bracket, rest = text.rpartition(" (")
    end = bracket + rest if rest.endswith(")") and length - len(bracket + rest) >= NAME else ""
    return (name if end else text)[: length - len(end) - 1].rstrip() + "…" + end
