"""Option types that several connectors share, and references to secrets.

A declaration and a record name where a secret is kept, never the secret.
"""

import base64
import codecs
import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.errors import SourceError
from model.util.text import Code, Frozen, Text
from sources.base import ConnectorOptions
from sources.formats.legacy_vietnamese import VIETNAMESE_ENCODINGS

Codes = Annotated[tuple[Code, ...], Field(min_length=1)]


def _http_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("is no http or https URL")
    return url


Url = Annotated[str, StringConstraints(strict=True), AfterValidator(_http_url)]
BaseUrl = Annotated[Url, AfterValidator(lambda url: url.rstrip("/"))]
Period = int | Text  # 2015, "2020M01", "2020Q1"
_YEAR = r"\d{4}([MQ]\d{1,2})?"
# "2000..2020", or "2000.." for all that the service has since then; "2020M01..2020M12" where the
# service counts in months or quarters.
Years = Annotated[str, StringConstraints(strict=True, pattern=rf"^{_YEAR}\.\.({_YEAR})?$")]


def ends_of(years: Years) -> tuple[str, str | None]:
    """Return the first and the last period of a range, None where it has no end."""
    first, _, last = years.partition("..")
    return first, last or None


def exactly_one(**given: object) -> None:
    """Check that one of several options is given.

    Raises:
        ValueError: none or several are.
    """
    names = [f"`{name}`" for name in given]
    if sum(bool(value) for value in given.values()) != 1:
        raise ValueError(f"give one of {' and '.join(names)}")


def _encoding(value: str) -> str:
    if value in VIETNAMESE_ENCODINGS:
        return value
    try:
        "".encode(value)
    except (LookupError, UnicodeError) as error:
        raise ValueError(
            f"is no encoding that Python knows, nor {', '.join(VIETNAMESE_ENCODINGS)}"
        ) from error
    name = codecs.lookup(value).name
    return "windows-1258" if name == "cp1258" else name  # ours gives NFC


Encoding = Annotated[str, AfterValidator(_encoding)]


class IndicatorOptions(ConnectorOptions):
    """Options of services that are asked for one indicator at a time."""

    indicators: tuple[Code, ...] = ()
    """Codes of the indicators, one request each; or give `files`."""
    base_url: BaseUrl
    """Where the service is."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        exactly_one(indicators=self.indicators, files=self.files)
        return self

    @property
    def address(self) -> str | None:
        """The service; None for files."""
        return self.base_url if self.indicators else None


class UrlOptions(ConnectorOptions):
    """Options of connectors that read whole files by their URLs."""

    urls: tuple[Url, ...] = ()
    """URLs of the files; or give `files`."""

    @model_validator(mode="after")
    def _files_or_urls(self) -> Self:
        exactly_one(files=self.files, urls=self.urls)
        return self

    @property
    def address(self) -> str | None:
        """The first URL; None for files."""
        return self.urls[0] if self.urls else None


_MAX_CHARS = 4_096


class Secret(Frozen):
    """Where a secret is kept: an environment variable, or a file with nothing else in it."""

    env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Name of an environment variable."""
    file: Text | None = None
    """Path of a file."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        exactly_one(env=self.env, file=self.file)
        return self

    def read(self) -> str:
        """Return the secret.

        Raises:
            SourceError: missing, or not a single line of visible characters.
        """
        text = os.environ.get(self.env, "") if self.env else self._of_file()
        text = text.strip()
        if not text or len(text) > _MAX_CHARS or not (text.isascii() and text.isprintable()):
            place = f"the environment variable {self.env}" if self.env else "the file"
            raise SourceError(
                f"{place} holds no secret: " + ("it is empty or absent" if not text else
                "one line of ASCII characters is expected"),
                where=self.env or self.file or "", todo="set it for the user who runs this",
            )
        return text

    def _of_file(self) -> str:
        try:
            with Path(self.file or "").open("rb") as file:
                return file.read(_MAX_CHARS + 2).decode("utf-8", "replace")
        except OSError as error:
            raise SourceError(
                f"the file of the secret cannot be read: {error.strerror}",
                where=self.file or "", todo="check its name and rights",
            ) from error


def basic(login: Secret) -> dict[str, str]:
    """Return the header of HTTP Basic (RFC 7617) for a login kept as `user:password`.

    Raises:
        SourceError: missing, or without a colon.
    """
    text = login.read()
    if ":" not in text:
        raise SourceError(
            "the login has no colon", where=login.env or login.file or "",
            todo="keep it as `user:password`",
        )
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
