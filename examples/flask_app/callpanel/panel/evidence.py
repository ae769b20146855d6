"""A sealed package of a recording, which others check without the panel."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.panel import turns
from callpanel.panel.audio import recording_of, streamed
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import (
    AudioStream,
    EvidenceForm,
    EvidenceToolsMissing,
    SealUnusable,
    TimeStampUnavailable,
)


@panel.post("/recordings/<sid>/evidence")
@needs(Permission.DOWNLOAD)
def evidence(sid: str) -> ResponseReturnValue:
    """Give a sealed package of a recording as a file."""
    recording, purpose = recording_of(sid)
    form = request.form.get("form", "")
    if form not in set(EvidenceForm):
        abort(400)
    if not purpose:
        flash(_("Choose what you listen for."), "error")
        return redirect(url_for("panel.call", sid=recording.sid, _anchor="purpose"))

    def opened() -> AudioStream:
        return archive().custody.evidence(
            sid, form=form, by=actor(), purpose=purpose, language=str(get_locale())
        )

    try:
        response, reading = streamed(turns.taking, opened)
    except (SealUnusable, EvidenceToolsMissing):
        why = _("There is no seal, or it cannot be used: the doctor says what is missing.")
    except TimeStampUnavailable:
        why = _("The authority that says the time does not answer. Try again in a while.")
    else:
        response.headers.set("Content-Disposition", "attachment", filename=reading.file_name)
        return response
    flash(why, "error")
    return redirect(url_for("panel.call", sid=sid))
