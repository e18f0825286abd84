"""Let every long-lived process work for hours, with readers and faults: do memory and files stay?

    python -m tests.faults.long_lived --minutes 120 --seed 1

Dagster's daemon and code server live through polls of services that change, fail and recover
(`daemon_days`), over and over; some runs are killed. Beside them stand Dagster's UI, `serve` and
`mcp --http` over the same data folder, and readers ask them all the time: pages and files, whole,
in ranges, conditionally, broken off; tools; runs and assets. After each poll the memory, open files
and threads of each process are printed. What the median of the last third has more than that of the
second one, for each hour, must stay below MEGABYTES and FILES: the first third is for what is
imported, and for caches to fill. `make long-lived` does two hours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from mcp import Client

from tests.faults.daemon_days import City, free_port, polls

MEGABYTES, FILES = 20, 2  # that a process may have more after an hour
PAUSE = 0.5  # seconds between a reader's questions
# One service of each way to ask: files, pages, a cube, two requests.
ASKED = ("files", "worldbank", "pxweb", "uis")
DOWN = ("unavailable", "unavailable", "stalled")
QUESTIONS = (
    ("search", {"query": "figures"}),
    ("query", {"indicator": "Indicator A", "place": "VNM", "period": "2024"}),
    ("compare", {"indicator": "Indicator A", "places": ["VNM", "THA"], "periods": ["2023"]}),
    ("changes", {}),
    ("describe", {"dataset": "finance/files", "language": "en"}),
)
GRAPHQL = """{ runsOrError(limit: 20) { __typename ... on Runs { results { runId status } } }
  assetsOrError { __typename ... on AssetConnection { nodes { key { path } } } }
  repositoriesOrError { __typename } }"""


def measured(process: int) -> tuple[float, int, int]:
    """Return a process's memory in MB, its open files and its threads."""
    text = Path(f"/proc/{process}/status").read_text()
    status = dict(line.split(":", 1) for line in text.splitlines())
    files = len(os.listdir(f"/proc/{process}/fd"))
    return int(status["VmRSS"].split()[0]) / 1024, files, int(status["Threads"])


class Readers:
    """Threads that ask a served site, its tools and Dagster's UI until they are ended."""

    def __init__(self, site: Path, ports: dict[str, int], seed: int) -> None:
        self.site, self.ports, self.seed = site, ports, seed
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.ended = threading.Event()
        self.threads = [
            threading.Thread(target=self._ask, args=(ask,), daemon=True)
            for ask in (self.read_page, self.read_page, self.ask_tools, self.ask_ui)
        ]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """End them."""
        self.ended.set()
        for thread in self.threads:
            thread.join(60)

    def _ask(self, ask) -> None:
        chance = random.Random(f"{self.seed} {ask.__name__}")
        while not self.ended.wait(PAUSE):
            try:
                self.answers[ask(chance)] += 1
            except Exception as error:
                self.wrong.append(f"{ask.__name__}: {type(error).__name__}: {error}")

    def read_page(self, chance: random.Random) -> str:
        """Ask for a page or a file; return how."""
        path = chance.choice([each for each in self.site.rglob("*") if each.is_file()])
        address = f"http://127.0.0.1:{self.ports['serve']}/{path.relative_to(self.site)}"
        how = chance.choice(("whole", "whole", "range", "compressed", "broken off", "missing"))
        headers = {"range": {"Range": "bytes=0-99"}, "compressed": {"Accept-Encoding": "gzip"}}
        request = urllib.request.Request(
            address + (".no" if how == "missing" else ""), headers=headers.get(how, {})
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read(10 if how == "broken off" else None)
                etag = answer.headers["ETag"]
            if how == "whole" and etag:
                again = urllib.request.Request(address, headers={"If-None-Match": etag})
                urllib.request.urlopen(again, timeout=60).close()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in (304, 404, 416):
                raise
        return how

    def ask_tools(self, chance: random.Random) -> str:
        """Ask all tools a question, in a session; return how."""
        async def ask() -> None:
            async with Client(f"http://127.0.0.1:{self.ports['mcp']}/mcp") as client:
                for name, arguments in QUESTIONS:
                    answer = await client.call_tool(name, arguments)
                    # A page may be gone that the listing had: the tool asks to ask again.
                    if answer.is_error and "again" not in str(answer.content):
                        raise ValueError(f"{name}: {answer.content}")

        asyncio.run(ask())
        return "tools"

    def ask_ui(self, chance: random.Random) -> str:
        """Ask Dagster's UI for runs and assets; return how."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['ui']}/graphql",
            json.dumps({"query": GRAPHQL}).encode(), {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            found = json.load(answer)["data"]
        if found["runsOrError"]["__typename"] != "Runs":
            raise ValueError(found)
        return "UI"


def work(minutes: float, seed: int) -> int:
    """Work for so many minutes; return 1 where a process grows or a reader was told nonsense."""
    chance, begun = random.Random(seed), time.monotonic()
    samples: dict[str, list[tuple[float, float, int, int]]] = defaultdict(list)
    faults: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="openindicators-long-") as root, ExitStack() as stack:
        city = City(Path(root), ASKED)
        days = polls(10_000)
        first = next(days)
        stack.enter_context(city.living(first))
        city.poll(first, set(), {})
        ports = {name: free_port() for name in ("serve", "mcp", "ui")}
        cli = "pipelines.cli.main"
        city.start(stack, "serve", cli, "serve", "--port", str(ports["serve"]))
        city.start(stack, "mcp", cli, "mcp", "--http", str(ports["mcp"]))
        city.start(stack, "ui", "dagster_webserver", "-h", "127.0.0.1", "-p", str(ports["ui"]),
                   "--grpc-host", "127.0.0.1", "--grpc-port", str(city.port))
        for name, port in ports.items():
            city.wait_for(name, port)
        readers = Readers(city.data.site, ports, seed)
        stack.callback(readers.end)
        print("minute polls", *(f"{name}: MB files threads" for name in city.processes), sep=" | ")
        number = 0
        while (passed := (time.monotonic() - begun) / 60) < minutes:
            number += 1
            changed = {each for each in ASKED if chance.random() < 0.5}
            down = {each: chance.choice(DOWN) for each in ASKED if chance.random() < 0.15}
            kills = [chance.uniform(0, 10)] if changed and chance.random() < 0.2 else []
            city.poll(next(days), changed, down, kills)
            faults.update([*down.values(), *("run killed" for _ in kills)])
            for each, process in city.processes.items():
                if process.poll() is not None:
                    print(f"{each} has ended: see {city.folder}/{each}.log")
                    return 1
                samples[each].append((passed, *measured(process.pid)))
            print(f"{passed:6.1f} {number:5}", *(
                f"{found[-1][1]:.0f} {found[-1][2]} {found[-1][3]}" for found in samples.values()
            ), sep=" | ", flush=True)
        readers.end()
        print(f"{number} polls, {sum(city.releases.values())} releases, faults {dict(faults)},"
              f" answers {dict(readers.answers)}, {len(readers.wrong)} wrong {readers.wrong[:5]}")
    growing = [name for name, found in samples.items() if grows(name, found)]
    return int(bool(readers.wrong or growing))


def grows(name: str, samples: list[tuple[float, float, int, int]]) -> bool:
    """Print how much more a process has in the last third of its `samples`, and whether it grows.
    """
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    medians = [[median(column) for column in zip(*part, strict=True)] for part in (middle, last)]
    hours = (medians[1][0] - medians[0][0]) / 60
    memory, files, threads = ((after - before) / hours for before, after in
                              zip(medians[0][1:], medians[1][1:], strict=True))
    print(f"{name}: {samples[0][1]:.0f} MB at first, {medians[1][1]:.0f} MB at last;"
          f" {memory:+.1f} MB, {files:+.1f} files, {threads:+.1f} threads an hour")
    return memory > MEGABYTES or files > FILES or threads > FILES


def main() -> int:
    """Let them work, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.long_lived")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    return work(asked.minutes, asked.seed)


if __name__ == "__main__":
    raise SystemExit(main())
