"""Settings: read from the environment once; nothing else of the product reads them.

Exceptions that must work before any settings exist: `OPENINDICATORS_MEMORY_LIMIT`
(`model.util.sql`) and the limits `OPENINDICATORS_MAX_*` (`sources.limits`). `docs/settings.md`
is generated from this class. Commands take `Settings.from_environment`, tests take the
constructor.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from model.declarations.dataset import PROFILES
from model.errors import OpenIndicatorsError
from model.reference.city import use_project
from model.util.bucket import Bucket
from model.util.text import did_you_mean
from pipelines.cluster.settings import ClusterSettings
from warehouse.store.data_dir import DataDir
from warehouse.store.shared_store import SharedStore

PACKAGED = Path(__file__).resolve().parent.parent  # a checkout, or where pip installed the package
SAMPLE = PACKAGED / "sources" / "demo" / "sample"
PREFIX = "OPENINDICATORS_"


@dataclass(frozen=True)
class CkanSettings:
    """A CKAN portal; the secrets are in no repr."""

    url: str
    token: str = field(repr=False)
    datastore_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class EmailSettings:
    """A mail server and the recipients of alerts; the password is in no repr."""

    host: str
    port: int
    security: Literal["tls", "starttls", "plain"]
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)


def _folder(value: Any) -> Any:
    return Path(value).expanduser().absolute() if value else value


def _shared_store(value: Any) -> Any:
    return SharedStore(Bucket(value)) if isinstance(value, str) and value else value or None


def _bucket(value: Any) -> Any:
    return Bucket(value) if isinstance(value, str) and value else value or None


def _data_dir(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str | Path):
        return DataDir(_folder(value), info.data.get("shared_store"))
    return value


def _site_url(value: Any) -> Any:
    if not value:
        return None
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", value):
        raise OpenIndicatorsError(
            f"OPENINDICATORS_SITE_URL is {value!r}, not the web address of a folder",
            todo="give e.g. https://data.example.org/",
        )
    return value if value.endswith("/") else f"{value}/"


def _dagster_storage(value: Any) -> Any:
    # Dagster hands the address to SQLAlchemy, whose usual driver its SQL does not suit.
    if isinstance(value, str) and value and not value.startswith("postgresql+psycopg2://"):
        raise OpenIndicatorsError(
            "OPENINDICATORS_DAGSTER_STORAGE is not the address of a PostgreSQL database",
            todo="give postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE",
        )
    return value or None


def _epoch(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise OpenIndicatorsError(
            f"SOURCE_DATE_EPOCH is {value!r}, not a number of seconds",
            todo="unset it, or give seconds since 1970, e.g. 1767225600",
        ) from error


Folder = Annotated[Path, BeforeValidator(_folder)]


def _cores() -> int:
    """Return how many processors this process may use; 1 where forking is not safe."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


class Settings(ClusterSettings):
    """Where things are and how this process was asked to work."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore",
        populate_by_name=True,
    )

    profile: str = Field(
        default="sample", description=f"which sources to use: {', '.join(PROFILES)}"
    )
    project: Folder = Field(
        default_factory=lambda: _default_project(),  # noqa: PLW0108 (defined below)
        description="folder with `assets/` and `expectations/` (default: the current folder when"
        " it has both, else the packaged declarations)",
    )
    shared_store: Annotated[SharedStore | None, NoDecode, BeforeValidator(_shared_store)] = Field(
        default=None, description="bucket of which the data folders of several machines are working"
        " copies, `s3://BUCKET/FOLDER` (docs/deploy.md)",
    )
    data_dir: Annotated[DataDir, NoDecode, BeforeValidator(_data_dir)] = Field(
        default_factory=lambda data: DataDir(
            _default_data_dir(data["project"], data["profile"]), data["shared_store"]
        ),
        description="data folder; it belongs to one profile (default: `data/<profile>` in the"
        " project folder; in the current folder when the packaged declarations are used)",
    )
    site_bucket: Annotated[Bucket | None, NoDecode, BeforeValidator(_bucket)] = Field(
        default=None, description="bucket that serves the site, `s3://BUCKET/FOLDER`: each run puts"
        " there what has changed",
    )
    files: Folder | None = Field(
        default=None, description="folder that the `files` of sources are in (default: the inbox of"
        " the data folder)",
    )
    allow_private: bool = Field(
        default=False, description="let live sources lead to private addresses"
    )
    webhook: SecretStr | None = Field(
        default=None, description="web address that receives alerts (Slack, Teams, Mattermost …)"
    )
    release_webhook: SecretStr | None = Field(
        default=None, description="web address that receives each new release, with its change set"
    )
    smtp: SecretStr | None = Field(
        default=None, description="mail server for alerts, `smtps://USER:PASSWORD@HOST:PORT`;"
        " `smtp:` uses STARTTLS, `smtp+plain:` no encryption (on this machine only)",
    )
    alert_to: str = Field(
        default="", description="recipients of alerts by e-mail, separated by commas"
    )
    alert_from: str = Field(default="", description="sender of alerts by e-mail")
    dagster_storage: Annotated[SecretStr | None, BeforeValidator(_dagster_storage)] = Field(
        default=None, description="PostgreSQL database of Dagster's history,"
        " `postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE` (default: SQLite in the data folder)",
    )
    signing_key: Folder | None = Field(
        default=None, description="file of the key that signs the transparency log"
        " (`openindicators keys new`)",
    )
    site_url: Annotated[str | None, BeforeValidator(_site_url)] = Field(
        default=None,
        description="address of the site on the web; its descriptions have absolute addresses then",
    )
    ckan_url: str | None = Field(
        default=None, description="CKAN portal that releases are published to"
    )
    ckan_token: SecretStr | None = Field(default=None, description="API token for that portal")
    ckan_token_file: Path | None = Field(default=None, description="file that holds the API token")
    ckan_datastore_url: SecretStr | None = Field(
        default=None,
        description="database address of the portal's DataStore (`ckan.datastore.write_url`);"
        " without it, rows are sent through the API",
    )
    workers: int = Field(
        default_factory=_cores, ge=1,
        description="processes among which a run divides its datasets and pages (default: one for"
        " each processor; 1 outside of Linux)",
    )
    epoch: Annotated[datetime | None, BeforeValidator(_epoch)] = Field(
        default=None, validation_alias="SOURCE_DATE_EPOCH",
        description="time written into records, for reproducible runs"
        " (https://reproducible-builds.org/specs/source-date-epoch/)",
    )

    @classmethod
    def from_environment(cls, profile: str | None = None) -> Settings:
        """Read the settings and take up their project; `profile` comes before the environment's.

        Raises:
            OpenIndicatorsError: a value is invalid, or the project's city.yaml.
        """
        try:
            settings = cls(profile=profile) if profile else cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            raise OpenIndicatorsError(
                f"{PREFIX}{name.upper()}: {first['msg']}", todo="see docs/settings.md"
            ) from None  # the cause would print the value, which may be a secret
        use_project(settings.project)
        return settings

    @model_validator(mode="after")
    def _check(self) -> Settings:
        if self.profile not in PROFILES:
            raise OpenIndicatorsError(
                f"unknown profile {self.profile!r}", todo=did_you_mean(self.profile, {*PROFILES})
            )
        for name in ("webhook", "release_webhook"):
            if address := getattr(self, name):
                _check_webhook(name, address.get_secret_value())
        _ = (self.email, self.ckan)  # raise for invalid values
        return self

    @property
    def shares_history(self) -> bool:
        """Whether Dagster's history is in PostgreSQL, where several machines share it."""
        return self.dagster_storage is not None

    @property
    def declarations(self) -> Path:
        """The folder of the declarations."""
        return self.project / "assets"

    @property
    def suites(self) -> Path:
        """The folder of the suites."""
        return self.project / "expectations"

    @property
    def email(self) -> EmailSettings | None:
        """The mail server and the recipients of alerts, where configured."""
        if self.smtp is None:
            return None
        return _email(self.smtp.get_secret_value(), self.alert_to, self.alert_from)

    @property
    def ckan(self) -> CkanSettings | None:
        """The CKAN portal, where configured."""
        if self.ckan_url is None:
            return None
        if not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", self.ckan_url):
            raise OpenIndicatorsError(
                "OPENINDICATORS_CKAN_URL is not a web address without user and password",
                todo="give e.g. https://congdulieu.vn",
            )
        datastore = self.ckan_datastore_url
        return CkanSettings(
            self.ckan_url, read_token(self.ckan_token, self.ckan_token_file),
            datastore.get_secret_value() if datastore else None,
        )

    def now(self) -> datetime:
        """Return the time to write into records, in whole seconds, UTC."""
        return self.epoch or datetime.now(UTC).replace(microsecond=0)


def _default_project() -> Path:
    here = Path.cwd()
    has_both = (here / "assets").is_dir() and (here / "expectations").is_dir()
    return here if has_both else PACKAGED


def _default_data_dir(project: Path, profile: str) -> Path:
    """Return `data/<profile>` in the `project` folder, for the records of a `profile`.

    An installed package is no place for data: the current folder takes its place.

    Raises:
        OpenIndicatorsError: `data/` holds records itself, as it did before profiles had folders.
    """
    installed = project == PACKAGED and not (PACKAGED / "pyproject.toml").exists()
    data = (Path.cwd() if installed else project) / "data"
    if any((data / name).is_dir() for name in ("releases", "snapshots")):
        raise OpenIndicatorsError(
            "the data folder holds the records of a profile directly; each profile has a folder"
            " of its own now", where=str(data),
            todo=f"move them, e.g. `mv {data} {data}.sample && mkdir {data} &&"
            f" mv {data}.sample {data}/sample`, or name the folder with OPENINDICATORS_DATA_DIR",
        )
    return data / profile


def _check_webhook(name: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and _host(parts) and parts.port != 0
    except ValueError:
        known = False
    if not known or not re.fullmatch(r"[!-~]+", address):
        raise OpenIndicatorsError(
            f"{PREFIX}{name.upper()} is not a web address",
            todo="give the whole address that the chat service shows, https://…",
        )


def _host(parts: SplitResult) -> str:
    """Return the host of an address, "" where there is none.

    Raises:
        ValueError: not a valid host name.
    """
    host = parts.hostname or ""
    host.encode("idna")
    return host


_SECURITY: dict[str, tuple[Literal["tls", "starttls", "plain"], int]] = {
    "smtps": ("tls", 465), "smtp": ("starttls", 587), "smtp+plain": ("plain", 25),
}


def _email(address: str, alert_to: str, sender: str) -> EmailSettings:
    try:
        parts = urlsplit(address)
        security, usual_port = _SECURITY[parts.scheme]
        host, port = _host(parts), parts.port or usual_port
    except (KeyError, ValueError):
        raise OpenIndicatorsError(
            "OPENINDICATORS_SMTP is not the address of a mail server",
            todo="give e.g. smtps://user:password@mail.example.org",
        ) from None
    recipients = tuple(name.strip() for name in alert_to.split(",") if name.strip())
    addresses = (*recipients, sender)
    if not host or not recipients or not all("@" in a and a.isprintable() for a in addresses):
        raise OpenIndicatorsError(
            "OPENINDICATORS_SMTP names a mail server, but sender or recipients are missing",
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


def read_token(secret: SecretStr | None, path: Path | None) -> str:
    """Return CKAN's API token: the `secret`, which comes first, or what the file `path` holds.

    Raises:
        OpenIndicatorsError: the file cannot be read, or there is no valid token.
    """
    token = secret.get_secret_value() if secret else ""
    if not token and path:
        try:
            token = path.expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OpenIndicatorsError(
                "the file with CKAN's token cannot be read", where=str(path),
                todo="check OPENINDICATORS_CKAN_TOKEN_FILE and the file's permissions",
            ) from error
    token = token.strip()
    # Only what an HTTP header can carry: anything else would end up in an error message.
    if not re.fullmatch(r"[!-~]+", token):
        raise OpenIndicatorsError(
            "the API token for CKAN is missing, or contains blanks or other invalid characters",
            todo="set OPENINDICATORS_CKAN_TOKEN or OPENINDICATORS_CKAN_TOKEN_FILE; tokens are made"
            " on the portal, in the profile of a user, under API tokens",
        )
    return token


def reference() -> str:
    """Return the table of all settings as Markdown, for `docs/settings.md`."""
    rows = ["| variable | what it sets | default |", "|---|---|---|"]
    fields = Settings.model_fields.items()  # inherited ones come first
    for name, info in sorted(fields, key=lambda each: each[0] in ClusterSettings.model_fields):
        variable = info.validation_alias or f"{PREFIX}{name.upper()}"
        usual = f"`{info.default}`" if isinstance(info.default, str) and info.default else ""
        rows.append(f"| `{variable}` | {info.description} | {usual} |")
    return "\n".join(rows) + "\n"
