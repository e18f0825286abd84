"""Write answers into a declaration: the value, one question less, who confirmed it and when."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from model.declarations.load import load_draft
from model.declarations.questions import OPEN, OpenQuestion, is_unknown, open_questions
from model.declarations.yaml_edit import flow, with_item, with_value, without_comment, without_item
from model.declarations.yaml_file import KeyPath, YamlFile
from model.errors import OpenIndicatorsError
from model.reference.registries import Registries
from model.util.disk import write_if_changed
from model.util.languages import languages
from model.util.text import did_you_mean
from sources.connectors.registry import CONNECTORS

_LONGEST = 300  # characters of a value that is recorded


@dataclass(frozen=True)
class AnswerWriter:
    """Writes answers into a declaration's file; an answer that makes it invalid is not kept.

    path: the file.
    by: who answers.
    today: the day that is recorded.
    """

    path: Path
    by: str
    today: date
    registries: Registries

    def open(self) -> tuple[OpenQuestion, ...]:
        """Return the questions that are open in the file now."""
        return open_questions(YamlFile.read(self.path))

    def value(self, question: OpenQuestion) -> Any:
        """Return the value that the field has, as far as it is known."""
        return _at(YamlFile.read(self.path).data, question.at)

    def proposed(self, question: OpenQuestion) -> Any:
        """Return the value that the field has, None where it is not known yet."""
        value = self.value(question)
        return None if is_unknown(value) else value

    def accept(self, question: OpenQuestion) -> None:
        """Confirm a question with the value that the field has.

        Raises:
            OpenIndicatorsError: it has none.
        """
        value, field = self.value(question), question.question.field
        if question.at and is_unknown(value):
            inside = [each.question.field for each in self.open()
                      if each.at != question.at and each.at[: len(question.at)] == question.at]
            raise OpenIndicatorsError(
                f"{field}: a part of it is open" if inside
                else f"{field}: there is no answer to accept", where=question.where,
                todo=f"answer first: {', '.join(inside)}" if inside
                else f"give one: --answer '{field}=…'",
            )
        self._write(question, question.at, None)

    def answer(self, field: str, text: str) -> None:
        """Answer the question about a `field`, or a part of one (`title.vi`), with `text`.

        That is YAML where it begins with a brace or bracket, or replaces a number.

        Raises:
            OpenIndicatorsError: nobody asks about the field, or the answer is not valid.
        """
        document = YamlFile.read(self.path)
        asked = open_questions(document)
        fields = {".".join(map(str, at)): at for at in document.lines}
        at = fields.get(field)
        if at is None and "." in field:  # a part of a field that is open as a whole
            at = fields.get(field.rpartition(".")[0])
            at = (*at, field.rpartition(".")[2]) if at is not None else None
        about = [each for each in asked if at and each.at and at[: len(each.at)] == each.at]
        question = max(about, key=lambda each: len(each.at), default=None)
        if at is None or question is None:
            raise OpenIndicatorsError(
                f"no open question is about {field!r}", where=str(self.path),
                todo=did_you_mean(field, {each.question.field for each in asked}) if asked
                else "no question is open: to change an answer, edit the file",
            )
        self._write(question, at, self._value(text, _at(document.data, at)))

    def _value(self, text: str, current: Any) -> Any:
        text = text.strip()
        if not text:
            raise OpenIndicatorsError("the answer is blank", todo="write the value")
        if text[0] in "{[" or isinstance(current, (int, float)):
            return YamlFile.parse(text, Path("answer")).data
        return text

    def _confirmation(self, question: OpenQuestion, data: Any) -> dict[str, Any]:
        """Return the record of an answer; a value that is long stands in the file itself."""
        value = _at(data, question.at)
        kept = {"value": value} if question.at and len(flow(value)) <= _LONGEST else {}
        return {"field": question.question.field, **kept, "by": self.by,
                "at": self.today.isoformat()}

    def _write(self, question: OpenQuestion, at: KeyPath, value: Any) -> None:
        before = YamlFile.read(self.path).text
        try:
            text = before if value is None else _replaced(before, at, value)
            text = self._with_area_of_place(text, question)
            text = self._with_licence(text, question)
            data = YamlFile.parse(text, self.path).data
            is_closed = not question.at or not is_unknown(_at(data, question.at))
            if is_closed:
                if question.item is not None:
                    text = without_item(text, "questions", question.item)
                else:
                    text = _without_remark(text, question)
                text = with_item(text, "confirmed", self._confirmation(question, data))
            write_if_changed(self.path, text)
            load_draft(self.path, self.registries, CONNECTORS)
        except OpenIndicatorsError:
            write_if_changed(self.path, before)
            raise


    def _with_area_of_place(self, text: str, question: OpenQuestion) -> str:
        """Fill codelist and area of a table about one place, once the place is known."""
        data = YamlFile.parse(text, self.path).data
        geography = _at(data, ("geography",)) or {}
        place = self.registries.places.get(str(geography.get("coverage")))
        if place is None or question.question.field != "geography":
            return text
        if geography.get("codelist") == OPEN:
            text = with_value(text, ("geography", "codelist"), next((
                each["codelist"] for each in question.question.candidates
                if each["coverage"] == place.id
            ), OPEN))
            geography = YamlFile.parse(text, self.path).data["geography"]
        code = place.areas.get(str(geography.get("codelist")), "*")
        for at in question.also:
            if code != "*" and _at(data, at) == OPEN:
                text = with_value(text, at, code)
        return text

    def _with_licence(self, text: str, question: OpenQuestion) -> str:
        """Ask for the licence of a publisher for whom the registry has none."""
        data = YamlFile.parse(text, self.path).data
        publisher = self.registries.publishers.get(str(data.get("publisher")))
        if question.question.field != "publisher" or publisher is None or publisher.licence or (
            "licence" in data
        ):
            return text
        line = next(n for n, each in enumerate(text.splitlines()) if each.startswith("publisher:"))
        lines = text.splitlines(keepends=True)
        return "".join([*lines[: line + 1], f'licence: "{OPEN}"\n', *lines[line + 1:]])


def _replaced(text: str, at: KeyPath, value: Any) -> str:
    """Return the text with a value; a part of a field that is unknown makes a mapping of it."""
    parent = _at(YamlFile.parse(text, Path("declaration")).data, at[:-1])
    if parent == OPEN:
        open_texts = dict.fromkeys(languages(), OPEN)
        return with_value(text, at[:-1], {**open_texts, str(at[-1]): value})
    return with_value(text, at, value)


def _without_remark(text: str, question: OpenQuestion) -> str:
    """Return the text without the `# unsure:` comment of a question; a placeholder has none."""
    lines = text.splitlines()
    is_comment = question.line <= len(lines) and "unsure" in lines[question.line - 1].casefold()
    return without_comment(text, question.line) if is_comment else text


def _at(data: Any, at: KeyPath) -> Any:
    for part in at:
        if isinstance(data, dict):
            data = data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data
