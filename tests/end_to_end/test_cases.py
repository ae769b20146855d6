"""A complaint by telephone, from the question to the day on which the customer is told."""

from __future__ import annotations

import io
import wave
from array import array
from datetime import timedelta

import pytest

from tests.end_to_end.site import CUSTOMER, OWN_NUMBER, SPEED, Site, until
from tests.erasing import destroy
from twirec import Actor, CustodyRefused
from twirec.model.cases import CaseAnswer, CaseState
from twirec.model.errors import InvalidQuery, LinkClosed, NotFound
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Outcome, Reason
from twirec.sandbox import Call, Line, Party

ANA, EVA = Actor("ana", "agent"), Actor("eva", "admin")
ASKED, AGAIN, END = 4.0, 300.0, 350.0
"""When the agent asks, in seconds of the talk; asks for the record; and when they hang up."""


def talk(site: Site) -> Call:
    """Begin a call that nobody records, and wait until the customer was asked, and said yes."""
    site.archive.policy.change(on=False, why="not by default", by=EVA)
    customer = Party(
        says=[Line("customer_complaint", at=0.5), Line("customer_thanks", at=AGAIN + 15)],
        counts_from_bridge=True,
    )
    agent = Party(
        says=[Line("agent_greeting", at=ASKED), Line("agent_answer", at=AGAIN)],
        hangs_up_after=END,
    )
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=customer, callee=agent)
    until(lambda: "Dial" in [entry.what for entry in call.log])
    site.let_pass(call, 20.0)
    return call


def sides(site: Site, name: str) -> tuple[array[int], array[int]]:
    data = b"".join(site.archive.bucket.open_range(name))
    with wave.open(io.BytesIO(data)) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    return samples[0::2], samples[1::2]


def place_of(line: str, channel: array[int]) -> float | None:
    place = channel.tobytes().find(Line(line).samples().tobytes())
    return None if place < 0 else place / 2 / 8000


def test_a_yes_is_recorded_from_the_question_on_and_kept_until_they_are_told(site: Site) -> None:
    call, cases = talk(site), site.archive.cases
    opened = cases.open(call.sid, "complaint", content="Two invoices for one month.", by=ANA)
    key = opened.case.key
    assert not opened.recorded
    assert "¿Consiente" in opened.say[1]
    assert site.sandbox.recordings == []  # nothing before the answer

    before = site.sandbox.time_in(call.sid)
    answered = cases.consent(key, "granted", by=ANA)
    after = site.sandbox.time_in(call.sid)
    assert answered.recorded
    assert "Para que conste" in answered.say[0]
    (at_vendor,) = site.sandbox.recordings
    assert before is not None
    assert after is not None
    a_second = timedelta(seconds=1)
    assert before - a_second <= at_vendor.started <= after + a_second
    receipt = cases.receipts.make(key, by=EVA)  # while it goes on
    link = next(line for line in receipt.text.splitlines() if "/twirec/disclosed/" in line)
    secret, disclosures = link.rpartition("/")[2], site.archive.custody.disclosures
    with pytest.raises(LinkClosed):
        disclosures.look(secret)
    call.wait(timeout=120)
    site.work_on()

    (record,) = cases.get(key, by=EVA).records
    (recording,) = record.recordings
    assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE)
    assert (record.call.outcome, record.call.reason) == (Outcome.RECORDED, None)
    customer, agent = sides(site, recording.object_name or "")
    asked = place_of("agent_answer", agent)
    assert asked is not None  # the question is heard, whole, before all else that is said
    assert place_of("agent_greeting", agent) is None
    assert place_of("customer_complaint", customer) is None
    first = next(at for at, sample in enumerate(agent) if abs(sample) > 200) / 8000
    assert first == pytest.approx(asked, abs=0.5)
    assert asked < (place_of("customer_thanks", customer) or 0.0)

    opening = disclosures.open(secret, receipt.code)
    heard = b"".join(disclosures.hear(secret, opening.ticket))
    assert heard == site.bytes_of(recording)

    erased = site.archive.custody.erase(recording.sid, reason="asked", by=EVA)
    assert erased.lines  # it is blocked: and destroyed by nothing while the case is open
    site.skip(timedelta(days=1200))
    site.archive.operations.worker(threads=1).run_once()
    assert site.archive.catalog.recordings.get(recording.sid).state is State.RELEASED

    closed = cases.close(key, notified_at=site.now(), how="by telephone", by=EVA)
    assert closed.state is CaseState.CLOSED
    assert site.archive.catalog.holds.cases(recording.sid) == ()
    site.work_on()
    assert site.archive.catalog.recordings.get(recording.sid).state is State.ERASED


def test_a_complaint_is_told_its_key_receipted_and_closed_by_telephone_in_its_language(
    site: Site,
) -> None:
    call, cases = talk(site), site.archive.cases
    opened = cases.open(
        call.sid, "complaint", content="Dúas facturas dun mes.", language="gl", by=ANA
    )
    key, zone = opened.case.key, site.archive.settings.timezone
    assert site.sandbox.time_in(call.sid) is not None  # they are on the line
    told, question = opened.say
    assert told == f"A clave do seu caso é {key}."
    assert question.startswith("Consente que gravemos")
    with pytest.raises(InvalidQuery, match="have it said again"):
        cases.find(key[:-1] + ("2" if key[-1] != "2" else "3"), by=ANA)
    (followed,) = cases.find(key.replace("-", " ").lower(), by=ANA)
    assert followed.state is CaseState.OPEN
    call.hang_up()
    call.wait(timeout=120)
    receipt = cases.receipts.make(key, by=EVA)
    received = f"{opened.case.opened_at.astimezone(zone):%d-%m-%Y %H:%M}"
    for said in (
        "Xustificante do seu caso",
        key,
        received,
        "Dúas facturas dun mes.",
        "non se gravou",
    ):
        assert said in receipt.text
    cases.receipts.deliver(key, to="Rúa do Franco 1", how="por correo", by=ANA)
    assert site.sandbox.recordings == []

    closing = talk(site)
    added = cases.add_call(key, closing.sid, part="closing", by=ANA)
    assert added.say[1] == question
    assert site.sandbox.recordings == []
    assert cases.consent(key, "granted", by=ANA).recorded
    site.let_pass(closing, 20.0)
    closing.hang_up()
    closing.wait(timeout=120)
    site.work_on()
    (recording,) = site.recordings()
    assert (recording.state, recording.call_sid) == (State.RELEASED, closing.sid)
    with pytest.raises(CustodyRefused, match=key):
        destroy(site.archive, recording.sid, "asked", EVA)
    said = {"how": "por teléfono", "resolution": "Devolvémoslle a segunda: cobrouse dúas veces."}
    closed = cases.close(key, notified_at=site.now(), by=EVA, **said)
    assert (closed.resolution, closed.in_time) == (said["resolution"], True)
    destroy(site.archive, recording.sid, "asked", EVA)


def test_a_no_leaves_no_bytes_anywhere(site: Site) -> None:
    call, cases = talk(site), site.archive.cases
    key = cases.open(call.sid, "complaint", by=ANA).case.key
    said = cases.consent(key, "refused", by=ANA)
    assert (said.recorded, "sin grabar" in said.say[0]) == (False, True)
    assert site.sandbox.recordings == []

    assert cases.consent(key, "granted", by=ANA).recorded  # after all
    said = cases.consent(key, "refused", by=ANA)  # and on the record: no
    assert (said.recorded, said.why) == (False, "")
    assert not cases.consent(key, "granted", by=ANA).recorded  # not once more in this call
    call.wait(timeout=120)
    site.work_on()
    site.work_on()
    assert (site.stored(), site.at_vendor()) == ([], [])
    record = cases.get(key, by=EVA)
    (recording,) = record.records[0].recordings
    assert recording.state in {State.ERASED, State.ABSENT}  # absent: it was ended before it began
    assert record.case.state is CaseState.OPEN


def test_a_call_that_is_recorded_already_goes_on_so_and_its_moment_is_marked(site: Site) -> None:
    site.archive.policy.change(on=True, why="by default", by=EVA)
    customer = Party(says=[Line("customer_complaint", at=0.5)], counts_from_bridge=True)
    agent = Party(hangs_up_after=120.0)
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=customer, callee=agent)
    until(lambda: [each for each in site.recordings() if each.state is State.RECORDING])
    opened = site.archive.cases.open(call.sid, "billing", language="en", by=ANA)
    assert opened.recorded
    answered = site.archive.cases.consent(opened.case.key, "granted", by=ANA)
    assert answered.call.answer is CaseAnswer.GRANTED
    assert answered.call.answered_at is not None
    assert len(site.sandbox.recordings) == 1
    said = site.archive.cases.consent(opened.case.key, "refused", by=ANA)
    assert said.recorded  # by the policy's ground, of which they were told
    assert "as you were told" in said.say[0]
    assert site.archive.catalog.holds.sids() == []
    call.hang_up()
    call.wait(timeout=120)
    with pytest.raises(NotFound):
        site.archive.cases.open("CA" + "9" * 32, "query", by=ANA)
    with pytest.raises(CustodyRefused):
        site.archive.cases.close(opened.case.key, notified_at="yesterday", how="x", by=ANA)
    assert Reason.OFF is not site.archive.calls.get(call.sid).call.reason


def test_waiting_times_are_those_of_the_sandboxs_own_clock(site: Site) -> None:
    site.archive.policy.change(on=False, why="not by default", by=EVA)
    rings = (6.0, 14.0, 25.0)
    calls = [
        site.sandbox.call(
            from_=CUSTOMER,
            to=OWN_NUMBER,
            caller=Party(),
            callee=Party(answers_after=after, hangs_up_after=after + 30.0),
        )
        for after in rings
    ]
    nobody = site.sandbox.call(
        from_=CUSTOMER, to=OWN_NUMBER, caller=Party(), callee=Party(answers=False)
    )
    for call in (*calls, nobody):
        call.wait(timeout=120)
    year = site.now().year
    rows = b"".join(site.archive.cases.years.waits(year, by=EVA)).decode().splitlines()
    assert rows[0] == "call,rang,taken,waited_seconds"
    waits = {
        each.call_sid: each.seconds
        for each in site.archive.catalog.known_cases.waits(
            site.now() - timedelta(days=1), site.now() + timedelta(days=1)
        )
    }
    assert waits.keys() == {call.sid for call in (*calls, nobody)}
    assert waits[nobody.sid] is None
    for call, after in zip(calls, rings, strict=True):
        assert (waits[call.sid] or 0.0) * SPEED == pytest.approx(after, abs=1.0)
    figures = site.archive.cases.years.figures(year, by=EVA)
    assert (figures.calls, figures.attended) == (4, 3)
