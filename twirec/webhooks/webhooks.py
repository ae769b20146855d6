"""What each of Twilio's requests does to a call's ledger line, and the answer."""

from __future__ import annotations

from twirec.webhooks.after_dial import AfterDial
from twirec.webhooks.agents import Agents
from twirec.webhooks.announcing import Announcing
from twirec.webhooks.context import Context
from twirec.webhooks.inbound import Inbound
from twirec.webhooks.outbound import Outbound
from twirec.webhooks.pausing import Pausing
from twirec.webhooks.recording_control import RecordingControl
from twirec.webhooks.status import Status


class Webhooks:
    """The families of requests, and what they share.

    All forms they are given are those of requests whose signature was checked.

    Args:
        context: settings, catalog, vendor and clocks.

    Attributes:
        context: what was given.
        announcing: what is heard.
        control: who is recorded.
        inbound: calls whose first leg is the customer's.
        outbound: calls that the company makes.
        agents: agents' own calls: queues and conferences.
        pausing: pause and resume.
        status: how calls ended, and what became of recordings.
        after_dial: what comes when nobody answered.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.announcing = Announcing(context)
        self.control = RecordingControl(context)
        self.inbound = Inbound(context, self.announcing, self.control)
        self.outbound = Outbound(context, self.announcing, self.control)
        self.agents = Agents(context, self.control)
        self.pausing = Pausing(context)
        self.status = Status(context, self.control)
        self.after_dial = AfterDial(context, self.inbound, self.status)
