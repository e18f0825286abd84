"""The expectations on time series, text and the last release that every dataset gets by itself.

They are warnings: they inform beside the data. Personal data, and a table that has lost half of
its rows, stop the release. A suite that names one of these kinds says it itself, with thresholds
and a severity of its own, and the automatic one is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from expectations.checks.custom import CUSTOM, completed
from expectations.disclosure_control.small_cells import suppressed, thresholds
from expectations.suites.expectation import Expectation
from model.declarations.dataset import Dataset
from model.records.validation import Severity
from model.reference.codelist import CodeEntry
from model.reference.registries import Registries

# Kind -> the name of the automatic expectation, and its severity.
AUTOMATIC: dict[str, tuple[str, Severity]] = {
    "expect_series_to_have_no_gaps": ("series_without_gaps", "warning"),
    "expect_series_values_to_not_jump": ("series_without_jumps", "warning"),
    "expect_series_values_to_keep_their_unit": ("series_keep_unit", "warning"),
    "expect_series_values_to_keep_their_sign": ("series_keep_sign", "warning"),
    "expect_series_values_to_be_no_missing_marks": ("series_without_missing_marks", "warning"),
    "expect_series_to_not_stand_still": ("series_move", "warning"),
    "expect_series_to_not_be_cumulated": ("series_not_cumulated", "warning"),
    "expect_cumulative_series_to_not_fall": ("cumulative_series_do_not_fall", "warning"),
    "expect_levels_to_hold_across_geography_breaks": ("levels_hold_across_borders", "warning"),
    "expect_periods_to_be_complete": ("periods_complete", "warning"),
    "expect_periods_to_not_repeat_the_last": ("periods_not_repeated", "warning"),
    "expect_series_to_differ_from_each_other": ("series_differ", "warning"),
    "expect_levels_to_be_usual_across_areas": ("levels_usual_across_areas", "warning"),
    "expect_steps_to_be_usual_across_areas": ("steps_usual_across_areas", "warning"),
    "expect_areas_to_be_complete": ("areas_complete", "warning"),
    "expect_most_rows_of_last_release": ("rows_of_last_release", "critical"),
    "expect_all_areas_of_last_release": ("areas_of_last_release", "warning"),
    "expect_all_periods_of_last_release": ("periods_of_last_release", "warning"),
    "expect_no_observation_to_be_withdrawn": ("observations_of_last_release", "warning"),
    "expect_revisions_to_be_usual": ("revisions_usual", "warning"),
    "expect_series_to_stay_in_place": ("series_in_place", "warning"),
    "expect_no_personal_data": ("no_personal_data", "critical"),
    "expect_small_cells_to_be_withheld": ("small_cells_withheld", "critical"),
    "expect_withheld_counts_to_be_withheld_elsewhere": ("withheld_elsewhere", "critical"),
    "expect_withheld_counts_to_stay_withheld": ("withheld_in_every_release", "warning"),
    "expect_text_to_be_readable": ("text_readable", "critical"),
}
# A suite may say these more strictly, but not leave them out.
ALWAYS = (
    "expect_no_personal_data", "expect_small_cells_to_be_withheld",
    "expect_withheld_counts_to_be_withheld_elsewhere",
)


def automatic_expectations(
    dataset: Dataset, registries: Registries, given: Collection[str] = ()
) -> tuple[Expectation, ...]:
    """Return the automatic expectations of a dataset, without the kinds that its suite has."""
    return tuple(_automatic(dataset, registries, set(given) - set(ALWAYS)))


def _automatic(
    dataset: Dataset, registries: Registries, given: Collection[str]
) -> Iterator[Expectation]:
    for kind, (name, severity) in AUTOMATIC.items():
        custom = CUSTOM[kind]
        if kind in given or dataset.frequency not in custom.frequencies.split():
            continue
        if kind == "expect_cumulative_series_to_not_fall" and dataset.frequency != "YTD":
            continue
        for number, kwargs in enumerate(_arguments(kind, dataset, registries), start=1):
            yield Expectation(
                name=name if number == 1 else f"{name}_{number}", type=kind,
                kwargs=completed(kind, kwargs, dataset), severity=severity, level=custom.level,
                title=custom.title,
            )


def free_text(dataset: Dataset) -> list[str]:
    """Return the columns of a release that may hold any text: all others hold declared codes."""
    open_codes = [name for name, item in dataset.dimensions.items() if item.codelist is None]
    return [*open_codes, "obs_note"]


def _arguments(kind: str, dataset: Dataset, registries: Registries) -> list[dict[str, Any]]:
    """Return the arguments of each expectation of a kind: of most kinds there is one."""
    if kind == "expect_small_cells_to_be_withheld":
        return [{"thresholds": thresholds(dataset)}] if thresholds(dataset) else []
    if kind == "expect_withheld_counts_to_be_withheld_elsewhere":
        others = sorted({name for rule in suppressed(dataset).values() for name in rule.also_in})
        return [{"dataset": name, **_withheld(dataset, name)} for name in others]
    if kind == "expect_withheld_counts_to_stay_withheld":
        return [_withheld(dataset)] if suppressed(dataset) else []
    return [_of_kind(kind, dataset, registries)]


def _withheld(dataset: Dataset, also_in: str | None = None) -> dict[str, Any]:
    """Return the indicators whose small counts are withheld (here and there), and their totals."""
    rules = {
        code: rule for code, rule in suppressed(dataset).items()
        if also_in is None or also_in in rule.also_in
    }
    totals = {column: code for rule in rules.values() for column, code in rule.totals.items()}
    return {"indicators": list(rules), "totals": totals}


def _of_kind(kind: str, dataset: Dataset, registries: Registries) -> dict[str, Any]:
    if kind in ("expect_no_personal_data", "expect_text_to_be_readable"):
        return {"columns": free_text(dataset)}
    if kind == "expect_series_values_to_not_jump" and dataset.frequency in ("D", "W"):
        return {"min_periods": 60}  # a fortnight of days tells nothing of the weather's habits
    custom = CUSTOM[kind]
    if "apart" in custom.defaults:
        return {"apart": [area.code for area in _areas(dataset, registries, groups=True)]}
    if "areas" in custom.required:
        return {"areas": [area.code for area in _areas(dataset, registries, groups=False)]}
    if kind == "expect_series_values_to_keep_their_unit":
        # Only what is a percentage or a share is ever published as the other by mistake.
        shares = [
            code for code, indicator in dataset.indicators.items()
            if indicator.unit.startswith("percent") or indicator.unit in ("ratio", "index")
        ]
        return {"powers": [2, 3, 6] if shares else [3, 6], "shares": shares}
    return {}


def _areas(dataset: Dataset, registries: Registries, groups: bool) -> Iterator[CodeEntry]:
    """Yield the areas of the dataset's codelist that are groups of others, or those that are not.

    A country is a group where the list is of its provinces.
    """
    areas = registries.codelists[dataset.geography.codelist].entries
    countries = sum(area.kind == "country" for area in areas)
    grouped = ("aggregate", "region", *(["country"] if countries == 1 else []))
    return (area for area in areas if (area.kind in grouped) == groups)
