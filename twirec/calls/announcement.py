"""The announcement of a call, and whether it can have been heard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from twirec.calls.wordings import WORDINGS, Wording, check_said, question_of
from twirec.model.announcements import Announcement
from twirec.model.vocabulary import ConsentMode

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
        InvalidQuery: there is no wording in that language, or nothing that says it.
    """
    check_said(wordings, language, mode)
    wording = wordings[language]
    question = question_of(mode)
    notice_audio, question_audio = wording.audio.get("notice"), wording.audio.get(question)
    all_audio = notice_audio and (question_audio or not question)
    return Announcement(
        language,
        "" if all_audio else wording.voice or "",
        wording.notice.format(company=company, privacy_info=privacy_info),
        getattr(wording, question) if question else "",
        audio=notice_audio.hash if notice_audio else "",
        question_audio=question_audio.hash if question_audio else "",
        seconds=notice_audio.seconds if notice_audio else 0.0,
        question_seconds=question_audio.seconds if question_audio else 0.0,
    )


def shortest_notice(announcement: Announcement) -> float:
    """Return the time in seconds that it takes at the least to hear the notice out.

    Twilio only warns, and goes on at once, when a voice, a text or an audio fails; who comes back
    sooner than this has not heard it.
    """
    return SHARE_HEARD * (announcement.seconds or _read_in(announcement.text))


def shortest_question(announcement: Announcement) -> float:
    """Return the time in seconds that it takes at the least to hear the question out."""
    return SHARE_HEARD * (announcement.question_seconds or _read_in(announcement.question))


def longest_telling(announcement: Announcement) -> timedelta:
    """Return the time after which nobody can still be hearing the notice or the question."""
    lengths = (
        announcement.seconds or _read_in(announcement.text),
        announcement.question_seconds or _read_in(announcement.question),
    )
    return timedelta(seconds=3 * max(lengths) + 60)  # slow voices; and a key is waited for


def _read_in(text: str) -> float:
    return len(text) / CHARACTERS_PER_SECOND
