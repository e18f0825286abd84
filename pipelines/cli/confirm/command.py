"""`openindicators confirm`: the open questions of a dataset, one after the other."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import typer
from rich.markup import escape

from model.declarations.load import declaration_paths, load_draft
from model.declarations.questions import OpenQuestion, OpenQuestionsError
from model.declarations.yaml_edit import flow
from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from model.reference.registries import Registries, load_registries
from model.util.disk import write_if_changed
from model.util.languages import languages
from pipelines.cli.confirm.answers import AnswerWriter
from pipelines.cli.confirm.evidence import Row, first_rows, rows_of
from pipelines.cli.confirm.together import (
    SharedQuestion,
    accept,
    answer_all,
    print_members,
    print_shared,
    shared_questions,
    writers_of,
)
from pipelines.cli.terminal import By, Selection, decider, out, say_error, say_open, table
from pipelines.settings import Settings
from sources.connectors.registry import CONNECTORS

_LATER = "-"  # leaves a question open
_LOCALIZED = ("title", "description", "name", "definition")
_COLUMNS = 8
_WIDTH = 40  # characters of a cell
_LONGEST = 120  # characters of a proposed answer


def confirm(dataset: str, answers: Sequence[str], accept_all: bool, by: str | None) -> int:
    """Ask the open questions of a `dataset` (`<sector>/<dataset>`); return 9 while one is open.

    With `answers` (`field=value`), or with `accept_all` for the proposed ones, nothing is asked.
    `by` is who answers, the login name by default.

    Raises:
        OpenIndicatorsError: there is no such declaration, or it is not valid.
    """
    settings = Settings.from_environment()
    path = settings.declarations / f"{dataset}.yaml"
    if not path.is_file():
        raise OpenIndicatorsError(
            "there is no such declaration", where=str(path),
            todo=f"`openindicators new {dataset} --from FILE` writes one",
        )
    registries = load_registries(settings.project)
    writer = AnswerWriter(path, decider(by), date.today(), registries)
    declaration = load_draft(path, registries, CONNECTORS)
    before = path.read_text(encoding="utf-8")
    try:
        for field, text in map(_parted, answers):
            writer.answer(field, text)
        if accept_all:
            for question in sorted(writer.open(), key=lambda each: -len(each.at)):
                if question.at == () or writer.proposed(question) is not None:
                    writer.accept(_again(writer, question))
    except OpenIndicatorsError:  # so that the same command works once its error is corrected
        write_if_changed(path, before)
        raise
    if not answers and not accept_all:
        rows, why_none = first_rows(declaration, settings)
        _walk(writer, declaration, rows, why_none)
    left = load_draft(path, registries, CONNECTORS).document.questions
    if not left:
        out.print(f"No question is open. Next  openindicators run {dataset}")
        return 0
    error = OpenQuestionsError(dataset, path, left)
    say_open(error)
    return error.exit_code


def confirm_together(
    selection: Selection = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="answer this; nothing is asked"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="accept the proposed answers; nothing is asked")
    ] = False,
    by: By = None,
) -> int:
    """Ask the open questions of many `selection` datasets and sectors (none: all), each once.

    Return 9 while one is open. One dataset is left to `confirm`, whose parameters these are; an
    answer is for every dataset that asks about its field.

    Raises:
        OpenIndicatorsError: nothing is as wanted, or an answer is not valid.
    """
    selection, answer = selection or [], answer or []
    if len(selection) == 1 and "/" in selection[0]:
        return confirm(selection[0], answer, yes, by)
    settings = Settings.from_environment()
    registries = load_registries(settings.project)
    known = [f"{path.parent.name}/{path.stem}" for path in declaration_paths(settings.declarations)]
    for each in selection:
        if not any(dataset == each or dataset.startswith(f"{each}/") for dataset in known):
            raise OpenIndicatorsError("no such dataset or sector", where=each)
    chosen = [
        each for each in known
        if not selection or each in selection or each.split("/")[0] in selection
    ]
    writers = writers_of(chosen, settings, registries, by)
    for field, text in map(_parted, answer):
        count = answer_all(writers, field, text)
        out.print(f"{escape(field)}: {counted(count, 'dataset')}")
    if yes:
        for shared in shared_questions(writers):
            if shared.proposes:
                accept(shared)
    if not answer and not yes:
        _walk_together(writers)
    left = shared_questions(writers)
    if not left:
        out.print("No question is open. Next  openindicators run")
        return 0
    print_shared(left)
    return OpenQuestionsError.exit_code


def _parted(answer: str) -> tuple[str, str]:
    """Split `field=value`."""
    field, equals, text = answer.partition("=")
    if not equals:
        raise OpenIndicatorsError(
            f"--answer {answer!r} has no value", todo="write --answer FIELD=VALUE"
        )
    return field.strip(), text


def _walk_together(writers: Mapping[str, AnswerWriter]) -> None:
    asked = shared_questions(writers)
    print_shared(asked)
    out.print(f"\nEnter accepts what is proposed, for every dataset; {_LATER} leaves it open.")
    try:
        for number, shared in enumerate(asked, start=1):
            of = counted(len(shared.datasets), "dataset")
            out.print(f"\n[bold]{number}/{len(asked)}[/] {escape(shared.field)}:"
                      f" {escape(shared.ask)} [bold]({of})[/]")
            print_members(shared)
            _ask_together(writers, shared)
    except EOFError:
        out.print("\nStopped; the answers so far are written.")


def _ask_together(writers: Mapping[str, AnswerWriter], shared: SharedQuestion) -> None:
    """Ask one question of many datasets until the answer is valid, or leave it open."""
    if len(shared.members) == 1:
        _, writer, question = shared.members[0]
        _ask(writer, question)
        return
    _, writer, question = shared.members[0]
    candidates = () if shared.proposes else question.question.candidates
    for number, candidate in enumerate(candidates, start=1):
        out.print(f"  {number}  {escape(flow(candidate))}")
    known = {} if shared.proposes or candidates else _known(question, writer.registries)
    if known:
        out.print(f"  known: {escape(', '.join(known))}")
    hint = " [as proposed, for all]" if shared.proposes else ""
    while True:
        try:
            text = out.input(f"  answer{escape(hint)}: ", markup=False).strip()
            if text == _LATER or (not text and not shared.proposes):
                return
            if not text:
                accept(shared)
                return
            chosen = int(text) if text.isdecimal() else 0
            if 1 <= chosen <= len(candidates):
                text = _as_text(candidates[chosen - 1])
            for _, each, asking in shared.members:
                each.answer(asking.question.field, text)
            return
        except OpenIndicatorsError as error:
            say_error(error)


def _again(writer: AnswerWriter, question: OpenQuestion) -> OpenQuestion:
    """Return a question with its place of now: answers before it have moved it."""
    return next(each for each in writer.open()
                if each.at == question.at and each.question == question.question)


def _walk(writer: AnswerWriter, declaration: Any, rows: list[Row], why_none: str) -> None:
    asked = writer.open()
    out.print(
        f"{counted(len(asked), 'open question')} in {escape(str(writer.path))}. Enter accepts what"
        f" is proposed, a number chooses, {_LATER} leaves it open."
    )
    if not rows:
        out.print(f"[dim]No rows to show: {escape(why_none)}[/]")
    try:
        for number, question in enumerate(asked, start=1):
            out.print(f"\n[bold]{number}/{len(asked)}[/] {escape(question.in_words)}")
            out.print(f"[dim]{escape(question.where)}[/]")
            if question.question.evidence:
                out.print(f"  evidence: {escape(question.question.evidence)}")
            _show_rows(rows_of(question, declaration, rows))
            _ask(writer, question)
    except EOFError:
        out.print("\nStopped; the answers so far are written.")


def _show_rows(rows: list[Row]) -> None:
    if rows:
        names = [name for name in rows[0] if name != "_part"][:_COLUMNS]
        table(["line" if name == "_row" else escape(name) for name in names], [
            [escape(str("" if row.get(name) is None else row[name])[:_WIDTH]) for name in names]
            for row in rows
        ])


def _ask(writer: AnswerWriter, question: OpenQuestion) -> None:
    """Ask until the answer is valid, or the question is left open."""
    candidates = question.question.candidates
    for number, candidate in enumerate(candidates, start=1):
        out.print(f"  {number}  {escape(flow(candidate))}")
    known = {} if candidates else _known(question, writer.registries)
    if known:
        out.print(f"  known: {escape(', '.join(known))}")
    proposed = writer.proposed(question)
    while True:
        try:
            if question.at[-1:] and question.at[-1] in _LOCALIZED and proposed is None:
                parts = {code: out.input(f"  {code}: ").strip() for code in languages()}
                if _LATER in parts.values() or not all(parts.values()):
                    return
                writer.answer(question.question.field, flow(parts))
                return
            hint = f" [{_in_yaml(proposed)}]" if proposed is not None else ""
            text = out.input(f"  answer{escape(hint)}: ", markup=False).strip()
            if text == _LATER or (not text and proposed is None and question.at):
                return
            if not text:
                writer.accept(_again(writer, question))
                return
            chosen = int(text) if text.isdecimal() else 0
            if 1 <= chosen <= len(candidates):
                text = _as_text(candidates[chosen - 1])
            writer.answer(question.question.field, text)
            return
        except OpenIndicatorsError as error:
            say_error(error)


def _known(question: OpenQuestion, known: Registries) -> Mapping[str, Any]:
    """Return the ids that may answer a question."""
    names: dict[Any, Mapping[str, Any]] = {
        "publisher": known.publishers, "licence": known.licences, "unit": known.units,
        "coverage": known.places, "codelist": known.codelists,
    }
    return names.get(question.at[-1], {}) if question.at else {}


def _in_yaml(proposed: Any) -> str:
    text = flow(proposed)
    return text if len(text) <= _LONGEST else "as the file has it"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else flow(value)
