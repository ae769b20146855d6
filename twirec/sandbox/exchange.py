"""The exchange: places calls in and out, and plays each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from twirec.sandbox.callbacks import ended_form
from twirec.sandbox.clock import CallClock, HungUp
from twirec.sandbox.courier import Courier
from twirec.sandbox.faults import Faults
from twirec.sandbox.parties import Party
from twirec.sandbox.player import perform
from twirec.sandbox.stage import Next, Stage
from twirec.sandbox.state import Account, Call


@dataclass(frozen=True, slots=True)
class Script:
    """What a call runs, and who is told of its end. URLs are absolute.

    Attributes:
        first: where the first document is fetched, or the document itself.
        fallback: where TwiML is asked for when that fails.
        status_callback: told when the call has ended.
    """

    first: Next | bytes
    fallback: str | None = None
    status_callback: str | None = None


class Exchange:
    """Plays calls.

    Args:
        account: where calls and recordings are kept.
        courier: sends requests to the app.
        speed: call seconds per real second.
        now: what the time is, UTC.

    Attributes:
        closing: set once the exchange is closing: whoever waits should stop.
    """

    def __init__(
        self, account: Account, courier: Courier, speed: float, now: Callable[[], datetime]
    ) -> None:
        self._account = account
        self._courier = courier
        self._speed = speed
        self.now = now
        self.closing = threading.Event()

    def call_in(
        self,
        from_: str,
        to: str,
        caller: Party,
        callee: Party | None = None,
        faults: Faults | None = None,
        at: datetime | None = None,
    ) -> Call:
        """Call a number of the account; `at` is when, UTC, for a call in the past.

        Raises:
            ValueError: the account has no such number, or somebody says a line that is not there.
        """
        number = self._account.numbers.get(to)
        if number is None:
            raise ValueError("the account has no such number; give it one with number()")
        for person in (caller, callee or caller):
            person.spoken()
        script = Script(Next(number.voice_url), number.fallback_url, number.status_callback)
        clock = CallClock(self._speed, self.now, at, _leaves_at(caller))
        call = Call(from_, to, "inbound", created=clock.stamp(), callee=callee, faults=faults)
        call.status = "ringing"
        return self._play(call, caller, clock, script)

    def call_out(self, from_: str, to: str, script: Script, timeout: int = 60) -> Call:
        """Call somebody, as `Calls.json` does: whoever is registered for `to` picks up.

        Args:
            from_: a number of the account.
            to: E.164.
            script: what is run once they have picked up.
            timeout: how many seconds it rings at most.
        """
        party = self._account.parties.get(to, Party())
        takes = party.answers and party.answers_after <= timeout
        rings = party.answers_after if takes else float(timeout)
        clock = CallClock(self._speed, self.now, leaves_at=_leaves_at(party), second=-rings)
        call = Call(from_, to, "outbound-api", created=clock.stamp())
        return self._play(call, party, clock, script, takes)

    def close(self) -> None:
        """End all calls, and wait until their callbacks were sent."""
        self.closing.set()
        for call in self._account.calls():
            call.hang_up()
        for call in self._account.calls():
            if call.cut:
                call.done.wait(60)

    def _play(
        self, call: Call, person: Party, clock: CallClock, script: Script, takes: bool = True
    ) -> Call:
        call.cut = clock.cut
        self._account.add(call)
        stage = Stage(self._account, self._courier, call, person, clock, self._pause)

        def run() -> None:
            try:
                _perform(stage, script, takes)
            finally:
                call.done.set()

        threading.Thread(target=run, name=f"sandbox-{call.sid}", daemon=True).start()
        return call

    def _pause(self, seconds: float) -> None:
        self.closing.wait(seconds / self._speed)


def _perform(stage: Stage, script: Script, takes: bool) -> None:
    if stage.call.direction == "inbound" or _picked_up(stage, takes):
        perform(stage, script.first, script.fallback)
    if script.status_callback:
        form = ended_form(stage.account, stage.call, stage.clock.stamp())
        stage.callbacks.ended(script.status_callback, form)
    stage.callbacks.join()


def _picked_up(stage: Stage, takes: bool) -> bool:
    stage.call.status = "ringing"
    status = "no-answer"
    try:
        stage.clock.wait(-stage.clock.second)
    except HungUp:
        takes, status = False, "canceled"
    if takes:
        stage.answer()
    else:
        stage.call.end(status, stage.clock.stamp(), 0)
    return takes


def _leaves_at(person: Party) -> float | None:
    return None if person.counts_from_bridge else person.hangs_up_after
