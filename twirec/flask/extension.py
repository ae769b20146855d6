"""The extension: what a user of the library puts into an app."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import ParamSpec
from weakref import WeakSet

from flask import Blueprint, Flask, Response
from flask.typing import ResponseReturnValue

from twirec.archive import Archive
from twirec.calls.twiml import BuildDial
from twirec.flask import checks
from twirec.flask.desktop import desktop
from twirec.flask.routes import ROUTES, audio, twiml, whose
from twirec.flask.state import ExtensionState, MayPause, extension_state, fields
from twirec.model.records import VOICEMAIL

P = ParamSpec("P")


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
            archive, self._build_dial, self._may_pause, type(self)
        )
        routes = self._routes()
        app.register_blueprint(routes, url_prefix="/twirec")
        if "csrf" in app.extensions:
            app.extensions["csrf"].exempt(routes)
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

    def answer(self, dial: str | Sequence[str] = (), *, fallback: bool = False) -> Response:
        """Answer a call that comes in; to be returned from a `signed` view.

        Args:
            dial: whom to connect, or up to ten that ring together: a number, `client:NAME` or
                `sip:ADDRESS`; or `queue:NAME`, where an agent takes the caller (`take`), or
                `conference:NAME`, where agents join them (`join`). Not needed with `build_dial`.
            fallback: whether the view is that of a fallback URL, with a path of its own: the call
                is then connected at once, unrecorded, as another of the app's URLs failed. What a
                request says of itself never makes it one.

        Raises:
            RuntimeError: the view is not `signed`, or nobody says whom to connect.
            InvalidQuery: Twilio could not connect these.
        """
        form, app = fields("answer"), extension_state()
        if not dial and app.build_dial is None:
            raise RuntimeError("Give answer() a number to dial, or Twirec() a build_dial.")
        targets = (dial,) if isinstance(dial, str) else tuple(dial)
        answer = app.archive.webhooks.inbound.answer
        return twiml(answer(form, dial=targets, build_dial=app.build_dial, fallback=fallback))

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

    def _routes(self) -> Blueprint:
        routes = Blueprint("twirec", __name__)
        for rule, view in ROUTES.items():
            name = rule.split("/")[1]
            routes.add_url_rule(rule, name, checks.signed(view), methods=["POST"])
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
