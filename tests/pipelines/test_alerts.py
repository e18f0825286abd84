"""Alerts: one cause is one message, quiet on repeats, and "recovered" when it is."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from model.errors import (
    DriftError,
    OpenIndicatorsError,
    PortalError,
    QualityError,
    StoreError,
    UnreachableError,
)
from pipelines.after_run import alerts
from pipelines.after_run.alerts import forget_removed, notify
from pipelines.settings import Settings
from pipelines.steps.progress import FailureLog
from tests.fixtures.listeners import mail_server, webhook
from tests.fixtures.releases import check
from tests.fixtures.settings import changed
from tests.warehouse.test_validation_log import DATASET, inputs, validated
from warehouse.store import failure_log, validation_log
from warehouse.store.data_dir import DataDir

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEN = [f"finance/d{number}" for number in range(10)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    return Settings(data_dir=data_dir, profile="sample", epoch=NOW)


@pytest.fixture
def book(settings: Settings) -> FailureLog:
    return FailureLog(settings.data_dir)


def unreachable(host: str = "api.worldbank.org") -> UnreachableError:
    return UnreachableError("did not answer", where=f"https://{host}/v2", todo="try again later")


def test_ten_datasets_of_one_source_are_one_message(settings, book) -> None:
    for dataset in TEN:
        book.failed(dataset, "snapshot", unreachable())
    book.failed("health/x", "snapshot", unreachable("who.int"))
    with webhook() as (address, received):
        watched = changed(settings, webhook=address)
        assert notify(watched) == 2
        assert [message["datasets"] for message in received] == [TEN, ["health/x"]]
        assert "did not answer" in received[0]["text"] and "10 datasets" in received[0]["text"]
        assert "→ try again later" in received[0]["text"]


def test_repeats_are_quiet_and_a_resolved_cause_is_notified_once(settings, book) -> None:
    with webhook() as (address, received):
        watched = changed(settings, webhook=address)
        assert notify(watched) == 0 and not settings.data_dir.failures.exists()
        for dataset in TEN[:2]:
            book.failed(dataset, "snapshot", unreachable())
        assert [notify(watched) for _ in range(3)] == [1, 0, 0]
        book.failed(TEN[2], "snapshot", unreachable())  # the same cause breaks one more
        book.finished(TEN[0], "snapshot", False)
        assert notify(watched) == 0
        for dataset in TEN[1:3]:
            book.finished(dataset, "snapshot", False)
        assert [notify(watched) for _ in range(2)] == [1, 0]
        book.failed(TEN[0], "snapshot", unreachable())
        assert notify(watched) == 1
        assert [message["kind"] for message in received] == ["failed", "recovered", "failed"]
        assert received[1]["cause"] == received[0]["cause"] == "source api.worldbank.org"


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
    with webhook() as (address, received):
        assert notify(changed(settings, webhook=address)) == causes == len(received)


def stop(settings: Settings, folder: Path, day: int, *failing: str) -> None:
    """Keep a judgement that stopped a release because of some checks."""
    rows = ({"indicator": "ROOMS", "obs_value": -1.0, "obs_note": "0905 123 456"},)
    checks = tuple(
        check(name, outcome="failed", unexpected=1, samples=rows) for name in failing
    )
    found = validated(folder, ["2023"], checks=checks, blockers=[{"kind": "empty"}])
    validation_log.keep(settings.data_dir, found, inputs(), "1", NOW + timedelta(days=day))


@pytest.mark.parametrize("kind", [QualityError, DriftError])
def test_a_blocked_release_is_notified_with_its_failing_rows(
    settings, book, tmp_path, kind
) -> None:
    stop(settings, tmp_path / "a", 0, "total")
    book.failed(DATASET, "table", kind("the table fails", where=DATASET, todo="look"))
    with webhook() as (address, received):
        watched = changed(settings, webhook=address)
        assert notify(watched) == 1 and notify(watched) == 0
        assert received[0]["rows"] == {
            f"{DATASET}: total": [{"indicator": "ROOMS", "obs_value": -1.0}]
        }
        assert "0905" not in str(received)  # free text stays where it is
        stop(settings, tmp_path / "b", 1, "total", "share")  # another check fails: another cause
        assert notify(watched) == 1 and "share" in received[1]["cause"]
        book.finished(DATASET, "table", True)
        assert notify(watched) == 1 and received[2]["kind"] == "recovered"


def test_a_channel_that_was_down_is_notified_later(settings, book) -> None:
    book.failed(TEN[0], "snapshot", unreachable())
    with webhook(status=500) as (address, _):
        assert notify(changed(settings, webhook=address)) == 0
    with webhook() as (address, received):
        assert notify(changed(settings, webhook=address)) == 1 and len(received) == 1
        book.finished(TEN[0], "snapshot", True)
    assert notify(changed(settings, webhook=address)) == 0  # nobody listens any more
    with webhook() as (address, received):
        assert notify(changed(settings, webhook=address)) == 1
        assert received[0]["kind"] == "recovered"


def test_a_channel_that_hangs_is_given_up_once_and_notified_later(
    settings, book, monkeypatch
) -> None:
    monkeypatch.setattr(alerts, "SECONDS", 0.3)
    for dataset, host in zip(TEN, ("a.vn", "b.vn", "c.vn"), strict=False):
        book.failed(dataset, "snapshot", unreachable(host))
    with webhook(silent=True) as (address, asked):
        assert notify(changed(settings, webhook=address)) == 0 and len(asked) == 1
    with webhook() as (address, received):
        assert notify(changed(settings, webhook=address)) == 3 == len(received)
        assert notify(changed(settings, webhook=address)) == 0


def test_a_cause_that_a_channel_refuses_holds_up_no_other(settings, book) -> None:
    for dataset, host in zip(TEN, ("a.vn", "b.vn"), strict=False):
        book.failed(dataset, "snapshot", unreachable(host))
    with webhook(status=400) as (address, asked):
        assert notify(changed(settings, webhook=address)) == 0 and len(asked) == 2


HOSTILE = "<!channel> @here `x` ``` <b>&\x00\x1b[31m\u202e\u2028\x85\r\nBcc: x@y.z\r\n.\r\n"


def test_text_of_a_source_steers_neither_a_chat_nor_a_letter(settings, book) -> None:
    where = f"https://a.vn{HOSTILE}/"
    book.failed("finance/a", "snapshot", UnreachableError(HOSTILE, where=where, todo=HOSTILE))
    book.failed("finance/b", "release", StoreError(HOSTILE, where=HOSTILE, todo=HOSTILE))
    with mail_server() as (address, letters), webhook() as (hook, received):
        assert notify(changed(settings, **mailed(address), webhook=hook)) == 4
    assert len(letters) == len(received) == 2
    for letter in letters:
        assert letter["X-Delivered-To"] == letter["To"] == "an@danang.gov.vn, binh@danang.gov.vn"
        assert set(letter.keys()) == {
            "Subject", "From", "To", "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
            "X-Delivered-To",
        }
        assert letter.get_content_type() == "text/plain"
        assert "Bcc: x@y.z" in letter.get_content() and "\x1b" not in letter.get_content()
    for message in received:
        shown = message["text"]
        assert shown.startswith("```\n") and shown.endswith("\n```") and shown.count("`") == 6
        assert not {"<", ">", "\x00", "\x1b", "\u202e"} & set(shown)
        assert "&lt;!channel&gt;" in shown


def test_no_address_gets_into_a_log(settings, book, caplog, monkeypatch) -> None:
    monkeypatch.setattr(alerts, "SECONDS", 0.3)
    book.failed("finance/a", "snapshot", unreachable())
    with caplog.at_level(logging.DEBUG):
        for channel in ({"status": 500}, {"silent": True}, {"status": 302}, {}):
            with webhook(**channel) as (address, _):
                watched = changed(settings, webhook=address)
                notify(watched)
                assert "secret" not in repr(watched)
        email = mailed("smtp://user:secret@127.0.0.1:1")
        notify(changed(settings, **email))
    assert "was not notified of source api.worldbank.org" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # of a server that is inside TLS
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_to_the_server_that_shows_who_it_is_and_to_no_other(
    settings, book, monkeypatch, tmp_path, security
) -> None:
    known = trustme.CA()
    known.cert_pem.write_to_path(tmp_path / "known.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "known.pem"))
    book.failed("finance/a", "snapshot", unreachable())
    with mail_server(security) as (address, letters):  # nobody known vouches for it
        assert notify(changed(settings, **mailed(address))) == 0 and letters == []
    with mail_server() as (address, letters):  # it does not encrypt at all
        email = mailed(address.replace("smtp+plain://", "smtp://user:secret@"))
        assert notify(changed(settings, **email)) == 0 and letters == []
    with mail_server(security, known) as (address, letters):
        assert notify(changed(settings, **mailed(address.replace("secret", "wrong")))) == 0
        assert notify(changed(settings, **mailed(address))) == 1 == len(letters)


def mailed(address: str) -> dict[str, str]:
    return {
        "smtp": address, "alert_from": "data@danang.gov.vn",
        "alert_to": "an@danang.gov.vn, binh@danang.gov.vn",
    }


def test_mail_goes_to_everybody_named_and_each_channel_knows_for_itself(
    settings, book, monkeypatch
) -> None:
    book.failed("finance/a", "snapshot", unreachable("a.vn\r\nBcc: x@y.z"))
    with mail_server() as (address, letters), webhook() as (hook, received):
        email = mailed(address)
        assert notify(changed(settings, **email)) == 1
        assert notify(changed(settings, **email, webhook=hook)) == 1 == len(received)
        book.finished("finance/a", "snapshot", True)
        assert notify(changed(settings, **email)) == 1
    assert [letter["To"] for letter in letters] == ["an@danang.gov.vn, binh@danang.gov.vn"] * 2
    assert letters[0]["From"] == "data@danang.gov.vn" and letters[0]["Bcc"] is None
    assert "did not answer" in letters[0].get_content()
    assert letters[1]["Subject"].startswith("✓ recovered")


def test_what_failed_of_a_dataset_that_is_declared_no_longer_is_forgotten(settings, book) -> None:
    book.failed("finance/gdp", "snapshot", unreachable())
    book.failed("finance/never_declared", "table", unreachable("b.vn"))
    forget_removed(settings)
    assert [item.dataset for item in failure_log.opened(settings.data_dir)] == ["finance/gdp"]


@pytest.mark.parametrize(("changes", "said"), [
    ({"OPENINDICATORS_SMTP": "http://mail"}, "not the address of a mail server"),
    ({"OPENINDICATORS_SMTP": "smtps://mail:port"}, "not the address of a mail server"),
    ({"OPENINDICATORS_ALERT_TO": ""}, "sender or recipients are missing"),
    ({"OPENINDICATORS_ALERT_FROM": "nobody"}, "sender or recipients are missing"),
    ({"OPENINDICATORS_ALERT_FROM": "a@b\r\nBcc: x@y.z"}, "sender or recipients are missing"),
    ({"OPENINDICATORS_ALERT_TO": "c@d\u2028x@y"}, "sender or recipients are missing"),
    ({"OPENINDICATORS_SMTP": "smtps://mail..vn"}, "not the address of a mail server"),
    ({"OPENINDICATORS_WEBHOOK": "hooks.slack.com/secret"}, "is not a web address"),
    ({"OPENINDICATORS_WEBHOOK": "https://hooks..vn/secret"}, "is not a web address"),
    ({"OPENINDICATORS_WEBHOOK": "https://hooks.vn:x/secret"}, "is not a web address"),
    ({"OPENINDICATORS_WEBHOOK": "https://hooks.vn/se cret"}, "is not a web address"),
    ({"OPENINDICATORS_SMTP": "smtp+plain://mail.danang.gov.vn"}, "without encryption"),
])
def test_an_invalid_address_is_refused_in_words(changes, said, monkeypatch) -> None:
    usual = {
        "OPENINDICATORS_SMTP": "smtps://u:p%40ss@mail", "OPENINDICATORS_ALERT_FROM": "a@b",
        "OPENINDICATORS_ALERT_TO": "c@d",
    }
    for name, value in usual.items():
        monkeypatch.setenv(name, value)
    found = Settings.from_environment().email
    assert (found.port, found.security, found.password) == (465, "tls", "p@ss")
    assert "p@ss" not in repr(found)
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OpenIndicatorsError, match=said) as refused:
        Settings.from_environment()
    assert "cret" not in str(refused.value)
