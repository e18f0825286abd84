"""Option types that several connectors share."""

from __future__ import annotations

import codecs
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.util.text import Code, Text
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
    def _one_of_both(self) -> IndicatorOptions:
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
    def _files_or_urls(self) -> UrlOptions:
        exactly_one(files=self.files, urls=self.urls)
        return self

    @property
    def address(self) -> str | None:
        """The first URL; None for files."""
        return self.urls[0] if self.urls else None
