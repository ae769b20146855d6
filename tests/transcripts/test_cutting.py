"""Card numbers are cut out of what is heard and read of a recording, or nothing is offered."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from tests.audio.hearing import SECONDS, TALK, archived, decoded
from tests.erasing import destroy
from tests.house import A_CALL, House
from tests.transcripts.cut_house import (
    ANA,
    CARD,
    CLEAN,
    EVA,
    SID,
    WITH_CARD,
    a_house,
    cut_out,
    heard,
    hears,
    known,
    objects,
    speech_of,
)
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_speech import MemorySpeech
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.cards import propose
from twirec.catalog.tables import events
from twirec.catalog.transcript_tables import transcripts
from twirec.jobs.retrying import TRANSCRIPTS
from twirec.model.access import Actor
from twirec.model.audio import ConversionSpec
from twirec.model.cards import CardCutState, CardNumbers, CardPart, CardSpan, as_labelled
from twirec.model.errors import (
    CatalogUnavailable,
    CustodyRefused,
    InvalidQuery,
    LeaseLost,
    ObjectNotFound,
)
from twirec.model.events import EventType
from twirec.model.vocabulary import Role


def test_a_number_in_a_transcript_is_proposed_and_no_digit_of_it_kept(house: House) -> None:
    cut = known(house)
    (span,) = cut.spans
    assert (cut.state, span.part, span.side) == (
        CardCutState.PROPOSED,
        CardPart.NUMBER,
        Role.CUSTOMER,
    )
    assert 0.5 < span.starts < span.ends < 3.5
    assert [each.recording_sid for each in house.archive.cards.waiting(by=ANA)] == [SID]
    assert house.archive.operations.stats(by=ANA).card_numbers == 1
    with house.archive.catalog.database.read() as connection:
        row = connection.execute(select(card_cuts)).one()
    assert not any(group in str(row) + repr(cut) for group in CARD.split())
    assert heard(house) == TALK, "until somebody decides nothing changes"


def test_it_is_off_without_the_setting() -> None:
    house = a_house(MemorySpeech(WITH_CARD), CardNumbers.OFF)
    archived(house)
    assert house.archive.cards.of(SID, by=ANA) is None
    assert house.archive.cards.waiting(by=ANA) == []


def test_what_is_approved_is_heard_read_and_found_without_the_number(house: House) -> None:
    house.archive.derivatives.make(SID, ConversionSpec("wav", start=0.5), by=ANA)
    before, original = objects(house), house.recording()
    assert house.archive.calls.search(said=f'"{CARD}"', by=ANA).sentences
    cut = cut_out(house)
    assert (cut.state, cut.problem, cut.decided_by, cut.model) == (
        CardCutState.CUT,
        "",
        "eva",
        "memory",
    )
    # the same file, but for silence on both channels
    copy = heard(house)
    assert len(copy) == len(TALK)
    assert copy != TALK
    assert copy[:44] == TALK[:44]
    ((begin, end),) = cut.cuts
    first, last = (44 + 4 * round(8000 * at) for at in (begin, end))
    assert set(copy[first:last]) == {0}
    assert (copy[:first], copy[last:]) == (TALK[:first], TALK[last:])
    # and so is whatever is made of it; what was made before is gone
    after = objects(house)
    assert not before.keys() & after.keys()
    assert len(after) == 2
    assert after[cut.object_name or ""] == copy
    assert not any(b"0366" in text for text in after.values())
    converted = b"".join(house.archive.recordings.convert(SID, format="wav", by=ANA))
    assert decoded([converted], "wav") == decoded([copy], "wav")
    transcript = house.archive.transcripts.get(SID, by=ANA)
    assert [each.text for each in transcript.sentences] == ["es la vale", "muy bien gracias"]
    assert not house.archive.calls.search(said=f'"{CARD}"', by=ANA).sentences
    assert house.archive.calls.search(said='"muy bien gracias"', by=ANA).sentences
    quiet = house.archive.recordings.waveform(SID, by=ANA)
    assert quiet.sides[0].talk < SECONDS / 4
    # the original is what it was, and nothing differs
    assert house.recording() == original
    assert house.archive.recordings.compare(SID, by=ANA) == []
    assert house.archive.cards.waiting(by=ANA) == []
    house.archive.operations.sweep()
    assert objects(house) == after
    (done, ordered) = [each for each in house.archive.audit.log(sid=SID) if each.action == "cut"]
    assert (ordered.by, ordered.detail) == ("eva", {"decision": "approved"})
    assert (done.by, done.detail["decided_by"]) == ("twirec", "eva")
    assert done.detail["cuts"] == f"{begin:g} to {end:g}"


@pytest.mark.parametrize(
    ("still", "why"),
    [
        (WITH_CARD, "a card number is heard in it still"),
        (("tres seis seis vale", "gracias"), "figures are heard where there should be silence"),
        (("es la", f"la repito gracias {CARD}"), "a card number is heard in it still"),
    ],
)
def test_what_has_digits_left_is_not_offered(
    house: House, still: tuple[str, str], why: str
) -> None:
    before = objects(house)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    hears(house, *still)
    house.archive.jobs.do("card cut", SID)
    cut = known(house)
    assert (cut.state, cut.object_name, cut.due_at) == (CardCutState.FAILED, None, None)
    assert cut.problem == f"The copy is not offered: {why}."
    assert objects(house) == before
    assert heard(house) == TALK
    (entry, _) = [each for each in house.archive.audit.log(sid=SID) if each.action == "cut"]
    assert (entry.outcome, entry.detail["why"]) == ("failed", cut.problem)
    assert [each.state for each in house.archive.cards.waiting(by=ANA)] == [CardCutState.FAILED]
    house.archive.cards.approve(SID, reason="more silence", guard=2.5, by=ANA)
    hears(house, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    assert known(house).state is CardCutState.CUT
    assert known(house).guard == 2.5


def test_whoever_dies_meanwhile_leaves_nothing_that_is_heard(house: House) -> None:
    before = objects(house)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)

    def die(_: int) -> None:
        raise KeyboardInterrupt

    hears(house, *CLEAN)
    speech_of(house)._before = die
    with pytest.raises(KeyboardInterrupt):
        house.archive.jobs.do("card cut", SID)
    assert heard(house) == TALK
    speech_of(house)._before = lambda _: None
    house.time += timedelta(minutes=20)
    house.archive.jobs.do("card cut", SID)
    assert known(house).state is CardCutState.CUT
    assert len(objects(house).keys() - before.keys()) == 2


def test_who_lost_the_lease_deletes_nothing_of_who_has_it(house: House) -> None:
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    hears(house, *CLEAN)

    def stall(_: int) -> None:
        speech_of(house)._before = lambda _: None
        house.time += timedelta(minutes=20)
        house.archive.jobs.do("card cut", SID)
        assert known(house).state is CardCutState.CUT

    speech_of(house)._before = stall
    house.archive.jobs.do("card cut", SID)
    assert known(house).object_name in objects(house)
    assert house.archive.transcripts.get(SID, by=ANA).sentences
    assert len(heard(house)) == len(TALK)


def test_what_was_written_down_stays_although_the_answer_was_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    hears(house, *CLEAN)
    cards = house.archive.catalog.cards
    made = cards.made

    def lose(*what: Any) -> None:
        made(*what)
        raise CatalogUnavailable("The connection broke.")

    monkeypatch.setattr(cards, "made", lose)
    house.archive.jobs.do("card cut", SID)
    assert known(house).state is CardCutState.CUT
    assert len(heard(house)) == len(TALK)
    assert house.archive.transcripts.get(SID, by=ANA).sentences


def test_a_sweep_leaves_what_is_being_made_and_deletes_it_once_nobody_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = objects(house)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    hears(house, *CLEAN)
    cards = house.archive.catalog.cards
    made, there = cards.made, list[int]()

    def sweep(*_: Any) -> None:
        house.archive.operations.sweep(full=True)
        there.append(len(objects(house).keys() - before.keys()))

    def made_then(*what: Any) -> list[str]:
        sweep()
        return made(*what)

    speech_of(house)._before = sweep
    monkeypatch.setattr(cards, "made", made_then)
    house.archive.jobs.do("card cut", SID)
    assert (there[0], there[-1]) == (1, 2)
    assert known(house).state is CardCutState.CUT
    assert len(heard(house)) == len(TALK)
    assert house.archive.transcripts.get(SID, by=ANA).sentences


def test_a_sweep_deletes_what_whoever_died_made_once_nobody_makes_it(house: House) -> None:
    before = objects(house)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)

    def die(_: int) -> None:
        raise KeyboardInterrupt

    speech_of(house)._before = die
    with pytest.raises(KeyboardInterrupt):
        house.archive.jobs.do("card cut", SID)
    house.archive.operations.sweep(full=True)
    assert len(objects(house).keys() - before.keys()) == 1
    with house.archive.catalog.database.write() as connection:
        connection.execute(card_cuts.update().values(due_at=None, lease=None))
    house.archive.operations.sweep(full=True)
    assert objects(house) == before


def test_a_transcript_that_is_being_made_of_the_original_is_not_kept(house: House) -> None:
    transcripts = house.archive.catalog.transcripts
    house.archive.catalog.transcripts.renew(
        "another", house.time + timedelta(days=2), house.time, 9
    )
    lease = transcripts.due.claim(house.time, timedelta(minutes=15))
    assert lease is not None
    cut_out(house)
    assert transcripts.due.due_at(SID) is None
    read = house.archive.transcripts.get(SID, by=ANA)
    assert "0366" not in read.as_json()


def test_a_copy_that_is_not_what_was_made_is_made_anew_and_meanwhile_nothing_is_heard(
    house: House,
) -> None:
    copy = cut_out(house)
    silent = heard(house)
    stored = house.bucket.stat(copy.object_name or "")
    house.bucket.delete(stored.name, stored.generation)
    with pytest.raises(ObjectNotFound):
        heard(house)
    assert house.archive.recordings.compare(SID, by=ANA) == [copy.object_name]
    find(house, CODE)  # which nobody approved yet, nor more silence
    with house.archive.catalog.database.write() as connection:
        connection.execute(card_cuts.update().values(guard=5.0))
    house.archive.custody.hold(SID, case="C-7", reason="a claim", by=ANA)
    hears(house, *WITH_CARD)
    house.archive.jobs.do("card cut", SID)
    again = known(house)
    assert (again.state, again.due_at) == (CardCutState.PROPOSED, None)
    assert heard(house) == silent
    assert again.object_name != copy.object_name
    assert (again.own_sha256, again.made_cuts) == (copy.own_sha256, copy.made_cuts)
    assert not speech_of(house).heard, "it was heard before"
    house.archive.catalog.cards.again(SID, copy.object_name or "", house.time)
    assert known(house) == again, "another one is there"


def find(house: House, *spans: CardSpan) -> None:
    """Let a transcript have more."""
    with house.archive.catalog.database.write() as connection:
        propose(connection, SID, spans, house.time)


CODE = CardSpan(CardPart.CODE, Role.CUSTOMER, 8.0, 8.5)


def test_what_was_found_is_never_dropped(house: House) -> None:
    (number,) = known(house).spans
    find(house, CODE)
    find(house, number)
    assert known(house).spans == (number, CODE)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    cards = house.archive.catalog.cards
    lease = cards.due.claim(house.time, timedelta(minutes=15))
    assert lease is not None
    find(house, number, CODE)
    assert known(house).state is CardCutState.APPROVED, "there is no more in it"
    again = dataclasses.replace(number, starts=6.0, ends=7.0)
    find(house, again)
    cut = known(house)
    assert (cut.state, cut.spans, cut.due_at) == (
        CardCutState.PROPOSED,
        (number, CODE, again),
        None,
    )
    with pytest.raises(LeaseLost):
        cards.begin(lease, "a", "b")


def test_what_is_silent_stays_so_and_is_compared_with_the_original(house: House) -> None:
    house.archive.cards.approve(SID, reason="they pay by card", guard=2.5, by=EVA)
    hears(house, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    first = known(house)
    assert first.state is CardCutState.CUT
    assert first.made_cuts == first.cuts
    find(house, CODE)
    house.archive.cards.approve(SID, reason="the code too", guard=0.5, by=EVA)
    part = "es la si bien bueno pues vale claro exacto ok perfecto hola que tal 0366"
    hears(house, *WITH_CARD, part, "muy bien gracias")
    house.archive.jobs.do("card cut", SID)
    second = known(house)
    assert (second.state, second.guard) == (CardCutState.FAILED, 2.5)
    assert second.spans[:2] == (*first.spans, CODE)
    assert len(second.spans) == 3, "with what is heard beside the silence"
    assert second.object_name == first.object_name, "which is what is heard meanwhile"
    house.archive.cards.approve(SID, reason="all of it", by=EVA)
    hears(house, *WITH_CARD, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    third = known(house)
    assert (third.state, third.made_cuts) == (CardCutState.CUT, third.cuts)
    assert set(first.cuts) != set(third.cuts)
    house.archive.cards.approve(SID, reason="the same once more", by=ANA)
    hears(house, *WITH_CARD, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    same = known(house)
    assert (same.state, same.made_cuts) == (CardCutState.CUT, third.made_cuts)
    assert same.own_sha256 == third.own_sha256
    house.archive.cards.approve(SID, reason="a digit is heard", guard=3.5, by=ANA)
    hears(house, *WITH_CARD, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    assert (known(house).state, known(house).guard) == (CardCutState.CUT, 3.5)
    assert len([name for name in objects(house) if name.endswith(".wav")]) == 1


@pytest.mark.parametrize(
    ("original", "state", "problem"),
    [
        (WITH_CARD, CardCutState.CUT, ""),
        (CLEAN, CardCutState.FAILED, "not heard in the recording by the model that is here"),
        ((f"es la {CARD} vale su clave 123", "gracias"), CardCutState.PROPOSED, ""),
    ],
)
def test_another_model_hears_the_original_first(
    house: House, original: tuple[str, str], state: CardCutState, problem: str
) -> None:
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    speech_of(house)._sha256 = "1" * 64
    hears(house, *original, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    cut = known(house)
    assert (cut.state, cut.due_at) == (state, None)
    assert problem in cut.problem
    assert (len(cut.spans) == 2) == (state is CardCutState.PROPOSED)


def test_it_waits_for_a_transcript_where_none_is_there(house: House) -> None:
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    with house.archive.catalog.database.write() as connection:
        connection.execute(transcripts.delete())
    assert house.archive.jobs.do("card cut", SID) == house.time + timedelta(minutes=5)
    assert (known(house).attempts, known(house).last_error) == (0, "")
    hears(house, *WITH_CARD, *CLEAN)
    house.archive.jobs.do("transcript", SID)
    house.time += timedelta(minutes=5)
    hears(house, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    assert known(house).state is CardCutState.CUT


def test_what_somebody_refuses_is_not_proposed_again(house: House) -> None:
    refused = house.archive.cards.refuse(SID, reason="the number of a meter", by=EVA)
    assert refused.state is CardCutState.REFUSED
    with pytest.raises(InvalidQuery, match="refused already"):
        house.archive.cards.refuse(SID, reason="x", by=EVA)
    speech_of(house)._sha256 = "1" * 64
    house.time += timedelta(days=2)
    hears(house, *WITH_CARD)
    house.work()
    assert known(house).state is CardCutState.REFUSED
    assert cut_out(house).state is CardCutState.CUT, "until somebody says that it is one after all"


def test_what_is_held_or_gone_is_not_cut(house: House) -> None:
    house.archive.custody.hold(SID, case="C-7", reason="a claim", by=ANA)
    with pytest.raises(CustodyRefused, match="held"):
        house.archive.cards.approve(SID, reason="x", by=ANA)
    assert known(house).state is CardCutState.PROPOSED


def unhold(house: House) -> None:
    custody = house.archive.custody
    asked = custody.unhold(SID, case="C-7", reason="settled", by=ANA)
    custody.approvals.approve(asked.id, by=Actor("bo", "admin"))


def test_what_is_held_meanwhile_stays_as_it_is(house: House) -> None:
    before = objects(house)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    house.archive.custody.hold(SID, case="C-7", reason="a claim", by=ANA)
    hears(house, *CLEAN)
    house.archive.jobs.do("card cut", SID)
    assert (known(house).attempts, known(house).last_error) == (0, "")
    assert (objects(house), heard(house)) == (before, TALK)
    unhold(house)
    house.archive.jobs.do("card cut", SID)
    assert known(house).state is CardCutState.CUT, "it goes on then"


def test_what_is_held_while_it_is_heard_stays_as_it_is(house: House) -> None:
    before = objects(house)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    hears(house, *CLEAN)

    def hold(_: int) -> None:
        speech_of(house)._before = lambda _: None
        house.archive.custody.hold(SID, case="C-7", reason="a claim", by=ANA)

    speech_of(house)._before = hold
    house.archive.jobs.do("card cut", SID)
    assert "is held" in known(house).last_error
    assert (objects(house), heard(house)) == (before, TALK)


def test_all_of_it_goes_with_the_recording(house: House) -> None:
    cut_out(house)
    destroy(house.archive, SID)
    house.work_on()
    assert house.archive.catalog.cards.get(SID) is None
    assert objects(house) == {}


def test_it_comes_back_with_a_rebuild(house: House, tmp_path: Any) -> None:
    house.archive.journal.write()
    copy = cut_out(house)  # which its day is told of at once
    url = f"sqlite:///{tmp_path}/anew.db"
    house.archive.journal.rebuild(url, by=ANA)
    from twirec.catalog import Catalog

    anew = Catalog(url)
    assert anew.cards.get(SID) == copy
    anew.close()


def test_a_catalog_that_does_not_know_of_the_copy_takes_it_over(house: House) -> None:
    cut_out(house)
    copy, catalog = heard(house), house.archive.catalog
    house.vendor.add_call(A_CALL)
    with catalog.database.write() as connection:  # as one that is made anew of labels alone
        connection.execute(delete(card_cuts))
        connection.execute(delete(transcripts))
    report = house.archive.operations.sweep(full=True)
    assert (report.copies_taken_over, report.derivatives_deleted) == (1, 0)
    assert heard(house) == copy
    assert known(house).state is CardCutState.APPROVED
    hears(house, *CLEAN, *WITH_CARD, *CLEAN)
    house.archive.jobs.do("card cut", SID)  # asks for a transcript
    house.archive.jobs.do("transcript", SID)
    house.time += timedelta(minutes=6)
    house.archive.jobs.do("card cut", SID)
    assert known(house).state is CardCutState.CUT, known(house)
    assert heard(house) == copy


@pytest.mark.parametrize(
    "labels",
    [
        {"original_sha256": "0" * 64},
        {"cuts": ""},
        {"cuts": "everything"},
        {"format": "wav"},
    ],
)
def test_what_is_no_copy_of_it_is_not_taken_over(house: House, labels: dict[str, str]) -> None:
    cut = cut_out(house)
    stored = house.bucket.stat(cut.object_name or "")
    recording = house.archive.catalog.recordings.get(SID)
    assert as_labelled(recording, stored, house.time) is not None
    changed = dataclasses.replace(stored, labels={**stored.labels, **labels})
    assert as_labelled(recording, changed, house.time) is None


def test_no_digit_is_in_logs_events_and_errors(
    template: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "twirec")
    settings = dataclasses.replace(
        template.archive.settings, notify_url="https://example.com/h", notify_secret="s" * 32
    )
    house = House(settings, MemoryBucket(), MemorySpeech(WITH_CARD))
    archived(house)
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    house.archive.jobs.do("card cut", SID)  # digits are left in what is heard
    with house.archive.catalog.database.read() as connection:
        rows = connection.execute(select(events)).all()
    assert EventType.CARD_NUMBER in [row.type for row in rows]
    told = f"{rows} {caplog.text} {known(house)!r}"
    told += str([(each.detail, each.shown) for each in house.archive.audit.log(sid=SID)])
    assert not any(group in told for group in CARD.split())


def test_what_fails_is_tried_again_and_parked(house: House) -> None:
    house.archive.cards.approve(SID, reason="they pay by card", by=EVA)
    speech_of(house).broken = "The model is broken."
    house.work()
    assert known(house).attempts == 0, "it waits for a machine that can hear"
    speech_of(house).broken = ""
    kept = house.archive.catalog.transcripts.get(SID)
    assert kept is not None
    stored = house.bucket.stat(kept.object_name or "")
    house.bucket.delete(stored.name, stored.generation)
    for _ in range(TRANSCRIPTS.tries):
        house.time += timedelta(hours=3)
        house.archive.jobs.do("card cut", SID)
    parked = known(house)
    assert (parked.state, parked.due_at) == (CardCutState.APPROVED, None)
    assert parked.last_error
    assert house.archive.operations.stats(by=ANA).cards_parked == 1


Decide = Callable[[House], object]


@pytest.mark.parametrize(
    ("decide", "message"),
    [
        (lambda it: it.archive.cards.approve(SID, reason="", by=ANA), "reason"),
        (lambda it: it.archive.cards.approve(SID, reason="x", guard=11.0, by=ANA), "guard"),
        (lambda it: it.archive.cards.refuse(SID, reason=" ", by=ANA), "reason"),
        (lambda it: it.archive.cards.waiting(limit=0, by=ANA), "limit"),
    ],
)
def test_what_is_missing_or_out_of_bounds_is_said(
    house: House, decide: Decide, message: str
) -> None:
    with pytest.raises(InvalidQuery, match=message):
        decide(house)
