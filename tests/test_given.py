"""Whatever is given to the archive is understood, or refused by name."""

from __future__ import annotations

import copy
import inspect
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import IO, Any

import pytest

from tests.factories import a_call, a_recording, call_sid, recording_sid
from tests.parts import methods, parts
from tests.queues.remembering import Remembering
from twirec import (
    Actor,
    Archive,
    CatalogError,
    ConsentMode,
    Direction,
    Disclosure,
    DisclosureGround,
    InvalidQuery,
    Outcome,
    RecordingSid,
    Role,
    State,
    TwirecError,
)
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.audio import Channels, ConversionSpec
from twirec.model.audit import AuditHead
from twirec.model.given import check_kind, text, understood, whole, word
from twirec.model.policy import PolicyChange
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
    "at": "2026-11-03 17:00",
    "action": "sign_in",
    "spec": ConversionSpec(),
    "scopes": [("911000111", "in")],
    "change": PolicyChange(datetime(2026, 11, 3, tzinfo=UTC), "ana", "because"),
    "text": "911000111",
    "since": "2026-11-03",
    "why": "because",
    "reason": "because",
    "dial": "911222333",
    "export": io.BytesIO(),
    "ground": "contract",
    "hash_": "0" * 64,
    "object_name": "derivatives/x.mp3",
    "kind": "outage",
    "key": "RE" + "0" * 32,
    "authorization": "Bearer x",
    "name": "upkeep",
    "queue": Remembering(),
    "purpose": "claim",
    "term": "30 days",
    "confirm": "0" * 8,
    "copies": "silenced",
    "request_key": "AR-1",
    "case": "C-7",
    "case_key": "R-7KM-482-4",
    "year": 2026,
    "answer": "granted",
    "content": "two invoices",
    "missing": "the invoice",
    "notified_at": "2026-11-23",
    "call_sid": call_sid(),
    "month": "2026-10",
    "hold": 1,
    "entry": 1,
    "first": 1,
    "second": 2,
    "approval": 1,
    "authority": "Juzgado 3",
    "participant": "customer",
    "recipient": "a lawyer",
    "given_on": "2026-11-03",
    "how": "writing",
    "evidence": "a letter",
    "consent_id": 1,
    "disclosure_id": "DI" + "0" * 32,
    "secret": "x" * 43,
    "code": "K7QM-3XRD",
    "ticket": "x" * 43,
    "what": recording_sid(),
}
"""What a method needs, where another of its parameters is given wrongly."""

NONSENSE: dict[str, Any] = {
    "None": None,
    "text": "no such thing",
    "control": "\x1b[31m[/red]",
    "whole": 5,
    "negative": -1.5,
    "nan": float("nan"),
    "bytes": b"bytes",
    "list": [],
    "list of it": [5],
    "object": object(),
    "bool": True,
    "naive": datetime(2026, 11, 3),
    "date": date(2026, 11, 3),
    "moment": datetime(2026, 11, 3, tzinfo=UTC),
    "first day": date.min,
    "last day": date.max,
    "first moment": datetime.min.replace(tzinfo=UTC),
    "last moment": datetime.max.replace(tzinfo=UTC),
    "so large": 10**5000,
    "largest": 2**63 - 1,
    "longest": timedelta.max,
    "no time": timedelta(),
    "least": timedelta.min,
    "mapping": {},
    "mapping of it": {5: 5},
    "word of another": Outcome.RECORDED,
}

DAYS = ("date", "first day", "last day")
MOMENTS = ("moment", "first moment", "last moment")

TAKES: dict[str, frozenset[str]] = {
    "str": frozenset({"text", "word of another"}),
    "int": frozenset({"whole", "largest"}),
    "float": frozenset({"whole", "largest", "negative"}),
    "bool": frozenset({"bool"}),
    "date": frozenset(DAYS),
    "datetime": frozenset(MOMENTS),
    "When": frozenset({"text", "word of another", *DAYS, *MOMENTS}),
    "None": frozenset({"None"}),
}
"""What of the nonsense is of the kind that a word of an annotation says; of others, none is."""


def takes(annotation: str) -> frozenset[str]:
    """Return what of the nonsense may be taken, or refused for its value, by an annotation."""
    if "Sequence[" in annotation or "Mapping[" in annotation or "Detail" in annotation:
        return frozenset(NONSENSE)  # looked at below
    said = [each.strip() for each in annotation.split("|")]
    return frozenset[str]().union(*(TAKES.get(each, frozenset()) for each in said))


@pytest.fixture
def archive() -> Iterator[Archive]:
    environ = {**ENVIRONMENT, "TWIREC_AUDIT_KEY": "k" * 32}
    archive = Archive(Settings.from_env(environ), bucket=MemoryBucket())
    archive.set_up()
    archive.catalog.ledger.open_call(a_call(outcome=Outcome.RECORDED))
    yield archive
    archive.close()


@pytest.mark.parametrize("wrong", ["\x00", "a\x01b", "\x1b[2J", "\ud800"])
def test_a_text_with_control_characters_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^note: it has control characters"):
        text("note", wrong)
    for several in ([wrong], [("a", [wrong])]):
        with pytest.raises(InvalidQuery, match=r"^note: it has control characters"):
            check_kind("note", several, Any)
    assert text("note", "two\nlines\tand more") == "two\nlines\tand more"


PARAMETERS = {
    f"{part}.{name}": names
    for part, name, method in methods()
    if (names := [each for each in inspect.signature(method).parameters if each != "self"])
}
"""Those of each method that has some."""


def annotation_of(method: str, parameter: str) -> str:
    part, _, name = method.rpartition(".")
    return str(inspect.signature(getattr(parts()[part], name)).parameters[parameter].annotation)


def needed(method: Callable[..., Any]) -> dict[str, Any]:
    """Return what a method cannot do without, all of it right."""
    return {
        each: RIGHT[each]
        for each, how in inspect.signature(method).parameters.items()
        if how.default is inspect.Parameter.empty and each != "self"
    }


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_wrong_value_is_refused_by_name_or_taken(archive: Archive, name: str) -> None:
    method = attrgetter(name)(archive)
    for parameter in PARAMETERS[name]:
        taken = takes(annotation_of(name, parameter))
        for called, given in NONSENSE.items():
            asked = {**needed(method), parameter: given}
            if called in taken:
                try:
                    method(**asked)
                except TwirecError as error:
                    assert type(error) is not CatalogError, (parameter, called)  # noqa: PT017
            else:
                with pytest.raises(InvalidQuery, match=rf"^{parameter}: "):
                    method(**asked)


TIMES = [
    (name, parameter)
    for name, parameters in PARAMETERS.items()
    for parameter in parameters
    if "When" in annotation_of(name, parameter)
]


def test_a_time_without_its_zone_is_refused_by_name(archive: Archive) -> None:
    for name, parameter in TIMES:
        method = attrgetter(name)(archive)
        with pytest.raises(InvalidQuery, match=rf"^{parameter}: a datetime without a zone is no"):
            method(**{**needed(method), parameter: datetime(2026, 11, 3)})


def test_a_time_that_is_too_far_away_is_refused_by_name_or_taken(archive: Archive) -> None:
    far = [NONSENSE[each] for each in (*DAYS, *MOMENTS) if NONSENSE[each].year != 2026]
    for name, parameter in TIMES:
        method = attrgetter(name)(archive)
        for given in far:
            try:
                method(**{**needed(method), parameter: given})
            except InvalidQuery as error:
                assert str(error).partition(":")[0] in PARAMETERS[name], name  # noqa: PT017
            except TwirecError:
                pass  # such as that the call is not there


def test_what_ends_before_it_begins_is_refused(archive: Archive) -> None:
    both = [name for name, parameter in TIMES if parameter == "since" and (name, "until") in TIMES]
    assert len(both) >= 5
    moment = datetime(2026, 11, 3, 17, tzinfo=UTC)
    for name in both:
        method = attrgetter(name)(archive)
        for since, until in (
            ("2026-11-05", "2026-11-01"),
            ("2026-11-05", "2026-11-04"),
            (moment, moment - timedelta(seconds=1)),
        ):
            with pytest.raises(InvalidQuery, match=r"^until: it is before since; swap them\.$"):
                method(**{**needed(method), "since": since, "until": until})
    assert archive.calls.search(since="2026-11-05", until="2026-11-05").count == 0
    assert archive.calls.search(since=moment, until=moment).count == 0


SIDS = [
    (name, annotation)
    for name, parameters in PARAMETERS.items()
    if "sid" in parameters and "Sid" in (annotation := annotation_of(name, "sid"))
]


def test_a_sid_is_one_and_of_what_is_asked_for(archive: Archive) -> None:
    assert len(SIDS) >= 40
    for name, annotation in SIDS:
        method = attrgetter(name)(archive)
        for wrong in ("foo", "600111222", "RE0123", recording_sid()[:-1], recording_sid() + "\n"):
            with pytest.raises(InvalidQuery, match=r"^sid: give (CA or )?RE and 32 hexadecimal"):
                method(**{**needed(method), "sid": wrong})
        if "Call" not in annotation:
            with pytest.raises(InvalidQuery, match=r"^sid: that is a call; its recordings are "):
                method(**{**needed(method), "sid": call_sid()})
        with suppress(TwirecError):  # one that is not there is not found
            method(**{**needed(method), "sid": recording_sid(99)})


def test_a_name_has_an_end(archive: Archive) -> None:
    long = "x" * 256
    for name, parameters in PARAMETERS.items():
        method = attrgetter(name)(archive)
        for parameter in {"by", "sid", "call_sid", "calls"} & set(parameters):
            for given in [[long]] if parameter == "calls" else [long]:
                with pytest.raises(InvalidQuery, match=rf"^{parameter}: give up to 255 characters"):
                    method(**{**needed(method), parameter: given})
        if "by" in parameters:
            for actor in (Actor(long), Actor("ana", long), Actor("ana", agent=long)):
                with pytest.raises(InvalidQuery, match=r"^by: give up to 255 characters\.$"):
                    method(**{**needed(method), "by": actor})


OURS: dict[str, Any] = {
    "Actor": Actor("ana", "admin"),
    "ConversionSpec": ConversionSpec(),
    "AuditHead": AuditHead(1, "0" * 64),
    "Disclosure": Disclosure(
        id="DI" + "0" * 32,
        recording_sid=recording_sid(),
        recipient="a lawyer",
        purpose="claim",
        ground=DisclosureGround.CONSENT,
        reference="",
        consents=(),
        conversion="",
        by="ana",
        at=datetime(2026, 11, 3, tzinfo=UTC),
        expires_at=datetime(2026, 11, 4, tzinfo=UTC),
        openings=1,
    ),
    "PolicyChange": PolicyChange(datetime(2026, 11, 3, tzinfo=UTC), "ana", "because"),
}
"""A value of each class of ours that methods take."""


def test_a_value_of_ours_is_looked_into(archive: Archive) -> None:
    seen = set()
    for name, parameters in PARAMETERS.items():
        method = attrgetter(name)(archive)
        for parameter in parameters:
            for kind in OURS.keys() & set(annotation_of(name, parameter).split(" | ")):
                if kind == "Actor" and seen & {"Actor"}:
                    continue  # one way for all
                seen.add(kind)
                for field in fields(OURS[kind]):
                    for wrong in (object(), 10**400, datetime(2026, 11, 3), "\x00"):
                        value = copy.copy(OURS[kind])
                        object.__setattr__(value, field.name, wrong)
                        with pytest.raises(
                            InvalidQuery, match=rf"^{parameter}: its {field.name}: "
                        ):
                            method(**{**needed(method), parameter: value})
    assert seen == OURS.keys()


def test_a_head_of_the_log_that_is_none_is_refused_and_marks_nothing(archive: Archive) -> None:
    for seq in (0, -5, 10**30):
        with pytest.raises(InvalidQuery, match=r"^kept: its seq: give "):
            archive.audit.verify(AuditHead(seq, "a"))
    assert archive.audit.check() is None


@pytest.mark.parametrize("wrong", ["a\x00b", "\ud800"])
def test_characters_that_nothing_holds_are_refused_in_mappings_too(
    archive: Archive, wrong: str
) -> None:
    for detail in ({"note": wrong}, {wrong: "x"}):
        with pytest.raises(InvalidQuery, match=r"^detail: it has control characters"):
            archive.audit.record("sign_in", by="ana", detail=detail)
    with pytest.raises(InvalidQuery, match=r"^labels: it has control characters"):
        archive.recordings.draw_waveform(recording_sid(), labels={Role.AGENT: wrong})


WRONG_SPECS: list[tuple[str, dict[str, Any]]] = [
    ("format", {"format": 5}),
    ("channels", {"channels": "left"}),
    ("channels", {"channels": None}),
    ("start", {"start": "x"}),
    ("start", {"start": None}),
    ("start", {"start": 1e308}),
    ("start", {"start": 10**400}),
    ("start", {"start": float("nan")}),
    ("end", {"end": "y"}),
    ("end", {"end": 1e308}),
    ("end", {"start": 5, "end": 5}),
    ("bitrate", {"bitrate": 10**9}),
    ("rate", {"rate": 0}),
    ("cuts", {"cuts": 5}),
    ("cuts", {"cuts": [(1.0,)]}),
    ("cuts", {"cuts": [("a", "b")]}),
    ("cuts", {"cuts": [(0, 10**400)]}),
    ("cuts", {"cuts": [(0, 1e308)]}),
    ("normalise", {"normalise": "yes"}),
]


def test_a_conversion_that_is_none_is_refused_by_its_field(archive: Archive) -> None:
    sid = recording_sid()
    told = {"recipient": "a lawyer", "purpose": "claim", "ground": "authority", "reference": "x"}
    archive.catalog.recordings.adopt(a_recording())
    for field, given in WRONG_SPECS:
        with pytest.raises(InvalidQuery, match=rf"^{field}: "):
            ConversionSpec(**given)
        if "cuts" not in given:
            with pytest.raises(InvalidQuery, match=rf"^{field}: "):
                archive.recordings.convert(sid, **given, by=Actor("ana", "admin"))
        if not given.keys() & {"bitrate", "rate", "normalise"}:
            with pytest.raises(InvalidQuery, match=rf"^{field}: "):
                archive.custody.disclosures.give(sid, **told, **given, by=Actor("ana", "admin"))


def test_a_conversion_has_one_form_however_it_is_said() -> None:
    said = ConversionSpec("wav", channels="customer", start=1, end=3, cuts=[(1, 2)])  # type: ignore[arg-type]
    same = ConversionSpec("wav", Channels.CUSTOMER, 1.0, 3.0, cuts=((1.0, 2.0),))
    assert (said, said.words, hash(said)) == (same, same.words, hash(same))
    assert said.channels.mono
    assert ConversionSpec.of(said.words) == said


def test_how_many_threads_a_worker_has_is_bounded(archive: Archive) -> None:
    for threads in (0, -1, 65, 10**9):
        for method in (archive.operations.worker, archive.jobs.do_due):
            with pytest.raises(InvalidQuery, match=r"^threads: give 1 to 64\.$"):
                method(threads=threads)
        with pytest.raises(InvalidQuery, match=r"^threads: give 1 to 64\.$"):
            archive.operations.backfill("2026-11-03", by="ana", threads=threads)


def test_a_parameter_that_is_not_there_is_said_with_those_that_are(archive: Archive) -> None:
    with pytest.raises(
        TypeError, match=r"^annotate\(\): missing a required .*'by'; it takes sid, no"
    ):
        archive.calls.annotate(call_sid())  # type: ignore[call-arg]
    with pytest.raises(
        TypeError, match=r"^get\(\): .*unexpected .*'dy'; it takes sid, by, repeated"
    ):
        archive.calls.get(call_sid(), dy="ana")  # type: ignore[call-arg]


def test_a_refusal_names_the_parameter_and_no_other(archive: Archive) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("calls.search", "own_number", {"own_number": "maria"}),
        ("calls.search", "number", {"number": "maria"}),
        ("calls.search", "search", {"text": "12"}),
        ("calls.search", "around", {"around": date.min, "within": 60}),
        ("calls.search", "until", {"until": datetime.max.replace(tzinfo=UTC)}),
        ("calls.understand", "search", {"text": "12"}),
        ("custody.access_requests.list", "before", {"before": "x"}),
        ("journal.adopt_bucket", "why", {"why": " ", "by": "ana"}),
        ("policy.change", "why", {"why": " ", "by": "ana", "on": False}),
        ("policy.reset", "why", {"why": " ", "by": "ana"}),
        ("policy.own_number", "number", {"number": "maria"}),
        ("calls.add_numbers", "why", {"sid": call_sid(), "why": " ", "by": "ana"}),
        ("calls.add_numbers_from", "export", {"export": io.BytesIO(), "why": "x", "by": "ana"}),
        (
            "operations.backfill",
            "legal_ground",
            {"since": "2026-11-03", "legal_ground": " ", "by": "ana"},
        ),
    ]
    for name, field, given in asked:
        with pytest.raises(InvalidQuery, match=rf"^{field}: "):
            attrgetter(name)(archive)(**given)


@pytest.mark.parametrize(
    ("kind", "given", "fits"),
    [
        (str | None, "x", True),
        (int, True, False),
        (float, 3, True),
        (float, float("inf"), False),
        (float, 10**400, False),
        (int, 2**63, False),
        (datetime, datetime(2026, 11, 3), False),
        (tuple[int, ...], (1, 2), True),
        (tuple[int, ...], [1, 2], False),
        (tuple[int, ...], (1, "x"), False),
        (RecordingSid | None, None, True),
        (RecordingSid | None, "RE0", False),
        (Sequence[str], ["x"], True),
        (Sequence[str], "x", False),
        (Sequence[str], [5], False),
        (Sequence[tuple[str, Direction | str]], [("x", "in")], True),
        (Sequence[tuple[str, Direction | str]], [("x",)], False),
        (Mapping[str, int], {"x": 1}, True),
        (Mapping[str, int], {"x": "y"}, False),
        (Callable[[int], None], print, True),
        (Callable[[int], None], "print", False),
        (IO[bytes], io.BytesIO(), True),
        (IO[bytes], b"", False),
        (ConversionSpec, ConversionSpec(), True),
        (ConversionSpec, "mp3", False),
    ],
)
def test_what_fits_a_kind(kind: Any, given: object, fits: bool) -> None:
    if fits:
        check_kind("field", given, kind)
    else:
        with pytest.raises(InvalidQuery, match=r"^field: "):
            check_kind("field", given, kind)


def test_a_method_that_is_added_refuses_too() -> None:
    @understood
    class Added:
        def wait(self, seconds: int, *, mode: ConsentMode | str = "announce") -> int:
            return seconds

    assert Added().wait(5) == 5
    with pytest.raises(InvalidQuery, match=r"^seconds: give a whole number, not 'five'\.$"):
        Added().wait("five")  # type: ignore[arg-type]
    with pytest.raises(InvalidQuery, match=r"^mode: None is not known; choose announce, opt_out, "):
        Added().wait(5, mode=None)  # type: ignore[arg-type]


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
    more: dict[str, Any] = {
        "policy.change": {"by": "ana", "why": "because", "on": False},
        "policy.of": {"number": "911000111"},
        "recordings.convert": {"sid": recording_sid(), "by": "ana"},
    }.get(method, {})
    with pytest.raises(InvalidQuery, match=rf"^{field}: .*choose .*{words}"):
        attrgetter(method)(archive)(**more, **{field: given})


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
