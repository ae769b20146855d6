"""One call: what was said to the caller, what was recorded, who spoke when, who listened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import purposes
from callpanel.auth import actor, may, needs
from callpanel.config import archive
from callpanel.forms import CutOut, Decide, Download, SetCase, WriteNote, seconds_of
from callpanel.panel import show
from callpanel.panel.blueprint import panel
from callpanel.panel.glance import glance_of
from callpanel.panel.show import moment
from callpanel.panel.sound import sound_of
from callpanel.panel.way_back import list_of
from callpanel.roles import Permission
from callpanel.vocabulary import DETAILS
from twirec import (
    Announcement,
    AuditEntry,
    AuditOutcome,
    Call,
    CallRecord,
    CardCut,
    CaseChanged,
    Hold,
    InvalidQuery,
    NotFound,
    Reason,
    Recording,
    Retention,
    State,
)

LOG_LINES = 50
"""How many lines of who did what are shown of a call; a whole listening is one."""

ON_A_PAGE = 200
"""How many entries of the audit log are read at once; a long listening is many."""


IN_ONE_GO = frozenset({"listen", "show"})
"""Of which many entries soon after each other are shown as one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody who listened, downloaded, or did something else: what they asked in one go."""

    by: str
    role: str
    action: str
    outcome: AuditOutcome
    at: datetime
    times: int = 1


@panel.get("/calls/<sid>")
@needs(Permission.SEARCH)
def call(sid: str) -> ResponseReturnValue:
    """Show a call by its SID or that of one of its recordings."""
    return _page(archive().calls.get(sid, by=actor()))


@panel.post("/calls/<sid>/notes")
@needs(Permission.NOTE)
def write_note(sid: str) -> ResponseReturnValue:
    """Write a note about a call; one that is sent again is written once."""
    record = _record(sid)
    form = WriteNote()
    if not form.validate():
        return _page(record, note=form), 400
    second = seconds_of(form.second.data)
    its = record.call.call_sid if second is None else form.recording.data or ""
    if second is not None and its not in {each.sid for each in record.recordings}:
        abort(404)
    try:
        archive().calls.annotate(
            its, note=form.note.data, second=second, notes_seen=form.seen.data, by=actor()
        )
    except InvalidQuery as error:
        form.second.errors = [show.wrong(error)]
        return _page(record, note=form), 400
    flash(_("Written down."), "done")
    return redirect(url_for("panel.call", sid=record.call.call_sid))


@panel.post("/calls/<sid>/case")
@needs(Permission.NOTE)
def set_case(sid: str) -> ResponseReturnValue:
    """Set a call's case number, unless it is not the one any more that the page showed."""
    record = _record(sid)
    form = SetCase()
    if not form.validate():
        return _page(record, case=form), 400
    number = (form.case.data or "").strip()
    if number != record.call.case_number:
        try:
            archive().calls.annotate(
                record.call.call_sid, case=number, case_seen=form.seen.data, by=actor()
            )
        except CaseChanged:
            return _page(_record(sid), case=form, changed=True), 409
    flash(_("Written down."), "done")
    return redirect(url_for("panel.call", sid=record.call.call_sid))


@panel.post("/calls/<sid>/purpose")
@needs(Permission.LISTEN)
def listen_for(sid: str) -> ResponseReturnValue:
    """Remember what somebody listens to a call for, and to the others of its case."""
    call = _record(sid).call
    purpose = archive().settings.purposes.find(request.form.get("purpose"))
    if purpose:
        purposes.remember(call, purpose)
    else:
        flash(_("Choose what you listen for."), "error")
    at = _start_at() or None
    return redirect(url_for("panel.call", sid=call.call_sid, t=at, _anchor="purpose"))


@panel.post("/recordings/<sid>/decision")
@needs(Permission.RETRY)
def decide(sid: str) -> ResponseReturnValue:
    """Accept a recording as it is, give it up, or let it be tried again."""
    record = _record(sid)
    form = Decide()
    if not form.validate():
        return _page(record, decide=form), 400
    if form.decision.data == "retry":
        archive().operations.retry(sid, by=actor())
        said = _("It is tried again.")
    elif form.decision.data == "accept":
        archive().custody.accept(sid, reason=form.reason.data or "", by=actor())
        said = _("It is archived as it is.")
    else:
        archive().custody.give_up(sid, reason=form.reason.data or "", by=actor())
        said = _("It is given up, and stays at Twilio.")
    flash(said, "done")
    return redirect(url_for("panel.call", sid=record.call.call_sid))


def _record(sid: str) -> CallRecord:
    return archive().calls.get(sid, by=actor(), repeated=True)


def _page(
    record: CallRecord,
    *,
    note: WriteNote | None = None,
    case: SetCase | None = None,
    decide: Decide | None = None,
    changed: bool = False,
) -> str:
    """Return the page of a call, with the form that was refused as it was filled in.

    Args:
        record: the call.
        note, case, decide: the form that was refused.
        changed: whether a colleague has set another case number meanwhile.
    """
    cases = [each for each in record.notes if each.case_number is not None]
    return render_template(
        "call.html",
        came_from=list_of(record.call),
        record=record,
        call=record.call,
        detail=_detail(record.call),
        announcements=_announcements(record),
        sounds=[sound_of(record, each) for each in record.recordings],
        card_cuts={each.sid: _card_cut(each) for each in record.recordings},
        holds={each.sid: _holds(each) for each in record.recordings},
        retention={each.sid: _retention(each) for each in record.recordings},
        purpose=purposes.purpose_of(record.call),
        purposes=purposes.choices(),
        seals=bool(archive().settings.seal),
        log=_log(record),
        glance=glance_of(record),
        start_at=_start_at(),
        note=note or WriteNote(formdata=None),
        case=case or SetCase(formdata=None, case=record.call.case_number),
        changed=cases[-1] if changed and cases else None,
        download=Download(formdata=None),
        decide=decide or Decide(formdata=None),
        cut_out=CutOut(formdata=None),
    )


def _holds(recording: Recording) -> list[Hold]:
    """Return the holds on a recording that were not lifted."""
    its = archive().custody.holds.of(recording.sid, by=actor())
    return [hold for hold in its if not hold.lifted]


def _card_cut(recording: Recording) -> CardCut | None:
    """Return what is known of card numbers in a recording, to who may decide of it."""
    if not may(Permission.CUT) or recording.state not in (State.ARCHIVED, State.RELEASED):
        return None
    return archive().cards.of(recording.sid, by=actor())


def _retention(recording: Recording) -> Retention | None:
    """Return when a recording is destroyed, and why then; None if there is nothing to destroy."""
    if recording.state in (State.ERASING, State.ERASED):
        return None
    return archive().custody.retention.of(recording.sid, by=actor())


def _start_at() -> str:
    """Return the second that the address names, at which a player begins; empty for none."""
    said = request.args.get("t", "")
    return said if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", said, re.ASCII) else ""


def _detail(call: Call) -> str:
    """Return more of why a call was not recorded, or what is odd, as people read it."""
    if call.reason is not Reason.OFF or call.direction is None or call.detail in DETAILS:
        return str(DETAILS.get(call.detail, ""))
    switched = archive().policy.of(call.own_number, call.direction, at=call.started_at).switched
    if switched is None:
        return ""
    return str(_("since %(when)s by %(who)s", when=moment(switched.at), who=switched.by))


def _announcements(record: CallRecord) -> dict[str, Announcement]:
    """Return the wordings that were played, by their hashes, as far as the catalog has them."""
    hashes = {each.announcement for each in record.consents} | {record.call.announcement}
    announcements = {}
    for hash_ in filter(None, hashes):
        with suppress(NotFound):
            announcements[hash_] = archive().policy.announcement(hash_)
    return announcements


def _log(record: CallRecord) -> list[Heard]:
    """Return who did what with a call and its recordings, newest first."""
    sids = [record.call.call_sid, *(each.sid for each in record.recordings)]
    newest = merge(*map(_entries, sids), key=attrgetter("seq"), reverse=True)
    shown: list[Heard] = []
    ended: set[object] = set()
    for entry in newest:
        ended.add(entry.detail.get("tried"))
        if entry.seq not in ended:  # that it began is said by what came of it
            _add(shown, entry)
        if len(shown) > LOG_LINES:
            break
    return shown[:LOG_LINES]


def _entries(sid: str) -> Iterator[AuditEntry]:
    after = None
    while page := archive().audit.log(sid=sid, limit=ON_A_PAGE, after=after):
        yield from page
        after = page[-1].seq


def _add(shown: list[Heard], entry: AuditEntry) -> None:
    """Add an entry; a player asks for a recording in pieces, which are one listening."""
    last = shown[-1] if shown else None
    what = (entry.by, entry.role, entry.action, entry.outcome)
    same = last and (last.by, last.role, last.action, last.outcome) == what
    if last and same and entry.action in IN_ONE_GO and (last.at - entry.at).total_seconds() < 600:
        shown[-1] = Heard(*what, entry.at, last.times + 1)
    else:
        shown.append(Heard(*what, entry.at))
