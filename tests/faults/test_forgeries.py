"""A log that is forged shows to our command, to the page, and to packages that others wrote."""

from __future__ import annotations

from collections import Counter

import pytest

from portal.site.site import Site
from portal.site_folder.state import all_datasets
from portal.transparency.signing import SigningKey, new_key
from tests.faults.forgeries import (
    Log,
    PageScript,
    flips,
    histories,
    missed,
    others_find,
    our_command_finds,
    publish,
)
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, SigningKey, SigningKey]:
    """A log of six releases under three heads, the publisher's key, and a forger's."""
    folder = tmp_path_factory.mktemp("log")
    site = Site(folder / "site", registries())
    history = [
        make_release(folder / str(n), dataset(), [row(obs_value=float(n))], number=n)
        for n in range(1, 7)
    ]
    with site.together():
        site.apply(history)
    new_key(folder / "forger")
    made, key = publish(all_datasets(folder / "site"), folder, heads=3)
    return made, key, SigningKey.read(folder / "forger")


def test_every_forgery_shows_to_all_three(log: tuple[Log, SigningKey, SigningKey]) -> None:
    """`make forgeries` makes 10,000 and 1,000; here are 150 of both."""
    made, key, forger = log
    with PageScript() as page:
        assert not any(finds(made) for finds in (our_command_finds, page.finds, others_find))
        nothing = Counter({"forged": 150, "command": 0, "page": 0, "others": 0})
        assert missed(made, flips(made, 150, 15), page) == nothing
        assert missed(made, histories(made, 150, 15, forger, key), page) == nothing
