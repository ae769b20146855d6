"""Everything goes wrong at once: callbacks, media, the vendor, the bucket, and the workers."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from tests.soak.ground import Figures, Ground
from tests.strict_gcs import StrictGcs
from tests.strict_gcs.faults import Fault as BucketFault
from twirec.adapters.twilio_http import TRIES
from twirec.sandbox import Fault, Faults, Recording
from twirec.sandbox.faults import Endpoint

A_WHILE = timedelta(minutes=6)
"""Longer than a lease, and than the longest pause between two tries."""

MOST_ROUNDS = 400


CALLBACKS = {"callback lost": 20, "callback doubled": 20, "callback out of order": 10}
"""Of a hundred recordings, so many have callbacks to which this happens."""

REQUESTS = {
    "media not there at first": (Endpoint.MEDIA, Fault.NOT_FOUND, 100),
    "media truncated": (Endpoint.MEDIA, Fault.TRUNCATED, 5),
    "media 5xx": (Endpoint.MEDIA, Fault.ERROR, 5),
    "media 429": (Endpoint.MEDIA, Fault.BUSY, 5),
    "deletion 5xx": (Endpoint.DELETE, Fault.ERROR, 5),
}
"""Of a hundred recordings, so many meet this fault."""

LASTS = (1, TRIES)
"""For how many requests: a passing fault is met by the HTTP layer, a lasting one by the worker."""

UPLOADS = {"upload 503": 5}
"""Of a hundred uploads, so many fail."""


def share(recordings: int, percent: int) -> int:
    """Return how many that are, at least one."""
    return max(1, recordings * percent // 100)


def callbacks(recordings: int, chance: random.Random) -> list[str]:
    """Return what happens to the callbacks of each recording; empty for nothing."""
    fates = [what for what, percent in CALLBACKS.items() for _ in range(share(recordings, percent))]
    fates += [""] * (recordings - len(fates))
    chance.shuffle(fates)
    return fates


def mishaps(recordings: int, chance: random.Random) -> list[Faults]:
    """Return what goes wrong with each recording at the vendor."""
    met: list[dict[Endpoint, dict[Fault, int]]] = [defaultdict(dict) for _ in range(recordings)]
    for endpoint, fault, percent in REQUESTS.values():
        for number in chance.sample(range(recordings), share(recordings, percent)):
            met[number][endpoint][fault] = chance.choice(LASTS)
    return [Faults(media=each[Endpoint.MEDIA], delete=each[Endpoint.DELETE]) for each in met]


def tell(ground: Ground, recording: Recording, fate: str) -> None:
    """Send the callbacks of a recording: lost, doubled, out of order, or as they should be."""
    if fate == "callback lost":
        return
    ground.site.tell(recording)
    if fate == "callback doubled":
        ground.site.tell(recording)
    elif fate == "callback out of order":
        late = {
            "AccountSid": ground.site.sandbox.account_sid,
            "CallSid": recording.call_sid,
            "RecordingSid": recording.sid,
            "RecordingStatus": "in-progress",
        }
        assert (
            ground.site.sandbox.callbacks.post(f"{ground.site.url}/twirec/status", late).status
            == 204
        )


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
    every = 100 // UPLOADS["upload 503"]
    for number in range(share(recordings, UPLOADS["upload 503"])):
        bucket.faults.add(BucketFault(on="multipart", skip=(every - 1) * (number + 1), status=503))
    fates = callbacks(recordings, chance)
    for fate, faults in zip(fates, mishaps(recordings, chance), strict=True):
        sid = ground.add(seconds=chance.uniform(1, 3), faults=faults)
        tell(ground, ground.at_vendor(sid), fate)
    for _ in rounds(ground):
        ground.kill(seconds=killed_after)
        ground.pass_time(A_WHILE)
    ground.work()
    figures = ground.settle()
    figures.happened = Counter(filter(None, fates)) + happened(ground, bucket)
    named = CALLBACKS | UPLOADS | {what: of[-1] for what, of in REQUESTS.items()}
    least = {what: share(recordings, percent) for what, percent in named.items()}
    figures.expect(figures.happened, least)
    return figures


def happened(ground: Ground, bucket: StrictGcs) -> Counter[str]:
    """Return how often each fault was really met."""
    met: Counter[tuple[Endpoint, Fault]] = Counter()
    for recording in ground.all_at_vendor():
        met += recording.plan.happened
    found = {what: met[endpoint, fault] for what, (endpoint, fault, _) in REQUESTS.items()}
    return Counter(found | {"upload 503": bucket.faults.happened["multipart"]})


def rounds(ground: Ground) -> Iterator[int]:
    """Return rounds until nothing waits; a sweep finds what callbacks did not tell of."""
    operations = ground.site.archive.operations
    for number in range(MOST_ROUNDS):
        waiting = operations.stats().waiting
        swept = number % 10 == 0 or not waiting
        clean = swept and operations.sweep().adopted == 0
        if number and clean and not operations.stats().waiting:
            return
        yield number
    raise AssertionError(f"something still waits after {MOST_ROUNDS} rounds")
