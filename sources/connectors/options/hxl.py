"""Options of files with a row of HXL hashtags."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from model.util.text import Text
from sources.connectors.options.shared import Encoding, UrlOptions


class HxlOptions(UrlOptions):
    """Which files, and where the row of hashtags is in them."""

    protocol: ClassVar[str] = "hxl"
    module: ClassVar[str] = "sources.connectors.hxl"

    format: Literal["csv", "xlsx", "json"] | None = None
    """Format of the files; by their first bytes unless given."""
    tag_row: Annotated[int, Field(ge=1, le=1_000)] = 2
    """Row of the hashtags, from 1, also of JSON arrays; JSON objects have them as their keys."""
    sheet: Text | None = None
    """Sheet of a workbook; the first one by default."""
    encoding: Encoding = "utf-8"
    """Encoding of text files."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    """Character between the fields of a text file."""
