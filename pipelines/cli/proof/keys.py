"""`openindicators keys`: the key that signs the transparency log."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.after_run import transparency_log
from pipelines.cli.terminal import Profile, out
from pipelines.settings import Settings
from portal.transparency.signing import SigningKey, new_key


class Action(StrEnum):
    """What is to be done with a key."""

    new = "new"
    rotate = "rotate"


def keys(
    action: Annotated[
        Action, typer.Argument(help="new: write a key; rotate: sign with it from now on")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="of the secret key")],
    profile: Profile = None,
) -> None:
    """Make the signing key in a `file`, or (`action`) go over to it from the one in force.

    The log is that of the `profile`'s data folder.

    Raises:
        PortalError: the key cannot be written or read.
        StoreError: the log is damaged, or the key in force is not set.
    """
    if action is Action.new:
        public = new_key(file)
        out.print(
            f"Secret key  {escape(str(file))}: keep a copy in a safe place; set"
            f" OPENINDICATORS_SIGNING_KEY={escape(str(file))}\nPublic key  {public}: publish it"
            " where readers trust you, besides the portal"
        )
        return
    new = SigningKey.read(file)
    transparency_log.rotate(Settings.from_environment(profile), new)
    out.print(
        f"{new.public} signs from now on; set OPENINDICATORS_SIGNING_KEY={escape(str(file))}"
    )
