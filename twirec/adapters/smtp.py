"""E-mail by a server of the company's, over TLS: without it nothing is sent."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from twirec.model.errors import MailNotSent, MailRefused, MailServerUnusable

PATIENCE = 20
"""Seconds for which somebody waits for the server."""

FOR_GOOD = 500
"""From this code on the same e-mail would be refused again (RFC 5321, 4.2.1)."""


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


def send(content: bytes, sender: str, to: str, server: MailServer) -> None:
    """Hand an e-mail over. On return the server has taken it.

    Args:
        content: the e-mail as it is sent, in ASCII.
        sender: from whom it is, with a name or without.
        to: to whom.
        server: to which server.

    Raises:
        MailRefused: the server refuses the address or the e-mail for good (5xx).
        MailServerUnusable: it offers no TLS, its certificate is not accepted, or it refuses who
            sends.
        MailNotSent: it has not taken it, or nobody knows. Each message says why, and names nobody.
    """
    context = ssl.create_default_context()
    try:
        session = _connect(server, context)
        try:
            if server.user:
                session.login(server.user, server.password)
            session.sendmail(parseaddr(sender)[1], [to], content)
        finally:  # what was taken is taken, however the server says goodbye
            with suppress(smtplib.SMTPException, OSError):
                session.quit()
    except smtplib.SMTPException as error:
        raise _judged(error) from error
    except ssl.SSLCertVerificationError as error:
        raise MailServerUnusable(
            f"The mail server's certificate was not accepted: {error.verify_message}."
        ) from error
    except OSError as error:
        raise MailNotSent(f"The mail server took nothing: {type(error).__name__}.") from error


def _judged(error: smtplib.SMTPException) -> MailNotSent:
    """Return what a refusal means. What a server says beside its code may name somebody."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return MailServerUnusable(
                "The mail server offers no TLS (STARTTLS), or takes no password over it: nothing "
                "was sent."
            )
        case smtplib.SMTPAuthenticationError() if error.smtp_code >= FOR_GOOD:
            return MailServerUnusable(
                "The mail server refused user and password (TWIREC_SMTP_URL)."
            )
        case smtplib.SMTPRecipientsRefused():
            code = max((code for code, _ in error.recipients.values()), default=0)
            return _by_code(code, "The mail server refused the address")
        case smtplib.SMTPSenderRefused() if error.smtp_code >= FOR_GOOD:
            return MailServerUnusable(
                f"The mail server refused the sender (TWIREC_SMTP_FROM): {error.smtp_code}."
            )
        case smtplib.SMTPDataError():
            return _by_code(error.smtp_code, "The mail server refused the e-mail")
    return MailNotSent(f"The mail server took nothing: {type(error).__name__}.")


def _by_code(code: int, what: str) -> MailNotSent:
    if code >= FOR_GOOD:
        return MailRefused(f"{what} for good: {code}.")
    return MailNotSent(f"{what} for now: {code}.")


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
