"""What a caller hears before anything is recorded.

The wording says that the call is recorded, by whom, why, and where to learn more (layered notice,
LOPDGDD art. 11.2: https://www.boe.es/buscar/act.php?id=BOE-A-2018-16673#a1-3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twirec.model.records import Announcement

CHARACTERS_PER_SECOND = 20
"""How fast the fastest of the voices reads; slower voices only take longer."""

SHARE_HEARD = 0.6
"""The share of the announcement's length below which it cannot have been played to the end."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A language's wording and the voice that reads it.

    Voices: https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages
    """

    voice: str
    text: str


WORDINGS: Mapping[str, Wording] = {
    "es-ES": Wording(
        "Polly.Lucia-Neural",
        "Le informamos de que esta llamada va a ser grabada por {company} para garantizar la "
        "calidad del servicio y salvaguardar sus derechos. Puede ampliar esta información y "
        "ejercer sus derechos de protección de datos en {privacy_info}.",
    ),
    "en-GB": Wording(
        "Polly.Amy-Neural",
        "Please note that this call will be recorded by {company} to ensure the quality of our "
        "service and to safeguard your rights. You can learn more and exercise your data "
        "protection rights at {privacy_info}.",
    ),
}
"""The wordings by language (BCP 47)."""


def compose(language: str, *, company: str, privacy_info: str) -> Announcement:
    """Return the announcement in a language of `WORDINGS`.

    Args:
        language: BCP 47, a key of `WORDINGS`.
        company: who records, as it is to be spoken.
        privacy_info: where to learn more, as it is to be spoken.

    Raises:
        KeyError: there is no wording in that language.
    """
    wording = WORDINGS[language]
    text = wording.text.format(company=company, privacy_info=privacy_info)
    return Announcement(language=language, voice=wording.voice, text=text)


def shortest_seconds(announcement: Announcement) -> float:
    """Return the time in seconds that it takes at the least to hear the announcement out.

    Twilio only warns, and goes on at once, when a voice or a text fails; who comes back sooner
    than this has not heard it.
    """
    return SHARE_HEARD * len(announcement.text) / CHARACTERS_PER_SECOND
