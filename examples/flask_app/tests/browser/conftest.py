"""A real browser, and a panel with calls in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chromium import CHROMIUM, chromium
from playwright.sync_api import Browser, expect
from visits import PATIENCE, Visits

from callpanel.demo import Demo, running
from twirec import CallRecord, State
from twirec.adapters.memory_speech import MemorySpeech
from twirec.sandbox.scenes import SCENES

SPEED = 20.0
LONG, HUNG_UP = SCENES[1], SCENES[2]
HEARD = (
    "A mí me dijeron que podía darme de baja cuando quisiera sin pagar nada. Eso no me lo dijo.",
    "Tiene una permanencia de doce meses. Son ochenta euros.",
)
"""What a machine hears of each side, whatever they say."""
SETTLED = frozenset({State.RELEASED, State.ABSENT})

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        packages = "chromium-headless-shell fonts-dejavu-core"
        lacking = f"There is no {CHROMIUM}: `apt-get install {packages}`."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(lacking)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twirec.archive.archive._open_speech", lambda _: MemorySpeech(HEARD))
        with running(tmp_path_factory.mktemp("panel"), speed=SPEED) as demo:
            yield demo


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """The cookies of whoever has signed in so far, by name."""
    return {}


@pytest.fixture
def visit(browser: Browser, demo: Demo, sessions: dict[str, Any]) -> Iterator[Visits]:
    with Visits(browser, demo, sessions) as visit:
        yield visit


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], Any]], None]:
    """Wait until something is so."""

    def wait(condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE / 1000
        while not condition():
            assert time.monotonic() < deadline, "it never was"
            time.sleep(0.05)

    return wait


@pytest.fixture(scope="session")
def recorded(demo: Demo, until: Callable[[Callable[[], Any]], None]) -> CallRecord:
    """A call of a minute, whose recording is in the bucket."""
    demo.play(LONG).wait()
    until(lambda: _recordings(demo, LONG.customer) and _settled(demo, LONG.customer))
    return demo.archive.calls.search(number=LONG.customer).calls[0]


@pytest.fixture(scope="session")
def hung_up(demo: Demo, until: Callable[[Callable[[], Any]], None]) -> CallRecord:
    """A call that was not recorded, since its caller did not hear the announcement to its end."""
    demo.play(HUNG_UP).wait()
    until(lambda: demo.archive.calls.search(number=HUNG_UP.customer).calls[0].call.ended_at)
    return demo.archive.calls.search(number=HUNG_UP.customer).calls[0]


@pytest.fixture(scope="session")
def recording_path(recorded: CallRecord) -> str:
    return f"/calls/{recorded.call.call_sid}"


def _recordings(demo: Demo, number: str) -> list[Any]:
    calls = demo.archive.calls.search(number=number).calls
    return [recording for record in calls for recording in record.recordings]


def _settled(demo: Demo, number: str) -> bool:
    return all(recording.state in SETTLED for recording in _recordings(demo, number))
