"""What publishing a dataset to a portal changed."""

from typing import Literal

from model.util.text import Frozen


class Difference(Frozen):
    """One line of a publication plan."""

    dataset: str
    change: Literal["+", "~", "-", "="]
    what: str  # e.g. "file data.csv", "metadata", "rows"
    detail: str = ""


class Publication(Frozen):
    """What a portal shows of a dataset after publishing."""

    dataset: str
    portal: str
    release: int
    url: str
    changed: bool
    differences: tuple[Difference, ...]
