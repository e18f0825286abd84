"""A webhook and a mail server (aiosmtpd) on this machine, which keep what they are told."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@contextmanager
def webhook(status: int = 204, silent: bool = False) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give the address of a webhook, and the list of what it was told.

    Args:
        status: of its answers.
        silent: it takes what it is told, and never ends its answer.
    """
    told: list[dict[str, Any]] = []
    over = threading.Event()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if silent:
                over.wait()
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}/secret", told
        over.set()


@contextmanager
def mail_server(
    security: str = "plain", authority: trustme.CA | None = None
) -> Iterator[tuple[str, list[EmailMessage]]]:
    """Give the address of a mail server, and the letters that came.

    To whom the sender's program addressed a letter, whatever it says itself, is in its header
    `X-Delivered-To`.

    Args:
        security: "plain"; or "starttls" or "tls", where it takes letters of "user" with the
            password "secret" alone.
        authority: vouches for the server's certificate.
    """
    letters: list[EmailMessage] = []
    options: dict[str, Any] = {}
    if security != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (authority or trustme.CA()).issue_cert("127.0.0.1").configure_cert(context)
        options = {"auth_required": True, "authenticator": _knows_user}
        if security == "tls":
            options |= {"ssl_context": context, "auth_require_tls": False}  # it is inside already
        else:
            options |= {"tls_context": context, "require_starttls": True}

    class Postbox:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            assert isinstance(envelope.content, bytes)
            letter = message_from_bytes(envelope.content, policy=policy.default)
            letter["X-Delivered-To"] = ", ".join(envelope.rcpt_tos)
            letters.append(letter)
            return "250 OK"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Postbox(), hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield f"{_SCHEMES[security]}127.0.0.1:{port}", letters
    finally:
        controller.stop()


_SCHEMES = {
    "plain": "smtp+plain://", "starttls": "smtp://user:secret@", "tls": "smtps://user:secret@",
}


def _knows_user(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    return AuthResult(success=login == LoginPassword(b"user", b"secret"))


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[None]:
    """Let a server answer for as long as the context lasts."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
