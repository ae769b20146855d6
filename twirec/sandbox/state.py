"""What the stand-in's one account holds, in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from twirec.sandbox.courier import Cookies
from twirec.sandbox.faults import FaultPlan, Faults, OwnFaults
from twirec.sandbox.limits import Limits
from twirec.sandbox.parties import Line, Party, check_keys
from twirec.sandbox.recording import Encryption, Recording
from twirec.sandbox.script import Document
from twirec.sandbox.sids import new_sid
from twirec.sandbox.twiml import Verb

FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The statuses of a call that has ended."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that happened in a call.

    Attributes:
        second: when, in call seconds.
        what: the TwiML verb, `fetch` for a request for TwiML, `callback` for a callback,
            `warning`, `error`, or `sandbox` for what the sandbox does not do.
        text: what was said, dialled, fetched, or what is wrong.
        code: Twilio's number for a warning or an error; 501 for what the sandbox does not do.
    """

    second: float
    what: str
    text: str = ""
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the account. All URLs are absolute; times and forms are Twilio's.

    Attributes:
        number: E.164.
        voice_url: where TwiML for a call in is asked for.
        fallback_url: where it is asked for when that fails.
        status_callback: told when a call to the number has ended.
        application_sid: the TwiML application that serves it in the stead of these URLs, `AP…`.
        trunk_sid: the SIP trunk that serves it in their stead, `TK…`.
        sid: `PN…`.
        created: when it was configured, UTC.
    """

    number: str
    voice_url: str
    fallback_url: str | None = None
    status_callback: str | None = None
    application_sid: str | None = None
    trunk_sid: str | None = None
    sid: str = field(default_factory=lambda: new_sid("PN"), compare=False)
    created: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)


@dataclass(frozen=True, slots=True)
class Application:
    """A TwiML application: what serves the calls of clients, and what names it; see `Number`.

    Its `sid` is `AP…`.
    """

    voice_url: str
    fallback_url: str | None = None
    status_callback: str | None = None
    sid: str = field(default_factory=lambda: new_sid("AP"), compare=False)
    created: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)


@dataclass(frozen=True, slots=True)
class Domain:
    """A SIP domain, which serves the calls to it, such as `shop.sip.twilio.com`; see `Number`.

    Its `sid` is `SD…`.
    """

    name: str
    voice_url: str
    fallback_url: str | None = None
    status_callback: str | None = None
    sid: str = field(default_factory=lambda: new_sid("SD"), compare=False)
    created: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """A WhatsApp sender, `whatsapp:+34…`, whose calls a TwiML application serves.

    Its `sid` is `XE…`; `application_sid` is None where it takes no calls.
    """

    address: str
    application_sid: str | None = None
    sid: str = field(default_factory=lambda: new_sid("XE"), compare=False)
    created: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)


@dataclass(slots=True)
class Hazards:
    """What may be set up unfortunately at an account; may be changed at any time.

    Attributes:
        status: the account's, in Twilio's word: `active`, `suspended` or `closed`.
        records_by_default: it has a Recording Account Default Configuration.
        open_media: media is given to whoever asks.
        external: recordings are in the customer's own S3; their media is not here.
        hides_numbers: the credentials may not see where numbers, applications and domains point.
        dials: the countries whose ordinary numbers may be dialled, ISO 3166.
        dials_high_risk: those whose premium and high-risk numbers may.
    """

    status: str = "active"
    records_by_default: bool = False
    open_media: bool = False
    external: bool = False
    hides_numbers: bool = False
    dials: tuple[str, ...] = ("ES", "FR", "PT")
    dials_high_risk: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestRequest:
    """A request that the REST API got: method, path, query as it came, and the status answered."""

    method: str
    path: str
    query: str
    status: int


class Remote(Protocol):
    """What can be done to a live leg from outside, from any thread."""

    def cut(self) -> None:
        """Hang up."""
        ...

    def turn(self, step: Document) -> None:
        """Go on with another document."""
        ...

    def press(self, keys: str) -> None:
        """Press keys."""
        ...

    def say(self, line: Line) -> None:
        """Say something."""
        ...


class Call:
    """A leg of a call at the stand-in. Stamps are UTC.

    Attributes:
        sid: `CA…`.
        from_, to: E.164, `client:…`, `sip:…`, or what the other side sent.
        direction: `inbound`, `outbound-api` or `outbound-dial`.
        parent_sid: the leg that dialled this one; None for the leg that runs TwiML.
        status: Twilio's word (https://www.twilio.com/docs/voice/api/call-resource).
        created, started, ended: stamps; the last two None until then.
        duration: seconds from the answer to the end; None before the end.
        answered_by: what machine detection found, in Twilio's word; None without it.
        callee: who picks up whatever this call dials; None: whoever is registered for the number.
        adds: what else Twilio says of it in each request, such as `ForwardedFrom`.
        log: what happened.
        verbs: the verbs of TwiML that were run, in their order.
        recordings: its recordings.
        limits: what was asked of the sandbox that it does not do.
    """

    faults = OwnFaults()

    def __init__(
        self,
        from_: str,
        to: str,
        direction: str,
        *,
        created: datetime,
        parent_sid: str | None = None,
        callee: Party | None = None,
        faults: Faults | None = None,
        adds: Mapping[str, str] | None = None,
    ) -> None:
        self.adds = dict(adds or {})
        self.plan = FaultPlan(faults)
        self.sid = new_sid("CA")
        self.from_ = from_
        self.to = to
        self.direction = direction
        self.parent_sid = parent_sid
        self.status = "queued"
        self.created = created
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self.duration: int | None = None
        self.answered_by: str | None = None
        self.callee = callee
        self.log: list[LogEntry] = []
        self.verbs: list[Verb] = []
        self.recordings: list[Recording] = []
        self.remote: Remote | None = None
        self.limits = Limits()
        self.done = threading.Event()

    def wait(self, timeout: float = 30.0) -> None:
        """Wait until the call has ended and all its callbacks were sent.

        Args:
            timeout: real seconds.

        Raises:
            TimeoutError: that took longer.
            Unsupported: a strict sandbox was asked for what it does not do.
        """
        if not self.done.wait(timeout):
            raise TimeoutError(f"{self.sid} is not done after {timeout} s")
        self.limits.check()

    def hang_up(self) -> None:
        """End the call now, as a person who puts the phone down."""
        if self.remote:
            self.remote.cut()

    def press(self, keys: str) -> None:
        """Press keys now, one after the other: `0`-`9`, `*`, `#`.

        Raises:
            ValueError: there is another key, or nobody is on the line.
        """
        check_keys(keys)
        self._person().press(keys)

    def say(self, line: str | Line) -> None:
        """Say a line now: its name in `SPOKEN`, or a `Line`, whose `at` is not looked at.

        Raises:
            ValueError: there is no such line, or nobody is on the line.
        """
        spoken = Line(line) if isinstance(line, str) else line
        spoken.samples()
        self._person().say(spoken)

    def wait_for(self, what: str, text: str = "", timeout: float = 30.0) -> LogEntry:
        """Wait until something stands in the log, such as a Say that is being said.

        Args:
            what: as of `LogEntry`: a verb's name, `fetch`, `callback`, …
            text: a part of its text.
            timeout: real seconds.

        Raises:
            TimeoutError: that took longer, or the call has ended without it.
        """
        deadline = time.monotonic() + timeout
        while True:
            over = self.done.is_set() or time.monotonic() > deadline
            for entry in list(self.log):
                if entry.what == what and text in entry.text:
                    return entry
            if over:
                raise TimeoutError(f"there is no {what} {text!r} in the log of {self.sid}")
            self.done.wait(0.005)

    def assert_ran(self, verb: str, text: str = "", **attributes: str) -> Verb:
        """Return the first verb of that name that was run, or fail the test.

        Args:
            verb: its name, such as `Dial`; nouns inside it are its `children`.
            text: a part of its text, or of its nouns' texts.
            attributes: what each must be, `finishOnKey` or `finish_on_key`; those of its nouns
                count too.

        Raises:
            AssertionError: none was run; the text says which were.
        """
        wanted = {_camel(name): value for name, value in attributes.items()}
        for ran in self.verbs:
            if ran.name == verb and text in ran.whole_text and ran.has(wanted):
                return ran
        raise AssertionError(
            f"no {verb} {text} {wanted or ''} was run; these were: "
            + ", ".join(map(str, self.verbs))
        )

    def assert_not_ran(self, verb: str) -> None:
        """Fail the test if a verb of that name was run.

        Raises:
            AssertionError: it was.
        """
        for ran in self.verbs:
            if ran.name == verb:
                raise AssertionError(f"{ran} was run")

    def _person(self) -> Remote:
        if self.remote is None or self.status != "in-progress":
            raise ValueError(f"nobody is on the line of {self.sid}: it is {self.status}")
        return self.remote

    def end(self, status: str, at: datetime, seconds: float) -> None:
        """Write down that the leg has ended after so many seconds of being answered."""
        self.ended = at
        self.duration = int(seconds + 1e-6)  # sums of call seconds may end in .999…
        self.status = status


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


@dataclass
class Account:
    """The account: who may ask, and what there is. Safe to use from several threads.

    Attributes:
        sid, token: the account's SID and auth token.
        key, secret: an API key that may be used instead.
        url: the stand-in's own address, without a slash at the end.
        hazards: what is set up unfortunately.
        bins: the documents of TwiML Bins, by SID, `EH…`.
        encrypt: says of each new recording, by its SID, how it is encrypted.
        limits: what was asked of the sandbox that it does not do.
        also_told: who is given the fields of each status callback of a recording, sent or lost.
    """

    faults = OwnFaults()

    sid: str
    token: str
    key: str
    secret: str
    url: str = ""
    encrypt: Callable[[str], Encryption | None] = lambda sid: None
    limits: Limits = field(default_factory=Limits)
    hazards: Hazards = field(default_factory=Hazards)
    application: Application | None = None
    applications: dict[str, Application] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)
    bins: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    also_told: list[Callable[[Mapping[str, str]], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = FaultPlan()
        self._lock = threading.Lock()
        self._calls: dict[str, Call] = {}
        self._recordings: dict[str, Recording] = {}
        self._requests: list[RestRequest] = []
        self._cookies: dict[tuple[str, str], Cookies] = {}

    def add(self, thing: Call | Recording) -> None:
        """Keep a call or a recording; a recording is put on its call too."""
        with self._lock:
            if isinstance(thing, Call):
                thing.limits = self.limits
                self._calls[thing.sid] = thing
                return
            thing.encryption = self.encrypt(thing.sid)
            self._recordings[thing.sid] = thing
            if call := self._calls.get(thing.call_sid):
                call.recordings.append(thing)

    def forget_call(self, sid: str) -> None:
        """Forget a call and the legs that it dialled; their recordings stay."""
        with self._lock:
            legs = [each.sid for each in self._calls.values() if each.parent_sid == sid]
            for forgotten in (sid, *legs):
                del self._calls[forgotten]

    def note(self, request: RestRequest) -> None:
        """Write a REST request down."""
        with self._lock:
            self._requests.append(request)

    def call(self, sid: str) -> Call | None:
        """Return a call, or None."""
        return self._calls.get(sid)

    def recording(self, sid: str) -> Recording | None:
        """Return a recording, deleted ones too, or None."""
        return self._recordings.get(sid)

    def calls(self) -> list[Call]:
        """Return all calls, in the order in which they came."""
        with self._lock:
            return list(self._calls.values())

    def recordings(self) -> list[Recording]:
        """Return all recordings, deleted ones too, in the order in which they came."""
        with self._lock:
            return list(self._recordings.values())

    def requests(self) -> list[RestRequest]:
        """Return the REST requests so far."""
        with self._lock:
            return list(self._requests)

    def cookies(self, call: Call) -> Cookies:
        """Return the cookies of calls between the same two addresses, which share them.

        https://www.twilio.com/docs/voice/twiml#twilio-is-a-well-behaved-http-client
        """
        with self._lock:
            return self._cookies.setdefault((call.from_, call.to), Cookies())

    def effective_faults(self, own: Faults | None) -> Faults:
        """Return the faults of a call's playing and callbacks: its own, else the account's."""
        return own or self.faults or Faults()

    def media_url(self, recording: Recording) -> str:
        """Return the address of a recording's media, without an extension."""
        if self.hazards.external:
            return f"https://bucket.s3.amazonaws.com/{self.sid}/{recording.sid}"
        return f"{self.url}/2010-04-01/Accounts/{self.sid}/Recordings/{recording.sid}"
