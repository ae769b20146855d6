"""A pause, heard in the file: silence for the span, and the same length."""

from __future__ import annotations

import io
import time
import wave
from array import array
from collections.abc import Callable
from datetime import datetime

import pytest

from tests.end_to_end.site import CUSTOMER, OWN_NUMBER, SPEED, Site, until
from tests.end_to_end.test_calls import energy
from twirec.model.errors import NotPaused, VendorError
from twirec.model.states import State
from twirec.sandbox import Call, Fault, Faults, Line, Party

LONG = 180.0
TALKS = Party(
    says=[Line("customer_complaint", at=second) for second in range(0, int(LONG), 7)],
    counts_from_bridge=True,
    hangs_up_after=LONG,
)


def recorded_call(site: Site, **scene: Faults) -> Call:
    """Return a call in that is being recorded."""
    call = site.sandbox.call(
        from_=CUSTOMER, to=OWN_NUMBER, caller=TALKS, callee=Party(answers_after=1.0), **scene
    )
    until(
        lambda: any(
            recording.state is State.RECORDING
            for record in site.archive.calls.search().calls
            for recording in record.recordings
        )
    )
    return call


def within(site: Site, call: Call, step: Callable[[], object]) -> tuple[datetime, datetime]:
    """Do something during a call, and return between which of its times that was."""
    before = site.sandbox.time_in(call.sid)
    step()
    after = site.sandbox.time_in(call.sid)
    assert before is not None
    assert after is not None
    return before, after


def seconds(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() * SPEED


def test_a_pause_is_silence_in_the_file_and_a_span_in_the_catalog(site: Site) -> None:
    call = recorded_call(site)
    time.sleep(15 / SPEED)
    begun = site.now()
    paused = within(site, call, lambda: site.archive.recordings.pause(call.sid, by="ana"))
    silenced = site.now()
    time.sleep(15 / SPEED)
    resumed = within(site, call, lambda: site.archive.recordings.resume(call.sid, by="ana"))
    ended = site.now()
    call.wait(timeout=120)
    site.work_on()
    record = site.archive.calls.get(call.sid)
    (recording,), (pause,) = record.recordings, record.pauses
    assert recording.started_at is not None
    assert pause.resumed_at is not None
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        assert audio.getnframes() / 8000 == pytest.approx(LONG, abs=1)
        samples = array("h", audio.readframes(audio.getnframes()))[0::2]
    loud = [energy(samples, second, second + 1) > 20 for second in range(int(LONG) - 1)]
    silent = max(len(run) for run in "".join("x" if each else " " for each in loud).split("x"))
    # A pause between two sentences may lie before and after it, and these are whole seconds.
    assert seconds(paused[1], resumed[0]) - 2 <= silent <= seconds(paused[0], resumed[1]) + 3
    assert begun <= pause.paused_at <= silenced <= pause.resumed_at <= ended
    assert loud[-5:].count(True) >= 2


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.IGNORED, NotPaused), (Fault.ERROR, VendorError)]
)
def test_a_pause_that_twilio_does_not_confirm_raises(
    site: Site, fault: Fault, error: type[VendorError]
) -> None:
    call = recorded_call(site, faults=Faults(update={fault: 1}))
    with pytest.raises(error):
        site.archive.recordings.pause(call.sid, by="ana")
    assert site.archive.calls.get(call.sid).pauses == ()
    call.hang_up()
    call.wait(timeout=120)
