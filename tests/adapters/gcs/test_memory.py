"""How much is held in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.adapters.gcs.conftest import Opener
from tests.adapters.gcs.uses import (
    AT,
    chunks,
    is_whole,
    kinds,
    put,
)
from tests.servers import StrictGcs
from twirec.adapters.byte_budget import ByteBudget
from twirec.adapters.gcs import LARGE_COST, MIB, PIECE, SINGLE, SINGLE_COST
from twirec.model.bucket import StoredObject


def no_labels() -> Mapping[str, str]:
    return {}


LARGE = SINGLE + 2 * PIECE + 5


class TestRoomInMemory:
    def test_a_recording_waits_unread_and_is_sent_in_pieces_when_no_room_came(
        self, open_bucket: Opener, server: StrictGcs
    ) -> None:
        budget = ByteBudget(SINGLE_COST, patience=0.05)
        bucket = open_bucket(budget=budget)
        with budget.reserve(SINGLE_COST):
            stored = put(bucket, 2 * PIECE)
        assert kinds(server) == ["begin", "chunk", "final", "patch"]
        assert stored.labels == {"recording_sid": "RE1", "sha256": "e3b0"}
        assert is_whole(bucket, 2 * PIECE)

    def test_no_more_recordings_are_collected_at_once_than_there_is_room_for(
        self, open_bucket: Opener, server: StrictGcs
    ) -> None:
        bucket = open_bucket(budget=ByteBudget(2 * SINGLE_COST, patience=20))
        reading: set[int] = set()
        most = []

        def source(number: int) -> Iterator[bytes]:
            reading.add(number)
            most.append(len(reading))
            yield from chunks(PIECE)
            reading.discard(number)

        def one(number: int) -> StoredObject:
            return bucket.put(
                f"{number}.wav",
                source(number),
                content_type="audio/wav",
                labels={},
                custom_time=AT,
                finish=no_labels,
            )

        with ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(one, range(16)))) == 16
        assert max(most) <= 2
        assert set(kinds(server)) == {"multipart"}

    def test_a_large_recording_lets_others_in_once_it_is_on_its_way(
        self, open_bucket: Opener
    ) -> None:
        budget = ByteBudget(SINGLE_COST, patience=20)
        bucket = open_bucket(budget=budget)
        free = []

        def source() -> Iterator[bytes]:
            for chunk in chunks(LARGE):
                free.append(budget.free)
                yield chunk

        put(bucket, source=source())
        assert free[0] == 0
        assert free[-1] >= SINGLE_COST - 2 * PIECE
        assert budget.free == SINGLE_COST

    @pytest.mark.parametrize(("room", "most"), [(SINGLE_COST, SINGLE), (LARGE_COST, LARGE_COST)])
    def test_memory_does_not_grow_with_the_size(
        self, open_bucket: Opener, room: int, most: int
    ) -> None:
        bucket = open_bucket(budget=ByteBudget(room))
        chunk = bytes(MIB)
        tracemalloc.start()
        try:
            put(bucket, source=(chunk for _ in range(48)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < most + 6 * MIB
