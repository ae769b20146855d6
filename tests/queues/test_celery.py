"""Celery: the app of the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from twirec.celery.tasks import EVERY
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
