"""Where a series is heading: a projection of its yearly figures with a 90 % interval.

The point is a random walk with damped drift, of logarithms where all figures are positive: the mean
yearly change, shrunk, and less in each year to come, which for short series is hard to beat
(Gardner and McKenzie 1985; the M3 and M4 competitions). The interval is conformal: its width, in
units of the series' own variation, is the 90 % quantile of the errors that the same forecast made
on the yearly series of other datasets, by horizon and length of the series. `backtest` measured
it; `calibration.json` holds the result and how often such intervals held.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.util.text import Frozen
from portal.targets.figures import YearFigure

COVERAGE = 0.90
LEAST, HORIZON = 4, 10  # figures that a projection needs; years that it reaches at most
RECENT = 10  # yearly changes that count
DAMPING, SHRINKAGE = 0.8, 0.7  # of the drift, by year and at once; chosen on the same back-test
# The variation that a series is taken to have before it shows its own, of logarithms, and how many
# changes this weighs: three equal figures do not make the fourth certain.
PRIOR, PRIOR_WEIGHT = 0.06, 2
LENGTHS = (4, 8, 12)  # figures from which the next group of lengths begins
CALIBRATION = Path(__file__).with_name("calibration.json")

Values = npt.NDArray[np.float64]


class Projected(Frozen):
    """The projection of a year: the point, and the interval in which it lies in 90 % of cases."""

    year: int
    value: float
    low: float
    high: float


@cache
def calibration() -> dict[str, Any]:
    """Return what the back-test found: quantiles, coverage, and how many series."""
    found: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return found


def project(
    figures: Sequence[YearFigure], until: int, maximum: float | None = None
) -> tuple[Projected, ...]:
    """Return the projection of yearly `figures`, oldest first, for each year `until` a year.

    Nothing comes of fewer than LEAST figures in consecutive years, nor for more than HORIZON years.
    `maximum` is that of what is measured, 100 for a share.
    """
    run = consecutive(figures)
    if len(run) < LEAST or not 0 < until - run[-1].year <= HORIZON:
        return ()
    values = np.array([each.value for each in run])
    logs = bool(np.all(values > 0))
    known = np.log(values) if logs else values
    years = until - run[-1].year
    points, unit = forecast(known, years), variation(known, logs)
    quantiles = calibration()["quantiles"][str(group(len(run)))][:years]
    found = []
    for at, quantile in enumerate(quantiles):
        ends = [points[at], points[at] - quantile * unit, points[at] + quantile * unit]
        numbers = np.clip(np.exp(np.clip(ends, -700, 700)) if logs else ends, None, maximum)
        point, low, high = (float(each) for each in numbers)
        found.append(Projected(year=run[-1].year + at + 1, value=point, low=low, high=high))
    return tuple(found)


def consecutive(figures: Sequence[YearFigure]) -> list[YearFigure]:
    """Return the newest figures without a missing year between them."""
    run: list[YearFigure] = []
    for each in reversed(figures):
        if run and each.year != run[-1].year - 1:
            break
        run.append(each)
    return run[::-1]


def forecast(known: Values, years: int) -> Values:
    """Return the points of the next `years`, from values in the scale that is forecast."""
    drift = SHRINKAGE * float(np.mean(np.diff(known)[-RECENT:]))
    return np.asarray(known[-1] + drift * np.cumsum(DAMPING ** np.arange(years)))


def variation(known: Values, logs: bool) -> float:
    """Return the size of a usual yearly change, the unit in which intervals are measured."""
    changes = np.diff(known)[-RECENT:]
    prior = PRIOR if logs else PRIOR * float(np.mean(np.abs(known)) or 1.0)
    weighted = PRIOR_WEIGHT * prior**2 + float(np.sum(changes**2))
    return float(np.sqrt(weighted / (PRIOR_WEIGHT + len(changes))))


def group(length: int) -> int:
    """Return the group of lengths that a series belongs to: the first of LENGTHS below it.

    >>> [group(4), group(9), group(30)]
    [4, 8, 12]
    """
    return max(each for each in LENGTHS if each <= length)
