"""Hearing a recording in the browser, and taking it out as a file.

The audit entry is written before the first byte leaves: by `archive.open` and `archive.convert`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from flask import Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import may, needs, user
from callpanel.config import archive
from callpanel.forms import Download, seconds_of
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import InvalidQuery, NotFound, Reading, Recording

ORIGINAL = "original"


@panel.get("/recordings/<sid>/audio")
@needs(Permission.LISTEN)
def audio(sid: str) -> ResponseReturnValue:
    """Stream a recording, or the range of it that the player asks for (RFC 9110, section 14).

    It is the smaller copy for listening, where there is one, or else the original.
    """
    recording = _recording(sid)
    copy = None if "original" in request.args else archive().listening_copy(sid)
    size = (copy.size if copy else recording.size) or 0
    start, end = _range(size)
    if copy:
        name = copy.object_name
        reading = archive().open_derivative(sid, name, start, end, by=user().name, role=user().role)
    else:
        reading = archive().open(sid, start, end, by=user().name, role=user().role)
    response = _streamed(reading)
    response.headers["Accept-Ranges"] = "bytes"
    response.content_length = end - start
    if request.range is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


@panel.post("/recordings/<sid>/download")
@needs(Permission.DOWNLOAD)
def download(sid: str) -> ResponseReturnValue:
    """Give a recording, or a cut of it, as a file named with number and local time."""
    recording = _recording(sid)
    form = Download()
    if not form.validate():
        flash(next(iter(form.errors.values()))[0], "error")
        return redirect(url_for("panel.call", sid=sid))
    try:
        if form.format.data == ORIGINAL:
            reading = archive().open(sid, by=user().name, role=user().role, download=True)
        else:
            reading = archive().convert(
                sid,
                format=form.format.data,
                channels=form.channels.data,
                start=seconds_of(form.start.data) or 0.0,
                end=seconds_of(form.end.data),
                by=user().name,
                role=user().role,
                download=True,
            )
    except InvalidQuery as error:
        flash(_("That cannot be had: %(why)s", why=error), "error")
        return redirect(url_for("panel.call", sid=recording.sid))
    response = _streamed(reading)
    response.headers.set("Content-Disposition", "attachment", filename=reading.file_name)
    return response


def _recording(sid: str) -> Recording:
    """Return a recording that who asks may see.

    Raises:
        NotFound: there is none.
    """
    record = archive().show(sid, sees_quarantined=may(Permission.SEE_QUARANTINED))
    for recording in record.recordings:
        if recording.sid == sid:
            return recording
    raise NotFound(f"There is no recording {sid}.")


def _range(size: int) -> tuple[int, int]:
    """Return the bytes that are asked for, `end` exclusive."""
    asked = request.range
    if asked is None:
        return 0, size
    found = asked.range_for_length(size)
    if found is None or found[0] is None or found[1] is None:
        response = Response(status=416)
        response.headers["Content-Range"] = f"bytes */{size}"
        abort(response)
    return found[0], found[1]


def _streamed(reading: Reading) -> Response:
    """Return an answer that reads as it is sent; what fails at the first bytes is an error page."""
    try:
        first = next(reading, b"")
    except Exception:
        reading.close()
        raise
    chunks: Iterator[bytes] = chain((first,), reading)
    response = Response(chunks, content_type=reading.content_type, direct_passthrough=True)
    response.call_on_close(reading.close)
    return response
