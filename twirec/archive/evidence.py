"""Evidence: everything that is known of a recording, gathered, and sealed."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING

from twirec.archive.recordings import Originals
from twirec.audio.drawing import svg
from twirec.audio.waveform import judged
from twirec.catalog import Catalog
from twirec.custody.anchoring import Anchoring
from twirec.evidence.manifest import steps
from twirec.evidence.opened import chunks
from twirec.evidence.texts import words
from twirec.model.access import Actor
from twirec.model.anchors import SharedProof
from twirec.model.announcements import Announcement
from twirec.model.audit import AuditQuery
from twirec.model.errors import BucketError, JournalError, NotFound
from twirec.model.evidence import CaseFacts, EvidenceForm, RecordingFacts
from twirec.model.records import CallRecord, Recording
from twirec.model.transcript import Transcript
from twirec.model.vocabulary import Role
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.version import __version__

if TYPE_CHECKING:
    from twirec.evidence.seal import Seal

log = logging.getLogger("twirec.archive.evidence")

IN_MEMORY = 8_000_000
"""Bytes of a package beyond which it waits on a disk."""

ENTRIES = 10_000
"""Of the audit log about one recording or call, at the most; the newest are in the package."""

DRAWN = (1600, 256)
"""Width and height of a waveform."""


class EvidenceMaker:
    """Gathers what is known, and makes packages of it.

    Args:
        settings: the company, its zone and its seal.
        catalog: what is known.
        bucket: where the objects are.
        originals: what reads them, checked.
        anchoring: proves that what the audit log says of them was anchored.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        originals: Originals,
        anchoring: Anchoring,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._originals = originals
        self._anchoring = anchoring
        self._now = now

    def seal(self) -> Seal:
        """Return the company's seal.

        Raises:
            SealUnusable: there is none, or it cannot be used; the message names the fix.
            EvidenceToolsMissing: the extra `evidence` is not installed.
        """
        from twirec.adapters.time_stamping import TimeStampAuthority
        from twirec.evidence.seal import Seal, read_key

        settings = self._settings
        key = read_key(settings.seal, settings.seal_password, os.environ)
        authority = TimeStampAuthority(settings.tsa_url) if settings.tsa_url else None
        return Seal(key, authority.ask if authority else None)

    def seal_of_settings(self) -> Seal | None:
        """Return the company's seal; None where the settings name none.

        Raises:
            SealUnusable: it cannot be used; the message names the fix.
            EvidenceToolsMissing: the extra `evidence` is not installed.
        """
        return self.seal() if self._settings.seal else None

    def gather(
        self,
        recordings: list[tuple[Recording, CallRecord]],
        actor: Actor,
        *,
        case_number: str,
        purpose: str,
        language: str,
    ) -> CaseFacts:
        """Gather what is known of some recordings.

        Args:
            recordings: which, each with its call; the actor may have them.
            actor: who has it made.
            case_number: of the case that was asked for; empty for none.
            purpose: what for; empty where none was said.
            language: of the pages.
        """
        gathered = tuple(
            self._facts(recording, record, language, actor) for recording, record in recordings
        )
        announcements = self._announcements(gathered)
        audio = {
            digest: self._catalog.announcements.audio(digest)
            for each in announcements.values()
            for digest in (each.audio, each.question_audio)
            if digest
        }
        return CaseFacts(
            recordings=gathered,
            announcements=announcements,
            audio=audio,
            case_number=case_number,
            company=self._settings.company,
            zone=str(self._settings.timezone),
            language=language,
            made_at=self._now(),
            made_by=actor.role,
            purpose=purpose,
            head=self._catalog.audit.head(),
            version=__version__,
            proof=self._proof(gathered),
        )

    def _proof(self, gathered: tuple[RecordingFacts, ...]) -> SharedProof | None:
        """Return what proves that entries which are shown were anchored; None if nothing does."""
        numbers = {step.entry[0] for facts in gathered for step in steps(facts) if step.entry}
        try:
            return self._anchoring.prove_together(numbers)
        except (BucketError, JournalError) as error:  # its check says that it is not anchored
            log.error("evidence is made without an anchor of the audit log: %s", error)
            return None

    def _facts(
        self, recording: Recording, record: CallRecord, language: str, actor: Actor
    ) -> RecordingFacts:
        try:
            stored = self._bucket().stat(recording.object_name or "")
        except BucketError:  # the bytes are compared when they are read
            stored = None
        measured = self._catalog.waveforms.get(recording.sid)
        waveform = judged(measured, recording) if measured else None
        said = words(language)
        labels = {role: said[role.value] for role in Role}
        width, height = DRAWN
        entries = {  # the log gives a call's other recordings too, which may be blocked
            entry.seq: entry
            for sid in (recording.sid, record.call.call_sid)
            for entry in self._catalog.audit.log(AuditQuery(sid=sid, limit=ENTRIES))
            if entry.sid == sid
        }
        return RecordingFacts(
            recording=recording,
            record=record,
            callbacks=tuple(self._catalog.recordings.callbacks(recording.sid)),
            stored=stored,
            waveform=waveform,
            picture=svg(waveform, width=width, height=height, labels=labels) if waveform else "",
            entries=tuple(entries[seq] for seq in sorted(entries)),
            orders=tuple(self._catalog.orders.of(recording.sid)),
            transcript=self._transcript(recording, actor),
            cut=self._catalog.cards.get(recording.sid),
        )

    def _transcript(self, recording: Recording, actor: Actor) -> Transcript | None:
        """Return what a machine heard in it; None where there is none, or it is not what it was."""
        kept = self._catalog.transcripts.get(recording.sid)
        if kept is None or kept.object_name is None:
            return None
        try:
            checked = self._originals.checked(recording.sid, actor)
            return Transcript.from_json(b"".join(checked.open(kept.fingerprint)))
        except (BucketError, ValueError):  # what differs of it is on the audit log by now
            return None

    def _announcements(self, gathered: tuple[RecordingFacts, ...]) -> dict[str, Announcement]:
        named = {
            digest
            for facts in gathered
            for digest in (
                facts.record.call.announcement,
                *(consent.announcement for consent in facts.record.consents),
            )
            if digest
        }
        found = {}
        for digest in sorted(named):
            try:
                found[digest] = self._catalog.announcements.get(digest)
            except NotFound:  # its check says so
                continue
        return found

    def file_name(self, case: str | None, first: Recording, form: EvidenceForm) -> str:
        """Return the name of a package's file, of characters that are safe on a disk."""
        if case is not None:
            named = "".join(each if each.isalnum() or each in "+._-" else "_" for each in case)
            return f"evidence_{named}.{form.value}"
        return f"evidence_{self._originals.file_name(first, form.value)}"

    def write(
        self, case: CaseFacts, form: EvidenceForm, seal: Seal, actor: Actor, file_name: str
    ) -> tuple[Iterator[bytes], int]:
        """Make a package; return its bytes and how many there are.

        Raises:
            BytesDiffer: a recording is not what was archived.
            InvalidQuery: it is too large for a PDF.
            TimeStampUnavailable: the authority of time does not answer, or not as it has to.
        """

        def read(facts: RecordingFacts) -> Iterator[bytes]:
            return self._originals.as_recorded(facts.recording, actor)(0, None)

        from twirec.evidence.package import make

        into = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - `_given` closes it
        try:
            make(case, form, seal, read, into, file_name)
            size = into.tell() if form is EvidenceForm.PDF else into.seek(0, os.SEEK_END)
        except BaseException:
            into.close()
            raise
        into.seek(0)
        return _given(into), size


def _given(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from chunks(file)
