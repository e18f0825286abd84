"""Fetch: ask the source what is new and store the bytes as a snapshot."""

import shutil

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
        earlier = snapshots.latest(data_dir, dataset.id)
        known = (
            [SourceFile.of(part, earlier.part_path(part)) for part in earlier.snapshot.parts]
            if earlier and earlier.snapshot.protocol == bound.source.protocol
            else []
        )
        fetched = fetch_parts(
            bound.protocol, options_of(bound.source), transport, folder, known
        )
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
