"""Celery: the app of the page."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from tests.house import House
from twirec.adapters.celery_broker import DO
from twirec.celery.tasks import EVERY, add_tasks
from twirec.testing import ENVIRONMENT


def test_the_example_of_the_page_adds_the_tasks_and_their_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    page = Path(__file__).parents[2] / "docs" / "queues.md"
    (block,) = re.findall(r"^```py\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    made: dict[str, Any] = {}
    exec(compile(block, "docs", "exec"), made)  # noqa: S102 - our own page
    assert {"twirec.do", *EVERY} <= set(made["app"].tasks)
    assert set(made["app"].conf.beat_schedule) == set(EVERY)
    made["archive"].close()


@pytest.mark.parametrize(
    ("later", "countdowns"),
    [(None, []), (0, [1.0]), (45, [45.0]), (60, [60.0]), (61, []), (4000, []), (86400, [])],
)
def test_the_broker_holds_nothing_for_longer_than_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch, later: int | None, countdowns: list[float]
) -> None:
    def do(kind: str, key: str) -> datetime | None:
        assert (kind, key) == ("recording", "RE0")
        return None if later is None else house.time + timedelta(seconds=later)

    class Retried(Exception):
        pass

    def retry(args: tuple[str, str], countdown: float) -> Retried:
        assert args == ("recording", "RE0")
        held.append(countdown)
        return Retried()

    held: list[float] = []
    app = Celery("company", broker="memory://", set_as_current=False)
    add_tasks(app, house.archive)
    house.archive.jobs.close()
    monkeypatch.setattr(house.archive.jobs, "do", do)
    monkeypatch.setattr(app.tasks[DO], "retry", retry)
    try:
        app.tasks[DO].run("recording", "RE0")
    except Retried:
        assert countdowns
    assert held == countdowns
