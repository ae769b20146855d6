"""The one gate: every role, custody, state and deed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from tests.factories import STARTED, a_call, a_recording, call_sid, recording_sid
from twirec.model.access import (
    NOBODY,
    RIGHTS,
    Actor,
    Deed,
    StaffRole,
    Verdict,
    acting,
    asking,
    check,
    is_shut,
    may,
    may_ever,
    outline,
    seen,
    verdict,
)
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.records import CallRecord, Note, Pause
from twirec.model.states import Custody, State

ROLES = ("admin", "supervisor", "auditor", "agent", "", "super_visor")

# What each role may, by custody: the letters of LETTERS. A state is said below, by the deed.
LETTERS = {
    "s": Deed.SEE,
    "d": Deed.DETAILS,
    "o": Deed.OVERSEE,
    "w": Deed.WAVEFORM,
    "l": Deed.LISTEN,
    "f": Deed.DOWNLOAD,
    "c": Deed.CONVERT,
    "v": Deed.READ,
    "i": Deed.TRANSCRIBE,
    "m": Deed.CUT,
    "g": Deed.DISCLOSE,
    "t": Deed.END_DISCLOSURE,
    "r": Deed.ANSWER,
    "=": Deed.COMPARE,
    "n": Deed.ANNOTATE,
    "p": Deed.PAUSE,
    "a": Deed.ADMIT,
    "e": Deed.ERASE,
    "h": Deed.HOLD,
    "u": Deed.UNHOLD,
    "b": Deed.BLOCK,
    "x": Deed.RELEASE,
    "!": Deed.DECIDE,
    "k": Deed.READ_CASE,
    "+": Deed.CASE,
    "z": Deed.SETTLE,
}
TABLE = {
    #               active           quarantined   blocked
    "admin": ("sdo wlfcvimgrt=np ehub! k+z", "sdo t=npaehub! k+z", "o t=pehux! k+z"),
    "supervisor": ("sd wlfcvim np h k+z", "p k+z", "p k+z"),
    "auditor": ("sdo w = k", "sdo = k", "o = k"),
    "agent": ("sp k+", "sp k+", "p k+"),
    "": ("sdo wlfcvimgrt=np ehub! k+z", "o t=npaehub! k+z", "o t=pehux! k+z"),
    "super_visor": ("", "", ""),  # which is none: who misspells a role must not become an admin
}
ALL = frozenset(State)
STORED = frozenset({State.ARCHIVED, State.RELEASED})
STATES = {
    Deed.SEE: ALL,
    Deed.DETAILS: ALL - {State.ERASED},
    Deed.OVERSEE: ALL,
    Deed.WAVEFORM: STORED,
    Deed.LISTEN: STORED,
    Deed.DOWNLOAD: STORED,
    Deed.CONVERT: STORED,
    Deed.READ: STORED,
    Deed.TRANSCRIBE: STORED,
    Deed.CUT: STORED,
    Deed.DISCLOSE: STORED,
    Deed.END_DISCLOSURE: ALL,
    Deed.ANSWER: STORED,
    Deed.COMPARE: STORED,
    Deed.ANNOTATE: ALL,
    Deed.PAUSE: {State.RECORDING},
    Deed.ADMIT: ALL,
    Deed.ERASE: ALL - {State.ERASING, State.ERASED},
    Deed.HOLD: ALL - {State.ERASED},
    Deed.UNHOLD: ALL,
    Deed.BLOCK: ALL - {State.ERASING, State.ERASED},
    Deed.RELEASE: STORED,
    Deed.DECIDE: ALL,
    Deed.READ_CASE: ALL,
    Deed.CASE: ALL,
    Deed.SETTLE: ALL,
}


def expected(role: str, custody: Custody, state: State, deed: Deed) -> bool:
    letters = TABLE[role][list(Custody).index(custody)]
    if role == "agent" and deed is Deed.SEE and state is not State.RECORDING:
        return False
    return deed in {LETTERS[each] for each in letters if each != " "} and state in STATES[deed]


def test_the_table_speaks_of_every_deed() -> None:
    assert set(LETTERS.values()) == set(Deed) == set(RIGHTS) == set(STATES)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_what(role: str) -> None:
    actor = Actor("ana", role)
    for custody, state, deed in product(Custody, State, Deed):
        said = verdict(actor, custody, state, deed)
        case = (custody, state, deed)
        assert (said is Verdict.ALLOWED) is expected(role, *case), case
        if said is not Verdict.ALLOWED:
            assert (said is Verdict.HIDDEN) is not expected(role, custody, state, Deed.SEE), case
        may_in_some_state = any(expected(role, custody, each, deed) for each in State)
        assert may_ever(actor, deed, custody) is may_in_some_state, case
        if said is Verdict.WRONG_STATE:
            assert may_in_some_state, case


def test_who_says_nothing_of_themselves_looks_after_nothing_that_is_blocked() -> None:
    for custody, state in product(Custody, State):
        said = verdict(Actor(""), custody, state, Deed.OVERSEE)
        assert (said is Verdict.ALLOWED) is (custody is not Custody.BLOCKED), (custody, state)


def test_a_role_is_one_of_four_however_it_is_written_or_it_is_refused() -> None:
    assert acting(Actor("eva", " Auditor")) == Actor("eva", "auditor")
    for wrong in ("super_visor", "of the app's own"):
        with pytest.raises(InvalidQuery, match=r"^role: choose admin, supervisor, "):
            acting(Actor("eva", wrong))


OWN = {Deed.SEE, Deed.DETAILS, Deed.WAVEFORM, Deed.LISTEN, Deed.READ}
"""What an agent may with a recording of their own that is active and there, beside the table."""


def test_what_an_agent_may_with_their_own() -> None:
    for role, agent, own in product(ROLES, ("client:ana", ""), (True, False)):
        actor = Actor("ana", role, agent)
        theirs = role == "agent" and bool(agent) and own
        for custody, state, deed in product(Custody, State, Deed):
            case = (role, agent, own, custody, state, deed)
            more = theirs and custody is Custody.ACTIVE and state in STORED
            allowed = expected(role, custody, state, deed) or (more and deed in OWN)
            said = verdict(actor, custody, state, deed, own=own)
            assert (said is Verdict.ALLOWED) is allowed, case
            if said is not Verdict.ALLOWED:
                sees = expected(role, custody, state, Deed.SEE) or more
                assert (said is Verdict.HIDDEN) is not sees, case


def test_who_may_hear_their_own_is_offered_it() -> None:
    ana = Actor("ana", "agent", "client:ana")
    assert may_ever(ana, Deed.LISTEN, Custody.ACTIVE, own=True)
    assert not may_ever(ana, Deed.LISTEN, Custody.QUARANTINED, own=True)
    assert not may_ever(ana, Deed.DOWNLOAD, own=True)
    # what is not theirs is no more for them than for an agent who is not named
    assert not any(may_ever(ana, deed) for deed in OWN - {Deed.SEE})
    assert not may_ever(replace(ana, agent=""), Deed.LISTEN, own=True)
    assert acting(replace(ana, agent=" client:ana", softphone=True)) == ana


KEPT = a_recording(state=State.RELEASED, object_name="recordings/x.wav", size=8, sha256="a" * 64)
HELD = replace(KEPT, custody=Custody.QUARANTINED)
BLOCKED = replace(KEPT, custody=Custody.BLOCKED)
ANA = Actor("ana", "admin")


@pytest.mark.parametrize(
    ("actor", "recording", "deed", "error", "why"),
    [
        (ANA, replace(KEPT, state=State.ERASED), Deed.LISTEN, CustodyRefused, "is erased: there"),
        (ANA, HELD, Deed.LISTEN, CustodyRefused, "is quarantined: it may not leave"),
        (Actor("eva", "supervisor"), HELD, Deed.LISTEN, NotFound, "has no recording RE"),
        (NOBODY, HELD, Deed.DOWNLOAD, NotFound, "has no recording RE"),
        (ANA, BLOCKED, Deed.CONVERT, NotFound, "has no recording RE"),
        (Actor("eva", "auditor"), KEPT, Deed.LISTEN, CustodyRefused, "not for the role auditor"),
        (Actor("bo", "supervisor"), KEPT, Deed.ERASE, CustodyRefused, "not for the role superv"),
    ],
)
def test_who_is_not_let_through_is_told_why(
    actor: Actor, recording: object, deed: Deed, error: type[Exception], why: str
) -> None:
    assert isinstance(recording, type(KEPT))
    with pytest.raises(error, match=why) as caught:
        check(actor, recording, deed)
    assert getattr(caught.value, "hidden", False) is (error is NotFound)


def test_who_is_let_through_hears_nothing() -> None:
    check(ANA, KEPT, Deed.LISTEN)
    assert may(ANA, KEPT, Deed.DOWNLOAD)


def test_a_call_is_seen_without_what_is_hidden() -> None:
    pauses = (Pause(KEPT.sid, STARTED, "ana"), Pause(recording_sid(2), STARTED, "ana"))
    hidden = replace(HELD, sid=recording_sid(2))
    gone = replace(KEPT, sid=recording_sid(3), state=State.ERASED)
    record = CallRecord(a_call(), (), (KEPT, hidden, gone), pauses)
    for_admin, for_nobody = seen(ANA, record), seen(NOBODY, record)
    assert [each.sid for each in for_admin.recordings] == [KEPT.sid, hidden.sid, gone.sid]
    assert for_admin.recordings[:2] == (KEPT, hidden)
    assert for_admin.pauses == pauses
    assert for_admin.recordings[2].object_name is None
    assert for_nobody.recordings == (KEPT, for_admin.recordings[2])
    assert for_nobody.pauses == pauses[:1]


ACTIVE, QUARANTINED, BLOCK = Custody
LINES: dict[str, tuple[bool, list[tuple[Custody, State]], bool]] = {
    "nothing was recorded": (False, [], False),
    "the call was erased": (True, [], True),
    "the call was erased, one came later": (True, [(ACTIVE, State.COMPLETED)], True),
    "all is blocked": (False, [(BLOCK, State.RELEASED), (BLOCK, State.RECORDING)], True),
    "one is not": (False, [(BLOCK, State.RELEASED), (ACTIVE, State.RELEASED)], False),
    "one is in quarantine": (False, [(BLOCK, State.RELEASED), (QUARANTINED, State.LOST)], True),
    "and there": (False, [(BLOCK, State.RELEASED), (QUARANTINED, State.ARCHIVED)], False),
    "of the other nothing is left": (False, [(BLOCK, State.ERASED), (ACTIVE, State.ERASED)], True),
    "all is destroyed": (False, [(ACTIVE, State.ERASED)], False),
    "Twilio has one elsewhere": (False, [(BLOCK, State.RELEASED), (ACTIVE, State.EXTERNAL)], False),
}
"""Whether a line is kept apart: the call's own block, its recordings, and what follows."""


@pytest.mark.parametrize("case", LINES)
def test_when_a_line_is_kept_apart(case: str) -> None:
    blocked, there, shut = LINES[case]
    assert is_shut(blocked, there) is shut


def test_of_a_line_that_is_kept_apart_there_is_only_that_there_was_a_call() -> None:
    call = replace(a_call(), customer_number="+34600111222", case_number="C-7", dial=("+34911",))
    notes = (Note(call.account_sid, call.call_sid, "ana", STARTED, "a refund"),)
    for_admin = seen(ANA, CallRecord(call, recordings=(BLOCKED,), notes=notes))
    left = for_admin.call
    assert (left.customer_number, left.case_number, left.dial) == ("blocked", "", ())
    assert (left.call_sid, left.own_number, left.started_at, left.outcome) == (
        *(call.call_sid, call.own_number, call.started_at, call.outcome),
    )
    assert (for_admin.recordings, for_admin.notes) == ((), ())


def test_an_outline_names_no_object() -> None:
    broken = replace(BLOCKED, last_error=f"{BLOCKED.object_name} is not there.")
    shown = outline(ANA, broken)
    assert (shown.sid, shown.custody, shown.call_sid) == (KEPT.sid, Custody.BLOCKED, call_sid())
    assert shown.last_error == "its object is not there."
    assert "recordings/" not in repr(shown)
    assert "a" * 64 not in repr(shown)


ROWS = {
    "find it, see what is written down of it, see who speaks when": (
        *(Deed.DETAILS, Deed.WAVEFORM),
    ),
    "pause what is being recorded, let it go on": (Deed.PAUSE,),
    "listen, download, have a copy made that is kept": (
        *(Deed.LISTEN, Deed.DOWNLOAD, Deed.CONVERT),
    ),
    "read its [transcript](transcripts.md), have one made": (Deed.READ, Deed.TRANSCRIBE),
    "have a [card number](card-numbers.md) cut out of what is heard, or say that it is none": (
        Deed.CUT,
    ),
    "[give it to somebody outside](disclosure.md)": (Deed.DISCLOSE, Deed.END_DISCLOSURE),
    "answer somebody who is heard in it and [asks for it](access-requests.md)": {Deed.ANSWER},
    "write a note by its SID": (Deed.ANNOTATE,),
    "compare its bytes with what was archived": (Deed.COMPARE,),
    "stand on the lists of what waits or is broken": (Deed.OVERSEE,),
    "hold it, so that nothing destroys it": (Deed.HOLD,),
    "ask for a hold to be lifted, approve that; block": (Deed.UNHOLD, Deed.BLOCK),
    "erase, accept, give up, try again": (Deed.ERASE, Deed.DECIDE),
    "look up the [case](complaints.md) of its call": (Deed.READ_CASE,),
    "open a case about its call, add to it": (Deed.CASE,),
    "close a case": (Deed.SETTLE,),
}
"""What the rows of the table in docs/access.md say, of what is active."""


def test_the_page_says_what_the_table_does() -> None:
    page = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
    table = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")]
    (head, _, *rows) = [[cell.strip() for cell in line] for line in table]
    assert [row[0] for row in rows] == list(ROWS)
    for what, *cells in rows:
        for role, cell in zip(head[1:], cells, strict=True):
            actor = Actor("ana", "" if role == "no role" else role)
            for deed in ROWS[what]:
                assert may_ever(actor, deed, Custody.ACTIVE) is (cell == "yes"), (what, role)


def test_an_actor_is_made_of_a_name() -> None:
    assert acting(" ana ") == Actor("ana") == acting(Actor("ana"))
    assert acting(Actor("ana", " admin")).staff_role is StaffRole.ADMIN
    assert (asking(None), asking("ana")) == (NOBODY, Actor("ana"))
    for wrong in ("", "  ", Actor(" ", "admin"), Actor("ana", 7)):  # type: ignore[arg-type]
        with pytest.raises(InvalidQuery, match=r"^(by|role): "):
            acting(wrong)
