"""Answering people who want to know what is kept of them, from the request to the delivery."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.audio.hearing import decoded, loudness
from tests.custody.asking import (
    ANA,
    BOB,
    EVA,
    HEARD,
    NOW,
    add_call,
    asked,
    company,
    transcribe,
    unpacked,
)
from tests.factories import ACCOUNT, STARTED, call_sid, recording_sid
from tests.sounds import wav
from twirec import Actor, Archive, CustodyRefused, InvalidQuery, NotFound
from twirec.archive.access_answers import Answers
from twirec.catalog.emptying import OF_NUMBERS, empty
from twirec.catalog.request_tables import access_requests, access_steps
from twirec.catalog.tables import recordings
from twirec.custody.access_words import TEXTS
from twirec.model.access_requests import CallSide, Fate, RequestState, StepKind
from twirec.model.agents import Leg
from twirec.model.states import Custody, State
from twirec.model.transcript import Transcript
from twirec.model.vocabulary import Role
from twirec.settings import Settings

AUDITOR, SUPERVISOR = Actor("aurora", "auditor"), Actor("sergio", "supervisor")


@pytest.fixture
def archive(twirec_settings: Settings) -> Iterator[Archive]:
    archive = company(twirec_settings)
    yield archive
    archive.close()


def change(archive: Archive, sid: str, **values: Any) -> None:
    with archive.catalog.database.write() as connection:
        connection.execute(update(recordings).where(recordings.c.sid == sid).values(**values))


def record_of(files: dict[str, bytes]) -> Any:
    return json.loads(files["answer.json"])


def test_the_answer_has_the_persons_voice_and_not_the_others(archive: Archive) -> None:
    sid = add_call(archive, 1)
    add_call(archive, 2, BOB)
    list(archive.recordings.open(sid, by=SUPERVISOR, purpose="claim"))
    archive.calls.get(call_sid(1), by=SUPERVISOR)
    files = unpacked(archive, asked(archive))
    (name,) = (name for name in files if name.startswith("recordings/"))
    assert name == f"recordings/2026-11-23_11-15-00_{sid}.mp3"
    (mine, others) = loudness(decoded([files[name]], "mp3"), 2)
    assert mine[0] > 500  # the customer while the customer speaks
    assert others[1] < 5  # the agent's channel while the agent does
    letter = files["letter.html"].decode()
    for said in ("Esta llamada se graba.", "claim", "complaint or dispute", "Ana Íñiguez", sid):
        assert said in letter or said == "claim", said
    assert "sergio" not in letter + files["answer.json"].decode()
    assert BOB not in letter
    assert files["letter.pdf"].startswith(b"%PDF-")
    (call,) = record_of(files)["calls"]
    assert (call["call"], call["you"]) == (call_sid(1), "customer")
    assert call["recordings"][0]["consulted"] == [
        {"on": "2026-11-25", "action": "listen", "purpose": "claim"}
    ]


def test_nothing_is_packed_or_delivered_before_it_is_written_down_who_asks(
    archive: Archive,
) -> None:
    add_call(archive, 1)
    requests = archive.custody.access_requests
    key = requests.open(ANA, name="Ana", by=EVA).key
    for deliver in (
        lambda: requests.pack(key, by=EVA),
        lambda: requests.deliver(key, to="Ana", how="by hand", by=EVA),
    ):
        with pytest.raises(InvalidQuery, match=r"proved who they are; a telephone number does not"):
            deliver()
    assert archive.audit.log(action="download") == []
    requests.identify(key, how="identity card", by=EVA)
    with pytest.raises(InvalidQuery, match=r"^request_key: AR-1: the archive has to be made first"):
        requests.deliver(key, to="Ana", how="by hand", by=EVA)
    unpacked(archive, key)
    delivered = requests.deliver(key, to="Ana", how="by hand", by=EVA)
    assert (delivered.state, delivered.answered_at) == (RequestState.ANSWERED, NOW)
    kinds = [step.kind for step in requests.steps(key, by=AUDITOR)]
    assert kinds == [StepKind.OPENED, StepKind.IDENTIFIED, StepKind.PACKED, StepKind.DELIVERED]
    said = [(each.detail.get("step"), each.outcome) for each in archive.audit.log(sid=key)[::-1]]
    assert said == [
        ("opened", "done"),
        ("packed", "failed"),
        ("delivered", "failed"),
        ("identified", "done"),
        ("delivered", "failed"),
        ("packed", "tried"),
        ("packed", "done"),
        ("delivered", "done"),
    ]
    assert archive.audit.verify().whole


def test_an_archive_that_is_not_read_to_its_end_was_not_made(archive: Archive) -> None:
    add_call(archive, 1)
    key = asked(archive)
    stream = archive.custody.access_requests.pack(key, by=EVA)
    next(stream)
    stream.close()
    newest = archive.audit.log(sid=key)[0]
    assert (newest.outcome, newest.detail["error"]) == ("failed", "it was not read to its end")
    assert archive.custody.access_requests.get(key, by=EVA).packed_at is None
    ended = archive.audit.log(sid=recording_sid(1), action="download")[0]
    assert ended.outcome in {"done", "failed"}


def test_of_what_may_not_leave_the_letter_says_what_the_law_asks(archive: Archive) -> None:
    for number, changes in enumerate(
        (
            {"custody": Custody.BLOCKED},
            {"custody": Custody.QUARANTINED},
            {"state": State.ERASED},
            {"state": State.ERASING},
            {"state": State.COMPLETED},
        ),
        1,
    ):
        change(archive, add_call(archive, number), **changes)
    held = add_call(archive, 6)
    archive.custody.hold(held, case="HOLD-77", reason="a dispute", by=EVA)
    files = unpacked(archive, asked(archive))
    assert [name for name in files if name.startswith("recordings/")] == [
        f"recordings/2026-11-23_11-15-00_{held}.mp3"
    ]
    found = {
        each["recording"]: each["copy"]
        for call in record_of(files)["calls"]
        for each in call["recordings"]
    }
    assert found == {
        recording_sid(2): "quarantined",
        recording_sid(3): "destroyed",
        recording_sid(4): "destroyed",
        recording_sid(5): "not_there",
        held: "given",
    }
    letter = files["letter.html"].decode()
    assert "blocked: 1." in letter
    assert "article 32 of Organic Law 3/2018" in letter
    assert "for a dispute, until that is settled" in letter
    assert "HOLD-77" not in letter
    everything = b"".join(files.values())
    assert recording_sid(1).encode() not in everything


def test_other_peoples_calls_are_not_in_it_and_a_shared_line_is_for_people_to_decide(
    archive: Archive,
) -> None:
    add_call(archive, 1)
    add_call(archive, 2, "+346001112220")  # begins with the same digits
    add_call(archive, 3, BOB, forwarded_from=ANA)
    add_call(archive, 4, "anonymous")
    mother = add_call(archive, 5)
    requests = archive.custody.access_requests
    key = asked(archive)
    with pytest.raises(NotFound, match=r"is in no call that AR-1 asks for"):
        requests.decide(key, "left_out", sid=call_sid(2), why="x", by=EVA)
    requests.decide(key, "left_out", sid=call_sid(5), why="her mother's call", by=EVA)
    files = unpacked(archive, key)
    record = record_of(files)
    assert [(call["call"], call["you"]) for call in record["calls"]] == [
        (call_sid(1), "customer"),
        (call_sid(3), "forwarded"),
    ]
    assert record["calls_left_out"] == 1
    assert record["calls"][1]["recordings"] == record["calls"][1]["consents"] == []
    assert [name for name in files if "mp3" in name] == [
        f"recordings/2026-11-23_11-15-00_{recording_sid(1)}.mp3"
    ]
    letter = files["letter.html"].decode()
    for hidden in (BOB, mother, "her mother", "anonymous"):
        assert hidden not in letter


def test_an_agent_gets_their_own_side(archive: Archive) -> None:
    add_call(archive, 1, BOB)
    archive.catalog.agents.add_leg(Leg(ACCOUNT, call_sid(9), call_sid(1), STARTED, "+34622222222"))
    files = unpacked(archive, asked(archive, "622 222 222"))
    (call,) = record_of(files)["calls"]
    assert (call["you"], call["own_number"]) == ("agent", None)
    (name,) = (name for name in files if "mp3" in name)
    (customer, agent) = loudness(decoded([files[name]], "mp3"), 2)
    assert customer[0] < 5
    assert agent[1] > 500
    letter = files["letter.html"].decode()
    assert BOB not in letter + files["answer.json"].decode()
    assert "announced" not in letter.split("About this processing")[0]
    assert call["consents"] == []


def test_where_the_sides_are_not_known_somebody_decides(archive: Archive) -> None:
    mixed = add_call(archive, 1, media=wav(4.0, 1), recording={"channels": 1, "duration": 4})
    unknown = add_call(archive, 2, recording={"channel_map": ()})
    key = asked(archive)
    requests = archive.custody.access_requests
    assert requests.answer(key, by=EVA).undecided == (mixed, unknown)
    with pytest.raises(InvalidQuery, match=rf"decide first, of {mixed}, {unknown}"):
        requests.pack(key, by=EVA)
    with pytest.raises(InvalidQuery, match=r"^copies: nobody knows which side"):
        requests.decide(key, "silenced", sid=mixed, why="x", by=EVA)
    requests.decide(key, "whole", sid=mixed, why="the agent agreed", by=EVA)
    requests.decide(key, "left_out", sid=unknown, why="somebody else is heard", by=EVA)
    files = unpacked(archive, key)
    found = record_of(files)["calls"]
    fates = [(each["copy"], each["channels"]) for call in found for each in call["recordings"]]
    assert fates == [("given", "both"), ("left_out", None)]


def test_what_was_decided_after_it_was_packed_is_packed_anew(archive: Archive) -> None:
    add_call(archive, 1)
    key = asked(archive)
    unpacked(archive, key)
    requests = archive.custody.access_requests
    requests.decide(key, "whole", why="the agent agreed", by=EVA)
    with pytest.raises(InvalidQuery, match=r"has to be made first"):
        requests.deliver(key, to="Ana", how="by hand", by=EVA)
    files = unpacked(archive, key)
    assert record_of(files)["calls"][0]["recordings"][0]["channels"] == "both"
    requests.deliver(key, to="Ana", how="by hand", by=EVA)


def test_what_is_decided_while_it_is_packed_makes_it_be_packed_again(archive: Archive) -> None:
    add_call(archive, 1)
    key = asked(archive)
    requests = archive.custody.access_requests
    with requests.pack(key, by=EVA) as stream:
        next(stream)
        requests.decide(key, "left_out", sid=call_sid(1), why="her mother's", by=EVA)
        with pytest.raises(InvalidQuery, match="something else was decided meanwhile"):
            list(stream)
    assert requests.get(key, by=EVA).packed_at is None
    assert archive.audit.log(sid=key)[0].outcome == "failed"
    assert not any("mp3" in name for name in unpacked(archive, key))


@pytest.mark.parametrize(
    ("changes", "copy"),
    [
        ({"state": State.ERASED}, "destroyed"),
        ({"custody": Custody.QUARANTINED}, "quarantined"),
        ({"custody": Custody.BLOCKED}, None),
    ],
)
def test_what_goes_while_it_is_packed_is_not_in_it_and_the_letter_says_so(
    archive: Archive, changes: dict[str, Any], copy: str | None
) -> None:
    add_call(archive, 1)
    going = add_call(archive, 2, at=STARTED + timedelta(hours=1))
    key = asked(archive)
    with archive.custody.access_requests.pack(key, by=EVA) as stream:
        chunks = [next(stream)]
        change(archive, going, **changes)
        chunks += stream
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as packed:
        names, record = packed.namelist(), json.loads(packed.read("answer.json"))
    assert not any(going in name for name in names)
    said = {
        each["recording"]: each["copy"] for call in record["calls"] for each in call["recordings"]
    }
    assert said.get(going) == copy
    assert record["recordings_blocked"] == (copy is None)


def test_a_period_is_of_days_of_the_company_also_when_the_clock_is_moved(archive: Archive) -> None:
    for number, at in enumerate(
        (
            datetime(2026, 10, 24, 21, 59, tzinfo=UTC),  # the 24th, a minute to midnight
            datetime(2026, 10, 24, 22, 0, tzinfo=UTC),  # the 25th, of 25 hours
            datetime(2026, 10, 25, 22, 59, tzinfo=UTC),
            datetime(2026, 10, 25, 23, 0, tzinfo=UTC),  # the 26th
        ),
        1,
    ):
        add_call(archive, number, at=at)
    key = asked(archive, since="2026-10-25", until="2026-10-25")
    answer = archive.custody.access_requests.answer(key, by=EVA)
    assert [call.record.call.call_sid for call in answer.calls] == [call_sid(2), call_sid(3)]


def test_the_term_is_a_month_and_is_extended_once(archive: Archive) -> None:
    requests = archive.custody.access_requests
    opened = requests.open(ANA, name="Ana", received="2026-10-31", by=EVA)
    assert opened.due_on == date(2026, 11, 30)
    for months in (0, 3):
        with pytest.raises(InvalidQuery, match=r"^months: give 1 to 2"):
            requests.extend(opened.key, why="many calls", months=months, by=EVA)
    assert requests.extend(opened.key, why="many", by=EVA).due_on == date(2027, 1, 31)
    with pytest.raises(InvalidQuery, match=r"was extended already"):
        requests.extend(opened.key, why="many", by=EVA)
    late = requests.open(BOB, name="Bob", received="2026-10-01", by=EVA)
    with pytest.raises(InvalidQuery, match=r"within the first month"):
        requests.extend(late.key, why="many", by=EVA)
    assert requests.overdue(by=EVA) == 1
    assert requests.overdue(by=SUPERVISOR) == 0
    assert [each.key for each in requests.list(by=AUDITOR)] == [late.key, opened.key]
    refused = requests.refuse(late.key, why="did not prove who they are", by=EVA)
    assert (refused.state, requests.overdue(by=EVA)) == (RequestState.REFUSED, 0)
    with pytest.raises(InvalidQuery, match=r"it was refused"):
        requests.identify(late.key, how="x", by=EVA)
    assert [each.key for each in requests.list(by=EVA)] == [opened.key]
    assert [each.key for each in requests.list(only_open=False, by=EVA)] == ["AR-2", "AR-1"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("anonymous", "calls of who hides theirs are nobody's"),
        ("1222", "give the whole number"),
        ("", "give the whole number"),
        ("not known", "give the whole number"),
        ("+34911000111", "that is the company's own"),
    ],
)
def test_a_number_that_is_nobodys_is_refused(archive: Archive, number: str, said: str) -> None:
    add_call(archive, 1)
    with pytest.raises(InvalidQuery, match=f"^number: .*{said}"):
        archive.custody.access_requests.open(number, name="Ana", by=EVA)


def test_a_number_is_found_in_every_form(archive: Archive) -> None:
    add_call(archive, 1)
    for form in ("600 11 12 22", "0034 600111222", "+34-600-111-222", "sip:+34600111222@a.example"):
        key = asked(archive, form)
        found = archive.custody.access_requests.answer(key, by=EVA).calls
        assert [call.side for call in found] == [CallSide.CUSTOMER], form
        assert found[0].recordings[0].fate is Fate.GIVEN


def test_it_is_for_admins_and_auditors_look(archive: Archive) -> None:
    add_call(archive, 1)
    key = asked(archive)
    requests = archive.custody.access_requests
    for role in ("supervisor", "agent", "auditor"):
        who = Actor("x", role)
        for act in (
            lambda who=who: requests.open(ANA, name="Ana", by=who),
            lambda who=who: requests.identify(key, how="x", by=who),
            lambda who=who: requests.decide(key, "whole", why="x", by=who),
            lambda who=who: requests.extend(key, why="x", by=who),
            lambda who=who: requests.refuse(key, why="x", by=who),
            lambda who=who: requests.answer(key, by=who),
            lambda who=who: requests.pack(key, by=who),
            lambda who=who: requests.deliver(key, to="x", how="x", by=who),
        ):
            with pytest.raises(CustodyRefused, match=r"is not for the role"):
                act()
        for look in (requests.get, requests.steps):
            if role == "auditor":
                look(key, by=who)
            else:
                with pytest.raises(CustodyRefused):
                    look(key, by=who)
    denied = archive.audit.log(action="access_request")
    assert sum(each.outcome == "denied" for each in denied) == 24


def test_no_number_or_name_gets_onto_the_audit_log(archive: Archive) -> None:
    add_call(archive, 1)
    key = asked(archive)
    unpacked(archive, key)
    archive.custody.access_requests.deliver(key, to="Ana Íñiguez", how="by hand", by=EVA)
    log = "".join(str(each) for each in archive.audit.log(limit=1000))
    for hidden in (ANA, "600111222", "Íñiguez", "identity card", "by hand"):
        assert hidden not in log, hidden


def test_an_erased_number_leaves_a_request_without_it(archive: Archive) -> None:
    add_call(archive, 1)
    key = asked(archive)
    with archive.catalog.database.write() as connection:
        empty(connection, OF_NUMBERS, [ANA])  # it is not answered yet, and stays
        assert connection.execute(access_requests.select()).one().number == ANA
        connection.execute(access_requests.update().values(answered_at=STARTED))
        empty(connection, OF_NUMBERS, [ANA])
        rows = [
            *connection.execute(access_requests.select()),
            *connection.execute(access_steps.select()),
        ]
    assert not any(hidden in str(rows) for hidden in (ANA, "Íñiguez", "identity card"))
    assert archive.custody.access_requests.answer(key, by=EVA).calls == ()


def test_who_took_out_what_is_blocked_is_not_said_of_its_call(archive: Archive) -> None:
    sid, bo = add_call(archive, 1), Actor("bo", "admin")
    custody = archive.custody
    custody.block(sid, reason="asked to be erased", by=EVA)
    order = {"authority": "Juzgado 3", "reference": "DP 7/2026", "reason": "an order"}
    custody.approvals.approve(custody.release(sid, **order, by=EVA).id, by=bo)
    list(custody.approvals.take_out(sid, by=EVA))
    answer = custody.access_requests.answer(asked(archive), by=EVA)
    assert (answer.blocked, [call.consulted for call in answer.calls]) == (1, [()])


MINE, OTHERS = HEARD
AS_WHOM = [
    (ANA, "silenced", "en", ["You: " + MINE], [OTHERS]),
    (ANA, "whole", "es", ["Usted: " + MINE, "La otra parte: " + OTHERS], []),
    ("622 222 222", "silenced", "es", ["Usted: " + OTHERS], [MINE]),
]


@pytest.mark.parametrize(("number", "copies", "language", "there", "missing"), AS_WHOM)
def test_what_a_machine_heard_is_given_with_the_copy_and_no_more_than_is_heard_in_it(
    archive: Archive,
    number: str,
    copies: str,
    language: str,
    there: list[str],
    missing: list[str],
) -> None:
    sid = add_call(archive, 1)
    archive.catalog.agents.add_leg(Leg(ACCOUNT, call_sid(9), call_sid(1), STARTED, "+34622222222"))
    transcribe(archive, sid)
    archive.transcripts.get(sid, by=SUPERVISOR, purpose="claim")
    key = asked(archive, number, language=language)
    archive.custody.access_requests.decide(key, copies, why="x", by=EVA)
    files = unpacked(archive, key)
    begins = f"transcripts/2026-11-23_11-15-00_{sid}-by-machine"
    names = [f"{begins}.txt", f"{begins}.json"]
    assert [name for name in files if name.startswith("transcripts/")] == names
    text, given = files[names[0]].decode(), Transcript.from_json(files[names[1]])
    for said in there:
        assert said in text
        assert any(said.endswith(each.text) for each in given.sentences)
    assert len(given.sentences) == len(there)
    everything = b"".join(files.values()).decode(errors="replace")
    assert [said for said in missing if said in everything] == []
    assert text.startswith(TEXTS[language]["transcript_by"][:30])
    assert json.loads(files[names[1]])["made_by"] == "machine"
    letter = files["letter.html"].decode()
    for word in ("transcript", "transcripts_said", "action_read"):
        assert TEXTS[language][word] in letter, word
    assert all(name in letter for name in names)
    (recording,) = record_of(files)["calls"][0]["recordings"]
    assert recording["transcripts_by_machine"] == names
    assert [each["action"] for each in recording["consulted"]] == ["read"]
    entry = archive.audit.log(sid=sid, action="read")[0]
    assert (entry.outcome, entry.detail["request"]) == ("done", key)
    assert archive.audit.verify().whole


def test_words_of_which_nobody_knew_whose_are_in_no_copy_with_a_silent_side(
    archive: Archive,
) -> None:
    sid = add_call(archive, 1, recording={"channel_map": ()})
    transcribe(archive, sid)
    change(archive, sid, channel_map=(Role.CUSTOMER, Role.AGENT))
    key = asked(archive)
    assert "mp3" in "".join(files := unpacked(archive, key))
    assert [name for name in files if name.startswith("transcripts/")] == []
    archive.custody.access_requests.decide(key, "whole", why="x", by=EVA)
    texts = [data for name, data in unpacked(archive, key).items() if name.endswith("machine.txt")]
    assert [f"Somebody: {said}".encode() in texts[0] for said in HEARD] == [True, True]


def test_there_is_no_transcript_of_what_is_not_given(archive: Archive) -> None:
    for number, changes in enumerate(
        ({"custody": Custody.BLOCKED}, {"custody": Custody.QUARANTINED}, {"state": State.ERASED}), 1
    ):
        sid = add_call(archive, number)
        transcribe(archive, sid)
        change(archive, sid, **changes)
    mother = add_call(archive, 4)
    transcribe(archive, mother)
    key = asked(archive)
    archive.custody.access_requests.decide(key, "left_out", sid=mother, why="x", by=EVA)
    files = unpacked(archive, key)
    assert [name for name in files if name.startswith("transcripts/")] == []
    assert MINE not in b"".join(files.values()).decode(errors="replace")
    assert archive.audit.log(action="read") == []
    assert TEXTS["en"]["transcripts_said"] in files["letter.html"].decode()


def test_a_transcript_is_not_given_of_what_is_blocked_after_its_copy_was_made(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = add_call(archive, 1)
    transcribe(archive, sid)
    read = Answers._read

    def block_first(*given: Any) -> Transcript:
        change(archive, sid, custody=Custody.BLOCKED)
        return read(*given)

    monkeypatch.setattr(Answers, "_read", block_first)
    files = unpacked(archive, asked(archive))
    assert [name for name in files if name.startswith("transcripts/")] == []


def test_where_no_machine_writes_anything_down_the_letter_says_nothing_of_it(
    archive: Archive,
) -> None:
    add_call(archive, 1)
    files = unpacked(archive, asked(archive))
    assert TEXTS["en"]["transcripts_said"] not in files["letter.html"].decode()
