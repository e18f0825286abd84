"""The connectors, each named once; the `protocol` of a declaration chooses among them."""

from __future__ import annotations

from collections.abc import Mapping

from model.declarations.connectors import Connectors
from model.declarations.source import Source
from model.errors import DeclarationError
from model.util.text import did_you_mean
from sources.base import ConnectorOptions, SourceProtocol
from sources.connectors import ckan, da_nang_portal, files, gho, hxl, uis, worldbank, worldbank_bulk
from sources.connectors.pxweb import v1, v2
from sources.connectors.sdmx import connector as sdmx

_CONNECTORS: tuple[SourceProtocol, ...] = (
    ckan, da_nang_portal, files, gho, hxl, v1, v2, sdmx, uis, worldbank, worldbank_bulk,
)
PROTOCOLS: Mapping[str, SourceProtocol] = {each.name: each for each in _CONNECTORS}
CONNECTORS = Connectors(PROTOCOLS)


def protocol(name: str) -> SourceProtocol:
    """Return the connector of that name.

    Raises:
        DeclarationError: there is none; the nearest name is given.
    """
    found = PROTOCOLS.get(name)
    if found is None:
        raise DeclarationError(
            f"unknown protocol {name!r}", todo=did_you_mean(name, set(PROTOCOLS))
        )
    return found


def options_of(source: Source) -> ConnectorOptions:
    """Return a source's options as its connector's own type.

    A declaration that was loaded with CONNECTORS has them already; one that a release keeps has
    them as plain data.

    Raises:
        DeclarationError: the protocol is unknown.
        pydantic.ValidationError: an option is wrong.
    """
    if isinstance(source.options, ConnectorOptions):
        return source.options
    return protocol(source.protocol).Options.model_validate(source.options)
