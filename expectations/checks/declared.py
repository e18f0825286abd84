"""What a declaration implies of stock expectations: key, codes, periods, and that there are rows.

All of it is critical. What it implies of values is in `values/declared.py`.
"""

from collections.abc import Callable, Iterator
from typing import Any, get_args

from expectations.checks.base import Implied
from expectations.checks.wording import Wording, words_of
from model.declarations.dataset import Dataset
from model.declarations.source import ObsStatus
from model.reference.codelist import vintage_in_words
from model.reference.periods import PERIOD_PATTERNS
from model.reference.registries import Registries
from model.util.text import LocalizedText, localized

KEY_CHECK = "key_unique"
_IN_SET = "expect_column_values_to_be_in_set"


def declared_checks(dataset: Dataset, registries: Registries) -> Iterator[tuple[str, Implied]]:
    """Yield the type of each check that a dataset's declaration implies, and how.

    Codes are those of its codelists in the registries.

    Every table rests on them: no row that breaks one can be accepted, but of rows with the same key
    one can.
    """
    for column in (*dataset.key, "freq", "obs_status"):
        yield (
            "expect_column_values_to_not_be_null",
            Implied(f"{column}_not_null", "critical", {"column": column}, acceptable=False),
        )
    yield (
        "expect_compound_columns_to_be_unique",
        Implied(KEY_CHECK, "critical", {"column_list": list(dataset.key)}),
    )
    yield _in_set(
        "indicator_declared", "indicator", list(dataset.indicators), lambda: LocalizedText(
            vi="Chỉ tiêu là một trong các chỉ tiêu đã khai báo.",
            en="The indicator is one of those declared.",
        ),
    )
    geography = dataset.geography
    yield _in_codelist("ref_area_known", "ref_area", geography.codelist, dataset, registries)
    vintages = [registries.codelists[geography.codelist].vintage, *geography.vintages]
    yield _in_set(
        "geo_vintage_known", "geo_vintage", vintages, lambda: _vintages_in_words(vintages)
    )
    for name, dimension in dataset.dimensions.items():
        if dimension.codelist:
            yield _in_codelist(f"{name}_known", name, dimension.codelist, dataset, registries)
    frequency = dataset.frequency
    yield _in_set("freq_declared", "freq", [frequency], lambda: LocalizedText(
        vi="Mỗi dòng là số liệu {whole}.", en="Every row is {whole}.",
    ).format(whole=words_of("frequency")[frequency]))
    yield "expect_column_values_to_match_regex", Implied(
        "time_period_form", "critical",
        {"column": "time_period", "regex": f"^(?:{PERIOD_PATTERNS[frequency]})$"},
        lambda: LocalizedText(
            vi="Kỳ thời gian là {form}.", en="The time period is {form}.",
        ).format(form=words_of("period")[frequency]),
        acceptable=False,
    )
    yield _in_set(
        "obs_status_known", "obs_status", list(get_args(ObsStatus)), lambda: LocalizedText(
            vi="Trạng thái của số liệu có trong danh mục chuẩn SDMX.",
            en="The status of the figure is in the standard list of SDMX.",
        ),
    )
    yield "expect_table_row_count_to_be_between", Implied(
        "not_empty", "critical", {"min_value": 1},
        lambda: LocalizedText(vi="Có ít nhất một dòng.", en="There is at least one row."),
        acceptable=False,
    )


def _in_set(
    name: str, column: str, values: list[Any], title: Callable[[], LocalizedText]
) -> tuple[str, Implied]:
    given = {"column": column, "value_set": values}
    return _IN_SET, Implied(name, "critical", given, title, acceptable=False)


def _in_codelist(
    name: str, column: str, codelist: str, dataset: Dataset, registries: Registries
) -> tuple[str, Implied]:
    known = registries.codelists[codelist]

    def title() -> LocalizedText:
        named = localized(lambda language: Wording(dataset, registries, language).column(column))
        sentence = LocalizedText(
            vi="{column} có trong danh mục “{list}”.", en="the {column} is in the list “{list}”."
        ).format(column=named, list=known.title)
        return sentence.in_each(lambda text: text[0].upper() + text[1:])

    return _in_set(name, column, list(known.codes), title)


def _vintages_in_words(vintages: list[str]) -> LocalizedText:
    every = [vintage_in_words(vintage) for vintage in dict.fromkeys(vintages)]
    return LocalizedText(
        vi="Mã khu vực theo " + " hoặc ".join(x.get("vi") for x in every) + ".",
        en="Codes of areas are by " + " or by ".join(x.get("en") for x in every) + ".",
    )
