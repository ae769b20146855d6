"""What every catalog does when it is searched, annotated, and audited."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from tests.factories import (
    ACCOUNT,
    ADMIN,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    audited,
    call_sid,
    enter,
    recording_sid,
)
from tests.orders import erase as order_erase
from twirec.catalog import Catalog, search
from twirec.catalog.database import to_row
from twirec.catalog.tables import recordings
from twirec.model.access import NOBODY
from twirec.model.agents import Leg
from twirec.model.audit import FIRST, AuditDraft, AuditHead, AuditQuery, hash_of, stand_in
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import NotFound
from twirec.model.policy import PolicyChange
from twirec.model.records import CallRecord, Note, Pause, Recording
from twirec.model.search import Count, Query
from twirec.model.states import State
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome

SOMETHING = AuditDraft(STARTED, "ana", "admin", "sign_in", detail={"n": 1, "ñ": None, "t": True})
NOTE = Note(ACCOUNT, call_sid(), "ana", STARTED, "disputed")


def numbers(catalog: Catalog, query: Query) -> list[int]:
    return [int(record.call.call_sid[2:], 16) for record in catalog.search.page(query)]


def test_calls_that_start_together_come_by_their_sid_on_all_pages(catalog: Catalog) -> None:
    for number in (3, 1, 2):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    assert numbers(catalog, Query()) == [1, 2, 3]
    assert numbers(catalog, Query(after=(STARTED, call_sid(1)), limit=1)) == [2]
    assert numbers(catalog, Query(after=(STARTED, call_sid(3)))) == []


def test_a_count_knows_of_no_pages(catalog: Catalog) -> None:
    for number in (1, 2, 3):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    assert catalog.search.count(Query(after=(STARTED, call_sid(2)), limit=1)) == 3


@pytest.mark.parametrize(
    "query", [Query(), Query(limit=3), Query(limit=2), Query(after=(STARTED, call_sid(2)), limit=9)]
)
def test_a_page_comes_with_how_many_match_on_all_pages(catalog: Catalog, query: Query) -> None:
    for number in (1, 2, 3):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))

    expected = catalog.search.page(query), Count(3)

    assert catalog.search.page_and_count(query) == expected
    assert catalog.search.count(query) == 3


def test_what_a_query_does_not_see_is_not_there_and_nothing_is_found_by_it(
    catalog: Catalog,
) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(a_recording(duration=60, state=State.RELEASED))
    catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    hidden = a_recording(
        sid=recording_sid(2), call_sid=call_sid(2), duration=60, state=State.RELEASED
    )
    catalog.recordings.adopt(hidden)
    enter(catalog.pauses.begin, Pause(hidden.sid, STARTED, "ana"))
    active = Query(asker=NOBODY)
    seen = {record.call.call_sid: record for record in catalog.search.page(active)}
    assert len(seen[call_sid(1)].recordings) == 1
    assert (seen[call_sid(2)].recordings, seen[call_sid(2)].pauses) == ((), ())
    for query in (
        replace(active, state=State.RELEASED),
        replace(active, min_seconds=60),
        replace(active, max_seconds=60),
    ):
        assert (numbers(catalog, query), catalog.search.count(query)) == ([1], 1)
        assert numbers(catalog, replace(query, asker=None)) == [1, 2]


def test_state_and_length_are_those_of_one_recording(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.recordings.adopt(a_recording(duration=60, state=State.RELEASED))
    catalog.recordings.adopt(a_recording(sid=recording_sid(2), duration=5, state=State.COMPLETED))
    assert numbers(catalog, Query(state=State.RELEASED, min_seconds=60)) == [1]
    assert numbers(catalog, Query(state=State.COMPLETED, min_seconds=60)) == []


def test_the_call_of_an_erased_recording_shows_only_that_there_was_one(
    catalog: Catalog,
) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(
        a_recording(state=State.RELEASED, object_name="a", size=8, sha256="f" * 64)
    )
    order_erase(catalog, Order(recording_sid(), OrderKind.ERASE, STARTED, "ana", "asked to"))
    lease = catalog.due_work.claim(STARTED, timedelta(minutes=1))
    assert lease
    catalog.due_work.finish(lease, State.ERASED)
    (recording,) = catalog.search.page(Query(state=State.ERASED, asker=ADMIN))[0].recordings
    assert recording == Recording(
        recording_sid(), ACCOUNT, call_sid(), State.ERASED, started_at=STARTED
    )
    assert catalog.search.page(Query(min_seconds=1)) == []


def test_a_note_needs_a_call_of_that_account(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    with pytest.raises(NotFound):
        enter(catalog.notes.add, replace(NOTE, account_sid="AC" + "b" * 32))
    assert catalog.audit.head() is None
    enter(catalog.notes.add, NOTE)
    assert catalog.search.find(call_sid()).notes == (NOTE,)


def test_a_note_that_is_sent_several_times_at_once_is_written_once(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    with ThreadPoolExecutor(3) as clicks:
        sent = [
            clicks.submit(catalog.notes.add, NOTE, audited(NOTE), notes_seen=0) for _ in range(3)
        ]
    assert [each.result() for each in sent] == [None] * 3
    assert catalog.search.find(call_sid()).notes == (NOTE,)


# --- the audit log ----------------------------------------------------------------------------


def test_an_empty_log_has_no_head(catalog: Catalog) -> None:
    assert (catalog.audit.head(), catalog.audit.log(AuditQuery())) == (None, [])


def test_each_entry_follows_the_one_before(catalog: Catalog) -> None:
    first, second = catalog.audit.append(SOMETHING), catalog.audit.append(SOMETHING)
    assert (first.seq, first.previous, first.hash) == (1, FIRST, hash_of(first))
    assert (second.seq, second.previous, second.hash) == (2, first.hash, hash_of(second))
    assert catalog.audit.head() == AuditHead(2, second.hash)
    assert catalog.audit.log(AuditQuery()) == [second, first]
    assert catalog.audit.entries(0, 1) == [first]
    assert catalog.audit.entries(1, 9) == [second]


def test_what_people_change_is_on_the_log_at_once(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.recordings.adopt(a_recording())
    own = "+34911000111"
    change = PolicyChange(at=STARTED, by="ana", why="why", number=own, on=False)
    of = stand_in(own, "k" * 32)
    catalog.policy.change(
        change, replace(audited(change), number=of, detail={"of": "a number", "on": False})
    )
    enter(catalog.pauses.begin, Pause(recording_sid(), STARTED, "bea"))
    enter(catalog.orders.admit, Order(recording_sid(), OrderKind.ADMIT, STARTED, "ana", "contract"))
    order_erase(catalog, Order(recording_sid(), OrderKind.ERASE, STARTED, "eva", "asked to"))
    enter(catalog.notes.add, NOTE)
    log = [(entry.action, entry.by, entry.sid) for entry in catalog.audit.entries(0, 9)]
    assert log == [
        ("policy", "ana", ""),
        ("pause", "bea", recording_sid()),
        ("admit", "ana", recording_sid()),
        ("erase", "eva", recording_sid()),
        ("annotate", "ana", call_sid()),
    ]
    (policy,) = catalog.audit.log(AuditQuery(number=of))
    assert policy.detail.pop("content")  # the hash of the row
    assert policy.detail == {"change": 1, "of": "a number", "on": False}


# --- text --------------------------------------------------------------------------------------

SAID = 'La COMPAÑÍA  no\nquiere: «100 % \\ _ "así"» Straße ﬁn Čeština'


PARTS = [
    "compañía",
    "COMPAÑÍA",
    "Compania",
    "compan\u0303i\u0301a",  # the same in two characters each
    "pañí",  # a part of a word
    "la compania no quiere",  # over a line break
    "ñ",
    "no",  # less than an index knows
    "100 %",
    "%",  # signs of LIKE, which mean themselves
    "_",
    "\\ _",
    '"asi"',
    "STRASSE",
    "fin",
    "cestina",
]


def test_a_note_is_found_by_a_part_whatever_its_accents_and_letters(catalog: Catalog) -> None:
    for number, said in ((1, SAID), (2, "something else altogether")):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
        enter(catalog.notes.add, replace(NOTE, call_sid=call_sid(number), text=said))
    for few in (search.FEW, -1):  # one by one, and by reading the newest calls
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search, "FEW", few)
            for part in PARTS:
                expected = [1, 2] if part == "ñ" else [1]  # as there is one in "something"
                assert numbers(catalog, Query(note=part)) == expected, part
                assert catalog.search.count(Query(note=part)) == len(expected), part
    assert catalog.search.find(call_sid(1)).notes[0].text == SAID  # as it was written


def test_what_stands_in_no_note_finds_none(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    enter(catalog.notes.add, replace(NOTE, text=SAID))
    for part in ("companias", "100 a", "_ _", "no  quiere ya", "así*", 'así" OR "la', "🙂"):
        assert numbers(catalog, Query(note=part)) == [], part


@pytest.mark.parametrize("case", ["r-2026/ñ1", "R-2026/N1", "R-2026/Ñ1"])
def test_a_case_is_found_by_its_whole_number_whatever_its_accents_and_letters(
    catalog: Catalog, case: str
) -> None:
    catalog.ledger.open_call(a_call())
    enter(catalog.notes.add, replace(NOTE, case_number="R-2026/Ñ1"))
    assert numbers(catalog, Query(case_number=case)) == [1]
    assert numbers(catalog, Query(case_number=case[:-1])) == []
    enter(catalog.notes.add, replace(NOTE, case_number=""))
    assert numbers(catalog, Query(case_number=case)) == []


# --- when their calls began ---


def test_a_recording_written_at_the_moment_of_its_call_is_found_once_it_is_dated(
    new_postgres: Callable[[], str],
) -> None:
    url = new_postgres()
    with closing(Catalog(url)) as one, closing(Catalog(url)) as other:
        with one.database.write() as connection:
            connection.execute(insert(recordings).values(to_row(a_recording(), recordings)))
            other.ledger.open_call(a_call())
        asked = [Query(state=State.COMPLETED), Query(min_seconds=1)]
        assert [numbers(one, query) for query in asked] == [[], []]
        assert (one.operations.date_recordings(), one.operations.date_recordings()) == (1, 0)
        assert [numbers(one, query) for query in asked] == [[1], [1]]


def test_a_recording_is_found_whichever_comes_first_its_call_or_it(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording(state=State.RELEASED))
    of_none = a_recording(sid=recording_sid(2), call_sid=None, state=State.RELEASED)
    catalog.recordings.adopt(of_none)
    released = Query(state=State.RELEASED)
    assert numbers(catalog, released) == []
    catalog.ledger.open_call(a_call())
    assert (numbers(catalog, released), catalog.search.count(released)) == ([1], 1)
    later = a_call(call_sid=call_sid(2), started_at=STARTED + timedelta(minutes=1))
    catalog.ledger.open_line_without_numbers(later, of_none.sid)
    assert numbers(catalog, released) == [2, 1]
    assert numbers(catalog, replace(released, until=later.started_at)) == [1]


def test_a_call_is_found_by_its_agent_whichever_comes_first_its_line_or_the_leg(
    catalog: Catalog,
) -> None:
    ana = Query(agent="client:ana")
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(11), call_sid(1), STARTED, "client:ana"))
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(12), None, STARTED, "client:ana"))
    assert numbers(catalog, ana) == []
    catalog.ledger.open_call(a_call())
    assert (numbers(catalog, ana), catalog.search.count(ana)) == ([1], 1)
    later = STARTED + timedelta(minutes=1)
    catalog.ledger.open_call(a_call(call_sid=call_sid(2), started_at=later))
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(12), call_sid(2), STARTED, "client:ana"))
    assert numbers(catalog, ana) == [2, 1]
    assert numbers(catalog, replace(ana, until=later)) == [1]
    assert numbers(catalog, replace(ana, number="9999")) == []
    assert numbers(catalog, replace(ana, sid=call_sid(2))) == [2]
    assert numbers(catalog, Query(agent="client:berta")) == []


def test_a_call_is_found_by_its_sid_and_by_those_of_recordings_that_are_seen(
    catalog: Catalog,
) -> None:
    catalog.ledger.open_call(a_call())
    catalog.ledger.open_call(a_call(call_sid=call_sid(2)))  # at the same moment
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(a_recording(state=State.RELEASED))
    hidden = a_recording(sid=recording_sid(2), call_sid=call_sid(2), state=State.RELEASED)
    catalog.recordings.adopt(hidden)  # nothing proves the notice
    for sid, asker, found in (
        (call_sid(1), NOBODY, [1]),
        (call_sid(2), NOBODY, [2]),
        (recording_sid(1), NOBODY, [1]),
        (hidden.sid, NOBODY, []),
        (hidden.sid, ADMIN, [2]),
        (hidden.sid, None, [2]),
        (call_sid(3), None, []),
        (recording_sid(3), None, []),
    ):
        query = Query(sid=sid, asker=asker)
        assert (numbers(catalog, query), catalog.search.count(query)) == (found, len(found)), sid
        assert catalog.search.page_and_count(query)[1] == Count(len(found))
    assert numbers(catalog, Query(sid=call_sid(1), since=STARTED + timedelta(seconds=1))) == []
    assert numbers(catalog, Query(sid=call_sid(1), until=STARTED)) == []


def test_a_call_is_found_once_by_all_that_is_its(catalog: Catalog) -> None:
    for number in (1, 2):
        sid = call_sid(number)
        catalog.ledger.open_call(a_call(call_sid=sid))
        for leg in (3, 4, 5):
            catalog.consents.record(a_consent(call_sid=sid, leg=call_sid(leg)), None)
            its = a_recording(sid=recording_sid(10 * number + leg), call_sid=sid, duration=leg * 9)
            catalog.recordings.adopt(its)
            enter(catalog.notes.add, replace(NOTE, call_sid=sid))
            its_leg = call_sid(10 * number + leg)
            catalog.agents.add_leg(Leg(ACCOUNT, its_leg, sid, STARTED, "client:ana"))
    for query in (
        Query(consent=a_consent().outcome),
        Query(state=State.COMPLETED),
        Query(min_seconds=1),
        Query(note="disputed"),
        Query(agent="client:ana"),
    ):
        assert _paged(catalog, query) == [1, 2]
        assert catalog.search.page_and_count(replace(query, limit=1))[1] == Count(2)
        after = replace(query, after=(STARTED, call_sid(1)))
        assert catalog.search.page_and_count(after)[1] == Count(2)


# --- pages -------------------------------------------------------------------------------------


def test_all_kinds_find_the_same_by_either_way_on_pages_of_any_size(catalog: Catalog) -> None:
    many = _many_calls(catalog)
    for query in MANY:
        expected = [each for each in many if query in each[1]]
        for few in (search.FEW, -1) if MANY[query].note else (search.FEW,):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(search, "FEW", few)
                newest = [number for number, _ in expected]
                oldest = replace(MANY[query], oldest_first=True)
                assert _paged(catalog, MANY[query]) == newest, query
                assert _paged(catalog, oldest) == newest[::-1], query
                assert _paged_back(catalog, MANY[query]) == newest, query
                assert _paged_back(catalog, oldest) == newest[::-1], query


MANY = {
    "granted": Query(consent=ConsentOutcome.GRANTED),
    "own": Query(own_number="0112"),
    "owns": Query(own_number="911000"[-4:]),
    "in": Query(direction=Direction.IN),
    "late": Query(since=STARTED + timedelta(minutes=10), own_number="0111"),
    "long": Query(min_seconds=10, max_seconds=99, state=State.RELEASED),
    "tail": Query(number="1222"),
    "tail in": Query(number="1222", direction=Direction.IN),
    "note": Query(note="third"),
    "note in": Query(note="third", direction=Direction.IN),
    "recorded": Query(outcome=Outcome.RECORDED, own_number="+34911000112"),
}


def _many_calls(catalog: Catalog) -> list[tuple[int, set[str]]]:
    """Write twenty calls, several at one time, and return which queries find each, newest first."""
    written = []
    for number in range(20):
        third, odd, late = number % 3 == 0, number % 2 == 1, number // 2 >= 10 / 2
        sid, started = call_sid(number), STARTED + timedelta(minutes=number // 2 * 2)
        call = a_call(
            call_sid=sid,
            started_at=started,
            direction=Direction.IN if odd else Direction.OUT,
            own_number="+34911000111" if third else "+34911000112",
            customer_number="+34600111222" if number < 15 else f"+346001113{number:02d}",
        )
        catalog.ledger.open_call(call)
        outcome = ConsentOutcome.GRANTED if odd else ConsentOutcome.INFORMED
        catalog.consents.record(a_consent(call_sid=sid, leg=sid, outcome=outcome, at=started), None)
        catalog.recordings.adopt(
            a_recording(
                sid=recording_sid(number),
                call_sid=sid,
                duration=number,
                state=State.RELEASED if odd else State.COMPLETED,
            )
        )
        if third:
            enter(catalog.notes.add, replace(NOTE, call_sid=sid, text="a third"))
        tail = number < 15
        found = {
            "granted": odd,
            "own": not third,
            "owns": False,
            "in": odd,
            "late": late and third,
            "long": odd and number >= 10,
            "tail": tail,
            "tail in": tail and odd,
            "note": third,
            "note in": third and odd,
            "recorded": not third,
        }
        written.append((number, {name for name, is_found in found.items() if is_found}))
    return sorted(written, key=lambda each: (-(each[0] // 2), each[0]))


def _paged_back(catalog: Catalog, query: Query) -> list[int]:
    """Return what a query finds, by pages of three from its end."""
    end = STARTED + timedelta(days=99 if query.oldest_first else -99)
    found: list[CallRecord] = []
    before = end, ""
    while page := catalog.search.page(replace(query, limit=3, before=before)):
        found = page + found
        before = page[0].call.started_at, page[0].call.call_sid
    return [int(record.call.call_sid[2:], 16) for record in found]


def _paged(catalog: Catalog, query: Query) -> list[int]:
    """Return what a query finds, by pages of three."""
    found: list[CallRecord] = []
    page = catalog.search.page(replace(query, limit=3))
    while page:
        found += page
        after = (page[-1].call.started_at, page[-1].call.call_sid)
        page = catalog.search.page(replace(query, limit=3, after=after))
    assert catalog.search.count(query) == len(found)
    return [int(record.call.call_sid[2:], 16) for record in found]


def test_more_calls_than_anybody_reads_are_not_counted(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    _many_calls(catalog)
    monkeypatch.setattr(search, "MOST_COUNTED", 5)
    monkeypatch.setattr(search, "WINDOW", 6)
    for query in (Query(limit=2), Query(limit=2, number="1222")):
        assert catalog.search.page_and_count(query)[1] == Count(5, exact=False)
    # each call has to be looked at
    beside = Query(limit=2, direction=Direction.IN, consent=ConsentOutcome.GRANTED)
    assert catalog.search.page_and_count(beside)[1] == Count(5, exact=False)
    few = Query(limit=2, number="+34600111222", consent=ConsentOutcome.GRANTED)
    count = catalog.search.page_and_count(few)[1]
    assert (count.exact, 2 <= count.calls <= 5) == (False, True)
