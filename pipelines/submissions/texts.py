"""What templates, answers and receipts say to a department, from texts.yaml."""

from pathlib import Path

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.records.submission import Submission
from model.reference.city import city
from model.util.text import Frozen, LocalizedText, joined, localized


class _Texts(Frozen):
    sentences: dict[str, LocalizedText]
    steps: tuple[LocalizedText, ...]
    verdicts: dict[str, LocalizedText]


_FILE = YamlFile.read(Path(__file__).with_name("texts.yaml"))
_TEXTS = parse_as(_Texts, _FILE.mapping(), _FILE)

OK, NOT_OK, DOUBTFUL = "✓", "✗", "⚠"  # what a verdict begins with
STEPS = _TEXTS.steps
NO_LIMIT = 1e300


def say(name: str, /, **values: object) -> LocalizedText:
    """Return the sentence of a `name`, with `values` filled in."""
    return _TEXTS.sentences[name].format(**values)


def number(least: float, most: float) -> LocalizedText:
    """Return what a value must be, between the limits `least` and `most` (NO_LIMIT: none)."""
    has_least, has_most = least > -NO_LIMIT, most < NO_LIMIT
    name = "number"
    if has_least or has_most:
        name += "_between" if has_least and has_most else "_from" if has_least else "_to"
    return say(name, least=_grouped(least), most=_grouped(most))


def _grouped(value: float) -> LocalizedText:
    text = f"{value:,.10g}"
    marks = str.maketrans(",.", ".,")
    return localized(lambda language: text.translate(marks) if language == "vi" else text)


def verdict(submission: Submission) -> LocalizedText:
    """Return in words what came of a submission."""
    said = _TEXTS.verdicts[submission.verdict].format(release=str(submission.release))
    if not submission.quarantined:
        return said
    rows = {"quarantined": str(submission.quarantined), "rows": str(submission.rows)}
    return joined([said, say("quarantined", **rows)], " ")


def receipt(submission: Submission) -> LocalizedText:
    """Return the receipt of a submission in words."""
    return joined([
        say("receipt", city=city().name),
        say("sent_by", by=submission.by),
        say("received", at=f"{submission.at:%Y-%m-%d %H:%M:%S}"),
        say("dataset", dataset=submission.dataset or "–"),
        say("file", sha256=submission.file_sha256),
        say("result", verdict=verdict(submission)),
    ], "\n")
