"""What the options of several protocols have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from model.text import Code, Text

Codes = Annotated[tuple[Code, ...], Field(min_length=1)]
Files = tuple[Text, ...]


def _http_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("is no http or https URL")
    return url


Url = Annotated[str, StringConstraints(strict=True), AfterValidator(_http_url)]
BaseUrl = Annotated[Url, AfterValidator(lambda url: url.rstrip("/"))]
Period = int | Text  # 2015, "2020M01", "2020Q1"


def exactly_one(**given: object) -> None:
    """Check that one of several options is given.

    Raises:
        ValueError: none or several are.
    """
    names = [f"`{name}`" for name in given]
    if sum(bool(value) for value in given.values()) != 1:
        raise ValueError(f"give one of {' and '.join(names)}")
