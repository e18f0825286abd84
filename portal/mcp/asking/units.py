"""Units by how people write them: "nghìn người" is a thousand times "người"."""

from collections.abc import Iterable, Sequence

from portal.mcp.asking.words import Word, same, words

# Words of scale before a unit, without marks where people leave them out.
_SCALES: tuple[tuple[tuple[Word, ...], float], ...] = tuple(
    (words(text), value) for text, value in (
        ("nghìn tỷ", 1e12), ("ngàn tỷ", 1e12), ("nghìn tỉ", 1e12), ("trillion", 1e12),
        ("triệu tỷ", 1e15),
        ("tỷ", 1e9), ("tỉ", 1e9), ("billion", 1e9), ("bn", 1e9),
        ("triệu", 1e6), ("million", 1e6), ("mn", 1e6), ("mio", 1e6),
        ("nghìn", 1e3), ("ngàn", 1e3), ("thousand", 1e3),
    )
)
_SIGNS = {"%": "percent", "vnd": "đồng", "usd": "US dollars", "dong": "đồng"}
# Names of the same unit in the languages of statistics; the registry names one in each.
_ALIKE = tuple(tuple(words(each) for each in group) for group in (
    ("percent", "phần trăm", "%", "per cent"), ("đồng", "dong", "vnd"),
    ("US dollars", "usd", "đô la Mỹ", "dollars", "đô la", "current US dollars"),
    ("người", "persons", "people", "inhabitants", "dân"),
    ("lượt khách", "arrivals", "lượt", "visitors", "khách", "guests"),
    ("tấn", "tonnes", "tons"),
))


def split(text: str) -> tuple[float, tuple[Word, ...]]:
    """Return the scale of a unit and the rest of its name: 1000 and "người"."""
    rest = words(" ".join(_SIGNS.get(part, part) for part in text.casefold().split()))
    for phrase, value in _SCALES:
        if len(rest) >= len(phrase) and _same_letters(rest[:len(phrase)], phrase):
            return value, rest[len(phrase):]
    return 1.0, rest


def factor(asked: str, published: Iterable[str]) -> float | None:
    """Return how many of the `asked` unit one of the `published` is; None where they differ.

    `published` are the names of one unit, in several languages, and its code.

    >>> factor("người", ["thousand_persons", "nghìn người"]), factor("tấn", ["người"])
    (1000.0, None)
    """
    scale, base = split(asked)
    for name in published:
        own, rest = split(name.replace("_", " "))
        if _alike(base, rest):
            return own / scale
    return None


def _alike(one: Sequence[Word], other: Sequence[Word]) -> bool:
    if same(one, other) or same(other, one) or (not one and not other):
        return True
    return any(
        any(same(one, each) for each in group) and any(same(other, each) for each in group)
        for group in _ALIKE
    )


def _same_letters(one: Sequence[Word], other: Sequence[Word]) -> bool:
    return [each.bare for each in one] == [each.bare for each in other]
