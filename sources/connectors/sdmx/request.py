"""The requests that the options of the SDMX connector make.

SDMX REST 1.5 for version 2.1 of the standard, and 2.1 for 3.0: https://github.com/sdmx-twg/sdmx-rest
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from sources.base import Request
from sources.connectors.options.sdmx import SdmxOptions
from sources.connectors.sdmx.message import TIME
from sources.connectors.sdmx.services import ACCEPT, SdmxService


def url_request(options: SdmxOptions, url: str) -> Request:
    """Return the request for a whole URL, in the declared form."""
    headers = {"Accept": ACCEPT[options.rest or "2.1", options.form]} if options.form else {}
    return Request(url, headers=headers)


def data_request(options: SdmxOptions, asked: SdmxService) -> Request:
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


def base_url_of(options: SdmxOptions, asked: SdmxService) -> str:
    """Return the address of the service."""
    return options.base_url or asked.base_url


def agency_of(options: SdmxOptions, asked: SdmxService) -> str:
    """Return the agency of the flow, "" where it needs none."""
    return options.agency or asked.agency or ""


def _path(options: SdmxOptions, asked: SdmxService) -> tuple[str, dict[str, str]]:
    """Return the path of the data, and the parameters that bound them."""
    flow = quote(str(options.flow), safe="@$")
    key = asked.all_series if options.key == "all" else quote(options.key, safe=".+*,")
    ending = f"/{key}" if key else ""
    agency = quote(agency_of(options, asked))
    if asked.is_folder:
        return f"{agency}/{flow}.xml", {}
    if asked.rest == "3.0":
        filters = {f"c[{name}]": ",".join(codes) for name, codes in options.filters.items()}
        bounds = [
            f"{operator}:{bound}"
            for operator, bound in (("ge", options.start), ("le", options.end))
            if bound is not None
        ]
        if bounds:
            filters[f"c[{TIME}]"] = "+".join(bounds)
        return f"data/dataflow/{agency}/{flow}/{options.version or '+'}{ending}", filters
    named = [flow]
    if not asked.names_flow_alone:
        named = [each for each in (options.agency, flow, options.version) if each]
    ends = {"startPeriod": options.start, "endPeriod": options.end}
    return f"data/{','.join(named)}{ending}", {
        name: str(bound) for name, bound in ends.items() if bound is not None
    }
