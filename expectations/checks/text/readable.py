"""Text that was decoded in the wrong encoding."""

from __future__ import annotations

from typing import Any, ClassVar

from expectations.checks.base import Check
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import text
from expectations.checks.text import free_text
from expectations.checks.text.personal_data import filled
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.sql import identifier
from model.util.text import Bilingual

# Text that is UTF-8 once read as Windows-1252 or Latin-1 ("Ã¡", "áº£", "Ä‘"), the replacement
# character, and control characters. "XÃ" and "Â" before a letter are Vietnamese.
MOJIBAKE = (
    r"[ÂÃÄÅÆ][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
    r"|á[º»][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
    r"|Æ[°¡]|\x{FFFD}|[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}-\x{9F}]"
)


class ReadableText(Check):
    """An observation with text such as "Ä‘Ã "."""

    type: ClassVar = "expect_text_to_be_readable"
    text: ClassVar = Bilingual(
        vi="chữ không bị vỡ do đọc sai bảng mã", en="no text was decoded in the wrong encoding"
    )
    automatic: ClassVar = "text_readable"

    columns: list[str]

    @classmethod
    def declared(cls, dataset: Dataset, registries: Registries) -> dict[str, Any]:
        """Return the columns of free text."""
        return {"columns": free_text(dataset)}

    def may_find(self) -> MayFind:
        return filled(self.columns)

    def query(self) -> str:
        conditions = " OR ".join(
            f"regexp_matches({identifier(column)}, {text(MOJIBAKE)})" for column in self.columns
        )
        return f"SELECT * FROM {{batch}} WHERE {conditions}"
