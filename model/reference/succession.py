"""What became of the areas of a codelist in the codelist that took its place."""

import csv
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from model.errors import DeclarationError
from model.util.text import Frozen, Name


class AreaSuccession(Frozen):
    """What became of each area of a codelist in the codelist that took its place."""

    old: Name
    new: Name
    pairs: tuple[tuple[str, str], ...]  # old code, new code

    @cached_property
    def successors(self) -> dict[str, set[str]]:
        """The new areas of each old one: more than one where it was split."""
        return _grouped(self.pairs)

    @cached_property
    def predecessors(self) -> dict[str, set[str]]:
        """The old areas of each new one: more than one where they were merged."""
        return _grouped((new, old) for old, new in self.pairs)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, set()).add(value)
    return groups


def load_succession(path: Path) -> AreaSuccession:
    """Load an area succession: CSV with old and new codes, a line for each pair.

    The file has the name of the old codelist; its first line names the new one:
    `# to: vn_ward_2025`.
    """
    with path.open(encoding="utf-8", newline="") as file:
        head = file.readline()
        if not head.startswith("# to: "):
            raise DeclarationError(
                "the first line does not name the new codelist", where=f"{path}:1",
                todo="write e.g. `# to: vn_ward_2025`",
            )
        pairs = tuple((row["old"], row["new"]) for row in csv.DictReader(file))
    return AreaSuccession(old=path.stem, new=head.removeprefix("# to: ").strip(), pairs=pairs)
