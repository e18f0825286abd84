"""A served site: three datasets of the sample, one with intervals, one whose texts are hostile.

With `--site FOLDER` it is that site, with every public dataset: `make readers SITE=…`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from model.declarations.dataset import Dataset
from portal.site.site import Site
from tests.fixtures.commands import openindicators
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.fixtures.site_server import served

SAMPLE = (
    "population/population_by_sex_and_residence",  # breakdowns
    "environment/land_use",  # footnotes, statuses
    "environment/weather",  # monthly
)
NASTY = '"><script>alert(1)</script> & ]]> \' | `x` [a](javascript:b) {{ c }} = + \\ %s'


@dataclass(frozen=True)
class Published:
    """A site, where it is served, and what its releases hold."""

    folder: Path
    address: str  # with a slash at its end

    def files(self, name: str) -> Path:
        return self.folder / "datasets" / name

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The figures as released, from the Parquet file."""
        rows: list[dict[str, Any]] = pq.read_table(
            self.files(name) / f"{name.partition('/')[2]}.parquet"
        ).to_pylist()
        return rows

    def has(self, name: str, ending: str) -> bool:
        """Whether a dataset is offered in a format: some cannot hold every release."""
        return (self.files(name) / (name.partition("/")[2] + ending)).exists()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", type=Path, help="read every public dataset of this site instead")


def names(config: pytest.Config) -> tuple[str, ...]:
    """Return the datasets that are read."""
    folder = config.getoption("--site", None)
    if folder is None:
        return (*SAMPLE, "tourism/occupancy", "tourism/hostile")
    listed = json.loads((folder / "api" / "datasets.json").read_text(encoding="utf-8"))
    return tuple(each["id"] for each in listed["datasets"] if each["public"])


@pytest.fixture(name="names", scope="session")
def names_that_are_read(pytestconfig: pytest.Config) -> tuple[str, ...]:
    return names(pytestconfig)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names(metafunc.config))


def with_intervals() -> tuple[Dataset, list[dict[str, Any]]]:
    own = dataset(name="occupancy", indicators={"RATE": {
        "name": {"vi": "Công suất phòng", "en": "Occupancy"}, "unit": "percent",
        "interval": {"kind": "confidence", "level": 95},
    }})
    rows = [
        row(indicator="RATE", time_period=str(year), obs_value=year / 37, unit_measure="percent",
            lower_bound=year / 38, upper_bound=year / 36)
        for year in range(2010, 2020)
    ]
    rows.append(row(indicator="RATE", time_period="2020", obs_value=None, obs_status="Q"))
    return own, rows


def hostile() -> tuple[Dataset, list[dict[str, Any]]]:
    text = {"vi": f"vi {NASTY}", "en": f"en {NASTY}"}
    own = dataset(
        name="hostile", title=text, description=text, keywords={"vi": [NASTY], "en": [NASTY]},
        method=text, notes=text, geography={"codelist": "vn_province_2008", "coverage": text},
        indicators={"ROOMS": {"name": text, "definition": text, "unit": "count"}},
        dimensions={"kind": {"name": text}}, footnotes={"aa": text},
    )
    return own, [
        row(kind=kind, obs_value=number, obs_note=f"{NASTY}\u202e", footnotes="aa")
        for number, kind in enumerate((NASTY, "a,b", "x\ny", "'", "=1+1"))
    ]


@pytest.fixture(scope="session")
def published(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Published]:
    if folder := pytestconfig.getoption("--site", None):
        described = json.loads((folder / "api" / "openapi.json").read_text(encoding="utf-8"))
        address = described["servers"][0]["url"]
        if not (port := urlsplit(address).port):
            pytest.exit(f"{folder} has {address!r} as its address: publish it with"
                        " OPENINDICATORS_SITE_URL=http://127.0.0.1:<port>/", 2)
        with served(folder, port):
            yield Published(folder, f"{address}/")
        return
    data = tmp_path_factory.mktemp("programs")
    folder = data / "site"
    folder.mkdir()
    with served(folder) as found:
        address = f"{found}/"
        ran = openindicators(data, "run", *SAMPLE, OPENINDICATORS_SITE_URL=address)
        assert ran.code == 0, ran.out + ran.err
        site = Site(folder, registries(), base_url=address)
        for own, rows in (with_intervals(), hostile()):
            site.apply([make_release(data / "made" / own.name, own, rows)])
        yield Published(folder, address)
