"""Golden cells: figures that a person verified at the source, which no run may change unnoticed."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from expectations.checks.base import ArgumentProblem, Check, Period
from expectations.checks.sql import text
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.records.release_blockers import GOLDEN
from model.reference.periods import frequency_of
from model.reference.registries import Registries
from model.util.sql import identifier
from model.util.text import Frozen, Name, Text, did_you_mean

# Figures that differ by less are the same one in another notation (binary, exponent).
NOTATION = 1e-9


class GoldenCell(Frozen):
    """A figure that a person verified at the source; other fields are the dataset's dimensions.

    indicator: the indicator's code.
    area: the area's code.
    period: the period, in ISO 8601.
    value: the figure, in every digit that the release has.
    unit: the unit, where it must be held to the source as well.
    source: where the figure stands: an address, or the publication with its page or cell.
    verified_by: the person or office that compared it with the source; readers see this.
    verified_on: the day on which that was done.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Text]

    indicator: Text
    area: Text
    period: Period
    value: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    unit: Name | None = None
    source: Text
    verified_by: Text
    verified_on: date

    @property
    def key(self) -> dict[str, str]:
        """The cell's key, by column."""
        return {
            "indicator": self.indicator, "ref_area": self.area, "time_period": self.period,
            **self.__pydantic_extra__,
        }


class GoldenCells(Check):
    """A golden cell whose figure is another one, or is no longer there.

    A suite lists them under `golden`. Only a new verification lets another figure pass: the new
    value stands in the suite.
    """

    type = GOLDEN
    vi = "{count} số liệu đã đối chiếu với nguồn vẫn giữ nguyên"
    en = "{count} verified at the source {are} unchanged"
    level = "table"
    dimension = "validity"
    acceptable = False
    from_declaration = ("golden",)

    golden: list[GoldenCell]

    def words(self, wording: Wording) -> Mapping[str, str]:
        count, one = wording.value(len(self.golden)), len(self.golden) == 1
        return {
            "count": wording.say(count, f"{count} figure{'' if one else 's'}"),
            "are": "is" if one else "are",
        }

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        needed = {"indicator", "ref_area", "time_period", *dataset.dimensions}
        fields = {"ref_area": "area", "time_period": "period"}
        codes: dict[str, Any] = {
            "indicator": dataset.indicators,
            "ref_area": registries.codelists[dataset.geography.codelist].codes,
            **{
                name: registries.codelists[item.codelist].codes
                for name, item in dataset.dimensions.items() if item.codelist
            },
        }
        for place, cell in enumerate(self.golden):
            at = ("golden", place)
            for column, code in cell.key.items():
                field = fields.get(column, column)
                if column not in {*needed, "geo_vintage"}:
                    yield ArgumentProblem(
                        (*at, column), f"{dataset.id} has no dimension {column!r}",
                        did_you_mean(column, {*dataset.dimensions, *GoldenCell.model_fields}),
                    )
                elif column in codes and code not in codes[column]:
                    yield ArgumentProblem(
                        (*at, field), f"there is no {field} {code!r}",
                        did_you_mean(code, {*codes[column]}),
                    )
            for column in sorted(needed - cell.key.keys()):
                yield ArgumentProblem(at, f"the dimension {column!r} is missing", "add its code")
            if frequency_of(cell.period) != dataset.frequency:
                yield ArgumentProblem(
                    (*at, "period"), f"{cell.period!r} is no period of frequency"
                    f" {dataset.frequency}", "write e.g. 2023, 2023-Q1 or 2023-01",
                )
            indicator = dataset.indicators.get(cell.indicator)
            if indicator and indicator.small_cells:
                # The suite and the report would show what suppression withholds.
                yield ArgumentProblem(
                    (*at, "indicator"), f"figures of {cell.indicator!r} may be withheld"
                    " (`small_cells`)", "verify one of another indicator",
                )

    def query(self) -> str:
        return f"""
SELECT * FROM (
{" UNION ALL ".join(map(_comparison, self.golden)) or _NONE}
) ORDER BY ALL"""


_NONE = "SELECT NULL AS observed, NULL AS expected, NULL AS indicator FROM {batch} WHERE false"


def _comparison(cell: GoldenCell) -> str:
    """Return a SELECT with one row where a golden cell has another figure or unit, or none."""
    key = cell.key
    label = ", ".join(key.values())
    expected = f"{cell.value!r}" + (f" {cell.unit}" if cell.unit else "")
    units = " || ' ' || unit_measure" if cell.unit else ""
    same = f"abs(obs_value - ({cell.value!r})) <= {NOTATION} * abs({cell.value!r})"
    if cell.unit:
        same += f" AND unit_measure = {text(cell.unit)}"
    where = " AND ".join(f"{identifier(column)} = {text(code)}" for column, code in key.items())
    columns = ", ".join(f"{text(code)} AS {identifier(column)}" for column, code in key.items())
    return (
        f"SELECT {columns}, {text(label + ': ')} || coalesce(list(found ORDER BY found)[1], '–')"
        f" AS observed, {text(expected)} AS expected, {text(cell.source)} AS source FROM ("
        f"SELECT obs_value::VARCHAR{units} AS found, coalesce({same}, false) AS same"
        f" FROM {{batch}} WHERE {where}) HAVING NOT coalesce(bool_and(same), false)"
    )
