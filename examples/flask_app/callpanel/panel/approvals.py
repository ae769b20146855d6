"""What waits for a second person; and what is blocked, opened for an authority."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.forms import AskRelease, Because, Empty
from callpanel.panel import turns
from callpanel.panel.audio import streamed
from callpanel.panel.blueprint import panel
from callpanel.panel.custody import OF_OPEN_CASE, tell
from callpanel.panel.two_people import NOT_ANOTHER, may_approve
from callpanel.roles import Permission
from twirec import CustodyRefused, InvalidQuery, NotFound, same_person

ON_A_PAGE = 50


@panel.get("/approvals")
@needs(Permission.SEE_APPROVALS)
def approvals() -> ResponseReturnValue:
    """Show what waits for a second person, and what was released to who asks."""
    return _page(AskRelease(formdata=None))


@panel.post("/approvals/<int:number>/approve")
@needs(Permission.APPROVE)
def approve(number: int) -> ResponseReturnValue:
    """Approve what somebody else asked for."""
    if Empty().validate():
        if not may_approve(number):
            flash(NOT_ANOTHER, "error")
            return redirect(url_for("panel.approvals"))
        try:
            archive().custody.approvals.approve(number, by=actor())
        except InvalidQuery:
            flash(_("It does not wait any more."), "error")
        except CustodyRefused:
            flash(OF_OPEN_CASE, "error")
        else:
            flash(_("Approved."), "done")
    return redirect(url_for("panel.approvals"))


@panel.post("/approvals/<int:number>/refuse")
@needs(Permission.APPROVE)
def refuse(number: int) -> ResponseReturnValue:
    """Refuse what somebody asked for, or take back one's own."""
    form = Because()
    if not form.validate():
        tell(form)
        return redirect(url_for("panel.approvals"))
    try:
        archive().custody.approvals.refuse(number, reason=form.reason.data or "", by=actor())
    except InvalidQuery:
        flash(_("It does not wait any more."), "error")
    else:
        flash(_("Refused."), "done")
    return redirect(url_for("panel.approvals"))


@panel.post("/approvals/release")
@needs(Permission.APPROVE)
def ask_release() -> ResponseReturnValue:
    """Ask that a blocked recording is opened for an authority."""
    form = AskRelease()
    if not form.validate():
        return _page(form), 400
    try:
        archive().custody.release(
            (form.sid.data or "").strip(),
            authority=form.authority.data or "",
            reference=form.reference.data or "",
            reason=form.reason.data or "",
            by=actor(),
        )
    except (NotFound, CustodyRefused, InvalidQuery) as error:
        if not isinstance(error, InvalidQuery) or str(error).startswith("sid: "):
            form.sid.errors = [_("No recording of this SID is blocked.")]
            return _page(form), 400
        flash(_("It is asked for already."), "error")
    else:
        flash(_("It waits for a second person."), "done")
    return redirect(url_for("panel.approvals"))


@panel.post("/approvals/released/<sid>")
@needs(Permission.APPROVE)
def take_out(sid: str) -> ResponseReturnValue:
    """Give what was released, once."""
    opened = lambda: archive().custody.approvals.take_out(sid, by=actor())  # noqa: E731
    response: Response
    response, reading = streamed(turns.taking, opened)
    response.headers.set("Content-Disposition", "attachment", filename=reading.file_name)
    return response


def _page(form: AskRelease) -> str:
    after = request.args.get("after", 0, type=int)
    found = archive().custody.approvals.pending(
        after=max(0, min(after, 2**31 - 1)), limit=ON_A_PAGE + 1, by=actor()
    )
    return render_template(
        "approvals.html",
        waiting=[(each, same_person(each.asked_by, actor().name)) for each in found[:ON_A_PAGE]],
        more=found[ON_A_PAGE - 1].id if len(found) > ON_A_PAGE else None,
        released=archive().custody.approvals.released(by=actor()),
        form=form,
    )
