"""What a declaration implies of stock expectations: key, codes, periods, and that there are rows.

All of it is critical. What it implies of values is in `values/declared.py`.
"""

from collections.abc import Iterator
from functools import cache, reduce
from typing import Any, get_args

from expectations.checks.base import Implied
from expectations.checks.wording import called, words_of
from model.declarations.dataset import Dataset
from model.declarations.source import ObsStatus
from model.reference.codelist import vintage_in_words
from model.reference.periods import PERIOD_PATTERNS
from model.reference.registries import Registries
from model.util.text import LocalizedText

KEY_CHECK = "key_unique"
_IN_SET = "expect_column_values_to_be_in_set"
_INDICATOR = LocalizedText(
    vi="chỉ tiêu là một trong các chỉ tiêu đã khai báo",
    en="the indicator is one of those declared",
)
_FREQUENCY = LocalizedText(vi="mỗi dòng là số liệu {whole}", en="every row is {whole}")
_PERIOD = LocalizedText(vi="kỳ thời gian là {form}", en="the time period is {form}")
_STATUS = LocalizedText(
    vi="trạng thái của số liệu có trong danh mục chuẩn SDMX",
    en="the status of the figure is in the standard list of SDMX",
)
_ROWS = LocalizedText(vi="có ít nhất một dòng", en="there is at least one row")
_LISTED = LocalizedText(
    vi="{column} có trong danh mục “{list}”", en="the {column} is in the list “{list}”"
)
_VINTAGES = LocalizedText(vi="mã khu vực theo {vintages}", en="codes of areas are by {vintages}")
_OR = LocalizedText(vi="{one} hoặc {other}", en="{one} or by {other}")


def declared_checks(dataset: Dataset, registries: Registries) -> Iterator[tuple[str, Implied]]:
    """Yield the type of each check that a dataset's declaration implies, and how.

    Codes are those of its codelists in the registries.

    Every table rests on them: no row that breaks one can be accepted, but of rows with the same key
    one can.
    """
    for column in (*dataset.key, "freq", "obs_status"):
        yield (
            "expect_column_values_to_not_be_null",
            Implied(
                f"{column}_not_null", "critical", {"column": column}, acceptable=False,
                words=(("column", called(column, dataset)),),
            ),
        )
    yield (
        "expect_compound_columns_to_be_unique",
        Implied(KEY_CHECK, "critical", {"column_list": list(dataset.key)}),
    )
    yield _in_set("indicator_declared", "indicator", list(dataset.indicators), _INDICATOR)
    geography = dataset.geography
    yield _in_codelist("ref_area_known", "ref_area", geography.codelist, dataset, registries)
    vintages = [registries.codelists[geography.codelist].vintage, *geography.vintages]
    yield _in_set(
        "geo_vintage_known", "geo_vintage", vintages, _VINTAGES,
        ("vintages", _in_words(tuple(dict.fromkeys(vintages)))),
    )
    for name, dimension in dataset.dimensions.items():
        if dimension.codelist:
            yield _in_codelist(f"{name}_known", name, dimension.codelist, dataset, registries)
    frequency = dataset.frequency
    yield _in_set(
        "freq_declared", "freq", [frequency], _FREQUENCY,
        ("whole", words_of("frequency")[frequency]),
    )
    yield "expect_column_values_to_match_regex", Implied(
        "time_period_form", "critical",
        {"column": "time_period", "regex": f"^(?:{PERIOD_PATTERNS[frequency]})$"},
        _PERIOD, (("form", words_of("period")[frequency]),), acceptable=False,
    )
    yield _in_set("obs_status_known", "obs_status", list(get_args(ObsStatus)), _STATUS)
    yield "expect_table_row_count_to_be_between", Implied(
        "not_empty", "critical", {"min_value": 1}, _ROWS, acceptable=False
    )


def _in_set(
    name: str, column: str, values: list[Any], says: LocalizedText,
    *words: tuple[str, LocalizedText],
) -> tuple[str, Implied]:
    given = {"column": column, "value_set": values}
    return _IN_SET, Implied(name, "critical", given, says, words, acceptable=False)


def _in_codelist(
    name: str, column: str, codelist: str, dataset: Dataset, registries: Registries
) -> tuple[str, Implied]:
    known = registries.codelists[codelist]
    return _in_set(
        name, column, list(known.codes), _LISTED,
        ("column", called(column, dataset)), ("list", known.title),
    )


@cache
def _in_words(vintages: tuple[str, ...]) -> LocalizedText:
    """Return vintages in words, joined by "or"."""
    first, *more = map(vintage_in_words, vintages)
    return reduce(lambda one, other: _OR.format(one=one, other=other), more, first)
