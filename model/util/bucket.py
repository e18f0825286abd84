"""A bucket on an S3-compatible server: objects with conditional writes, errors in plain words.

Endpoint, region and credentials are those of the AWS SDK's own variables and files
(`AWS_ENDPOINT_URL_S3`, `AWS_ACCESS_KEY_ID`, …). Conditional writes are what commits rest on
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from model.errors import OpenIndicatorsError, StoreError

_ABSENT = ("404", "NoSuchKey", "NotFound")
_LOST = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict", *_ABSENT)
_PIECE = 1 << 20  # bytes


@dataclass(frozen=True)
class Bucket:
    """A bucket, or a folder in one: `s3://BUCKET/FOLDER`.

    Every method raises StoreError where the server refuses or cannot be reached.
    """

    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise OpenIndicatorsError(
                f"{self.url!r} is not the address of a bucket",
                todo="give s3://BUCKET or s3://BUCKET/FOLDER",
            )
        if find_spec("boto3") is None:
            raise OpenIndicatorsError(
                "a bucket needs the package boto3", todo="pip install 'openindicators[s3]'"
            )

    def get(self, name: str) -> tuple[str, bytes] | None:
        """Return ETag and bytes of an object; None where there is none."""
        with self._errors(name):
            try:
                answer = self._client.get_object(**self._key(name))
            except _client_error() as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return answer["ETag"], answer["Body"].read()

    def etag(self, name: str) -> str | None:
        """Return an object's ETag; None where there is none."""
        with self._errors(name):
            try:
                etag: str = self._client.head_object(**self._key(name))["ETag"]
            except _client_error() as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
        return etag

    def download(self, name: str, target: Path) -> str:
        """Write the object `name` to the file `target`; return the SHA-256 of what was written."""
        digest = hashlib.sha256()
        with self._errors(name), target.open("wb") as file:
            body = self._client.get_object(**self._key(name))["Body"]
            for piece in body.iter_chunks(_PIECE):
                digest.update(piece)
                file.write(piece)
        return digest.hexdigest()

    def upload(self, name: str, path: Path, sha256: str, **headers: str) -> None:
        """Put the file at `path` as `name`; the server accepts only what has the checksum `sha256`.

        `headers` are those that it is served with, as boto3 names them (`ContentType`, …).
        """
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with self._errors(name), path.open("rb") as file:
            self._client.put_object(
                **self._key(name), Body=file, ChecksumSHA256=checksum, **headers
            )

    def replace(self, name: str, data: bytes, etag: str | None) -> str | None:
        """Put `data` in place of the object `name` that has an `etag`, or None: of none.

        Returns:
            The new ETag; None where another one has taken its place, and nothing was written.
        """
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        with self._errors(name):
            try:
                answer = self._client.put_object(**self._key(name), Body=data, **condition)
            except _client_error() as error:
                if error.response["Error"]["Code"] in _LOST:
                    return None
                raise
        new: str = answer["ETag"]
        return new

    def remove(self, name: str) -> None:
        """Remove an object, if there is one."""
        with self._errors(name):
            self._client.delete_object(**self._key(name))

    def etags(self, folder: str) -> Iterator[tuple[str, str]]:
        """Yield name and ETag of each object of a folder, which ends in a slash."""
        where = self._key(folder)
        with self._errors(folder):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=where["Bucket"], Prefix=where["Key"]
            ):
                for item in page.get("Contents", ()):
                    yield folder + item["Key"].removeprefix(where["Key"]), item["ETag"]

    def _key(self, name: str) -> dict[str, str]:
        parts = urlsplit(self.url)
        folder = parts.path.strip("/")
        return {"Bucket": parts.netloc, "Key": f"{folder}/{name}" if folder else name}

    @property
    def _client(self) -> Any:
        return _client(os.getpid())  # a connection must not be shared with a forked worker

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            yield
        except (BotoCoreError, _client_error()) as error:
            raise StoreError(
                f"the bucket refuses or cannot be reached: {error}", where=f"{self.url}/{name}",
                todo="check address, credentials and rights (docs/deploy.md), then run again:"
                " nothing is lost, the data folder has what was not put",
            ) from error


@lru_cache(maxsize=1)
def _client(process: int) -> Any:  # kept for each process
    import boto3  # noqa: PLC0415 (an extra, and half a second)
    from botocore.config import Config  # noqa: PLC0415

    # Servers other than Amazon's refuse checksums that they do not know in each request.
    return boto3.client("s3", config=Config(
        request_checksum_calculation="when_required", retries={"mode": "standard"},
        response_checksum_validation="when_required",
    ))


def _client_error() -> Any:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    return ClientError
