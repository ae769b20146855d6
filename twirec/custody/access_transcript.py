"""What a machine heard, for who asks for what is kept of them: no more than they get to hear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from twirec.custody.access_words import TEXTS
from twirec.model.access_requests import CallSide
from twirec.model.audio import Channels
from twirec.model.clock import clock
from twirec.model.transcript import Transcript
from twirec.model.vocabulary import Role

HEARD: Mapping[Channels, frozenset[Role | None]] = {
    Channels.BOTH: frozenset({*Role, None}),
    Channels.WITHOUT_AGENT: frozenset({Role.CUSTOMER}),
    Channels.WITHOUT_CUSTOMER: frozenset({Role.AGENT}),
}
"""Whose words go with a copy. Words of which nobody knows whose are in none with a side silent."""

OWN = {CallSide.CUSTOMER: Role.CUSTOMER, CallSide.AGENT: Role.AGENT}


def heard_in(transcript: Transcript, channels: Channels) -> Transcript:
    """Return what of a transcript is heard in a copy.

    Args:
        transcript: the whole of it.
        channels: what is heard in the copy; of one channel mixed from both, nothing is given.
    """
    sides = HEARD.get(channels, frozenset())
    return replace(
        transcript, sentences=tuple(each for each in transcript.sentences if each.side in sides)
    )


def plain(transcript: Transcript, side: CallSide, language: str) -> str:
    """Return it as a text that anybody reads, with what made it at its head.

    Args:
        transcript: what of it is given.
        side: what the number was in the call, so that who asks is `You`.
        language: of the letter, `es` or `en`.
    """
    return "".join(f"{line}\n" for line in _lines(transcript, side, language))


def _lines(transcript: Transcript, side: CallSide, language: str) -> Iterator[str]:
    says = TEXTS[language]
    yield says["transcript_by"].format(model=transcript.model, sha256=transcript.model_sha256)
    yield f"{says['recording']}: {transcript.recording_sid} (SHA-256 {transcript.sha256})"
    yield ""
    for each in transcript.sentences:
        who = "you" if each.side and each.side is OWN.get(side) else "other"
        who = says[f"transcript_{who if each.side else 'somebody'}"]
        yield f"{clock(each.starts)} {who}: {each.text}"
    if not transcript.sentences:
        yield says["transcript_nothing"]
