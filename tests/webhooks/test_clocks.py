"""What was heard is told by a clock that nobody sets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.webhooks.calling import (
    DIALLED,
    LONG_ENOUGH,
    PARENT,
    VOICE,
    WHISPER,
    Clock,
    is_recording,
    started,
)
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.steady import Moment, reading
from twirec.model.vocabulary import ConsentOutcome
from twirec.testing import SignedPosts

SHORT, HEARD = 2.0, LONG_ENOUGH.total_seconds()


class Machine:
    """A machine with a clock that can be set, and one that cannot."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.seconds, self.boot = clock, 100.0, "boot"

    def pass_(self, seconds: float, *, jump: float = 0.0) -> None:
        self.seconds += seconds
        self.clock.advance(timedelta(seconds=seconds + jump))

    def steady(self) -> str:
        return f"{self.boot}:{self.seconds:.3f}"


@pytest.fixture
def machine(twirec_archive: Archive, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(clock)
    moment = lambda: Moment(clock(), machine.steady())  # noqa: E731
    monkeypatch.setattr(twirec_archive.webhooks.context, "moment", moment)
    return machine


JUMPS = [
    # seconds that passed, by how much the clock was set meanwhile, whether the notice was heard
    (HEARD, 0.0, True),
    (SHORT, 0.0, False),
    (SHORT, 60.0, False),
    (SHORT, 3600.0, False),
    (HEARD, 3600.0, True),
    (HEARD, -3600.0, True),
    (SHORT, -3600.0, False),
]


@pytest.mark.parametrize(("seconds", "jump", "heard"), JUMPS)
def test_a_clock_that_is_set_during_the_notice_makes_nobody_hear_it(
    post: SignedPosts,
    twirec_archive: Archive,
    machine: Machine,
    seconds: float,
    jump: float,
    heard: bool,
) -> None:
    post("/voice", VOICE)
    machine.pass_(seconds, jump=jump)
    assert is_recording(post("/twirec/connect", VOICE)) is heard
    (consent,) = twirec_archive.calls.get(VOICE["CallSid"]).consents
    failed = ConsentOutcome.ANNOUNCEMENT_FAILED
    assert consent.outcome is (ConsentOutcome.INFORMED if heard else failed)


@pytest.mark.parametrize(("seconds", "jump", "heard"), JUMPS)
def test_nor_on_the_leg_that_an_agent_dialled(
    post: SignedPosts,
    vendor: MemoryVendor,
    machine: Machine,
    seconds: float,
    jump: float,
    heard: bool,
) -> None:
    post("/dial", DIALLED)
    post("/twirec/announce", WHISPER)
    machine.pass_(seconds, jump=jump)
    post(f"/twirec/announced/{PARENT}/0", WHISPER)
    assert bool(started(vendor)) is heard


def test_on_another_machine_or_after_a_boot_the_time_of_day_has_to_do(
    post: SignedPosts, machine: Machine
) -> None:
    post("/voice", VOICE)
    machine.pass_(HEARD)
    machine.boot, machine.seconds = "another", 1.0
    assert is_recording(post("/twirec/connect", VOICE))


def test_a_moment_is_compared_by_the_steady_clock_only_with_one_of_the_same_boot() -> None:
    clock = Clock()
    now = Moment(clock.time, "boot/1:50.500")
    before = clock.time - timedelta(seconds=9)
    assert now.seconds_since(before, "boot/1:50.000") == 0.5
    assert now.seconds_since(before, "boot/2:50.000") == 9
    assert now.seconds_since(before, "") == 9
    assert Moment(clock.time).seconds_since(before, "boot/1:50.000") == 9
    assert Moment(clock.time).seconds_since(before, "") == 9


def test_the_steady_clock_goes_on_and_fits_into_its_column() -> None:
    first, second = reading(), reading()
    assert first.rpartition(":")[0] == second.rpartition(":")[0]
    assert float(first.rpartition(":")[2]) <= float(second.rpartition(":")[2])
    assert len(first) < 100


def test_an_archive_with_a_clock_of_its_own_asks_no_other(twirec_archive: Archive) -> None:
    assert twirec_archive.webhooks.context.moment().steady
    twirec_archive.now = Clock()
    assert twirec_archive.webhooks.context.moment().steady == ""
