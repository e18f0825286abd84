"""The protocols, each named once."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from model.declarations.connectors import Connectors
from model.declarations.source import Source
from model.errors import DeclarationError
from model.util.text import did_you_mean
from sources.base import SourceProtocol
from sources.connectors import ckan, da_nang_portal, files, gho, hxl, uis, worldbank, worldbank_bulk
from sources.connectors.pxweb import v1, v2
from sources.connectors.sdmx import connector

PROTOCOLS: Mapping[str, SourceProtocol] = {
    ckan.name: ckan,
    da_nang_portal.name: da_nang_portal,
    files.name: files,
    gho.name: gho,
    hxl.name: hxl,
    v1.name: v1,
    v2.name: v2,
    connector.name: connector,
    uis.name: uis,
    worldbank.name: worldbank,
    worldbank_bulk.name: worldbank_bulk,
}
CONNECTORS = Connectors(PROTOCOLS)


def protocol(name: str) -> SourceProtocol:
    """Return the protocol of that name.

    Raises:
        DeclarationError: there is none; the nearest name is given.
    """
    found = PROTOCOLS.get(name)
    if found is None:
        raise DeclarationError(
            f"unknown protocol {name!r}", todo=did_you_mean(name, set(PROTOCOLS))
        )
    return found


def options_of(source: Source) -> BaseModel:
    """Return a source's options as its connector's own type.

    A declaration that was loaded with CONNECTORS has them already; one that a release keeps has
    them as plain data.

    Raises:
        DeclarationError: the protocol is unknown.
        pydantic.ValidationError: an option is wrong.
    """
    if isinstance(source.options, BaseModel):
        return source.options
    return protocol(source.protocol).Options.model_validate(source.options)
