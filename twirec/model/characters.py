"""Characters that no text may hold: XML cannot, PostgreSQL cannot, and nobody types them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""https://www.w3.org/TR/xml/#charsets, and DEL. Half of a surrogate pair has no UTF-8, and NUL is
in no text of PostgreSQL's (https://www.postgresql.org/docs/current/datatype-character.html)."""

IN_THEIR_PLACE = "\ufffd"
"""What stands where such a character was. It is not left out: `client:a\\x01na` is nobody's name,
and must not become that of somebody else."""


def unspeakable(text: str) -> bool:
    """Whether a text has characters that no XML document may hold, and so no TwiML."""
    return _UNSPEAKABLE.search(text) is not None


def without_unspeakable(text: str) -> str:
    """Return a text with `IN_THEIR_PLACE` for each of them."""
    return _UNSPEAKABLE.sub(IN_THEIR_PLACE, text)


def speakable(texts: Mapping[str, str]) -> dict[str, str]:
    """Return names and texts without any of them, in either."""
    clean = _UNSPEAKABLE.sub
    return {clean(IN_THEIR_PLACE, name): clean(IN_THEIR_PLACE, texts[name]) for name in texts}
