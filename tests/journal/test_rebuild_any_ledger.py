"""Whatever the catalog held comes back from the journal as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.factories import ACCOUNT, STARTED, a_consent, a_recording, call_sid, recording_sid
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog import Catalog
from twirec.catalog.journal_tables import JOURNAL_TABLES
from twirec.catalog.tables import metadata
from twirec.journal.journal import Journal
from twirec.journal.rebuild import Rebuild
from twirec.model.encryption import Encryption
from twirec.model.records import Acceptance, Call, Consent, Recording
from twirec.model.states import Custody, Standstill, State
from twirec.model.vocabulary import (
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Outcome,
    Reason,
    Role,
)

MOMENTS = st.datetimes(datetime(2026, 3, 28), datetime(2026, 4, 2), timezones=st.just(UTC))
WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
NUMBERS = st.sampled_from(["+34600111222", "anonymous", "client:ñandú", "sip:a@b"])


@st.composite
def ledgers(draw: st.DrawFn) -> list[tuple[Call, Consent | None, Recording | None]]:
    return [
        (
            (call := draw(calls(number))),
            draw(st.none() | consents(call)),
            draw(st.none() | recordings(number, call)),
        )
        for number in range(1, draw(st.integers(1, 6)))
    ]


def calls(number: int) -> st.SearchStrategy[Call]:
    return st.builds(
        Call,
        account_sid=st.just(ACCOUNT),
        call_sid=st.just(call_sid(number)),
        direction=st.sampled_from(Direction),
        customer_number=NUMBERS,
        own_number=NUMBERS,
        started_at=MOMENTS,
        announced_at=st.none() | MOMENTS,
        announcement=st.none() | st.just("f" * 64),
        dial=st.lists(WORDS, max_size=3).map(tuple),
        channel_map=st.lists(st.sampled_from(Role), max_size=2).map(tuple),
        mode=st.none() | st.sampled_from(ConsentMode),
        legal_basis=st.none() | st.sampled_from(LegalBasis),
        asked=st.integers(0, 3),
        outcome=st.sampled_from(Outcome),
        reason=st.none() | st.sampled_from(Reason),
        detail=WORDS,
        ended_at=st.none() | MOMENTS,
        case_number=WORDS,
    )


def consents(call: Call) -> st.SearchStrategy[Consent]:
    return st.builds(
        a_consent,
        call_sid=st.just(call.call_sid),
        outcome=st.sampled_from(ConsentOutcome),
        at=MOMENTS,
        key=st.sampled_from(["", "1", "#"]),
        agents=st.lists(st.integers(1, 9), max_size=3).map(tuple),
    )


def recordings(number: int, call: Call) -> st.SearchStrategy[Recording]:
    return st.builds(
        a_recording,
        sid=st.just(recording_sid(number)),
        call_sid=st.none() | st.just(call.call_sid),
        state=st.sampled_from(State),
        custody=st.sampled_from(Custody),
        legal_ground=WORDS,
        started_at=st.none() | MOMENTS,
        channel_map=st.lists(st.sampled_from(Role), max_size=2).map(tuple),
        error_code=st.none() | st.integers(10_000, 20_000),
        encryption=st.none() | st.builds(Encryption, WORDS, WORDS, WORDS, WORDS),
        object_name=st.none() | st.just(f"recordings/{number}.wav"),
        generation=st.none() | st.integers(0, 2**62),
        size=st.none() | st.integers(0, 2**40),
        due_at=st.none() | MOMENTS,
        attempts=st.integers(0, 12),
        last_error=WORDS,
        standstill=st.none() | st.sampled_from(Standstill),
        accepted=st.none() | st.builds(Acceptance, WORDS, WORDS, WORDS),
    )


@given(ledger=ledgers(), changed=ledgers())
@settings(max_examples=examples(6, thorough=60), suppress_health_check=list(HealthCheck))
def test_any_ledger_comes_back_as_it_was_also_when_it_changed_in_between(
    ledger: list[tuple[Call, Consent | None, Recording | None]],
    changed: list[tuple[Call, Consent | None, Recording | None]],
) -> None:
    bucket, clock = MemoryBucket(), iter(range(10**6))
    old, new = Catalog("sqlite://"), Catalog("sqlite://")
    now = lambda: STARTED + timedelta(seconds=next(clock))  # noqa: E731
    journal = Journal(old, bucket, now)
    for catalog in (old, new):
        metadata.create_all(catalog.database.engine)
    for part in (ledger, changed):
        for call, consent, recording in part:
            old.ledger.open_call(call)
            if consent:
                old.consents.record(consent, None)
            if recording:
                old.recordings.adopt(recording)
        assert journal.write().problems == {}
    found = Rebuild(new, bucket, now).run()
    assert found.problems == {}
    assert all_rows(new) == all_rows(old)
    assert Journal(new, bucket, now).write().written == 0
    for catalog in (old, new):
        catalog.close()


def all_rows(catalog: Catalog) -> dict[str, list[Any]]:
    with catalog.database.read() as connection:
        return {
            shelf.table.name: [
                shelf.settled(dict(row))
                for row in connection.execute(
                    shelf.table.select().order_by(*shelf.table.primary_key)
                ).mappings()
            ]
            for shelf in JOURNAL_TABLES
        }
