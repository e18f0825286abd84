"""Personal data in text: what must never be published, and the SQL that finds it.

Vietnamese identity cards (CCCD of 12 digits, CMND of 9), telephones, e-mail addresses, health
insurance (BHYT), bank accounts and cards, and names beside a date of birth. A number that could
be anything counts only beside a word that says what it is. What is found is shown masked. Columns
other than the note hold codes of a list.

Law 91/2025/QH15 on personal data, in force from 1 January 2026.
"""

from __future__ import annotations

from typing import Any

from expectations.sql import identifier, in_template, literal

_DATE = r"(0?[1-9]|[12][0-9]|3[01])[/.-](0?[1-9]|1[0-2])[/.-](19|20)[0-9]{2}"
# Classes of Unicode (\p{L}) take RE2 milliseconds to build in every query.
_WORD = r"[^\s0-9,;:.()/-]+"
# Without those that begin a place's name as well (Hà Nội, Hồ Chí Minh, Thái Bình).
_SURNAME = (
    r"(Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Ngô|Dương|Lý|Đinh|Đoàn|Trịnh"
    r"|Trương|Tô|Lương|Tạ|Vương|Quách|Nguyen|Tran|Pham|Hoang|Huynh|Dang|Bui|Ngo|Duong|Dinh|Doan"
    r"|Trinh|Truong)"
)

# What a number or name looks like, by kind; RE2. `\b` knows ASCII letters alone, which is enough
# beside digits.
PATTERNS: dict[str, str] = {
    # 0, the province's number (001-096), century and sex, year of birth, six digits: Circular
    # 59/2021/TT-BCA, article 13.
    "CCCD": r"\b0(0[1-9]|[1-8][0-9]|9[0-6])[0-9]{9}\b",
    "CMND": (
        r"(?i)(\bCMND|\bCMT|\bCCCD|chứng minh|căn cước|định danh|identity card|ID card)"
        r"[^0-9\n]{0,30}\b[0-9]{9}([0-9]{3})?\b"
    ),
    "phone": (
        r"(^|[^0-9.,+])((\+|00)84[ .-]?|0)([35789][0-9][ .-]?[0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{2}"
        r"|[35789][0-9]{2}[ .-]?[0-9]{3}[ .-]?[0-9]{3}|2[0-9]{2}[ .-]?[0-9]{3,4}[ .-]?[0-9]{3,4})"
        r"($|[^0-9.,])"
    ),
    "e-mail": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    # Two letters of the group, 1-5 of the benefit, province, ten digits: Decision 1351/QD-BHXH.
    "BHYT": r"(\b[A-Z]{2}[ -]?[1-5][ -]?[0-9]{2}[ -]?[0-9]{10}\b"
    r"|(?i:BHYT|BHXH|bảo hiểm)[^0-9\n]{0,30}\b[0-9]{10}\b)",
    "account": (
        r"(?i)(\bSTK\b|số tài khoản|tài khoản|bank account|account (no|number))"
        r"[^0-9\n]{0,30}\b[0-9]{6,19}\b"
    ),
    "name and birth": (
        rf"({_SURNAME}( {_WORD}){{1,4}}[^0-9\n]{{0,25}}\b{_DATE}"
        rf"|(?i:sinh ngày|ngày sinh|born( on)?|date of birth|DOB)[ :]*{_DATE}[^0-9\n]{{0,25}}"
        rf"{_SURNAME}( {_WORD}){{1,4}})"
    ),
}

# Cards: 13 to 19 digits whose last one is Luhn's check digit (ISO/IEC 7812-1); 9704 is NAPAS.
_CARD = r"\b([345][0-9]{3}|6[0-9]{3}|9704)([ -]?[0-9]{4}){2}[ -]?[0-9]{1,7}\b"


def _luhn(digits: str) -> str:
    """Return SQL that says whether the text of digits ends in its check digit."""
    doubled = "CASE WHEN d > 4 THEN d * 2 - 9 ELSE d * 2 END"
    return (
        f"list_sum([CASE WHEN i % 2 = 0 THEN {doubled} ELSE d END FOR d, i IN"
        f" [digit::INTEGER FOR digit IN string_split(reverse({digits}), '')]]) % 10 = 0"
    )


def personal_data(kwargs: dict[str, Any]) -> str:
    """Each text that holds personal data: column, kind, how many rows, and the text masked."""
    texts = " UNION ALL ".join(
        f"SELECT {literal(column)} AS place, {identifier(column)} AS text, count(*) AS affected"
        f" FROM {{batch}} WHERE {identifier(column)} IS NOT NULL GROUP BY ALL"
        for column in kwargs["columns"]
    )
    whens = " ".join(
        f"WHEN regexp_matches(text, {in_template(literal(PATTERNS[kind]))}) THEN {literal(kind)}"
        for kind in kwargs["kinds"] if kind != "card"
    )
    card = in_template(literal(_CARD))
    digits = f"regexp_replace(regexp_extract(text, {card}), '[^0-9]', '', 'g')"
    also = (
        f" WHEN regexp_matches(text, {card}) AND {_luhn(digits)} THEN 'card'"
        if "card" in kwargs["kinds"] else ""
    )
    return f"""
SELECT place AS "column", kind, affected,
  left(regexp_replace(regexp_replace(text, '[0-9]', '#', 'g'), '[^#\\s.,:;/@+-]', 'x', 'g'), 80)
    AS masked
FROM (SELECT *, CASE {whens}{also} END AS kind FROM ({texts})) WHERE kind IS NOT NULL
ORDER BY ALL"""


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
