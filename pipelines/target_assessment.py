"""The assessment of the targets as a dataset: computed from their registry and what measures them.

The program behind `program: target_assessment` of a computed dataset. It assesses as of the newest
of the inputs' releases and reads no clock: without news there is none. Every figure names the cells
that it came from: the target's value, and the figures of the base year and the newest one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

from model.errors import SourceError
from model.reference.registries import Registries
from model.util.hashing import sha256_json
from model.util.parquet import read_parquet
from portal.targets.assessment import Assessment, assess_target
from portal.targets.figures import ReleasedTable, ReleaseHistory
from portal.targets.progress import METHOD, Verdict
from portal.targets.words import WORDS
from warehouse.computing.compute import cell_number
from warehouse.store import releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

VERSION = 1  # raise it whenever the same registry and releases give other figures
TARGETS = "targets"  # the input with the targets' own values
LEVELS: dict[Verdict, float | None] = {"behind": 1, "on_track": 2, "met": 3, "no_data": None}
DATA = "data.parquet"


def _released_table(stored: StoredRelease) -> ReleasedTable:
    """Return a release as the assessment reads it."""
    release = stored.release
    return ReleasedTable(
        release.dataset, release.number, release.semantic_version, release.issued,
        stored.path(DATA), release.file(DATA).sha256,
    )


def stored_releases(data_dir: DataDir, registries: Registries) -> ReleaseHistory:
    """Return the releases of `data_dir` that measure a target of the `registries`."""
    return ReleaseHistory({
        dataset: [_released_table(each) for each in releases.history(data_dir, dataset)]
        for dataset in registries.targets.measuring
    })


@dataclass(frozen=True)
class TargetAssessment:
    """Computes how far each target of the `registries` in force is reached."""

    registries: Registries
    method: str = METHOD
    columns: ClassVar = {
        **dict.fromkeys((
            "indicator", "ref_area", "geo_vintage", "target", "time_period", "obs_note",
        ), "VARCHAR"),
        "value": "DOUBLE", "cells": "BIGINT[]",
    }

    @cached_property
    def version(self) -> str:
        """A checksum of the targets, of what measures them, and of the words that are released."""
        return sha256_json([
            VERSION, self.registries.targets.model_dump(mode="json"),
            WORDS.model_dump(mode="json", include={"verdicts", "reasons", "categories"}),
        ])

    def figures(self, inputs: Mapping[str, StoredRelease]) -> list[dict[str, Any]]:
        """Return the verdicts and what they rest on, by the releases of the inputs.

        Raises:
            SourceError: the dataset of the targets has no release.
            PortalError: a release is damaged, or a target's figure is not the only one.
        """
        if TARGETS not in inputs:
            raise SourceError(
                f"the input {TARGETS!r} has no release yet",
                todo="run the dataset of the targets first",
            )
        numbers = {stored.release.dataset: number for number, stored in enumerate(inputs.values())}
        own = inputs[TARGETS]
        own.verify()
        column = read_parquet(own.path(DATA), ["target"])["target"].to_pylist()
        values = {
            target: cell_number(numbers[own.release.dataset], row)
            for row, target in enumerate(column)
        }
        history = ReleaseHistory({
            stored.release.dataset: [_released_table(stored)] for stored in inputs.values()
        })
        rows = list(_rows(self.registries, history, history.days[-1]))
        if new := {row["target"] for row in rows} - values.keys():
            raise SourceError(
                f"the target {min(new)!r} is not in its current release",
                where=own.release.dataset, todo="run the dataset of the targets first",
            )
        return [
            {**row, "cells": [values[row["target"]], *(
                cell_number(numbers[dataset], place) for dataset, place in row["cells"]
            )]}
            for row in rows
        ]


def _rows(
    registries: Registries, history: ReleaseHistory, as_of: date
) -> Iterator[dict[str, Any]]:
    """Yield the figures of each target, with the dataset and row of those that they rest on."""
    for target in registries.targets.in_force(as_of):
        found = assess_target(registries, history, target, as_of, projected=False)
        progress, source = found.progress, found.source
        last = [found.newest] if found.newest else []
        used = [progress.base, progress.newest] if progress else last
        key = {
            "ref_area": target.area.code,
            "geo_vintage": registries.codelists[target.area.codelist].vintage,
            "target": target.id, "time_period": str(target.year),
            "cells": [(source.dataset, each.row) for each in dict.fromkeys(used) if source],
        }
        yield {
            **key, "indicator": "verdict", "value": LEVELS[found.verdict], "obs_note": _note(found),
        }
        for name, share in (
            ("progress_ratio", progress.ratio), ("observed_growth", progress.observed),
            ("required_growth", progress.required),
        ) if progress else ():
            if share is not None:
                yield {**key, "indicator": name, "value": share * 100, "obs_note": None}


def _note(found: Assessment) -> str:
    """Return the verdict in each language, and why."""
    said = WORDS.verdicts[found.verdict].by_language
    progress = found.progress
    why = (
        WORDS.categories[progress.category] if progress else WORDS.reasons[found.reason]
        if found.reason else None
    )
    return " · ".join(
        f"{text}: {why.get(language)}" if why else text for language, text in said.items()
    )
