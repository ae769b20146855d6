"""The one gate: who may do what with a recording, of which custody and in which state.

`RIGHTS` is the only place that says it. `verdict` reads it for one recording, and
`twirec.catalog.conditions` makes the condition of a query from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from twirec.model.cases import Case
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound, NothingThere
from twirec.model.given import text
from twirec.model.records import CallRecord, Recording
from twirec.model.states import NOTHING_THERE, STORED, UNDONE, Custody, State
from twirec.model.vocabulary import BLOCKED


class StaffRole(StrEnum):
    """What somebody is to the company. An app with roles of its own says which of these each is.

    A role that is none of these is refused: whoever misspells `auditor` must not become an admin.
    """

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    AGENT = "agent"


_ROLES = tuple(role.value for role in StaffRole)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        name: by which the audit log names them, such as `ana` or `os:eva`.
        role: `admin`, `supervisor`, `auditor` or `agent`; empty where the app has no roles, and
            answers itself for who may order something.
        agent: which inside party they are themselves, such as `client:ana`, as the app knows it of
            their account and never of what they send; empty where it does not. By it an agent may
            hear their own calls, where `TWIREC_AGENTS_HEAR_THEIR_OWN` says so.
        softphone: whether that is a softphone, whose name Twilio vouches for. The archive reads it
            off `agent` (`twirec.calls.who_hears.as_agent`), whatever is given.
    """

    name: str
    role: str = ""
    agent: str = ""
    softphone: bool = False

    @property
    def staff_role(self) -> StaffRole | None:
        """The role by which the gate judges; None for none, and for what is no role."""
        return StaffRole(self.role) if self.role in set(StaffRole) else None

    def __str__(self) -> str:
        """Return the name."""
        return self.name


NOBODY = Actor("")
"""Who asks where nobody is named: as somebody without a role, and what is blocked is not there."""

OURSELVES = Actor("twirec")
"""Who reads what nobody asked for, such as to make a listening copy."""


def acting(by: Actor | str) -> Actor:
    """Return who acts, without spaces around their name.

    Args:
        by: an `Actor`, whose fields nobody has looked at yet; or a name alone, of somebody without
            a role.

    Raises:
        InvalidQuery: it names nobody, a field of it is no text, or its role is none.
    """
    given = Actor(by) if isinstance(by, str) else by
    name, role = text("by", given.name).strip(), text("role", given.role).strip().lower()
    if role and role not in _ROLES:
        raise InvalidQuery(f"role: choose {', '.join(_ROLES)}, or none; {role!r} is none of them.")
    if not name:
        raise InvalidQuery("by: say who did it; it is written to the audit log.")
    return Actor(name, role, text("agent", given.agent).strip())


def asking(by: Actor | str | None) -> Actor:
    """Return who asks; `NOBODY` for None.

    Raises:
        InvalidQuery: as `acting`.
    """
    return NOBODY if by is None else acting(by)


class Deed(StrEnum):
    """What somebody wants of a recording."""

    SEE = "see"
    """Know that there is one: it is found by a search, and stands on its call."""
    DETAILS = "details"
    """Know what is written down of it: its length, its object's name and hash, its errors."""
    OVERSEE = "oversee"
    """Know that something waits, or is wrong with it: it is counted, and stands on the lists of
    those who look after the archive, without its details where these are not allowed."""
    WAVEFORM = "waveform"
    """See who speaks when."""
    LISTEN = "listen"
    DOWNLOAD = "download"
    CONVERT = "convert"
    """Have something made of it that stays in the bucket for a time."""
    READ = "read"
    """Read what a machine heard in it."""
    TRANSCRIBE = "transcribe"
    """Have a machine write down what is said in it."""
    CUT = "cut"
    """Have card numbers cut out of what is heard and read of it, or say that there are none."""
    DISCLOSE = "disclose"
    """Give it, or a copy of it, to somebody outside, and write down who consented to that."""
    END_DISCLOSURE = "end_disclosure"
    """Write down that a consent to that was withdrawn, or end a link: which shows nothing of it."""
    ANSWER = "answer"
    """Give it to whoever is heard in it and asks for what is kept of them (GDPR art. 15)."""
    COMPARE = "compare"
    """Have its bytes compared with what was archived. None leaves."""
    ANNOTATE = "annotate"
    """Add to what is written down of its call, by the recording's SID."""
    PAUSE = "pause"
    """Pause what is being recorded, and let it go on."""
    ADMIT = "admit"
    """Take it out of quarantine."""
    ERASE = "erase"
    HOLD = "hold"
    """Keep it from being destroyed, which protects it."""
    UNHOLD = "unhold"
    """Let it be destroyed again; it takes two people."""
    BLOCK = "block"
    """Keep it for judges and authorities only."""
    RELEASE = "release"
    """Open what is blocked, for one download; it takes two people."""
    DECIDE = "decide"
    """Try again what is parked, accept it as it is, give it up, or settle what differs of it."""
    READ_CASE = "read_case"
    """Know of the case that its call belongs to, and where that stands."""
    CASE = "case"
    """Open a case about its call, ask whether it may be recorded, and add to the case."""
    SETTLE = "settle"
    """Close the case, which ends what holds it."""


class Verdict(StrEnum):
    """What the gate says."""

    ALLOWED = "allowed"
    WRONG_STATE = "wrong_state"
    """They may, but not in this state: there is nothing (yet, or any more)."""
    REFUSED = "refused"
    """They may not, though they may know that it is there."""
    HIDDEN = "hidden"
    """They may not even know that it is there."""


@dataclass(frozen=True, slots=True)
class Right:
    """Whom the gate lets through, all conditions together.

    Attributes:
        roles: None is whoever has no role.
        own: whether it is only of what is their own: it is proven that they were there, from its
            beginning to its end. See `twirec.catalog.conditions.own`.
        named: whether it is only for those who say who they are.
    """

    roles: frozenset[StaffRole | None]
    custodies: frozenset[Custody]
    states: frozenset[State]
    own: bool = False
    named: bool = False

    def is_for(self, actor: Actor, *, own: bool) -> bool:
        """Return whether somebody may have it, of a recording that is their own or is not."""
        if self.named and actor == NOBODY:
            return False
        if actor.role and actor.staff_role is None:
            return False  # what is no role has no rights, and least of all those of everybody
        return actor.staff_role in self.roles and (not self.own or (own and bool(actor.agent)))


def _right(
    *roles: StaffRole | None,
    custodies: frozenset[Custody] = frozenset({Custody.ACTIVE}),
    states: frozenset[State] = STORED,
    own: bool = False,
    named: bool = False,
) -> Right:
    return Right(frozenset(roles), custodies, states, own, named)


_ADMIN, _SUPERVISOR = StaffRole.ADMIN, StaffRole.SUPERVISOR
_AUDITOR, _AGENT = StaffRole.AUDITOR, StaffRole.AGENT
_QUARANTINED = frozenset({Custody.QUARANTINED})
_ANY_CUSTODY = frozenset(Custody)
_BLOCKED = frozenset({Custody.BLOCKED})
_NOT_BLOCKED = frozenset(Custody) - {Custody.BLOCKED}
_ANY_STATE = frozenset(State)
_GOING_ON = frozenset({State.RECORDING})
_OWN = _right(_AGENT, own=True)
_HEARS = (_right(_ADMIN, _SUPERVISOR, None), _OWN)  # and reads what was said: nobody else does

# Blocked ones are for judges and authorities: here nobody sees them (LOPDGDD art. 32). What is in
# quarantine is seen by admins and auditors, and heard by nobody before there is a legal ground. An
# agent sees, of what goes on, that it does, to pause it: a card number must not be recorded either
# where nothing proves the notice.
RIGHTS: Mapping[Deed, tuple[Right, ...]] = {
    Deed.SEE: (
        _right(_ADMIN, _SUPERVISOR, _AUDITOR, None, states=_ANY_STATE),
        _right(_ADMIN, _AUDITOR, custodies=_QUARANTINED, states=_ANY_STATE),
        _right(_AGENT, custodies=frozenset({Custody.ACTIVE}) | _QUARANTINED, states=_GOING_ON),
        _OWN,
    ),
    Deed.DETAILS: (  # of what was erased there are none
        _right(_ADMIN, _SUPERVISOR, _AUDITOR, None, states=_ANY_STATE - {State.ERASED}),
        _right(_ADMIN, _AUDITOR, custodies=_QUARANTINED, states=_ANY_STATE - {State.ERASED}),
        _OWN,
    ),
    Deed.OVERSEE: (
        _right(_ADMIN, _AUDITOR, None, custodies=_ANY_CUSTODY, states=_ANY_STATE, named=True),
        _right(None, custodies=_NOT_BLOCKED, states=_ANY_STATE),  # who says nothing of themselves
    ),
    Deed.WAVEFORM: (_right(_ADMIN, _SUPERVISOR, _AUDITOR, None), _OWN),
    Deed.LISTEN: _HEARS,
    Deed.DOWNLOAD: (_right(_ADMIN, _SUPERVISOR, None),),
    Deed.CONVERT: (_right(_ADMIN, _SUPERVISOR, None),),
    Deed.READ: _HEARS,
    Deed.TRANSCRIBE: (_right(_ADMIN, _SUPERVISOR, None),),
    Deed.CUT: (_right(_ADMIN, _SUPERVISOR, None),),
    # what somebody may hear they may not yet give away; a hold keeps it, and does not keep it in
    Deed.DISCLOSE: (_right(_ADMIN, None),),
    # at any time, and as easily as it was given (GDPR art. 7.3)
    Deed.END_DISCLOSURE: (_right(_ADMIN, None, custodies=_ANY_CUSTODY, states=_ANY_STATE),),
    Deed.ANSWER: (_right(_ADMIN, None),),
    Deed.COMPARE: (_right(_ADMIN, _AUDITOR, None, custodies=_ANY_CUSTODY),),
    Deed.ANNOTATE: (
        _right(_ADMIN, _SUPERVISOR, None, states=_ANY_STATE),
        _right(_ADMIN, None, custodies=_QUARANTINED, states=_ANY_STATE),
    ),
    Deed.PAUSE: (
        _right(_ADMIN, _SUPERVISOR, _AGENT, None, custodies=_ANY_CUSTODY, states=_GOING_ON),
    ),
    Deed.ADMIT: (_right(_ADMIN, None, custodies=_QUARANTINED, states=_ANY_STATE),),
    Deed.ERASE: (_right(_ADMIN, None, custodies=_ANY_CUSTODY, states=_ANY_STATE - UNDONE),),
    Deed.HOLD: (
        _right(_ADMIN, None, custodies=_ANY_CUSTODY, states=_ANY_STATE - {State.ERASED}),
        _right(_SUPERVISOR, states=_ANY_STATE - {State.ERASED}),
    ),
    Deed.UNHOLD: (_right(_ADMIN, None, custodies=_ANY_CUSTODY, states=_ANY_STATE),),
    Deed.BLOCK: (_right(_ADMIN, None, custodies=_NOT_BLOCKED, states=_ANY_STATE - UNDONE),),
    Deed.RELEASE: (_right(_ADMIN, None, custodies=_BLOCKED),),
    Deed.DECIDE: (_right(_ADMIN, None, custodies=_ANY_CUSTODY, states=_ANY_STATE),),
    Deed.READ_CASE: (
        _right(
            *(_ADMIN, _SUPERVISOR, _AUDITOR, _AGENT, None),
            custodies=_ANY_CUSTODY,
            states=_ANY_STATE,
        ),
    ),
    Deed.CASE: (
        _right(_ADMIN, _SUPERVISOR, _AGENT, None, custodies=_ANY_CUSTODY, states=_ANY_STATE),
    ),
    Deed.SETTLE: (_right(_ADMIN, _SUPERVISOR, None, custodies=_ANY_CUSTODY, states=_ANY_STATE),),
}
"""Who may what. An app that names no role answers itself for who may order something; what is in
quarantine it does not find."""


SHUT = _ANY_CUSTODY.difference(*(right.custodies for right in RIGHTS[Deed.SEE]))
"""The custodies of what nobody sees: what is blocked."""

NOTHING_OF_IT = UNDONE | NOTHING_THERE
"""The states of recordings of which there is nothing that would keep a line open."""

EMPTY_LINE: Mapping[str, Any] = {
    **dict.fromkeys(("customer_address", "own_address", "caller_id"), ""),
    **dict.fromkeys(("forwarded_from", "case_number"), ""),
    **dict.fromkeys(("facts", "dial"), ()),
}
"""What a call's line holds of people beside the number, and what stands there without it."""

OF_PEOPLE = frozenset({"number", "tail", "forwarded_from", "agent", "case_number", "note"})
"""What a search may ask of a line that is kept apart with its recordings: nothing is found by it.
That there was a call, when, and what came of it, is found."""


_OF_SOUND = {
    *(Deed.WAVEFORM, Deed.LISTEN, Deed.DOWNLOAD, Deed.CONVERT, Deed.ANSWER, Deed.DISCLOSE),
    *(Deed.COMPARE, Deed.READ, Deed.TRANSCRIBE, Deed.CUT),
}


def verdict(
    actor: Actor, custody: Custody, state: State, deed: Deed, *, own: bool = False
) -> Verdict:
    """Say whether somebody may do something with a recording.

    Args:
        actor: who wants it.
        custody, state: of the recording.
        deed: what they want of it.
        own: whether it is proven to be of a call of their own.
    """
    theirs = [each for each in RIGHTS[deed] if each.is_for(actor, own=own)]
    for_them = [each for each in theirs if custody in each.custodies]
    if any(state in each.states for each in for_them):
        return Verdict.ALLOWED
    if not _sees(actor, custody, state, own):
        return Verdict.HIDDEN
    return Verdict.WRONG_STATE if for_them else Verdict.REFUSED


def may(actor: Actor, recording: Recording, deed: Deed, *, own: bool = False) -> bool:
    """Return whether somebody may do something with a recording, which is their own or is not."""
    return verdict(actor, recording.custody, recording.state, deed, own=own) is Verdict.ALLOWED


def may_be_own(actor: Actor) -> bool:
    """Return whether something may be somebody's own, as an agent who is known as one."""
    return actor.staff_role is StaffRole.AGENT and bool(actor.agent)


def may_ever(
    actor: Actor, deed: Deed, custody: Custody | None = None, *, own: bool = False
) -> bool:
    """Return whether somebody may do something with some recording.

    It is for what a page offers; `verdict` says what is done.

    Args:
        actor: who.
        deed: what.
        custody: of the recording; None for any.
        own: whether what would be proven to be of a call of their own counts.
    """
    return any(
        each.is_for(actor, own=own) and (custody is None or custody in each.custodies)
        for each in RIGHTS[deed]
    )


def check_ever(actor: Actor, deed: Deed, what: str = "") -> None:
    """Let through who may do something with some recording, or with none yet.

    Args:
        actor: who.
        deed: what.
        what: what is refused, in words; empty for the deed's own word.

    Raises:
        CustodyRefused: it is not for their role.
    """
    if not may_ever(actor, deed):
        raise CustodyRefused(f"{what or deed} is not for the role {actor.role}.")


def knows(actor: Actor, recording: Recording, *, own: bool = False) -> bool:
    """Return whether somebody may know of a recording, as one they see or look after."""
    return any(may(actor, recording, deed, own=own) for deed in (Deed.SEE, Deed.OVERSEE))


def check_known(actor: Actor, recording: Recording, *, own: bool = False) -> None:
    """Let through who may know of a recording, as one they see or look after.

    Raises:
        NotFound: they may not know that it is there.
    """
    if not knows(actor, recording, own=own):
        check(actor, recording, Deed.SEE)


def check_history(actor: Actor, recording: Recording) -> None:
    """Let through who may know what was ordered of a recording, by whom, and for which case.

    An agent may know of what goes on, to pause it, and no more.

    Raises:
        NotFound: they may not know that it is there.
        CustodyRefused: no details are for them.
    """
    check_known(actor, recording)
    if not may_ever(actor, Deed.DETAILS):
        check(actor, recording, Deed.DETAILS)


def check(actor: Actor, recording: Recording, deed: Deed, *, own: bool = False) -> None:
    """Let through who may do something with a recording, which is their own or is not.

    Raises:
        NotFound: they may not know that it is there.
        CustodyRefused: they may not, or there is nothing in this state.
    """
    said = verdict(actor, recording.custody, recording.state, deed, own=own)
    sid, role = recording.sid, actor.staff_role
    if said is Verdict.HIDDEN:
        raise NotFound(f"The catalog has no recording {sid}.", hidden=True)
    if said is Verdict.WRONG_STATE:
        to = "hear" if deed in _OF_SOUND else deed
        raise NothingThere(f"{sid} is {recording.state}: there is nothing to {to}.")
    if said is Verdict.REFUSED and role and may_ever(Actor(""), deed, recording.custody):
        raise CustodyRefused(f"{sid}: {deed} is not for the role {role}.")
    if said is Verdict.REFUSED:
        raise CustodyRefused(f"{sid} is {recording.custody}: it may not leave.")


def is_shut(blocked: bool, recordings: Iterable[tuple[Custody, State]]) -> bool:
    """Whether the line of a call is kept apart too, for judges and authorities only.

    It is so when the call itself is blocked, or all that was recorded of it: then nobody sees of it
    but that there was one. `twirec.catalog.conditions.line_shut` is the same for queries.

    Args:
        blocked: whether an erasure of the call, or of its number, blocked it.
        recordings: custody and state of each of its recordings.
    """
    there = [(custody in SHUT, state not in NOTHING_OF_IT) for custody, state in recordings]
    is_open = any(left and not shut for shut, left in there)
    return blocked or (any(shut for shut, _ in there) and not is_open)


def line_is_shut(record: CallRecord) -> bool:
    """Whether the line of a call is kept apart; see `is_shut`."""
    return is_shut(record.call.blocked, ((each.custody, each.state) for each in record.recordings))


def check_line(record: CallRecord) -> None:
    """Let through who wants to add something to a call's line.

    Raises:
        CustodyRefused: it is kept apart.
    """
    if line_is_shut(record):
        raise CustodyRefused(
            f"{record.call.call_sid} is blocked: its line is kept as it is, for authorities only."
        )


def seen(actor: Actor, record: CallRecord, own: Collection[str] = ()) -> CallRecord:
    """Return a call as somebody sees it: without recordings that are hidden, nor what is theirs.

    That is their pauses, and notes at a second of them. Of a recording whose details are not for
    somebody, there is only that there is one; of a line that is kept apart, that there was a call.

    Args:
        actor: who sees it.
        record: the call.
        own: the SIDs of the recordings that are proven to be their own.
    """
    shown = tuple(
        outline(actor, each, own=each.sid in own)
        for each in record.recordings
        if may(actor, each, Deed.SEE, own=each.sid in own)
    )
    sids = {each.sid for each in shown}
    pauses = tuple(pause for pause in record.pauses if pause.recording_sid in sids)
    notes = tuple(note for note in record.notes if note.recording_sid in {None, *sids})
    if not line_is_shut(record):
        return replace(record, recordings=shown, pauses=pauses, notes=notes)
    return replace(
        record,
        call=replace(record.call, customer_number=BLOCKED, **EMPTY_LINE),
        consents=tuple(replace(each, key="") for each in record.consents),
        recordings=shown,
        pauses=pauses,
        legs=tuple(replace(each, agent="") for each in record.legs),
        notes=(),
    )


def seen_case(case: Case, *, shut: bool) -> Case:
    """Return a case as anybody sees it: a closed one whose call is kept apart has its times alone.

    An open one stays as it is: the customer has still to be answered.

    Args:
        case: the case.
        shut: whether the line of one of its calls is shut; see `is_shut`.
    """
    if not shut or case.closed_at is None:
        return case
    number = BLOCKED if case.number else ""  # empty where it was erased
    return replace(case, number=number, content="", how="", resolution="")


def outline(actor: Actor, recording: Recording, *, own: bool = False) -> Recording:
    """Return a recording as somebody sees it who may know that it is there.

    Without its details, if these are not for them; its last error stays, without its object.
    """
    if may(actor, recording, Deed.DETAILS, own=own):
        return recording
    return Recording(
        sid=recording.sid,
        account_sid=recording.account_sid,
        call_sid=recording.call_sid,
        state=recording.state,
        custody=recording.custody,
        started_at=recording.started_at,
        due_at=recording.due_at,
        standstill=recording.standstill,
        last_error=without_object(recording, recording.last_error),
    )


def without_object(recording: Recording, said: str) -> str:
    """Return what is said of a recording without the name of its object."""
    return said.replace(recording.object_name, "its object") if recording.object_name else said


def _sees(actor: Actor, custody: Custody, state: State, own: bool) -> bool:
    return any(
        each.is_for(actor, own=own) and custody in each.custodies and state in each.states
        for each in RIGHTS[Deed.SEE]
    )
