"""Recall by kind of fault, and what is flagged beside the faults and in untouched tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bench.faults import PlantedCorpus
from bench.quality.faults import Fault, Key, plant

# From this on a changed figure counts as one that can be told from the series' own noise: a tenth
# of the figure, and ten of the series' usual steps. Of a fault in a code, or of a row that is gone
# or there twice, there is no size; those count always.
SIZE, STEPS = 0.1, 10.0


@dataclass
class Flag:
    """An observation that a check names."""

    dataset: str
    check: str
    item: dict[str, Any]
    relations: bool  # the check compares with other releases or datasets
    fault: Fault | None = None  # what it names


@dataclass
class Measured:
    """All that was planted, and all that was flagged."""

    faults: list[Fault] = field(default_factory=list)
    beside: list[Flag] = field(default_factory=list)  # new flags that name no fault
    hits: list[Flag] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)  # kind, the generator's error
    unchanged: dict[str, int] = field(default_factory=dict)  # jobs without effect


def measure(corpus: PlantedCorpus, jobs: Iterable[dict[str, Any]]) -> Measured:
    """Plant each job's faults, validate, and note which were named.

    Args:
        corpus: the tables.
        jobs: with what the generators changed (`faults.generate`).
    """
    measured = Measured()
    for job in jobs:
        if "error" in job:
            measured.failed.append((job["kind"], job["error"]))
            continue
        planting = plant(corpus, job)
        if not planting.faults:
            measured.unchanged[job["kind"]] = measured.unchanged.get(job["kind"], 0) + 1
            continue
        bound = corpus.bound_datasets[planting.dataset]
        key = bound.dataset.key
        before, now = corpus.untouched[planting.dataset], corpus.named(bound)
        related = {item.name for item in bound.suite.expectations if item.relations}
        for check, items in now.items():
            known = {_of(item, (*key, "column")) for item in before.get(check, [])}
            for item in items:
                if _of(item, (*key, "column")) in known:
                    continue
                flag = Flag(planting.dataset, check, item, check in related)
                named = [f for f in planting.faults if names(item, f.names, key)]
                for fault in named:
                    fault.found.add(check)
                flag.fault = named[0] if named else None
                (measured.hits if named else measured.beside).append(flag)
        for fault in planting.faults:
            if fault.unread:
                fault.found.add("reader")
            fault.alone = any(c not in related for c in fault.found)  # type: ignore[attr-defined]
        measured.faults += planting.faults
    return measured


def _of(item: dict[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(item.get(name) for name in names)


def names(item: dict[str, Any], given: list[Key], key: tuple[str, ...]) -> bool:
    """Say whether an item names a fault: equal in all key columns that it has, or in all."""
    shared = [name for name in key if name in item]
    if not shared:
        return True  # the table, which passed before
    return any(all(item[name] == one.get(name) for name in shared) for one in given)


def sizeable(fault: Fault) -> bool:
    """Say whether a fault can be told from noise at all (`SIZE`, `STEPS`)."""
    if fault.change is None:
        return True
    return fault.change >= SIZE and (fault.deviations or 0) >= STEPS


def visible_in_release(fault: Fault) -> bool:
    """Say whether a fault differs from the last release by more than a usual revision.

    Figures of the last release are revised by up to one in a hundred; from a twentieth on a change
    is no usual revision.
    """
    return fault.change is None or fault.change > 0.05


def table(measured: Measured, kinds: list[str]) -> list[str]:
    """Return the lines of the table of recall by kind."""
    lines = [
        f"{'kind of fault':38} faults  recall  alone | large recall  alone | found first by"
    ]
    for kind in [*kinds, "all"]:
        own = [f for f in measured.faults if kind in (f.kind, "all")]
        if not own:
            continue
        seen = [f for f in own if visible_in_release(f)]
        large = [f for f in own if sizeable(f)]
        first: dict[str, int] = {}
        for fault in own:
            for check in sorted(fault.found)[:1]:
                first[check] = first.get(check, 0) + 1
        by = ", ".join(f"{n} {c}" for n, c in sorted(
            ((c, n) for n, c in first.items()), reverse=True)[:3]) if kind != "all" else ""
        lines.append(
            f"{kind:38} {len(own):6}  {_share(own, _found)} {_share(own, _alone)} |"
            f" {len(seen):4} {_share(seen, _found)}  {len(large):4} {_share(large, _alone)} | {by}"
        )
    return lines


def _found(fault: Fault) -> bool:
    return bool(fault.found)


def _alone(fault: Fault) -> bool:
    return bool(getattr(fault, "alone", False))


def _share(faults: list[Fault], of: Callable[[Fault], bool]) -> str:
    return f"{sum(map(of, faults)) / len(faults):6.1%}" if faults else "     -"
