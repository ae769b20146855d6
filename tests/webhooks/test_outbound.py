"""Calls that are placed over the API: the customer is told when they answer."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import call_sid, part_of, wording_of
from tests.webhooks.calling import AGENT, CUSTOMER, LONG_ENOUGH, OWN, Clock, down, is_recording
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.otherwise import Plan, sign_plan
from twirec.calls.signed_targets import read_targets, sign_targets
from twirec.model.access import Actor
from twirec.model.dial_steps import DialStep
from twirec.model.errors import CatalogUnavailable, InvalidQuery, TwirecError, VendorRefused
from twirec.model.records import Call
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome, Reason, Role
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, PUBLIC_URL, SignedPosts
from twirec.webhooks import lines

OTHER = call_sid(3)
OUTBOUND = f"/twirec/outbound/{sign_targets([AGENT], [AUTH_TOKEN])}"


def placed(archive: Archive) -> dict[str, str]:
    call = archive.calls.place("600 11 12 22", connect=AGENT, own_number=OWN, by="ana")
    return {"CallSid": call.call_sid, "From": OWN, "To": CUSTOMER}


def write_late(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a line be there only at the third look."""
    find, looks = archive.catalog.ledger.line, [1, 2]

    def look(*sids: str) -> Call | None:
        return find(*sids) if not looks or not looks.pop() else None

    monkeypatch.setattr(archive.catalog.ledger, "line", look)


@pytest.mark.usefixtures("clock")
def test_a_call_that_is_placed_has_its_line_before_anybody_answers(
    twirec_archive: Archive, vendor: MemoryVendor
) -> None:
    sid = placed(twirec_archive)["CallSid"]
    call = twirec_archive.calls.get(sid).call
    assert (call.direction, call.customer_number, call.own_number) == (
        Direction.OUT,
        CUSTOMER,
        OWN,
    )
    assert (call.outcome, call.dial) == (Outcome.OPEN, (AGENT,))
    assert vendor.call(ACCOUNT_SID, sid).to == CUSTOMER


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("to", "fault", "said"),
    [
        (CUSTOMER, None, ["tried", "done"]),
        (CUSTOMER, VendorRefused("no money left", status=400), ["tried", "failed"]),
        ("+34806123456", None, ["denied"]),  # a premium rate
        ("Ana", None, ["failed"]),
    ],
)
def test_who_places_a_call_is_on_the_audit_log(
    twirec_settings: Settings, to: str, fault: Exception | None, said: list[str]
) -> None:
    vendor = MemoryVendor()
    archive = Archive(replace(twirec_settings, audit_key="k" * 32), vendor=vendor)
    archive.set_up()
    if fault:
        vendor.faults.add("place_call", fault)
    with nullcontext() if "done" in said else pytest.raises(TwirecError):
        archive.calls.place(to, connect=AGENT, own_number=OWN, by=Actor("ana", "agent"))
    entries = archive.audit.log(action="call")[::-1]
    assert [each.outcome for each in entries] == said
    assert {(each.by, each.role) for each in entries} == {("ana", "agent")}
    lines = [each.call.call_sid for each in archive.calls.search().calls]
    assert [each.sid for each in entries if each.outcome == "done"] == lines
    asked = [each for each in entries if "tried" in said]
    assert archive.audit.log(number=CUSTOMER)[::-1] == asked
    if len(asked) == 2:
        assert asked[1].detail["tried"] == asked[0].seq
    assert CUSTOMER not in str(entries)


@pytest.mark.usefixtures("clock")
def test_the_url_of_a_call_that_is_placed_says_no_number(
    twirec_archive: Archive, vendor: MemoryVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, urls = vendor.live.place_call, []

    def take(*args: Any, **order: Any) -> VendorCall:
        urls.append(order["url"])
        return place(*args, **order)

    monkeypatch.setattr(vendor.live, "place_call", take)
    placed(twirec_archive)
    (url,) = urls
    sealed = url.removeprefix("https://calls.example.com/twirec/outbound/")
    assert read_targets(sealed, [AUTH_TOKEN]) == (AGENT,)
    assert AGENT[1:] not in url


def test_the_customer_hears_is_connected_and_is_on_the_first_channel(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    call = placed(twirec_archive)
    clock.advance(timedelta(seconds=20))  # it rings
    assert wording_of(twirec_archive).text in post(OUTBOUND, call).text
    clock.advance(LONG_ENOUGH)
    connected = post("/twirec/connect", call)
    assert is_recording(connected)
    assert AGENT in connected.text
    record = twirec_archive.calls.get(call["CallSid"])
    assert record.call.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert record.consents[0].outcome is ConsentOutcome.INFORMED


def test_who_answers_before_the_line_is_written_is_told_all_the_same(
    post: SignedPosts, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = placed(twirec_archive)
    write_late(twirec_archive, monkeypatch)
    assert wording_of(twirec_archive).text in post(OUTBOUND, line).text


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("fails", ["ledger.line", "ledger.announce"])
@pytest.mark.parametrize("error", [{}, {"ErrorUrl": "https://calls.example.com/twirec/outbound"}])
def test_a_call_that_is_answered_while_the_catalog_is_down_goes_on_unrecorded(
    post: SignedPosts,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
    error: dict[str, str],
) -> None:
    line = placed(twirec_archive)
    with monkeypatch.context() as outage:
        outage.setattr(*part_of(twirec_archive.catalog, fails), down)
        outage.setattr(twirec_archive.catalog.ledger, "close_call", down)
        answer = post(OUTBOUND, {**line, **error})
    assert not is_recording(answer)
    assert AGENT in answer.text
    post("/twirec/ended", {**line, "CallStatus": "in-progress", "DialCallStatus": "completed"})
    assert twirec_archive.calls.get(line["CallSid"]).call.reason is Reason.CATALOG_DOWN


@pytest.mark.usefixtures("clock")
def test_a_call_whose_line_could_not_be_written_goes_on_unrecorded(
    post: SignedPosts,
    twirec_archive: Archive,
    vendor: MemoryVendor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "LOOKS", 2)
    place, taken = vendor.live.place_call, []

    def take(*args: Any, **order: Any) -> VendorCall:
        taken.append(place(*args, **order))
        return taken[-1]

    with monkeypatch.context() as outage:
        outage.setattr(vendor.live, "place_call", take)
        outage.setattr(twirec_archive.catalog.ledger, "open_call", down)
        with pytest.raises(CatalogUnavailable):
            placed(twirec_archive)
    (call,) = taken
    form = {"CallSid": call.sid, "From": OWN, "To": CUSTOMER, "Direction": "outbound-api"}
    answer = post(OUTBOUND, form)
    assert not is_recording(answer)
    assert AGENT in answer.text
    post("/twirec/ended", {**form, "CallStatus": "completed"})
    late = twirec_archive.calls.get(call.sid).call
    assert (late.customer_number, late.reason) == (CUSTOMER, Reason.CATALOG_DOWN)


def test_a_path_that_does_not_say_whom_to_connect_is_malformed(post: SignedPosts) -> None:
    form = {"CallSid": OTHER, "From": OWN, "To": CUSTOMER}
    assert post("/twirec/outbound/x", form).status_code == 400
    assert post("/twirec/outbound/_____w", form).status_code == 400


def test_who_hangs_up_before_anything_is_played_has_a_line_that_says_so(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    line = placed(twirec_archive)
    post("/twirec/ended", {**line, "CallStatus": "completed"})
    record = twirec_archive.calls.get(line["CallSid"])
    assert (record.call.reason, record.consents) == (Reason.HUNG_UP, ())


@pytest.mark.usefixtures("clock")
def test_an_end_that_is_told_before_the_line_is_written_waits_for_it(
    post: SignedPosts, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = placed(twirec_archive)
    write_late(twirec_archive, monkeypatch)
    post("/twirec/ended", {**line, "Direction": "outbound-api", "CallStatus": "busy"})
    assert twirec_archive.calls.get(line["CallSid"]).call.reason is Reason.NOBODY_ANSWERED


def test_ringing_does_not_count_as_hearing(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    call = placed(twirec_archive)
    clock.advance(timedelta(seconds=30))
    post(OUTBOUND, call)
    clock.advance(timedelta(seconds=1))
    assert not is_recording(post("/twirec/connect", call))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("word", ["machine_start", "machine_end_beep", "fax"])
def test_an_answering_machine_is_neither_informed_nor_recorded(
    post: SignedPosts, twirec_archive: Archive, word: str
) -> None:
    call = placed(twirec_archive)
    answer = post(OUTBOUND, {**call, "AnsweredBy": word})
    assert not is_recording(answer)
    assert "<Say" not in answer.text
    record = twirec_archive.calls.get(call["CallSid"])
    assert (record.call.outcome, record.call.reason) == (
        Outcome.NOT_RECORDED,
        Reason.ANSWERING_MACHINE,
    )
    assert record.consents == ()


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled"])
def test_a_call_that_nobody_answers_says_so(
    post: SignedPosts, twirec_archive: Archive, status: str
) -> None:
    call = placed(twirec_archive)
    post("/twirec/ended", {**call, "CallStatus": status})
    record = twirec_archive.calls.get(call["CallSid"])
    assert (record.call.reason, record.consents) == (Reason.NOBODY_ANSWERED, ())


@pytest.mark.usefixtures("clock")
def test_a_call_that_twilio_refuses_leaves_no_line(
    twirec_archive: Archive, vendor: MemoryVendor
) -> None:
    vendor.faults.add("place_call", VendorRefused("not a number", status=400))
    with pytest.raises(VendorRefused):
        placed(twirec_archive)
    assert twirec_archive.calls.search().calls == ()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("connect", {"connect": "911"}),
        ("connect", {"connect": ()}),
        ("connect", {"connect": ["queue:support", "+34911222333"]}),
        ("to", {"to": "Ana"}),
        ("own_number", {"own_number": "client:ana"}),
    ],
)
def test_nobody_is_rung_for_a_call_that_cannot_be_connected(
    twirec_archive: Archive, vendor: MemoryVendor, field: str, wrong: dict[str, Any]
) -> None:
    given = {"to": "600 11 12 22", "connect": "911 222 333", "own_number": OWN, "by": "ana"}
    with pytest.raises(InvalidQuery, match=rf"^{field}: "):
        twirec_archive.calls.place(**{**given, **wrong})
    assert vendor.accounts == ()
    placed = twirec_archive.calls.place(**given)
    assert (placed.customer_number, placed.dial) == (CUSTOMER, ("+34911222333",))


def test_nothing_is_placed_when_the_catalog_is_down(
    twirec_archive: Archive, vendor: MemoryVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")

    monkeypatch.setattr(twirec_archive.catalog.policy, "history", down)
    with pytest.raises(CatalogUnavailable):
        placed(twirec_archive)
    assert vendor.accounts == ()


@pytest.mark.usefixtures("clock")
def test_a_call_out_without_a_line_gets_one_at_its_end_with_the_customers_number(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    placed = {"CallSid": OTHER, "From": OWN, "To": CUSTOMER, "Direction": "outbound-api"}
    post("/twirec/ended", {**placed, "CallStatus": "completed"})
    call = twirec_archive.calls.get(OTHER).call
    assert (call.direction, call.customer_number, call.own_number) == (
        Direction.OUT,
        CUSTOMER,
        OWN,
    )
    assert call.reason is Reason.CATALOG_DOWN


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("steps", [(), (DialStep("client:bea"),), (DialStep(function="x"),)])
def test_who_was_passed_on_and_spoke_is_not_connected_once_more_when_we_failed_after_it(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, steps: tuple[DialStep, ...]
) -> None:
    form = {**placed(twirec_archive), "Direction": "outbound-api", "CallStatus": "in-progress"}
    leg = VendorCall(OTHER, ACCOUNT_SID, OWN, AGENT, "outbound-dial", "completed", form["CallSid"])
    vendor.add_call(leg)
    segment = sign_plan(Plan(None, steps, sent_on=1), form["CallSid"], [AUTH_TOKEN])
    failed = {"ErrorCode": "11200", "ErrorUrl": f"{PUBLIC_URL}/twirec/ended/{segment}"}
    answer = post(OUTBOUND.replace("/outbound/", "/fallback/"), {**form, **failed})
    assert "<Response />" in answer.text
