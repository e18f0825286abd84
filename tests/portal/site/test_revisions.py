"""The page of revisions counts what the tables of changes hold."""

from __future__ import annotations

import re
from pathlib import Path

from portal.site.shared_pages.revisions import compare
from portal.site.site import Site
from portal.site_folder.state import all_datasets
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.portal.site.test_site import revised

ROWS = [row(time_period=str(year), obs_value=100.0 + year) for year in range(2015, 2021)]


def site_of(tmp_path: Path, **values: float) -> Site:
    """Publish two releases, the second with `values` by year in place of the first's."""
    new = [{**item, "obs_value": values.get(f"y{item['time_period']}", item["obs_value"])}
           for item in ROWS]
    new.append(row(time_period="2021", obs_value=5.0))
    changes = [
        revised(old, item["obs_value"]) for old, item in zip(ROWS, new, strict=False)
        if old["obs_value"] != item["obs_value"]
    ]
    added = {**revised(new[-1], 5.0), "change": "added", "old_value": None, "old_status": None}
    site = Site(tmp_path / "site", registries())
    first = make_release(tmp_path / "1", dataset(), ROWS)
    site.apply([first])
    site.apply([
        first, make_release(tmp_path / "2", dataset(), new, number=2, changes=[*changes, added]),
    ])
    return site


def test_revised_figures_are_counted_with_their_periods_and_size(tmp_path: Path) -> None:
    site = site_of(tmp_path, y2017=2117 * 1.1, y2018=2118 * 1.3, y2019=2119 * (1 + 1e-8))
    (found,) = compare(all_datasets(site.folder))
    (rooms,) = found.indicators
    assert (rooms.common, rooms.revised, rooms.withdrawn) == (6, 2, 0)
    assert (rooms.first, rooms.last) == ("2017", "2018")
    assert rooms.typical is not None and round(rooms.typical, 6) == 0.2
    assert rooms.city is not None and rooms.city["time_period"] == "2018"
    page = (site.folder / "en" / "revisions.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", page)
    assert "2 of 6 figures that both editions have were revised" in text
    assert "2,118.00 → 2,753.40" in text and "20.0%" in text


def test_a_figure_that_names_the_earlier_edition_is_not_in_the_newer(tmp_path: Path) -> None:
    notes = {"old": {"vi": "Bản cũ", "en": "Old"}, "new": {"vi": "Bản mới", "en": "New"}}
    noted = dataset(footnotes=notes)
    old = [{**item, "footnotes": "old"} for item in ROWS]
    new = [{**item, "footnotes": "new" if item["time_period"] > "2018" else "old"} for item in ROWS]
    changes = [revised(item, item["obs_value"]) | {"old_status": "A"} for item in new
               if item["footnotes"] == "new"]
    first = make_release(tmp_path / "1", noted, old)
    second = make_release(tmp_path / "2", noted, new, number=2, changes=changes)
    site = Site(tmp_path / "site", registries())
    site.apply([first])
    site.apply([first, second])
    (found,) = compare(all_datasets(site.folder))
    assert (found.common, found.revised) == (2, 0)


def test_identical_editions_are_named(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    page = (site.folder / "vi" / "revisions.html").read_text(encoding="utf-8")
    assert "Giữ nguyên ở cả hai bản" in page and "6 số liệu" in page


def test_one_release_is_no_revision(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(tmp_path / "1", dataset(), ROWS)])
    assert compare(all_datasets(site.folder)) == []
