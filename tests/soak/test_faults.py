"""The fault soak, small: `make soak` plays it with two thousand recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import StrictGcs
from tests.soak.faults import play
from tests.soak.ground import Workers, ground


def test_with_everything_going_wrong_at_once_nothing_is_lost_or_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: Workers
) -> None:
    with StrictGcs("recordings") as bucket:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket.url)
        with ground(tmp_path, "gs://recordings/soak", workers) as field:
            figures = play(field, bucket, 20, seed=7, killed_after=0.6)
    assert figures.clean, str(figures)
    assert figures.recordings == 20
    assert figures.kills.total() > 0
