"""The audit log: who did what."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import searches
from callpanel.auth import needs
from callpanel.config import archive
from callpanel.forms import AuditFilter, filled
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import InvalidQuery

ON_A_PAGE = 50
AUDIT = "audit"


@panel.get("/audit")
@needs(Permission.AUDIT)
def audit() -> ResponseReturnValue:
    """Show entries of the log, newest first."""
    asked = searches.asked(AUDIT)
    form = AuditFilter(formdata=None, data=asked)
    after = request.args.get("after", type=int)
    if after is not None and not 0 < after < 2**63:
        after = None
    try:
        entries = archive().audit.log(**asked, limit=ON_A_PAGE + 1, after=after)
    except InvalidQuery as error:
        return render_template("audit.html", form=form, asked=asked, entries=[], error=error)
    more = entries[ON_A_PAGE - 1].seq if len(entries) > ON_A_PAGE else None
    shown = entries[:ON_A_PAGE]
    return render_template("audit.html", form=form, asked=asked, entries=shown, more=more)


@panel.post("/audit")
@needs(Permission.AUDIT)
def filter_audit() -> ResponseReturnValue:
    """Keep what is asked for, and show what it finds."""
    form = AuditFilter()
    if not form.validate():
        return render_template("audit.html", form=form, asked=filled(form), entries=[]), 400
    return redirect(url_for("panel.audit", q=searches.keep(AUDIT, filled(form))))


@panel.post("/audit/verify")
@needs(Permission.AUDIT)
def verify_audit() -> ResponseReturnValue:
    """Look at the whole chain, and whether it goes as far as the journal in the bucket says."""
    verdict = archive().audit.verify(archive().journal.audit_head())
    if verdict.whole:
        flash(_("The chain is whole, entries: %(count)s.", count=verdict.entries), "done")
    else:
        flash(
            _(
                "The chain is broken at entry %(entry)s: %(why)s",
                entry=verdict.broken_at,
                why=verdict.why,
            ),
            "error",
        )
    return redirect(url_for("panel.audit"))
