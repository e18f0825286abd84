"""Bad networks, and a publisher that is killed: in the end the portal equals the releases."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product

import pytest

from model.errors import PortalError
from portal.ckan.client import CHECKSUMS
from tests.fixtures.commands import PROJECT
from tests.portal.ckan import torture
from tests.portal.ckan.proxy import COMPRESSED, FAULTS, UNKNOWN_ACTION, proxy_to
from tests.portal.ckan.runner import Runner

pytestmark = pytest.mark.portal

# `make torture` looks for new seeds that fail; OPENINDICATORS_SEED repeats one.
FIRST = int(os.environ.get("OPENINDICATORS_SEED", "1"))
RUNS = 1 if "OPENINDICATORS_SEED" in os.environ else 4


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
def test_one_fault_is_overcome(env, proxy, tmp_path, fault, action):
    """The run goes on by itself: the server is looked at, and nothing is done twice."""
    env.release(1)
    met = []

    def once(called: str, number: int) -> str | None:
        if called == action and not met:
            met.append(fault)
            return fault
        return UNKNOWN_ACTION if (called, action) == (CHECKSUMS, "download") else None

    proxy.reset(once)
    env.publisher(proxy.url).apply(env.history)
    assert met
    proxy.reset()
    env.assert_equals_releases(tmp_path)


@pytest.mark.parametrize("extension", [True, False])
def test_a_file_that_is_damaged_on_the_way_is_sent_again(env, proxy, tmp_path, extension):
    env.release(1)
    publisher = env.publisher(proxy.url)
    damaged = []

    def damage(called: str, number: int) -> str | None:
        if called != CHECKSUMS:
            return None
        if not damaged:
            damaged.append(next(r for r in env.shown()["resources"] if r["url_type"] == "upload"))
            stored = env.stored(damaged[0]["id"])
            stored.write_bytes(stored.read_bytes()[:-1] + b"?")
        return None if extension else UNKNOWN_ACTION

    proxy.reset(damage)
    publisher.apply(env.history)
    sent = [e["files"] for e in publisher.journal(env.declared.id).entries()
            if e["step"] == "upload" and e["state"] == "begins"]
    assert sent[1:] == [[damaged[0]["file"]]]
    assert (proxy.counts["download"] > 0) is not extension
    proxy.reset()
    env.assert_equals_releases(tmp_path)


def test_a_proxy_that_compresses_answers_damages_no_file(env, proxy, tmp_path):
    """What is compared is the content, not the bytes on the way."""
    env.release(1)
    publisher = env.publisher(proxy.url)
    proxy.reset(lambda action, number: UNKNOWN_ACTION if action == CHECKSUMS else COMPRESSED)
    publisher.apply(env.history)
    uploads = [e for e in publisher.journal(env.declared.id).entries()
               if e["step"] == "upload" and e["state"] == "begins"]
    assert proxy.counts["download"] > 0 and len(uploads) == 1
    proxy.reset()
    env.assert_equals_releases(tmp_path)


def test_a_portal_that_keeps_failing_is_reported_and_serves_the_old_release(env, proxy, tmp_path):
    env.release(1)
    publisher = env.publisher(proxy.url)
    publisher.apply(env.history)
    env.release(2)
    proxy.reset(lambda action, number: "502 before" if action != "package_show" else None)
    with pytest.raises(PortalError, match="answered 502") as caught:
        publisher.apply(env.history)
    assert "goes on where it stopped" in caught.value.todo
    assert env.seen_by_the_public()["version"] == "1"
    proxy.reset()
    publisher.apply(env.history)
    env.assert_equals_releases(tmp_path)


def test_killed_at_every_point_of_the_first_publication(env, proxy, runner, tmp_path):
    """One after the other: each run is killed a little later, until one comes through."""
    env.release(1)
    proxy.reset()
    for kill_at in range(1, torture.MOST_POINTS + 30):
        ended = runner.publish(env, proxy.url, kill_at)
        if not ended["killed"]:
            break
    assert ended == {"killed": False, "code": 0}
    env.assert_equals_releases(tmp_path)


class _Killed(BaseException):
    """Ends a publication as a kill does: nothing of it is written afterwards."""


def test_our_own_words_of_a_killed_run_are_no_persons_edit(env, tmp_path):
    """A file that releases share is described by all of them, and was sent by a killed run."""
    for number, last in ((1, ("create package", "done")), (2, ("upload", "done"))):
        env.release(number)
        publisher = env.publisher()
        journal = publisher.journal(env.declared.id)

        def reach(journal=journal, last=last):
            if (entry := journal.entries()[-1]) and (entry["step"], entry["state"]) == last:
                raise _Killed

        journal.after_line = reach
        publisher.journal = lambda dataset, journal=journal: journal
        with pytest.raises(_Killed):
            publisher.apply(env.history)
    shared = [r["releases"] for r in env.shown()["resources"] if r.get("releases")]
    assert "1 2" in shared
    env.release(3)
    env.publisher().apply(env.history)
    env.assert_equals_releases(tmp_path)


@pytest.mark.parametrize("number", range(RUNS))
def test_torture(number, ckan, proxy, runner, tmp_path):
    seed = FIRST + number  # not in the test's name: parallel workers must collect the same names
    torture.run(seed, ckan, proxy, runner, tmp_path / "run")


def test_the_command_that_looks_for_more(ckan, portal_home):
    command = [sys.executable, "-m", "tests.portal.ckan.torture", "--runs", "1", "--first", "13"]
    done = subprocess.run(
        [*command, "--home", str(portal_home.root)], cwd=PROJECT, capture_output=True, text=True,
        check=False,
    )
    assert "1 of 1 runs ended well" in done.stdout, done.stderr
