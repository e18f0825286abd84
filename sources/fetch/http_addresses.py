"""Where HTTP may connect: http and https only, and only addresses of the public internet."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urljoin

import httpx

from model.errors import SourceError
from sources.fetch.http_failures import Again
from sources.urls import safe_url


def parsed_url(url: str) -> httpx.URL:
    """Parse an http or https URL.

    Raises:
        SourceError: it is none.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceError(
            "is not a valid URL", where=safe_url(url), todo="check the URL"
        ) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SourceError(
            "only http and https are supported", where=safe_url(url), todo="check the URL"
        )
    return parsed


def redirected(url: str, response: httpx.Response) -> str:
    """Return the URL to which a response to `url` redirects.

    Raises:
        SourceError: none, not http or https, or from https to http.
    """
    location = response.headers.get("location", "")
    if not location:
        raise SourceError("redirects to nowhere", where=safe_url(url), todo="check the URL")
    after = urljoin(url, location)
    parsed_url(after)
    if url.startswith("https:") and not after.startswith("https:"):
        raise SourceError(
            f"redirects from https to {safe_url(after)}", where=safe_url(url),
            todo="give the final URL, if it can be trusted",
        )
    return after


def addresses_of(host: str, url: str, allow_private: bool) -> list[str]:
    """Resolve a host; refuse it when any of its addresses is not on the public internet.

    Args:
        host: the name, in ASCII.
        url: for messages.
        allow_private: accept addresses of this machine and its network, too.

    Raises:
        SourceError: an address is not public.
        Again: the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Again(f"the name {host!r} cannot be resolved") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise SourceError(
                    f"leads to {address}, an address inside a network, not on the internet",
                    where=safe_url(url), todo="check the URL; a source must be public",
                )
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    An IPv6 address that carries an IPv4 address (mapped, 6to4, Teredo, NAT64) counts as that one.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
