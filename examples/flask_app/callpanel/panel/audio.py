"""Hearing a recording in the browser, and taking it out as a file.

The audit entry is written before the first byte leaves: by
`archive.recordings.open` and `archive.recordings.convert`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import actor, needs, record
from callpanel.config import archive
from callpanel.forms import ORIGINAL, Download, seconds_of
from callpanel.panel import turns
from callpanel.panel.blueprint import panel
from callpanel.panel.show import wrong
from callpanel.purposes import purpose_of
from callpanel.roles import Permission
from twirec import AudioStream, AuditOutcome, Derivative, InvalidQuery, NotFound, Recording

LARGEST_PART = 1024 * 1024
"""Bytes of one answer to a player, which asks again for more: a player that is paused takes no
more, and would keep a thread of the server, which Twilio's calls need, waiting."""


@panel.get("/recordings/<sid>/audio")
@needs(Permission.LISTEN)
def audio(sid: str) -> ResponseReturnValue:
    """Stream a recording, or the range of it that the player asks for (RFC 9110, section 14).

    It is the copy of the `format` that is asked for; without one, the first smaller copy for
    listening, where there is any, or else the original.
    """
    return play(sid)


def play(sid: str) -> Response:
    """Return what a player asks for of a recording, if who asks may hear it."""
    recording, purpose = recording_of(sid)
    if not purpose:
        abort(409)
    copy = _copy(sid, request.args.get("format"))
    size = (copy.size if copy else recording.size) or 0
    tag = _tag(recording, copy)
    part = _part(size, tag)
    start, end = part or (0, size)

    for_them: dict[str, Any] = {"by": actor(), "purpose": purpose}

    def opened() -> AudioStream:
        if copy:
            return archive().derivatives.open(sid, copy.object_name, start, end, **for_them)
        return archive().recordings.open(sid, start, end, **for_them)

    response, _reading = streamed(turns.playing, opened)
    response.set_etag(tag)
    response.headers["Accept-Ranges"] = "bytes"
    if part:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


@panel.post("/recordings/<sid>/download")
@needs(Permission.DOWNLOAD)
def download(sid: str) -> ResponseReturnValue:
    """Give a recording, or a cut of it, as a file named with number and local time."""
    recording, purpose = recording_of(sid)
    if not purpose:
        flash(_("Choose what you listen for."), "error")
        return redirect(url_for("panel.call", sid=recording.sid, _anchor="purpose"))
    form = Download()
    if not form.validate():
        first = next(field for field in form if field.errors)
        flash(f"{first.label.text}: {first.errors[0]}", "error")
        return redirect(url_for("panel.call", sid=sid))

    def opened() -> AudioStream:
        if form.format.data == ORIGINAL:
            return archive().recordings.open(sid, by=actor(), download=True, purpose=purpose)
        return archive().recordings.convert(
            sid,
            format=form.format.data,
            channels=form.channels.data,
            start=seconds_of(form.start.data) or 0.0,
            end=seconds_of(form.end.data),
            by=actor(),
            download=True,
            purpose=purpose,
        )

    try:
        response, reading = streamed(turns.taking, opened)
    except InvalidQuery as error:
        flash(_("That cannot be had: %(why)s", why=wrong(error)), "error")
        return redirect(url_for("panel.call", sid=sid))
    response.headers.set("Content-Disposition", "attachment", filename=reading.file_name)
    return response


def _copy(sid: str, format: str | None) -> Derivative | None:
    """Return the copy that is asked for; None for the original.

    Raises:
        NotFound: there is none of that format (any more); a player goes on to its next source.
    """
    if format == ORIGINAL:
        return None
    copies = archive().derivatives.listening_copies(sid, by=actor())
    if format is None:
        return next(iter(copies), None)
    try:
        return next(each for each in copies if each.format == format)
    except StopIteration:
        raise NotFound(f"Of {sid} there is no copy of the format {format}.") from None


def _tag(recording: Recording, copy: Derivative | None) -> str:
    """Return the tag of what is played: bytes of two files, or of before a cut, do not mix."""
    if copy:
        return f"{recording.sid}-{copy.format}-{(copy.own_sha256 or '')[:16]}"
    cut = archive().cards.of(recording.sid, by=actor())
    is_cut = cut is not None and cut.object_name is not None
    sha256 = cut.own_sha256 if cut and is_cut else recording.sha256
    return f"{recording.sid}-{ORIGINAL}-{(sha256 or '')[:16]}"


def recording_of(sid: str) -> tuple[Recording, str]:
    """Return a recording that who asks may see, and what they listen for; empty for nothing.

    Where they may not see it, their attempt is on the audit log.

    Raises:
        NotFound: there is none.
    """
    try:
        record_ = archive().calls.get(sid, by=actor(), repeated=True)
        recording = next(each for each in record_.recordings if each.sid == sid)
        return recording, purpose_of(record_.call)
    except (NotFound, InvalidQuery, StopIteration):
        action = "download" if request.method == "POST" else "listen"
        record(action, outcome=AuditOutcome.DENIED, sid=sid)
        raise NotFound(f"There is no recording {sid}.") from None


def _part(size: int, tag: str) -> tuple[int, int] | None:
    """Return the bytes that are asked for, `end` exclusive; None for the whole.

    Several ranges at once, or other units than bytes, are the whole too: a server may ignore them.
    Of what is not stored there is no part either; `open` says why.
    """
    wanted, only_if = request.range, request.if_range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1 or not size:
        return None
    if request.method == "HEAD" or only_if.date or only_if.etag not in (None, tag):
        return None
    start, end, _step = slice(*wanted.ranges[0]).indices(size)
    if start >= end:
        abort(416, description=None, length=size, units="bytes")
    return start, min(end, start + LARGEST_PART)


def streamed(of: turns.Turns, opened: Callable[[], AudioStream]) -> tuple[Response, AudioStream]:
    """Return an answer that reads as it is sent; what fails at the first bytes is an error page.

    Args:
        of: whose turn it takes while it lasts.
        opened: opens what is read, once there is a turn.
    """
    with of.turn() as while_sent:
        reading = opened()
        try:
            first = next(reading, b"")
        except Exception:
            reading.close()
            raise
        chunks: Iterator[bytes] = chain((first,), reading)
        response = Response(chunks, content_type=reading.content_type)
        if reading.size is not None:  # so that no client takes for the whole what broke off
            response.content_length = (reading.end or reading.size) - reading.start
        response.call_on_close(reading.close)
        return while_sent(response), reading
