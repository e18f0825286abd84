"""Figures of two sources side by side: both as their datasets and pages have them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model.reference.reconciliation import ReleasedFigure
from portal.scope import home_areas
from portal.site.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.pipelines.test_sample import DECLARATIONS, SAMPLES, observations

PAIRS = registries().reconciliations
ROOMS = {"dataset": "tourism/hotel_rooms", "indicator": "ROOMS"}
CITED = {
    "value": 900, "source": {"vi": "Báo", "en": "A newspaper"}, "url": "https://news.example/rooms",
}


def pair(name: str, **changes: object) -> dict[str, object]:
    return {
        "id": name, "title": {"vi": "Phòng", "en": "Rooms"}, "period": "2020", "published": ROOMS,
        "other": CITED, "reason": "definition",
        "explanation": {"vi": "Cách đếm khác", "en": "Counted otherwise"}, **changes,
    }


def page(tmp_path: Path, *pairs: dict[str, object]) -> str:
    declared = {
        item["id"]: type(next(iter(PAIRS.values()))).model_validate(item) for item in pairs
    }
    known = registries().model_copy(update={"reconciliations": declared})
    site = Site(tmp_path / "site", known)
    site.apply([make_release(tmp_path / "1", dataset(), [row(obs_value=1000.0)])])
    text = (site.folder / "en" / "reconciliation.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.partition("<tbody>")[2]))


def test_both_figures_and_their_difference_are_shown(tmp_path: Path) -> None:
    shown = page(tmp_path, pair("rooms"))
    for text in ("Rooms, 2020", "1,000", "Hotel rooms", "900", "A newspaper", "-100", "-10.0%",
                 "Another definition or scope", "Counted otherwise"):
        assert text in shown, text


def test_a_figure_that_is_no_longer_released_is_a_dash(tmp_path: Path) -> None:
    other = {**ROOMS, "where": {}, "indicator": "BEDS"}
    shown = page(tmp_path, pair("gone", other=other))
    assert "1,000" in shown and "–" in shown and "%" not in shown


def test_a_pair_of_a_dataset_that_is_not_published_is_left_out(tmp_path: Path) -> None:
    other = {"dataset": "tourism/elsewhere", "indicator": "ROOMS"}
    assert "Rooms" not in page(tmp_path, pair("elsewhere", other=other))


@pytest.mark.parametrize("name", PAIRS)
def test_a_declared_figure_is_one_observation_of_the_sample(name: str) -> None:
    declared = PAIRS[name]
    units = set()
    for side in (declared.published, declared.other):
        if isinstance(side, ReleasedFigure):
            con = observations(side.dataset, len(SAMPLES[side.dataset].vintages))
            key = {"indicator": side.indicator, "ref_area": declared.ref_area or home_areas()[0],
                   "time_period": declared.period, **side.where}
            only = " AND ".join(f"{column} = '{code}'" for column, code in key.items())
            (found,) = con.sql(f"SELECT obs_value FROM observation WHERE {only}").fetchall()
            assert found[0] is not None
            units.add(DECLARATIONS[side.dataset].dataset.indicators[side.indicator].unit)
    assert len(units) == 1
