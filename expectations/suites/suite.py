"""Suites read from files: what must be true of a dataset, beyond what its declaration says.

    # expectations/<sector>/<dataset>.yaml
    expectations:
      - expect_areas_present: {areas: asean}
      - expect_no_leap: {factor: 3, severity: warning}
      - expect_column_values_to_be_between:
          column: obs_value
          min_value: 0
          name: value_not_negative   # optional
          title: {vi: ..., en: ...}  # optional: the check has words of its own

    golden:
      - {indicator: gdp, area: VNM, period: 2023, value: 433.86, source: ..., verified_by: ...,
         verified_on: 2026-11-28}

`severity` (critical, warning, info), `name` and `title` stand among the arguments. Great
Expectations' own form, with `type` and `kwargs`, is read as well. `golden` has an expectation of
that name.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from expectations.checks.base import UNEXPECTED_ROWS, ArgumentProblem, Check, Implied, sentence
from expectations.checks.declared import declared_checks
from expectations.checks.registry import all_checks
from expectations.checks.values.golden import GoldenCell, GoldenCells
from expectations.suites.expectation import Expectation, Suite
from model.declarations.dataset import Dataset
from model.declarations.validation import parse_as
from model.declarations.yaml_file import KeyPath, YamlFile
from model.errors import DeclarationError, OpenIndicatorsError
from model.records.source_schema import SOURCE_SCHEMA_CHECK
from model.records.unread import UNREAD_CHECK
from model.records.validation import Severity
from model.reference.registries import Registries
from model.util.languages import languages
from model.util.text import Frozen, LocalizedText, Name, did_you_mean

GOLDEN = "golden"  # the key of a suite, the argument of its check, and the check's name
_TYPES = {
    "float_type": "is not a number", "int_type": "is not a number",
    "bool_type": "is not true or false", "list_type": "is not a list",
    "string_type": "is not text", "dict_type": "is not a mapping",
    "missing": "is missing",
    "model_attributes_type": "is no condition; write e.g. {type: comparison, column:"
    " {name: indicator}, operator: ==, parameter: X}",
}


class ExpectationOptions(Frozen):
    """What stands among the arguments of every check."""

    severity: Severity | None = None
    name: Name | None = None
    title: LocalizedText | None = None


class _SuiteFile(Frozen):
    expectations: tuple[Any, ...] = ()
    golden: tuple[GoldenCell, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """One expectation of a file, and where its arguments and its options stand."""

    type: str
    arguments: dict[str, Any]
    options: ExpectationOptions
    at: KeyPath
    options_at: KeyPath


def load_suite(path: Path, dataset: Dataset, registries: Registries) -> Suite:
    """Load the suite of a dataset.

    Args:
        path: the file.
        dataset: its declaration.
        registries: the codelists and groups of areas that a suite may name.

    Raises:
        DeclarationError: file, line, what is wrong, and the nearest name.
    """
    document = YamlFile.read(path)
    file = parse_as(_SuiteFile, document.mapping(), document, languages=languages())
    entries = [_entry(item, index, document) for index, item in enumerate(file.expectations)]
    if file.golden:
        cells = [cell.model_dump(mode="json") for cell in file.golden]
        options = ExpectationOptions(name=GOLDEN)
        entries.append(_Entry(GoldenCells.type, {GOLDEN: cells}, options, (), (GOLDEN,)))
    taken = {
        SOURCE_SCHEMA_CHECK, UNREAD_CHECK,
        *(item.name for _, item in _implied(dataset, registries, ())),
        *(cls.automatic for cls in all_checks().values() if cls.automatic),
    }
    for entry in entries:
        if entry.options.name in taken:
            raise DeclarationError(
                f"another expectation has the name {entry.options.name!r}",
                where=document.where((*entry.options_at, "name")), todo="give it another",
            )
        taken |= {entry.options.name} if entry.options.name else set()
    made = []
    for entry in entries:
        made.append(_made(entry, dataset, registries, document, taken))
        taken.add(made[-1].name)
    return Suite(dataset=dataset.id, path=path, expectations=tuple(made))


def _entry(item: Any, index: int, document: YamlFile) -> _Entry:
    """Read an entry: `{check: arguments}`, `check`, or `{type: check, kwargs: arguments}`."""
    at: KeyPath = ("expectations", index)
    if isinstance(item, dict) and "type" in item:
        kind, arguments = item["type"], item.get("kwargs") or {}
        given = {name: value for name, value in item.items() if name not in ("type", "kwargs")}
        options, at_name, at_arguments = given, (*at, "type"), (*at, "kwargs")
        at_options = at
    elif isinstance(item, dict) and len(item) == 1:
        kind, given = next(iter(item.items()))
        given = {} if given is None else given
        at_name = at_arguments = at_options = (*at, kind)
        if not isinstance(given, dict):
            raise DeclarationError(
                f"the arguments of {kind} are no mapping", where=document.where(at_name),
                todo=f"write e.g. {kind}: {{severity: warning}}",
            )
        options = {name: given[name] for name in ExpectationOptions.model_fields if name in given}
        arguments = {name: value for name, value in given.items() if name not in options}
    elif isinstance(item, str):
        kind, arguments, options = item, {}, {}
        at_name = at_arguments = at_options = at
    else:
        raise DeclarationError(
            "an expectation is one check with its arguments", where=document.where(at),
            todo="write e.g. - expect_rows: {at_least: 100}",
        )
    if kind == GoldenCells.type:
        raise DeclarationError(
            "golden cells have a list of their own", where=document.where(at_name),
            todo="write them under `golden:`, beside `expectations:`",
        )
    if kind not in all_checks():
        raise DeclarationError(
            f"unknown expectation {kind!r}", where=document.where(at_name),
            todo=did_you_mean(str(kind), {*all_checks()}) or "docs/quality.md lists them all",
        )
    parsed = parse_as(ExpectationOptions, options, document, at_options)
    return _Entry(kind, arguments, parsed, at_arguments, at_options)


def _made(
    entry: _Entry, dataset: Dataset, registries: Registries, document: YamlFile,
    taken: Collection[str],
) -> Expectation:
    cls = all_checks()[entry.type]
    try:
        check = cls.of(entry.arguments, dataset, registries)
        problems = iter(check.problems(dataset, registries))
    except ValidationError as error:
        check, problems = None, _explained(error, cls)
    if dataset.frequency not in cls.frequencies:
        problems = iter([ArgumentProblem(
            (), f"{cls.type} is for the frequencies {' '.join(cls.frequencies)}", "remove it"
        )])
    level = cls.level
    if entry.type == UNEXPECTED_ROWS and check is not None:
        # DuckDB takes 40 ms to import, and few suites have a query.
        from expectations.suites.inline import level_of_query  # noqa: PLC0415

        try:
            level = level_of_query(str(check.query()), dataset)
        except ValueError as error:
            problems = iter([ArgumentProblem(
                ("unexpected_rows_query",), f"the query does not work: {error}",
                "write e.g. SELECT * FROM {batch} WHERE obs_value < 0",
            )])
    for problem in problems:
        raise DeclarationError(
            problem.what, where=document.where((*entry.at, *problem.at)), todo=problem.todo
        )
    assert check is not None  # noqa: S101 - a ValidationError has at least one problem
    return Expectation(
        name=entry.options.name or _free_name(cls, entry.arguments, taken), type=entry.type,
        kwargs=check.arguments(), level=level, severity=entry.options.severity or cls.severity,
        title=entry.options.title or check.title(dataset, registries),
    )


def _explained(error: ValidationError, cls: type[Check]) -> Iterator[ArgumentProblem]:
    """Yield what pydantic finds wrong with arguments: unknown names first."""
    known = {field.alias or name for name, field in cls.model_fields.items()}
    known -= set(cls.from_declaration)
    for item in sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden"):
        # Pydantic puts the names of union members in the path; no such key is in the file.
        at = tuple(part for part in item["loc"] if part in known or not isinstance(part, str)
                   or part in ("column", "name", "conditions", "operator", "parameter", "is_null"))
        name = str(item["loc"][0]) if item["loc"] else ""
        if item["type"] == "extra_forbidden":
            yield ArgumentProblem(
                (name,), f"{cls.type} has no argument {item['loc'][-1]!r}",
                did_you_mean(str(item["loc"][-1]), known) or "remove it",
            )
        elif item["type"] == "missing" and len(item["loc"]) == 1:
            yield ArgumentProblem((), f"{cls.type} needs the argument {name!r}", "add it")
        else:
            message = _TYPES.get(item["type"]) or item["msg"].removeprefix("Value error, ")
            what, _, todo = message.partition("; ")
            if item["type"] == "literal_error":
                options = set(re.findall(r"'([^']*)'", item["ctx"]["expected"]))
                what, todo = "is unknown", did_you_mean(str(item["input"]), options)
            got = f" (got {repr(item['input'])[:60]})" if item["loc"] else ""
            yield ArgumentProblem(
                at, f"{name or cls.type} {what}{got}", todo or "see docs/quality.md"
            )


def _free_name(cls: type[Check], arguments: Mapping[str, Any], taken: Collection[str]) -> str:
    """Return a name made of type and columns, e.g. `obs_value_values_to_be_between`."""
    columns = [
        *(str(arguments[key]) for key in ("column", "column_A", "column_B") if key in arguments),
        *map(str, arguments.get("column_list", [])),
    ]
    rest = cls.type.removeprefix("expect_").removeprefix("column_")
    base = "_".join([*columns, rest])[:100]
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def load_suites(
    folder: Path, datasets: Mapping[str, Dataset], registries: Registries,
    only: Collection[str] | None = None,
) -> tuple[dict[str, Suite], list[OpenIndicatorsError]]:
    """Load every suite of a folder laid out as `<sector>/<dataset>.yaml`.

    A dataset without a suite is valid: the expectations of its declaration hold. A suite
    without a dataset is an error.

    Args:
        folder: the folder of the sectors.
        datasets: the datasets whose declaration is valid, by id.
        registries: the codelists and groups of areas.
        only: the ids of the datasets whose suites are read; all by default.

    Returns:
        The suites by dataset id, and the errors of those that are invalid.
    """
    found: dict[str, Suite] = {}
    errors: list[OpenIndicatorsError] = []
    for path in sorted(folder.glob("*/*.yaml")):
        dataset_id = f"{path.parent.name}/{path.stem}"
        if only is not None and dataset_id not in only:
            continue
        try:
            if dataset_id not in datasets:
                raise DeclarationError(
                    f"no dataset {dataset_id} is declared, or its declaration has errors",
                    where=str(path),
                    todo=did_you_mean(dataset_id, set(datasets))
                    or f"write assets/{dataset_id}.yaml, or remove this suite",
                )
            found[dataset_id] = load_suite(path, datasets[dataset_id], registries)
        except DeclarationError as error:
            errors.append(error)
    return found, errors


def implied_expectations(
    dataset: Dataset, registries: Registries, given: Collection[str] = ()
) -> tuple[Expectation, ...]:
    """Return what a dataset must fulfil without a suite.

    Args:
        dataset: its declaration.
        registries: the codelists.
        given: the types that its suite has: those take the place of the automatic ones, but for
            what protects persons.
    """
    found = []
    for name, item in _implied(dataset, registries, given):
        cls = all_checks()[name]
        if not (item.text or item.words or cls.has_fixed_title()):
            found.append(_expected(cls, item, dataset, registries))
            continue
        arguments = {**cls.declared(dataset, registries), **item.arguments}
        key = (
            name, item.name, item.severity, item.acceptable, item.text, item.words,
            repr(arguments), languages(),
        )
        if key not in _same:
            _same[key] = _expected(cls, item, dataset, registries)
        found.append(_same[key])
    return tuple(found)


# A dataset has 50, and two thirds of them are those of other datasets, too: by all that they are
# made from. Without that, 1,000 datasets would take half as much memory again.
_same: dict[tuple[Any, ...], Expectation] = {}


def _expected(
    cls: type[Check], item: Implied, dataset: Dataset, registries: Registries
) -> Expectation:
    check = cls.of(item.arguments, dataset, registries)
    if item.text or item.words:
        title = sentence(item.text or cls.text, **dict(item.words))
    else:
        title = check.title(dataset, registries)
    return Expectation.model_construct(  # of our own values
        name=item.name, type=cls.type, kwargs=check.arguments(), severity=item.severity,
        level=check.level, title=title, acceptable=item.acceptable and check.acceptable,
    )


def _implied(
    dataset: Dataset, registries: Registries, given: Collection[str]
) -> Iterator[tuple[str, Implied]]:
    yield from declared_checks(dataset, registries)
    for name, cls in all_checks().items():
        if cls.automatic is None or dataset.frequency not in cls.frequencies:
            continue
        if name not in given or cls.protects_persons:
            for item in cls.implied(dataset, registries):
                yield name, item


def full_suite(dataset: Dataset, suite: Suite | None, registries: Registries) -> Suite:
    """Return all that is expected of a dataset: what its declaration implies, and its suite.

    The registries have its codelists and groups of areas.
    """
    own = suite.expectations if suite else ()
    implied = implied_expectations(dataset, registries, {item.type for item in own})
    return Suite(
        dataset=dataset.id, path=suite.path if suite else None, expectations=(*implied, *own)
    )
