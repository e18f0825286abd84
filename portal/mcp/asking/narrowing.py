"""Of an indicator's rows, those of the place, breakdown and unit asked for, or why there are none.
"""

from collections.abc import Sequence

from model.reference.codelist import TOTAL
from portal.mcp.answers import Refused
from portal.mcp.asking import units
from portal.mcp.asking.question import FigureQuery
from portal.mcp.asking.subjects import Subject, Subjects
from portal.mcp.asking.words import Word, named, same, words
from portal.mcp.figures import Reader, Row

EVERYWHERE = "*"  # in place of a place: all that have figures

NEW = tuple(words(each) for each in (
    "sau sáp nhập", "sau khi sáp nhập", "sau hợp nhất", "mới", "hiện nay", "sáp nhập",
    "after the merger", "since the merger", "after merger", "merged", "new", "current", "enlarged",
))
OLD = tuple(words(each) for each in (
    "trước sáp nhập", "trước khi sáp nhập", "trước hợp nhất", "cũ",
    "before the merger", "before merger", "former", "old",
))


def of_place(
    reader: Reader, subject: Subject, question: FigureQuery, subjects: Subjects
) -> tuple[str, list[Row]]:
    """Return the borders that a `question` asks for, and the rows of its place.

    `reader` reads the release of the `subject`, which is one of the `subjects`.
    """
    if question.place in ("", EVERYWHERE):
        rows = reader.rows(subject.code)
        if question.place != EVERYWHERE and len({row["ref_area"] for row in rows}) > 1:
            raise Refused("ambiguous_place", "There are figures of several places.",
                          "name the place", [reader.candidate(subject, rows)])
        return question.borders, rows
    borders, text = question.borders, question.place
    codelist = reader.state.codelist
    areas = subjects.places(text, codelist)
    if not areas:
        shorter, said = _without_borders(text)
        if said:
            text, borders = shorter, borders or said
            areas = subjects.places(text, codelist)
    areas = areas or subjects.country(text, codelist)
    rows = reader.rows(subject.code, [area.code for area in areas]) if areas else []
    if not rows:
        name = areas[0].names[0] if areas else subjects.known_place(text)
        others = sorted({row["ref_area"] for row in reader.rows(subject.code)})
        have = ", ".join(reader.name("ref_area", code) for code in others[:8])
        raise Refused(
            "place_without_figures" if name else "unknown_place",
            f"{name} is known, but this has no figures of it." if name
            else f"No place is called {question.place!r}.",
            f"there are figures of {have}{' …' if len(others) > 8 else ''}",
            [reader.candidate(subject, place=have if len(others) == 1 else "")],
        )
    return borders, rows


def of_breakdown(
    reader: Reader, subject: Subject, rows: list[Row], question: FigureQuery,
    rest: Sequence[Word],
) -> list[Row]:
    """Return those of the `rows` of one code in each dimension: those asked for, else totals.

    `reader` has the names of the `subject`'s codes; `question` gives codes, and `rest` are the
    words that nothing else has taken.
    """
    wanted = codes_of(reader, rest) or {}
    for asked, code in question.breakdown.items():
        column, known = _column(reader, asked, subject), None
        for each, label in reader.labels[column].items():
            names = [value for name, value in label.items() if name.startswith("name_")]
            if each and (each == code or any(same(words(code), words(n)) for n in names)):
                known = each
        if known is None:
            names = [reader.name(column, each) for each in reader.labels[column] if each]
            raise Refused(
                "unknown_breakdown", f"{reader.name(column, '')} has no {code!r}.",
                f"it has {', '.join(names[:20])}", [reader.candidate(subject)],
            )
        wanted[column] = known
    for column, code in wanted.items():
        rows = [row for row in rows if row[column] == code]
    open_: dict[str, list[str]] = {}
    for column in reader.dimensions:
        codes = {row[column] for row in rows}
        if TOTAL in codes and column not in wanted:
            rows = [row for row in rows if row[column] == TOTAL]
        elif len(codes) > 1:
            open_[column] = sorted(f"{each}: {reader.name(column, each)}" for each in codes)
    if open_:
        raise Refused(
            "ambiguous_breakdown",
            f"There is no total over {', '.join(reader.name(each, '') for each in open_)}.",
            "choose one code of each in `breakdown`",
            [reader.candidate(subject, breakdown=open_)],
        )
    if not rows:
        raise Refused("no_data", "There are no figures with this breakdown.",
                      "use the tool describe to see the codes", [reader.candidate(subject)])
    return rows


def _column(reader: Reader, asked: str, subject: Subject) -> str:
    for column in reader.dimensions:
        label = reader.labels[column].get("", {})
        names = [column, *(value for name, value in label.items() if name.startswith("name_"))]
        if any(same(words(asked), words(each)) for each in names):
            return column
    known = ", ".join(reader.dimensions)
    raise Refused(
        "unknown_breakdown", f"{subject.dataset} is not broken down by {asked!r}.",
        f"it is by {known}" if known else "ask without breakdown", [reader.candidate(subject)],
    )


def codes_of(reader: Reader, rest: Sequence[Word]) -> dict[str, str] | None:
    """Return the codes whose names in `reader` are the `rest` of what was asked, by dimension.

    None where words are left over.
    """
    left, found = [*rest], {}
    for column in reader.dimensions:
        best: tuple[int, str] = (0, "")
        for code, label in reader.labels[column].items():
            for name, value in label.items():
                phrase = words(value)
                if code and name.startswith("name_") and phrase and len(phrase) > best[0] and all(
                    any(word.means(each) for word in left) for each in phrase
                ):
                    best = (len(phrase), code)
        if best[0]:
            found[column] = best[1]
            said = {
                each for name, value in reader.labels[column][best[1]].items()
                if name.startswith("name_") for each in words(value)
            }
            left = [word for word in left if not any(word.means(each) for each in said)]
    return None if left else found


def _without_borders(place: str) -> tuple[str, str]:
    """Return a place's name without the words that say by which borders, and what they say."""
    text = words(place)
    for said, phrases in (("old", OLD), ("new", NEW)):
        for phrase in phrases:
            at = named(phrase, text)
            if at is not None:
                left = (*text[:at], *text[at + len(phrase):])
                parts = [part for part in place.replace("(", " ").replace(")", " ").split()
                         if words(part) and words(part)[0] in left]
                return " ".join(parts), said
    return "", ""


def check_unit(reader: Reader, subject: Subject, rows: list[Row], question: FigureQuery) -> None:
    """Refuse where the unit that a `question` needs is not that of the `rows`.

    `reader` has the names of units, and `subject` says what can be asked instead.
    """
    if not question.unit:
        return
    code = rows[0]["unit_measure"]
    label = reader.labels.get("unit_measure", {}).get(code, {})
    names = [code, *(value for name, value in label.items() if name.startswith("name_"))]
    factor = units.factor(question.unit, names)
    if factor == 1:
        return
    published = reader.name("unit_measure", code)
    scale = f", {factor:g} times the unit that was asked for" if factor and factor > 1 else (
        f", 1/{1 / factor:g} of the unit that was asked for" if factor else ""
    )
    raise Refused(
        "other_unit", f"It is published in {published}{scale}.",
        "ask without unit, and write the figure in the published unit",
        [reader.candidate(subject, rows)],
    )
