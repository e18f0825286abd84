"""Assessment as of a day: releases, validity, borders, and what is said of missing data."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.errors import DeclarationError, PortalError
from model.reference.registries import load_registries
from model.reference.targets import load_targets
from model.util.hashing import sha256_file
from portal.targets.assessment import assess, assess_target
from portal.targets.figures import ReleasedTable, ReleaseHistory
from tests.fixtures.commands import PROJECT
from tests.fixtures.datasets import registries

OLD, NEW = "VN:2008-08-01", "VN:2025-07-01"
SHARE = ("industry/ict_industry", "digital_economy_share")
REPORTED = {2021: 12.7, 2022: 17.0, 2023: 19.76, 2024: 23.18}
Rows = list[tuple[str, str, str, float, str]]


def released(
    folder: Path, dataset: str, number: int, day: str, rows: Rows, **dimension: str
) -> ReleasedTable:
    """Write a release with rows of indicator, vintage, year, value and status, for the city."""
    path = folder / f"{dataset.replace('/', '-')}-{number}.parquet"
    pq.write_table(pa.Table.from_pylist([
        {"indicator": indicator, "ref_area": "48", "geo_vintage": vintage, **dimension,
         "freq": "A", "time_period": year, "obs_value": value, "unit_measure": "percent_grdp",
         "obs_status": status, "obs_note": None, "footnotes": ""}
        for indicator, vintage, year, value, status in rows
    ]), path)
    issued = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return ReleasedTable(dataset, number, f"{number}.0.0", issued, path, sha256_file(path))


def shares(values: dict[int, float], vintage: str = OLD, status: str = "A") -> Rows:
    return [(SHARE[1], vintage, str(year), value, status) for year, value in values.items()]


def history(*tables: ReleasedTable) -> ReleaseHistory:
    found: dict[str, list[ReleasedTable]] = {}
    for table in tables:
        found.setdefault(table.dataset, []).append(table)
    return ReleaseHistory(found)


def test_the_verdict_is_that_of_the_day(tmp_path: Path) -> None:
    """Each day sees the release that was current then, and the target's own validity."""
    early = dict(list(REPORTED.items())[:2])
    releases = history(
        released(tmp_path, SHARE[0], 1, "2023-03-01", shares(early, status="E")),
        released(tmp_path, SHARE[0], 2, "2025-03-01", shares(REPORTED)),
    )
    target = "plan_142_digital_economy_2025"
    assert target not in assess(registries(), releases, date(2022, 7, 27)).by_target
    before = assess(registries(), releases, date(2022, 12, 31))[target]
    assert (before.verdict, before.reason) == ("no_data", "no_release")
    first = assess(registries(), releases, date(2023, 3, 1))[target]
    assert (first.verdict, first.reason) == ("no_data", "one_figure")
    assert first.final is False
    second = assess(registries(), releases, date(2025, 3, 1))[target]
    assert second.verdict == "met"
    assert second.source is not None
    assert (second.source.release, second.newest and second.newest.year) == (2, 2024)
    assert not second.over
    assert assess(registries(), releases, date(2026, 1, 1))[target].over


def test_a_replaced_target_keeps_its_history() -> None:
    known = registries().targets
    old = known.targets["plan_309_digital_economy_2045"]
    assert old in known.in_force(date(2025, 9, 15))
    assert old not in known.in_force(date(2025, 9, 16))
    assert [each.id for each in known.amended(old)] == [
        "plan_309_digital_economy_2045", "plan_21_digital_economy_2045",
    ]
    assert known.amended(known.targets["plan_21_digital_economy_2045"]) == known.amended(old)


def test_figures_within_other_borders_are_refused(tmp_path: Path) -> None:
    target = registries().targets.targets["digital_economy_grdp_2025"]
    only_new = history(released(tmp_path, SHARE[0], 1, "2026-01-01", shares(REPORTED, NEW)))
    found = assess_target(registries(), only_new, target, date(2026, 1, 1))
    assert (found.verdict, found.reason, found.figures) == ("no_data", "other_borders", ())
    assert found.other_borders == tuple(REPORTED)
    both = history(released(
        tmp_path, SHARE[0], 2, "2026-01-01", shares(REPORTED) + shares({2025: 5.0}, NEW)
    ))
    found = assess_target(registries(), both, target, date(2026, 1, 1))
    assert found.verdict == "met"
    assert [each.year for each in found.figures] == list(REPORTED)
    assert found.other_borders == (2025,)


def test_a_target_without_data_says_why(tmp_path: Path) -> None:
    found = assess(registries(), history(), date(2026, 1, 1))
    assert found["tourism_digital_share_2025"].reason == "no_indicator"
    assert found["resolution_05_health_2025"].reason == "not_loaded"
    assert found["digital_economy_grdp_2025"].reason == "no_release"
    counts = {each.group: each for each in found.roll_ups(registries().sectors)}
    assert counts["tourism"].missing_share == 1
    assert counts["health"].not_loaded == 1
    assert counts["all"].targets == sum(
        each.targets for group, each in counts.items() if group not in ("all", "country")
    )
    assert counts["all"].no_data == counts["all"].targets


def test_a_damaged_release_is_not_read(tmp_path: Path) -> None:
    table = released(tmp_path, SHARE[0], 1, "2025-01-01", shares(REPORTED))
    table.path.write_bytes(table.path.read_bytes()[:-9] + b"x" * 9)
    with pytest.raises(PortalError, match="checksum"):
        assess(registries(), history(table), date(2026, 1, 1))


def test_two_figures_of_a_year_are_no_figure(tmp_path: Path) -> None:
    table = released(tmp_path, SHARE[0], 1, "2025-01-01", shares({2021: 1}) + shares({2021: 2}))
    with pytest.raises(PortalError, match="several figures of digital_economy_share"):
        assess(registries(), history(table), date(2026, 1, 1))


def test_the_projection_ends_in_the_targets_year(tmp_path: Path) -> None:
    releases = history(released(tmp_path, SHARE[0], 1, "2025-03-01", shares(REPORTED)))
    found = assess(registries(), releases, date(2026, 1, 1))["plan_142_digital_economy_2030"]
    assert [each.year for each in found.projection] == list(range(2025, 2031))
    last = found.projection[-1]
    assert last.low < 23.18 < last.value < last.high <= 100


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("document: resolution_05\n    indicator", "document: resolution_5\n    indicator",
         r"targets.yaml:\d+: document 'resolution_5' is not known"),
        ("value: 20\n    unit: percent_grdp", "unit: percent_grdp",
         "a confirmed target has a `statement`, a `value` and a `unit`"),
        ("unit: percent_grdp", "unit: percents", "unit 'percents' is not known"),
        ('code: "48"}', 'code: "4848"}', "area '4848' is not known"),
        ("valid_to: 2025-09-16", "valid_to: 2025-09-17", "after what replaces it has begun"),
        ("status: not_loaded", "status: not_loaded\n    value: 3", "has no `value`"),
    ],
)
def test_what_is_wrong_in_the_registry_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    for name in ("targets.yaml", "sector_indicators.yaml"):
        text = (PROJECT / "registry" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace(old, new, 1) if name == "targets.yaml" else text, encoding="utf-8"
        )
    known = registries()
    with pytest.raises(DeclarationError, match=message):
        load_targets(tmp_path, known.sectors, known.units, known.codelists)


def test_the_projects_own_registry() -> None:
    """Nine sectors with 8 to 12 indicators each, aligned with international codes where there are.

    Every confirmed target names an indicator.
    """
    known = load_registries(PROJECT)
    sizes = {
        sector: sum(each.sector == sector for each in known.targets.indicators.values())
        for sector in known.sectors if sector != "population"
    }
    assert len(sizes) == 9
    assert all(8 <= size <= 12 for size in sizes.values()), sizes
    codes = {sector: [
        code for each in known.targets.indicators.values()
        if each.sector == sector and each.code for code in each.code.split(" + ")
    ] for sector in sizes}
    assert all(codes.values()) and sum(map(len, codes.values())) >= 30, codes
    assert all(re.fullmatch(r"[A-Z]{2}(\.[A-Z0-9]{2,4}){2,4}", code)
               for found in codes.values() for code in found)
    for target in known.targets.targets.values():
        assert (target.status == "not_loaded") == (target.value is None)
        assert target.indicator or target.status == "not_loaded", target.id
