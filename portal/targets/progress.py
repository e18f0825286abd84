"""Progress towards a target, by the measure that Statistics Canada publishes and Open SDG uses.

The observed compound annual growth rate since the base year is divided by the rate that would have
led from there to the target in its year. At 95 % and more the target is on track. Sources:
https://sdgcif-data-canada-oddcic-donnee.github.io/methodology/ and
https://open-sdg.readthedocs.io/en/latest/progress/; the arithmetic is that of sdg-build.

Ours differs where theirs would guess: no growth rate from a base of zero (theirs takes 0.001), and
figures after the target's year do not count. Where the newest figure is of the target's year, it
decides alone.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

from model.util.text import Frozen
from portal.targets.figures import YearFigure

METHOD = "Statistics Canada / Open SDG, ratio of compound annual growth rates"
ON_TRACK, ACCELERATE, NO_DETERIORATION = 0.95, 0.60, 0.0  # thresholds of the published method

Verdict = Literal["met", "on_track", "behind", "no_data"]
# The published method's categories; `missed` where the figure of the target's year decides.
Category = Literal[
    "achieved", "on_track", "acceleration_needed", "limited", "deterioration", "missed"
]
Reason = Literal[
    "not_loaded", "no_indicator", "no_release", "no_figure", "other_borders", "before_baseline",
    "one_figure", "zero_baseline", "opposite_signs",
]
VERDICTS: dict[Category, Verdict] = {
    "achieved": "met", "on_track": "on_track", "acceleration_needed": "behind",
    "limited": "behind", "deterioration": "behind", "missed": "behind",
}
_MEETS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda value, target: value >= target, ">": lambda value, target: value > target,
    "<=": lambda value, target: value <= target, "<": lambda value, target: value < target,
    "=": lambda value, target: value == target,
}


class Goal(Frozen):
    """A target as the method sees it.

    value: what is to be reached in `year`, compared by `operator`.
    baseline: the year from which progress is measured, or the next one with a figure.
    """

    value: float
    operator: Literal[">=", ">", "<=", "<", "="]
    year: int
    baseline: int

    def is_met(self, value: float) -> bool:
        """Return whether a figure meets the target."""
        return _MEETS[self.operator](value, self.value)

    def direction(self, base: float) -> int:
        """Return 1 where more is better, -1 where less is; `base` decides for `=`."""
        if self.operator == "=":
            return 1 if self.value >= base else -1
        return -1 if self.operator in ("<=", "<") else 1


class Turn(Frozen):
    """A value of the newest figure at which the verdict would become another.

    value: the limit; `reached` says whether the value itself already turns it.
    verdict: what it would become.
    """

    value: float
    verdict: Verdict
    reached: bool


class Progress(Frozen):
    """How far a series is on its way to a goal, with the arithmetic.

    base, newest: the figures compared; `base` is `newest` where there is only one.
    observed, required: compound annual growth rates; none where they do not decide.
    ratio: observed to required, positive in the direction of the target.
    turns: where the newest figure would change the verdict.
    """

    category: Category
    base: YearFigure
    newest: YearFigure
    observed: float | None = None
    required: float | None = None
    ratio: float | None = None
    turns: tuple[Turn, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict in four words."""
        return VERDICTS[self.category]


def measure(figures: Sequence[YearFigure], goal: Goal) -> Progress | Reason:
    """Return how far the `figures`, oldest first, are on the way to the `goal`, or why not."""
    known = [each for each in figures if each.year <= goal.year]
    since = [each for each in known if each.year >= goal.baseline]
    if not known:
        return "no_figure"
    if not since:
        return "before_baseline"
    base, newest = since[0], since[-1]
    found = _judge(base, newest, goal)
    if isinstance(found, str):
        return found
    return found.model_copy(update={"turns": _turns(found, goal)})


def _judge(base: YearFigure, newest: YearFigure, goal: Goal) -> Progress | Reason:
    if goal.is_met(newest.value):
        category: Category = "achieved"
    elif newest.year == goal.year:
        category = "missed"
    elif base.year == newest.year:
        return "one_figure"
    elif base.value == 0:
        return "zero_baseline"
    elif min(base.value * newest.value, base.value * goal.value) < 0:
        return "opposite_signs"
    else:
        observed, required, ratio = _rates(base, newest, goal)
        return Progress(
            category=_category(ratio), base=base, newest=newest, observed=observed,
            required=required, ratio=ratio if required else None,
        )
    if base.year < newest.year and min(base.value, newest.value, goal.value) > 0:
        observed, required, ratio = _rates(base, newest, goal)
        return Progress(
            category=category, base=base, newest=newest, observed=observed, required=required,
            ratio=ratio if required else None,
        )
    return Progress(category=category, base=base, newest=newest)


def _rates(base: YearFigure, newest: YearFigure, goal: Goal) -> tuple[float, float, float]:
    """Return the observed and the required growth rate, and their ratio."""
    observed = growth(base.value, newest.value, newest.year - base.year)
    required = growth(base.value, goal.value, goal.year - base.year)
    sign = -1 if base.value < 0 else 1
    moved = sign * goal.direction(base.value) * observed
    ratio = moved / abs(required) if required else math.copysign(math.inf, moved)
    return observed, required, ratio


def growth(first: float, last: float, years: int) -> float:
    """Return the compound annual growth rate from the `first` to the `last` value over `years`.

    >>> round(growth(100, 121, 2), 6)
    0.1
    """
    return float((last / first) ** (1 / years)) - 1


def _category(ratio: float) -> Category:
    if ratio >= ON_TRACK:
        return "on_track"
    if ratio >= ACCELERATE:
        return "acceleration_needed"
    return "limited" if ratio >= NO_DETERIORATION else "deterioration"


def _turns(found: Progress, goal: Goal) -> tuple[Turn, ...]:
    """Return the limits between which the newest figure leaves the verdict as it is.

    They are the target's value, and the value at which 95 % of the required rate is observed; of
    each, what the verdict is on the other side is found by judging again.
    """
    base, newest = found.base, found.newest
    if goal.operator == "=":  # one value meets it: no limit, but that value
        limits = [goal.value] if found.category != "achieved" else []
    else:
        limits = [goal.value]
    if found.ratio is not None and found.required and newest.year < goal.year:
        sign = -1 if base.value < 0 else 1
        pace = sign * goal.direction(base.value) * ON_TRACK * abs(found.required)
        limits.append(base.value * (1 + pace) ** (newest.year - base.year))
    turns: list[Turn] = []
    for limit in sorted(limits, key=lambda each: abs(each - newest.value)):
        step = max(abs(limit), 1.0) * 1e-9
        for value, reached in ((limit, True), (limit - step, False), (limit + step, False)):
            other = _judge(base, newest.model_copy(update={"value": value}), goal)
            verdict = "no_data" if isinstance(other, str) else other.verdict
            if verdict != found.verdict and not any(
                turn.verdict == verdict for turn in turns
            ):
                turns.append(Turn(value=limit, verdict=verdict, reached=reached))
    return tuple(turns)
