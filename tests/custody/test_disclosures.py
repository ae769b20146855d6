"""Recordings that are given to others: whose consent it needs, and what a link opens, how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.conferences import join
from tests.custody.test_disclosure_consents import OTHER_CALL, a_leg
from tests.erasing import destroy
from tests.factories import ACCOUNT, STARTED, a_call, call_sid, recording_sid
from tests.house import NAME, House
from tests.sounds import wav
from twirec.adapters import memory_bucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.archive import disclosures as sent
from twirec.catalog.tables import derivatives, metadata, recordings
from twirec.model.access import Actor
from twirec.model.agents import ConferenceEvent
from twirec.model.audit import AuditEntry
from twirec.model.disclosures import (
    MOST_WRONG_CODES,
    DisclosureConsent,
    DisclosureState,
    Handover,
)
from twirec.model.errors import (
    BytesDiffer,
    CodeWrong,
    ConversionFailed,
    CustodyRefused,
    InvalidQuery,
    LinkClosed,
    NotConsented,
    NotFound,
)
from twirec.model.states import Custody, State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID, MEDIA = recording_sid(), wav(4.0, channels=2)
HEADER, FRAME, SECOND = 44, 4, 4 * 8000
"""Bytes of that: two channels of 8,000 samples a second, 16 bits each."""

EVA = Actor("eva", "admin")
AGENT = "client:ana"
TO: dict[str, Any] = {"recipient": "Seguros Norte, S.A.", "purpose": "claim C-7"}
ORDER: dict[str, Any] = {**TO, "ground": "court_order", "reference": "auto 7/2026"}


@pytest.fixture(scope="module")
def recorded() -> House:
    """An archive with one recording of a customer and an agent, to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.archive.catalog.agents.add_leg(a_leg(2, AGENT))
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def consent(house: House, participant: str, **changes: Any) -> DisclosureConsent:
    said: dict[str, Any] = {**TO, "given_on": "2026-11-03", "how": "writing", "evidence": "letter"}
    return house.archive.custody.disclosures.consent(
        SID, participant=participant, by=EVA, **said | changes
    )


def give(house: House, **changes: Any) -> Handover:
    return house.archive.custody.disclosures.give(SID, by=EVA, **ORDER | changes)


def secret(given: Handover) -> str:
    return given.link.rpartition("/")[2]


def heard(house: House, given: Handover, ticket: str) -> bytes:
    return b"".join(house.archive.custody.disclosures.hear(secret(given), ticket))


def state(house: House, given: Handover) -> DisclosureState:
    return house.archive.catalog.disclosures.get(given.disclosure.id).state(house.time)


def entries(house: House, *actions: str) -> list[AuditEntry]:
    return [each for each in house.archive.audit.log()[::-1] if each.action in actions]


def set_recording(house: House, **changes: Any) -> None:
    with house.archive.catalog.database.write() as connection:
        connection.execute(update(recordings).where(recordings.c.sid == SID).values(**changes))


def test_it_is_given_once_everybody_consented_and_opened_once(house: House) -> None:
    disclosures = house.archive.custody.disclosures
    assert [each.key for each in disclosures.participants(SID)] == ["customer", f"agent:{AGENT}"]
    with pytest.raises(NotConsented, match=r"no consent of customer, agent:client:ana\."):
        disclosures.give(SID, **TO, by=EVA)
    consent(house, "customer")
    with pytest.raises(NotConsented, match=r"no consent of agent:client:ana\."):
        disclosures.give(SID, **TO, by=EVA)
    consent(house, f"agent:{AGENT}")
    with pytest.raises(NotConsented):
        disclosures.give(SID, **TO | {"purpose": "training"}, by=EVA)
    given = disclosures.give(SID, **TO, by=EVA)
    assert given.disclosure.consents == (1, 2)
    assert given.link.startswith("https://calls.example.com/twirec/disclosed/")
    assert len(secret(given)) == 43
    assert [each.outcome for each in entries(house, "disclose")] == ["denied"] * 3 + ["done"]

    assert disclosures.look(secret(given)) == given.disclosure  # as a mail scanner does
    opening = disclosures.open(secret(given), given.code.lower().replace("-", " "))
    assert (opening.disclosure.opened, opening.disclosure.first_opened_at) == (1, house.time)
    assert heard(house, given, opening.ticket) == MEDIA
    part = disclosures.hear(secret(given), opening.ticket, 100, 200)
    assert b"".join(part) == MEDIA[100:200]
    assert part.file_name == f"recording_2026-11-23_11-15-00_{given.disclosure.id[:10]}.wav"
    with pytest.raises(LinkClosed):
        disclosures.look(secret(given))
    with pytest.raises(LinkClosed):
        disclosures.open(secret(given), given.code)
    assert state(house, given) is DisclosureState.USED

    opened = entries(house, "open_link")
    assert [each.outcome for each in opened] == ["tried", "done", "denied"]
    assert opened[1].detail["tried"] == opened[0].seq
    assert {each.by for each in opened} == {f"recipient of {given.disclosure.id}"}
    assert [each.outcome for each in entries(house, "disclosed")] == ["tried", "done", "tried"]
    log = repr(house.archive.audit.log())
    assert not any(each in log for each in (secret(given), given.code, opening.ticket))
    assert "600111222" not in log
    assert house.archive.audit.verify().whole


def test_what_is_held_may_be_given(house: House) -> None:
    house.archive.custody.hold(SID, case="C-7", reason="a claim", by=EVA)
    given = give(house)
    opening = house.archive.custody.disclosures.open(secret(given), given.code)
    assert heard(house, given, opening.ticket) == MEDIA


def test_what_was_opened_is_heard_for_an_hour(house: House) -> None:
    given = give(house)
    opening = house.archive.custody.disclosures.open(secret(given), given.code)
    house.time = opening.until - timedelta(seconds=1)
    assert heard(house, given, opening.ticket) == MEDIA
    with pytest.raises(LinkClosed):
        heard(house, given, "x" * 43)
    house.time = opening.until
    with pytest.raises(LinkClosed):
        heard(house, given, opening.ticket)


def test_a_new_opening_takes_the_place_of_the_one_before(house: House) -> None:
    given = give(house, openings=2)
    disclosures = house.archive.custody.disclosures
    first = disclosures.open(secret(given), given.code)
    second = disclosures.open(secret(given), given.code)
    assert (second.disclosure.opened, state(house, given)) == (2, DisclosureState.USED)
    assert heard(house, given, second.ticket) == MEDIA
    with pytest.raises(LinkClosed):
        heard(house, given, first.ticket)


def test_after_five_wrong_codes_the_right_one_opens_nothing(house: House) -> None:
    disclosures, given = house.archive.custody.disclosures, give(house)
    for left in (4, 3, 2, 1):
        with pytest.raises(CodeWrong, match=f"; {left} more may be tried") as caught:
            disclosures.open(secret(given), "AAAA-AAAA")
        assert caught.value.left == left
    opened = disclosures.open(secret(given), given.code)  # the fifth try is one still
    assert opened.disclosure.wrong_codes == 0
    given = give(house)
    for _ in range(MOST_WRONG_CODES):
        with pytest.raises(CodeWrong):
            disclosures.open(secret(given), "AAAA-AAAA")
    for _ in range(3):
        with pytest.raises(LinkClosed):
            disclosures.open(secret(given), given.code)
    assert state(house, given) is DisclosureState.LOCKED
    about = [
        e for e in entries(house, "open_link") if e.detail["disclosure"] == given.disclosure.id
    ]
    assert [each.outcome for each in about] == ["tried", "denied"] * 5  # nobody fills the log
    assert about[-1].detail["left"] == 0


def _revoked(house: House, given: Handover) -> None:
    house.archive.custody.disclosures.revoke(given.disclosure.id, why="settled", by=EVA)


def _withdrawn(house: House, given: Handover) -> None:
    number = given.disclosure.consents[0]
    house.archive.custody.disclosures.withdraw(number, why="letter", by=EVA)


def _erased(house: House, _: Handover) -> None:
    house.archive.custody.erase(SID, reason="asked for", by=EVA)


def _destroyed(house: House, _: Handover) -> None:
    destroy(house.archive, SID)


def _blocked(house: House, _: Handover) -> None:
    house.archive.custody.block(SID, reason="its term is over", by=EVA)


def _quarantined(house: House, _: Handover) -> None:
    set_recording(house, custody=Custody.QUARANTINED)


def _expired(house: House, given: Handover) -> None:
    house.time = given.disclosure.expires_at


@pytest.mark.parametrize(
    ("end", "becomes"),
    [
        (_revoked, DisclosureState.REVOKED),
        (_withdrawn, DisclosureState.REVOKED),
        (_erased, DisclosureState.CLOSED),
        (_destroyed, DisclosureState.CLOSED),
        (_blocked, DisclosureState.CLOSED),
        (_quarantined, DisclosureState.CLOSED),
        (_expired, DisclosureState.EXPIRED),
    ],
)
def test_an_open_link_is_dead_at_once(
    house: House,
    end: Callable[[House, Handover], None],
    becomes: DisclosureState,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_bucket, "_CHUNK", 4096)
    monkeypatch.setattr(sent, "LOOKED_EVERY", 4096)
    disclosures = house.archive.custody.disclosures
    consent(house, "customer")
    consent(house, f"agent:{AGENT}")
    given = disclosures.give(SID, **TO, openings=2, expires_in=timedelta(minutes=30), by=EVA)
    opening = disclosures.open(secret(given), given.code)
    playing = disclosures.hear(secret(given), opening.ticket)
    house.time += timedelta(seconds=1)
    begun = next(playing)
    end(house, given)
    assert state(house, given) is becomes
    with pytest.raises(LinkClosed):  # who fetches all at once gets no more of it either
        next(playing)
    assert 0 < len(begun) < len(MEDIA)
    for closed in (
        lambda: disclosures.look(secret(given)),
        lambda: disclosures.open(secret(given), given.code),
        lambda: disclosures.opened(secret(given), opening.ticket),
        lambda: heard(house, given, opening.ticket),
    ):
        with pytest.raises(LinkClosed):
            closed()
    assert entries(house, "open_link")[-1].detail["link"] == becomes


@pytest.mark.parametrize("end", [_blocked, _quarantined, _destroyed])
def test_a_consent_is_withdrawn_at_any_time(
    house: House, end: Callable[[House, Handover], None]
) -> None:
    """GDPR art. 7.3; who does it is told nothing of what is not there for them any more."""
    consent(house, "customer")
    consent(house, f"agent:{AGENT}")
    given = house.archive.custody.disclosures.give(SID, **TO, by=EVA)
    end(house, given)
    disclosures, number = house.archive.custody.disclosures, given.disclosure.consents[0]
    for role, error in (("supervisor", NotFound), ("agent", NotFound)):
        if end is not _destroyed:
            with pytest.raises(error):
                disclosures.withdraw(number, why="letter", by=Actor("bo", role))
    withdrawn = disclosures.withdraw(number, why="letter", by=EVA)
    assert (withdrawn.holds, withdrawn.withdrawn_by) == (False, "eva")
    if end is _blocked:
        assert TO["recipient"] not in repr(withdrawn)
    entry = entries(house, "withdraw")[-1]
    assert (entry.outcome, entry.detail["links_ended"]) == ("done", 1)


def test_of_two_at_once_one_is_counted(house: House) -> None:
    given, came = give(house), list[str]()
    disclosures = house.archive.custody.disclosures
    together = threading.Barrier(4)

    def try_it() -> None:
        together.wait()
        try:
            disclosures.open(secret(given), given.code)
            came.append("opened")
        except LinkClosed:
            came.append("closed")

    threads = [threading.Thread(target=try_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["closed", "closed", "closed", "opened"]
    assert house.archive.catalog.disclosures.get(given.disclosure.id).opened == 1


def test_what_fails_by_our_own_fault_is_not_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    disclosures, given = house.archive.custody.disclosures, give(house)
    kept = house.bucket._objects[NAME]
    stored, data = kept
    house.bucket._objects[NAME] = (replace(stored, crc32c="AAAAAA=="), data)
    with pytest.raises(BytesDiffer):
        disclosures.open(secret(given), given.code)
    assert entries(house, "open_link")[-1].outcome == "failed"
    known = house.archive.catalog.disclosures.get(given.disclosure.id)
    assert (known.opened, known.wrong_codes) == (0, 0)
    house.bucket._objects[NAME] = kept

    def wrong(*_: object) -> None:
        raise OverflowError

    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "stat", wrong)
        with pytest.raises(OverflowError):
            disclosures.open(secret(given), given.code)
    last = entries(house, "open_link")[-1]
    assert (last.outcome, last.detail["error"]) == ("failed", "OverflowError")
    assert house.archive.catalog.disclosures.get(given.disclosure.id).wrong_codes == 0
    assert disclosures.open(secret(given), given.code).disclosure.opened == 1


def test_a_link_opens_only_what_it_was_made_for(house: House) -> None:
    disclosures, one, other = house.archive.custody.disclosures, give(house), give(house)
    with pytest.raises(CodeWrong):
        disclosures.open(secret(one), other.code)
    opening = disclosures.open(secret(one), one.code)
    with pytest.raises(LinkClosed):
        disclosures.hear(secret(other), opening.ticket)
    for unknown in ("", "x" * 43, secret(one)[:-1], secret(one).lower(), "x" * 10**5):
        with pytest.raises(LinkClosed):
            disclosures.open(unknown, one.code)


def test_no_secret_is_in_the_catalog(house: House) -> None:
    given = give(house)
    opening = house.archive.custody.disclosures.open(secret(given), given.code)
    with house.archive.catalog.database.read() as connection:
        tables = metadata.sorted_tables
        dump = repr([connection.execute(select(table)).all() for table in tables])
    for each in (secret(given), given.code, given.code.replace("-", ""), opening.ticket):
        assert each not in dump
    assert secret(given) not in repr(given) + repr(opening)
    assert given.code not in repr(given)
    assert opening.ticket not in repr(opening)


@pytest.mark.parametrize(
    ("custody", "state", "error"),
    [
        (Custody.QUARANTINED, State.RELEASED, CustodyRefused),
        (Custody.BLOCKED, State.RELEASED, NotFound),
        (Custody.ACTIVE, State.ERASED, CustodyRefused),
        (Custody.ACTIVE, State.COMPLETED, CustodyRefused),
    ],
)
def test_what_may_not_leave_is_not_given(
    house: House, custody: Custody, state: State, error: type[Exception]
) -> None:
    set_recording(house, custody=custody, state=state)
    with pytest.raises(error):
        give(house)
    assert house.archive.catalog.disclosures.of(SID) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ground": "court_order", "reference": " "}, "reference"),
        ({"ground": "because"}, "ground"),
        ({"recipient": ""}, "recipient"),
        ({"recipient": "x" * 256}, "recipient"),
        ({"purpose": "  "}, "purpose"),
        ({"openings": 0}, "openings"),
        ({"openings": 21}, "openings"),
        ({"expires_in": timedelta(0)}, "expires_in"),
        ({"expires_in": timedelta(days=91)}, "expires_in"),
        ({"cuts": [(2.0, 1.0)]}, "cuts"),
        ({"cuts": [(5.0, 6.0)]}, "cuts"),
        ({"cuts": [(0.0, 1e400)]}, "cuts"),
        ({"format": "mp4"}, "format"),
        ({"start": 5.0}, "start, end"),
        ({"channels": "left"}, "channels"),
    ],
)
def test_what_is_wrong_is_named(house: House, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidQuery, match=f"^{field}: "):
        give(house, **changes)
    assert house.archive.catalog.disclosures.of(SID) == []


def test_a_consent_needs_who_when_and_evidence(house: House) -> None:
    for participant, changes, field in (
        ("nobody", {}, "participant"),
        ("other: ", {}, "participant"),
        ("customer", {"evidence": ""}, "evidence"),
        ("customer", {"given_on": "2026-12-24"}, "given_on"),
        ("customer", {"given_on": "soon"}, "given_on"),
        ("customer", {"how": "by nodding"}, "how"),
    ):
        with pytest.raises(InvalidQuery, match=f"^{field}: "):
            consent(house, participant, **changes)
    house.archive.catalog.agents.add_leg(a_leg(3))
    with pytest.raises(InvalidQuery, match=r"^name: say it"):
        consent(house, f"leg:{call_sid(3)}")
    assert consent(house, f"leg:{call_sid(3)}", name="Luis Gil").id == 1
    house.archive.custody.disclosures.withdraw(1, why="x", by=EVA)
    with pytest.raises(InvalidQuery, match=r"^consent_id: 1 was withdrawn already"):
        house.archive.custody.disclosures.withdraw(1, why="x", by=EVA)


def test_whoever_was_in_a_conference_with_it_needs_to_consent(house: House) -> None:
    catalog = house.archive.catalog
    catalog.ledger.open_call(a_call(call_sid=OTHER_CALL, leg=OTHER_CALL))
    catalog.ledger.open_call(a_call(call_sid=call_sid(8), leg=call_sid(8)))
    room, earlier = "CF" + "1" * 32, "CF" + "2" * 32

    def come(conference: str, number: int, leg: int) -> None:
        event = ConferenceEvent(ACCOUNT, conference, call_sid(leg), number, STARTED)
        join(catalog, event)

    come(earlier, 1, 8)  # which it was never in
    come(room, 1, 1)
    come(room, 2, 9)
    come(room, 3, 5)  # of whom nobody knows
    heard = house.archive.custody.disclosures.participants(SID)
    assert {each.key for each in heard} == {
        *("customer", f"agent:{AGENT}", f"caller:{OTHER_CALL}", f"leg:{call_sid(5)}")
    }


# --- copies with less in them -----------------------------------------------------------------


def test_a_copy_has_only_what_may_leave(house: House) -> None:
    given = give(house, channels="without_agent", cuts=[(1.0, 2.0)])
    assert given.disclosure.spec is not None
    opening = house.archive.custody.disclosures.open(secret(given), given.code)
    got = heard(house, given, opening.ticket)
    assert len(got) == len(MEDIA)
    for at in range(HEADER, len(MEDIA), FRAME):
        customer = b"\0\0" if SECOND <= at - HEADER < 2 * SECOND else MEDIA[at : at + 2]
        assert got[at : at + FRAME] == customer + b"\0\0", at


def test_what_is_given_away_carries_no_transcript(house: House) -> None:
    house.archive.transcripts.request(SID, by=EVA)
    house.archive.jobs.do("transcript", SID)
    words = [each.text for each in house.archive.transcripts.get(SID, by=EVA).sentences]
    before = len(entries(house, "read"))
    orders: list[dict[str, Any]] = [
        {},
        {"channels": "without_agent"},
        {"channels": "without_customer", "cuts": [(1.0, 2.0)]},
    ]
    for order in orders:
        given = give(house, **order)
        opening = house.archive.custody.disclosures.open(secret(given), given.code)
        got = heard(house, given, opening.ticket)
        assert got[:4] == b"RIFF"
        assert len(got) == len(MEDIA)
        said = f"{given}{opening}"
        assert [word for word in words if word in said or word.encode() in got] == []
    assert words
    assert len(entries(house, "read")) == before


def test_a_copy_that_cannot_be_made_leaves_no_link(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise ConversionFailed("No space left on device.")

    monkeypatch.setattr("twirec.derivatives.derivatives.Derivatives._put", fail)
    with pytest.raises(ConversionFailed):
        give(house, cuts=[(1.0, 2.0)])
    assert house.archive.catalog.disclosures.of(SID) == []
    assert [each.outcome for each in entries(house, "derive", "disclose")] == [
        *("tried", "failed", "failed")
    ]


def test_a_copy_that_is_gone_is_made_anew_and_counted_once(house: House) -> None:
    given = give(house, cuts=[(1.0, 2.0)], openings=2)
    disclosures = house.archive.custody.disclosures
    first = disclosures.open(secret(given), given.code)
    got = heard(house, given, first.ticket)
    (made,) = house.archive.catalog.derivatives.of(SID)
    house.bucket.delete(made.object_name, made.generation or 0)
    second = disclosures.open(secret(given), given.code)
    assert heard(house, given, second.ticket) == got
    with house.archive.catalog.database.write() as connection:
        connection.execute(derivatives.delete())
    assert second.disclosure.opened == 2


def test_a_rebuilt_catalog_knows_what_was_given_and_opens_nothing(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    given, said = give(house), consent(house, "customer")
    house.archive.journal.write()
    disclosures = rebuilt().custody.disclosures
    assert disclosures.consents(SID) == [said]
    assert disclosures.of(SID) == [given.disclosure]
    with pytest.raises(LinkClosed):
        disclosures.open(secret(given), given.code)
