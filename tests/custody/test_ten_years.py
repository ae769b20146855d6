"""Ten years of calls, rules, holds, blocks, erasures, sweeps, backfills and rebuilds, in any order.

Hypothesis looks for a way in which something held is destroyed, something is destroyed early,
something stays past its date, or something that is gone comes back. What should be the case is said
here a second time, in the plainest words there are.
"""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.erasing import destroy
from tests.examples import examples
from tests.factories import ACCOUNT, STARTED, a_call, a_callback, a_consent, call_sid, recording_sid
from tests.house import AT_VENDOR, BOTH, OWN_ROUTES
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_speech import MemorySpeech
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.access import Actor
from twirec.model.approvals import Approval
from twirec.model.audio import ConversionSpec
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.states import Custody, State
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

MADRID = ZoneInfo("Europe/Madrid")
TEN_YEARS = STARTED + timedelta(days=3652)
MEDIA = wav(seconds=1, channels=2)
NUMBERS = ("+34911000111", "+34911000222")
ANA, BO = Actor("ana", "admin"), Actor("bo", "admin")
MOST = 6
DAYS = {"1 day": 1, "30 days": 30, "400 days": 400, "1500 days": 1500}
GONE = (State.ERASING, State.ERASED)


@dataclass
class Kept:
    """A recording, as this test knows it.

    Attributes:
        holds: the cases for which it is held.
        blocked_until: from which day it is destroyed, if it is blocked.
        to_be_blocked, to_be_destroyed: whether somebody ordered that.
        custody, state: as they were seen last.
    """

    sid: str
    call: str
    started: datetime
    number: str
    direction: Direction
    consent: ConsentOutcome | None
    case: str = ""
    holds: set[str] = field(default_factory=set)
    blocked_until: date | None = None
    to_be_blocked: bool = False
    to_be_destroyed: bool = False
    custody: Custody | None = None
    state: State | None = None


@dataclass(frozen=True)
class Said:
    """A rule, as this test knows it."""

    days: int
    blocks: bool
    number: str | None
    direction: str | None
    consent: str | None
    case: str | None

    def points(self, kept: Kept) -> int | None:
        """Return how many conditions it has, if all of them hold."""
        answer = kept.consent or ConsentOutcome.NOT_ANNOUNCED
        asked = [
            (self.number, self.number == kept.number),
            (self.direction, self.direction == kept.direction),
            (self.consent, self.consent == answer),
            (self.case, bool(kept.case) and self.case in ("*", kept.case)),
        ]
        if not all(holds for condition, holds in asked if condition is not None):
            return None
        return sum(condition is not None for condition, _ in asked) + (self.case not in (None, "*"))

    def over(self, kept: Kept) -> datetime:
        """Return the moment at which its last day is over."""
        day = kept.started.astimezone(MADRID).date() + timedelta(days=self.days + 1)
        return datetime.combine(day, time(), MADRID).astimezone(UTC)


class TenYears(RuleBasedStateMachine):
    """An archive to which everything happens that custody is about."""

    def __init__(self) -> None:
        super().__init__()
        self.time = STARTED
        self.bucket, self.vendor = MemoryBucket(), MemoryVendor()
        for route in OWN_ROUTES:
            self.vendor.routes.append((ACCOUNT, route))
        self.vendor.add_call(
            VendorCall(call_sid(99), ACCOUNT, "+34600111299", NUMBERS[0], "inbound", "completed")
        )
        self.archive = self.opened()
        self.archive.set_up()
        self.archive.journal.mark_bucket()
        self.kept: list[Kept] = []
        self.standing: dict[str, Said] = {}
        self.applied: dict[str, Said] = {}
        self.held_numbers: dict[int, str] = {}
        self.unseen = False

    def opened(self) -> Archive:
        return Archive(
            Settings.from_env({**ENVIRONMENT, "TWIREC_TRANSCRIPTS": "all"}),
            bucket=self.bucket,
            vendor=self.vendor,
            speech=MemorySpeech(),
            now=lambda: self.time,
        )

    # --- what happens -------------------------------------------------------------------------

    @initialize(term=st.sampled_from(list(DAYS)), blocks=st.booleans())
    def there_is_a_rule_and_a_call(self, term: str, blocks: bool) -> None:
        anything = dict.fromkeys(("number", "direction", "consent", "case"))
        self.a_rule_is_set("a", term, blocks, **anything)
        self.a_call_is_recorded(NUMBERS[0], Direction.IN, ConsentOutcome.INFORMED)
        self.the_rules_are_applied()

    @precondition(lambda self: len(self.kept) < MOST)
    @rule(
        number=st.sampled_from(NUMBERS),
        direction=st.sampled_from(list(Direction)),
        consent=st.sampled_from([ConsentOutcome.INFORMED, ConsentOutcome.GRANTED, None]),
    )
    def a_call_is_recorded(
        self, number: str, direction: Direction, consent: ConsentOutcome | None
    ) -> None:
        at = len(self.kept) + 1
        kept = Kept(recording_sid(at), call_sid(at), self.time, number, direction, consent)
        self.kept.append(kept)
        customer = f"+3460011120{at}"
        line = {"customer_number": customer, "own_number": number, "direction": direction}
        self.archive.catalog.ledger.open_call(
            a_call(call_sid=kept.call, leg=kept.call, started_at=self.time, **line)
        )
        if consent is not None:
            given: dict[str, Any] = {"call_sid": kept.call, "leg": kept.call, "at": self.time}
            self.archive.catalog.consents.record(a_consent(outcome=consent, **given), None)
        parties = (customer, number) if direction is Direction.IN else (number, customer)
        way = "inbound" if direction is Direction.IN else "outbound-api"
        self.vendor.add_call(
            VendorCall(kept.call, ACCOUNT, *parties, way, "completed", started_at=self.time)
        )
        self.at_vendor(kept)
        told = a_callback(
            recording_sid=kept.sid, call_sid=kept.call, started_at=self.time, duration=1
        )
        self.archive.catalog.recordings.receive(
            told, state=State.COMPLETED, channel_map=BOTH, at=self.time
        )
        self.archive.catalog.ledger.close_call(
            ACCOUNT, kept.call, outcome=Outcome.RECORDED, reason=None, ended_at=self.time
        )
        self.look()

    @rule(days=st.sampled_from([1, 29, 31, 370, 1100]), hours=st.integers(0, 23))
    def time_passes(self, days: int, hours: int) -> None:
        self.see()
        self.time = min(self.time + timedelta(days=days, hours=hours), TEN_YEARS)
        self.look()

    @precondition(lambda self: self.ends())
    @rule(before=st.booleans())
    def the_next_end_comes(self, before: bool) -> None:
        """Come to the moment at which the next thing is over, or to an hour before."""
        self.see()
        self.time = next(iter(self.ends()), self.time + timedelta(hours=1)) - timedelta(
            hours=before
        )
        self.look()

    @rule(
        name=st.sampled_from("abc"),
        term=st.sampled_from(list(DAYS)),
        blocks=st.booleans(),
        number=st.sampled_from([None, *NUMBERS]),
        direction=st.sampled_from([None, "in", "out"]),
        consent=st.sampled_from([None, "granted", "not_announced"]),
        case=st.sampled_from([None, None, "*", "C-1"]),
    )
    def a_rule_is_set(self, name: str, term: str, blocks: bool, **asked: Any) -> None:
        end = "block" if blocks else "destroy"
        self.archive.custody.retention.set(name, term, at_end=end, by=ANA, reason="x", **asked)
        self.standing[name] = Said(DAYS[term], blocks, **asked)

    @rule(name=st.sampled_from("abc"))
    def a_rule_is_removed(self, name: str) -> None:
        with suppress(NotFound):
            self.archive.custody.retention.remove(name, by=ANA, reason="x")
            del self.standing[name]

    @rule()
    def the_rules_are_applied(self) -> None:
        rules = self.archive.custody.retention
        rules.apply(confirm=rules.preview(by=ANA).confirm, by=ANA, reason="x")
        self.applied = dict(self.standing)
        self.look()

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), case=st.sampled_from(["", "C-1", "C-2"]))
    def a_case_is_noted(self, data: st.DataObject, case: str) -> None:
        kept = self.one(data)
        with suppress(NotFound, CustodyRefused):
            self.archive.calls.annotate(kept.call, case=case, by=ANA)
            kept.case = case
        self.look()

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), case=st.sampled_from(["H-1", "H-2"]))
    def one_is_held(self, data: st.DataObject, case: str) -> None:
        kept = self.one(data)
        with suppress(NotFound, CustodyRefused, InvalidQuery):
            self.archive.custody.hold(kept.sid, case=case, reason="x", by=ANA)
            kept.holds.add(case)
        self.look()

    @precondition(lambda self: any(kept.holds for kept in self.kept))
    @rule(data=st.data())
    def a_hold_is_lifted(self, data: st.DataObject) -> None:
        kept = data.draw(st.sampled_from([each for each in self.kept if each.holds]))
        case = sorted(kept.holds)[0]
        self.approve(self.archive.custody.unhold(kept.sid, case=case, reason="x", by=ANA))
        kept.holds.remove(case)
        self.look()

    @rule(number=st.sampled_from(NUMBERS))
    def a_number_is_held(self, number: str) -> None:
        held = self.archive.custody.holds.add(number, case="N-1", reason="x", by=ANA)
        self.held_numbers[held.id] = number
        self.look()

    @precondition(lambda self: self.held_numbers)
    @rule()
    def a_hold_of_a_number_is_lifted(self) -> None:
        number = min(self.held_numbers)
        self.approve(self.archive.custody.holds.lift(number, reason="x", by=ANA))
        del self.held_numbers[number]
        self.look()

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), now=st.booleans(), look=st.booleans())
    def somebody_erases(self, data: st.DataObject, now: bool, look: bool) -> None:
        kept = self.one(data)
        with suppress(NotFound, CustodyRefused, InvalidQuery):
            if now:
                destroy(self.archive, kept.sid)
                kept.to_be_destroyed = True
            else:
                self.archive.custody.erase(kept.sid, reason="asked for", by=ANA)
                kept.to_be_blocked = True
        self.unseen = not look
        if look:
            self.look()

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def somebody_blocks(self, data: st.DataObject) -> None:
        kept = self.one(data)
        with suppress(NotFound, CustodyRefused, InvalidQuery):
            self.archive.custody.block(kept.sid, reason="asked for", by=ANA)
            kept.to_be_blocked = True
        self.look()

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def a_derivative_is_made(self, data: st.DataObject) -> None:
        with suppress(NotFound, CustodyRefused):
            self.archive.derivatives.make(self.one(data).sid, ConversionSpec("wav"), by=BO)

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def a_copy_comes_back_at_the_vendor(self, data: st.DataObject) -> None:
        self.at_vendor(self.one(data))

    @rule(full=st.booleans())
    def somebody_sweeps(self, full: bool) -> None:
        self.archive.operations.sweep(full=full)
        self.look()

    @rule(keep=st.booleans())
    def somebody_backfills(self, keep: bool) -> None:
        self.archive.operations.backfill("2026-01-01", by=ANA, keep_at_vendor=keep).run()
        self.look()

    @rule()
    def the_catalog_is_lost(self) -> None:
        self.archive.journal.write()
        made = self.opened()
        assert made.journal.rebuild(by=ANA).problems == {}
        self.archive.catalog.close()
        self.archive = made
        self.look()

    # --- what has to hold ---------------------------------------------------------------------

    def look(self) -> None:
        """Let workers do all that is due, and look at every recording."""
        for _ in range(3):
            self.archive.operations.worker(threads=1).run_once()
            self.time += timedelta(minutes=11)  # what waits for others is looked at again
        self.archive.operations.worker(threads=1).run_once()
        for kept in self.kept:
            self.check(kept)

    def see(self) -> None:
        """Look, if nobody has since something was ordered: by its date it may be done and over."""
        if self.unseen:
            self.unseen = False
            self.look()

    def check(self, kept: Kept) -> None:
        row = self.archive.catalog.recordings.get(kept.sid)
        said = self.decides(kept)
        is_over = said is not None and said.over(kept) <= self.time
        held = bool(kept.holds) or kept.number in self.held_numbers.values()
        ended = kept.blocked_until is not None and kept.blocked_until <= self.time.date()
        if kept.state is State.ERASED:
            assert row.state is State.ERASED, "it came back"
        elif row.state in GONE:
            assert not held or kept.to_be_destroyed, "it is held"
            assert kept.to_be_destroyed or ended or (is_over and said and not said.blocks), "early"
        if held and kept.state not in GONE:
            assert row.state is not State.ERASED, "it is held"
            assert self.is_stored(kept)
        if row.custody is Custody.BLOCKED and kept.custody is not Custody.BLOCKED:
            assert kept.to_be_blocked or (is_over and said and said.blocks and not held), "early"
            block = self.archive.catalog.blocks.get(kept.sid)
            assert block is not None
            kept.blocked_until = block.until
            soonest = self.time - timedelta(hours=2) + self.archive.settings.blocked_for
            day = soonest.date()
            assert day < block.until <= day + timedelta(days=2)
        if row.state is State.ERASED:
            assert self.archive.catalog.transcripts.get(kept.sid) is None
        kept.state, kept.custody = row.state, row.custody
        if held or row.state is State.ERASED:
            assert row.state is not State.ERASED or not self.is_stored(kept)
            return
        assert not kept.to_be_destroyed, "it is not destroyed"
        if row.custody is Custody.BLOCKED:
            assert not ended, "it is past the date of its block"
        else:
            assert not is_over, "it is past its date"
            assert not kept.to_be_blocked, "it is not blocked"

    def decides(self, kept: Kept) -> Said | None:
        matching = [
            (points, each.days, each.blocks, each)
            for each in self.applied.values()
            if (points := each.points(kept)) is not None
        ]
        return max(matching, key=lambda each: each[:3])[3] if matching else None

    def ends(self) -> list[datetime]:
        """Return when what is kept is over, as far as that is to come, the soonest first."""
        ends = []
        for kept in self.kept:
            said = self.decides(kept)
            if kept.blocked_until is not None:
                ends.append(datetime.combine(kept.blocked_until, time(), UTC))
            elif said is not None:
                ends.append(said.over(kept))
        return sorted(end for end in ends if self.time + timedelta(hours=1) < end <= TEN_YEARS)

    def teardown(self) -> None:
        self.see()
        self.time = max(self.time, TEN_YEARS)
        self.archive.operations.sweep(full=True)
        self.look()
        there = {found.sid for found in self.vendor.recordings(ACCOUNT)}
        assert not there & {kept.sid for kept in self.kept if kept.state is State.ERASED}
        assert self.archive.audit.verify().whole
        self.archive.close()

    # --- how ----------------------------------------------------------------------------------

    def one(self, data: st.DataObject) -> Kept:
        return data.draw(st.sampled_from(self.kept))

    def at_vendor(self, kept: Kept) -> None:
        found = dataclasses.replace(
            AT_VENDOR,
            sid=kept.sid,
            call_sid=kept.call,
            created_at=kept.started,
            started_at=kept.started,
            duration=1,
        )
        self.vendor.add_recording(found, MEDIA)

    def is_stored(self, kept: Kept) -> bool:
        return any(kept.sid in stored.name for stored in self.bucket.list(""))

    def approve(self, asked: Approval) -> None:
        """Let a second person approve what was asked for."""
        self.archive.custody.approvals.approve(asked.id, by=BO)


TenYears.TestCase.settings = settings(
    max_examples=examples(4, thorough=200),
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
TestTenYears = TenYears.TestCase
