"""Requests and answers of the stand-in's server, and Twilio's error bodies."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from twirec.sandbox.limits import STATUS, cannot

# Twilio's error numbers: https://www.twilio.com/docs/api/errors
BAD_REQUEST = 20001
UNAUTHORIZED = 20003
NOT_FOUND = 20404
TIMED_OUT = 20408
CONFLICT = 20409
BUSY = 20429
INTERNAL = 20500
UNAVAILABLE = 20503
NOT_IN_PROGRESS = 21220


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. `path` and `query` are not decoded."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    authorization: str = ""

    @property
    def params(self) -> dict[str, str]:
        """The parameters of the query."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form."""
        return dict(self._fields)

    def words(self, name: str) -> list[str]:
        """The words of a field of a form, which may be there several times."""
        return [word for key, value in self._fields if key == name for word in value.split()]

    @property
    def _fields(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True)

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password of HTTP Basic; empty when there are none."""
        scheme, _, value = self.authorization.partition(" ")
        if scheme.lower() != "basic":
            return "", ""
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Attributes:
        length: `Content-Length`.
        cut_at: how many bytes of the body are sent before the connection closes; None for all.
        delay: real seconds to wait before the first byte.
    """

    status: int
    body: Iterable[bytes] = ()
    length: int = 0
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    delay: float = 0.0


class Refused(Exception):
    """The request is answered with an error: Twilio's by its code, the sandbox's own without."""

    def __init__(
        self, status: int, code: int | None, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.headers = headers or {}
        super().__init__(message)

    def json(self) -> Answer:
        """Return it as the JSON body of https://www.twilio.com/docs/usage/twilios-response."""
        body: dict[str, object] = {"message": str(self), "status": self.status}
        if self.code is not None:
            body |= {"code": self.code, "more_info": self._more_info}
        return json_answer(body, self.status, self.headers)

    def xml(self, status: int | None = None) -> Answer:
        """Return it as the XML that addresses without `.json` answer."""
        known = self.code is not None
        code = f"<Code>{self.code}</Code>" if known else ""
        more = f"<MoreInfo>{self._more_info}</MoreInfo>" if known else ""
        body = (
            "<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException>"
            f"{code}<Message>{escape(str(self))}</Message>"
            f"{more}<Status>{self.status}</Status>"
            "</RestException></TwilioResponse>"
        ).encode()
        return Answer(
            status or self.status, (body,), len(body), "application/xml", dict(self.headers)
        )

    @property
    def _more_info(self) -> str:
        return f"https://www.twilio.com/docs/errors/{self.code}"


def not_found(path: str) -> Refused:
    """Return the refusal for what is not there."""
    return Refused(404, NOT_FOUND, f"The requested resource {path} was not found")


def not_done(what: str) -> Refused:
    """Return the refusal, 501, for what Twilio may do and the sandbox does not."""
    return Refused(STATUS, None, str(cannot(what)))


def known_params(params: Collection[str], known: Collection[str]) -> None:
    """Refuse parameters that the stand-in would have to ignore.

    Raises:
        Refused: 501, naming them.
    """
    if unknown := sorted(set(params) - set(known)):
        raise not_done(f"{', '.join(unknown)} in this request")


def json_answer(
    body: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return a JSON body."""
    content = json.dumps(body, ensure_ascii=False).encode()
    return Answer(
        status, (content,), len(content), "application/json; charset=utf-8", headers or {}
    )
