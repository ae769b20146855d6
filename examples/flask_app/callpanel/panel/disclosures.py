"""Giving a recording to somebody outside: consents, links, and how often they were opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectChoice

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.disclosure_forms import OTHER, End, Give, WriteConsent, spans_of
from callpanel.forms import seconds_of
from callpanel.panel import show
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import (
    Handover,
    InvalidQuery,
    NotConsented,
    Participant,
    ParticipantKind,
    Recording,
)

ON_A_PAGE = 200


@panel.get("/disclosures")
@needs(Permission.AUDIT)
def disclosures() -> ResponseReturnValue:
    """List what was given to others, newest first."""
    given = archive().custody.disclosures.list(limit=ON_A_PAGE, by=actor())
    return render_template("disclosures.html", given=given, now=archive().now())


@panel.get("/disclosures/<sid>")
@needs(Permission.DISCLOSE)
def disclose(sid: str) -> ResponseReturnValue:
    """Show who is heard in a recording, who consented to what, and what was given."""
    return _page(sid)


@panel.post("/disclosures/<sid>/consents")
@needs(Permission.DISCLOSE)
def write_consent(sid: str) -> ResponseReturnValue:
    """Write down that somebody consented to a disclosure."""
    form = _consent_form(archive().custody.disclosures.participants(sid, by=actor()))
    if not form.validate():
        return _page(sid, consent=form), 400
    name, other = (form.name.data or "").strip(), form.participant.data == OTHER
    try:
        archive().custody.disclosures.consent(
            sid,
            participant=f"{OTHER}:{name}" if other else form.participant.data,
            name="" if other else name,
            recipient=form.recipient.data or "",
            purpose=form.purpose.data or "",
            given_on=form.given_on.data,
            how=form.how.data,
            evidence=form.evidence.data or "",
            by=actor(),
        )
    except InvalidQuery as error:
        flash(show.wrong(error), "error")
        return _page(sid, consent=form), 400
    flash(_("Written down."), "done")
    return redirect(url_for("panel.disclose", sid=sid))


@panel.post("/disclosures/<sid>/consents/<int:consent_id>/withdrawn")
@needs(Permission.DISCLOSE)
def withdraw(sid: str, consent_id: int) -> ResponseReturnValue:
    """Withdraw a consent; the links that stand on it are dead."""
    form = End()
    if not form.validate():
        flash(_("Say why."), "error")
    else:
        try:
            archive().custody.disclosures.withdraw(consent_id, why=form.why.data or "", by=actor())
            flash(_("Withdrawn. Links that stood on it open nothing any more."), "done")
        except InvalidQuery as error:
            flash(show.wrong(error), "error")
    return redirect(url_for("panel.disclose", sid=sid))


@panel.post("/disclosures/<sid>")
@needs(Permission.DISCLOSE)
def give(sid: str) -> ResponseReturnValue:
    """Make a link and a code. Both are on this answer, and nowhere else."""
    form = Give()
    if not form.validate():
        return _page(sid, give=form), 400
    try:
        given = archive().custody.disclosures.give(
            sid,
            recipient=form.recipient.data or "",
            purpose=form.purpose.data or "",
            ground=form.ground.data,
            reference=form.reference.data or "",
            format=form.format.data,
            channels=form.channels.data,
            start=seconds_of(form.start.data) or 0.0,
            end=seconds_of(form.end.data),
            cuts=spans_of(form.cuts.data),
            expires_in=timedelta(days=form.days.data or 0),
            openings=form.openings.data or 0,
            by=actor(),
        )
    except NotConsented:
        flash(
            _(
                "Not given: somebody who is heard has not consented to this recipient and this "
                "purpose. See below whose consent there is."
            ),
            "error",
        )
        return _page(sid, give=form), 403
    except InvalidQuery as error:
        flash(show.wrong(error), "error")
        return _page(sid, give=form), 400
    return _page(sid, made=given)


@panel.post("/disclosures/<sid>/<disclosure_id>/ended")
@needs(Permission.DISCLOSE)
def revoke(sid: str, disclosure_id: str) -> ResponseReturnValue:
    """End a link at once."""
    form = End()
    if not form.validate():
        flash(_("Say why."), "error")
    else:
        try:
            archive().custody.disclosures.revoke(disclosure_id, why=form.why.data or "", by=actor())
            flash(_("Ended: the link opens nothing any more."), "done")
        except InvalidQuery as error:
            flash(show.wrong(error), "error")
    return redirect(url_for("panel.disclose", sid=sid))


def _page(
    sid: str,
    *,
    consent: WriteConsent | None = None,
    give: Give | None = None,
    made: Handover | None = None,
) -> str:
    """Return the page of a recording, with the form that was refused as it was filled in."""
    faces, who = archive().custody.disclosures, actor()
    recording: Recording = archive().recordings.get(sid, by=who)
    heard = faces.participants(sid, by=who)
    return render_template(
        "disclose.html",
        recording=recording,
        call=archive().calls.get(sid, by=who, repeated=True).call,
        heard=heard,
        label=label,
        consents=faces.consents(sid, by=who),
        given=faces.of(sid, by=who),
        now=archive().now(),
        made=made,
        consent=consent or _consent_form(heard, empty=True),
        give=give or Give(formdata=None),
        end=End(formdata=None),
    )


def _consent_form(heard: Sequence[Participant], *, empty: bool = False) -> WriteConsent:
    form = WriteConsent(formdata=None) if empty else WriteConsent()
    known = [SelectChoice(each.key, label(each.key)) for each in heard]
    form.participant.choices = [*known, SelectChoice(OTHER, _("somebody else who is heard"))]
    return form


def label(key: str) -> str:
    """Return what people read for a participant."""
    kind, _colon, who = key.partition(":")
    if kind == ParticipantKind.CUSTOMER:
        return str(_("the customer"))
    if kind == ParticipantKind.AGENT:
        return str(_("agent %(who)s", who=show.number(who))) if who else str(_("our side"))
    if kind == ParticipantKind.CALLER:
        return str(_("the caller of %(call)s", call=who))
    return str(_("who was on %(leg)s", leg=who)) if kind == "leg" else who
