"""Who decides, and why: the name and the reason that review commands record."""

import getpass
import os

from pydantic import TypeAdapter, ValidationError

from model.errors import OpenIndicatorsError
from model.util.text import Text

LONGEST = 1000  # signs of a reason: a page shows it in full


def plain_text(option: str, value: str) -> str:
    """Return what a person wrote, fit to be shown.

    Raises:
        OpenIndicatorsError: it is empty, too long, or holds signs that cannot be shown.
    """
    try:
        text: str = TypeAdapter(Text).validate_python(value.strip())
    except ValidationError as error:
        raise OpenIndicatorsError(
            f"{option}: {error.errors()[0]['msg']}", todo="write it in plain words"
        ) from error
    if len(text) > LONGEST:
        raise OpenIndicatorsError(f"{option} has {len(text)} signs", todo=f"say it in {LONGEST}")
    return text


def decider(by: str | None) -> str:
    """Return the name of who decides: the one given, or the login name."""
    return plain_text("--by", by if by is not None else _login())


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user can be without a name
        return f"user {os.getuid()}"
