"""What `new` asks: every field that the file does not say, and every guess that is unsure."""

import re
from collections.abc import Iterator, Mapping, Sequence

from model.declarations.questions import Question
from model.declarations.yaml_edit import flow
from model.reference.codelist import Codelist
from model.reference.registries import CoveragePlace, Registries
from model.util.text import fold
from sources.formats.payload import quoted
from sources.inspect.finding import Guess, RecognisedTable
from sources.inspect.search import Roles
from sources.inspect.tables.areas import in_force

# Whose service gives answers that these connectors read; the registry has the licence.
PUBLISHERS = {"worldbank": "world_bank", "gho": "who", "uis": "unesco_uis"}
_FIELDS = {
    "locale": "source.columns.obs_value", "other values": "source.columns.obs_value",
    "missing": "source.columns.obs_value", "frequency": "frequency", "key": "dimensions",
    "interval": "indicator_defaults.interval", "unpivot": "source.unpivot",
    "where": "source.where", "header": "source.header",
    "marks of periods": "source.columns.time_period.marks",
}
_SOURCE = re.compile(r"\W*(?:nguồn|source)\b", re.IGNORECASE)
_LONGEST = 300
_MOST = 0.6  # share of a list's areas that a table of the whole place has


def named_publisher(found: RecognisedTable, registries: Registries) -> str | None:
    """Return the publisher whose name stands above the table, alone in its cell."""
    lines = set(map(fold, found.above))
    return next((
        publisher.id for publisher in registries.publishers.values()
        if lines & set(map(fold, publisher.name.by_language.values()))
    ), None)


def has_licence(publisher: str, registries: Registries) -> bool:
    """Whether the registry has the usual licence of a publisher."""
    return registries.publishers[publisher].licence is not None


def covered_place(
    roles: Roles, places: Mapping[str, CoveragePlace], codelists: Mapping[str, Codelist]
) -> str | None:
    """Return the place whose areas are those of the table, None where there is no such place."""
    codelist = codelists.get(str(roles.codelist))
    if codelist is None:
        return None
    finest = {code for code, is_group in codelist.areas_grouped if not is_group}
    for place in places.values():
        code = place.areas.get(codelist.id)
        if code == "*" and len(finest & roles.covered) >= _MOST * len(finest):
            return place.id
        if code and roles.covered == {code}:
            return place.id
    return None


def _place_candidates(
    roles: Roles, places: Mapping[str, CoveragePlace], codelists: Mapping[str, Codelist]
) -> tuple[dict[str, str], ...]:
    """Return the geographies that a table about one place may have, with borders of its time."""
    found = []
    for place in places.values():
        known = [codelists[name] for name, code in place.areas.items() if code != "*"]
        if known:
            found.append({"codelist": in_force(known, roles.last), "coverage": place.id})
    return tuple(found)


def metadata_questions(
    found: RecognisedTable, roles: Roles, file: str, titles: Mapping[str, str],
    coverage: str | None, registries: Registries, units: Sequence[Question],
) -> list[Question]:
    """Return the questions on what figures do not say about themselves.

    Args:
        found: the table.
        roles: of its columns.
        file: its name.
        titles: of the dataset, by language.
        coverage: the place that its areas make up, None where none is known.
        registries: the places and codelists.
        units: the questions on units.
    """
    silent = f"{file} does not say"
    stated = next(filter(_SOURCE.match, (*found.below, *found.above)), None)
    notes = f"; notes below the table: {quoted('; '.join(found.below), _LONGEST)}" if (
        found.below) else ""
    named = f"the table's title: {'; '.join(titles.values())}" if found.above else (
        f"the file is named {file}")
    ask = "What is the dataset called, in both languages?"
    if found.above and len(titles) == 1:
        ask = "The title is in one language: keep its words in all until it is translated?"
    asked = [
        Question(
            field="title", ask=ask,
            evidence=f"{quoted(named, _LONGEST)}; indicators have the source's words as names",
        ),
        Question(field="description",
                 ask="What is a row, who collects it, what is it for, in both languages?",
                 evidence="the columns say what a row is; the purpose is for a person to add"
                 + notes),
    ]
    if found.protocol not in PUBLISHERS:
        named_by = named_publisher(found, registries)
        asked.append(Question(
            field="publisher", ask="Who publishes the figures?",
            evidence=f"stands above the table: {registries.publishers[named_by].name.in_all()}"
            if named_by else f"the table says: {quoted(stated, _LONGEST)}" if stated else silent,
        ))
        if named_by and not has_licence(named_by, registries):
            asked.append(Question(field="licence", ask="Under which licence?", evidence=silent))
    areas = roles.notes.get("ref_area")
    if _is_assumed(roles):
        only = roles.notes.get("where")
        of = f"; it is of {quoted(only.value, _LONGEST)}" if only else ""
        asked.append(Question(
            field="geography", ask="Which place is the whole table about?",
            evidence=f"no column names areas{of}", also=("source.columns.ref_area.const",),
            candidates=_place_candidates(roles, registries.places, registries.codelists),
        ))
    elif coverage is None:
        asked.append(Question(
            field="geography.coverage", ask="Which place do the figures cover?",
            evidence=quoted(areas.why, _LONGEST) if areas else silent,
        ))
    return [*asked, *units]


def guess_questions(
    found: RecognisedTable, roles: Roles, notes: Sequence[str]
) -> Iterator[Question]:
    """Yield a question for each unsure guess on a table (`found`) and its columns (`roles`).

    `notes` are what else a person must know.
    """
    if "time_period" not in roles.rules:
        note = roles.notes.get("time_period")
        yield Question(
            field="source.columns.time_period.column", ask="Which column has the time_period?",
            evidence=quoted(note.why, _LONGEST) if note else "no column is like it",
        )
    if not roles.frequency:
        yield Question(
            field="frequency", ask="How often are the figures made?",
            evidence="no column holds time periods", candidates=tuple("ASQMWD"),
        )
    if roles.tolerance:
        lost = [why for name in ("time_period", "ref_area", "other values")
                if name in roles.notes and "quarantined" in (why := roles.notes[name].why)]
        yield Question(
            field="tolerance", ask="Which share of the rows may be quarantined?",
            evidence=quoted("; ".join(lost), _LONGEST), candidates=(roles.tolerance,),
        )
    for guess in (*found.guesses, *roles.notes.values()):
        is_noted = guess.what == "hidden" and bool(notes)  # among what stays unread
        if guess.certainty == "unsure" and not is_noted and not _is_asked(guess, roles):
            yield Question(
                field=_field(guess, found, roles), ask=_asked(guess),
                evidence=quoted(guess.why, _LONGEST),
            )
    shared = roles.shared_basis
    bases = {"indicator_defaults": shared} if shared else {
        f"indicators.{code}": basis for code, basis in roles.bases.items()}
    for place, basis in bases.items():
        if basis.doubt:
            yield Question(
                field=f"{place}.definition", ask="At which prices are the figures?",
                evidence=basis.doubt,
            )
    if notes:
        words = " ".join(note.removeprefix("unsure: ") for note in notes)
        yield Question(
            field="source", ask="Is this the table, and is everything read that belongs to it?",
            evidence=quoted(words, 2 * _LONGEST),
        )


def _is_assumed(roles: Roles) -> bool:
    """Whether no column names areas."""
    return "column" not in roles.rules.get("ref_area", {})


def _is_asked(guess: Guess, roles: Roles) -> bool:
    """Whether another question is about the same."""
    return (
        guess.what not in roles.rules and guess.what in ("ref_area", "time_period")
    ) or (guess.what == "ref_area" and _is_assumed(roles)) or (
        guess.what == "other values" and bool(roles.tolerance))


def _field(guess: Guess, found: RecognisedTable, roles: Roles) -> str:
    if guess.what in roles.rules:
        return f"source.columns.{guess.what}"
    if guess.what in found.options:
        return f"source.{guess.what}"
    return _FIELDS.get(guess.what, "source")


def _asked(guess: Guess) -> str:
    value = quoted(guess.value, 80)
    if guess.what == "key":
        return "Which column tells rows of one area, period and indicator apart?"
    return f"Is {guess.what} right: {value}?" if value else f"What about {guess.what}?"


def questions_text(questions: Sequence[Question]) -> list[str]:
    """Return the lines of `questions:`; one question for each field and wording."""
    if not questions:
        return []
    lines = ["", "# What a person must confirm, e.g. with `openindicators confirm`; then it runs.",
             "questions:"]
    kept = {(each.field, each.ask, each.evidence): each for each in questions}
    for each in kept.values():
        lines.append(f"  - field: {flow(each.field)}")
        lines.append(f"    ask: {flow(each.ask)}")
        if each.evidence:
            lines.append(f"    evidence: {flow(each.evidence)}")
        if each.candidates:
            lines.append(f"    candidates: {flow(each.candidates)}")
        if each.also:
            lines.append(f"    also: {flow(each.also)}")
    return lines
