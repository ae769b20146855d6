"""One call: what was said to the caller, what was recorded, who spoke when, who listened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.forms import Annotate, Decide, Download
from callpanel.panel.blueprint import panel
from callpanel.panel.show import moment
from callpanel.panel.sound import sound_of
from callpanel.roles import Permission
from callpanel.words import DETAILS
from twirec import Announcement, AuditEntry, AuditOutcome, Call, CallRecord, NotFound, Reason

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
    return _page(archive().calls.get(sid, by=actor()), Annotate(formdata=None))


@panel.post("/calls/<sid>/notes")
@needs(Permission.NOTE)
def annotate(sid: str) -> ResponseReturnValue:
    """Write a note about a call, set its case number, or both."""
    record = _record(sid)
    form = Annotate()
    if not form.validate():
        return _page(record, form), 400
    case = form.case.data or ""
    archive().calls.annotate(
        record.call.call_sid,
        note=form.note.data,
        case=case if case != record.call.case_number else None,
        by=actor(),
    )
    flash(_("Written down."), "done")
    return redirect(url_for("panel.call", sid=record.call.call_sid))


@panel.post("/recordings/<sid>/decision")
@needs(Permission.RETRY)
def decide(sid: str) -> ResponseReturnValue:
    """Accept a recording as it is, give it up, or let it be tried again."""
    record = _record(sid)
    form = Decide()
    if not form.validate():
        return _page(record, Annotate(formdata=None), form), 400
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


def _page(record: CallRecord, form: Annotate, decide: Decide | None = None) -> str:
    if not form.is_submitted() or decide:
        form.case.data = record.call.case_number
    return render_template(
        "call.html",
        record=record,
        call=record.call,
        detail=_detail(record.call),
        announcements=_announcements(record),
        sounds=[sound_of(record, each) for each in record.recordings],
        log=_log(record),
        form=form,
        download=Download(formdata=None),
        decide=decide or Decide(formdata=None),
    )


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
