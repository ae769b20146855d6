"""Every public method of every part of the archive, by role, custody and deed.

A method that is not in the table fails: say what it gives of a recording, or why it gives nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, cached_property
from operator import attrgetter

import pytest

from tests.archive.gate_cases import (
    ASKED_TOO,
    CASES,
    MEDIA,
    OBJECT,
    ROLES,
    SID,
    Asks,
    Case,
    derive,
    disclose,
    set_recording,
    something,
)
from tests.factories import ACCOUNT, STARTED, call_sid
from tests.house import House, with_settings
from tests.lending import POSTGRESQL
from tests.parts import attributes, methods, parts
from tests.test_given import needed
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.smtp import MailServer
from twirec.archive import Archive
from twirec.model.access import Actor, Deed, Verdict, may_ever, verdict
from twirec.model.agents import Leg
from twirec.model.errors import CustodyRefused, NotFound, TwirecError
from twirec.model.states import Custody, State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, case in CASES.items()
        if isinstance(case, Case)
        and case.deed
        and not case.of_all
        and case.prepare not in (derive, disclose)
    ],
)
def test_what_is_hidden_is_answered_like_what_is_not_there(
    scene: Callable[[Custody, Case], House], twirec_settings: Settings, name: str
) -> None:
    case, who = CASES[name], Actor("ana", "supervisor")
    assert isinstance(case, Case)
    assert case.deed
    if verdict(who, Custody.BLOCKED, case.state, case.deed) is not Verdict.HIDDEN:
        return  # a pause, which protects a caller
    said = []
    for house in (scene(Custody.BLOCKED, case), House(twirec_settings, MemoryBucket())):
        with pytest.raises(NotFound) as caught:
            case.call(house.archive, who)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("role", ROLES)
def test_who_does_not_look_after_recordings_counts_none(
    scene: Callable[[Custody, Case], House], role: str
) -> None:
    case = CASES["operations.differences"]
    assert isinstance(case, Case)
    house = scene(Custody.QUARANTINED, case)
    who = Actor("ana", role)
    counted = house.archive.operations.stats(by=who)
    figures = (sum(counted.recordings.values()), sum(counted.custody.values()), counted.differences)
    days = sum(day.recordings for day in house.archive.operations.daily(by=who))
    looks_after = role in {"admin", "auditor", ""}
    assert (figures, days) == (((1, 1, 1), 1) if looks_after else ((0, 0, 0), 0))


OWN = (
    (Custody.ACTIVE, "client:ana", True),
    (Custody.ACTIVE, "client:ana", False),
    (Custody.ACTIVE, "client:berta", True),
    (Custody.QUARANTINED, "client:ana", True),
    (Custody.BLOCKED, "client:ana", True),
)
"""Whose line an agent has, and whether the company lets agents hear what is theirs."""


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case, Case)])
def test_of_their_own_an_agent_gets_what_the_company_allows(
    scene: Callable[[Custody, Case], House], name: str
) -> None:
    case = CASES[name]
    assert isinstance(case, Case)
    for custody, line, hears in OWN[:1] if POSTGRESQL else OWN:
        house = scene(custody, case)
        leg = Leg(ACCOUNT, call_sid(2), call_sid(), STARTED, "client:ana")
        house.archive.catalog.agents.add_leg(leg)
        archive = with_settings(house.archive, agents_hear_their_own=hears)
        own = hears and line == "client:ana"
        refused, told = False, ""
        who = Actor("ana", "agent", line)
        said = case.verdict(who, custody, own=own)
        try:
            told = repr(case.call(archive, who))
        except (CustodyRefused, NotFound) as error:
            refused = isinstance(error, CustodyRefused) or error.hidden
            assert refused or said is Verdict.ALLOWED, (line, hears, custody)
        except TwirecError:  # of what it is about; the gate was passed
            pass
        assert refused is (said is not Verdict.ALLOWED) or case.deed is None
        gives = own and custody is Custody.ACTIVE and case.state is State.RELEASED
        assert gives or (OBJECT not in told and "sha256='" not in told), (line, hears, custody)
        if not (gives or case.state is State.RECORDING or case.deed):
            assert SID not in told, (line, hears, custody)
        entries = archive.audit.log(who="ana") if refused else []
        assert not entries or entries[0].outcome == "denied"


CHANGING = {
    *(Deed.PAUSE, Deed.ADMIT, Deed.ERASE, Deed.DECIDE, Deed.CONVERT),
    *(Deed.HOLD, Deed.UNHOLD, Deed.BLOCK, Deed.RELEASE, Deed.DISCLOSE),
    Deed.END_DISCLOSURE,
}


def untold(archive: Archive) -> set[str]:
    """Return what an archive shows of which the table says nothing."""
    return set(attributes(archive)) - CASES.keys()


@pytest.fixture
def archive() -> Archive:
    return Archive(Settings.from_env(ENVIRONMENT))


def test_the_table_speaks_of_all_that_an_archive_shows(archive: Archive) -> None:
    assert untold(archive) == set()
    assert CASES.keys() - set(attributes(archive)) == set()


def test_what_is_new_and_not_in_the_table_is_found(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sid(self: object) -> str:
        return SID

    for kind, name, new in (
        (type(archive.recordings), "transcript", sid),
        (type(archive.recordings), "newest", property(sid)),
        (type(archive.recordings), "of", classmethod(sid)),
        (type(archive.recordings), "__getitem__", sid),
        (Archive, "newest", cached_property(sid)),
        (type(archive.webhooks.control), "newest", sid),
    ):
        monkeypatch.setattr(kind, name, new, raising=False)
    monkeypatch.setattr(archive.cases.years, "newest", print, raising=False)
    assert untold(archive) == {
        *("recordings.transcript", "recordings.newest", "recordings.of", "recordings.__getitem__"),
        *("newest", "webhooks.control.newest", "cases.years.newest"),
    }


ASK_NOTHING = {
    *("policy.change", "policy.reset", "agents.inform", "audit.record"),
    *("calls.place", "calls.reindex", "journal.adopt_bucket", "operations.backfill"),
}
"""What is somebody's deed and has no row yet that says which right it asks for, if any."""


def test_whoever_acts_is_asked_for_a_right() -> None:
    acting = {
        f"{part}.{name}"
        for part, name, method in methods()
        if "by" in inspect.signature(method).parameters
    }
    assert {name for name in acting if isinstance(CASES[name], str)} <= ASK_NOTHING


def test_a_method_asks_for_its_right_also_where_it_is_of_no_recording(recorded: House) -> None:
    house = recorded.copy()
    something(house)
    server = MailServer("mail.example", 25, begins_with_tls=False)
    mailing = with_settings(house.archive, smtp=server)
    rows = {name: case for name, case in CASES.items() if isinstance(case, Asks)}
    for name, case in {**ASKED_TOO, **rows}.items():
        method, deed = attrgetter(name)(mailing), case.deed
        actors = [Actor("ana", role) for role in ROLES]
        for who in sorted(actors, key=lambda who: may_ever(who, deed)):  # who may changes it
            told = None
            try:
                told = method(**{**needed(method), **case.given(mailing), "by": who})
                passed = bool(told) or not case.empties
            except (CustodyRefused, NotFound) as error:
                passed = isinstance(error, NotFound) and not error.hidden
            except TwirecError:  # of what it is about; the gate was passed
                passed = True
            assert passed is may_ever(who, deed), (name, who.role)


def test_who_asks_is_said_to_every_method_that_gives_something_of_a_recording() -> None:
    kinds = parts()
    for name, case in CASES.items():
        part, _, method = name.rpartition(".")
        if isinstance(case, Case):
            assert "by" in inspect.signature(getattr(kinds[part], method)).parameters, name


@pytest.fixture(scope="module")
def recorded() -> House:
    """An archive with one recording, to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    return house


@pytest.fixture(scope="function" if POSTGRESQL else "module")  # a database is lent to a test
def scene(recorded: House) -> Callable[[Custody, Case], House]:
    """Make an archive with one recording: a copy of one that is as a case wants it."""

    @cache
    def prepared(custody: Custody, state: State, prepare: Callable[[House], None] | None) -> House:
        house = recorded.copy()
        if state is not State.RELEASED:
            set_recording(house, state=state)
        set_recording(house, custody=custody)
        if prepare:
            prepare(house)
        return house

    return lambda custody, case: prepared(custody, case.state, case.prepare).copy()


@pytest.mark.parametrize("custody", [Custody.QUARANTINED] if POSTGRESQL else list(Custody))
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case, Case)])
def test_the_gate_is_passed(
    scene: Callable[[Custody, Case], House], name: str, custody: Custody
) -> None:
    case = CASES[name]
    assert isinstance(case, Case)
    house = None
    for role in ROLES:
        who = Actor("ana", role)
        house = house or scene(custody, case)
        said, told, refused = case.verdict(who, custody), "", False
        try:
            told = repr(case.call(house.archive, who))
        except (CustodyRefused, NotFound) as error:
            told = str(error)
            refused = isinstance(error, CustodyRefused) or error.hidden
            assert refused or said is Verdict.ALLOWED, (role, told)
            hidden = isinstance(error, NotFound) and error.hidden
            assert hidden is (said is Verdict.HIDDEN), (role, told)
        except TwirecError as error:  # of what it is about; the gate was passed
            told = str(error)
        else:
            assert said is Verdict.ALLOWED, (role, told)
        after = house.recording()
        gives = verdict(who, after.custody, after.state, Deed.DETAILS) is Verdict.ALLOWED
        assert gives or OBJECT not in told, (role, told)
        assert gives or "sha256='" not in told, (role, told)
        knows = (Deed.SEE, Deed.OVERSEE)
        states = (custody, case.state)
        if case.deed is None and not any(
            verdict(who, *states, deed) is Verdict.ALLOWED for deed in knows
        ):
            assert SID not in told, (role, told)
            assert call_sid(2) not in told
        entries = house.archive.audit.log(who="ana")
        assert {each.role for each in entries} <= {role}  # none lost the role
        assert not (refused and entries) or entries[0].outcome == "denied"
        if entries or case.deed in CHANGING:
            house = None
