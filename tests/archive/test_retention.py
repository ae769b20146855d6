"""How long something is kept, as an archive does it: rules, a dry run, and workers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.factories import call_sid, recording_sid
from tests.house import House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.model.access import Actor
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.retention import AtEnd, Kept, Retention
from twirec.model.states import Custody, State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID = recording_sid()
ANA, EVA = Actor("ana", "admin"), Actor("eva", "supervisor")
MEDIA = wav(4.0, channels=2)
SAID: dict[str, Any] = {"by": ANA, "reason": "because"}


@pytest.fixture(scope="module")
def recorded() -> House:
    """An archive with one recording, to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def apply(house: House) -> None:
    rules = house.archive.custody.retention
    rules.apply(confirm=rules.preview(by=ANA).confirm, **SAID)


OVER = datetime(2026, 12, 23, 23, tzinfo=UTC)
"""When 30 days after the call of the house are over, in Madrid."""


def test_rules_do_nothing_before_they_are_applied_and_then_what_they_say(house: House) -> None:
    rules = house.archive.custody.retention
    rules.set("month", "30 days", at_end="destroy", **SAID)
    house.time = OVER + timedelta(days=99)
    assert house.work().state is State.RELEASED
    assert rules.of(SID, by=ANA) == Retention()
    (seen,) = rules.preview(by=ANA).rules
    assert (seen.matched, seen.going, seen.held, seen.examples) == (1, 1, 0, (SID,))
    assert seen.earliest == date(2026, 12, 23)
    apply(house)
    assert rules.of(SID, by=ANA).destroyed_on == date(2026, 12, 24)
    assert house.work().state is State.ERASED
    assert house.stored() == house.at_vendor() == []
    assert rules.of(SID, by=ANA) == Retention()
    entries = house.archive.audit.log(sid=SID, action="erase")
    assert [(each.by, each.detail["rule"]) for each in entries] == [
        ("twirec", "retention: month, 30 days")
    ]
    assert house.archive.audit.verify().whole


def test_what_is_blocked_by_a_rule_is_destroyed_when_its_block_ends(house: House) -> None:
    rules = house.archive.custody.retention
    rules.set("month", "30 days", **SAID)
    apply(house)
    said = rules.of(SID, by=ANA)
    assert (said.rule, said.at_end, said.kept_until) == ("month", AtEnd.BLOCK, date(2026, 12, 23))
    assert said.destroyed_on == date(2029, 12, 24)
    house.time = OVER - timedelta(seconds=1)
    assert house.work().custody is Custody.ACTIVE
    house.time = OVER
    assert house.work().custody is Custody.BLOCKED
    (stored,) = house.bucket.list("recordings/")
    assert stored.labels["custody"] == "blocked"
    assert stored.labels["blocked_until"] == str(rules.of(SID, by=ANA).destroyed_on)
    with pytest.raises(NotFound):
        rules.of(SID, by=EVA)
    until = rules.of(SID, by=ANA).destroyed_on
    assert until == rules.of(SID, by=ANA).blocked_until
    assert until is not None
    house.time = datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(seconds=1)
    assert house.work().state is State.RELEASED
    house.time += timedelta(seconds=1)
    assert house.work().state is State.ERASED


def test_what_is_held_goes_when_the_last_hold_is_lifted(house: House) -> None:
    custody = house.archive.custody
    custody.retention.set("month", "30 days", at_end="destroy", **SAID)
    custody.hold(SID, case="C-7", **SAID)
    apply(house)
    house.time = OVER + timedelta(days=400)
    assert house.work().state is State.RELEASED
    (seen,) = custody.retention.preview(by=ANA).rules
    assert (seen.over, seen.held, seen.going, seen.examples) == (1, 1, 0, ())
    assert custody.retention.of(SID, by=ANA).held
    house.archive.catalog.holds.lift(
        [1],
        by="eva",
        at=house.time,
        reason="settled",
        audited=house.archive.audit._trail.draft("unhold", ANA),
    )
    assert house.work().state is State.ERASED


def test_a_preview_confirms_no_other_rules_than_it_was_of(house: House) -> None:
    rules = house.archive.custody.retention
    rules.set("month", "30 days", **SAID)
    seen = rules.preview(by=ANA)
    assert not seen.in_force
    rules.set("month", "31 days", **SAID)
    for wrong in (seen.confirm, "", "0" * 8):
        with pytest.raises(InvalidQuery, match="confirm: it is of other rules"):
            rules.apply(confirm=wrong, **SAID)
    assert rules.rules(applied=True) == []
    apply(house)
    assert rules.preview(by=ANA).in_force
    assert rules.rules(applied=True) == rules.rules()
    rules.remove("month", **SAID)
    assert [each.name for each in rules.rules(applied=True)] == ["month"]
    apply(house)
    assert rules.rules(applied=True) == []
    assert [each.step for each in rules.history()] == [
        *("set", "set", "apply"),
        *("remove", "apply"),
    ]
    assert house.archive.audit.verify().whole


def test_a_rule_that_matches_nothing_says_so_and_what_no_rule_matches_is_counted(
    house: House,
) -> None:
    rules = house.archive.custody.retention
    rules.set("elsewhere", "1 day", number="911 000 999", **SAID)
    seen = rules.preview(by=ANA)
    assert [(each.rule.number, each.matched) for each in seen.rules] == [("+34911000999", 0)]
    assert seen.without_rule == 1


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "+34600111222"}, "name: write at most 32"),
    ({"term": "soon"}, "term: write how long"),
    ({"reason": " "}, "reason: say why"),
    ({"kept": "everything"}, "kept: 'everything' is not known"),
    ({"kept": "calls", "at_end": "block"}, "at_end: only recordings are blocked"),
    ({"direction": "sideways"}, "direction: 'sideways' is not known"),
    ({"consent": "maybe"}, "consent: 'maybe' is not known"),
    ({"case": ""}, "case: write the number of one"),
    ({"case": "x" * 65}, "case: write the number of one"),
    ({"number": "+34"}, "number|address|'\\+34'"),
    ({"by": ""}, "by: say who"),
)


def test_what_a_rule_cannot_say_is_refused_by_name(house: House) -> None:
    right = {"name": "all", "term": "1 year", **SAID}
    for wrong, message in WRONG:
        with pytest.raises(InvalidQuery, match=message):
            house.archive.custody.retention.set(**right | wrong)
    with pytest.raises(NotFound, match="There is no rule 'all'"):
        house.archive.custody.retention.remove("all", **SAID)
    assert house.archive.custody.retention.history() == []


DEEDS: dict[str, Callable[[Any, Actor], Any]] = {
    "set": lambda rules, who: rules.set("all", "1 day", by=who, reason="x"),
    "remove": lambda rules, who: rules.remove("all", by=who, reason="x"),
    "apply": lambda rules, who: rules.apply(
        confirm=rules.preview(by=ANA).confirm, by=who, reason="x"
    ),
}


def test_only_an_admin_or_who_has_no_role_sets_rules(house: House) -> None:
    rules = house.archive.custody.retention
    rules.set("all", "1 day", **SAID)
    for name, deed in DEEDS.items():
        for role in ("supervisor", "auditor", "agent"):
            with pytest.raises(CustodyRefused, match="retention: "):
                deed(rules, Actor("bo", role))
            entry = house.archive.audit.log(who="bo")[0]
            assert (entry.action, entry.outcome) == ("retention", "denied"), name
    for role in ("supervisor", "agent"):
        with pytest.raises(CustodyRefused):
            rules.preview(by=Actor("bo", role))
    assert rules.preview(by=Actor("bo", "auditor")).rules
    DEEDS["apply"](rules, Actor("bo"))


def test_a_rebuilt_catalog_keeps_the_rules_and_does_what_they_say(
    house: House, tmp_path: Path
) -> None:
    rules = house.archive.custody.retention
    rules.set("month", "30 days", at_end="destroy", number="911000111", case="*", **SAID)
    rules.set("year", "1 year", at_end="destroy", **SAID)
    apply(house)
    rules.set("late", "1 day", **SAID)
    house.archive.calls.annotate(call_sid(), case="C-7", by=ANA)
    house.archive.journal.write()
    url = f"sqlite:///{tmp_path}/new.db"
    assert house.archive.journal.rebuild(url, by=ANA).problems == {}
    with closing(Catalog(url)) as catalog:
        bucket, vendor = house.archive._given
        new = Archive(
            house.archive.settings,
            catalog=catalog,
            bucket=bucket,
            vendor=vendor,
            now=lambda: house.time,
        )
        known = new.custody.retention
        assert known.history() == rules.history()
        assert known.rules(applied=True) == rules.rules(applied=True)
        assert known.of(SID, by=ANA) == rules.of(SID, by=ANA)
        house.time = OVER
        new.operations.worker(threads=1).run_once()
        assert catalog.recordings.get(SID).state is State.ERASED
        assert known.set("more", "1 day", **SAID) in known.rules()
        assert new.audit.verify().whole


def test_figures_say_how_many_rules_there_are_and_since_when_workers_are_behind(
    house: House,
) -> None:
    stats = house.archive.operations.stats
    assert (stats().retention_rules, stats().retention_late) == (0, None)
    house.archive.custody.retention.set("month", "30 days", **SAID)
    assert stats().retention_rules == 0
    apply(house)
    house.work()
    assert (stats().retention_rules, stats().retention_late) == (1, None)
    house.time = OVER + timedelta(hours=1)
    assert stats().retention_late == OVER
    house.work()
    assert stats().retention_late is None


def test_what_a_settings_zone_says_is_the_day(house: House) -> None:
    rules = house.archive.custody.retention
    rules.set("day", "1 day", kept=Kept.RECORDINGS, **SAID)
    apply(house)
    assert rules.of(SID, by=ANA).kept_until == date(2026, 11, 24)
