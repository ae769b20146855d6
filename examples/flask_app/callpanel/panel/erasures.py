"""What is erased: ordering it, a second person's decision, and the certificate."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.erased import forget_erased
from callpanel.forms import Erase, RefuseErasure
from callpanel.panel import show
from callpanel.panel.blueprint import panel
from callpanel.panel.two_people import NOT_ANOTHER, may_approve
from callpanel.roles import Permission
from callpanel.saved import forget_number
from twirec import CardNumbers, CopyOutcome, CustodyRefused, ErasureScope, InvalidQuery, NotFound

ON_A_PAGE = 50

IN_ORDER = (
    CopyOutcome.REFUSED,
    CopyOutcome.WAITING,
    CopyOutcome.ORDERED,
    CopyOutcome.BLOCKED,
    CopyOutcome.PENDING,
    CopyOutcome.DONE,
    CopyOutcome.NOTHING,
)
"""What has still to be looked at comes first."""


@panel.get("/erasures")
@needs(Permission.SEE_ERASURES)
def erasures() -> ResponseReturnValue:
    """Show what was erased, or waits, and the form to erase."""
    asked = request.args
    return _page(Erase(formdata=None, what=asked.get("of", ""), how=asked.get("how", "block")))


@panel.post("/erasures")
@needs(Permission.ERASE)
def erase() -> ResponseReturnValue:
    """Erase a number, a call or a recording; or ask for it, where it is destroyed at once."""
    form = Erase()
    if not form.validate():
        return _page(form), 400
    now = form.how.data != "block"
    try:
        certificate = archive().custody.erase(
            form.what.data or "",
            reason=form.reason.data or "",
            by=actor(),
            now=now,
            ground=(form.ground.data or "") if now else "",
            original=form.how.data == "original",
        )
    except InvalidQuery as error:
        flash(show.wrong(error), "error")
        return _page(form), 400
    except NotFound:
        flash(_("There is no such call, recording or number."), "error")
        return _page(form), 404
    if certificate.erasure.scope is ErasureScope.NUMBER:
        forget_number(form.what.data or "")
    return redirect(url_for("panel.erasure", key=certificate.id))


@panel.get("/erasures/<key>")
@needs(Permission.SEE_ERASURES)
def erasure(key: str) -> ResponseReturnValue:
    """Show a certificate, as it is now."""
    return _certificate(key, RefuseErasure(formdata=None))


@panel.get("/erasures/<key>/certificate.pdf")
@needs(Permission.SEE_ERASURES)
def erasure_pdf(key: str) -> ResponseReturnValue:
    """Return a certificate as a PDF, in the language of the page."""
    language = str(get_locale() or "en")[:2]
    content = archive().custody.certificates.pdf(key, language=language, by=actor())
    disposition = f'attachment; filename="{key}.pdf"'
    return Response(
        content, mimetype="application/pdf", headers={"Content-Disposition": disposition}
    )


@panel.post("/erasures/<key>/approved")
@needs(Permission.ERASE)
def approve_erasure(key: str) -> ResponseReturnValue:
    """Approve what a colleague wants destroyed at once."""
    certificate = archive().custody.certificates.get(key, by=actor())
    if not certificate.approval:
        flash(_("It does not wait any more."), "error")
        return _certificate(key, RefuseErasure(formdata=None)), 409
    if not may_approve(certificate.approval):
        flash(NOT_ANOTHER, "error")
        return _certificate(key, RefuseErasure(formdata=None)), 409
    try:
        archive().custody.approvals.approve(certificate.approval, by=actor())
    except CustodyRefused:
        flash(_("You asked for it yourself: it takes a second person."), "error")
        return _certificate(key, RefuseErasure(formdata=None)), 409
    forget_erased()
    flash(_("It is being destroyed."), "done")
    return redirect(url_for("panel.erasure", key=key))


@panel.post("/erasures/<key>/refused")
@needs(Permission.ERASE)
def refuse_erasure(key: str) -> ResponseReturnValue:
    """Refuse what a colleague wants destroyed at once, or take back one's own."""
    form = RefuseErasure()
    if not form.validate():
        return _certificate(key, form), 400
    certificate = archive().custody.certificates.get(key, by=actor())
    if not certificate.approval:
        flash(_("It does not wait any more."), "error")
        return _certificate(key, form), 409
    archive().custody.approvals.refuse(certificate.approval, reason=form.why.data or "", by=actor())
    flash(_("It is refused: nothing was erased."), "done")
    return redirect(url_for("panel.erasure", key=key))


def _page(form: Erase) -> str:
    after = request.args.get("after")
    listed = archive().custody.certificates.list(after=after, limit=ON_A_PAGE, by=actor())
    more = listed[-1].id if len(listed) == ON_A_PAGE else None
    if archive().settings.card_numbers is CardNumbers.OFF and form.how.data != "original":
        form.how.choices = [each for each in form.how.choices if each.value != "original"]
    return render_template("erasures.html", form=form, erasures=listed, more=more)


def _certificate(key: str, refusing: RefuseErasure) -> str:
    certificate = archive().custody.certificates.get(key, by=actor())
    groups = [
        (outcome, [line for line in certificate.lines if line.outcome is outcome])
        for outcome in IN_ORDER
    ]
    return render_template(
        "erasure.html",
        certificate=certificate,
        erasure=certificate.erasure,
        groups=[group for group in groups if group[1]],
        refusing=refusing,
    )
