"""What a recording is listened to or taken for: a short list, the company's own.

A person may learn when and why somebody consulted their recordings (GDPR art. 15; CJEU C-579/21, 22
June 2023), so each listening says what for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from twirec.model.audit import without_numbers
from twirec.model.errors import InvalidQuery

LABELS: Mapping[str, Mapping[str, str]] = {
    "claim": {"es": "reclamación o disputa", "en": "complaint or dispute"},
    "quality": {"es": "calidad y formación", "en": "quality and training"},
    "request": {"es": "petición de la persona", "en": "request of the person"},
    "authority": {"es": "requerimiento de una autoridad", "en": "order of an authority"},
    "technical": {"es": "comprobación técnica", "en": "technical check"},
}
"""The purposes that there are without a list of the company's own, as people read them."""

LONGEST = 40
"""Characters of a purpose."""

_WORD = re.compile(r"\w(?:[\w '/-]*\w)?")


@dataclass(frozen=True, slots=True)
class Purposes:
    """What somebody may have a recording for.

    Attributes:
        words: the list, in the order in which it is shown: the keys of `LABELS`, or own words.
        required: whether nothing is heard without one. It is so where the company has made a list.
    """

    words: tuple[str, ...] = tuple(LABELS)
    required: bool = False

    def find(self, given: str | None) -> str:
        """Return a purpose as the list has it; empty if it is not on the list.

        Args:
            given: what somebody said, in small letters or capitals.
        """
        said = (given or "").strip().casefold()
        return next((word for word in self.words if word.casefold() == said), "")

    def check(self, given: str | None) -> None:
        """Let through what is on the list.

        Args:
            given: what somebody said; None for nothing.

        Raises:
            InvalidQuery: it is not on the list, or nothing was said where it has to be.
        """
        if (given is None and not self.required) or self.find(given):
            return
        what = "say what the recording is for" if not (given or "").strip() else "it is none"
        raise InvalidQuery(f"purpose: {what}; choose {', '.join(self.words)}.")

    @staticmethod
    def label(word: str, language: str) -> str:
        """Return what people read for a purpose.

        Args:
            word: of the list, or of one that was there before.
            language: such as `es` or `en-GB`; any other than Spanish is read in English.
        """
        return LABELS.get(word, {}).get("es" if language[:2].lower() == "es" else "en", word)


def read_purposes(value: str) -> Purposes:
    """Return the company's own list, from `claim,quality,training of agents`.

    Raises:
        ValueError: a word is none; the message says what one is.
    """
    words = tuple(word.strip() for word in value.split(","))
    for word in words:
        if len(word) > LONGEST or not _WORD.fullmatch(word) or without_numbers(word) != word:
            raise ValueError(
                f"write words of up to {LONGEST} letters with commas between them, such as "
                "claim,quality,training."
            )
    if len({word.casefold() for word in words}) != len(words):
        raise ValueError("a purpose is there twice; write each once.")
    return Purposes(words, required=True)
