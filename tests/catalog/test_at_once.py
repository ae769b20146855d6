"""What two transactions of PostgreSQL do at once is as if one had come after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.factories import ACCOUNT, a_call, a_callback, a_consent, call_sid, recording_sid
from twirec.catalog import Catalog
from twirec.catalog import recordings as recordings_module
from twirec.model.agents import ConferenceEvent
from twirec.model.records import Answer, Call, EndedCall, Ending, Meeting, Settlement, ToldCall
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason

LONG = 60
WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


@pytest.fixture
def catalog(new_postgres: Callable[[], str]) -> Iterator[Catalog]:
    with closing(Catalog(new_postgres())) as catalog:
        catalog.set_up()
        catalog.ledger.open_call(a_call())
        yield catalog


def let_go_when_it_waits(catalog: Catalog, second: Future[Any], goes_on: threading.Event) -> None:
    """Let the first go on as soon as the second waits for it, or is done without waiting."""
    for _ in range(LONG * 100):
        with catalog.database.read() as connection:
            if second.done() or connection.execute(WAITS).scalar_one():
                break
        goes_on.wait(0.01)
    goes_on.set()


def receive(catalog: Catalog, number: int, status: RecordingStatus, state: State) -> None:
    callback = a_callback(recording_sid=recording_sid(number), status=status)
    at = callback.started_at
    assert at is not None
    catalog.recordings.receive(callback, state=state, channel_map=(), at=at)


def test_a_call_whose_two_recordings_are_absent_at_once_is_not_recorded(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        receive(catalog, number, RecordingStatus.IN_PROGRESS, State.RECORDING)
    tell = recordings_module.tell_ledger
    told, goes_on = threading.Event(), threading.Event()

    def tell_and_wait(connection: Connection, recording: Any, **how: bool) -> None:
        tell(connection, recording, **how)
        if recording.sid == recording_sid(1):
            told.set()
            assert goes_on.wait(LONG)

    monkeypatch.setattr(recordings_module, "tell_ledger", tell_and_wait)
    with ThreadPoolExecutor(2) as pool:
        absent = RecordingStatus.ABSENT, State.ABSENT
        first = pool.submit(receive, catalog, 1, *absent)
        assert told.wait(LONG)
        second = pool.submit(receive, catalog, 2, *absent)
        let_go_when_it_waits(catalog, second, goes_on)
        first.result(LONG)
        second.result(LONG)
    assert catalog.ledger.call(ACCOUNT, call_sid()).call.outcome is Outcome.NOT_RECORDED


@pytest.mark.parametrize("refuses", [False, True])
def test_who_hangs_up_while_they_answer_waits_for_nobody_who_waits_for_them(
    catalog: Catalog, refuses: bool
) -> None:
    gone = a_consent(outcome=ConsentOutcome.HUNG_UP)
    answer = a_consent(outcome=ConsentOutcome.REFUSED) if refuses else a_consent()
    locked, goes_on = threading.Event(), threading.Event()

    def decide(_: EndedCall) -> Ending:
        locked.set()
        assert goes_on.wait(LONG)
        return Ending(Outcome.NOT_RECORDED, Reason.HUNG_UP, consent=gone)

    with ThreadPoolExecutor(2) as pool:
        end = pool.submit(catalog.ledger.end_call, ACCOUNT, call_sid(), decide, gone.at)
        assert locked.wait(LONG)
        record = pool.submit(catalog.consents.record, answer, Reason.REFUSED if refuses else None)
        let_go_when_it_waits(catalog, record, goes_on)
        end.result(LONG)
        assert record.result(LONG) == gone


def test_of_two_answers_at_once_the_first_stands_and_only_its_writer_knows_it(
    catalog: Catalog,
) -> None:
    both = threading.Barrier(2, timeout=LONG)

    def answer(_: int) -> bool:
        own = a_consent()

        def decide(told: ToldCall) -> Answer:
            both.wait()  # neither sees the other's
            assert told.consents == ()
            return Answer(own)

        return catalog.consents.answer(ACCOUNT, call_sid(), decide) is own

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(answer, range(2))) == [False, True]


def test_of_two_who_join_at_once_the_second_is_decided_by_both(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    here: list[tuple[str, ...]] = []
    joined, goes_on = threading.Event(), threading.Event()

    def decide(meeting: Meeting) -> dict[str, Settlement]:
        here.append(meeting.here.calls)
        if len(here) == 1:
            joined.set()
            assert goes_on.wait(LONG)
        return {}

    def join(number: int) -> None:
        event = ConferenceEvent(ACCOUNT, "CF" + "1" * 32, call_sid(number), number, a_consent().at)
        catalog.meetings.join(event, decide)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(join, 1)
        assert joined.wait(LONG)
        second = pool.submit(join, 2)
        let_go_when_it_waits(catalog, second, goes_on)
        first.result(LONG)
        second.result(LONG)
    assert here == [(call_sid(1),), (call_sid(1), call_sid(2))]


def test_numbers_that_come_while_twilio_tells_of_a_recording_wait_for_nobody_who_waits_for_them(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(catalog, 1, RecordingStatus.IN_PROGRESS, State.RECORDING)
    tell = recordings_module.tell_ledger
    has_it, goes_on = threading.Event(), threading.Event()

    def wait_and_tell(*of: Any, **how: bool) -> None:
        has_it.set()
        assert goes_on.wait(LONG)
        tell(*of, **how)

    monkeypatch.setattr(recordings_module, "tell_ledger", wait_and_tell)
    line = catalog.ledger.call(ACCOUNT, call_sid()).call
    numbers = line, replace(line, customer_number="+34600999888"), {recording_sid(1): ()}
    with ThreadPoolExecutor(2) as pool:
        absent = RecordingStatus.ABSENT, State.ABSENT
        first = pool.submit(receive, catalog, 1, *absent)
        assert has_it.wait(LONG)
        second = pool.submit(catalog.ledger.add_numbers, *numbers)
        let_go_when_it_waits(catalog, second, goes_on)
        first.result(LONG)
        assert second.result(LONG)
    call = catalog.ledger.call(ACCOUNT, call_sid()).call
    assert (call.outcome, call.customer_number) == (Outcome.NOT_RECORDED, "+34600999888")


def test_who_is_sent_on_by_two_requests_at_once_is_sent_on_once(catalog: Catalog) -> None:
    locked, goes_on = threading.Event(), threading.Event()
    step = replace(a_call(), dial=("client:bea",))

    def leg(_: Call) -> None:
        if not locked.is_set():
            locked.set()
            assert goes_on.wait(LONG)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(catalog.ledger.go_on, step, leg, 0)
        assert locked.wait(LONG)
        second = pool.submit(catalog.ledger.go_on, step, leg, 0)
        let_go_when_it_waits(catalog, second, goes_on)
        lines = [each.result(LONG)[0] for each in (first, second)]
    assert [line and line.sent_on for line in lines] == [1, 1]
