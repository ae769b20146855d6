"""The audit log: who did what; as a table and as a document too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import (
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from callpanel import searches
from callpanel.auth import actor, needs, record
from callpanel.config import archive
from callpanel.detail_words import details
from callpanel.forms import AuditFilter, filled
from callpanel.panel import show, turns
from callpanel.panel.blueprint import panel
from callpanel.panel.export import harmless
from callpanel.roles import Permission
from twirec import (
    AuditAct,
    BucketError,
    Document,
    Facts,
    Heading,
    InvalidQuery,
    JournalError,
    LetterToolsMissing,
    NotFound,
    Paragraph,
    pdf,
)

ON_A_PAGE = 50
AUDIT = "audit"

IN_ONE_GO = 1000
"""Acts that are read at once for a file."""

MOST_IN_PDF = 2000
"""Acts of a PDF: it is made as a whole. A table of CSV has all."""


@panel.get("/audit")
@needs(Permission.AUDIT)
def audit() -> ResponseReturnValue:
    """Show what was done, newest first."""
    asked = searches.asked(AUDIT)
    form = AuditFilter(formdata=None, data=asked)
    after = request.args.get("after", type=int)
    if after is not None and not 0 < after < 2**63:
        after = None
    try:
        acts = archive().audit.acts(**asked, limit=ON_A_PAGE + 1, after=after)
    except InvalidQuery as error:
        return _page(form, asked, error=error)
    more = acts[ON_A_PAGE - 1].entry.seq if len(acts) > ON_A_PAGE else None
    shown = acts[:ON_A_PAGE]
    return _page(form, asked, acts=shown, more=more)


def _page(form: AuditFilter, asked: dict[str, Any], **more: Any) -> str:
    known = archive().audit.anchors()
    more = {"acts": [], **more, "anchor": known[-1] if known else None}
    return render_template("audit.html", form=form, asked=asked, **more)


@panel.post("/audit")
@needs(Permission.AUDIT)
def filter_audit() -> ResponseReturnValue:
    """Keep what is asked for, and show what it finds."""
    form = AuditFilter()
    if not form.validate():
        return _page(form, filled(form)), 400
    return redirect(url_for("panel.audit", q=searches.keep(AUDIT, filled(form))))


@panel.get("/audit.csv")
@needs(Permission.AUDIT)
def audit_csv() -> ResponseReturnValue:
    """Return all that is asked for as a table, in the language of who asks."""
    asked = searches.asked(AUDIT)
    with turns.taking.turn() as while_sent:  # what is wrong is said before it begins
        first = archive().audit.acts(**asked, limit=IN_ONE_GO)
        record("export_audit", format="csv")
        lines = stream_with_context(_lines(asked, first))
        return while_sent(_file(lines, "text/csv; charset=utf-8", "csv"))


@panel.get("/audit.pdf")
@needs(Permission.AUDIT)
def audit_pdf() -> ResponseReturnValue:
    """Return the newest of what is asked for as a document, in the language of who asks."""
    asked = searches.asked(AUDIT)
    try:
        with turns.taking.turn():
            acts = archive().audit.acts(**asked, limit=MOST_IN_PDF)
            made = pdf(_document(acts), archive().now())
    except LetterToolsMissing:
        flash(_("PDFs are not installed here: take the table."), "error")
        return redirect(url_for("panel.audit", q=request.args.get("q")))
    record("export_audit", format="pdf")
    return _file(made, "application/pdf", "pdf")


@panel.post("/audit/verify")
@needs(Permission.AUDIT)
def verify_audit() -> ResponseReturnValue:
    """Look at the whole chain, and whether it goes as far as the journal in the bucket says."""
    verdict = archive().audit.verify()
    if verdict.whole:
        flash(_("The chain is whole, entries: %(count)s.", count=verdict.entries), "done")
        if any(claim.name == "anchors" and claim.level == "holds" for claim in verdict.claims):
            flash(_("It is what its anchors in the bucket say."), "done")
        else:
            level = "done" if verdict.compared else "error"
            flash(_("It was not compared with anchors: there are none, or no bucket."), level)
    elif not verdict.why or verdict.broken_at is None:
        flash(
            _("The log or its anchors in the bucket were changed: twirec audit --verify says how."),
            "error",
        )
    elif show.locale() == "en":
        flash(
            _(
                "The chain is broken at entry %(entry)s: %(why)s",
                entry=verdict.broken_at,
                why=verdict.why,
            ),
            "error",
        )
    else:
        flash(_("The chain is broken at entry %(entry)s.", entry=verdict.broken_at), "error")
    return redirect(url_for("panel.audit"))


@panel.get("/audit/<int:seq>/proof.json")
@needs(Permission.AUDIT)
def audit_proof(seq: int) -> ResponseReturnValue:
    """Give the proof of one entry, which others check without seeing the rest."""
    try:
        proof = archive().audit.prove(seq)
    except NotFound:
        abort(404)
    except InvalidQuery:
        why = _("That entry is not anchored yet: it is within a day.")
    except JournalError:
        why = _(
            "The log or its anchors in the bucket were changed: twirec audit --verify says how."
        )
    except BucketError:
        why = _("The bucket with the anchors does not answer. Try again in a while.")
    else:
        name = f"proof_{seq}.json"
        headers = {"Content-Disposition": f"attachment; filename={name}"}
        return Response(proof.text(name), content_type="application/json", headers=headers)
    flash(why, "error")
    return redirect(url_for("panel.audit"))


def _lines(asked: dict[str, Any], acts: list[AuditAct]) -> Iterator[str]:
    # A mark of UTF-8 and semicolons: what spreadsheets of this country open with a click.
    heads = (_("Entry"), _("When"), _("Until"), _("Who"), _("Role"), _("Action"), _("Outcome"))
    more = (_("Call or recording"), _("More"))
    yield "\ufeff" + _line([*heads, *more])
    while acts:
        yield from (_line(_cells(act)) for act in acts)
        if len(acts) < IN_ONE_GO:
            return
        acts = archive().audit.acts(**asked, limit=IN_ONE_GO, after=acts[-1].entry.seq)


def _cells(act: AuditAct) -> list[str]:
    entry, begun = act.entry, act.begun or act.entry
    zone = archive().settings.timezone
    times = [
        each.at.astimezone(zone).isoformat(sep=" ", timespec="seconds") for each in (begun, entry)
    ]
    return [
        str(entry.seq),
        *times,
        entry.by,
        show.word(entry.role, "ROLES") if entry.role else "",
        show.word(entry.action, "ACTIONS"),
        show.word(entry.outcome, "OUTCOMES_OF_ACTS"),
        entry.sid,
        "; ".join(f"{name}: {text}" for name, text in details(act)),
    ]


def _line(cells: list[str]) -> str:
    """Return a line of CSV in which no cell is a formula for who opens it."""
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerow(map(harmless, cells))
    return written.getvalue()


def _document(acts: list[AuditAct]) -> Document:
    title = str(_("Audit log"))
    newest = _("The newest %(count)s entries, of what was asked for.", count=len(acts))
    made = _("Made by %(who)s on %(time)s.", who=actor().name, time=show.moment(archive().now()))
    rows = [_facts(act) for act in acts]
    blocks = (Heading(title, 1), Paragraph(str(made)), Paragraph(str(newest)))
    return Document(
        title=title,
        language=show.locale(),
        author=archive().settings.company,
        blocks=[*blocks, *chain.from_iterable(rows)],
        page=str(_("page")),
    )


def _facts(act: AuditAct) -> tuple[Facts]:
    seq, begun, until, by, role, action, outcome, sid, more = _cells(act)
    when = begun if begun == until else f"{begun} \N{EN DASH} {until}"
    said = [f"{by} ({role})" if role else by, f"{action} ({outcome})", sid, more]
    return (Facts(((f"{seq}  {when}", "\n".join(filter(None, said))),)),)


def _file(body: Any, content_type: str, extension: str) -> Response:
    local = archive().now().astimezone(archive().settings.timezone)
    name = f"audit_{local:%Y-%m-%d_%H-%M-%S}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, content_type=content_type, headers=headers)
