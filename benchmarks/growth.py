"""What follows for many recordings of what one costs: loads, bytes and money. Pure arithmetic.

    python -m benchmarks.growth

writes the tables of `docs/scale.md` and `docs/deploy-cloud-run.md` anew from
`benchmarks/results/scale.json` (`python -m benchmarks.scale`) and `benchmarks/prices.py`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from benchmarks.prices import PRICES, Price
from benchmarks.report import Figure, Result, kept, number

ROOT = Path(__file__).parent.parent

FROM_TWILIO = "requests that Twilio makes for a recorded call"
REQUESTS = "requests that we make for a recording"
CLASS_A = "of these, operations of class A at Google"
ROWS = "rows of a recorded call"
IN_SQLITE = "a recorded call in SQLite"
IN_POSTGRES = "a recorded call in PostgreSQL"
IN_JOURNAL = "a recorded call in the journal"
PHONE_CPU = "CPU of the webhooks of a call"
MOVE_CPU = "CPU of moving three minutes"

MINUTES = 3
BYTES = 44 + MINUTES * 60 * 8000 * 2 * 2
"""Of a recording: a WAV header, then two channels of 16 bits at 8 kHz."""
KEPT_MONTHS = 12
"""How long recordings are kept: so many months' worth of them are in the bucket."""
MONTH = 730 * 3600
"""Seconds, as Google counts them."""
OFFICE = 22 * 8 * 3600
"""Seconds of a month in which people call."""
RUSH = 2
"""How many times the average of those hours the busiest minutes have."""
PEAK = RUSH * MONTH / OFFICE
"""How many times the average of the whole month."""
BUSY = 0.6
"""Of a CPU, at the most: waiting grows beyond that."""
AT_TWILIO = 5 * 60
"""Seconds that a recording stays at Twilio before it is moved."""
MOVE_SECONDS = 1.0
"""For which a worker has one in hand: mostly it waits for Twilio and Google."""
SIDE_BY_SIDE = 4
"""Recordings that an instance of the jobs moves at once (`--concurrency`)."""
SCHEDULED = (60, 12, 6, 12)
"""Requests an hour: due, sweep, journal, upkeep."""
SECRETS = 7
COUNTS = (10_000, 1_000_000, 100_000_000)
GIB = 2**30


@dataclass(frozen=True)
class Item:
    """A line of a bill: so many of what has that price."""

    price: str
    quantity: float

    @property
    def usd(self) -> float:
        return self.quantity * PRICES[self.price].usd


@dataclass(frozen=True)
class Database:
    """An instance of Cloud SQL; there are two of it, in two zones."""

    cores: int
    gib: float


DATABASES = {10_000: Database(1, 3.75), 1_000_000: Database(2, 7.5), 100_000_000: Database(16, 64)}


def measured(results: list[Result] | None = None) -> dict[str, Figure]:
    """Return the figures of one recording, by name.

    Raises:
        LookupError: `python -m benchmarks.scale` was never run.
    """
    for result in kept() if results is None else results:
        if result.benchmark == "scale":
            return {figure.name: figure for figure in result.figures}
    raise LookupError("run python -m benchmarks.scale first")


def value(one: Mapping[str, Figure], name: str) -> float:
    """Return a figure; of PostgreSQL that was not measured, SQLite's."""
    figure = one[name].measured
    if figure is None and name == IN_POSTGRES:
        figure = one[IN_SQLITE].measured
    if figure is None:
        raise LookupError(f"not measured: {name}")
    return figure


def phones(count: int, one: Mapping[str, Figure]) -> int:
    """Return how many CPUs the webhooks of so many calls a month take in the busiest minutes."""
    return max(1, math.ceil(count * value(one, PHONE_CPU) / 1000 / MONTH * PEAK / BUSY))


def bill(count: int, one: Mapping[str, Figure]) -> list[Item]:
    """Return what a month with so many recordings costs, when those of a year are kept."""
    scheduled = sum(SCHEDULED) * 730
    phone = MONTH + (phones(count, one) - 1) * OFFICE
    jobs = (count * max(MOVE_SECONDS / SIDE_BY_SIDE, value(one, MOVE_CPU) / 1000)) + scheduled * 0.2
    database = DATABASES[count]
    disk = max(10, KEPT_MONTHS * count * value(one, IN_POSTGRES) / GIB)
    stored = KEPT_MONTHS * count * (BYTES + value(one, IN_JOURNAL)) / GIB
    return [
        Item("Twilio, recording", count * MINUTES),
        Item("Twilio, a recording that stays", count * MINUTES * AT_TWILIO / MONTH),
        Item("Cloud Storage, Standard", stored),
        Item("Cloud Storage, operations of class A", count * value(one, CLASS_A)),
        Item("Cloud Run, CPU of an instance", phone),
        Item("Cloud Run, memory of an instance", phone),
        Item("Cloud Run, CPU of requests", jobs),
        Item("Cloud Run, memory of requests", jobs),
        Item("Cloud Run, requests", count + scheduled),
        Item("Cloud SQL, CPU", 2 * database.cores * 730),
        Item("Cloud SQL, memory", 2 * database.gib * 730),
        Item("Cloud SQL, SSD", 2 * disk),
        Item("Cloud Tasks", 2 * count),
        Item("Cloud Scheduler", len(SCHEDULED)),
        Item("Secret Manager", SECRETS),
    ]


def money(usd: float) -> str:
    """Return dollars as people read them."""
    return f"{usd:,.2f}" if usd < 100 else f"{usd:,.0f}"


def told(price: Price) -> str:
    """Return a price without powers of ten.

    >>> told(Price(2.5e-06, "GiB second", "", ""))
    '0.0000025 per GiB second'
    """
    return f"{Decimal(f'{price.usd:.3g}'):f} per {price.unit}"


def amount(value: float) -> str:
    """Return a number of a few digits, large ones in millions and thousands of millions.

    >>> amount(0.19), amount(1234), amount(5_760_044), amount(6.9e13)
    ('0.19', '1,234', '5.76 M', '69,000,000 M')
    """
    return number(value) if value < 1e6 else f"{number(value / 1e6)} M"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(head), "|".join(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join(f"| {line} |" for line in [*lines, *(" | ".join(row) for row in rows)])


def one_table(one: Mapping[str, Figure]) -> str:
    """Return what one recorded call costs."""
    rows = [(name, figure.told(figure.measured)) for name, figure in one.items()]
    rows.append((f"a recording of {MINUTES} minutes in the bucket", f"{BYTES:,} bytes"))
    return table(("one recorded call", ""), rows)


def load_table(one: Mapping[str, Figure]) -> str:
    """Return what so many a month ask of each part, in the busiest minutes and after a year."""

    def row(what: str, each: float) -> tuple[str, ...]:
        return (what, *(amount(count * each) for count in COUNTS))

    a_second = PEAK / MONTH
    year = KEPT_MONTHS
    return table(
        ("recordings a month", *(f"{count:,}" for count in COUNTS)),
        [
            row(
                "requests from Twilio a second, busiest minutes", value(one, FROM_TWILIO) * a_second
            ),
            row("recordings moved a second, busiest minutes", a_second),
            row("MB a second through the workers, busiest minutes", BYTES / 1e6 * a_second),
            row("CPUs for the webhooks, busiest minutes", value(one, PHONE_CPU) / 1000 * a_second),
            row("CPUs for the workers, busiest minutes", value(one, MOVE_CPU) / 1000 * a_second),
            row("rows written a second, busiest minutes", value(one, ROWS) * a_second),
            row("rows after a year", year * value(one, ROWS)),
            row(
                "GiB of the catalog after a year, PostgreSQL", year * value(one, IN_POSTGRES) / GIB
            ),
            row("GiB of the catalog after a year, SQLite", year * value(one, IN_SQLITE) / GIB),
            row(
                "MiB of the journal's object of a working day", value(one, IN_JOURNAL) / 22 / 2**20
            ),
            row("GiB of recordings after a year", year * BYTES / GIB),
        ],
    )


def bill_table(one: Mapping[str, Figure], counts: tuple[int, ...]) -> str:
    """Return the bills of a month, beside each other."""
    bills = [bill(count, one) for count in counts]
    rows = []
    for items in zip(*bills, strict=True):
        price = PRICES[items[0].price]
        cells = [cell for item in items for cell in (amount(item.quantity), money(item.usd))]
        rows.append((items[0].price, told(price), *cells))
    totals = [cell for items in bills for cell in ("", money(sum(item.usd for item in items)))]
    rows.append(("together", "", *totals))
    ones = [
        cell
        for count, items in zip(counts, bills, strict=True)
        for cell in ("", each_usd(count, items))
    ]
    rows.append(("for one recording", "", *ones))
    head = [cell for count in counts for cell in (f"{count:,} a month", "$")]
    return table(("what", "$", *head), rows)


def each_usd(count: int, items: list[Item]) -> str:
    return f"{sum(item.usd for item in items) / count:.4f}"


def left_table(one: Mapping[str, Figure]) -> str:
    """Return what a year's recordings cost a month, where they may be."""
    stay = PRICES["Twilio, a recording that stays"].usd * MINUTES
    places = [
        ("at Twilio", stay),
        ("in the bucket, Standard", PRICES["Cloud Storage, Standard"].usd * BYTES / GIB),
        ("in the bucket, Archive", PRICES["Cloud Storage, Archive"].usd * BYTES / GIB),
    ]
    return table(
        ("$ a month for a year of them", *(f"{count:,} a month" for count in COUNTS)),
        [
            (place, *(money(KEPT_MONTHS * count * each) for count in COUNTS))
            for place, each in places
        ],
    )


def price_table() -> str:
    rows = [
        (name, told(price), f"[{price.read}]({price.source})") for name, price in PRICES.items()
    ]
    return table(("price", "$", "read"), rows)


PAGES: dict[str, dict[str, Callable[[Mapping[str, Figure]], str]]] = {
    "docs/scale.md": {
        "one": one_table,
        "loads": load_table,
        "bills": lambda one: bill_table(one, COUNTS),
        "places": left_table,
        "prices": lambda one: price_table(),
    },
    "docs/deploy-cloud-run.md": {"bills": lambda one: bill_table(one, COUNTS[:2])},
}
"""The tables of each page, by the name in its marks."""


def marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: made by python -m benchmarks.growth -->", f"<!-- end of {name} -->"


def with_tables(page: str, name: str, one: Mapping[str, Figure]) -> str:
    """Return a page with its tables made anew.

    Raises:
        ValueError: the page lacks marks.
    """
    for what, make in PAGES[name].items():
        begin, end = marks(what)
        before, opened, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed:
            raise ValueError(f"{name} has no {begin!r} before {end!r}")
        page = f"{before}{begin}\n\n{make(one)}\n\n{end}{after}"
    return page


def write() -> None:
    """Write the tables of all pages anew."""
    one = measured()
    for name in PAGES:
        path = ROOT / name
        path.write_text(with_tables(path.read_text(encoding="utf-8"), name, one), encoding="utf-8")


if __name__ == "__main__":
    write()
    sys.exit(0)
