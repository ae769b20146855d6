"""Cases: opened in three taps while a customer is on the line, and followed until they are told."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from flask import (
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    session,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from callpanel.auth import actor, may, needs, record, user
from callpanel.config import archive
from callpanel.forms import (
    AddCall,
    AnswerConsent,
    CaseYear,
    CloseCase,
    CompleteCase,
    DescribeCase,
    FindCase,
    IncompleteCase,
    MailReceipt,
    NoteOnCase,
    OpenCase,
)
from callpanel.panel import show, turns
from callpanel.panel.blueprint import panel
from callpanel.panel.desk import is_own
from callpanel.roles import Permission, Role
from twirec import (
    AuditOutcome,
    Case,
    CaseKind,
    CaseOpened,
    CaseRecord,
    EvidenceToolsMissing,
    InvalidQuery,
    LetterToolsMissing,
    NotFound,
    SealUnusable,
    TimeStampUnavailable,
)

ON_A_PAGE = 50

YEARS = 7
"""Of the present one and those before, as many can be taken out."""

STATEMENT = "statement"

NOT_SEALED = (SealUnusable, EvidenceToolsMissing, LetterToolsMissing, TimeStampUnavailable)
"""Why there is no statement."""

SAID = "case_said"
"""Where a session keeps what is to be said now to the customer of a case, by its key."""


@panel.get("/cases")
@needs(Permission.SEE_CASES)
def cases() -> ResponseReturnValue:
    """List the open cases, those that are overdue first; or all of them, newest first."""
    return _list(FindCase(formdata=None))


@panel.post("/cases")
@needs(Permission.SEE_CASES)
def find_case() -> ResponseReturnValue:
    """Find the case of a key, or those of a number or a call."""
    form = FindCase()
    if not form.validate():
        return _list(form), 400
    return _found(form)


def find_case_of(key: str) -> ResponseReturnValue:
    """Lead to the case of a key, or say on the list that there is none."""
    return _found(FindCase(formdata=None, what=key))


def _found(form: FindCase) -> ResponseReturnValue:
    try:
        found = archive().cases.find(form.what.data or "", by=actor())
    except InvalidQuery as error:
        flash(_wrong(error), "error")
        return _list(form), 400
    if len(found) == 1:
        return redirect(url_for("panel.case", key=found[0].key))
    return _list(form, found)


@panel.post("/cases/years")
@needs(Permission.EXPORT_CASES)
def case_year() -> ResponseReturnValue:
    """Give what an audit asks of a year: tables as they are read, or the statement as a PDF."""
    form = _year(CaseYear())
    if not form.validate():
        return _list(FindCase(formdata=None)), 400
    year, what = int(form.year.data), form.what.data
    is_pdf = what == STATEMENT
    with turns.taking.turn() as while_sent:
        try:
            parts = _of_year(year, what)
            first = next(parts)  # what fails here is an error page
        except NOT_SEALED:
            flash(
                _("There is no seal, or it cannot be used: the doctor says what is missing."),
                "error",
            )
            return _list(FindCase(formdata=None)), 409
        response = Response(
            stream_with_context(chain((first,), parts)),
            content_type="application/pdf" if is_pdf else "text/csv; charset=utf-8",
        )
        name = f"{what}-{year}.{'pdf' if is_pdf else 'csv'}"
        response.headers.set("Content-Disposition", "attachment", filename=name)
        return while_sent(response)


def _of_year(year: int, what: str) -> Iterator[bytes]:
    years = archive().cases.years
    if what == STATEMENT:
        return iter((years.statement(year, by=actor()),))
    return years.waits(year, by=actor()) if what == "waits" else years.cases(year, by=actor())


def _year(form: CaseYear) -> CaseYear:
    """Offer the year that goes on, and those before: what is about them is kept for five years."""
    this = archive().now().astimezone(archive().settings.timezone).year
    form.year.choices = [str(this - ago) for ago in range(YEARS)]
    return form


def _list(form: FindCase, found: Sequence[Case] | None = None) -> str:
    everything = "all" in request.args
    kind = request.args.get("kind") or None
    following = None
    if found is None:
        try:
            found = archive().cases.list(
                only_open=not everything,
                kind=kind,
                after=request.args.get("after") or None,
                limit=ON_A_PAGE,
                by=actor(),
            )
        except InvalidQuery:
            raise NotFound("There is no such page.") from None
        following = found[-1].key if len(found) == ON_A_PAGE else None
    overdue, nearly = archive().cases.counts(by=actor())
    return render_template(
        "cases.html",
        form=form,
        found=found,
        everything=everything,
        kind=kind,
        kinds=list(CaseKind),
        following=following,
        overdue=overdue,
        nearly=nearly,
        year=_year(CaseYear(formdata=None)) if may(Permission.EXPORT_CASES) else None,
        undelivered=archive().cases.receipts.undelivered(by=actor()),
        now=archive().now(),
    )


@panel.get("/calls/<sid>/cases")
@needs(Permission.WORK_CASES)
def new_case(sid: str) -> ResponseReturnValue:
    """Ask what a customer calls about."""
    return _ask_kind(_call_sid(sid), AddCall(formdata=None))


@panel.post("/calls/<sid>/cases")
@needs(Permission.WORK_CASES)
def open_case(sid: str) -> ResponseReturnValue:
    """Open a case about a call."""
    known, form = _call_sid(sid), OpenCase()
    if not form.validate():
        return _ask_kind(known, AddCall(formdata=None)), 400
    return _say(archive().cases.open(known, form.kind.data, by=actor()))


@panel.post("/calls/<sid>/cases/added")
@needs(Permission.WORK_CASES)
def add_call_to_case(sid: str) -> ResponseReturnValue:
    """Write down that a call belongs to the case whose key the customer says."""
    known, form = _call_sid(sid), AddCall()
    if not form.validate():
        return _ask_kind(known, form), 400
    try:
        added = archive().cases.add_call(
            form.key.data or "", known, part=form.part.data, by=actor()
        )
    except (InvalidQuery, NotFound) as error:
        form.key.errors = [
            _wrong(error) if isinstance(error, InvalidQuery) else _("There is no such case.")
        ]
        return _ask_kind(known, form), 400
    return _say(added)


def _ask_kind(sid: str, form: AddCall) -> str:
    return render_template("case_new.html", sid=sid, kinds=list(CaseKind), form=form)


def _call_sid(sid: str) -> str:
    """Return the SID of a call of which somebody may open a case: agents of their own alone."""
    known = None
    with suppress(NotFound, InvalidQuery):
        known = archive().calls.get(sid, by=actor(), repeated=True)
    own = user().role != Role.AGENT or (known is not None and is_own(known))
    if known is None or known.call.call_sid != sid or not own:
        record("refused", outcome=AuditOutcome.DENIED, sid=sid, asked="case")
        abort(404)
    return known.call.call_sid


def _say(done: CaseOpened) -> ResponseReturnValue:
    """Lead to the page that has the key in large letters, and what to say now."""
    session[SAID] = {"key": done.case.key, "say": list(done.say), "why": done.why}
    return redirect(url_for("panel.ask_consent", key=done.case.key))


@panel.get("/cases/<key>/call")
@needs(Permission.WORK_CASES)
def ask_consent(key: str) -> ResponseReturnValue:
    """Show the key to be told, what to say, and the two answers."""
    known = _known(key)
    said = session.get(SAID) or {}
    return render_template(
        "case_call.html",
        known=known.case,
        call=known.calls[-1],
        said=said if said.get("key") == known.case.key else {},
        shut=_is_shut(known),
        describe=DescribeCase(formdata=None, content=known.case.content),
    )


@panel.post("/cases/<key>/consent")
@needs(Permission.WORK_CASES)
def answer_consent(key: str) -> ResponseReturnValue:
    """Write down whether the customer consents, which begins recording or does not."""
    known, form = _known(key), AnswerConsent()
    if not form.validate():
        abort(400)
    try:
        return _say(archive().cases.consent(known.case.key, form.answer.data, by=actor()))
    except InvalidQuery as error:
        flash(_wrong(error), "error")
        return redirect(url_for("panel.case", key=known.case.key))


@panel.get("/cases/<key>")
@needs(Permission.SEE_CASES)
def case(key: str) -> ResponseReturnValue:
    """Show a case: its times, its calls with their recordings, and what was done."""
    return _page(_known(key))


@panel.post("/cases/<key>/content")
@needs(Permission.WORK_CASES)
def describe_case(key: str) -> ResponseReturnValue:
    """Write what a case is about."""
    form = DescribeCase()
    return _done(
        key, form, lambda its: archive().cases.describe(its, form.content.data or "", by=actor())
    )


@panel.post("/cases/<key>/notes")
@needs(Permission.WORK_CASES)
def note_on_case(key: str) -> ResponseReturnValue:
    """Write down what was done for a case."""
    form = NoteOnCase()
    return _done(key, form, lambda its: archive().cases.note(its, form.note.data or "", by=actor()))


@panel.post("/cases/<key>/incomplete")
@needs(Permission.WORK_CASES)
def case_incomplete(key: str) -> ResponseReturnValue:
    """Write down what the customer was asked for: the term stands still."""
    form = IncompleteCase()
    return _done(
        key,
        form,
        lambda its: archive().cases.incomplete(
            its, form.missing.data or "", how=form.asked_how.data or "", by=actor()
        ),
    )


@panel.post("/cases/<key>/complete")
@needs(Permission.WORK_CASES)
def case_complete(key: str) -> ResponseReturnValue:
    """Write down that what was missing came: the term begins."""
    form = CompleteCase()
    return _done(
        key, form, lambda its: archive().cases.complete(its, form.came.data or "", by=actor())
    )


@panel.post("/cases/<key>/receipt")
@needs(Permission.WORK_CASES)
def case_receipt(key: str) -> ResponseReturnValue:
    """Give the receipt of a case as a PDF; the code of its link comes on the page of the case."""
    known = _known(key)
    if _is_shut(known):
        abort(404)
    made = archive().cases.receipts.make(known.case.key, by=actor())
    if made.code:
        flash(_tell_code(made.code), "warn")
    return send_file(
        io.BytesIO(made.pdf),
        mimetype="application/pdf",
        as_attachment=True,
        download_name=made.file_name,
    )


@panel.post("/cases/<key>/mail")
@needs(Permission.WORK_CASES)
def mail_receipt(key: str) -> ResponseReturnValue:
    """Send the receipt of a case by e-mail."""
    known, form = _known(key), MailReceipt()
    if _is_shut(known):
        abort(404)
    if not form.validate():
        return _page(known, form), 400
    try:
        code = archive().cases.receipts.send(known.case.key, to=form.to.data or "", by=actor())
    except InvalidQuery as error:
        flash(_wrong(error), "error")
        return _page(known, form), 400
    flash(_("The receipt will be sent: this page says when it was."), "done")
    if code:
        flash(_tell_code(code), "warn")
    return redirect(url_for("panel.case", key=known.case.key))


def _tell_code(code: str) -> str:
    return str(_("The link of the receipt opens with the code %(code)s: tell it now.", code=code))


@panel.post("/cases/<key>/closed")
@needs(Permission.CLOSE_CASES)
def close_case(key: str) -> ResponseReturnValue:
    """Close a case: the customer was told of the resolution."""
    form = CloseCase()
    return _done(
        key,
        form,
        lambda its: archive().cases.close(
            its,
            notified_at=form.notified_at.data or "",
            how=form.how.data or "",
            resolution=form.resolution.data or "",
            by=actor(),
        ),
    )


def _done(key: str, form: FlaskForm, take: Callable[[str], Case]) -> ResponseReturnValue:
    """Take a step, and lead back to the page; what is wrong is said on it."""
    known = _known(key)
    if not form.validate():
        return _page(known, form), 400
    try:
        take(known.case.key)
    except InvalidQuery as error:
        flash(_wrong(error), "error")
        return _page(known, form), 400
    flash(_("Written down."), "done")
    return redirect(url_for("panel.case", key=known.case.key))


def _known(key: str) -> CaseRecord:
    try:
        return archive().cases.get(key, by=actor())
    except InvalidQuery:
        raise NotFound(f"There is no case {key}.") from None


def _is_shut(known: CaseRecord) -> bool:
    """Whether a line of it is kept for authorities only, as the archive's gate says."""
    return known.case.number == "blocked"


def _page(known: CaseRecord, wrong: FlaskForm | None = None) -> str:
    """Return the page of a case, with the form that was refused as it was filled in."""
    forms: dict[str, Any] = {
        "describe": DescribeCase(formdata=None, content=known.case.content),
        "note": NoteOnCase(formdata=None),
        "incomplete": IncompleteCase(formdata=None),
        "complete": CompleteCase(formdata=None),
        "mail": MailReceipt(formdata=None),
        "close": CloseCase(formdata=None),
    }
    forms = {name: wrong if type(wrong) is type(form) else form for name, form in forms.items()}
    return render_template(
        "case.html",
        known=known.case,
        calls=list(zip(known.calls, known.records, strict=True)),
        steps=known.steps,
        waiting_mails=known.mails,
        shut=_is_shut(known),
        works=may(Permission.WORK_CASES) and known.case.closed_at is None,
        mails=archive().settings.smtp is not None,
        now=archive().now(),
        **forms,
    )


def _wrong(error: InvalidQuery) -> str:
    if str(error).startswith("case_key:"):
        return str(_("That is no key, or the case is closed: have it said again."))
    return show.wrong(error)
