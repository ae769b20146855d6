"""While the phone rings: Twilio asks, and is told what to do. The call always goes on."""

from __future__ import annotations

from twirec.phone.callbacks import Callbacks
from twirec.phone.calls_in import CallsIn
from twirec.phone.calls_out import CallsOut
from twirec.phone.inside import Inside
from twirec.phone.pausing import Pausing


class Phone(CallsIn, CallsOut, Inside, Pausing, Callbacks):
    """What each of Twilio's requests during a call does to its ledger line, and the answer.

    All forms it is given are those of requests whose signature was checked.
    """


__all__ = ["Phone"]
