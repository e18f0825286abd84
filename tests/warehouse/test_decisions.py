"""Drafts, approval, rejection, rollback, withdrawal: the bytes, the numbers, who decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import DeclarationError, StoreError
from model.util.hashing import sha256_file
from tests.fixtures.datasets import dataset
from tests.warehouse.test_releases import NOW, release, validate, values
from warehouse.store import decisions, drafts, releases
from warehouse.store.data_dir import DataDir

ROOMS = "tourism/hotel_rooms"
LATER = NOW + timedelta(days=3)
CONTENT = ("data.parquet", "quarantine.parquet", "quality.json")


@pytest.fixture
def data_dir(tmp_path):
    found = DataDir(tmp_path / "data")
    found.prepare()
    return found


def propose(data_dir: DataDir, found: dict[str, str], snapshot: str, now: datetime = NOW):
    validated, inputs = validate(data_dir, found, snapshot)
    return drafts.propose(data_dir, dataset(), validated, inputs, now)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


def log_entries(data_dir: DataDir) -> list[tuple[str, str | None]]:
    return [(item.event, item.by) for item in drafts.log(data_dir, ROOMS)]


# Rollback


def test_a_rollback_is_a_new_release_of_old_content(data_dir):
    release(data_dir, {"2023": "3", "2024": "x"}, "1")
    release(data_dir, {"2023": "30", "2024": "4"}, "2")
    before = tree(data_dir.root / "releases")
    stored = decisions.rollback(data_dir, ROOMS, 1, "an", "Số liệu sai", LATER)
    after = tree(data_dir.root / "releases")
    assert {name: after[name] for name in before} == before
    assert stored.release.number == 3 and stored.release.reason == "rollback"
    old = releases.history(data_dir, ROOMS)[0]
    for name in CONTENT:
        assert stored.path(name).read_bytes() == old.path(name).read_bytes()
    assert stored.release.changes.model_dump() == {"added": 0, "revised": 1, "withdrawn": 1}
    assert (stored.release.rows, stored.release.quarantined) == (1, 1)
    decision = stored.release.decision
    assert decision and (decision.of_release, decision.by, decision.reason, decision.at) == (
        1, "an", "Số liệu sai", LATER,
    )
    stored.verify()


def test_the_overruled_inputs_make_no_release_again(data_dir):
    release(data_dir, {"2023": "3"}, "1")
    release(data_dir, {"2023": "30"}, "2")
    decisions.rollback(data_dir, ROOMS, 1, "an", None, LATER)
    stored, made = release(data_dir, {"2023": "30"}, "2")
    assert not made and stored.release.number == 3
    for figure, other_bytes in (("30", "4"), ("3", "5")):  # overruled, and what came back
        stored, made = release(data_dir, {"2023": figure}, other_bytes)
        assert not made and stored.release.number == 3
    stored, made = release(data_dir, {"2023": "31"}, "3")
    assert made and stored.release.number == 4 and stored.release.reason == "source changed"


def test_a_rollback_keeps_closed_what_was_closed_since(data_dir):
    release(data_dir, {"2023": "3"}, "1")
    release(data_dir, {"2023": "30"}, "2", dataset(access_rights="NON_PUBLIC"))
    stored = decisions.rollback(data_dir, ROOMS, 1, "an", None, LATER)
    assert stored.release.declaration["access_rights"] == "NON_PUBLIC"


@pytest.mark.parametrize(("to", "words"), [(7, "no release 7"), (2, "content of release 2")])
def test_a_rollback_that_means_nothing(data_dir, to, words):
    release(data_dir, {"2023": "3"}, "1")
    release(data_dir, {"2023": "30"}, "2")
    with pytest.raises(StoreError, match=words):
        decisions.rollback(data_dir, ROOMS, to, "an", None, LATER)
    assert len(releases.history(data_dir, ROOMS)) == 2


def test_a_damaged_release_does_not_come_back(data_dir):
    first, _ = release(data_dir, {"2023": "3"}, "1")
    release(data_dir, {"2023": "30"}, "2")
    first.path("data.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="not what its record says"):
        decisions.rollback(data_dir, ROOMS, 1, "an", None, LATER)
    assert len(releases.history(data_dir, ROOMS)) == 2


@settings(max_examples=12, deadline=None)
@given(st.lists(values, min_size=2, max_size=4, unique_by=str), st.data())
def test_wherever_one_goes_back_to(tmp_path_factory, found, data):
    data_dir = DataDir(tmp_path_factory.mktemp("home"))
    data_dir.prepare()
    for number, item in enumerate(found):
        release(data_dir, item, "abcd"[number])
    last = len(found)
    to = data.draw(st.integers(1, last - 1))
    stored = decisions.rollback(data_dir, ROOMS, to, "an", None, LATER)
    old = releases.history(data_dir, ROOMS)[to - 1]
    assert stored.release.number == last + 1
    assert [sha256_file(stored.path(n)) for n in CONTENT] == [
        sha256_file(old.path(n)) for n in CONTENT
    ]
    changes = stored.release.changes
    assert stored.release.rows == len(found[-1]) + changes.added - changes.withdrawn


# Withdrawal


def test_a_withdrawal_is_the_last_release(data_dir):
    first, _ = release(data_dir, {"2023": "3", "2024": "x"}, "1")
    before = tree(first.folder)
    stored = decisions.withdraw(data_dir, ROOMS, "an", "Đếm hai lần", "health/beds", LATER)
    assert tree(first.folder) == before
    assert stored.release.number == 2 and stored.release.reason == "withdrawal"
    assert (stored.release.rows, stored.release.quarantined) == (0, 0)
    assert stored.release.changes.model_dump() == {"added": 0, "revised": 0, "withdrawn": 1}
    for name in ("data.parquet", "quarantine.parquet"):
        table = pq.read_table(stored.path(name))
        assert table.num_rows == 0 and table.schema == pq.read_schema(first.path(name))
    decision = stored.release.decision
    assert decision and (decision.successor, decision.reason) == ("health/beds", "Đếm hai lần")
    stored.verify()


@pytest.mark.parametrize("what", ["release", "draft", "rollback", "withdraw", "approve"])
def test_nothing_follows_a_withdrawal(data_dir, what):
    release(data_dir, {"2023": "3"}, "1")
    decisions.withdraw(data_dir, ROOMS, "an", "Đếm hai lần", None, LATER)
    actions = {
        "release": lambda: release(data_dir, {"2023": "4"}, "2"),
        "draft": lambda: propose(data_dir, {"2023": "4"}, "2"),
        "rollback": lambda: decisions.rollback(data_dir, ROOMS, 1, "an", None, LATER),
        "withdraw": lambda: decisions.withdraw(data_dir, ROOMS, "an", "x", None, LATER),
        "approve": lambda: drafts.approve(data_dir, ROOMS, None, "an", LATER),
    }
    with pytest.raises(DeclarationError, match="was withdrawn on 2026-01-04") as error:
        actions[what]()
    assert "another name" in error.value.todo
    assert len(releases.history(data_dir, ROOMS)) == 2


def test_there_is_nothing_to_withdraw(data_dir):
    with pytest.raises(StoreError, match="no release yet"):
        decisions.withdraw(data_dir, ROOMS, "an", "x", None, LATER)


# Review


def test_a_draft_is_no_release(data_dir):
    draft, made = propose(data_dir, {"2023": "3", "2024": "x"}, "1")
    assert made and draft is not None and draft.release.number == 1
    assert releases.current(data_dir, ROOMS) is None and releases.datasets(data_dir) == []
    assert drafts.datasets(data_dir) == [ROOMS]
    before = tree(data_dir.root / "drafts")
    again, made = propose(data_dir, {"2023": "3", "2024": "x"}, "1", LATER)
    assert not made and again == draft and tree(data_dir.root / "drafts") == before


def test_the_approved_bytes_are_the_ones_that_become_public(data_dir):
    draft, _ = propose(data_dir, {"2023": "3", "2024": "x"}, "1")
    assert draft is not None
    offered = {record.name: draft.path(record.name).read_bytes() for record in draft.release.files}
    stored = drafts.approve(data_dir, ROOMS, draft.folder.name, "an", LATER)
    assert {name: stored.path(name).read_bytes() for name in offered} == offered
    assert stored.release.files == draft.release.files
    assert stored.release.issued == LATER
    decision = stored.release.decision
    assert decision and (decision.kind, decision.by, decision.at) == ("approved", "an", LATER)
    assert drafts.waiting(data_dir, ROOMS) is None
    assert log_entries(data_dir) == [("made", None), ("approved", "an")]
    before = tree(data_dir.root)
    assert propose(data_dir, {"2023": "3", "2024": "x"}, "1", LATER) == (None, False)
    assert {n: v for n, v in tree(data_dir.root).items() if n in before} == before


def test_a_newer_draft_replaces_one_that_waits(data_dir):
    old, _ = propose(data_dir, {"2023": "3"}, "1")
    new, made = propose(data_dir, {"2023": "30"}, "2")
    assert made and old and new and drafts.waiting(data_dir, ROOMS) == new
    assert not old.folder.exists()
    assert log_entries(data_dir) == [("made", None), ("replaced", None), ("made", None)]
    assert drafts.log(data_dir, ROOMS)[1].replaced_by == f"draft {new.folder.name}"
    with pytest.raises(StoreError, match="not " + old.folder.name):
        drafts.approve(data_dir, ROOMS, old.folder.name, "an", LATER)
    assert releases.current(data_dir, ROOMS) is None


def test_what_was_rejected_is_not_proposed_again(data_dir):
    propose(data_dir, {"2023": "3"}, "1")
    event = drafts.reject(data_dir, ROOMS, None, "an", "Sai đơn vị", LATER)
    assert (event.by, event.reason, event.at) == ("an", "Sai đơn vị", LATER)
    before = tree(data_dir.root / "drafts")
    for source in ("1", "2"):  # in other bytes, too
        assert propose(data_dir, {"2023": "3"}, source) == (None, False)
        assert tree(data_dir.root / "drafts") == before
    with pytest.raises(StoreError, match="no draft waits"):
        drafts.approve(data_dir, ROOMS, None, "an", LATER)
    draft, made = propose(data_dir, {"2023": "30"}, "3")
    assert made and draft is not None


def test_a_source_that_goes_back_takes_its_draft_along(data_dir):
    release(data_dir, {"2023": "3"}, "1")
    propose(data_dir, {"2023": "30"}, "2")
    assert propose(data_dir, {"2023": "3"}, "1") == (None, True)
    assert drafts.waiting(data_dir, ROOMS) is None
    assert drafts.log(data_dir, ROOMS)[-1].replaced_by == "release 1"


def test_a_draft_that_compares_with_the_past_is_not_approved(data_dir):
    release(data_dir, {"2023": "3"}, "1")
    release(data_dir, {"2023": "30"}, "2")
    stale, _ = propose(data_dir, {"2023": "31"}, "3")
    decisions.rollback(data_dir, ROOMS, 1, "an", None, LATER)
    with pytest.raises(StoreError, match="release 3 came out after the draft was made"):
        drafts.approve(data_dir, ROOMS, None, "an", LATER)
    fresh, made = propose(data_dir, {"2023": "31"}, "3")
    assert made and fresh and stale and fresh.release.number == 4
    stored = drafts.approve(data_dir, ROOMS, None, "an", LATER)
    (change,) = pq.read_table(stored.path("changes.parquet")).to_pylist()
    assert (change["old_value"], change["new_value"]) == (3.0, 31.0)


def test_a_damaged_draft_is_not_approved(data_dir):
    draft, _ = propose(data_dir, {"2023": "3"}, "1")
    assert draft is not None
    draft.path("data.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="changed after it was made"):
        drafts.approve(data_dir, ROOMS, None, "an", LATER)
    assert releases.current(data_dir, ROOMS) is None


def test_a_withdrawal_ends_the_waiting(data_dir):
    release(data_dir, {"2023": "3"}, "1")
    propose(data_dir, {"2023": "30"}, "2")
    decisions.withdraw(data_dir, ROOMS, "an", "Đếm hai lần", None, LATER)
    assert drafts.waiting(data_dir, ROOMS) is None
    assert drafts.log(data_dir, ROOMS)[-1].replaced_by == "release 2"


def test_killed_between_the_release_and_the_log(data_dir, monkeypatch):
    """The release is made, its log line is not: the next step writes it, once."""
    draft, _ = propose(data_dir, {"2023": "3"}, "1")
    with monkeypatch.context() as patch:
        patch.setattr(drafts, "_add", _killed)
        with pytest.raises(KeyboardInterrupt):
            drafts.approve(data_dir, ROOMS, None, "an", LATER)
    assert draft and draft.folder.exists() and drafts.waiting(data_dir, ROOMS) is None
    assert propose(data_dir, {"2023": "3"}, "1") == (None, False)
    assert log_entries(data_dir) == [("made", None), ("approved", "an")]
    assert not draft.folder.exists() and len(releases.history(data_dir, ROOMS)) == 1


def test_killed_between_the_draft_and_the_log(data_dir, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(drafts, "_add", _killed)
        with pytest.raises(KeyboardInterrupt):
            propose(data_dir, {"2023": "3"}, "1")
    assert drafts.waiting(data_dir, ROOMS) is None
    draft, made = propose(data_dir, {"2023": "3"}, "1")
    assert made and drafts.waiting(data_dir, ROOMS) == draft
    assert log_entries(data_dir) == [("made", None)]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_damaged_log_is_reported(data_dir):
    propose(data_dir, {"2023": "3"}, "1")
    (data_dir.drafts(ROOMS) / "log.jsonl").write_text("{\n")
    with pytest.raises(StoreError, match="log of drafts"):
        drafts.waiting(data_dir, ROOMS)


