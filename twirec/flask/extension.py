"""The extension: what a user of the library puts into an app, and its routes for Twilio."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import ParamSpec
from weakref import WeakKeyDictionary, WeakSet

from flask import Blueprint, Flask, Response, copy_current_request_context, request
from flask.typing import ResponseReturnValue

from twirec.archive import Archive
from twirec.calls import event_stream
from twirec.calls.otherwise import steps_of
from twirec.calls.twiml import BuildDial
from twirec.flask import checks
from twirec.flask.checks import (
    LONGEST_ANSWER,
    ExtensionState,
    MayPause,
    checked_request,
    extension_state,
    fields,
)
from twirec.flask.desktop import desktop
from twirec.flask.disclosed import disclosed
from twirec.flask.jobs import jobs
from twirec.model.audio import WAV_TYPE
from twirec.model.dial_steps import DialStep, Unanswered, WhenUnanswered
from twirec.model.errors import CatalogError, NotFound
from twirec.model.hints import QueueKind
from twirec.model.inspection import CATALOG_HEADER, UNAVAILABLE
from twirec.model.records import VOICEMAIL
from twirec.model.steady import spend_at_most

log = logging.getLogger("twirec.flask")

MOST_FOR_ANYBODY = 1.0
"""Seconds that the catalog may take to answer who is not proven to be Twilio."""

_KNOWN: WeakKeyDictionary[Archive, str] = WeakKeyDictionary()
"""Which catalog each archive has; it stays the same."""


def twiml(body: str, *, whisper: bool = False) -> Response:
    """Return a document for Twilio, and see when it left.

    Args:
        body: the document.
        whisper: whether it is for a leg that was dialled.
    """
    form, app = checked_request("twiml")
    webhooks = app.archive.webhooks
    made = webhooks.context.moment()
    response = Response(body, mimetype="text/xml")

    def leave() -> None:
        with spend_at_most(LONGEST_ANSWER):
            webhooks.announcing.left(form, made, whisper=whisper)

    # in the request's context: what the archive's clock says may depend on the request
    response.call_on_close(copy_current_request_context(leave))
    return response


def _connect(plan: str = "") -> Response:
    form, app = checked_request("connect")
    return twiml(app.archive.webhooks.inbound.connect(form, plan, build_dial=app.build_dial))


def _consent(asked: int, plan: str = "") -> Response:
    form, app = checked_request("consent")
    consent = app.archive.webhooks.inbound.consent
    return twiml(consent(form, asked, plan, build_dial=app.build_dial))


def _outbound(targets: str) -> Response:
    form, app = checked_request("outbound")
    return twiml(app.archive.webhooks.inbound.outbound(form, targets, build_dial=app.build_dial))


def _fallback(targets: str) -> Response:
    form, app = checked_request("fallback")
    outbound = app.archive.webhooks.inbound.outbound
    return twiml(outbound(form, targets, build_dial=app.build_dial, fallback=True))


def _agent(targets: str) -> Response:
    form, app = checked_request("agent")
    return twiml(app.archive.webhooks.outbound.agent_answered(form, targets))


def _agent_fallback(targets: str) -> Response:
    form, app = checked_request("agent_fallback")
    return twiml(app.archive.webhooks.outbound.agent_answered(form, targets, fallback=True))


def _announce() -> Response:
    form, app = checked_request("announce")
    return twiml(app.archive.webhooks.outbound.announce(form), whisper=True)


def _announced(call_sid: str, asked: int) -> Response:
    form, app = checked_request("announced")
    return twiml(app.archive.webhooks.outbound.announced(form, call_sid, asked), whisper=True)


def _dequeued() -> Response:
    form, app = checked_request("dequeued")
    return twiml(app.archive.webhooks.agents.dequeued(form))


def _conference() -> Response:
    form, app = checked_request("conference")
    app.archive.webhooks.agents.conference(form)
    return Response(status=204)


def _ended(plan: str = "") -> Response:
    form, app = checked_request("ended")
    webhooks = app.archive.webhooks
    if not plan:
        return twiml(webhooks.status.ended(form))
    functions = {name: _saying(function) for name, function in app.unanswered.items()}
    return twiml(webhooks.after_dial.ended(form, plan, functions))


def _saying(function: WhenUnanswered) -> WhenUnanswered:
    """Return a function of the app's, of whose responses the text is taken."""

    def said(unanswered: Unanswered) -> object:
        answer = function(unanswered)
        return answer.get_data(as_text=True) if isinstance(answer, Response) else answer

    return said


def _status() -> Response:
    form, app = checked_request("status")
    app.archive.webhooks.status.receive(form)
    return Response(status=204)


def _streams() -> Response:
    """Take a batch of Twilio's Event Streams. Any 4xx but 429 makes Twilio drop it."""
    form, app = checked_request("streams")
    batch = event_stream.read_batch(request.content_type or "", request.get_data())
    app.archive.webhooks.status.receive_batch(batch, form["AccountSid"])
    return Response(status=204)


def _ping() -> Response:
    """Say that a request arrived and was believed. It changes nothing: see `twirec doctor`.

    Whether the catalog answers or not, 204 is the answer; the header says which catalog it is.
    """
    return Response(status=204, headers={CATALOG_HEADER: _catalog() or UNAVAILABLE})


def whose() -> Response:
    """Say to anybody which catalog this app works with, so that installations know each other.

    It is asked once: whoever asks often, and need not sign, takes no time from the phone.
    """
    archive = extension_state().archive
    found = _KNOWN.get(archive)
    if found is None:
        with spend_at_most(MOST_FOR_ANYBODY):
            found = _catalog()
        if found is not None:
            _KNOWN[archive] = found
    headers = {"Cache-Control": "no-store"}
    said = json.dumps({"catalog": found})
    status = 200 if found else 503
    return Response(said, status, headers, mimetype="application/json")


def _catalog() -> str | None:
    """Return the identity of the app's catalog; None if it does not answer."""
    try:
        return extension_state().archive.operations.identity()
    except CatalogError as error:
        log.warning("which catalog this is cannot be said: %s", error)
        return None


def audio(hash_: str) -> Response:
    """Return the company's own audio of an announcement; its name is its content's hash."""
    try:
        data = extension_state().archive.webhooks.announcing.audio(hash_)
    except NotFound:
        return Response(status=404)
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(data, mimetype=WAV_TYPE, headers=forever)


ROUTES: Mapping[str, Callable[..., Response]] = {
    "/connect": _connect,
    "/connect/<plan>": _connect,
    "/consent/<int:asked>": _consent,
    "/consent/<plan>/<int:asked>": _consent,
    "/outbound/<targets>": _outbound,
    "/fallback/<targets>": _fallback,
    "/agent/<targets>": _agent,
    "/agent_fallback/<targets>": _agent_fallback,
    "/announce": _announce,
    "/announced/<call_sid>/<int:asked>": _announced,
    "/dequeued": _dequeued,
    "/conference": _conference,
    "/ended": _ended,
    "/ended/<plan>": _ended,
    "/status": _status,
    "/ping": _ping,
}
"""The view of each route. All take POST, and only what is proven to be Twilio's."""


P = ParamSpec("P")

Target = str | DialStep | Sequence[str] | WhenUnanswered
Otherwise = Target | Sequence[Target]
"""What comes when nobody answers."""


class Twirec:
    """The Flask extension: checks that requests are Twilio's, and answers them.

    Args:
        app: the app; or call `init_app` later.
        archive: the archive.
        build_dial: a function that puts into `<Dial>` whom to connect, for more than the targets
            that `answer` takes: it is given the call and the `twilio.twiml.voice_response.Dial`.
        may_pause: a function that is given a call (`CallRecord`) and returns who is signed in, an
            `Actor` or a name, if they may pause what is recorded of it, or else None. With it, the
            app has the routes `/twirec/pause/SID` and `/twirec/resume/SID` for an agent's desktop.

    When the app protects its forms with Flask-WTF, make its `CSRFProtect` first; the routes of
    Twilio are then exempt from it, and those of the desktop are not.
    """

    def __init__(
        self,
        app: Flask | None = None,
        archive: Archive | None = None,
        *,
        build_dial: BuildDial | None = None,
        may_pause: MayPause | None = None,
    ) -> None:
        self._build_dial = build_dial
        self._may_pause = may_pause
        self._unanswered: dict[str, WhenUnanswered] = {}
        self._apps: WeakSet[Flask] = WeakSet()
        self._checked: WeakSet[Callable[..., object]] = WeakSet()
        if (app is None) is not (archive is None):
            raise TypeError("Give Twirec() the archive with the app, or neither.")
        if app is not None and archive is not None:
            self.init_app(app, archive)

    def init_app(self, app: Flask, archive: Archive) -> None:
        """Add the routes under `/twirec/` to an app.

        Raises:
            TypeError: one of these is something else.
            RuntimeError: the app has an extension of twirec already, or a view of it that was to
                be `signed` is served without.
        """
        if not isinstance(app, Flask):
            raise TypeError("Give Twirec the Flask app first; a blueprint needs nothing of it.")
        if not isinstance(archive, Archive):
            raise TypeError("Give Twirec an archive, such as Archive.from_env().")
        if "twirec" in app.extensions:
            raise RuntimeError(
                "This app has a Twirec already: make one, and use it in all of its views."
            )
        for view in self._checked:
            _check_served(view, app)
        self._apps.add(app)
        app.extensions["twirec"] = ExtensionState(
            archive, self._build_dial, self._may_pause, type(self), self._unanswered
        )
        routes = self._routes(event_streams=archive.settings.event_streams)
        app.register_blueprint(routes, url_prefix="/twirec")
        if "csrf" in app.extensions:
            app.extensions["csrf"].exempt(routes)
        recipients = disclosed(archive)
        app.register_blueprint(recipients, url_prefix="/twirec")
        if "csrf" in app.extensions:  # their link and code are the proof, and no cookie is
            app.extensions["csrf"].exempt(recipients)
        if archive.settings.queue is QueueKind.CLOUD_TASKS:
            google = jobs()
            app.register_blueprint(google, url_prefix="/twirec/jobs")
            if "csrf" in app.extensions:
                app.extensions["csrf"].exempt(google)
        if self._may_pause is not None:
            app.register_blueprint(desktop(), url_prefix="/twirec")

    def signed(self, view: checks.View[P] | None = None) -> Callable[P, ResponseReturnValue]:
        """Let only requests through that are proven to be Twilio's; answer others with 403.

        It stands below the line of the route, directly above the function; a coroutine function
        (`async def`) is one too.

        Raises:
            TypeError: it was not put on a function.
            RuntimeError: it stands above the route, which then serves the function without it.
        """
        if not isinstance(self, Twirec):  # Python gives the function as `self` then
            raise TypeError(
                "Put signed of the object on the view, not of the class: "
                "recordings = Twirec(app, archive), then @recordings.signed."
            )
        if not callable(view):
            raise TypeError("Write @recordings.signed without brackets, above a function.")
        for app in self._apps:
            _check_served(view, app)
        with suppress(TypeError):  # what cannot be referred to weakly is no function
            self._checked.add(view)
        return checks.signed(view)

    def unanswered(self, function: WhenUnanswered) -> WhenUnanswered:
        """Let a function say what comes when nobody answered: `answer(…, otherwise=function)`.

        It is given an `Unanswered`, and returns whom to connect, a `DialStep`, several of these in
        a list, TwiML (a text, a `VoiceResponse` or a Flask response), or None to let the call end.
        It is known by its name, as Twilio's next request may reach another process.

        Raises:
            RuntimeError: another function has that name.
        """
        name = function.__name__
        if self._unanswered.get(name, function) is not function:
            raise RuntimeError(f"There is another unanswered {name}() already: rename one.")
        self._unanswered[name] = function
        return function

    def answer(
        self,
        dial: str | Sequence[str] = (),
        *,
        caller_id: str = "",
        timeout: int | None = None,
        otherwise: Otherwise = (),
        fallback: bool = False,
    ) -> Response:
        """Answer a call that comes in; to be returned from a `signed` view.

        Args:
            dial: whom to connect, or up to ten that ring together: a number, `client:NAME` or
                `sip:ADDRESS`; or `queue:NAME`, where an agent takes the caller (`take`), or
                `conference:NAME`, where agents join them (`join`). Not needed with `build_dial`.
                A number may have an extension, `+34911222333,,4`: each comma waits two seconds.
            caller_id: the number of the company's that a phone sees which rings for it. By default
                it is the caller's own, or, where Twilio would not take that (a softphone, SIP,
                WhatsApp, a number that is withheld), the one that was called.
            timeout: seconds for which they ring, 1 to 600; without it Twilio's 30.
            otherwise: what comes when nobody answers, one after the other: what `dial` takes;
                `"voicemail"`, where the caller leaves a message, if they may be recorded; a
                `DialStep` with a timeout of its own, or for some ways only in which nobody
                answered; or a function that is `unanswered`. See docs/nobody-answers.md.
            fallback: whether the view is that of a fallback URL, with a path of its own: the call
                is then connected at once, unrecorded, as another of the app's URLs failed. What a
                request says of itself never makes it one.

        Raises:
            RuntimeError: the view is not `signed`, nobody says whom to connect, or a function is
                not `unanswered`.
            InvalidQuery: Twilio could not connect these, or `timeout` is none.
        """
        form, app = fields("answer"), extension_state()
        if not dial and app.build_dial is None:
            raise RuntimeError("Give answer() a number to dial, or Twirec() a build_dial.")
        targets = (dial,) if isinstance(dial, str) else tuple(dial)
        answer = app.archive.webhooks.inbound.answer
        return twiml(
            answer(
                form,
                dial=targets,
                build_dial=app.build_dial,
                caller_id=caller_id,
                fallback=fallback,
                timeout=timeout,
                otherwise=self._steps(otherwise),
            )
        )

    def _steps(self, otherwise: Otherwise) -> tuple[DialStep, ...]:
        """Return the steps, of functions their names.

        Raises:
            RuntimeError: one is not `unanswered`.
        """
        given = otherwise if isinstance(otherwise, list | tuple) else [otherwise]
        return steps_of([self._named(each) for each in given])

    def _named(self, step: object) -> object:
        if isinstance(step, DialStep) or not callable(step):
            return step
        name = getattr(step, "__name__", "")
        if self._unanswered.get(name) is not step:
            raise RuntimeError(
                f"Put @recordings.unanswered on {name or 'the function'}(): Twilio's next request "
                "may reach another process, which knows it by that."
            )
        return DialStep(function=name)

    def voicemail(self) -> Response:
        """Take a message of a call that comes in, told first; from a `signed` view.

        Who does not allow it to be recorded cannot leave one, nor can anybody while recording is
        off: they hear so.

        Raises:
            RuntimeError: the view is not `signed`.
        """
        form = fields("voicemail")
        return twiml(extension_state().archive.webhooks.inbound.answer(form, dial=(VOICEMAIL,)))

    def dial_out(
        self,
        to: str,
        *,
        own_number: str,
        own_numbers: Collection[str] = (),
        allow: Callable[[str], bool] | None = None,
        fallback: bool = False,
    ) -> Response:
        """Dial for an agent who calls from a softphone or SIP phone; from a `signed` view.

        Only who is in the register of agents may dial, and only where the settings allow; others
        hear that they cannot, and the call has a line. A short number for help is dialled at once.

        Args:
            to: the customer's number, as the agent dialled it.
            own_number: the company's number that the customer sees, E.164.
            own_numbers: the others of the company's, E.164, which nobody dials either; those that
                the ledger has calls of need not be among them.
            allow: a function that is given an agent, such as `client:ana`, who is not in the
                register, and says whether they may dial all the same.
            fallback: whether the view is that of a fallback URL, as of `answer`.

        Raises:
            RuntimeError: the view is not `signed`.
        """
        form = fields("dial_out")
        outbound = extension_state().archive.webhooks.outbound
        return twiml(
            outbound.dial_out(
                form,
                to=to,
                own_number=own_number,
                own_numbers=own_numbers,
                allow=allow,
                fallback=fallback,
            )
        )

    def take(self, queue: str) -> Response:
        """Connect an agent, whose call this is, with who waits longest in a queue.

        From a `signed` view. It is recorded if who waits allowed it.

        Args:
            queue: its name.

        Raises:
            RuntimeError: the view is not `signed`.
        """
        form = fields("take")
        return twiml(extension_state().archive.webhooks.agents.take(form, queue))

    def join(self, room: str) -> Response:
        """Let an agent, whose call this is, into a conference; from a `signed` view.

        What is recorded is the caller's leg, from their coming to their leaving, whoever of the
        agents comes and goes.

        Args:
            room: the conference's name.

        Raises:
            RuntimeError: the view is not `signed`.
        """
        form = fields("join")
        return twiml(extension_state().archive.webhooks.agents.join(form, room))

    def _routes(self, *, event_streams: bool) -> Blueprint:
        routes = Blueprint("twirec", __name__)
        views = {view: checks.signed(view) for view in ROUTES.values()}
        for rule, view in ROUTES.items():
            routes.add_url_rule(rule, rule.split("/")[1], views[view], methods=["POST"])
        if event_streams:
            taken = checks.signed(_streams, most_bytes=event_stream.MOST_BYTES, is_of_stream=True)
            routes.add_url_rule("/streams", "streams", taken, methods=["POST"])
        # What every caller hears is no secret, and Twilio may fetch it without signing.
        routes.add_url_rule("/audio/<hash_>.wav", "audio", audio)
        # Which catalog it is, is no secret, and other installations know it by that.
        routes.add_url_rule("/ping", "whose", whose, methods=["GET"])
        return routes


def _check_served(view: Callable[..., object], app: Flask) -> None:
    """Refuse a view that an app serves as it is, though it was to be checked."""
    if any(served is view for served in app.view_functions.values()):
        raise RuntimeError(
            "Put @recordings.signed below the line of the route, directly above "
            f"{getattr(view, '__name__', view)}(): as it stands, whoever asks reaches it unchecked."
        )
