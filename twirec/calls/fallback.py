"""What connects callers while the app is down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twirec.calls import twiml
from twirec.calls.targets import MOST_TARGETS, check_phone
from twirec.calls.wordings import Wording
from twirec.model.errors import InvalidQuery
from twirec.model.given import unspeakable

LONGEST_SENTENCE = 300
"""Characters: it is said to everybody, while something is broken."""


def fallback_twiml(
    dial: Sequence[str], say: str, language: str, wordings: Mapping[str, Wording], country: str
) -> str:
    """Return the TwiML that connects callers, unrecorded, without the app.

    Args:
        dial: numbers in any usual form, `client:NAME` or `sip:ADDRESS`, up to ten. Not a queue or
            a conference: agents come into them through the app.
        say: a sentence that the caller hears first; empty for none.
        language: of the sentence, BCP 47.
        wordings: the voices by language.
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: Twilio could not connect these, or nothing says the sentence.
    """
    if not dial or len(dial) > MOST_TARGETS:
        raise InvalidQuery(f"dial: give one to {MOST_TARGETS}; Twilio lets no more ring.")
    targets = [check_phone("dial", each, country) for each in dial]
    if unspeakable(say) or len(say) > LONGEST_SENTENCE:
        raise InvalidQuery(f"say: give a sentence of {LONGEST_SENTENCE} characters or less.")
    voice = wordings[language].voice if language in wordings else None
    if say and voice is None:
        raise InvalidQuery(f"language: there is no voice for {language}; say nothing, or another.")
    return twiml.fallback(targets, say, voice or "", language)
