"""What is said in recordings, in writing: asked for, looked at, read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from twirec.archive.recordings import Originals
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, Deed, acting, asking, check_ever
from twirec.model.audit import Action, Detail
from twirec.model.errors import (
    BytesDiffer,
    CustodyRefused,
    InvalidQuery,
    ModelUnusable,
    NotFound,
    SpeechToolsMissing,
)
from twirec.model.given import understood
from twirec.model.ports import SpeechModel
from twirec.model.sids import RecordingSid
from twirec.model.transcript import KeptTranscript, Transcript, changed
from twirec.search.phrase import from_until
from twirec.search.times import When
from twirec.settings import Settings


@understood
class Transcripts:
    """What a machine heard in recordings, word by word. The sound decides, never this.

    A transcript is read by who may hear its recording, and goes with it.

    Args:
        settings: of which calls one is made, by which model.
        catalog: which there are.
        originals: what they are made of.
        speech: hears them, where that is asked.
        trail: who reads what.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        originals: Originals,
        speech: Callable[[], SpeechModel],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._originals = originals
        self._speech = speech
        self._trail = trail
        self._now = now

    def request(self, sid: RecordingSid, *, by: Actor | str) -> KeptTranscript:
        """Ask for the transcript of a recording: a worker makes it when there is time.

        One that is there, or is being made, is left as it is; of one that failed too often it is
        tried again.

        Args:
            sid: of the recording, `RE…`.
            by: who asks.

        Returns:
            How it stands with it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it may not leave, or is not for them.
        """
        actor = acting(by)
        with self._trail.attempt(Action.TRANSCRIBE, actor, sid) as done:
            self._originals.get(sid, actor, Deed.TRANSCRIBE)
            now = self._now()
            return self._catalog.transcripts.request(sid, actor.name, now, done)

    def of(self, sid: RecordingSid, *, by: Actor | str | None = None) -> KeptTranscript | None:
        """Return how it stands with the transcript of a recording, without what is said in it.

        None if none is there or wanted, or it is not for them.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        with suppress(CustodyRefused):
            self._originals.get(sid, asking(by), Deed.DETAILS)
            return self._catalog.transcripts.get(sid)
        return None

    def get(self, sid: RecordingSid, *, by: Actor | str, purpose: str | None = None) -> Transcript:
        """Return what a machine heard in a recording.

        It is on the audit log before it is read; so is an attempt that is refused.

        Args:
            sid: of the recording, `RE…`.
            by: who reads it.
            purpose: what for, one of `TWIREC_PURPOSES`; where that is set, it has to be said.

        Raises:
            NotFound: there is no such recording, or no transcript of it (yet).
            CustodyRefused: it may not leave, or is not for them.
            InvalidQuery: the purpose is none; the message names the fix.
            BytesDiffer: the bucket holds something else than was made.
            BucketError: the bucket does not give it.
        """
        actor, purposes = acting(by), self._settings.purposes
        word = purposes.find(purpose)
        detail: Detail = {"purpose": word} if word else {}
        with self._trail.attempt(Action.READ, actor, sid, detail):
            purposes.check(purpose)
            self._originals.get(sid, actor, Deed.READ)
            kept = self._catalog.transcripts.get(sid)
            if kept is None or kept.object_name is None:
                raise NotFound(f"There is no transcript of {sid} (yet).")
        with self._trail.outside(Action.READ, actor, sid, detail) as done:
            checked = self._originals.checked(sid, actor)
            text = b"".join(checked.open(kept.fingerprint))
            try:
                transcript = Transcript.from_json(text)
            except ValueError as error:
                raise BytesDiffer(kept.object_name, str(error).rstrip(".")) from error
            self._trail.append(replace(done, at=self._now()))
        return transcript

    def request_all(self, since: When, until: When | None = None, *, by: Actor | str) -> int:
        """Ask for the transcripts of all recordings of a span of time that have none.

        Args:
            since: from when, such as `2026-11-03` or `yesterday`, in the company's zone; a `date`,
                or a `datetime` with its zone.
            until: up to when, in the same forms; a day alone is included; None for now.
            by: who asks.

        Returns:
            How many it were.

        Raises:
            InvalidQuery: a time cannot be understood; the message names the fix.
            CustodyRefused: it is not for them.
        """
        actor, now = acting(by), self._now()
        with self._trail.attempt(Action.TRANSCRIBE, actor) as done:
            check_ever(actor, Deed.TRANSCRIBE)
            zone = self._settings.timezone
            asked = from_until(since, until, now=now, zone=zone)
            begin, end = asked.since, asked.until or now
            if begin is None or begin >= end:
                raise InvalidQuery("since: has to be before until, and before now.")
            span = {"since": f"{begin.date()}", "until": f"{end.date()}"}
            return self._catalog.transcripts.request_between(
                begin, end, actor.name, now, replace(done, detail=span)
            )

    def warning(self) -> str:
        """Return what is wrong with the model on this machine, in a sentence; empty for nothing.

        The model's file is read when this is first asked, where transcripts were made.
        """
        speech = self._speech()
        if problem := speech.problem():
            return problem
        made = self._catalog.transcripts.models()
        try:
            return changed(made, speech.facts()) if made else ""
        except (ModelUnusable, SpeechToolsMissing) as error:
            return str(error)
