"""Every public method of every part of the archive, by role, custody and deed.

A method that is not in the table fails: say what it gives of a recording, or why it gives nothing.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import update

from tests.erasing import destroy
from tests.factories import ACCOUNT, STARTED, call_sid, recording_sid
from tests.house import NAME, House, with_settings
from tests.lending import POSTGRESQL
from tests.parts import parts
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.database import to_row
from twirec.catalog.tables import differences, recordings, releases
from twirec.model.access import Actor, Deed, StaffRole, Verdict, verdict
from twirec.model.agents import Leg
from twirec.model.approvals import Release
from twirec.model.audio import ConversionSpec
from twirec.model.audit import AuditDraft
from twirec.model.cards import CardCut, CardPart, CardSpan
from twirec.model.cases import CaseStep, CaseStepKind
from twirec.model.custody import Hold
from twirec.model.errors import CustodyRefused, NotFound, TwirecError
from twirec.model.states import Custody, Standstill, State
from twirec.model.vocabulary import Role
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

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
    """

    deed: Deed | None
    call: Callable[[Archive, Actor], Any]
    state: State = State.RELEASED
    prepare: Callable[[House], None] | None = None


def park(house: House) -> None:
    _set(house, due_at=None, standstill=Standstill.UNDECIDED, last_error=f"{NAME}: not 2 channels.")


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
    _set(house, custody=Custody.ACTIVE)
    house.archive.derivatives.make(SID, ConversionSpec("wav", start=1.0), by="bo")
    _set(house, custody=before)


def transcribe(house: House) -> None:
    """A transcript as it was made while that was allowed."""
    before = house.recording().custody
    _set(house, custody=Custody.ACTIVE)
    house.archive.transcripts.request(SID, by="bo")
    house.archive.jobs.do("transcript", SID)
    _set(house, custody=before)


def card(house: House) -> None:
    """A card number that a transcript had while one could be made."""
    span = CardSpan(CardPart.NUMBER, Role.CUSTOMER, 1.0, 2.0)
    row = to_row(CardCut(SID, STARTED, "", (span,)), card_cuts)
    with house.archive.catalog.database.write() as connection:
        connection.execute(card_cuts.insert(), row)


CONSENT: dict[str, Any] = {
    "participant": "customer",
    "recipient": "a lawyer",
    "purpose": "a claim",
    "given_on": "2026-11-03",
    "how": "writing",
    "evidence": "a letter",
}
ORDERED: dict[str, Any] = {
    "recipient": "a court",
    "purpose": "a claim",
    "ground": "court_order",
    "reference": "7/2026",
}


def disclose(house: House) -> None:
    before = house.recording().custody
    _set(house, custody=Custody.ACTIVE)
    house.archive.custody.disclosures.consent(SID, **CONSENT, by="bo")
    house.archive.custody.disclosures.give(SID, **ORDERED, by="bo")
    _set(house, custody=before)


def a_case(house: House) -> None:
    """A case whose call began to be recorded by it, before whatever became of that."""
    before = house.recording().custody
    _set(house, custody=Custody.ACTIVE)
    opened = house.archive.cases.open(call_sid(), "complaint", by="bo")
    _set(house, custody=before)
    step = CaseStep(opened.case.id, CaseStepKind.RECORDING, STARTED, "bo", SID)
    entry = AuditDraft(STARTED, "bo", "", "case")
    house.archive.catalog.cases.began_recording(opened.call, SID, step, entry)


def given(archive: Archive) -> str:
    return archive.catalog.disclosures.of(SID)[0].id


def _set(house: House, **changes: Any) -> None:
    with house.archive.catalog.database.write() as connection:
        its_own = update(recordings).where(recordings.c.sid == SID)
        connection.execute(its_own.values(**changes))


def made(archive: Archive) -> str:
    return archive.catalog.derivatives.of(SID)[0].object_name


def drained(stream: Any) -> Any:
    list(stream)
    return stream


def rebuilt(archive: Archive, who: Actor) -> Any:
    archive.journal.write()
    return archive.journal.rebuild("sqlite://", by=who)


CASES: dict[str, Case | str] = {
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
    "custody.access_requests.open": "a request, which names no recording",
    "custody.access_requests.identify": "a request, which names no recording",
    "custody.access_requests.extend": "a request, which names no recording",
    "custody.access_requests.refuse": "a request, which names no recording",
    "custody.access_requests.deliver": "a request, which names no recording",
    "custody.access_requests.get": "a request, which names no recording",
    "custody.access_requests.list": "requests, which name no recording",
    "custody.access_requests.overdue": "how many there are",
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
    "custody.retention.rules": "how long what is kept: it names no recording",
    "custody.retention.history": "how long what is kept: it names no recording",
    "custody.retention.set": "how long what is kept: it names no recording",
    "custody.retention.remove": "how long what is kept: it names no recording",
    "custody.retention.apply": "how long what is kept: it names no recording",
    "custody.retention.look": "it says at how many things it looked",
    "custody.retention.preview": Case(None, lambda a, who: _previewed(a, who)),
    "custody.retention.of": Case(None, lambda a, who: _or_hidden(a.custody.retention.of, SID, who)),
    "custody.certificates.list": "erasures by SIDs, for who looks after the archive",
    "custody.certificates.page": "an erasure by SIDs, for who looks after the archive",
    "custody.certificates.pdf": "an erasure by SIDs, for who looks after the archive",
    "custody.certificates.get": "an erasure by SIDs, for who looks after the archive",
    "custody.months.close": "SIDs and counts, for who looks after the archive",
    "custody.months.list": "statements, for who looks after the archive",
    "custody.months.open": "a statement, for who looks after the archive",
    "integrity.check": "SIDs of what differs, without blocked ones; see test_integrity",
    "integrity.look": "what workers read back; nobody is told",
    "custody.evidence": Case(
        Deed.DOWNLOAD, lambda a, who: a.custody.evidence(SID, purpose="claim", by=who)
    ),
    "custody.orders": Case(None, lambda a, who: _or_hidden(a.custody.orders, SID, who)),
    "custody.disclosures.participants": Case(
        Deed.SEE, lambda a, who: a.custody.disclosures.participants(SID, by=who)
    ),
    "custody.disclosures.consent": Case(
        Deed.DISCLOSE, lambda a, who: a.custody.disclosures.consent(SID, **CONSENT, by=who)
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
        lambda a, who: a.cases.get(a.catalog.known_cases.of_call(call_sid())[0].key, by=who),
        prepare=a_case,
    ),
    "cases.open": "a case, its call, and whether that is recorded",
    "cases.consent": Case(
        None,
        lambda a, who: _or_refused(
            a.cases.consent, a.catalog.known_cases.of_call(call_sid())[0].key, who, answer="granted"
        ),
        prepare=a_case,
    ),
    "cases.add_call": "a case, its call, and whether that is recorded",
    "cases.describe": "a case, which names no recording",
    "cases.note": "a case, which names no recording",
    "cases.incomplete": "a case, which names no recording",
    "cases.complete": "a case, which names no recording",
    "cases.close": "a case, which names no recording",
    "cases.receipts.make": "a receipt, which names no recording; what its link opens is disclosed",
    "cases.receipts.send": "a code; what its link opens is disclosed",
    "cases.receipts.deliver": "a case, which names no recording",
    "cases.receipts.undelivered": "e-mails, which name no recording",
    "cases.years.cases": "cases, which name no recording",
    "cases.years.waits": "calls, which name no recording",
    "cases.years.figures": "how many there are",
    "cases.years.statement": "how many there are",
    "cases.find": "cases, which name no recording",
    "cases.list": "cases, which name no recording",
    "cases.counts": "how many there are",
    "journal.write": "which days were written",
    "journal.audit_head": "where the chain ends",
    "journal.mark_bucket": "whose the bucket is",
    "journal.adopt_bucket": "whose the bucket is",
    "journal.rebuild": Case(None, rebuilt),
    "jobs.do": "it says when one is due again",
    "jobs.do_due": "it works at all of them, and gives none to anybody",
    "jobs.upkeep": "what comes by itself, and says nothing",
    "jobs.hint_by": "what is given to it goes to a queue: kinds and SIDs",
    "jobs.check_caller": "whether it is the queue that asks",
    "jobs.close": "it ends",
    "operations.worker": "it works at all of them, and gives none to anybody",
    "operations.backfill": "it counts what it took over",
    "operations.sweep": Case(None, lambda a, who: a.operations.sweep(full=True, by=who)),
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


def public_methods(kinds: dict[str, type]) -> Iterator[str]:
    for part, kind in kinds.items():
        for name, _method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{part}.{name}"


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, case in CASES.items()
        if isinstance(case, Case) and case.deed and case.prepare not in (derive, disclose)
    ],
)
def test_what_is_hidden_is_answered_like_what_is_not_there(
    scene: Callable[[Custody, Case], House], twirec_settings: Settings, name: str
) -> None:
    case, who = CASES[name], Actor("ana", "supervisor")
    assert isinstance(case, Case)
    assert case.deed
    if verdict(who, Custody.BLOCKED, case.state, case.deed) is not Verdict.HIDDEN:
        return  # a pause, which protects a caller
    said = []
    for house in (scene(Custody.BLOCKED, case), House(twirec_settings, MemoryBucket())):
        with pytest.raises(NotFound) as caught:
            case.call(house.archive, who)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("role", ROLES)
def test_who_does_not_look_after_recordings_counts_none(
    scene: Callable[[Custody, Case], House], role: str
) -> None:
    case = CASES["operations.differences"]
    assert isinstance(case, Case)
    house = scene(Custody.QUARANTINED, case)
    who = Actor("ana", role)
    counted = house.archive.operations.stats(by=who)
    figures = (sum(counted.recordings.values()), sum(counted.custody.values()), counted.differences)
    days = sum(day.recordings for day in house.archive.operations.daily(by=who))
    looks_after = role in {"admin", "auditor", ""}
    assert (figures, days) == (((1, 1, 1), 1) if looks_after else ((0, 0, 0), 0))


OWN = (
    (Custody.ACTIVE, "client:ana", True),
    (Custody.ACTIVE, "client:ana", False),
    (Custody.ACTIVE, "client:berta", True),
    (Custody.QUARANTINED, "client:ana", True),
    (Custody.BLOCKED, "client:ana", True),
)
"""Whose line an agent has, and whether the company lets agents hear what is theirs."""


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case, Case)])
def test_of_their_own_an_agent_gets_what_the_company_allows(
    scene: Callable[[Custody, Case], House], name: str
) -> None:
    case = CASES[name]
    assert isinstance(case, Case)
    for custody, line, hears in OWN[:1] if POSTGRESQL else OWN:
        house = scene(custody, case)
        leg = Leg(ACCOUNT, call_sid(2), call_sid(), STARTED, "client:ana")
        house.archive.catalog.agents.add_leg(leg)
        archive = with_settings(house.archive, agents_hear_their_own=hears)
        own = hears and line == "client:ana"
        said, refused, told = Verdict.ALLOWED, False, ""
        who = Actor("ana", "agent", line)
        if case.deed:
            said = verdict(who, custody, case.state, case.deed, own=own)
        try:
            told = repr(case.call(archive, who))
        except (CustodyRefused, NotFound) as error:
            refused = isinstance(error, CustodyRefused) or error.hidden
            assert refused or said is Verdict.ALLOWED, (line, hears, custody)
        except TwirecError:  # of what it is about; the gate was passed
            pass
        assert refused is (said is not Verdict.ALLOWED) or case.deed is None
        gives = own and custody is Custody.ACTIVE and case.state is State.RELEASED
        assert gives or (OBJECT not in told and "sha256='" not in told), (line, hears, custody)
        if not (gives or case.state is State.RECORDING or case.deed):
            assert SID not in told, (line, hears, custody)
        entries = archive.audit.log(who="ana") if refused else []
        assert not entries or entries[0].outcome == "denied"


CHANGING = {
    *(Deed.PAUSE, Deed.ADMIT, Deed.ERASE, Deed.DECIDE, Deed.CONVERT),
    *(Deed.HOLD, Deed.UNHOLD, Deed.BLOCK, Deed.RELEASE, Deed.DISCLOSE),
    Deed.END_DISCLOSURE,
}


def untold(kinds: dict[str, type]) -> set[str]:
    """Return the methods of which the table says nothing."""
    return set(public_methods(kinds)) - CASES.keys()


def test_the_table_speaks_of_every_method() -> None:
    assert untold(parts()) == set()
    assert {name for name, case in CASES.items() if isinstance(case, Case)} <= set(
        public_methods(parts())
    )


def test_a_new_method_that_is_not_in_the_table_is_found() -> None:
    class Recordings(parts()["recordings"]):  # type: ignore[misc]
        """A part with one method more."""

        def transcript(self, sid: str) -> str:
            """Return what was said."""
            return sid

    assert untold({**parts(), "recordings": Recordings}) == {"recordings.transcript"}


def test_who_asks_is_said_to_every_method_that_gives_something_of_a_recording() -> None:
    kinds = parts()
    for name, case in CASES.items():
        part, _, method = name.rpartition(".")
        if isinstance(case, Case):
            assert "by" in inspect.signature(getattr(kinds[part], method)).parameters, name


@pytest.fixture(scope="module")
def recorded() -> House:
    """An archive with one recording, to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    return house


@pytest.fixture(scope="function" if POSTGRESQL else "module")  # a database is lent to a test
def scene(recorded: House) -> Callable[[Custody, Case], House]:
    """Make an archive with one recording: a copy of one that is as a case wants it."""

    @cache
    def prepared(custody: Custody, state: State, prepare: Callable[[House], None] | None) -> House:
        house = recorded.copy()
        if state is not State.RELEASED:
            _set(house, state=state)
        _set(house, custody=custody)
        if prepare:
            prepare(house)
        return house

    return lambda custody, case: prepared(custody, case.state, case.prepare).copy()


@pytest.mark.parametrize("custody", [Custody.QUARANTINED] if POSTGRESQL else list(Custody))
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case, Case)])
def test_the_gate_is_passed(
    scene: Callable[[Custody, Case], House], name: str, custody: Custody
) -> None:
    case = CASES[name]
    assert isinstance(case, Case)
    house = None
    for role in ROLES:
        who = Actor("ana", role)
        house = house or scene(custody, case)
        said, told, refused = Verdict.ALLOWED, "", False
        if case.deed:
            said = verdict(who, custody, case.state, case.deed)
        try:
            told = repr(case.call(house.archive, who))
        except (CustodyRefused, NotFound) as error:
            told = str(error)
            refused = isinstance(error, CustodyRefused) or error.hidden
            assert refused or said is Verdict.ALLOWED, (role, told)
            hidden = isinstance(error, NotFound) and error.hidden
            assert hidden is (said is Verdict.HIDDEN), (role, told)
        except TwirecError as error:  # of what it is about; the gate was passed
            told = str(error)
        else:
            assert said is Verdict.ALLOWED, (role, told)
        after = house.recording()
        gives = verdict(who, after.custody, after.state, Deed.DETAILS) is Verdict.ALLOWED
        assert gives or OBJECT not in told, (role, told)
        assert gives or "sha256='" not in told, (role, told)
        knows = (Deed.SEE, Deed.OVERSEE)
        states = (custody, case.state)
        if case.deed is None and not any(
            verdict(who, *states, deed) is Verdict.ALLOWED for deed in knows
        ):
            assert SID not in told, (role, told)
            assert call_sid(2) not in told
        entries = house.archive.audit.log(who="ana")
        assert {each.role for each in entries} <= {role}  # none lost the role
        assert not (refused and entries) or entries[0].outcome == "denied"
        if entries or case.deed in CHANGING:
            house = None
