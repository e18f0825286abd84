"""Choosing the transport of a request by the scheme of its URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sources.base import Request, SourceFile, Transport, Validators


@dataclass(frozen=True)
class TransportByScheme:
    """Carries `file:` requests with `files`, and all others with `web`."""

    files: Transport
    web: Transport

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Send the request with the transport of its scheme; see `Transport`."""
        chosen = self.files if request.url.startswith("file:") else self.web
        return chosen.send(request, validators, target)
