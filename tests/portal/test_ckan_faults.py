"""Bad networks, and a publisher that is killed: in the end the portal equals the releases."""

from __future__ import annotations

import os
import random
from itertools import product

import pytest

from model.errors import PortalError
from portal.ckan.client import CHECKSUMS
from tests.portal import ckan_torture
from tests.portal.ckan_proxy import COMPRESSED, FAULTS, UNKNOWN_ACTION, proxy_to
from tests.portal.ckan_runner import Runner

pytestmark = pytest.mark.portal

# Another seed each time, printed where a run fails; OPENINDICATORS_SEED repeats one.
FIRST = int(os.environ.get("OPENINDICATORS_SEED") or random.SystemRandom().randrange(10**6))
RUNS = 1 if os.environ.get("OPENINDICATORS_SEED") else 24


@pytest.fixture(scope="module")
def runner():
    found = Runner()
    yield found
    found.close()


@pytest.fixture(scope="module")
def proxy(ckan):
    with proxy_to(ckan.url) as found:
        yield found


READ_FAULTS = ("500 after", "drop after", "truncate", "html")


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        *product(("package_create", "package_revise"), FAULTS),
        *product((CHECKSUMS, "download"), READ_FAULTS),
    ],
)
def test_one_fault_is_overcome(world, proxy, tmp_path, fault, action):
    """The run goes on by itself: the server is looked at, and nothing is done twice."""
    world.release(1)
    met = []

    def once(called: str, number: int) -> str | None:
        if called == action and not met:
            met.append(fault)
            return fault
        return UNKNOWN_ACTION if (called, action) == (CHECKSUMS, "download") else None

    proxy.reset(once)
    world.publisher(proxy.url).apply(world.history)
    assert met
    proxy.reset()
    world.assert_equals_releases(tmp_path)


@pytest.mark.parametrize("extension", [True, False])
def test_a_file_that_is_damaged_on_the_way_is_sent_again(world, proxy, tmp_path, extension):
    world.release(1)
    publisher = world.publisher(proxy.url)
    damaged = []

    def damage(called: str, number: int) -> str | None:
        if called != CHECKSUMS:
            return None
        if not damaged:
            damaged.append(next(r for r in world.shown()["resources"] if r["url_type"] == "upload"))
            stored = world.stored(damaged[0]["id"])
            stored.write_bytes(stored.read_bytes()[:-1] + b"?")
        return None if extension else UNKNOWN_ACTION

    proxy.reset(damage)
    publisher.apply(world.history)
    sent = [e["files"] for e in publisher.journal(world.declared.id).entries()
            if e["step"] == "upload" and e["state"] == "begins"]
    assert sent[1:] == [[damaged[0]["file"]]]
    assert (proxy.counts["download"] > 0) is not extension
    proxy.reset()
    world.assert_equals_releases(tmp_path)


def test_a_proxy_that_compresses_answers_damages_no_file(world, proxy, tmp_path):
    """What is compared is the content, not the bytes on the way."""
    world.release(1)
    publisher = world.publisher(proxy.url)
    proxy.reset(lambda action, number: UNKNOWN_ACTION if action == CHECKSUMS else COMPRESSED)
    publisher.apply(world.history)
    uploads = [e for e in publisher.journal(world.declared.id).entries()
               if e["step"] == "upload" and e["state"] == "begins"]
    assert proxy.counts["download"] > 0 and len(uploads) == 1
    proxy.reset()
    world.assert_equals_releases(tmp_path)


def test_a_portal_that_stays_ill_is_told_and_serves_the_old_release(world, proxy, tmp_path):
    world.release(1)
    publisher = world.publisher(proxy.url)
    publisher.apply(world.history)
    world.release(2)
    proxy.reset(lambda action, number: "502 before" if action != "package_show" else None)
    with pytest.raises(PortalError, match="answered 502") as caught:
        publisher.apply(world.history)
    assert "goes on where it stopped" in caught.value.todo
    assert world.seen_by_the_public()["version"] == "1"
    proxy.reset()
    publisher.apply(world.history)
    world.assert_equals_releases(tmp_path)


def test_killed_at_every_point_of_the_first_publication(world, proxy, runner, tmp_path):
    """One after the other: each run is killed a little later, until one comes through."""
    world.release(1)
    proxy.reset()
    for kill_at in range(1, ckan_torture.MOST_POINTS + 30):
        ended = runner.publish(world, proxy.url, kill_at)
        if not ended["killed"]:
            break
    assert ended == {"killed": False, "code": 0}
    world.assert_equals_releases(tmp_path)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_torture(seed, ckan, proxy, runner, tmp_path):
    ckan_torture.run(seed, ckan, proxy, runner, tmp_path / "run")
