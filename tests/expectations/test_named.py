"""The checks that suites name: each finds its fault, and leaves what is sound alone."""

from __future__ import annotations

from typing import Any

import pytest

from expectations.checks.registry import all_checks
from model.reference.registries import AreaGroup
from model.util.text import LocalizedText
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from tests.fixtures.expectations import dataset, registries, row, table

GROUP = AreaGroup(id="both", title=LocalizedText(vi="hai nước", en="both countries"),
                  areas=("VN", "LA"))


def made(kind: str, arguments: dict[str, Any], frequency: str = "A") -> Any:
    known = registries().model_copy(update={"area_groups": {"both": GROUP}})
    declared = dataset(frequency=frequency)
    check = all_checks()[kind].of(arguments, declared, known)
    assert list(check.problems(declared, known)) == []
    title = check.title(declared, known)
    assert (
        title.get("vi").endswith(".")
        and title.get("en").endswith(".")
        and title.get("vi") != title.get("en")
    )
    assert "{" not in title.get("vi") + title.get("en") and "  " not in title.get("vi") + title.get(
        "en"
    )
    return check


def found(kind: str, arguments: dict[str, Any], *rows: dict[str, Any]) -> int:
    query = made(kind, arguments).query().format(batch="(SELECT * FROM observation)")
    return len(table(list(rows)).execute(query).fetchall())


def at(year: int, value: float | None, **changes: Any) -> dict[str, Any]:
    return row(time_period=str(year), obs_value=value, **changes)


def sexes(total: float, female: float, male: float, year: int = 2020) -> list[dict[str, Any]]:
    return [at(year, value, sex=sex) for sex, value in zip("TFM", (total, female, male),
                                                          strict=True)]


SERIES = [at(2000, 10.0), at(2001, 11.0), at(2002, 30.0), at(2003, 29.0)]
BOTH = [at(2000, 4.0), at(2000, 8.0, indicator="SHARE"), at(2001, 5.0),
        at(2001, 20.0, indicator="SHARE")]
TOTAL = {"column": "sex", "total": "T"}


@pytest.mark.parametrize(("kind", "arguments", "rows", "count"), [
    ("expect_areas_present", {"areas": "VN"}, SERIES, 0),
    ("expect_areas_present", {"areas": "both"}, SERIES, 1),
    ("expect_areas_present", {"areas": ["VN", "LA"], "in_each_indicator": True},
     [*SERIES, at(2000, 1.0, ref_area="LA", indicator="SHARE")], 2),
    ("expect_areas_present", {"areas": "VN", "indicators": ["SHARE"]}, SERIES, 1),
    ("expect_area_count", {"at_least": 1, "at_most": 1}, SERIES, 0),
    ("expect_area_count", {"at_least": 2, "at_most": 3}, SERIES, 1),
    ("expect_rows", {"at_least": 4, "per_period": 1}, SERIES, 0),
    ("expect_rows", {"at_least": 5}, SERIES, 1),
    ("expect_rows", {"at_least": 1, "per_period": 1}, [*SERIES, at(2003, 1.0, sex="F")], 1),
    ("expect_periods", {"from": 2000, "to": "2003", "no_gaps": True}, SERIES, 0),
    ("expect_periods", {"from": [1999, 2001]}, SERIES, 0),
    ("expect_periods", {"from": 2001}, SERIES, 1),
    ("expect_periods", {"to": 2004}, SERIES, 1),
    ("expect_periods", {"to": 2004}, [], 1),
    ("expect_periods", {"no_gaps": True}, [*SERIES, at(2005, 1.0)], 1),
    ("expect_periods", {"no_gaps": True, "allowed": 1}, [*SERIES, at(2005, 1.0)], 0),
    ("expect_no_leap", {"factor": 3}, SERIES, 0),
    ("expect_no_leap", {"factor": 2.5}, SERIES, 1),
    ("expect_no_leap", {"percent": 20}, SERIES, 1),
    ("expect_no_leap", {"points": 0, "direction": "down"}, SERIES, 1),
    ("expect_no_leap", {"points": 5, "direction": "down"}, SERIES, 0),
    ("expect_no_leap", {"factor": 2, "indicators": ["SHARE"]}, SERIES, 0),
    ("expect_value_range", {"at_least": 10, "below": 31}, SERIES, 0),
    ("expect_value_range", {"above": 10, "at_most": 29}, SERIES, 2),
    ("expect_value_range", {"above": 20, "from": 2002, "where": {"ref_area": "VN"}}, SERIES, 0),
    ("expect_indicator_ratio", {"numerator": "BEDS", "denominator": "SHARE", "at_most": 0.5},
     BOTH, 0),
    ("expect_indicator_ratio",
     {"numerator": "BEDS", "denominator": "SHARE", "per": 10, "at_least": 3}, BOTH, 1),
    ("expect_indicator_ratio",
     {"numerator": "BEDS", "denominator": "SHARE", "at_most": 0.4, "from": 2001}, BOTH, 0),
    ("expect_highest", {"column": "sex", "code": "F", "among": ["M"]}, sexes(9, 5, 4), 0),
    ("expect_highest", {"column": "sex", "code": "F"}, sexes(9, 5, 4), 1),
    ("expect_highest", {"column": "sex", "code": "F", "within": 4}, sexes(9, 5, 4), 0),
    ("expect_parts_within_total", TOTAL, sexes(9, 5, 4), 0),
    ("expect_parts_within_total", TOTAL, sexes(8, 5, 4), 1),
    ("expect_parts_within_total", TOTAL, sexes(10, 5, 4), 0),
    ("expect_parts_within_total", {**TOTAL, "rule": "equal"}, sexes(10, 5, 4), 1),
    ("expect_parts_within_total", {**TOTAL, "rule": "equal", "within": 1}, sexes(10, 5, 4), 0),
    ("expect_parts_within_total", {**TOTAL, "rule": "each"}, sexes(8, 5, 4), 0),
    ("expect_parts_within_total", {**TOTAL, "parts": ["F"]}, sexes(8, 5, 4), 0),
    ("expect_total_between_parts", TOTAL, sexes(70, 75, 68), 0),
    ("expect_total_between_parts", TOTAL, sexes(76, 75, 68), 1),
    ("expect_total_between_parts", {**TOTAL, "within": 1}, sexes(76, 75, 68), 0),
    ("expect_sum_range", {"indicator": "BEDS", "at_least": 9, "at_most": 40}, SERIES, 0),
    ("expect_sum_range", {"indicator": "BEDS", "at_most": 20}, SERIES, 2),
    ("expect_preliminary_last", {}, [*SERIES, at(2004, 1.0, obs_status="P")], 0),
    ("expect_preliminary_last", {}, [at(1999, 1.0, obs_status="P"), *SERIES], 4),
    ("expect_preliminary_last", {"only_last": True}, [at(1999, 1.0, obs_status="P"), *SERIES], 1),
    ("expect_preliminary_last", {}, [at(1999, 1.0, obs_status="P", indicator="SHARE"), *SERIES], 0),
])
def test_it_finds_its_fault_and_nothing_else(kind, arguments, rows, count):
    assert found(kind, arguments, *rows) == count


def test_a_leap_in_an_excepted_month_is_none():
    check = made("expect_no_leap", {"percent": 10, "except_months": [2]}, frequency="M")
    rows = [row(freq="M", time_period=f"2020-0{i}", obs_value=v)
            for i, v in ((1, 100.0), (2, 150.0), (3, 100.0))]
    query = check.query().format(batch="(SELECT * FROM observation)")
    assert [item[-1] for item in table(rows).execute(query).fetchall()] == ["2020-02"]


def test_a_value_outside_its_interval_breaks_the_interval_check():
    query = all_checks()["expect_values_within_interval"]().query().format(batch="t")
    con = table([])
    con.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1.0, 2.0, 3.0), (2.5, 2.0, 3.0),"
                " (1.0, 2.0, NULL)) AS t(lower_bound, obs_value, upper_bound)")
    assert len(con.execute(query).fetchall()) == 1


def test_no_suite_has_a_limit_that_time_alone_exceeds():
    catalogue = load_catalogue(Settings.from_environment())
    for suite in catalogue.suites.values():
        for item in suite.expectations:
            limits = item.kwargs.keys() & {"max_value", "value"}
            assert not ("table_row_count" in item.type and limits), (suite.dataset, item.name)
