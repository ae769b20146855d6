"""Which voices speak which languages.

The voices are those of the official Node library's list, in `official.json`; the languages of each
are those of https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages.
A pair that is not here fails, as an invalid pair does at Twilio. Galician and Basque have no neural
voice there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from twirec.sandbox.official import official

DEFAULT_VOICE = "man"
DEFAULT_LANGUAGE = "en-US"

_BASIC = frozenset({"en-US", "en-GB", "es-ES", "es-MX", "fr-FR", "de-DE", "it-IT"})
_SIMPLE: Mapping[str, frozenset[str]] = {
    "man": _BASIC,
    "woman": _BASIC,
    "alice": _BASIC | {"ca-ES", "pt-PT", "pt-BR"},
}


def is_known(voice: str | None) -> bool:
    """Return whether the list has a voice; None means not given."""
    return (voice or DEFAULT_VOICE) in _languages()


def speaks(voice: str | None, language: str | None) -> bool:
    """Return whether a voice exists and speaks the language; None means not given."""
    languages = _languages().get(voice or DEFAULT_VOICE, frozenset())
    if language is None and voice is not None and voice not in _SIMPLE:
        return bool(languages)
    return (language or DEFAULT_LANGUAGE) in languages


@cache
def _languages() -> Mapping[str, frozenset[str]]:
    spoken: dict[str, frozenset[str]] = dict(_SIMPLE)
    for language, voices in official().voices.items():
        for voice in voices:
            spoken[voice] = spoken.get(voice, frozenset()) | {language}
    return spoken
