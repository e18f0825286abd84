"""Words for drift: what to do about it, and a source's own names in a sentence."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import takewhile

from model.util.text import _, fold

MAX_NAMED = 5  # of one kind, by name
NEAR = 0.6  # likeness from which a new name counts as the nearest one
FIX = _(
    "fix the source's `columns` in the declaration; if it is still read correctly, write the date"
    " of your check into its `checked`"
)
LOOK = _("nothing, unless the dataset needs it")
COMPARE = _("look whether the unit or the subject of the table has changed")


def alike(one: str, other: str) -> float:
    """Return how alike the names `one` and `other` are, from 0 to 1."""
    return SequenceMatcher(None, fold(one), fold(other), autojunk=False).ratio()


def differing(old: str, new: str) -> tuple[str, str]:
    """Return the texts `old` and `new` without the words, but two, that both begin with."""
    words, others = old.split(), new.split()
    pairs = zip(words, others, strict=False)
    start = max(0, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) - 2)
    lead = "… " if start else ""
    return lead + " ".join(words[start:]), lead + " ".join(others[start:])


def name_of(text: str) -> str:
    """Return a source's text between backquotes; it cannot break out of its sentence."""
    plain = "".join(char if char.isprintable() and char != "`" else "\ufffd" for char in text)
    return f"`{plain if len(plain) <= 60 else plain[:57] + '...'}`"


def names_of(texts: Iterable[str]) -> str:
    """Return the first of a source's texts, and how many there are if that is not all."""
    every = list(texts)
    more = f", … ({len(every)})" if len(every) > MAX_NAMED else ""
    return ", ".join(name_of(text) for text in every[:MAX_NAMED]) + more
