"""The contract of the catalog about rules of retention: what is looked at, and what goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from tests.factories import (
    ACCOUNT,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    enter,
    recording_sid,
)
from twirec.catalog import Catalog
from twirec.catalog.retention_tables import retention_looks, retention_stale
from twirec.catalog.tables import recordings
from twirec.custody.retention import fate, over_before
from twirec.model.audit import Action, AuditDraft
from twirec.model.custody import Hold, Order, OrderKind
from twirec.model.errors import InvalidQuery
from twirec.model.ownership import Claim
from twirec.model.records import Call, Note
from twirec.model.retention import (
    AtEnd,
    Kept,
    Looked,
    RetentionChange,
    RetentionRule,
    RetentionStep,
    Term,
    in_order,
)
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ERASED, ConsentOutcome, Direction

MADRID = ZoneInfo("Europe/Madrid")
DAY = timedelta(days=1)
ENTRY = AuditDraft(STARTED, "ana", "admin", Action.RETENTION)
BLOCK_UNTIL = date(2030, 1, 1)
SID = recording_sid()


def rule(name: str, term: str, **asked: Any) -> RetentionRule:
    return RetentionRule(name, Term.parse(term), **{"at_end": AtEnd.DESTROY} | asked)


def look(
    catalog: Catalog, now: datetime, *rules: RetentionRule, version: int = 1, limit: int = 200
) -> Looked:
    """Look once at what is due."""

    def decide(kept: Kept, of: Any) -> Any:
        return fate(in_order(each for each in rules if each.kept is kept), of, MADRID)

    return catalog.retention.look(now, version, decide, block_until=BLOCK_UNTIL, limit=limit)


def keep(catalog: Catalog, number: int = 1, **changes: Any) -> None:
    """Adopt a recording with its call."""
    call = {name: changes.pop(name) for name in ("own_number", "direction") if name in changes}
    started = changes.get("started_at", STARTED)
    catalog.ledger.open_call(a_call(call_sid=call_sid(number), started_at=started, **call))
    fields = {"sid": recording_sid(number), "call_sid": call_sid(number)} | changes
    catalog.recordings.adopt(a_recording(**fields))


def state(catalog: Catalog, number: int = 1) -> State:
    return catalog.recordings.get(recording_sid(number)).state


def set_recording(catalog: Catalog, **changes: Any) -> None:
    with catalog.database.write() as connection:
        connection.execute(update(recordings).where(recordings.c.sid == SID).values(**changes))


def looks(catalog: Catalog) -> dict[str, datetime | None]:
    with catalog.database.read() as connection:
        assert connection.execute(select(retention_stale)).all() == []
        of_recordings = retention_looks.c.kept == Kept.RECORDINGS
        rows = connection.execute(select(retention_looks).where(of_recordings))
        return {row.sid: row.look_at for row in rows}


OVER = datetime(2026, 12, 23, 23, tzinfo=UTC)
"""When 30 days after STARTED are over, in Madrid."""


def test_what_is_over_is_ordered_to_be_destroyed_and_nothing_sooner(catalog: Catalog) -> None:
    keep(catalog)
    month = rule("month", "30 days")
    assert look(catalog, STARTED, month).destroyed == ()
    assert looks(catalog) == {SID: OVER}
    assert not catalog.retention.is_due(OVER - timedelta(seconds=1), 1)
    assert look(catalog, OVER - timedelta(seconds=1), month) == Looked()
    assert catalog.retention.is_due(OVER, 1)
    assert look(catalog, OVER, month).destroyed == (SID,)
    assert state(catalog) is State.ERASING
    (order,) = catalog.orders.of(SID)
    assert (order.kind, order.by, order.at) == (OrderKind.ERASE, "twirec", OVER)
    assert order.why == "retention: month, 30 days"
    entry = catalog.audit.entries(0, 100)[-1]
    assert (entry.action, entry.sid, entry.by) == (Action.ERASE, SID, "twirec")
    look(catalog, OVER + DAY, month)
    assert looks(catalog) == {}


def test_what_is_over_by_a_rule_that_blocks_is_blocked_and_destroyed_on_its_date(
    catalog: Catalog,
) -> None:
    keep(catalog)
    month = rule("month", "30 days", at_end=AtEnd.BLOCK)
    assert look(catalog, OVER, month).blocked == (SID,)
    assert catalog.recordings.get(SID).custody is Custody.BLOCKED
    block = catalog.blocks.get(SID)
    assert block is not None
    assert (block.until, block.by, block.was) == (BLOCK_UNTIL, "twirec", Custody.QUARANTINED)
    midnight = datetime(2030, 1, 1, tzinfo=UTC)
    for _ in range(2):  # the change of custody is looked at once more
        assert look(catalog, OVER, month).destroyed == ()
    assert looks(catalog) == {SID: midnight}
    assert look(catalog, midnight - timedelta(seconds=1), month) == Looked()
    assert look(catalog, midnight, month).destroyed == (SID,)
    assert catalog.orders.of(SID)[-1].why == "end of block"


def test_a_block_ends_on_its_date_where_there_are_no_rules(catalog: Catalog) -> None:
    keep(catalog)
    order = Order(SID, OrderKind.BLOCK, STARTED, "ana", "asked for")
    catalog.blocks.block(order, BLOCK_UNTIL, AuditDraft(STARTED, "ana", "", Action.BLOCK, sid=SID))
    look(catalog, STARTED, version=0)
    assert looks(catalog) == {SID: datetime(2030, 1, 1, tzinfo=UTC)}
    assert look(catalog, datetime(2030, 1, 1, tzinfo=UTC), version=0).destroyed == (SID,)


def test_without_rules_in_force_nothing_goes(catalog: Catalog) -> None:
    keep(catalog)
    while catalog.retention.is_due(STARTED, 0):
        look(catalog, STARTED, version=0)
    assert not catalog.retention.is_due(STARTED + 99 * 365 * DAY, 0)
    assert state(catalog) is State.COMPLETED


def test_other_rules_are_asked_of_all_that_was_looked_at(catalog: Catalog) -> None:
    for number in (1, 2, 3):
        keep(catalog, number)
    year, month = rule("year", "1 year"), rule("month", "30 days")
    while catalog.retention.is_due(OVER, 1):
        assert look(catalog, OVER, year, limit=2).destroyed == ()
    gone: list[str] = []
    while catalog.retention.is_due(OVER, 2):
        gone += look(catalog, OVER, month, version=2, limit=2).destroyed
    assert sorted(gone) == [recording_sid(number) for number in (1, 2, 3)]


def hold(catalog: Catalog, **of: Any) -> Hold:
    new = Hold("R-1", "sued", "ana", STARTED, **of)
    return catalog.holds.add(new, AuditDraft(STARTED, "ana", "", Action.HOLD))


def lift(catalog: Catalog, held: Hold, at: datetime) -> None:
    entry = AuditDraft(at, "ana", "", Action.UNHOLD)
    catalog.holds.lift([held.id], by="ana", at=at, reason="over", audited=entry)


def test_what_is_held_stays_until_the_last_hold_is_lifted(catalog: Catalog) -> None:
    for end in AtEnd:
        number = 1 if end is AtEnd.BLOCK else 2
        keep(catalog, number)
        sid, month = recording_sid(number), rule("month", "30 days", at_end=end)
        of_number = hold(catalog, number="+34600111222")
        of_itself = hold(catalog, recording_sid=sid)
        for at in (OVER, OVER + 400 * DAY):
            look(catalog, at, month)
            assert catalog.recordings.get(sid).custody is not Custody.BLOCKED, end
            assert state(catalog, number) is State.COMPLETED, end
        lift(catalog, of_number, OVER + 400 * DAY)
        look(catalog, OVER + 402 * DAY, month)
        assert state(catalog, number) is State.COMPLETED, end
        lift(catalog, of_itself, OVER + 403 * DAY)
        looked = look(catalog, OVER + 403 * DAY, month)  # at once
        assert sid in (*looked.blocked, *looked.destroyed), end


def test_a_hold_of_a_number_that_is_lifted_lets_go_at_once(catalog: Catalog) -> None:
    keep(catalog)
    held = hold(catalog, number="+34911000111")
    look(catalog, OVER, rule("month", "30 days"))
    lift(catalog, held, OVER)
    assert look(catalog, OVER, rule("month", "30 days")).destroyed == (SID,)


CHANGES: dict[str, tuple[Callable[[Catalog], Any], RetentionRule]] = {
    "a case": (
        lambda c: enter(c.notes.add, Note(ACCOUNT, call_sid(), "ana", STARTED, "x", "R-1")),
        rule("short", "1 day", case="r-1"),
    ),
    "an answer": (
        lambda c: c.consents.record(a_consent(outcome=ConsentOutcome.REFUSED), None),
        rule("short", "1 day", consent=ConsentOutcome.REFUSED),
    ),
    "its start": (
        lambda c: set_recording(c, started_at=STARTED - 400 * DAY),
        rule("short", "300 days", direction=Direction.IN),
    ),
    "its call": (
        lambda c: (
            c.ledger.open_call(a_call(call_sid=call_sid(7), own_number="+34911000777")),
            set_recording(c, call_sid=call_sid(7)),
        ),
        rule("short", "1 day", number="+34911000777"),
    ),
    "a state": (
        lambda c: (set_recording(c, state=State.LOST), set_recording(c, state=State.COMPLETED)),
        rule("short", "1 day", direction=Direction.IN),
    ),
}


def test_what_a_rule_asks_may_change_and_is_looked_at_again(catalog: Catalog) -> None:
    keep(catalog)
    long = rule("long", "5 years")
    for why, (change, short) in CHANGES.items():
        set_recording(catalog, state=State.COMPLETED, started_at=STARTED, call_sid=call_sid())
        look(catalog, STARTED, long)
        change(catalog)
        looked = look(catalog, STARTED + 3 * DAY, long, short)
        assert looked.destroyed == (SID,), why


def test_a_recording_that_comes_before_its_call_is_looked_at_again(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording())
    short = rule("short", "1 day", direction=Direction.IN)
    look(catalog, STARTED + 3 * DAY, short)
    assert looks(catalog) == {SID: None}
    catalog.ledger.open_call(a_call())
    assert look(catalog, STARTED + 3 * DAY, short).destroyed == (SID,)


def test_what_has_nothing_to_destroy_or_is_not_ours_stays_as_it_is(catalog: Catalog) -> None:
    keep(catalog)
    short = rule("short", "1 day")
    late = STARTED + 30 * DAY
    for number, each in enumerate(State):
        set_recording(catalog, state=State.LOST)
        set_recording(catalog, state=State.COMPLETED)
        set_recording(catalog, state=each)
        looked = look(catalog, late + number * DAY, short)
        erasable = each in (State.COMPLETED, State.ARCHIVED, State.RELEASED)
        assert bool(looked.destroyed) == erasable, each
    set_recording(catalog, state=State.LOST)
    set_recording(catalog, state=State.COMPLETED, claim=Claim.UNPROVEN)
    assert look(catalog, late + 30 * DAY, short).destroyed == ()
    assert look(catalog, late + 32 * DAY, short).destroyed == ()


def test_what_begins_by_nobodys_knowledge_is_kept_until_it_is_known(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording(started_at=None, call_sid=None))
    short = rule("short", "1 day")
    look(catalog, STARTED + 99 * DAY, short)
    assert looks(catalog) == {SID: None}
    set_recording(catalog, started_at=STARTED)
    assert look(catalog, STARTED + 99 * DAY, short).destroyed == (SID,)


def test_two_changes_at_once_are_one_after_the_other(catalog: Catalog) -> None:
    change = RetentionChange(
        STARTED, "ana", "x", RetentionStep.SET, "all", Kept.RECORDINGS, "1 day"
    )
    first = catalog.retention.change(change, ENTRY, after=0)
    with pytest.raises(InvalidQuery, match="changed just now"):
        catalog.retention.change(change, ENTRY, after=0)
    assert catalog.retention.history() == [replace(change, id=first.id)]
    (entry,) = catalog.audit.entries(0, 10)
    assert entry.detail["rule"] == first.id


def test_what_rules_would_do_is_counted_as_it_is_decided(catalog: Catalog) -> None:
    numbers = ("+34911000111", "+34911000222")
    for number in range(1, 9):
        started = STARTED - number * 10 * DAY
        own, way = numbers[number % 2], list(Direction)[number // 2 % 2]
        keep(catalog, number, started_at=started, own_number=own, direction=way)
        if number % 3 == 0:
            granted = {"outcome": ConsentOutcome.GRANTED, "call_sid": call_sid(number)}
            catalog.consents.record(a_consent(**granted), None)
        if number % 4 == 0:
            note = Note(ACCOUNT, call_sid(number), "ana", STARTED, "x", f"R-{number}")
            enter(catalog.notes.add, note)
    hold(catalog, recording_sid=recording_sid(8))
    keep(catalog, 9, state=State.ABSENT)
    rules = in_order(
        [
            rule("sales", "15 days", number=numbers[0]),
            rule("granted", "25 days", consent=ConsentOutcome.GRANTED),
            rule("silent", "45 days", consent=ConsentOutcome.NOT_ANNOUNCED),
            rule("case", "55 days", case="*"),
            rule("that case", "15 days", case="r-8"),
            rule("out", "5 days", direction=Direction.OUT),
        ]
    )
    edges = [(each, over_before(STARTED, each.term, MADRID)) for each in rules]
    counted, without = catalog.retention.count(Kept.RECORDINGS, edges)
    decided: dict[str, list[tuple[bool, str]]] = {each.name: [] for each in rules}
    none = 0
    for number in range(1, 9):
        kept = catalog.retention.of(recording_sid(number))
        assert kept is not None
        said = fate(rules, kept.facts, MADRID)
        if said.rule is None or said.over_at is None:
            none += 1
            continue
        decided[said.rule.name].append((said.over_at <= STARTED, kept.recording.sid))
    assert without == none
    for each, count in zip(rules, counted, strict=True):
        over = [sid for is_over, sid in decided[each.name] if is_over]
        held = [sid for sid in over if sid == recording_sid(8)]
        assert (count.matched, count.over) == (len(decided[each.name]), len(over)), each.name
        assert count.held == len(held), each.name
        assert set(count.examples) <= set(over) - set(held)
    assert sum(count.over for count in counted) > 3
    assert catalog.retention.count(Kept.RECORDINGS, []) == ([], 8)


# --- lines of calls, and notes ------------------------------------------------------------------


def line_of(catalog: Catalog, number: int = 1) -> Call:
    return catalog.search.find(call_sid(number)).call


def notes_of(catalog: Catalog, number: int = 1) -> int:
    return len(catalog.search.find(call_sid(number)).notes)


def note(catalog: Catalog, at: datetime, number: int = 1) -> None:
    enter(catalog.notes.add, Note(ACCOUNT, call_sid(number), "ana", at, "promised", None))


NUMBERS = rule("numbers", "30 days", kept=Kept.CALLS)
TEXTS = rule("texts", "10 days", kept=Kept.NOTES)


def test_a_line_loses_whose_it_was_when_its_time_is_over_and_stays(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    note(catalog, STARTED)
    assert look(catalog, OVER - timedelta(seconds=1), NUMBERS).numbers == 0
    assert look(catalog, OVER, NUMBERS).numbers == 1
    line = line_of(catalog)
    assert (line.customer_number, line.own_number) == (ERASED, "+34911000111")
    assert notes_of(catalog) == 0
    (consent,) = catalog.search.find(call_sid()).consents
    assert consent.outcome is ConsentOutcome.INFORMED
    entry = catalog.audit.entries(0, 100)[-1]
    assert (entry.action, entry.sid) == (Action.ERASE, call_sid())
    assert entry.detail["rule"] == "retention: numbers, 30 days"
    for days in (1, 2, 3):  # once is enough
        assert look(catalog, OVER + days * DAY, NUMBERS).numbers == 0


def test_a_note_is_kept_from_when_it_was_written(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    note(catalog, STARTED)
    note(catalog, STARTED + 5 * DAY)
    first = datetime(2026, 12, 3, 23, tzinfo=UTC)
    assert look(catalog, first - timedelta(seconds=1), TEXTS).notes == 0
    assert look(catalog, first, TEXTS).notes == 1
    assert notes_of(catalog) == 1
    assert look(catalog, first + 5 * DAY, TEXTS).notes == 1
    assert notes_of(catalog) == 0
    assert line_of(catalog).customer_number == "+34600111222"


def test_a_line_and_its_notes_stay_with_a_recording_and_what_is_held(catalog: Catalog) -> None:
    keep(catalog)
    note(catalog, STARTED)
    for number in (2, 3):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
        note(catalog, STARTED, number)
    keep(catalog, 4, state=State.LOST)
    of_number = hold(catalog, number="+34600111222")
    of_lost = hold(catalog, recording_sid=recording_sid(4))
    at = OVER
    for _ in range(2):
        looked = look(catalog, at, NUMBERS, TEXTS)
        assert (looked.numbers, looked.notes) == (0, 0)
        at += 2 * DAY
    lift(catalog, of_number, at)
    looked = look(catalog, at, NUMBERS, TEXTS)
    assert (looked.numbers, looked.notes) == (2, 2)
    lift(catalog, of_lost, at)
    assert look(catalog, at + 2 * DAY, NUMBERS, TEXTS).numbers == 1
    set_recording(catalog, state=State.ERASED)
    at += 5 * DAY
    assert look(catalog, at, NUMBERS, TEXTS).numbers == 1
    assert line_of(catalog).customer_number == ERASED


def test_lines_and_notes_are_counted_as_they_are_decided(catalog: Catalog) -> None:
    keep(catalog)
    note(catalog, STARTED)
    catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    note(catalog, STARTED, 2)
    note(catalog, STARTED + 25 * DAY, 2)
    for each, counted, without in (
        (NUMBERS, (2, 2, 1, (call_sid(2),)), 0),
        (TEXTS, (3, 2, 1, (call_sid(2),)), 0),
    ):
        edges = [(each, over_before(OVER, each.term, MADRID))]
        (count,), none = catalog.retention.count(each.kept, edges)
        assert (count.matched, count.over, count.held, count.examples) == counted
        assert none == without
