"""Tell subscribers of new releases: a webhook with the change set, and the city's WebSub hub.

Messages go by the mechanism of alerts. What each was told is kept in `announced.json` of the data
folder; what was released before there was a subscriber is no news. Only what the site has published
is sent.
"""

import json
from collections.abc import Callable
from functools import partial

import httpx
from pydantic import TypeAdapter

from model.reference.city import city
from model.util.disk import write_if_changed
from model.util.hashing import pretty_json
from model.util.languages import languages
from pipelines.after_run.alerts import SECONDS, Notification, Unreachable, deliver, post
from pipelines.settings import Settings
from portal.changes.change_set import FILE
from portal.changes.feeds import feeds_of
from portal.site_folder.state import DatasetState, ReleaseState, all_datasets

CELLS = 500  # of a message; its change set's address has all of them
_ANNOUNCED = TypeAdapter(dict[str, dict[str, int]])

News = tuple[DatasetState, ReleaseState]
Send = Callable[[DatasetState, Notification], None]


def announce(settings: Settings) -> int:
    """Send each subscriber the releases that it was not told of; return how many were sent.

    One that cannot be sent is logged, and tried again after the next run.

    Raises:
        StoreError: the data folder cannot be written.
    """
    channels = _channels(settings)
    if not channels:
        return 0
    path = settings.data_dir.announced
    announced = _ANNOUNCED.validate_json(path.read_bytes()) if path.exists() else {}
    states = all_datasets(settings.data_dir.site)
    count = 0
    for channel, send in channels.items():
        known = announced.get(channel)
        if known is None:  # a new subscriber
            announced[channel] = {state.dataset: state.release for state in states}
            continue
        try:
            for state, release in _news(states, known):
                message = _message(settings, state, release)
                if deliver(channel, partial(send, state), message):
                    known[state.dataset] = release.number
                    count += 1
        except Unreachable:
            pass  # it is in the log
    write_if_changed(path, pretty_json(announced))
    return count


def _news(states: list[DatasetState], known: dict[str, int]) -> list[News]:
    """Return the releases that came since; of a new dataset, the current one."""
    return sorted(
        (
            (state, item) for state in states for item in state.releases
            if item.number > known.get(state.dataset, state.release - 1)
        ),
        key=lambda news: (news[1].issued, news[0].dataset, news[1].number),
    )


def _message(settings: Settings, state: DatasetState, release: ReleaseState) -> Notification:
    at = f"datasets/{state.dataset}/releases/{release.number}/"
    change_set = json.loads((settings.data_dir.site / at / FILE).read_bytes())
    if len(change_set["cells"]) > CELLS:
        change_set |= {"cells": change_set["cells"][:CELLS], "cells_complete": False}
    changes, address = release.changes, (settings.site_url or "") + at
    text = (
        f"{state.title.get('vi')} / {state.title.get('en')}\n{release.reason}: {changes.added} new,"
        f" {changes.revised} revised, {changes.withdrawn} withdrawn\n{address}"
    )
    what = f"{state.dataset} {release.version}"
    return Notification(
        "released", what, f"{what} was released", text, (state.dataset,), {},
        {**change_set, "address": address},
    )


def _channels(settings: Settings) -> dict[str, Send]:
    found: dict[str, Send] = {}
    webhook, hub, site = settings.release_webhook, city().websub_hub, settings.site_url
    if webhook is not None:
        found["webhook"] = lambda _, message: post(webhook.get_secret_value(), message)
    if hub and site:
        found["websub"] = lambda state, _: _ping(str(hub), site, state)
    return found


def _ping(hub: str, site: str, state: DatasetState) -> None:
    """Tell a hub which feeds of the `site` have news (https://www.w3.org/TR/websub/#publishing).

    Raises:
        httpx.HTTPError: not reached, or refused.
    """
    topics = [site + path for code in languages() for path in feeds_of(state.dataset, code)]
    data = {"hub.mode": "publish", "hub.url": topics}
    httpx.post(hub, data=data, timeout=SECONDS).raise_for_status()
