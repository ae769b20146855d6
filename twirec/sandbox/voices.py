"""Which voices speak which languages.

A part of https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages:
a pair that is not here fails, as an invalid pair does at Twilio. The names are those of the list
that page is made from (`voice/tts/available-voices-list.md` in
https://github.com/TwilioDevEd/api-snippets), where neural voices are of type Premium. Galician
and Basque have no neural voice there: their only one is of type Standard.
"""

from __future__ import annotations

from collections.abc import Mapping

DEFAULT_VOICE = "man"
DEFAULT_LANGUAGE = "en-US"

_BASIC = frozenset({"en-US", "en-GB", "es-ES", "es-MX", "fr-FR", "de-DE", "it-IT"})

# Later than that list are the neural voices of Sergio, Remi and Adriano
# (https://docs.aws.amazon.com/polly/latest/dg/available-voices.html).
_NEURAL: Mapping[str, tuple[str, ...]] = {
    "ca-ES": ("Polly.Arlet-Neural",),
    "de-DE": (
        *("Polly.Vicki-Neural", "Polly.Daniel-Neural"),
        *("Google.de-DE-Neural2-B", "Google.de-DE-Neural2-C", "Google.de-DE-Neural2-D"),
    ),
    "en-GB": ("Polly.Amy-Neural", "Polly.Arthur-Neural", "Polly.Brian-Neural", "Polly.Emma-Neural"),
    "en-US": (
        *("Polly.Joanna-Neural", "Polly.Matthew-Neural", "Polly.Salli-Neural"),
        *("Polly.Joey-Neural", "Polly.Kendra-Neural", "Google.en-US-Neural2-G"),
    ),
    "es-ES": (
        *("Polly.Lucia-Neural", "Polly.Sergio-Neural"),
        *("Google.es-ES-Neural2-A", "Google.es-ES-Neural2-B", "Google.es-ES-Neural2-C"),
    ),
    "es-MX": ("Polly.Mia-Neural",),
    "es-US": ("Polly.Lupe-Neural", "Polly.Pedro-Neural"),
    "fr-FR": (
        *("Polly.Lea-Neural", "Polly.Remi-Neural"),
        *("Google.fr-FR-Neural2-A", "Google.fr-FR-Neural2-B", "Google.fr-FR-Neural2-C"),
    ),
    "it-IT": ("Polly.Bianca-Neural", "Polly.Adriano-Neural"),
    "pt-PT": ("Polly.Ines-Neural",),
}

_STANDARD: Mapping[str, tuple[str, ...]] = {
    "ca-ES": ("Google.ca-ES-Standard-A",),
    "de-DE": ("Polly.Hans", "Polly.Marlene", "Polly.Vicki"),
    "en-GB": ("Polly.Amy", "Polly.Brian", "Polly.Emma"),
    "en-US": ("Polly.Joanna", "Polly.Matthew"),
    "es-ES": ("Polly.Conchita", "Polly.Enrique", "Polly.Lucia"),
    "es-MX": ("Polly.Mia",),
    "es-US": ("Polly.Lupe",),
    "eu-ES": ("Google.eu-ES-Standard-A",),
    "fr-FR": ("Polly.Celine", "Polly.Lea", "Polly.Mathieu"),
    "gl-ES": ("Google.gl-ES-Standard-A",),
    "it-IT": ("Polly.Bianca", "Polly.Carla", "Polly.Giorgio"),
    "pt-PT": ("Polly.Cristiano", "Polly.Ines"),
}

_LANGUAGES: Mapping[str, frozenset[str]] = {
    "man": _BASIC,
    "woman": _BASIC,
    "alice": _BASIC | {"ca-ES", "pt-PT", "pt-BR"},
    **{
        voice: frozenset({language})
        for table in (_NEURAL, _STANDARD)
        for language, voices in table.items()
        for voice in voices
    },
}


def speaks(voice: str | None, language: str | None) -> bool:
    """Return whether a voice exists and speaks the language; None means not given."""
    languages = _LANGUAGES.get(voice or DEFAULT_VOICE, frozenset())
    if language is None and voice is not None and len(languages) == 1:
        return True
    return (language or DEFAULT_LANGUAGE) in languages
