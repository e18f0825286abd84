"""A codelist: codes with their names in every language, and what a source's label means in it."""

import csv
from collections.abc import Callable, Iterable, Set
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path

from pydantic import Field, TypeAdapter

from model.errors import DeclarationError
from model.records.reject_reasons import RejectError, reason
from model.reference import area_names
from model.util.hashing import canonical_json
from model.util.languages import default_language
from model.util.text import Frozen, LocalizedText, Name, fold, localized
from model.util.text import nearest as spelled_like

TOTAL = "_T"  # the code of a total in SDMX's codelists


class CodeEntry(Frozen):
    """One code of a codelist, with its names in every language."""

    code: str = Field(min_length=1)
    name: LocalizedText
    kind: str = ""
    aliases: tuple[str, ...] = ()
    parent: str | None = None  # of an area: the code of what it lies in

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it is called."""
        return (*self.name.by_language.values(), *self.aliases)


_AUTHORITIES = {
    "VN": LocalizedText(vi="địa giới hành chính Việt Nam", en="Viet Nam's administrative borders"),
    "ISO3166-1": LocalizedText(vi="danh mục quốc gia ISO 3166-1", en="the country list ISO 3166-1"),
    "M49": LocalizedText(
        vi="danh mục vùng M49 của Liên Hợp Quốc", en="the UN's list of regions M49"
    ),
    "UNWTO": LocalizedText(
        vi="danh mục vùng của Tổ chức Du lịch Thế giới",
        en="the regions of the World Tourism Organization",
    ),
}


def vintage_day(vintage: str) -> date | None:
    """Return the day from which a list of areas holds; None where its vintage names none."""
    try:
        return date.fromisoformat(vintage.rpartition(":")[2])
    except ValueError:
        return None


def vintage_in_words(vintage: str) -> LocalizedText:
    """Return of which list, and of when, the codes of areas are; else the vintage as it is.

    >>> vintage_in_words("VN:2025-07-01").vi
    'địa giới hành chính Việt Nam từ ngày 01/07/2025'
    """
    name, _, edition = vintage.rpartition(":")
    authority = _AUTHORITIES.get(name)
    if authority is None:
        return localized(lambda _: vintage)
    if day := vintage_day(vintage):
        return LocalizedText(
            vi=f"{{authority}} từ ngày {day:%d/%m/%Y}", en=f"{{authority}} of {day:%-d %B %Y}"
        ).format(authority=authority)
    return authority.in_each(lambda said: f"{said} ({edition})")


class Codelist(Frozen):
    """A list of codes, with the vintage in which they mean what they mean."""

    id: Name
    title: LocalizedText
    vintage: str
    entries: tuple[CodeEntry, ...]

    @cached_property
    def as_json(self) -> str:
        """The list as canonical JSON: thousands of declarations have its checksum in theirs."""
        return canonical_json(self)

    @cached_property
    def codes(self) -> dict[str, CodeEntry]:
        """Every entry by its code."""
        return {entry.code: entry for entry in self.entries}

    @cached_property
    def areas_grouped(self) -> tuple[tuple[str, bool], ...]:
        """Each area, and whether it is a group: a country is, in a list of its provinces.

        Neither is a single area of the list what has ended before its vintage, kept for tables
        that reach further back (`former`), nor what is allocated to none of its areas (`other`).
        """
        countries = sum(area.kind == "country" for area in self.entries)
        country = ("country",) if countries == 1 else ()
        grouped = ("aggregate", "region", "former", "other", *country)
        return tuple((area.code, area.kind in grouped) for area in self.entries)

    @cached_property
    def _by_name(self) -> tuple[tuple[Callable[[str], str], dict[str, frozenset[str]]], ...]:
        # As it is written first: "nga" is how some publishers write the code of Nigeria, "Nga"
        # is Russia in Vietnamese. Then with its marks, so that Thanh Hóa is no Thanh Hòa.
        return tuple((way, self._index(way)) for way in (str, area_names.spelling, fold))

    def _index(self, way: Callable[[str], str]) -> dict[str, frozenset[str]]:
        index: dict[str, set[str]] = {}
        for entry in self.entries:
            for name in entry.names:
                index.setdefault(way(name), set()).add(entry.code)
        return {name: frozenset(codes) for name, codes in index.items()}

    @cached_property
    def _units(
        self,
    ) -> tuple[tuple[Callable[[str], str], dict[str, list[area_names.NamedArea]]], ...]:
        """The areas by their names with marks, and by all names without."""
        units = [entry for entry in self.entries if entry.kind in area_names.KINDS]
        # The marks tell names apart in Vietnamese.
        marked = [(entry, (entry.name.get("vi"), *entry.aliases)) for entry in units]
        every = [(entry, entry.names) for entry in units]
        return tuple(
            (way, area_names.by_name(chain.from_iterable(
                area_names.units(entry.code, entry.kind, names) for entry, names in named), way))
            for way, named in ((area_names.spelling, marked), (area_names.plain, every))
        )

    def find(self, label: str, within: str | None = None, nearest: bool = True) -> str:
        """Return the code that `label` means: a code, or a name without regard to diacritics.

        An area may be named with or without its kind and what it lies in; it must lie in the one
        with the code `within`. To look for the `nearest` name of an unknown one takes a while.

        Raises:
            RejectError: unknown (with the nearest known name) or ambiguous (with the codes).
        """
        text = label.strip()
        if text in self.codes:
            if self._inside({text}, within):
                return text
            raise RejectError(reason(
                "not_within", text=label, areas=self.describe({text}), codelist=self.id,
                within=str(within),
            ))
        found, other = self.named(text, within)
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise RejectError(
                reason("ambiguous", text=label, codelist=self.id, areas=self.describe(found))
            )
        hint = self._hint(text, other) if nearest else {}
        raise RejectError(reason("not_in_codelist", text=label, codelist=self.id, **hint))

    def named(self, name: str, within: str | None = None) -> tuple[Set[str], Set[str]]:
        """Return the codes that a `name` can mean, and the areas of this name but another kind.

        `within` is the code of what they lie in, where it is known.
        """
        found: Set[str] = frozenset()
        for way, index in self._by_name:
            found = self._inside(index.get(way(name), frozenset()), within)
            if len(found) == 1:
                return found, frozenset()
        other: Set[str] = frozenset()
        for way, units in self._units:
            # "Xã Tam Thanh" is not Xã Tam Thành; "Tam Thanh", without a mark, may be either.
            if not found and not (way is area_names.spelling and name.isascii()):
                matched, of_other_kind = area_names.match(name, units, way)
                found = self._inside(matched, within)
                other |= self._inside(of_other_kind, within)
        return found, other

    def _inside(self, codes: Set[str], within: str | None) -> Set[str]:
        if within is None:
            return codes
        return {code for code in codes if self.codes[code].parent == within}

    def describe(self, codes: Iterable[str]) -> str:
        """Return codes with their names, for messages."""
        listed = [
            f"{code} ({self.codes[code].name.get(default_language())})" for code in sorted(codes)
        ]
        more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
        return ", ".join(listed[:6]) + more

    def _hint(self, text: str, of_other_kind: Set[str]) -> dict[str, str]:
        """Return parameters of the reason that help to find what is meant."""
        if of_other_kind:
            kinds = ", ".join(sorted({self.codes[code].kind for code in of_other_kind}))
            return {"kinds": kinds, "areas": self.describe(of_other_kind)}
        _, folded = self._by_name[-1]
        near = spelled_like(fold(text), set(folded)) if len(text) < 60 else None
        return {"near": near} if near else {}


_ENTRIES = TypeAdapter(tuple[CodeEntry, ...])


def load_codelist(path: Path) -> Codelist:
    """Load a codelist: CSV with code, names, kind, aliases (separated by `|`).

    The names stand in a column for each language, name_vi, name_en and so on. A list of areas may
    have a column `parent`: the code of what each lies in.

    The first line is a comment that gives the vintage, `# vintage: VN:2025-07-01`; the second may
    be one that gives the list's title in the same languages, `# title: Giới tính | Sex`.
    """
    with path.open(encoding="utf-8", newline="") as file:
        head = file.readline()
        if not head.startswith("# vintage: "):
            raise DeclarationError(
                "the first line does not give the vintage",
                where=f"{path}:1",
                todo="write e.g. `# vintage: VN:2025-07-01`",
            )
        titles, line = [], file.readline()
        if titled := line.startswith("# title: "):
            titles = [title.strip() for title in line.removeprefix("# title: ").split("|")]
            line = file.readline()
        columns = next(csv.reader([line]), [])
        names = [name for name in columns if name.startswith("name_")]
        if titled and (len(titles) != len(names) or not all(titles)):
            raise DeclarationError(
                f"the title is not in the languages of {', '.join(names)}", where=f"{path}:2",
                todo="write e.g. `# title: Giới tính | Sex`",
            )
        rows = list(csv.DictReader(file, columns))
    languages = [name.removeprefix("name_") for name in names]
    entries = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=4 if titled else 3):
        if row["code"] in seen:
            raise DeclarationError(
                f"code {row['code']!r} appears twice", where=f"{path}:{number}",
                todo="remove one of the two lines",
            )
        seen.add(row["code"])
        entries.append({
            "code": row["code"], "name": {code: row[f"name_{code}"] for code in languages},
            "kind": row["kind"], "aliases": tuple(filter(None, row["aliases"].split("|"))),
            "parent": row.get("parent"),
        })
    return Codelist(
        id=path.stem,
        title=LocalizedText(
            **dict(zip(languages, titles or [path.stem] * len(languages), strict=True))
        ),
        vintage=head.removeprefix("# vintage: ").strip(),
        entries=_ENTRIES.validate_python(entries),  # at once: half the time
    )
