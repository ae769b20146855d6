"""A switch that ends by itself: what holds at each moment, and what the history says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import ADMIN
from twirec.archive import Archive
from twirec.calls.policy import decide_all, with_what_held_before
from twirec.model.audit import content_hash
from twirec.model.errors import InvalidQuery
from twirec.model.policy import Policy, PolicyChange
from twirec.model.vocabulary import ConsentMode, Direction, LegalBasis

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OWN = "+34911000111"
DEFAULT = Policy(True, ConsentMode.ANNOUNCE, "es-ES", LegalBasis.CONTRACT)


def switch(
    hour: int, on: bool | None, *, until: int | None = None, number: str | None = None
) -> PolicyChange:
    end = None if until is None else NOON + until * HOUR
    return PolicyChange(NOON + hour * HOUR, "ana", "x", number, on=on, ends_at=end)


# The history; then whether it is on for the number at noon, an hour later, and so on.
TABLE = [
    ([switch(0, False, until=2)], [False, False, True, True]),
    ([switch(0, False), switch(1, True, until=2)], [False, True, False, False]),
    ([switch(0, False, until=3), switch(1, True)], [False, True, True, True]),
    ([switch(0, False, until=2), switch(1, False)], [False, False, False, False]),
    ([switch(0, False), switch(1, False, until=2)], [False, False, False, False]),
    ([switch(0, False, until=2), switch(1, None)], [False, True, True, True]),
    ([switch(0, False, until=3, number=OWN), switch(1, True)], [False, False, False, True]),
    ([switch(0, False), switch(1, True, until=3, number=OWN)], [False, True, True, False]),
    ([switch(0, False, until=2), switch(1, True, until=3)], [False, True, True, True]),
    ([switch(0, False, until=3), switch(1, True, until=2)], [False, True, False, True]),
]


@pytest.mark.parametrize(("history", "on"), TABLE)
def test_what_held_before_comes_back_by_itself(history: list[PolicyChange], on: list[bool]) -> None:
    for hour, expected in enumerate(on):
        at = NOON + hour * HOUR
        (decision,) = decide_all(history, [(OWN, Direction.IN)], at=at, default=DEFAULT)
        assert decision.policy.on is expected, hour
        assert decision.switched is None or decision.switched.holds_at(at)


def test_the_history_says_what_held_before_each_change() -> None:
    history = [
        switch(0, False, until=1),
        switch(2, False),
        switch(3, True, until=4),
        switch(5, True),
    ]
    before = [held.on for _, held in with_what_held_before(history, [], DEFAULT)]
    assert before == [True, True, False, False]


def test_a_hash_of_before_there_were_such_switches_holds() -> None:
    row = {"id": 1, "on": True}
    assert content_hash({**row, "ends_at": None}) == content_hash(row)
    assert content_hash({**row, "ends_at": NOON}) != content_hash(row)
    assert content_hash({**row, "mode": None}) != content_hash(row)


def test_a_switch_is_made_with_its_end_and_the_log_is_whole(twirec_archive: Archive) -> None:
    archive = twirec_archive
    now = archive.now()
    end = now + timedelta(hours=1)
    change = archive.policy.change(by=ADMIN, why="fitters", on=False, until=end)
    assert change.ends_at == end
    assert not archive.policy.of(OWN, "in").policy.on
    assert archive.policy.of(OWN, "in", at=end).policy.on
    assert archive.policy.of(OWN, "in", at=now + timedelta(minutes=59)).policy.on is False
    (entry,) = archive.audit.log(action="policy", limit=1)
    assert entry.detail["until"] == f"{end:%Y-%m-%dT%H:%MZ}"
    assert archive.audit.verify().whole
    for until, why in (
        ("00:00", "until:"),
        (now - HOUR, "a time to come"),
        (now + timedelta(days=400), "within a year"),
        ("tomorrow", "until:"),
    ):
        with pytest.raises(InvalidQuery, match=why):
            archive.policy.change(by=ADMIN, why="x", on=False, until=until)
    with pytest.raises(InvalidQuery, match="on or off alone"):
        archive.policy.change(by=ADMIN, why="x", language="es-ES", until=end)
