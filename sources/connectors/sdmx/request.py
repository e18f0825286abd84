"""What is asked of an SDMX service: the options, and the request that they make.

SDMX REST 1.5 for version 2.1 of the standard, and 2.1 for 3.0: https://github.com/sdmx-twg/sdmx-rest
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from pydantic import Field, StringConstraints, model_validator

from model.util.text import Code, Frozen, Text
from sources.base import Request
from sources.connectors.options import BaseUrl, Files, Period, Url, exactly_one
from sources.connectors.sdmx.message import TIME
from sources.connectors.sdmx.services import (
    ACCEPT,
    SERVICES,
    Form,
    Rest,
    Service,
    ServiceName,
    standard_service,
)

# OECD's flows have "@" in them, Eurostat's Comext "$".
Flow = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-:@$]*$")]


class Options(Frozen):
    """What is asked: `flow` of a `service` (or a `base_url`), whole `urls`, or `files`.

    service: one that is known by name; `base_url` then stands in for its own.
    key: one part for each dimension, joined by dots; parts joined by plus signs.
    filters: values by dimension, beside the key; version 3.0 alone.
    rest: the version of the service's interface, where the service is not known by name.
    form: what is asked for; without it the service chooses.
    compressed: ask for a gzip file, where the service has them.
    structure: a file or URL of a structure message, which gives the codes' names.
    apply_unit_mult: multiply by ten to the power of UNIT_MULT, and set that to 0.
    """

    service: ServiceName | None = None
    base_url: BaseUrl | None = None
    agency: Code | None = None
    flow: Flow | None = None
    version: Code | None = None
    key: Text = "all"
    filters: dict[Code, Annotated[tuple[Code, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    start: Period | None = None
    end: Period | None = None
    rest: Rest | None = None
    form: Form | None = None
    compressed: bool = False
    urls: tuple[Url, ...] = ()
    files: Files = ()
    structure: Text | None = None
    apply_unit_mult: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Options:
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

    def _check(self, asked: Service) -> None:
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
    def asked(self) -> Service | None:
        """The service that is asked, None for URLs and files."""
        if self.service is not None:
            return SERVICES[self.service]
        if self.base_url is None:
            return None
        return standard_service(self.base_url, self.rest or "2.1")


def url_request(options: Options, url: str) -> Request:
    """Return the request for a whole URL, in the form that is declared."""
    headers = {"Accept": ACCEPT[options.rest or "2.1", options.form]} if options.form else {}
    return Request(url, headers=headers)


def data_request(options: Options, asked: Service) -> Request:
    """Return the request for the data of a flow."""
    headers = {}
    query: dict[str, Any] = {}
    if options.form:
        parameters = asked.forms[options.form]
        if parameters is None:
            headers["Accept"] = ACCEPT[asked.rest, options.form]
        query.update(parameters or {})
    if options.compressed:
        query.update(asked.packed or {})
    path, bounds = _path(options, asked)
    text = urlencode({**bounds, **query}, safe=":+,")
    url = f"{base_url_of(options, asked)}/{path}"
    return Request(f"{url}?{text}" if text else url, headers=headers)


def base_url_of(options: Options, asked: Service) -> str:
    """Return where the service is."""
    return options.base_url or asked.base_url


def agency_of(options: Options, asked: Service) -> str:
    """Return the agency of the flow, "" where it needs none."""
    return options.agency or asked.agency or ""


def _path(options: Options, asked: Service) -> tuple[str, dict[str, str]]:
    """Return the path of the data, and the parameters that bound them."""
    flow = quote(str(options.flow), safe="@$")
    key = asked.all_series if options.key == "all" else quote(options.key, safe=".+*,")
    ending = f"/{key}" if key else ""
    agency = quote(agency_of(options, asked))
    if asked.is_folder:
        return f"{agency}/{flow}.xml", {}
    if asked.rest == "3.0":
        wanted = {f"c[{name}]": ",".join(codes) for name, codes in options.filters.items()}
        bounds = [
            f"{operator}:{bound}"
            for operator, bound in (("ge", options.start), ("le", options.end))
            if bound is not None
        ]
        if bounds:
            wanted[f"c[{TIME}]"] = "+".join(bounds)
        return f"data/dataflow/{agency}/{flow}/{options.version or '+'}{ending}", wanted
    named = [flow]
    if not asked.names_flow_alone:
        named = [each for each in (options.agency, flow, options.version) if each]
    ends = {"startPeriod": options.start, "endPeriod": options.end}
    return f"data/{','.join(named)}{ending}", {
        name: str(bound) for name, bound in ends.items() if bound is not None
    }
