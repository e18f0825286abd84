"""Signatures of heads and of new keys, in minisign's format.

The plain variant without a hash before it, because a browser can verify that with WebCrypto. Keys
are files of the `minisign` tool, without a password: a run that nobody watches has none to give.
"""

import os
from pathlib import Path

from minisign import Error, KeyPair, PublicKey, SecretKey, Signature

from model.errors import PortalError
from model.records.buildinfo import Statement

_TODO = "give a key made by `openindicators keys new FILE`, or by `minisign -G -W`"


class SigningKey:
    """A secret key; its public part is `public`, a line of base64 that starts with "RW"."""

    def __init__(self, secret: SecretKey) -> None:
        self._secret = secret
        self.public = secret.get_public_key().to_base64().decode()

    @classmethod
    def read(cls, path: Path) -> "SigningKey":
        """Read the key in the file `path`.

        Raises:
            PortalError: there is none, or it has a password.
        """
        try:
            secret = SecretKey.from_file(path)
        except OSError as error:
            raise PortalError(
                f"the signing key cannot be read: {error.strerror}", where=str(path), todo=_TODO
            ) from error
        except (Error, ValueError) as error:
            raise PortalError(
                f"this is no signing key: {error}", where=str(path), todo=_TODO
            ) from error
        if secret.is_encrypted():
            raise PortalError("the signing key has a password", where=str(path), todo=_TODO)
        return cls(secret)

    def sign(self, text: str) -> str:
        """Return the signature of a `text`, as minisign's file has it."""
        made = self._secret.sign(
            text.encode(), prehash=False, untrusted_comment="openindicators",
            trusted_comment="openindicators",
        )
        return bytes(made).decode()


def new_key(path: Path) -> str:
    """Write a new secret key to the file `path`, which only its owner can read.

    Returns:
        The public key.

    Raises:
        PortalError: there is a file of that name, or it cannot be written.
    """
    pair = KeyPair.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise PortalError(
            f"the key cannot be written: {error.strerror}", where=str(path),
            todo="give the name of a new file",
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(pair.secret_key) + b"\n")
    return pair.public_key.to_base64().decode()


def is_signed(text: str, signature: str, public: str) -> bool:
    """Whether a `text` has the `signature` of the key whose public part is `public`."""
    try:
        made = Signature.from_bytes(signature.encode())
        PublicKey.from_base64(public).verify(text.encode(), made)
    except (Error, ValueError):
        return False
    return True


def signed_statement(data: bytes, where: str) -> Statement:
    """Return the builder's statement in a file (`data`), signed by the key that it names.

    Raises:
        PortalError: it is none, or its signature is not right; `where` it is.
    """
    try:
        found = Statement.model_validate_json(data)
    except ValueError as error:
        raise PortalError(
            f"this is no builder's statement: {error}", where=where,
            todo="take the file that `openindicators rebuild SITE --statement FILE` wrote",
        ) from error
    if not is_signed(found.text, found.signature, found.key):
        raise PortalError(
            "the statement is not signed by the key that it names", where=where,
            todo="remove it, and ask the builder for the file again",
        )
    return found
