"""The stand-in for Twilio as one object."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from twirec.sandbox.audio import RATE, Noise, wav
from twirec.sandbox.control import PREFIX, Control
from twirec.sandbox.courier import Courier
from twirec.sandbox.event_streams import EventStreams
from twirec.sandbox.exchange import Exchange
from twirec.sandbox.faults import Faults
from twirec.sandbox.limits import Limits
from twirec.sandbox.official_client import official_client
from twirec.sandbox.parties import Party
from twirec.sandbox.parts import HandSent, OtherAddresses
from twirec.sandbox.recorder import TOO_SHORT
from twirec.sandbox.recording import Encryption, Recording
from twirec.sandbox.rest import RestApi, authorize
from twirec.sandbox.server import Server
from twirec.sandbox.sids import new_sid
from twirec.sandbox.signing import Signer
from twirec.sandbox.state import (
    Account,
    Application,
    Call,
    Hazards,
    Number,
    RestRequest,
)
from twirec.sandbox.web import Answer, Refused, Request, not_found

BINS = "/twiml/"
"""Where TwiML Bins are; at Twilio on a host of their own, handler.twilio.com."""

ACCOUNT_SID = "AC" + "5a" * 16
AUTH_TOKEN = "5afe" * 8  # a made-up token, the same everywhere, that opens nothing
API_KEY = "SK" + "5a" * 16
API_SECRET = "5ec2e7" * 5  # likewise
SHARED_KEY = ("webhooks_sharedkey_" + "5a" * 13, "5a5ec2e7" * 4)  # likewise


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """Twilio on this machine: REST API, media, TwiML player, signed callbacks.

    Use it as a context manager, or call `start` and `close`. It plays the part of Twilio towards
    one account; nothing of it is kept on disk. While it runs as a server, calls can be placed
    over HTTP too: see `twirec.sandbox.control`.

    Attributes:
        addresses: SIP domains and WhatsApp senders.
        callbacks: requests to an app, sent by hand.
        event_streams: sinks that are told of recordings as well.

    Args:
        port: where it listens; 0 for a free port.
        host: the address of this machine on which it listens: `0.0.0.0` for all, as in a container.
        url: how others reach it, without a slash at the end; by default by `127.0.0.1`.
        speed: how many call seconds pass in a real second. Audio is never compressed.
        account_sid, auth_token: the account; requests are signed with the token.
        api_key, api_secret: another way into the REST API.
        shared_key: a key and its secret, which then sign requests instead of the token, as under
            a Webhook Rule, such as `SHARED_KEY`; None for the token.
        now: what the time is, UTC; stamps of resources are taken from it.
        encrypt: says of each new recording, by its SID, how it is served encrypted, if it is.
        strict: raise `Unsupported` for what the sandbox does not do: from `Call.wait`, and when
            the context ends. Without it, that is in `unsupported` and in the logs of calls.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        url: str = "",
        speed: float = 1.0,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        api_key: str = API_KEY,
        api_secret: str = API_SECRET,
        shared_key: tuple[str, str] | None = None,
        now: Callable[[], datetime] = _utc_now,
        encrypt: Callable[[str], Encryption | None] = lambda sid: None,
        strict: bool = False,
    ) -> None:
        self._account = Account(
            account_sid, auth_token, api_key, api_secret, encrypt=encrypt, limits=Limits(strict)
        )
        self._signer = Signer(auth_token, shared_key)
        self._courier = Courier(self._signer)
        self._exchange = Exchange(self._account, self._courier, speed, now)
        self._rest = RestApi(self._account, self._exchange)
        self._control = Control(self._account, self._exchange)
        self._server = Server(host, port, self._answer, self._exchange.closing)
        self.addresses = OtherAddresses(self._account, self._exchange)
        self.callbacks = HandSent(self._account, self._signer, self._courier)
        self.event_streams = EventStreams(
            self._account, self._courier, now, self._exchange.pause, self._exchange.closing
        )
        self._account.url = url.rstrip("/") or f"http://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None:
            self._account.limits.check()

    def start(self) -> None:
        """Start serving, in threads."""
        self._server.start()

    def close(self) -> None:
        """End all calls, wait for their callbacks, stop serving. May be called twice."""
        self._exchange.close()
        self.event_streams.join()
        self._server.close()

    @property
    def closing(self) -> threading.Event:
        """Set once it is closing: what to wait for where it serves until somebody ends it."""
        return self._exchange.closing

    def client(self, *, key: bool = False) -> Any:
        """Return a `twilio.rest.Client` of the official library, whose requests come here.

        Args:
            key: sign in with the API key instead of the auth token.

        Raises:
            ImportError: `twilio` is not installed.
        """
        user, password = (
            (self.api_key, self.api_secret)
            if key
            else (
                self.account_sid,
                self.auth_token,
            )
        )
        return official_client(self.url, user, password, self.account_sid)

    @property
    def url(self) -> str:
        """The address of the API, without a slash at the end, such as `http://127.0.0.1:8480`."""
        return self._account.url

    @property
    def account_sid(self) -> str:
        """The account's SID, `AC…`."""
        return self._account.sid

    @property
    def auth_token(self) -> str:
        """The account's auth token."""
        return self._account.token

    @property
    def api_key(self) -> str:
        """The SID of an API key, `SK…`."""
        return self._account.key

    @property
    def api_secret(self) -> str:
        """The API key's secret."""
        return self._account.secret

    @property
    def faults(self) -> Faults | None:
        """What goes wrong for the whole account; setting it starts its counts anew."""
        return self._account.faults

    @faults.setter
    def faults(self, faults: Faults | None) -> None:
        self._account.faults = faults

    @property
    def hazards(self) -> Hazards:
        """What is set up unfortunately at the account; nothing, unless it is changed."""
        return self._account.hazards

    @property
    def requests(self) -> list[RestRequest]:
        """The REST requests so far, media included."""
        return self._account.requests()

    @property
    def unsupported(self) -> list[str]:
        """What was asked of the sandbox that it does not do, over REST or in TwiML."""
        return self._account.limits.texts

    @property
    def calls(self) -> list[Call]:
        """All legs so far, in the order in which they came."""
        return self._account.calls()

    @property
    def recordings(self) -> list[Recording]:
        """All recordings so far, deleted ones too, in the order in which they came."""
        return self._account.recordings()

    def number(
        self,
        number: str,
        *,
        voice_url: str,
        fallback_url: str | None = None,
        status_callback: str | None = None,
        application: Application | None = None,
        trunk_sid: str | None = None,
        since: datetime | None = None,
    ) -> Number:
        """Give the account a number (E.164), or configure the one it has. URLs are absolute.

        Args:
            number, voice_url, fallback_url, status_callback, trunk_sid: as of `Number`.
            application: the TwiML application that serves it in the stead of its URLs.
            since: when it was configured, UTC; by default now.
        """
        bought = Number(
            number,
            voice_url,
            fallback_url,
            status_callback,
            application.sid if application else None,
            trunk_sid,
            created=since or self._exchange.now(),
        )
        self._account.numbers[number] = bought
        return bought

    def application(
        self,
        *,
        voice_url: str,
        fallback_url: str | None = None,
        status_callback: str | None = None,
    ) -> Application:
        """Add a TwiML application, which from now on serves the calls of the account's clients.

        It serves those of its SIP phones too, where no `domain` is called. URLs are absolute.
        """
        made = Application(voice_url, fallback_url, status_callback, created=self._exchange.now())
        self._account.applications[made.sid] = self._account.application = made
        return made

    def twiml_bin(self, document: str) -> str:
        """Keep TwiML as a TwiML Bin does, and return its URL, which answers GET and POST.

        https://www.twilio.com/docs/serverless/twiml-bins; its templates are not played, and nobody
        has to sign for it here.
        """
        sid = new_sid("EH")
        self._account.bins[sid] = document
        return f"{self.url}{BINS}{sid}"

    def party(self, address: str, party: Party) -> None:
        """Say who picks up when E.164, `client:…` or `sip:…` is called."""
        self._account.parties[address] = party

    def call(
        self,
        *,
        from_: str,
        to: str,
        caller: Party | None = None,
        callee: Party | None = None,
        faults: Faults | None = None,
        at: datetime | None = None,
        adds: Mapping[str, str] | None = None,
    ) -> Call:
        """Call the account, and play the call in a thread.

        Args:
            from_: E.164, what Twilio has for a withheld number, or `client:…` or `sip:…` for a
                phone of the account's own, whose call `application` serves.
            to: a number of the account; from its own phones whatever they dialled.
            caller: who calls; by default somebody who says nothing.
            callee: who picks up whatever is dialled; by default whoever is registered for that
                number with `party`, or else somebody who picks up after two seconds.
            faults: what goes wrong with this call and its recordings, instead of the account's.
            at: when the call is answered, UTC, for a call in the past.
            adds: what else Twilio says of it in each request, as carriers do of some calls:
                `ForwardedFrom`, `CallerName`, `StirVerstat`, `SipHeader_X-…`.

        Raises:
            ValueError: the account has no such number, or a line cannot be spoken.
        """
        return self._exchange.call_in(from_, to, caller or Party(), callee, faults, at, adds)

    def time_in(self, call_sid: str) -> datetime | None:
        """Return what time it is in a live call, UTC, by its own clock; None if there is none.

        That clock stands still while the app is asked for something. An app that goes by it in
        its requests measures how long a party listened exactly, however slow the machine is.
        """
        call = self._account.call(call_sid)
        return self._exchange.time_in(call) if call else None

    def add_recording(
        self,
        *,
        seconds: float = 10.0,
        size: int | None = None,
        call: Call | None = None,
        started_at: datetime | None = None,
        status: str = "completed",
        source: str = "DialVerb",
        channels: int = 2,
        dual: bool = True,
        faults: Faults | None = None,
    ) -> Recording:
        """Add a recording without playing a call. Its media is noise made while it is served.

        Args:
            seconds: how long it is.
            size: bytes of its WAV file in two channels, instead of `seconds`.
            call: the call that was recorded; by default one is made up that has ended.
            started_at: when it began, UTC; by default now.
            status: Twilio's word; only `completed` has media.
            source: Twilio's word for what started it.
            channels: how many channels were asked for.
            dual: whether two channels are kept.
            faults: what goes wrong with it, instead of the account's.
        """
        started = started_at or self._exchange.now()
        length = float(seconds) if size is None else (size - 44) // 4 / RATE
        recording = Recording(
            (call or self._ended_call(started, length)).sid,
            started=started,
            source=source,
            channels=channels,
            dual=dual,
            faults=faults,
        )
        recording.status = status
        if status == "completed":
            recording.audio = Noise(round(length * RATE), recording.sid)
        if status == "absent":
            recording.error_code = TOO_SHORT
        self._account.add(recording)
        return recording

    def forget_call(self, call_sid: str) -> None:
        """Forget a call that has ended, and the legs that it dialled; their recordings stay.

        Twilio does so after 13 months, or when somebody deletes the call
        (https://www.twilio.com/docs/voice/api/archived-calls).

        Raises:
            LookupError: there is no such call (any more).
        """
        self._account.forget_call(call_sid)

    def sha256(self, recording_sid: str) -> str:
        """Return the SHA-256, in hex, of a recording's WAV file in two channels, deleted or not.

        Raises:
            LookupError: there is no such recording, or it never had media.
        """
        recording = self._account.recording(recording_sid)
        if recording is None or recording.audio is None:
            raise LookupError(f"{recording_sid} never had media")
        digest = hashlib.sha256()
        for chunk in wav(recording.audio, 2):
            digest.update(chunk)
        return digest.hexdigest()

    def _ended_call(self, started: datetime, seconds: float) -> Call:
        call = Call("+34600111222", "+34911000111", "inbound", created=started)
        call.started = started
        call.end("completed", started, seconds)
        call.done.set()
        self._account.add(call)
        return call

    def _bin(self, request: Request) -> Answer:
        document = self._account.bins.get(request.path.removeprefix(BINS))
        if document is None or request.method not in {"GET", "POST"}:
            return not_found(request.path).xml()
        body = document.encode()
        return Answer(200, (body,), len(body), "text/xml; charset=utf-8")

    def _answer(self, request: Request) -> Answer:
        if request.path.startswith(BINS):
            return self._bin(request)
        if not request.path.startswith(PREFIX):
            answer = self._rest.answer(request)
            self._account.note(
                RestRequest(request.method, request.path, request.query, answer.status)
            )
            return answer
        try:
            authorize(self._account, request)
            return self._control.answer(request)
        except Refused as refused:
            return refused.json()
