"""Whether the codes of a dimension are certain to be a codelist's.

Codes are short: `M` is male, monthly or a margin. Names are longer: a codelist that knows the names
is certain. Areas have a test of their own, in sources/inspect.
"""

import re
from collections.abc import Mapping

import pyarrow as pa

from model.reference.codelist import Codelist
from model.util.text import fold
from sources.inspect.finding import Guess
from sources.inspect.search import InspectedColumn, Roles

_LONGEST = 100  # characters of a name
_AGREE = 0.8  # share of the codes whose label in another column is the codelist's


def doubt_codes(roles: Roles, table: pa.Table, codelists: Mapping[str, Codelist]) -> None:
    """Mark as unsure what is known by its codes alone: no name, label or second column agrees.

    It changes the notes of the `roles` of the columns of a `table`; `codelists` are all of them.
    """
    for concept, codelist_id in roles.dimensions.items():
        column = str(roles.rules.get(concept, {}).get("column", ""))
        if codelist_id is None or column not in table.column_names:
            continue
        note = roles.notes.get(concept)
        if note is not None and note.certainty == "unsure":
            continue
        found = InspectedColumn.of(column, table.column(column))
        codelist = codelists[codelist_id]
        agrees = _agreement(found, codelist, table)
        why = note.why if note else f"its values are in {codelist_id}"
        if not agrees:
            examples = (
                f", e.g. {text!r} would be {codelist.codes[meant].name.get('en')}"
                for text in found.counts if (meant := _meant(text, codelist))
            )
            roles.notes[concept] = Guess(
                concept, column, "unsure",
                f"{why}; only the codes match{next(examples, '')}: neither the column's name, nor"
                " labels, nor a second column say so",
            )
        elif note is not None:
            roles.notes[concept] = Guess(concept, column, note.certainty, f"{why}; {agrees}")


def _agreement(column: InspectedColumn, codelist: Codelist, table: pa.Table) -> str:
    """Return what agrees with the codelist besides the codes, "" where nothing does."""
    coded = [text for text in column.counts if _is_code(text, codelist)]
    if len(coded) <= len(column.counts) / 2:
        return "these are names"
    words = set(column.words.split()) & set(fold(codelist.id).replace("_", " ").split())
    if words or fold(codelist.title.get("en")) == column.words:
        return "the column's name is the codelist's"
    other = _second_column(column, codelist, table)
    return f"the column {other!r} names the same" if other else ""


def _is_code(text: str, codelist: Codelist) -> bool:
    """Whether a text is a code, of the codelist or, as short as one, among its other names."""
    label = text.strip()
    return label in codelist.codes or re.fullmatch(r"[A-Z0-9]{1,3}", label) is not None


def _meant(text: str, codelist: Codelist) -> str:
    """Return the code that a text has in a codelist, "" where it has none or several."""
    label = text.strip()
    if label in codelist.codes:
        return label
    found = codelist.named(label)[0] if len(label) <= _LONGEST else ()
    return next(iter(found)) if len(found) == 1 else ""


def _second_column(column: InspectedColumn, codelist: Codelist, table: pa.Table) -> str | None:
    for name in table.column_names:
        if name in (column.name, "_part", "_row"):
            continue
        labels: dict[str, str] = {}
        other = InspectedColumn.of(name, table.column(name))
        for code, label in zip(column.values, other.values, strict=True):
            if code is not None and label is not None:
                labels.setdefault(code, label)
        agreeing = sum(
            not _is_code(label, codelist) and _meant(label, codelist) == _meant(code, codelist)
            and _meant(code, codelist) != ""
            for code, label in labels.items()
        )
        if labels and agreeing >= _AGREE * len(labels):
            return name
    return None
