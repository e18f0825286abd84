"""Running the command line as a user does: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]


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
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments],
        cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("OPENINDICATORS_")},
            "OPENINDICATORS_HOME": str(home), "NO_COLOR": "1", **environment,
        },
    )
    return Result(done.returncode, done.stdout, done.stderr)


def records(home: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file of a data folder but Dagster's own history and the locks."""
    return {
        path.relative_to(home).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(home.rglob("*"))
        if path.is_file()
        and path.relative_to(home).parts[0] not in ("dagster", "locks", ".run.lock")
    }
