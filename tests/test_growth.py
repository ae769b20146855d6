"""The arithmetic of docs/scale.md and docs/deploy-cloud-run.md, and where its numbers come from."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import pytest

from benchmarks import growth
from benchmarks.growth import COUNTS, Item, bill
from benchmarks.prices import PRICES, Price
from benchmarks.report import Figure

ONE = {
    name: Figure(name, measured, unit)
    for name, measured, unit in (
        (growth.FROM_TWILIO, 6, "requests"),
        (growth.REQUESTS, 3, "requests"),
        (growth.CLASS_A, 1, "operations"),
        (growth.ROWS, 7, "rows"),
        (growth.IN_SQLITE, 4000, "bytes"),
        (growth.IN_POSTGRES, 8000, "bytes"),
        (growth.IN_JOURNAL, 2000, "bytes"),
        (growth.PHONE_CPU, 25, "ms"),
        (growth.MOVE_CPU, 50, "ms"),
    )
}


def dollars(count: int) -> dict[str, float]:
    return {item.price: item.usd for item in bill(count, ONE)}


def test_a_recording_of_three_minutes_is_what_its_audio_is() -> None:
    assert growth.BYTES == 3 * 60 * 8000 * 4 + 44 == 5_760_044


def test_a_bill_is_what_one_reckons_by_hand() -> None:
    """A million a month, in whole numbers as they stand on the vendors' pages."""
    said = dollars(1_000_000)
    assert said["Twilio, recording"] == pytest.approx(3_000_000 * 0.0025) == pytest.approx(7500)
    gib = 12e6 * (5_760_044 + 2000) / 2**30
    assert said["Cloud Storage, Standard"] == pytest.approx(gib * 0.02, rel=1e-4)
    assert said["Cloud Storage, operations of class A"] == pytest.approx(5)
    assert said["Cloud Tasks"] == pytest.approx(0.8)
    assert said["Cloud Scheduler"] == pytest.approx(0.4)
    assert said["Cloud SQL, CPU"] == pytest.approx(2 * 2 * 0.0413 * 730)
    assert said["Cloud SQL, SSD"] == pytest.approx(2 * 12e6 * 8000 / 2**30 * 0.17)
    # 25 ms for a million calls in 2,628,000 s, 8.3 times as often in the busiest minutes
    assert growth.phones(1_000_000, ONE) == 1
    assert growth.phones(100_000_000, ONE) == 14
    assert said["Cloud Run, CPU of an instance"] == pytest.approx(2_628_000 * 0.000018)
    assert said["Cloud Run, CPU of requests"] == pytest.approx(
        (250_000 + 90 * 730 * 0.2) * 0.000024
    )


def test_the_peak_is_that_of_office_hours() -> None:
    assert pytest.approx(2 * 730 / 176) == growth.PEAK


def test_a_line_is_its_quantity_times_its_price() -> None:
    for count in COUNTS:
        for item in bill(count, ONE):
            assert item.usd == item.quantity * PRICES[item.price].usd
    assert Item("Cloud Scheduler", 4).usd == pytest.approx(0.4)


def test_more_recordings_cost_more_and_each_of_them_less() -> None:
    totals = [sum(dollars(count).values()) for count in COUNTS]
    for (count, total), (more, larger) in pairwise(zip(COUNTS, totals, strict=True)):
        assert total < larger
        assert larger / more < total / count


def test_the_table_of_the_bill_adds_up() -> None:
    lines = growth.bill_table(ONE, COUNTS).splitlines()
    *rows, together, each = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    for at, count in enumerate(COUNTS):
        column = 3 + 2 * at
        total = sum(float(row[column].replace(",", "")) for row in rows)
        said = float(together[column].replace(",", ""))
        assert said == pytest.approx(total, rel=0.001)
        assert float(each[column]) == pytest.approx(said / count, rel=0.05)
    assert {row[0] for row in rows} == {item.price for item in bill(COUNTS[0], ONE)}


def test_a_load_is_one_times_so_many() -> None:
    lines = growth.load_table(ONE).splitlines()
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in lines}
    assert [cell.strip() for cell in rows["rows after a year"]] == [
        *("840,000", "84 M", "8,400 M"),
    ]
    webhooks = rows["requests from Twilio a second, busiest minutes"]
    expected = 1e6 * 6 / 2_628_000 * 2 * 730 / 176
    assert float(webhooks[1]) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("name", PRICES)
def test_a_price_says_where_and_when_it_was_read(name: str) -> None:
    price = PRICES[name]
    assert price.usd > 0
    assert re.match(r"https://[\w.]+/", price.source)
    year = re.search(r"20\d\d", price.read)
    assert year
    assert 2026 <= int(year[0]) <= date.today().year


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (2.5e-06, "0.0000025 per x"),
        (0.0199998, "0.02 per x"),
        (0.1, "0.1 per x"),
        (4e-7, "0.0000004 per x"),
    ],
)
def test_a_price_is_told_without_powers_of_ten(usd: float, said: str) -> None:
    assert growth.told(Price(usd, "x", "", "")) == said


def test_every_price_is_used() -> None:
    used = {item.price for item in bill(COUNTS[0], ONE)}
    assert used | {"Cloud Storage, Archive"} == set(PRICES)


def test_postgres_that_was_not_measured_is_taken_as_sqlite() -> None:
    one = {**ONE, growth.IN_POSTGRES: Figure(growth.IN_POSTGRES, None, "bytes")}
    assert growth.value(one, growth.IN_POSTGRES) == 4000
    with pytest.raises(LookupError):
        growth.value({**ONE, growth.ROWS: Figure(growth.ROWS, None)}, growth.ROWS)
    with pytest.raises(LookupError, match="first"):
        growth.measured([])


@pytest.mark.parametrize("name", growth.PAGES)
def test_the_page_is_made_of_what_was_measured(name: str) -> None:
    """If this fails: python -m benchmarks.growth."""
    page = (growth.ROOT / name).read_text(encoding="utf-8")
    assert page == growth.with_tables(page, name, growth.measured())


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has no"):
        growth.with_tables("nothing", "docs/scale.md", ONE)
