from __future__ import annotations

from tests.sandbox.conftest import CUSTOMER, OWN
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Call, Party, Sandbox

DOMAIN = "shop.sip.twilio.com"
PHONE = "sip:ana@192.0.2.7"
LEGACY = "sip:alice@legacy.example"
REFER = twiml(
    f"<Refer action='/referred'><Sip>{LEGACY}?X-Case=77</Sip></Refer>", "<Pause length='5'/>"
)

ROWS = [
    # who picks up there, the SIP phone: what the action is told, how long the call takes
    (Party(answers_after=3), Party(), ("in-progress", "202", "200"), 3),
    (Party(answers_after=3, refuses="busy"), Party(), ("busy", "202", "486"), 3 + 4),
    (Party(answers=False), Party(), ("no-answer", "202", "487"), 30 + 4),
    (Party(), Party(refuses_refer=True), ("failed", "405", None), 4),
    (Party(answers_after=9), Party(hangs_up_after=2), ("canceled", "202", "180"), 2),
]


def call_from(sandbox: Sandbox, target: Target, phone: str, caller: Party) -> Call:
    target.says("/voice", REFER)
    target.says("/referred", twiml("<Pause length='4'/>"))
    sandbox.number(OWN, voice_url=f"{target.url}/voice")
    sandbox.addresses.domain(DOMAIN, voice_url=f"{target.url}/voice")
    call = sandbox.call(
        from_=phone, to=f"sip:help@{DOMAIN}" if "@" in phone else OWN, caller=caller
    )
    call.wait(120)
    return call


def test_a_sip_phone_is_sent_to_somebody_else_and_the_action_told_how_it_went(
    sandbox: Sandbox, target: Target
) -> None:
    for callee, caller, told, duration in ROWS:
        target.came.clear()
        sandbox.party(LEGACY, callee)
        call = call_from(sandbox, target, PHONE, caller)
        (form,) = target.forms("/referred")
        codes = ("ReferCallStatus", "ReferSipResponseCode", "NotifySipResponseCode")
        assert tuple(map(form.get, codes)) == told
        assert (call.status, call.duration) == ("completed", duration), told


def test_a_phone_that_is_no_sip_phone_cannot_be_sent_on(sandbox: Sandbox, target: Target) -> None:
    call = call_from(sandbox, target, CUSTOMER, Party())
    assert [entry.code for entry in call.log if entry.code] == [13801]
    assert target.at("/referred") == []


def test_a_sip_phone_that_was_dialled_sends_the_caller_elsewhere(
    sandbox: Sandbox, target: Target
) -> None:
    phone = "sip:desk@office.example"
    agent = Party(answers_after=1, refers_to=LEGACY, refers_after=4, hangs_up_after=60)
    sandbox.party(phone, agent)
    target.says("/refer", twiml("<Pause length='3'/>"))
    target.says("/ended", twiml("<Pause length='7'/>"))
    sandbox.number(OWN, voice_url=f"{target.url}/voice")
    for attributes, asked, duration in (
        ("referUrl='/refer'", ["/refer"], 1 + 4 + 3),
        ("", ["/ended"], 1 + 60 + 7),
    ):
        target.came.clear()
        dial = f"<Dial action='/ended' {attributes}><Sip>{phone}</Sip></Dial>"
        target.says("/voice", twiml(dial))
        call = sandbox.call(from_=CUSTOMER, to=OWN)
        call.wait(120)
        assert [came.path for came in target.came[1:]] == asked
        assert call.duration == duration
        assert call.status == "completed"
    assert 13802 in [entry.code for entry in call.log]
    target.says("/voice", twiml(f"<Dial referUrl='/refer'><Sip>{phone}</Sip></Dial>"))
    sandbox.call(from_=CUSTOMER, to=OWN).wait(120)
    assert target.forms("/refer")[0]["ReferTransferTarget"] == f"<{LEGACY}>"
