"""Chooses who carries a request: files from a folder, everything else from another transport."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sources.base import Request, Response, Transport, Validators


@dataclass(frozen=True)
class TransportByScheme:
    """Carries `file:` requests with `files`, and all others with `web`."""

    files: Transport
    web: Transport

    def send(self, request: Request, validators: Validators, target: Path) -> Response:
        """Send the request with the transport of its scheme."""
        chosen = self.files if request.url.startswith("file:") else self.web
        return chosen.send(request, validators, target)
