"""Expectations in words, in both languages, for people who read a dataset's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from model.declarations.dataset import Dataset
from model.util.text import Bilingual

Words = dict[str, str]  # "vi" and "en"
Kwargs = dict[str, Any]

_COLUMNS: dict[str, Words] = {
    "indicator": {"vi": "chỉ tiêu", "en": "indicator"},
    "ref_area": {"vi": "khu vực", "en": "reference area"},
    "geo_vintage": {"vi": "phiên bản địa giới", "en": "geography vintage"},
    "freq": {"vi": "tần suất", "en": "frequency"},
    "time_period": {"vi": "kỳ thời gian", "en": "time period"},
    "obs_value": {"vi": "giá trị", "en": "value"},
    "unit_measure": {"vi": "đơn vị đo", "en": "unit of measure"},
    "obs_status": {"vi": "trạng thái quan sát", "en": "observation status"},
    "obs_note": {"vi": "ghi chú", "en": "note"},
}
_SHOWN = 6  # values of a set that are written out
_LONGEST = 80  # characters of a value that are written out


def sentence(kind: str, kwargs: Kwargs, dataset: Dataset) -> Bilingual:
    """Return what an expectation demands, as one sentence in each language."""
    told = {}
    for language in ("vi", "en"):
        names = _Names(dataset, language)
        text = _SENTENCES[kind](kwargs, names)[language]
        text = text + _exceptions(kwargs, names)[language]
        told[language] = text[0].upper() + text[1:] + "."
    return Bilingual(**told)


def column_name(dataset: Dataset, column: str, language: str) -> str:
    """Return how a column is called at the beginning of a sentence."""
    name = _Names(dataset, language).column(column)
    name = f"the {name}" if language == "en" else name
    return name[0].upper() + name[1:]


def bounds_sentence(dataset: Dataset) -> Bilingual:
    """Return between which limits the values of each indicator must lie, limits in figures."""
    by_limits: dict[tuple[float | None, float | None], list[Bilingual]] = {}
    for indicator in dataset.indicators.values():
        limits = (indicator.minimum, indicator.maximum)
        by_limits.setdefault(limits, []).append(indicator.name)
    free = by_limits.pop((None, None), [])
    if not by_limits:
        return Bilingual(
            vi="Giá trị nằm trong giới hạn của chỉ tiêu (không chỉ tiêu nào có giới hạn).",
            en="The value lies within its indicator's limits (no indicator has any).",
        )
    told = {}
    for language in ("vi", "en"):
        names = _Names(dataset, language)
        parts = []
        for (low, high), members in by_limits.items():
            text = _bounds({"min_value": low, "max_value": high}, names.value)[language]
            if len(by_limits) > 1 or free:
                text += f" ({names.values([name.get(language) for name in members])})"
            parts.append(text)
        told[language] = "; ".join(parts)
    return Bilingual(vi=f"Giá trị {told['vi']}.", en=f"The value is {told['en']}.")


class _Names:
    """How columns, numbers and lists are written in a language."""

    def __init__(self, dataset: Dataset, language: str) -> None:
        self.dataset = dataset
        self.language = language

    def column(self, name: str) -> str:
        if name in self.dataset.dimensions:
            label = self.dataset.dimensions[name].name.get(self.language)
            return label[0].lower() + label[1:]
        return _COLUMNS[name][self.language] if name in _COLUMNS else name

    def columns(self, names: list[str]) -> str:
        shown = [self.column(name) for name in names]
        last = " và " if self.language == "vi" else " and "
        return last.join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]

    def value(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "".join(char if char.isprintable() else "�" for char in str(value))[:_LONGEST]
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "vi" else text

    def percent(self, share: float) -> str:
        return self.value(float(f"{share * 100:.10g}")) + "%"

    def one_of(self, values: list[Any]) -> str:
        if len(values) == 1:
            return self.values(values)
        return ("một trong: " if self.language == "vi" else "one of: ") + self.values(values)

    def values(self, values: list[Any]) -> str:
        shown = ", ".join(self.value(value) for value in values[:_SHOWN])
        rest = len(values) - _SHOWN
        if rest <= 0:
            return shown
        return f"{shown} … (+{self.value(rest)})"


def _bounds(kwargs: Kwargs, write: Callable[[Any], str]) -> Words:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    strict_low, strict_high = kwargs.get("strict_min"), kwargs.get("strict_max")
    if low is not None and high is not None and not (strict_low or strict_high):
        if low == high:
            return {"vi": f"bằng {write(low)}", "en": f"exactly {write(low)}"}
        return {
            "vi": f"từ {write(low)} đến {write(high)}",
            "en": f"between {write(low)} and {write(high)}",
        }
    vi, en = [], []
    if low is not None:
        vi.append(("lớn hơn " if strict_low else "không nhỏ hơn ") + write(low))
        en.append(("more than " if strict_low else "at least ") + write(low))
    if high is not None:
        vi.append(("nhỏ hơn " if strict_high else "không lớn hơn ") + write(high))
        en.append(("less than " if strict_high else "at most ") + write(high))
    return {"vi": " và ".join(vi), "en": " and ".join(en)}


def _about(vi: str, en: str) -> Callable[[Kwargs, _Names], Words]:
    """Return a writer that fills {column}, {value}, {one_of}, {bounds} … into a pattern."""

    def write(kwargs: Kwargs, names: _Names) -> Words:
        given = {
            "column": names.column(kwargs.get("column", "")),
            "a": names.column(kwargs.get("column_A", "")),
            "b": names.column(kwargs.get("column_B", "")),
            "columns": names.columns(kwargs.get("column_list", [""])),
            "set": names.values(kwargs.get("value_set", [])),
            "one_of": names.one_of(kwargs.get("value_set", [])),
            "bounds": _bounds(kwargs, names.value)[names.language],
            "shares": _bounds(kwargs, names.percent)[names.language],
            "value": names.value(kwargs.get("value", "")),
            "threshold": names.value(kwargs.get("threshold", "")),
            "regex": names.value(kwargs.get("regex", "")),
        }
        return {"vi": vi.format(**given), "en": en.format(**given)}

    return write


def _greater(kwargs: Kwargs, names: _Names) -> Words:
    equal = kwargs.get("or_equal")
    write = _about(
        "{a} " + ("không nhỏ hơn" if equal else "lớn hơn") + " {b}",
        "the {a} is " + ("not less than" if equal else "greater than") + " the {b}",
    )
    return write(kwargs, names)


_SENTENCES: dict[str, Callable[[Kwargs, _Names], Words]] = {
    "expect_column_values_to_not_be_null": _about(
        "dòng nào cũng có {column}", "the {column} is given in every row"
    ),
    "expect_column_values_to_be_null": _about(
        "không dòng nào có {column}", "the {column} is given in no row"
    ),
    "expect_column_values_to_be_unique": _about(
        "{column} không lặp lại", "no {column} appears twice"
    ),
    "expect_column_values_to_be_between": _about(
        "{column} {bounds}", "the {column} is {bounds}"
    ),
    "expect_column_values_to_be_in_set": _about(
        "{column} là {one_of}", "the {column} is {one_of}"
    ),
    "expect_column_values_to_not_be_in_set": _about(
        "{column} không phải là {one_of}", "the {column} is not {one_of}"
    ),
    "expect_column_values_to_match_regex": _about(
        "{column} được viết theo mẫu {regex}", "the {column} is written as {regex}"
    ),
    "expect_column_values_to_not_match_regex": _about(
        "{column} không chứa mẫu {regex}", "the {column} does not contain {regex}"
    ),
    "expect_column_value_lengths_to_be_between": _about(
        "số ký tự của {column} {bounds}", "the {column} is {bounds} characters long"
    ),
    "expect_column_value_lengths_to_equal": _about(
        "{column} dài đúng {value} ký tự", "the {column} is exactly {value} characters long"
    ),
    "expect_column_value_z_scores_to_be_less_than": _about(
        "{column} lệch khỏi trung bình ít hơn {threshold} độ lệch chuẩn",
        "the {column} is less than {threshold} standard deviations away from the mean",
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _about(
        "{a} bằng {b}", "the {a} equals the {b}"
    ),
    "expect_column_pair_values_to_be_in_set": _about(
        "{a} và {b} đi với nhau theo các cặp đã khai báo",
        "the {a} and the {b} go together in one of the declared pairs",
    ),
    "expect_compound_columns_to_be_unique": _about(
        "không có hai dòng nào trùng cả {columns}",
        "no two rows have the same {columns}",
    ),
    "expect_select_column_values_to_be_unique_within_record": _about(
        "trong mỗi dòng, {columns} khác nhau", "within a row, {columns} differ from each other"
    ),
    "expect_column_min_to_be_between": _about(
        "{column} nhỏ nhất {bounds}", "the smallest {column} is {bounds}"
    ),
    "expect_column_max_to_be_between": _about(
        "{column} lớn nhất {bounds}", "the largest {column} is {bounds}"
    ),
    "expect_column_sum_to_be_between": _about(
        "tổng các {column} {bounds}", "the sum of the {column}s is {bounds}"
    ),
    "expect_column_mean_to_be_between": _about(
        "trung bình các {column} {bounds}", "the mean of the {column}s is {bounds}"
    ),
    "expect_column_median_to_be_between": _about(
        "trung vị các {column} {bounds}", "the median of the {column}s is {bounds}"
    ),
    "expect_column_stdev_to_be_between": _about(
        "độ lệch chuẩn của các {column} {bounds}",
        "the standard deviation of the {column}s is {bounds}",
    ),
    "expect_column_unique_value_count_to_be_between": _about(
        "số {column} khác nhau {bounds}",
        "the number of different values of {column} is {bounds}",
    ),
    "expect_column_proportion_of_unique_values_to_be_between": _about(
        "tỷ lệ {column} khác nhau {shares}",
        "the share of different values of {column} is {shares}",
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": _about(
        "tỷ lệ dòng có {column} {shares}",
        "the share of rows in which the {column} is given is {shares}",
    ),
    "expect_column_distinct_values_to_be_in_set": _about(
        "mọi {column} xuất hiện là {one_of}",
        "every {column} that occurs is {one_of}",
    ),
    "expect_column_distinct_values_to_contain_set": _about(
        "có đủ các {column}: {set}", "each of these occurs as {column}: {set}"
    ),
    "expect_column_distinct_values_to_equal_set": _about(
        "các {column} xuất hiện đúng là: {set}",
        "the values of {column} that occur are exactly: {set}",
    ),
    "expect_column_most_common_value_to_be_in_set": _about(
        "{column} hay gặp nhất là {one_of}",
        "the most common {column} is {one_of}",
    ),
    "expect_table_row_count_to_be_between": _about(
        "số dòng {bounds}", "the number of rows is {bounds}"
    ),
    "expect_table_row_count_to_equal": _about(
        "có đúng {value} dòng", "there are exactly {value} rows"
    ),
    "unexpected_rows_expectation": _about(
        "không có dòng nào mà câu truy vấn tìm thấy là sai",
        "the query for wrong rows finds none",
    ),
}


def _exceptions(kwargs: Kwargs, names: _Names) -> Words:
    """Return what narrows an expectation: `mostly` and `row_condition`."""
    vi = en = ""
    share = kwargs.get("mostly")
    if share is not None and share < 1:
        vi += f", ở ít nhất {names.percent(share)} số dòng"
        en += f", in at least {names.percent(share)} of the rows"
    condition = kwargs.get("row_condition")
    if condition:
        words = _condition(condition, names)
        vi += f" (khi {words['vi']})"
        en += f" (where {words['en']})"
    return {"vi": vi, "en": en}


_OPERATORS: dict[str, Words] = {
    "==": {"vi": "là", "en": "is"},
    "!=": {"vi": "không phải là", "en": "is not"},
    "<": {"vi": "nhỏ hơn", "en": "is less than"},
    "<=": {"vi": "nhiều nhất là", "en": "is at most"},
    ">": {"vi": "lớn hơn", "en": "is more than"},
    ">=": {"vi": "ít nhất là", "en": "is at least"},
    "IN": {"vi": "là một trong", "en": "is one of"},
    "NOT_IN": {"vi": "không phải là", "en": "is none of"},
}


def _condition(condition: dict[str, Any], names: _Names) -> Words:
    kind = condition["type"]
    if kind in ("and", "or"):
        parts = [_condition(part, names) for part in condition["conditions"]]
        words = {"and": {"vi": " và ", "en": " and "}, "or": {"vi": " hoặc ", "en": " or "}}[kind]
        return {
            language: words[language].join(part[language] for part in parts)
            for language in ("vi", "en")
        }
    column = names.column(condition["column"]["name"])
    if kind == "nullity":
        if condition["is_null"]:
            return {"vi": f"không có {column}", "en": f"there is no {column}"}
        return {"vi": f"có {column}", "en": f"there is a {column}"}
    parameter = condition["parameter"]
    shown = names.values(parameter) if isinstance(parameter, list) else names.value(parameter)
    operator = _OPERATORS[condition["operator"]]
    return {
        "vi": f"{column} {operator['vi']} {shown}", "en": f"the {column} {operator['en']} {shown}"
    }
