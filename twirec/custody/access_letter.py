"""The letter with which a request for access is answered (GDPR art. 15), in Spanish or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from twirec.custody.access_words import MONTHS, TEXTS, VALUES
from twirec.custody.document import (
    Block,
    Document,
    Facts,
    Heading,
    Paragraph,
    Points,
    Quote,
)
from twirec.model.access_requests import (
    AccessAnswer,
    AnsweredCall,
    AnsweredRecording,
    CallSide,
    Consultation,
    Fate,
)
from twirec.model.announcements import Announcement
from twirec.model.audio import Channels
from twirec.model.purposes import Purposes
from twirec.model.vocabulary import NOT_KNOWN

MIDNIGHT = time()

NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a letter says of who writes it.

    Attributes:
        company: who records.
        privacy_info: where to learn more, and where rights are exercised.
        country: ISO 3166; of Spain the authority is named.
        zone: of all times.
        vendor_region: where Twilio processes calls, such as `ie1`; empty for its default.
        at_google: whether recordings are kept at Google.
        transcripts: whether a machine writes down what is said in recordings.
    """

    company: str
    privacy_info: str
    country: str
    zone: tzinfo
    vendor_region: str = ""
    at_google: bool = True
    transcripts: bool = False


class Letter:
    """A letter, as it is written.

    Args:
        answer: what is answered.
        head: who writes.
        wordings: what callers heard, by the hashes in the consents.
        today: the day of the letter.
    """

    def __init__(
        self,
        answer: AccessAnswer,
        head: Letterhead,
        wordings: Mapping[str, Announcement],
        today: date,
    ) -> None:
        self._answer = answer
        self._request = answer.request
        self._head = head
        self._wordings = wordings
        self._today = today
        self._language = answer.request.language
        self._says = TEXTS[self._language]
        self._names = {hash_: f"{self._says['wording']} {i}" for i, hash_ in enumerate(wordings, 1)}

    def document(self) -> Document:
        """Return what it says."""
        title = f"{self._says['title']} {self._request.key}"
        blocks = (
            Heading(self._says["title"], 1),
            *self._opening(),
            *self._calls(),
            *self._held_back(),
            *self._quoted(),
            *self._about(),
        )
        return Document(title, self._language, self._head.company, blocks, self._says["page"])

    def _opening(self) -> Iterator[Block]:
        request, says = self._request, self._says
        rows = [
            (says["from"], self._head.company),
            (says["to"], request.name),
            (says["reference"], request.key),
            (says["date"], self.day(self._today)),
            (says["received"], self.day(request.received_on)),
            (says["number"], request.number),
            (says["period"], self._period()),
        ]
        yield Facts(tuple(rows))
        yield Paragraph(says["intro"].format(company=self._head.company))
        yield Paragraph(self._counted())
        if self._answer.given:
            yield Paragraph(says["files"])
        if any(one.transcripts for call in self._answer.calls for one in call.recordings):
            yield Paragraph(says["transcripts_files"])
        yield Paragraph(says["free"])

    def _period(self) -> str:
        since, until = self._request.since, self._request.until
        if since is None and until is None:
            return self._says["always"]
        begin = self._says["since"].format(at=self._bound(since)) if since else ""
        return " ".join(filter(None, (begin, self._end(until) if until else "")))

    def _end(self, until: datetime) -> str:
        """Return up to when: a whole day is included, of any other time what is before it."""
        local = until.astimezone(self._head.zone)
        if local.time() != MIDNIGHT:
            return self._says["before"].format(at=self.moment(until))
        return self._says["until"].format(day=self.day(local.date() - timedelta(days=1)))

    def _bound(self, at: datetime) -> str:
        local = at.astimezone(self._head.zone)
        return self.day(local.date()) if local.time() == MIDNIGHT else self.moment(at)

    def _counted(self) -> str:
        calls = len(self._answer.calls)
        if not calls:
            return self._says["nothing"]
        recordings = sum(len(call.recordings) for call in self._answer.calls)
        counted = {"calls": calls, "recordings": recordings, "given": self._answer.given}
        return self._says["counted"].format(**counted, zone=self._head.zone)

    def _calls(self) -> Iterator[Block]:
        if self._answer.calls:
            yield Heading(self._says["calls"])
        for number, call in enumerate(self._answer.calls, 1):
            yield Heading(f"{number}. {self.moment(call.record.call.started_at)}", 3)
            yield Facts(tuple(self._call(call)))
            for recording in call.recordings:
                yield Facts(tuple(self._recording(recording)))

    def _call(self, call: AnsweredCall) -> Iterator[tuple[str, str]]:
        says, line = self._says, call.record.call
        if line.direction:
            yield says["direction"], self.word(line.direction)
        yield says["side"], says[f"side_{call.side}"]
        if line.own_number and line.own_number != NOT_KNOWN and call.side is not CallSide.AGENT:
            yield says["own_number"], line.own_number
        if line.ended_at:
            yield says["ended"], self.moment(line.ended_at)
        if line.reason and call.side is CallSide.CUSTOMER:
            yield says["not_recorded"], self.word(line.reason)
        if line.legal_basis:
            yield says["basis"], self.word(line.legal_basis)
        for consent in call.record.consents if call.side is CallSide.CUSTOMER else ():
            said = f"{self.word(consent.outcome)}, {self.moment(consent.at)}"
            name = self._names.get(consent.announcement, "")
            yield says["consent"], ", ".join(filter(None, (said, name)))
        if call.side is CallSide.CUSTOMER and call.record.notes:
            yield (
                says["notes"],
                "\n".join(
                    f"{self.day(note.at.astimezone(self._head.zone).date())}: {note.text}"
                    for note in call.record.notes
                    if note.text
                )
                or NOTHING,
            )
        if line.case_number and call.side is CallSide.CUSTOMER:
            yield says["case"], line.case_number
        if call.consulted:
            yield says["consulted_page"], self._consulted(call.consulted)

    def _recording(self, one: AnsweredRecording) -> Iterator[tuple[str, str]]:
        says, recording = self._says, one.recording
        length = f", {recording.duration} s" if recording.duration is not None else ""
        begin = self.moment(recording.started_at) if recording.started_at else NOTHING
        yield says["recording"], f"{begin}{length}"
        if one.fate is Fate.GIVEN:
            yield says["file"], one.file
            how = "whole" if one.channels is Channels.BOTH else "silenced"
            yield says["copy"], says[f"copy_{how}"]
            yield "SHA-256", one.sha256 or NOTHING
            if one.transcripts:
                yield says["transcript"], "\n".join(one.transcripts)
        else:
            yield says["no_copy"], says[f"fate_{one.fate}"]
        if one.fate is Fate.DESTROYED:
            return
        if one.held:
            yield says["kept"], says["held"]
        elif one.kept_until:
            yield says["kept"], says["kept_until"].format(day=self.day(one.kept_until))
        else:
            yield says["kept"], says["kept_unknown"]
        yield says["recipients"], "; ".join(one.recipients) or says["no_recipients"]
        yield says["consulted"], self._consulted(one.consulted) or says["never"]

    def _consulted(self, each: Sequence[Consultation]) -> str:
        return "\n".join(
            ": ".join(
                filter(None, (self.day(one.on), ", ".join(filter(None, self._what_for(one)))))
            )
            for one in each
        )

    def _what_for(self, one: Consultation) -> Iterator[str]:
        yield self._says[f"action_{one.action}"]
        if one.action != "show":
            label = Purposes.label(one.purpose, self._language) if one.purpose else ""
            yield label or self._says["no_purpose"]

    def _held_back(self) -> Iterator[Block]:
        """Say what there is besides, of which nobody gets a copy."""
        if self._answer.blocked:
            yield Heading(self._says["blocked"])
            yield Paragraph(self._says["blocked_said"].format(count=self._answer.blocked))
        if self._answer.left_out:
            yield Heading(self._says["left_out"])
            yield Paragraph(self._says["left_out_said"].format(count=self._answer.left_out))

    def _quoted(self) -> Iterator[Block]:
        if self._wordings:
            yield Heading(self._says["wordings"])
        for hash_, wording in self._wordings.items():
            yield Heading(self._names[hash_], 3)
            said = "\n".join(filter(None, (wording.text, wording.question)))
            yield Quote(said, wording.language)
            rows = ((self._says["language"], wording.language), ("SHA-256", hash_))
            yield Facts(rows)

    def _about(self) -> Iterator[Block]:
        """Say what art. 15.1 and 15.2 ask for besides."""
        says, head = self._says, self._head
        yield Heading(says["about"])
        yield Facts(
            (
                (says["controller"], f"{head.company.rstrip('.')}. {head.privacy_info}"),
                (says["purposes"], says["purposes_said"]),
                (says["categories"], says["categories_said"]),
                (says["source"], says["source_said"]),
                (says["processors"], self._processors()),
                *(((says["transcripts"], says["transcripts_said"]),) if head.transcripts else ()),
                (says["retention"], says["retention_said"]),
                (says["automated"], says["automated_said"]),
            )
        )
        yield Heading(says["rights"])
        complaint = says["complaint_es" if head.country == "ES" else "complaint"]
        rights = says["rights_said"].format(privacy_info=head.privacy_info)
        yield Points((*rights.split("\n"), complaint))
        yield Heading(says["check"])
        yield Paragraph(says["check_said"])

    def _processors(self) -> str:
        says = self._says
        where = says["region"].format(region=self._head.vendor_region)
        twilio = says["twilio"].format(where=where if self._head.vendor_region else says["us"])
        return f"{twilio} {says['google' if self._head.at_google else 'own_store']}"

    def word(self, value: str) -> str:
        """Return what people read for a word of a vocabulary."""
        return VALUES[self._language].get(str(value), str(value).replace("_", " "))

    def day(self, on: date) -> str:
        """Return a day: `3 November 2026`, `3 de noviembre de 2026`."""
        month = MONTHS[self._language][on.month - 1]
        return self._says["day"].format(day=on.day, month=month, year=on.year)

    def moment(self, at: datetime) -> str:
        """Return a time in the company's zone; of the hour that comes twice, its offset too."""
        local = at.astimezone(self._head.zone)
        twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
        offset = f" (UTC{local:%z})" if twice else ""
        return f"{self.day(local.date())}, {local:%H:%M:%S}{offset}"
