"""The announcement of a call, and whether it can have been heard."""

from __future__ import annotations

from collections.abc import Mapping

from twirec.calls.wordings import WORDINGS, Wording
from twirec.model.errors import SettingsError
from twirec.model.records import Announcement
from twirec.model.words import ConsentMode

CHARACTERS_PER_SECOND = 20
"""How fast the fastest of the voices reads; slower voices only take longer."""

SHARE_HEARD = 0.6
"""The share of the announcement's length below which it cannot have been played to the end."""


def compose(
    language: str,
    mode: ConsentMode = ConsentMode.ANNOUNCE,
    *,
    company: str,
    privacy_info: str,
    wordings: Mapping[str, Wording] = WORDINGS,
) -> Announcement:
    """Return the announcement in a language, for a mode.

    Args:
        language: BCP 47, a key of `wordings`.
        mode: how the party is told or asked.
        company: who records, as it is to be spoken.
        privacy_info: where to learn more, as it is to be spoken.
        wordings: the wordings to choose from.

    Raises:
        SettingsError: there is no wording in that language, or no voice for it.
    """
    wording = wordings.get(language)
    if wording is None:
        raise SettingsError([f"language: there are announcements in {', '.join(wordings)}."])
    if wording.voice is None:
        raise SettingsError([f"language: Twilio has no neural voice for {language}."])
    text = wording.notice.format(company=company, privacy_info=privacy_info)
    return Announcement(language, wording.voice, text, _question(wording, mode))


def _question(wording: Wording, mode: ConsentMode) -> str:
    if mode.needs_yes:
        return wording.opt_in
    return wording.opt_out if mode.asks else ""


def shortest_seconds(announcement: Announcement) -> float:
    """Return the time in seconds that it takes at the least to hear the notice out.

    Twilio only warns, and goes on at once, when a voice or a text fails; who comes back sooner
    than this has not heard it.
    """
    return SHARE_HEARD * len(announcement.text) / CHARACTERS_PER_SECOND
