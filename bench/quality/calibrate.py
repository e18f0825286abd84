"""Fit the probability that a flag is an error, and measure it: reliability, Brier score.

`python -m bench.quality.calibrate TUNING… --test HELD-OUT` reads what `python -m bench.quality
--out` wrote. A flag is an error where it names a planted fault; flags of untouched tables count as
`assessed.csv` says. Left out are those that nobody assessed, and new flags beside a planted fault,
which follow from it: the total of a spoilt part, the neighbour of a row that moved.

In a table of one's own, faults are as frequent as they are, and not as they were planted: planted
ones count together as `PRIOR` of all observations, those that were there already one each.

The model is a logistic regression with a ridge penalty: an intercept for each check, the logarithm
of the factor (at most `FACTOR`), of the number of periods, and of the factor against what is usual
in other areas. A model says too much of the flags that it was fitted to: its score is scaled as
Platt did (Probabilistic outputs for support vector machines, 1999), to what models say that were
fitted without the flag's own statistic. Isotonic regression needs a thousand flags (Niculescu-Mizil
and Caruana, Predicting good probabilities with supervised learning, ICML 2005).
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from bench.quality.split import statistic_of
from model.reference.error_probability import COEFFICIENTS, SHARED, features, probability_of

ASSESSED = Path(__file__).with_name("assessed.csv")
EDGES = (0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)
RIDGE, LEAST = 1.0, 8  # the penalty; flags of a check below which it has no intercept of its own
FOLDS = 10
# Single wrong figures in the untouched tables of the tuning part: about one in 10,000.
PRIOR = 1e-4


class Example(NamedTuple):
    """A flag of which it is known whether it is an error: its check, and what that says."""

    check: str
    item: dict[str, Any]
    error: bool
    weight: float
    statistic: str


def examples(paths: Iterable[Path]) -> list[Example]:
    """Read flags of which it is known whether they are errors."""
    with ASSESSED.open(encoding="utf-8") as lines:
        assessed = {
            (row["dataset"], row["check"], row["indicator"], row["ref_area"], row["time_period"]):
            row["error"] == "1" for row in csv.DictReader(lines)
        }
    found: list[Example] = []
    planted: list[tuple[str, dict[str, Any], str]] = []
    observations = 0
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            flag = json.loads(line)
            if flag["what"] == "hits":
                planted.append((flag["check"], flag["item"], statistic_of(flag["dataset"])))
            elif flag["what"] == "tables":
                observations += flag["observations"]
            elif flag["what"] == "untouched":
                item = flag["item"]
                key = (flag["dataset"], flag["check"], item.get("indicator", ""),
                       item.get("ref_area", ""), item.get("time_period", ""))
                if key in assessed:
                    found.append(Example(flag["check"], item, assessed[key], 1.0,
                                         statistic_of(flag["dataset"])))
    weight = PRIOR * observations / max(len(planted), 1)
    return found + [Example(check, item, True, weight, of) for check, item, of in planted]


def fit(known: list[Example]) -> dict[str, float]:
    """Return the coefficients: those of `SHARED`, and one for each check with enough flags."""
    counted = Counter(one.check for one in known)
    checks = sorted(check for check, n in counted.items() if n >= LEAST)
    names = [*SHARED, *checks]
    rows = np.array([
        [1.0, *features(one.item), *(float(one.check == name) for name in checks)]
        for one in known
    ])
    return dict(zip(names, _logistic(rows, known, np.zeros(len(names))), strict=True))


def _logistic(rows: Any, known: list[Example], towards: Any) -> list[float]:
    """Return the coefficients of `rows` that make the errors of `known` likely.

    The ridge penalty is on how far they are from `towards`, the first left out.
    """
    errors = np.array([one.error for one in known], dtype=float)
    weights = np.array([one.weight for one in known])

    def loss(b: Any) -> float:
        z = rows @ b
        losses = weights * (np.logaddexp(0, z) - errors * z)
        return float(np.sum(losses) + RIDGE / 2 * np.sum((b - towards)[1:] ** 2))

    return [float(value) for value in minimize(loss, towards, method="L-BFGS-B").x]


def cross_fitted(known: list[Example]) -> list[tuple[Example, float]]:
    """Return each flag with the score of a model that did not see its statistic."""
    found = []
    for fold in range(FOLDS):
        own = [one for one in known if zlib.crc32(one.statistic.encode()) % FOLDS == fold]
        fitted = fit([one for one in known if one not in own])
        for one in own:
            p = probability_of(one.check, one.item, fitted)
            if p is not None:
                found.append((one, math.log(p / (1 - p))))
    return found


def calibrated(known: list[Example]) -> dict[str, float]:
    """Return the coefficients, their score scaled to what `cross_fitted` models are right in."""
    scores = cross_fitted(known)
    rows = np.array([[1.0, score] for _, score in scores])
    shift, scale = _logistic(rows, [one for one, _ in scores], np.array([0.0, 1.0]))
    fitted = {name: scale * value for name, value in fit(known).items()}
    return {name: round(value + shift * (name == "all"), 3) for name, value in fitted.items()}


@dataclass(frozen=True)
class Bin:
    """Flags of which about the same was said: how many, the mean said, the share of errors."""

    flags: int
    weight: float
    said: float
    errors: float


def bins(known: list[Example]) -> tuple[list[Bin], float, float]:
    """Return the bins of a reliability plot, the Brier score, and that of the base rate alone."""
    said = [(p, float(one.error), one.weight) for one in known
            if (p := probability_of(one.check, one.item)) is not None]
    p, error, weight = (np.array(x) for x in zip(*said, strict=True))
    found = []
    for low, high in itertools.pairwise(EDGES):
        own = (p >= low) & (p < high)
        if own.any():
            found.append(Bin(
                int(own.sum()), float(weight[own].sum()),
                float(np.average(p[own], weights=weight[own])),
                float(np.average(error[own], weights=weight[own]))))
    base = float(np.average(error, weights=weight))
    return found, float(np.average((p - error) ** 2, weights=weight)), base * (1 - base)


def reliability(known: list[Example]) -> list[str]:
    """Return the lines of a reliability table, and the Brier score beside that of the base rate."""
    found, brier, base = bins(known)
    return [
        "   flags  weight  mean said  errors",
        *(f"{b.flags:8} {b.weight:7.1f}     {b.said:6.1%}  {b.errors:6.1%}" for b in found),
        f"Brier score {brier:.3f}; of the base rate alone {base:.3f}",
    ]


def plot(known: list[Example], title: str) -> str:
    """Return a reliability plot as SVG: what was said, what came true, the area is the weight."""
    found, brier, _ = bins(known)
    most = max(b.weight for b in found)
    dots = "".join(
        f'<circle cx="{60 + 300 * b.said:.1f}" cy="{340 - 300 * b.errors:.1f}"'
        f' r="{3 + 13 * math.sqrt(b.weight / most):.1f}" fill="#1f6f8b" fill-opacity="0.55"/>'
        f'<text x="{60 + 300 * b.said:.1f}" y="{340 - 300 * b.errors:.1f}" dy="4"'
        f' text-anchor="middle" font-size="10">{b.flags}</text>' for b in found)
    ticks = "".join(
        f'<text x="{60 + 300 * x}" y="358" text-anchor="middle">{x:.0%}</text>'
        f'<text x="52" y="{344 - 300 * x}" text-anchor="end">{x:.0%}</text>'
        f'<path d="M60 {340 - 300 * x}H360M{60 + 300 * x} 40V340" stroke="#ccc"/>'
        for x in (0, 0.25, 0.5, 0.75, 1))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 390" width="400" height="390"'
        ' font-family="sans-serif" font-size="12" role="img">'
        f"<title>{title}</title>"
        '<rect width="400" height="390" fill="#fff"/>'
        f"{ticks}"
        '<path d="M60 340L360 40" stroke="#888" stroke-dasharray="4 4"/>'
        f"{dots}"
        f'<text x="60" y="22" font-size="13">{title}: Brier score {brier:.3f}</text>'
        '<text x="210" y="380" text-anchor="middle">probability said</text>'
        '<text x="16" y="190" text-anchor="middle" transform="rotate(-90 16 190)">errors</text>'
        "</svg>\n"
    )


def main() -> None:
    """Fit and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tuning", type=Path, nargs="+")
    parser.add_argument("--test", type=Path, action="append", default=[])
    parser.add_argument("--plot", type=Path, help="write a reliability plot of the test here")
    options = parser.parse_args()
    known = examples(options.tuning)
    fitted = calibrated(known)
    print(json.dumps(fitted, indent=4))
    same = fitted == COEFFICIENTS
    print("model/reference/error_probability.py", "has these" if same else "has others")
    for name, paths in (("tuning", options.tuning), ("test", options.test)):
        if paths:
            print(name, *reliability(examples(paths)), sep="\n")
            own = [one for one in examples(paths) if one.weight == 1]
            print(name, "untouched tables only", *reliability(own), sep="\n")
    if options.plot and options.test:
        options.plot.write_text(plot(examples(options.test), "Held out"), encoding="utf-8")


if __name__ == "__main__":
    main()
