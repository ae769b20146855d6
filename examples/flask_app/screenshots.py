"""Pictures of the panel's pages, for README and docs: `make screenshots` puts them in docs/images.

The calls are those of the demo, spread over the last weeks.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from chromium import LARGE, PHONE, chromium, sign_in  # of tests/browser, which the Makefile names
from playwright.sync_api import Browser, Page

from callpanel.demo import Demo, running
from twirec import State
from twirec.sandbox import Call, Line, Party
from twirec.sandbox.scenes import AGENT, OWN_NUMBER, SCENES, Scene

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SPEED = 40.0
TALL = {"width": 1200, "height": 1190}

# An agent greets before the caller speaks, which those of the demo do not.
SHORT = replace(
    SCENES[0],
    caller=Party(says=[Line("customer_complaint", at=9.0)], counts_from_bridge=True),
    callee=Party(says=[Line("agent_answer", at=1.0)], hangs_up_after=21.0),
)
LONG = replace(
    SCENES[1],
    caller=Party(
        says=[
            Line("customer_complaint", at=9.0),
            Line("customer_complaint", at=36.0),
            Line("customer_thanks", at=56.0),
        ],
        counts_from_bridge=True,
    ),
    callee=Party(
        says=[Line("agent_answer", at=1.0), Line("agent_answer", at=45.0)], hangs_up_after=64.0
    ),
)
HUNG_UP, UNHEARD, TOO_SHORT = SCENES[2:5]
GOES_ON = replace(SHORT, callee=Party(says=[Line("agent_answer", at=1.0)], hangs_up_after=7200.0))

EARLIER = (
    (26, 9.2, SHORT, "+34655010203"),
    (25, 16.7, LONG, "+34600333444"),
    (22, 11.4, SHORT, "+34622445566"),
    (20, 12.1, SHORT, "+34600111222"),
    (20, 17.9, LONG, "+34688909192"),
    (18, 10.3, SHORT, "+34911778899"),
    (15, 13.6, HUNG_UP, "+34600555666"),
    (14, 9.8, LONG, "+34655010203"),
    (13, 16.2, SHORT, "+34600111222"),
    (11, 18.4, TOO_SHORT, "+34600999000"),
    (8, 12.9, LONG, "+34622445566"),
    (7, 17.05, LONG, "+34600111222"),
    (6, 10.6, UNHEARD, "+34600777888"),
    (5, 15.1, SHORT, "+34644203040"),
    (4, 11.8, LONG, "+34688909192"),
    (3, 9.31, SHORT, "+34600111222"),
    (2, 8.92, HUNG_UP, "+34622445566"),
    (2, 11.57, LONG, "+34655010203"),
    (1, 9.6, SHORT, "+34611000222"),
    (1, 16.43, LONG, "+34600333444"),
)
"""How many days ago, at what hour (UTC), what happened, and who called."""

SETTLED = frozenset({State.RELEASED, State.ABSENT})

PICTURES = {
    "calls": "/calls",
    "recording": "/recording",
    "health": "/health",
    "users": "/users",
    "audit-log": "/audit",
}
"""What an admin sees, by the name of the picture."""


def fill(demo: Demo) -> None:
    """Let calls come, as if over weeks, and let staff work with them."""
    archive = demo.archive
    with _ago(demo, timedelta(days=60)) as long_ago:
        archive.agents.inform(AGENT, informed_on=long_ago.date(), reference="HR-12", by="ana")
    for days, hour, scene, customer in EARLIER:
        at = _midnight() - timedelta(days=days) + timedelta(hours=hour)
        with _ago(demo, datetime.now(UTC) - at):
            _play(demo, replace(scene, customer=customer), at)
    with _ago(demo, timedelta(hours=2)) as at:
        archive.policy.change(by="ana", why="Test calls of fitters", number=OWN_NUMBER, on=False)
        _play(demo, SHORT, at)
    with _ago(demo, timedelta(hours=1)):
        archive.policy.change(by="ana", why="The fitters are done", number=OWN_NUMBER, on=True)
    with _ago(demo, timedelta(minutes=20)) as at:
        _play_with_a_pause(demo, LONG, at)
    _until(lambda: _settled(demo))
    archive.operations.sweep()
    sid = archive.calls.search(number=LONG.customer, limit=1).calls[0].call.call_sid
    note = "Says that the repair was promised free of charge."
    archive.calls.annotate(sid, note=note, case="R-2026/17", by="sergio")


def shoot(demo: Demo, browser: Browser, folder: Path) -> Iterator[Path]:
    """Make the pictures, each as it is yielded."""
    with _visit(browser, demo) as page:
        yield _picture(page, folder / "sign-in.png")
    with _visit(browser, demo, "ana") as page:
        _until(lambda: page.goto("/calls") and "No worker runs" not in page.content())
    with _visit(browser, demo, "sergio") as page:
        _listen_and_download(page)
    with _visit(browser, demo, "ana") as page:
        for name, path in PICTURES.items():
            page.goto(path)
            yield _picture(page, folder / f"{name}.png")
        _open_call(page)
        page.set_viewport_size(TALL)
        yield _picture(page, folder / "call.png")
    with _visit(browser, demo, "ana", color_scheme="dark") as page:
        yield _picture(page, folder / "calls-dark.png")
        _open_call(page)
        yield _picture(page, folder / "call-dark.png")
    with _visit(browser, demo, "ana", viewport=PHONE) as page:
        yield _picture(page, folder / "calls-phone.png")
        _open_call(page)
        yield _picture(page, folder / "call-phone.png")
    with _visit(browser, demo, "ana", locale="es-ES") as page:
        yield _picture(page, folder / "calls-es.png")
        _open_call(page)
        yield _picture(page, folder / "call-es.png")
    with _visit(browser, demo, "alex") as page:
        page.goto("/own")
        yield _picture(page, folder / "my-earlier-calls.png")
    with _visit(browser, demo, "alex") as page, _on_the_phone(demo):
        page.goto("/desk")
        page.get_by_role("button", name="Pause").last.click()
        page.locator("[data-state=paused]").wait_for()
        yield _picture(page, folder / "my-calls.png")
        with _visit(browser, demo, "sergio") as wall:
            wall.goto("/now")
            yield _picture(wall, folder / "now.png")


def main() -> None:
    """Make the pictures, and say how large they are."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place), speed=SPEED) as demo,
        chromium() as browser,
    ):
        fill(demo)
        for picture in shoot(demo, browser, FOLDER):
            click.echo(f"{picture.relative_to(Path.cwd())}: {picture.stat().st_size / 1000:.0f} kB")


# --- calls ----------------------------------------------------------------------------------


def _midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@contextmanager
def _ago(demo: Demo, ago: timedelta) -> Iterator[datetime]:
    """Let the app take it for some time ago; yields that time."""
    now, demo.archive.now = demo.archive.now, lambda: datetime.now(UTC) - ago
    try:
        yield datetime.now(UTC) - ago
    finally:
        demo.archive.now = now


def _play(demo: Demo, scene: Scene, at: datetime) -> None:
    _call(demo, scene, at).wait()


def _call(demo: Demo, scene: Scene, at: datetime | None = None) -> Call:
    return demo.sandbox.call(
        from_=scene.customer,
        to=OWN_NUMBER,
        caller=scene.caller,
        callee=scene.callee,
        faults=scene.faults,
        at=at,
    )


def _play_with_a_pause(demo: Demo, scene: Scene, at: datetime) -> None:
    """Play a call in which the agent pauses, at the times of the call, not of this machine."""
    archive = demo.archive
    call = _call(demo, scene, at)
    _until(lambda: archive.calls.search(state=State.RECORDING).calls)
    began = datetime.now(UTC)
    recording = archive.calls.search(state=State.RECORDING).calls[0].recordings[0]
    assert recording.started_at is not None  # noqa: S101 - Twilio's event names it
    start = recording.started_at
    archive.now = lambda: start + (datetime.now(UTC) - began) * SPEED
    time.sleep(22 / SPEED)
    archive.recordings.pause(call.sid, by="alex")
    time.sleep(8 / SPEED)
    archive.recordings.resume(call.sid, by="alex")
    call.wait()


@contextmanager
def _on_the_phone(demo: Demo) -> Iterator[None]:
    """Let an agent be on the phone with two customers."""
    calls = [
        _call(demo, replace(GOES_ON, customer=each)) for each in ("+34677120045", "+34600111222")
    ]
    _until(lambda: len(demo.archive.calls.search(state=State.RECORDING).calls) == len(calls))
    try:
        yield
    finally:
        for call in calls:
            call.hang_up()
            call.wait()


def _settled(demo: Demo) -> bool:
    calls = demo.archive.calls.search(limit=1000).calls
    return all(recording.state in SETTLED for call in calls for recording in call.recordings)


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The calls are not done after two minutes.")
        time.sleep(0.02)


# --- pages ----------------------------------------------------------------------------------


@contextmanager
def _visit(browser: Browser, demo: Demo, name: str = "", **wanted: Any) -> Iterator[Page]:
    context = browser.new_context(
        **{"viewport": LARGE, "locale": "en-GB", "base_url": demo.url, **wanted}
    )
    page = context.new_page()
    page.goto("/sign-in")
    if name:
        sign_in(page, demo, name)
    yield page
    context.close()


def _open_call(page: Page) -> None:
    page.goto("/calls")
    page.locator("#calls tbody tr:has-text('R-2026/17') a").click()
    page.locator("#purpose form button").first.click()
    page.locator(".wave").wait_for()


def _listen_and_download(page: Page) -> None:
    _open_call(page)
    with page.expect_response("**/audio*"):
        page.locator(".wave").click()
    with page.expect_download():
        page.locator("form.download button").click()


def _picture(page: Page, path: Path) -> Path:
    page.screenshot(path=path)
    return path


if __name__ == "__main__":
    main()
