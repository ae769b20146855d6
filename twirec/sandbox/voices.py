"""Which voices speak which languages.

A small part of https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages:
a pair that is not here fails, as an invalid pair does at Twilio.
"""

from __future__ import annotations

DEFAULT_VOICE = "man"
DEFAULT_LANGUAGE = "en-US"

_BASIC = frozenset({"en-US", "en-GB", "es-ES", "es-MX", "fr-FR", "de-DE"})

_LANGUAGES = {
    "man": _BASIC,
    "woman": _BASIC,
    "alice": _BASIC | {"ca-ES", "it-IT", "pt-PT", "pt-BR"},
    "Polly.Conchita": frozenset({"es-ES"}),
    "Polly.Enrique": frozenset({"es-ES"}),
    "Polly.Lucia": frozenset({"es-ES"}),
    "Polly.Lucia-Neural": frozenset({"es-ES"}),
    "Polly.Arlet-Neural": frozenset({"ca-ES"}),
    "Polly.Mia": frozenset({"es-MX"}),
    "Polly.Mia-Neural": frozenset({"es-MX"}),
    "Polly.Lupe": frozenset({"es-US"}),
    "Polly.Lupe-Neural": frozenset({"es-US"}),
    "Polly.Amy": frozenset({"en-GB"}),
    "Polly.Amy-Neural": frozenset({"en-GB"}),
    "Polly.Brian": frozenset({"en-GB"}),
    "Polly.Emma": frozenset({"en-GB"}),
    "Polly.Emma-Neural": frozenset({"en-GB"}),
    "Polly.Joanna": frozenset({"en-US"}),
    "Polly.Joanna-Neural": frozenset({"en-US"}),
    "Polly.Matthew": frozenset({"en-US"}),
}


def speaks(voice: str | None, language: str | None) -> bool:
    """Return whether a voice exists and speaks the language; None means not given."""
    languages = _LANGUAGES.get(voice or DEFAULT_VOICE, frozenset())
    if language is None and voice is not None and len(languages) == 1:
        return True
    return (language or DEFAULT_LANGUAGE) in languages
