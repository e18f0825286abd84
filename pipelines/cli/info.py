"""`openindicators list`, `show` and `check`: read-only information about the project."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from model.declarations.questions import OpenQuestionsError
from model.errors import StoreError
from model.records.release_blockers import counted
from model.reference.city import open_city_error
from model.util.languages import default_language
from model.util.text import LocalizedText
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.cli.terminal import (
    AsJson,
    DatasetName,
    Profile,
    Right,
    exit_code,
    number,
    out,
    print_json,
    say_error,
    say_open,
    table,
)
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.submissions.transport import waits
from sources.connectors.registry import options_of
from warehouse.store import releases, snapshots


def list_datasets(profile: Profile = None, as_json: AsJson = False) -> int:
    """Print every dataset of a profile with its current release; return 6 if one is damaged.

    Errors of suites are for `check`: reading them would take as long as the rest together.
    """
    settings = Settings.from_environment(profile)
    catalogue = load_catalogue(settings, suites_of=())
    rows: list[dict[str, Any]] = []
    damaged: list[StoreError] = []
    for dataset_id, declaration in catalogue.declarations.items():
        dataset = declaration.dataset
        source = dataset.source_for(settings.profile)
        if source is None:
            continue
        stored, is_damaged = None, False
        try:
            stored = releases.current(settings.data_dir, dataset_id)
        except StoreError as damage:
            damaged.append(damage)
            is_damaged = True
        rows.append(
            {
                "dataset": dataset_id,
                "sector": dataset.sector,
                "title": dataset.title.model_dump(),
                "frequency": dataset.frequency,
                "indicators": len(dataset.indicators),
                "profiles": list(dataset.sources),
                "release": stored.release.number if stored else None,
                "rows": stored.release.rows if stored else None,
                "issued": stored.release.issued.isoformat() if stored else None,
                "waits_for_submission": waits(dataset_id, source, settings.data_dir),
                "damaged": is_damaged,
            }
        )
    if as_json:
        print_json(rows)
    else:
        _print_list(rows, catalogue)
    for error in damaged:
        say_error(error)
    return exit_code(damaged)


def _print_list(rows: list[dict[str, Any]], catalogue: Catalogue) -> None:
    table(
        ["dataset", "title", "freq", Right("indicators"), Right("rows"), Right("release")],
        [
            [row["dataset"], escape(row["title"]["en"]), row["frequency"],
             str(row["indicators"]), number(row["rows"] or 0),
             _release_of(row)]
            for row in rows
        ],
    )
    for error in catalogue.errors:
        if isinstance(error, OpenQuestionsError):
            say_open(error)
        else:
            say_error(error)


def _release_of(row: dict[str, Any]) -> str:
    if row["damaged"]:
        return "damaged"
    return str(row["release"] or ("no data yet" if row["waits_for_submission"] else "none"))


def show(dataset: DatasetName, profile: Profile = None, as_json: AsJson = False) -> int:
    """Print what a dataset is, where it comes from and which releases it has.

    Raises:
        OpenIndicatorsError: no dataset has this name.
    """
    settings = Settings.from_environment(profile)
    chosen = load_catalogue(settings, [dataset]).select(settings.profile, [dataset])
    described = [_describe(settings, bound) for bound in chosen.values()]
    if as_json:
        print_json(described)
        return 0
    for item in described:
        _print(item)
    return 0


def _describe(settings: Settings, bound: BoundDataset) -> dict[str, Any]:
    dataset = bound.dataset
    stored = snapshots.latest(settings.data_dir, dataset.id)
    return {
        "dataset": dataset.id,
        "title": dataset.title.model_dump(),
        "description": dataset.description.model_dump(),
        "publisher": bound.registries.publishers[dataset.publisher].name.model_dump(),
        "licence": dataset.licence,
        "frequency": dataset.frequency,
        "columns": list(dataset.columns),
        "key": list(dataset.key),
        "indicators": {
            code: {"name": indicator.name.model_dump(), "unit": indicator.unit}
            for code, indicator in dataset.indicators.items()
        },
        "profile": bound.profile,
        "protocol": bound.source.protocol,
        "options": options_of(bound.source).model_dump(mode="json", exclude_defaults=True),
        "declaration": str(bound.declaration.path),
        "suite": str(bound.suite.path) if bound.suite.path else None,
        "expectations": [
            {"name": item.name, "severity": item.severity, "title": item.title.model_dump()}
            for item in bound.suite.expectations
        ],
        "snapshot": stored.snapshot.model_dump(mode="json") if stored else None,
        "releases": [
            item.release.model_dump(mode="json", exclude={"declaration", "files"})
            for item in releases.history(settings.data_dir, dataset.id)
        ],
    }


def _said(texts: dict[str, str], language: str = "en") -> str:
    return LocalizedText(**texts).get(language)


def _print(item: dict[str, Any]) -> None:
    title = _said(item["title"], default_language())
    out.print(f"[bold]{escape(title)}[/]\n{escape(_said(item['title']))}")
    out.print(f"{escape(_said(item['description']))}\n")
    for name in (
        "dataset", "publisher", "licence", "frequency", "protocol", "declaration", "suite",
    ):
        value = _said(item[name]) if isinstance(item[name], dict) else item[name]
        out.print(f"{name:12} {escape(str(value))}")
    out.print(f"{'key':12} {', '.join(item['key'])}")
    out.print()
    table(
        ["indicator", "name", "unit"],
        [
            [code, escape(_said(indicator["name"])), indicator["unit"]]
            for code, indicator in item["indicators"].items()
        ],
    )
    out.print()
    table(
        ["expectation", "severity", "in words"],
        [
            [check["name"], check["severity"], escape(_said(check["title"]))]
            for check in item["expectations"]
        ],
    )
    out.print()
    if not item["releases"]:
        out.print(f"No release yet: `openindicators run {item['dataset']}` makes the first.")
        return
    table(
        [Right("release"), "issued", "reason", Right("rows"),
         Right("new"), Right("revised"), Right("withdrawn"), "period"],
        [
            [str(r["number"]), r["issued"], r["reason"], number(r["rows"]),
             number(r["changes"]["added"]), number(r["changes"]["revised"]),
             number(r["changes"]["withdrawn"]), f"{r['period_first']} – {r['period_last']}"]
            for r in item["releases"]
        ],
    )


def check(
    strict: Annotated[
        bool, typer.Option("--strict", help="exit with 9 while a question is open")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Check every declaration and suite; return 3 when one has an error.

    `as_json` prints a list of errors and open questions; `strict` returns 9 when only questions are
    open, as a pipeline before publication needs it.
    """
    settings = Settings.from_environment()
    catalogue = load_catalogue(settings)
    unready = [each for each in catalogue.errors if isinstance(each, OpenQuestionsError)]
    open_city = open_city_error()
    if open_city is not None:
        unready.insert(0, open_city)
    errors = [each for each in catalogue.errors if not isinstance(each, OpenQuestionsError)]
    questions = [each for dataset in unready for each in dataset.questions]
    if as_json:
        listed = [
            {"kind": "error", "where": error.where, "what": error.what, "todo": error.todo}
            for error in errors
        ]
        listed += [
            {
                "kind": "open question", "where": each.where, "what": each.in_words,
                "todo": dataset.todo,
            }
            for dataset in unready for each in dataset.questions
        ]
        print_json(listed)
    else:
        for error in errors:
            say_error(error)
        for dataset in unready:
            say_open(dataset)
        out.print(f"{counted(len(catalogue.declarations), 'valid declaration')},"
                  f" {counted(len(errors), 'error')}")
        if questions:
            out.print(f"{counted(len(unready) - (open_city is not None), 'dataset')} not ready,"
                      f" {counted(len(questions), 'open question')}")
    if errors:
        return errors[0].exit_code
    return OpenQuestionsError.exit_code if strict and questions else 0
