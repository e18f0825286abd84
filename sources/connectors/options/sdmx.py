"""Options of SDMX."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from model.declarations.source import DEFAULT_MISSING, ColumnRule
from model.util.text import Code, Text
from sources.base import ConnectorOptions
from sources.connectors.options.shared import BaseUrl, Period, Url, exactly_one
from sources.connectors.sdmx.services import (
    ACCEPT,
    SERVICES,
    MessageForm,
    RestVersion,
    SdmxService,
    ServiceName,
    standard_service,
)

# OECD's flows have "@" in them, Eurostat's Comext "$".
FlowId = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-:@$]*$")]


class SdmxOptions(ConnectorOptions):
    """Options of SDMX: a `flow` of a `service` (or a `base_url`), whole `urls`, or `files`."""

    protocol: ClassVar[str] = "sdmx"
    module: ClassVar[str] = "sources.connectors.sdmx.connector"
    columns: ClassVar[Mapping[str, ColumnRule]] = {
        "time_period": ColumnRule(column="time_period"),
        "obs_value": ColumnRule(column="value", locale="plain", missing=(*DEFAULT_MISSING, "NaN")),
    }

    service: ServiceName | None = None
    """A service that is known by name; `base_url` then replaces its address."""
    base_url: BaseUrl | None = None
    """Where the service is."""
    agency: Code | None = None
    """Agency that maintains the flow."""
    flow: FlowId | None = None
    """Id of the dataflow."""
    version: Code | None = None
    """Version of the dataflow; the latest by default."""
    key: Text = "all"
    """Series to request: one position for each dimension, joined by dots; values joined by plus."""
    filters: dict[Code, Annotated[tuple[Code, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """Values by dimension, in addition to the key; version 3.0 only."""
    start: Period | None = None
    """First period."""
    end: Period | None = None
    """Last period."""
    rest: RestVersion | None = None
    """Version of the service's interface, where the service is not known by name."""
    form: MessageForm | None = None
    """Format to request; the service's default unless given."""
    compressed: bool = False
    """Request a gzip file, where the service offers it."""
    urls: tuple[Url, ...] = ()
    """Whole URLs of data messages."""
    structure: Text | None = None
    """File or URL of a structure message, which has the names of codes."""
    apply_unit_mult: bool = False
    """Multiply by ten to the power of UNIT_MULT, and set that to 0."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.service is None:
            exactly_one(base_url=self.base_url, urls=self.urls, files=self.files)
        elif self.urls or self.files or self.rest:
            raise ValueError("`service` says where and how; leave out `urls`, `files` and `rest`")
        if (self.asked is None) != (self.flow is None):
            raise ValueError("give `base_url` or `service`, and `flow`, together")
        if self.asked is not None:
            self._check(self.asked)
        elif self.form is not None and (self.rest or "2.1", self.form) not in ACCEPT:
            raise ValueError(f"version {self.rest} has no form {self.form!r}")
        return self

    def _check(self, asked: SdmxService) -> None:
        if (asked.rest == "3.0" or asked.is_folder) and not (self.agency or asked.agency):
            raise ValueError("it needs the `agency` of the flow")
        if self.form is not None and self.form not in asked.forms:
            raise ValueError(f"it has no form {self.form!r}; it has {', '.join(asked.forms)}")
        if self.filters and asked.rest != "3.0":
            raise ValueError("`filters` are of version 3.0; use `key`")
        if self.compressed and asked.packed is None:
            raise ValueError("it has no `compressed` answers")
        if asked.is_folder and (self.key, self.start, self.end) != ("all", None, None):
            raise ValueError("it has whole messages; use `where` to keep rows")

    @property
    def address(self) -> str | None:
        """The service or the first URL; None for files."""
        if self.asked is not None:
            return self.base_url or self.asked.base_url
        return self.urls[0] if self.urls else None

    @property
    def asked(self) -> SdmxService | None:
        """The service, None for URLs and files."""
        if self.service is not None:
            return SERVICES[self.service]
        if self.base_url is None:
            return None
        return standard_service(self.base_url, self.rest or "2.1")
