"""Random calls, keys, hang-ups, failing voices and webhooks, replays, policy switches.

Whatever happens, nothing that twirec started to record exists at the vendor, in the catalog or in
the bucket whose consent is missing, or later than the recording's start.
"""

from __future__ import annotations

import io
import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.end_to_end.site import (
    AGENT,
    COLLEAGUE,
    CUSTOMER,
    JOIN,
    OWN_NUMBER,
    SPEAKING_AGENT,
    TAKE,
    Site,
    until,
)
from tests.examples import examples
from twirec.model.vocabulary import ConsentMode
from twirec.sandbox import Call, Faults, Line, Party

ONE_SECOND = timedelta(seconds=1)  # Twilio cuts a recording's start to whole seconds
VIEWS = {"queue": "wait", "room": "meet", "voicemail": "voicemail"}
LONG = 60.0  # call seconds after which everybody has hung up
NUMBERS = {"queue": "+34911000901", "room": "+34911000902", "voicemail": "+34911000999"}


@dataclass(frozen=True)
class Scene:
    """A call, and what the admin does just before it."""

    way: str
    keys: tuple[tuple[float, str], ...]
    hangs_up_after: float | None
    say_fails: bool
    lost: tuple[str, ...]
    mode: ConsentMode | None
    on: bool | None


scenes = st.builds(
    Scene,
    way=st.sampled_from(["in", "api", "agent", *VIEWS]),
    keys=st.lists(st.tuples(st.floats(0.5, 40), st.sampled_from("129#")), max_size=3).map(
        lambda keys: tuple(sorted(keys))
    ),
    hangs_up_after=st.none() | st.floats(1, 45),
    say_fails=st.booleans(),
    lost=st.lists(st.sampled_from(["in-progress", "completed", "call"]), unique=True).map(tuple),
    mode=st.none() | st.sampled_from(ConsentMode),
    on=st.none() | st.booleans(),
)


class Trouble:
    """Around an app: requests that fail or come twice, answers that get lost."""

    def __init__(self, app: Callable[..., Any], seed: int) -> None:
        self._app = app
        self._dice = random.Random(seed)  # noqa: S311 - a game

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        chance = self._dice.random()
        if chance < 0.08:
            return _failed(start)
        if chance < 0.20:
            _drain(self._app({**environ, "wsgi.input": io.BytesIO(body)}, lambda *_: None))
        if chance < 0.14:
            return _failed(start)
        return self._app({**environ, "wsgi.input": io.BytesIO(body)}, start)  # type: ignore[no-any-return]


def _failed(start: Callable[..., Any]) -> Iterable[bytes]:
    start("500 Internal Server Error", [("Content-Length", "0")])
    return [b""]


def _drain(answer: Iterable[bytes]) -> None:
    for _ in answer:
        pass
    close = getattr(answer, "close", None)
    if close:
        close()


def begin(site: Site, scene: Scene) -> Call:
    if scene.mode is not None or scene.on is not None:
        site.archive.policy.change(by="test", why="test", mode=scene.mode, on=scene.on)
    customer = Party(
        says=[Line("customer_complaint", at=1.0)],
        keys=scene.keys,
        hangs_up_after=scene.hangs_up_after,
    )
    faults = Faults(say_fails=scene.say_fails, callbacks_lost=scene.lost)
    if scene.way == "in":
        return site.sandbox.call(
            from_=CUSTOMER, to=OWN_NUMBER, caller=customer, callee=COLLEAGUE, faults=faults
        )
    if scene.way in VIEWS:
        customer = replace(customer, hangs_up_after=scene.hangs_up_after or LONG)
        return site.sandbox.call(
            from_=CUSTOMER, to=NUMBERS[scene.way], caller=customer, faults=faults
        )
    if scene.way == "agent":
        return site.sandbox.call(
            from_="client:ana", to=CUSTOMER, caller=SPEAKING_AGENT, callee=customer, faults=faults
        )
    site.sandbox.faults = faults
    site.sandbox.party(CUSTOMER, customer)
    site.sandbox.party(AGENT, COLLEAGUE)
    placed = site.archive.calls.place(CUSTOMER, connect=AGENT, own_number=OWN_NUMBER, by="ana")
    return next(leg for leg in site.sandbox.calls if leg.sid == placed.call_sid)


def come(site: Site, call: Call, way: str) -> None:
    """Let an agent come to who waits in a queue or conference, by a call of their own."""
    verb, number = {"queue": ("Enqueue", TAKE), "room": ("Dial", JOIN)}.get(way, ("", ""))
    if number:
        until(lambda: call.done.is_set() or verb in [entry.what for entry in call.log])
        agent = Party(says=[Line("agent_answer", at=8.0)], hangs_up_after=LONG)
        site.sandbox.call(from_=AGENT, to=number, caller=agent)


def check(site: Site) -> None:
    for held in site.sandbox.recordings:
        assert_allowed(site, held.call_sid or "", held.started)
    for known in site.recordings():
        assert_allowed(site, known.call_sid or "", known.started_at)
    for name in site.stored():
        labels = site.archive.bucket.stat(name).labels
        assert labels["consent"] in {"informed", "granted"}
        given, started = (datetime.fromisoformat(labels[at]) for at in ("consent_at", "started_at"))
        assert given < started + ONE_SECOND
    for record in site.archive.calls.search().calls:
        assert len(record.consents) <= 1


def assert_allowed(site: Site, call_sid: str, started: datetime | None) -> None:
    owner = site.archive.catalog.conferences.owner(site.sandbox.account_sid, call_sid)
    consents = site.archive.calls.get(owner).consents
    allowing = [consent for consent in consents if consent.outcome.allows_recording]
    assert started is not None
    assert [consent for consent in allowing if consent.at < started + ONE_SECOND], call_sid


@settings(
    max_examples=examples(6, thorough=60),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failure says enough, and shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(played=st.lists(scenes, min_size=2, max_size=5), seed=st.integers(0, 2**32))
def test_no_recording_is_without_a_consent_that_came_before_it(
    played: list[Scene], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), f"file://{folder}/bucket", around=lambda app: Trouble(app, seed))
        with site.running():
            for way, view in VIEWS.items():
                site.sandbox.number(
                    NUMBERS[way],
                    voice_url=f"{site.url}/{view}",
                    fallback_url=f"{site.url}/{view}",
                    status_callback=f"{site.url}/twirec/ended",
                )
            calls = [(begin(site, scene), scene) for scene in played]
            for call, scene in calls:
                come(site, call, scene.way)
            for leg in site.sandbox.calls:
                leg.wait(timeout=60)
            for call, scene in calls:
                # The faults of calls over the API are the account's, which the next one changes.
                untold = scene.say_fails and scene.way != "api"
                assert not (untold and call.recordings), "recorded without having been told"
            site.sandbox.faults = None
            site.work_on()
            site.skip(timedelta(minutes=10))
            site.archive.operations.sweep()
            site.work_on()
            check(site)
