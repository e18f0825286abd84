"""What the options of several protocols have in common."""

from __future__ import annotations

import codecs
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from model.util.text import Code, Text
from sources.formats.legacy_vietnamese import VIETNAMESE_ENCODINGS

Codes = Annotated[tuple[Code, ...], Field(min_length=1)]
Files = tuple[Text, ...]


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


def checked_encoding(value: str) -> str:
    """Return the name of an encoding as this room writes it.

    Raises:
        ValueError: there is none of that name.
    """
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
