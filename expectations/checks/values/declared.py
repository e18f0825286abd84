"""What the declaration says of an indicator's values: unit, presence, limits, interval."""

from abc import abstractmethod
from collections.abc import Mapping

from expectations.checks.base import Arguments, Check
from expectations.checks.spreadsheet import SheetRow, all_of, any_of, given, is_code, outside
from expectations.checks.sql import in_template
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.sql import literal

# Statuses of SDMX under which an observation has no value: O missing, Q suppressed.
WITHOUT_VALUE = ("O", "Q")


class RowCondition(Check):
    """A condition on single rows: its query is counted in the common scan."""

    dimension = "validity"

    @abstractmethod
    def broken(self) -> str:
        """Return the condition that a row breaks the check."""

    def query(self) -> str:
        return f"SELECT * FROM {{batch}} WHERE {in_template(self.broken())}"


class UnitsDeclared(RowCondition):
    """A unit that is not the one declared for the indicator.

    An indicator that is not declared has a check of its own, and no unit to compare.
    """

    type = "expect_units_as_declared"
    vi = "đơn vị đo là đơn vị đã khai báo cho chỉ tiêu"
    en = "the unit of measure is the one declared for the indicator"
    automatic = "unit_measure_declared"
    acceptable = False

    units: dict[str, str]

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments:
        return {"units": {code: item.unit for code, item in dataset.indicators.items()}}

    def broken(self) -> str:
        whens = " ".join(
            f"WHEN {literal(code)} THEN {literal(unit)}" for code, unit in self.units.items()
        )
        declared = f"CASE indicator {whens} ELSE unit_measure END"
        return f"unit_measure IS DISTINCT FROM {declared}"

    def formula(self, row: SheetRow) -> str:
        return "FALSE"  # nobody fills in units: a sheet shows those that are declared


class ValuesPresent(RowCondition):
    """A row without a value whose status is neither missing nor suppressed."""

    type = "expect_values_unless_status"
    vi = (
        "dòng nào cũng có giá trị, trừ khi trạng thái là “không có số liệu” hoặc"
        " “không công bố”"
    )
    en = "every row has a value, unless its status is “missing” or “suppressed”"
    automatic = "obs_value_present"
    acceptable = False

    def broken(self) -> str:
        statuses = ", ".join(map(literal, WITHOUT_VALUE))
        return (
            f"(obs_value IS NULL AND coalesce(obs_status NOT IN ({statuses}), true))"
            " OR NOT isfinite(obs_value)"
        )

    def formula(self, row: SheetRow) -> str:
        status = row.cell("obs_status")
        without = any_of(is_code(status, each) for each in WITHOUT_VALUE)
        return f'AND({row.cell("obs_value")}="",NOT({without}))'


class ValuesWithinBounds(RowCondition):
    """A value outside its indicator's limits; one query for all indicators."""

    type = "expect_values_within_bounds"
    vi = "giá trị {bounds}"
    en = "the value {bounds}"
    automatic = "obs_value_within_bounds"

    minimum: dict[str, float] = {}
    maximum: dict[str, float] = {}

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments:
        return {
            side: {
                code: limit for code, indicator in dataset.indicators.items()
                if (limit := getattr(indicator, side)) is not None
            }
            for side in ("minimum", "maximum")
        }

    def broken(self) -> str:
        parts = []
        for code in dict.fromkeys((*self.minimum, *self.maximum)):
            bounds = [
                f'"obs_value" {sign} {limits[code]!r}'
                for sign, limits in (("<", self.minimum), (">", self.maximum)) if code in limits
            ]
            parts.append(f"(indicator = {literal(code)} AND ({' OR '.join(bounds)}))")
        return " OR ".join(parts) or "false"

    def formula(self, row: SheetRow) -> str:
        value, indicator = row.cell("obs_value"), row.cell("indicator")
        parts = [
            all_of([
                is_code(indicator, code),
                outside(value, self.minimum.get(code), self.maximum.get(code)),
            ])
            for code in dict.fromkeys((*self.minimum, *self.maximum))
        ]
        return given(row, "obs_value", any_of(parts))

    def words(self, wording: Wording) -> Mapping[str, str]:
        by_limits: dict[tuple[float | None, float | None], list[str]] = {}
        for code in wording.dataset.indicators:
            limits = (self.minimum.get(code), self.maximum.get(code))
            by_limits.setdefault(limits, []).append(code)
        free = by_limits.pop((None, None), [])
        if not by_limits:
            return {"bounds": wording.say(
                "nằm trong giới hạn của chỉ tiêu (không chỉ tiêu nào có giới hạn)",
                "lies within its indicator's limits (no indicator has any)",
            )}
        named = len(by_limits) > 1 or free
        names = wording.dataset.indicators
        parts = [
            wording.bounds(low, high) + (
                f" ({wording.values([names[code].name.get(wording.language) for code in codes])})"
                if named else ""
            )
            for (low, high), codes in by_limits.items()
        ]
        return {"bounds": wording.say("", "is ") + "; ".join(parts)}


class ValuesWithinInterval(RowCondition):
    """A value outside the bounds of its own interval, in datasets that publish intervals."""

    type = "expect_values_within_interval"
    vi = "giá trị nằm giữa cận dưới và cận trên của nó"
    en = "the value lies between its lower and its upper bound"
    automatic = "obs_value_within_interval"

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments | None:
        return {} if {"lower_bound", "upper_bound"} <= set(dataset.columns) else None

    def broken(self) -> str:
        return "lower_bound > obs_value OR obs_value > upper_bound OR lower_bound > upper_bound"

    def formula(self, row: SheetRow) -> str:
        low, value, high = map(row.cell, ("lower_bound", "obs_value", "upper_bound"))
        pairs = ((low, value), (value, high), (low, high))
        return any_of(f'AND({a}<>"",{b}<>"",{a}>{b})' for a, b in pairs)
