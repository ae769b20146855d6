"""The app is down, or fails on the way: the TwiML Bin of `twirec fallback` connects the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.end_to_end.site import AGENT, CUSTOMER, OWN_NUMBER, Site
from twirec.cli import main
from twirec.model.vocabulary import Outcome, Reason
from twirec.sandbox import Party
from twirec.testing import ENVIRONMENT

LONGER_THAN_TELLING = timedelta(seconds=1)
"""In the sandbox's time, which is forty times as fast."""


@pytest.fixture
def down() -> list[str]:
    """The beginnings of paths that a proxy answers with 502, as when the app behind it is down."""
    return []


@pytest.fixture
def site(tmp_path: Path, down: list[str]) -> Iterator[Site]:
    def proxy(app: Callable[..., Any]) -> Callable[..., Any]:
        def answer(environ: Any, start_response: Any) -> Any:
            if any(environ["PATH_INFO"].startswith(path) for path in down):
                start_response("502 Bad Gateway", [("Content-Length", "0")])
                return [b""]
            return app(environ, start_response)

        return answer

    words = ["fallback", "--dial", AGENT, "--say", "Le pasamos con un agente."]
    document = CliRunner(env=dict(ENVIRONMENT)).invoke(main, words).output
    with Site(tmp_path, f"file://{tmp_path}/bucket", around=proxy).running() as site:
        site.sandbox.number(
            OWN_NUMBER,
            voice_url=f"{site.url}/voice",
            fallback_url=site.sandbox.twiml_bin(document),
            status_callback=f"{site.url}/twirec/ended",
        )
        yield site


def connected(site: Site, sid: str) -> bool:
    legs = [leg for leg in site.sandbox.calls if leg.parent_sid == sid]
    return any(leg.to == AGENT and leg.status == "completed" for leg in legs)


def test_a_call_while_the_app_is_down_goes_on_unrecorded_and_the_sweep_writes_its_line(
    site: Site, down: list[str]
) -> None:
    down.append("/")
    sid = site.call()
    assert connected(site, sid)
    assert site.sandbox.recordings == []
    down.clear()
    assert site.archive.calls.search().count == 0
    assert site.archive.operations.sweep().lines_written == 1
    record = site.archive.calls.get(sid)
    assert (record.call.customer_number, record.call.own_number) == (CUSTOMER, OWN_NUMBER)
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.CATALOG_DOWN)


def test_a_call_on_which_the_app_goes_down_goes_on_unrecorded(
    site: Site, down: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.webhooks.lines.longest_telling", lambda _: LONGER_THAN_TELLING)
    down.append("/twirec/connect")
    sid = site.call(callee=Party(hangs_up_after=120.0))
    assert connected(site, sid)
    assert site.sandbox.recordings == []
    record = site.archive.calls.get(sid)
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.APP_FAILED)
    assert not any(one.outcome.allows_recording for one in record.consents)


def test_without_it_a_call_fails_while_the_app_is_down(site: Site, down: list[str]) -> None:
    voice = f"{site.url}/voice"
    site.sandbox.number(OWN_NUMBER, voice_url=voice, fallback_url=voice)
    down.append("/")
    sid = site.call()
    assert not connected(site, sid)
    (call,) = [leg for leg in site.sandbox.calls if leg.sid == sid]
    assert call.status == "failed"
