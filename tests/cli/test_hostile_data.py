"""What the bucket, Twilio or somebody's rewritten log says is data in every listing command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cli.conftest import Twirec
from tests.cli.test_output import MARKUP, ORDER, ORDERS
from tests.factories import a_recording, recording_sid
from tests.parts import parts
from twirec.cli.output import clean
from twirec.model.audit import AuditEntry, AuditVerdict
from twirec.model.bucket import Difference
from twirec.model.inspection import Check, CheckResult, Level
from twirec.model.journal import JournalReport, RebuildReport
from twirec.model.records import SweepReport
from twirec.model.states import State

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOSTILE = (MARKUP, ORDERS.replace("\ud800", ""), "[/]", "[bold", "\x1b]8;;http://x\x1b\\y")


def sweep(text: str) -> SweepReport:
    named = {text: text}
    return replace(
        SweepReport(NOW, NOW), problems=named, planned={text: "adopted"}, strange=named, strangers=1
    )


def results(text: str) -> Iterator[CheckResult]:
    yield CheckResult(Check.BUCKET, Level.FAILED, text, text)


def entries(text: str) -> list[AuditEntry]:
    said = {text: text}
    return [AuditEntry(NOW, text, text, text, sid=text, detail=said, seq=1)]


SAYS: dict[str, tuple[Sequence[str], Callable[[pytest.MonkeyPatch, str], Any]]] = {
    "sweep": (
        ("sweep",),
        lambda m, t: m.setattr(parts()["operations"], "sweep", lambda *_, **__: sweep(t)),
    ),
    "journal": (
        ("journal",),
        lambda m, t: m.setattr(
            parts()["journal"], "write", lambda *_, **__: JournalReport(problems={t: t})
        ),
    ),
    "rebuild": (
        ("rebuild", "--into", "sqlite:///new.db"),
        lambda m, t: m.setattr(
            parts()["journal"],
            "rebuild",
            lambda *_, **__: RebuildReport(problems={t: t}, strange={t: t}),
        ),
    ),
    "doctor": (
        ("doctor",),
        lambda m, t: m.setattr("twirec.doctor.examine", lambda *_, **__: results(t)),
    ),
    "audit": (
        ("audit",),
        lambda m, t: m.setattr(parts()["audit"], "log", lambda *_, **__: entries(t)),
    ),
    "verdict": (
        ("audit", "--verify"),
        lambda m, t: m.setattr(parts()["audit"], "verify", lambda *_, **__: AuditVerdict(1, 2, t)),
    ),
    "parked": (
        ("stats",),
        lambda m, t: m.setattr(
            parts()["operations"],
            "parked",
            lambda *_, **__: [a_recording(state=State.COMPLETED, due_at=None, last_error=t)],
        ),
    ),
    "differences": (
        ("stats",),
        lambda m, t: m.setattr(
            parts()["operations"],
            "differences",
            lambda *_, **__: [Difference(t, recording_sid(), t, NOW)],
        ),
    ),
}
"""What each says, by what makes it up."""


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("name", SAYS)
def test_what_comes_from_outside_is_shown_as_it_is(
    twirec: Twirec, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    words, says = SAYS[name]
    monkeypatch.setattr(parts()["journal"], "audit_head", lambda _: None)
    says(monkeypatch, text)
    result = twirec(*words)
    assert result.exit_code in {0, 1}, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert not ORDER.search(result.output)
    # Cells may be folded at spaces.
    shown, whole = "".join(result.output.split()), "".join(clean(text).split())
    assert whole in shown, result.output
