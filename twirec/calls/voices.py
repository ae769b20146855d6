"""The neural voices that Twilio lists for each language.

https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages, by the list
that page is made from (`voice/tts/available-voices-list.md` in
https://github.com/TwilioDevEd/api-snippets, type Premium), and the neural voices of Sergio, Remi
and Adriano (https://docs.aws.amazon.com/polly/latest/dg/available-voices.html). Galician and
Basque have none. `<Say>` fails with a voice that does not speak the language.
"""

from __future__ import annotations

from collections.abc import Mapping

VOICES: Mapping[str, tuple[str, ...]] = {
    "ca-ES": ("Polly.Arlet-Neural",),
    "de-DE": (
        *("Polly.Vicki-Neural", "Polly.Daniel-Neural"),
        *("Google.de-DE-Neural2-B", "Google.de-DE-Neural2-C", "Google.de-DE-Neural2-D"),
    ),
    "en-GB": ("Polly.Amy-Neural", "Polly.Arthur-Neural", "Polly.Brian-Neural", "Polly.Emma-Neural"),
    "en-US": (
        *("Polly.Joanna-Neural", "Polly.Matthew-Neural", "Polly.Salli-Neural"),
        *("Polly.Joey-Neural", "Polly.Kendra-Neural"),
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
"""The voices by language (BCP 47)."""
