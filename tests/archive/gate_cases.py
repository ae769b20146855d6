"""What each public method gives of a recording, and what has to be there for it.

A method that is not in the table fails: say what it gives of a recording, or why it gives nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from tests.erasing import destroy
from tests.factories import DISCLOSURE_CONSENT, STARTED, call_sid, recording_sid
from tests.house import NAME, House
from tests.sounds import wav
from twirec.archive import Archive
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.database import to_row
from twirec.catalog.tables import differences, recordings, releases
from twirec.model.access import Actor, Deed, StaffRole, Verdict, may_ever, verdict
from twirec.model.approvals import Release
from twirec.model.audio import ConversionSpec
from twirec.model.audit import AuditDraft
from twirec.model.cards import CardCut, CardPart, CardSpan
from twirec.model.cases import CaseStep, CaseStepKind
from twirec.model.custody import Hold
from twirec.model.errors import CustodyRefused, NotFound
from twirec.model.states import Custody, Standstill, State
from twirec.model.vocabulary import Role

SID, OBJECT = recording_sid(), NAME.rpartition("/")[0]
MEDIA = wav(4.0, channels=2)
ROLES = (*StaffRole, "")
# The verdict is a pure function, and its condition in queries is asked on both databases in
# tests/contracts/test_catalog_access.py: on PostgreSQL it is asked of each method once more.


@dataclass(frozen=True)
class Case:
    """How a method is called, and what it does with the recording.

    Attributes:
        deed: what it does; who may not is refused. None for a list, which leaves out or empties
            what is not for who asks.
        call: calls it.
        state: of the recording.
        prepare: changes the scene first.
        of_all: whether it is of all recordings at once: who may do that with none is refused.
    """

    deed: Deed | None
    call: Callable[[Archive, Actor], Any]
    state: State = State.RELEASED
    prepare: Callable[[House], None] | None = None
    of_all: bool = False

    def verdict(self, who: Actor, custody: Custody, *, own: bool = False) -> Verdict:
        """Return what the gate has to say."""
        if self.deed is None:
            return Verdict.ALLOWED
        if self.of_all:
            return Verdict.ALLOWED if may_ever(who, self.deed) else Verdict.REFUSED
        return verdict(who, custody, self.state, self.deed, own=own)


@dataclass(frozen=True)
class Asks:
    """What a method asks that gives nothing of a recording.

    It is called with what `tests/test_given.py` knows to be right, of what is mostly not there: who
    may is told so.

    Attributes:
        deed: which right it asks for.
        gives: what it gives of a recording, or why it gives nothing.
        given: what it is called with besides.
        empties: whether it gives nothing to who may not, and something of `something` to who may.
    """

    deed: Deed
    gives: str
    given: Callable[[Archive], dict[str, Any]] = lambda archive: {}
    empties: bool = False


def something(house: House) -> None:
    """An erasure, a statement of a month, a rule, and two requests, of which nobody took care."""
    archive = house.archive
    destroy(archive, SID, "x", "bo")
    archive.custody.months.close("2026-10", by="bo")
    archive.custody.retention.set("upkeep", "1 year", by="bo", reason="x")
    for _ in range(2):
        archive.custody.access_requests.open("600111222", name="x", by="bo")
    house.time += timedelta(days=100)


def park(house: House) -> None:
    set_recording(
        house, due_at=None, standstill=Standstill.UNDECIDED, last_error=f"{NAME}: not 2 channels."
    )


def damage(house: House) -> None:
    with house.archive.catalog.database.write() as connection:
        row = {"object_name": NAME, "recording_sid": SID, "why": f"{NAME} differs"}
        connection.execute(differences.insert().values(found_at=STARTED, **row))


def held(house: House) -> None:
    hold = Hold("C-7", "x", "bo", STARTED, recording_sid=SID)
    house.archive.catalog.holds.add(hold, AuditDraft(STARTED, "bo", "admin", "hold"))


def asked(house: House) -> None:
    held(house)
    house.archive.custody.unhold(SID, case="C-7", reason="x", by="bo")


def released(house: House) -> None:
    """A release for whoever asks in these tests; of what is not blocked there is none."""
    release = Release(SID, 1, "ana", STARTED, STARTED + timedelta(days=7))
    with house.archive.catalog.database.write() as connection:
        connection.execute(releases.insert(), to_row(release, releases))


def derive(house: House) -> None:
    before = house.recording().custody
    set_recording(house, custody=Custody.ACTIVE)
    house.archive.derivatives.make(SID, ConversionSpec("wav", start=1.0), by="bo")
    set_recording(house, custody=before)


def transcribe(house: House) -> None:
    """A transcript as it was made while that was allowed."""
    before = house.recording().custody
    set_recording(house, custody=Custody.ACTIVE)
    house.archive.transcripts.request(SID, by="bo")
    house.archive.jobs.do("transcript", SID)
    set_recording(house, custody=before)


def card(house: House) -> None:
    """A card number that a transcript had while one could be made."""
    span = CardSpan(CardPart.NUMBER, Role.CUSTOMER, 1.0, 2.0)
    row = to_row(CardCut(SID, STARTED, "", (span,)), card_cuts)
    with house.archive.catalog.database.write() as connection:
        connection.execute(card_cuts.insert(), row)


ORDERED: dict[str, Any] = {
    "recipient": "a court",
    "purpose": "a claim",
    "ground": "court_order",
    "reference": "7/2026",
}


def disclose(house: House) -> None:
    before = house.recording().custody
    set_recording(house, custody=Custody.ACTIVE)
    house.archive.custody.disclosures.consent(SID, **DISCLOSURE_CONSENT, by="bo")
    house.archive.custody.disclosures.give(SID, **ORDERED, by="bo")
    set_recording(house, custody=before)


def a_case(house: House) -> None:
    """A case whose call began to be recorded by it, before whatever became of that."""
    before = house.recording().custody
    set_recording(house, custody=Custody.ACTIVE)
    opened = house.archive.cases.open(call_sid(), "complaint", by="bo")
    set_recording(house, custody=before)
    step = CaseStep(opened.case.id, CaseStepKind.RECORDING, STARTED, "bo", SID, "", call_sid())
    entry = AuditDraft(STARTED, "bo", "", "case")
    house.archive.catalog.cases.began_recording(opened.call, SID, step, entry)


def key_of_case(archive: Archive) -> str:
    return archive.catalog.known_cases.of_call(call_sid())[0].key


def given(archive: Archive) -> str:
    return archive.catalog.disclosures.of(SID)[0].id


def set_recording(house: House, **changes: Any) -> None:
    with house.archive.catalog.database.write() as connection:
        its_own = update(recordings).where(recordings.c.sid == SID)
        connection.execute(its_own.values(**changes))


def made(archive: Archive) -> str:
    return archive.catalog.derivatives.of(SID)[0].object_name


def drained(stream: Any) -> Any:
    list(stream)
    return stream


def rebuilt(archive: Archive, who: Actor) -> Any:
    """Have a catalog made, into which nothing may be read for who is refused."""
    archive.journal.write()
    read: list[str] = []
    try:
        return archive.journal.rebuild(
            "sqlite://", by=who, progress=lambda what, _: read.append(what)
        )
    except CustodyRefused:
        assert read == []
        raise


CASES: dict[str, Case | Asks | str] = {
    "settings": "what it was made with",
    "now": "the time",
    "catalog": "what parts are made of; none of the doors takes from it (tests/test_house.py)",
    "signature": "whether it is Twilio that asks",
    "bucket": "what parts are made of",
    "vendor": "Twilio",
    "from_env": "an archive",
    "set_up": "it makes tables",
    "close": "it ends",
    "calls.search": Case(None, lambda a, who: a.calls.search(by=who)),
    "calls.going_on": Case(None, lambda a, who: a.calls.going_on(by=who)),
    "calls.get": Case(Deed.SEE, lambda a, who: a.calls.get(SID, by=who)),
    "calls.annotate": Case(Deed.ANNOTATE, lambda a, who: a.calls.annotate(SID, note="x", by=who)),
    "calls.add_numbers": Case(
        Deed.ANNOTATE, lambda a, who: a.calls.add_numbers(SID, direction="in", why="x", by=who)
    ),
    "calls.add_numbers_from": Case(
        None,
        lambda a, who: a.calls.add_numbers_from(
            io.BytesIO(b"sid,from,to,direction\n"), why="x", by=who
        ),
    ),
    "calls.fallback": "TwiML for a number",
    "calls.place": "a call that has no recording yet",
    "calls.understand": "it reads a text, and asks the catalog nothing",
    "calls.reindex": "it reads addresses of lines anew, and says how many changed",
    "recordings.get": Case(None, lambda a, who: _or_hidden(a.recordings.get, SID, who)),
    "recordings.left_alone": Case(
        None, lambda a, who: _or_hidden(a.recordings.left_alone, SID, who)
    ),
    "recordings.open": Case(Deed.LISTEN, lambda a, who: drained(a.recordings.open(SID, by=who))),
    "recordings.convert": Case(
        Deed.DOWNLOAD, lambda a, who: drained(a.recordings.convert(SID, format="wav", by=who))
    ),
    "recordings.waveform": Case(Deed.WAVEFORM, lambda a, who: a.recordings.waveform(SID, by=who)),
    "recordings.draw_waveform": Case(
        Deed.WAVEFORM, lambda a, who: a.recordings.draw_waveform(SID, by=who)
    ),
    "recordings.compare": Case(Deed.COMPARE, lambda a, who: a.recordings.compare(SID, by=who)),
    "recordings.pause": Case(
        Deed.PAUSE, lambda a, who: a.recordings.pause(SID, by=who), State.RECORDING
    ),
    "recordings.resume": Case(
        Deed.PAUSE, lambda a, who: a.recordings.resume(SID, by=who), State.RECORDING
    ),
    "transcripts.request": Case(Deed.TRANSCRIBE, lambda a, who: a.transcripts.request(SID, by=who)),
    "transcripts.request_all": Case(
        None, lambda a, who: _or_refused(a.transcripts.request_all, "2026-11-01", who)
    ),
    "transcripts.of": Case(
        None, lambda a, who: _or_hidden(a.transcripts.of, SID, who), prepare=transcribe
    ),
    "transcripts.get": Case(
        Deed.READ, lambda a, who: a.transcripts.get(SID, by=who), prepare=transcribe
    ),
    "transcripts.warning": "what is wrong with a model",
    "cards.waiting": Case(None, lambda a, who: a.cards.waiting(by=who), prepare=card),
    "cards.of": Case(None, lambda a, who: _or_hidden(a.cards.of, SID, who), prepare=card),
    "cards.approve": Case(
        Deed.CUT, lambda a, who: a.cards.approve(SID, reason="x", by=who), prepare=card
    ),
    "cards.refuse": Case(
        Deed.CUT, lambda a, who: a.cards.refuse(SID, reason="x", by=who), prepare=card
    ),
    "derivatives.make": Case(
        Deed.CONVERT, lambda a, who: a.derivatives.make(SID, ConversionSpec("wav"), by=who)
    ),
    "derivatives.of": Case(
        Deed.DETAILS, lambda a, who: a.derivatives.of(SID, by=who), prepare=derive
    ),
    "derivatives.listening_copies": Case(
        Deed.DETAILS, lambda a, who: a.derivatives.listening_copies(SID, by=who), prepare=derive
    ),
    "derivatives.listening_copy": Case(
        Deed.DETAILS, lambda a, who: a.derivatives.listening_copy(SID, by=who), prepare=derive
    ),
    "derivatives.open": Case(
        Deed.LISTEN,
        lambda a, who: drained(a.derivatives.open(SID, made(a), by=who)),
        prepare=derive,
    ),
    "derivatives.expire": "it deletes what nobody wants any more, and says how many",
    "policy.of": "the policy is of numbers",
    "policy.of_all": "the policy is of numbers",
    "policy.change": "the policy is of numbers",
    "policy.reset": "the policy is of numbers",
    "policy.history": "the policy is of numbers",
    "policy.overruling": "the policy is of numbers",
    "policy.own_number": "the policy is of numbers",
    "policy.moment": "a time",
    "policy.announcement": "what callers hear is no secret",
    "policy.announcement_audio": "what callers hear is no secret",
    "agents.inform": "the register is of people",
    "agents.informed": "the register is of people",
    "audit.record": "the entry that was written",
    "audit.log": "it names recordings by their SIDs alone; who may read it is for the app to say",
    "audit.acts": "the same, as what was tried and what came of it together",
    "audit.head": "where the chain ends",
    "audit.verify": "whether the chain is whole",
    "audit.check": "whether the chain is whole",
    "audit.anchor": "counts and hashes of the log",
    "audit.anchors": "counts and hashes of the log",
    "audit.prove": "one entry of the log; who may read it is for the app to say",
    "audit.prove_consistent": "counts and hashes of the log",
    "custody.admit": Case(Deed.ADMIT, lambda a, who: a.custody.admit(SID, ground="x", by=who)),
    "custody.erase": Case(Deed.ERASE, lambda a, who: destroy(a, SID, "x", who)),
    "custody.accept": Case(
        Deed.DECIDE,
        lambda a, who: a.custody.accept(SID, reason="x", by=who),
        State.COMPLETED,
        park,
    ),
    "custody.give_up": Case(
        Deed.DECIDE,
        lambda a, who: a.custody.give_up(SID, reason="x", by=who),
        State.COMPLETED,
        park,
    ),
    "custody.hold": Case(
        Deed.HOLD, lambda a, who: a.custody.hold(SID, case="C-7", reason="x", by=who)
    ),
    "custody.unhold": Case(
        Deed.UNHOLD,
        lambda a, who: a.custody.unhold(SID, case="C-7", reason="x", by=who),
        prepare=held,
    ),
    "custody.access_requests.open": Asks(Deed.ANSWER, "a request, which names no recording"),
    "custody.access_requests.identify": Asks(Deed.ANSWER, "a request, which names no recording"),
    "custody.access_requests.extend": Asks(Deed.ANSWER, "a request, which names no recording"),
    "custody.access_requests.refuse": Asks(Deed.ANSWER, "a request, which names no recording"),
    "custody.access_requests.deliver": Asks(Deed.ANSWER, "a request, which names no recording"),
    "custody.access_requests.get": Asks(Deed.OVERSEE, "a request, which names no recording"),
    "custody.access_requests.list": Asks(Deed.OVERSEE, "requests, which name no recording"),
    "custody.access_requests.overdue": Asks(Deed.OVERSEE, "how many there are", empties=True),
    "custody.access_requests.steps": Case(None, lambda a, who: _of_asked(a, who, "steps")),
    "custody.access_requests.decide": Case(
        None, lambda a, who: _of_asked(a, who, "decide", copies="left_out", sid=SID, why="x")
    ),
    "custody.access_requests.answer": Case(None, lambda a, who: _of_asked(a, who, "answer")),
    "custody.access_requests.pack": Case(
        None, lambda a, who: b"".join(_of_asked(a, who, "pack") or ())
    ),
    "custody.block": Case(Deed.BLOCK, lambda a, who: a.custody.block(SID, reason="x", by=who)),
    "custody.release": Case(
        Deed.RELEASE,
        lambda a, who: a.custody.release(
            SID, authority="Juzgado 3", reference="DP 7", reason="x", by=who
        ),
    ),
    "custody.approvals.pending": Case(
        None, lambda a, who: a.custody.approvals.pending(by=who), prepare=asked
    ),
    "custody.approvals.get": Case(
        None, lambda a, who: _or_hidden(a.custody.approvals.get, 1, who), prepare=asked
    ),
    "custody.approvals.approve": Case(
        None, lambda a, who: _or_refused(a.custody.approvals.approve, 1, who), prepare=asked
    ),
    "custody.approvals.refuse": Case(
        None,
        lambda a, who: _or_refused(a.custody.approvals.refuse, 1, who, reason="x"),
        prepare=asked,
    ),
    "custody.approvals.released": Case(
        None, lambda a, who: a.custody.approvals.released(by=who), prepare=released
    ),
    "custody.approvals.take_out": Case(
        Deed.RELEASE,
        lambda a, who: drained(a.custody.approvals.take_out(SID, by=who)),
        prepare=released,
    ),
    "custody.holds.add": Case(
        None,
        lambda a, who: _or_refused(a.custody.holds.add, "600111222", who, case="C-7", reason="x"),
    ),
    "custody.holds.lift": Case(
        None, lambda a, who: _or_refused(a.custody.holds.lift, 1, who, reason="x")
    ),
    "custody.holds.of": Case(
        None, lambda a, who: _or_hidden(a.custody.holds.of, SID, who), prepare=held
    ),
    "custody.holds.list": Case(None, lambda a, who: a.custody.holds.list(by=who), prepare=held),
    "custody.retention.rules": "how long something is kept: it names no recording",
    "custody.retention.history": "how long something is kept: it names no recording",
    "custody.retention.set": Asks(Deed.ERASE, "how long something is kept: it names no recording"),
    "custody.retention.remove": Asks(
        Deed.ERASE, "how long something is kept: it names no recording"
    ),
    "custody.retention.apply": Asks(
        Deed.ERASE,
        "how long something is kept: it names no recording",
        lambda a: {"confirm": a.custody.retention.preview(by="bo").confirm},
    ),
    "custody.retention.look": "it says at how many things it looked",
    "custody.retention.preview": Case(None, lambda a, who: _previewed(a, who)),
    "custody.retention.of": Case(None, lambda a, who: _or_hidden(a.custody.retention.of, SID, who)),
    "custody.certificates.list": Asks(
        Deed.OVERSEE, "erasures by SIDs, for who looks after the archive", empties=True
    ),
    "custody.certificates.page": Asks(
        Deed.OVERSEE, "an erasure by SIDs, for who looks after the archive"
    ),
    "custody.certificates.pdf": Asks(
        Deed.OVERSEE, "an erasure by SIDs, for who looks after the archive"
    ),
    "custody.certificates.get": Asks(
        Deed.OVERSEE, "an erasure by SIDs, for who looks after the archive"
    ),
    "custody.months.close": Asks(
        Deed.OVERSEE,
        "SIDs and counts, for who looks after the archive",
        lambda a: {"month": "2030-01"},
    ),
    "custody.months.list": Asks(
        Deed.OVERSEE, "statements, for who looks after the archive", empties=True
    ),
    "custody.months.open": Asks(Deed.OVERSEE, "a statement, for who looks after the archive"),
    "integrity.check": Asks(
        Deed.COMPARE, "SIDs of what differs, without blocked ones; see test_integrity"
    ),
    "integrity.look": "what workers read back; nobody is told",
    "custody.evidence": Case(
        Deed.DOWNLOAD, lambda a, who: a.custody.evidence(SID, purpose="claim", by=who)
    ),
    "custody.orders": Case(None, lambda a, who: _or_hidden(a.custody.orders, SID, who)),
    "custody.disclosures.participants": Case(
        Deed.SEE, lambda a, who: a.custody.disclosures.participants(SID, by=who)
    ),
    "custody.disclosures.consent": Case(
        Deed.DISCLOSE,
        lambda a, who: a.custody.disclosures.consent(SID, **DISCLOSURE_CONSENT, by=who),
    ),
    "custody.disclosures.consents": Case(
        Deed.SEE, lambda a, who: a.custody.disclosures.consents(SID, by=who)
    ),
    "custody.disclosures.withdraw": Case(
        Deed.END_DISCLOSURE,
        lambda a, who: a.custody.disclosures.withdraw(1, why="x", by=who),
        prepare=disclose,
    ),
    "custody.disclosures.give": Case(
        Deed.DISCLOSE, lambda a, who: a.custody.disclosures.give(SID, **ORDERED, by=who)
    ),
    "custody.disclosures.revoke": Case(
        Deed.END_DISCLOSURE,
        lambda a, who: a.custody.disclosures.revoke(given(a), why="x", by=who),
        prepare=disclose,
    ),
    "custody.disclosures.of": Case(
        Deed.SEE, lambda a, who: a.custody.disclosures.of(SID, by=who), prepare=disclose
    ),
    "custody.disclosures.list": Case(
        None, lambda a, who: a.custody.disclosures.list(by=who), prepare=disclose
    ),
    "custody.disclosures.look": "a link is the proof; see tests/custody/test_disclosures.py",
    "custody.disclosures.open": "link and code are the proof",
    "custody.disclosures.opened": "link and ticket are the proof",
    "custody.disclosures.hear": "link and ticket are the proof",
    "cases.get": Case(
        None,
        lambda a, who: a.cases.get(key_of_case(a), by=who),
        prepare=a_case,
    ),
    "cases.open": Case(
        None, lambda a, who: _or_refused(a.cases.open, call_sid(), who, kind="complaint")
    ),
    "cases.consent": Case(
        None,
        lambda a, who: [
            _or_refused(a.cases.consent, key_of_case(a), who, answer=said)
            for said in ("refused", "granted")
        ],
        prepare=a_case,
    ),
    "cases.add_call": Case(
        None,
        lambda a, who: _or_refused(a.cases.add_call, key_of_case(a), who, call_sid=call_sid()),
        prepare=a_case,
    ),
    "cases.describe": Asks(Deed.CASE, "a case, which names no recording"),
    "cases.note": Asks(Deed.CASE, "a case, which names no recording"),
    "cases.incomplete": Asks(Deed.CASE, "a case, which names no recording"),
    "cases.complete": Asks(Deed.CASE, "a case, which names no recording"),
    "cases.close": Asks(Deed.SETTLE, "a case, which names no recording"),
    "cases.receipts.make": Asks(
        Deed.CASE, "a receipt, which names no recording; what its link opens is disclosed"
    ),
    "cases.receipts.send": Asks(
        Deed.CASE, "a code; what its link opens is disclosed", lambda a: {"to": "eva@example.com"}
    ),
    "cases.receipts.deliver": Asks(Deed.CASE, "a case, which names no recording"),
    "cases.receipts.undelivered": Asks(Deed.READ_CASE, "e-mails, which name no recording"),
    "cases.years.cases": Asks(Deed.OVERSEE, "cases, which name no recording"),
    "cases.years.waits": Asks(Deed.OVERSEE, "calls, which name no recording"),
    "cases.years.figures": Asks(Deed.OVERSEE, "how many there are"),
    "cases.years.statement": Asks(Deed.OVERSEE, "how many there are"),
    "cases.find": Asks(Deed.READ_CASE, "cases, which name no recording"),
    "cases.list": Asks(Deed.READ_CASE, "cases, which name no recording"),
    "cases.counts": Asks(Deed.READ_CASE, "how many there are"),
    "journal.write": "which days were written",
    "journal.audit_head": "where the chain ends",
    "journal.mark_bucket": "whose the bucket is",
    "journal.adopt_bucket": Case(
        Deed.DECIDE, lambda a, who: a.journal.adopt_bucket(why="x", by=who), of_all=True
    ),
    "journal.rebuild": Case(Deed.DECIDE, rebuilt, of_all=True),
    "jobs.do": "it says when one is due again",
    "jobs.do_due": "it works at all of them, and gives none to anybody",
    "jobs.upkeep": "what comes by itself, and says nothing",
    "jobs.hint_by": "what is given to it goes to a queue: kinds and SIDs",
    "jobs.check_caller": "whether it is the queue that asks",
    "jobs.close": "it ends",
    "operations.worker": "it works at all of them, and gives none to anybody",
    "operations.backfill": Case(
        Deed.DECIDE, lambda a, who: a.operations.backfill("2026-11-01", by=who), of_all=True
    ),
    "operations.sweep": Case(
        Deed.DECIDE, lambda a, who: a.operations.sweep(full=True, by=who), of_all=True
    ),
    "operations.stats": Case(None, lambda a, who: a.operations.stats(by=who)),
    "operations.daily": Case(None, lambda a, who: a.operations.daily(by=who)),
    "operations.parked": Case(
        None, lambda a, who: a.operations.parked(by=who), State.COMPLETED, park
    ),
    "operations.differences": Case(
        None, lambda a, who: a.operations.differences(by=who), prepare=damage
    ),
    "operations.retry": Case(
        Deed.DECIDE, lambda a, who: a.operations.retry(SID, by=who), State.COMPLETED, park
    ),
    "operations.settle_difference": Case(
        Deed.DECIDE,
        lambda a, who: a.operations.settle_difference(SID, reason="x", by=who),
        prepare=damage,
    ),
    "operations.check": "whether the catalog can be written",
    "operations.check_worker": "whether a worker lives",
    "operations.identity": "which catalog it is",
}

ASKED_TOO: dict[str, Asks] = {
    name: Asks(deed, "see its row in `CASES`")
    for deed, names in {
        Deed.READ_CASE: ("cases.get",),
        Deed.CASE: ("cases.open", "cases.add_call", "cases.consent"),
        Deed.OVERSEE: ("custody.access_requests.steps", "custody.retention.preview"),
        Deed.ANSWER: (
            *("custody.access_requests.decide", "custody.access_requests.answer"),
            "custody.access_requests.pack",
        ),
        Deed.TRANSCRIBE: ("transcripts.request_all",),
        Deed.HOLD: ("custody.holds.add",),
    }.items()
    for name in names
}
"""What methods ask whose rows compare what they give, to whoever is not refused."""

WEBHOOKS = {
    "context": "settings catalog vendor now moment open_vendor urls",
    "announcing": "audio decided forget get hang_up judge known language_of left of "
    "open_and_play play",
    "control": "agents_allow answer begin conference_joined leg_moved_on may_begin naming "
    "record_consent start stop stop_if_ordered verdict_of",
    "inbound": "answer connect consent go_on outbound read_plan usable_steps",
    "outbound": "agent_answered announce announced dial_out place place_agent_first planned",
    "agents": "conference dequeued join take",
    "pausing": "calls_of pause resume",
    "status": "ended receive receive_batch",
    "after_dial": "ended",
}
"""What parts and web doors call while the phone rings: nobody asks, but Twilio, whose signature was
checked."""

CASES.update(
    {
        f"webhooks.{room}.{name}": "what Twilio is told"
        for room, names in WEBHOOKS.items()
        for name in names.split()
    }
)


def _or_refused(method: Callable[..., Any], of: object, who: Actor, **said: str) -> Any:
    """Call what is about no recording, which some may not."""
    with suppress(CustodyRefused, NotFound):
        return method(of, by=who, **said)
    return None


def _previewed(archive: Archive, who: Actor) -> Any:
    """Preview a rule that matches the recording, which some may not."""
    archive.custody.retention.set("all", "1 day", by="eva", reason="x")
    with suppress(CustodyRefused):
        return archive.custody.retention.preview(by=who)
    return None


def _of_asked(archive: Archive, who: Actor, method: str, **said: Any) -> Any:
    """Call a method of a request for the number of the recording's call, or be refused."""
    requests = archive.custody.access_requests
    key = requests.open("600111222", name="x", by="bo").key
    requests.identify(key, how="x", by="bo")
    with suppress(CustodyRefused, NotFound):
        return getattr(requests, method)(key, by=who, **said)
    return None


def _or_hidden(method: Callable[..., Any], sid: str, who: Actor) -> Any:
    """Call what leaves out what is hidden by saying that it is not there."""
    with suppress(NotFound):
        return method(sid, by=who)
    return None
