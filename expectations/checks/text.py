"""Checks of text: personal data, and text that was decoded in the wrong encoding.

Every column of a release that may hold any text is searched: the note, and dimensions without a
codelist. All other text is a code that was declared. What personal data look like, and what masks
them, is `model.reference.personal_data`.
"""

from expectations.checks.base import Arguments, Check
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import in_template, text
from model.declarations.dataset import Dataset
from model.reference.personal_data import (
    AROUND_CARD,
    EXCEPT,
    INDIRECT,
    KINDS,
    LIKE,
    PATTERNS,
    PLACES,
    READ_AS,
    UNSEEN,
    UUID,
)
from model.reference.registries import Registries
from model.util.sql import identifier, literal

# SQL for a text as it may be shown; `model.reference.personal_data.masked` does the same.
MASKED = (
    "left(regexp_replace(regexp_replace(text, '[0-9]', '#', 'g'), '[^#\\s.,:;/+-]', 'x', 'g'), 80)"
)


class FreeTextCheck(Check):
    """A check of the columns of a release that may hold any text."""

    columns: list[str]

    @classmethod
    def declared(cls, dataset: Dataset, registries: Registries) -> Arguments:
        open_codes = [name for name, item in dataset.dimensions.items() if item.codelist is None]
        return {"columns": [*open_codes, "obs_note"]}

    def may_find(self) -> MayFind:
        texts = " + ".join(f"count({identifier(name)})" for name in self.columns)
        return MayFind("table", f"{texts} > 0", of_any=True)


class PersonalData(FreeTextCheck):
    """Each text that holds personal data: column, kind, how many rows, and the text masked."""

    type = "expect_no_personal_data"
    vi = (
        "không có dữ liệu cá nhân: số căn cước, điện thoại, e-mail, thẻ bảo hiểm, tài khoản,"
        " họ tên kèm ngày sinh"
    )
    en = (
        "there is no personal data: identity numbers, telephones, e-mail addresses,"
        " insurance cards, accounts, names with a date of birth"
    )
    level = "table"
    automatic = "no_personal_data"
    protects_persons = True
    acceptable = False

    kinds: list[str] = [*KINDS]

    def query(self) -> str:
        digit = "[0-9０-９@＠]"
        return _masked_texts(self.columns, digit, _kind(self.kinds))


class NamesAndAddresses(FreeTextCheck):
    """Each text that seems to hold a person's name or address: column, kind, how many rows, masked.

    Streets, schools and offices bear names and have addresses, too: nothing is blocked.
    """

    type = "expect_no_names_or_addresses"
    vi = "không có văn bản nào chứa họ tên hoặc địa chỉ của cá nhân"
    en = "no text holds what reads like the name or the address of a person"
    level = "table"
    severity = "warning"
    automatic = "no_names_or_addresses"

    def query(self) -> str:
        whens = " ".join(
            f"WHEN regexp_matches(regexp_replace(folded, {text(EXCEPT[kind])}, '', 'g'),"
            f" {text(pattern)}) THEN {literal(kind)}" for kind, pattern in INDIRECT.items()
        )
        return _masked_texts(self.columns, "[A-ZĐ0-9]", f"CASE {whens} END")


def _masked_texts(names: list[str], with_any: str, kind: str) -> str:
    """Return a SELECT of the different texts of columns in which personal data are found, masked.

    Args:
        names: of the columns.
        with_any: a pattern that every such text matches; it spares most texts the rest.
        kind: SQL for what is in the column `folded`, or NULL.
    """
    found = " UNION ALL ".join(
        f"SELECT {literal(column)} AS place, {identifier(column)} AS text, count(*) AS affected"
        f" FROM {{batch}} WHERE regexp_matches({identifier(column)}, '{with_any}') GROUP BY ALL"
        for column in names
    )
    folded = (
        f"regexp_replace(translate(nfc_normalize(text), {literal(LIKE + UNSEEN)},"
        f" {literal(READ_AS)}), {text(UUID)}, '', 'g') AS folded"
    )
    return f"""
SELECT place AS "column", kind, affected, {MASKED} AS masked
FROM (SELECT *, {kind} AS kind FROM (SELECT *, {folded} FROM ({found})))
WHERE kind IS NOT NULL ORDER BY ALL"""


def _luhn(digits: str) -> str:
    """Return SQL that says whether the text of digits ends in its check digit (ISO/IEC 7812)."""
    doubled = "CASE WHEN d > 4 THEN d * 2 - 9 ELSE d * 2 END"
    return (
        f"list_sum([CASE WHEN i % 2 = 0 THEN {doubled} ELSE d END FOR d, i IN"
        f" [digit::INTEGER FOR digit IN string_split(reverse({digits}), '')]]) % 10 = 0"
    )


def _kind(kinds: list[str]) -> str:
    """Return SQL for the kind of personal data in the column `folded`, or NULL."""
    def matches(pattern: str, place: str = "folded") -> str:
        return f"regexp_matches({place}, {in_template(literal(pattern))})"

    nowhere = f"regexp_replace(folded, {text(PLACES)}, '', 'g')"
    whens = [
        f"WHEN {matches(PATTERNS[kind], nowhere if kind == 'name and birth' else 'folded')}"
        f" THEN {literal(kind)}"
        for kind in kinds if kind != "card"
    ]
    if "card" in kinds:
        digits = "regexp_replace(card, '[^0-9]', '', 'g')"
        whens.append(
            f"WHEN list_bool_or([{_luhn(digits)} FOR card IN"
            f" regexp_extract_all(folded, {text(AROUND_CARD)})]) THEN 'card'"
        )
    return f"CASE {' '.join(whens)} END"


# Text that is UTF-8 once read as Windows-1252 or Latin-1 ("Ã¡", "áº£", "Ä‘"), the replacement
# character, and control characters. "XÃ" and "Â" before a letter are Vietnamese. Read as
# Windows-1250 or ISO 8859-2 it has "áş" and "áť", as Windows-1251 "б»"; read as an encoding of East
# Asia, its Latin letters stand beside ideographs, kana or hangul. (The marks are those of ftfy's
# `badness.py`, without its look-around, which RE2 has not.)
_EAST = (
    r"[\x{1100}-\x{11FF}\x{3040}-\x{30FF}\x{3400}-\x{9FFF}\x{AC00}-\x{D7AF}"
    r"\x{FF61}-\x{FF9F}]"
)
_LATIN, _CYRILLIC = r"[A-Za-z\x{C0}-\x{24F}\x{1EA0}-\x{1EF9}]", r"[\x{400}-\x{4FF}]"
MOJIBAKE = (
    rf"{_LATIN}{_EAST}|{_EAST}{_LATIN}|[A-Za-z]{_CYRILLIC}|{_CYRILLIC}[A-Za-z]"
    r"|\x{431}[»\x{454}]|á[şť]|Ć[°¡˘]|Ă[\x{A1}-\x{BF}łŁ˘˛ľĽ]"
    r"|[ÂÃÄÅÆ][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
    r"|á[º»][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
    r"|Æ[°¡]|\x{FFFD}|[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}-\x{9F}]"
)


class ReadableText(FreeTextCheck):
    """An observation with text such as "Ä‘Ã "."""

    type = "expect_text_to_be_readable"
    vi = "chữ không bị vỡ do đọc sai bảng mã"
    en = "no text was decoded in the wrong encoding"
    automatic = "text_readable"

    def query(self) -> str:
        conditions = " OR ".join(
            f"regexp_matches({identifier(column)}, {text(MOJIBAKE)})" for column in self.columns
        )
        return f"SELECT * FROM {{batch}} WHERE {conditions}"
