"""Checks of statistical disclosure control: small counts, here, elsewhere and in other releases.

What is found is counted, not listed: a record that is published must not lead to the cells. How
counts are suppressed is `expectations.disclosure_control`.
"""

from collections.abc import Iterable
from typing import Any

from expectations.checks.base import EARLIER_RELEASES, Arguments, Check, Implied
from expectations.checks.sql import text, texts
from expectations.disclosure_control.small_cells import suppressed
from model.declarations.dataset import FOOTNOTES, PROVENANCE, Dataset
from model.reference.registries import Registries
from model.util.sql import identifier, literal


class SmallCellsWithheld(Check):
    """How many counts are from 1 to below their threshold, by indicator and area."""

    type = "expect_small_cells_to_be_withheld"
    vi = "không công bố số người quá nhỏ, có thể làm lộ một cá nhân"
    en = "no count of people is published that is so small that it could tell who is meant"
    level = "table"
    automatic = "small_cells_withheld"
    protects_persons = True
    acceptable = False

    thresholds: dict[str, int]

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments | None:
        thresholds = {
            code: indicator.small_cells.threshold
            for code, indicator in dataset.indicators.items() if indicator.small_cells
        }
        return {"thresholds": thresholds} if thresholds else None

    def query(self) -> str:
        below = " OR ".join(
            f"(indicator = {text(code)} AND obs_value > 0 AND obs_value < {least})"
            for code, least in self.thresholds.items()
        )
        return f"""
SELECT indicator, ref_area, count(*) AS affected,
  min(time_period) || ' … ' || max(time_period) AS reference
FROM {{batch}} WHERE {below} GROUP BY ALL"""


# Text that is no part of what a cell is; figures are no text. A release also has the place in its
# snapshot, which says nothing of the cell either.
_NO_KEY = ("freq", "unit_measure", "obs_status", "obs_note", FOOTNOTES, *PROVENANCE)
_PAIR = r'"(?:[^"\\]|\\.)*":"(?:[^"\\]|\\.)*"'
WITHHELD, PUBLISHED = "obs_status = 'Q' AND obs_value IS NULL", "obs_value IS NOT NULL"


class WithheldCellsCheck(Check):
    """A check of the counts of `indicators` that are withheld; `totals` are codes of totals."""

    indicators: list[str]
    totals: dict[str, str] = {}

    def cells(self, table: str, condition: str) -> str:
        """Return SQL for indicator and cell of the observations of a table that fulfil a condition.

        A cell is its codes by column, without those that stand for the total of a column: a table
        by sex has the same totals as one without. Whatever columns the table has.
        """
        totals = ", ".join(
            text(f'"{column}":"{code}"') for column, code in self.totals.items()
            if column != "ref_area"
        )
        left_out = f"pair IN ({totals})" if totals else "false"
        return (
            "SELECT indicator, list_sort(list_filter(regexp_extract_all(to_json(observation)"
            f"::VARCHAR, {literal(_PAIR)}),"
            f" lambda pair: NOT (pair LIKE '%\":\"_T\"' OR {left_out}))) AS cell"
            f" FROM (SELECT COLUMNS(lambda c: c NOT IN ({texts(_NO_KEY)})) FROM {table}"
            f" WHERE indicator IN ({texts(self.indicators)}) AND {condition}) AS observation"
        )


def withheld(dataset: Dataset, also_in: str | None = None) -> dict[str, Any]:
    """Return the indicators of a dataset whose small counts are withheld, and their totals.

    `also_in`: only those that this other dataset has too; None: all.
    """
    rules = {
        code: rule for code, rule in suppressed(dataset).items()
        if also_in is None or also_in in rule.also_in
    }
    totals = {column: code for rule in rules.values() for column, code in rule.totals.items()}
    return {"indicators": list(rules), "totals": totals}


class WithheldElsewhere(WithheldCellsCheck):
    """How many counts another dataset publishes of those that are withheld here, by indicator."""

    type = "expect_withheld_counts_to_be_withheld_elsewhere"
    vi = "số bị che ở đây không được công bố ở tập dữ liệu khác có cùng chỉ tiêu"
    en = "no count that is withheld here is published by another dataset with the indicator"
    level = "table"
    automatic = "withheld_elsewhere"
    protects_persons = True
    acceptable = False

    dataset: str

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check for each other dataset that has an indicator of this dataset.

        `registries` do not matter.
        """
        others = sorted({name for rule in suppressed(dataset).values() for name in rule.also_in})
        return [
            Implied(
                cls.automatic if number == 1 else f"{cls.automatic}_{number}", cls.severity,
                {"dataset": other, **withheld(dataset, other)},
            )
            for number, other in enumerate(others, start=1)
        ]

    def query(self) -> str:
        theirs = identifier(self.dataset)
        return f"""
SELECT indicator, count(*) AS affected, {text(self.dataset)} AS reference
FROM ({self.cells("{batch}", WITHHELD)})
WHERE cell IN (SELECT cell FROM ({self.cells(theirs, PUBLISHED)}))
GROUP BY indicator"""


class WithheldBefore(WithheldCellsCheck):
    """How many counts are withheld now and were published in an earlier release, or the reverse.

    Both tell by difference: of what was published once, and of what was withheld beside it.
    """

    type = "expect_withheld_counts_to_stay_withheld"
    vi = "số bị che vẫn bị che ở mọi lần phát hành, để so sánh các lần không làm lộ"
    en = "what is withheld is withheld in every release: comparing them gives nothing away"
    level = "table"
    severity = "warning"
    automatic = "withheld_in_every_release"

    relation: str = EARLIER_RELEASES

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments | None:
        return withheld(dataset) if suppressed(dataset) else None

    def query(self) -> str:
        earlier = identifier(self.relation)
        pairs = [
            ("withheld now, published in an earlier release", WITHHELD, PUBLISHED),
            ("published now, withheld in an earlier release", PUBLISHED, WITHHELD),
        ]
        return " UNION ALL ".join(
            f"""
SELECT indicator, count(*) AS affected, '{words}' AS reference
FROM ({self.cells("{batch}", now)})
WHERE cell IN (SELECT cell FROM ({self.cells(earlier, then)}))
GROUP BY indicator"""
            for words, now, then in pairs
        )
