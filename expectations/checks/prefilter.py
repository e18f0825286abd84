"""What a check needs a table to be like before its query can find anything.

Running the query of every check costs three times as much as one pass that rules most of them out
(`make bench-validate`: 1,000 datasets of 1,000 rows). A check that offers a `may_find` gives an
aggregate that is true where its query may find something; it may be wrong in that direction only.
The conditions that choose series are stated once, in the check, for its query and for this pass.
"""

import re
from dataclasses import dataclass
from typing import Literal

# A series in figures, over its points `v` at the periods `t`.
SERIES = {
    "n": "count(*)",
    "n_positive": "count(*) FILTER (v > 0)",
    "low": "min(v)",
    "high": "max(v)",
    "low_positive": "min(v) FILTER (v > 0)",
    "positive": "low >= 0",
    "varied": "count(DISTINCT v)",
}


@dataclass(frozen=True)
class MayFind:
    """An aggregate that is true where a check's query may find something.

    Args:
        scope: over what: "series" (a row for each series, `expectations.runner.prefilter`),
            "release" (one row that compares with the last release), "table" (the table's rows).
        sql: the aggregate.
        of_any: one row of the scope is enough: it is true where it is true in any part of it.
    """

    scope: Literal["series", "release", "table"]
    sql: str
    of_any: bool = False


def any_series(condition: str) -> MayFind:
    """Return that some series fulfils a condition."""
    return MayFind("series", f"coalesce(bool_or({condition}), false)", of_any=True)


def having(condition: str, also: str = "") -> str:
    """Return a SELECT of the series that fulfil a `condition` over `SERIES`.

    `also` are further columns, each with a comma before it.
    """
    names = [name for name in SERIES if re.search(rf"\b{name}\b", condition + also)]
    if "positive" in names and "low" not in names:
        names.insert(0, "low")
    figures = "".join(f", {SERIES[name]} AS {name}" for name in names)
    return f"SELECT series{figures}{also} FROM point GROUP BY series HAVING {condition}"
