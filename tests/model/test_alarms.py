"""What stands still: a table of figures, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ACCOUNT, STARTED
from twirec import Alarm, AlarmKind, Stats, alarms

NOW = STARTED
WELL = Stats(
    recordings={},
    custody={},
    calls={},
    not_recorded={},
    size=0,
    seconds=0,
    waiting=0,
    oldest_waiting=None,
    parked=0,
    swept={ACCOUNT: NOW - timedelta(minutes=20)},
    worker_seen=NOW - timedelta(seconds=20),
    bucket_seen=NOW - timedelta(seconds=50),
    audit_verified=NOW - timedelta(hours=20),
)


def ago(**time: float) -> Any:
    return NOW - timedelta(**time)


TABLE: dict[str, tuple[dict[str, Any], Alarm | None]] = {
    "all goes well": ({}, None),
    "a worker was silent for two minutes": ({"worker_seen": ago(minutes=2)}, None),
    "and for longer": (
        {"worker_seen": ago(seconds=121)},
        Alarm(AlarmKind.WORKER_AWAY, ago(seconds=121)),
    ),
    "no worker ever came": ({"worker_seen": None}, Alarm(AlarmKind.WORKER_AWAY)),
    "the bucket failed once": ({"bucket_failed": ago(hours=2)}, None),
    "the bucket is away": (
        {"bucket_failed": ago(seconds=5)},
        Alarm(AlarmKind.BUCKET_AWAY, ago(seconds=50)),
    ),
    "the bucket never answered": (
        {"bucket_failed": ago(seconds=5), "bucket_seen": None},
        Alarm(AlarmKind.BUCKET_AWAY),
    ),
    "nobody asked the bucket yet": ({"bucket_seen": None}, None),
    "the log was changed": (
        {"audit_problem": "entry 3", "audit_verified": None},
        Alarm(AlarmKind.AUDIT_BROKEN),
    ),
    "nobody looks at the log": (
        {"audit_verified": ago(days=4)},
        Alarm(AlarmKind.AUDIT_LATE, ago(days=4)),
    ),
    "anchored two days ago": ({"anchored_at": ago(days=2)}, None),
    "anchored four days ago": (
        {"anchored_at": ago(days=4)},
        Alarm(AlarmKind.ANCHOR_LATE, ago(days=4)),
    ),
    "a time stamp waits for hours": ({"unstamped_since": ago(hours=20)}, None),
    "a time stamp waits for days": (
        {"unstamped_since": ago(days=2)},
        Alarm(AlarmKind.STAMP_LATE, ago(days=2)),
    ),
    "one waits for an hour": ({"waiting": 3, "oldest_waiting": ago(hours=1)}, None),
    "one waits for longer": (
        {"waiting": 3, "oldest_waiting": ago(minutes=61)},
        Alarm(AlarmKind.QUEUE_OLD, ago(minutes=61), 3),
    ),
    "a sweep is late": (
        {"swept": {ACCOUNT: ago(minutes=61), "AC2": NOW}},
        Alarm(AlarmKind.SWEEP_LATE, ago(minutes=61)),
    ),
    "an account was never swept": (
        {"swept": {ACCOUNT: ago(minutes=61), "AC2": None}},
        Alarm(AlarmKind.SWEEP_LATE),
    ),
    "the rules wait for a day": ({"retention_late": ago(days=1)}, None),
    "and for longer than that": (
        {"retention_late": ago(hours=25)},
        Alarm(AlarmKind.RETENTION_LATE, ago(hours=25)),
    ),
    "somebody has to decide": (
        {"parked": 2, "undecided": 2},
        Alarm(AlarmKind.UNDECIDED, count=2),
    ),
    "copying failed": ({"parked": 2}, Alarm(AlarmKind.PARKED, count=2)),
    "customers were not told in time": (
        {"cases_overdue": 2},
        Alarm(AlarmKind.CASES_OVERDUE, count=2),
    ),
    "a card number waits for a decision": (
        {"card_numbers": 1},
        Alarm(AlarmKind.CARD_NUMBERS, count=1),
    ),
    "a receipt waits to be sent": (
        {"mails_waiting": 1, "mails_waiting_since": ago(minutes=59)},
        None,
    ),
    "no worker sends them": (
        {"mails_waiting": 2, "mails_waiting_since": ago(minutes=61)},
        Alarm(AlarmKind.MAILS_LATE, ago(minutes=61), 2),
    ),
    "a receipt could not be delivered": (
        {"mails_failed": 1},
        Alarm(AlarmKind.MAILS_FAILED, count=1),
    ),
    "the bucket holds something else": (
        {"differences": 1},
        Alarm(AlarmKind.DIFFERENCES, count=1),
    ),
}
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize("case", TABLE)
def test_what_stands_still_is_what_the_table_says(case: str) -> None:
    changes, alarm = TABLE[case]
    found = alarms(replace(WELL, **changes), NOW, sweep_every=QUARTER)
    assert found == (() if alarm is None else (alarm,))


def test_every_kind_is_said_of_some_figures_and_the_worst_comes_first() -> None:
    said = {alarm.kind for _, alarm in TABLE.values() if alarm}
    assert said | {AlarmKind.RECORDING_OFF} == set(AlarmKind)
    bad = replace(WELL, worker_seen=None, differences=1, parked=2, undecided=1)
    kinds = [each.kind for each in alarms(bad, NOW, sweep_every=QUARTER, off=NOW)]
    assert kinds == sorted(kinds, key=list(AlarmKind).index)
    assert len(kinds) == 5


def test_a_sweep_that_comes_seldom_is_late_later_and_none_is_never() -> None:
    late = replace(WELL, swept={ACCOUNT: ago(hours=3)})
    assert alarms(late, NOW, sweep_every=timedelta(hours=2)) == ()
    assert alarms(late, NOW, sweep_every=timedelta(hours=1)) != ()
    assert alarms(late, NOW, sweep_every=timedelta()) == ()
