"""A site is entered in its log; a history that is rewritten shows, whoever looks."""

from __future__ import annotations

import base64
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree

from model.errors import PortalError, StoreError
from model.util.hashing import canonical_json, sealed, sha256_file, unsealed
from pipelines.after_run.transparency_log import enter_published, rotate
from pipelines.cli.proof.keys import Action, keys
from pipelines.cli.proof.verify import verify
from pipelines.integrity import inspect
from pipelines.settings import Settings
from portal.site.site import Site
from portal.site_folder.state import DatasetState, all_datasets
from portal.transparency.audit import Audit, audit, lines
from portal.transparency.merkle import roots
from portal.transparency.records import Head
from portal.transparency.signing import SigningKey, is_signed, new_key
from tests.fixtures.browser import chromium
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import ReleaseOnDisk, make_release, row
from tests.fixtures.site_server import served
from warehouse.store import ledger
from warehouse.store.data_dir import DataDir

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
NAMES = {"tourism/hotel_rooms": dataset(), "health/beds": dataset(sector="health", name="beds")}


@dataclass
class Publisher:
    """A data folder whose site is published with a log."""

    root: Path
    key: Path | None = None

    @property
    def data_dir(self) -> DataDir:
        return DataDir(self.root)

    def settings(self, day: int = 0) -> Settings:
        return Settings(
            data_dir=self.data_dir, signing_key=self.key, epoch=START + timedelta(days=day)
        )

    def release(self, name: str, number: int, value: float) -> None:
        folder = self.data_dir.releases(name)
        made = make_release(
            folder / str(number), NAMES[name], [row(obs_value=value)], number=number
        )
        ledger.enter(self.data_dir, name)
        site = Site(self.data_dir.site, registries())
        site.apply([*self._history(name, number), made])

    def _history(self, name: str, number: int) -> Iterator[ReleaseOnDisk]:
        for earlier in range(1, number):
            folder = self.root / "again" / name / f"{number}-{earlier}"
            yield make_release(
                folder, NAMES[name], [row(obs_value=float(earlier))], number=earlier
            )

    def published(self) -> Published:
        site = self.data_dir.site
        return Published(
            (site / "log/entries.jsonl").read_bytes(), (site / "log/heads.jsonl").read_bytes(),
            all_datasets(site), sha256_file(site / "catalogue.json"),
        )


@dataclass
class Published:
    """What a stranger reads of a site."""

    entries: bytes
    heads: bytes
    states: list[DatasetState]
    catalogue: str

    def audit(self, witnessed: list[Head] | None = None, key: str = "") -> Audit:
        return audit(self.entries, self.heads, self.states, self.catalogue, witnessed or [], key)


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    """Three publications under two keys: the first of no key, the last after a rotation."""
    folder = tmp_path_factory.mktemp("publisher")
    made = Publisher(folder / "data")
    made.release("tourism/hotel_rooms", 1, 1.0)
    assert enter_published(made.settings(), {}) == 2
    made.key = folder / "first.key"
    new_key(made.key)
    made.release("health/beds", 1, 1.0)
    assert enter_published(made.settings(1), {}) == 2
    new_key(folder / "second.key")
    rotate(made.settings(2), SigningKey.read(folder / "second.key"))
    made.key = folder / "second.key"
    made.release("tourism/hotel_rooms", 2, 2.0)
    assert enter_published(made.settings(3), {}) == 2
    return made


@pytest.fixture(scope="module")
def published(publisher: Publisher) -> Published:
    return publisher.published()


def _objects(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(unsealed(line)) for line in lines(data)]


def _lines(objects: list[dict[str, Any]]) -> bytes:
    return "".join(sealed(canonical_json(each)) + "\n" for each in objects).encode()


def test_a_site_as_published_has_nothing_to_find(
    publisher: Publisher, published: Published
) -> None:
    found = published.audit()
    assert found.findings == []
    assert found.notes == ["1 of 3 heads are from before there was a key"]
    assert found.entered == {
        ("tourism/hotel_rooms", 1), ("tourism/hotel_rooms", 2), ("health/beds", 1)
    }
    assert found.key == SigningKey.read(publisher.root.parent / "second.key").public
    first = SigningKey.read(publisher.root.parent / "first.key").public
    assert published.audit(key=first).findings == []
    assert published.audit(key=found.key).findings == [
        "the log's first key is not the one that was given"
    ]


def test_what_is_not_new_is_not_written(publisher: Publisher) -> None:
    before = publisher.published()
    assert enter_published(publisher.settings(9), {}) == 0
    assert publisher.published() == before


def test_a_second_implementation_agrees(published: Published) -> None:
    """pymerkle for the tree, cryptography's Ed25519 for the signatures, nothing of ours."""
    entries, keys_known = lines(published.entries), [
        each["public"] for each in _objects(published.entries) if each["kind"] == "key"
    ]
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    signed = 0
    for head in _objects(published.heads):
        assert tree.get_root(head["size"]).hex() == head["root"]
        if not head["key"]:
            continue
        assert head["key"] in keys_known
        text = (
            f"openindicators transparency log\nsize {head['size']}\nroot {head['root']}\n"
            f"catalogue {head['catalogue']}\ntime {head['time']}\n"
        )
        made = base64.b64decode(head["signature"].splitlines()[1])
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(head["key"])[10:])
        public.verify(made[10:], text.encode())
        with pytest.raises(InvalidSignature):
            public.verify(made[10:], text.replace("size", "Size").encode())
        signed += 1
    assert signed == 2


def test_every_flipped_bit_shows(published: Published, request: pytest.FixtureRequest) -> None:
    chance = random.Random(1)
    for _ in range(300):
        name = chance.choice(["entries", "heads"])
        data = bytearray(getattr(published, name))
        data[chance.randrange(len(data) - 1)] ^= 1 << chance.randrange(8)
        changed = Published(**{**vars(published), name: bytes(data)})
        assert changed.audit().findings, bytes(data)


Rewrite = Callable[[list[dict[str, Any]], random.Random], None]


def _change(entries: list[dict[str, Any]], chance: random.Random) -> None:
    entry = chance.choice([each for each in entries if each["kind"] == "release"])
    entry[chance.choice(["record", "files"])] = f"{chance.getrandbits(256):064x}"


def _remove(entries: list[dict[str, Any]], chance: random.Random) -> None:
    del entries[chance.randrange(len(entries))]


def _insert(entries: list[dict[str, Any]], chance: random.Random) -> None:
    entry = chance.choice([each for each in entries if each["kind"] == "release"])
    new = {**entry, "number": entry["number"] + 7, "issued": "2026-01-01T00:00:00Z"}
    entries.insert(chance.randrange(len(entries)), new)


def _exchange(entries: list[dict[str, Any]], chance: random.Random) -> None:
    one, two = chance.sample(range(len(entries)), 2)
    entries[one], entries[two] = entries[two], entries[one]


def _another_key(entries: list[dict[str, Any]], _: random.Random) -> None:
    for entry in entries:
        if entry["kind"] == "key":
            entry["public"] = FORGER
            entry["statement"] = ""


FORGER = ""


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    path = tmp_path_factory.mktemp("forger") / "key"
    new_key(path)
    return SigningKey.read(path)


@pytest.mark.parametrize("rewrite", [_change, _remove, _insert, _exchange, _another_key])
def test_every_rewritten_history_shows(
    published: Published, forger: SigningKey, rewrite: Rewrite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forger makes all heads anew, and signs them with a key of his own."""
    monkeypatch.setitem(globals(), "FORGER", forger.public)
    kept = [Head.model_validate(each) for each in _objects(published.heads)]
    first = next(
        each["public"] for each in _objects(published.entries) if each["kind"] == "key"
    )
    for seed in range(12):
        entries = _objects(published.entries)
        rewrite(entries, random.Random(seed))
        data = _lines(entries)
        heads = _forged(published, data, forger)
        forged = Published(data, heads, published.states, published.catalogue)
        assert forged.audit(witnessed=kept[-1:]).findings, seed
        assert forged.audit(key=first).findings, seed


def _forged(published: Published, entries: bytes, forger: SigningKey) -> bytes:
    found = lines(entries)
    heads = []
    for each in _objects(published.heads):
        is_last = each == _objects(published.heads)[-1]
        size = len(found) if is_last else min(each["size"], len(found))
        head = Head.model_validate(
            {**each, "size": size, "root": roots(found, {size})[size], "key": forger.public}
        )
        heads.append(head.model_copy(update={"signature": forger.sign(head.text)}))
    return _lines([head.model_dump(mode="json") for head in heads])


def test_a_release_that_is_dated_back_shows(publisher: Publisher, published: Published) -> None:
    """Even where the publisher himself signs it."""
    entries = _objects(published.entries)
    entries.append({**entries[0], "dataset": "health/beds", "number": 2,
                    "issued": "2025-12-01T00:00:00Z"})
    data = _lines(entries)
    found = lines(data)
    key = SigningKey.read(publisher.root.parent / "second.key")
    head = Head(
        size=len(found), root=roots(found, {len(found)})[len(found)],
        catalogue=published.catalogue, time=START + timedelta(days=5), key=key.public,
    )
    head = head.model_copy(update={"signature": key.sign(head.text)})
    heads = published.heads + _lines([head.model_dump(mode="json")])
    said = Published(data, heads, published.states, published.catalogue).audit().findings
    assert any("dated back" in each for each in said)


def test_a_release_that_goes_or_changes_shows(published: Published) -> None:
    rooms = next(state for state in published.states if state.name == "hotel_rooms")
    fewer = rooms.model_copy(update={"releases": rooms.releases[1:]})
    changed = rooms.model_copy(update={
        "releases": (rooms.releases[0].model_copy(update={"files": ()}), *rooms.releases[1:])
    })
    for state, said in ((fewer, "not in the site"), (changed, "as the site shows it")):
        states = [state, *(each for each in published.states if each != rooms)]
        found = Published(published.entries, published.heads, states, published.catalogue).audit()
        assert [said in each for each in found.findings] == [True]


def test_another_key_needs_the_one_in_force(publisher: Publisher, tmp_path: Path) -> None:
    copy = Publisher(tmp_path / "data")
    shutil.copytree(publisher.root, copy.root)
    copy.release("health/beds", 2, 2.0)
    with pytest.raises(StoreError, match="no key is set"):
        enter_published(copy.settings(4), {})
    copy.key = tmp_path / "other.key"
    new_key(copy.key)
    with pytest.raises(StoreError, match="another key"):
        enter_published(copy.settings(4), {})
    copy.key = publisher.key
    enter_published(copy.settings(4), {})
    assert copy.published().audit().findings == []


def test_a_log_that_is_lost_or_shorter_ends_the_run(publisher: Publisher, tmp_path: Path) -> None:
    copy = Publisher(tmp_path / "data", publisher.key)
    shutil.copytree(publisher.root, copy.root)
    log = copy.data_dir.transparency_log
    kept = (log / "entries.jsonl").read_bytes()
    (log / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines(kept)[1:]))
    with pytest.raises(StoreError, match="does not have the"):
        enter_published(copy.settings(4), {})
    shutil.rmtree(log)
    with pytest.raises(StoreError, match="the site has a copy"):
        enter_published(copy.settings(4), {})
    shutil.copytree(copy.data_dir.site / "log", log)
    assert enter_published(copy.settings(4), {}) == 0
    damaged = bytearray((copy.data_dir.site / "log/heads.jsonl").read_bytes())
    damaged[10] ^= 1
    (copy.data_dir.site / "log/heads.jsonl").write_bytes(bytes(damaged))
    assert [each.path.name for each in inspect(copy.data_dir).damages] == ["heads.jsonl"]
    assert enter_published(copy.settings(4), {}) == 1


def test_a_key_with_a_password_or_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortalError, match="cannot be read"):
        SigningKey.read(tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(PortalError, match="no signing key"):
        SigningKey.read(tmp_path / "text")
    new_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    with pytest.raises(PortalError, match="cannot be written"):
        new_key(tmp_path / "key")
    key = SigningKey.read(tmp_path / "key")
    assert is_signed("text", key.sign("text"), key.public)
    assert not is_signed("other", key.sign("text"), key.public)
    assert not is_signed("text", "nothing", key.public)


def test_the_command_line_of_a_stranger(
    publisher: Publisher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, kept = tmp_path / "site", tmp_path / "heads.jsonl"
    shutil.copytree(publisher.data_dir.site, site)
    file = site / "datasets/health/beds/beds.csv"
    assert verify(None, str(site), witness=kept) == 0
    assert verify(file, str(site), witness=kept) == 0
    assert "in the log" in capsys.readouterr().out
    assert len(kept.read_text().splitlines()) == 1
    log = site / "log/entries.jsonl"
    log.write_bytes(b"".join(line + b"\n" for line in lines(log.read_bytes())[1:]))
    assert verify(None, str(site), witness=kept) == 1
    assert "the history was rewritten" in capsys.readouterr().out
    assert verify(file, str(site)) == 1
    shutil.rmtree(site / "log")
    assert verify(file, str(site)) == 0
    assert "no log" in capsys.readouterr().out


def test_a_key_is_made_and_taken_over(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(publisher.root, copy)
    keys(Action.new, tmp_path / "third.key")
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(copy))
    monkeypatch.setenv("OPENINDICATORS_SIGNING_KEY", str(publisher.key))
    keys(Action.rotate, tmp_path / "third.key")
    assert "signs from now on" in capsys.readouterr().out
    made = Publisher(copy, tmp_path / "third.key")
    enter_published(made.settings(6), {})
    assert made.published().audit().findings == []


@pytest.mark.browser
def test_the_page_says_the_same(
    publisher: Publisher, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = tmp_path / "site"
    shutil.copytree(publisher.data_dir.site, site)
    file = tmp_path / "beds.csv"
    shutil.copy(site / "datasets/health/beds/beds.csv", file)
    changed = tmp_path / "changed" / "beds.csv"
    changed.parent.mkdir()
    changed.write_bytes(file.read_bytes() + b"x")
    unknown = tmp_path / "other.csv"
    unknown.write_text("y")
    browser = chromium(tmp_path_factory.mktemp("profile"))
    try:
        with served(site) as address:
            def says(path: Path) -> str:
                browser.get(f"{address}/en/verify.html")
                browser.find_element("id", "verify-file").send_keys(str(path))
                return browser.execute_async_script(
                    "const done = arguments[0], look = () => {"
                    " const text = document.getElementById('verdict').innerText;"
                    " if (text && !text.includes('Comparing')) done(text);"
                    " else setTimeout(look, 20);"
                    "}; look();"
                )

            assert "Genuine." in (said := says(file)) and "The head is signed by the key" in said
            assert "Not genuine." in says(changed)
            assert "Unknown." in says(unknown)
            log = site / "log/heads.jsonl"
            heads = _objects(log.read_bytes())
            heads[-1]["time"] = "2026-02-01T00:00:00Z"
            log.write_bytes(_lines(heads))
            assert "not signed by the key in force" in says(file)
            entries = site / "log/entries.jsonl"
            entries.write_bytes(entries.read_bytes().replace(b"health/beds", b"health/bads"))
            assert "entries were changed" in (said := says(file)) and "not in the log" in said
            assert [
                entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"
            ] == []
    finally:
        browser.quit()
