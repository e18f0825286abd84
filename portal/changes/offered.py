"""A release as the site offers it: its record, its files, and how long it was current."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from model.records.release import FileRecord, Release


@dataclass(frozen=True)
class OfferedRelease:
    """A release and what readers can have of it.

    before: the release before; None for the first one.
    after: the release after; None for the current one.
    files: its downloads; none where its figures may not be shown.
    current: the number of the current release.
    gone: the dataset was withdrawn: its files are named, and cannot be downloaded.
    """

    release: Release
    before: Release | None
    after: Release | None
    files: tuple[FileRecord, ...]
    current: int
    gone: bool

    @property
    def version(self) -> str:
        """Its semantic version."""
        return self.release.semantic_version

    @property
    def level(self) -> str:
        """How its version follows that before: first, major, minor or patch."""
        if self.before is None:
            return "first"
        then, now = (item.semantic_version.split(".") for item in (self.before, self.release))
        return "major" if then[0] != now[0] else "minor" if then[1] != now[1] else "patch"

    @property
    def valid_until(self) -> datetime | None:
        """When another release took its place."""
        return self.after.issued if self.after else None

    @property
    def folder(self) -> str:
        """The path of its folder in the site, where its files stay."""
        return f"datasets/{self.release.dataset}/releases/{self.release.number}/"


def offered(
    releases: Sequence[tuple[Release, tuple[FileRecord, ...]]], gone: bool
) -> list[OfferedRelease]:
    """Return all `releases` of a dataset, oldest first, each with its files, as they are offered.

    `gone` says that the dataset was withdrawn.
    """
    records = [None, *(release for release, _ in releases), None]
    current = releases[-1][0].number
    return [
        OfferedRelease(release, records[at], records[at + 2], files, current, gone)
        for at, (release, files) in enumerate(releases)
    ]
