"""Talking to CKAN's action API, one call at a time, and knowing what is known afterwards.

Our own and not ckanapi: that one never retries, takes every answer that is not 2xx JSON for a
refusal, and holds a whole upload in memory. Here an answer is one of three things:

- a result;
- `Refused`: CKAN said no in its own words; asking again would be in vain;
- `Unknown`: no answer, or one that CKAN did not write (502, 504, HTML, cut short). The server may
  have done what was asked, or may still do it: look before trying again.

Reads are tried again by themselves. Writes never are: see `settle`.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from model.errors import PortalError

# Seconds to wait before another attempt; a portal that restarts is back within them.
WAITS = (0.3, 1.0, 3.0, 8.0)
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
CHECKSUMS = "openindicators_checksums"
UPLOAD_SECONDS = 600.0  # for the server to take in a large file and index the package


class Refused(PortalError):
    """CKAN refused; `status` is HTTP's, `error` CKAN's own dictionary."""

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", status: int, error: dict[str, Any]
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.status = status
        self.error = error

    @property
    def missing(self) -> bool:
        """Whether what was asked for is not there."""
        return self.status == 404

    @property
    def unmatched(self) -> bool:
        """Whether a revision did not find what it was told to match: somebody was quicker."""
        return "match" in self.error

    def says(self, field: str) -> str:
        """Return CKAN's words on a field, or ""."""
        return _words(self.error.get(field, ""))


class Unknown(PortalError):
    """No answer that CKAN wrote: what was asked may or may not have been done."""


@dataclass(frozen=True)
class Upload:
    """A file to send: under which name of the form, and as which media type."""

    field: str
    path: Path
    media_type: str


class Client:
    """A portal's address and the right to write to it.

    Args:
        address: of the portal, e.g. https://congdulieu.vn
        token: of an account that may edit; sent with every request, shown nowhere.
        transport: how requests travel (for tests).
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        timeout: httpx.Timeout = TIMEOUT,
        waits: tuple[float, ...] = WAITS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self.waits = waits
        self._token = token
        self._has_checksums = True  # until it says that it has not
        self._timeout = timeout
        self._http = httpx.Client(
            headers={"Authorization": token, "User-Agent": "OpenIndicators"},
            timeout=timeout,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"Client({self.address})"

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def read(self, action: str, **parameters: Any) -> Any:
        """Ask for something that changes nothing; try again while there is no answer.

        Raises:
            Refused: CKAN's own words; `missing` when it is not there.
            Unknown: no answer after all attempts.
        """
        return self.again(lambda: self.call(action, parameters))

    def again(self, ask: Callable[[], Any]) -> Any:
        """Repeat something that may be repeated, while its outcome is unknown."""
        for wait in self.waits:
            try:
                return ask()
            except Unknown:
                pause(wait)
        return ask()

    def call(
        self, action: str, data: Mapping[str, Any], uploads: tuple[Upload, ...] = ()
    ) -> Any:
        """Call an action once. With uploads, values travel as JSON text in a multipart form.

        Raises:
            Refused, Unknown: see the top of this module.
        """
        url = f"{self.address}/api/3/action/{action}"
        if not uploads:
            return self._result(action, lambda: self._http.post(url, json=dict(data)))
        form = {key: _form_value(value) for key, value in data.items()}
        files = []
        try:
            for upload in uploads:
                file = upload.path.open("rb")
                files.append((upload.field, (upload.path.name, file, upload.media_type)))
            timeout = httpx.Timeout(UPLOAD_SECONDS, connect=10.0)
            if self._timeout is not TIMEOUT:
                timeout = self._timeout
            return self._result(
                action, lambda: self._http.post(url, data=form, files=files, timeout=timeout)
            )
        finally:
            for _, (_, file, _) in files:
                file.close()

    def checksums(self, package: str) -> dict[str, tuple[int, str]] | None:
        """Let the portal itself read the files of a dataset.

        Returns:
            Length in bytes and SHA-256 by the resource's id; None where the portal does without
            our extension (ckanext-openindicators) and each file must be downloaded.

        Raises:
            Refused, Unknown: as `read`.
        """
        if not self._has_checksums:
            return None
        try:
            found = self.read(CHECKSUMS, id=package)
        except Refused as error:
            if error.status != 400:  # CKAN's answer to an action that it has not
                raise
            self._has_checksums = False
            return None
        return {id_: (file["size"], file["sha256"]) for id_, file in found.items()}

    def checksum(self, path: str) -> tuple[int, str]:
        """Download a file of the portal and return its length in bytes and its SHA-256.

        Args:
            path: address on the portal, from the slash on.

        Raises:
            Refused: it is not there, or not to be had; Unknown: no whole answer.
        """
        return self.again(lambda: self._checksum(path))

    def _checksum(self, path: str) -> tuple[int, str]:
        digest, length = hashlib.sha256(), 0
        try:
            with self._http.stream("GET", self.address + path, follow_redirects=True) as answer:
                if answer.status_code >= 500:
                    raise Unknown(f"answered {answer.status_code}", where=self._where(path))
                if answer.status_code != 200:
                    raise Refused(
                        f"a file cannot be downloaded again: {answer.status_code}",
                        where=self._where(path), todo="run `publish` again",
                        status=answer.status_code, error={},
                    )
                for piece in answer.iter_raw():
                    digest.update(piece)
                    length += len(piece)
        except httpx.HTTPError as error:
            raise self._unanswered(path, error) from None
        return length, digest.hexdigest()

    def _result(self, action: str, ask: Callable[[], httpx.Response]) -> Any:
        try:
            answer = ask()
        except httpx.HTTPError as error:
            raise self._unanswered(action, error) from None
        body = _json(answer)
        if body is None or "success" not in body:
            raise self._no_ckan(action, answer)
        if answer.status_code >= 500:
            raise Unknown(
                f"failed inside ({answer.status_code}: {_words(body.get('error', ''))})",
                where=self._where(action),
                todo="see the portal's log, and whether its disk is full; then run `publish`"
                " again: it goes on where it stopped, and readers still get the old release",
            )
        if not body["success"]:
            raise self._refusal(action, answer.status_code, body.get("error") or {})
        return body["result"]

    def _where(self, place: str) -> str:
        return f"{self.address} · {place.rsplit('/', maxsplit=1)[-1] or place}"

    def _unanswered(self, place: str, error: httpx.HTTPError) -> Unknown:
        what = str(error) or type(error).__name__
        if isinstance(error, httpx.TimeoutException):
            what = "did not answer in time"
        return Unknown(
            self._safe(f"the portal gave no answer: {what}"), where=self._where(place),
            todo="check the address and that the portal is up; then run `publish` again: it"
            " goes on where it stopped",
        )

    def _no_ckan(self, action: str, answer: httpx.Response) -> PortalError:
        """An answer that CKAN's API did not write: of a proxy before it, or of another site."""
        status = answer.status_code
        if status == 413:
            return Refused(
                "the upload is larger than the portal takes (413)", where=self._where(action),
                todo="raise ckan.max_resource_size, and the limit of the proxy before CKAN",
                status=status, error={},
            )
        if 300 <= status < 500 and status not in (408, 425, 429):
            return Refused(
                f"is no CKAN: it answered {status} and not the action API's JSON",
                where=self._where(action), todo="check OPENINDICATORS_CKAN_URL",
                status=status, error={},
            )
        return Unknown(
            f"answered {status} with something that CKAN did not write",
            where=self._where(action), todo="wait until the portal is well, then run `publish`"
            " again: it goes on where it stopped",
        )

    def _refusal(self, action: str, status: int, error: dict[str, Any]) -> Refused:
        said = self._safe(_words({k: v for k, v in error.items() if k != "__type"}))
        todo = "mend what CKAN names, then run `publish` again"
        if status in (401, 403):
            todo = (
                "check the token: it may be revoked, or its account lacks the right"
                " (editor of the organisation; creating organisations and groups needs more)"
            )
        return Refused(
            f"CKAN refused ({status}): {said}", where=self._where(action), todo=todo,
            status=status, error=error,
        )

    def _safe(self, text: str) -> str:
        return text.replace(self._token, "***") if self._token else text


def settle(
    client: Client, act: Callable[[], None], reached: Callable[[], bool]
) -> None:
    """Do something once, whatever becomes of the answer.

    Where the outcome is unknown, look; only if it has not happened, try again, a few times.

    Args:
        act: the write. It must fail, and change nothing, when it has been done already.
        reached: whether the portal is as `act` would leave it.

    Raises:
        Refused: CKAN's own words. Unknown: not reached after all attempts.
    """
    tried_before = False
    for wait in (*client.waits, None):
        try:
            act()
            return
        except Unknown:
            pause(wait or 0)
            if reached():
                return
            if wait is None:
                raise
            tried_before = True
        except Refused:
            # The server may have finished meanwhile what was cut off before.
            if tried_before and reached():
                return
            raise


def pause(seconds: float) -> None:
    """Wait, with jitter, so that two publishers do not keep in step."""
    time.sleep(seconds * random.uniform(0.75, 1.25))  # noqa: S311


def _form_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _words(error: Any) -> str:
    """Return CKAN's error dictionaries as one line of its own words."""
    if isinstance(error, dict):
        parts = [
            words if key in ("message", "__junk", "__before") else f"{key}: {words}"
            for key, value in error.items()
            if (words := _words(value))
        ]
        return "; ".join(parts)
    if isinstance(error, list):
        return ", ".join(filter(None, map(_words, error)))
    return str(error)
