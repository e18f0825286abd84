"""Open questions of many datasets, asked once where one answer settles them.

Questions on the same field are one question: the publisher of forty files, the titles that the
files themselves have. A unit is one question for all that have the same proposed, or the same
words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.markup import escape

from model.declarations.questions import OpenQuestion
from model.declarations.yaml_edit import flow
from model.declarations.yaml_file import KeyPath
from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from model.reference.registries import Registries
from pipelines.cli.confirm.answers import AnswerWriter
from pipelines.cli.terminal import decider, out
from pipelines.settings import Settings

_WHOLE: tuple[KeyPath, ...] = ((), ("source",), ("source", "columns"))  # nothing to fill in
_MOST = 12  # datasets of a question
_LONGEST = 110  # characters of a value


@dataclass
class SharedQuestion:
    """A question of one or more datasets.

    field: as the declarations have it, with `*` for the name of an indicator or dimension.
    proposes: whether each of them has an answer to accept.
    members: the datasets, each with its writer and its question.
    """

    field: str
    proposes: bool
    members: list[tuple[str, AnswerWriter, OpenQuestion]]

    @property
    def datasets(self) -> list[str]:
        """The datasets, each once."""
        return list(dict.fromkeys(dataset for dataset, _, _ in self.members))

    @property
    def ask(self) -> str:
        """The question, in words."""
        asked = {question.question.ask for _, _, question in self.members}
        return asked.pop() if len(asked) == 1 else "Are these right?"


def writers_of(
    datasets: Iterable[str], settings: Settings, registries: Registries, by: str | None
) -> dict[str, AnswerWriter]:
    """Return what writes the answers of datasets, by their ids."""
    return {
        dataset: AnswerWriter(
            settings.declarations / f"{dataset}.yaml", decider(by), date.today(), registries
        )
        for dataset in datasets
    }


def shared_questions(writers: Mapping[str, AnswerWriter]) -> list[SharedQuestion]:
    """Return the open questions, those first that settle the most datasets."""
    found: dict[tuple[str, ...], SharedQuestion] = {}
    for dataset, writer in writers.items():
        for question in writer.open():
            asked = question.question
            general = re.sub(r"^(indicators|dimensions)\.[^.]+", r"\1.*", asked.field)
            proposes = question.at in _WHOLE or writer.proposed(question) is not None
            if proposes:  # which columns they are differs from table to table
                general = re.sub(r"^source\.columns(\..+)?$", "source.columns.*", general)
            apart = () if proposes and not general.endswith("unit") else (asked.ask,)
            if not proposes and general.endswith("unit"):
                apart = (*apart, asked.evidence or "")
            if not proposes and general in ("title", "description"):
                apart = (*apart, flow(writer.value(question)))
            one = found.setdefault((general, *apart), SharedQuestion(general, proposes, []))
            one.members.append((dataset, writer, question))
    return sorted(found.values(), key=lambda each: -len(each.datasets))


def print_shared(shared: Sequence[SharedQuestion]) -> None:
    """Print the questions, numbered, each with how many datasets its answer settles."""
    total = sum(len(each.members) for each in shared)
    out.print(f"{counted(len(shared), 'answer')} settle {counted(total, 'open question')}:")
    for number, each in enumerate(shared, start=1):
        of = counted(len(each.datasets), "dataset")
        out.print(f"{number:3}  {of:12} {escape(each.field)}: {escape(each.ask)}")


def answer_all(writers: Mapping[str, AnswerWriter], field_name: str, text: str) -> int:
    """Give one answer to every dataset that asks about a field; return how many those are.

    Where some have no proposed answer, it is for them alone.

    Raises:
        OpenIndicatorsError: none asks, or the answer is not valid for one.
    """
    about = [
        (writer, writer.proposed(each)) for writer in writers.values()
        for each in writer.open() if _is_about(each, field_name)
    ]
    asking = [writer for writer, proposed in about if proposed is None] or [
        writer for writer, _ in about
    ]
    if not asking:
        raise OpenIndicatorsError(
            f"no open question is about {field_name!r}",
            todo="`openindicators confirm` lists what is open",
        )
    for writer in asking:
        writer.answer(field_name, text)
    return len(asking)


def _is_about(question: OpenQuestion, field_name: str) -> bool:
    asked = question.question.field
    return field_name == asked or field_name.startswith(f"{asked}.")


def accept(shared: SharedQuestion) -> None:
    """Accept what is proposed, for each dataset."""
    for _, writer, question in shared.members:
        again = next((
            each for each in writer.open()
            if each.at == question.at and each.question == question.question
        ), None)
        if again is not None:
            writer.accept(again)


def print_members(shared: SharedQuestion) -> None:
    """Print what a question is about: the first datasets, with values and evidence."""
    for dataset, writer, question in shared.members[:_MOST]:
        value: Any = writer.proposed(question) if question.at not in _WHOLE else None
        proposal = f" {flow(value)[:_LONGEST]}" if value is not None else ""
        out.print(f"  {dataset}{escape(proposal)}")
        if question.question.evidence:
            out.print(f"    [dim]{escape(question.question.evidence)}[/]")
    if len(shared.members) > _MOST:
        out.print(f"  [dim]and {len(shared.members) - _MOST} more[/]")
