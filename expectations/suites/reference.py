"""The reference of all checks, made from their classes, for docs/quality.md.

`python -m expectations.suites.reference` writes it anew between the two marks of that page.
"""

import inspect
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from expectations.checks.base import FREQUENCIES, UNEXPECTED_ROWS, Check
from expectations.checks.registry import all_checks
from expectations.checks.stock.common import StockCheck

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"
BEGIN, END = "<!-- checks: generated from the classes -->\n", "<!-- /checks -->"
_NAMES = {"Q": "quarterly", "M": "monthly", "YTD": "year to date"}


def checks_reference() -> str:
    """Return the table of this project's checks, and the list of Great Expectations' own."""
    stock = [
        name for name, cls in all_checks().items()
        if issubclass(cls, StockCheck) or name == UNEXPECTED_ROWS
    ]
    rows = [
        f"| `{name}` {_applies(cls)} | {_finds(cls)} | {_arguments(cls)} |"
        for name, cls in all_checks().items() if name not in stock
    ]
    listed = ", ".join(f"`{name}`" for name in stock)
    return "\n".join([
        "| check | finds | arguments (defaults) |", "|---|---|---|", *rows, "",
        f"Great Expectations' own, with its arguments: {listed}.", "",
    ])


def _applies(cls: type[Check]) -> str:
    """Return whether a check is automatic, of which severity, and for which frequencies."""
    words = [f"*automatic, {cls.severity}*"] if cls.automatic else []
    if set(cls.frequencies) != set(FREQUENCIES):
        left_out = [_NAMES.get(each, each) for each in FREQUENCIES if each not in cls.frequencies]
        only = [_NAMES.get(each, each) for each in cls.frequencies]
        words.append(f"*not {left_out[0]}*" if len(left_out) == 1 else f"*{' and '.join(only)}*")
    if cls.level == "table":
        words.append("*on the table*")
    return " ".join(words)


def _finds(cls: type[Check]) -> str:
    return " ".join((inspect.getdoc(cls) or "").split()).replace("|", "\\|")


def _arguments(cls: type[Check]) -> str:
    fields = [
        (field.alias or name, field.default) for name, field in cls.model_fields.items()
        if name not in cls.from_declaration and name != "relation"
    ]
    return ", ".join(f"`{name}`{_default(default)}" for name, default in fields)


def _default(value: Any) -> str:
    if value is PydanticUndefined or value is None or value in ([], {}, ""):
        return ""
    if isinstance(value, list) and len(value) > 4:
        return " (see the class)"
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return f" {written}".replace("|", "\\|")


def page_with_reference(text: str) -> str:
    """Return the page with the reference between its marks."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + checks_reference() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    PAGE.write_text(page_with_reference(PAGE.read_text("utf-8")), "utf-8")
