"""Which datasets differ between a commit and the working tree: by what they say, not by file.

The commit's files are taken out into a temporary folder and loaded as the working tree's are. A
dataset counts as edited where its complete declaration (with defaults, SQL, codelists), its suite,
or the registries' entries that it names are others.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from model.declarations.dataset import Dataset
from model.errors import OpenIndicatorsError
from model.reference import city
from model.reference.registries import Registries
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset


@dataclass(frozen=True)
class Edited:
    """The edited datasets.

    datasets: those that are declared now, by id; what others need comes first.
    undeclared: those that only the commit declares.
    errors: what is wrong in the working tree.
    before: the registries of the commit.
    declared: all datasets of the profile, by id.
    """

    datasets: dict[str, BoundDataset]
    undeclared: tuple[str, ...]
    errors: tuple[OpenIndicatorsError, ...]
    before: Registries
    declared: Mapping[str, BoundDataset]


def edited_datasets(settings: Settings, base: str, wanted: list[str]) -> Edited:
    """Return the `wanted` datasets (none: all) that differ between a commit and the working tree.

    `settings` say the project and the profile; `base` is any name of the commit that git knows.

    Raises:
        OpenIndicatorsError: the project is in no git repository, or there is no such commit.
    """
    now = load_catalogue(settings)
    chosen = now.select(settings.profile, wanted)
    said = _said(now, settings.profile)
    with _at(settings.project, base) as project:
        if (project / city.FILE).is_file():
            city.use_project(project)  # its languages, and who answers questions
        try:
            then = load_catalogue(settings.model_copy(update={"project": project}))
            before = _said(then, settings.profile)
        finally:
            city.use_project(settings.project)
    same = {name for name in chosen if said[name] == before.get(name)}
    undeclared = () if wanted else tuple(
        name for name in before
        if name not in now.declarations and not _has_error(now.errors, name)
    )
    return Edited(
        {name: chosen[name] for name in _in_order(chosen) if name not in same}, undeclared,
        now.errors, then.registries, now.bound_datasets(settings.profile),
    )


def _said(catalogue: Catalogue, profile: str) -> dict[str, list[Any]]:
    """Return all that is said of each dataset, in the project that is in use."""
    return {
        name: [
            bound.declaration_sha256, bound.suite.sha256,
            _named_entries(bound.dataset, catalogue.registries),
        ]
        for name, bound in catalogue.bound_datasets(profile).items()
    }


def _named_entries(dataset: Dataset, registries: Registries) -> list[Any]:
    """Return the entries of the registries that a dataset's pages and descriptions show."""
    publishers = registries.publishers
    entries = [
        registries.sectors.get(dataset.sector), publishers.get(dataset.publisher),
        publishers.get(dataset.contact or city.city().contact or ""),
        registries.licences.get(dataset.licence),
        *(registries.units.get(item.unit) for item in dataset.indicators.values()),
    ]
    return [entry and entry.model_dump(mode="json") for entry in entries]


def _has_error(errors: tuple[OpenIndicatorsError, ...], dataset: str) -> bool:
    return any(f"{dataset}.yaml" in error.where for error in errors)


def _in_order(datasets: dict[str, BoundDataset]) -> list[str]:
    """Return the ids so that each dataset follows those that it is made from or compared with."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in datasets and name not in found:
            for other in datasets[name].upstream:
                visit(other)
            found[name] = None

    for name in datasets:
        visit(name)
    return list(found)


@contextmanager
def _at(project: Path, commit: str) -> Iterator[Path]:
    """Yield the project's folder as it was at a commit."""
    top = Path(_git(project, "rev-parse", "--show-toplevel").decode().strip())
    inside = project.resolve().relative_to(top)
    name = _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options",
                f"{commit}^{{commit}}").decode().strip()
    with TemporaryDirectory(prefix="openindicators-") as folder:
        # What is in a ZIP archive never leaves the folder; `tarfile` promises it since 3.11.4.
        with ZipFile(BytesIO(_git(top, "archive", "--format=zip", name))) as files:
            files.extractall(folder)
        yield Path(folder) / inside


def _git(folder: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise OpenIndicatorsError(
            f"git cannot be started: {error.strerror}", todo="install git"
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise OpenIndicatorsError(
            said[-1] if said else f"git knows no {arguments[-1]}",
            where=str(folder),
            todo="run this in the project's git repository, with a --base that it has (in CI: fetch"
            " the whole history)",
        )
    return done.stdout
