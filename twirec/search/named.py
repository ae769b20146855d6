"""What is said by its name in a search: a case, words of a note or of the call, an agent, a SID."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from twirec.calls.address import looks_like_address
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import Role
from twirec.search.spoken import FILLERS

NAMES = {
    **dict.fromkeys(("case", "caso", "expediente"), "case"),
    **dict.fromkeys(("note", "notes", "nota", "notas"), "note"),
    **dict.fromkeys(("agent", "agente"), "agent"),
}
"""What a part is called, by the word that is said before it."""

SIDES = {
    **dict.fromkeys(("customer", "caller", "client", "cliente"), Role.CUSTOMER),
    **dict.fromkeys(("agent", "agente"), Role.AGENT),
}
"""Who says something, by the word for them."""

_QUOTED = r'"[^"]*"|“[^”]*”|«[^»]*»'
_SIDE = "|".join(SIDES)
_SAYS = "said|says|dicho|dijo|dice"
# `customer said "…"`, `said by the agent: "…"`, `dicho por el cliente "…"`; before all else, since
# words that are looked for may be any
_SAID = (
    rf"(?:(?P<before>{_SIDE})\s+)?(?P<says>{_SAYS})(?![^\W_])"
    rf"(?:\s+(?:by|por)\s+(?:(?:the|el|la)\s+)?(?P<behind>{_SIDE})(?![^\W_]))?"
)
_NAMED = re.compile(
    rf"(?<![^\s,;])(?:{_SAID}|(?P<name>{'|'.join(NAMES)})(?![^\W_]))"
    rf"[ \t]*[:=]?\s*(?P<value>{_QUOTED}|[^\s,;]+)?",
    re.IGNORECASE,
)
_SID = re.compile(r"(?<![^\s,;])(?:CA|RE)[0-9a-fA-F]{32}(?![^\s,;])")
_WORD = re.compile(r"[^\s]+")


@dataclass(frozen=True, slots=True)
class Named:
    """A part of a search that says what it is.

    Attributes:
        part: `case`, `note`, `said`, `agent`, `sid` or `address`.
        value: what was said of it, without quotes.
        start, end: where it stands in the text, `end` exclusive.
        side: who is to have said it.
    """

    part: str
    value: str
    start: int
    end: int
    side: Role | None = None


def named(text: str) -> tuple[str, list[Named]]:
    """Return a text with blanks for what says by itself what it is, and that.

    What is left is as long as the text, so that each word stays where it was.

    Args:
        text: what was typed.

    Raises:
        InvalidQuery: a name is followed by nothing, or something is said twice.
    """
    text = unicodedata.normalize("NFC", text)
    found: list[Named] = []
    for read in (_by_name, _sids, _addresses):
        for each in read(text):
            if any(other.part == each.part for other in found):
                raise InvalidQuery(f"search: {each.value!r} is a second {each.part}; give one.")
            found.append(each)
            text = text[: each.start] + " " * (each.end - each.start) + text[each.end :]
    return text, sorted(found, key=lambda each: each.start)


def _by_name(text: str) -> Iterator[Named]:
    for match in _NAMED.finditer(text):
        name, said = match["name"] or match["says"], match["value"] or ""
        value = said.strip('"“”«»').strip()
        if not value or (said == value and value.casefold() in FILLERS):
            raise InvalidQuery(
                f"search: {name!r} needs what it is behind it, such as 'case R-2026/17', "
                "'note \"asks for a refund\"', 'said \"twelve months\"' or 'agent client:ana'."
            )
        if match["says"]:
            side = (match["before"] or match["behind"] or "").casefold()
            yield Named("said", value, *match.span(), SIDES.get(side))
        else:
            yield Named(NAMES[name.casefold()], value, *match.span())


def _sids(text: str) -> Iterator[Named]:
    for match in _SID.finditer(text):
        yield Named("sid", match[0], *match.span())


def _addresses(text: str) -> Iterator[Named]:
    for match in _WORD.finditer(text):
        word = match[0].rstrip(",;")
        if looks_like_address(word):
            yield Named("address", word, match.start(), match.start() + len(word))
            return  # a second one is a word that is not understood
