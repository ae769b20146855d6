"""Everything goes wrong at once: callbacks, media, the vendor, the bucket, and the workers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

from tests.soak.ground import Figures, Ground
from tests.strict_gcs import StrictGcs
from tests.strict_gcs.faults import Fault as BucketFault
from twirec.sandbox import Fault, Faults, Recording

A_WHILE = timedelta(minutes=6)
"""Longer than a lease, and than the longest pause between two tries."""

MOST_ROUNDS = 400


def mishaps(chance: random.Random) -> Faults:
    """Return what goes wrong with one recording at the vendor."""
    media: dict[Fault, int] = {Fault.NOT_FOUND: chance.choice([0, 1, 1, 2])}
    for fault in (Fault.TRUNCATED, Fault.ERROR, Fault.BUSY):
        media[fault] = int(chance.random() < 0.05)
    delete = {Fault.ERROR: int(chance.random() < 0.05)}
    return Faults(media=media, delete=delete)


def tell(ground: Ground, recording: Recording, chance: random.Random) -> None:
    """Send the callbacks of a recording: lost, doubled, out of order, or as they should be."""
    lot = chance.random()
    if lot < 0.2:
        return
    ground.site.tell(recording)
    if lot < 0.4:
        ground.site.tell(recording)
    elif lot < 0.5:
        late = {
            "AccountSid": ground.site.sandbox.account_sid,
            "CallSid": recording.call_sid,
            "RecordingSid": recording.sid,
            "RecordingStatus": "in-progress",
        }
        assert ground.site.sandbox.post(f"{ground.site.url}/twirec/status", late).status == 204


def play(
    ground: Ground, bucket: StrictGcs, recordings: int, *, seed: int, killed_after: float
) -> Figures:
    """Let recordings come with all their mishaps, and workers be killed, until nothing is left.

    Args:
        ground: where it is played.
        bucket: one upload in twenty fails there.
        recordings: how many.
        seed: of the chance.
        killed_after: seconds that a worker lives.
    """
    chance = random.Random(seed)  # noqa: S311 - it guards nothing
    for _ in range(recordings // 20 + 1):
        bucket.faults.add(BucketFault(on="multipart", skip=19, status=503))
    for _ in range(recordings):
        sid = ground.add(seconds=chance.uniform(1, 3), faults=mishaps(chance))
        tell(ground, ground.at_vendor(sid), chance)
    for _ in rounds(ground):
        ground.kill(seconds=killed_after)
        ground.pass_time(A_WHILE)
    ground.work()
    return ground.settle()


def rounds(ground: Ground) -> Iterator[int]:
    """Return rounds until nothing waits; a sweep finds what callbacks did not tell of."""
    for number in range(MOST_ROUNDS):
        if number % 10 == 0 and ground.site.archive.sweep().adopted == 0:
            waiting = ground.site.archive.stats().waiting
            if number and not waiting:
                return
        yield number
    raise AssertionError(f"something still waits after {MOST_ROUNDS} rounds")
