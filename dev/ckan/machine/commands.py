"""Run other programs with their output in a log, and show the log's end when they fail."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.errors import PortalError

TAIL_LINES = 15


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, indented for a message."""
    if not log.is_file():
        return "    (no log was written)"
    text = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in text) or "    (the log is empty)"


def failure(what: str, log: Path, todo: str) -> PortalError:
    """Return the error of a step that failed, with the end of its log."""
    return PortalError(f"{what}. The log ends:\n{tail(log)}", where=str(log), todo=todo)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for the portal's programs.

    The pipeline's own Python settings would leak its packages into CKAN's environment, and requests
    to the services on 127.0.0.1 would go through an HTTP proxy.
    """
    env = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    for name in ("no_proxy", "NO_PROXY"):
        env[name] = ",".join(filter(None, [env.get(name), "127.0.0.1", "localhost"]))
    return env | dict(extra or {})


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    what: str,
    todo: str,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    text: str | None = None,
) -> str:
    """Run a program and return what it printed on standard output.

    Args:
        command: the program and its arguments.
        log: the file to which its standard error is appended, and on failure its output too.
            The output of a success stays out of it, since it may be a secret.
        what: the error message if it fails, without a full stop.
        todo: what to do about it.
        user: the user to run it as, if not the current one (needs root).
        env: variables to add to the environment.
        cwd: the folder to run it in.
        text: what it receives on standard input.

    Raises:
        PortalError: the program is missing or exited with an error.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        try:
            done = subprocess.run(
                [str(part) for part in command],
                input=(text or "").encode(),
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(env),
                cwd=cwd or "/",
                check=False,
                **as_user(user),
            )
        except OSError as error:
            raise PortalError(f"{what}: {error}", where=str(command[0]), todo=todo) from error
        if done.returncode != 0:
            errors.write(done.stdout)
    if done.returncode != 0:
        raise failure(f"{what} (exit code {done.returncode})", log, todo)
    return done.stdout.decode(errors="replace")


def as_user(user: str | None) -> dict[str, Any]:
    """Return the subprocess arguments that make a program run as this user."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
