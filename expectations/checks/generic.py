"""The expectations that follow from a declaration by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from expectations.checks.kinds import UNEXPECTED_ROWS, Level
from expectations.checks.sql import in_template
from expectations.checks.titles import bounds_sentence, column_name, sentence
from expectations.suites.expectation import Expectation
from model.declarations.dataset import Dataset
from model.declarations.source import ObsStatus
from model.reference.codelist import vintage_in_words
from model.reference.periods import PERIOD_PATTERNS
from model.reference.registries import Registries
from model.util.sql import identifier, literal
from model.util.text import Bilingual

# Statuses under which an observation has no value: O missing, Q suppressed.
WITHOUT_VALUE = ("O", "Q")

_PERIOD_NAMES = {
    "A": Bilingual(vi="năm, ví dụ 2023", en="a year, such as 2023"),
    "S": Bilingual(vi="nửa năm, ví dụ 2023-S1", en="a half-year, such as 2023-S1"),
    "Q": Bilingual(vi="quý, ví dụ 2023-Q1", en="a quarter, such as 2023-Q1"),
    "M": Bilingual(vi="tháng, ví dụ 2023-01", en="a month, such as 2023-01"),
    "W": Bilingual(vi="tuần, ví dụ 2023-W01", en="a week, such as 2023-W01"),
    "D": Bilingual(vi="ngày, ví dụ 2023-01-31", en="a day, such as 2023-01-31"),
    "YTD": Bilingual(
        vi="lũy kế từ đầu năm, ví dụ 2023-01-01/P6M",
        en="the year to date, such as 2023-01-01/P6M",
    ),
}


_FREQUENCIES = {
    "A": Bilingual(vi="của cả năm", en="a figure of a year"),
    "S": Bilingual(vi="của nửa năm", en="a figure of half a year"),
    "Q": Bilingual(vi="của một quý", en="a figure of a quarter"),
    "M": Bilingual(vi="của một tháng", en="a figure of a month"),
    "W": Bilingual(vi="của một tuần", en="a figure of a week"),
    "D": Bilingual(vi="của một ngày", en="a figure of a day"),
    "YTD": Bilingual(vi="lũy kế từ đầu năm", en="a figure of the year to date"),
}


def _vintages_in_words(vintages: list[str]) -> Bilingual:
    every = [vintage_in_words(vintage) for vintage in dict.fromkeys(vintages)]
    return Bilingual(
        vi=f"Mã khu vực theo {' hoặc '.join(x.vi for x in every)}.",
        en=f"Codes of areas are by {' or by '.join(x.en for x in every)}.",
    )


def generic_names(dataset: Dataset) -> set[str]:
    """Return the names of the generic expectations, which no suite may use again."""
    return {
        *(f"{column}_not_null" for column in _never_null(dataset)),
        *(f"{name}_known" for name in dataset.dimensions),
        "key_unique", "indicator_declared", "ref_area_known", "geo_vintage_known", "freq_declared",
        "time_period_form", "obs_status_known", "unit_measure_declared",
        "obs_value_present", "obs_value_within_bounds", "not_empty",
    }


def generic_expectations(dataset: Dataset, registries: Registries) -> tuple[Expectation, ...]:
    """Return what every dataset of this shape must fulfil; all of it is critical."""
    return tuple(_generic(dataset, registries))


def _never_null(dataset: Dataset) -> tuple[str, ...]:
    return (*dataset.key, "freq", "obs_status")


def _generic(dataset: Dataset, registries: Registries) -> Iterator[Expectation]:
    def expect(
        name: str, kind: str, kwargs: dict[str, Any], title: Bilingual | None = None,
        level: Level = "row",
    ) -> Expectation:
        return Expectation(
            name=name, type=kind, kwargs=kwargs, severity="critical", level=level,
            title=title or sentence(kind, kwargs, dataset),
        )

    def in_codelist(name: str, column: str, codelist: str) -> Expectation:
        known = registries.codelists[codelist]
        told = {
            language: column_name(dataset, column, language) for language in ("vi", "en")
        }
        return expect(
            name, "expect_column_values_to_be_in_set",
            {"column": column, "value_set": list(known.codes)},
            Bilingual(
                vi=f"{told['vi']} có trong danh mục “{known.title.vi}”.",
                en=f"{told['en']} is in the list “{known.title.en}”.",
            ),
        )

    for column in _never_null(dataset):
        yield expect(
            f"{column}_not_null", "expect_column_values_to_not_be_null", {"column": column}
        )
    yield expect(
        "key_unique", "expect_compound_columns_to_be_unique", {"column_list": list(dataset.key)}
    )
    yield expect(
        "indicator_declared", "expect_column_values_to_be_in_set",
        {"column": "indicator", "value_set": list(dataset.indicators)},
        Bilingual(
            vi="Chỉ tiêu là một trong các chỉ tiêu đã khai báo.",
            en="The indicator is one of those declared.",
        ),
    )
    yield in_codelist("ref_area_known", "ref_area", dataset.geography.codelist)
    vintages = [registries.codelists[dataset.geography.codelist].vintage,
                *dataset.geography.vintages]
    yield expect(
        "geo_vintage_known", "expect_column_values_to_be_in_set",
        {"column": "geo_vintage", "value_set": vintages},
        _vintages_in_words(vintages),
    )
    for name, dimension in dataset.dimensions.items():
        if dimension.codelist:
            yield in_codelist(f"{name}_known", name, dimension.codelist)
    yield expect(
        "freq_declared", "expect_column_values_to_be_in_set",
        {"column": "freq", "value_set": [dataset.frequency]},
        Bilingual(
            vi=f"Mỗi dòng là số liệu {_FREQUENCIES[dataset.frequency].vi}.",
            en=f"Every row is {_FREQUENCIES[dataset.frequency].en}.",
        ),
    )
    yield expect(
        "time_period_form", "expect_column_values_to_match_regex",
        {"column": "time_period", "regex": f"^(?:{PERIOD_PATTERNS[dataset.frequency]})$"},
        Bilingual(
            vi=f"Kỳ thời gian là {_PERIOD_NAMES[dataset.frequency].vi}.",
            en=f"The time period is {_PERIOD_NAMES[dataset.frequency].en}.",
        ),
    )
    yield expect(
        "obs_status_known", "expect_column_values_to_be_in_set",
        {"column": "obs_status", "value_set": list(get_args(ObsStatus))},
        Bilingual(
            vi="Trạng thái của số liệu có trong danh mục chuẩn SDMX.",
            en="The status of the figure is in the standard list of SDMX.",
        ),
    )
    yield expect(
        "unit_measure_declared", UNEXPECTED_ROWS,
        {"unexpected_rows_query": _wrong_unit(dataset)},
        Bilingual(
            vi="Đơn vị đo là đơn vị đã khai báo cho chỉ tiêu.",
            en="The unit of measure is the one declared for the indicator.",
        ),
    )
    yield expect(
        "obs_value_present", UNEXPECTED_ROWS, {"unexpected_rows_query": _no_value()},
        Bilingual(
            vi="Dòng nào cũng có giá trị, trừ khi trạng thái là “không có số liệu” hoặc"
            " “không công bố”.",
            en="Every row has a value, unless its status is “missing” or “suppressed”.",
        ),
    )
    yield expect(
        "obs_value_within_bounds", UNEXPECTED_ROWS,
        {"unexpected_rows_query": _out_of_bounds(dataset)},
        bounds_sentence(dataset),
    )
    yield expect(
        "not_empty", "expect_table_row_count_to_be_between", {"min_value": 1},
        Bilingual(vi="Có ít nhất một dòng.", en="There is at least one row."), "table",
    )


def _rows_where(condition: str) -> str:
    return f"SELECT * FROM {{batch}} WHERE {in_template(condition)}"


def _wrong_unit(dataset: Dataset) -> str:
    """An indicator that is not declared has its own expectation, and no unit to compare."""
    whens = " ".join(
        f"WHEN {literal(code)} THEN {literal(indicator.unit)}"
        for code, indicator in dataset.indicators.items()
    )
    declared = f"CASE indicator {whens} ELSE unit_measure END"
    return _rows_where(f"unit_measure IS DISTINCT FROM {declared}")


def _no_value() -> str:
    statuses = ", ".join(literal(status) for status in WITHOUT_VALUE)
    return _rows_where(
        f"(obs_value IS NULL AND coalesce(obs_status NOT IN ({statuses}), true))"
        " OR NOT isfinite(obs_value)"
    )


def _out_of_bounds(dataset: Dataset) -> str:
    """Return one query for all indicators: one pass, however many there are."""
    column = identifier("obs_value")
    parts = []
    for code, indicator in dataset.indicators.items():
        bounds = []
        if indicator.minimum is not None:
            bounds.append(f"{column} < {indicator.minimum!r}")
        if indicator.maximum is not None:
            bounds.append(f"{column} > {indicator.maximum!r}")
        if bounds:
            parts.append(f"(indicator = {literal(code)} AND ({' OR '.join(bounds)}))")
    return _rows_where(" OR ".join(parts) or "false")
