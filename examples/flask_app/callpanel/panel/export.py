"""Calls that leave the panel together: a search as CSV, recordings of several calls as one zip."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from flask import Response, flash, redirect, request, session, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import searches
from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.forms import COLUMNS, ExportCalls, TakeRecordings
from callpanel.panel import show, turns
from callpanel.panel.blueprint import panel
from callpanel.panel.calls import CALLS, OLDEST, SHOWN_IN, find
from callpanel.purposes import choices
from callpanel.roles import Permission
from twirec import AuditOutcome, CallRecord, Deed, InvalidQuery, NotFound, Recording, may

MOST_ROWS = 50_000
"""Calls of one CSV."""

MOST_CALLS = 25
"""Calls of one zip: one page."""

MOST_BYTES = 2_000_000_000
"""Of the recordings of one zip, beyond which many programs do not open it."""

FORMULA = re.compile(r"(?:^|(?<=[,;\t\r\n]))(?=[=+\-@\t\r])")
"""Where a spreadsheet takes a text for a formula: where it begins, and behind any sign that parts
cells for some spreadsheet, since in one of another country it ends the cell
(https://owasp.org/www-community/attacks/CSV_Injection)."""


# --- CSV -------------------------------------------------------------------------------------


@panel.post("/calls/csv")
@needs(Permission.SEARCH)
def calls_csv() -> ResponseReturnValue:
    """Give the calls of a search as CSV, as they are read; it is on the audit log first."""
    form = ExportCalls()
    asked = searches.asked(CALLS, form.q.data or "")
    if not form.validate():
        flash(_("Choose the columns."), "error")
        return redirect(_list(form))
    columns = [name for name in COLUMNS if name in (form.columns.data or ())]
    with turns.taking.turn() as while_sent:
        page = find(asked, None, oldest_first=form.order.data == OLDEST, repeated=False)
        many = {"calls": page.count} | ({} if page.exact else {"or_more": True})
        archive().audit.record("export", by=actor(), detail={"format": "csv", **many})
        rows = stream_with_context(_lines(columns, islice(page.every(), MOST_ROWS)))
        response = Response(rows, content_type="text/csv; charset=utf-8")
        response.headers.set("Content-Disposition", "attachment", filename="calls.csv")
        return while_sent(response)


@panel.post("/calls/columns")
@needs(Permission.SEARCH)
def show_columns() -> ResponseReturnValue:
    """Show other columns in the list, in this browser, as long as somebody is signed in."""
    form = ExportCalls()
    if form.validate():
        session[SHOWN_IN] = [name for name in COLUMNS if name in (form.columns.data or ())]
    else:
        flash(_("Choose the columns."), "error")
    return redirect(_list(form))


def _list(form: ExportCalls) -> str:
    return url_for("panel.calls", q=form.q.data or None, order=form.order.data or None)


def _lines(columns: list[str], calls: Iterable[CallRecord]) -> Iterator[str]:
    """Yield the lines; a byte order mark lets spreadsheets see that it is UTF-8."""
    yield "\N{BYTE ORDER MARK}" + _line([str(COLUMNS[name]) for name in columns])
    for each in calls:
        yield _line([VALUES[name](each) for name in columns])


def _line(values: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(map(harmless, values))
    return line.getvalue()


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return FORMULA.sub("'", text)


VALUES: Mapping[str, Callable[[CallRecord], str]] = {
    "when": lambda each: show.iso(each.call.started_at.astimezone(archive().settings.timezone)),
    "customer": lambda each: each.call.customer_number,
    "direction": lambda each: show.word(each.call.direction, "DIRECTIONS"),
    "own_number": lambda each: each.call.own_number,
    "seconds": lambda each: str(sum(one.duration or 0 for one in each.recordings) or ""),
    "state": lambda each: show.word(show.stands(each), "CALL_STATES"),
    "reason": lambda each: show.word(each.call.reason, "REASONS") if each.call.reason else "",
    "agents": lambda each: ", ".join(dict.fromkeys(leg.agent for leg in each.legs if leg.agent)),
    "case": lambda each: each.call.case_number,
    "notes": lambda each: " | ".join(note.text for note in each.notes if note.text),
    "call_sid": lambda each: each.call.call_sid,
}
"""What stands in each column."""


# --- zip -------------------------------------------------------------------------------------


@panel.post("/calls/zip")
@needs(Permission.DOWNLOAD)
def calls_zip() -> ResponseReturnValue:
    """Give the recordings of several calls as one zip, with what each is and its SHA-256.

    Each is on the audit log before its first byte leaves, and its bytes are compared with what was
    archived. What breaks off on the way is a zip without its end, which no program opens.
    """
    form = TakeRecordings()
    form.purpose.choices = choices()
    back = redirect(url_for("panel.calls", q=request.form.get("q") or None))
    if not form.validate():
        flash(_("Choose what you listen for."), "error")
        return back
    sids = list(dict.fromkeys(request.form.getlist("sid")))
    if not 0 < len(sids) <= MOST_CALLS:
        flash(_("Choose 1 to %(most)s calls of the list.", most=MOST_CALLS), "error")
        return back
    chosen = [pair for sid in sids for pair in _recordings(sid)]
    if not chosen:
        flash(_("None of these calls has a recording that you may have."), "error")
        return back
    if sum(recording.size or 0 for _call, recording in chosen) > MOST_BYTES:
        flash(_("That is more than 2 GB: choose fewer calls."), "error")
        return back
    with turns.taking.turn() as while_sent:
        parts = _zip(chosen, form.purpose.data or "")
        first = next(parts)  # what fails here is an error page
        sent = stream_with_context(chain((first,), parts))
        response = Response(sent, content_type="application/zip")
        response.call_on_close(parts.close)
        response.headers.set("Content-Disposition", "attachment", filename="recordings.zip")
        return while_sent(response)


def _recordings(sid: str) -> list[tuple[CallRecord, Recording]]:
    """Return the recordings of a call that who asks may have; that they asked is on the log."""
    try:
        record = archive().calls.get(sid, by=actor(), repeated=True)
    except (NotFound, InvalidQuery):
        who = actor()
        archive().audit.record("download", by=who, sid=sid[:34], outcome=AuditOutcome.DENIED)
        return []
    return [(record, each) for each in record.recordings if may(actor(), each, Deed.DOWNLOAD)]


class _Sent(io.RawIOBase):
    """What a zip is written to: it is sent on as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _zip(chosen: list[tuple[CallRecord, Recording]], purpose: str) -> Generator[bytes, None, None]:
    sent = _Sent()
    files: list[dict[str, Any]] = []
    with zipfile.ZipFile(sent, "w") as archived:  # WAV is sent as it is: nothing makes it smaller
        for record, recording in chosen:
            with archive().recordings.open(
                recording.sid, by=actor(), download=True, purpose=purpose
            ) as reading:
                name = f"{len(files) + 1:02}_{reading.file_name}"
                with archived.open(name, "w", force_zip64=True) as entry:
                    for chunk in reading:
                        entry.write(chunk)
                        yield sent.taken()
            files.append(_said(name, record, recording))
        manifest = {"made_at": show.iso(archive().now()), "by": actor().name, "files": files}
        archived.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        sums = "".join(f"{each['sha256']}  {each['file']}\n" for each in files)
        archived.writestr("SHA256SUMS", sums)  # for `sha256sum --check`
    yield sent.taken()


def _said(name: str, record: CallRecord, recording: Recording) -> dict[str, Any]:
    call = record.call
    return {
        "file": name,
        "recording_sid": recording.sid,
        "call_sid": call.call_sid,
        "customer_number": call.customer_number,
        "own_number": call.own_number,
        "direction": call.direction,
        "started_at": recording.started_at and show.iso(recording.started_at),
        "seconds": recording.duration,
        "case_number": call.case_number,
        "bytes": recording.size,
        "sha256": recording.sha256,
    }
