"""E-mail by a server of the company's, over TLS: without it nothing is sent."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from twirec.model.errors import MailNotSent

PATIENCE = 20
"""Seconds for which somebody waits for the server."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mails are handed over.

    Attributes:
        host, port: of the server.
        begins_with_tls: whether TLS comes first (RFC 8314, port 465), or by STARTTLS (port 587).
        user, password: empty for none.
    """

    host: str
    port: int
    begins_with_tls: bool
    user: str = ""
    password: str = field(default="", repr=False)


def read_server(url: str) -> MailServer:
    """Return the server of the settings: `smtps://user:password@host` or `smtp://…:587`.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/"):
        raise ValueError(
            "write smtps://user:password@mail.example.com, or smtp://… for STARTTLS; special "
            "characters of the password as %40."
        )
    first = parts.scheme == "smtps"
    return MailServer(
        parts.hostname,
        parts.port or (465 if first else 587),
        first,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def send(message: EmailMessage, server: MailServer) -> None:
    """Hand an e-mail over. On return the server has taken it for everybody.

    Raises:
        MailNotSent: it has not, or nobody knows; the message says why, and names nobody.
    """
    context = ssl.create_default_context()
    try:
        with _connect(server, context) as session:
            if server.user:
                session.login(server.user, server.password)
            session.send_message(message)
    except smtplib.SMTPNotSupportedError as error:
        raise MailNotSent(
            "The mail server offers no TLS (STARTTLS), or takes no password over it: nothing was "
            "sent."
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailNotSent("The mail server refused user and password (TWIREC_SMTP_URL).") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise MailNotSent("The mail server refused the address.") from error
    except ssl.SSLError as error:
        raise MailNotSent(
            f"The mail server's certificate was not accepted: {error.reason}."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailNotSent(f"The mail server took nothing: {type(error).__name__}.") from error


def _connect(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    where = (server.host, server.port)
    if server.begins_with_tls:
        return smtplib.SMTP_SSL(*where, timeout=PATIENCE, context=context)
    session = smtplib.SMTP(*where, timeout=PATIENCE)
    try:
        session.starttls(context=context)
    except BaseException:
        session.close()
        raise
    return session
