"""This project's own expectations: names, arguments, words, and the query that each becomes.

For Great Expectations each is an `unexpected_rows_expectation` with the query written out: an
exported suite runs in any Great Expectations, without this project. The name and the arguments
that a data steward sees are in its `meta`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from expectations.checks import cross_dataset, personal_data, totals
from expectations.checks.kinds import UNEXPECTED_ROWS, Level
from expectations.checks.series import areas, history, neighbours, release
from expectations.disclosure_control import disclosed_elsewhere, small_cells
from expectations.suites.expectation import EARLIER_RELEASES, PREVIOUS_RELEASE, Expectation
from model.declarations.dataset import Dataset
from model.reference.personal_data import KINDS
from model.util.text import Bilingual, did_you_mean

MARKS = (0, -1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999, 9999999)


@dataclass(frozen=True)
class Custom:
    """An expectation of this project.

    `defaults` are written into the suite; an argument without a default must be given. A default's
    type is the argument's.
    """

    query: Callable[[dict[str, Any]], str]
    title: Bilingual
    level: Level = "row"
    required: Mapping[str, type] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    of_series: bool = True  # takes `series` and `frequency`
    frequencies: str = "A S Q M W D YTD"


_KINDS = {str: "text", list: "list", dict: "mapping", int: "number", float: "number"}
_BEFORE = {"relation": PREVIOUS_RELEASE}

CUSTOM: dict[str, Custom] = {
    "expect_series_to_have_no_gaps": Custom(
        history.gaps,
        Bilingual(
            vi="Không chuỗi nào thiếu kỳ ở giữa, khi hầu hết các chuỗi khác đều đủ.",
            en="No series misses a period inside, where hardly any other does.",
        ),
        defaults={"min_periods": 5, "usual_share": 0.005, "max_share": 0.25},
    ),
    "expect_series_values_to_not_jump": Custom(
        history.jumps,
        Bilingual(
            vi="Không giá trị nào nhảy vọt quá mức mà chính chuỗi đó từng có.",
            en="No value jumps beyond what its own series has ever done.",
        ),
        defaults={
            "min_periods": 8, "min_factor": 3, "times_usual": 5, "shared": 0.1, "event": 0.3,
        },
        frequencies="A S Q M W D",
    ),
    "expect_series_values_to_keep_their_unit": Custom(
        history.unit_slips,
        Bilingual(
            vi="Không giá trị nào lệch 100, 1.000 hay 1.000.000 lần so với các kỳ bên cạnh.",
            en="No value is off by 100, 1,000 or 1,000,000 against the periods beside it.",
        ),
        defaults={
            "min_periods": 5, "powers": [2, 3, 6], "shares": [], "within": 0.15, "times_usual": 3,
        },
        frequencies="A S Q M W D",
    ),
    "expect_series_values_to_keep_their_sign": Custom(
        history.signs,
        Bilingual(
            vi="Không giá trị nào đổi dấu trong một chuỗi luôn cách xa số 0.",
            en="No value changes its sign in a series that keeps well away from 0.",
        ),
        defaults={"min_periods": 6, "max_share": 0.34, "away": 0.5},
    ),
    "expect_series_values_to_be_no_missing_marks": Custom(
        history.marks,
        Bilingual(
            vi="Không giá trị nào là ký hiệu của số liệu thiếu (0, -1, 9999…).",
            en="No value is a mark for a missing figure (0, -1, 9999 …).",
        ),
        defaults={
            "marks": list(MARKS), "min_periods": 6, "max_share": 0.15, "away": 0.3,
            "times_highest": 5,
        },
    ),
    "expect_series_to_not_stand_still": Custom(
        history.frozen,
        Bilingual(
            vi="Không chuỗi nào lặp lại mãi một giá trị ở cuối, khi trước đó kỳ nào cũng đổi.",
            en="No series ends in one repeated value, where it changed in every period before.",
        ),
        defaults={"min_periods": 8, "periods": 4, "min_varied": 6, "usual_share": 0.02},
    ),
    "expect_series_to_not_be_cumulated": Custom(
        history.cumulated,
        Bilingual(
            vi="Không năm nào có số lũy kế từ đầu năm thay cho số của từng kỳ.",
            en="No year has figures added up since January in place of each period's own.",
        ),
        defaults={"max_share": 0.3}, frequencies="Q M",
    ),
    "expect_cumulative_series_to_not_fall": Custom(
        history.falls,
        Bilingual(
            vi="Số lũy kế không giảm.",
            en="Cumulative figures do not fall.",
        ),
        defaults={"within": "year"},
    ),
    "expect_levels_to_hold_across_geography_breaks": Custom(
        history.breaks,
        Bilingual(
            vi="Mức của chuỗi không thay đổi khi địa giới thay đổi.",
            en="The level of a series holds where the borders change.",
        ),
        defaults={"min_factor": 1.2},
    ),
    "expect_periods_to_be_complete": Custom(
        neighbours.lost_periods,
        Bilingual(
            vi="Không kỳ nào bị thiếu ở phần lớn các chuỗi của một chỉ tiêu.",
            en="No period is missing from most series of an indicator.",
        ),
        level="table", defaults={"min_series": 5, "share": 0.5, "most": 2},
    ),
    "expect_periods_to_not_repeat_the_last": Custom(
        neighbours.stale_blocks,
        Bilingual(
            vi="Không kỳ nào chép lại gần như toàn bộ số liệu của kỳ trước.",
            en="No period repeats nearly all values of the period before.",
        ),
        defaults={
            "min_series": 5, "share": 0.8, "usual_share": 0.2, "min_moving": 0.2, "most": 1,
        },
    ),
    "expect_series_to_differ_from_each_other": Custom(
        neighbours.copies,
        Bilingual(
            vi="Không chuỗi nào trùng với chuỗi khác trong nhiều kỳ.",
            en="No series is the same as another over many periods.",
        ),
        defaults={"periods": 5, "usual_share": 0.01, "apart": []},
    ),
    "expect_levels_to_be_usual_across_areas": Custom(
        areas.levels,
        Bilingual(
            vi="Không khu vực nào có mức của chỉ tiêu cách xa mọi khu vực khác.",
            en="No area has a level of an indicator that is far from all other areas.",
        ),
        defaults={"min_areas": 20, "min_factor": 4, "times_usual": 1.5, "apart": []},
    ),
    "expect_steps_to_be_usual_across_areas": Custom(
        areas.steps,
        Bilingual(
            vi="Không chuỗi ngắn nào thay đổi khác hẳn mọi khu vực khác trong cùng kỳ.",
            en="No short series changes as no other area does in the same period.",
        ),
        defaults={
            "min_areas": 10, "min_periods": 4, "max_periods": 7, "min_factor": 5,
            "times_usual": 1.5, "apart": [],
        },
        frequencies="A S Q M W D",
    ),
    "expect_areas_to_be_complete": Custom(
        areas.missing,
        Bilingual(
            vi="Không thiếu khu vực nào ở chỉ tiêu có gần đủ mọi khu vực của danh mục.",
            en="No area is missing from an indicator that has nearly all areas of the list.",
        ),
        level="table", required={"areas": list}, defaults={"min_share": 0.95}, of_series=False,
    ),
    "expect_most_rows_of_last_release": Custom(
        release.lost_rows,
        Bilingual(
            vi="Số dòng không ít hơn nhiều so với lần phát hành trước.",
            en="There are not many fewer rows than in the last release.",
        ),
        level="table", defaults={"min_share": 0.5, "min_rows": 10, **_BEFORE}, of_series=False,
    ),
    "expect_all_areas_of_last_release": Custom(
        release.lost_areas,
        Bilingual(
            vi="Khu vực nào có trong lần phát hành trước thì vẫn còn, ở từng chỉ tiêu.",
            en="Each area of the last release is still there, in each indicator.",
        ),
        level="table", defaults=_BEFORE, of_series=False,
    ),
    "expect_all_periods_of_last_release": Custom(
        release.lost_observations,
        Bilingual(
            vi="Kỳ nào có trong lần phát hành trước thì vẫn còn số liệu, ở từng chỉ tiêu.",
            en="Each period of the last release still has its values, in each indicator.",
        ),
        level="table", defaults={"min_share": 0.8, **_BEFORE}, of_series=False,
    ),
    "expect_no_observation_to_be_withdrawn": Custom(
        release.withdrawn,
        Bilingual(
            vi="Chuỗi nào còn thì vẫn giữ mọi quan sát của lần phát hành trước.",
            en="Each series that is still there has every observation of the last release.",
        ),
        level="table", defaults=_BEFORE,
    ),
    "expect_revisions_to_be_usual": Custom(
        release.revisions,
        Bilingual(
            vi="Không giá trị nào được hiệu chỉnh quá mức thường thấy so với lần phát hành trước.",
            en="No value is revised more than is usual since the last release.",
        ),
        defaults={"min_factor": 1.05, "times_usual": 5, **_BEFORE},
    ),
    "expect_series_to_stay_in_place": Custom(
        release.moved,
        Bilingual(
            vi="Không chuỗi nào mang số liệu của năm khác hay chuỗi khác ở lần phát hành trước.",
            en="No series has the values that another year or series had in the last release.",
        ),
        defaults={"share": 0.7, "min_periods": 4, **_BEFORE},
    ),
    "expect_parts_to_add_up_to_total": Custom(
        totals.parts_and_totals,
        Bilingual(
            vi="Các phần cộng lại bằng tổng số.", en="The parts add up to their total.",
        ),
        required={"column": str, "total": str, "parts": list},
        defaults={"indicators": [], "where": {}, "tolerance": 0.01},
    ),
    "expect_shares_to_add_up": Custom(
        totals.shares,
        Bilingual(
            vi="Các tỷ trọng cộng lại bằng 100 %.", en="The shares add up to 100%.",
        ),
        required={"column": str, "parts": list},
        defaults={"indicators": [], "where": {}, "whole": 100, "tolerance": 0.5},
    ),
    "expect_values_to_agree_with_dataset": Custom(
        cross_dataset.agreement,
        Bilingual(
            vi="Giá trị khớp với bộ dữ liệu khác có cùng chỉ tiêu.",
            en="The values agree with another dataset that has the same indicator.",
        ),
        required={"dataset": str, "indicators": dict},
        defaults={"where": {}, "their_where": {}, "tolerance": 0.01}, of_series=False,
    ),
    "expect_rates_to_agree_with_counts": Custom(
        cross_dataset.rates,
        Bilingual(
            vi="Tỷ lệ khớp với tử số và mẫu số của nó.",
            en="The rate agrees with its numerator and denominator.",
        ),
        required={"indicator": str, "numerator": dict, "denominator": dict},
        defaults={"where": {}, "per": 1, "tolerance": 0.02}, of_series=False,
    ),
    "expect_no_personal_data": Custom(
        personal_data.personal_data,
        Bilingual(
            vi="Không có dữ liệu cá nhân: số căn cước, điện thoại, e-mail, thẻ bảo hiểm, tài khoản,"
            " họ tên kèm ngày sinh.",
            en="There is no personal data: identity numbers, telephones, e-mail addresses,"
            " insurance cards, accounts, names with a date of birth.",
        ),
        level="table", required={"columns": list},
        defaults={"kinds": [*KINDS]}, of_series=False,
    ),
    "expect_small_cells_to_be_withheld": Custom(
        small_cells.small_cells,
        Bilingual(
            vi="Không công bố số người quá nhỏ, có thể làm lộ một cá nhân.",
            en="No count of people is published that is so small that it could tell who is meant.",
        ),
        level="table", required={"thresholds": dict}, of_series=False,
    ),
    "expect_withheld_counts_to_be_withheld_elsewhere": Custom(
        disclosed_elsewhere.elsewhere,
        Bilingual(
            vi="Số bị che ở đây không được công bố ở bộ dữ liệu khác có cùng chỉ tiêu.",
            en="No count that is withheld here is published by another dataset with the indicator.",
        ),
        level="table", required={"dataset": str, "indicators": list},
        defaults={"totals": {}}, of_series=False,
    ),
    "expect_withheld_counts_to_stay_withheld": Custom(
        disclosed_elsewhere.before,
        Bilingual(
            vi="Số bị che vẫn bị che ở mọi lần phát hành, để so sánh các lần không làm lộ.",
            en="What is withheld is withheld in every release: comparing them gives nothing away.",
        ),
        level="table", required={"indicators": list},
        defaults={"totals": {}, "relation": EARLIER_RELEASES}, of_series=False,
    ),
    "expect_text_to_be_readable": Custom(
        personal_data.unreadable_text,
        Bilingual(
            vi="Chữ không bị vỡ do đọc sai bảng mã.",
            en="No text was decoded in the wrong encoding.",
        ),
        required={"columns": list}, of_series=False,
    ),
}


def completed(kind: str, kwargs: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Return the arguments with every default and what the declaration says written out."""
    custom = CUSTOM[kind]
    implied: dict[str, Any] = {}
    if custom.of_series:
        series = [name for name in dataset.key if name != "time_period"]
        implied = {"series": series, "frequency": dataset.frequency}
    return {**implied, **custom.defaults, **kwargs}


def query_of(expectation: Expectation) -> str | None:
    """Return the query for unexpected rows, with `{batch}`; None for what has no query."""
    if expectation.type in CUSTOM:
        return CUSTOM[expectation.type].query(expectation.kwargs)
    if expectation.type == UNEXPECTED_ROWS:
        return str(expectation.kwargs["unexpected_rows_query"])
    return None


def relations_of(expectation: Expectation) -> frozenset[str]:
    """Return the relations, besides the table itself, without which it cannot be judged."""
    return expectation.relations


def custom_problems(
    kind: str, kwargs: Mapping[str, Any], dataset: Dataset
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what is wrong with the arguments that a suite gives: where, what, and the advice."""
    custom = CUSTOM[kind]
    known = {**custom.required, **{name: type(value) for name, value in custom.defaults.items()}}
    if dataset.frequency not in custom.frequencies.split():
        yield (), f"{kind} is for the frequencies {custom.frequencies}", "remove it"
    among = {
        "column": dataset.columns, "columns": dataset.columns, "where": dataset.columns,
        "indicators": dataset.indicators, "shares": dataset.indicators,
    }
    for name, value in kwargs.items():
        wanted = known.get(name)
        number = wanted in (int, float) and isinstance(value, int | float)
        if wanted is None:
            yield (name,), f"{kind} has no argument {name!r}", did_you_mean(name, set(known))
        elif isinstance(value, bool) or not (number or isinstance(value, wanted)):
            yield (name,), f"{name} is no {_KINDS[wanted]} (got {value!r})", "see docs/quality.md"
        elif name in among:
            for item in [value] if isinstance(value, str) else value:
                if item not in among[name]:
                    yield (name,), f"{dataset.id} has no {item!r}", did_you_mean(
                        str(item), set(among[name]))
    for name in custom.required:
        if name not in kwargs:
            yield (), f"{kind} needs the argument {name!r}", "add it to kwargs"
