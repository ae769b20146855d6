"""How much strangers may ask: so many requests a minute, and so many answers at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

MINUTE = 60.0

CUSTOMER_BITS = 64
"""What the IPv6 addresses of one customer have in common (RFC 6177)."""

MOST_KNOWN = 10_000
"""Addresses that are counted: who comes from more is counted with all others together."""

OTHERS = "others"


class Rate:
    """Lets each address ask so often a minute, in this process.

    Args:
        most: how often.
        clock: seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._minute = 0
        self._asked: Counter[str] = Counter()

    def passes(self, address: str | None) -> bool:
        """Count a request, and return whether it may be answered.

        Args:
            address: whose it is; None where nobody knows.
        """
        who, minute = network(address), int(self._clock() // MINUTE)
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._asked.clear()
            if who not in self._asked and len(self._asked) >= MOST_KNOWN:
                who = OTHERS
            self._asked[who] += 1
            return self._asked[who] <= self._most


def network(address: str | None) -> str:
    """Return what stands for whoever has an address: of IPv6 the network of 64 bits."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return OTHERS
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return str(int(ip) >> (ip.max_prefixlen - CUSTOMER_BITS))
    return str(ip)
