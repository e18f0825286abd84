"""Telling people what has failed, and that it is mended: by webhook and by e-mail.

One cause is one message, however many datasets it breaks; a cause that was told is told again only
after it was mended. What a channel knows is kept in the data folder, so that a message which could
not be sent goes out after the next run.
"""

from __future__ import annotations

import json
import logging
import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import httpx

from model.quality import Failure, Told
from model.records import CheckResult
from pipelines.settings import EmailSettings, Settings
from warehouse import failures, judgements
from warehouse.home import Home

SECONDS = 20
ROWS = 5  # failing rows of a check that a message shows
DATASETS = 20  # datasets that a message names
# Free text of a source may hold anything, personal data too: a message shows codes and figures.
NOT_TOLD = ("obs_note", "_original")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """What people are told of one cause."""

    kind: str  # "failed" or "recovered"
    cause: str
    subject: str
    text: str
    datasets: tuple[str, ...]
    rows: dict[str, list[dict[str, Any]]]  # by "dataset: check"


Send = Callable[[Message], None]


def tell(settings: Settings) -> int:
    """Tell every channel what it does not know yet.

    Returns:
        How many messages were sent. One that cannot be sent is logged, and tried again next time.

    Raises:
        StoreError: the list of failures cannot be read or written.
    """
    open_now = by_cause(settings.home)
    return sum(
        _tell_channel(settings.home, name, send, open_now, settings.now())
        for name, send in channels(settings).items()
    )


def forget_removed(settings: Settings) -> None:
    """Forget what failed of datasets that are declared no longer: nothing will mend it.

    Raises:
        StoreError: the list of failures cannot be read or written.
    """
    for failure in failures.opened(settings.home):
        if not (settings.declarations / f"{failure.dataset}.yaml").is_file():
            failures.mended(settings.home, failure.dataset, failure.stage)


def channels(settings: Settings) -> dict[str, Send]:
    """Return the channels that are configured, by name."""
    found: dict[str, Send] = {}
    webhook, email = settings.webhook, settings.email
    if webhook is not None:
        found["webhook"] = lambda message: post(webhook, message)
    if email is not None:
        found["email"] = lambda message: mail(email, message)
    return found


def by_cause(home: Home) -> dict[str, list[Failure]]:
    """Return what has failed, by cause; checks that fail are causes of their own."""
    found: dict[str, list[Failure]] = {}
    for failure in failures.opened(home):
        cause = failure.cause
        if failure.kind == "QualityError":
            names = [check.name for check in _failing(home, failure.dataset)]
            cause = f"{cause}: {', '.join(names)}" if names else cause
        found.setdefault(cause, []).append(failure)
    return found


def _failing(home: Home, dataset: str) -> list[CheckResult]:
    """Return the checks that the dataset's newest judgement failed."""
    history = judgements.log(home, dataset)
    if not history or history[-1].stopped is None:
        return []
    record = judgements.record(home, history[-1])
    return [check for check in record.checks if check.outcome == "failed"]


def _tell_channel(
    home: Home, name: str, send: Send, open_now: dict[str, list[Failure]], now: datetime
) -> int:
    before = failures.told(home, name)
    known = {item.cause for item in before}
    failing = {failure.dataset for items in open_now.values() for failure in items}
    keep: list[Told] = []
    sent = 0
    for item in before:
        if item.cause in open_now:
            keep.append(item)
        elif failing.isdisjoint(item.datasets):
            if _sent(name, send, _recovered(item)):
                sent += 1
            else:
                keep.append(item)
    for cause, items in open_now.items():
        if cause not in known and _sent(name, send, _failed(home, cause, items)):
            sent += 1
            names = tuple(item.dataset for item in items)
            keep.append(Told(cause=cause, datasets=names, since=now))
    if tuple(keep) != before:
        failures.remember(home, name, keep)
    return sent


def _sent(name: str, send: Send, message: Message) -> bool:
    try:
        send(message)
    except (httpx.HTTPError, OSError, smtplib.SMTPException) as error:
        # The address may hold a secret: say what failed, not where.
        log.error("%s was not told of %s: %s", name, message.cause, type(error).__name__)
        return False
    return True


def _failed(home: Home, cause: str, items: Sequence[Failure]) -> Message:
    first = items[0]
    names = tuple(item.dataset for item in items)
    lines = [f"{first.where}: {first.what}" if first.where else first.what]
    if first.todo:
        lines.append(f"→ {first.todo}")
    lines += ["", "Datasets: " + _listed(names), "Their last good release stays public."]
    rows: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        if item.kind != "QualityError":
            continue
        for check in _failing(home, item.dataset):
            shown = [_shown(row) for row in check.samples[:ROWS]]
            lines += ["", f"{item.dataset} · {check.name}: {check.title.vi} / {check.title.en}",
                      f"{check.unexpected} of {check.evaluated} do not fulfil it"]
            lines += ["  " + ", ".join(f"{k}={v}" for k, v in row.items()) for row in shown]
            rows[f"{item.dataset}: {check.name}"] = shown
    many = f" ({len(names)} datasets)" if len(names) > 1 else ""
    return Message("failed", cause, f"✗ {cause}{many}", "\n".join(lines), names, rows)


def _recovered(item: Told) -> Message:
    text = (
        f"Recovered: {item.cause}\nIt was told on {item.since:%Y-%m-%d %H:%M} UTC.\n"
        f"Datasets: {_listed(item.datasets)}"
    )
    return Message("recovered", item.cause, f"✓ recovered: {item.cause}", text, item.datasets, {})


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - DATASETS} more" if len(names) > DATASETS else ""
    return ", ".join(names[:DATASETS]) + more


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if v is not None and k not in NOT_TOLD}


def post(webhook: str, message: Message) -> None:
    """Send a message as JSON; `text` is what chat services show.

    Raises:
        httpx.HTTPError: not reached, or refused.
    """
    body = {
        "text": f"{message.subject}\n{message.text}", "kind": message.kind,
        "cause": message.cause, "datasets": list(message.datasets), "rows": message.rows,
    }
    content = json.dumps(body, ensure_ascii=False, default=str).encode()
    headers = {"content-type": "application/json"}
    httpx.post(webhook, content=content, headers=headers, timeout=SECONDS).raise_for_status()


def mail(email: EmailSettings, message: Message) -> None:
    """Send a message by e-mail.

    Raises:
        OSError: the server is not reached.
        smtplib.SMTPException: it refused.
    """
    letter = EmailMessage()
    letter["Subject"] = re.sub(r"[\x00-\x1f\x7f]+", " ", message.subject)
    letter["From"] = email.sender
    letter["To"] = ", ".join(email.recipients)
    letter.set_content(message.text)
    context = ssl.create_default_context()
    with _server(email, context) as server:
        if email.security == "starttls":
            server.starttls(context=context)
        if email.user:
            server.login(email.user, email.password)
        server.send_message(letter)


def _server(email: EmailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    if email.security == "tls":
        return smtplib.SMTP_SSL(email.host, email.port, timeout=SECONDS, context=context)
    return smtplib.SMTP(email.host, email.port, timeout=SECONDS)
