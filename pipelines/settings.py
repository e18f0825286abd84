"""Settings: read from the environment once, so that nothing else reads it.

    OPENINDICATORS_DATA_DIR       the data folder (default: data/)
    OPENINDICATORS_PROFILE    sample (default), corpus or live
    OPENINDICATORS_PROJECT    the folder with assets/ and expectations/, where a city keeps its
                              declarations apart from this code (default: this project)
    OPENINDICATORS_CORPUS     folder of the corpus profile's files (default: ../shared/data)
    OPENINDICATORS_WEBHOOK    address that is told of failures (default: none)
    OPENINDICATORS_SMTP       mail server for the same, smtps://USER:PASSWORD@HOST:PORT; `smtp:`
                              asks for STARTTLS, `smtp+plain:` for none, on this machine only
    OPENINDICATORS_ALERT_TO, OPENINDICATORS_ALERT_FROM   addresses, separated by commas; sender
    OPENINDICATORS_ALLOW_PRIVATE   "1" lets live sources lead to private addresses
    OPENINDICATORS_CKAN_URL   address of a CKAN portal that releases are published to
    OPENINDICATORS_CKAN_TOKEN, OPENINDICATORS_CKAN_TOKEN_FILE   an API token of that portal, or
                              the file that holds it
    OPENINDICATORS_CKAN_DATASTORE_URL   the database address of its DataStore, where it is known
                              (ckan.datastore.write_url); without it rows go over the API
    OPENINDICATORS_MAX_*      limits on what a source may send (read by sources/limits.py)
    SOURCE_DATE_EPOCH         the time to write into records, for reproducible runs
                              (https://reproducible-builds.org/specs/source-date-epoch/)
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from model.declarations.dataset import PROFILES
from model.errors import OpenIndicatorsError
from model.util.text import did_you_mean
from warehouse.store.data_dir import DataDir

PROJECT = Path(__file__).resolve().parent.parent
SAMPLE = PROJECT / "sources" / "demo" / "sample"


@dataclass(frozen=True)
class CkanSettings:
    """A CKAN portal; the secrets are in no repr."""

    url: str
    token: str = field(repr=False)
    datastore_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class EmailSettings:
    """A mail server and who is told of failures; the secret is in no repr."""

    host: str
    port: int
    security: Literal["tls", "starttls", "plain"]
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Settings:
    """Where things are and how this process was asked to work."""

    data_dir: DataDir
    profile: str
    corpus: Path
    webhook: str | None = field(default=None, repr=False)  # whoever knows it can write there
    email: EmailSettings | None = None
    allow_private: bool = False
    epoch: datetime | None = None
    project: Path = PROJECT
    ckan: CkanSettings | None = None

    @property
    def declarations(self) -> Path:
        """The folder of the declarations."""
        return self.project / "assets"

    @property
    def suites(self) -> Path:
        """The folder of the suites."""
        return self.project / "expectations"

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, profile: str | None = None
    ) -> Settings:
        """Read the settings.

        Raises:
            OpenIndicatorsError: a value means nothing.
        """
        profile = profile or environment.get("OPENINDICATORS_PROFILE") or "sample"
        if profile not in PROFILES:
            raise OpenIndicatorsError(
                f"unknown profile {profile!r}", todo=did_you_mean(profile, set(PROFILES))
            )
        data_dir = Path(environment.get("OPENINDICATORS_DATA_DIR") or PROJECT / "data")
        return cls(
            data_dir=DataDir(data_dir.expanduser().absolute()),
            profile=profile,
            corpus=Path(
                environment.get("OPENINDICATORS_CORPUS") or PROJECT.parent / "shared" / "data"
            ).absolute(),
            webhook=_webhook(environment.get("OPENINDICATORS_WEBHOOK")),
            email=_email(environment),
            allow_private=environment.get("OPENINDICATORS_ALLOW_PRIVATE") == "1",
            epoch=_epoch(environment.get("SOURCE_DATE_EPOCH")),
            project=Path(environment.get("OPENINDICATORS_PROJECT") or PROJECT).absolute(),
            ckan=_ckan(environment),
        )

    def now(self) -> datetime:
        """Return the time to write into records, in whole seconds, UTC."""
        return self.epoch or datetime.now(UTC).replace(microsecond=0)


def _webhook(address: str | None) -> str | None:
    if not address:
        return None
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and _host(parts) and parts.port != 0
    except ValueError:
        known = False
    if not known or not re.fullmatch(r"[!-~]+", address):
        raise OpenIndicatorsError(
            "OPENINDICATORS_WEBHOOK is no web address",
            todo="give the whole address that the chat service shows, https://…",
        )
    return address


def _host(parts: SplitResult) -> str:
    """Return the host of an address, "" where there is none.

    Raises:
        ValueError: it can be no host's name.
    """
    host = parts.hostname or ""
    host.encode("idna")
    return host


_SECURITY: dict[str, tuple[Literal["tls", "starttls", "plain"], int]] = {
    "smtps": ("tls", 465), "smtp": ("starttls", 587), "smtp+plain": ("plain", 25),
}


def _email(environment: Mapping[str, str]) -> EmailSettings | None:
    address = environment.get("OPENINDICATORS_SMTP")
    if not address:
        return None
    try:
        parts = urlsplit(address)
        security, usual_port = _SECURITY[parts.scheme]
        host, port = _host(parts), parts.port or usual_port
    except (KeyError, ValueError) as error:
        raise OpenIndicatorsError(
            "OPENINDICATORS_SMTP is no address of a mail server",
            todo="give e.g. smtps://user:password@mail.danang.gov.vn",
        ) from error
    to = environment.get("OPENINDICATORS_ALERT_TO", "")
    recipients = tuple(name.strip() for name in to.split(",") if name.strip())
    sender = environment.get("OPENINDICATORS_ALERT_FROM", "")
    if not host or not recipients or not all(map(_is_mailbox, (*recipients, sender))):
        raise OpenIndicatorsError(
            "OPENINDICATORS_SMTP names a mail server, but not who writes to whom",
            todo="set OPENINDICATORS_ALERT_TO and OPENINDICATORS_ALERT_FROM to e-mail addresses",
        )
    if security == "plain" and host not in ("localhost", "127.0.0.1", "::1"):
        raise OpenIndicatorsError(
            "OPENINDICATORS_SMTP would send without encryption over the network",
            todo="write smtp: (STARTTLS) or smtps: instead of smtp+plain:",
        )
    return EmailSettings(
        host, port, security, sender, recipients,
        unquote(parts.username or ""), unquote(parts.password or ""),
    )


def _is_mailbox(text: str) -> bool:
    return "@" in text and text.isprintable()


def _ckan(environment: Mapping[str, str]) -> CkanSettings | None:
    url = environment.get("OPENINDICATORS_CKAN_URL")
    if not url:
        return None
    token, path = (
        environment.get(f"OPENINDICATORS_CKAN_{name}") for name in ("TOKEN", "TOKEN_FILE")
    )
    if not token and path:
        try:
            token = Path(path).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OpenIndicatorsError(
                "the file with CKAN's token cannot be read", where=path,
                todo="check OPENINDICATORS_CKAN_TOKEN_FILE and the file's rights",
            ) from error
    token = (token or "").strip()
    if not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", url):
        raise OpenIndicatorsError(
            "OPENINDICATORS_CKAN_URL is no web address without user and password",
            todo="give e.g. https://congdulieu.vn",
        )
    # What a header can carry: anything else would end up in an error message.
    if not re.fullmatch(r"[!-~]+", token):
        raise OpenIndicatorsError(
            "there is no token for CKAN, or it holds blanks or other signs",
            todo="set OPENINDICATORS_CKAN_TOKEN or OPENINDICATORS_CKAN_TOKEN_FILE; tokens are made"
            " on the portal, in the profile of a user, under API tokens",
        )
    return CkanSettings(url, token, environment.get("OPENINDICATORS_CKAN_DATASTORE_URL") or None)


def _epoch(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except ValueError as error:
        raise OpenIndicatorsError(
            f"SOURCE_DATE_EPOCH is {text!r}, which is no number of seconds",
            todo="unset it, or give seconds since 1970, e.g. 1767225600",
        ) from error
