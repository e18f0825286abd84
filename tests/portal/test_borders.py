"""No public figure mixes borders undeclared: not a line, a verdict, a report's row or a download.

Formulas, sums and reconstructions are in tests/warehouse/test_computing.py, suites that compare
datasets in tests/pipelines/test_comparisons_between_datasets.py, the published sample in
tests/pipelines/test_sample_run.py.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.charts.series import plots
from portal.content import Content
from portal.distributions.registry import write_all
from portal.report.findings import IndicatorResult
from portal.report.make import findings_of
from portal.site.site import Site
from portal.site_folder.published import PublishedSite
from tests.fixtures.computed import NEW, OLD
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row

SHARES = {"sector": "industry", "name": "ict_industry"}
Key = tuple[str, int, str]  # area, year, borders
KEYS = st.lists(
    st.tuples(st.sampled_from(["48", "49"]), st.integers(2019, 2024), st.sampled_from([OLD, NEW])),
    unique=True, min_size=1, max_size=16,
)


def value_of(key: Key) -> float:
    """Return a figure that tells its key."""
    area, year, borders = key
    return (year - 2000) + (0.5 if borders == NEW else 0.0) + (0.25 if area == "49" else 0.0)


def rows_of(keys: list[Key]) -> list[dict[str, Any]]:
    return [
        row(indicator="digital_economy_share", ref_area=key[0], time_period=str(key[1]),
            geo_vintage=key[2], obs_value=value_of(key), unit_measure="percent_grdp")
        for key in keys
    ]


def declared() -> Any:
    names = {"vi": "Tỷ trọng", "en": "Share"}
    return dataset(
        **SHARES, indicators={"digital_economy_share": {"name": names, "unit": "percent_grdp"}},
        geography={"codelist": "vn_province_2008", "coverage": names, "vintages": [NEW]},
    )


@settings(max_examples=6, deadline=None)
@given(KEYS)
def test_a_line_of_a_chart_and_a_row_of_a_download_have_one(keys: list[Key]) -> None:
    by_value = {value_of(key): key for key in keys}
    with TemporaryDirectory() as folder:
        made = Content.of(make_release(Path(folder) / "r", declared(), rows_of(keys)), registries())
        for plot in plots(made):
            for series in plot.series:
                drawn = {by_value[point.value] for point in series.points if point.value}
                assert {(area, borders) for area, _, borders in drawn} <= {
                    (series.code, series.vintage)
                }
        out = Path(folder) / "out"
        out.mkdir()
        write_all(made, out)
        found = csv.DictReader(io.StringIO((out / "ict_industry.csv").read_text("utf-8")))
        written = {
            (each["ref_area"], int(each["time_period"]), each["geo_vintage"]):
                float(each["obs_value"]) for each in found
        }
        assert written == {key: value_of(key) for key in keys}
        assert pq.read_table(out / "ict_industry.parquet").num_rows == len(keys)


@settings(max_examples=3, deadline=None)
@given(KEYS)
def test_a_verdict_and_a_row_of_the_report_have_one(keys: list[Key]) -> None:
    by_value = {value_of(key): key for key in keys}
    known = registries()
    with TemporaryDirectory() as folder:
        site = Site(Path(folder) / "site", known)
        site.apply([make_release(Path(folder) / "r", declared(), rows_of(keys))])
        scorecard = json.loads((site.folder / "api/targets.json").read_bytes())
        for each in scorecard["targets"]:
            area = each["target"]["area"]
            of_target = (area["code"], known.codelists[area["codelist"]].vintage)
            used = [*each["figures"], *(
                each["progress"][name] for name in ("base", "newest") if each["progress"]
            )]
            assert {(by_value[figure["value"]][0], by_value[figure["value"]][2])
                    for figure in used} <= {of_target}, each["target"]["id"]
        published = PublishedSite(str(site.folder))
        report = findings_of(published, Path(folder), 2024, date(2026, 12, 31))
        shown: list[IndicatorResult] = [
            each for group in report.groups for each in group.with_figures
        ]
        for each in shown:
            assert each.series is not None
            of_series = (each.series.source.ref_area, each.series.source.geo_vintage)
            assert {(by_value[figure.value][0], by_value[figure.value][2])
                    for figure in each.series.figures} == {of_series}
