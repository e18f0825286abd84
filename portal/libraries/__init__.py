"""The JavaScript libraries of the portal's pages, from npm; setup.py fetches them into files/."""

import json
import shutil
from functools import cache
from pathlib import Path

from model.errors import PortalError
from model.util.disk import link_or_copy
from model.util.hashing import sha256_file

FOLDER = Path(__file__).resolve().parent / "files"
PLACE = "assets/vendor"  # in the site


@cache
def checksums() -> dict[str, str]:
    """Return the SHA-256 of every file by its name, `<library>-<version>/…`."""
    try:
        return dict(json.loads((FOLDER / "checksums.json").read_bytes())["files"])
    except OSError as error:
        raise PortalError(
            f"the libraries of the portal's pages are not there: {error.strerror}",
            where=str(FOLDER), todo="fetch them: `make`, or `python setup.py libraries`",
        ) from error


def address(file: str) -> str:
    """Return the path in the site of a library's `file`, named without version: `d3/dist/…`."""
    library, _, name = file.partition("/")
    [found] = {known.partition("/")[0] for known in checksums()
               if known.partition("/")[0].rpartition("-")[0] == library}
    return f"{PLACE}/{found}/{name}"


def placed(site: Path) -> bool:
    """Return whether the `site`'s folder has every file in its full length."""
    return all(_same_size(FOLDER / name, site / PLACE / name) for name in checksums())


def place(site: Path) -> None:
    """Bring the libraries into the `site`'s folder: linked, or copied where it cannot link.

    What the site has is kept, and versions that no page uses any longer are removed. Raises
    PortalError where a file is not what was fetched.
    """
    for name, sha256 in checksums().items():
        source, target = FOLDER / name, site / PLACE / name
        if _same_size(source, target):
            continue
        if sha256_file(source) != sha256:
            raise PortalError(
                "a library of the portal's pages is damaged", where=str(source),
                todo=f"delete {FOLDER} and fetch them again: `python setup.py libraries`",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = target.with_name(f".{target.name}.new")
        staging.unlink(missing_ok=True)
        link_or_copy(source, staging)
        staging.replace(target)
    known = {name.partition("/")[0] for name in checksums()}
    for folder in (site / PLACE).iterdir():
        if folder.name not in known:
            shutil.rmtree(folder)


def _same_size(source: Path, target: Path) -> bool:
    try:
        return source.stat().st_size == target.stat().st_size
    except OSError:
        return False
