"""Transcripts as a kind of due work: heard part by part, kept in the bucket, made anew."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Generic

from twirec.audio.waveform import measure
from twirec.catalog import Catalog
from twirec.catalog.leases import Leases
from twirec.jobs.retrying import TRANSCRIPTS
from twirec.jobs.worker import Due, Kind, LeaseKeeper
from twirec.model.access import OURSELVES, Deed, check
from twirec.model.audio import Sound
from twirec.model.bucket import StoredObject
from twirec.model.cards import CardNumbers, CardSpan
from twirec.model.errors import (
    BucketError,
    CustodyRefused,
    ModelUnusable,
    ObjectNotFound,
    SpeechToolsMissing,
    TwirecError,
)
from twirec.model.hints import TRANSCRIPT
from twirec.model.lease import Lease
from twirec.model.ports import Bucket, delete_named
from twirec.model.records import Recording
from twirec.model.states import UNDONE
from twirec.model.transcript import (
    Heard,
    KeptTranscript,
    SpeechFacts,
    Transcript,
    TranscriptPart,
    TranscriptRule,
    transcript_name,
)
from twirec.transcripts.cards import find_cards
from twirec.transcripts.hearing import Hearing
from twirec.transcripts.objects import labels, measured, put

log = logging.getLogger("twirec.transcripts")

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
    it is there; who finds then that the recording may not leave any more, or that another sound is
    heard of it, deletes what they made.

    Args:
        catalog: which are due, and where what was heard is kept until all is.
        bucket: where they are kept.
        sounds: returns what is heard of a recording.
        hearing: hears it.
        rule: of which calls one is made without anybody's asking.
        cards: whether card numbers are looked for in what was heard.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        sounds: Callable[[Recording], Sound],
        hearing: Hearing,
        *,
        rule: TranscriptRule,
        cards: CardNumbers,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._sounds = sounds
        self._hearing = hearing
        self._rule = rule
        self._cards = cards
        self._now = now
        self._since = ""
        self._all_at: datetime | None = None
        self._said = ""

    def kind(self) -> Kind[KeptTranscript]:
        """Return what a worker has to know of them: they have a thread of their own."""
        return Kind(
            TRANSCRIPT,
            WhileUsable(self._catalog.transcripts.due, self._usable),
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
        facts = self._hearing.speech.facts()
        recipe = self._hearing.recipe(facts)
        before = keeper.lease.item
        sound = self._sounds(recording)
        name = transcript_name(recording, recipe, sound.sha256)
        keeper.lease = self._catalog.transcripts.begin(keeper.lease, recipe, name)
        wanted = labels(recording, recipe, sound.sha256)
        stored, transcript = self._there(name, wanted)
        if transcript is None:
            transcript = self._hear(keeper, recording, sound, facts)
        try:
            stored = stored or put(self._bucket, recording, name, recipe, transcript)
            made = self._catalog.transcripts.made(
                keeper.lease, transcript, stored, self._now(), self._card_numbers(transcript)
            )
        except TwirecError:
            with suppress(TwirecError):  # the bucket may have it, also of a put that failed
                self._take_back(recording.sid, name, sound)
            raise
        if made is None:
            if not before.is_of(stored):
                delete_named(self._bucket, stored.name)
            raise CustodyRefused(f"{recording.sid} may not leave any more; nothing of it was kept.")
        if before.object_name not in {None, name}:
            with suppress(BucketError):  # a sweep deletes what is left
                delete_named(self._bucket, before.object_name or "")

    def refill(self) -> int:
        """Make those due that are lacking, or that another model made, and return how many."""
        if not self._usable():
            return 0
        now, found = self._now(), 0
        if self._all_at is None or now - self._all_at >= ALL_EVERY:
            self._since = ""
        if not self._since and self._catalog.transcripts.models():
            try:
                recipe = self._hearing.recipe(self._hearing.speech.facts())
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
        problem = self._hearing.speech.problem()
        self._say(problem)
        return not problem

    def _say(self, problem: str) -> None:
        if problem and problem != self._said and self._rule:
            log.error("no transcript is made: %s", problem)
        self._said = problem

    def _hear(
        self,
        keeper: LeaseKeeper[KeptTranscript],
        recording: Recording,
        sound: Sound,
        facts: SpeechFacts,
    ) -> Transcript:
        """Hear what was not heard before, and return the whole of it."""
        sid = recording.sid
        waveform = self._catalog.waveforms.get(sid)  # measured when it was archived
        if waveform is None:
            waveform = measure(sound.read(0, None))
            self._catalog.waveforms.keep(sid, waveform)
        heard = {
            (each.channel, each.starts): each.heard for each in self._catalog.transcripts.parts(sid)
        }

        def keep(part: tuple[int, int], what: Heard) -> None:
            keeper.lease = self._catalog.transcripts.keep_part(
                keeper.lease, TranscriptPart(sid, *part, what), self._now() + LEASE
            )

        return self._hearing.hear(
            recording, sound, waveform, heard, facts=facts, heartbeat=keeper.heartbeat, keep=keep
        )

    def _card_numbers(self, transcript: Transcript) -> Sequence[CardSpan]:
        """Return when card numbers are spoken, where these are looked for."""
        return find_cards(transcript.sentences) if self._cards is CardNumbers.PROPOSE else ()

    # --- the object ---------------------------------------------------------------------------

    def _there(
        self, name: str, wanted: Mapping[str, str]
    ) -> tuple[StoredObject | None, Transcript | None]:
        """Return the object that is there already, as somebody made it who came no further."""
        try:
            stored = self._bucket.stat(name)
        except ObjectNotFound:
            return None, None
        text = b"".join(self._bucket.open_range(name, generation=stored.generation))
        wanted = {**wanted, **measured(text)}
        if all(stored.labels.get(label) == value for label, value in wanted.items()):
            with suppress(ValueError):
                return stored, Transcript.from_json(text)
        delete_named(self._bucket, name)
        return None, None

    def _take_back(self, sid: str, name: str, sound: Sound) -> None:
        """Delete what was stored while somebody erased the recording, or cut a card number out.

        Of any other the object stays: whoever has the lease takes it over.
        """
        cut = self._catalog.cards.get(sid)
        if cut is not None and cut.fingerprint and cut.own_sha256 != sound.sha256:
            delete_named(self._bucket, name)
            return
        if self._catalog.recordings.get(sid).state not in UNDONE:
            return
        if not self._catalog.holds.is_held(sid):
            delete_named(self._bucket, name)


class WhileUsable(Generic[Due]):
    """Hands out what has to be heard, while the model can be used on this machine.

    So a worker without it leaves that to others, and none is given up before somebody mends it.

    Args:
        leases: of what is due.
        usable: whether the model can be used.
    """

    def __init__(self, leases: Leases[Due], usable: Callable[[], bool]) -> None:
        self._leases = leases
        self._usable = usable
        self.due_at = leases.due_at
        self.renew = leases.renew
        self.postpone = leases.postpone
        self.give_back = leases.give_back

    def claim(
        self, now: datetime, lease_for: timedelta, only: str | None = None
    ) -> Lease[Due] | None:
        """Take the one that is due longest. See `twirec.jobs.worker.Queue`."""
        return self._leases.claim(now, lease_for, only) if self._usable() else None
