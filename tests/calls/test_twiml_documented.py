"""Every kind of TwiML that twirec returns, held against what Twilio's documentation says."""

from __future__ import annotations

import inspect
from dataclasses import astuple, replace
from functools import partial
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from tests.calls.twiml_documented import (
    CALL,
    CALLEE_BEFORE_BRIDGE,
    DECLARATION,
    LEAVING_THE_QUEUE,
    WAITING_FOR_THE_CONFERENCE,
    WAITING_IN_THE_QUEUE,
    faults,
    recordings,
)
from tests.factories import a_call, call_sid
from twirec.calls import twiml, wordings
from twirec.calls.wordings import WORDINGS, Wording
from twirec.model.announcements import Announcement, Audio
from twirec.model.vocabulary import ConsentMode

COMPANY = "Muñoz & Hijos <SL>"
URLS = twiml.Urls.under("https://calls.example.com/")
VOICE = WORDINGS["es-ES"]
TONE = Audio(b"RIFF", seconds=9.0)
AUDIO = replace(VOICE, audio={"notice": TONE, "opt_in": TONE, "goodbye": TONE, "no_message": TONE})


def compose(wording: Wording) -> Announcement:
    return wordings.compose(
        "es-ES",
        ConsentMode.OPT_IN,
        company=COMPANY,
        privacy_info="ejemplo punto es",
        wordings={"es-ES": wording},
    )


def connecting(*dial: str, record: bool) -> partial[str]:
    connection = twiml.connection(a_call(dial=dial), URLS)
    return partial(twiml.connect, connection, URLS, record=record)


CALLEE = CALLEE_BEFORE_BRIDGE
SEVERAL = ("+34911222333", "+34911222334", "client:ana")

# A kind of TwiML is one line: its name, who asks for it, what makes it.
LINES: list[tuple[str, str, partial[str]]] = [
    *(
        (f"dial out to {to}, {how}", CALL, partial(twiml.dial_out, a_call(), to, URLS, tell=tell))
        for how, tell in {"told": True, "untold": False}.items()
        for to in ("+34600111222", "112", "client:eva", "sip:eva@example.com")
    ),
    ("hang up without a word", CALL, partial(twiml.hang_up, "es-ES", None, URLS)),
    ("hang up on the callee", CALLEE, partial(twiml.hang_up, "es-ES", VOICE, URLS)),
    ("take a message, recorded", CALL, partial(twiml.voicemail, URLS)),
    ("wait in a queue", CALL, connecting("queue:support", record=True)),
    ("take out of a queue", CALL, partial(twiml.take, "support", URLS)),
    ("join a conference", CALL, partial(twiml.join, "room-1", URLS)),
    *(
        (
            f"fall back {how}",
            CALL,
            partial(twiml.fallback, SEVERAL, say, VOICE.voice or "", "es-ES"),
        )
        for how, say in {"with a sentence": "Un momento.", "without a word": ""}.items()
    ),
    ("nothing", CALL, partial(twiml.nothing)),
    ("nothing to the callee", CALLEE, partial(twiml.nothing)),
]
for by, wording in {"voice": VOICE, "audio": AUDIO}.items():
    heard = compose(wording)
    to_callee = partial(twiml.announce_to_callee, call_sid(), heard, URLS)
    LINES += [
        (f"announce by {by}", CALL, partial(twiml.announce, heard, URLS)),
        (f"announce to the callee by {by}", CALLEE, to_callee),
        (f"come back by {by}", CALL, partial(twiml.ask, heard, URLS, 0)),
        (f"ask by {by}", CALL, partial(twiml.ask, heard, URLS, 1)),
        (f"ask the callee by {by}", CALLEE, partial(twiml.ask_callee, call_sid(), heard, URLS, 2)),
        (f"hang up by {by}", CALL, partial(twiml.hang_up, "es-ES", wording, URLS)),
        (
            f"take no message by {by}",
            CALL,
            partial(twiml.hang_up, "es-ES", wording, URLS, "no_message"),
        ),
    ]
for record in (True, False):
    how = "recorded" if record else "unrecorded"
    LINES += [
        (f"connect to a number, {how}", CALL, connecting("+34911222333", record=record)),
        (f"connect to several, {how}", CALL, connecting(*SEVERAL, record=record)),
        (f"connect to a client, {how}", CALL, connecting("client:ana", record=record)),
        (f"connect to SIP, {how}", CALL, connecting("sip:shop@pbx.example.com", record=record)),
        (f"meet in a conference, {how}", CALL, connecting("conference:1", record=record)),
    ]
KINDS = {name: (document, build) for name, document, build in LINES}
NAMES_THE_COMPANY = {"announce by voice", "announce to the callee by voice"}
each_kind = pytest.mark.parametrize("kind", KINDS)


def body_of(kind: str) -> str:
    return KINDS[kind][1]()


def urls_in(body: str) -> list[str]:
    """Everything in a document that leads to us: in attributes and in text."""
    root = ElementTree.fromstring(body.encode())  # noqa: S314 - our own output
    said = [value for each in root.iter() for value in (each.text or "", *each.attrib.values())]
    return [value for value in said if value.startswith(("http:", "https:", "/"))]


def response(inside: str) -> str:
    return f"{DECLARATION}<Response>{inside}</Response>"


# --- what twirec returns ----------------------------------------------------------------------


@each_kind
def test_every_kind_is_valid_by_the_documentation(kind: str) -> None:
    assert faults(body_of(kind), KINDS[kind][0]) == []


def test_every_function_that_makes_twiml_is_held_against_the_documentation() -> None:
    makers = {
        function
        for name, function in inspect.getmembers(twiml, inspect.isfunction)
        if function.__module__ == twiml.__name__ and not name.startswith("_")
        if function.__annotations__["return"] == "str"
    }
    assert makers == {build.func for _, build in KINDS.values()}


@each_kind
def test_every_kind_is_utf8_and_keeps_what_xml_would_read_otherwise(kind: str) -> None:
    body = body_of(kind)
    assert body.startswith(DECLARATION)
    root = ElementTree.fromstring(body.encode("utf-8"))  # noqa: S314 - our own output
    assert (COMPANY in " ".join(root.itertext())) == (kind in NAMES_THE_COMPANY)


@each_kind
def test_whatever_records_says_how_it_trims_and_tells_also_of_what_never_comes(kind: str) -> None:
    for element in recordings(body_of(kind)):
        assert element.get("trim") == "do-not-trim"
        assert "absent" in element.get("recordingStatusCallbackEvent", "").split()
        assert element.get("recordingStatusCallback", "").startswith(URLS.status)


def test_the_kinds_that_record_are_those_that_say_so() -> None:
    recorded = {kind for kind in KINDS if recordings(body_of(kind))}
    assert recorded == {kind for kind in KINDS if kind.endswith(", recorded")}


@each_kind
def test_no_url_has_a_query(kind: str) -> None:
    assert [url for url in urls_in(body_of(kind)) if urlsplit(url).query or "?" in url] == []


def test_no_url_that_the_rest_api_is_given_has_a_query() -> None:
    assert [url for url in astuple(URLS) if urlsplit(url).query] == []


def test_the_urls_of_a_document_are_found_in_attributes_and_in_text() -> None:
    body = response('<Gather action="https://a/?x=1"/><Redirect>/b?y=2</Redirect>')
    assert urls_in(body) == ["https://a/?x=1", "/b?y=2"]


# --- what the checker refuses -----------------------------------------------------------------

DUAL = 'record="record-from-answer-dual"'


@pytest.mark.parametrize(
    ("inside", "document", "about"),
    [
        ('<Say tone="kind">a</Say>', CALL, "Say"),
        ("<Say></Say>", CALL, "Say"),
        ("<Whisper/>", CALL, "Whisper"),
        ("<Gather><Hangup/></Gather>", CALL, "Gather"),
        ('<Gather timeout="0"/>', CALL, "timeout"),
        ('<Gather actionOnEmptyResult="True"/>', CALL, "actionOnEmptyResult"),
        ('<Gather action="/a#rc=9"/>', CALL, "action"),
        ('<Gather action="/a#retries=5"/>', CALL, "action"),
        ('<Redirect method="post">/a</Redirect>', CALL, "method"),
        ("<Redirect>/a b</Redirect>", CALL, "Redirect"),
        ('<Reject reason="annoyed"/>', CALL, "reason"),
        ("<Hangup/> and goodbye", CALL, "text"),
        ("<Dial/>", CALL, "nobody"),
        ("<Dial>ana</Dial>", CALL, "ana"),
        ("<Dial><Client>ana luz</Client></Dial>", CALL, "Client"),
        (f"<Dial>{'<Number>+34911222333</Number>' * 11}</Dial>", CALL, "Ten"),
        (f'<Dial {DUAL} recordingTrack="both">+34911222333</Dial>', CALL, "mono"),
        ('<Dial record="true">+34911222333</Dial>', CALL, "record"),
        ('<Dial><Number url="ftp://a">+34911222333</Number></Dial>', CALL, "url"),
        (
            '<Dial><Conference record="record-from-answer-dual">a</Conference></Dial>',
            CALL,
            "record",
        ),
        ("<Dial><Queue>sales<Number>112</Number></Queue></Dial>", CALL, "Queue"),
        (f"<Enqueue>{'q' * 65}</Enqueue>", CALL, "Enqueue"),
        ("<Recording/>", CALL, "Recording"),
        ('<Start><Recording recordingTrack="both"/></Start>', CALL, "recordingTrack"),
        ("<Dial>+34911222333</Dial>", CALLEE_BEFORE_BRIDGE, "Dial"),
        ("<Pause/>", CALLEE_BEFORE_BRIDGE, "Pause"),
        ("<Redirect>/a</Redirect>", CALLEE_BEFORE_BRIDGE, "Redirect"),
        ("<Start><Recording/></Start>", CALLEE_BEFORE_BRIDGE, "Start"),
        ("<Gather/>", LEAVING_THE_QUEUE, "Gather"),
        ("<Hangup/>", LEAVING_THE_QUEUE, "Hangup"),
        ("<Dial>+34911222333</Dial>", WAITING_IN_THE_QUEUE, "Dial"),
        ("<Gather/>", WAITING_FOR_THE_CONFERENCE, "Gather"),
    ],
)
def test_what_is_not_documented_is_refused(inside: str, document: str, about: str) -> None:
    (fault,) = faults(response(inside), document)
    assert about in fault


@pytest.mark.parametrize(
    "events",
    ["['in-progress', 'completed']", "in-progress,completed", "in-progress  absent", "", "failed"],
)
def test_events_are_words_with_a_space_between(events: str) -> None:
    inside = f'<Record recordingStatusCallbackEvent="{events}"/>'
    (fault,) = faults(response(inside))
    assert "recordingStatusCallbackEvent" in fault


@pytest.mark.parametrize(
    "body",
    [
        "<Response/>",
        f"{DECLARATION}<Responses/>",
        f'{DECLARATION}<Response version="2"/>',
        response("text"),
    ],
)
def test_a_document_is_a_bare_response_that_says_it_is_utf8(body: str) -> None:
    assert len(faults(body)) == 1


@pytest.mark.parametrize(
    ("inside", "document"),
    [
        ('<Play loop="2">https://calls.example.com/notice.wav</Play>', CALLEE_BEFORE_BRIDGE),
        ('<Enqueue waitUrl="/wait" action="/left" method="POST">sales</Enqueue>', CALL),
        ('<Dial><Queue url="/told" method="POST">sales</Queue></Dial>', CALL),
        ('<Say>b</Say><Pause length="1"/><Redirect>/next</Redirect>', LEAVING_THE_QUEUE),
        ("<Say>b</Say><Leave/>", WAITING_IN_THE_QUEUE),
        ('<Dial><Conference beep="onEnter" waitUrl="">r</Conference></Dial>', CALL),
        ('<Start><Recording name="a" track="both" channels="dual"/></Start><Say>b</Say>', CALL),
        ('<Stop><Recording name="a"/></Stop><Reject reason="busy"/>', CALL),
    ],
)
def test_what_is_documented_is_accepted(inside: str, document: str) -> None:
    assert faults(response(inside), document) == []


@pytest.mark.parametrize(
    ("inside", "how_many"),
    [
        ('<Dial record="record-from-answer">+34911222333</Dial>', 1),
        ('<Dial record="do-not-record">+34911222333</Dial>', 0),
        ('<Dial><Conference record="record-from-start">r</Conference></Dial>', 1),
        ("<Record/>", 1),
        ('<Start><Recording name="a"/></Start>', 1),
        ('<Stop><Recording name="a"/></Stop>', 0),
    ],
)
def test_what_records_is_found_whatever_it_is(inside: str, how_many: int) -> None:
    assert len(recordings(response(inside))) == how_many
