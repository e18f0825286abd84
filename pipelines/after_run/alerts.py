"""Notify people of what has failed and what has recovered, by webhook and by e-mail.

One cause is one message, however many datasets it breaks; a channel is notified of it again only
after it was resolved. What a channel knows is kept in the data folder, so that a message which
could not be sent goes out after the next run.

What a message says comes from sources and files and may contain anything: mail is plain text under
one line of subject, chat services get a block of code, in which they read no markup.
"""

import json
import logging
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import httpx

from model.records.incident import Failure, Notified
from model.records.release_blockers import finding
from model.records.validation import CheckResult
from model.reference.personal_data import masked, masked_values
from model.util.text import plain
from pipelines.settings import EmailSettings, Settings
from warehouse.store import failure_log, validation_log
from warehouse.store.data_dir import DataDir

SECONDS = 10  # that a server may take for each answer
ROWS = 5  # failing rows of a check that a message shows
DATASETS = 20  # datasets that a message names
SUBJECT, TEXT = 200, 12_000  # characters; Slack cuts at 40,000, Teams refuses above 28 kB
VALIDATED = ("QualityError", "DriftError")  # the newest validation run names the failed checks
# Free text of a source may hold anything, personal data too: a message shows codes and figures.
NEVER_SENT = ("obs_note", "_original")

log = logging.getLogger(__name__)
# It would write the whole address of each request into the log: a webhook's is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Notification:
    """The message about one cause."""

    kind: str  # "failed", "recovered" or "released"
    cause: str
    subject: str
    text: str
    datasets: tuple[str, ...]
    rows: dict[str, list[dict[str, Any]]]  # by "dataset: check"
    change_set: dict[str, Any] | None = None  # of a release


Send = Callable[[Notification], None]


class Unreachable(Exception):
    """A channel does not answer: its other messages need not be tried now."""


def notify(settings: Settings) -> int:
    """Send every channel what it does not know yet.

    Returns:
        How many messages were sent. One that cannot be sent is logged, and tried again next time.

    Raises:
        StoreError: the list of failures cannot be read or written.
    """
    open_now = by_cause(settings.data_dir)
    return sum(
        _notify_channel(settings.data_dir, name, send, open_now, settings.now())
        for name, send in channels(settings).items()
    )


def forget_removed(settings: Settings) -> None:
    """Forget failures of datasets that are no longer declared: nothing will resolve them.

    Raises:
        StoreError: the list of failures cannot be read or written.
    """
    for failure in failure_log.opened(settings.data_dir):
        if not (settings.declarations / f"{failure.dataset}.yaml").is_file():
            failure_log.resolved(settings.data_dir, failure.dataset, failure.stage)


def channels(settings: Settings) -> dict[str, Send]:
    """Return the channels that are configured, by name."""
    found: dict[str, Send] = {}
    webhook, email = settings.webhook, settings.email
    if webhook is not None:
        found["webhook"] = lambda message: post(webhook.get_secret_value(), message)
    if email is not None:
        found["email"] = lambda message: mail(email, message)
    return found


def by_cause(data_dir: DataDir) -> dict[str, list[Failure]]:
    """Return what has failed, by cause; failed checks are causes of their own."""
    found: dict[str, list[Failure]] = {}
    for failure in failure_log.opened(data_dir):
        cause = failure.cause
        if failure.kind in VALIDATED:
            names = [check.name for check in _failing(data_dir, failure.dataset)]
            cause = f"{cause}: {', '.join(names)}" if names else cause
        found.setdefault(cause, []).append(failure)
    return found


def _failing(data_dir: DataDir, dataset: str) -> list[CheckResult]:
    """Return the checks that failed in the dataset's newest validation run."""
    history = validation_log.log(data_dir, dataset)
    if not history or history[-1].blockers is None:
        return []
    record = validation_log.record(data_dir, history[-1])
    return [check for check in record.checks if check.outcome == "failed"]


def _notify_channel(
    data_dir: DataDir, name: str, send: Send, open_now: dict[str, list[Failure]], now: datetime
) -> int:
    before = failure_log.notified(data_dir, name)
    known = {item.cause for item in before}
    failing = {failure.dataset for items in open_now.values() for failure in items}
    new = [cause for cause in open_now if cause not in known]
    resolved = [
        item for item in before
        if item.cause not in open_now and failing.isdisjoint(item.datasets)
    ]
    keep = {item.cause: item for item in before if item.cause in open_now or item in resolved}
    sent = 0
    try:
        for item in resolved:
            if deliver(name, send, _recovered(item)):
                sent += 1
                del keep[item.cause]
        for cause in new:
            if deliver(name, send, _failed(data_dir, cause, open_now[cause])):
                sent += 1
                names = tuple(item.dataset for item in open_now[cause])
                keep[cause] = Notified(cause=cause, datasets=names, since=now)
    except Unreachable:
        pass  # it is in the log; what was not sent is sent after the next run
    if tuple(keep.values()) != before:
        failure_log.remember(data_dir, name, list(keep.values()))
    return sent


def deliver(name: str, send: Send, message: Notification) -> bool:
    """Send a `message` to the channel `name` by its function `send`; False where it refuses it.

    Raises:
        Unreachable: the channel does not answer.
    """
    try:
        send(message)
    except (httpx.HTTPError, OSError, smtplib.SMTPException) as error:
        # The address may hold a secret: say what failed, not where.
        log.error("%s was not notified of %s: %s", name, _line(message.cause), type(error).__name__)
        if not isinstance(error, (httpx.HTTPStatusError, smtplib.SMTPResponseException)):
            raise Unreachable(name) from None
        return False
    return True


def _failed(data_dir: DataDir, cause: str, items: Sequence[Failure]) -> Notification:
    first = items[0]
    names = tuple(item.dataset for item in items)
    lines = [f"{first.where}: {first.what}" if first.where else first.what]
    if first.todo:
        lines.append(f"→ {first.todo}")
    lines += ["", "Datasets: " + _listed(names), "Their last good release stays public."]
    rows: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        if item.kind not in VALIDATED:
            continue
        for check in _failing(data_dir, item.dataset):
            excerpts = [_sample(row) for row in check.samples[:ROWS]]
            lines += [
                "",
                f"{item.dataset} · {check.name}: {check.title.get('vi')} / {check.title.get('en')}",
                finding(check).get("en"),
            ]
            lines += ["  " + ", ".join(f"{k}={v}" for k, v in row.items()) for row in excerpts]
            rows[f"{item.dataset}: {check.name}"] = excerpts
    many = f" ({len(names)} datasets)" if len(names) > 1 else ""
    return Notification(
        "failed", masked(cause), f"✗ {masked(cause)}{many}", "\n".join(map(masked, lines)),
        names, masked_values(rows),
    )


def _recovered(item: Notified) -> Notification:
    cause = masked(item.cause)
    text = (
        f"Recovered: {cause}\nIt was reported on {item.since:%Y-%m-%d %H:%M} UTC.\n"
        f"Datasets: {_listed(item.datasets)}"
    )
    return Notification("recovered", cause, f"✓ recovered: {cause}", text, item.datasets, {})


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - DATASETS} more" if len(names) > DATASETS else ""
    return ", ".join(names[:DATASETS]) + more


def _sample(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if v is not None and k not in NEVER_SENT}


def _line(text: str) -> str:
    """Return text as one line without control characters."""
    return " ".join(plain(text).split())[:SUBJECT]


def _for_chat(message: Notification) -> str:
    """Return a message as chat services show it verbatim.

    In a block of code they read no markup and mention nobody; only Slack's own signs remain, which
    are written as entities (https://docs.slack.dev/messaging/formatting-message-text#escaping).
    """
    text = plain(f"{message.subject}\n{message.text}").replace("`", "'")[:TEXT]
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, entity)
    return f"```\n{text}\n```"


def post(webhook: str, message: Notification) -> None:
    """Send a `message` as JSON to a `webhook`; `text` is what chat services show.

    Raises:
        httpx.HTTPError: not reached, or refused.
    """
    body = {
        "text": _for_chat(message), "kind": message.kind,
        "cause": message.cause, "datasets": list(message.datasets), "rows": message.rows,
        **({"change_set": message.change_set} if message.change_set else {}),
    }
    content = json.dumps(body, ensure_ascii=False, default=str).encode()
    headers = {"content-type": "application/json"}
    # The body of the response is not awaited.
    with httpx.stream(
        "POST", webhook, content=content, headers=headers, timeout=SECONDS
    ) as response:
        response.raise_for_status()


def mail(email: EmailSettings, message: Notification) -> None:
    """Send a `message` by e-mail, with the server and to the recipients of `email`.

    Raises:
        OSError: the server is not reached.
        smtplib.SMTPException: it refused.
    """
    letter = EmailMessage()
    letter["Subject"] = _line(message.subject)
    letter["From"] = email.sender
    letter["To"] = ", ".join(email.recipients)
    letter.set_content(plain(message.text)[:TEXT])
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
