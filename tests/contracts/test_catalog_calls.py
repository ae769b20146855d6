"""The contract of the catalog port: calls, and finding them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.contracts.catalog_scenes import MINUTE, NOW, informed_call, receive
from tests.factories import (
    ACCOUNT,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    recording_sid,
)
from twirec.calls.wordings import compose
from twirec.catalog import Catalog
from twirec.catalog.ledger import Again
from twirec.model.agents import InformedAgent, Leg
from twirec.model.announcements import Announcement
from twirec.model.audit import Action, AuditDraft, AuditQuery
from twirec.model.errors import NotFound
from twirec.model.records import Answer, Call, Consent, EndedCall, Ending, ToldCall
from twirec.model.search import Query
from twirec.model.states import State
from twirec.model.steady import Moment
from twirec.model.vocabulary import NOT_KNOWN, ConsentOutcome, Direction, Outcome, Reason, Role


def test_a_call_comes_back_as_it_was_written(catalog: Catalog) -> None:
    call = a_call(dial=("+34911222333", "+34911222334"))
    assert catalog.ledger.open_call(call) == call
    assert catalog.ledger.call(ACCOUNT, call.call_sid).call == call


def test_a_second_line_for_a_call_leaves_the_first(catalog: Catalog) -> None:
    first = catalog.ledger.open_call(a_call())
    assert catalog.ledger.open_call(a_call(customer_number="+34600999888")) == first


WITHOUT = a_call(
    direction=None, customer_number=NOT_KNOWN, own_number=NOT_KNOWN, channel_map=(), leg=""
)
AFTER = replace(
    WITHOUT,
    direction=Direction.OUT,
    customer_number="+34600111222",
    own_number="+34911000111",
    channel_map=(Role.AGENT, Role.CUSTOMER),
)
ANNOUNCEMENT = compose("es-ES", company="Muñoz", privacy_info="ejemplo punto es")
AUDITED = AuditDraft(NOW, "ana", "", Action.ANNOTATE, sid=WITHOUT.call_sid)


def test_a_line_without_numbers_takes_its_recording_and_the_vendor_keeps_its_copy(
    catalog: Catalog,
) -> None:
    catalog.recordings.adopt(a_recording(call_sid=None))
    line = replace(WITHOUT, call_sid=recording_sid())
    for _ in range(2):
        catalog.ledger.open_line_without_numbers(line, recording_sid())
        (recording,) = catalog.ledger.call(ACCOUNT, recording_sid()).recordings
        assert (recording.call_sid, recording.keep_at_vendor) == (recording_sid(), True)
    assert catalog.ledger.line(ACCOUNT, recording_sid()) == line
    assert catalog.ledger.line(ACCOUNT, call_sid(2)) is None


def test_a_line_that_stands_is_left_as_it_is(catalog: Catalog) -> None:
    known = catalog.ledger.open_call(a_call())
    catalog.ledger.open_line_without_numbers(WITHOUT, recording_sid())
    assert catalog.ledger.line(ACCOUNT, call_sid()) == known


def test_numbers_that_nobody_knew_are_added_and_written_down(catalog: Catalog) -> None:
    catalog.ledger.open_call(WITHOUT)
    catalog.recordings.adopt(a_recording())
    maps = {recording_sid(): (Role.AGENT, Role.CUSTOMER)}
    assert catalog.ledger.add_numbers(WITHOUT, AFTER, maps, AUDITED)
    (found,) = catalog.search.page(Query(number="1222"))
    assert found.call == replace(AFTER, outcome=Outcome.RECORDED)
    assert found.recordings[0].channel_map == maps[recording_sid()]
    assert [entry.sid for entry in catalog.audit.log(AuditQuery())] == [WITHOUT.call_sid]


def test_numbers_that_somebody_else_added_first_stay(catalog: Catalog) -> None:
    catalog.ledger.open_call(WITHOUT)
    assert catalog.ledger.add_numbers(WITHOUT, AFTER, {})
    other = replace(WITHOUT, customer_number="+34600999888", direction=Direction.IN)
    assert not catalog.ledger.add_numbers(WITHOUT, other, {}, AUDITED)
    assert catalog.ledger.line(ACCOUNT, call_sid()) == AFTER
    assert catalog.audit.log(AuditQuery()) == []


def test_an_unknown_call_and_one_of_another_account_are_not_found(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    with pytest.raises(NotFound, match=call_sid(2)):
        catalog.ledger.call(ACCOUNT, call_sid(2))
    with pytest.raises(NotFound):
        catalog.ledger.call("AC" + "b" * 32, call_sid(1))


def test_the_first_consent_of_a_leg_stays(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    first = a_consent()
    assert catalog.consents.record(first, None) == first
    again = a_consent(outcome=ConsentOutcome.ANNOUNCEMENT_FAILED, at=NOW + MINUTE)
    assert catalog.consents.record(again, Reason.ANNOUNCEMENT_FAILED) == first
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.outcome is Outcome.OPEN


def test_a_consent_with_a_reason_closes_the_line_as_not_recorded(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(
        a_consent(outcome=ConsentOutcome.ANNOUNCEMENT_FAILED), Reason.ANNOUNCEMENT_FAILED
    )
    call = catalog.ledger.call(ACCOUNT, call_sid(1)).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.ANNOUNCEMENT_FAILED)


def test_no_consent_is_written_for_a_call_of_another_account(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    with pytest.raises(NotFound):
        catalog.consents.record(a_consent(account_sid="AC" + "b" * 32), None)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).consents == ()


def test_playing_again_counts_only_until_a_consent_is_written(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.ledger.announce(ACCOUNT, call_sid(1), leg=call_sid(5), at=NOW + MINUTE)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.announced_at == NOW + MINUTE
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.leg == call_sid(5)
    catalog.consents.record(a_consent(), None)
    catalog.ledger.announce(ACCOUNT, call_sid(1), leg=call_sid(6), at=NOW + 2 * MINUTE)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.announced_at == NOW + MINUTE


def test_another_leg_that_is_announced_to_was_asked_nothing(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.ledger.announce(ACCOUNT, call_sid(1), leg=call_sid(5), at=NOW)
    catalog.ledger.announce(ACCOUNT, call_sid(1), leg=call_sid(5), at=NOW, asked=1)
    catalog.ledger.announce(ACCOUNT, call_sid(1), leg=call_sid(5), at=NOW)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.asked == 1
    catalog.ledger.announce(ACCOUNT, call_sid(1), leg=call_sid(6), at=NOW)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.asked == 0


def test_a_closed_line_keeps_its_reason_and_gets_its_end(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    for reason, ended_at in ((Reason.APP_FAILED, None), (Reason.NOBODY_ANSWERED, NOW)):
        catalog.ledger.close_call(
            ACCOUNT, call_sid(1), outcome=Outcome.NOT_RECORDED, reason=reason, ended_at=ended_at
        )
    call = catalog.ledger.call(ACCOUNT, call_sid(1)).call
    assert (call.reason, call.ended_at) == (Reason.APP_FAILED, NOW)


def test_unfinished_calls_are_the_open_and_owed_ones_that_are_old_enough(
    catalog: Catalog,
) -> None:
    for number in (1, 2, 3, 4):
        catalog.ledger.open_call(
            a_call(call_sid=call_sid(number), started_at=NOW + number * MINUTE)
        )
    for number, outcome in ((2, Outcome.OWED), (3, Outcome.RECORDED)):
        catalog.ledger.close_call(
            ACCOUNT, call_sid(number), outcome=outcome, reason=None, ended_at=NOW
        )
    unfinished = catalog.ledger.unfinished_calls(NOW + 4 * MINUTE)
    assert [call.call_sid for call in unfinished] == [call_sid(1), call_sid(2)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), [3, 2, 1]),
        (Query(number="+34600111222"), [3, 1]),
        (Query(number="1222"), [3, 1]),
        (Query(number="60011"), []),
        (Query(since=NOW + 2 * MINUTE), [3, 2]),
        (Query(until=NOW + 2 * MINUTE), [1]),
        (Query(direction=Direction.OUT), [2]),
        (Query(state=State.COMPLETED), [1]),
        (Query(outcome=Outcome.NOT_RECORDED), [2]),
        (Query(limit=1), [3]),
    ],
)
def test_search_cuts_by_every_field_and_answers_newest_first(
    catalog: Catalog, query: Query, found: list[int]
) -> None:
    informed_call_at = {1: a_call(), 2: a_call(), 3: a_call()}
    informed_call_at[2] = a_call(
        customer_number="+34600333444",
        direction=Direction.OUT,
        outcome=Outcome.NOT_RECORDED,
        reason=Reason.TOO_SHORT,
    )
    for number, call in informed_call_at.items():
        catalog.ledger.open_call(
            replace(call, call_sid=call_sid(number), started_at=NOW + number * MINUTE)
        )
    receive(catalog)
    assert [record.call.call_sid for record in catalog.search.page(query)] == [
        call_sid(number) for number in found
    ]


def test_a_call_is_found_by_its_sid_and_by_that_of_its_recording(catalog: Catalog) -> None:
    informed_call(catalog)
    receive(catalog)
    by_call = catalog.search.find(call_sid(1))
    assert by_call == catalog.search.find(recording_sid(1))
    assert [recording.sid for recording in by_call.recordings] == [recording_sid(1)]
    with pytest.raises(NotFound):
        catalog.search.find(recording_sid(9))


def test_a_wording_is_kept_under_its_hash_and_published_once(catalog: Catalog) -> None:
    wording = Announcement("es-ES", "Polly.Lucia-Neural", "Esta llamada se graba, señor Muñoz.")
    for _ in range(2):
        catalog.announcements.keep(wording, NOW)
    assert catalog.announcements.get(wording.hash) == wording
    assert catalog.announcements.unpublished() == [wording]
    catalog.announcements.published(wording.hash, NOW)
    assert catalog.announcements.unpublished() == []
    with pytest.raises(NotFound):
        catalog.announcements.get("0" * 64)


def test_a_mark_is_remembered_and_moved(catalog: Catalog) -> None:
    assert catalog.marks.get("sweep") is None
    for at in (NOW, NOW + MINUTE):
        catalog.marks.set("sweep", at)
        assert catalog.marks.get("sweep") == at


def test_who_is_told_something_that_the_catalog_has_not_gets_no_line(catalog: Catalog) -> None:
    wording = compose("es-ES", company="Ejemplo", privacy_info="ejemplo punto es")
    told = a_call(announcement=wording.hash, announced_at=STARTED)
    with pytest.raises(NotFound, match="no announcement"):
        catalog.ledger.open_call(told, is_told=True)
    assert catalog.ledger.line(ACCOUNT, told.call_sid) is None
    catalog.announcements.keep(wording, STARTED)
    assert catalog.ledger.open_call(told, is_told=True) is told
    assert catalog.ledger.line(ACCOUNT, told.call_sid) == told


def test_the_end_of_a_call_is_decided_by_its_line_and_written_once(catalog: Catalog) -> None:
    catalog.announcements.keep(ANNOUNCEMENT, NOW)
    told = replace(a_call(), announcement=ANNOUNCEMENT.hash, announced_at=NOW)
    catalog.ledger.open_call(told)
    seen: list[EndedCall] = []

    def decide(ended: EndedCall) -> Ending:
        seen.append(ended)
        leg = Leg(ACCOUNT, call_sid(2), call_sid(1), NOW, agent="client:ana")
        gone = a_consent(outcome=ConsentOutcome.HUNG_UP)
        return Ending(Outcome.NOT_RECORDED, Reason.HUNG_UP, consent=gone, leg=leg)

    for _ in range(2):
        catalog.ledger.end_call(ACCOUNT, call_sid(1), decide, NOW + MINUTE)
    assert [(each.call.outcome, each.answered) for each in seen] == [
        (Outcome.OPEN, False),
        (Outcome.NOT_RECORDED, True),
    ]
    assert [each.announcement for each in seen] == [ANNOUNCEMENT, None]
    record = catalog.ledger.call(ACCOUNT, call_sid(1))
    assert (record.call.reason, record.call.ended_at) == (Reason.HUNG_UP, NOW + MINUTE)
    assert [leg.leg_sid for leg in record.legs] == [call_sid(2)]
    assert [consent.outcome for consent in record.consents] == [ConsentOutcome.HUNG_UP]


def test_the_end_of_a_leg_of_another_call_is_nobodys_end(catalog: Catalog) -> None:
    def never(ended: EndedCall) -> Ending:
        raise AssertionError(ended)

    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(2), call_sid(1), NOW))
    catalog.ledger.end_call(ACCOUNT, call_sid(2), never, NOW)
    with pytest.raises(NotFound):
        catalog.ledger.end_call(ACCOUNT, call_sid(3), never, NOW)


def test_an_end_whose_decision_fails_writes_nothing(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())

    def fail(ended: EndedCall) -> Ending:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        catalog.ledger.end_call(ACCOUNT, call_sid(1), fail, NOW)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.ended_at is None


def test_a_consent_is_decided_by_the_register_in_its_own_transaction(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.agents.inform(InformedAgent("client:ana", NOW.date(), "contract", "eva", NOW), AUDITED)
    given: list[Sequence[InformedAgent]] = []

    def decide(register: Sequence[InformedAgent]) -> Answer:
        given.append(register)
        named = replace(a_consent(), agents=tuple(each.id for each in register))
        return Answer(named, detail="one is not in the register")

    names = ["client:ana", "client:ben"]
    stands, answer = catalog.consents.record_with(names, decide)
    again, _ = catalog.consents.record_with(names, decide)
    assert (stands is answer.consent, again == stands) == (True, True)
    assert [each.agent for each in given[0]] == ["client:ana"]
    record = catalog.ledger.call(ACCOUNT, call_sid(1))
    assert (record.consents, record.call.detail) == ((stands,), "one is not in the register")


def test_an_answer_is_decided_by_all_that_is_known_of_its_call(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    ana = InformedAgent("client:ana", NOW.date(), "contract", "eva", NOW)
    catalog.agents.inform(ana, AUDITED)
    catalog.agents.inform(replace(ana, agent="client:ben"), AUDITED)
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(2), call_sid(1), NOW, agent="client:ana"))
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(3), call_sid(1), NOW))
    seen: list[ToldCall] = []

    def decide(told: ToldCall) -> Answer | None:
        seen.append(told)
        return None if told.consents else Answer(a_consent(), detail="told")

    stands = [catalog.consents.answer(ACCOUNT, call_sid(1), decide) for _ in range(2)]
    assert stands == [a_consent(), None]
    assert [(each.agents, len(each.consents)) for each in seen] == [
        (("client:ana",), 0),
        (("client:ana",), 1),
    ]
    assert [entry.agent for entry in seen[0].register] == ["client:ana"]
    record = catalog.ledger.call(ACCOUNT, call_sid(1))
    assert (record.consents, record.call.detail) == ((a_consent(),), "told")
    with pytest.raises(NotFound):
        catalog.consents.answer(ACCOUNT, call_sid(9), decide)


def test_what_is_said_of_a_line_that_stands_is_written_with_it(catalog: Catalog) -> None:
    leg = Leg(ACCOUNT, call_sid(1), call_sid(1), NOW, "client:ana")
    asked: list[int] = []

    def saying(says: Moment | Reason | None) -> Again:
        def again(call: Call, consents: Sequence[Consent]) -> Moment | Reason | None:
            asked.append(len(consents))
            return says

        return again

    def opened(says: Moment | Reason | None) -> Call:
        catalog.ledger.open_call(a_call(), leg=leg, again=saying(says))
        return catalog.ledger.call(ACCOUNT, call_sid(1)).call

    opened(Reason.APP_FAILED)
    assert asked == []  # it is new: nobody is asked
    assert catalog.agents.legs_of(ACCOUNT, call_sid(1)) == [leg]
    told = opened(Moment(NOW + MINUTE, "there:1.0"))
    assert (told.announced_at, told.announced_steady) == (NOW + MINUTE, "there:1.0")
    assert (told.leg, told.asked, told.outcome) == (call_sid(1), 0, Outcome.OPEN)
    assert opened(None) == told
    assert opened(Reason.APP_FAILED).reason is Reason.APP_FAILED
    catalog.consents.record(a_consent(), None)
    assert opened(Moment(NOW + 2 * MINUTE)).announced_at == told.announced_at
    assert asked == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("asked", "leg", "expected"),
    [(None, 1, 2), (None, 5, 0), (0, 1, 0), (1, 1, 2), (3, 1, 3), (1, 5, 1)],
)
def test_which_question_was_put_follows_from_leg_and_number(
    catalog: Catalog, asked: int | None, leg: int, expected: int
) -> None:
    catalog.ledger.open_call(replace(a_call(), leg=call_sid(1), asked=2))
    catalog.ledger.announce(ACCOUNT, call_sid(1), leg=call_sid(leg), at=NOW, asked=asked)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).call.asked == expected
