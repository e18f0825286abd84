"""Let Dagster's daemon live through simulated months, over services that change, fail and recover.

    python -m tests.faults.daemon_days --polls 24 --seed 1

A code server and a `dagster-daemon` run as in production, over a data folder with a dataset for
each protocol and one that is computed. Their clock (`clock.c`) is moved to each poll of the
schedule (the 1st and the 15th of a month, for yearly figures), and on while they work, so that
sensors are due; some runs are killed; no run is started by hand. (A clock of their own for all
processes, because runs are processes, too, and records have times; Dagster's `freeze_time` is of
one.) After each poll a release must be there of what changed, and of nothing else; people must
hear of each failure once, and of the recovery. `make daemon-days` does a year; the tests two polls
of two services, with the runs inside of the daemon, because each process takes seconds to start.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from pipelines.dagster.instance import prepare_instance
from tests.faults.services import LOGIN, PROTOCOLS, Condition, Services
from tests.fixtures.commands import PROJECT
from tests.fixtures.listeners import webhook
from tests.fixtures.projects import for_this_city
from warehouse.store import ledger
from warehouse.store.data_dir import DataDir

SHIM = Path(__file__).with_name("clock.c")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
COMPUTED = "computed"
DECLARATION = """\
title: {{vi: "Số liệu {name}", en: "Figures {name}"}}
description: {{vi: "Số liệu của dịch vụ dựng sẵn.", en: "Figures of a made-up service."}}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {{vi: [thử], en: [test]}}
frequency: A
geography: {{codelist: country, coverage: {{vi: Các nước, en: Countries}}}}
indicators:
  A: {{name: {{vi: Chỉ tiêu A, en: Indicator A}}, unit: count, decimals: 0{formula}}}
chart: {{indicator: A, areas: [VNM, THA]}}
{source}
"""
IN_DAEMON = """
run_launcher:
  module: dagster._core.launcher.sync_in_memory_run_launcher
  class: SyncInMemoryRunLauncher
"""
PATIENCE = 1800  # seconds on the wall for one poll
STEP = 31  # seconds that the clock is moved while nothing runs: sensors are due every 30
HANGING: dict[int, Condition] = {1: "silent", 2: "stalled"}  # by poll
_QUIET = 2  # evaluations of each sensor after the last run, before a poll counts as over


class DaysError(Exception):
    """What the daemon did was not what was due."""


@dataclass
class Clock:
    """The clock of the processes that are started with `environment`."""

    folder: Path
    offset: int = 0

    def __post_init__(self) -> None:
        self.advance(0)
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O2", "-o", str(self.folder / "clock.so"), str(SHIM),
             "-ldl"], check=True,
        )

    def set(self, day: datetime) -> None:
        """Move it to a time."""
        self.advance(round(day.timestamp() - self.now()))

    def advance(self, seconds: int) -> None:
        """Move it on."""
        self.offset += seconds
        file = os.open(self.folder / "clock", os.O_WRONLY | os.O_CREAT, 0o644)
        os.pwrite(file, struct.pack("=q", self.offset), 0)  # in place: processes have it mapped
        os.close(file)

    def now(self) -> float:
        """Return its time."""
        return time.time() + self.offset

    @property
    def environment(self) -> dict[str, str]:
        """What makes it the clock of a process and its children; what they wait for stays real."""
        return {
            "LD_PRELOAD": str(self.folder / "clock.so"), "CLOCK_OFFSET": str(self.folder / "clock"),
        }


@dataclass
class City:
    """A data folder with its daemon, a dataset for each of the `protocols`, and what is due."""

    folder: Path
    protocols: tuple[str, ...]
    computed: bool = True  # whether there is a dataset that is computed from the first and the last
    in_daemon: bool = False  # runs are no processes of their own
    services: Services = field(default_factory=Services)
    releases: dict[str, int] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)  # the edition of each service that was up
    news: bool = False  # for what is computed

    def __post_init__(self) -> None:
        self.clock = Clock(self.folder)
        self.data = DataDir(self.folder / "data")
        self.releases = dict.fromkeys(
            (*self.protocols, COMPUTED) if self.computed else self.protocols, 0
        )
        self.down: set[str] = set()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def living(self, start: datetime) -> Iterator[None]:
        """Start everything on the day before a poll, and end it after the block."""
        self.clock.set(start - timedelta(days=1))
        with ExitStack() as stack:
            stack.enter_context(self.services.serving())
            address, self.told = stack.enter_context(webhook())
            self._declare()
            self.data.prepare()
            prepare_instance(self.data)
            settings = self.data.dagster / "dagster.yaml"
            if self.in_daemon:
                settings.write_text(settings.read_text("utf-8") + IN_DAEMON, encoding="utf-8")
            self.port = free_port()
            self.environment = os.environ | self.clock.environment | {
                "PYTHONPATH": str(PROJECT), "DAGSTER_HOME": str(self.data.dagster),
                "OPENINDICATORS_PROJECT": str(self.folder / "project"),
                "OPENINDICATORS_PROFILE": "live", "OPENINDICATORS_DATA_DIR": str(self.data.root),
                "OPENINDICATORS_ALLOW_PRIVATE": "1", "OPENINDICATORS_WEBHOOK": address,
                "CITY_LOGIN": LOGIN,
            }
            self.start(stack, "code", "dagster", "api", "grpc", "-m", "pipelines.definitions",
                       "-a", "defs", "-h", "127.0.0.1", "-p", str(self.port))
            self.wait_for("code", self.port)
            self.start(stack, "daemon", "dagster._daemon", "run", "--grpc-host", "127.0.0.1",
                       "--grpc-port", str(self.port))
            self.instance = stack.enter_context(
                dg.DagsterInstance.from_config(str(self.data.dagster))
            )
            while not self.instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE):
                time.sleep(0.2)  # from when on the scheduler sees what is due
            yield

    def start(self, stack: ExitStack, name: str, *command: str) -> None:
        """Start a process by a `name`, a module and its arguments, that ends with the `stack`."""
        log = stack.enter_context((self.folder / f"{name}.log").open("wb"))
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", *command], env=self.environment, cwd=PROJECT, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )
        stack.callback(_end, self.processes[name])

    def wait_for(self, name: str, port: int) -> None:
        """Wait until the process of a `name` listens on a `port`."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE and self.processes[name].poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        raise DaysError(f"{name} did not start; see {self.folder}/{name}.log")

    def _declare(self) -> None:
        folder = for_this_city(self.folder / "project") / "assets" / "finance"
        folder.mkdir(parents=True)
        for name in self.protocols:
            source = "profiles:\n  live:\n    " + self.services.source(name)
            text = DECLARATION.format(name=name, formula="", source=source)
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        if not self.computed:
            return
        text = DECLARATION.format(
            name=COMPUTED, formula=", formula: one.A + other.A",
            source=f"inputs: {{one: finance/{self.protocols[0]}, other: finance/"
                   f"{self.protocols[-1]}}}",
        )
        (folder / f"{COMPUTED}.yaml").write_text(text, encoding="utf-8")

    def poll(
        self, day: datetime, changed: set[str], conditions: dict[str, Condition],
        kills: Sequence[float] = (),
    ) -> None:
        """Live through the poll of a day, and check what is there afterwards.

        Args:
            day: shortly before the poll.
            changed: the services that publish another figure before it.
            conditions: the services that are not up.
            kills: the seconds after which runs are killed, of the first runs whose processes are
                there; the daemon must do them again.

        Raises:
            DaysError: a release too few or too many, a message missing, a duplicate.
        """
        for name in self.protocols:
            service = self.services.all[name]
            service.condition = conditions.get(name, "up")
            if name in changed:
                service.revise()
        heard = len(self.told)
        started = len(self.instance.get_run_records())
        self.clock.set(day)
        self._settle(started, list(kills))
        down = {name for name in self.protocols if name in conditions}
        due = self._due()
        if due != (found := self._released()):
            raise DaysError(f"{day:%Y-%m-%d}: releases {found} in place of {due}")
        kinds = sorted((each["kind"], name) for each in self.told[heard:]
                       for name in map(_name, each["datasets"]))
        expected = sorted(
            [("failed", name) for name in down - self.down]
            + [("recovered", name) for name in self.down - down]
        )
        if kinds != expected:
            raise DaysError(f"{day:%Y-%m-%d}: told {kinds} in place of {expected}")
        self.down = down

    def _due(self) -> dict[str, int]:
        """Return how many releases each dataset must have: one for each edition that was seen."""
        for name in self.protocols:
            service = self.services.all[name]
            if service.condition == "up" and service.edition != self.seen.get(name):
                self.seen[name] = service.edition
                self.releases[name] += 1
                if name in (self.protocols[0], self.protocols[-1]):
                    self.news = self.computed
        if self.news and all(self.releases[self.protocols[end]] for end in (0, -1)):
            self.releases[COMPUTED] += 1
            self.news = False
        return self.releases

    def _released(self) -> dict[str, int]:
        return {name: len(ledger.numbers(self.data, f"finance/{name}")) for name in self.releases}

    def _settle(self, started: int, kills: list[float]) -> None:
        """Wait until the poll's run and all that follows it are done, and the sensors are quiet.

        As many runs are killed as `kills` has seconds.
        """
        begun, moved, killed = time.monotonic(), 0.0, set[int]()
        while time.monotonic() - begun < PATIENCE:
            time.sleep(0.5)
            runs = self.instance.get_run_records()
            if any(not each.dagster_run.is_finished for each in runs):
                moved = 0.0
                if kills and (new := self._executing() - killed):
                    time.sleep(kills.pop())
                    killed |= new
                    for process in new & self._executing():
                        os.kill(process, signal.SIGKILL)
                        print(f"killed a run, process {process}", flush=True)
                continue
            if len(runs) > started:
                last = max(each.end_time or 0 for each in runs)
                if all(count >= _QUIET for count in self._evaluations(last).values()):
                    return
            if time.monotonic() - moved > 5:  # the daemon's loops look every 5 s
                self.clock.advance(STEP)
                moved = time.monotonic()
        raise DaysError(f"a poll took more than {PATIENCE} s; see {self.folder}/daemon.log")

    def _executing(self) -> set[int]:
        """Return the processes that the code server has started for runs."""
        server = self.processes["code"].pid
        lists = Path(f"/proc/{server}/task").glob("*/children")
        children = {int(child) for each in lists for child in each.read_text().split()}
        return {child for child in children
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()}

    def _evaluations(self, since: float) -> dict[str, int]:
        """Return how often each sensor was evaluated since a time, and requested nothing."""
        found = dict.fromkeys(("follow_changes", "after_success", "after_failure"), 0)
        for state in self.instance.all_instigator_state():
            if state.name in found:
                ticks = self.instance.get_ticks(
                    state.instigator_origin_id, state.selector_id, after=since, limit=_QUIET
                )
                found[state.name] = sum(tick.status == TickStatus.SKIPPED for tick in ticks)
        return found


def _name(dataset: str) -> str:
    return dataset.rpartition("/")[2]


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process as a service manager does, with its children."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def polls(number: int) -> Iterator[datetime]:
    """Yield shortly before each of so many polls of yearly figures: the 1st and 15th of a month."""
    for count in range(number):
        month, half = divmod(count, 2)
        day = 15 if half else 1
        yield datetime(2027 + month // 12, month % 12 + 1, day, 5, 39, 30, tzinfo=ZONE)


def live(city: City, number: int, chance: random.Random) -> None:
    """Let a city live through so many polls, in which by `chance` services change and fail.

    At the first one all is new, at the last one nothing.
    """
    first, *days = polls(number)
    with city.living(first):
        city.poll(first, set(), {})
        for count, day in enumerate(days, start=1):
            last = count == len(days)
            changed = {name for name in city.protocols if chance.random() < 0.3 and not last}
            most = 2 if count in HANGING else chance.randrange(3)
            down = [] if last else chance.sample(city.protocols, most)
            # To wait for one that hangs takes minutes.
            kinds: list[Condition] = ["unavailable", HANGING.get(count, "unavailable")]
            conditions = dict(zip(down, kinds, strict=False))
            city.poll(day, changed, conditions, kills=[chance.uniform(0, 10)] if changed else [])
            print(f"{day:%Y-%m-%d}  changed: {', '.join(sorted(changed)) or '-'}  down:"
                  f" {', '.join(f'{name} {what}' for name, what in conditions.items()) or '-'}",
                  flush=True)


def main() -> None:
    """Live through the polls, and say what was there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-daemon", action="store_true", help="runs are no processes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        city = City(Path(name), tuple(PROTOCOLS), in_daemon=asked.in_daemon)
        live(city, asked.polls, random.Random(asked.seed))
        print(json.dumps({"releases": city.releases, "messages": len(city.told)}))


if __name__ == "__main__":
    main()
