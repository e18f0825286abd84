"""A publisher in a process of its own that is killed at a given point.

`python -m tests.portal.ckan.runner` reads a JSON object a line, forks a publisher for each, and
answers with a line: how it ended. Points are: before a request, after its answer, after a line of
the journal.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from dev.ckan.running_portal import RunningPortal
from model.reference.city import use_project
from portal.ckan.client import CkanClient
from portal.ckan.journal import Journal
from portal.ckan.portal import Ckan
from tests.fixtures.commands import PROJECT
from tests.fixtures.datasets import registries
from tests.portal.ckan.environment import WAITS, CkanEnvironment
from tests.portal.ckan.http_adapters import ObservedAdapter
from warehouse.store import releases
from warehouse.store.data_dir import DataDir


class _Points:
    def __init__(self, kill_at: int) -> None:
        self.left = kill_at
        self._lock = Lock()  # files are downloaded several at a time

    def reach(self) -> None:
        with self._lock:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class _Ckan(Ckan):
    points: _Points

    def journal(self, dataset: str) -> Journal:
        found = super().journal(dataset)
        found.after_line = self.points.reach
        return found


def _publish(job: dict[str, Any]) -> None:
    use_project(PROJECT)
    points = _Points(job["kill_at"])
    client = CkanClient(
        job["url"], job["token"], timeout=job["timeout"], upload_timeout=job["timeout"],
        waits=WAITS, adapter=ObservedAdapter(points.reach),
    )
    home = DataDir(Path(job["home"]))
    loader = CkanEnvironment(RunningPortal(**job["ckan"]), home).loader(job.get("rows"), client)
    ckan = _Ckan(client, home.root, registries(), loader=loader, keep=job.get("keep", 3))
    ckan.points = points
    ckan.apply(list(releases.history(home, job["dataset"])))


def _serve() -> None:
    registries()
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 0
            try:
                _publish(job)
            except Exception:
                code = 8
                with Path(job["home"], "error.txt").open("w") as file:
                    traceback.print_exc(file=file)
            os._exit(code)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        code = None if killed else os.waitstatus_to_exitcode(status)
        print(json.dumps({"killed": killed, "code": code}), flush=True)


class Runner:
    """Starts publishers and says how they ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.portal.ckan.runner"], cwd=PROJECT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )

    def publish(
        self, env: Any, url: str, kill_at: int = 0, timeout: float = 30.0, **options: Any
    ) -> dict[str, Any]:
        """Publish in a new process; it is killed when it reaches point `kill_at` (0: never)."""
        job = {
            "url": url, "token": env.ckan.token, "ckan": asdict(env.ckan),
            "home": str(env.data_dir.root),
            "dataset": env.declared.id, "kill_at": kill_at, "timeout": timeout, **options,
        }
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


if __name__ == "__main__":
    _serve()
