"""Whatever is given to the archive is understood, or refused by name."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

import pytest

from tests.factories import a_call, call_sid, recording_sid
from tests.parts import methods
from twirec import Archive, ConsentMode, Direction, InvalidQuery, Outcome, State, TwirecError
from twirec.model.audio import ConversionSpec
from twirec.model.given import text, whole, word
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

RIGHT: dict[str, Any] = {
    "by": "ana",
    "sid": recording_sid(),
    "to": "600111222",
    "connect": "911222333",
    "own_number": "911000111",
    "agent": "client:ana",
    "informed_on": "2026-11-03",
    "reference": "annex 4",
    "number": "911000111",
    "direction": "in",
    "field": "at",
    "given": "2026-11-03 17:00",
    "action": "sign_in",
    "asked": ConversionSpec(),
    "text": "911000111",
    "since": "2026-11-03",
    "why": "because",
    "reason": "because",
    "dial": "911222333",
    "export": io.BytesIO(),
    "ground": "contract",
    "hash_": "0" * 64,
    "object_name": "derivatives/x.mp3",
}
"""What a method needs, where another of its parameters is given wrongly."""

WRONG = (
    "no such thing",
    "\x1b[31m[/red]",
    5,
    -1.5,
    b"bytes",
    [],
    object(),
    True,
    datetime(2026, 11, 3),
    date(2026, 11, 3),
    datetime(2026, 11, 3, tzinfo=UTC),
    Outcome.RECORDED,
)

BUILDERS = {"asked", "scopes", "change", "kept", "calls", "at", "progress", "into", "labels"}
"""Parameters that take what the library itself made, or a function; and a database's URL."""

FLAGS = {"not_recorded", "sees_quarantined", "dry_run", "full", "ok", "on", "download"} | {
    *("normalise", "trim_silence", "keep_at_vendor", "detail", "keep_for")
}


@pytest.fixture
def archive(tmp_path: Any) -> Iterator[Archive]:
    environ = {
        **ENVIRONMENT,
        "TWIREC_BUCKET": f"file://{tmp_path}/bucket",
        "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/catalog.db",
        "TWIREC_AUDIT_KEY": "k" * 32,
    }
    archive = Archive(Settings.from_env(environ))
    archive.set_up()
    archive.catalog.ledger.open_call(a_call(outcome=Outcome.RECORDED))
    yield archive
    archive.close()


@pytest.mark.parametrize("wrong", ["\x00", "a\x01b", "\x1b[2J", "\ud800"])
def test_a_text_with_control_characters_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^note: it has control characters"):
        text("note", wrong)
    assert text("note", "two\nlines\tand more") == "two\nlines\tand more"


def parameters() -> Iterator[tuple[str, str, str]]:
    for part, name, method in methods():
        for parameter in inspect.signature(method).parameters:
            if parameter not in {"self", *BUILDERS, *FLAGS}:
                yield part, name, parameter


@pytest.mark.parametrize(("part", "name", "parameter"), list(parameters()))
def test_a_wrong_value_is_refused_by_the_library_or_taken(
    archive: Archive, part: str, name: str, parameter: str
) -> None:
    method = getattr(getattr(archive, part), name)
    needed = {
        each: RIGHT[each]
        for each, how in inspect.signature(method).parameters.items()
        if how.default is inspect.Parameter.empty
    }
    for given in WRONG:
        with suppress(TwirecError):
            method(**{**needed, parameter: given})


@pytest.mark.parametrize(
    ("method", "field", "given", "words"),
    [
        ("calls.search", "outcome", "recordd", "recorded"),
        ("calls.search", "outcome", State.RELEASED, "recorded"),
        ("calls.search", "reason", 5, "hung_up"),
        ("calls.search", "consent", "yes", "granted"),
        ("calls.search", "state", "gone", "released"),
        ("calls.search", "direction", "inbound", "in, out"),
        ("policy.change", "mode", "ask", "opt_in"),
        ("policy.change", "legal_basis", "none", "contract"),
        ("policy.change", "direction", "sideways", "in, out"),
        ("policy.of", "direction", None, "in, out"),
        ("recordings.convert", "channels", "left", "customer"),
    ],
)
def test_a_word_that_is_none_is_named_with_those_there_are(
    archive: Archive, method: str, field: str, given: object, words: str
) -> None:
    needed = {
        "policy.change": {"by": "ana", "why": "because", "on": False},
        "policy.of": {"number": "911000111"},
        "recordings.convert": {"sid": recording_sid(), "by": "ana"},
    }.get(method, {})
    with pytest.raises(InvalidQuery, match=rf"^{field}: .*choose .*{words}"):
        attrgetter(method)(archive)(**needed, **{field: given})


def test_words_and_members_find_the_same(archive: Archive) -> None:
    for outcome in (Outcome.RECORDED, "recorded", "Recorded", " recorded "):
        found = archive.calls.search(outcome=outcome, direction="in").calls
        assert [record.call.call_sid for record in found] == [call_sid()]
    for outcome in (Outcome.NOT_RECORDED, "not_recorded", "not-recorded"):
        assert archive.calls.search(outcome=outcome, direction=Direction.IN).calls == ()


def test_a_date_and_a_moment_with_its_zone_are_times(archive: Archive) -> None:
    at = a_call().started_at
    for since in (at.date(), at, "2026-11-23", at.isoformat()):
        assert archive.calls.search(since=since).count == 1
        assert archive.operations.stats(since).calls == {Outcome.RECORDED: 1}
        assert archive.audit.log(since=since) == []
        assert archive.operations.backfill(since, by="ana")
    archive.policy.change(by="ana", why="an audit", mode="opt_in", direction="in")
    assert archive.policy.of("911000111", "in", at=archive.now()).policy.mode is ConsentMode.OPT_IN
    assert archive.policy.of("911000111", "out").policy.mode is ConsentMode.ANNOUNCE


def test_each_kind_names_what_it_takes() -> None:
    assert word(Direction, "direction", None) is None
    with pytest.raises(InvalidQuery, match=r"^direction: an int is not known; choose in, out\.$"):
        word(Direction, "direction", 5)
    with pytest.raises(InvalidQuery, match=r"^note: give text, not a bytes\.$"):
        text("note", b"x")
    for given in (True, 1.0, "3", 11, -1, None):
        with pytest.raises(InvalidQuery, match=r"^within: give minutes, 0 to 10\.$"):
            whole("within", given, 0, 10, "minutes")
