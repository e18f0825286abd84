"""References to secrets: a declaration and a record name where one is kept, never the secret."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, model_validator

from model.errors import SourceError
from model.util.text import Frozen, Text
from sources.connectors.options.shared import exactly_one

_MAX_CHARS = 4_096


class Secret(Frozen):
    """Where a secret is kept: an environment variable, or a file with nothing else in it."""

    env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Name of an environment variable."""
    file: Text | None = None
    """Path of a file."""

    @model_validator(mode="after")
    def _consistent(self) -> Secret:
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
