"""The SDMX services that are known by name: where they are, and where each has its own way.

Service, interface and quirks as their own pages and well-kept clients tell them:
ECB https://data.ecb.europa.eu/help/api/data (its CSV is none of SDMX);
Eurostat https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access (a flow has no
agency before it, the form is a parameter, its JSON is JSON-stat, large answers come later);
OECD https://www.oecd.org/en/data/insights/data-explainers/2024/11/Api-best-practices-and-recommendations.html
(60 downloads an hour);
IMF https://data.imf.org, and its registry, https://sdmxcentral.imf.org;
the National Summary Data Page of Viet Nam, one message a domain (https://dsbb.imf.org/e-gdds).
Base addresses as in sdmx1, https://sdmx1.readthedocs.io/en/latest/sources.html.

`updatedAfter` and `includeHistory`, which ECB and OECD offer, are not asked for: they give a part
of the figures, or several states of them, and a snapshot is the whole of one state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Rest = Literal["2.1", "3.0"]
Form = Literal["xml", "generic", "json", "csv"]
ServiceName = Literal[
    "ecb", "eurostat", "eurostat_3", "imf", "imf_3", "imf_registry", "nsdp_viet_nam", "oecd",
    "oecd_3",
]

# What asks for a form in the header Accept, by version of the interface.
ACCEPT: Mapping[tuple[Rest, Form], str] = {
    ("2.1", "xml"): "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    ("2.1", "generic"): "application/vnd.sdmx.genericdata+xml;version=2.1",
    ("2.1", "json"): "application/vnd.sdmx.data+json;version=1.0.0",
    ("2.1", "csv"): "application/vnd.sdmx.data+csv;version=1.0.0",
    ("3.0", "xml"): "application/vnd.sdmx.data+xml;version=3.0.0",
    ("3.0", "json"): "application/vnd.sdmx.data+json;version=2.0.0",
    ("3.0", "csv"): "application/vnd.sdmx.data+csv;version=2.0.0",
}


@dataclass(frozen=True)
class Service:
    """A service, and how it differs from what the standard says.

    agency: of its flows, where it is one.
    names_flow_alone: the path has the flow without agency and version.
    all_series: the key for everything; "" leaves it out.
    forms: what asks for a form; parameters, or None for the header Accept.
    packed: the parameter that asks for a gzip file.
    tells_updates: how it tells when a flow was updated, see `last_update.py`.
    is_folder: a folder with a message for each flow, nothing else.
    """

    base_url: str
    rest: Rest = "2.1"
    agency: str | None = None
    names_flow_alone: bool = False
    all_series: str = "all"
    forms: Mapping[Form, Mapping[str, str] | None] = field(default_factory=dict)
    packed: Mapping[str, str] | None = None
    tells_updates: Literal["annotation", "constraint"] | None = None
    is_folder: bool = False


def _standard(rest: Rest) -> dict[Form, Mapping[str, str] | None]:
    return dict.fromkeys(form for version, form in ACCEPT if version == rest)


SERVICES: Mapping[ServiceName, Service] = {
    "ecb": Service(
        "https://data-api.ecb.europa.eu/service", agency="ECB",
        forms={"xml": None, "generic": None, "json": {"format": "jsondata"}},
    ),
    "eurostat": Service(
        "https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1", agency="ESTAT",
        names_flow_alone=True, all_series="",
        forms={
            "xml": {"format": "SDMX_2.1_STRUCTURED"}, "generic": {},
            "csv": {"format": "SDMX-CSV"},
        },
        packed={"compressed": "true"}, tells_updates="annotation",
    ),
    "eurostat_3": Service(
        "https://ec.europa.eu/eurostat/api/dissemination/sdmx/3.0", "3.0", "ESTAT",
        all_series="", forms={"csv": {"format": "csvdata", "formatVersion": "2.0"}},
        packed={"compress": "true"}, tells_updates="annotation",
    ),
    "imf": Service("https://api.imf.org/external/sdmx/2.1", forms=_standard("2.1")),
    "imf_3": Service(
        "https://api.imf.org/external/sdmx/3.0", "3.0", all_series="*", forms=_standard("3.0")
    ),
    "imf_registry": Service(
        "https://sdmxcentral.imf.org/ws/public/sdmxapi/rest", forms=_standard("2.1")
    ),
    "oecd": Service(
        "https://sdmx.oecd.org/public/rest",
        forms={
            "xml": None, "generic": None, "json": {"format": "jsondata"},
            "csv": {"format": "csvfile"},
        },
        tells_updates="constraint",
    ),
    "oecd_3": Service(
        "https://sdmx.oecd.org/public/rest/v2", "3.0", all_series="*",
        forms={"json": {"format": "jsondata"}, "csv": {"format": "csvfile"}},
        tells_updates="constraint",
    ),
    "nsdp_viet_nam": Service(
        "https://nsdp.gso.gov.vn/GSO-chung/SDMXFiles", forms={}, is_folder=True
    ),
}


def standard_service(base_url: str, rest: Rest) -> Service:
    """Return a service that does as the standard says."""
    return Service(
        base_url, rest, all_series="all" if rest == "2.1" else "*", forms=_standard(rest)
    )
