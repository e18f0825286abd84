"""Suites: what must be true of a dataset, in Great Expectations' own words.

    # expectations/<sector>/<dataset>.yaml
    expectations:
      - type: expect_column_values_to_be_between
        kwargs: {column: obs_value, min_value: 0}
        severity: critical         # critical | warning | info
        name: value_not_negative   # optional
        title: {vi: ..., en: ...}  # optional

What a declaration says already (`expectations.checks.generic`) needs no line in a suite.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from expectations.checks.automatic import AUTOMATIC, automatic_expectations
from expectations.checks.custom import CUSTOM, completed, custom_problems, query_of, relations_of
from expectations.checks.generic import generic_expectations, generic_names
from expectations.checks.kinds import KINDS, UNEXPECTED_ROWS
from expectations.checks.titles import sentence
from expectations.suites import VERSION
from expectations.suites.arguments import Problem, problems
from expectations.suites.expectation import Expectation, Suite
from expectations.suites.probe import level_of_query
from model.declarations.dataset import Dataset
from model.declarations.validation import parse_as
from model.declarations.yaml_file import KeyPath, YamlFile
from model.errors import DeclarationError, OpenIndicatorsError
from model.records.source_schema import SOURCE_SCHEMA_CHECK
from model.records.validation import Severity
from model.reference.registries import Registries
from model.util.text import Bilingual, Frozen, Name, did_you_mean

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite

__all__ = ["Expectation", "Suite", "full_suite", "load_suite", "load_suites", "to_gx"]


class _Entry(Frozen):
    """One expectation as the file has it."""

    type: str
    kwargs: dict[str, Any] = Field(default={})
    severity: Severity
    name: Name | None = None
    title: Bilingual | None = None


class _SuiteFile(Frozen):
    expectations: tuple[_Entry, ...]


def load_suite(path: Path, dataset: Dataset) -> Suite:
    """Load the suite of a dataset.

    Raises:
        DeclarationError: file, line, what is wrong, and the nearest right name.
    """
    document = YamlFile.read(path)
    entries = parse_as(_SuiteFile, document.mapping(), document).expectations
    for index, entry in enumerate(entries):
        for at, what, todo in _wrong(entry, dataset):
            where = document.where(("expectations", index, *at))
            raise DeclarationError(what, where=where, todo=todo)
    taken = generic_names(dataset) | {SOURCE_SCHEMA_CHECK, *(name for name, _ in AUTOMATIC.values())}
    for index, entry in enumerate(entries):
        if entry.name is None:
            continue
        if entry.name in taken:
            raise DeclarationError(
                f"another expectation has the name {entry.name!r}",
                where=document.where(("expectations", index, "name")), todo="give it another",
            )
        taken.add(entry.name)
    complete = []
    for entry in entries:
        expectation = _complete(entry, dataset, taken)
        taken.add(expectation.name)
        complete.append(expectation)
    return Suite(dataset=dataset.id, path=path, expectations=tuple(complete))


def _wrong(entry: _Entry, dataset: Dataset) -> Iterator[tuple[KeyPath, str, str]]:
    if entry.type in CUSTOM:
        for at, what, todo in custom_problems(entry.type, entry.kwargs, dataset):
            yield ("kwargs", *at), what, todo
        return
    if entry.type not in KINDS:
        yield (
            ("type",), f"unknown expectation {entry.type!r}",
            did_you_mean(entry.type, {*KINDS, *CUSTOM})
            or "docs/quality.md and expectations/checks/kinds.py list them all",
        )
        return
    for problem in problems(entry.type, entry.kwargs, dataset):
        yield _in_kwargs(problem)
        return
    if entry.type == UNEXPECTED_ROWS:
        try:
            level_of_query(entry.kwargs["unexpected_rows_query"], dataset)
        except ValueError as error:
            yield (
                ("kwargs", "unexpected_rows_query"), f"the query does not work: {error}",
                "write e.g. SELECT * FROM {batch} WHERE obs_value < 0",
            )


def _in_kwargs(problem: Problem) -> tuple[KeyPath, str, str]:
    return ("kwargs", *problem.at), problem.what, problem.todo


def _complete(entry: _Entry, dataset: Dataset, taken: Collection[str]) -> Expectation:
    if entry.type in CUSTOM:
        custom = CUSTOM[entry.type]
        return Expectation(
            name=entry.name or _free_name(entry, taken),
            type=entry.type,
            kwargs=completed(entry.type, entry.kwargs, dataset),
            severity=entry.severity,
            level=custom.level,
            title=entry.title or custom.title,
        )
    level = KINDS[entry.type].level
    if entry.type == UNEXPECTED_ROWS:
        level = level_of_query(entry.kwargs["unexpected_rows_query"], dataset)
    return Expectation(
        name=entry.name or _free_name(entry, taken),
        type=entry.type,
        kwargs=entry.kwargs,
        severity=entry.severity,
        level=level,
        title=entry.title or sentence(entry.type, entry.kwargs, dataset),
    )


def _free_name(entry: _Entry, taken: Collection[str]) -> str:
    """Return a name made of type and columns, e.g. `obs_value_values_to_be_between`."""
    columns = [
        *(entry.kwargs[key] for key in ("column", "column_A", "column_B") if key in entry.kwargs),
        *entry.kwargs.get("column_list", []),
    ]
    rest = entry.type.removeprefix("expect_").removeprefix("column_")
    base = "_".join([*columns, rest])[:100]
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def load_suites(
    folder: Path, datasets: Mapping[str, Dataset]
) -> tuple[dict[str, Suite], list[OpenIndicatorsError]]:
    """Load every suite of a folder laid out as `<sector>/<dataset>.yaml`.

    A dataset without a suite is right: the expectations of its declaration hold. A suite
    without a dataset is an error.

    Args:
        folder: the folder of the sectors.
        datasets: the datasets whose declaration is right, by id.

    Returns:
        The suites by dataset id, and the errors of those that are wrong.
    """
    found: dict[str, Suite] = {}
    errors: list[OpenIndicatorsError] = []
    for path in sorted(folder.glob("*/*.yaml")):
        dataset_id = f"{path.parent.name}/{path.stem}"
        try:
            if dataset_id not in datasets:
                raise DeclarationError(
                    f"no dataset {dataset_id} is declared, or its declaration is wrong",
                    where=str(path),
                    todo=did_you_mean(dataset_id, set(datasets))
                    or f"write assets/{dataset_id}.yaml, or remove this suite",
                )
            found[dataset_id] = load_suite(path, datasets[dataset_id])
        except DeclarationError as error:
            errors.append(error)
    return found, errors


def full_suite(dataset: Dataset, suite: Suite | None, registries: Registries) -> Suite:
    """Return all that is expected of a dataset: what its declaration implies, and its suite."""
    own = suite.expectations if suite else ()
    implied = (
        *generic_expectations(dataset, registries),
        *automatic_expectations(dataset, registries, {item.type for item in own}),
    )
    return Suite(
        dataset=dataset.id, path=suite.path if suite else None, expectations=(*implied, *own)
    )


def to_gx(suite: Suite) -> ExpectationSuite:
    """Return the suite as Great Expectations' own, for any context of it to run or store.

    Names, titles and levels are in each expectation's `meta`; so are the name and the arguments of
    an expectation of this project's own, which is a query for Great Expectations, and the relations
    that it compares with.
    """
    # Seconds to import: only for whoever needs it.
    from great_expectations.core import ExpectationSuite  # noqa: PLC0415

    made = ExpectationSuite(
        name=suite.dataset,
        expectations=[_gx_configuration(expectation) for expectation in suite.expectations],
        meta={"suite_format": str(VERSION), "suite_sha256": suite.sha256},
    )
    # Great Expectations logs an expectation that it cannot make, and goes on without it.
    if len(made.expectations) != len(suite.expectations):
        made_names = {(expectation.meta or {}).get("name") for expectation in made.expectations}
        lost = [item.name for item in suite.expectations if item.name not in made_names]
        raise DeclarationError(
            f"Great Expectations does not take {', '.join(lost)}",
            where=str(suite.path or suite.dataset), todo="check the kwargs of these",
        )
    return made


def _gx_configuration(expectation: Expectation) -> dict[str, Any]:
    kind, kwargs = expectation.type, dict(expectation.kwargs)
    own: dict[str, Any] = {}
    if kind in CUSTOM:
        own = {"expectation": kind, "kwargs": kwargs}
        if compared := relations_of(expectation):
            own["relations"] = sorted(compared)
        kind, kwargs = UNEXPECTED_ROWS, {"unexpected_rows_query": query_of(expectation)}
    return {
        "type": kind,
        "kwargs": kwargs,
        "severity": expectation.severity,
        "description": expectation.title.en,
        "meta": {
            "name": expectation.name,
            "level": expectation.level,
            "title": expectation.title.model_dump(),
            **own,
        },
    }
