"""A worker is killed at every step of a transfer, and every recording is there once, whole."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import StrictGcs
from tests.soak.ground import Ground, Workers, ground
from twirec.adapters import gcs
from twirec.transfers.checkpoints import OF_A_TRANSFER

SMALL, LARGE = 4, 30
"""Seconds of a recording that goes in one request, and of one that goes in pieces."""

PIECE = 256 * 1024
"""What Google takes at the least: so a recording need not be long to go in pieces."""


@pytest.fixture(params=["folder", "strict-gcs"])
def field(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: Workers,
) -> Iterator[Ground]:
    if request.param == "folder":
        with ground(tmp_path, f"file://{tmp_path}/bucket", workers) as made:
            yield made
        return
    monkeypatch.setattr(gcs, "SINGLE", PIECE)
    monkeypatch.setattr(gcs, "LARGE_PIECE", PIECE)
    with StrictGcs("recordings") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        with ground(tmp_path, f"gs://recordings/{uuid.uuid4()}", workers) as made:
            yield made


@pytest.mark.parametrize("seconds", [SMALL, LARGE], ids=["small", "large"])
def test_a_worker_that_is_killed_at_any_step_loses_and_doubles_nothing(
    field: Ground, seconds: int
) -> None:
    for step in OF_A_TRANSFER:
        field.record(seconds=seconds)
        assert field.kill(step), step
        field.pass_time()
        field.work()
    figures = field.settle()
    assert figures.clean, str(figures)
    assert figures.kills == Counter(OF_A_TRANSFER)
    assert figures.recordings == len(OF_A_TRANSFER)


def test_one_recording_whose_worker_is_killed_again_and_again_is_there_once(
    field: Ground,
) -> None:
    field.record(seconds=LARGE)
    for step in OF_A_TRANSFER:
        field.kill(step)
        field.pass_time()
    field.work()
    figures = field.settle()
    assert figures.clean, str(figures)
    assert figures.kills.total() >= 5
