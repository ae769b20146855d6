"""What the stand-in's one account holds, in memory."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from twirec.sandbox.audio import RATE, Audio
from twirec.sandbox.faults import FaultPlan, Faults
from twirec.sandbox.parties import Party

FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The statuses of a call that has ended."""


def new_sid(prefix: str) -> str:
    """Return a new SID: two letters and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that happened in a call.

    Attributes:
        second: when, in call seconds.
        what: the TwiML verb, `fetch` for a request for TwiML, `callback` for a callback,
            `warning` or `error`.
        text: what was said, dialled, fetched, or what is wrong.
        code: Twilio's number for a warning or an error.
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
    """

    number: str
    voice_url: str
    fallback_url: str | None = None
    status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class RestRequest:
    """A request that the REST API got: method, path, query as it came, and the status answered."""

    method: str
    path: str
    query: str
    status: int


class _Faulty:
    """Something whose requests can be made to fail."""

    def __init__(self, faults: Faults | None) -> None:
        self.plan = FaultPlan(faults)

    @property
    def faults(self) -> Faults | None:
        """Its own faults, which come before the account's; None for none. May be set anew."""
        return self.plan.faults

    @faults.setter
    def faults(self, faults: Faults | None) -> None:
        self.plan.arm(faults)


class Recording(_Faulty):
    """A recording at the stand-in. Stamps are UTC.

    Attributes:
        sid: `RE…`.
        call_sid: the parent leg, `CA…`.
        status: Twilio's word (https://www.twilio.com/docs/voice/api/recording).
        source: Twilio's word for what started it.
        channels: how many channels were asked for: what a download gets that does not say.
        dual: whether both channels are kept, so that a download may ask for two.
        created, updated, started: stamps.
        error_code: 16101 with `absent`; None otherwise.
        audio: the sound; None while there is none.
    """

    def __init__(
        self,
        call_sid: str,
        *,
        started: datetime,
        source: str = "DialVerb",
        channels: int = 2,
        dual: bool = True,
        faults: Faults | None = None,
    ) -> None:
        super().__init__(faults)
        self.sid = new_sid("RE")
        self.call_sid = call_sid
        self.status = "in-progress"
        self.source = source
        self.channels = channels
        self.dual = dual
        self.created = self.updated = self.started = started
        self.error_code: int | None = None
        self.audio: Audio | None = None

    @property
    def duration(self) -> int | None:
        """Whole seconds, rounded down; None while it goes on."""
        if self.status == "in-progress":
            return None
        return self.audio.frames // RATE if self.audio else 0

    @property
    def has_media(self) -> bool:
        """Whether the media can be downloaded."""
        return self.status == "completed"


class Call(_Faulty):
    """A leg of a call at the stand-in. Stamps are UTC.

    Attributes:
        sid: `CA…`.
        from_, to: E.164, or what the other side sent.
        direction: `inbound`, `outbound-api` or `outbound-dial`.
        parent_sid: the leg that dialled this one; None for the leg that runs TwiML.
        status: Twilio's word (https://www.twilio.com/docs/voice/api/call-resource).
        created, started, ended: stamps; the last two None until then.
        duration: seconds from the answer to the end; None before the end.
        callee: who picks up whatever this call dials; None: whoever is registered for the number.
        log: what happened.
        recordings: its recordings.
    """

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
    ) -> None:
        super().__init__(faults)
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
        self.callee = callee
        self.log: list[LogEntry] = []
        self.recordings: list[Recording] = []
        self.cut: Callable[[], None] | None = None
        self.done = threading.Event()

    def wait(self, timeout: float = 30.0) -> None:
        """Wait until the call has ended and all its callbacks were sent.

        Args:
            timeout: real seconds.

        Raises:
            TimeoutError: that took longer.
        """
        if not self.done.wait(timeout):
            raise TimeoutError(f"{self.sid} is not done after {timeout} s")

    def hang_up(self) -> None:
        """End the call now, as a person who puts the phone down."""
        if self.cut:
            self.cut()

    def end(self, status: str, at: datetime, seconds: float) -> None:
        """Write down that the leg has ended after so many seconds of being answered."""
        self.ended = at
        self.duration = int(seconds + 1e-6)  # sums of call seconds may end in .999…
        self.status = status
        if self.parent_sid:
            self.done.set()  # a dialled leg has no callbacks of its own


@dataclass
class Account(_Faulty):
    """The account: who may ask, and what there is. Safe to use from several threads.

    Attributes:
        sid, token: the account's SID and auth token.
        key, secret: an API key that may be used instead.
        url: the stand-in's own address, without a slash at the end.
    """

    sid: str
    token: str
    key: str
    secret: str
    url: str = ""
    numbers: dict[str, Number] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(None)
        self._lock = threading.Lock()
        self._calls: dict[str, Call] = {}
        self._recordings: dict[str, Recording] = {}
        self._requests: list[RestRequest] = []

    def add(self, thing: Call | Recording) -> None:
        """Keep a call or a recording; a recording is put on its call too."""
        with self._lock:
            if isinstance(thing, Call):
                self._calls[thing.sid] = thing
                return
            self._recordings[thing.sid] = thing
            if call := self._calls.get(thing.call_sid):
                call.recordings.append(thing)

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

    def effective_faults(self, own: Faults | None) -> Faults:
        """Return the faults of a call's playing and callbacks: its own, else the account's."""
        return own or self.faults or Faults()

    def media_url(self, recording: Recording) -> str:
        """Return the address of a recording's media, without an extension."""
        return f"{self.url}/2010-04-01/Accounts/{self.sid}/Recordings/{recording.sid}"
