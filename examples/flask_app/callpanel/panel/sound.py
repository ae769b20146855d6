"""What a page shows of a recording's sound."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _
from markupsafe import Markup

from callpanel.auth import actor
from callpanel.config import archive
from callpanel.forms import ORIGINAL
from callpanel.panel.show import clock
from callpanel.panel.troubles import OF_ROLE, OF_STATES, Trouble, of_error, of_recording
from callpanel.vocabulary import PARTIES
from twirec import Actor, CallRecord, Deed, Recording, Role, TwirecError, Waveform, may

log = logging.getLogger("callpanel")

CONTENT_TYPES = {
    "opus": 'audio/ogg; codecs="opus"',
    "ogg": 'audio/ogg; codecs="vorbis"',
    "webm": 'audio/webm; codecs="opus"',
    "m4a": 'audio/mp4; codecs="mp4a.40.2"',
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "wav": "audio/wav",
}
"""What a player is told of a copy, so that it takes none that it cannot play, such as Safari before
18.4 Opus in Ogg (https://caniuse.com/opus)."""

WIDTH, HEIGHT = 1000, 180
"""Of the drawing, in its own units; the page stretches it."""

LONGEST_LEGEND = 60
"""Letters of a note that stand at the drawing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one side speaks.

    Attributes:
        who: what people read for the side.
        role: the side, for colours; empty where it is not known.
        start, end: seconds of the recording.
    """

    who: str
    role: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the drawing.

    Attributes:
        kind: `pause`, `consent` or `note`.
        said: what it is.
        x, width: in units of the drawing.
    """

    kind: str
    said: str
    x: float
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis.

    Attributes:
        at: seconds.
        x: in hundredths of the drawing.
        anchor: which end of its text is there, in the words of SVG.
    """

    at: float
    x: float
    anchor: str


STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800)
"""Seconds between two times on the axis."""

MOST_TICKS = 5


def ticks(seconds: float) -> tuple[Tick, ...]:
    """Return the axis of a drawing: round times, so few that a phone shows them."""
    if seconds <= 0:
        return ()
    step = next((each for each in STEPS if seconds / each <= MOST_TICKS), STEPS[-1])
    times = range(0, int(seconds) + 1, step)
    return tuple(Tick(at, at / seconds * 100, _anchor(at / seconds)) for at in times)


def _anchor(share: float) -> str:
    return "start" if share < 0.03 else "end" if share > 0.97 else "middle"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a player may choose; it takes the first that it can play.

    Attributes:
        format: `original`, or that of a copy.
        content_type: by which it tells whether it can.
    """

    format: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording as the page shows it.

    Attributes:
        playable: whether who asks may hear it, and it is there.
        sources: what a player may choose of: the smaller copies for listening, then the original.
            One that is made while somebody listens to another is not for them: its bytes are
            others.
        drawing: the waveform; empty where there is none.
        trouble: why it cannot be heard, or drawn.
        turns: who speaks when.
        marks: what else is on the drawing.
        written: whether there is what was said in writing, and who asks may read it.
    """

    recording: Recording
    playable: bool
    sources: tuple[Source, ...] = ()
    waveform: Waveform | None = None
    drawing: Markup = field(default_factory=Markup)
    trouble: Trouble | None = None
    turns: tuple[Turn, ...] = ()
    marks: tuple[Mark, ...] = ()
    written: bool = False

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The axis of the drawing."""
        return ticks(self.seconds or 0.0)

    @property
    def seconds(self) -> float | None:
        """How long it is, as exactly as is known; None while it is recorded."""
        return self.waveform.seconds if self.waveform else self.recording.duration


def own_sound(recording: Recording) -> Sound:
    """Return what an agent is shown of a recording of their own calls, to hear and no more."""
    who = actor()
    if not may(who, recording, Deed.LISTEN, own=True):
        return Sound(recording, False, trouble=OF_STATES.get(recording.state))
    written = may(who, recording, Deed.READ, own=True) and is_written(recording, who)
    return Sound(recording, True, _sources(recording, who), written=written)


def sound_of(record: CallRecord, recording: Recording) -> Sound:
    """Return what a page shows of one of a call's recordings."""
    who = actor()
    if not may(who, recording, Deed.WAVEFORM):
        return Sound(recording, False, trouble=of_recording(recording) or OF_ROLE)
    may_listen = may(who, recording, Deed.LISTEN)
    sources = _sources(recording, who) if may_listen else ()
    written = may(who, recording, Deed.READ) and is_written(recording, who)
    labels = {role: str(PARTIES[role.value]) for role in Role}
    try:
        waveform = archive().recordings.waveform(recording.sid, by=who)
        drawing = archive().recordings.draw_waveform(
            recording.sid,
            width=WIDTH,
            height=HEIGHT,
            title=_described(waveform),
            labels=labels,
            by=who,
        )
    except TwirecError as error:
        log.error("%s cannot be drawn: %s: %s", recording.sid, type(error).__name__, error)
        trouble = of_error(error)
        return Sound(recording, may_listen, sources, trouble=trouble, written=written)
    return Sound(
        recording,
        may_listen,
        sources,
        waveform,
        Markup(drawing),  # noqa: S704 - made by twirec, which escapes what it is given
        trouble=None if may_listen else OF_ROLE,
        turns=tuple(sorted(_turns(waveform), key=lambda turn: turn.start)),
        marks=tuple(_marks(record, recording, waveform.seconds)),
        written=written,
    )


def is_written(recording: Recording, who: Actor) -> bool:
    """Return whether a recording has a transcript."""
    kept = archive().transcripts.of(recording.sid, by=who)
    return kept is not None and kept.made_at is not None


def _sources(recording: Recording, who: Actor) -> tuple[Source, ...]:
    copies = archive().derivatives.listening_copies(recording.sid, by=who)
    made = [Source(each.format, CONTENT_TYPES.get(each.format, "")) for each in copies]
    return (*made, Source(ORIGINAL, "audio/wav"))


def _described(waveform: Waveform) -> str:
    parts = [clock(waveform.seconds)]
    parts += [
        f"{_who(side.role, place)} {clock(side.talk)}"
        for place, side in enumerate(waveform.sides, 1)
    ]
    return ", ".join(parts)


def _turns(waveform: Waveform) -> Iterator[Turn]:
    for place, side in enumerate(waveform.sides, 1):
        for span in side.spans:
            yield Turn(_who(side.role, place), str(side.role or ""), span.start, span.end)


def _who(role: Role | None, channel: int) -> str:
    return str(PARTIES[role.value]) if role else _("channel %(number)s", number=channel)


def _marks(record: CallRecord, recording: Recording, seconds: float) -> Iterator[Mark]:
    begin = recording.started_at
    if begin is None or not seconds:
        return

    def place(at: datetime) -> float:
        return min(max((at - begin).total_seconds() / seconds, 0.0), 1.0) * WIDTH

    for consent in record.consents:
        # Twilio cuts a recording's start to whole seconds.
        after = (consent.at - begin).total_seconds()
        said = (
            _("Told or asked before the recording begins")
            if after < 1
            else _("Told or asked at %(time)s", time=clock(after))
        )
        yield Mark("consent", said, place(consent.at) if after >= 1 else 0.0)
    for pause in record.pauses:
        if pause.recording_sid == recording.sid:
            x = place(pause.paused_at)
            width = (place(pause.resumed_at) if pause.resumed_at else WIDTH) - x
            at = clock((pause.paused_at - begin).total_seconds())
            said = _("Paused at %(time)s by %(who)s", time=at, who=pause.by)
            yield Mark("pause", said, x, width)
    for note in record.notes:
        if note.recording_sid == recording.sid and note.second is not None:
            at = clock(note.second)
            said = _("Note at %(time)s: %(text)s", time=at, text=_short(note.text))
            yield Mark("note", said, min(note.second / seconds, 1.0) * WIDTH)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return (
        words
        if len(words) <= LONGEST_LEGEND
        else words[: LONGEST_LEGEND - 1] + "\N{HORIZONTAL ELLIPSIS}"
    )
