"""Alerts: one cause is one message, quiet on repeats, and "recovered" when it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.reporting import FailureBook
from model.errors import (
    OpenIndicatorsError,
    PortalError,
    QualityError,
    StoreError,
    UnreachableError,
)
from pipelines.alerts import forget_removed, tell
from pipelines.settings import Settings
from tests.listeners import mail_server, webhook
from tests.releases import check
from tests.unit.test_warehouse_judgements import DATASET, inputs, validated
from warehouse import failures, judgements
from warehouse.home import Home

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEN = [f"finance/d{number}" for number in range(10)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = Home(tmp_path / "data")
    home.prepare()
    return Settings(home, "sample", tmp_path, epoch=NOW)


@pytest.fixture
def book(settings: Settings) -> FailureBook:
    return FailureBook(settings.home)


def unreachable(host: str = "api.worldbank.org") -> UnreachableError:
    return UnreachableError("did not answer", where=f"https://{host}/v2", todo="try again later")


def test_ten_datasets_of_one_source_are_one_message(settings, book) -> None:
    for dataset in TEN:
        book.failed(dataset, "snapshot", unreachable())
    book.failed("health/x", "snapshot", unreachable("who.int"))
    with webhook() as (address, told):
        watched = replace(settings, webhook=address)
        assert tell(watched) == 2
        assert [message["datasets"] for message in told] == [TEN, ["health/x"]]
        assert "did not answer" in told[0]["text"] and "10 datasets" in told[0]["text"]
        assert "→ try again later" in told[0]["text"]


def test_repeats_are_quiet_and_a_mended_cause_is_told_once(settings, book) -> None:
    with webhook() as (address, told):
        watched = replace(settings, webhook=address)
        assert tell(watched) == 0 and not settings.home.failures.exists()
        for dataset in TEN[:2]:
            book.failed(dataset, "snapshot", unreachable())
        assert [tell(watched) for _ in range(3)] == [1, 0, 0]
        book.failed(TEN[2], "snapshot", unreachable())  # the same cause breaks one more
        book.finished(TEN[0], "snapshot", False)
        assert tell(watched) == 0
        for dataset in TEN[1:3]:
            book.finished(dataset, "snapshot", False)
        assert [tell(watched) for _ in range(2)] == [1, 0]
        book.failed(TEN[0], "snapshot", unreachable())
        assert tell(watched) == 1
        assert [message["kind"] for message in told] == ["failed", "recovered", "failed"]
        assert told[1]["cause"] == told[0]["cause"] == "source api.worldbank.org"


@pytest.mark.parametrize(("errors", "causes"), [
    ([PortalError("refused", where="http://ckan.vn/api")] * 2, 1),
    ([StoreError("the disk is full", where=f"/data/{n}") for n in range(2)], 1),
    ([OpenIndicatorsError("odd", where="x.yaml:3")] * 2, 2),
    ([PortalError("refused", where="a page")] * 2, 2),
    ([ValueError("a bug")] * 2, 2),
])
def test_what_has_one_cause(settings, book, errors, causes) -> None:
    for dataset, error in zip(TEN, errors, strict=False):
        book.failed(dataset, "publication", error)
    with webhook() as (address, told):
        assert tell(replace(settings, webhook=address)) == causes == len(told)


def stop(settings: Settings, folder: Path, day: int, *failing: str) -> None:
    """Keep a judgement that stopped a release because of some checks."""
    rows = ({"indicator": "ROOMS", "obs_value": -1.0, "obs_note": "0905 123 456"},)
    checks = tuple(
        check(name, outcome="failed", unexpected=1, samples=rows) for name in failing
    )
    found = validated(folder, ["2023"], checks=checks, stopped="wrong: mend it")
    judgements.keep(settings.home, found, inputs(), "1", NOW + timedelta(days=day))


def test_a_stopped_release_is_told_with_its_failing_rows(settings, book, tmp_path) -> None:
    stop(settings, tmp_path / "a", 0, "total")
    book.failed(DATASET, "table", QualityError("the table fails", where=DATASET, todo="look"))
    with webhook() as (address, told):
        watched = replace(settings, webhook=address)
        assert tell(watched) == 1 and tell(watched) == 0
        assert told[0]["rows"] == {
            f"{DATASET}: total": [{"indicator": "ROOMS", "obs_value": -1.0}]
        }
        assert "0905" not in str(told)  # free text stays where it is
        stop(settings, tmp_path / "b", 1, "total", "share")  # another check fails: another cause
        assert tell(watched) == 1 and "share" in told[1]["cause"]
        book.finished(DATASET, "table", True)
        assert tell(watched) == 1 and told[2]["kind"] == "recovered"


def test_a_channel_that_was_down_is_told_later(settings, book) -> None:
    book.failed(TEN[0], "snapshot", unreachable())
    with webhook(status=500) as (address, _):
        assert tell(replace(settings, webhook=address)) == 0
    with webhook() as (address, told):
        assert tell(replace(settings, webhook=address)) == 1 and len(told) == 1
        book.finished(TEN[0], "snapshot", True)
    assert tell(replace(settings, webhook=address)) == 0  # nobody listens any more
    with webhook() as (address, told):
        assert tell(replace(settings, webhook=address)) == 1
        assert told[0]["kind"] == "recovered"


def test_mail_goes_to_everybody_named_and_each_channel_knows_for_itself(
    settings, book, monkeypatch
) -> None:
    book.failed("finance/a", "snapshot", unreachable("a.vn\r\nBcc: x@y.z"))
    with mail_server() as (address, letters), webhook() as (hook, told):
        environment = {
            "OPENINDICATORS_SMTP": address, "OPENINDICATORS_ALERT_FROM": "data@danang.gov.vn",
            "OPENINDICATORS_ALERT_TO": "an@danang.gov.vn, binh@danang.gov.vn",
        }
        email = Settings.from_environment(environment).email
        assert tell(replace(settings, email=email)) == 1
        assert tell(replace(settings, email=email, webhook=hook)) == 1 == len(told)
        book.finished("finance/a", "snapshot", True)
        assert tell(replace(settings, email=email)) == 1
    assert [letter["To"] for letter in letters] == ["an@danang.gov.vn, binh@danang.gov.vn"] * 2
    assert letters[0]["From"] == "data@danang.gov.vn" and letters[0]["Bcc"] is None
    assert "did not answer" in letters[0].get_content()
    assert letters[1]["Subject"].startswith("✓ recovered")


def test_what_failed_of_a_dataset_that_is_declared_no_longer_is_forgotten(settings, book) -> None:
    book.failed("finance/gdp", "snapshot", unreachable())
    book.failed("finance/never_declared", "table", unreachable("b.vn"))
    forget_removed(settings)
    assert [item.dataset for item in failures.opened(settings.home)] == ["finance/gdp"]


@pytest.mark.parametrize(("changes", "said"), [
    ({"OPENINDICATORS_SMTP": "http://mail"}, "no address of a mail server"),
    ({"OPENINDICATORS_SMTP": "smtps://mail:port"}, "no address of a mail server"),
    ({"OPENINDICATORS_ALERT_TO": ""}, "who writes to whom"),
    ({"OPENINDICATORS_ALERT_FROM": "nobody"}, "who writes to whom"),
    ({"OPENINDICATORS_SMTP": "smtp+plain://mail.danang.gov.vn"}, "without encryption"),
])
def test_a_wrong_mail_server_is_told_in_words(changes, said) -> None:
    usual = {
        "OPENINDICATORS_SMTP": "smtps://u:p%40ss@mail", "OPENINDICATORS_ALERT_FROM": "a@b",
        "OPENINDICATORS_ALERT_TO": "c@d",
    }
    found = Settings.from_environment(usual).email
    assert (found.port, found.security, found.password) == (465, "tls", "p@ss")
    assert "p@ss" not in repr(found)
    with pytest.raises(OpenIndicatorsError, match=said):
        Settings.from_environment({**usual, **changes})
