"""Who may dial, and where to: the table of attempts with what comes of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count

import pytest

from tests.factories import call_sid, part_of
from tests.webhooks.calling import AGENT, CUSTOMER, OWN, PARENT, Clock, app_of, down
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.errors import InvalidQuery
from twirec.model.records import Call
from twirec.model.vocabulary import Outcome, Reason
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT, SignedPosts

AGENTS = ["client:ana", "sip:luis@co.sip.twilio.com", AGENT]
STRANGERS = [
    "anonymous",
    "",
    "sip:x@evil.example",
    "sip:luis@evil.example",
    f"sip:{AGENT}@evil.example",  # anybody can write the number of an agent
    "+34600999888",
    "client:mallory",
    "client:an\x01a",
    OWN,
]
ANOTHER_OWN = "+34911000222"

SPOKEN = {
    # where: what is dialled, or why it is not
    CUSTOMER: ("<Number", ""),
    "600 111 222": ("<Number", ""),
    "client:eva": ("<Client", ""),
    "+34806123456": ("", "to: premium-rate numbers are not dialled."),
    "+19005551234": ("", "to: premium-rate numbers are not dialled."),
    "+881612345678": ("", "to: satellites and other networks of no country are not dialled."),
    "+5352123456": ("", "to: numbers of CU are not dialled."),
    "11888": ("", "to: short numbers of information services are not dialled."),
    "101": ("", "to: short numbers of information services are not dialled."),
    "sip:11888@co.sip.twilio.com": (
        "",
        "to: short numbers of information services are not dialled.",
    ),
    OWN: ("", "to: it is an own number."),
    ANOTHER_OWN: ("", "to: it is an own number."),
    "sip:x@evil.example": ("", "to: SIP addresses of other hosts are not dialled."),
    "the customer": ("", "to: give +34911222333, client:NAME or sip:ADDRESS."),
}
"""The outcome for who is in the register."""

HELP = ["112", "tel:112", "sip:+34112@co.sip.twilio.com", "00 34 112", "091"]
SENTENCE = "Desde este teléfono no se puede llamar a ese número."


class Phones:
    """An archive with a register of agents, and whoever dials; each call is a new one.

    Args:
        archive: which is set up, and whose clock stands still.
    """

    def __init__(self, archive: Archive, post: SignedPosts) -> None:
        self.archive = archive
        self.post = post
        self._numbers = count(100)
        for agent in AGENTS:
            archive.agents.inform(
                agent, informed_on=date(2026, 3, 2), reference="annex 4", by="ana"
            )
        post("/voice", {"CallSid": call_sid(90), "From": CUSTOMER, "To": ANOTHER_OWN})

    def dial(self, who: str, where: str) -> tuple[str, Call]:
        """Return the answer, and the call as it is kept."""
        sid = call_sid(next(self._numbers))
        answer = dial(self.post, who, where, sid)
        return answer, self.archive.calls.get(sid).call


@pytest.fixture(scope="module")
def phones() -> Iterator[Phones]:
    """For calls of which none changes what comes of another."""
    settings = Settings.from_env(ENVIRONMENT)
    archive = Archive(settings, bucket=MemoryBucket(), vendor=MemoryVendor())
    archive.set_up()
    archive.now = Clock()
    yield Phones(archive, SignedPosts(app_of(archive), settings))
    archive.close()


@pytest.fixture
def registered(twirec_archive: Archive, post: SignedPosts, clock: Clock) -> None:
    assert clock
    Phones(twirec_archive, post)


def dial(post: SignedPosts, who: str, where: str, sid: str = PARENT) -> str:
    form = {"CallSid": sid, "From": who, "To": where, "CallStatus": "ringing"}
    answer = post("/agents/dial", form)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("who", AGENTS)
def test_an_agent_of_the_register_dials_where_the_rules_allow(phones: Phones, who: str) -> None:
    for where, (noun, why) in SPOKEN.items():
        answer, call = phones.dial(who, where)
        if noun:
            assert noun in answer, where
            assert 'url="https://calls.example.com/twirec/announce"' in answer, where
            assert call.outcome is Outcome.OPEN, where
            continue
        assert "<Dial" not in answer, where
        assert (SENTENCE in answer, "<Hangup" in answer) == (True, True), where
        assert (call.outcome, call.reason, call.detail) == (
            Outcome.NOT_RECORDED,
            Reason.NOT_DIALLED,
            why,
        ), where


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_dials_anywhere(phones: Phones, who: str) -> None:
    for where in SPOKEN:
        answer, call = phones.dial(who, where)
        assert "<Dial" not in answer, where
        assert SENTENCE in answer, where
        assert (call.reason, call.detail) == (
            Reason.NOT_DIALLED,
            "agent: who dials is not in the register of agents.",
        ), where


@pytest.mark.parametrize("who", [*AGENTS, *STRANGERS])
def test_who_calls_for_help_is_put_through_whoever_they_are(phones: Phones, who: str) -> None:
    for where in HELP:
        answer, call = phones.dial(who, where)
        assert (">112</Number>" in answer) or (">091</Number>" in answer), where
        assert "url=" not in answer, where
        assert call.reason is Reason.OFF, where


@pytest.mark.usefixtures("registered")
def test_the_end_of_a_call_that_was_refused_keeps_why(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    dial(post, "anonymous", CUSTOMER)
    ended = {"CallSid": PARENT, "From": "anonymous", "To": CUSTOMER, "CallStatus": "completed"}
    post("/twirec/ended", ended)
    assert twirec_archive.calls.get(PARENT).call.reason is Reason.NOT_DIALLED


@pytest.mark.usefixtures("registered")
def test_a_sip_phone_dials_others_of_its_own_host(post: SignedPosts) -> None:
    assert "<Sip" in dial(post, "sip:luis@co.sip.twilio.com", "sip:eva@co.sip.twilio.com")


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("who", "dials"),
    [
        ("client:eva", True),  # the company's own access token says who it is
        ("sip:luis@co.sip.twilio.com", True),  # was seen in the register before
        ("sip:x@evil.example", False),
        ("anonymous", False),
        ("+34600999888", False),
    ],
)
def test_while_the_catalog_is_down_who_is_known_dials_and_nobody_else(
    post: SignedPosts,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    dials: bool,
) -> None:
    dial(post, "sip:luis@co.sip.twilio.com", CUSTOMER)
    for part in (
        "policy.of_dialling",
        "ledger.open_call",
        "ledger.call",
        "agents.add_leg",
    ):
        monkeypatch.setattr(*part_of(twirec_archive.catalog, part), down)
    assert ("<Dial" in dial(post, who, CUSTOMER)) is dials
    assert "<Dial" not in dial(post, who, "+34806123456")
    assert ">112</Number>" in dial(post, who, "112")


@pytest.mark.parametrize(
    "to", ["+34806123456", "+19005551234", "+881612345678", "+5352123456", OWN, ANOTHER_OWN]
)
def test_a_call_is_placed_only_where_the_rules_allow(
    phones: Phones, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    monkeypatch.setattr(phones.archive.vendor.live, "place_call", down)
    with pytest.raises(InvalidQuery, match=r"^to: .*TWIREC_DIAL_COUNTRIES"):
        phones.archive.calls.place(to, connect=AGENT, own_number=OWN, by="ana")
