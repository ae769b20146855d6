"""What Twilio says of a recording, beside what the catalog knows of it, and what follows of both.

It is read by one statement and decided here. What follows is written by `recordings.py`, while what
was read is locked, or by `at_once.py`, if it still is as it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Case,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    case,
    exists,
    select,
    true,
)

from twirec.catalog.agents import owner
from twirec.catalog.conditions import of_call
from twirec.catalog.consents import PROOF
from twirec.catalog.database import to_model
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.recorded_calls import why_none
from twirec.catalog.tables import calls, consents, legs, recordings, stop_orders
from twirec.model.agents import StopOrder
from twirec.model.clock import BEFORE_ALL
from twirec.model.errors import RequestRefused
from twirec.model.ownership import ALWAYS_OURS, Claim
from twirec.model.records import Belonging, Received, Recording
from twirec.model.states import Custody, State, advance
from twirec.model.vendor import RecordingCallback, VendorRecording
from twirec.model.vocabulary import Outcome, Role

ONE_SECOND = timedelta(seconds=1)

Channels = tuple[Role, ...] | Callable[[Belonging], tuple[Role, ...]]
"""Who is on which channel, or what says so of the call that a recording belongs to."""


@dataclass(frozen=True, slots=True)
class Report:
    """What Twilio says of a recording, beside what the catalog knows of it and of its call.

    Attributes:
        known: the recording; None where it is not there.
        lease_until: until when a worker has it; None where none has.
        has_its_call: whether it is known which call it is of.
        facts: what is said now.
        belonging: what the call that it belongs to says of its channels.
        is_told: whether the line of that call says that it is recorded.
        orders: what was ordered of what it is of, where that was asked.
    """

    known: Recording | None
    lease_until: datetime | None
    has_its_call: bool
    facts: Mapping[str, Any]
    belonging: Belonging
    is_told: bool
    orders: tuple[StopOrder, ...]

    def received(self, recording: Recording | None) -> Received:
        """Return what became of a recording, and what was ordered of its call and its leg."""
        if recording is None or recording.state is not State.RECORDING:
            return Received(recording)
        its = (recording.call_sid, recording.recorded_leg) if recording.call_sid else ()
        ordered = sorted(
            (each for each in self.orders if each.sid in its),
            key=lambda order: (order.sid != recording.call_sid, order.at),
        )
        return Received(recording, tuple(ordered))


def asked_of(said: RecordingCallback | VendorRecording, sid: str) -> dict[str, str]:
    """Return what `report_query` is asked of a recording that Twilio tells of."""
    return {
        "known_sid": sid,
        "said_account": said.account_sid,
        "owned_sid": said.call_sid or said.conference_sid or "",
    }


def to_report(rows: Sequence[Any], said: RecordingCallback | VendorRecording) -> Report:
    """Return what the rows of `report_query` say, beside what Twilio does."""
    row = rows[0]
    of = said.call_sid or said.conference_sid or ""
    owner = row.owner or None
    return Report(
        known=to_model(Recording, row) if row.sid is not None else None,
        lease_until=row.lease_until if row.lease is not None else None,
        has_its_call=row.call_sid is not None and (row.leg is not None or row.in_ledger),
        facts={
            # of a conference that no call is known to have been in, nothing
            "call_sid": said.call_sid if owner == of else owner,
            "leg": said.call_sid if owner != of else None,
            "source": said.source,
            "started_at": said.started_at,
            "duration": said.duration,
            "channels": said.channels,
            "error_code": said.error_code,
            "encryption": said.encryption,
        },
        belonging=Belonging(
            channel_map=row.line_channels,
            is_its_leg=said.call_sid == owner,
            is_agents_leg=bool(row.agent),
        ),
        is_told=row.line_outcome is Outcome.RECORDED and row.line_reason is None,
        orders=tuple(
            StopOrder(
                said.account_sid,
                each.order_sid,
                each.order_reason,
                each.order_at,
                each.order_done_at,
            )
            for each in rows
            if getattr(each, "order_sid", None) is not None
        ),
    )


BY_SID = select(recordings).where(recordings.c.sid == bindparam("known_sid"))


def its_call(call_sid: ColumnElement[Any], *beside: ColumnElement[Any]) -> Select[Any]:
    """Return the query for the call that a recording belongs to, its line and the leg named.

    Args:
        call_sid: what gives that call.
        beside: what is evaluated with it, and before the line and the leg are looked for.
    """
    account_sid, of = asked()
    # once, and not anew wherever it is named
    it = select(call_sid.label("owner"), *beside).cte("it").prefix_with("MATERIALIZED")
    line, leg = calls.alias("line"), legs.alias("leg")
    its_leg = (leg.c.account_sid == account_sid) & (leg.c.leg_sid == of)
    source = it.outerjoin(line, of_call(line, account_sid, it.c.owner)).outerjoin(leg, its_leg)
    return select(
        it.c.owner,
        line.c.channel_map.label("line_channels"),
        line.c.outcome.label("line_outcome"),
        line.c.reason.label("line_reason"),
        leg.c.agent,
    ).select_from(source)


def report_query(known: CTE, its: FromClause, *, orders: bool) -> Select[Any]:
    """Return the query for a recording and what it is of, as `to_report` reads it.

    Its rows are one, or one for each order where these are asked. The orders are those that are
    there before the change is: whoever gives one meanwhile asks Twilio too what is recorded, and
    Twilio knows of it already.

    Args:
        known: the recording, if it is there.
        its: what `its_call` gives.
        orders: whether it is asked what was ordered of it.
    """
    account_sid, of = asked()
    its_line = calls.alias("its_line")
    in_ledger = exists().where(of_call(its_line, known.c.account_sid, known.c.call_sid))
    query = select(*known.c, in_ledger.label("in_ledger"), *its.c)
    source = its.outerjoin(known, true())
    if not orders:
        return query.select_from(source)
    sids = (its.c.owner, of, known.c.call_sid, known.c.leg)
    theirs = (stop_orders.c.account_sid == account_sid) & stop_orders.c.sid.in_(sids)
    ordered = [
        stop_orders.c[name].label(f"order_{name}") for name in ("sid", "reason", "at", "done_at")
    ]
    return query.add_columns(*ordered).select_from(source.outerjoin(stop_orders, theirs))


def asked() -> tuple[BindParameter[Any], BindParameter[Any]]:
    """Return the account of what is asked, and what a recording is said to be of."""
    return bindparam("said_account"), bindparam("owned_sid")


def _locked(*, orders: bool) -> Select[Any]:
    # first the lock, and in a query of its own: PostgreSQL locks no row that may be missing
    known = BY_SID.with_for_update().cte("known")
    return report_query(known, its_call(owner(*asked())).subquery("its"), orders=orders)


REPORT, REPORT_AND_ORDERS = (Prepared(_locked(orders=orders)) for orders in (False, True))


def look(
    connection: Connection,
    said: RecordingCallback | VendorRecording,
    *,
    sid: str,
    orders: bool = False,
) -> Report:
    """Read all that a report of a recording needs, by one statement, and lock the recording."""
    query = REPORT_AND_ORDERS if orders else REPORT
    return to_report(query.all(connection, asked_of(said, sid)), said)


def new_recording(
    callback: RecordingCallback, report: Report, state: State, channel_map: Channels, at: datetime
) -> Recording:
    """Return the recording that a callback tells of first; its custody is the database's to say."""
    return Recording(
        sid=callback.recording_sid,
        account_sid=callback.account_sid,
        state=state,
        channel_map=channel_map(report.belonging) if callable(channel_map) else channel_map,
        due_at=at if state is State.COMPLETED else None,
        **report.facts,
    )


def refuse_others(report: Report, callback: RecordingCallback) -> None:
    """Refuse a callback whose recording is another account's.

    Raises:
        RequestRefused: it is.
    """
    if report.known is not None and report.known.account_sid != callback.account_sid:
        raise RequestRefused(f"The recording {callback.recording_sid} belongs to another account.")


def changes(
    known: Recording, report: Report, state: State, at: datetime, *, told: bool
) -> dict[str, Any]:
    """Return the columns of a recording that change by what is said of it.

    Its state is among them only where it moves.

    Args:
        known: the recording.
        report: what is said of it, beside what is known.
        state: what is said.
        at: now, UTC.
        told: whether Twilio told of it itself.
    """
    facts = report.facts
    if report.has_its_call:  # whoever the leg that is recorded went on to
        facts = {**facts, "call_sid": None, "leg": None}
    reached = advance(known.state, state)
    moved = reached is not known.state  # then what is said now counts, not what was said before
    changed = {
        name: fact
        for name, fact in facts.items()
        if fact is not None and (moved or getattr(known, name) is None)
    }
    if moved:
        changed |= {"state": reached, "attempts": 0, "last_error": "", "standstill": None}
        changed["due_at"] = at if reached is State.COMPLETED else None
    if told and known.claim not in ALWAYS_OURS:
        changed["claim"] = Claim.TOLD
    return changed


def custody_follows(known: Recording) -> bool:
    """Whether a recording's custody follows from what is said of it now."""
    return known.started_at is None and known.custody is not Custody.BLOCKED


def stands(report: Report, result: Recording) -> bool:
    """Whether a call's line says already what a recording that moved says.

    It was one of that call before, so that nobody else can say meanwhile that nothing came of it.
    """
    known, call_sid = report.known, report.facts["call_sid"]
    is_one = [
        each.call_sid == call_sid and why_none(each) is None for each in (known, result) if each
    ]
    return report.is_told and all(is_one)


def custody(
    account_sid: ColumnElement[Any], call_sid: ColumnElement[Any], latest: ColumnElement[Any]
) -> Case[Any]:
    """Return the custody of a recording: quarantined unless a consent of its call allows it.

    What began before the consent, such as by the account's default configuration, was recorded
    without a word. Twilio cuts the start to whole seconds.

    Args:
        account_sid, call_sid: of the call.
        latest: when the consent was given at the latest.
    """
    proven = exists().where(
        of_call(consents, account_sid, call_sid),
        one_of(consents.c.outcome, PROOF),
        consents.c.at <= latest,
    )
    return case((proven, Custody.ACTIVE), else_=Custody.QUARANTINED)


def latest_proof(started_at: datetime | None) -> datetime:
    """Return when the consent was given at the latest that allows what began at a moment."""
    return (started_at or BEFORE_ALL) + ONE_SECOND


def callback_row(callback: RecordingCallback, at: datetime) -> dict[str, Any]:
    """Return the row of a callback that was received at a moment."""
    return {
        "recording_sid": callback.recording_sid,
        "status": callback.status,
        "received_at": at,
        "raw": dict(callback.raw),
    }
