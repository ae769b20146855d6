"""A mail server of our own, with TLS, that takes what comes, refuses it, or dies over it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DIES = "dies"
"""What is said instead of an answer: the connection is gone."""


class Inbox:
    """A mail server's own part.

    Attributes:
        taken: what it took.
        to_address, to_content: what it answers to the next address, or content, once each.
    """

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.to_address: list[str] = []
        self.to_content: list[str] = []

    async def handle_RCPT(  # noqa: N802 - its name is aiosmtpd's
        self, _server: Any, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take an address, or refuse it."""
        if self.to_address:
            return self.to_address.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 taken"

    async def handle_DATA(  # noqa: N802 - its name is aiosmtpd's
        self, server: Any, _session: object, envelope: Envelope
    ) -> str:
        """Take an e-mail, or refuse it; one that dies over it has it, and says nothing."""
        answer = self.to_content.pop(0) if self.to_content else "250 taken"
        if answer.startswith("250") or answer == DIES:
            self.taken.append(envelope)
        if answer == DIES:
            server.transport.abort()
        return answer


@contextmanager
def serving(
    inbox: Inbox, *, first: ssl.SSLContext | None = None, then: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Run a mail server, and give its port: with TLS first, or by STARTTLS, or without."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def made() -> SMTP:
        return SMTP(inbox, hostname="localhost", tls_context=then, require_starttls=bool(then))

    async def begin() -> asyncio.Server:
        return await loop.create_server(made, "localhost", 0, ssl=first)

    async def end() -> None:
        server.close()
        await server.wait_closed()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(60)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def write_certificate(file: Path) -> None:
    """Write a key and a certificate of localhost, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )


def context_of(certificate: Path) -> ssl.SSLContext:
    """Return what a server does TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
