"""The pages of a package: what the manifest says, for people."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from twirec.audio.drawing import ABOVE
from twirec.custody.document import (
    Block,
    Commands,
    Document,
    Facts,
    Heading,
    Paragraph,
    Picture,
    Points,
    Quote,
    Table,
)
from twirec.custody.zipping import SUMS
from twirec.evidence.container import LIST, SIGNATURE, STAMP, STAMPED
from twirec.evidence.manifest import (
    ANCHOR,
    ANCHOR_STAMP,
    Inside,
    Step,
    media_name,
    steps,
)
from twirec.evidence.texts import moment, words
from twirec.model.cards import CardCut
from twirec.model.clock import clock
from twirec.model.evidence import CaseFacts, EvidenceForm, RecordingFacts
from twirec.model.purposes import Purposes
from twirec.model.records import Consent, Recording
from twirec.model.transcript import Transcript
from twirec.model.vocabulary import NOT_KNOWN, Direction, Role

WITHHELD = frozenset({"anonymous", "restricted", "blocked", "unknown", "unavailable", ""})

HEIGHT = 0.16
"""Of the drawing of a waveform, of its width."""

MARKS = 6
"""Times below it."""


def report(
    case: CaseFacts,
    form: EvidenceForm,
    inside: Sequence[Inside],
    *,
    subject: str,
    issuer: str,
    has_time: bool,
    file_name: str,
) -> Document:
    """Return the pages of a package.

    Args:
        case: what they say.
        form: of the package, by which it is said how to check it.
        inside: its small files.
        subject: whom the seal's certificate names.
        issuer: who issued it.
        has_time: whether an authority says the time.
        file_name: of the package, in the commands.
    """
    pages = _Pages(case)
    blocks = [
        *pages.beginning(subject),
        *(block for facts in case.recordings for block in pages.recording(facts)),
        *pages.anchored(),
        *pages.hashes(inside),
        *pages.check(form, issuer, has_time, file_name),
        *pages.end(has_time),
    ]
    said = words(case.language)
    return Document(said["title"], case.language, case.company, blocks, said["page"])


class _Pages:
    def __init__(self, case: CaseFacts) -> None:
        self._case = case
        self._words = words(case.language)
        self._zone = ZoneInfo(case.zone)

    def beginning(self, subject: str) -> Iterator[Block]:
        said, company = self._words, self._case.company
        yield Heading(said["title"], 1)
        if self._case.case_number:
            yield Facts(((said["case_number"], self._case.case_number),))
        yield Heading(said["what"])
        is_cut = any(each.cut and each.cut.replaced_at for each in self._case.recordings)
        for name in ("what_1_cut" if is_cut else "what_1", "what_2", "what_3"):
            yield Paragraph(said[name].format(company=company, subject=subject))

    def recording(self, facts: RecordingFacts) -> Iterator[Block]:
        said = self._words
        title = said["call"]
        if len(self._case.recordings) > 1:
            title = f"{title}: {facts.recording.sid}"
        yield Heading(title)
        yield Facts(tuple(self._call(facts)))
        yield Heading(said["announced"])
        yield from self._announced(facts)
        yield Heading(said["sound"])
        yield from self._sound(facts)
        if facts.cut is not None and (facts.cut.object_name or facts.cut.replaced_at):
            yield Heading(said["cut"])
            yield from self._cut(facts.cut, facts.recording)
        yield Heading(said["pauses"])
        yield from self._pauses(facts)
        if facts.transcript is not None:
            yield Heading(said["transcript"])
            yield from self._transcript(facts.transcript)
        yield Heading(said["custody"])
        yield Paragraph(said["custody_of"])
        columns = tuple(said[f"column_{name}"] for name in ("at", "what", "who", "entry"))
        rows = tuple(self._step(step) for step in steps(facts))
        yield Table(columns, (0.2, 0.5, 0.17, 0.13), rows)

    def _call(self, facts: RecordingFacts) -> Iterator[tuple[str, str]]:
        said, call, recording = self._words, facts.record.call, facts.recording
        if call.direction:
            yield said["direction"], said["in" if call.direction is Direction.IN else "out"]
        yield said["customer_number"], self._number(call.customer_number)
        yield said["own_number"], self._number(call.own_number)
        yield said["call_began"], self._time(call.started_at)
        yield said["call_ended"], self._time(call.ended_at)
        yield said["recording_began"], self._time(recording.started_at)
        if recording.duration is not None:
            yield said["duration"], clock(recording.duration)
        if call.case_number:
            yield said["case_number"], call.case_number
        yield said["recording"], recording.sid
        yield said["call_sid"], call.call_sid
        joined = [
            said["leg_joined"].format(
                agent=leg.agent or said["somebody"],
                at=f"{leg.at.astimezone(self._zone):%H:%M:%S}",
                sid=leg.leg_sid,
            )
            for leg in facts.record.legs
        ]
        if joined:
            yield said["legs"], "\n".join(joined)
        if recording.legal_ground:
            yield said["legal_ground"], recording.legal_ground

    def _announced(self, facts: RecordingFacts) -> Iterator[Block]:
        said, call = self._words, facts.record.call
        named = {each.announcement for each in facts.record.consents}
        named |= {call.announcement} if call.announcement else set()
        there = [digest for digest in named if digest in self._case.announcements]
        if not there:
            yield Paragraph(said["no_announcement"])
        for digest in sorted(there, key=lambda each: each != call.announcement):
            wording = self._case.announcements[digest]
            yield Paragraph(said["announcement_of"].format(language=wording.language))
            yield Quote(wording.text, wording.language)
            if wording.question:
                yield Paragraph(said["question_of"].format(language=wording.language))
                yield Quote(wording.question, wording.language)
            rows = [
                (said["voice"], wording.voice or said["audio_file"]),
                (said["hash"], digest),
            ]
            if digest == call.announcement:
                rows.append((said["announcement_began"], self._time(call.announced_at)))
                rows.append((said["announcement_leg"], call.leg or call.call_sid))
            yield Facts(tuple(rows))
        for consent in facts.record.consents:
            yield Facts(tuple(self._consent(consent)))

    def _consent(self, consent: Consent) -> Iterator[tuple[str, str]]:
        said = self._words
        yield said["answer"], said[consent.outcome.value]
        yield said["answered_at"], self._time(consent.at)
        yield said["key"], consent.key or said["no_key"]
        yield said["announcement_leg"], consent.leg

    def _sound(self, facts: RecordingFacts) -> Iterator[Block]:
        said, waveform = self._words, facts.waveform
        if waveform is None or not facts.picture:
            yield Paragraph(said["no_sound"])
            return
        if waveform.channels == 1:
            yield Paragraph(said["one_channel"])
        else:
            above, below = (said[role.value if role else "unknown"] for role in _drawn(facts))
            yield Paragraph(said["sound_of"].format(above=above, below=below))
        scale = tuple(clock(waveform.seconds * mark / (MARKS - 1)) for mark in range(MARKS))
        yield Picture(facts.picture, HEIGHT, scale)

    def _cut(self, cut: CardCut, recording: Recording) -> Iterator[Block]:
        said = self._words
        kept = "cut_replaced" if cut.is_recording else "cut_twice"
        yield Paragraph(said["cut_of" if cut.replaced_at is None else kept])
        facts = [
            (said["cut_made"], self._time(cut.made_at)),
            (said["cut_silent"], _spans(cut.made_cuts or ())),
            (said["cut_hash"], cut.own_sha256 or recording.sha256 or ""),
        ]
        if cut.replaced_at is not None:
            facts.append((said["cut_original"], cut.sha256))
            facts.append((said["cut_destroyed"], self._time(cut.replaced_at)))
        yield Facts(tuple(facts))

    def _transcript(self, transcript: Transcript) -> Iterator[Block]:
        said = self._words
        yield Paragraph(
            said["transcript_of"].format(model=transcript.model, hash=transcript.model_sha256)
        )
        columns = tuple(said[f"column_{name}"] for name in ("second", "side", "heard"))
        rows = tuple(
            (clock(each.starts), said[each.side.value if each.side else "unknown"], each.text)
            for each in transcript.sentences
        )
        if rows:
            yield Table(columns, (0.1, 0.16, 0.74), rows)

    def _pauses(self, facts: RecordingFacts) -> Iterator[Block]:
        said = self._words
        pauses = [
            said["pause"].format(
                since=self._time(each.paused_at),
                until=self._time(each.resumed_at),
                by=each.by,
            )
            for each in facts.record.pauses
            if each.recording_sid == facts.recording.sid
        ]
        yield Points(tuple(pauses)) if pauses else Paragraph(said["no_pauses"])

    def _step(self, step: Step) -> tuple[str, ...]:
        what = self._words.steps.get(step.what, step.what)
        detail = dict(step.detail or {})
        if "purpose" in detail:
            detail["purpose"] = Purposes.label(detail["purpose"], self._case.language)
        more = "; ".join(map(self._words.get, detail.values()))
        who = self._words.roles.get(step.role, step.role)
        outcome = "" if step.outcome in ("", "done") else f" ({self._words.get(step.outcome)})"
        said = f"{what}{outcome}" + (f": {more}" if more else "")
        return f"{step.at:%Y-%m-%d %H:%M:%S}", said, who, str(step.entry[0]) if step.entry else ""

    def anchored(self) -> Iterator[Block]:
        proof, said = self._case.proof, self._words
        if proof is None:
            return
        anchor = proof.anchor
        yield Paragraph(
            said["anchored"].format(
                entries=anchor.entries, at=self._time(anchor.at), number=anchor.anchor
            )
        )
        yield Facts(((said["anchor_hash"], anchor.digest),))

    def hashes(self, inside: Sequence[Inside]) -> Iterator[Block]:
        said = self._words
        yield Heading(said["hashes"])
        rows = [
            (media_name(facts), str(facts.recording.size or ""), facts.recording.sha256 or "")
            for facts in self._case.recordings
        ]
        rows += [
            (each.name, str(len(each.data)), hashlib.sha256(each.data).hexdigest())
            for each in inside
        ]
        yield Table((said["file"], said["size"], "SHA-256"), (0.36, 0.12, 0.52), tuple(rows))

    def check(
        self, form: EvidenceForm, issuer: str, has_time: bool, file_name: str
    ) -> Iterator[Block]:
        said, file_name = self._words, shlex.quote(file_name)
        yield Heading(said["check"])
        media = [media_name(facts) for facts in self._case.recordings]
        if form is EvidenceForm.PDF:
            yield Paragraph(said["check_pdf"])
            yield Commands(
                (
                    f"pdfsig {file_name}",
                    f"pdfdetach -list {file_name}",
                    f"pdfdetach -saveall {file_name}",
                    f"sha256sum {' '.join(media)}",
                )
            )
            if has_time:
                yield Paragraph(said["check_pdf_time"])
        else:
            yield Paragraph(said["check_zip"])
            yield Commands(tuple(_of_container(file_name, has_time)))
        if self._case.proof and self._case.proof.stamp:
            yield Paragraph(said["check_anchor"])
            inside = "" if form is EvidenceForm.PDF else "../"
            yield Commands(
                (
                    f"openssl ts -verify -data {ANCHOR} -in {ANCHOR_STAMP} -token_in "
                    f"-CAfile {inside}tsa.pem",
                )
            )
        yield Paragraph(said["check_root"].format(issuer=issuer))
        yield Paragraph(said["check_us"])
        yield Commands((f"twirec verify {file_name} --trust ca.pem",))

    def end(self, has_time: bool) -> Iterator[Block]:
        said, case = self._words, self._case
        yield Heading(said["not_proven"])
        left_out = {"not_proven_4"} if has_time else set()
        left_out |= {"not_proven_5" if case.proof else "not_proven_6"}
        names = [f"not_proven_{number}" for number in range(1, 7)]
        yield Points(tuple(said[name] for name in names if name not in left_out))
        made = said["made"].format(at=self._time(case.made_at), software=f"twirec {case.version}")
        yield Paragraph(made)

    def _time(self, at: datetime | None) -> str:
        """Return a moment in the company's zone, and in UTC."""
        if at is None:
            return self._words["not_known"]
        return moment(at, self._zone)

    def _number(self, number: str) -> str:
        if number == NOT_KNOWN:
            return self._words["not_known"]
        return self._words["withheld"] if number in WITHHELD else number


def _drawn(facts: RecordingFacts) -> list[Role | None]:
    """Return who is drawn above and below: the customer is above."""
    roles = [side.role for side in facts.waveform.sides] if facts.waveform else []
    return sorted(roles, key=ABOVE.index)[:2]


def _of_container(file_name: str, has_time: bool) -> Iterator[str]:
    yield f"unzip {file_name} -d evidence && cd evidence"
    yield (
        f"openssl cms -verify -binary -inform DER -in {SIGNATURE} -content {LIST} "
        "-CAfile ../ca.pem -out /dev/null"
    )
    if has_time:
        yield f"openssl ts -verify -data {STAMPED} -in {STAMP} -token_in -CAfile ../tsa.pem"
    yield f"sha256sum -c {SUMS}"
    yield f"sum=$(openssl dgst -sha256 -binary {SUMS} | base64)"
    yield f'grep -q "$sum" {LIST} && echo sealed'


def _spans(spans: Sequence[tuple[float, float]]) -> str:
    """Return spans of seconds as people read them: `1:01-1:16, 1:20-1:22`."""
    return ", ".join(f"{clock(begin)}-{clock(end)}" for begin, end in spans)
