"""What rows that an older version wrote say, by how addresses are read now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from twirec.calls.address import WITHHELD, is_identity, key_of
from twirec.calls.ledger import forwarder_in, numbers_of
from twirec.calls.policy import held_by
from twirec.model.agents import InformedAgent, Leg
from twirec.model.policy import FIELDS, PolicyChange
from twirec.model.records import Call
from twirec.model.vocabulary import ERASED, NOT_KNOWN

AS_THEY_ARE = frozenset({"", WITHHELD, NOT_KNOWN, ERASED})
"""What stands on a line and is no address."""


def reread_line(line: Call, country: str) -> Call:
    """Return a line with its addresses read anew; the same line where nothing changes."""
    customer = line.customer_address or line.customer_number
    own = line.own_address or line.own_number
    numbers = numbers_of(customer, own, country)
    if line.customer_number in AS_THEY_ARE:
        numbers["customer_number"] = line.customer_number
        numbers["customer_address"] = line.customer_address
    if line.own_number in AS_THEY_ARE:
        numbers["own_number"], numbers["own_address"] = line.own_number, line.own_address
    return replace(line, **numbers, forwarded_from=forwarder_in(line.facts, country))


def reread_leg(leg: Leg, country: str) -> Leg:
    """Return a leg with its agent's address read anew; what names nobody stays."""
    key = key_of(leg.agent, country)
    return replace(leg, agent=key) if is_identity(key) else leg


def reread_register(register: Sequence[InformedAgent], country: str) -> Iterator[InformedAgent]:
    """Yield the entries that are lacking: those of agents who have another name now.

    The register is only ever added to, so each is made once more, under the name of now.
    """
    there = {(each.agent, each.informed_on, each.reference) for each in register}
    for entry in register:
        key = key_of(entry.agent, country)
        again = (key, entry.informed_on, entry.reference)
        if again not in there and is_identity(key):
            there.add(again)
            yield replace(entry, agent=key)


def reread_policy(history: Sequence[PolicyChange], country: str) -> Iterator[PolicyChange]:
    """Yield what is to be said of own numbers, since it was said of addresses that are those now.

    What is said of the number itself stays; only what it does not say is added.
    """
    held = held_by(history)
    there = {scope: set(said) for scope, said in held.items()}
    for (number, direction), said in held.items():
        key = key_of(number, country) if number else number
        known = there.setdefault((key, direction), set())
        lacking = [name for name in FIELDS if name in said and name not in known]
        if key == number or not lacking:
            continue
        known.update(lacking)
        newest = max(said.values(), key=lambda change: change.at)
        values: dict[str, Any] = dict.fromkeys(FIELDS)
        values |= {name: getattr(said[name], name) for name in lacking}
        yield replace(newest, number=key, direction=direction, **values)
