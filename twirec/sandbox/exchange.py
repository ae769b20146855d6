"""The exchange: places calls in and out, and plays each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from twirec.sandbox.addresses import PERSONAL
from twirec.sandbox.clock import CallClock, RunningClock
from twirec.sandbox.courier import Courier
from twirec.sandbox.faults import Faults
from twirec.sandbox.outbound import Placing, first_document, picked_up
from twirec.sandbox.parties import Line, Party
from twirec.sandbox.player import perform
from twirec.sandbox.progress import Progress
from twirec.sandbox.rooms import Rooms
from twirec.sandbox.script import Document, Next, Script, Subscription
from twirec.sandbox.stage import Stage
from twirec.sandbox.state import Account, Application, Call, Domain, Number


class _Remote:
    """What can be done to a leg that runs TwiML, from outside."""

    def __init__(self, stage: Stage, clock: CallClock) -> None:
        self._stage = stage
        self._clock = clock

    def cut(self) -> None:
        self._clock.cut()

    def turn(self, step: Document) -> None:
        self._stage.turn_to = step
        self._clock.turn()

    def press(self, keys: str) -> None:
        self._stage.acts.press(keys)

    def say(self, line: Line) -> None:
        self._stage.acts.say(line)


class Exchange:
    """Plays calls.

    Args:
        account: where calls and recordings are kept.
        courier: sends requests to the app.
        speed: call seconds per real second.
        now: what the time is, UTC.

    Attributes:
        rooms: where calls meet.
        closing: set once the exchange is closing: whoever waits should stop.
    """

    def __init__(
        self, account: Account, courier: Courier, speed: float, now: Callable[[], datetime]
    ) -> None:
        self.account = account
        self.courier = courier
        self.rooms = Rooms()
        self.now = now
        self.closing = threading.Event()
        self._speed = speed
        self._stages: dict[str, Stage] = {}

    def call_in(
        self,
        from_: str,
        to: str,
        caller: Party,
        callee: Party | None = None,
        faults: Faults | None = None,
        at: datetime | None = None,
        adds: Mapping[str, str] | None = None,
    ) -> Call:
        """Call the account; `at` is when, UTC, for a call in the past.

        What serves it is the application for a client or a SIP phone of the account's, if there
        is one, and otherwise the number that is called.

        Raises:
            ValueError: the account has no such number, or somebody says a line that is not there.
        """
        script = self._script_in(from_, to)
        for person in (caller, callee or caller):
            person.spoken()
        clock = CallClock(self._speed, self.now, at, _leaves_at(caller))
        call = Call(
            from_,
            to,
            "inbound",
            created=clock.stamp(),
            callee=callee,
            faults=faults,
            adds=adds,
        )
        call.status = "ringing"
        stage = Stage(self, call, caller, clock)
        return self._play(stage, clock, script, lambda progress: True)

    def call_out(self, from_: str, to: str, placing: Placing) -> Call:
        """Call somebody, as `Calls.json` does: whoever is registered for `to` picks up."""
        party = self.account.parties.get(to, Party())
        rings = min(party.answers_after, placing.timeout)
        if not (party.answers or party.refuses):
            rings = placing.timeout
        clock = CallClock(self._speed, self.now, leaves_at=_leaves_at(party), second=-rings)
        call = Call(from_, to, "outbound-api", created=clock.stamp())
        stage = Stage(self, call, party, clock)
        return self._play(
            stage, clock, placing.script, lambda progress: picked_up(stage, placing, progress)
        )

    def go_on(self, stage: Stage, step: Document, second: float) -> None:
        """Let a dialled leg, answered so many seconds ago, go on as a call of its own."""
        person, leaves_at = stage.caller, stage.clock.leaves_at
        clock = CallClock(
            self._speed,
            self.now,
            leaves_at=None if leaves_at is None else leaves_at - stage.zero,
            second=second,
        )
        alone = Stage(self, stage.call, person, clock, answered=True)
        if stage.caller_origin is not None:
            alone.caller_origin = stage.caller_origin - stage.zero
        self._play(alone, clock, Script(step), lambda progress: True)

    def stage_of(self, call: Call) -> Stage | None:
        """Return the leg that runs the TwiML for a live call, or for the leg that dialled it."""
        return self._stages.get(call.sid) or self._stages.get(call.parent_sid or "")

    def time_in(self, call: Call) -> datetime | None:
        """Return what time it is in a live call, UTC, by its own clock; None once it ended."""
        stage = self.stage_of(call)
        if stage is None:
            return None
        return stage.call.created + timedelta(seconds=stage.clock.second / self._speed)

    def close(self) -> None:
        """End all calls, and wait until their callbacks were sent."""
        self.closing.set()
        for call in self.account.calls():
            call.hang_up()
        for call in self.account.calls():
            if call.remote:
                call.done.wait(60)

    def pause(self, seconds: float) -> None:
        """Let call seconds pass; ends early when the exchange closes."""
        self.closing.wait(seconds / self._speed)

    def running_clock(self) -> RunningClock:
        """Return a clock that begins now."""
        return RunningClock(self._speed, self.now)

    def _script_in(self, from_: str, to: str) -> Script:
        account = self.account
        served: Number | Application | Domain | None = account.numbers.get(to)
        if from_.startswith(PERSONAL):
            served = account.domains.get(to.rpartition("@")[2]) or account.application or served
        elif isinstance(served, Number) and served.application_sid:
            served = account.applications[served.application_sid]
        elif sender := account.senders.get(to):
            served = account.applications.get(sender.application_sid or "")
        if served is None:
            raise ValueError("the account has no such number; give it one with number()")
        told = served.status_callback
        return Script(
            Next(served.voice_url), served.fallback_url, Subscription(told) if told else None
        )

    def _play(
        self, stage: Stage, clock: CallClock, script: Script, taken: Callable[[Progress], bool]
    ) -> Call:
        call = stage.call
        call.remote = _Remote(stage, clock)
        self.account.add(call)
        self._stages[call.sid] = stage
        progress = Progress(self.account, call, stage.callbacks, clock, script.progress)

        def run() -> None:
            try:
                if taken(progress):
                    perform(stage, first_document(stage, script), script.fallback)
                progress.tell("completed")
                stage.callbacks.join()
            finally:
                del self._stages[call.sid]
                call.done.set()

        threading.Thread(target=run, name=f"sandbox-{call.sid}", daemon=True).start()
        return call


def _leaves_at(person: Party) -> float | None:
    return None if person.counts_from_bridge else person.hangs_up_after
