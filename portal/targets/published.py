"""The releases that a site offers, as the assessment reads them: a stranger with the site can."""

from collections.abc import Iterable
from pathlib import Path

from portal.site_folder.release_files import release_folder
from portal.site_folder.state import DatasetState
from portal.targets.figures import ReleasedTable, ReleaseHistory


def published_releases(folder: Path, states: Iterable[DatasetState]) -> ReleaseHistory:
    """Return the releases of the public datasets in a site's `folder` with these `states`.

    Releases whose files were withdrawn are left out.
    """
    return ReleaseHistory({
        state.dataset: [
            ReleasedTable(
                state.dataset, release.number, release.version, release.issued,
                release_folder(folder / "datasets" / state.dataset, state.release, release.number)
                / file.name, file.sha256,
            )
            for release in state.releases for file in release.files
            if file.name == f"{state.name}.parquet"
        ]
        for state in states if state.public and not state.withdrawn
    })
