"""Options of files of any publisher, plain or with a row of HXL hashtags."""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.util.text import Text
from sources.connectors.options.shared import Encoding, UrlOptions
from sources.formats.legacy_vietnamese import LegacyText
from sources.formats.tabular.layout import (
    ColumnLetters,
    HeaderRows,
    Heading,
    LabelColumns,
    RecordForm,
    RowNumber,
    RowPattern,
    StackedTables,
    TableLayout,
    positions,
)
from sources.formats.tabular.numbering import Numbering
from sources.formats.tabular.tables import TableExtent

FileFormat = Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow", "xlsx"]


def _sheet_column(letters: str) -> str:
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError("is no column of a sheet; columns are A, B, ... AA")
    return letters


class FilesOptions(UrlOptions):
    """Which files, and how they are laid out."""

    protocol: ClassVar[str] = "files"
    module: ClassVar[str] = "sources.connectors.files"

    format: FileFormat | None = None
    """Format of the files; by their ending unless given."""
    encoding: Encoding = "utf-8"
    """Encoding of text files."""
    delimiter: Annotated[str, StringConstraints(pattern=r"^[,;|\t :^~]$")] | None = None
    """Character between the fields of a text file; a comma by default, a tab in TSV."""
    header: RowNumber | HeaderRows = 1
    """Row of the column names, from 1; 0 where there is none (then give `names`). Several rows are
    joined from above, with `header_separator` in between."""
    header_separator: Annotated[str, StringConstraints(max_length=10)] = " "
    """Between the parts of a name from several header rows."""
    header_across: bool = False
    """In all header rows but the last, blank cells have the name to their left."""
    skip_rows: RowNumber = 0
    """Rows between the names and the figures, e.g. of units, as the program that shows the file
    counts them: blank ones, too."""
    footer: RowNumber = 0
    """Filled rows at the end that are no figures."""
    names: tuple[Text, ...] = ()
    """Names of the columns, instead of the header's."""
    skip_matching: RowPattern | None = None
    """Regular expression of rows to leave out, on their first filled cell."""
    end_matching: RowPattern | None = None
    """Regular expression of the row that ends the table, on its first filled cell."""
    labels: LabelColumns | None = None
    """Labels that stand in one of several columns, by their level."""
    carry_down: tuple[Text, ...] = ()
    """Columns whose blank cells have the value above."""
    headings: tuple[Heading, ...] = ()
    """Rows that are headings of the rows below."""
    numbering: Numbering | None = None
    """Numbers in front of the rows (I, 1, 1.1, a) that say what each is part of."""
    tables: StackedTables | None = None
    """Tables that stand below each other, each with a header of its own."""
    sheet: Text | None = None
    """Sheet of a workbook; the first visible one by default."""
    hidden: Literal["skip", "read"] = "skip"
    """Whether hidden sheets, rows and columns of a workbook are read. Rows hidden by a filter are
    hidden, too."""
    member: Text = "*"
    """Member of a zip, a glob; its only file by default."""
    path: Text | None = None
    """Where the list of records is in a JSON document, e.g. `data.items`."""
    records: RecordForm = "objects"
    """How the records of a JSON document are written: a list of objects; a list of rows, the names
    first; or an object whose keys name the records."""
    use_columns: tuple[ColumnLetters, ...] = ()
    """Columns to read, by their letters in a sheet; all by default."""
    legacy_text: LegacyText | None = None
    """Encoding of a sheet's text where the font gives the characters their meaning; `by-font` takes
    it from each cell's font."""
    legacy_columns: tuple[Annotated[str, AfterValidator(_sheet_column)], ...] = ()
    """Columns, by their letters, whose text is in `legacy_text`; all by default."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.header == 0 and not self.names:
            raise ValueError("without a header, `names` must name the columns")
        if self.tables and (self.header != 1 or self.names):
            raise ValueError("`tables` says where the headers are; leave out `header` and `names`")
        if len(set(self.names)) != len(self.names):
            raise ValueError("`names` has a name twice")
        if self.legacy_columns and self.legacy_text is None:
            raise ValueError("`legacy_columns` says where; `legacy_text` must say which encoding")
        labels = set(positions(self.labels.columns if self.labels else ()))
        if self.use_columns and not labels <= set(positions(self.use_columns)):
            raise ValueError("`labels` has columns that `use_columns` leaves out")
        return self

    @property
    def extent(self) -> TableExtent:
        """Where a plain table stands in the file: one row of names, and the rows below."""
        header = self.layout.header
        return TableExtent(header[0] if header else 0, self.skip_rows, self.footer, self.names)

    @property
    def layout(self) -> TableLayout:
        """Where the table stands in the file, and what its rows are."""
        header = self.header if isinstance(self.header, tuple) else (self.header,)
        return TableLayout(
            header=() if header == (0,) else header, separator=self.header_separator,
            across=self.header_across, skip_rows=self.skip_rows, footer=self.footer,
            names=self.names, skip=self.skip_matching, end=self.end_matching,
            carry_down=self.carry_down, headings=self.headings, tables=self.tables,
            numbering=self.numbering,
            places=positions(self.use_columns), labels=self.labels,
        )


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
