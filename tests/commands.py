"""Running the command line as a user does: in a process of its own.

Importing Dagster and Great Expectations takes most of a command's time. So one process imports
them, once, and is forked for each command, which gets the arguments, the environment and the
files for its output that it would have had.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

PROJECT = Path(__file__).resolve().parents[1]
SECONDS = 600


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)


def openindicators(home: Path, *arguments: str, **environment: str) -> Result:
    """Run `openindicators` with a data folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "arguments": arguments,
            "environment": {
                **{k: v for k, v in os.environ.items() if not k.startswith("OPENINDICATORS_")},
                "OPENINDICATORS_HOME": str(home), "NO_COLOR": "1", **environment,
            },
            "out": f"{folder}/out", "err": f"{folder}/err",
        }
        server = _server()
        assert server.stdin and server.stdout
        server.stdin.write(json.dumps(job) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        out, err = (Path(job[name]).read_text(encoding="utf-8") for name in ("out", "err"))
        return Result(code, out, err)


@cache
def _server() -> subprocess.Popen[str]:
    """Return the process that is forked; it ends with this one, when its input does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.commands"], cwd=PROJECT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1"},
    )


def _serve() -> None:
    import great_expectations  # noqa: F401

    import pipelines.cli
    import pipelines.commands.run

    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(job)
            _end(pipelines.cli.main)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(job: dict[str, Any]) -> None:
    """Turn this process into the one that the job asks for."""
    signal.alarm(SECONDS)
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, job["out"], os.O_WRONLY | os.O_CREAT),
        (2, job["err"], os.O_WRONLY | os.O_CREAT),
    ):
        file = os.open(path, flags)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.argv = ["openindicators", *job["arguments"]]


def _end(command: Callable[[], None]) -> NoReturn:
    """Run a command and end this process with its code.

    Without the libraries' own clearing up, which waits for threads that a fork leaves behind.
    """
    code: Any = 1
    try:
        command()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def records(home: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file of a data folder but Dagster's own history, the alerts' and the locks."""
    return {
        path.relative_to(home).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(home.rglob("*"))
        if path.is_file()
        and path.relative_to(home).parts[0] not in ("dagster", "failures", "locks", ".run.lock")
    }


if __name__ == "__main__":
    _serve()
