"""Seven calls that show what can happen to one: those of `twirec demo` and of the panel's."""

from __future__ import annotations

from dataclasses import dataclass, field

from twirec.sandbox.faults import Fault, Faults
from twirec.sandbox.parties import Line, Party

OWN_NUMBER = "+34911000111"
"""The company's number, which is called."""

AGENT = "+34911222333"
"""Whom the company's app connects."""

CUSTOMER = Party(says=[Line("customer_complaint", at=3.5)], counts_from_bridge=True)
COLLEAGUE = Party(
    says=[Line("agent_greeting", at=0.5), Line("agent_answer", at=10.5)], hangs_up_after=18.0
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A call that is played.

    Attributes:
        title: what happens, in a few words.
        customer: who calls, E.164.
        caller, callee: what they and the agent do.
        faults: what goes wrong.
    """

    title: str
    customer: str
    caller: Party = CUSTOMER
    callee: Party = COLLEAGUE
    faults: Faults = field(default_factory=Faults)


SCENES = (
    Scene("an answered call", "+34600111222"),
    Scene(
        "a longer call",
        "+34600333444",
        caller=Party(
            says=[
                Line("customer_complaint", at=3.5),
                Line("customer_complaint", at=25.0),
                Line("customer_thanks", at=50.0),
            ],
            counts_from_bridge=True,
        ),
        callee=Party(
            says=[
                Line("agent_greeting", at=0.5),
                Line("agent_answer", at=10.5),
                Line("agent_answer", at=35.0),
            ],
            hangs_up_after=60.0,
        ),
    ),
    Scene(
        "hangs up during the announcement",
        "+34600555666",
        caller=Party(hangs_up_after=4.0),
    ),
    Scene("the voice fails", "+34600777888", faults=Faults(say_fails=True)),
    Scene("too short", "+34600999000", callee=Party(hangs_up_after=0.5)),
    Scene(
        "the media is 404 at first",
        "+34611000222",
        faults=Faults(media={Fault.NOT_FOUND: 2}),
    ),
    Scene(
        "its callbacks are lost, the sweep finds it",
        "+34600111222",
        faults=Faults(callbacks_lost=("in-progress", "completed")),
    ),
)
"""The calls, in the order in which they are placed."""
