"""An app that takes long for each answer: who listens meanwhile is still known to have heard."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.site import COLLEAGUE, Site
from twirec.model.vocabulary import ConsentOutcome
from twirec.sandbox import Party


def slow(app: Callable[..., Any]) -> Callable[..., Any]:
    def slowly(environ: Any, start_response: Any) -> Any:
        time.sleep(0.7)
        return app(environ, start_response)

    return slowly


@pytest.mark.parametrize("way", ["in", "out by an agent"])
def test_who_listened_is_informed(tmp_path: Path, way: str) -> None:
    with Site(tmp_path, f"file://{tmp_path}/bucket", around=slow).running() as site:
        party = Party(hangs_up_after=60.0)
        sid = site.call(callee=COLLEAGUE) if way == "in" else site.dial_out(party)
        (consent,) = site.archive.calls.get(sid).consents
        assert consent.outcome is ConsentOutcome.INFORMED
