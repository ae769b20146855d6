"""A backfill of thousands of recordings is interrupted, again and again, and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.soak.ground import Figures, Ground

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
COMMAND = [sys.executable, "-m", "twirec", "backfill", "--since", "2023-12-01", "--json"]
COMMAND += ["--until", "2025-12-31"]


@dataclass(slots=True)
class BackfillFigures:
    """What came of it.

    Attributes:
        runs: how often it was started.
        asked_twice: recordings whose media was asked for more than once.
        copied: what all runs together say they copied.
        seconds: how long all runs took.
    """

    ground: Figures
    runs: int = 0
    asked_twice: int = 0
    copied: int = 0
    seconds: float = 0

    @property
    def clean(self) -> bool:
        """Whether all is there once, and nothing was copied twice."""
        once = self.asked_twice == 0 and self.copied == self.ground.recordings
        return once and self.ground.clean

    def __str__(self) -> str:
        return (
            f"runs {self.runs}, copied {self.copied} in {self.seconds:.0f} s, "
            f"copied twice {self.asked_twice}, {self.ground}"
        )


def play(ground: Ground, recordings: int, *, interruptions: int) -> BackfillFigures:
    """Gather recordings at the vendor, ten a day, and take them over.

    Args:
        ground: where it is played.
        recordings: how many.
        interruptions: how many runs are ended by Ctrl-C, each after its share.
    """
    for number in range(recordings):
        ground.add(seconds=1, started_at=BEGIN + number * timedelta(hours=2.4))
    figures = BackfillFigures(ground.figures)
    begun = time.monotonic()
    share = recordings // (interruptions + 1)
    for number in range(interruptions):
        figures.copied += _run(ground, interrupted_at=share * (number + 1))
        figures.runs += 1
    figures.copied += _run(ground)
    figures.runs += 1
    figures.seconds = time.monotonic() - begun
    figures.asked_twice = sum(1 for count in _media(ground).values() if count > 1)
    ground.settle()
    return figures


def _run(ground: Ground, interrupted_at: int | None = None) -> int:
    """Run once, and return how many it copied."""
    with subprocess.Popen(
        COMMAND, env={**os.environ, **ground.environ}, stdout=subprocess.PIPE, text=True
    ) as run:
        while interrupted_at and len(_media(ground)) < interrupted_at:
            assert run.poll() is None, "it ended too early"
            time.sleep(0.2)
        if interrupted_at:
            run.send_signal(signal.SIGINT)
        assert run.stdout
        report = json.loads(run.stdout.read())
    assert run.returncode == (128 + signal.SIGINT if interrupted_at else 0), report
    copied: int = report["copied"]
    return copied


def _media(ground: Ground) -> Counter[str]:
    requests = ground.site.sandbox.requests
    return Counter(request.path for request in requests if request.path.endswith(".wav"))
