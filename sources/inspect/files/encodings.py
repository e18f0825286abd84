"""The encoding of a text: what is not UTF-8 is tried as Vietnamese from before Unicode.

A wrong encoding turns Vietnamese into letters that no Vietnamese word has, so the share of valid
syllables identifies the right one. charset-normalizer guesses what is not Vietnamese.
"""

import codecs
import re
import unicodedata
from pathlib import Path

from charset_normalizer import from_bytes

from model.util.text import nfc
from sources.formats.legacy_vietnamese import VIETNAMESE_ENCODINGS, decoded
from sources.inspect.finding import Guess

_PIECE = 1 << 20
_SAMPLE = 200_000  # bytes that are examined where the text is not UTF-8
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ONSET = "(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnpqrstvx])?"
_NUCLEUS = (
    "(?:iêu|yêu|oai|oay|oeo|uây|uôi|uya|uyê|uyu|ươi|ươu|iê|yê|ia|ya|oa|oă|oe|oo|ua|uâ|uê|uô|uơ|uy"
    "|ưa|ươ|ai|ao|au|ay|âu|ây|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu|[aăâeêioôơuưy])"
)
_SYLLABLE = re.compile(f"{_ONSET}{_NUCLEUS}(?:ng|nh|ch|[cmnpt])?")
_WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~–—“”‘’…]+")
_LETTERS = re.compile(rb"[A-Za-z]")
_FEW = 4  # words beyond ASCII: a detector of encodings needs more
_ENOUGH, _SURE = 0.7, 0.9  # share of the words beyond ASCII that are syllables
_LIKE = 0.1  # charset-normalizer's measures of two encodings that fit equally well


def encoding_of(path: Path) -> Guess:
    """Find the encoding of a text file, as the option `encoding` names it."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Guess("encoding", "utf-16", "certain", "it begins with UTF-16's byte order mark")
    if _is_utf8(path):
        if head.startswith(codecs.BOM_UTF8):
            return Guess("encoding", "utf-8", "certain", "it begins with UTF-8's byte order mark")
        return Guess("encoding", "utf-8", "certain", "every byte of it is valid UTF-8")
    with path.open("rb") as file:
        return guessed_encoding(_telling(file.read(20 * _SAMPLE)))


def guessed_encoding(raw: bytes) -> Guess:
    """Find the encoding of bytes that are not UTF-8."""
    scores = sorted(
        ((share, words, name) for name in VIETNAMESE_ENCODINGS
         for share, words in [_vietnamese_share(raw, name)]),
        key=lambda each: (-each[0], VIETNAMESE_ENCODINGS.index(each[2])),
    )
    share, words, name = scores[0]
    if share >= _ENOUGH and words >= 3:
        why = f"read so, {round(share * words)} of {words} words beyond ASCII are Vietnamese"
        sure = share >= _SURE and words >= 20
        return Guess("encoding", name, "certain" if sure else "likely", why)
    telling = [word for word in raw.split() if not word.isascii() and _LETTERS.search(word)]
    if 0 < len(telling) < _FEW and all(map(_has_one_accent, telling)):
        return Guess("encoding", "windows-1252", "unsure",
                     "a few words have one letter beyond ASCII each: too few to tell")
    found = list(from_bytes(b"\n".join(telling) or raw))
    if not found:
        return Guess("encoding", "latin-1", "unsure", "no encoding gives sensible text")
    best = found[0]
    western = next((m for m in found if "cp1252" in (m.encoding, *m.could_be_from_charset)), None)
    if western and western.chaos <= best.chaos + _LIKE and western.coherence >= (
        best.coherence - _LIKE
    ):
        return Guess("encoding", "windows-1252", "likely",
                     "no UTF-8 and not Vietnamese; read so, its words look Western European")
    return Guess("encoding", best.encoding, "unsure", "charset-normalizer finds it the most likely")


def _has_one_accent(word: bytes) -> bool:
    """Whether a word has one letter beyond ASCII, as words of Western Europe have."""
    beyond = [byte for byte in word if byte > 127]
    return len(beyond) == 1 and bytes(beyond).decode("windows-1252", "replace").isalpha()


def vietnamese_share(text: str) -> tuple[float, int]:
    """Return which share of the words beyond ASCII are Vietnamese syllables, and of how many."""
    words = [word for word in _WORD.findall(nfc(text)) if not word.isascii()]
    if not words:
        return 0.0, 0
    return sum(map(is_syllable, words)) / len(words), len(words)


def is_syllable(word: str) -> bool:
    """Whether a word can be a syllable of Vietnamese: its letters, and one tone at most."""
    letters = unicodedata.normalize("NFD", word.lower())
    plain = "".join(each for each in letters if each not in _TONES)
    return len(letters) - len(plain) <= 1 and _SYLLABLE.fullmatch(nfc(plain)) is not None


def _vietnamese_share(raw: bytes, encoding: str) -> tuple[float, int]:
    try:
        return vietnamese_share(decoded(raw.decode("latin-1"), encoding))
    except UnicodeError:
        return 0.0, 0


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _telling(raw: bytes) -> bytes:
    """Return the lines beyond ASCII, which reveal the encoding."""
    lines = (line for line in raw.splitlines(keepends=True) if not line.isascii())
    found = b""
    for line in lines:
        found += line
        if len(found) > _SAMPLE:
            break
    return found[:_SAMPLE]
