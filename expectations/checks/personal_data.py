"""Text that must not be published: the SQL that finds personal data, and text decoded wrongly.

What personal data look like, and what masks them: `model.reference.personal_data`. Every column of a release that
is not made of a list's codes is searched.
"""

from __future__ import annotations

from typing import Any

from expectations.checks.sql import in_template
from model.reference.personal_data import AROUND_CARD, LIKE, PATTERNS, PLACES, READ_AS, UNSEEN, UUID
from model.util.sql import identifier, literal

# SQL for a text as it may be shown; `model.reference.personal_data.masked` does the same.
MASKED = (
    "left(regexp_replace(regexp_replace(text, '[0-9]', '#', 'g'), '[^#\\s.,:;/+-]', 'x', 'g'), 80)"
)


def _luhn(digits: str) -> str:
    """Return SQL that says whether the text of digits ends in its check digit."""
    doubled = "CASE WHEN d > 4 THEN d * 2 - 9 ELSE d * 2 END"
    return (
        f"list_sum([CASE WHEN i % 2 = 0 THEN {doubled} ELSE d END FOR d, i IN"
        f" [digit::INTEGER FOR digit IN string_split(reverse({digits}), '')]]) % 10 = 0"
    )


def _kind(kinds: list[str]) -> str:
    """Return SQL for the kind of personal data in the column `folded`, or NULL."""
    def matches(pattern: str, text: str = "folded") -> str:
        return f"regexp_matches({text}, {in_template(literal(pattern))})"

    nowhere = f"regexp_replace(folded, {in_template(literal(PLACES))}, '', 'g')"
    whens = [
        f"WHEN {matches(PATTERNS[kind], nowhere if kind == 'name and birth' else 'folded')}"
        f" THEN {literal(kind)}"
        for kind in kinds if kind != "card"
    ]
    if "card" in kinds:
        card = in_template(literal(AROUND_CARD))
        digits = "regexp_replace(card, '[^0-9]', '', 'g')"
        whens.append(
            f"WHEN list_bool_or([{_luhn(digits)} FOR card IN regexp_extract_all(folded, {card})])"
            " THEN 'card'"
        )
    return f"CASE {' '.join(whens)} END"


def personal_data(kwargs: dict[str, Any]) -> str:
    """Each text that holds personal data: column, kind, how many rows, and the text masked."""
    texts = " UNION ALL ".join(
        f"SELECT {literal(column)} AS place, {identifier(column)} AS text, count(*) AS affected"
        f" FROM {{batch}} WHERE regexp_matches({identifier(column)}, '[0-9０-９@＠]') GROUP BY ALL"
        for column in kwargs["columns"]
    )
    folded = (
        f"regexp_replace(translate(nfc_normalize(text), {literal(LIKE + UNSEEN)},"
        f" {literal(READ_AS)}), {in_template(literal(UUID))}, '', 'g') AS folded"
    )
    return f"""
SELECT place AS "column", kind, affected, {MASKED} AS masked
FROM (SELECT *, {_kind(kwargs["kinds"])} AS kind FROM (SELECT *, {folded} FROM ({texts})))
WHERE kind IS NOT NULL ORDER BY ALL"""


# Text that is UTF-8 once read as Windows-1252 or Latin-1 ("Ã¡", "áº£", "Ä‘"), the replacement
# character, and control characters. "XÃ" and "Â" before a letter are Vietnamese.
MOJIBAKE = (
    r"[ÂÃÄÅÆ][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
    r"|á[º»][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
    r"|Æ[°¡]|\x{FFFD}|[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}-\x{9F}]"
)


def unreadable_text(kwargs: dict[str, Any]) -> str:
    """Observations whose text was decoded in the wrong encoding."""
    mojibake = in_template(literal(MOJIBAKE))
    conditions = " OR ".join(
        f"regexp_matches({identifier(column)}, {mojibake})" for column in kwargs["columns"]
    )
    return f"SELECT * FROM {{batch}} WHERE {conditions}"
