"""Strict reading of TwiML: what is not known here is refused, never skipped.

Verbs and attributes: https://www.twilio.com/docs/voice/twiml. Twilio only warns of some of what
is refused here; an app that passes here passes there.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from twirec.sandbox.grammar import ATTRIBUTES, CHILDREN, ELSEWHERE, WITH_SPEECH, WITH_TEXT
from twirec.sandbox.limits import cannot
from twirec.sandbox.official import official

HTTP_FAILED = 11200
BAD_DOCUMENT = 12100
BAD_SCHEMA = 12200
BAD_CONTENT_TYPE = 12300

_CONTENT_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


class TwimlError(Exception):
    """A document cannot be fetched or understood: what Twilio calls an application error.

    Attributes:
        code: Twilio's number for it (https://www.twilio.com/docs/api/errors).
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb or noun of TwiML, checked. The sound is that of a Play that came itself."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple[Verb, ...]
    sound: bytes = b""

    def get(self, attribute: str, default: str) -> str:
        """Return an attribute's value."""
        return self.attributes.get(attribute, default)

    def seconds(self, attribute: str, default: int) -> int:
        """Return an attribute that is a whole number, mostly of seconds."""
        return int(self.attributes.get(attribute, default))

    def __str__(self) -> str:
        words = "".join(f" {name}={value!r}" for name, value in self.attributes.items())
        inside = self.text
        if self.name not in WITH_SPEECH:  # whose text has that of its children
            inside += "".join(map(str, self.children))
        return f"<{self.name}{words}>{inside}</{self.name}>" if inside else f"<{self.name}{words}/>"

    @property
    def whole_text(self) -> str:
        """Its text, and that of what is inside it."""
        if self.name in WITH_SPEECH:
            return self.text
        return " ".join(filter(None, (self.text, *(each.whole_text for each in self.children))))

    def has(self, attributes: Mapping[str, str]) -> bool:
        """Return whether it and what is inside it have all these attributes."""
        lacking = dict(attributes.items() - self.attributes.items())
        return not lacking or all(
            any(child.has({name: value}) for child in self.children)
            for name, value in lacking.items()
        )

    def flag(self, attribute: str) -> bool:
        """Return an attribute that is true or false; false when it is not there."""
        return self.attributes.get(attribute) == "true"


def parse(body: bytes, content_type: str) -> tuple[Verb, ...]:
    """Return the verbs of a document.

    Raises:
        TwimlError: 12300 for another content type, 12100 for what is not XML, 12200 for a verb,
            noun, attribute, value or text that does not belong there.
        Unsupported: Twilio may understand it; the sandbox does not.
    """
    if content_type not in _CONTENT_TYPES:
        raise TwimlError(BAD_CONTENT_TYPE, f"{content_type} is no content type of TwiML")
    try:
        root = ET.fromstring(body)  # noqa: S314 - from the app under test
    except ET.ParseError as error:
        raise TwimlError(BAD_DOCUMENT, f"this is not XML: {error}") from error
    if root.tag != "Response":
        raise TwimlError(BAD_DOCUMENT, f"the root is {root.tag}, not Response")
    return _verb(root).children


def _verb(element: ET.Element) -> Verb:
    for name, value in _attributes(element).items():
        _check_attribute(element.tag, name, value)
    for child in element:
        if child.tag not in CHILDREN.get(element.tag, ()):
            if official().has_child(element.tag, child.tag):
                raise cannot(f"{child.tag} in {element.tag}")
            raise TwimlError(BAD_SCHEMA, f"{child.tag} does not belong into {element.tag} here")
    if element.tag in WITH_SPEECH:
        children = tuple(_verb(child) for child in element)
        return Verb(element.tag, _attributes(element), _spoken(element), children)
    text = (element.text or "").strip()
    if (text and element.tag not in WITH_TEXT) or any((c.tail or "").strip() for c in element):
        raise TwimlError(BAD_SCHEMA, f"there is text in {element.tag} that does not belong there")
    return Verb(element.tag, _attributes(element), text, tuple(_verb(c) for c in element))


def _attributes(element: ET.Element) -> dict[str, str]:
    xml = "{http://www.w3.org/XML/1998/namespace}"
    return {name.replace(xml, "xml:"): value for name, value in element.attrib.items()}


def _spoken(element: ET.Element) -> str:
    """Return what is said: the text of all that is inside, an alias instead of what it is for."""
    parts = [element.get("alias") or element.text or ""]
    for child in element:
        parts += [_spoken(child), child.tail or ""]
    return " ".join("".join(parts).split())


def _check_attribute(tag: str, name: str, value: str) -> None:
    known = ATTRIBUTES[tag]
    if name not in known:
        if official().has_attribute(tag, name):
            raise cannot(f"{tag} {name}")
        raise TwimlError(BAD_SCHEMA, f"{tag} has no attribute {name} here")
    if not re.fullmatch(known[name], value):
        if re.fullmatch(ELSEWHERE.get((tag, name), "(?!)"), value):
            raise cannot(f"{tag} {name}={value!r}")
        raise TwimlError(BAD_SCHEMA, f"{tag} {name}={value!r} is not allowed")
