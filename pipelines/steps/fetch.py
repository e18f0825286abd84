"""Fetch: ask the source what is new and store the bytes as a snapshot."""

import shutil
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.progress import Clock
from sources.base import SourceFile, Transport
from sources.connectors.registry import options_of
from sources.fetch.parts import fetch_parts
from warehouse.store import snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.snapshots import StoredSnapshot


def take_snapshot(
    bound: BoundDataset, data_dir: DataDir, transport: Transport, clock: Clock
) -> tuple[StoredSnapshot, bool]:
    """Ask the source for what is new, and store what it serves.

    An interrupted fetch session is resumed by the next call.

    Args:
        bound: the dataset.
        data_dir: where the snapshot is stored.
        transport: sends the requests.
        clock: the time of retrieval.

    Returns:
        The snapshot, and whether it differs from the one taken last.

    Raises:
        SourceError: unreachable, or the response holds no data; the last snapshot stays.
        StoreError: the data folder cannot be written, or belongs to another profile.
    """
    dataset = bound.dataset
    data_dir.claim(bound.profile)
    folder = data_dir.fetch_session(dataset.id)
    with data_dir.dataset_lock(dataset.id):
        earlier = snapshots.intact(data_dir, dataset.id)
        known = (
            [SourceFile.of(part, earlier.part_path(part)) for part in earlier.snapshot.parts]
            if earlier and earlier.snapshot.protocol == bound.source.protocol
            else []
        )
        fetched = fetch_parts(bound.protocol, options_of(bound.source), transport, folder, known)
        if fetched.unchanged and earlier is not None:
            taken = (earlier, False)
        else:
            taken = snapshots.save(
                data_dir, dataset.id, [(part.record, part.path) for part in fetched.parts],
                protocol=bound.source.protocol,
                options=options_of(bound.source).model_dump(mode="json", exclude_unset=True),
                licence=dataset.licence, retrieved=clock(), profile=bound.profile,
            )
        shutil.rmtree(folder, ignore_errors=True)
        return taken


PAUSE = 0.02  # seconds without an answer after which who asks may look after something else
AT_FIRST = 4  # hosts that are asked side by side; one more after each pause, as all are waited for
AT_A_TIME = 32  # and no more. Where answers come at once, so many threads take 1.4 times the time

Taken = tuple[StoredSnapshot, bool]


@dataclass
class Polls:
    """What sources answered before a run was planned: a step takes the answer, and asks no more.

    Without an answer that waits, as in the daemon's runs, a step asks by itself.
    """

    answers: dict[str, Taken | Exception] = field(default_factory=dict)

    def ask(
        self, datasets: Mapping[str, BoundDataset], take: Callable[[BoundDataset], Taken]
    ) -> Generator[str | None, None, None]:
        """Ask the sources of `datasets`: different hosts side by side, each host in turn.

        The slower the answers come, the more hosts are asked at a time.

        Args:
            datasets: by id.
            take: takes the snapshot of one; what it raises is kept for the step.

        Yields the ids of the datasets as their sources answer, and None while none does; closed
        before the end, it asks for nothing more.
        """
        by_host: dict[str, list[BoundDataset]] = {}
        for bound in datasets.values():
            by_host.setdefault(bound.host, []).append(bound)
        hosts = SimpleQueue[list[BoundDataset]]()
        for members in by_host.values():
            hosts.put(members)

        interrupted, answered = threading.Event(), SimpleQueue[str]()

        def ask_hosts() -> None:
            with suppress(Empty):  # no host is left
                while True:
                    for bound in hosts.get_nowait():
                        if interrupted.is_set():
                            return
                        try:
                            self.answers[bound.dataset.id] = take(bound)
                        except Exception as error:
                            self.answers[bound.dataset.id] = error
                        answered.put(bound.dataset.id)

        pool = ThreadPoolExecutor(AT_A_TIME)
        try:
            for _ in range(AT_FIRST):
                pool.submit(ask_hosts)
            left = len(datasets)
            while left:
                try:
                    name = answered.get(timeout=PAUSE)
                except Empty:
                    if not hosts.empty():
                        pool.submit(ask_hosts)
                    yield None
                else:
                    left -= 1
                    yield name
        finally:  # an interrupted run waits for the requests that are on their way, for no others
            interrupted.set()
            pool.shutdown(cancel_futures=True)

    def has_snapshot(self, dataset: str) -> bool:
        """Return whether the source of a dataset has answered, and not failed."""
        return isinstance(self.answers.get(dataset), tuple)

    def is_unchanged(self, dataset: str) -> bool:
        """Return whether the source of a dataset has answered that it serves nothing new."""
        answer = self.answers.get(dataset)
        return isinstance(answer, tuple) and not answer[1]

    def take(self, bound: BoundDataset, ask: Callable[[], Taken]) -> Taken:
        """Return the answer for a dataset, once; raise what was raised.

        Args:
            bound: the dataset.
            ask: takes the snapshot where no answer waits.
        """
        answer = self.answers.pop(bound.dataset.id, None)
        if isinstance(answer, Exception):
            raise answer
        return answer or ask()
