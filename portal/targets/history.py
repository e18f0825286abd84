"""How verdicts changed from release to release: a line for each day on which one did."""

from dataclasses import dataclass
from datetime import date

from model.reference.registries import Registries
from portal.targets.assessment import Assessment, assess_target
from portal.targets.figures import ReleaseHistory
from portal.targets.progress import Verdict


@dataclass(frozen=True)
class Change:
    """A verdict on a day that differs from the one before.

    before: the verdict until then; None where the target came into force.
    """

    day: date
    before: Verdict | None
    now: Assessment


def changes(
    registries: Registries, releases: ReleaseHistory, until: date
) -> dict[str, list[Change]]:
    """Return the changes of each target's verdict, oldest first, by the target's id.

    A target is looked at on the day from which it holds, and on each day `until` this one on which
    the dataset that measures it was released, while it holds.
    """
    known = registries.targets
    found: dict[str, list[Change]] = {}
    for target in known.targets.values():
        start, end = known.valid_from(target), target.valid_to
        measured = known.measured_by(target)
        released = releases.days_of(measured.dataset) if measured else []
        days = sorted({start, *(day for day in released if day > start)})
        line: list[Change] = []
        for day in days:
            if day > until or (end and day >= end):
                break
            now = assess_target(registries, releases, target, day, projected=False)
            before = line[-1].now.verdict if line else None
            if now.verdict != before:
                line.append(Change(day, before, now))
        found[target.id] = line
    return found
