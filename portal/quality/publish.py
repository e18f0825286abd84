"""Write the pages about quality into the site: only what changed; remove what is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from model.errors import PortalError
from model.records.scorecard import GroupScore
from model.reference.registries import Registries
from model.util.disk import disk_errors, write_if_changed
from model.util.languages import languages
from portal.quality.pages import Assessed, render
from portal.site.release_files import locked


def publish_quality(
    folder: Path,
    assessed: Sequence[Assessed],
    sectors: Sequence[GroupScore],
    city: GroupScore | None,
    registries: Registries,
    as_of: date,
) -> int:
    """Bring the pages about quality in a site's `folder` to a day; return how many files changed.

    `assessed`, `sectors`, `city`, `registries` and `as_of` are those of `pages.render`. Raises
    PortalError where the folder cannot be written.
    """
    written = 0
    with disk_errors(folder, PortalError), locked(folder):
        kept = set()
        for path, data in render(assessed, sectors, city, registries, as_of):
            kept.add(path)
            written += write_if_changed(folder / path, data, PortalError, lasting=False)
        _remove_others(folder, kept)
    return written


def _remove_others(folder: Path, kept: set[str]) -> None:
    for root in ("quality", *(f"{language}/quality" for language in languages())):
        for path in (folder / root).glob("*/*.*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in kept:
                path.unlink()
