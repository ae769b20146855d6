"""Whether the queue takes hints: what the doctor says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.factories import STARTED
from tests.queues.remembering import Remembering
from twirec.doctor import queue as doctor_queue
from twirec.doctor.queue import queue_results
from twirec.model.errors import HintNotTaken
from twirec.model.hints import QueueKind
from twirec.model.inspection import Check, Level
from twirec.settings import Settings


@pytest.mark.parametrize("kind", [QueueKind.POLL, QueueKind.POSTGRES])
def test_where_no_queue_is_told_there_is_nothing_to_say(
    twirec_settings: Settings, kind: QueueKind
) -> None:
    assert list(queue_results(replace(twirec_settings, queue=kind), STARTED)) == []


@pytest.mark.parametrize(
    ("failing", "level"), [(None, Level.OK), (HintNotTaken("It is away."), Level.FAILED)]
)
@pytest.mark.parametrize("kind", [QueueKind.CELERY, QueueKind.CLOUD_TASKS])
def test_a_queue_is_handed_a_hint_of_nothing(
    twirec_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    kind: QueueKind,
    failing: Exception | None,
    level: Level,
) -> None:
    queue = Remembering(failing)
    monkeypatch.setattr(doctor_queue, "open_queue", lambda _: queue)
    (result,) = queue_results(replace(twirec_settings, queue=kind), STARTED)
    assert (result.check, result.level, bool(result.fix)) == (Check.QUEUE, level, bool(failing))
    assert [hint.kind for hint in queue.hints] == ["nothing"]
    assert queue.closed


def test_a_broker_that_is_away_is_said_without_its_password(twirec_settings: Settings) -> None:
    pytest.importorskip("celery")
    broker = "redis://:s3cret@127.0.0.1:1/0"
    settings = replace(twirec_settings, queue=QueueKind.CELERY, celery_broker=broker)
    (result,) = queue_results(settings, STARTED)
    assert result.level is Level.FAILED
    assert "s3cret" not in result.what
