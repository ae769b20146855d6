"""Softphones and SIP phones add fields to Twilio's form: none of them is taken for Twilio's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.factories import call_sid, wording_of
from tests.webhooks.calling import CUSTOMER, DIALLED, PARENT, VOICE, WHISPER, Clock, is_recording
from twirec.archive import Archive
from twirec.calls import twiml
from twirec.model.given import speakable, unspeakable
from twirec.model.records import Call
from twirec.model.vocabulary import Outcome
from twirec.testing import SignedPosts

SOFTPHONE = {"CallStatus": "ringing", "Direction": "inbound"}


def document(text: str) -> Element:
    """Read what is XML, or fail."""
    return fromstring(text)  # noqa: S314 - our own answer


ADDED = [
    ("ErrorUrl", "x"),
    ("ErrorUrl", "https://x/twirec/ended"),
    ("ErrorUrl", "https://calls.example.com/dial"),
    ("ErrorUrl", "//["),
    ("ErrorCode", "11200"),
    ("ParentCallSid", call_sid(7)),
    ("ParentCallSid", "x"),
    ("DequeingCallSid", call_sid(7)),
    ("DequeingCallSid", "x"),
    ("AnsweredBy", "machine_start"),
    ("Digits", "1"),
    ("Digits", "2"),
    ("Digits", "9" * 310),
    ("DialCallStatus", "completed"),
    ("DialCallSid", "x"),
    ("DialBridged", "true"),
    ("QueueResult", "bridged"),
    ("QueueSid", "x"),
    ("ConferenceSid", "x"),
    ("StatusCallbackEvent", "participant-join"),
    ("SequenceNumber", "9" * 310),
    ("Timestamp", "soon"),
    ("RecordingSid", "x"),
    ("RecordingStatus", "completed"),
    ("RecordingUrl", "https://evil.example/x.wav"),
    ("RecordingStartTime", "soon"),
    ("EncryptionDetails", "{"),
    ("ForwardedFrom", CUSTOMER),
    ("CallerName", "\x00"),
    ("TwirecProbe", "doctor"),
    ("bodySHA256", "0"),
    ("SipHeader_X-ErrorUrl", "x"),
    ("twirec\x00", "\x00\x01\ud800".encode("utf-8", "replace").decode()),
    ("x" * 300, "y" * 4000),
]
"""What comes in the form of a softphone's call beside what Twilio sets in each."""


SET_BY_TWILIO = frozenset(
    {"AccountSid", "ApiVersion", "CallSid", "CallStatus", "Direction", "From", "Called", "Caller"}
)
"""What Twilio sets in each request about a call (https://www.twilio.com/docs/voice/twiml), also in
one of a softphone, whose `From` is the identity in its access token."""


def test_the_table_has_none_that_twilio_sets_in_every_form() -> None:
    assert not {name for name, _ in ADDED} & SET_BY_TWILIO


@pytest.mark.usefixtures("clock")
def test_what_a_softphone_adds_changes_neither_the_answer_nor_the_line(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    plain = post("/dial", {**DIALLED, **SOFTPHONE})
    same = twirec_archive.calls.get(PARENT).call
    assert same.outcome is Outcome.OPEN
    for number, (name, value) in enumerate(ADDED, 100):
        other = call_sid(number)
        added = post("/dial", {**DIALLED, **SOFTPHONE, "CallSid": other, name: value})
        assert (added.status_code, added.text) == (plain.status_code, plain.text), (name, value)
        assert 'url="https://calls.example.com/twirec/announce"' in added.text
        line = twirec_archive.calls.get(other).call
        assert line == replace(same, call_sid=other), (name, value)


@pytest.mark.usefixtures("clock")
def test_nor_does_what_a_visitors_softphone_adds_who_calls_the_company(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    visitor = {**VOICE, **SOFTPHONE, "From": "client:visitor"}
    plain = post("/voice", visitor)
    same = twirec_archive.calls.get(call_sid()).call
    for number, (name, value) in enumerate(ADDED, 100):
        other = call_sid(number)
        added = post("/voice", {**visitor, "CallSid": other, name: value})
        assert (added.status_code, added.text) == (plain.status_code, plain.text), (name, value)
        assert wording_of(twirec_archive).text in added.text
        line = twirec_archive.calls.get(other).call
        assert line == replace(same, call_sid=other, leg=other), (name, value)
        # and what Twilio should send again with the next request still skips nothing
        again = post("/twirec/connect", {**visitor, "CallSid": other, name: value})
        assert not is_recording(again), (name, value)


@pytest.mark.usefixtures("clock")
def test_a_softphone_does_not_end_a_call_by_naming_the_end_as_what_failed(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    ended = {"ErrorUrl": "https://calls.example.com/twirec/ended"}
    answer = post("/dial/failed", {**DIALLED, **SOFTPHONE, **ended})
    assert f">{CUSTOMER}</Number>" in answer.text
    assert twirec_archive.calls.get(PARENT).call.outcome is Outcome.NOT_RECORDED


def test_a_voice_url_that_is_its_own_fallback_tells_no_more_when_telling_has_to_be_over(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    again = {**VOICE, "CallStatus": "in-progress"}
    text = wording_of(twirec_archive).text
    post("/voice", {**VOICE, "CallStatus": "ringing"})
    clock.advance(timedelta(seconds=15))
    assert text in post("/voice", again).text
    clock.advance(timedelta(minutes=5))
    answer = post("/voice", again)
    assert text not in answer.text
    assert not is_recording(answer)
    assert "<Dial" in answer.text


# --- characters ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("clock")
def test_a_call_with_control_characters_has_a_line_and_an_answer_that_is_xml(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    rows = product(
        ["From", "To", "Caller", "CallerName", "Digits", "x\x00y"],
        ["\x00", "\x01", "\x1b[2J", "\x7f", "\ufffe", "\uffff"],
    )
    for number, (field, wrong) in enumerate(rows, 100):
        sid, said = call_sid(number), VOICE.get(field, "client:a") + wrong + "b"
        answer = post("/voice", {**VOICE, "CallSid": sid, field: said})
        document(answer.text)
        assert wording_of(twirec_archive).text in answer.text, (field, wrong)
        line = twirec_archive.calls.get(sid).call
        assert not unspeakable(line.customer_number + line.own_number), (field, wrong)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "to", ["client:a\x01b", "sip:a\x00@x.example", "+34600\x00111222", "\x1b", "9" * 310]
)
def test_nobody_is_dialled_under_a_name_with_control_characters(
    post: SignedPosts, twirec_archive: Archive, to: str
) -> None:
    answer = post("/dial", {**DIALLED, "To": to})
    assert answer.status_code == 200
    assert [each.tag for each in document(answer.text)][-1] == "Hangup"
    assert not unspeakable(twirec_archive.calls.get(PARENT).call.customer_number)


def test_a_name_with_a_control_character_is_not_that_of_somebody_else() -> None:
    assert speakable({"From": "client:a\x01na"}) == {"From": "client:a\ufffdna"}


def test_what_a_build_dial_writes_is_xml(twirec_archive: Archive) -> None:
    post = twirec_archive.webhooks.inbound
    request = {"AccountSid": twirec_archive.settings.account_sid, **VOICE}
    twirec_archive.policy.change(by="ana", why="test", on=False)

    def odd(call: Call, dial: twiml.Dial) -> None:
        dial.client("a\x01b\ud800", status_callback="https://x/\x00\uffff")

    (dial,) = document(post.answer(request, build_dial=odd))
    assert dial[0].text == "a\ufffdb\ufffd"


TEXTS = st.text(st.characters(), max_size=40)


@pytest.mark.usefixtures("clock")
@settings(
    max_examples=examples(30, thorough=600),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    extra=st.dictionaries(
        st.sampled_from(sorted({name for name, _ in ADDED} | {"From", "To", "Caller"})) | TEXTS,
        TEXTS | st.integers(1, 10**310).map(str),
        max_size=6,
    ),
    path=st.sampled_from(["/voice", "/dial", "/voice/failed", "/dial/failed", "/twirec/announce"]),
)
def test_whatever_a_form_says_the_answer_is_xml_or_a_refusal(
    post: SignedPosts, extra: dict[str, str], path: str
) -> None:
    sendable = {
        name.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace").decode()
        for name, value in extra.items()
        if name not in {"AccountSid", "CallSid", "CallStatus"}
    }
    sent = WHISPER if path == "/twirec/announce" else DIALLED
    answer = post(path, {**sent, **sendable})
    if answer.status_code == 200:
        document(answer.text)
    else:
        assert answer.status_code in {400, 413}
