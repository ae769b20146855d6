"""Some of what `make soak` does at length: waits in a queue, by the ledger and by the sandbox."""

from __future__ import annotations

from pathlib import Path

from tests.soak.waiting import play


def test_waits_in_a_queue_are_those_of_the_sandboxs_own_clock(tmp_path: Path) -> None:
    figures = play(tmp_path, 5, agents=2)
    assert figures.clean, figures
    assert figures.attended == 5
