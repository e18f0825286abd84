"""Codebooks: small tables beside a file that say what its codes mean, e.g. P01 is Ha Noi.

A codebook is a CSV file in the same folder whose name says so and whose first column holds codes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.errors import OpenIndicatorsError
from model.util.text import fold
from sources.formats.csv_text import read_csv

_NAMED = re.compile(
    r"codebook|code ?list|dictionary|data ?dict|labels?|variables?|danh muc|tu dien"
)
_LARGEST = 200_000  # bytes
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,19}")


@dataclass(frozen=True)
class Codebook:
    """What codes mean.

    file: its name.
    names: by code.
    """

    file: str
    names: dict[str, str]

    def knows(self, codes: Iterable[str]) -> bool:
        """Whether it has all codes."""
        listed = [code.strip() for code in codes]
        return bool(listed) and all(code in self.names for code in listed)


def codebooks_beside(path: Path) -> tuple[Codebook, ...]:
    """Return the codebooks in the folder of a file."""
    found = []
    for other in sorted(path.parent.glob("*.csv")):
        words = re.sub(r"[_-]+", " ", fold(other.stem))
        if other == path or not _NAMED.search(words) or other.stat().st_size > _LARGEST:
            continue
        names = _names_in(other)
        if names:
            found.append(Codebook(other.name, names))
    return tuple(found)


def _names_in(path: Path) -> dict[str, str]:
    """Return the names by code; none where the file is no codebook after all."""
    try:
        rows = [cells for _, cells in read_csv(path, path.name, encoding="utf-8", delimiter=",")]
    except OpenIndicatorsError:
        return {}
    pairs = [(cells[0].strip(), cells[1].strip()) for cells in rows[1:] if len(cells) > 1]
    if not pairs or not all(_CODE.fullmatch(code) and name for code, name in pairs):
        return {}
    names = dict(pairs)
    return names if len(names) == len(pairs) else {}
