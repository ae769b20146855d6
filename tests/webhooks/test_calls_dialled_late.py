"""Calls that an agent dialled while no line could be written."""

from __future__ import annotations

import pytest

from tests.factories import call_sid
from tests.webhooks.calling import CUSTOMER, OWN
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.errors import VendorUnavailable
from twirec.model.records import Call
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import Direction, Reason
from twirec.testing import ACCOUNT_SID, SignedPosts

PARENT, CHILD, OTHER = call_sid(1), call_sid(2), call_sid(3)
DIALLED = {"CallSid": PARENT, "From": "client:ana", "To": CUSTOMER}


def ended(post: SignedPosts, archive: Archive, **form: str) -> Call:
    """Tell the end of a call that has no line, and return the line that it gets."""
    post("/twirec/ended", {**DIALLED, "CallStatus": "completed", **form})
    return archive.calls.get(PARENT).call


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("agent", "to"),
    [
        ("client:ana", CUSTOMER),
        ("client:ana", "600 11 12 22"),
        ("sip:ana@shop.sip.twilio.com", f"sip:{CUSTOMER}@shop.sip.twilio.com"),
    ],
)
def test_a_call_that_never_came_to_dial_gets_the_number_that_was_asked_for(
    post: SignedPosts, twirec_archive: Archive, agent: str, to: str
) -> None:
    line = ended(post, twirec_archive, From=agent, To=to)
    assert (line.direction, line.customer_number) == (Direction.OUT, CUSTOMER)
    assert line.reason is Reason.CATALOG_DOWN


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("answers", [True, False])
def test_a_call_that_was_dialled_gets_the_numbers_of_the_leg_if_twilio_says_them(
    post: SignedPosts, twirec_archive: Archive, vendor: MemoryVendor, answers: bool
) -> None:
    leg = VendorCall(CHILD, ACCOUNT_SID, OWN, CUSTOMER, "outbound-dial", "completed", PARENT)
    vendor.add_call(leg)
    if not answers:
        vendor.faults.add("legs", VendorUnavailable("no answer"))
    line = ended(post, twirec_archive)
    assert (line.direction, line.customer_number) == (Direction.OUT, CUSTOMER)
    assert line.own_number == (OWN if answers else "anonymous")


@pytest.mark.usefixtures("clock")
def test_who_calls_a_number_of_ours_from_a_web_page_is_a_customer(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/voice", {"CallSid": OTHER, "From": CUSTOMER, "To": OWN})
    line = ended(post, twirec_archive, From="client:visitor", To=OWN)
    assert (line.direction, line.customer_number) == (Direction.IN, "client:visitor")
