"""`openindicators new`: the two files of a dataset, ready to run."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Annotated

import typer
from rich.markup import escape

from model.declarations.load import load_declaration
from model.declarations.questions import OPEN, OpenQuestionsError
from model.errors import DeclarationError, OpenIndicatorsError
from model.records.release_blockers import counted
from model.reference.city import city
from model.reference.registries import Registries, load_registries
from model.util.disk import write_if_changed
from model.util.languages import languages
from model.util.text import did_you_mean
from pipelines.cli.new.folder import new_folder
from pipelines.cli.new.inspect import look_at
from pipelines.cli.new.scaffold import SUITE
from pipelines.cli.schema import SCHEMA_LINE, write_schemas
from pipelines.cli.terminal import out, say_error
from pipelines.settings import Settings
from sources.connectors.registry import CONNECTORS
from sources.formats.payload import quoted
from sources.inspect.finding import Guess

DECLARATION = Template(SCHEMA_LINE.replace("$", "$$") + """
# What the dataset is; "?" is not known yet. `openindicators check` lists errors and questions.
title: $open_title
description: $unknown   # what a row is, who collects it, what it is for
publisher: "?"                    # registry/publishers.yaml
licence: "?"                      # registry/licences.yaml
keywords: $keywords
frequency: A                      # A year, S half-year, Q quarter, M month, W week, D day
geography:
  codelist: "?"                   # model/reference/codelists/; it carries the vintage of borders
  coverage: "?"                   # registry/places.yaml, or a text by language
indicators:
  $indicator:
    name: $named
    unit: "?"                     # registry/units.yaml
    decimals: 0
    minimum: 0

# Where it comes from: the same in every profile, unless `profiles:` says otherwise.
source:
  protocol: files
  files: [$name.csv]              # in the inbox of the data folder; or `urls: [https://…]`
  columns:
    indicator: {const: $indicator}
    ref_area: {column: area}
    time_period: {column: year}
    obs_value: {column: value, locale: plain}   # vi for 1.234,5 · en for 1,234.5

# What a person must confirm, e.g. with `openindicators confirm`; then it runs.
questions:
  - {field: title, ask: "What is the dataset called, in both languages?"}
  - {field: description, ask: "What is a row, who collects it, what is it for?"}
  - {field: publisher, ask: "Who publishes the figures?"}
  - {field: licence, ask: "Under which licence?"}
  - {field: geography.codelist, ask: "Which codelist has the areas?"}
  - {field: geography.coverage, ask: "Which place do the figures cover?"}
  - {field: indicators.$indicator.unit, ask: "In which unit are the figures?"}
""")

TABLE = "area,year,value\n{area},2022,120\n{area},2023,134\n{area},2024,151\n"


def new(
    dataset: Annotated[
        str, typer.Argument(metavar="SECTOR[/DATASET]", help="with --folder only the sector")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE|URL", help="look at this, and write what reads it"),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="a dataset for each table of its files"),
    ] = None,
) -> int:
    """Write a declaration and a suite; overwrite nothing.

    Without a `source` the declaration is of a small table, which is put into the inbox.

    Raises:
        OpenIndicatorsError: the name is no good, the sector unknown, or a file is there; or
            `source` holds no table.
    """
    if folder is not None:
        return new_folder(folder, dataset)
    settings = Settings.from_environment()
    registries = load_registries(settings.project)
    name = _checked_name(dataset, registries)
    declaration = settings.declarations / f"{dataset}.yaml"
    suite = settings.suites / f"{dataset}.yaml"
    for path in (declaration, suite):
        if path.exists():
            raise OpenIndicatorsError(
                "is there already", where=str(path), todo="edit it, or choose another name"
            )
    title = name.replace("_", " ").capitalize()
    settings.data_dir.prepare()
    if source is not None:
        found = look_at(source, name, title, settings, registries)
        text, table = found.text, found.copy
        _print(found.guesses)
    else:
        text = DECLARATION.substitute(
            name=name, indicator=name.upper(),
            open_title=_by_language(
                {code: title if code == "en" else OPEN for code in languages()}
            ),
            unknown=_by_language(dict.fromkeys(languages(), OPEN)),
            named=_by_language(dict.fromkeys(languages(), title)),
            keywords=_by_language({code: [title.lower()] for code in languages()}),
        )
        table = settings.data_dir.inbox / f"{name}.csv"
        if not table.exists():
            home = city().area
            write_if_changed(table, TABLE.format(area=home.code if home else OPEN))
    write_if_changed(declaration, text)
    write_schemas(settings, registries)
    write_if_changed(suite, SUITE)
    written = [("declaration", declaration), ("suite", suite)]
    for what, path in [*written, *([("its table", table)] if table else [])]:
        out.print(f"{what:12} {path}")
    return _next_step(dataset, declaration, registries)


def _checked_name(dataset: str, registries: Registries) -> str:
    """Return the name behind the sector of a dataset.

    Raises:
        OpenIndicatorsError: the sector is unknown, or the name is no good.
    """
    sector, _, name = dataset.partition("/")
    if sector not in registries.sectors:
        raise OpenIndicatorsError(
            f"unknown sector {sector!r}", where=dataset,
            todo=did_you_mean(sector, set(registries.sectors)),
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,60}", name):
        raise OpenIndicatorsError(
            f"{name!r} is no name for a dataset", where=dataset,
            todo="use 2 to 61 of a-z, 0-9 and _, starting with a letter,"
            " e.g. tourism/hotel_rooms",
        )
    return name


def _by_language(texts: Mapping[str, str | list[str]]) -> str:
    """Return texts as YAML in one line."""
    return "{" + ", ".join(f"{code}: {json.dumps(text)}" for code, text in texts.items()) + "}"


def _print(guesses: Sequence[Guess]) -> None:
    colours = {"certain": "green", "likely": "cyan", "unsure": "yellow"}
    for guess in guesses:
        out.print(
            f"{guess.what:14} {escape(quoted(guess.value, 60)):24}"
            f" [{colours[guess.certainty]}]{guess.certainty:8}[/] {escape(quoted(guess.why, 400))}"
        )


def _next_step(dataset: str, declaration: Path, registries: Registries) -> int:
    """Print what is to be done next: errors to fix, questions to answer, or the run."""
    try:
        load_declaration(declaration, registries, CONNECTORS)
    except OpenQuestionsError as error:
        out.print(f"\n{counted(len(error.questions), 'open question')}; the dataset is not run"
                  " before they are answered:")
        for number, each in enumerate(error.questions, start=1):
            out.print(f"{number:3}  {escape(each.in_words)}")
            if each.question.evidence:
                out.print(f"     [dim]{escape(each.question.evidence)}[/]")
        out.print(f"Next         openindicators confirm {dataset}")
        return 0
    except DeclarationError as error:
        out.print("Next         fix the declaration, then `openindicators check`:")
        say_error(error)
        return error.exit_code
    out.print(f"Next         openindicators run {dataset}")
    return 0
