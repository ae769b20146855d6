"""Transcripts as a kind of due work: heard part by part, kept in the bucket, made anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from twirec.audio.original import SAMPLE, Original
from twirec.audio.waveform import measure
from twirec.catalog import Catalog
from twirec.jobs.retrying import TRANSCRIPTS
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.access import OURSELVES, Deed, check
from twirec.model.audio import ReadBytes
from twirec.model.bucket import StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import (
    BucketError,
    CustodyRefused,
    ModelUnusable,
    ObjectExists,
    ObjectNotFound,
    SpeechToolsMissing,
    TwirecError,
    VerificationFailed,
)
from twirec.model.hints import TRANSCRIPT
from twirec.model.lease import Lease
from twirec.model.ports import Bucket, SpeechModel
from twirec.model.records import Recording
from twirec.model.states import UNDONE
from twirec.model.transcript import (
    ANNOUNCED,
    DETECTED,
    Heard,
    KeptTranscript,
    SpeechFacts,
    Transcript,
    TranscriptPart,
    TranscriptRule,
    Word,
    transcript_name,
)
from twirec.model.waveform import Waveform
from twirec.transcripts.sentences import in_order, sentences
from twirec.transcripts.windows import windows

log = logging.getLogger("twirec.transcripts")

SCHEMA = "1"
"""The version of the labels."""
CONTENT_TYPE = "application/json"

LEASE = timedelta(minutes=15)
"""How long a worker may be silent: a few seconds of speech can take a slow machine minutes."""

RECENT = timedelta(days=7)
"""How old a recording may be that is looked at for one, but for the looks that find all."""
ALL_EVERY = timedelta(days=1)
"""After which a process looks at all again, and for those that another model made."""
SETTLED = timedelta(days=1)
"""How old a transcript is before it is made anew: where two workers have two models, for a time or
by mistake, they do not make the same again and again."""
AT_ONCE = 100
"""How many are made due at once."""


class Transcripts:
    """Makes the transcripts of recordings: one after the other, each channel by itself.

    Who says what is known of the channel, and not guessed. What was heard of each part is written
    down, so that whoever takes over goes on with the next. The object's name is written down before
    it is there; who finds then that the recording may not leave any more deletes what they made.

    Args:
        catalog: which are due, and where what was heard is kept until all is.
        bucket: where they are kept.
        originals: returns what reads the bytes of a recording, and compares them with what was
            archived.
        speech: hears it.
        rule: of which calls one is made without anybody's asking.
        language: in which they speak, as the settings say it.
        usual: the language of announcements where a call says nothing of it, BCP 47.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        originals: Callable[[Recording], ReadBytes],
        speech: SpeechModel,
        *,
        rule: TranscriptRule,
        language: str,
        usual: str,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._originals = originals
        self._speech = speech
        self._rule = rule
        self._language = language
        self._usual = usual
        self._now = now
        self._since = ""
        self._all_at: datetime | None = None
        self._said = ""

    def kind(self) -> Kind[KeptTranscript]:
        """Return what a worker has to know of them: they have a thread of their own."""
        return Kind(
            TRANSCRIPT,
            _WhileUsable(self._catalog, self._usable),
            self.run,
            lambda kept: f"{kept.recording_sid}: its transcript",
            TRANSCRIPTS,
            lease_for=LEASE,
            aside=True,
            refill=self.refill,
        )

    def run(self, keeper: LeaseKeeper[KeptTranscript]) -> None:
        """Make one, or take over the one that is there.

        Raises:
            TwirecError: it failed; what was heard stays, and the worker tries again.
        """
        recording = self._catalog.recordings.get(keeper.lease.item.recording_sid)
        check(OURSELVES, recording, Deed.TRANSCRIBE)
        facts = self._speech.facts()
        recipe = facts.recipe(self._language)
        before = keeper.lease.item
        name = transcript_name(recording, recipe)
        keeper.lease = self._catalog.transcripts.begin(keeper.lease, recipe, name)
        stored, transcript = self._there(recording, name, recipe)
        if transcript is None:
            transcript = self._hear(keeper, recording, facts)
        try:
            stored = stored or self._put(recording, name, recipe, transcript)
            made = self._catalog.transcripts.made(keeper.lease, transcript, stored, self._now())
        except TwirecError:
            with suppress(TwirecError):  # the bucket may have it, also of a put that failed
                self._take_back(recording.sid, name)
            raise
        if made is None:
            if not before.is_of(stored):
                self._delete(stored.name)
            raise CustodyRefused(f"{recording.sid} may not leave any more; nothing of it was kept.")
        if before.object_name not in {None, name}:
            with suppress(BucketError):  # a sweep deletes what is left
                self._delete(before.object_name or "")

    def refill(self) -> int:
        """Make those due that are lacking, or that another model made, and return how many."""
        if not self._usable():
            return 0
        now, found = self._now(), 0
        if self._all_at is None or now - self._all_at >= ALL_EVERY:
            self._since = ""
        if not self._since and self._catalog.transcripts.models():
            try:
                recipe = self._speech.facts().recipe(self._language)
            except (ModelUnusable, SpeechToolsMissing) as error:
                self._say(str(error))
                return 0
            found += self._catalog.transcripts.renew(recipe, now - SETTLED, now, AT_ONCE)
        if self._rule:
            found += self._catalog.transcripts.enrol(self._rule, now, self._since, AT_ONCE)
        if found < AT_ONCE:
            if not self._since:
                self._all_at = now
            self._since = f"recordings/{now - RECENT:%Y/%m/%d}/"
        return found

    def _usable(self) -> bool:
        """Return whether the model can be used here. What keeps it from that is said once."""
        problem = self._speech.problem()
        self._say(problem)
        return not problem

    def _say(self, problem: str) -> None:
        if problem and problem != self._said and self._rule:
            log.error("no transcript is made: %s", problem)
        self._said = problem

    # --- what is heard ------------------------------------------------------------------------

    def _hear(
        self, keeper: LeaseKeeper[KeptTranscript], recording: Recording, facts: SpeechFacts
    ) -> Transcript:
        """Hear what was not heard before, and return the whole of it."""
        read = self._originals(recording)
        original = Original(read, recording.size or 0)
        waveform = self._waveform(recording, read)
        roles = recording.roles(waveform.channels)
        heard = {
            (each.channel, each.starts): each.heard
            for each in self._catalog.transcripts.parts(recording.sid)
        }
        language = self._language_of(recording)
        sides = []
        for channel, side in enumerate(waveform.sides):
            words: list[Word] = []
            for window in windows(side.spans, original.pcm.duration):
                key = (channel, round(window.starts * 1000))
                if key not in heard:
                    samples = _channel(original, channel, window.starts, window.ends)
                    spoken = language or _spoken(heard.values())
                    hearing = self._speech.hear(
                        samples, original.pcm.rate, spoken or None, keeper.heartbeat
                    )
                    heard[key] = _moved(hearing, window.starts)
                    part = TranscriptPart(recording.sid, *key, heard[key])
                    keeper.lease = self._catalog.transcripts.keep_part(
                        keeper.lease, part, self._now() + LEASE
                    )
                words += heard[key].words
            sides.append(sentences(words, roles[channel] if roles else None))
        return Transcript(
            recording.sid,
            recording.sha256 or "",
            facts.model,
            facts.sha256,
            {**facts.options, "language": language or DETECTED},
            language or _spoken(heard.values()),
            self._now(),
            round(original.pcm.duration, 3),
            in_order(sides),
        )

    def _waveform(self, recording: Recording, read: ReadBytes) -> Waveform:
        """Return who speaks when, which was measured when it was archived."""
        waveform = self._catalog.waveforms.get(recording.sid)
        if waveform is None:
            waveform = measure(read(0, None))
            self._catalog.waveforms.keep(recording.sid, waveform)
        return waveform

    def _language_of(self, recording: Recording) -> str:
        """Return in which language they speak, ISO 639; empty where the model is to say it."""
        if self._language == DETECTED:
            return ""
        if self._language != ANNOUNCED:
            return self._language
        record = None
        if recording.call_sid is not None:
            record = self._catalog.ledger.call(recording.account_sid, recording.call_sid)
        said = [each.language for each in (record.consents if record else ()) if each.language]
        return (said[-1] if said else self._usual).partition("-")[0].lower()

    # --- the object ---------------------------------------------------------------------------

    def _there(
        self, recording: Recording, name: str, recipe: str
    ) -> tuple[StoredObject | None, Transcript | None]:
        """Return the object that is there already, as somebody made it who came no further."""
        try:
            stored = self._bucket.stat(name)
        except ObjectNotFound:
            return None, None
        text = b"".join(self._bucket.open_range(name, generation=stored.generation))
        wanted = {**_labels(recording, recipe), **_measured(text)}
        if all(stored.labels.get(label) == value for label, value in wanted.items()):
            with suppress(ValueError):
                return stored, Transcript.from_json(text)
        self._delete(name)
        return None, None

    def _put(
        self, recording: Recording, name: str, recipe: str, transcript: Transcript
    ) -> StoredObject:
        text = transcript.as_json().encode()
        try:
            stored = self._bucket.put(
                name,
                [text],
                content_type=CONTENT_TYPE,
                labels=_labels(recording, recipe),
                custom_time=recording.started_at or transcript.made_at,
                finish=lambda: _measured(text),
            )
        except ObjectExists as error:  # somebody else was faster, whose lease it is then
            raise VerificationFailed(f"{name} is there, and was not a moment before.") from error
        if (stored.size, stored.crc32c) != (len(text), str(Crc32c(text))):
            self._bucket.delete(stored.name, stored.generation)
            raise VerificationFailed(f"{stored.name} is not what was made.")
        return stored

    def _take_back(self, sid: str, name: str) -> None:
        """Delete what was stored while somebody erased the recording.

        Of any other the object stays: whoever has the lease takes it over.
        """
        if self._catalog.recordings.get(sid).state not in UNDONE:
            return
        if not self._catalog.holds.is_held(sid):
            self._delete(name)

    def _delete(self, name: str) -> None:
        with suppress(ObjectNotFound):
            stored = self._bucket.stat(name)
            self._bucket.delete(stored.name, stored.generation)


class _WhileUsable:
    """Hands out transcripts that are due, while the model can be used on this machine.

    So a worker without it leaves them to others, and none is given up before somebody mends it.
    """

    def __init__(self, catalog: Catalog, usable: Callable[[], bool]) -> None:
        self._leases = catalog.transcripts.due
        self._usable = usable
        self.due_at = self._leases.due_at
        self.renew = self._leases.renew
        self.postpone = self._leases.postpone
        self.give_back = self._leases.give_back

    def claim(
        self, now: datetime, lease_for: timedelta, only: str | None = None
    ) -> Lease[KeptTranscript] | None:
        """Take the one that is due longest. See `twirec.jobs.worker.Queue`."""
        return self._leases.claim(now, lease_for, only) if self._usable() else None


def _channel(original: Original, channel: int, starts: float, ends: float) -> bytes:
    """Return the samples of one channel, of some seconds."""
    first, last = original.span(starts, ends)
    samples = b"".join(original.samples(first, last))
    count = len(samples) // SAMPLE
    return memoryview(samples).cast("h")[channel : count : original.pcm.channels].tobytes()


def _moved(heard: Heard, by: float) -> Heard:
    """Return what was heard, its times from the recording's beginning."""
    return replace(
        heard,
        words=tuple(
            replace(each, starts=round(each.starts + by, 2), ends=round(each.ends + by, 2))
            for each in heard.words
        ),
    )


def _spoken(heard: Iterable[Heard]) -> str:
    """Return the language of most words; empty where nothing was heard."""
    counts: dict[str, int] = {}
    for each in heard:
        if each.language:
            counts[each.language] = counts.get(each.language, 0) + len(each.words)
    return max(counts, key=lambda language: counts[language], default="")


def _labels(recording: Recording, recipe: str) -> dict[str, str]:
    return {
        "schema": SCHEMA,
        "recording_sid": recording.sid,
        "original_sha256": recording.sha256 or "",
        "recipe": recipe,
    }


def _measured(text: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(text).hexdigest(), "size": str(len(text))}
