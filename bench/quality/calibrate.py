"""Fit the probability that a flag is an error, and measure it: reliability, Brier score.

`python -m bench.quality.calibrate TUNING… --test HELD-OUT` reads what `python -m bench.quality
--out` wrote. A flag is an error where it names a planted fault; flags of untouched tables count as
`assessed.csv` says. Left out are those that nobody assessed, and new flags beside a planted fault,
which follow from it: the total of a spoilt part, the neighbour of a row that moved.

The model is a logistic regression with a ridge penalty: an intercept for each check, the logarithm
of the factor (at most `FACTOR`) and that of the number of periods.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from model.reference.error_probability import COEFFICIENTS, features, probability_of

ASSESSED = Path(__file__).with_name("assessed.csv")
RIDGE, LEAST = 1.0, 8  # the penalty; flags of a check below which it has no intercept of its own
Example = tuple[str, dict[str, Any], bool]  # check, what it says of the observation, an error?


def examples(paths: Iterable[Path]) -> list[Example]:
    """Read flags of which it is known whether they are errors."""
    with ASSESSED.open(encoding="utf-8") as lines:
        assessed = {
            (row["dataset"], row["check"], row["indicator"], row["ref_area"], row["time_period"]):
            row["error"] == "1" for row in csv.DictReader(lines)
        }
    found: list[Example] = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            flag = json.loads(line)
            if flag["what"] == "hits":
                found.append((flag["check"], flag["item"], True))
            elif flag["what"] == "untouched":
                item = flag["item"]
                key = (flag["dataset"], flag["check"], item.get("indicator", ""),
                       item.get("ref_area", ""), item.get("time_period", ""))
                if key in assessed:
                    found.append((flag["check"], item, assessed[key]))
    return found


def fit(known: list[Example]) -> dict[str, float]:
    """Return the coefficients: one for each check with enough flags, `factor`, `periods`, `all`."""
    counted = Counter(check for check, _, _ in known)
    checks = sorted(check for check, n in counted.items() if n >= LEAST)
    names = ["all", "factor", "periods", *checks]
    rows = np.array([
        [1.0, *features(item), *(float(check == name) for name in checks)]
        for check, item, _ in known
    ])
    errors = np.array([error for _, _, error in known], dtype=float)

    def loss(b: Any) -> float:
        z = rows @ b
        return float(np.sum(np.logaddexp(0, z) - errors * z) + RIDGE / 2 * np.sum(b[1:] ** 2))

    found = minimize(loss, np.zeros(len(names)), method="L-BFGS-B")
    return {name: round(float(value), 3) for name, value in zip(names, found.x, strict=True)}


def reliability(known: list[Example]) -> list[str]:
    """Return the lines of a reliability table, and the Brier score beside that of the base rate."""
    pairs = [
        (p, error) for check, item, error in known
        if (p := probability_of(check, item)) is not None
    ]
    lines = [f"{len(pairs)} flags", "probability    flags  mean said  errors"]
    for low in np.arange(0, 1, 0.1):
        own = [(p, e) for p, e in pairs if low <= p < low + 0.1 or (low > 0.85 and p >= 1)]
        if own:
            said, errors = (sum(x) / len(own) for x in zip(*own, strict=True))
            lines.append(
                f"{low:.1f} to {low + 0.1:.1f} {len(own):8}     {said:6.1%}  {errors:6.1%}")
    if not pairs:
        return lines
    base = sum(e for _, e in pairs) / len(pairs)
    brier = sum((p - e) ** 2 for p, e in pairs) / len(pairs)
    lines.append(
        f"Brier score {brier:.3f}; of the base rate {base:.1%} alone {base * (1 - base):.3f}")
    return lines


def main() -> None:
    """Fit and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tuning", type=Path, nargs="+")
    parser.add_argument("--test", type=Path, action="append", default=[])
    options = parser.parse_args()
    known = examples(options.tuning)
    fitted = fit(known)
    print(json.dumps(fitted, indent=4))
    same = fitted == COEFFICIENTS
    print("model/reference/error_probability.py", "has these" if same else "has others")
    for name, paths in (("tuning", options.tuning), ("test", options.test)):
        if paths:
            print(name, *reliability(examples(paths)), sep="\n")


if __name__ == "__main__":
    main()
