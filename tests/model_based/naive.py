"""What a dataset must be after any sequence of events, in the plainest words that say it.

Nothing of the product is used here: rows are dictionaries, releases a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

Key = tuple[str, str]  # area, year
Rows = dict[Key, float]
Inputs = tuple[object, ...]

TOLERANCE = 0.2
MOST = 1_000  # what the suite finds plausible


@dataclass(frozen=True)
class NaiveRelease:
    """A release: who made it of what, and its rows."""

    issued: datetime
    rows: Rows
    held: frozenset[Key]
    inputs: Inputs
    content: Inputs  # what its rows were made of, where a rollback brought them back
    is_rollback: bool = False


@dataclass(frozen=True)
class NaiveDraft:
    """A draft that waits: the number it would have, and what it would say."""

    number: int
    rows: Rows
    held: frozenset[Key]
    inputs: Inputs


@dataclass
class NaiveDataset:
    """A dataset: its source, what people have said of it, and all its releases."""

    source: dict[Key, str]
    declaration: int = 0  # counts how often it was declared anew
    review: bool = False
    is_confirmed: bool = True
    is_withdrawn: bool = False
    accepted: set[tuple[Key, str]] = field(default_factory=set)
    releases: list[NaiveRelease] = field(default_factory=list)
    draft: NaiveDraft | None = None
    rejected: set[Inputs] = field(default_factory=set)

    @property
    def inputs(self) -> Inputs:
        """What a release is made from."""
        source = tuple(sorted(self.source.items()))
        return source, self.declaration, self.review, frozenset(self.accepted)

    @property
    def held(self) -> frozenset[Key]:
        """The rows that go to quarantine."""
        return frozenset(
            key for key, text in self.source.items()
            if not text.isdecimal() or (int(text) > MOST and (key, text) not in self.accepted)
        )

    @property
    def is_blocked(self) -> bool:
        """Whether too many rows are held back."""
        return len(self.held) > TOLERANCE * len(self.source)

    def run(self, now: datetime) -> None:
        """Take what the source says now to a release or a draft, if anything is new."""
        if self.is_withdrawn or not self.is_confirmed or self.is_blocked:
            return
        rows = {key: float(text) for key, text in self.source.items() if key not in self.held}
        last = self.releases[-1] if self.releases else None
        if last is not None and self.inputs in self._said(last):
            self.draft = None
        elif not self.review:
            self.releases.append(NaiveRelease(now, rows, self.held, self.inputs, self.inputs))
            self.draft = None
        elif self.inputs in self.rejected:
            self.draft = None
        else:
            self.draft = NaiveDraft(len(self.releases) + 1, rows, self.held, self.inputs)

    def _said(self, last: NaiveRelease) -> set[Inputs]:
        """Return what is said already, and what a person who rolled back decided against."""
        overruled = [self.releases[-2].content] if last.is_rollback else []
        return {last.inputs, last.content, *overruled}

    def approve(self, now: datetime) -> bool:
        """Release the draft; return False where another release came before it."""
        assert self.draft is not None
        if self.draft.number != len(self.releases) + 1:
            return False
        draft, self.draft = self.draft, None
        self.releases.append(
            NaiveRelease(now, draft.rows, draft.held, draft.inputs, draft.inputs)
        )
        return True

    def reject(self) -> None:
        """Reject the draft."""
        assert self.draft is not None
        self.rejected.add(self.draft.inputs)
        self.draft = None

    def rollback(self, to: int, now: datetime) -> None:
        """Go back to the release with a number."""
        old, last = self.releases[to - 1], self.releases[-1]
        self.releases.append(
            NaiveRelease(now, old.rows, old.held, last.inputs, old.content, is_rollback=True)
        )

    def withdraw(self, now: datetime) -> None:
        """Withdraw the dataset."""
        last = self.releases[-1].inputs
        self.releases.append(NaiveRelease(now, {}, frozenset(), last, last))
        self.is_withdrawn, self.draft = True, None

    def as_of(self, moment: datetime) -> Rows:
        """Return the rows that were public at a moment."""
        return next((each.rows for each in reversed(self.releases) if each.issued <= moment), {})
