"""Access requests: who asks what is kept of them, by when they are answered, and with what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import SelectChoice

from callpanel.auth import actor, may, needs
from callpanel.config import archive
from callpanel.forms import DecideCopies, Deliver, Extend, Identify, OpenRequest, RefuseRequest
from callpanel.language import chosen
from callpanel.panel import show, turns
from callpanel.panel.audio import streamed
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import AccessAnswer, AccessRequest, InvalidQuery, NotFound, TwirecError

ON_A_PAGE = 100


def init_app(app: Flask) -> None:
    """Give the templates what the bar says of requests."""
    app.context_processor(lambda: {"requests_overdue": _overdue})


def _overdue() -> int:
    """Return how many are overdue; 0 while the catalog is away, as every page asks for it."""
    try:
        return archive().custody.access_requests.overdue(by=actor())
    except TwirecError:
        return 0


@panel.get("/requests")
@needs(Permission.SEE_REQUESTS)
def requests() -> ResponseReturnValue:
    """List the requests: the open ones by the end of their terms, or all of them."""
    return _list(OpenRequest(formdata=None, language=chosen()))


@panel.post("/requests")
@needs(Permission.ANSWER_REQUESTS)
def open_request() -> ResponseReturnValue:
    """Write down that somebody asks what is kept of them."""
    form = OpenRequest()
    if not form.validate():
        return _list(form), 400
    try:
        opened = archive().custody.access_requests.open(
            form.number.data,
            name=form.name.data,
            since=form.since.data or None,
            until=form.until.data or None,
            received=form.received.data,
            language=form.language.data,
            by=actor(),
        )
    except InvalidQuery as error:
        flash(_wrong(error), "error")
        return _list(form), 400
    flash(_("Written down. Check who asks."), "done")
    return redirect(url_for("panel.access_request", key=opened.key))


def _list(form: OpenRequest) -> str:
    everything = "all" in request.args
    before = request.args.get("before") or None
    try:
        found = archive().custody.access_requests.list(
            only_open=not everything, before=before, limit=ON_A_PAGE, by=actor()
        )
    except InvalidQuery:
        raise NotFound("There is no such page.") from None
    return render_template(
        "requests.html",
        found=found,
        everything=everything,
        following=found[-1].key if everything and len(found) == ON_A_PAGE else None,
        today=_today(),
        form=form,
    )


@panel.get("/requests/<key>")
@needs(Permission.SEE_REQUESTS)
def access_request(key: str) -> ResponseReturnValue:
    """Show a request: its term, what was done, and what would be in the answer."""
    return _page(key)


@panel.post("/requests/<key>/identity")
@needs(Permission.ANSWER_REQUESTS)
def identify(key: str) -> ResponseReturnValue:
    """Write down how it was checked who asks."""
    form = Identify()
    return _done(
        key,
        form,
        lambda: archive().custody.access_requests.identify(
            key, how=form.how.data or "", by=actor()
        ),
    )


@panel.post("/requests/<key>/copies")
@needs(Permission.ANSWER_REQUESTS)
def decide_copies(key: str) -> ResponseReturnValue:
    """Decide how recordings are given."""
    form = DecideCopies()
    form.sid.choices = _choices(_answer(_known(key)))
    return _done(
        key,
        form,
        lambda: archive().custody.access_requests.decide(
            key,
            form.copies.data or "",
            sid=form.sid.data or None,
            why=form.why.data or "",
            by=actor(),
        ),
    )


@panel.post("/requests/<key>/term")
@needs(Permission.ANSWER_REQUESTS)
def extend_term(key: str) -> ResponseReturnValue:
    """Extend the term."""
    form = Extend()
    return _done(
        key,
        form,
        lambda: archive().custody.access_requests.extend(
            key, why=form.why.data or "", months=int(form.months.data), by=actor()
        ),
    )


@panel.post("/requests/<key>/refusal")
@needs(Permission.ANSWER_REQUESTS)
def refuse_request(key: str) -> ResponseReturnValue:
    """Write down that it is not answered."""
    form = RefuseRequest()
    return _done(
        key,
        form,
        lambda: archive().custody.access_requests.refuse(key, why=form.why.data or "", by=actor()),
    )


@panel.post("/requests/<key>/archive")
@needs(Permission.ANSWER_REQUESTS)
def pack_request(key: str) -> ResponseReturnValue:
    """Give the archive, which is made while it is sent."""
    known = _known(key)
    try:
        response, reading = streamed(
            turns.taking, lambda: archive().custody.access_requests.pack(known.key, by=actor())
        )
    except InvalidQuery as error:
        flash(_wrong(error), "error")
        return _page(key), 400
    response.headers.set("Content-Disposition", "attachment", filename=reading.file_name)
    return response


@panel.post("/requests/<key>/delivery")
@needs(Permission.ANSWER_REQUESTS)
def deliver_request(key: str) -> ResponseReturnValue:
    """Write down to whom the archive was delivered, and how."""
    form = Deliver()
    return _done(
        key,
        form,
        lambda: archive().custody.access_requests.deliver(
            key, to=form.to.data or "", how=form.how.data or "", by=actor()
        ),
    )


def _done(key: str, form: FlaskForm, take: Callable[[], AccessRequest]) -> ResponseReturnValue:
    """Take a step, and lead back to the page; what is wrong is said on it."""
    known = _known(key)
    if not form.validate():
        return _page(key, form), 400
    try:
        take()
    except InvalidQuery as error:
        flash(_wrong(error), "error")
        return _page(key, form), 400
    flash(_("Written down."), "done")
    return redirect(url_for("panel.access_request", key=known.key))


def _known(key: str) -> AccessRequest:
    try:
        return archive().custody.access_requests.get(key, by=actor())
    except InvalidQuery:
        raise NotFound(f"There is no access request {key}.") from None


def _answer(known: AccessRequest) -> AccessAnswer | None:
    """Return what would be in the answer, for those who give it, while it is not refused."""
    if not may(Permission.ANSWER_REQUESTS) or known.refused_at is not None:
        return None
    return archive().custody.access_requests.answer(known.key, by=actor())


def _choices(answer: AccessAnswer | None) -> list[SelectChoice]:
    found = [SelectChoice("", _("all of which nothing else was decided"))]
    for call in answer.calls if answer else ():
        at = show.moment(call.record.call.started_at)
        found.append(SelectChoice(call.record.call.call_sid, _("the call of %(at)s", at=at)))
        found += [
            SelectChoice(
                each.recording.sid,
                _("the recording …%(sid)s of %(at)s", sid=each.recording.sid[-6:], at=at),
            )
            for each in call.recordings
        ]
    return found


def _page(key: str, wrong: FlaskForm | None = None) -> str:
    """Return the page of a request, with the form that was refused as it was filled in."""
    known = _known(key)
    answer = _answer(known)
    forms: dict[str, Any] = {
        "identify": Identify(formdata=None),
        "copies": DecideCopies(formdata=None),
        "extend": Extend(formdata=None),
        "refuse": RefuseRequest(formdata=None),
        "deliver": Deliver(formdata=None, to=known.name),
    }
    forms = {name: wrong if type(wrong) is type(form) else form for name, form in forms.items()}
    forms["copies"].sid.choices = _choices(answer)
    return render_template(
        "request.html",
        known=known,
        answer=answer,
        steps=archive().custody.access_requests.steps(known.key, by=actor()),
        today=_today(),
        **forms,
    )


def _today() -> Any:
    return archive().now().astimezone(archive().settings.timezone).date()


def _wrong(error: InvalidQuery) -> str:
    if str(error).startswith("number:"):
        said = _("Give the whole number of a person: who hides theirs cannot be found by it.")
        return str(said)
    return show.wrong(error)
