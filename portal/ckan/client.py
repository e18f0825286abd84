"""CKAN's action API: one call at a time, and what is known about its outcome.

Built on ckanapi. What it leaves open is decided here: time-outs, repetition, and the outcome of a
call, which is one of three:

- a result;
- `ActionRefused`: CKAN said no; calling again is useless;
- `OutcomeUnknown`: no response, or one that CKAN did not write (502, 504, HTML, cut short). The
  server may have carried out the call, or may do so later: read before writing again.

Reads are repeated while the outcome is unknown. Writes never are: see `write_once`. Only the bytes
of files bypass ckanapi, which holds a whole upload in memory and downloads nothing.
"""

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from ckanapi import RemoteCKAN
from ckanapi.common import reverse_apicontroller_action
from ckanapi.errors import CKANAPIError, ServerIncompatibleError
from requests.adapters import BaseAdapter
from requests_toolbelt import MultipartEncoder

from model.errors import PortalError

# Seconds to wait before another attempt; a portal that restarts is back within them.
WAITS = (0.3, 1.0, 3.0, 8.0)
CONNECT_SECONDS = 10.0
RESPONSE_SECONDS = 60.0
UPLOAD_SECONDS = 600.0  # for the server to take in a large file and index the package
USER_AGENT = "OpenIndicators"
CHECKSUMS = "openindicators_checksums"
CHUNK_BYTES = 1 << 20


class ActionRefused(PortalError):
    """CKAN refused a call; `status` is HTTP's, `error` CKAN's own dictionary."""

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", status: int, error: dict[str, Any]
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.status = status
        self.error = error

    @property
    def missing(self) -> bool:
        """Whether what was asked for does not exist."""
        return self.status == 404

    @property
    def unmatched(self) -> bool:
        """Whether a revision did not find what it had to match: somebody else was quicker."""
        return "match" in self.error

    def message_for(self, field: str) -> str:
        """Return CKAN's message on a field, or ""."""
        return _flatten(self.error.get(field, ""))


class OutcomeUnknown(PortalError):
    """No response that CKAN wrote: the call may or may not have been carried out."""


@dataclass(frozen=True)
class FileUpload:
    """A file to send: the name of its form field, and its media type."""

    field: str
    path: Path
    media_type: str


class CkanClient:
    """A portal's address and the right to write to it.

    address: of the portal, e.g. https://congdulieu.vn
    token: of an account that may edit; sent with every request, part of no message.
    timeout: seconds to wait for a response.
    upload_timeout: the same after files were sent.
    waits: seconds before each further attempt of a read.
    adapter: how requests are transported (for tests).
    """

    def __init__(
        self, address: str, token: str, *, timeout: float = RESPONSE_SECONDS,
        upload_timeout: float = UPLOAD_SECONDS, waits: tuple[float, ...] = WAITS,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self.waits = waits
        self._token = token
        self._timeout = timeout
        self._upload_timeout = upload_timeout
        self._has_checksums = True  # until the portal says that it has not
        self._session = requests.Session()
        self._session.auth = self._authorize  # a header alone is overwritten by ~/.netrc
        self._session.headers["User-Agent"] = USER_AGENT
        if adapter is not None:
            for scheme in ("http://", "https://"):
                self._session.mount(scheme, adapter)
        self._remote = RemoteCKAN(self.address, user_agent=USER_AGENT, session=self._session)

    def __repr__(self) -> str:
        return f"CkanClient({self.address})"

    def read(self, action: str, **parameters: Any) -> Any:
        """Call an action that changes nothing; repeat it while the outcome is unknown.

        Raises ActionRefused with CKAN's own message, and OutcomeUnknown after all attempts.
        """
        return self.repeat(lambda: self.call(action, parameters))

    def read_if_exists(self, action: str, **parameters: Any) -> Any:
        """Read as `read`; None where what is asked for does not exist."""
        try:
            return self.read(action, **parameters)
        except ActionRefused as error:
            if error.missing:
                return None
            raise

    def repeat(self, attempt: Callable[[], Any]) -> Any:
        """Repeat something idempotent while its outcome is unknown."""
        for wait in self.waits:
            try:
                return attempt()
            except OutcomeUnknown:
                pause(wait)
        return attempt()

    def call(
        self, action: str, data: Mapping[str, Any], uploads: tuple[FileUpload, ...] = ()
    ) -> Any:
        """Call an `action` once; raises ActionRefused or OutcomeUnknown.

        `data` are its parameters; with `uploads`, files that go with it, they travel as JSON text
        in a multipart form.
        """
        def check(response: requests.Response, **_: Any) -> None:
            # JSON is UTF-8; to let requests guess takes seconds for a page of rows.
            response.encoding = "utf-8"
            if response.status_code != 200:
                raise self._failure(action, response)

        options = {"timeout": (CONNECT_SECONDS, self._timeout), "hooks": {"response": check}}
        try:
            if uploads:
                return self._send_files(action, data, uploads, options)
            return self._remote.call_action(action, dict(data), requests_kwargs=options)
        except requests.RequestException as error:
            raise self._no_response(action, error) from None
        except (CKANAPIError, ServerIncompatibleError, KeyError):
            raise self._foreign(action, 200) from None

    def _send_files(
        self, action: str, data: Mapping[str, Any], uploads: tuple[FileUpload, ...],
        options: dict[str, Any],
    ) -> Any:
        """Stream files from the disk: ckanapi has the whole form put together in memory."""
        url = f"{self.address}/{self._remote.base_url}{action}"
        fields: dict[str, Any] = {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in data.items()
        }
        with ExitStack() as stack:
            for upload in uploads:
                file = stack.enter_context(upload.path.open("rb"))
                fields[upload.field] = (upload.path.name, file, upload.media_type)
            form = MultipartEncoder(fields)
            options["timeout"] = (CONNECT_SECONDS, self._upload_timeout)
            response = self._session.post(
                url, data=form, headers={"Content-Type": form.content_type},
                allow_redirects=False, **options,
            )
        return reverse_apicontroller_action(url, response.status_code, response.text)

    def checksums(self, package: str) -> dict[str, tuple[int, str]] | None:
        """Let the portal compute the checksums of a package's files: (bytes, SHA-256) by resource.

        None where the portal lacks our extension (ckanext-openindicators) and each file must be
        downloaded.
        """
        if not self._has_checksums:
            return None
        try:
            found = self.read(CHECKSUMS, id=package)
        except ActionRefused as error:
            if error.status != 400:  # CKAN's response to an unknown action
                raise
            self._has_checksums = False
            return None
        return {id_: (file["size"], file["sha256"]) for id_, file in found.items()}

    def checksum(self, path: str) -> tuple[int, str]:
        """Download a file from a path on the portal; return its length in bytes and its SHA-256."""
        return self.repeat(lambda: self._download(path))

    def _download(self, path: str) -> tuple[int, str]:
        digest, length = hashlib.sha256(), 0
        timeout = (CONNECT_SECONDS, self._timeout)
        try:
            with self._session.get(self.address + path, stream=True, timeout=timeout) as response:
                status = response.status_code
                if status >= 500:
                    raise OutcomeUnknown(f"answered {status}", where=self._where(path))
                if status != 200:
                    raise ActionRefused(
                        f"a file cannot be downloaded again: {status}", where=self._where(path),
                        todo="run `publish` again", status=status, error={},
                    )
                # Decoded content: a proxy may compress what the portal sends.
                for chunk in response.iter_content(CHUNK_BYTES):
                    digest.update(chunk)
                    length += len(chunk)
        except requests.RequestException as error:
            raise self._no_response(path, error) from None
        return length, digest.hexdigest()

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = self._token
        return request

    def _where(self, place: str) -> str:
        return f"{self.address} · {place.rsplit('/', maxsplit=1)[-1] or place}"

    def _no_response(self, place: str, error: requests.RequestException) -> OutcomeUnknown:
        timed_out = isinstance(error, requests.Timeout)
        what = "did not answer in time" if timed_out else str(error) or type(error).__name__
        return OutcomeUnknown(
            self._redacted(f"the portal gave no answer: {what}"), where=self._where(place),
            todo="check the address and that the portal is up; then run `publish` again: it"
            " goes on where it stopped",
        )

    def _failure(self, action: str, response: requests.Response) -> PortalError:
        """Classify a response that brings no result."""
        status = response.status_code
        try:
            error = response.json()["error"]
        except (ValueError, TypeError, KeyError):
            return self._foreign(action, status)
        if status >= 500:
            return OutcomeUnknown(
                f"failed inside ({status}: {self._redacted(_flatten(error))})",
                where=self._where(action),
                todo="see the portal's log, and whether its disk is full; then run `publish`"
                " again: it goes on where it stopped, and readers still get the old release",
            )
        if not isinstance(error, dict):
            return self._foreign(action, status)
        todo = "fix what CKAN names, then run `publish` again"
        if status in (401, 403):
            todo = (
                "check the token: it may be revoked, or its account lacks the right"
                " (editor of the organisation; creating organisations and groups needs more)"
            )
        message = _flatten({key: value for key, value in error.items() if key != "__type"})
        return ActionRefused(
            f"CKAN refused ({status}): {self._redacted(message)}", where=self._where(action),
            todo=todo, status=status, error=error,
        )

    def _foreign(self, action: str, status: int) -> PortalError:
        """Classify a response that CKAN's API did not write: a proxy's, or another site's."""
        where = self._where(action)
        if status == 413:
            return ActionRefused(
                "the upload is larger than the portal takes (413)", where=where,
                todo="raise ckan.max_resource_size, and the limit of the proxy before CKAN",
                status=status, error={},
            )
        if 300 <= status < 500 and status not in (408, 425, 429):
            return ActionRefused(
                f"is no CKAN: it answered {status} and not the action API's JSON", where=where,
                todo="check OPENINDICATORS_CKAN_URL", status=status, error={},
            )
        return OutcomeUnknown(
            f"answered {status} with something that CKAN did not write", where=where,
            todo="wait until the portal is well, then run `publish` again: it goes on where it"
            " stopped",
        )

    def _redacted(self, text: str) -> str:
        return text.replace(self._token, "***") if self._token else text


def write_once(
    client: CkanClient, write: Callable[[], object], reached: Callable[[], bool]
) -> None:
    """Write once, whatever becomes of the response.

    Where the outcome is unknown, `reached` reads whether the portal is as `write` would leave it;
    only where it is not, `write` is called again, which must fail and change nothing where it was
    done already. `client` gives the pauses between the attempts. Raises ActionRefused, and
    OutcomeUnknown where it was not reached after all attempts.
    """
    repeated = False
    for wait in (*client.waits, None):
        try:
            write()
            return
        except OutcomeUnknown:
            pause(wait or 0)
            if reached():
                return
            if wait is None:
                raise
            repeated = True
        except ActionRefused:
            # The server may have completed meanwhile what was cut off before.
            if repeated and reached():
                return
            raise


def pause(seconds: float) -> None:
    """Wait, with jitter, so that two publishers do not keep in step."""
    time.sleep(seconds * random.uniform(0.75, 1.25))  # noqa: S311


def _flatten(error: Any) -> str:
    """Return CKAN's nested error messages as one line."""
    if isinstance(error, dict):
        parts = [
            text if key in ("message", "__junk", "__before") else f"{key}: {text}"
            for key, value in error.items()
            if (text := _flatten(value))
        ]
        return "; ".join(parts)
    if isinstance(error, list):
        return ", ".join(filter(None, map(_flatten, error)))
    return str(error)
