"""New releases reach their subscribers once, with the change set."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from pydantic import HttpUrl

from model.reference import city as city_module
from pipelines.after_run import announcements
from pipelines.after_run.announcements import announce
from pipelines.settings import Settings
from portal.changes import change_set
from portal.site.site import Site
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.listeners import webhook
from tests.fixtures.releases import ReleaseOnDisk, make_release, row
from tests.fixtures.settings import changed
from tests.portal.site.test_site import revised
from warehouse.store.data_dir import DataDir

ADDRESS = "https://data.example.org/"
ROWS = [row(time_period=year, obs_value=float(year)) for year in ("2021", "2022")]
OTHER = dataset(name="beds", title={"vi": "Giường", "en": "Beds"})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    return Settings(
        data_dir=data_dir, profile="sample", epoch=datetime(2026, 1, 1, tzinfo=UTC),
        site_url=ADDRESS,
    )


@pytest.fixture
def history(tmp_path: Path) -> list[ReleaseOnDisk]:
    made = [make_release(tmp_path / "1", dataset(), ROWS)]
    for number, new in ((2, 5.0), (3, 6.0)):
        changes = [revised(ROWS[0], new), revised(ROWS[1], new)]
        rows = [{**item, "obs_value": new} for item in ROWS]
        folder = tmp_path / str(number)
        made.append(make_release(folder, dataset(), rows, number=number, changes=changes))
    return made


def site(settings: Settings) -> Site:
    return Site(settings.data_dir.site, registries(), base_url=settings.site_url)


def test_each_new_release_is_sent_once(settings, history, tmp_path, monkeypatch) -> None:
    site(settings).apply(history[:1])
    with webhook() as (address, received):
        subscribed = changed(settings, release_webhook=address)
        assert announce(settings) == 0, "nobody has subscribed"
        assert announce(subscribed) == 0, "what was there before is no news"
        assert announce(subscribed) == 0
        site(settings).apply(list(history))
        site(settings).apply([make_release(tmp_path / "other", OTHER, ROWS)])
        monkeypatch.setattr(announcements, "CELLS", 1)
        assert announce(subscribed) == 3
        assert announce(subscribed) == 0
    assert {message["kind"] for message in received} == {"released"}
    assert [message["cause"] for message in received] == [
        "tourism/beds 1.0.0", "tourism/hotel_rooms 2.0.0", "tourism/hotel_rooms 3.0.0",
    ]
    sent = received[1]["change_set"]
    assert sent.pop("address") == f"{ADDRESS}datasets/tourism/hotel_rooms/releases/2/"
    jsonschema.validate(sent, json.loads(change_set.schema()))
    assert len(sent["cells"]) == 1 and not sent["cells_complete"]
    assert sent["cells"][0]["new_value"] == 5.0
    assert "Phòng khách sạn / Hotel rooms" in received[1]["text"]


def test_what_was_not_sent_is_sent_after_the_next_run(settings, history) -> None:
    site(settings).apply(history[:1])
    with webhook() as (address, _):
        announce(changed(settings, release_webhook=address))
    site(settings).apply(history[:2])
    with webhook(status=500) as (address, received):
        assert announce(changed(settings, release_webhook=address)) == 0
        assert len(received) == 1
    assert announce(changed(settings, release_webhook="http://127.0.0.1:9/")) == 0
    with webhook() as (address, received):
        assert announce(changed(settings, release_webhook=address)) == 1
        assert received[0]["change_set"]["version"] == "2.0.0"


def test_a_hub_learns_which_feeds_have_news(settings, history, monkeypatch) -> None:
    site(settings).apply(history[:1])
    with webhook() as (address, received):
        declared = city_module.city().model_copy(update={"websub_hub": HttpUrl(address)})
        monkeypatch.setattr(city_module._CURRENT, "city", declared)
        assert announce(settings) == 0
        site(settings).apply(history[:2])
        feed = settings.data_dir.site / "datasets/tourism/hotel_rooms/releases.en.atom"
        assert f'<link href="{address}" rel="hub" />' in feed.read_text()
        assert announce(settings) == 1
        [ping] = received
    assert ping["hub.mode"] == ["publish"]
    assert set(ping["hub.url"]) == {
        ADDRESS + path for language in ("vi", "en") for path in (
            f"datasets/tourism/hotel_rooms/releases.{language}.atom",
            f"{language}/tourism/releases.atom", f"{language}/releases.atom",
        )
    }
    for topic in ping["hub.url"]:
        assert (settings.data_dir.site / topic.removeprefix(ADDRESS)).is_file()
