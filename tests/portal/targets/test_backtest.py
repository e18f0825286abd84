"""The back-test in its quick form: the published widths on the sample's own yearly series."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.targets.backtest import backtest, coverage, newest_releases
from portal.targets.projection import LENGTHS, calibration
from tests.pipelines.test_sample import newest

# Of every sector one, with many places and years.
DATASETS = (
    "agriculture/crops_by_province", "education/general_education", "finance/grdp_by_province",
    "health/health_facilities_by_province", "industry/retail_trade",
    "logistics/transport_by_province", "population/population_change", "tourism/travel_turnover",
)
WIDTHS = {length: calibration()["quantiles"][str(length)] for length in LENGTHS}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the observations of the newest vintages as releases."""
    folder = tmp_path_factory.mktemp("data")
    for name in DATASETS:
        path = folder / "releases" / name / "1" / "data.parquet"
        path.parent.mkdir(parents=True)
        newest(name).sql(
            "SELECT * EXCLUDE (_id, _part, _row, _column, _original, _reject) FROM observation"
        ).write_parquet(str(path))
    return folder


def test_90_percent_intervals_hold_85_to_95_percent(released: Path) -> None:
    tested = backtest([released])
    assert {each.dataset for each in tested} == set(DATASETS)
    found = coverage(tested, WIDTHS)
    assert found["series"] > 500 and found["forecasts"] > 10_000
    assert 0.85 <= found["all"] <= 0.95
    for horizon, held in found["by_horizon"].items():
        assert 0.80 <= held <= 0.98, horizon


def test_only_the_newest_release_counts(released: Path) -> None:
    older = released / "releases" / DATASETS[0] / "10" / "data.parquet"
    older.parent.mkdir()
    older.write_bytes((released / "releases" / DATASETS[0] / "1" / "data.parquet").read_bytes())
    assert dict(newest_releases([released]))[DATASETS[0]] == older
