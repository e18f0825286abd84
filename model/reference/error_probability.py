"""The probability that an observation which a check names is an error.

A logistic regression over flags of which it is known: those of untouched tables that a person
assessed, and planted faults, which count together as one observation in 10,000, all of the tuning
part of `bench/quality/split.csv`. Fitted on 30 November 2026, `python -m bench.quality.calibrate`;
docs/quality.md has its reliability on tables held out, which were looked at afterwards. Where a
check had too few flags to learn from there is no probability.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

FACTOR = math.log(1000)  # larger ones say no more
COEFFICIENTS: dict[str, float] = {
    "all": 2.248,
    "factor": 0.239,
    "periods": 0.008,
    "elsewhere": -0.906,
    "areas_of_last_release": 0.428,
    "areas_to_add_up": 1.335,
    "farm_activity_parts_within_total": 0.035,
    "key_unique": 0.648,
    "obs_value_present": 0.257,
    "obs_value_within_bounds": 0.232,
    "observations_of_last_release": 0.788,
    "periods_complete": -2.425,
    "periods_not_repeated": 0.793,
    "periods_of_last_release": 0.065,
    "ref_area_known": 0.359,
    "revisions_usual": 0.331,
    "school_level_parts_within_total": 0.047,
    "series_fit_as_written": -0.375,
    "series_keep_unit": -2.15,
    "series_without_gaps": 1.768,
    "series_without_jumps": -1.19,
    "series_without_missing_marks": -0.011,
    "series_without_spikes": -1.404,
    "time_period_form": 0.278,
}


SHARED = ("all", "factor", "periods", "elsewhere")  # in the order of `features`


def features(item: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return logarithms: of the factor, either way, of the periods, of what is usual elsewhere.

    0 where a check says nothing of it. What is usual elsewhere is a step that one in fifty of the
    other areas' steps exceeds.
    """
    factor, periods, usual = (item.get(n) for n in ("factor", "periods", "usual_elsewhere"))
    off = abs(math.log(abs(factor))) if isinstance(factor, int | float) and factor else 0.0
    long = math.log(periods) if isinstance(periods, int | float) and periods > 0 else 0.0
    return min(off, FACTOR), long, math.log(usual) if usual else 0.0


def probability_of(
    check: str, item: Mapping[str, Any], coefficients: Mapping[str, float] = COEFFICIENTS
) -> float | None:
    """Return the probability that what a check says of an observation is an error.

    Args:
        check: the check's name in the suite.
        item: what it says: `factor`, `periods` and `usual_elsewhere`, where it has them.
        coefficients: of the regression.
    """
    if check not in coefficients or check in SHARED:
        return None
    shared = zip(SHARED, (1.0, *features(item)), strict=True)
    score = coefficients[check] + sum(coefficients[name] * value for name, value in shared)
    return 1 / (1 + math.exp(-score))
