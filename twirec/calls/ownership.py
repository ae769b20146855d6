"""Whose a call is, by the addresses that it came to or from: this app's, or another one's.

An account may serve several apps. What is taken from it is only what is this app's own, so each
doubt counts as "another's".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from twirec.calls.address import CLIENTS, Kind, read
from twirec.model.clock import BEFORE_ALL
from twirec.model.ownership import Adopt, Claim, NotOurs
from twirec.model.vendor import VendorCall, VoiceRoute


@dataclass(frozen=True, slots=True)
class Own:
    """What of an account points at this app.

    Attributes:
        since: the addresses that do, by `Address.route`, and since when, UTC. `CLIENTS`, which
            stands for all clients of the account, is among them if every TwiML application that
            takes calls does.
        serves_clients: whether any of those applications does.
        everything: whether all of the account that takes calls points at this app.
    """

    since: Mapping[str, datetime]
    serves_clients: bool = False
    everything: bool = False


def own_of(routes: Iterable[VoiceRoute], public_url: str, country: str) -> Own:
    """Return what of an account points at this app.

    A number that a TwiML application serves points where that does; one that a trunk serves,
    nowhere.

    Args:
        routes: all of the account's.
        public_url: below which the app is.
        country: ISO 3166 code by which numbers are read.
    """
    routes = list(routes)
    applications = {each.address: each for each in routes if each.address.startswith("AP")}
    since: dict[str, datetime] = {}
    elsewhere = False
    for route in routes:
        served = applications.get(route.served_by) if route.served_by else route
        if served and is_below(served.voice_url, public_url):
            set_up = max(route.since or BEFORE_ALL, served.since or BEFORE_ALL)
            since[read(route.address, country).route] = set_up
        elif route.voice_url or route.served_by:
            elsewhere = True
    serving = [since.get(each.address) for each in applications.values() if each.voice_url]
    known = [each for each in serving if each is not None]
    if known and len(known) == len(serving):
        since[CLIENTS] = max(known)
    return Own(since, serves_clients=bool(known), everything=bool(since) and not elsewhere)


def is_below(url: str, public_url: str) -> bool:
    """Whether a URL is the public one or below it, be it over http."""
    try:
        there, public = urlsplit(url), urlsplit(public_url)
        same_host = there.hostname is not None and _host(there) == _host(public)
    except ValueError:  # such as a port that is no number
        return False
    return same_host and f"{there.path}/".startswith(f"{public.path.rstrip('/')}/")


def _host(url: SplitResult) -> tuple[str | None, int]:
    port = url.port or 443
    return url.hostname, 443 if port == 80 else port


def own_side(
    call: VendorCall, legs: Sequence[VendorCall], own: Own | None, country: str
) -> tuple[str, ...]:
    """Return the addresses of which any can tell that a call is this app's, by `Address.route`.

    That is who was called, or who calls out over the API. A client's call is served by a TwiML
    application: where only some of them point at this app, and for SIM cards, it is the number
    that was shown to whom they were connected to.

    Args:
        call: the call's own leg, that no other dialled.
        legs: what it dialled.
        own: what points at this app; None if the vendor did not tell.
        country: ISO 3166 code by which numbers are read.
    """
    if call.direction not in {"inbound", "trunking-originating"}:
        caller = read(call.from_, country).route
        return () if caller == CLIENTS else (caller,)  # whoever placed it said who serves it
    if not _is_phone_without_address(call):
        return (read(call.to, country).route,)
    is_client = read(call.from_).kind is Kind.CLIENT
    if is_client and own and CLIENTS in own.since:
        return (CLIENTS,)
    if is_client and own and not own.serves_clients:
        return ()
    return tuple(dict.fromkeys(read(leg.from_, country).route for leg in legs))


def needs_legs(call: VendorCall, own: Own | None) -> bool:
    """Whether `own_side` of a call depends on what it dialled."""
    if not _is_phone_without_address(call):
        return False
    mixed = own is None or (own.serves_clients and CLIENTS not in own.since)
    return mixed or read(call.from_).kind is not Kind.CLIENT


def _is_phone_without_address(call: VendorCall) -> bool:
    """Whether a call came from a phone whose calls are not served by what they ask for."""
    return call.direction == "inbound" and read(call.from_).is_softphone


def claim_of(
    addresses: Sequence[str], began: datetime | None, own: Own | None, adopt: Adopt
) -> Claim | NotOurs:
    """Return by what a call without a line is this app's own, or why it is not.

    Args:
        addresses: `own_side` of the call.
        began: when it, or what was recorded of it, began, UTC.
        own: what points at this app; None if the vendor did not tell.
        adopt: what is taken over.
    """
    return _or_all(_by_number(addresses, began, own, adopt), adopt)


def claim_without_call(why: NotOurs, own: Own | None, adopt: Adopt) -> Claim | NotOurs:
    """Return by what a recording is this app's own of whose call nothing is known, or `why` not.

    Args:
        why: whether it names no call, or one that the vendor does not know.
        own, adopt: as of `claim_of`.
    """
    if adopt.numbers is None and own is None:
        return _or_all(NotOurs.ROUTES_UNKNOWN, adopt)
    whole = adopt.numbers is None and own is not None and own.everything
    return Claim.ACCOUNT if whole else _or_all(why, adopt)


def _or_all(verdict: Claim | NotOurs, adopt: Adopt) -> Claim | NotOurs:
    return Claim.ALL if adopt.everything and isinstance(verdict, NotOurs) else verdict


def _by_number(
    addresses: Sequence[str], began: datetime | None, own: Own | None, adopt: Adopt
) -> Claim | NotOurs:
    if adopt.numbers is not None:
        named = any(read(each).key in adopt.numbers for each in addresses)
        return Claim.NAMED if named else NotOurs.ELSEWHERE
    if own is None:
        return NotOurs.ROUTES_UNKNOWN
    since = next((own.since[each] for each in addresses if each in own.since), None)
    if since is None:
        return NotOurs.ELSEWHERE
    return Claim.ROUTE if began is not None and began >= since else NotOurs.BEFORE
