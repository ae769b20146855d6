"""While the phone rings: Twilio asks, and is told what to do. The call always goes on."""

from __future__ import annotations

from twirec.webhooks.agents import Inside
from twirec.webhooks.inbound import CallsIn
from twirec.webhooks.outbound import CallsOut
from twirec.webhooks.pausing import Pausing
from twirec.webhooks.status import Callbacks


class Phone(CallsIn, CallsOut, Inside, Pausing, Callbacks):
    """What each of Twilio's requests during a call does to its ledger line, and the answer.

    All forms it is given are those of requests whose signature was checked.
    """


__all__ = ["Phone"]
