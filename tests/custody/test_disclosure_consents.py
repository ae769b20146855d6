"""Whose consent a disclosure needs, and what a code costs who guesses it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, call_sid, recording_sid
from tests.sounds import wav
from twirec.custody import disclosure
from twirec.custody.disclosure import ALPHABET, code_hash, is_code, new_code, participants, standing
from twirec.model.agents import ConferenceSnapshot, Leg
from twirec.model.disclosures import (
    ConsentMethod,
    DisclosureConsent,
    Participant,
    ParticipantKind,
)
from twirec.model.records import VOICEMAIL, Call
from twirec.model.vocabulary import NOT_KNOWN

SID, MEDIA = recording_sid(), wav(4.0, channels=2)
HEADER, FRAME, SECOND = 44, 4, 4 * 8000
"""Bytes of that: two channels of 8,000 samples a second, 16 bits each."""
AGENT = "client:ana"
TO: dict[str, Any] = {"recipient": "Seguros Norte, S.A.", "purpose": "claim C-7"}


def a_leg(number: int, agent: str = "") -> Leg:
    return Leg(ACCOUNT, call_sid(number), call_sid(), STARTED, agent)


def a_consent(participant: str = "customer", **changes: Any) -> DisclosureConsent:
    fields: dict[str, Any] = {
        "recording_sid": SID,
        "participant": participant,
        "name": "",
        **TO,
        "given_on": date(2026, 11, 3),
        "how": ConsentMethod.WRITING,
        "evidence": "letter",
        "by": "eva",
        "at": STARTED,
    }
    return DisclosureConsent(**fields | changes)


NOBODY_MET = ConferenceSnapshot((), ())
OTHER_CALL = call_sid(9)


@pytest.mark.parametrize(
    ("call", "legs", "met", "heard"),
    [
        # an agent whose leg is known
        (a_call(), [a_leg(2, AGENT)], NOBODY_MET, ["customer", f"agent:{AGENT}"]),
        # two agents, one after the other; one of them twice
        (
            a_call(),
            [a_leg(2, AGENT), a_leg(3, "client:bo"), a_leg(4, AGENT)],
            NOBODY_MET,
            ["customer", f"agent:{AGENT}", "agent:client:bo"],
        ),
        # nobody knows who of the company was there
        (a_call(), [], NOBODY_MET, ["customer", "agent?"]),
        (a_call(late=True), [], NOBODY_MET, ["customer", "agent?"]),
        # who left a message spoke with nobody
        (a_call(dial=(VOICEMAIL,)), [], NOBODY_MET, ["customer"]),
        # a caller who hid their number, and one whom Twilio does not know any more
        (a_call(customer_number="anonymous"), [a_leg(2, AGENT)], NOBODY_MET, ["customer?", "…"]),
        (a_call(customer_number=NOT_KNOWN), [a_leg(2, AGENT)], NOBODY_MET, ["customer?", "…"]),
        # an agent dialled: the leg that was told is the customer's, another one is a stranger's
        (
            a_call(leg=call_sid(2)),
            [a_leg(1, AGENT), a_leg(2), a_leg(3)],
            NOBODY_MET,
            ["customer", f"agent:{AGENT}", f"leg:{call_sid(3)}?"],
        ),
        # a conference: another caller, an agent who came, and somebody of whom nobody knows
        (
            a_call(),
            [],
            ConferenceSnapshot((call_sid(), OTHER_CALL), (a_leg(5, AGENT), a_leg(6))),
            ["customer", f"agent:{AGENT}", f"leg:{call_sid(6)}?", f"caller:{OTHER_CALL}"],
        ),
    ],
)
def test_whose_consent_it_needs(
    call: Call, legs: Sequence[Leg], met: ConferenceSnapshot, heard: list[str]
) -> None:
    lines = {OTHER_CALL: a_call(call_sid=OTHER_CALL)}
    found = participants(call, legs, met, lines, [])
    said = [each.key + ("" if each.known else "?") for each in found]
    assert said == heard if "…" not in heard else said[0] == heard[0]


def test_who_is_named_by_a_person_needs_to_consent_from_then_on() -> None:
    said = a_consent("other:Luis", withdrawn_at=STARTED)
    found = participants(a_call(), [a_leg(2, AGENT)], NOBODY_MET, {}, [said])
    assert [each.key for each in found] == ["customer", f"agent:{AGENT}", "other:Luis"]


HEARD = [
    Participant("customer", ParticipantKind.CUSTOMER, known=True),
    Participant("agent:client:ana", ParticipantKind.AGENT, known=True),
]


@pytest.mark.parametrize(
    ("consents", "missing"),
    [
        ([], ["customer", "agent:client:ana"]),
        ([a_consent()], ["agent:client:ana"]),
        ([a_consent(), a_consent("agent:client:ana", id=2)], []),
        # what is written a little otherwise is the same
        ([a_consent(recipient="seguros  norte, s.a."), a_consent("agent:client:ana")], []),
        # withdrawn, for somebody else, or for something else
        ([a_consent(withdrawn_at=STARTED), a_consent("agent:client:ana")], ["customer"]),
        ([a_consent(recipient="the press"), a_consent("agent:client:ana")], ["customer"]),
        ([a_consent(purpose="training"), a_consent("agent:client:ana")], ["customer"]),
        # withdrawn once, and given again
        (
            [a_consent(withdrawn_at=STARTED), a_consent(id=3), a_consent("agent:client:ana")],
            [],
        ),
    ],
)
def test_a_disclosure_stands_on_the_consent_of_everybody(
    consents: Sequence[DisclosureConsent], missing: list[str]
) -> None:
    stands, lacking = standing(HEARD, consents, TO["recipient"], TO["purpose"])
    assert [each.key for each in lacking] == missing
    assert all(each.holds for each in stands)
    assert len(stands) + len(lacking) == len(HEARD)


def test_a_code_is_read_as_somebody_types_it() -> None:
    code, salt = new_code(), "00" * 16
    assert set(code) <= set(ALPHABET + "-")
    known = code_hash(code, salt)
    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert is_code(typed, salt, known)
    for wrong in ("", code[:-1], f"{code}A", "A" * 10**6, "\ud800", new_code()):
        assert not is_code(wrong, salt, known)
    assert known != code_hash(code, "01" * 16)


SLOW = dict(disclosure.SLOW)


def test_to_guess_a_code_costs_memory_and_time() -> None:
    assert SLOW["n"] * SLOW["r"] * 128 >= 2**24
    assert len(ALPHABET) ** disclosure.CODE_LENGTH > 2**39
