"""Options of PX-Web, version 1 and 2 of its API."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from model.declarations.source import ColumnRule
from model.util.text import Code, Frozen, Text
from sources.base import ConnectorOptions
from sources.connectors.options.shared import BaseUrl, Encoding, Url, exactly_one

_COLUMNS = {"obs_value": ColumnRule(column="value", locale="plain")}


class PxWebQueryItem(Frozen):
    """The values of a variable that a query selects."""

    code: Text
    """Code of the variable."""
    filter: Text = "item"
    """How `values` select: item, all, top, agg:…, vs:…"""
    values: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Codes, or what the filter takes."""


class PxWebOptions(ConnectorOptions):
    """Options of PX-Web 1: the `url` of a table with a `query`, or of a saved query; or `files`."""

    protocol: ClassVar[str] = "pxweb"
    module: ClassVar[str] = "sources.connectors.pxweb.v1"
    columns: ClassVar[Mapping[str, ColumnRule]] = _COLUMNS

    url: Url | None = None
    """The table, or a saved query."""
    query: tuple[PxWebQueryItem, ...] = ()
    """What to select of the table."""
    response: Literal["json-stat", "json-stat2"] = "json-stat2"
    """Version of JSON-stat to request."""
    dataset: Text | None = None
    """Key or label of one dataset, where an answer holds several."""
    language: Text | None = None
    """One of the languages of a PX file; its first by default."""
    encoding: Encoding | None = None
    """Encoding of a PX file, instead of its CODEPAGE."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        exactly_one(url=self.url, files=self.files)
        return self

    @property
    def address(self) -> str | None:
        """The table; None for files."""
        return self.url


class VariableSelection(Frozen):
    """The values of a variable that are requested."""

    values: Annotated[tuple[Text, ...], Field(min_length=1)] = ("*",)
    """Codes, or `*`, `TOP(n)`, `BOTTOM(n)`, `RANGE(a,b)`, `FROM(a)`, `TO(b)`, and codes with `?`
    or `*`."""
    codelist: Text | None = None
    """A valueset or an aggregation of the variable, to which the codes belong."""


class PxWebV2Options(ConnectorOptions):
    """Options of PX-Web 2: a `table` of a service, or `files`."""

    protocol: ClassVar[str] = "pxweb_v2"
    module: ClassVar[str] = "sources.connectors.pxweb.v2"
    columns: ClassVar[Mapping[str, ColumnRule]] = _COLUMNS

    base_url: BaseUrl | None = None
    """Where the service is, up to `/v2`."""
    table: Code | None = None
    """Id of the table."""
    select: dict[Text, VariableSelection] = Field(default_factory=dict)
    """Values by variable; a variable that is left out has all its values."""
    eliminate: tuple[Text, ...] = ()
    """Variables to sum over, where the table allows it."""
    lang: Code | None = None
    """Language of the labels; the service's default unless given."""
    response: Literal["json-stat2", "px", "csv"] = "json-stat2"
    """Format to request: JSON-stat has labels, codes and the table's date; CSV has each variable in
    a column of its own."""
    max_cells: Annotated[int, Field(ge=1)] | None = None
    """Cells of one answer, if fewer than the service allows."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        exactly_one(table=self.table, files=self.files)
        if (self.table is None) != (self.base_url is None):
            raise ValueError("give `base_url` and `table` together")
        return self

    @property
    def address(self) -> str | None:
        """The service; None for files."""
        return self.base_url
