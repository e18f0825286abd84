"""Vietnamese text from before Unicode: TCVN3, TCVN 5712, VNI, VISCII and windows-1258.

Python knows windows-1258 alone, and does not compose it. The tables, each by byte:

- TCVN 5712:1993, code table VN1, as glibc's charmap TCVN5712-1 gives it. The ABC fonts of Windows
  (TCVN3) leave out its capitals with a tone below 0xA0: quotes and dashes of windows-1252 stand
  there, and a capital font (.VnTimeH) shows the small letters' codes as capitals.
- VISCII: RFC 1456, table 1. VNI: the fonts' own pairs of a vowel and a mark, as in xvnkb's vni.h.

"Thỏng" for "Tháng", as in workbooks of 2008-2019, is Unicode read as TCVN3: á is U+00E1, and
0xE1 is ỏ in that table and in none of the others. It is not undone here: a true ỏ is not changed by
that error, so the text does not reveal which is which. Declare such labels in a `map`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal, get_args

VietnameseEncoding = Literal["tcvn3", "tcvn-5712", "vni", "viscii", "windows-1258"]
LegacyText = VietnameseEncoding | Literal["by-font"]
VIETNAMESE_ENCODINGS: tuple[str, ...] = get_args(VietnameseEncoding)

_TONES = "\u0301\u0300\u0309\u0303\u0323"  # sắc, huyền, hỏi, ngã, nặng
_VOWELS = "AĂÂEÊIOÔƠUƯYaăâeêioôơuưy"

_TCVN_LOW = {
    **dict(zip((1, 2, 4, 5, 6), "ÚỤỪỬỮ", strict=True)),
    **dict(zip(range(0x11, 0x18), "ỨỰỲỶỸÝỴ", strict=True)),
    **dict(zip(range(0x80, 0xA0), "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ", strict=True)),
}
_TCVN_HIGH = dict(zip(
    range(0xA1, 0x100),
    "ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịò"
    "ỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ",
    strict=True,
))
_VISCII = {
    **dict(zip((0x02, 0x05, 0x06, 0x14, 0x19, 0x1E), "ẲẴẪỶỸỴ", strict=True)),
    **dict(zip(
        range(0x80, 0x100),
        "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
        "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ",
        strict=True,
    )),
}

# A vowel's marks in VNI, in the order of `_TONES`; the first is of the vowel without a tone.
_VNI_MARKS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys("AEOU", ("", "Ù", "Ø", "Û", "Õ", "Ï")),
    **dict.fromkeys("ÂÊÔ", ("Â", "Á", "À", "Å", "Ã", "Ä")),
    "Ă": ("Ê", "É", "È", "Ú", "Ü", "Ë"),
    **dict.fromkeys("ƠƯ", ("", "Ù", "Ø", "Û", "Õ", "Ï")),
}
_VNI_BASES = {"Â": "A", "Ă": "A", "Ê": "E", "Ô": "O", "Ơ": "Ô", "Ư": "Ö"}
_VNI_ALONE = {
    "Í": "Í", "Ì": "Ì", "Ỉ": "Æ", "Ĩ": "Ó", "Ị": "Ò", "Đ": "Ñ",
    "Ý": "YÙ", "Ỳ": "YØ", "Ỷ": "YÛ", "Ỹ": "YÕ", "Ỵ": "Î",
}


def _vni() -> Iterator[tuple[str, str]]:
    """Give each letter beyond ASCII and how VNI writes it, its bytes as Latin-1."""
    pairs = [*_VNI_ALONE.items()]
    for vowel, marks in _VNI_MARKS.items():
        for tone, mark in zip(("", *_TONES), marks, strict=True):
            letter = unicodedata.normalize("NFC", vowel + tone)
            pairs.append((letter, _VNI_BASES.get(vowel, vowel) + mark))
    for letter, written in pairs:
        if not letter.isascii():
            yield letter, written
            yield letter.lower(), written.lower()


# Each letter beyond ASCII, and how VNI writes it.
VNI: Mapping[str, str] = dict(_vni())


def _windows(byte: int) -> str | None:
    """Return what windows-1252 has at a byte, None where it has nothing."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return None


_PUNCTUATION = {byte: _windows(byte) for byte in range(0x80, 0xA0)}
_SIGNS = {byte: chr(byte) for byte in (*range(0x80), 0xA0)}

# The character of each byte, None where the encoding has none.
SINGLE_BYTES: Mapping[str, Mapping[int, str | None]] = {
    "tcvn3": {**_SIGNS, **_PUNCTUATION, **_TCVN_HIGH},
    "tcvn-5712": {**_SIGNS, **_TCVN_LOW, **_TCVN_HIGH},
    "viscii": {**_SIGNS, **_VISCII},
}
_OF_VNI = {
    **{written: letter for letter, written in VNI.items()},
    **{chr(byte): sign for byte, sign in _PUNCTUATION.items() if sign},
    **{chr(byte): chr(byte) for byte in range(0xA0, 0xC0)},
}
_VNI_PIECE = re.compile(
    "|".join(sorted(map(re.escape, _OF_VNI), key=len, reverse=True)) + "|[^\x00-\x7f]"
)

_VOWELS_WITH_TONES = (
    unicodedata.normalize("NFC", vowel + tone) for vowel, tone in product(_VOWELS, ("", *_TONES))
)
# The 134 letters that Vietnamese has beyond ASCII.
LETTERS = (*(each for each in _VOWELS_WITH_TONES if not each.isascii()), "Đ", "đ")


def decoded(latin_1: str, encoding: str) -> str:
    """Return the text, in NFC, of bytes that were read as `latin_1`, a character for each.

    `encoding` is one of `VIETNAMESE_ENCODINGS`.

    Raises:
        UnicodeError: a byte means nothing in that encoding.
    """
    if latin_1.isascii() and encoding in ("tcvn3", "vni", "windows-1258"):
        return latin_1
    if encoding == "windows-1258":
        text = latin_1.encode("latin-1").decode("cp1258")
    elif encoding == "vni":
        text = _VNI_PIECE.sub(_from_vni, latin_1)
    else:
        text = "".join(_from_byte(each, encoding) for each in latin_1)
    return unicodedata.normalize("NFC", text)


def decoded_cell(cell: str, encoding: str) -> str:
    """Return the text, in NFC, of a `cell` whose font gave its characters another meaning.

    They are those of windows-1252 in the place of the bytes, as a workbook has them; `encoding` is
    one of `VIETNAMESE_ENCODINGS`.

    Raises:
        UnicodeError: a character is none of windows-1252, or means nothing in that encoding.
    """
    return decoded("".join(_byte_of(each) for each in cell), encoding)


def _byte_of(character: str) -> str:
    if ord(character) < 0x100:
        return character
    try:
        return character.encode("cp1252").decode("latin-1")
    except UnicodeEncodeError:
        raise UnicodeError(f"{character!r} is a character of Unicode already") from None


def _from_byte(character: str, encoding: str) -> str:
    letter = SINGLE_BYTES[encoding].get(ord(character))
    if letter is None:
        raise UnicodeError(f"the byte 0x{ord(character):02X} means nothing in {encoding}")
    return letter


def _from_vni(found: re.Match[str]) -> str:
    letter = _OF_VNI.get(found[0])
    if letter is None:
        raise UnicodeError(f"the byte 0x{ord(found[0]):02X} follows no letter that takes it in vni")
    return letter
