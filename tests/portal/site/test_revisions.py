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
    assert "2,118 → 2,753" in text and "20.0%" in text


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


def test_a_small_revision_is_seen(tmp_path: Path) -> None:
    site = site_of(tmp_path, y2018=2118.02)
    assert "2,118.00 → 2,118.02" in (site.folder / "en/revisions.html").read_text(encoding="utf-8")


def test_a_revised_figure_is_written_as_elsewhere_and_a_total_is_no_breakdown(
    tmp_path: Path,
) -> None:
    people = {"name": {"vi": "Dân số", "en": "Population"}, "unit": "thousand_persons",
              "decimals": 1}
    declared = dataset(
        indicators={"ROOMS": people},
        dimensions={"sex": {"name": {"vi": "Giới tính", "en": "Sex"}, "codelist": "sex"}},
    )
    old, new = (
        [row(sex=sex, obs_value=value + at, unit_measure="thousand_persons")
         for at, sex in enumerate(("_T", "F"))] for value in (500.0, 600.0)
    )
    first = make_release(tmp_path / "1", declared, old)
    changes = [{**revised(item, 0.0), "sex": item["sex"], "new_value": item["obs_value"] + 100}
               for item in old]
    second = make_release(tmp_path / "2", declared, new, number=2, changes=changes)
    site = Site(tmp_path / "site", registries())
    site.apply([first])
    site.apply([first, second])

    def text(page: str) -> str:
        whole = (site.folder / "en" / page).read_text(encoding="utf-8")
        return " ".join(re.sub(r"<[^>]+>", "", whole).split())

    assert "2020: 500.0 → 600.0 thousand persons" in text("revisions.html")
    triangle = text(f"{declared.id}/revisions.html")
    assert "Population, Da Nang, 2020" in triangle and "Female" in triangle


def test_identical_editions_are_named(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    page = (site.folder / "vi" / "revisions.html").read_text(encoding="utf-8")
    assert "Giữ nguyên ở cả hai bản" in page and "6 số liệu" in page


def test_one_release_is_no_revision(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(tmp_path / "1", dataset(), ROWS)])
    assert compare(all_datasets(site.folder)) == []
