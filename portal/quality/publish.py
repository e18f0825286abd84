"""Write the pages about quality into the site: only what changed; remove what is gone.

`quality/state.json` in the site has what the pages were made from, so that those whose inputs are
the same are not rendered again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from model.errors import PortalError
from model.records.scorecard import GroupScore, QualityReport
from model.reference.registries import Registries
from model.util.disk import disk_errors, write_if_changed
from model.util.hashing import (
    has_checksum,
    pretty_json,
    sealed,
    sha256_bytes,
    sha256_json,
    unsealed,
)
from model.util.languages import languages
from model.util.text import Frozen
from portal.quality.pages import REPORT, Assessed, by_sector, overview, render, sector_pages
from portal.site_folder.release_files import locked
from portal.site_folder.state import read_intact

STATE = "quality/state.json"


class QualityState(Frozen):
    """What the pages about quality were made from.

    all_inputs: checksum of the inputs of everything.
    inputs: those of the pages of each dataset, and of each sector.
    files: checksum of each file, by dataset or sector, and path in the site; "" has what all share.
    """

    all_inputs: str = ""
    inputs: dict[str, str] = {}
    files: dict[str, dict[str, str]] = {}

    @classmethod
    def read(cls, folder: Path) -> QualityState:
        """Return the state of a site's `folder`; that of an empty one where none can be read."""
        try:
            return cls.model_validate_json(unsealed((folder / STATE).read_bytes()))
        except (OSError, ValueError):
            return cls()

    def holds(self, folder: Path, name: str) -> bool:
        """Return whether the files of the dataset or sector `name` are in `folder` as written."""
        return name in self.files and all(
            has_checksum(f"{folder}/{path}", sha256) for path, sha256 in self.files[name].items()
        )

    def standing(self, folder: Path, inputs: Mapping[str, str]) -> dict[str, QualityReport]:
        """Return the reports in `folder`, by dataset, whose pages were made from these `inputs`.

        They are without the checks and acceptances, which their own pages alone show.
        """
        return {
            name: _parsed(read_intact(folder / path, of.get(path)))
            for name, of in self.files.items()
            if name in inputs and self.inputs.get(name) == inputs[name] and self.holds(folder, name)
            for path in [REPORT.format(dataset=name)]
        }


def _parsed(data: bytes) -> QualityReport:
    """Parse a report, without what takes most of the time."""
    shown = msgspec.json.decode(data) | {"checks": [], "acceptances": []}
    return QualityReport.model_validate_json(msgspec.json.encode(shown))


def is_published(folder: Path, all_inputs: str) -> bool:
    """Return whether all pages in a site's `folder` are there, made from `all_inputs`."""
    state = QualityState.read(folder)
    return state.all_inputs == all_inputs and all(state.holds(folder, name) for name in state.files)


def publish_quality(
    folder: Path, assessed: Sequence[Assessed], sectors: Sequence[GroupScore],
    city: GroupScore | None, registries: Registries, as_of: date,
    inputs: Mapping[str, str] | None = None, others: Mapping[str, str] | None = None,
    all_inputs: str = "", base_url: str | None = None, kept: Collection[str] = (),
) -> int:
    """Bring the pages about quality in a site's `folder` to a day; return how many files changed.

    `assessed`, `sectors`, `city`, `registries` and `as_of` are those of `pages`; `inputs` has the
    checksum of what a dataset's pages are made from, and `all_inputs` that of everything; `others`
    are more files with their text, `base_url` is the site's address. The pages of the datasets
    `kept`, whose reports are `standing` or which are damaged, stay as they are. Raises PortalError
    where the folder cannot be written.
    """
    inputs, written = inputs or {}, 0
    made: dict[str, dict[str, str]] = {}
    with disk_errors(folder, PortalError), locked(folder):
        before = QualityState.read(folder)
        made |= {name: before.files[name] for name in kept if name in before.files}

        def write(name: str, path: str, data: bytes) -> None:
            nonlocal written
            made.setdefault(name, {})[path] = sha256_bytes(data)
            written += write_if_changed(folder / path, data, PortalError, lasting=False)

        for each in assessed:
            if (name := each.report.dataset) not in kept:
                for path, data in render(each, registries, base_url):
                    write(name, path, data)
        made_from = {
            name: before.inputs.get(name, "") if name in kept else of for name, of in inputs.items()
        }
        for group, members in by_sector(assessed, sectors, registries):
            of = sha256_json([(each.dataset, inputs.get(each.dataset)) for each in members])
            if inputs and before.inputs.get(group.id) == of and before.holds(folder, group.id):
                made[group.id] = before.files[group.id]
            else:
                for path, data in sector_pages(group, members, registries, base_url):
                    write(group.id, path, data)
            made_from[group.id] = of
        for path, data in overview(assessed, sectors, city, registries, as_of, base_url):
            write("", path, data)
        for path, text in (others or {}).items():
            write("", path, text.encode())
        _remove_others(folder, {path for files in made.values() for path in files})
        state = QualityState(all_inputs=all_inputs, inputs=made_from, files=made)
        write_if_changed(folder / STATE, sealed(pretty_json(state)), PortalError, lasting=False)
    return written


def _remove_others(folder: Path, kept: set[str]) -> None:
    for root in ("quality", *(f"{language}/quality" for language in languages())):
        for path in (folder / root).glob("*/*.*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in kept:
                path.unlink()
