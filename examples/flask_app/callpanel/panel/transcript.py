"""What was said in a recording, as a machine wrote it: beside the player, or on its own page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.panel.audio import recording_of
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from callpanel.vocabulary import PARTIES
from twirec import CallRecord, Note, Sentence, Word

DOUBTED = 0.5
"""Words of which the machine is less sure are shown faint."""


@dataclass(frozen=True, slots=True)
class Run:
    """Words of a sentence of which the machine is as sure, or as little.

    Attributes:
        text: the words.
        doubted: whether it is not sure.
    """

    text: str
    doubted: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the conversation: a sentence, or a note that is pinned there.

    Attributes:
        starts, ends: seconds of the recording.
        side: for colours; empty where it is not known.
        who: who says it, as people read it.
        runs: what is said.
        note: what was written at that second; None for a sentence.
    """

    starts: float
    ends: float
    side: str
    who: str
    runs: tuple[Run, ...] = ()
    note: Note | None = None


@panel.get("/recordings/<sid>/transcript")
@needs(Permission.LISTEN)
def transcript(sid: str) -> ResponseReturnValue:
    """Show what was said in a recording: a part of its call's page, or a page to print."""
    return shown(sid, "panel.call")


def shown(sid: str, back: str, *, notes: bool = True) -> str:
    """Return what was said in a recording, if who asks may hear it.

    Args:
        sid: of the recording.
        back: the page of its call, to which a page of its own leads.
        notes: whether notes stand where they are pinned.
    """
    recording, purpose = recording_of(sid)
    if not purpose:
        abort(409)
    read = archive().transcripts.get(sid, by=actor(), purpose=purpose)
    record = archive().calls.get(sid, by=actor(), repeated=True)
    if not notes:
        record = replace(record, notes=())
    part = "part" in request.args
    return render_template(
        "_transcript.html" if part else "transcript.html",
        recording=recording,
        record=record,
        call=record.call,
        transcript=read,
        back=url_for(back, sid=record.call.call_sid, _anchor=sid),
        lines=conversation(read.sentences, record, sid),
    )


def conversation(sentences: tuple[Sentence, ...], record: CallRecord, sid: str) -> list[Line]:
    """Return what was said in a recording, and the notes at a second of it, in order.

    Args:
        sentences: what a machine heard.
        record: the call.
        sid: of the recording.
    """
    said = [
        Line(
            each.starts,
            each.ends,
            str(each.side or ""),
            str(PARTIES[each.side.value]) if each.side else _("Somebody"),
            tuple(_runs(each)),
        )
        for each in sentences
    ]
    notes = [
        Line(each.second, each.second, "note", each.by, note=each)
        for each in record.notes
        if each.recording_sid == sid and each.second is not None
    ]
    return sorted([*said, *notes], key=lambda line: line.starts)


def _runs(sentence: Sentence) -> Iterator[Run]:
    """Yield the words of a sentence, those together of which the machine is as sure."""
    together: list[Word] = []
    for word in sentence.words or (
        Word(sentence.text, sentence.starts, sentence.ends, sentence.probability),
    ):
        if together and _doubted(together[0]) != _doubted(word):
            yield Run(" ".join(each.text for each in together), _doubted(together[0]))
            together = []
        together.append(word)
    if together:
        yield Run(" ".join(each.text for each in together), _doubted(together[0]))


def _doubted(word: Word) -> bool:
    return word.probability < DOUBTED
