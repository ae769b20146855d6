"""What of a recording somebody gets who asks for what is kept of them: the rules, and the term."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from tests.factories import a_call, a_recording
from twirec import InvalidQuery
from twirec.custody.access_answer import consultations, fate_of, sides_known
from twirec.custody.access_letter import Letter, Letterhead
from twirec.custody.access_words import TEXTS, VALUES
from twirec.custody.document import html
from twirec.custody.document_pdf import pdf
from twirec.model.access_requests import (
    AccessAnswer,
    AccessRequest,
    AnsweredCall,
    AnsweredRecording,
    CallSide,
    Consultation,
    CopyOf,
    Fate,
    months_after,
    request_id,
)
from twirec.model.audio import Channels
from twirec.model.audit import AuditEntry, AuditOutcome
from twirec.model.records import CallRecord
from twirec.model.states import STORED, Custody, State
from twirec.model.vocabulary import Role

MADRID = ZoneInfo("Europe/Madrid")
KNOWN = a_recording(
    state=State.RELEASED, custody=Custody.ACTIVE, channel_map=(Role.CUSTOMER, Role.AGENT)
)
SILENCED, WHOLE, LEFT_OUT = CopyOf
TWICE = (Role.AGENT, Role.AGENT)


@pytest.mark.parametrize(
    ("changes", "side", "copies", "decided", "doubtful", "fate", "channels"),
    [
        ({}, CallSide.CUSTOMER, SILENCED, False, False, Fate.GIVEN, Channels.WITHOUT_AGENT),
        ({}, CallSide.AGENT, SILENCED, False, False, Fate.GIVEN, Channels.WITHOUT_CUSTOMER),
        ({}, CallSide.CUSTOMER, WHOLE, False, False, Fate.GIVEN, Channels.BOTH),
        ({}, CallSide.FORWARDED, SILENCED, False, False, Fate.NOT_HEARD, None),
        ({}, CallSide.FORWARDED, WHOLE, True, False, Fate.NOT_HEARD, None),
        ({}, CallSide.CUSTOMER, LEFT_OUT, True, False, Fate.LEFT_OUT, None),
        ({"channel_map": ()}, CallSide.CUSTOMER, SILENCED, False, False, Fate.UNDECIDED, None),
        ({"channel_map": ()}, CallSide.CUSTOMER, SILENCED, True, False, Fate.UNDECIDED, None),
        ({"channel_map": ()}, CallSide.CUSTOMER, WHOLE, True, False, Fate.GIVEN, Channels.BOTH),
        ({"channels": 1}, CallSide.CUSTOMER, SILENCED, False, False, Fate.UNDECIDED, None),
        ({"channels": None}, CallSide.CUSTOMER, SILENCED, False, False, Fate.UNDECIDED, None),
        (
            {"channel_map": (Role.AGENT,) * 2},
            CallSide.AGENT,
            SILENCED,
            True,
            False,
            Fate.UNDECIDED,
            None,
        ),
        ({}, CallSide.CUSTOMER, SILENCED, False, True, Fate.UNDECIDED, None),
        ({}, CallSide.CUSTOMER, SILENCED, True, True, Fate.GIVEN, Channels.WITHOUT_AGENT),
        ({"state": State.RECORDING}, CallSide.CUSTOMER, WHOLE, True, False, Fate.NOT_THERE, None),
        ({"state": State.ERASED}, CallSide.CUSTOMER, WHOLE, True, False, Fate.DESTROYED, None),
    ],
)
def test_what_somebody_gets_of_a_recording(
    changes: dict[str, object],
    side: CallSide,
    copies: CopyOf,
    decided: bool,
    doubtful: bool,
    fate: Fate,
    channels: Channels | None,
) -> None:
    recording = replace(KNOWN, **changes)  # type: ignore[arg-type]
    found = fate_of(recording, side, copies, decided=decided, doubtful=doubtful)
    assert found == (fate, channels)


def test_nothing_is_given_but_what_is_active_and_stored() -> None:
    for custody, state, side, copies, decided in product(
        Custody, State, CallSide, CopyOf, (True, False)
    ):
        recording = replace(KNOWN, custody=custody, state=state)
        fate, channels = fate_of(recording, side, copies, decided=decided, doubtful=False)
        given = custody is Custody.ACTIVE and state in STORED
        given = given and side is not CallSide.FORWARDED and copies is not LEFT_OUT
        assert (fate is Fate.GIVEN) is given, (custody, state, side, copies)
        assert (channels is not None) is given
        if custody is Custody.BLOCKED and state not in {State.ERASING, State.ERASED}:
            assert fate is Fate.BLOCKED


def test_a_side_is_known_where_each_has_a_channel() -> None:
    assert sides_known(KNOWN)
    assert sides_known(replace(KNOWN, channel_map=(Role.AGENT, Role.CUSTOMER)))
    assert not sides_known(replace(KNOWN, channel_map=(Role.CUSTOMER,)))


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (date(2026, 11, 3), 1, date(2026, 12, 3)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 10, 31), 2, date(2026, 12, 31)),
    ],
)
def test_a_term_of_months_ends_on_the_same_day_or_the_last_one(
    day: date, months: int, due: date
) -> None:
    assert months_after(day, months) == due


@pytest.mark.parametrize(("key", "id_"), [("AR-12", 12), ("ar12", 12), ("12", 12), (" AR-007 ", 7)])
def test_a_request_goes_by_its_key(key: str, id_: int) -> None:
    assert request_id(key) == id_


@pytest.mark.parametrize("key", ["", "AR-", "AR-0", "RE12", "12345678901", "1.5", "-1"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^request_key: give that of an access request"):
        request_id(key)


def entry(seq: int, action: str, outcome: str, **detail: object) -> AuditEntry:
    at = datetime(2026, 11, 3, 23, 30 + seq, tzinfo=UTC)  # the day after, in Madrid
    return AuditEntry(
        at,
        "ana",
        "admin",
        action,
        outcome=AuditOutcome(outcome),
        detail=detail,
        seq=seq,  # type: ignore[arg-type]
    )


def test_when_and_what_for_it_was_consulted_and_never_who() -> None:
    entries = [
        entry(9, "download", "done", tried=8, purpose="request", request="AR-1"),
        entry(8, "download", "tried", purpose="request", request="AR-1"),
        entry(7, "listen", "failed", tried=6, purpose="quality", bytes=[]),
        entry(6, "listen", "tried", purpose="quality"),
        entry(5, "listen", "denied", purpose="quality"),
        entry(4, "show", "done"),
        entry(3, "listen", "tried", purpose="claim"),
        entry(2, "listen", "done", tried=1, bytes=[[0, 9]]),
        entry(1, "listen", "tried"),
    ]
    day = date(2026, 11, 4)
    found = consultations(entries, MADRID, key="AR-1")
    assert found == (
        Consultation(day, "listen", ""),
        Consultation(day, "listen", "claim"),
        Consultation(day, "show", ""),
    )
    other = consultations(entries, MADRID, key="AR-2")
    assert Consultation(day, "download", "request") in other
    assert "ana" not in str(other)


def test_the_letters_say_the_same_things() -> None:
    assert TEXTS["es"].keys() == TEXTS["en"].keys()
    assert VALUES["en"].keys() <= VALUES["es"].keys()
    for name, text in TEXTS["en"].items():
        assert text.count("{") == TEXTS["es"][name].count("{"), name
    for fate, language in product(Fate, TEXTS):
        assert fate is Fate.GIVEN or f"fate_{fate}" in TEXTS[language]


def test_the_letter_escapes_what_people_wrote_and_prints_any_letter() -> None:
    request = AccessRequest(
        "+34600111222",
        "Zoë <script>alert(1)</script> 漢字 Łukasiewicz",
        "es",
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
        date(2026, 11, 2),
        date(2026, 12, 2),
        datetime(2026, 11, 2, tzinfo=UTC),
        id=3,
    )
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # at half past two, for the first time
    call = a_call(started_at=twice)
    given = AnsweredRecording(KNOWN, Fate.GIVEN, Channels.WITHOUT_AGENT, file="a.mp3", sha256="0")
    calls = (AnsweredCall(CallRecord(call, (), (KNOWN,)), CallSide.CUSTOMER, (given,)),)
    head = Letterhead("Acme & Cía", "acme.example", "ES", MADRID)
    letter = Letter(AccessAnswer(request, calls), head, {}, date(2026, 11, 20)).document()
    page = html(letter)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "Acme &amp; Cía" in page
    assert "25 de octubre de 2026, 02:30:00 (UTC+0200)" in page
    assert "desde el 25 de octubre de 2026 hasta el 25 de octubre de 2026" in page
    assert pdf(letter, request.opened_at).startswith(b"%PDF-")
