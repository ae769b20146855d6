"""What somebody is answered who wants to know what is kept of them, and the archive of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from twirec.archive.recordings import Originals, Recordings
from twirec.audio.conversion import plan
from twirec.catalog import Catalog
from twirec.custody.access_answer import answer_of, consultations, decisions, fate_of
from twirec.custody.access_letter import Letter, Letterhead
from twirec.custody.access_transcript import heard_in, plain
from twirec.custody.audit import AuditTrail
from twirec.custody.document import Document, html
from twirec.custody.document_pdf import check_installed, pdf
from twirec.custody.zipping import Zip
from twirec.model.access import OURSELVES, Actor, Deed, outline, seen
from twirec.model.access_record import as_record
from twirec.model.access_requests import (
    AccessAnswer,
    AccessRequest,
    AnsweredCall,
    AnsweredRecording,
    CallSide,
    Consultation,
    CopyOf,
    Fate,
)
from twirec.model.announcements import Announcement
from twirec.model.audio import Channels, ConversionSpec
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action, AuditDraft, AuditEntry, AuditOutcome, AuditQuery, Detail
from twirec.model.disclosures import Disclosure
from twirec.model.errors import BytesDiffer, NotFound, TwirecError
from twirec.model.records import CallRecord, Recording
from twirec.model.retention import Retention
from twirec.model.search import Query
from twirec.model.states import Custody
from twirec.model.transcript import KeptTranscript, Transcript
from twirec.model.waveform import SoundWarning
from twirec.settings import Settings

PAGE = 100
"""Calls that are read at once."""

ENTRIES = 1000
"""Of the audit log."""

FORMAT = "mp3"
"""Of copies: an electronic form in common use (GDPR art. 15.3), small, and played anywhere."""


@dataclass(frozen=True, slots=True)
class Known:
    """What others know of recordings, for an answer.

    Attributes:
        retention: how long a recording is kept.
        disclosures: to whom it was given before.
    """

    retention: Callable[[str], Retention]
    disclosures: Callable[[str], Sequence[Disclosure]]


class Answers:
    """Composes answers, and packs them.

    Args:
        settings: who answers, and in which zone.
        catalog: calls, and who consulted them.
        originals: what reads recordings.
        recordings: what hears whether their sides may be swapped.
        trail: where each copy is entered.
        known: what others know of recordings.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        originals: Originals,
        recordings: Recordings,
        trail: AuditTrail,
        known: Known,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._originals = originals
        self._recordings = recordings
        self._trail = trail
        self._known = known
        self._now = now

    def calls(self, request: AccessRequest) -> Iterator[tuple[CallRecord, CallSide]]:
        """Yield the calls of a request's number, each once, and what the number was in it."""
        known = set[str]()
        number, since, until = request.number, request.since, request.until
        within = Query(since=since, until=until, limit=PAGE)
        for query, side in (
            (replace(within, number=number), CallSide.CUSTOMER),
            (replace(within, agent=number), CallSide.AGENT),
            (replace(within, forwarded_from=number), CallSide.FORWARDED),
        ):
            while page := self._catalog.search.page(query):
                for record in page:
                    if record.call.call_sid not in known:
                        known.add(record.call.call_sid)
                        yield record, side
                if len(page) < PAGE:
                    break
                last = page[-1].call
                query = replace(query, after=(last.started_at, last.call_sid))

    def compose(self, request: AccessRequest, actor: Actor) -> AccessAnswer:
        """Return what a request would be answered with now, as somebody may see it."""
        decided = decisions(self._catalog.access_requests.steps(request.id))
        calls, left_out = list[AnsweredCall](), 0
        for record, side in self.calls(request) if request.number else ():
            if decided.get(record.call.call_sid) is CopyOf.LEFT_OUT:
                left_out += 1
                continue
            recordings = tuple(
                self._recording(request, each, side, _decision(decided, record, each), actor)
                for each in (record.recordings if side is not CallSide.FORWARDED else ())
            )  # of a call that they forwarded, the recording is somebody else's
            blocked = {each.sid for each in record.recordings if each.custody is Custody.BLOCKED}
            consulted = self._consulted(request, record.call.call_sid, without=blocked)
            calls.append(AnsweredCall(seen(actor, record), side, recordings, consulted))
        return answer_of(request, calls, left_out)

    def letter(self, answer: AccessAnswer) -> Document:
        """Return the letter of an answer."""
        settings = self._settings
        head = Letterhead(
            settings.company,
            settings.privacy_info,
            settings.country,
            settings.timezone,
            settings.region or "",
            settings.bucket.startswith("gs:"),
            bool(settings.transcripts) or bool(self._catalog.transcripts.models()),
        )
        today = self._now().astimezone(settings.timezone).date()
        return Letter(answer, head, self._wordings(answer), today).document()

    def check_tools(self) -> None:
        """Check that what makes letters and copies is there.

        Raises:
            LetterToolsMissing: the extra `letters` is not installed.
            AudioToolsMissing: the extra `audio` is not installed.
        """
        check_installed()
        self._originals.ffmpeg()

    def packed(
        self,
        answer: AccessAnswer,
        actor: Actor,
        done: AuditDraft,
        finish: Callable[[str, AuditDraft], None],
    ) -> AudioStream:
        """Return an answer as a zip archive, which is made while it is read.

        Args:
            answer: what is in it.
            actor: who makes it.
            done: the entry that says that it was made.
            finish: called with the archive's SHA-256 and that entry, when all of it was read.
        """
        tried = self._trail.append(replace(done, outcome=AuditOutcome.TRIED))
        done = replace(done, detail={"tried": tried.seq, **done.detail})
        finished = False

        def chunks() -> Iterator[bytes]:
            nonlocal finished
            sha256 = hashlib.sha256()
            for chunk in self._chunks(answer, actor):
                sha256.update(chunk)
                yield chunk
            finish(sha256.hexdigest(), replace(done, at=self._now()))
            finished = True

        def ended(_count: int, error: str) -> None:
            if not finished:
                detail = {**done.detail, "error": error or "it was not read to its end"}
                failed = replace(done, at=self._now(), outcome=AuditOutcome.FAILED, detail=detail)
                self._trail.append(failed)

        return AudioStream(
            chunks(),
            content_type="application/zip",
            file_name=f"{answer.request.key}.zip",
            ended=ended,
        )

    def _chunks(self, answer: AccessAnswer, actor: Actor) -> Iterator[bytes]:
        at = self._now().astimezone(self._settings.timezone)
        archive = Zip(at)
        calls = []
        for call in answer.calls:
            recordings = []
            for each in call.recordings:
                if each.fate is Fate.GIVEN:
                    each = yield from self._copy(archive, answer.request, call.side, each, actor)
                if each.file:
                    request, side = answer.request, call.side
                    each = yield from self._transcript(archive, request, side, each, actor)
                recordings.append(each)
            calls.append(replace(call, recordings=tuple(recordings)))
        packed = answer_of(answer.request, calls, answer.left_out)
        packed = replace(packed, blocked=packed.blocked + answer.blocked)
        letter = self.letter(packed)
        record = json.dumps(as_record(packed), ensure_ascii=False, indent=1)
        for name, content in (
            ("letter.html", html(letter).encode()),
            ("letter.pdf", pdf(letter, at)),
            ("answer.json", record.encode()),
        ):
            yield from archive.add(name, [content], packs=True)
        yield from archive.end()

    def _copy(
        self,
        archive: Zip,
        request: AccessRequest,
        side: CallSide,
        each: AnsweredRecording,
        actor: Actor,
    ) -> Generator[bytes, None, AnsweredRecording]:
        """Yield what comes of a copy, and return what is said of it.

        What was erased or blocked since is not copied.
        """
        sid, channels = each.recording.sid, each.channels or Channels.BOTH
        try:
            stream = self._open(request, sid, channels, actor)
        except TwirecError:
            now = self._catalog.recordings.get(sid)
            fate, _ = fate_of(now, side, CopyOf.WHOLE, decided=True, doubtful=False)
            if fate is Fate.GIVEN:
                raise
            return replace(each, recording=outline(actor, now), fate=fate, channels=None)
        name = f"recordings/{self._named(each)}.{FORMAT}"
        with stream:
            sha256 = yield from archive.add(name, stream)
        return replace(each, file=name, sha256=sha256)

    def _transcript(
        self,
        archive: Zip,
        request: AccessRequest,
        side: CallSide,
        each: AnsweredRecording,
        actor: Actor,
    ) -> Generator[bytes, None, AnsweredRecording]:
        """Yield what a machine heard in a copy, and return what is said of it.

        There is none of what may not leave since the copy was made, nor with a side silenced where
        the machine did not know yet who is on which channel.
        """
        sid = each.recording.sid
        kept = self._catalog.transcripts.get(sid)
        if kept is None or kept.object_name is None:
            return each
        try:
            whole = self._read(request, kept, actor)
        except TwirecError:
            now = self._catalog.recordings.get(sid)
            fate, _ = fate_of(now, side, CopyOf.WHOLE, decided=True, doubtful=False)
            if fate is Fate.GIVEN:
                raise
            return each
        channels = each.channels or Channels.BOTH
        if channels is not Channels.BOTH and not all(said.side for said in whole.sentences):
            return each
        transcript = heard_in(whole, channels)
        begins = f"transcripts/{self._named(each)}-by-machine"
        names = []
        for ending, text in (
            ("txt", plain(transcript, side, request.language)),
            ("json", transcript.as_json()),
        ):
            names.append(f"{begins}.{ending}")
            yield from archive.add(names[-1], [text.encode()], packs=True)
        return replace(each, transcripts=tuple(names))

    def _read(self, request: AccessRequest, kept: KeptTranscript, actor: Actor) -> Transcript:
        sid = kept.recording_sid
        with self._trail.attempt(Action.READ, actor, sid, self._for(request)):
            self._originals.get(sid, actor, Deed.ANSWER)
        with self._trail.outside(Action.READ, actor, sid, self._for(request)) as done:
            checked = self._originals.checked(sid, actor)
            try:
                transcript = Transcript.from_json(b"".join(checked.open(kept.fingerprint)))
            except ValueError as error:
                raise BytesDiffer(kept.object_name or "", str(error).rstrip(".")) from error
            self._trail.append(replace(done, at=self._now()))
        return transcript

    def _named(self, each: AnsweredRecording) -> str:
        """Return what names of files of a recording begin with: its local time, and its SID."""
        begin = each.recording.started_at
        local = begin.astimezone(self._settings.timezone) if begin else None
        return f"{f'{local:%Y-%m-%d_%H-%M-%S}_' if local else ''}{each.recording.sid}"

    def _for(self, request: AccessRequest) -> Detail:
        """Return what the audit log says of each copy that is made for a request."""
        purpose = self._settings.purposes.find("request") or "request"
        return {"purpose": purpose, "request": request.key}

    def _open(
        self, request: AccessRequest, sid: str, channels: Channels, actor: Actor
    ) -> AudioStream:
        with self._trail.attempt(Action.DOWNLOAD, actor, sid, self._for(request)) as draft:
            spec = ConversionSpec(FORMAT, channels)
            recording = self._originals.get(sid, actor, Deed.ANSWER)
            read = self._originals.reader(recording, actor)
            chunks = plan(read, recording.size or 0, recording.roles, spec).chunks(
                self._originals.ffmpeg
            )
        return self._originals.listening.stream(
            replace(draft, detail={**draft.detail, **spec.detail}),
            recording.object_name or "",
            lambda: chunks,
            content_type="audio/mpeg",
            file_name=f"{sid}.{FORMAT}",
            alone=True,
        )

    def _recording(
        self,
        request: AccessRequest,
        recording: Recording,
        side: CallSide,
        decision: CopyOf | None,
        actor: Actor,
    ) -> AnsweredRecording:
        copies = decision or request.copies
        fate, channels = fate_of(
            recording, side, copies, decided=decision is not None, doubtful=False
        )
        silenced = fate is Fate.GIVEN and channels is not Channels.BOTH
        if silenced and decision is None and self._perhaps_swapped(recording.sid):
            fate, channels = fate_of(recording, side, copies, decided=False, doubtful=True)
        if fate in {Fate.DESTROYED, Fate.BLOCKED}:
            return AnsweredRecording(outline(actor, recording), fate)
        retention = self._known.retention(recording.sid)
        return AnsweredRecording(
            outline(actor, recording),
            fate,
            channels,
            held=retention.held,
            kept_until=retention.kept_until,
            recipients=tuple(
                f"{each.recipient} ({each.purpose})"
                for each in self._known.disclosures(recording.sid)
                if each.opened or each.revoked_at is None
            ),
            consulted=self._consulted(request, recording.sid),
        )

    def _perhaps_swapped(self, sid: str) -> bool:
        """Return whether customer and agent may be on each other's channel, as far as is heard."""
        try:
            waveform = self._recordings.waveform(sid, by=OURSELVES)
        except TwirecError:
            return True
        return SoundWarning.PERHAPS_SWAPPED in waveform.warnings

    def _consulted(
        self, request: AccessRequest, sid: str, without: Collection[str] = ()
    ) -> tuple[Consultation, ...]:
        # the log gives a call's recordings too: nobody is told who took out a blocked one
        entries = [each for each in self._entries(sid) if each.sid not in without]
        return consultations(entries, self._settings.timezone, key=request.key)

    def _entries(self, sid: str) -> list[AuditEntry]:
        entries = list[AuditEntry]()
        query = AuditQuery(sid=sid, limit=ENTRIES)
        while page := self._catalog.audit.log(query):
            entries += page
            if len(page) < ENTRIES:
                break
            query = replace(query, before=page[-1].seq)
        return entries

    def _wordings(self, answer: AccessAnswer) -> dict[str, Announcement]:
        """Return what was said in the calls of an answer, by its hash, in their order."""
        wordings = dict[str, Announcement]()
        for call in answer.calls:
            for consent in call.record.consents if call.side is CallSide.CUSTOMER else ():
                if consent.announcement not in wordings:
                    with suppress(NotFound):
                        hash_ = consent.announcement
                        wordings[hash_] = self._catalog.announcements.get(hash_)
        return wordings


def _decision(
    decided: Mapping[str, CopyOf], record: CallRecord, recording: Recording
) -> CopyOf | None:
    return decided.get(recording.sid) or decided.get(record.call.call_sid)
